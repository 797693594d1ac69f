"""Collector for the problems of one file, with a limit on how many of one kind are shown."""

from typing import Final

from survey_cli.problems import Position, Problem, Severity

MAX_SHOWN: Final = 20
"""Problems of one kind that are shown; a wrong column would repeat the same problem in every row."""


class ProblemCollector:
    """Collected problems of one file.

    Problems of one kind have the same rule, severity and subject: `of` or, where it is empty, `who`.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self._shown: list[Problem] = []
        self._counts: dict[tuple[str, Severity, str], int] = {}
        self._first_hidden: dict[tuple[str, Severity, str], Position] = {}
        self.has_errors = False

    def add_error(self, rule: str, who: str, what: str, remedy: str, *, line: int = 0, of: str = "") -> None:
        """Add an error; `line` counts from 1, and 0 is the file as a whole."""
        self._add("error", rule, who, what, remedy, line, of)

    def add_warning(self, rule: str, who: str, what: str, remedy: str, *, line: int = 0, of: str = "") -> None:
        """Add a warning; `line` counts from 1, and 0 is the file as a whole."""
        self._add("warning", rule, who, what, remedy, line, of)

    def _add(self, severity: Severity, rule: str, who: str, what: str, remedy: str, line: int, of: str) -> None:
        self.has_errors |= severity == "error"
        kind = (rule, severity, of or who)
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        where = Position(self.file, line)
        if count <= MAX_SHOWN:
            self._shown.append(Problem(rule, where, who, what, remedy, severity))
        else:
            self._first_hidden.setdefault(kind, where)

    def list_problems(self) -> list[Problem]:
        """Return the problems by line: of each kind the first ones, and the number of the others."""
        more = [
            Problem(rule, where, of, f"and {self._counts[rule, severity, of] - MAX_SHOWN} more of this kind",
                    "start with the first ones", severity)
            for (rule, severity, of), where in self._first_hidden.items()
        ]  # fmt: skip
        return sorted([*self._shown, *more], key=lambda problem: problem.where)
