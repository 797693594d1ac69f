"""Terms of the program with the words of the trade: `glossary.txt`, the page of the site, `survey explain`.

A term without a text of its own takes its meaning from the item type, the outcome or the figure of that
name, so that no meaning is written twice.
"""

import re
import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

from survey_cli.outcomes import OUTCOMES
from survey_cli.services.questionnaire.word_lookup import ReferenceEntry, ReferenceKind
from survey_cli.wording import join_words

DOCS: Final = Path(__file__).parents[1]
SOURCE: Final = Path(__file__).with_name("glossary.txt")
KINDS_WITH_MEANING: Final[tuple[ReferenceKind, ...]] = ("figure", "item type", "outcome")
"""The kinds of words from which a term can take its meaning; a figure counts first, since it is what people look up."""
HEADING: Final = re.compile(r"^#+ (.+?)(?: \{#([\w-]+)\})?$", re.MULTILINE)
COLUMN: Final = re.compile(r"(\w+) \((\w+)\)")
INTRODUCTION: Final = """\
The words of the program, with those that the trade uses for the same thing. A **bold** word under a
letter is one of the trade; the link beside it leads to the word of the program. `survey explain WORD` shows
the same in the terminal, and finds every word of this page:

```sh
survey explain disposition
survey explain back-check
```
"""


class Term(NamedTuple):
    """One entry of the glossary.

    Term("callback", trade=("soft callback",), meaning="The outcome of a call after which …")
    """

    word: str
    trade: tuple[str, ...] = ()
    """What the trade calls it."""
    columns: tuple[tuple[str, str], ...] = ()
    """Columns of exports, each with the value of `--what`."""
    commands: tuple[str, ...] = ()
    page: str = ""
    """The page of `docs/` where to read on, with its anchor."""
    meaning: str = ""
    """Empty if the word is explained elsewhere in the vocabulary."""

    def describe_columns(self) -> str:
        """Return the columns with the export that has them: `case_code (--what cases)`."""
        parts = []
        for what, group in groupby(self.columns, key=lambda column: column[1]):
            names = ", ".join(name for name, _ in group)
            parts.append(names if what == "interviews" else f"{names} (--what {what})")
        return "; ".join(parts)


def read_terms() -> list[Term]:
    """Read the source; the terms are in the order of the alphabet."""
    _, *parts = SOURCE.read_text(encoding="utf-8").split("\n## ")
    return sorted((_read_term(part) for part in parts), key=lambda term: term.word.casefold())


def _read_term(part: str) -> Term:
    head, _, meaning = part.strip().partition("\n\n")
    word, *lines = head.replace("\n  ", " ").split("\n")
    fields = dict(line.split(": ", 1) for line in lines)
    unknown = fields.keys() - {"trade", "data", "commands", "page"}
    if unknown:
        raise ValueError(f"glossary.txt: {word}: unknown fields {sorted(unknown)}")

    return Term(
        word,
        trade=_split(fields.get("trade", "")),
        columns=tuple(COLUMN.findall(fields.get("data", ""))),
        commands=_split(fields.get("commands", "")),
        page=fields.get("page", ""),
        meaning=_name_outcomes(meaning.strip()),
    )


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split(", ")) if text else ()


def add_terms(entries: Sequence[ReferenceEntry]) -> list[ReferenceEntry]:
    """Return the vocabulary with all terms: first those with a text of their own, then the entries that others extend."""
    extended = list(entries)
    own: list[ReferenceEntry] = []
    for term in read_terms():
        if term.meaning:
            own.append(_extend(ReferenceEntry(term.word, "term", term.meaning), term))
            continue

        number = _find_entry(entries, term.word)
        extended[number] = _extend(extended[number], term)
    return own + extended


def _name_outcomes(meaning: str) -> str:
    """Fill in the ids of all outcomes."""
    if "{outcomes}" not in meaning:
        return meaning
    names = join_words([f"`{outcome}`" for outcome in OUTCOMES])
    sentence = f"The outcomes are {names}."
    return meaning.replace("{outcomes}", textwrap.fill(sentence, 118))


def _find_entry(entries: Sequence[ReferenceEntry], word: str) -> int:
    for kind in KINDS_WITH_MEANING:
        for number, entry in enumerate(entries):
            if entry.word == word and entry.kind == kind:
                return number
    raise ValueError(
        f"glossary.txt: {word} has no text, and no item type, outcome or figure has this name"
    )


def _extend(entry: ReferenceEntry, term: Term) -> ReferenceEntry:
    return entry._replace(
        trade=term.trade,
        columns=term.describe_columns(),
        commands=term.commands,
        page=_describe_page(term.page),
    )


def _describe_page(page: str) -> str:
    """Return the command that prints a page, and the heading: `survey explain guides/fieldwork, “Call”`."""
    if not page:
        return ""
    path = page.partition("#")[0].removesuffix(".md")
    return f"survey explain {path}, “{read_heading(page)}”"


def read_heading(page: str) -> str:
    """Return the heading to which a link leads. Raises ValueError if the page doesn't have it."""
    path, _, anchor = page.partition("#")
    text = (DOCS / path).read_text(encoding="utf-8")
    headings = HEADING.findall(text)
    for title, own_anchor in headings:
        if not anchor or anchor in (own_anchor, slugify(title)):
            return re.sub(r"^\d+\. |[`*]", "", title)
    if f'id="{anchor}"' in text:  # a row of a table, under the heading of its page
        title, _ = headings[0]
        return title
    raise ValueError(f"glossary.txt: {page} leads nowhere")


def slugify(title: str) -> str:
    """Return the anchor that the site gives a heading."""
    words = re.sub(r"[^\w\s-]", "", title).strip().lower()
    return re.sub(r"[-\s]+", "-", words)


def glossary(entries: Sequence[ReferenceEntry]) -> Iterator[str]:
    """Yield the page: by letter the words of the trade that lead to a term, then the terms."""
    terms = _list_terms(entries)
    leads = _list_leads(terms)
    letters = sorted({_name_letter(word) for word in (*(term.word for term in terms), *leads)})
    anchors = {slugify(term.word) for term in terms} | {letter.lower() for letter in letters}
    yield "# Glossary\n"
    yield "<!-- written by `make docs` from docs/tools/glossary.txt -->\n"
    yield INTRODUCTION
    yield " · ".join(f"[{letter}](#{letter.lower()})" for letter in letters) + "\n"
    for letter in letters:
        yield f"## {letter}\n"
        lines = []
        for word in leads:
            if _name_letter(word) == letter:
                anchor = slugify(word)
                lines.append(_render_lead(word, leads[word], "" if anchor in anchors else anchor))
                anchors.add(anchor)
        if lines:
            yield " ·\n".join(lines) + "\n"
        for term in terms:
            if _name_letter(term.word) == letter:
                yield from _render_term(term)


def _list_terms(entries: Sequence[ReferenceEntry]) -> list[Term]:
    """List all terms and all figures by the alphabet, each with its meaning."""
    terms = {}
    for entry in entries:
        if entry.kind == "figure":
            page = f"reference/figures.md#{slugify(entry.word)}"
            terms[entry.word] = Term(entry.word, meaning=entry.meaning, page=page)
    for term in read_terms():
        meaning = term.meaning or entries[_find_entry(entries, term.word)].meaning
        page = term.page or terms.get(term.word, term).page
        terms[term.word] = term._replace(meaning=meaning, page=page)
    return sorted(terms.values(), key=lambda term: term.word.casefold())


def _list_leads(terms: Sequence[Term]) -> dict[str, list[str]]:
    """Map each word of the trade to the terms that it leads to, by the alphabet."""
    leads: dict[str, list[str]] = {}
    for term in terms:
        for word in term.trade:
            leads.setdefault(word, []).append(term.word)
    return dict(sorted(leads.items(), key=lambda lead: lead[0].casefold()))


def _name_letter(word: str) -> str:
    """Return the heading under which a word is listed: `.sav` is under S."""
    first = word.lstrip(".")[0].upper()
    return first if first.isalpha() else "0"


def _render_lead(word: str, terms: Sequence[str], anchor: str) -> str:
    """Render a word of the trade; without an anchor if another word of the page has the same."""
    links = ", ".join(f"[{term}](#{slugify(term)})" for term in terms)
    return f'<span id="{anchor}">**{word}**</span> → {links}' if anchor else f"**{word}** → {links}"


def _render_term(term: Term) -> Iterator[str]:
    yield f"### {term.word}\n"
    if term.trade:
        yield f"The trade says: {', '.join(term.trade)}.\n"
    yield f"{term.meaning}\n"
    details = []
    if term.columns:
        details.append(f"In the data: `{term.describe_columns()}`")
    if term.commands:
        details.append("Commands: " + ", ".join(f"`{command}`" for command in term.commands))
    if term.page:
        details.append(f"Read on: [{read_heading(term.page)}](../{term.page})")
    if details:
        yield " · ".join(details) + "\n"
