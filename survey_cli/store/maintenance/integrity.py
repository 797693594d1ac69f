"""Integrity check of a whole database."""

from typing import Final

from survey_cli.store.backends.connector import Connector, Dialect
from survey_cli.store.interviews import statements as sql
from survey_cli.store.maintenance.case_integrity import find_case_integrity_errors

MISNUMBERED_INTERVIEWS: Final = """
    SELECT case_key, origin, count(*), min(number), max(number) FROM interviews
    WHERE case_key <> '' AND origin <> 'simulated' GROUP BY case_key, origin
    HAVING min(number) <> 1 OR max(number) <> count(*) ORDER BY case_key, origin
"""
DATA_VIEWS: Final = "SELECT hash, data_view FROM instruments ORDER BY hash"
VIEWS: Final[dict[Dialect, str]] = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'view'",
    "postgresql": "SELECT viewname FROM pg_views WHERE schemaname = current_schema()",
}


def check_integrity(db: Connector) -> list[str]:
    """One sentence for each thing that is wrong."""
    found = list(db.find_integrity_errors())
    for id, last, count, first, highest in db.read(sql.GAPS):
        found.append(f"interview {id} should have events 1 to {last}; it has {count}, {first or 0} to {highest or 0}")
    found += [
        f"interview {id} does not begin with its beginning, or begins twice" for (id,) in db.read(sql.WITHOUT_BEGINNING)
    ]
    found += [
        f"the snapshot of interview {id} is of event {seq}, and the last event is {last}"
        for id, last, seq in db.read(sql.SNAPSHOTS_AHEAD)
    ]
    found += [
        f"the interviews of case {case} ({origin}) should have the numbers 1 to {count}; they have {first} to {last}"
        for case, origin, count, first, last in db.read(MISNUMBERED_INTERVIEWS)
    ]
    views_here = {name for (name,) in db.read(VIEWS[db.dialect])}
    found += [
        f"the view {name} with the data of version {hash[:12]} is not there"
        for hash, name in db.read(DATA_VIEWS)
        if name not in views_here
    ]
    found += find_case_integrity_errors(db)
    return found
