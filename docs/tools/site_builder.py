"""Builder of the documentation site: `python docs/tools/site_builder.py` writes `site/`, which needs no network.

It builds in a folder of its own, so that neither these scripts nor what Python keeps beside them gets into the site.
There it adds what the pages themselves don't have: the notebook as a page, the mark that leaves decisions out of
the search, and the words of the trade as entries of the search.
"""

import json
import re
import shutil
import subprocess
import sys
from html import unescape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import example_study  # a script beside this one

ROOT: Final = Path(__file__).parents[2]
SHIM: Final = "https://unpkg.com/iframe-worker/shim"
"""Script with which a page opened from a file can search. The site has its own copy."""

NOTEBOOK: Final = Path("tutorials") / "study-in-python.ipynb"
NOT_SEARCHED: Final = "---\nsearch:\n  exclude: true\n---\n\n"
"""Front matter of pages that the search leaves out."""
GLOSSARY: Final = "reference/glossary"
LEAD: Final = re.compile(
    r'^<span id="(?P<anchor>[^"]+)">\*\*(?P<word>.+?)\*\*</span> → (?P<links>.+)$', re.MULTILINE
)
"""A line of the glossary with a word of the trade, and links to the words of the program."""
LINKED: Final = re.compile(r"\[([^]]+)\]")
TEXT_CLASS: Final = "language-text"
TEXT_BLOCK: Final = re.compile(rf'<div class="{TEXT_CLASS}[^>]*>(?P<code>.*?)</pre>', re.DOTALL)
"""A block of text in a page, such as what a command prints."""
TAG: Final = re.compile("<[^>]*>")
COLUMNS: Final = re.compile(r"\S {2,}\S|[│┌└]")
"""Blanks between two columns of a line, or the frame of a table."""
INDEX_SCRIPT: Final = "var __index = "
"""Beginning of the script with which a page opened from a file has the index."""


def build_site(target: Path) -> None:
    """Build the site in a folder, which is replaced. Raises CalledProcessError where a link leads nowhere."""
    with TemporaryDirectory() as folder:
        work = Path(folder)
        shutil.copytree(
            ROOT / "docs", work / "docs", ignore=shutil.ignore_patterns("tools", "__pycache__")
        )
        shutil.copy(ROOT / "zensical.toml", work)
        leave_decisions_out_of_search(work / "docs" / "decisions")
        write_notebook_page(work / "docs" / NOTEBOOK)
        example_study.write_archive(work / "docs" / "example")
        copy_instruments(work / "docs")

        subprocess.run(
            [sys.executable, "-m", "zensical", "build", "--strict"], cwd=work, check=True
        )
        list_words_of_the_trade(work)
        for page in (work / "site").rglob("*.html"):
            to_root = "../" * (len(page.relative_to(work / "site").parts) - 1)
            text = page.read_text(encoding="utf-8").replace(
                SHIM, f"{to_root}assets/iframe-worker.js"
            )
            page.write_text(mark_aligned_outputs(text), encoding="utf-8")
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(work / "site", target)


def mark_aligned_outputs(html: str) -> str:
    """Mark the blocks of text that are tables: site.css wraps messages, and would break up columns."""

    def mark(block: re.Match[str]) -> str:
        shown = unescape(TAG.sub("", block["code"]))
        aligned_lines = [line for line in shown.splitlines() if COLUMNS.search(line)]
        if len(aligned_lines) < 2:
            return block[0]
        return block[0].replace(TEXT_CLASS, f"{TEXT_CLASS} aligned", 1)

    return TEXT_BLOCK.sub(mark, html)


def copy_instruments(docs: Path) -> None:
    """Bring the instruments into the site, and have the gallery link to them there."""
    shutil.copytree(ROOT / "instruments", docs / "instruments")
    gallery = docs / "reference" / "gallery.md"
    text = gallery.read_text(encoding="utf-8")
    gallery.write_text(text.replace("../../instruments/", "../instruments/"), encoding="utf-8")


def leave_decisions_out_of_search(folder: Path) -> None:
    """Mark all decisions: they say why the program became what it is, which is no answer to a user's question."""
    for page in folder.glob("*.md"):
        page.write_text(NOT_SEARCHED + page.read_text(encoding="utf-8"), encoding="utf-8")


def list_words_of_the_trade(work: Path) -> None:
    """Have the search list each word of the trade: before, it was in the text of its letter, below many headings.

    A heading counts more than text, and `back-check` is the two words `back` and `check` for the search.
    """
    path = work / "site" / "search.json"
    index = json.loads(path.read_text(encoding="utf-8"))
    others = []
    for item in index["items"]:
        is_letter = item["location"].startswith(f"{GLOSSARY}.html#") and item["level"] == 2
        if not is_letter:
            others.append(item)

    source = (work / "docs" / f"{GLOSSARY}.md").read_text(encoding="utf-8")
    words = []
    for lead in LEAD.finditer(source):
        here = ", ".join(LINKED.findall(lead["links"]))
        words.append(
            {
                "location": f"{GLOSSARY}.html#{lead['anchor']}",
                "level": 3,
                "title": lead["word"],
                "text": f"<p>Here: {here}</p>",
                "path": ["Reference", "Glossary"],
                "tags": [],
            }
        )
    index["items"] = words + others
    text = json.dumps(index, ensure_ascii=False)
    path.write_text(text, encoding="utf-8")
    path.with_suffix(".js").write_text(INDEX_SCRIPT + text, encoding="utf-8")


def write_notebook_page(path: Path) -> None:
    """Write a notebook as a page beside it, with its outputs and a link to the notebook."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    parts = []
    for cell in cells:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        parts.append(f"```python\n{source}\n```")
        for output in cell["outputs"]:
            text = "".join(output["data"]["text/plain"])
            parts.append(f"```text\n{text}\n```")
    link = f"This page is the notebook [{path.name}]({path.name}), to be opened in Jupyter."
    parts.insert(1, link)
    path.with_suffix(".md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        build_site(ROOT / "site")
    except subprocess.CalledProcessError:
        sys.exit("site: not written, because of the problems above")
    print(f"site: open {ROOT / 'site' / 'index.html'}")
