"""Appointments at a station: times as the interviewer types them, and the open appointments of its studies."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from survey_cli.fieldwork.appointments.appointment import AppointmentTime, UnclearAppointment
from survey_cli.fieldwork.appointments.reading import DEFAULT_WINDOW, parse_appointment
from survey_cli.fieldwork.case.case import Case, list_call_zones, localize_plan
from survey_cli.fieldwork.case.events import AppointmentMade
from survey_cli.sessions.case.claimed_case import ClaimedCase
from survey_cli.sessions.interview.interview_session import ToLocal
from survey_cli.sessions.station.case_view import format_case_name
from survey_cli.sessions.station.station_study import StationStudy
from survey_cli.sessions.station.station_views import StationAppointment, TimeReading
from survey_cli.store.cases.case_records import CaseRow
from survey_cli.study.open_study import OpenStudy

DUE_SOON: Final = timedelta(minutes=5)
"""How long before its time an appointment is due."""


def parse_time(
    text: str,
    reading: int,
    claimed: ClaimedCase,
    study: OpenStudy,
    *,
    now: datetime,
    station_zone: str,
) -> AppointmentTime | UnclearAppointment:
    """Parse a time; `reading` chooses, from 1, where it is ambiguous. `5pm here` is on the station's clock."""
    case, plan = claimed.case, study.plan
    parsed = parse_appointment(
        text,
        now=now,
        zones=list_call_zones(case, case.find_number(claimed.current_number), plan),
        calendar=localize_plan(case, plan).calendar,
        station_zone=station_zone,
        languages=study.instrument.languages,
    )
    choices = parsed.choices if isinstance(parsed, UnclearAppointment) else ()
    return choices[reading - 1] if 0 < reading <= len(choices) else parsed


def describe_time(time: AppointmentTime | UnclearAppointment, station_zone: str) -> TimeReading:
    """Describe how a typed time is understood, on both clocks, or what it may mean."""
    if isinstance(time, UnclearAppointment):
        choices = tuple(choice.format_both_clocks(station_zone) for choice in time.choices)
        return TimeReading(why_unclear=str(time), choices=choices)
    return TimeReading(echo=time.format_both_clocks(station_zone), hint=time.hint)


def read_back(appointment: AppointmentMade, to_local: ToLocal) -> str:
    """Say when an appointment is, as it can be read aloud: `on Thursday 26 November at 15:00 their time (17:00 here)`."""
    start = datetime.fromisoformat(appointment.start)
    end = datetime.fromisoformat(appointment.end)
    day = f"{start:%A} {start.day} {start:%B}"
    if end - start <= DEFAULT_WINDOW:
        words = f"on {day} at {start:%H:%M}"
    elif end.date() == start.date():
        words = f"on {day} between {start:%H:%M} and {end:%H:%M}"
    else:
        words = f"from {day} {start:%H:%M} to {end:%A} {end.day} {end:%B} {end:%H:%M}"
    here = to_local(start.replace(tzinfo=ZoneInfo(appointment.zone), fold=appointment.fold))
    if here.replace(tzinfo=None) == start:
        return words
    day_here = "" if here.date() == start.date() else f"{here:%A} "
    return f"{words} their time ({day_here}{here:%H:%M} here)"


class OpenAppointments:
    """The open appointments of a station's studies, soonest first. Whatever reads them raises StoreError."""

    def __init__(self, studies: Sequence[StationStudy], to_local: ToLocal) -> None:
        self._studies = studies
        self._to_local = to_local
        self._due: tuple[StationAppointment, ...] = ()
        """Those that this interviewer may keep soon, as of the last look."""

    def list_own(self, now: datetime) -> tuple[StationAppointment, ...]:
        """List this interviewer's own."""
        return self._describe(((study, study.list_appointments()) for study in self._studies), now)

    def look(self, now: datetime) -> None:
        """Look for those that this interviewer may keep soon."""
        until = now + DUE_SOON + DUE_SOON
        rows = ((study, study.queue.list_due_appointments(now, until)) for study in self._studies)
        self._due = self._describe(rows, now)

    def find_due(self, now: datetime, *, left_out: str) -> StationAppointment | None:
        """Find one that is due within five minutes or late, as of the last look; that of one case is left out."""
        return next(
            (a for a in self._due if a.key != left_out and a.station_time <= now + DUE_SOON), None
        )

    def _describe(
        self, rows: Iterable[tuple[StationStudy, Sequence[CaseRow]]], now: datetime
    ) -> tuple[StationAppointment, ...]:
        lines = [
            self._describe_row(study, row, now) for study, of_study in rows for row in of_study
        ]
        return tuple(
            sorted((line for line in lines if line is not None), key=lambda line: line.station_time)
        )

    def _describe_row(
        self, study: StationStudy, row: CaseRow, now: datetime
    ) -> StationAppointment | None:
        queries = study.store.cases.queries
        case = Case.from_history(row.key, queries.read_history(row.key))
        if case.appointment is None or row.position.promised_at is None:
            return None
        appointment, at, until = (
            case.appointment.details,
            row.position.promised_at,
            row.position.promised_until,
        )
        return StationAppointment(
            key=study.name_case(row.key),
            name=format_case_name(study.opened.instrument, case, queries.find_contact(row.key)),
            respondent_time=at.astimezone(ZoneInfo(appointment.zone)),
            station_time=self._to_local(at),
            person=appointment.person,
            note=appointment.note,
            owner=row.position.owner,
            is_late=until is not None and until < now,
        )
