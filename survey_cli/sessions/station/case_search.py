"""Search for a case at a station: a respondent calls back."""

from collections.abc import Iterator
from typing import Final

from survey_cli.fieldwork.case.case import Case
from survey_cli.samples.cases.phone_numbers import extract_search_digits
from survey_cli.sessions.station.case_view import describe_state, format_case_name
from survey_cli.sessions.station.station_studies import StationStudies
from survey_cli.sessions.station.station_study import StationStudy
from survey_cli.sessions.station.station_views import CaseMatch

MAX_APPOINTMENTS_SEARCHED: Final = 200
"""The number of open appointments, the next first, whose person to ask for is compared."""


class CaseSearch:
    """Finds cases in all studies of a station, by part of a number, of a name or of the key.

    Without a supervisor's rights, numbers and names must be typed whole.
    """

    def __init__(self, studies: StationStudies) -> None:
        self._studies = studies

    @property
    def hint(self) -> str:
        """What must be typed to find somebody who calls back, as an instruction."""
        if self._studies.current.store.connector.supervises:
            return "type part of the number they call from, the name or the key"
        return "type the whole number, the whole name, or the key"

    def find(self, text: str) -> tuple[CaseMatch, ...]:
        """Find the cases that match. Raises StoreError."""
        typed = text.strip()
        if not typed:
            return ()

        matches: list[CaseMatch] = []
        for study in self._studies.all:
            # This reads a case for each appointment: only if nothing else is found.
            found = _find_by_contact(study, typed) or list(_find_asked_for(study, typed))
            matches += found
        return tuple(matches)


def _find_by_contact(study: StationStudy, typed: str) -> list[CaseMatch]:
    """Find cases by their numbers, names and keys."""
    search = study.store.cases.queries.search
    # A number as it is spoken: `+44 (0)7911`, with the zero that is only dialed inside the country.
    rows = search(typed) or search(extract_search_digits(typed))

    matches = []
    for match in rows:
        key = match.row.key
        matches.append(
            CaseMatch(
                key=study.name_case(key),
                name=match.name or key,
                number=", ".join(match.numbers),
                state=describe_state(match.row, study.plan),
            )
        )
    return matches


def _find_asked_for(study: StationStudy, typed: str) -> Iterator[CaseMatch]:
    """Find the cases with an open appointment at which this person is to be asked for."""
    wanted = typed.casefold()
    may_search_parts = study.store.connector.supervises
    queries = study.store.cases.queries

    for row in queries.list_appointments()[:MAX_APPOINTMENTS_SEARCHED]:
        case = Case.from_history(row.key, queries.read_history(row.key))
        if case.appointment is None or not case.appointment.details.person:
            continue
        person = case.appointment.details.person
        name = person.casefold()
        if name == wanted or (may_search_parts and wanted in name):
            contact = queries.find_contact(row.key)
            yield CaseMatch(
                key=study.name_case(row.key),
                name=format_case_name(study.opened.instrument, case, contact),
                number=f"ask for {person}",
                state=describe_state(row, study.plan),
            )
