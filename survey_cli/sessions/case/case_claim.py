"""Claims of a case by one interviewer at one station: what is written to the case, and its interview.

The case's entries are written in the transaction of the interview's own event. Nothing is accepted once another
station has claimed the case.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import Final
from uuid import uuid4

from survey_cli.engine.events import QuestionAnswered, QuestionDeclined
from survey_cli.engine.interview import Interview
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
from survey_cli.sessions.interview.interview_session import CaseLink, InterviewSession, ToLocal
from survey_cli.sessions.interview.start_interview import Clock, InterviewStarter, StartOptions
from survey_cli.store import InterviewRow
from survey_cli.store.cases import case_records
from survey_cli.store.cases.case_records import CaseUpdate, LeaseHolder, LeaseLost, LeaseToken
from survey_cli.study.consistency.interview_outcomes import (
    NO_PLACES,
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
from survey_cli.values import NOT_ASKED

RENEWALS_PER_LEASE: Final = 10
"""How often a lease is renewed within its own length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseClaims:
    """Claims the cases of one study for one interviewer at one station.

    Every method that reads or writes raises StoreError.
    """

    study: OpenStudy
    station: str
    clock: Clock
    to_local: ToLocal = datetime.astimezone
    """Converts a time to this station's clock."""
    rng: Random | None = None
    """Draws a new interview's id and seed; None: the system's random numbers."""

    def claim(
        self, key: str, token: str, *, moves: bool = False
    ) -> ClaimedCase | case_records.LeaseHolder | None:
        """Claim the case of this key; returns its holder if another station has it, None if there is no such case.

        With `moves`, this interviewer takes her own case over from another station.
        """
        at = self.clock()
        end_expired_leases(self.study.store, self.study.plan, at)
        lease = case_records.Lease(
            token, self.study.who.login, self.station, at + self.study.plan.lease
        )
        row = self.study.store.cases.claim_case(key, lease, at, moves=moves)
        return self.load_claimed(row, token) if isinstance(row, case_records.CaseRow) else row

    def load_claimed(self, row: case_records.CaseRow, token: str) -> ClaimedCase:
        """Load a case that was claimed, with everything stored about it."""
        history = tuple(self.study.store.cases.queries.read_history(row.key))
        case = Case.from_history(row.key, history)
        number, attempt = case.next_number, case.open_attempt
        current = (attempt.dialed if attempt is not None else 0) or (
            number.position if number is not None else 0
        )
        contact, at = self.study.store.cases.queries.find_contact(row.key), self.clock()
        return ClaimedCase(
            row=row,
            case=case,
            history=history,
            contact=contact,
            token=token,
            current_number=current,
            shown_at=at,
        )

    def append_events(
        self,
        claimed: ClaimedCase,
        events: Sequence[CaseEvent],
        contact: case_records.Contact | None = None,
    ) -> ClaimedCase:
        """Return the case as it will be once these events are stored."""
        by, station = self.study.who.login, self.station
        return claimed.append_events(
            events, at=self.clock(), by=by, station=station, contact=contact
        )

    def build_update(
        self,
        before: ClaimedCase,
        after: ClaimedCase,
        *,
        release: bool = False,
        owed: Sequence[str] = (),
        interview: Interview | None = None,
    ) -> case_records.CaseUpdate:
        """Build the update that leads from `before` to `after`.

        It renews the lease or releases it. Where an `interview` closed, it contains that interview's quota cells.
        """
        at = after.history[-1].at
        position = schedule_case(after.case, self.study.plan, at)
        return case_records.CaseUpdate(
            before.case.key,
            before.case.seq,
            after.history[len(before.history) :],
            position,
            before.token,
            release=release,
            renew_until=at + self.study.plan.lease,
            contact=after.contact if after.contact is not before.contact else None,
            places=select_places(after.case, self.study.plan, position, interview)
            if release
            else NO_PLACES,
            follow_up_tasks=owed,
        )

    def save(
        self,
        before: ClaimedCase,
        after: ClaimedCase,
        *,
        release: bool = False,
        owed: Sequence[str] = (),
    ) -> case_records.CaseConflict | case_records.LeaseLost | None:
        """Write the update. Where another station has the case, nothing is written and the conflict is returned."""
        return self.study.store.cases.update(
            self.build_update(before, after, release=release, owed=owed)
        )

    def write_events(self, claimed: ClaimedCase, events: CaseEvents) -> ClaimedCase | LeaseLost:
        """Write the events and return the case after them.

        Where somebody else has written to the case, it is recovered and they are written to it as it is now.
        """
        if (after := self._write(claimed, events)) is not None:
            return after
        recovered = self.recover(claimed)
        if not isinstance(recovered, ClaimedCase):
            return LeaseLost(claimed.case.key, recovered)
        return self._write(recovered, events) or LeaseLost(claimed.case.key, recovered.row.holder)

    def _write(self, claimed: ClaimedCase, events: CaseEvents) -> ClaimedCase | None:
        """Write the events; returns None where another station has the case, or another person has written to it."""
        after = self.append_events(claimed, events.events, events.contact)
        conflict = self.save(claimed, after, release=events.release, owed=events.tasks)
        return after if conflict is None else None

    def recover(self, claimed: ClaimedCase) -> ClaimedCase | case_records.LeaseHolder | None:
        """Return the case as it is now where it still belongs to this station, else who has it; None: nobody.

        The case still belongs to this station where a supervisor has written to it, or where its lease expired and
        nobody has claimed it since.
        """
        key = claimed.case.key
        if self.renew_lease(claimed):
            current = self.load_claimed(claimed.row, claimed.token)
        else:
            since = [
                entry.event
                for entry in self.study.store.cases.queries.read_history(key)[claimed.case.seq :]
            ]
            was_lost = (
                isinstance(since[0], OutcomeRecorded) and since[0].outcome == LOST
                if since
                else False
            )
            lapsed = since[1:] if was_lost else since
            again = self.claim(key, uuid4().hex) if lapsed == [CaseReturned("lapsed")] else None
            if not isinstance(again, ClaimedCase):
                row = self.study.store.cases.queries.find_row(key)
                return row.holder if row is not None else None
            if (
                again.case.seq != claimed.case.seq + len(since) + 1
            ):  # another station has just had it
                self.save(
                    again, self.append_events(again, [CaseReturned("given back")]), release=True
                )
                return None
            current = self._go_on_with_lost_call(again) if was_lost else again
        row, history, contact, token = current.row, current.history, current.contact, current.token
        return replace(
            claimed, row=row, case=current.case, history=history, contact=contact, token=token
        )

    def _go_on_with_lost_call(self, claimed: ClaimedCase) -> ClaimedCase:
        """Revoke the outcome that was recorded while this station was silent: its call goes on."""
        after = self.append_events(claimed, [OutcomeRevoked()])
        return after if self.save(claimed, after) is None else claimed

    def renew_lease(self, claimed: ClaimedCase) -> bool:
        """Renew the lease; False where another station has the case by now."""
        return self.study.store.cases.renew_lease(
            claimed.case.key, claimed.token, self.clock() + self.study.plan.lease
        )

    def is_under_way(self, row: case_records.CaseRow) -> bool:
        """Whether this interviewer has a call or an interview of the case open, at whatever station."""
        if row.holder is None or row.holder.by != self.study.who.login:
            return False
        case = Case.from_history(row.key, self.study.store.cases.queries.read_history(row.key))
        return case.interview_open or (
            case.open_attempt is not None and case.open_attempt.dialed != 0
        )

    # the interviews of a claimed case

    def is_interview_open(self, key: str) -> bool:
        """Whether the case has an interview that is neither finished nor broken off. Raises StoreError."""
        last = self.study.store.interviews.find_last(key)
        return last is not None and last.status in ("open", "suspended")

    def describe_interview(self, key: str) -> InterviewStatus:
        """Return the state of the last interview, and describe it. Raises StoreError."""
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
        for row in self.study.store.data.list_instruments():
            if row.hash == last.instrument and row.version:
                text += f", version {row.version}"
        return InterviewStatus(InterviewState.OPEN, text)

    def load_open_interview(self, claimed: ClaimedCase) -> Interview | None:
        """Load the interview that was open when the terminal was lost; None if none was. Raises StoreError."""
        last = (
            self.study.store.interviews.find_last(claimed.case.key)
            if claimed.case.interview_open
            else None
        )
        return replay_stored(self.study.store, last) if last is not None else None

    def find_pending_input(self, claimed: ClaimedCase) -> PendingInput:
        """Find what is pending after an interview that was open when the terminal was lost. Raises StoreError."""
        last = self.study.store.interviews.find_last(claimed.case.key)
        if not claimed.case.interview_open or last is None or last.status != "suspended":
            return ""
        row = self.study.plan.outcomes.get(last.outcome)
        return (
            "time"
            if row is not None and requires_time(row, self.study.plan, by_route=True)
            else "outcome"
        )

    def count_answers_in_call(self, claimed: ClaimedCase) -> int:
        """Count the answers that were recorded since the number was dialed, or since this attempt began.

        Raises StoreError.
        """
        attempt = claimed.case.open_attempt
        last = self.study.store.interviews.find_last(claimed.case.key)
        if attempt is None or last is None:
            return 0
        since = claimed.dialed_at or attempt.started_at
        places = set()
        for event in self.study.store.interviews.read_journal(last.id):
            if event.stamp.at < since or not isinstance(event, QuestionAnswered | QuestionDeclined):
                continue
            # a text that was read aloud has an event without a value
            if isinstance(event, QuestionDeclined) or event.value is not None:
                places.add(event.place)
        return len(places)

    def start_or_resume(
        self, claimed: ClaimedCase, link: CaseLink, *, options: StartOptions | None = None
    ) -> InterviewSession:
        """Start or resume the interview; one that ended with a refusal is reopened, as a call converted it.

        `options` change how it starts, for instance as a correction. Raises StoreError.
        """
        case, instrument = claimed.case, self.study.instrument
        options = options or StartOptions(case=case.key)
        last = self.study.store.interviews.find_last(case.key)
        if self.rng is not None:
            options = replace(
                options, seed=self.rng.getrandbits(63), id=f"{self.rng.getrandbits(128):032x}"
            )
        ended = (
            last is not None and last.status in ("stopped", "ended") and last.outcome != COMPLETE
        )
        personal = claimed.contact.columns if claimed.contact is not None else {}
        person = self.study.people.find(self.study.who.login)
        zones = list_call_zones(case, case.find_number(claimed.current_number), self.study.plan)
        starter = InterviewStarter(
            store=self.study.store,
            where=self.study.where,
            options=replace(
                options,
                case=case.key,
                interviewer=self.study.who.login,
                attributes=person.attributes if person is not None else {},
                station=self.station,
                case_language=_find_case_language(claimed, last),
                reopen=options.reopen or (ended and not options.again),
                sample_values={
                    name: case.key
                    if column.role == "key"
                    else case.columns.get(name, personal.get(name, NOT_ASKED))
                    for name, column in instrument.sample.items()
                },
                link=link,
                zone=zones[0] if zones else "",
            ),
            clock=self.clock,
            to_local=self.to_local,
        )
        return starter.start_or_resume(instrument)


COMPLETE = "complete"


def _find_case_language(claimed: ClaimedCase, last: InterviewRow | None) -> str:
    """Return the case's language; for an interview, only if it was set after the interview's last entry.

    An earlier one is that of the sample: the interviewer may have changed the language in the interview since.
    """
    if last is None:
        return claimed.case.language
    times = [entry.at for entry in claimed.history if isinstance(entry.event, LanguageSet)]
    return claimed.case.language if times and times[-1] >= last.updated_at else ""


DecideCaseEvents = Callable[
    [ClaimedCase, Interview, Outcome | None, Plan, bool], CaseEvents | PendingInput
]
"""Decides which events a case receives when its interview closes, or which input is needed first.

The last argument: an `end` of the route closed the interview.
"""


class SampledCaseLink(CaseLink):
    """A claimed case as its interview sees it."""

    can_be_called_again = True
    keeps_reasons = True

    def __init__(self, claims: CaseClaims, case: ClaimedCase, decide: DecideCaseEvents) -> None:
        self._study = study = claims.study
        self._claims = claims
        self._decide = decide
        self.reservations = QuotaReservations(
            store=study.store, plan=study.plan, clock=claims.clock
        )
        self._renewed_at = claims.clock()
        self._interview = ""
        self._next: tuple[ClaimedCase, CaseEvents | None] = case, None
        """What is being written: the case afterwards, and the events that close it."""
        self.claimed_case = case
        """The case as stored."""
        self.closing_events: CaseEvents | None = None
        """The events that were written with the interview's end; None as long as there are none."""
        self.pending_input: PendingInput = "outcome"
        """What is pending where the interview was left and nothing was written."""
        self.lost_to = ""
        """Description of who has the case now, where this station lost it."""
        self.notice = ""
        """What could not be done after the interview's end, or what the interviewer should know."""

    def fence(self) -> LeaseToken:
        return LeaseToken(self.claimed_case.case.key, self.claimed_case.token)

    def renew_lease(self) -> None:
        at = self._claims.clock()
        if at - self._renewed_at > self._study.plan.lease / RENEWALS_PER_LEASE:
            try:
                self._claims.renew_lease(
                    self.claimed_case
                )  # where it is lost, the next answer says so
            except StoreError:
                return
            self._renewed_at = at

    def build_start_update(self, interview_id: str, language: str) -> CaseUpdate:
        events: list[CaseEvent] = [InterviewOpened(interview_id)]
        if language != (self.claimed_case.case.language or self._study.instrument.language):
            events.append(LanguageSet(language))
        after = self._claims.append_events(self.claimed_case, events)
        self._interview, self._next = interview_id, (after, None)
        return self._claims.build_update(self.claimed_case, after)

    def build_language_update(self, language: str) -> CaseUpdate:
        after = self._claims.append_events(self.claimed_case, [LanguageSet(language)])
        self._next = after, None
        return self._claims.build_update(self.claimed_case, after)

    def build_closing_update(
        self, interview: Interview, outcome: Outcome | None, *, by_route: bool
    ) -> CaseUpdate | None:
        events = self._decide(self.claimed_case, interview, outcome, self._study.plan, by_route)
        if not isinstance(events, CaseEvents):
            self.pending_input = events
            self._next = self.claimed_case, None
            return None
        if self.refusal_reason and outcome is not None and outcome.kind in REFUSAL_OUTCOMES:
            events = replace(events, events=(RefusalDescribed(self.refusal_reason), *events.events))
        after = self._claims.append_events(self.claimed_case, events.events, events.contact)
        self._next = after, events
        return self._claims.build_update(
            self.claimed_case, after, release=events.release, owed=events.tasks, interview=interview
        )

    def list_tasks(self, outcome: Outcome | None) -> tuple[str, ...]:
        return ()  # they are in the case's update

    def handle_commit(self, interview_id: str, outcome: Outcome | None) -> str:
        self.claimed_case, self.closing_events = self._next
        if self.closing_events is None:
            return ""
        remarks = [self.closing_events.notice] if self.closing_events.notice else []
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
            self.lost_to = LeaseLost(self.claimed_case.case.key, recovered).message
            return False
        claimed_again = recovered.token != self.claimed_case.token
        self.claimed_case = recovered
        if claimed_again and self._interview:
            after = self._claims.append_events(recovered, [InterviewOpened(self._interview)])
            if self._claims.save(recovered, after) is None:
                self.claimed_case = after
        return True

    def release(self) -> None:
        if self.closing_events is None and not self.lost_to:
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
    row = study.store.cases.queries.find_row(options.case)
    if row is not None and row.holder is not None and row.holder[:2] == (study.who.login, station):
        reconcile_returned(study.store, study.plan, options.case, clock())
    case = claims.claim(options.case, token, moves=row is not None and claims.is_under_way(row))
    if case is None:
        raise UserError(options.case, "there is no such case", "choose another case")
    if isinstance(case, LeaseHolder):
        raise UserError(
            options.case,
            f"{case.by} at station {case.station} has this case",
            "choose another case",
        )
    study.store.cases.quotas.write_targets(
        {id: cell.target for id, cell in study.plan.quotas.cells.items()}
    )
    link = SingleCaseLink(claims, case, build_events_without_station)
    try:
        if case.case.erased or case.case.do_not_call:
            raise UserError(case.case.key, "this case must not be called again")
        session = claims.start_or_resume(case, link, options=options)
    except UserError:
        link.release()
        raise
    if study.repairs:
        session.notice = " ".join(filter(None, (*study.repairs, session.notice)))
    return session


def _check_pause(claims: CaseClaims, options: StartOptions) -> None:
    """Check that the study is not paused, unless an open interview is finished or a correction calls nobody."""
    pause = read_pause(claims.study.store)
    if pause is None or options.reopen or claims.is_interview_open(options.case):
        return
    what = pause.describe(pause.since.astimezone(), claims.clock().astimezone())
    raise UserError(
        options.case, what, "wait until a supervisor resumes the study: survey study resume FILE"
    )
