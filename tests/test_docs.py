"""The reference pages and the README agree with the program."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "docs"))

import pages  # noqa: E402 - a script beside the pages, not a part of the package


def test_the_reference_pages_are_fresh() -> None:
    assert pages.stale() == [], "run make docs"


def test_what_the_readme_points_to_is_there() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert targets
    assert [t for t in targets if "://" not in t and not (ROOT / t).exists()] == []


def test_every_command_of_the_readme_exists() -> None:
    pages_by_hand = (ROOT / "README.md", ROOT / "docs" / "fieldwork.md")
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages_by_hand)
    used = set(re.findall(r"^(?:\.venv/bin/)?survey ([a-z-]+)", text, re.MULTILINE))
    known = set(re.findall(r"^## survey ([a-z-]+)", "\n".join(pages.commands()), re.MULTILINE))
    assert used
    assert used <= known


def test_a_page_that_differs_is_told(tmp_path: Path, monkeypatch: object) -> None:
    monkeypatch.setattr(pages, "HERE", tmp_path)  # type: ignore[attr-defined]
    assert set(pages.stale()) == set(pages.PAGES)
