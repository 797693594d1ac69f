"""Clock that dates a study's entries: the server's, or for a file this computer's."""

from datetime import datetime, timedelta
from typing import Final

from survey_cli.engine.codec import decode_timestamp, encode_timestamp
from survey_cli.problems import ConfirmableError
from survey_cli.store import Store
from survey_cli.wording import format_quantity

LAST_START_SETTING: Final = "clock seen"
"""The setting with the time at which a station was last started."""
ACCEPTED_SETTING: Final = "clock accepted"
"""The setting with the newest entry for which the clock was confirmed to be right."""

MAX_BEHIND: Final = timedelta(minutes=2)
MAX_AHEAD: Final = timedelta(days=366)
"""A clock more than two minutes behind the newest entry, or more than a year ahead of it, is in
doubt."""

TOLERANCE: Final = timedelta(seconds=1)
"""Clocks that differ by less than this count as equal."""


def convert_to_study_clock(store: Store, at: datetime, local: datetime) -> datetime:
    """Convert a time of this computer's clock, which shows `local` now, to the study's clock."""
    if store.clock is None:
        return at
    ahead = store.clock() - local
    if abs(ahead) < TOLERANCE:
        return at
    return at + ahead


def check_last_time(store: Store, where: str, at: datetime) -> None:
    """Check that this computer's clock, which shows `at`, agrees with the newest stored entry.

    Raises ConfirmableError if it doesn't; confirming accepts the clock.
    """
    newest = _find_disagreeing_entry(store, at)
    if newest is None:
        return

    def confirm() -> None:
        with Store.open(where, create=False) as reopened:
            reopened.settings.write(ACCEPTED_SETTING, encode_timestamp(newest))

    shown = f"{at.astimezone():%Y-%m-%d %H:%M}"
    entered = f"{newest.astimezone():%Y-%m-%d %H:%M}"
    what = f"this computer's clock shows {shown}, but the newest entry is from {entered}"
    remedy = "set the clock; if it is right, start with --clock-is-right"
    raise ConfirmableError(
        where, what, remedy, question="Is this computer's clock right?", confirm=confirm
    )


def accept_clock(store: Store, at: datetime) -> None:
    """Accept the clock as right, whatever the newest entry is. Raises StoreError."""
    newest = _find_disagreeing_entry(store, at)
    if newest is not None:
        store.settings.write(ACCEPTED_SETTING, encode_timestamp(newest))


def _find_disagreeing_entry(store: Store, at: datetime) -> datetime | None:
    """Return the newest entry's time if it puts this clock in doubt and the clock was not accepted.

    Else None.
    """
    # a server dates the entries by its own clock
    if store.clock is not None:
        return None
    times = []
    newest_entry = store.data.find_newest_time()
    if newest_entry is not None:
        times.append(newest_entry)
    last_start = store.settings.read(LAST_START_SETTING)
    if last_start:
        times.append(decode_timestamp(last_start))
    if not times:
        return None

    newest = max(times)
    is_plausible = -MAX_BEHIND <= at - newest <= MAX_AHEAD
    if is_plausible or store.settings.read(ACCEPTED_SETTING) == encode_timestamp(newest):
        return None
    return newest


def record_start(store: Store, at: datetime) -> None:
    """Store the time at which a station was started. Raises StoreError."""
    if store.clock is None:
        store.settings.write(LAST_START_SETTING, encode_timestamp(at))


def list_future_entries(store: Store, at: datetime, *, thorough: bool = False) -> list[str]:
    """Return a sentence for each interview and case with entries dated after this time.

    Of interviews, only those that began after it are searched, or all if it is `thorough`. Raises
    StoreError.
    """
    remedy = (
        "set its clock; for a waiting case, then run:"
        " survey case outcome FILE CASE OUTCOME --note TEXT"
    )
    sentences = []
    for owner, count, last in store.data.list_entries_after(at + MAX_BEHIND, thorough=thorough):
        entries = format_quantity(count, "entry", "entries")
        last_time = f"{last.astimezone():%Y-%m-%d %H:%M}"
        what = f"{owner} has {entries} dated in the future, the last one {last_time}"
        sentences.append(f"{what}: a station's clock was wrong — {remedy}")
    return sentences
