"""The floor: who is at work and on which break, messages of supervisors to stations, and corrections of working times."""

from datetime import datetime, timedelta
from secrets import token_hex
from typing import NamedTuple

from survey_cli.fieldwork.shifts import (
    LONGEST_SILENCE,
    DayOfWork,
    PersonAtWork,
    ShiftCorrection,
    WorkEvent,
    build_days,
)
from survey_cli.problems import UserError
from survey_cli.samples.cases.columns import clean_text
from survey_cli.services.run_on_study import on_study
from survey_cli.store.work_events import SupervisorMessage
from survey_cli.study.open_study import OpenStudy
from survey_cli.study.pause import MAX_MESSAGE_LENGTH


class SentMessage(NamedTuple):
    """A message that stations show, and who has seen it."""

    message: SupervisorMessage
    seen_by: tuple[str, ...]


class Floor(NamedTuple):
    """The people who signed on today, and the messages to them."""

    people: tuple[PersonAtWork, ...]
    messages: tuple[SentMessage, ...]


def load_people_at_work(study: OpenStudy, at: datetime) -> tuple[PersonAtWork, ...]:
    """Load everybody who was at work today on this computer's clock, with the paid time of today. Raises StoreError."""
    today = at.astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    work = study.store.work.list_events(since=today - timedelta(days=1))
    # of yesterday only what may belong to a shift that went on over midnight
    calls = study.store.cases.queries.list_work(None, today - LONGEST_SILENCE)
    days = build_days(work, calls, study.plan, datetime.astimezone, at=at)
    name = f"{today:%Y-%m-%d}"
    return tuple(day.person for day in days if day.day == name and day.person is not None)


def list_messages(study: OpenStudy, at: datetime) -> tuple[SentMessage, ...]:
    """List the messages that stations show now, in the order in which they were sent. Raises StoreError."""
    messages = [
        message for message in study.store.work.list_messages(at) if not message.is_withdrawn
    ]
    first = min((message.at for message in messages), default=at)
    seen: dict[str, dict[str, None]] = {}
    for event in study.store.work.list_events(since=first) if messages else ():
        if event.kind == "seen":
            seen.setdefault(event.detail, {})[event.person] = None
    return tuple(SentMessage(message, tuple(seen.get(message.name, ()))) for message in messages)


@on_study("send messages to stations")
def send_message(
    study: OpenStudy, text: str, *, to: str = "", until: datetime | None = None
) -> SupervisorMessage:
    """Send a message to one person or to everybody; without `until` it is shown until the end of the day."""
    text = clean_text(" ".join(text.split()))
    if not text or len(text) > MAX_MESSAGE_LENGTH:
        what = f"the message has {len(text)} characters"
        raise UserError(
            "TEXT", what, f"write 1 to {MAX_MESSAGE_LENGTH}, which fit on the stations' screens"
        )
    if to:
        study.people.require(to)
    until = until or study.at.astimezone().replace(
        hour=0, minute=0, second=0, microsecond=0
    ) + timedelta(days=1)
    if until <= study.at:
        raise UserError("--until", "this time is over", "give a later one")
    message = SupervisorMessage(token_hex(4), study.who.login, study.at, until, to, text)
    study.store.work.write_message(message)
    return message


@on_study("withdraw messages to stations")
def withdraw_message(study: OpenStudy, number: int) -> SupervisorMessage:
    """Withdraw a message by its number in the list: stations that have not shown it will not."""
    messages = list_messages(study, study.at)
    if not 1 <= number <= len(messages):
        raise UserError(
            "--withdraw", f"there is no message {number}", "`survey study message FILE` lists them"
        )
    message = messages[number - 1].message
    study.store.work.write_message(message._replace(is_withdrawn=True))
    return message


@on_study("see who is at work")
def load_current_floor(study: OpenStudy) -> Floor:
    """Load who is at work now, and the messages."""
    return Floor(load_people_at_work(study, study.at), list_messages(study, study.at))


@on_study("correct working times")
def correct_shift(study: OpenStudy, login: str, correction: ShiftCorrection) -> DayOfWork:
    """Store the correction of a person's day. What was recorded stays, and a later correction is added to this one."""
    correction = correction._replace(note=clean_text(" ".join(correction.note.split())))
    if not correction.note:
        raise UserError(
            "--note", "a correction needs its reason", 'write it: --note "forgot to sign off"'
        )
    if correction.until is not None and correction.until > study.at:
        raise UserError(
            "--to",
            "this time is in the future",
            "correct the day when it is over; nothing was changed",
        )
    summary = correction.apply(
        _load_shift(study, login, correction.day).summary, datetime.astimezone
    )
    if (
        summary.until < summary.since
        or summary.away + summary.unpaid_breaks > summary.until - summary.since
    ):
        what = "the day would end before it begins, or have more breaks than time"
        raise UserError(login, what, "nothing was changed")
    event = WorkEvent(study.at, login, "corrected", correction.encode(), "office", study.who.login)
    study.store.work.add(event)
    return _load_shift(study, login, correction.day)


def _load_shift(study: OpenStudy, login: str, day: str) -> DayOfWork:
    """Load one person's day."""
    study.people.require(login)
    start = datetime.fromisoformat(day).astimezone() - timedelta(
        days=1
    )  # a shift may go on over midnight
    work = study.store.work.list_events(person=login)
    calls = study.store.cases.queries.list_work(login, start)
    for worked in build_days(work, calls, study.plan, datetime.astimezone, at=study.at):
        if (worked.login, worked.day) == (login, day):
            return worked
    raise UserError(login, f"did not work on {day}", "give another day: --day 2026-11-24")


load_shift = on_study("see the working times of others")(_load_shift)
