"""What is before an interviewer who has a case on the screen? A case's history put into lines and words, with the clocks
of both ends; nothing is decided here.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from survey_cli.desk.calling import NumberLine, OutcomeChoice, PastLine, Said
from survey_cli.fieldwork import events as happened
from survey_cli.fieldwork.appointments import WINDOW
from survey_cli.fieldwork.case import Case
from survey_cli.fieldwork.events import Entry
from survey_cli.fieldwork.plan import NOT_IN_A_LIST, Plan
from survey_cli.fieldwork.policy import number_opening, standing_promise
from survey_cli.instrument.program import Instrument
from survey_cli.outcomes import OUTCOMES, Outcome
from survey_cli.samples.columns import labels_of
from survey_cli.store.case_records import CaseRow, Contact
from survey_cli.values import Missing

FIRST: Final = (
    "no_answer",
    "busy",
    "machine",
    "machine_left",
    "disconnected",
    "wrong_number",
    "refusal_soft",
    "callback",
)
"""Keyed at once, as four calls of five end so."""
HEADINGS: Final = (("Nobody was reached", ("before",)), ("Somebody was", ("after", "screened", "any")))
WANTS: Final = {
    "supervisor": "note",
    "changed": "number",
    "language": "language",
    "appointment": "time",
    "refusal_hard": "sure",
    "refusal_household_hard": "sure",
    "never_call": "sure",
    "withdrawn": "sure",
}
NEVER_KEYED: Final = frozenset({"complete", "break_off"})
"""The interview itself comes to these."""
BY_HAND: Final = frozenset({"US", "PR", "GU", "VI"})
"""Countries in which a mobile line, or one that may be one, is dialled by a human's finger unless the sample records
consent (47 U.S.C. 227)."""


def choices(
    plan: Plan,
) -> tuple[tuple[OutcomeChoice, ...], tuple[tuple[str, tuple[OutcomeChoice, ...]], ...]]:
    """The outcomes keyed at once, and all others under headings."""
    left_out = NEVER_KEYED | (NOT_IN_A_LIST if plan.known else frozenset())
    offered = {
        id: row for id, row in plan.outcomes.items() if id not in left_out and row.moment != "interrupted"
    }
    first = tuple(_choice(offered[id]) for id in FIRST if id in offered)
    more = []
    for heading, moments in HEADINGS:
        rows = [row for id, row in offered.items() if row.moment in moments and id not in FIRST]
        own = [row for row in rows if row.id not in OUTCOMES]
        more.append((heading, tuple(_choice(row) for row in (*own, *(r for r in rows if r.id in OUTCOMES)))))
    return first, tuple(more)


def _choice(row: Outcome) -> OutcomeChoice:
    wants = WANTS.get(row.like or row.id, "")
    return OutcomeChoice(outcome=row, wants=wants)  # type: ignore[arg-type]


def number_lines(
    case: Case, contact: Contact | None, plan: Plan, current: int, at: datetime
) -> tuple[NumberLine, ...]:
    """All numbers, in the order of the sample."""
    shown = {n.position: n.shown for n in contact.numbers} if contact is not None else {}
    sitting = case.claimed.calls if case.claimed is not None else ()
    came_to = {call.number: outcome_words(call.outcome, plan) for call in sitting}
    return tuple(
        NumberLine(
            position=number.position,
            shown=shown.get(number.position, "(erased)"),
            line=number.line,
            state=number.state,
            current=number.position == current,
            came_to=came_to.get(number.position, ""),
            why_not=number_opening(case, number, plan, at) if number.state == "live" else "",
            by_hand=plan.country in BY_HAND and number.line != "fixed",
        )
        for number in case.numbers
    )


def details(instrument: Instrument, case: Case, contact: Contact | None) -> tuple[tuple[str, str], ...]:
    """The sample columns in words: label and value, the key, numbers and the zone left out."""
    found = []
    personal: Mapping[str, object] = contact.columns if contact is not None else {}
    for name, column in instrument.sample.items():
        if column.role in ("key", "phone", "zone", "name", "replicate", "priority", "weight"):
            continue
        value = case.columns.get(name, personal.get(name))
        if value is None or isinstance(value, Missing) or value == "":
            continue
        labels = labels_of(instrument, column)
        words = labels.get(value, str(value)) if isinstance(value, int | str) else str(value)
        label = str(column.label.written(instrument.language)) if column.label else name
        found.append((label, words))
    return tuple(found)


def name_of(instrument: Instrument, case: Case, contact: Contact | None) -> str:
    """What the case is called: its name column, else its key."""
    named = next((n for n, c in instrument.sample.items() if c.role == "name"), None)
    said = contact.columns.get(named) if contact is not None and named else None
    return said if isinstance(said, str) and said else case.key


def scripts(plan: Plan, case: Case, language: str) -> tuple[Said, ...]:
    return tuple(
        Said(
            id=script.id,
            text=script.texts.get(language) or next(iter(script.texts.values()), ""),
            used=script.once and script.id in case.scripts,
        )
        for script in plan.scripts
    )


def promise_words(case: Case, plan: Plan) -> str:
    """The promise that stands, on the respondent's clock: `Thu 26 Nov 15:00 (me first): use the direct line`."""
    promised = standing_promise(case, plan)
    if promised is None:
        return ""
    keeper = {"anyone": "", "me": f" ({promised.owner} only)", "me_first": f" ({promised.owner} first)"}
    return told(promised) + keeper[promised.policy]


def told(promised: happened.Promised) -> str:
    """The time that was promised: `Thu 26 Nov 15:00`, `Thu 26 Nov 09:00–12:00`."""
    start, end = datetime.fromisoformat(promised.start), datetime.fromisoformat(promised.end)
    day = f"{start:%a} {start.day} {start:%b}"
    if (end - start).total_seconds() <= WINDOW.total_seconds():
        return f"{day} {start:%H:%M}"
    if end.date() == start.date():
        return f"{day} {start:%H:%M}–{end:%H:%M}"
    return f"{day} {start:%H:%M} to {end:%a} {end.day} {end:%b} {end:%H:%M}"


def outcome_words(outcome: str, plan: Plan) -> str:
    row = plan.outcomes.get(outcome)
    name = row.name if row is not None else outcome
    return name[:1].lower() + name[1:]


def past(history: list[Entry], plan: Plan, zone: ZoneInfo | None) -> tuple[PastLine, ...]:
    """What happened to the case, the oldest first, in an interviewer's words."""
    lines = []
    for entry in history:
        said = _past(entry.event, plan)
        if said is not None:
            what, note = said
            lines.append(PastLine(at=entry.at.astimezone(zone), what=what, by=entry.by, note=note))
    return tuple(lines)


def _past(event: happened.Event, plan: Plan) -> tuple[str, str] | None:
    match event:
        case happened.Called(outcome=outcome, note=note):
            return outcome_words(outcome, plan), note
        case happened.TakenBack():
            return "the outcome before was a slip: taken back", ""
        case happened.Promised(person=person, note=note):
            asked = f" (ask for {person})" if person else ""
            return f"call promised for {told(event)}{asked}", note
        case happened.Unpromised(why):
            return "the promise does not hold any more", why
        case happened.Remarked(text):
            return "note", text
        case happened.ScriptRead(script):
            return f"said: {script}", ""
        case happened.Corrected(outcome, code, note):
            return f"supervisor: {outcome_words(outcome, plan)}{f' ({code})' if code else ''}", note
        case happened.Advised(note):
            return "supervisor: goes on", note
        case happened.Reopened(why):
            return "put back into the queue", why
        case happened.NumberAdded():
            return "another number was given", ""
        case happened.NumberMarked(_, state, why) if state != "live":
            return f"a number is {state.replace('_', ' ')}", why
        case happened.Speaks(language):
            return f"wants to be interviewed in {language}", ""
        case happened.Interviewing():
            return "interview", ""
        case happened.Blocked(why):
            return "never to be called again", why
        case _:
            return None


def stands(row: CaseRow, plan: Plan) -> str:
    """Where a case is, in a few words: `waiting: 3h after no answer`, `done: complete`, `at station 04 with ann`."""
    if row.held is not None:
        return f"at station {row.held.station} with {row.held.by}"
    said = row.why or (outcome_words(row.outcome, plan) if row.outcome else "never called")
    return f"{row.status}: {said}"
