"""Collector for the problems of one file, with a limit on how many of one kind are shown."""

from typing import Final

from survey_cli.problems import Position, Problem, Severity

MAX_SHOWN: Final = 20
"""Problems of one kind that are shown; a column in a wrong form would say the same a hundred thousand times."""


class ProblemCollector:
    """Problems of one file as they are found; a kind is a rule, a severity and whom it concerns."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._shown: list[Problem] = []
        self._counts: dict[tuple[str, Severity, str], int] = {}
        self._first_left_out: dict[tuple[str, Severity, str], Position] = {}
        self.has_errors = False
        """Whether one of them is an error."""

    def add_error(self, rule: str, who: str, what: str, remedy: str, *, line: int = 0, of: str = "") -> None:
        self._add("error", rule, who, what, remedy, line, of)

    def add_warning(self, rule: str, who: str, what: str, remedy: str, *, line: int = 0, of: str = "") -> None:
        self._add("warning", rule, who, what, remedy, line, of)

    def _add(self, severity: Severity, rule: str, who: str, what: str, remedy: str, line: int, of: str) -> None:
        """`of` is what the kind goes by where `who` differs from line to line."""
        self.has_errors |= severity == "error"
        kind = (rule, severity, of or who)
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        where = Position(self.file, line)
        if count <= MAX_SHOWN:
            self._shown.append(Problem(rule, where, who, what, remedy, severity))
        else:
            self._first_left_out.setdefault(kind, where)

    def list_problems(self) -> list[Problem]:
        """All by line, and within a line as found; of a kind that was found too often the first ones, and how many more
        there are.
        """
        more = [
            Problem(rule, where, of, f"and {self._counts[rule, severity, of] - MAX_SHOWN} more of this kind",
                    "begin with the first ones", severity)
            for (rule, severity, of), where in self._first_left_out.items()
        ]  # fmt: skip
        return sorted([*self._shown, *more], key=lambda p: p.where)
