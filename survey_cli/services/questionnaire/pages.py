"""The pages of the documentation, which a wheel contains and the project has under `docs/`."""

import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final, NamedTuple

from survey_cli.problems import UserError

FOLDERS: Final = ("tutorials", "guides", "explanation", "reference")
"""Where a page is looked for, in this order: `python` is the guide, not the reference."""

TUTORIALS: Final = {
    "first-interview": "interviewer",
    "first-questionnaire": "designer",
    "first-study": "supervisor",
    "first-report": "analyst",
    "published-survey": "analyst",
    "example-study": "everybody",
}
"""The reader of each tutorial, in the order in which they are listed."""

_TIME: Final = re.compile(r"^\*\*Time:\*\* (\d+) minutes", re.MULTILINE)
_LINK: Final = re.compile(r"\]\((?P<path>[\w./-]+)\.md(?:#[\w-]*)?\)")


class Tutorial(NamedTuple):
    """One line of the list of tutorials."""

    reader: str
    name: str
    title: str
    minutes: str
    """Empty if there is nothing to do."""


def list_pages() -> dict[str, list[str]]:
    """Return the names of all pages by folder: `guides` has `fieldwork`."""
    root = _find_root()
    pages = {}
    for folder in FOLDERS:
        file_names = [file.name for file in root.joinpath(folder).iterdir()]
        pages[folder] = sorted(
            name.removesuffix(".md") for name in file_names if name.endswith(".md")
        )
    return pages


def list_tutorials() -> list[Tutorial]:
    """Return the tutorials with what their pages say of themselves."""
    tutorials = []
    for name, reader in TUTORIALS.items():
        text = read_page(f"tutorials/{name}")
        time = _TIME.search(text)
        minutes = time[1] if time is not None else ""
        tutorials.append(Tutorial(reader, name, read_title(text), minutes))
    return tutorials


def is_path(asked: str) -> bool:
    """Return whether this can only mean a page.

    No word of the vocabulary has a folder or ends in `.md`.
    """
    if asked.endswith(".md"):
        return True
    folder, separator, _ = asked.removeprefix("docs/").partition("/")
    return bool(separator) and folder in FOLDERS


def find_page(asked: str) -> str:
    """Return the page that has a name, with its folder; empty if no page has it.

    find_page("First report")             # "tutorials/first-report"
    find_page("docs/guides/fieldwork.md") # "guides/fieldwork"
    """
    path = asked.casefold().removeprefix("docs/").removesuffix(".md")
    folder, _, name = path.rpartition("/")
    name = "-".join(name.split())
    for candidate, names in list_pages().items():
        if name in names and folder in ("", candidate):
            return f"{candidate}/{name}"
    return ""


def read_page(page: str) -> str:
    """Return a page as Markdown: `guides/fieldwork`. Raises UserError if there isn't one."""
    file = _find_root().joinpath(*f"{page}.md".split("/"))
    if not file.is_file():
        raise UserError(
            "explain", f"there is no page {page!r}", "`survey explain pages` lists them"
        )
    return file.read_text(encoding="utf-8")


def read_title(text: str) -> str:
    """Return the heading of a page."""
    return text.partition("\n")[0].lstrip("# ")


def list_linked_pages(page: str) -> list[str]:
    """Return the pages to which a page links, in the order of the text, without itself."""
    folder = page.partition("/")[0]
    linked: dict[str, None] = {}
    for path in _iterate_links(read_page(page)):
        target = f"{folder}/{path}"
        if path.startswith("../"):
            target = path.removeprefix("../")
        if target != page and find_page(target) == target:
            linked[target] = None
    return list(linked)


def _iterate_links(text: str) -> Iterator[str]:
    for link in _LINK.finditer(text):
        yield link["path"]


def _find_root() -> Traversable:
    """Return the folder with the pages. Raises UserError if this copy of the program lacks it."""
    # Building a wheel copies them beside this module (`pyproject.toml`).
    packaged = files("survey_cli.services.questionnaire").joinpath("docs")
    if packaged.is_dir():
        return packaged

    in_project = Path(__file__).resolve().parents[3] / "docs"
    if in_project.is_dir():
        return in_project
    what = "this copy of the program has no pages"
    raise UserError(
        "explain", what, "read docs/ in the folder of the project, or install the program again"
    )
