"""Interviews of a claimed case: their state, and how they are started or resumed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random

from survey_cli.fieldwork.case.locations import list_call_zones
from survey_cli.problems import UserError
from survey_cli.sessions.case.claimed_case import ClaimedCase, PendingInput
from survey_cli.sessions.case.outcome_events import requires_time
from survey_cli.sessions.interview.interview_session import CaseLink, InterviewSession
from survey_cli.sessions.interview.start_interview import Clock, StartOptions, start_or_resume_in_store
from survey_cli.store import InterviewRow
from survey_cli.study.open_study import OpenStudy
from survey_cli.values import NOT_ASKED

COMPLETE = "complete"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseInterviews:
    """The interviews of one study, as one interviewer holds them."""

    study: OpenStudy
    by: str
    station: str
    clock: Clock
    to_local: Callable[[datetime], datetime]
    """A moment on this station's clock."""
    dice: Random | None = None
    """Thrown for a new interview's name and seed; None: the system's."""

    def _find_last(self, key: str) -> InterviewRow | None:
        earlier = self.study.store.list_interviews(case=key, origin="real")
        return max(earlier, key=lambda row: row.number, default=None)

    def is_open(self, key: str) -> bool:
        """Whether an interview was begun that is neither finished nor broken off. Raises StoreError."""
        last = self._find_last(key)
        return last is not None and last.status in ("open", "suspended")

    def describe_state(self, key: str) -> str:
        """`open at q17, Tue 14:03, version 1`, `complete`; empty where none was begun. Raises StoreError."""
        last = self._find_last(key)
        if last is None:
            return ""
        if last.status == "ended" and last.outcome == COMPLETE:
            return COMPLETE
        if last.is_erased:
            return "answers erased"
        version = next(
            (row.version for row in self.study.store.list_instruments() if row.hash == last.instrument), ""
        )
        at_item = f" at {last.at_item}" if last.at_item else ""
        when = self.to_local(last.updated_at)
        return f"open{at_item}, {when:%a %H:%M}{f', version {version}' if version else ''}"

    def find_pending_input(self, here: ClaimedCase) -> PendingInput:
        """What is owed of an interview that was going on when the terminal died. Raises StoreError."""
        last = self._find_last(here.case.key)
        if not here.case.interview_open or last is None or last.status != "suspended":
            return ""
        row = self.study.plan.outcomes.get(last.outcome)
        return "time" if row is not None and requires_time(row, self.study.plan, by_route=True) else "outcome"

    def start_or_resume(
        self, here: ClaimedCase, link: CaseLink, *, wanted: StartOptions | None = None
    ) -> InterviewSession | UserError:
        """Begin the interview, or go on with it. One that a refusal had ended is open again: somebody called to convert
        it. `wanted` says how else one sits down, a correction among it. Raises StoreError."""
        case, instrument = here.case, self.study.instrument
        last = self._find_last(case.key)
        personal = here.contact.columns if here.contact is not None else {}
        sampled = {
            name: case.key if column.role == "key" else case.columns.get(name, personal.get(name, NOT_ASKED))
            for name, column in instrument.sample.items()
        }
        ended = last is not None and last.status in ("stopped", "ended") and last.outcome != COMPLETE
        given = wanted or StartOptions(case=case.key)
        zones = list_call_zones(case, case.find_number(here.current_number), self.study.plan)
        seating = replace(
            self._draw_id_and_seed(given),
            case=case.key,
            interviewer=self.by,
            station=self.station,
            language=given.language or (case.language if case.language in instrument.languages else ""),
            reopen=given.reopen or (ended and not given.again),
            sample_values=sampled,
            link=link,
            zone=zones[0] if zones else "",
        )
        return start_or_resume_in_store(
            instrument, self.study.store, self.study.where, case.key, seating, self.clock
        )

    def _draw_id_and_seed(self, given: StartOptions) -> StartOptions:
        if self.dice is None:
            return given
        return replace(given, seed=self.dice.getrandbits(63), id=f"{self.dice.getrandbits(128):032x}")
