"""Cells of dates and times of day, which are compared as numbers."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import date, time
from typing import Final

from survey_cli.instrument.texts.date_text import FIRST_YEAR, LAST_YEAR
from survey_cli.proof.cells import Constant, OrderedCell
from survey_cli.proof.clauses import UNKNOWN, Clauses, Literal, Truth

DAYS: Final = (date(FIRST_YEAR, 1, 1).toordinal(), date(LAST_YEAR, 12, 31).toordinal())
"""The first and the last day that can be answered."""
MINUTES: Final = (0, 24 * 60 - 1)
"""The first and the last minute of a day."""


class CalendarCell(OrderedCell):
    """A date or a time of day, as the number of the day or of the minute."""

    def __init__(
        self, clauses: Clauses, asked: Literal, declines: Iterable[str], *, partial: bool = False
    ) -> None:
        super().__init__(clauses, asked, declines, whole=True)
        self.full = self.answered
        """A whole date is known. A year or a month without a day compares with nothing."""
        if partial:
            self.full = clauses.make_variable()
        clauses.imply(self.full, self.answered)

    def settle(self, true: Literal) -> Truth:
        is_true = self.clauses.all_of([true, self.full])
        is_false = self.clauses.all_of([-is_true, self.full])
        return Truth(is_true, is_false)

    def compare(self, sign: str, value: Constant) -> Truth:
        number = _to_number(value)
        if number is None:
            return UNKNOWN
        return super().compare(sign, number)


def _to_number(value: Constant) -> int | None:
    """Return a date or a time of day, as written in conditions, as a number; or None."""
    if not isinstance(value, str):
        return None
    with suppress(ValueError):
        if ":" in value:
            moment = time.fromisoformat(value.zfill(5))
            return moment.hour * 60 + moment.minute
        return date.fromisoformat(value).toordinal()
    return None
