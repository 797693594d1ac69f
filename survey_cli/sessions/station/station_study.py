"""The study as a station session works on it: its plan, queue and claims, read again when the study's files change."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from survey_cli.fieldwork.case.case import Case
from survey_cli.problems import StoreError, UserError
from survey_cli.samples.cases.phone_numbers import extract_search_digits
from survey_cli.sessions.case.case_claim import CaseClaims
from survey_cli.sessions.case.case_interview import CaseInterviews
from survey_cli.sessions.case.case_queue import CaseQueue
from survey_cli.sessions.interview.start_interview import Clock
from survey_cli.sessions.station.station_protocol import CaseMatch, IdleView, StationAppointment
from survey_cli.sessions.station.station_view import describe_state, format_case_name
from survey_cli.store.cases.case_records import CaseRow
from survey_cli.study.consistency.upkeep import rebuild_queue, update_queue_position
from survey_cli.study.file_changes import StudyFiles
from survey_cli.study.open_study import OpenStudy
from survey_cli.study.pause import read_pause

OUTLOOK_INTERVAL: Final = timedelta(minutes=1)


class StationStudy:
    """One study as one interviewer at one station works on it."""

    def __init__(
        self,
        study: OpenStudy,
        station: str,
        *,
        clock: Clock,
        to_local: Callable[[datetime], datetime],
        rng: Random | None,
        files: StudyFiles | None,
    ) -> None:
        self._clock = clock
        self._to_local = to_local
        self._rng = rng
        self._files = files
        """Read again between two cases when they changed; None: never."""
        self._queue_is_outdated = False
        """The plan was read again, and the queue is not updated to it yet."""
        self._barred_view: IdleView | None = None
        """Why this interviewer receives no more cases."""
        self._outlook: tuple[datetime, IdleView] | None = None
        """Why no case can be called, and when that was found out."""
        self._notice = ""
        self.station = station
        self._use(study)

    def _use(self, study: OpenStudy) -> None:
        self.opened = study
        self.plan = study.plan
        self.store = study.store
        self.queue = CaseQueue(study, self.station)
        self.claims = CaseClaims(study=study, station=self.station, clock=self._clock)
        self.interviews = CaseInterviews(
            study=study, station=self.station, clock=self._clock, to_local=self._to_local, rng=self._rng
        )
        self._outlook = None

    def take_notice(self) -> str:
        """Return once what the interviewer should know about the files that were read again."""
        notice, self._notice = self._notice, ""
        return notice

    def find_stop(self, at: datetime, *, last_case: str, interviewing: bool) -> IdleView | None:
        """Find why no case may be claimed or dialed here, whatever the queue holds.

        The study is paused, or the interviewer does not work on it any more. Changed files are read again first, except
        while an interview is open: it keeps its questionnaire. Raises StoreError.
        """
        barred = self._barred_view if interviewing else self.reload(at, last_case=last_case)
        if barred is not None:
            return barred
        pause = read_pause(self.store)
        if pause is None:
            return None
        return IdleView(
            why=pause.describe(self._to_local(pause.since), self._to_local(at)), next_at=None, study_is_paused=True
        )

    def reload(self, at: datetime, *, last_case: str) -> IdleView | None:
        """Use the changed files from now on, unless they have errors.

        Returns why the interviewer receives no more cases, where the list of people does not contain them any more.
        `last_case` left this station under the plan before. Raises StoreError.
        """
        if self._files is None:
            return self._barred_view
        if not self._files.has_changed():
            self._update_queue(at, last_case)
            return self._barred_view
        self._barred_view = None
        try:
            study = self._files.reread(self.opened)
        except StoreError:
            raise
        except UserError as error:
            if error.where == self.opened.who.login:
                self._barred_view = IdleView(why=str(error), next_at=None)
            self._notice = f"{error}. The station continues without the change"
            return self._barred_view
        self._use(study)
        self._notice = study.notice or "the study's files changed and were read again"
        self._queue_is_outdated = True
        self._update_queue(at, last_case)
        return None

    def _update_queue(self, at: datetime, last_case: str) -> None:
        """Update the queue, and the case that left last, to the newest plan. Tried again after a StoreError."""
        if self._queue_is_outdated:
            rebuild_queue(self.opened, at, yielding=True)
            if last_case:
                update_queue_position(self.store, self.plan, last_case, at)
            self._queue_is_outdated = False

    def forget_outlook(self) -> None:
        """A case was claimed, or the study was stopped: find out anew why no case can be called."""
        self._outlook = None

    def find_outlook(self, at: datetime) -> IdleView:
        """Find why no case can be called. All cases are counted, once a minute: a second's work for a million.

        Raises StoreError.
        """
        if self._outlook is not None and self._outlook[0] <= at < self._outlook[0] + OUTLOOK_INTERVAL:
            return self._outlook[1]
        outlook = self.queue.find_outlook(at)
        next_at = self._to_local(outlook.next_at) if outlook.next_at else None
        self._outlook = at, IdleView(why=outlook.why, next_at=next_at)
        return self._outlook[1]

    # cases of respondents who call back, and open appointments

    def search_cases(self, text: str) -> tuple[CaseMatch, ...]:
        """Search cases by part of a number, of a name or of the key."""
        if not text.strip():
            return ()
        search = self.store.cases.queries.search
        # a number as it is spoken: `+44 (0)7911`, with the zero that is only dialed inside the country
        rows = search(text.strip()) or search(extract_search_digits(text))
        return tuple(
            CaseMatch(
                key=match.row.key,
                name=match.name or match.row.key,
                number=", ".join(match.numbers),
                state=describe_state(match.row, self.plan),
            )
            for match in rows
        )

    def list_appointments(self, owner: str, now: datetime) -> tuple[StationAppointment, ...]:
        """List an interviewer's open appointments, soonest first."""
        rows = self.store.cases.queries.list_appointments(owner=owner)
        return self.describe_appointments(rows, now)

    def describe_appointments(self, rows: Iterable[CaseRow], now: datetime) -> tuple[StationAppointment, ...]:
        """Describe the open appointments of these cases, soonest first."""
        cases, lines = self.store.cases, []
        for row in rows:
            case = Case.from_history(row.key, cases.queries.read_history(row.key))
            if case.appointment is None or row.promised_at is None:
                continue
            appointment = case.appointment.details
            lines.append(
                StationAppointment(
                    key=row.key,
                    name=format_case_name(self.opened.instrument, case, cases.queries.find_contact(row.key)),
                    respondent_time=row.promised_at.astimezone(ZoneInfo(appointment.zone)),
                    station_time=self._to_local(row.promised_at),
                    person=appointment.person,
                    note=appointment.note,
                    owner=row.owner,
                    is_late=row.promised_until is not None and row.promised_until < now,
                )
            )
        return tuple(sorted(lines, key=lambda line: line.station_time))
