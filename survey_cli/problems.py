"""What is wrong with something the designer wrote, said in four beats: where: who: what — what to do.

A leaf: problems are values. They are collected and returned, never raised one by one, and never printed here.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal, NamedTuple, TypeAlias

Severity: TypeAlias = Literal["error", "warning"]


class Position(NamedTuple):
    """A place in a file: its path as the user named it, line and column both from 1 (0: the file as a whole)."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}" if self.column else f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing the designer has to know. `str()` gives the line that is printed."""

    rule: str
    """The check that found it, as `survey explain` knows it: `unknown-name`, `duplicate-key`, …"""
    where: Position
    who: str
    """The item, scale or section of the file it concerns; empty for the file itself."""
    what: str
    """What was found, and what was expected."""
    remedy: str
    """What to do about it."""
    severity: Severity = "error"
    length: int = 1
    """How many characters the caret underlines."""

    def __str__(self) -> str:
        who = f"{self.who}: " if self.who else ""
        remedy = f" — {self.remedy}" if self.remedy else ""
        return f"{self.where}: {who}{self.what}{remedy}"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why something that was asked for cannot be done, in the same four beats; with the problems that are the cause, if
    they are an instrument's."""

    where: str
    what: str
    remedy: str = ""
    problems: tuple[Problem, ...] = ()

    def __str__(self) -> str:
        remedy = f" — {self.remedy}" if self.remedy else ""
        return f"{self.where}: {self.what}{remedy}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question(Trouble):
    """A Trouble that whoever sits at a terminal can settle by saying yes."""

    asks: str
    settle: Callable[[], None]
    """Keeps the answer yes. The command is then given again."""

    __str__ = Trouble.__str__


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Sorted by place, each said once."""
    return sorted(dict.fromkeys(problems), key=lambda p: (p.where, p.severity, p.rule, p.what))


def errors(problems: Iterable[Problem]) -> list[Problem]:
    """Those that keep the instrument from being used."""
    return [p for p in problems if p.severity == "error"]


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like `word`, or None where nothing is near enough to be worth saying."""
    candidates = list(known)
    folded = {k.casefold(): k for k in candidates}
    if word.casefold() in folded:
        return folded[word.casefold()]
    close = get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str], *, otherwise: str = "") -> str:
    """The remedy for an unknown word: the nearest known one as a question, else `otherwise`."""
    near = nearest(word, known)
    return f"did you mean {near!r}?" if near else otherwise
