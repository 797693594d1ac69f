"""The clock that dates a study's entries: the server's, or for a file this computer's, which is asked about in doubt."""

from datetime import datetime, timedelta
from typing import Final

from survey_cli.engine.codec import decode_moment, encode_moment
from survey_cli.problems import Question
from survey_cli.store import Store

SEEN: Final = "clock seen"
"""The setting with the time at which a station was last started."""
ACCEPTED: Final = "clock accepted"
"""The setting with the newest entry in spite of which somebody called the clock right."""

BEHIND: Final = timedelta(minutes=2)
AHEAD: Final = timedelta(days=366)
"""So far from the newest entry a clock is in doubt: two minutes before it, or a year after it."""

ALIKE: Final = timedelta(seconds=1)
"""Clocks that differ by less show the same time."""


def on_clock(store: Store, at: datetime, local: datetime) -> datetime:
    """A time of this computer's clock, which shows `local` now, as the time of the study's clock."""
    if store.clock is None:
        return at
    ahead = store.clock() - local
    return at + ahead if abs(ahead) >= ALIKE else at


def doubt(store: Store, where: str, at: datetime) -> Question | None:
    """Why this computer's clock, which shows `at`, can't be believed; None where nothing speaks against it. Raises
    StoreError."""
    newest = _disagreeing(store, at)
    if newest is None:
        return None

    def settle() -> None:
        with Store.open(where, create=False) as again:
            again.keep_setting(ACCEPTED, encode_moment(newest))

    here, there = at.astimezone(), newest.astimezone()
    return Question(
        where,
        f"this computer's clock shows {here:%Y-%m-%d %H:%M}, and the newest entry is of {there:%Y-%m-%d %H:%M}",
        "set the clock; if it is right, begin with --clock-is-right",
        asks="Is this computer's clock right?",
        settle=settle,
    )


def accept(store: Store, at: datetime) -> None:
    """Believe the clock, whatever the newest entry is. Raises StoreError."""
    if (newest := _disagreeing(store, at)) is not None:
        store.keep_setting(ACCEPTED, encode_moment(newest))


def _disagreeing(store: Store, at: datetime) -> datetime | None:
    """The newest entry, where it speaks against this clock and nobody has said that the clock is right."""
    if store.clock is not None:
        return None
    newest, seen = store.newest(), store.setting(SEEN)
    if seen and (newest is None or decode_moment(seen) > newest):
        newest = decode_moment(seen)
    if newest is None or -BEHIND <= at - newest <= AHEAD or store.setting(ACCEPTED) == encode_moment(newest):
        return None
    return newest


def note_start(store: Store, at: datetime) -> None:
    """Keep that a station was started then. Raises StoreError."""
    if store.clock is None:
        store.keep_setting(SEEN, encode_moment(at))


def future_entries(store: Store, at: datetime) -> list[str]:
    """A sentence for each interview and case with entries dated after this time. Raises StoreError."""
    remedy = "set its clock; survey outcome FILE CASE OUTCOME --note TEXT dates a case that waits anew"
    return [
        f"{whose} has {count} {'entry' if count == 1 else 'entries'} dated in the future, the last one"
        f" {last.astimezone():%Y-%m-%d %H:%M}: a station's clock was wrong"
        f" — {remedy}"
        for whose, count, last in store.entries_after(at + BEHIND)
    ]
