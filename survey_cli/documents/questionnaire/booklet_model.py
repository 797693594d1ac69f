"""Booklet model: texts, items, sections, appendices. Values only."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from survey_cli.documents.text_runs import Line


@dataclass(frozen=True, slots=True)
class LanguageText:
    """A text in one language; the language is empty where one text serves all that are shown."""

    language: str
    lines: tuple[Line, ...]


MultilingualText: TypeAlias = tuple[LanguageText, ...]
"""A text of the questionnaire in each language shown, in the instrument's order; empty where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookletNote:
    """Something that is not part of the question as read: an instruction, a rule, who is asked."""

    label: str
    """`Interviewer`, `Probe`, `Check`; empty for a sentence that needs none."""
    prose: Line = ()
    """In English."""
    wording: MultilingualText = ()
    """In the words of the questionnaire."""
    read_aloud: bool = False
    """Its words are read to the respondent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookletChoice:
    """One option, or one point of a scale."""

    code: str
    wording: MultilingualText
    """Empty where the code says it all."""
    remarks: tuple[Line, ...] = ()
    """Bracketed behind it: `not read`, `chosen alone`."""
    note: MultilingualText = ()
    """The designer's note for the interviewer."""
    specify: bool = False
    """Words are written beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookletStatement:
    """One statement of a battery."""

    id: str
    wording: MultilingualText
    remarks: tuple[Line, ...] = ()


AnswerSpace: TypeAlias = Literal["", "choices", "points", "grid", "line", "lines"]
"""Where the answer goes: a list of options, the points of a scale in a row, a grid, one line, several lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookletItem:
    """One entry of the questionnaire."""

    number: str
    id: str
    kind: str
    """What is to be done, in two or three words: `one answer`, `read aloud`."""
    asked: tuple[Line, ...] = ()
    """Who is asked, in words; empty where everybody is."""
    intro: MultilingualText = ()
    """Read once, before the statements of a battery."""
    wording: MultilingualText = ()
    """The question."""
    read_aloud: bool = True
    """False: the question is the interviewer's own to answer and not read."""
    allows_several: bool = False
    """More than one of the choices may be taken."""
    space: AnswerSpace = ""
    expects: str = ""
    """What may stand on the line: `0 to 168 hours`."""
    choices: tuple[BookletChoice, ...] = ()
    rows: tuple[BookletStatement, ...] = ()
    notes: tuple[BookletNote, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BookletPart:
    """A section, a roster, or a run of items that stand in none."""

    kind: Literal["section", "roster", "loose"]
    id: str
    title: MultilingualText
    """Empty for a run of items without a section."""
    level: int
    """1 for what stands in the table of contents."""
    notes: tuple[BookletNote, ...] = ()
    intro: MultilingualText = ()
    children: "tuple[BookletItem | BookletPart, ...]" = ()

    def iterate_items(self) -> "Iterator[BookletItem]":
        """All items in it, in order."""
        for child in self.children:
            if isinstance(child, BookletPart):
                yield from child.iterate_items()
            else:
                yield child

    @property
    def span(self) -> str:
        """The numbers of its items: `6–8`, or `9`."""
        numbers = [item.number for item in self.iterate_items()]
        if not numbers:
            return ""
        return numbers[0] if len(numbers) == 1 else f"{numbers[0]}–{numbers[-1]}"

    @property
    def span_text(self) -> str:
        """`items 6–8`, `item 9` or `no items`."""
        span = self.span
        return f"item{'s' if '–' in span else ''} {span}" if span else "no items"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppendixEntry:
    """One line of an appendix."""

    id: str
    """Empty where it has no name of its own."""
    wording: MultilingualText = ()
    notes: tuple[BookletNote, ...] = ()
    answer: MultilingualText = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Appendix:
    """What belongs to the questionnaire and is not asked in order."""

    id: str
    title: str
    description: str
    """What it holds, in one sentence."""
    entries: tuple[AppendixEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Booklet:
    """A questionnaire as people review it."""

    title: MultilingualText
    name: str
    """The title as one line of plain text, for running headers."""
    version: str
    fingerprint: str
    """The first digits of the content hash: equal texts have equal ones."""
    languages: tuple[tuple[str, str], ...]
    """Code and English name of each language shown."""
    study: tuple[tuple[str, MultilingualText], ...]
    unstated: tuple[str, ...]
    """What a report must disclose and the file does not state."""
    declines: tuple[BookletChoice, ...]
    parts: tuple[BookletPart, ...]
    appendices: tuple[Appendix, ...]
    comments: bool = False
    """Lines to write on stand under every item."""
