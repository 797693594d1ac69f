"""Lookups at a station: cases of respondents who call back, and open appointments. Nothing is changed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from survey_cli.fieldwork.case.case import Case
from survey_cli.samples.cases.phone_numbers import extract_search_digits
from survey_cli.sessions.station.station_protocol import CaseMatch, StationAppointment
from survey_cli.sessions.station.station_view import describe_state, format_case_name
from survey_cli.store.cases.case_records import CaseRow
from survey_cli.study.open_study import OpenStudy


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLookup:
    """Looks up cases and appointments of one study. Every method raises StoreError."""

    study: OpenStudy
    to_local: Callable[[datetime], datetime]
    """Converts a time to this station's clock."""

    def search_cases(self, text: str) -> tuple[CaseMatch, ...]:
        """Search cases by part of a number, of a name or of the key."""
        if not text.strip():
            return ()
        search = self.study.store.cases.queries.search
        # a number as it is spoken: `+44 (0)7911`, with the zero that is only dialed inside the country
        rows = search(text.strip()) or search(extract_search_digits(text))
        return tuple(
            CaseMatch(
                key=match.row.key,
                name=match.name or match.row.key,
                number=", ".join(match.numbers),
                state=describe_state(match.row, self.study.plan),
            )
            for match in rows
        )

    def list_appointments(self, owner: str, now: datetime) -> tuple[StationAppointment, ...]:
        """List an interviewer's open appointments, soonest first."""
        rows = self.study.store.cases.queries.list_appointments(owner=owner)
        return self.describe_appointments(rows, now)

    def describe_appointments(self, rows: Iterable[CaseRow], now: datetime) -> tuple[StationAppointment, ...]:
        """Describe the open appointments of these cases, soonest first."""
        cases, lines = self.study.store.cases, []
        for row in rows:
            case = Case.from_history(row.key, cases.queries.read_history(row.key))
            if case.appointment is None or row.promised_at is None:
                continue
            appointment = case.appointment.details
            lines.append(
                StationAppointment(
                    key=row.key,
                    name=format_case_name(self.study.instrument, case, cases.queries.find_contact(row.key)),
                    respondent_time=row.promised_at.astimezone(ZoneInfo(appointment.zone)),
                    station_time=self.to_local(row.promised_at),
                    person=appointment.person,
                    note=appointment.note,
                    owner=row.owner,
                    is_late=row.promised_until is not None and row.promised_until < now,
                )
            )
        return tuple(sorted(lines, key=lambda line: line.station_time))
