"""What is kept when an interviewer keys an outcome, gives a time or a number? Events, put together from the plan and the
case; they are kept elsewhere.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from survey_cli.desk.calling import Keeper
from survey_cli.desk.held_case import HeldCase, Pending
from survey_cli.desk.holding import Desk
from survey_cli.desk.quota_places import progress
from survey_cli.desk.station_view import NEVER_KEYED, WANTS
from survey_cli.engine.events import Rejected
from survey_cli.fieldwork.appointments import read_appointment
from survey_cli.fieldwork.coding import interview_code, known_eligible
from survey_cli.fieldwork.events import (
    Blocked,
    Called,
    Closed,
    Event,
    NumberAdded,
    NumberFacts,
    NumberMarked,
    RefusalNoted,
    Speaks,
)
from survey_cli.fieldwork.locations import plan_for, region_of
from survey_cli.fieldwork.plan import Plan
from survey_cli.fieldwork.policy import REFUSALS, zones_of
from survey_cli.fieldwork.promises import Meant, Unclear
from survey_cli.outcomes import Outcome
from survey_cli.samples.columns import clean
from survey_cli.samples.numbers import NotANumber, read_number
from survey_cli.store.case_records import Contact, ContactNumber

DEAD: Final = frozenset({"dead", "4.20", "4.32", "4.41", "4.51"})
"""Codes of an outcome that finish the number it was dialled at."""
BREAKS: Final = REFUSALS | {"break_off"}
"""Outcomes that break an interview off: how far it came decides what it counts as."""
STRONGEST: Final = 3
"""Of refusals."""
WITHDRAWN: Final = "withdrawn"
FOR_GOOD: Final = frozenset({"never_call", WITHDRAWN})
"""Outcomes after which all numbers go on the list that all studies share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something that is to be kept."""

    events: tuple[Event, ...]
    release: bool = False
    """The station lets go of the case with it."""
    outcome: str = ""
    """What was keyed; empty where it is none."""
    contact: Contact | None = None
    """What is known of the person from now on, where that changed."""
    never_again: str = ""
    """Why its numbers go on the list; empty where they do not."""


def kind_of(row: Outcome) -> str:
    """The outcome of the table that one behaves like."""
    return row.like or row.id


def keyed(
    here: HeldCase,
    row: Outcome,
    plan: Plan,
    desk: Desk | None,
    *,
    note: str,
    number: str,
    language: str,
    link: str,
) -> Deed | Rejected:
    """One of the outcomes on offer. Another number that can be tried keeps the case at the station."""
    kind = kind_of(row)
    if kind in NEVER_KEYED and here.pending != "outcome":
        return Rejected("only the interview itself comes to that")
    events: list[Event] = [called(here, row.id, plan, desk, note=note)]
    contact = None
    match WANTS.get(kind, ""):
        case "note" if not note:
            return Rejected("say in a note what the supervisor has to know")
        case "time":
            return Rejected("an appointment needs its time")
        case "language" if language:
            events.append(Speaks(language))
        case "number":
            added = another_number(here, number, plan, link=link)
            if isinstance(added, Rejected):
                return added
            events += added.events
            contact = added.contact
        case _:
            pass
    if (row.listed if plan.known else row.rdd) in DEAD and here.current:
        events.append(NumberMarked(here.current, "dead", row.name.lower()))
    for_good = row.name.lower() if kind in FOR_GOOD else ""
    if for_good:
        events.append(Blocked(for_good))
    more = row.next_number and kind != "busy" and _untried(here, events)
    return Deed(
        events=(*events, *(() if more else (Closed(),))),
        release=not more,
        outcome=row.id,
        contact=contact,
        never_again=for_good,
    )


def called(
    here: HeldCase,
    outcome: str,
    plan: Plan,
    desk: Desk | None,
    *,
    code: str = "",
    note: str = "",
    interrupted: bool = False,
) -> Called:
    """The call that goes on, with what it came to."""
    # the terminal died in the middle of it, and nobody went on
    lost = desk is None and here.case.interviewing
    return Called(
        outcome=outcome,
        number=here.current,
        code=code,
        eligible=desk is not None and known_eligible(progress(desk.interview), plan),
        person=desk is not None,
        interrupted=interrupted or here.case.interrupted or here.pending == "outcome" or lost,
        note=note,
    )


def _untried(here: HeldCase, events: list[Event]) -> bool:
    """Whether another live number was not called in this sitting."""
    case = here.further(events, at=here.shown_at, by="", station="").case
    tried = {call.number for call in case.claimed.calls} if case.claimed is not None else set()
    return any(number.position not in tried for number in case.live)


def refusal_noted(reason: str, strength: int, who: str) -> RefusalNoted | Rejected:
    """What is to be known of a refusal."""
    if not 0 <= strength <= STRONGEST:
        return Rejected(f"how strong: 1 to {STRONGEST}")
    noted = RefusalNoted(clean(reason), strength, clean(who))
    return noted if noted != RefusalNoted() else Rejected("an empty note is not kept")


def may_be_taken_back(outcome: str, plan: Plan) -> bool:
    """Whether an outcome that was keyed by a slip is the interviewer's own to correct."""
    kind = kind_of(plan.outcomes[outcome])
    return WANTS.get(kind) != "sure" and kind != "complete"


def time_meant(here: HeldCase, text: str, plan: Plan, *, reading: int, at: datetime) -> Meant | Unclear:
    """The time that a typed text means for this respondent; `reading` chooses, from 1, where it means several."""
    zones = zones_of(here.case, here.case.number(here.current), plan)
    found = read_appointment(text, now=at, zones=zones, calendar=plan_for(here.case, plan).calendar)
    if isinstance(found, Unclear) and 0 < reading <= len(found.choices):
        return found.choices[reading - 1]
    return found


def booked(
    here: HeldCase,
    meant: Meant,
    plan: Plan,
    desk: Desk | None,
    *,
    by: str,
    keeper: Keeper,
    person: str,
    note: str,
) -> Deed:
    """A promise to call again at that time."""
    promised = meant.promised(
        person=clean(person),
        owner="" if keeper == "anyone" else by,
        policy=keeper,
        note=clean(note),
    )
    call = called(here, "appointment", plan, desk, interrupted=desk is not None)
    return Deed(events=(call, promised, Closed()), release=True, outcome="appointment")


def another_number(here: HeldCase, text: str, plan: Plan, *, link: str) -> Deed | Rejected:
    """A number that was given; `link` is for a case of which nothing personal is kept yet."""
    country = region_of(here.case, plan)[:2]
    read = read_number(text, country or None)
    if isinstance(read, NotANumber):
        return Rejected(f"{read.why}: {read.remedy}")
    position = max((n.position for n in here.case.numbers), default=0) + 1
    shown = read.national if read.country in ("", country) else read.international
    kept = ContactNumber(position, read.written, read.e164, shown, read.extension)
    contact = here.contact or Contact(link=link)
    return Deed(
        events=(NumberAdded(NumberFacts(position, read.line, read.zones)),),
        contact=contact._replace(numbers=(*contact.numbers, kept)),
    )


def after_interview(here: HeldCase, desk: Desk, plan: Plan) -> Deed | Pending:
    """What is kept when an interviewer comes back from an interview, or what is owed before that."""
    closing = desk.closing()
    if closing is None or closing.outcome is None:
        return "outcome"
    if closing.status == "suspended" and plan.delays.get(closing.outcome.id) == "appointment":
        return "time"
    return came_to(here, desk, closing.outcome, closing.status, plan)


def came_to(here: HeldCase, desk: Desk, row: Outcome, status: str, plan: Plan) -> Deed:
    """The interview closed, by itself or by the interviewer's hand."""
    kind, code = kind_of(row), ""
    if kind == "complete":
        code = "1.1"
    elif status == "stopped" or kind in BREAKS:
        code = interview_code(progress(desk.interview), plan)
        if code not in ("1.1", "1.2") and kind != "break_off":
            code = ""  # the outcome's own
    call = called(here, row.id, plan, desk, code=code, interrupted=status == "suspended")
    for_good = row.name.lower() if kind in FOR_GOOD else ""
    barred = (Blocked(for_good),) if for_good else ()
    return Deed(events=(call, *barred, Closed()), release=True, outcome=row.id, never_again=for_good)
