"""Problems in files and errors of commands, each worded as *where: who: what — what to do*.

A leaf. A `Problem` is a value: it is collected and returned, never raised. Nothing is printed here.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, Final, Literal, NamedTuple, TypeAlias

Severity: TypeAlias = Literal["error", "warning"]
FindNearest: TypeAlias = Callable[[str, Iterable[str]], str | None]

MAX_PER_RULE: Final = 100
"""So many problems of one rule are shown; of the rest it is said how many there are."""


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
class UserError:
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
class ConfirmableError(UserError):
    """A UserError that whoever sits at a terminal can settle by saying yes."""

    question: str
    confirm: Callable[[], None]
    """Keeps the answer yes. The command is then given again."""

    __str__ = UserError.__str__


def sort_problems(problems: Iterable[Problem]) -> list[Problem]:
    """Sorted by place, each said once."""
    return sorted(dict.fromkeys(problems), key=_sort_key)


def _sort_key(problem: Problem) -> tuple[Any, ...]:
    return problem.where, problem.severity, problem.rule == "too-many", problem.rule, problem.what


def limit_per_rule(problems: Iterable[Problem]) -> list[Problem]:
    """In order, the first hundred of each rule, and behind them how many more of that rule there are."""
    found = sort_problems(problems)
    count = Counter(p.rule for p in found)
    if not count or max(count.values()) <= MAX_PER_RULE:
        return found
    kept: list[Problem] = []
    seen: Counter[str] = Counter()
    for p in found:
        seen[p.rule] += 1
        if seen[p.rule] <= MAX_PER_RULE:
            kept.append(p)
        if seen[p.rule] == MAX_PER_RULE < count[p.rule]:
            severe = any(q.severity == "error" for q in found if q.rule == p.rule)
            more = build_too_many(p, count[p.rule] - MAX_PER_RULE)
            kept.append(more if severe else replace(more, severity="warning"))
    return kept


def build_too_many(last: Problem, count: int) -> Problem:
    """What is said behind the last problem of a rule that is shown, of so many more."""
    what = (
        f"{count:,} more problems of this kind ({last.rule}) are" if count > 1 else "1 more such problem is"
    )
    return Problem("too-many", last.where, "", f"{what} not shown", "begin with the first ones")


def select_errors(problems: Iterable[Problem]) -> list[Problem]:
    """Those that keep the instrument from being used."""
    return [p for p in problems if p.severity == "error"]


def make_limited_nearest() -> FindNearest:
    """`nearest` for the first hundred words; after them it finds nothing. Thousands of words compared with thousands
    take long, and nobody reads so many suggestions."""
    left = MAX_PER_RULE

    def find(word: str, known: Iterable[str]) -> str | None:
        nonlocal left
        left -= 1
        return find_nearest(word, known) if left >= 0 else None

    return find


def find_nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like `word`, or None where nothing is near enough to be worth saying."""
    candidates = list(known)
    folded = {k.casefold(): k for k in candidates}
    if word.casefold() in folded:
        return folded[word.casefold()]
    close = get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def suggest_nearest(word: str, known: Iterable[str], *, otherwise: str = "") -> str:
    """The remedy for an unknown word: the nearest known one as a question, else `otherwise`."""
    near = find_nearest(word, known)
    return f"did you mean {near!r}?" if near else otherwise
