"""The floor: who is at work and on which break, messages of supervisors to stations, and corrections of working times."""

from datetime import datetime, timedelta
from secrets import token_hex
from typing import Final, NamedTuple

from survey_cli.fieldwork.shifts import DayOfWork, Shift, ShiftCorrection, WorkEvent, build_days
from survey_cli.problems import UserError, suggest_nearest
from survey_cli.samples.cases.columns import clean_text
from survey_cli.services.run_on_study import on_study
from survey_cli.store.work_events import SupervisorMessage
from survey_cli.study.open_study import OpenStudy
from survey_cli.study.pause import MAX_MESSAGE_LENGTH

LONGEST_SHIFT: Final = timedelta(hours=16)
"""How far back the floor looks for a sign-on."""


class PersonAtWork(NamedTuple):
    """One person who signed on today."""

    login: str
    station: str
    """The station at which the person signed on last."""
    state: str
    """`at work`, `on a break` or `off`."""
    since: datetime
    """When the break began, else the last sign-on or sign-off."""
    break_reason: str
    last_activity: datetime
    """The last work event: what was done to cases is not part of it."""
    paid_breaks: timedelta
    unpaid_breaks: timedelta


class SentMessage(NamedTuple):
    """A message that stations show, and who has seen it."""

    message: SupervisorMessage
    seen_by: tuple[str, ...]


class Floor(NamedTuple):
    """The people at work, and the messages to them."""

    people: tuple[PersonAtWork, ...]
    messages: tuple[SentMessage, ...]


def load_floor(study: OpenStudy, at: datetime) -> Floor:
    """Load who is at work, from the work events of today alone: it reads no case. Raises StoreError."""
    events = study.store.work.list_events(since=at - LONGEST_SHIFT)
    people: dict[str, list[WorkEvent]] = {}
    for event in events:
        if event.kind not in ("seen", "corrected"):
            people.setdefault(event.person, []).append(event)
    return Floor(
        tuple(_describe_person(study, at, people[login]) for login in sorted(people)), list_messages(study, at)
    )


def _describe_person(study: OpenStudy, at: datetime, events: list[WorkEvent]) -> PersonAtWork:
    shift = Shift()
    for event in events:
        shift.add_work(event)
    state, since = ("at work" if shift.is_on else "off"), events[-1].at
    since = next((event.at for event in reversed(events) if event.kind in ("on", "off")), since)
    reason = ""
    if (taken := shift.open_break) is not None:
        state, since, reason = "on a break", taken.since, taken.reason
    summary = shift.summarize(datetime.astimezone, study.plan.outcomes, study.plan.breaks, at=at)
    breaks = summary.paid_breaks, summary.unpaid_breaks
    return PersonAtWork(events[0].person, events[-1].station, state, since, reason, events[-1].at, *breaks)


def list_messages(study: OpenStudy, at: datetime) -> tuple[SentMessage, ...]:
    """List the messages that stations show now, the first to expire first. Raises StoreError."""
    messages = [message for message in study.store.work.list_messages(at) if not message.is_withdrawn]
    first = min((message.at for message in messages), default=at)
    seen: dict[str, dict[str, None]] = {}
    for event in study.store.work.list_events(since=first) if messages else ():
        if event.kind == "seen":
            seen.setdefault(event.detail, {})[event.person] = None
    return tuple(SentMessage(message, tuple(seen.get(message.name, ()))) for message in messages)


@on_study("send messages to stations")
def send_message(study: OpenStudy, text: str, *, to: str = "", until: datetime | None = None) -> SupervisorMessage:
    """Send a message to one person or to everybody; without `until` it is shown until the end of the day."""
    text = clean_text(text)
    if not text or len(text) > MAX_MESSAGE_LENGTH:
        what = f"the message has {len(text)} characters"
        raise UserError("TEXT", what, f"write 1 to {MAX_MESSAGE_LENGTH}, which fit on the stations' screens")
    if to:
        check_person(study, to, "--to")
    midnight = study.at.astimezone().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    until = until or midnight
    if until <= study.at:
        raise UserError("--until", "this time is over", "give a later one")
    message = SupervisorMessage(token_hex(4), study.who.login, study.at, until, to, text)
    study.store.work.write_message(message)
    return message


@on_study("list messages to stations")
def list_sent_messages(study: OpenStudy) -> tuple[SentMessage, ...]:
    """List the messages that stations show now, and who has seen them."""
    return list_messages(study, study.at)


@on_study("withdraw messages to stations")
def withdraw_message(study: OpenStudy, number: int) -> SupervisorMessage:
    """Withdraw a message by its number in the list: stations that have not shown it will not."""
    messages = list_messages(study, study.at)
    if not 1 <= number <= len(messages):
        raise UserError("--withdraw", f"there is no message {number}", "`survey study message FILE` lists them")
    message = messages[number - 1].message
    study.store.work.write_message(message._replace(is_withdrawn=True))
    return message


def check_person(study: OpenStudy, login: str, where: str) -> None:
    """Check that a person is on the study's list, where it has one. Raises UserError."""
    if study.people.find(login) is None:
        raise UserError(where, f"nobody has the login {login!r}", suggest_nearest(login, study.people.interviewers))


@on_study("list who is at work")
def load_current_floor(study: OpenStudy) -> Floor:
    """Load who is at work now."""
    return load_floor(study, study.at)


@on_study("correct working times")
def correct_shift(study: OpenStudy, login: str, correction: ShiftCorrection) -> DayOfWork:
    """Store the correction of a person's day. What was recorded stays, and a later correction is added to this one."""
    if not correction.note:
        raise UserError("--note", "a correction needs its reason", 'write it: --note "forgot to sign off"')
    day = _find_day(study, login, correction.day)
    summary = correction.apply(day.summary, datetime.astimezone)
    if summary.until < summary.since or summary.away + summary.unpaid_breaks > summary.until - summary.since:
        raise UserError(
            login, "the day would end before it begins, or have more breaks than time", "nothing was changed"
        )
    event = WorkEvent(study.at, login, "corrected", correction.encode(), "office", study.who.login)
    study.store.work.add(event)
    return _find_day(study, login, correction.day)


@on_study("see the working times of others")
def load_shift(study: OpenStudy, login: str, day: str) -> DayOfWork:
    """Load one person's day."""
    return _find_day(study, login, day)


def _find_day(study: OpenStudy, login: str, day: str) -> DayOfWork:
    check_person(study, login, "PERSON")
    start = datetime.fromisoformat(day).astimezone()
    calls = study.store.cases.queries.list_work(login, start)
    days = build_days(study.store.work.list_events(person=login), calls, study.plan, datetime.astimezone)
    found = next((each for each in days if each.day == day), None)
    if found is None:
        raise UserError(login, f"did not work on {day}", "give another day: --day 2026-11-24")
    return found
