"""Clock that dates a study's entries: the server's, or for a file this computer's, confirmed in case of doubt."""

from datetime import datetime, timedelta
from typing import Final

from survey_cli.engine.codec import decode_timestamp, encode_timestamp
from survey_cli.problems import ConfirmableError
from survey_cli.store import Store
from survey_cli.wording import format_quantity

LAST_START_SETTING: Final = "clock seen"
"""The setting with the time at which a station was last started."""
ACCEPTED_SETTING: Final = "clock accepted"
"""The setting with the newest entry for which somebody confirmed that the clock is right."""

MAX_BEHIND: Final = timedelta(minutes=2)
MAX_AHEAD: Final = timedelta(days=366)
"""A clock more than two minutes behind the newest entry, or more than a year ahead of it, is in doubt."""

TOLERANCE: Final = timedelta(seconds=1)
"""Clocks that differ by less than this count as equal."""


def convert_to_study_clock(store: Store, at: datetime, local: datetime) -> datetime:
    """Return the time `at` of this computer's clock, which shows `local` now, as time of the study's clock."""
    if store.clock is None:
        return at
    ahead = store.clock() - local
    return at + ahead if abs(ahead) >= TOLERANCE else at


def check_last_time(store: Store, where: str, at: datetime) -> None:
    """Check that this computer's clock, which shows `at`, agrees with the newest entry of the database.

    Raises ConfirmableError where it doesn't; confirming accepts the clock.
    """
    if (newest := _find_disagreeing_entry(store, at)) is None:
        return

    def confirm() -> None:
        with Store.open(where, create=False) as reopened:
            reopened.settings.write(ACCEPTED_SETTING, encode_timestamp(newest))

    shown, entered = (f"{time.astimezone():%Y-%m-%d %H:%M}" for time in (at, newest))
    what = f"this computer's clock shows {shown}, but the newest entry is from {entered}"
    remedy = "set the clock; if it is right, start with --clock-is-right"
    raise ConfirmableError(
        where, what, remedy, question="Is this computer's clock right?", confirm=confirm
    )


def accept_clock(store: Store, at: datetime) -> None:
    """Accept the clock as right, whatever the newest entry is. Raises StoreError."""
    if (newest := _find_disagreeing_entry(store, at)) is not None:
        store.settings.write(ACCEPTED_SETTING, encode_timestamp(newest))


def _find_disagreeing_entry(store: Store, at: datetime) -> datetime | None:
    """Return the newest entry's time where it puts this clock in doubt and nobody has accepted the clock; else None."""
    if store.clock is not None:
        return None
    newest, seen = store.data.find_newest_time(), store.settings.read(LAST_START_SETTING)
    if seen and (newest is None or decode_timestamp(seen) > newest):
        newest = decode_timestamp(seen)
    if (
        newest is None
        or -MAX_BEHIND <= at - newest <= MAX_AHEAD
        or store.settings.read(ACCEPTED_SETTING) == encode_timestamp(newest)
    ):
        return None
    return newest


def record_start(store: Store, at: datetime) -> None:
    """Store the time at which a station was started. Raises StoreError."""
    if store.clock is None:
        store.settings.write(LAST_START_SETTING, encode_timestamp(at))


def list_future_entries(store: Store, at: datetime, *, thorough: bool = False) -> list[str]:
    """Return a sentence for each interview and case with entries dated after this time. Raises StoreError.

    Only if it is `thorough`, an interview is included that began earlier.
    """
    remedy = "set its clock; for a waiting case, then run: survey case outcome FILE CASE OUTCOME --note TEXT"
    return [
        f"{owner} has {format_quantity(count, 'entry', 'entries')} dated in the future, the last one"
        f" {last.astimezone():%Y-%m-%d %H:%M}: a station's clock was wrong — {remedy}"
        for owner, count, last in store.data.list_entries_after(at + MAX_BEHIND, thorough=thorough)
    ]
