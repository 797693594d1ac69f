"""What stands on the pages of a booklet: runs of literal text, items, sections, appendices. Values only; how they look as
HTML or Markdown is decided by their writers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

Style: TypeAlias = Literal["plain", "stress", "fill", "id", "code"]
"""`fill`: a placeholder for what the computer says there; `id`: the name of an item, sample column or compute; `code`: as
written in the instrument's file."""


class Stretch(NamedTuple):
    """A run of literal text in one style."""

    text: str
    style: Style = "plain"


Line: TypeAlias = tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class Spoken:
    """A text in one language; the language is empty where one text serves all that are shown."""

    language: str
    lines: tuple[Line, ...]


Said: TypeAlias = tuple[Spoken, ...]
"""A text of the questionnaire in each language shown, in the instrument's order; empty where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something that is not part of the question as read: an instruction, a rule, who is asked."""

    label: str
    """`Interviewer`, `Probe`, `Check`; empty for a sentence that needs none."""
    prose: Line = ()
    """In English."""
    said: Said = ()
    """In the words of the questionnaire."""
    aloud: bool = False
    """Its words are read to the respondent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One option, or one point of a scale."""

    code: str
    said: Said
    """Empty where the code says it all."""
    remarks: tuple[Line, ...] = ()
    """Bracketed behind it: `not read`, `chosen alone`."""
    note: Said = ()
    """The designer's note for the interviewer."""
    specify: bool = False
    """Words are written beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One statement of a battery."""

    id: str
    said: Said
    remarks: tuple[Line, ...] = ()


Space: TypeAlias = Literal["", "choices", "points", "grid", "line", "lines"]
"""Where the answer goes: a list of options, the points of a scale in a row, a grid, one line, several lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One entry of the questionnaire."""

    number: str
    id: str
    kind: str
    """What is to be done, in two or three words: `one answer`, `read aloud`."""
    asked: tuple[Line, ...] = ()
    """Who is asked, in words; empty where everybody is."""
    intro: Said = ()
    """Read once, before the statements of a battery."""
    said: Said = ()
    """The question."""
    aloud: bool = True
    """False: the question is the interviewer's own to answer and not read."""
    several: bool = False
    """More than one of the choices may be taken."""
    space: Space = ""
    expects: str = ""
    """What may stand on the line: `0 to 168 hours`."""
    choices: tuple[Choice, ...] = ()
    rows: tuple[Row, ...] = ()
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A section, a roster, or a run of items that stand in none."""

    kind: Literal["section", "roster", "loose"]
    id: str
    title: Said
    """Empty for a run of items without a section."""
    level: int
    """1 for what stands in the table of contents."""
    notes: tuple[Note, ...] = ()
    intro: Said = ()
    children: "tuple[Item | Part, ...]" = ()

    def items(self) -> "Iterator[Item]":
        """All items in it, in order."""
        for child in self.children:
            if isinstance(child, Part):
                yield from child.items()
            else:
                yield child

    @property
    def span(self) -> str:
        """The numbers of its items: `6–8`, or `9`."""
        numbers = [item.number for item in self.items()]
        if not numbers:
            return ""
        return numbers[0] if len(numbers) == 1 else f"{numbers[0]}–{numbers[-1]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of an appendix."""

    id: str
    """Empty where it has no name of its own."""
    said: Said = ()
    notes: tuple[Note, ...] = ()
    answer: Said = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Appendix:
    """What belongs to the questionnaire and is not asked in order."""

    id: str
    title: str
    says: str
    """What it holds, in one sentence."""
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Booklet:
    """A questionnaire as people review it."""

    title: Said
    name: str
    """The title as one line of plain text, for running headers."""
    version: str
    fingerprint: str
    """The first digits of the content hash: equal texts have equal ones."""
    languages: tuple[tuple[str, str], ...]
    """Code and English name of each language shown."""
    study: tuple[tuple[str, Said], ...]
    unstated: tuple[str, ...]
    """What a report must disclose and the file does not state."""
    declines: tuple[Choice, ...]
    parts: tuple[Part, ...]
    appendices: tuple[Appendix, ...]
    comments: bool = False
    """Lines to write on stand under every item."""


def plainly(line: Line) -> str:
    """A line without its styles; placeholders keep their brackets."""
    return "".join(f"‹{s.text}›" if s.style == "fill" else s.text for s in line)
