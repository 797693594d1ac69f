"""A page of the documentation as lines for a terminal."""

import pytest

from survey_cli.cli.output.page_text import render_page
from survey_cli.services.questionnaire.tutorial import read_tutorial

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


def test_the_tutorial_has_every_section_and_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    tutorial = read_tutorial()
    lines = list(render_page(tutorial))

    titles = [line.lstrip("# ") for line in tutorial.splitlines() if line.startswith("## ")]
    assert len(titles) > 10
    assert [title for title in titles if title not in lines] == []
    assert [line for line in lines if "**" in line or "<!--" in line or "](" in line or "```" in line] == []
    assert [line for line in lines if len(line) > 80] == []
