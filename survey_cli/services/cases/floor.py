"""The floor: who is at work, messages of supervisors to stations, corrections of working times."""

from datetime import datetime, timedelta
from secrets import token_hex
from typing import NamedTuple

from survey_cli.fieldwork.calendar.zones import find_midnight
from survey_cli.fieldwork.case.events import OFFICE_STATION
from survey_cli.fieldwork.help_calls import (
    LONGEST_CALL_FOR_HELP,
    HelpCall,
    find_help_calls,
)
from survey_cli.fieldwork.shifts import (
    LONGEST_GAP_IN_SHIFT,
    DayOfWork,
    PersonAtWork,
    ShiftCorrection,
    WorkEvent,
    build_days,
)
from survey_cli.permissions import Action
from survey_cli.problems import UserError
from survey_cli.samples.cases.columns import clean_text
from survey_cli.services.run_on_study import Request, on_study, open_requested
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
    """Load the people who were at work today, with the paid time of today. Raises StoreError.

    The day begins at midnight on this computer's clock.
    """
    today = find_midnight(at, datetime.astimezone)
    # Of yesterday only what may belong to a shift that went on over midnight.
    work = study.store.work.list_events(since=today - timedelta(days=1))
    calls = study.store.cases.queries.list_work(None, today - LONGEST_GAP_IN_SHIFT)
    days = build_days(work, calls, study.plan, datetime.astimezone, at=at)

    day_name = f"{today:%Y-%m-%d}"
    return tuple(day.person for day in days if day.day == day_name and day.person is not None)


def list_messages(study: OpenStudy, at: datetime) -> tuple[SentMessage, ...]:
    """List the messages that stations show now, in the order of sending. Raises StoreError."""
    sent = study.store.work.list_messages(at)
    messages = [message for message in sent if not message.is_withdrawn]
    if not messages:
        return ()

    # By message, the people who saw it, the first one first.
    seen: dict[str, dict[str, None]] = {}
    oldest = min(message.at for message in messages)
    for event in study.store.work.list_events(since=oldest):
        if event.kind == "seen":
            seen.setdefault(event.detail, {})[event.person] = None
    return tuple(SentMessage(message, tuple(seen.get(message.name, ()))) for message in messages)


def load_help_calls(study: OpenStudy, at: datetime) -> tuple[HelpCall, ...]:
    """Load the calls for help, answered ones too, the oldest first. Raises StoreError."""
    events = study.store.work.list_help(at - LONGEST_CALL_FOR_HELP)
    return tuple(find_help_calls(events))


def list_help_calls(request: Request) -> tuple[HelpCall, ...]:
    """List the calls for help, answered ones too, the oldest first. Raises UserError.

    A board asks every second, so nothing is repaired and no queue is brought up to date.
    """
    with open_requested(request, Action.SEE_WHO_IS_AT_WORK) as study:
        return load_help_calls(study, study.at)


@on_study(Action.SEND_MESSAGES)
def send_message(
    study: OpenStudy, text: str, *, to: str = "", until: datetime | None = None
) -> SupervisorMessage:
    """Send a message to one person, or to all if `to` is empty.

    It is shown until the end of the day, or as long as `until` says. A message to a person who
    calls for help is the answer.
    """
    text = clean_text(" ".join(text.split()))
    if not text or len(text) > MAX_MESSAGE_LENGTH:
        what = f"the message has {len(text)} characters"
        remedy = f"write 1 to {MAX_MESSAGE_LENGTH}, which fit on the stations' screens"
        raise UserError("TEXT", what, remedy)
    if to:
        study.people.require(to)

    if until is None:
        until = _find_end_of_day(study.at)
    if until <= study.at:
        raise UserError("--until", "this time is over", "give a later one")

    message = SupervisorMessage(token_hex(4), study.who.login, study.at, until, to, text)
    study.store.work.write_message(message)
    if to:
        _answer_help_call(study, to)
    return message


def _answer_help_call(study: OpenStudy, person: str) -> None:
    """Store that a person who calls for help was answered."""
    for call in load_help_calls(study, study.at):
        if call.person == person and call.is_open:
            event = WorkEvent(study.at, person, "helped", "", OFFICE_STATION, study.who.login)
            study.store.work.add(event)


def _find_end_of_day(at: datetime) -> datetime:
    """Return the next midnight on this computer's clock."""
    # The day may have 23 or 25 hours: at noon tomorrow, it is always tomorrow.
    tomorrow = find_midnight(at, datetime.astimezone) + timedelta(hours=36)
    return find_midnight(tomorrow, datetime.astimezone)


@on_study(Action.SEND_MESSAGES)
def withdraw_message(study: OpenStudy, number: int) -> SupervisorMessage:
    """Withdraw a message by its number in the list. Stations that have not shown it will not."""
    messages = list_messages(study, study.at)
    if not 1 <= number <= len(messages):
        remedy = "`survey study message FILE` lists them"
        raise UserError("--withdraw", f"there is no message {number}", remedy)

    message = messages[number - 1].message
    study.store.work.write_message(message._replace(is_withdrawn=True))
    return message


@on_study(Action.SEE_WHO_IS_AT_WORK)
def load_current_floor(study: OpenStudy) -> Floor:
    """Load who is at work now, and the messages."""
    return Floor(load_people_at_work(study, study.at), list_messages(study, study.at))


@on_study(Action.CORRECT_WORKING_TIMES)
def correct_shift(study: OpenStudy, login: str, correction: ShiftCorrection) -> DayOfWork:
    """Store the correction of a person's day.

    What was recorded stays, and a later correction is added to this one.
    """
    correction = correction._replace(note=clean_text(" ".join(correction.note.split())))
    if not correction.note:
        remedy = 'write it: --note "forgot to sign off"'
        raise UserError("--note", "a correction needs its reason", remedy)
    if correction.until is not None and correction.until > study.at:
        remedy = "correct the day when it is over; nothing was changed"
        raise UserError("--to", "this time is in the future", remedy)

    before = _load_shift(study, login, correction.day)
    summary = correction.apply(before.summary, datetime.astimezone)
    duration = summary.until - summary.since
    ends_too_early = summary.until < summary.since
    if ends_too_early or summary.away + summary.unpaid_breaks > duration:
        what = "the day would end before it begins, or have more breaks than time"
        raise UserError(login, what, "nothing was changed")

    event = WorkEvent(
        study.at, login, "corrected", correction.encode(), OFFICE_STATION, study.who.login
    )
    study.store.work.add(event)
    return _load_shift(study, login, correction.day)


def _load_shift(study: OpenStudy, login: str, day: str) -> DayOfWork:
    """Load one person's day. Raises UserError if the person did not work then."""
    study.people.require(login)
    work = study.store.work.list_events(person=login)
    # A shift may have begun on the day before, and gone on over midnight.
    day_before = datetime.fromisoformat(day).astimezone() - timedelta(days=1)
    calls = study.store.cases.queries.list_work(login, day_before)
    for worked in build_days(work, calls, study.plan, datetime.astimezone, at=study.at):
        if worked.login == login and worked.day == day:
            return worked
    raise UserError(login, f"did not work on {day}", "give another day: --day 2026-11-24")


load_shift = on_study(Action.SEE_WORKING_TIMES)(_load_shift)
