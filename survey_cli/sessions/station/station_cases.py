"""The cases of a station, one at a time: which one is on the screen, and which comes next."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple

from survey_cli.entries import Rejection
from survey_cli.fieldwork.calendar.zones import ToLocal
from survey_cli.fieldwork.case import events as case_events
from survey_cli.problems import StoreError
from survey_cli.reports.fieldwork.case_histories import describe_outcome
from survey_cli.sessions.case.claimed_case import REQUIRED_INPUTS, CaseEvents, ClaimedCase
from survey_cli.sessions.interview.start_interview import Clock
from survey_cli.sessions.station import case_view, station_appointments
from survey_cli.sessions.station.case_at_hand import CaseAtHand, LostInterview, WrittenEvents
from survey_cli.sessions.station.shift_record import ShiftRecord
from survey_cli.sessions.station.station_appointments import OpenAppointments
from survey_cli.sessions.station.station_studies import StationStudies
from survey_cli.sessions.station.station_study import StationStudy, StudyCheck
from survey_cli.sessions.station.station_views import IdleView
from survey_cli.sessions.station.step import DONE, ActionResult, reject, report_unsaved
from survey_cli.store.cases.case_records import CaseRow, LeaseHolder, LeaseLost
from survey_cli.study.consistency.upkeep import reconcile_returned

MOVED: Final = "you opened another station, and go on there"
"""Shown at a station whose interviewer has opened another one."""
UPDATED: Final = "the program was updated, and you go on in its new version"
"""Shown for a moment, until the seat ends and another one begins."""
MakeToken = Callable[[], str]
"""Makes the token of a lease."""


class EnteredOutcome(NamedTuple):
    """An outcome that was entered, and the case that left with it."""

    study: StationStudy
    key: str
    outcome: str

    @property
    def is_final(self) -> bool:
        """Whether only a supervisor can correct it."""
        outcome = self.study.plan.outcomes.get(self.outcome)
        if outcome is None:  # the plan was read again, without it
            return False
        return outcome.kind == "complete" or REQUIRED_INPUTS.get(outcome.kind) == "sure"


class StationCases:
    """Claims cases for a station, writes to the one at hand, and releases it.

    Methods raise StoreError, unless they say otherwise.
    """

    def __init__(
        self,
        studies: StationStudies,
        shift: ShiftRecord,
        appointments: OpenAppointments,
        *,
        station: str,
        clock: Clock,
        to_local: ToLocal,
        make_token: MakeToken,
        practice: bool = False,
        is_updated: Callable[[], bool] = lambda: False,
    ) -> None:
        self._studies = studies
        self._shift = shift
        self._appointments = appointments
        self._station = station
        self._clock = clock
        self._to_local = to_local
        self._make_token = make_token
        self._practice = practice
        """Nothing is stored in the end."""
        self._is_updated = is_updated
        self.at_hand: CaseAtHand | None = None
        """The case on the screen."""
        self.idle_view = IdleView(why="", next_at=None, was_searched=False)
        """Why no case is on the screen."""
        self.entered: EnteredOutcome | None = None
        """The outcome that was entered last; None once it is revoked."""
        self.has_moved = False
        """The interviewer went on with her case at a newer start of a station.

        This one claims no further case until somebody presses a key for it.
        """

    @property
    def name_at_hand(self) -> str:
        """The name of the case on the screen; empty if there is none."""
        return self.at_hand.name if self.at_hand is not None else ""

    def check_releasable(self) -> Rejection | None:
        """Check that no outcome is missing for the case on the screen. Reads nothing."""
        if self.at_hand is None:
            return None
        return self.at_hand.check_releasable()

    # the next case

    def claim_next(self) -> ActionResult:
        """Claim the next case, or find out why there is none. Raises nothing."""
        if self.at_hand is not None:
            return reject("finish this case first: key its outcome, or leave it")
        if self._shift.open_break is not None:
            return reject("you are on a break")
        if self._shift.wrapup is not None:
            return reject("the time after the call is not over yet")
        if self._is_updated():
            # The station ends within a second; the next case is for the one that begins then.
            self.idle_view = IdleView(why=UPDATED, next_at=None)
            return DONE

        self.has_moved = False
        try:
            return self._search_studies()
        except StoreError as error:
            self.idle_view = IdleView(why=f"{error.what} — {error.remedy}", next_at=None)
            self._studies.current.forget_outlook()
            return report_unsaved(error)

    def _search_studies(self) -> ActionResult:
        """Claim a case of the first study that has one."""
        at = self._clock()
        token = self._make_token()
        notice: str | None = None
        stops: dict[StationStudy, IdleView] = {}
        for study in self._studies.list_in_order(at):
            check = self.check_study(study, at)
            notice = check.notice or notice
            if check.stop is not None:
                stops[study] = check.stop
                study.forget_outlook()
                continue

            found = study.queue.claim_next(at, token, skipped=study.skipped)
            if found is not None:
                row, _ = found
                self._shift.work_on(study)
                self._show(study, study.claims.load_claimed(row, token))
                return ActionResult(notice=notice)

        self.idle_view = self._studies.find_outlook(at, stops)
        return ActionResult(notice=notice)

    def check_study(self, study: StationStudy, at: datetime) -> StudyCheck:
        """Check whether a study may be worked on now; an interview keeps its questionnaire."""
        is_interviewing = self.at_hand is not None and self.at_hand.session is not None
        return study.check(at, interviewing=is_interviewing)

    def claim(
        self, study: StationStudy, key: str, *, moves: bool = False
    ) -> ClaimedCase | Rejection:
        """Claim the case of this key; `moves` takes it over from another station."""
        claimed = study.claims.claim(key, self._make_token(), moves=moves)
        if claimed is None:
            return Rejection(f"there is no case {key}")
        if isinstance(claimed, LeaseHolder):
            return Rejection(f"{claimed.by} at station {claimed.station} has this case")
        return claimed

    def take_up(self, study: StationStudy, claimed: ClaimedCase) -> CaseAtHand:
        """Show a case that was claimed by its key, and work on its study."""
        self._shift.work_on(study)
        return self._show(study, claimed)

    def _show(self, study: StationStudy, claimed: ClaimedCase, notice: str = "") -> CaseAtHand:
        """Show a case that was claimed."""
        study.forget_outlook()
        self._shift.show_case(study.name_case(claimed.case.key), claimed.shown_at)
        case = CaseAtHand.load(study, claimed, notice)
        self.at_hand = case
        return case

    # a case that the interviewer had when a terminal was lost

    def continue_or_claim(self, at: datetime) -> ActionResult:
        """Show the case that the interviewer had when a terminal was lost, else claim the next.

        A break that goes on is shown until it is ended.
        """
        found = self._find_own(at)
        if found is None and self._shift.open_break is not None:
            return DONE
        if found is None:
            return self.claim_next()
        study, row = found
        self._shift.work_on(study)

        # The interview may have ended, or its end be missing in the case.
        notice = reconcile_returned(study.store, study.plan, row.key, self._clock())
        if notice:
            following = self.claim_next()
            return replace(following, notice=following.notice or notice)

        claimed = self.claim(study, row.key, moves=True)
        if isinstance(claimed, Rejection):
            return reject(claimed)
        elsewhere = ""
        if row.holder is not None and row.holder.station != self._station:
            elsewhere = row.holder.station
        notice = case_view.describe_interrupted_call(
            claimed.case, self._to_local, elsewhere=elsewhere
        )
        case = self._show(study, claimed, notice)
        case.came_from = elsewhere
        case.continue_call()
        return DONE

    def _find_own(self, at: datetime) -> tuple[StationStudy, CaseRow] | None:
        """Find the case that this interviewer has at this station.

        If there is none, find one whose call or interview she began at another station. A case
        whose lease has expired is in the queue, by whose rules its next number may have to wait.
        """
        elsewhere = None
        for study in self._studies.all:
            for row in study.store.cases.queries.list_leased_rows(study.login):
                if row.holder is None or row.holder.until <= at:
                    continue
                if row.holder.station == self._station:
                    return study, row
                if elsewhere is None and study.claims.is_under_way(row):
                    elsewhere = study, row
        return elsewhere

    # writing to the case at hand

    def append(self, case: CaseAtHand, *events: case_events.CaseEvent) -> ActionResult:
        """Write events to the case, which stays."""
        return self.write(case, CaseEvents(events=events))

    def write(
        self, case: CaseAtHand, events: CaseEvents, *, then_next: bool = True
    ) -> ActionResult:
        """Write events to the case; after its last one, claim the next case."""
        written = case.write(events)
        if isinstance(written, LeaseLost):
            self._drop(case)
            why = f"not saved: {case.key}: {case.describe_loss(written)}"
            return reject(why, notice=why)
        return self.follow(case, written, then_next=then_next)

    def follow(
        self, case: CaseAtHand, written: WrittenEvents, *, then_next: bool = True
    ) -> ActionResult:
        """Do what follows from events that are stored. Raises nothing."""
        self._shift.add(case.name, *written.entries)
        with suppress(StoreError):  # the events are stored: it is counted with the next one
            if _find_appointment(written.events) is not None:
                self._shift.count_appointments()
        if not written.events.release:
            return ActionResult(notice=written.notice)

        self._forget(case, written.events)
        notice = written.notice or self._confirm(case, written.events)
        can_be_undone = bool(notice) and self.entered is not None and not self.entered.is_final
        with suppress(StoreError):  # the next key reports it
            self._appointments.look(self._clock())
        result = ActionResult(notice=notice, can_be_undone=can_be_undone)
        if not then_next:
            return result

        outcome = written.events.outcome
        if outcome and case.study.plan.wrapup:
            self._shift.start_wrapup(case.key, case.respondent_name, outcome)
            return result
        if self._shift.open_break is not None:
            return result
        return _join(result, self.claim_next())

    def _forget(self, case: CaseAtHand, events: CaseEvents) -> None:
        """Forget a case that was released, except for its outcome."""
        self.at_hand = None
        case.study.last_case = case.key
        if events.outcome:
            self.entered = EnteredOutcome(case.study, case.key, events.outcome)

    def _confirm(self, case: CaseAtHand, events: CaseEvents) -> str:
        """Say what was stored of a case that was released."""
        if not events.outcome:
            return ""
        words = describe_outcome(events.outcome, case.study.plan)
        appointment = _find_appointment(events)
        if appointment is not None:
            words += f" {station_appointments.read_back(appointment, self._to_local)}"
        done = "practiced" if self._practice else "stored"
        at = self._to_local(case.claimed.history[-1].at)
        return f"{case.respondent_name}: {words}, {done} at {at:%H:%M}"

    @property
    def can_revoke_entered(self) -> bool:
        """Whether `revoke_entered` revokes an outcome now. Reads nothing."""
        return isinstance(self._find_revocable(), EnteredOutcome)

    def _find_revocable(self) -> EnteredOutcome | Rejection:
        """Return the outcome that can be revoked now, or why none can be. Reads nothing."""
        rejection = self.check_releasable()
        if rejection is not None:
            return rejection
        entered = self.entered
        if entered is None:
            return Rejection("there is no outcome to undo")
        if entered.is_final:
            why = "only a supervisor can correct this outcome: survey case outcome"
            return Rejection(f"{entered.key}: {why}")

        # the first of two numbers has an outcome, and the case stays: the interviewer means that
        # outcome, not the one of the case before
        if self.at_hand is not None and self.at_hand.claimed.has_calls:
            return Rejection("leave this case first; then its outcome can be undone")
        return entered

    def revoke_entered(self) -> ActionResult:
        """Revoke the outcome that was entered last, and show its case with the call as it was."""
        entered = self._find_revocable()
        if isinstance(entered, Rejection):
            return reject(entered)
        key = entered.key
        claimed = self.claim(entered.study, key)
        if isinstance(claimed, Rejection):
            return reject(claimed)
        self.put_back()
        case = self.take_up(entered.study, claimed)
        last_call = claimed.case.last_call
        revoked = self.append(case, case_events.OutcomeRevoked())
        if revoked.rejection is not None or last_call is None:
            return revoked

        case.go_back_to_number(last_call.number)
        self.entered = None
        return ActionResult(notice=f"{key}: outcome undone; key the right one")

    # releasing it

    def release(self, case: CaseAtHand, *, then_next: bool) -> ActionResult:
        """Release the case with the outcomes entered; one that was not called is returned."""
        event: case_events.CaseEvent = case_events.CaseReturned("given back")
        if case.claimed.has_calls:
            event = case_events.AttemptClosed()
        result = self.write(case, CaseEvents(events=(event,), release=True), then_next=then_next)
        if result.rejection is not None or then_next:
            return result

        # the case that left gets its position by the plan as it is now
        reread_notice = case.study.reload(self._clock())
        return replace(result, notice=reread_notice or result.notice)

    def leave(self) -> ActionResult:
        """Release the case on the screen, if there is one, and claim no other one."""
        case = self.at_hand
        if case is None:
            return DONE
        rejection = case.check_releasable()
        if rejection is not None:
            return reject(rejection)
        return self.release(case, then_next=False)

    def lose(self, case: CaseAtHand, lost: LostInterview, *, then_next: bool) -> ActionResult:
        """Go on after another station took the case during its interview. Raises nothing."""
        self._drop(case)
        notice = f"{case.key}: {lost.remark}; what was saved before is kept"
        if not then_next or self.has_moved:
            return ActionResult(notice=notice)
        following = self.claim_next()
        return replace(following, notice=following.notice or notice)

    def put_back(self) -> str | None:
        """Release the case on the screen before another one is shown; returns the notice about it.

        Nobody called it, or its outcomes are entered. Raises nothing.
        """
        case = self.at_hand
        if case is None:
            return None
        try:
            result = self.release(case, then_next=False)
        except StoreError as error:
            result = report_unsaved(error)
        if result.rejection is not None:
            # Whoever has the case by now, the next thing that is done with it says so.
            self.at_hand = case
        return result.notice

    def apply_stop(self, at: datetime) -> ActionResult:
        """Reject dialing while the study is stopped.

        A case that nobody called returns to the queue until calls go on.
        """
        study = self._studies.current
        check = self.check_study(study, at)
        notice: str | None = check.notice or None
        if check.stop is None:
            return ActionResult(notice=notice)

        case = self.at_hand
        if case is not None and not case.is_called and case.session is None:
            notice = self.put_back() or notice or ""
            if self.at_hand is None:
                self.idle_view = check.stop
        return reject(check.stop.why, notice)

    def keep(self, case: CaseAtHand) -> ActionResult:
        """Keep the case on the screen ours, unless the study was stopped before it was called."""
        if case.is_in_interview:
            case.renew_lease()
            return DONE

        stopped = self.apply_stop(self._clock())
        if stopped.rejection is not None and self.at_hand is None:
            return ActionResult(notice=stopped.notice)
        lost = case.renew_lease()
        if lost is None:
            return ActionResult(notice=stopped.notice)
        self._drop(case)
        notice = f"{case.key}: {case.describe_loss(lost)}; what was saved before is kept"
        return ActionResult(notice=notice)

    def _drop(self, case: CaseAtHand) -> None:
        """Take a case that was lost off the screen. Raises nothing."""
        self.at_hand = None
        with suppress(StoreError):  # then this station goes on, as after any other loss
            row = case.study.store.cases.queries.find_row(case.key)
            if row is not None and row.holder is not None:
                self.has_moved = row.holder.by == case.study.login
        if self.has_moved:
            # Nobody may sit here any more: the next case would wait on this screen in vain.
            self.idle_view = IdleView(why=MOVED, next_at=None)


def _find_appointment(events: CaseEvents) -> case_events.AppointmentMade | None:
    for event in events.events:
        if isinstance(event, case_events.AppointmentMade):
            return event
    return None


def _join(result: ActionResult, following: ActionResult) -> ActionResult:
    """Return the result of two actions, the second of which followed from the first."""
    notices = [notice for notice in (result.notice, following.notice) if notice]
    return ActionResult(
        rejection=following.rejection,
        notice="; ".join(notices),
        can_be_undone=result.can_be_undone and following.rejection is None,
    )
