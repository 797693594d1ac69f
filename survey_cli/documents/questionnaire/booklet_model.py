"""Booklet model: texts, items, sections, appendices. Values only."""

from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

from survey_cli.documents.questionnaire.route_diagram import RouteDiagram
from survey_cli.documents.text_runs import Line


class LanguageText(NamedTuple):
    """A text in one language, which is empty if the text is the same in all languages."""

    language: str
    lines: tuple[Line, ...]


MultilingualText: TypeAlias = tuple[LanguageText, ...]
"""A text of the questionnaire in the languages shown, in the order of the instrument.

It is empty if the questionnaire has no such text.
"""


class BookletNote(NamedTuple):
    """A note that is not part of the question: an instruction, a rule, who is asked."""

    label: str
    """`Interviewer`, `Probe`, `Check`; empty for a sentence of its own."""
    prose: Line = ()
    """The note in English."""
    wording: MultilingualText = ()
    """The text from the questionnaire."""
    read_aloud: bool = False
    """Whether `wording` is read to the respondent."""


class BookletChoice(NamedTuple):
    """An option, or a point of a scale."""

    code: str
    wording: MultilingualText
    """Empty if the code is the label."""
    remarks: tuple[Line, ...] = ()
    """Remarks in brackets: `not read`, `chosen alone`."""
    note: MultilingualText = ()
    """The designer's note for the interviewer."""
    specify: bool = False
    """Whether text is written beside it."""


class BookletStatement(NamedTuple):
    """A statement of a battery."""

    id: str
    wording: MultilingualText
    remarks: tuple[Line, ...] = ()


AnswerSpace: TypeAlias = Literal["", "choices", "points", "grid", "line", "lines"]
"""Space for the answer: a list of options, a row of scale points, a grid, one line, several
lines."""


class BookletItem(NamedTuple):
    """An item of the questionnaire."""

    number: str
    id: str
    kind: str
    """The kind of item in a few words: `one answer`, `read aloud`."""
    asked: tuple[Line, ...] = ()
    """Who is asked, in sentences; empty if all respondents are asked."""
    intro: MultilingualText = ()
    """The text read once, before the statements of a battery."""
    wording: MultilingualText = ()
    """The question."""
    read_aloud: bool = True
    """False if the interviewer answers the question without reading it."""
    allows_several: bool = False
    """Whether several choices may be selected."""
    space: AnswerSpace = ""
    expects: str = ""
    """The accepted answers on a line: `0 to 168 hours`."""
    choices: tuple[BookletChoice, ...] = ()
    rows: tuple[BookletStatement, ...] = ()
    notes: tuple[BookletNote, ...] = ()


class BookletPart(NamedTuple):
    """A section, a roster, or a run of items outside of both."""

    kind: Literal["section", "roster", "loose"]
    id: str
    title: MultilingualText
    """Empty for a run of items without a section."""
    level: int
    """Depth of nesting; parts of level 1 are in the table of contents."""
    notes: tuple[BookletNote, ...] = ()
    intro: MultilingualText = ()
    children: "tuple[BookletItem | BookletPart, ...]" = ()

    def iterate_items(self) -> "Iterator[BookletItem]":
        """Yield all items in it, in order."""
        for child in self.children:
            if isinstance(child, BookletPart):
                yield from child.iterate_items()
            else:
                yield child

    @property
    def span(self) -> str:
        """The numbers of its items: `6–8`, or `9`."""
        numbers = self._list_numbers()
        if not numbers:
            return ""
        if len(numbers) == 1:
            return numbers[0]
        return f"{numbers[0]}–{numbers[-1]}"

    @property
    def span_text(self) -> str:
        """`items 6–8`, `item 9` or `no items`."""
        count = len(self._list_numbers())
        if not count:
            return "no items"
        word = "item" if count == 1 else "items"
        return f"{word} {self.span}"

    def _list_numbers(self) -> list[str]:
        return [item.number for item in self.iterate_items()]


class AppendixEntry(NamedTuple):
    """An entry of an appendix."""

    id: str
    """Empty if the entry has no name."""
    wording: MultilingualText = ()
    notes: tuple[BookletNote, ...] = ()
    answer: MultilingualText = ()


class Appendix(NamedTuple):
    """A part of the questionnaire outside the sequence of items."""

    id: str
    title: str
    description: str
    """The content in one sentence."""
    entries: tuple[AppendixEntry, ...]


class Booklet(NamedTuple):
    """A questionnaire for reviewers."""

    title: MultilingualText
    name: str
    """The title as one line of plain text, for running headers."""
    version: str
    fingerprint: str
    """The first digits of the content hash, which are equal for equal questionnaires."""
    languages: tuple[tuple[str, str], ...]
    """Code and English name of each language shown."""
    study: tuple[tuple[str, MultilingualText], ...]
    unstated: tuple[str, ...]
    """The names of facts that a report must disclose and the file does not state."""
    declines: tuple[BookletChoice, ...]
    parts: tuple[BookletPart, ...]
    appendices: tuple[Appendix, ...]
    route: RouteDiagram
    """Who is asked what, and where interviews end; in the first of the languages."""
    comments: bool = False
    """Whether there are lines for comments under every item."""
