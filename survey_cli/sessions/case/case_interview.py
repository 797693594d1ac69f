"""Interviews of a claimed case: their state, and how they are started or resumed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random

from survey_cli.fieldwork.case.locations import list_call_zones
from survey_cli.sessions.case.claimed_case import ClaimedCase, PendingInput
from survey_cli.sessions.case.outcome_events import requires_time
from survey_cli.sessions.interview.interview_session import CaseLink, InterviewSession
from survey_cli.sessions.interview.start_interview import Clock, InterviewStarter, StartOptions
from survey_cli.store import InterviewRow
from survey_cli.study.open_study import OpenStudy
from survey_cli.values import NOT_ASKED

COMPLETE = "complete"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseInterviews:
    """The interviews of one study, as its interviewer conducts them."""

    study: OpenStudy
    station: str
    clock: Clock
    to_local: Callable[[datetime], datetime]
    """Converts a time to this station's clock."""
    rng: Random | None = None
    """Draws a new interview's id and seed; None: the system's random numbers."""

    def _find_last(self, key: str) -> InterviewRow | None:
        earlier = self.study.store.interviews.list_rows(case=key, origin="real")
        return max(earlier, key=lambda row: row.number, default=None)

    def is_open(self, key: str) -> bool:
        """Whether the case has an interview that is neither finished nor broken off. Raises StoreError."""
        last = self._find_last(key)
        return last is not None and last.status in ("open", "suspended")

    def describe_state(self, key: str) -> str:
        """Describe the state of the last interview: `open at q17, Tue 14:03, version 1`, `complete`; empty: none.

        Raises StoreError.
        """
        last = self._find_last(key)
        if last is None:
            return ""
        if last.status == "ended" and last.outcome == COMPLETE:
            return COMPLETE
        if last.is_erased:
            return "answers erased"
        version = next(
            (row.version for row in self.study.store.data.list_instruments() if row.hash == last.instrument), ""
        )
        at_item = f" at {last.at_item}" if last.at_item else ""
        when = self.to_local(last.updated_at)
        return f"open{at_item}, {when:%a %H:%M}{f', version {version}' if version else ''}"

    def find_pending_input(self, claimed: ClaimedCase) -> PendingInput:
        """Find what is pending after an interview that was open when the terminal was lost. Raises StoreError."""
        last = self._find_last(claimed.case.key)
        if not claimed.case.interview_open or last is None or last.status != "suspended":
            return ""
        row = self.study.plan.outcomes.get(last.outcome)
        return "time" if row is not None and requires_time(row, self.study.plan, by_route=True) else "outcome"

    def start_or_resume(
        self, claimed: ClaimedCase, link: CaseLink, *, options: StartOptions | None = None
    ) -> InterviewSession:
        """Start or resume the interview; one that ended with a refusal is reopened, as a call converted it.

        `options` change how it starts, for instance as a correction. Raises StoreError.
        """
        case, instrument = claimed.case, self.study.instrument
        options = options or StartOptions(case=case.key)
        last = self._find_last(case.key)
        ended = last is not None and last.status in ("stopped", "ended") and last.outcome != COMPLETE
        personal = claimed.contact.columns if claimed.contact is not None else {}
        person = self.study.people.find(self.study.who.login)
        zones = list_call_zones(case, case.find_number(claimed.current_number), self.study.plan)
        starter = InterviewStarter(
            store=self.study.store,
            where=self.study.where,
            options=replace(
                self._draw_id_and_seed(options),
                case=case.key,
                interviewer=self.study.who.login,
                attributes=person.attributes if person is not None else {},
                station=self.station,
                language=options.language or (case.language if case.language in instrument.languages else ""),
                reopen=options.reopen or (ended and not options.again),
                sample_values={
                    name: case.key if column.role == "key" else case.columns.get(name, personal.get(name, NOT_ASKED))
                    for name, column in instrument.sample.items()
                },
                link=link,
                zone=zones[0] if zones else "",
            ),
            clock=self.clock,
            to_local=self.to_local,
        )
        return starter.start_or_resume(instrument)

    def _draw_id_and_seed(self, options: StartOptions) -> StartOptions:
        if self.rng is None:
            return options
        return replace(options, seed=self.rng.getrandbits(63), id=f"{self.rng.getrandbits(128):032x}")
