"""Claims of cases by one interviewer at one station: events written to a case, and its interview.

The events are written in the transaction of the interview's own event. Nothing is accepted once
another station has claimed the case.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import Final
from uuid import uuid4

from survey_cli.engine.events import QuestionAnswered, QuestionDeclined
from survey_cli.engine.interview import Interview
from survey_cli.engine.machine import COMPLETE
from survey_cli.fieldwork.calendar.zones import ToLocal
from survey_cli.fieldwork.case.case import Case, list_call_zones
from survey_cli.fieldwork.case.events import (
    CaseEvent,
    CaseReturned,
    InterviewOpened,
    LanguageSet,
    OutcomeRecorded,
    OutcomeRevoked,
    RefusalDescribed,
)
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.queue.scheduling import schedule_case
from survey_cli.outcomes import LOST, REFUSAL_OUTCOMES, Outcome
from survey_cli.problems import StoreError, UserError
from survey_cli.sessions.case.claimed_case import (
    NO_INTERVIEW,
    CaseEvents,
    ClaimedCase,
    InterviewState,
    InterviewStatus,
    PendingInput,
    build_events_without_station,
    requires_time,
)
from survey_cli.sessions.interview.interview_session import CaseLink, InterviewSession
from survey_cli.sessions.interview.start_interview import Clock, InterviewStarter, StartOptions
from survey_cli.store import InterviewRow
from survey_cli.store.cases import case_records
from survey_cli.store.cases.case_records import CaseUpdate, LeaseHolder, LeaseLost, LeaseToken
from survey_cli.study.consistency.interview_outcomes import (
    UNCHANGED_PLACES,
    QuotaReservations,
    follow_up,
    select_places,
)
from survey_cli.study.consistency.upkeep import (
    end_expired_leases,
    reconcile_returned,
    repair,
    replay_stored,
)
from survey_cli.study.open_study import OpenStudy
from survey_cli.study.pause import read_pause
from survey_cli.values import NOT_ASKED, Missing, Value

RENEWALS_PER_LEASE: Final = 10
"""How often a lease is renewed within its own length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseClaims:
    """Claims the cases of one study for one interviewer at one station.

    Methods that read or write raise StoreError.
    """

    study: OpenStudy
    station: str
    clock: Clock
    to_local: ToLocal = datetime.astimezone
    """Converts a time to this station's clock."""
    rng: Random | None = None
    """Draws a new interview's id and seed. None: the system's random numbers."""

    def claim(
        self, key: str, token: str, *, moves: bool = False
    ) -> ClaimedCase | case_records.LeaseHolder | None:
        """Claim the case of this key.

        Returns its holder if another station has it, and None if there is no such case. With
        `moves`, this interviewer takes her own case over from another station.
        """
        at = self.clock()
        end_expired_leases(self.study.store, self.study.plan, at)
        until = at + self.study.plan.lease
        lease = case_records.Lease(token, self.study.who.login, self.station, until)
        row = self.study.store.cases.claim_case(key, lease, at, moves=moves)
        if isinstance(row, case_records.CaseRow):
            return self.load_claimed(row, token)
        return row

    def load_claimed(self, row: case_records.CaseRow, token: str) -> ClaimedCase:
        """Load a case that was claimed, with everything stored about it."""
        queries = self.study.store.cases.queries
        history = tuple(queries.read_history(row.key))
        case = Case.from_history(row.key, history)
        return ClaimedCase(
            row=row,
            case=case,
            history=history,
            contact=queries.find_contact(row.key),
            token=token,
            current_number=_find_current_number(case),
            shown_at=self.clock(),
        )

    def append_events(
        self,
        claimed: ClaimedCase,
        events: Sequence[CaseEvent],
        contact: case_records.Contact | None = None,
    ) -> ClaimedCase:
        """Return the case as it will be once these events are stored."""
        return claimed.append_events(
            events,
            at=self.clock(),
            by=self.study.who.login,
            station=self.station,
            contact=contact,
        )

    def build_update(
        self,
        before: ClaimedCase,
        after: ClaimedCase,
        *,
        release: bool = False,
        tasks: Sequence[str] = (),
        interview: Interview | None = None,
    ) -> case_records.CaseUpdate:
        """Build the update that leads from `before` to `after`.

        It renews the lease or releases it. If an `interview` closed, it contains that interview's
        quota cells.
        """
        at = after.history[-1].at
        plan = self.study.plan
        position = schedule_case(after.case, plan, at)
        places: tuple[str, Sequence[str]] = UNCHANGED_PLACES
        if release:
            places = select_places(after.case, plan, position, interview)
        contact = None
        if after.contact is not before.contact:
            contact = after.contact

        return case_records.CaseUpdate(
            before.case.key,
            before.case.seq,
            after.history[len(before.history) :],
            position,
            before.token,
            release=release,
            renew_until=at + plan.lease,
            contact=contact,
            places=places,
            follow_up_tasks=tasks,
        )

    def save(
        self,
        before: ClaimedCase,
        after: ClaimedCase,
        *,
        release: bool = False,
        tasks: Sequence[str] = (),
    ) -> case_records.CaseConflict | case_records.LeaseLost | None:
        """Write the update, or return the conflict: another station has the case."""
        update = self.build_update(before, after, release=release, tasks=tasks)
        return self.study.store.cases.update(update)

    def write_events(self, claimed: ClaimedCase, events: CaseEvents) -> ClaimedCase | LeaseLost:
        """Write the events and return the case after them.

        If another person has written to the case, it is recovered, and the events are written to
        it as it is now.
        """
        after = self._write(claimed, events)
        if after is not None:
            return after

        recovered = self.recover(claimed)
        if not isinstance(recovered, ClaimedCase):
            return LeaseLost(claimed.case.key, recovered)
        after = self._write(recovered, events)
        if after is not None:
            return after
        return LeaseLost(claimed.case.key, recovered.row.holder)

    def _write(self, claimed: ClaimedCase, events: CaseEvents) -> ClaimedCase | None:
        """Write the events; None if another station has the case, or another person wrote to it."""
        after = self.append_events(claimed, events.events, events.contact)
        conflict = self.save(claimed, after, release=events.release, tasks=events.tasks)
        if conflict is not None:
            return None
        return after

    def recover(self, claimed: ClaimedCase) -> ClaimedCase | case_records.LeaseHolder | None:
        """Return the case as it is now if it still belongs to this station, else who has it.

        It still belongs to this station if only a supervisor has written to it, or if its lease
        expired and no other station has claimed it since.
        """
        current: ClaimedCase | None = None
        if self.renew_lease(claimed):
            current = self.load_claimed(claimed.row, claimed.token)
        else:
            current = self._claim_again(claimed)
        if current is None:
            row = self.study.store.cases.queries.find_row(claimed.case.key)
            return row.holder if row is not None else None

        return replace(
            claimed,
            row=current.row,
            case=current.case,
            history=current.history,
            contact=current.contact,
            token=current.token,
        )

    def _claim_again(self, claimed: ClaimedCase) -> ClaimedCase | None:
        """Claim a case whose lease expired while this station was silent.

        None if another station or person has had it since.
        """
        key = claimed.case.key
        history = self.study.store.cases.queries.read_history(key)
        since = [entry.event for entry in history[claimed.case.seq :]]
        rest = since
        was_recorded_as_lost = False
        if since and isinstance(since[0], OutcomeRecorded) and since[0].outcome == LOST:
            was_recorded_as_lost = True
            rest = since[1:]
        if rest != [CaseReturned("lapsed")]:
            return None

        again = self.claim(key, uuid4().hex)
        if not isinstance(again, ClaimedCase):
            return None
        own_claim = 1
        if again.case.seq != claimed.case.seq + len(since) + own_claim:
            # Another station had the case between the two readings.
            self._give_back(again)
            return None
        if was_recorded_as_lost:
            return self._go_on_with_lost_call(again)
        return again

    def _give_back(self, claimed: ClaimedCase) -> None:
        after = self.append_events(claimed, [CaseReturned("given back")])
        self.save(claimed, after, release=True)

    def _go_on_with_lost_call(self, claimed: ClaimedCase) -> ClaimedCase:
        """Revoke the outcome that was recorded while this station was silent: its call goes on."""
        after = self.append_events(claimed, [OutcomeRevoked()])
        conflict = self.save(claimed, after)
        return after if conflict is None else claimed

    def renew_lease(self, claimed: ClaimedCase) -> bool:
        """Renew the lease; False if another station has the case by now."""
        return self.study.store.cases.renew_lease(
            claimed.case.key, claimed.token, self.clock() + self.study.plan.lease
        )

    def is_under_way(self, row: case_records.CaseRow) -> bool:
        """Whether this interviewer has a call or an interview of the case open, at any station."""
        if row.holder is None or row.holder.by != self.study.who.login:
            return False
        case = Case.from_history(row.key, self.study.store.cases.queries.read_history(row.key))
        is_dialed = case.open_attempt is not None and case.open_attempt.dialed != 0
        return case.interview_open or is_dialed

    # the interviews of a claimed case

    def is_interview_open(self, key: str) -> bool:
        """Whether the case has an interview that is neither finished nor broken off."""
        last = self.study.store.interviews.find_last(key)
        return last is not None and last.status in ("open", "suspended")

    def describe_interview(self, key: str) -> InterviewStatus:
        """Return the state of the last interview, and describe it."""
        last = self.study.store.interviews.find_last(key)
        if last is None:
            return NO_INTERVIEW
        if last.status == "ended" and last.outcome == COMPLETE:
            return InterviewStatus(InterviewState.COMPLETE, "complete")
        if last.is_erased:
            return InterviewStatus(InterviewState.ERASED, "answers erased")

        text = "open"
        if last.at_item:
            text += f" at {last.at_item}"
        updated_at = self.to_local(last.updated_at)
        text += f", {updated_at:%a %H:%M}"
        version = self._find_version(last.instrument)
        if version:
            text += f", version {version}"
        return InterviewStatus(InterviewState.OPEN, text)

    def _find_version(self, instrument_hash: str) -> str:
        """Find the version of a questionnaire; empty if it has none."""
        for row in self.study.store.data.list_instruments():
            if row.hash == instrument_hash:
                return row.version
        return ""

    def load_open_interview(self, claimed: ClaimedCase) -> Interview | None:
        """Load the interview that was open when the terminal was lost; None if none was."""
        if not claimed.case.interview_open:
            return None
        last = self.study.store.interviews.find_last(claimed.case.key)
        if last is None:
            return None
        return replay_stored(self.study.store, last)

    def was_interviewing(self, claimed: ClaimedCase) -> bool:
        """Whether the interview was on the screen when the terminal was lost."""
        last = self.study.store.interviews.find_last(claimed.case.key)
        return claimed.case.interview_open and last is not None and last.status == "open"

    def find_pending_input(self, claimed: ClaimedCase) -> PendingInput:
        """Find what is pending after an interview that was open when the terminal was lost."""
        last = self.study.store.interviews.find_last(claimed.case.key)
        if not claimed.case.interview_open or last is None or last.status != "suspended":
            return ""
        outcome = self.study.plan.outcomes.get(last.outcome)
        if outcome is not None and requires_time(outcome, self.study.plan, by_route=True):
            return "time"
        return "outcome"

    def count_answers_in_call(self, claimed: ClaimedCase) -> int:
        """Count the answers since the number was dialed, or since this attempt began."""
        attempt = claimed.case.open_attempt
        last = self.study.store.interviews.find_last(claimed.case.key)
        if attempt is None or last is None:
            return 0

        since = claimed.dialed_at or attempt.started_at
        places = set()
        for event in self.study.store.interviews.read_journal(last.id):
            if event.stamp.at < since:
                continue
            # A text that was read aloud has an event without a value.
            is_text = isinstance(event, QuestionAnswered) and event.value is None
            if isinstance(event, QuestionAnswered | QuestionDeclined) and not is_text:
                places.add(event.place)
        return len(places)

    def start_or_resume(
        self, claimed: ClaimedCase, link: CaseLink, *, options: StartOptions | None = None
    ) -> InterviewSession:
        """Start or resume the interview.

        One that ended with a refusal is reopened, as a call converted it. `options` change how it
        starts, for instance as a correction.
        """
        case = claimed.case
        options = options or StartOptions(case=case.key)
        if self.rng is not None:
            seed = self.rng.getrandbits(63)
            id = f"{self.rng.getrandbits(128):032x}"
            options = replace(options, seed=seed, id=id)

        last = self.study.store.interviews.find_last(case.key)
        ended_early = (
            last is not None and last.status in ("stopped", "ended") and last.outcome != COMPLETE
        )
        person = self.study.people.find(self.study.who.login)
        number = case.find_number(claimed.current_number)
        zones = list_call_zones(case, number, self.study.plan)
        options = replace(
            options,
            case=case.key,
            interviewer=self.study.who.login,
            attributes=person.attributes if person is not None else {},
            station=self.station,
            case_language=_find_case_language(claimed, last),
            reopen=options.reopen or (ended_early and not options.again),
            sample_values=self._collect_sample_values(claimed),
            link=link,
            zone=zones[0] if zones else "",
        )
        starter = InterviewStarter(
            store=self.study.store,
            where=self.study.where,
            options=options,
            clock=self.clock,
            to_local=self.to_local,
        )
        return starter.start_or_resume(self.study.instrument)

    def _collect_sample_values(self, claimed: ClaimedCase) -> dict[str, Value | Missing]:
        """Collect the values of the sample's columns, as the interview uses them."""
        case = claimed.case
        personal: Mapping[str, Value | Missing] = {}
        if claimed.contact is not None:
            personal = claimed.contact.columns

        values: dict[str, Value | Missing] = {}
        for name, column in self.study.instrument.sample.items():
            if column.role == "key":
                values[name] = case.key
            elif name in case.columns:
                values[name] = case.columns[name]
            else:
                values[name] = personal.get(name, NOT_ASKED)
        return values


def _find_current_number(case: Case) -> int:
    """Find the number that was dialed, else the one that is dialed next; 0 if there is none."""
    if case.open_attempt is not None and case.open_attempt.dialed:
        return case.open_attempt.dialed
    if case.next_number is not None:
        return case.next_number.position
    return 0


def _find_case_language(claimed: ClaimedCase, last: InterviewRow | None) -> str:
    """Return the language in which an interview of the case starts or goes on.

    In an open interview, the interviewer may have changed the language; only one that was set for
    the case after the interview's last entry is newer.
    """
    if last is None:
        return claimed.case.language
    times = [entry.at for entry in claimed.history if isinstance(entry.event, LanguageSet)]
    if times and times[-1] >= last.updated_at:
        return claimed.case.language
    return ""


DecideCaseEvents = Callable[
    [ClaimedCase, Interview, Outcome | None, Plan, bool], CaseEvents | PendingInput
]
"""Decides which events close a case with its interview, or which input is needed first.

The last argument: an `end` of the route closed the interview.
"""


class SampledCaseLink(CaseLink):
    """A claimed case as its interview sees it."""

    can_be_called_again = True
    keeps_reasons = True

    def __init__(self, claims: CaseClaims, claimed: ClaimedCase, decide: DecideCaseEvents) -> None:
        self._study = claims.study
        self._claims = claims
        self._decide = decide
        self.reservations = QuotaReservations(
            store=claims.study.store, plan=claims.study.plan, clock=claims.clock
        )
        self._renewed_at = claims.clock()
        self._interview = ""
        self._next: tuple[ClaimedCase, CaseEvents | None] = (claimed, None)
        """What is being written: the case afterwards, and the events that close it."""
        self.claimed_case = claimed
        """The case as stored."""
        self.closing_events: CaseEvents | None = None
        """The events that were written with the interview's end. None before."""
        self.pending_input: PendingInput = "outcome"
        """What is pending if the interview was left and nothing was written."""
        self.lost_to = ""
        """Description of who has the case now, if this station lost it."""
        self.notice = ""
        """What could not be done after the interview, or what the interviewer should know."""

    def fence(self) -> LeaseToken:
        return LeaseToken(self.claimed_case.case.key, self.claimed_case.token)

    def renew_lease(self) -> None:
        at = self._claims.clock()
        if at - self._renewed_at <= self._study.plan.lease / RENEWALS_PER_LEASE:
            return
        try:
            # If the lease is lost, the next answer says so.
            self._claims.renew_lease(self.claimed_case)
        except StoreError:
            return
        self._renewed_at = at

    def build_start_update(self, interview_id: str, language: str) -> CaseUpdate:
        events: list[CaseEvent] = [InterviewOpened(interview_id)]
        known_language = self.claimed_case.case.language or self._study.instrument.language
        if language != known_language:
            events.append(LanguageSet(language))
        after = self._claims.append_events(self.claimed_case, events)
        self._interview = interview_id
        self._next = (after, None)
        return self._claims.build_update(self.claimed_case, after)

    def build_language_update(self, language: str) -> CaseUpdate:
        after = self._claims.append_events(self.claimed_case, [LanguageSet(language)])
        self._next = (after, None)
        return self._claims.build_update(self.claimed_case, after)

    def build_closing_update(
        self, interview: Interview, outcome: Outcome | None, *, by_route: bool
    ) -> CaseUpdate | None:
        events = self._decide(self.claimed_case, interview, outcome, self._study.plan, by_route)
        if not isinstance(events, CaseEvents):
            self.pending_input = events
            self._next = (self.claimed_case, None)
            return None

        is_refusal = outcome is not None and outcome.kind in REFUSAL_OUTCOMES
        if self.refusal_reason and is_refusal:
            described = RefusalDescribed(self.refusal_reason)
            events = replace(events, events=(described, *events.events))
        after = self._claims.append_events(self.claimed_case, events.events, events.contact)
        self._next = (after, events)
        return self._claims.build_update(
            self.claimed_case,
            after,
            release=events.release,
            tasks=events.tasks,
            interview=interview,
        )

    def list_tasks(self, outcome: Outcome | None) -> tuple[str, ...]:
        return ()  # they are in the case's update

    def handle_commit(self, interview_id: str, outcome: Outcome | None) -> str:
        self.claimed_case, self.closing_events = self._next
        if self.closing_events is None:
            return ""

        remarks = []
        if self.closing_events.notice:
            remarks.append(self.closing_events.notice)
        if self.closing_events.tasks:
            try:
                remarks += follow_up(self._study, self.claimed_case.case.key, self._claims.clock())
            except StoreError as error:
                remarks.append(f"not finished: {error.what} — {error.remedy}")
        self.notice = "; ".join(remarks)
        return self.notice

    def recover(self) -> bool:
        """Recover the case, which may have been lost. Raises StoreError."""
        recovered = self._claims.recover(self.claimed_case)
        if not isinstance(recovered, ClaimedCase):
            lost = LeaseLost(self.claimed_case.case.key, recovered)
            self.lost_to = lost.describe(self._study.who.login, self._claims.station)
            return False

        was_claimed_again = recovered.token != self.claimed_case.token
        self.claimed_case = recovered
        if was_claimed_again and self._interview:
            # The interview goes on under the new claim.
            after = self._claims.append_events(recovered, [InterviewOpened(self._interview)])
            conflict = self._claims.save(recovered, after)
            if conflict is None:
                self.claimed_case = after
        return True

    def release(self) -> None:
        if self.closing_events is not None or self.lost_to:
            return
        try:
            after = self._claims.append_events(self.claimed_case, [CaseReturned("given back")])
            self._claims.save(self.claimed_case, after, release=True)
        except StoreError:
            return  # the lease expires, and the case comes back as one with an open interview


class SingleCaseLink(SampledCaseLink):
    """The link of an interview that opened the study for itself."""

    def release(self) -> None:
        super().release()
        self._study.do_not_call.close()


def start_single_case(
    study: OpenStudy, options: StartOptions, *, station: str, clock: Clock, token: str
) -> InterviewSession:
    """Claim the case and start or resume its interview. Raises StoreError."""
    repair(study, clock())
    claims = CaseClaims(study=study, station=station, clock=clock)
    _check_pause(claims, options)
    claimed = _claim_single_case(claims, options.case, token)
    targets = {id: cell.target for id, cell in study.plan.quotas.cells.items()}
    study.store.cases.quotas.write_targets(targets)

    link = SingleCaseLink(claims, claimed, build_events_without_station)
    try:
        case = claimed.case
        if case.erased or case.do_not_call:
            raise UserError(case.key, "this case must not be called again")
        session = claims.start_or_resume(claimed, link, options=options)
    except UserError:
        link.release()
        raise

    notices = list(study.repairs)
    if notices and session.notice:
        notices.append(session.notice)
    if notices:
        session.notice = " ".join(notices)
    return session


def _claim_single_case(claims: CaseClaims, key: str, token: str) -> ClaimedCase:
    """Claim a case for an interview of its own; also one that this interviewer has elsewhere."""
    study = claims.study
    row = study.store.cases.queries.find_row(key)
    moves = False
    if row is not None and row.holder is not None:
        is_here = row.holder.by == study.who.login and row.holder.station == claims.station
        if is_here:  # an interview may have ended here, and its end be missing in the case
            reconcile_returned(study.store, study.plan, key, claims.clock())
        moves = claims.is_under_way(row)

    claimed = claims.claim(key, token, moves=moves)
    if claimed is None:
        raise UserError(key, "there is no such case", "choose another case")
    if isinstance(claimed, LeaseHolder):
        what = f"{claimed.by} at station {claimed.station} has this case"
        raise UserError(key, what, "choose another case")
    return claimed


def _check_pause(claims: CaseClaims, options: StartOptions) -> None:
    """Check that the study is not paused.

    An open interview may be finished during a pause, and a correction calls no respondent.
    """
    pause = read_pause(claims.study.store)
    if pause is None or options.reopen or claims.is_interview_open(options.case):
        return
    what = pause.describe(claims.to_local(pause.since), claims.to_local(claims.clock()))
    remedy = "wait until a supervisor resumes the study: survey study resume FILE"
    raise UserError(options.case, what, remedy)
