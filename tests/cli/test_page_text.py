"""A page of the documentation as lines for a terminal."""

import pytest

from survey_cli.cli.output.page_text import render_page
from survey_cli.services.questionnaire.pages import read_page

PAGE = """\
# A *title*

Press **Enter**. See
[the guide](guide.md).

<!-- see: hidden -->

```sh
survey new a.yaml
```

![The screen](a.svg)

> Good evening,
> this is Ann.

- one
  more
- two

| key | effect |
|---|---|
| **F1** | all *keys* |
"""
LINES = """\
A title
───────

Press Enter. See the guide.

    survey new a.yaml

    [The screen]

    Good evening, this is Ann.

- one more
- two

key  effect
F1   all keys"""


def test_a_page_has_no_markup() -> None:
    assert "\n".join(render_page(PAGE)) == LINES


def test_a_wide_table_is_wrapped_within_its_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    table = (
        "| key | effect |\n|---|---|\n| F1 | lists all keys of the screen |\n| F2 | `a \\| b` |\n"
    )

    assert list(render_page(table)) == [
        "key  effect",
        "",
        "F1   lists all keys of the",
        "     screen",
        "",
        "F2   `a | b`",
    ]


def test_numbered_steps_stay_apart_and_their_code_is_indented() -> None:
    steps = "1. Type this:\n\n   ```sh\n   survey demo\n   ```\n\n2. Read\n   on.\n3. Stop.\n"

    assert list(render_page(steps)) == [
        "1. Type this:",
        "",
        "    survey demo",
        "",
        "2. Read on.",
        "3. Stop.",
    ]


def test_an_asterisk_of_code_stays() -> None:
    assert list(render_page("Type `2 *3* 4`, *now*.")) == ["Type `2 *3* 4`, now."]


def test_the_tutorial_has_every_section_and_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    tutorial = read_page("tutorials/first-interview")
    lines = list(render_page(tutorial))

    titles = [line.lstrip("# ") for line in tutorial.splitlines() if line.startswith("## ")]
    assert len(titles) > 10
    assert [title for title in titles if title not in lines] == []
    assert [
        line for line in lines if "**" in line or "<!--" in line or "](" in line or "```" in line
    ] == []
    assert [line for line in lines if len(line) > 80] == []
