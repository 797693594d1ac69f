"""The study as a station works on it, read again when its files change, and the views of its cases."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from survey_cli.fieldwork.appointments.appointment import find_open_appointment
from survey_cli.fieldwork.case.case import Case, list_call_zones, localize_plan
from survey_cli.fieldwork.plan.plan import RDD_ONLY_OUTCOMES, Plan
from survey_cli.fieldwork.queue.call_order import explain_number_closed
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.texts.templates import Template
from survey_cli.outcomes import OUTCOMES, REFUSAL_OUTCOMES, SINGLE_KEY_OUTCOMES, Outcome
from survey_cli.problems import StoreError, UserError
from survey_cli.reports.fieldwork.case_histories import build_history, describe_outcome, format_appointment_time
from survey_cli.samples.cases.columns import find_column, list_details
from survey_cli.samples.cases.phone_numbers import extract_search_digits
from survey_cli.sessions.case.case_claim import CaseClaims
from survey_cli.sessions.case.case_queue import CaseQueue
from survey_cli.sessions.case.claimed_case import INTERVIEW_OUTCOMES, REQUIRED_INPUTS, ClaimedCase
from survey_cli.sessions.interview.interview_session import ToLocal
from survey_cli.sessions.interview.start_interview import Clock
from survey_cli.sessions.station import station_views
from survey_cli.sessions.station.station_views import OutcomeChoices
from survey_cli.store.cases.case_records import CaseRow, Contact
from survey_cli.store.work_events import SupervisorMessage
from survey_cli.study.consistency.upkeep import rebuild_queue, update_queue_position
from survey_cli.study.open_study import OpenStudy, StudyFiles
from survey_cli.study.pause import Pause, read_pause_and_messages

OUTCOME_HEADINGS: Final = (("Nobody was reached", ("before",)), ("Somebody was", ("after", "screened", "any")))


def build_case_view(
    claimed: ClaimedCase, study: OpenStudy, *, at: datetime, to_local: ToLocal
) -> station_views.CaseView:
    """Build everything that is shown of the case; `to_local` converts a time to this station's clock."""
    case, plan, instrument = claimed.case, study.plan, study.instrument
    zones = list_call_zones(case, case.find_number(claimed.current_number), plan)
    zone = ZoneInfo(zones[0]) if zones else None
    until = localize_plan(case, plan).calendar.find_opening(zones, at).until
    first, more = build_outcome_choices(plan)
    language = case.language or instrument.language
    personal = claimed.contact.columns if claimed.contact is not None else {}
    return station_views.CaseView(
        key=case.key,
        name=format_case_name(instrument, case, claimed.contact),
        details=list_details(instrument, {**personal, **case.columns}),
        attempt=len(case.counted_attempts) + (0 if claimed.has_calls else 1),
        limit=plan.limits.total,
        numbers=build_numbers(case, claimed.contact, plan, claimed.current_number, at),
        respondent_time=at.astimezone(zone) if zone is not None else None,
        station_time=to_local(at),
        callable_until=until.astimezone(zone) if until is not None and zone is not None else None,
        ask_for=case.appointment.details.person if case.appointment is not None else "",
        appointment=format_appointment(case, plan),
        history=build_history(claimed.history, plan, zone),
        main_outcomes=first,
        other_outcomes=more,
        scripts=build_scripts(plan, case, language),
        faq=tuple((_render_text(ask, language), _render_text(say, language)) for ask, say in instrument.faq),
        interview_status=claimed.interview_status,
        has_open_call=claimed.has_open_call,
        dialed_at=to_local(claimed.dialed_at) if claimed.dialed_at is not None else None,
        heard=claimed.heard if claimed.has_open_call else "",
        pending_input=claimed.pending_input,
        notice=claimed.notice,
    )


def describe_interrupted_call(case: Case, to_local: ToLocal) -> str:
    """Describe what was going on when the terminal was lost."""
    attempt = case.open_attempt
    since = f"You have been on this case since {to_local(attempt.started_at):%H:%M}" if attempt is not None else ""
    if case.interview_open:
        return f"{since}: the interview was in progress. Resume it, or key an outcome."
    if attempt is not None and attempt.dialed:
        return f"{since}: a number was dialed, and no outcome was keyed."
    return f"{since}."


def _render_text(text: Template, language: str) -> str:
    return " ".join("".join(span.text for span in text.fill({}, language)).split())


def build_outcome_choices(plan: Plan) -> tuple[OutcomeChoices, tuple[tuple[str, OutcomeChoices], ...]]:
    """Build the main outcomes, and all others under headings."""
    left_out = INTERVIEW_OUTCOMES | (RDD_ONLY_OUTCOMES if plan.eligibility_known else frozenset())
    on_offer = {id: row for id, row in plan.outcomes.items() if id not in left_out and row.moment != "interrupted"}
    main = tuple(_build_choice(on_offer[id]) for id in SINGLE_KEY_OUTCOMES if id in on_offer)
    others = []
    for heading, moments in OUTCOME_HEADINGS:
        rows = [row for id, row in on_offer.items() if row.moment in moments and id not in SINGLE_KEY_OUTCOMES]
        own_first = sorted(rows, key=lambda row: row.id in OUTCOMES)
        others.append((heading, tuple(map(_build_choice, own_first))))
    return main, tuple(others)


def _build_choice(row: Outcome) -> station_views.OutcomeChoice:
    required, is_refusal = REQUIRED_INPUTS.get(row.kind, ""), row.kind in REFUSAL_OUTCOMES
    return station_views.OutcomeChoice(outcome=row, required_input=required, is_refusal=is_refusal)


def build_numbers(
    case: Case, contact: Contact | None, plan: Plan, current: int, at: datetime
) -> tuple[station_views.StationNumber, ...]:
    """Build the lines of all numbers, in the order of the sample."""
    texts = {n.position: n.display for n in contact.numbers} if contact is not None else {}
    calls = case.open_attempt.calls if case.open_attempt is not None else ()
    outcomes = {call.number: describe_outcome(call.outcome, plan) for call in calls}
    return tuple(
        station_views.StationNumber(
            position=number.position,
            text=texts.get(number.position, "(erased)"),
            line=number.line,
            state=number.state,
            current=number.position == current,
            outcome=outcomes.get(number.position, ""),
            why_not=explain_number_closed(case, number, plan, at) if number.state == "live" else "",
            by_hand=plan.requires_manual_dialing(number.line, case.columns),
        )
        for number in case.numbers
    )


def format_case_name(instrument: Instrument, case: Case, contact: Contact | None) -> str:
    """Return the case's name column, or its key."""
    column = find_column(instrument, "name")
    name = contact.columns.get(column) if contact is not None and column else None
    return name if isinstance(name, str) and name else case.key


def build_scripts(plan: Plan, case: Case, language: str) -> tuple[station_views.StationScript, ...]:
    scripts = []
    for script in plan.scripts:
        text = script.texts.get(language) or next(iter(script.texts.values()), "")
        is_used = script.once and script.id in case.scripts_read
        scripts.append(station_views.StationScript(id=script.id, text=text, is_used=is_used))
    return tuple(scripts)


def format_appointment(case: Case, plan: Plan) -> str:
    """Format the open appointment on the respondent's clock: `Thu 26 Nov 15:00 (me first): use the direct line`."""
    appointment = find_open_appointment(case, plan)
    if appointment is None:
        return ""
    owner_words = {"anyone": "", "me": f" ({appointment.owner} only)", "me_first": f" ({appointment.owner} first)"}
    return format_appointment_time(appointment) + owner_words[appointment.policy]


def describe_state(row: CaseRow, plan: Plan) -> str:
    """Describe a case's state: `waiting: 3h after no answer`, `done: complete`, `at station 04 with ann`."""
    if row.holder is not None:
        return f"at station {row.holder.station} with {row.holder.by}"
    outcome = describe_outcome(row.position.outcome, plan) if row.position.outcome else "never called"
    return f"{row.status}: {row.position.why or outcome}"


OUTLOOK_INTERVAL: Final = timedelta(minutes=1)
MESSAGE_INTERVAL: Final = timedelta(seconds=5)
"""How often messages of supervisors are looked for at most, apart from each look for a case."""


class StationStudy:
    """One study as one interviewer at one station works on it."""

    def __init__(
        self,
        study: OpenStudy,
        station: str,
        *,
        clock: Clock,
        to_local: ToLocal,
        rng: Random | None,
        files: StudyFiles | None,
        several: bool = False,
    ) -> None:
        self._clock = clock
        self._to_local = to_local
        self._rng = rng
        self._files = files
        """Read again between two cases when they changed; None: never."""
        self._queue_is_outdated = False
        """The plan was read again, and the queue is not updated to it yet."""
        self._barred_view: station_views.IdleView | None = None
        """Why this interviewer receives no more cases."""
        self._outlook: tuple[datetime, station_views.IdleView] | None = None
        """Why no case can be called, and when that was found out."""
        self._notice = ""
        self._several = several
        """The station has other studies too, so cases are named with their study."""
        self.last_case = ""
        """The case that left the station last; the plan may have changed since."""
        self.skipped: set[str] = set()
        """Cases that this interviewer returned without a call: they are for others."""
        self.seen_messages: set[str] = set()
        self._messages: list[SupervisorMessage] = []
        self._messages_read_at: datetime | None = None
        self.station = station
        self._use(study)

    def _use(self, study: OpenStudy) -> None:
        self.opened = study
        self.plan = study.plan
        self.store = study.store
        self.queue = CaseQueue(study, self.station)
        clock, to_local = self._clock, self._to_local
        self.claims = CaseClaims(study=study, station=self.station, clock=clock, to_local=to_local, rng=self._rng)
        self._outlook = None

    @property
    def title(self) -> str:
        """The survey's title."""
        instrument = self.opened.instrument
        return str(instrument.title.get(instrument.language))

    def name_case(self, key: str) -> str:
        """Return the key of a case by which the station tells it from those of its other studies."""
        return f"{self.opened.instrument.id}:{key}" if self._several else key

    def _read_pause(self, at: datetime) -> Pause | None:
        pause, self._messages = read_pause_and_messages(self.store, at)
        self._messages_read_at = at
        return pause

    def list_messages(self, at: datetime) -> list[SupervisorMessage]:
        """List the messages to this interviewer that are shown now, as of the last look."""
        return [message for message in self._messages if message.until > at and message.is_for(self.opened.who.login)]

    def list_new_messages(self, at: datetime) -> list[SupervisorMessage]:
        """List the messages that were not shown here yet, and look for them after some seconds. Raises StoreError."""
        if (
            self._messages_read_at is None
            or not self._messages_read_at <= at < self._messages_read_at + MESSAGE_INTERVAL
        ):
            self._read_pause(at)
        return [message for message in self.list_messages(at) if message.name not in self.seen_messages]

    def take_notice(self) -> str:
        """Return once what the interviewer should know about the files that were read again."""
        notice, self._notice = self._notice, ""
        return notice

    def find_stop(self, at: datetime, *, interviewing: bool) -> station_views.IdleView | None:
        """Find why no case may be claimed or dialed here, whatever the queue holds.

        The study is paused, or the interviewer does not work on it any more. Changed files are read again first, except
        while an interview is open: it keeps its questionnaire. Raises StoreError.
        """
        barred = self._barred_view if interviewing else self.reload(at)
        if barred is not None:
            return barred
        if (pause := self._read_pause(at)) is None:
            return None
        why = pause.describe(self._to_local(pause.since), self._to_local(at))
        return station_views.IdleView(why=why, next_at=None, study_is_paused=True)

    def reload(self, at: datetime) -> station_views.IdleView | None:
        """Use the changed files from now on, unless they have errors.

        Returns why the interviewer receives no more cases, where the list of people does not contain them any more.
        Raises StoreError.
        """
        if self._files is None:
            return self._barred_view
        if not self._files.has_changed():
            self._update_queue(at)
            return self._barred_view
        self._barred_view = None
        try:
            study = self._files.reread(self.opened)
        except StoreError:
            raise
        except UserError as error:
            if error.where == self.opened.who.login:
                self._barred_view = station_views.IdleView(why=str(error), next_at=None)
            self._notice = f"{error}. The station continues without the change"
            return self._barred_view
        self._use(study)
        self._notice = study.notice or "the study's files changed and were read again"
        self._queue_is_outdated = True
        self._update_queue(at)
        return None

    def _update_queue(self, at: datetime) -> None:
        """Update the queue, and the case that left last, to the newest plan. Tried again after a StoreError."""
        if self._queue_is_outdated:
            rebuild_queue(self.opened, at, yielding=True)
            if self.last_case:
                update_queue_position(self.store, self.plan, self.last_case, at)
            self._queue_is_outdated = False

    def forget_outlook(self) -> None:
        """A case was claimed, or the study was stopped: find out anew why no case can be called."""
        self._outlook = None

    def find_outlook(self, at: datetime) -> station_views.IdleView:
        """Find why no case can be called. All cases are counted, once a minute: a second's work for a million.

        Raises StoreError.
        """
        if self._outlook is not None and self._outlook[0] <= at < self._outlook[0] + OUTLOOK_INTERVAL:
            return self._outlook[1]
        why, next_at = self.queue.find_outlook(at)
        self._outlook = at, station_views.IdleView(why=why, next_at=self._to_local(next_at) if next_at else None)
        return self._outlook[1]

    # cases of respondents who call back, and open appointments

    def search_cases(self, text: str) -> tuple[station_views.CaseMatch, ...]:
        """Search cases by part of a number, of a name or of the key."""
        if not text.strip():
            return ()
        search = self.store.cases.queries.search
        # a number as it is spoken: `+44 (0)7911`, with the zero that is only dialed inside the country
        rows = search(text.strip()) or search(extract_search_digits(text))
        matches = []
        for match in rows:
            key, number, state = match.row.key, ", ".join(match.numbers), describe_state(match.row, self.plan)
            name, key = match.name or key, self.name_case(key)
            matches.append(station_views.CaseMatch(key=key, name=name, number=number, state=state))
        return tuple(matches)

    def list_appointments(self, now: datetime) -> list[station_views.StationAppointment]:
        """List this interviewer's open appointments."""
        owner = self.opened.who.login
        return self.describe_appointments(self.store.cases.queries.list_appointments(owner=owner), now)

    def describe_appointments(self, rows: Iterable[CaseRow], now: datetime) -> list[station_views.StationAppointment]:
        """Describe the open appointments of these cases."""
        cases, lines = self.store.cases, []
        for row in rows:
            case = Case.from_history(row.key, cases.queries.read_history(row.key))
            if case.appointment is None or row.position.promised_at is None:
                continue
            appointment, at, until = case.appointment.details, row.position.promised_at, row.position.promised_until
            line = station_views.StationAppointment(
                key=self.name_case(row.key),
                name=format_case_name(self.opened.instrument, case, cases.queries.find_contact(row.key)),
                respondent_time=at.astimezone(ZoneInfo(appointment.zone)),
                station_time=self._to_local(at),
                person=appointment.person,
                note=appointment.note,
                owner=row.position.owner,
                is_late=until is not None and until < now,
            )
            lines.append(line)
        return lines
