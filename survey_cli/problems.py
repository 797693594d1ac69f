"""Problems in files and errors of commands, each worded as *where: who: what — what to do*.

A `Problem` is a value: it is collected and returned, never raised. A `UserError` is raised. Nothing
is printed here, and no package is imported.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from enum import Enum, auto
from typing import Any, Final, Literal, NamedTuple, TypeAlias, get_args

Severity: TypeAlias = Literal["error", "warning", "info"]
"""`info` is no fault: something that a designer may want to know."""
FindNearest: TypeAlias = Callable[[str, Iterable[str]], str | None]

MAX_PER_RULE: Final = 100
"""Only this many problems of one rule are shown; the rest are counted."""


class Position(NamedTuple):
    """A position in a file: its path as the user named it, line and column."""

    file: str
    line: int = 0
    """From 1; 0 stands for the file as a whole."""
    column: int = 0
    """From 1; 0 stands for the whole line."""

    def __str__(self) -> str:
        if not self.line:
            return self.file
        if not self.column:
            return f"{self.file}:{self.line}"
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding about a file of the designer. `str()` returns the line that is printed."""

    rule: str
    """The check that found it, as `survey explain` lists it: `unknown-name`, `duplicate-key`, …"""
    where: Position
    who: str
    """The item, scale or section of the file that it concerns; empty for the file itself."""
    what: str
    """What was found, and what was expected."""
    remedy: str
    """What to do about it."""
    severity: Severity = "error"
    length: int = 1
    """How many characters the caret underlines."""
    scenario: Mapping[str, Any] | None = field(default=None, compare=False)
    """An interview that shows it, as `survey test` reads it."""
    subject: str = field(default="", compare=False)
    """The name or code that it is about, if other checks decide by it."""
    code: int | str | None = field(default=None, compare=False)
    """The code of the subject that it is about, if the remedy depends on that."""

    def __str__(self) -> str:
        who = f"{self.who}: " if self.who else ""
        remedy = f" — {self.remedy}" if self.remedy else ""
        return f"{self.where}: {who}{self.what}{remedy}"


class UserError(Exception):
    """Why a request cannot be fulfilled, worded like a problem.

    Nothing was changed, unless `what` says so.

    Raised anywhere below the interfaces; caught once by `cli` and once by each interface.
    """

    def __init__(
        self, where: str, what: str, remedy: str = "", problems: tuple[Problem, ...] = ()
    ) -> None:
        super().__init__(where, what, remedy, problems)
        self.where = where
        """The file, database, option or case, as the user named it."""
        self.what = what
        self.remedy = remedy
        self.problems = problems
        """The cause, where a file has errors."""

    @property
    def short(self) -> str:
        """What happened and what to do, where the interviewer knows the place."""
        return f"{self.what} — {self.remedy}" if self.remedy else self.what

    def __str__(self) -> str:
        return f"{self.where}: {self.short}"


class ConfirmableError(UserError):
    """A `UserError` that the person at the terminal can resolve by answering yes."""

    def __init__(
        self, where: str, what: str, remedy: str, *, question: str, confirm: Callable[[], None]
    ) -> None:
        super().__init__(where, what, remedy)
        self.question = question
        self.confirm = confirm
        """Stores the answer yes. The command is then run again."""


class OutdatedError(UserError):
    """A `UserError` about something that others changed after it was shown."""


class StoreFailure(Enum):
    """Why a database can't be used, for callers that decide by it. The words may change."""

    NO_DATABASE = auto()
    """The server has no database of this name."""
    DAMAGED = auto()
    """What is stored can't be read. A backup has to be restored."""


class StoreError(UserError):
    """The database can't be opened, read or written now.

    Nothing of the transaction was written. Once the cause is removed, the same call works.
    """

    def __init__(
        self,
        where: str,
        what: str,
        remedy: str = "",
        problems: tuple[Problem, ...] = (),
        *,
        reason: StoreFailure | None = None,
    ) -> None:
        super().__init__(where, what, remedy, problems)
        self.reason = reason


def sort_problems(problems: Iterable[Problem]) -> list[Problem]:
    """Sort problems by position and remove duplicates."""
    return sorted(dict.fromkeys(problems), key=_sort_key)


def _sort_key(problem: Problem) -> tuple[Any, ...]:
    return problem.where, problem.severity, problem.rule == "too-many", problem.rule, problem.what


def limit_per_rule(problems: Iterable[Problem], most: int = MAX_PER_RULE) -> list[Problem]:
    """Sort problems and replace all beyond the first `most` of each rule by their number."""
    ordered = sort_problems(problems)
    count = Counter(p.rule for p in ordered)
    if not count or max(count.values()) <= most:
        return ordered
    limited: list[Problem] = []
    seen: Counter[str] = Counter()
    for p in ordered:
        seen[p.rule] += 1
        if seen[p.rule] <= most:
            limited.append(p)
        if seen[p.rule] == most < count[p.rule]:
            found = {q.severity for q in ordered if q.rule == p.rule}
            worst = next(severity for severity in get_args(Severity) if severity in found)
            limited.append(replace(build_too_many(p, count[p.rule] - most), severity=worst))
    return limited


def build_too_many(last: Problem, count: int) -> Problem:
    """Build the problem that stands for the `count` further ones of a rule that are not shown."""
    what = "1 more such problem is"
    if count > 1:
        what = f"{count:,} more problems of this kind ({last.rule}) are"
    return Problem("too-many", last.where, "", f"{what} not shown", "start with the first ones")


class ProblemList:
    """Problems as they are found: the first of each kind are kept, the others only counted."""

    def __init__(self) -> None:
        self._kept: list[Problem] = []
        self._last: dict[str, Problem] = {}
        self._count: Counter[str] = Counter()

    def admit(self, kind: str) -> bool:
        """Count a problem of this kind, and return whether it is to be shown."""
        self._count[kind] += 1
        return self._count[kind] <= MAX_PER_RULE

    def add(self, kind: str, problem: Problem) -> None:
        self._kept.append(problem)
        self._last[kind] = problem

    def list_all(self) -> list[Problem]:
        beyond = (
            build_too_many(last, self._count[kind] - MAX_PER_RULE)
            for kind, last in self._last.items()
            if self._count[kind] > MAX_PER_RULE
        )
        return [*self._kept, *beyond]


def select_errors(problems: Iterable[Problem]) -> list[Problem]:
    """Select the problems that keep the instrument from being used."""
    return [p for p in problems if p.severity == "error"]


def make_limited_nearest() -> FindNearest:
    """Make a `find_nearest` that works for the first hundred words and then finds nothing.

    Comparing thousands of words with thousands takes long, and nobody reads so many suggestions.
    """
    left = MAX_PER_RULE

    def find(word: str, known: Iterable[str]) -> str | None:
        nonlocal left
        left -= 1
        return find_nearest(word, known) if left >= 0 else None

    return find


def find_nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word most like `word`, or None where none is similar enough."""
    candidates = list(known)
    folded = {k.casefold(): k for k in candidates}
    if word.casefold() in folded:
        return folded[word.casefold()]

    close = get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    if not close:
        return None
    return folded[close[0]]


def suggest_nearest(word: str, known: Iterable[str], *, otherwise: str = "") -> str:
    """Make the remedy for an unknown word: the nearest known one, or else `otherwise`."""
    near = find_nearest(word, known)
    return f"did you mean {near!r}?" if near else otherwise
