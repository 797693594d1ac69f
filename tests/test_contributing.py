"""CONTRIBUTING.md sends new contributors to what is there, and git keeps the rule that it gives for commits."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def read_recipe(title: str) -> str:
    found = re.search(rf"^\*\*{title}\.\*\* (.*?)\n\n", TEXT, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def test_every_name_that_a_recipe_places_in_a_file_is_there() -> None:
    placed = re.findall(r"`(\w+)`\s+in\s+`([\w/]+\.py)`", TEXT)
    assert ("Item", "instrument/schema/items/groups.py") in placed
    for name, path in placed:
        source = (ROOT / "survey_cli" / path).read_text(encoding="utf-8")
        assert re.search(rf"^(?:class |def )?{name}\b", source, re.MULTILINE), (name, path)


def test_the_union_of_question_types_holds_them_all() -> None:
    from typing import get_args

    from survey_cli.instrument.schema.items.groups import ITEM_TYPES, Item

    assert set(ITEM_TYPES.values()) == set(get_args(Item))


@pytest.mark.parametrize("title", ["A question type", "A check", "A format", "A command"])
def test_a_recipe_that_changes_the_reference_says_so(title: str) -> None:
    assert "make docs" in read_recipe(title)


@pytest.mark.parametrize(
    ("subject", "is_accepted"),
    [("check: " + "x" * 65, True), ("check: " + "x" * 66, False), ("check: “ü…”" + "x" * 61, True)],
)
def test_git_refuses_a_long_subject(subject: str, is_accepted: bool, tmp_path: Path) -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    [hook] = [hook for hook in config["repos"][0]["hooks"] if hook["id"] == "subject"]
    message = tmp_path / "message"
    message.write_text(
        f"{subject}\n\nA body may have longer lines than that, as many as it takes to say why it was done.\n"
    )
    python, *rest = shlex.split(hook["entry"])
    assert python == ".venv/bin/python"
    done = subprocess.run(
        [sys.executable, *rest, message], capture_output=True, text=True, timeout=30
    )
    assert (done.returncode == 0) is is_accepted
    assert len(subject) <= 72 or "73 characters" in done.stderr
