"""Appointments at a station: times as the interviewer types them, and the studies' open ones."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from survey_cli.fieldwork.appointments.appointment import AppointmentTime, UnclearAppointment
from survey_cli.fieldwork.appointments.reading import DEFAULT_WINDOW, parse_appointment
from survey_cli.fieldwork.calendar.zones import ToLocal
from survey_cli.fieldwork.case.case import Case, list_call_zones, localize_plan
from survey_cli.fieldwork.case.events import AppointmentMade
from survey_cli.sessions.case.claimed_case import ClaimedCase
from survey_cli.sessions.station.case_view import format_case_name
from survey_cli.sessions.station.station_studies import StationStudies
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
    """Parse a time; `reading` chooses one of several meanings, from 1.

    `5pm here` is on the station's clock.
    """
    case = claimed.case
    number = case.find_number(claimed.current_number)
    parsed = parse_appointment(
        text,
        now=now,
        zones=list_call_zones(case, number, study.plan),
        calendar=localize_plan(case, study.plan).calendar,
        station_zone=station_zone,
        languages=study.instrument.languages,
    )
    if isinstance(parsed, UnclearAppointment) and 0 < reading <= len(parsed.choices):
        return parsed.choices[reading - 1]
    return parsed


def describe_time(time: AppointmentTime | UnclearAppointment, station_zone: str) -> TimeReading:
    """Describe how a typed time is understood, on both clocks, or what it may mean."""
    if isinstance(time, UnclearAppointment):
        choices = tuple(choice.format_both_clocks(station_zone) for choice in time.choices)
        return TimeReading(why_unclear=str(time), choices=choices)
    return TimeReading(echo=time.format_both_clocks(station_zone), hint=time.hint)


def read_back(appointment: AppointmentMade, to_local: ToLocal) -> str:
    """Say when an appointment is, as it can be read aloud.

    `on Thursday 26 November at 15:00 their time (17:00 here)`
    """
    start = datetime.fromisoformat(appointment.start)
    end = datetime.fromisoformat(appointment.end)
    day = f"{start:%A} {start.day} {start:%B}"
    if end - start <= DEFAULT_WINDOW:
        words = f"on {day} at {start:%H:%M}"
    elif end.date() == start.date():
        words = f"on {day} between {start:%H:%M} and {end:%H:%M}"
    else:
        words = f"from {day} {start:%H:%M} to {end:%A} {end.day} {end:%B} {end:%H:%M}"

    # Stored times have no zone: 1:30 comes twice when the clock is put back, and `fold` says which.
    here = to_local(start.replace(tzinfo=ZoneInfo(appointment.zone), fold=appointment.fold))
    if here.replace(tzinfo=None) == start:
        return words

    day_here = ""
    if here.date() != start.date():
        day_here = f"{here:%A} "
    return f"{words} their time ({day_here}{here:%H:%M} here)"


class OpenAppointments:
    """The open appointments of a station's studies, soonest first.

    Methods that read them raise StoreError.
    """

    def __init__(self, studies: StationStudies, to_local: ToLocal) -> None:
        self._studies = studies
        self._to_local = to_local
        self._due: tuple[StationAppointment, ...] = ()
        """Those that this interviewer may keep soon, as of the last look."""

    def list_own(self, now: datetime) -> tuple[StationAppointment, ...]:
        """List this interviewer's own."""
        found = []
        for study in self._studies.all:
            found += self._describe(study, study.list_appointments(), now)
        return _sort(found)

    def look(self, now: datetime) -> None:
        """Look for those that this interviewer may keep soon."""
        # They are looked for some seconds apart: twice the time, so that none is missed between.
        until = now + 2 * DUE_SOON
        found = []
        for study in self._studies.all:
            found += self._describe(study, study.queue.list_due_appointments(now, until), now)
        self._due = _sort(found)

    def find_due(self, now: datetime, *, left_out: str) -> StationAppointment | None:
        """Find one that is due within five minutes or late, as of the last look.

        The one of the case `left_out` doesn't count.
        """
        for appointment in self._due:
            if appointment.key != left_out and appointment.station_time <= now + DUE_SOON:
                return appointment
        return None

    def _describe(
        self, study: StationStudy, rows: Sequence[CaseRow], now: datetime
    ) -> list[StationAppointment]:
        queries = study.store.cases.queries
        described = []
        for row in rows:
            case = Case.from_history(row.key, queries.read_history(row.key))
            # It may have been kept, or canceled, since its row was read.
            if case.appointment is None or row.position.promised_at is None:
                continue
            details = case.appointment.details
            promised_at = row.position.promised_at
            promised_until = row.position.promised_until
            contact = queries.find_contact(row.key)
            appointment = StationAppointment(
                key=study.name_case(row.key),
                name=format_case_name(study.opened.instrument, case, contact),
                respondent_time=promised_at.astimezone(ZoneInfo(details.zone)),
                station_time=self._to_local(promised_at),
                person=details.person,
                note=details.note,
                owner=row.position.owner,
                is_late=promised_until is not None and promised_until < now,
            )
            described.append(appointment)
        return described


def _sort(appointments: list[StationAppointment]) -> tuple[StationAppointment, ...]:
    return tuple(sorted(appointments, key=lambda appointment: appointment.station_time))
