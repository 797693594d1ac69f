"""Databases of earlier versions: each opens, is upgraded, is found whole, and is exported."""

import csv
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from support import postgres_server
from support.exporting import export_file
from support.golden_databases import FIELDWORK, HEAD, ITEMS, NAMES, load_file, load_server
from support.shift import Shift
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.plan.plan import QUEUE_RULES_EDITION
from survey_cli.reports.fieldwork.status import FieldworkStatus
from survey_cli.services.cases.fieldwork_status import load_fieldwork_status
from survey_cli.services.database.administration import VerificationResult, verify_database
from survey_cli.services.export.export_data import ExportOptions, ExportResult
from survey_cli.services.run_on_study import Request
from survey_cli.services.sample.do_not_call_list import (
    DoNotCallLookup,
    DoNotCallRequest,
    look_up_number,
)
from survey_cli.store import Store
from survey_cli.study.consistency.upkeep import RULES_SETTING


@pytest.fixture(
    params=[(name, where) for name in NAMES for where in ("file", "server")], ids="-".join
)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Shift:
    """A study as an earlier version left it, on a file or on a server."""
    name, where = request.param
    if where == "server":
        address = postgres_server.create_address()
        load_server(name, address)
        Store.open(address, create=False, upgrade=True).close()
    else:
        address = str(load_file(name, tmp_path / "field.db"))
        load_file(f"{name}.list", tmp_path / "never_call.db")
    return Shift(tmp_path, items=ITEMS, head=HEAD, fieldwork=FIELDWORK, cases="", db=address)


def test_everything_that_an_earlier_version_wrote_is_read(kept: Shift) -> None:
    with Store.open(kept.db, create=False) as store:
        stands = {
            row.case: (row.origin, row.status, row.outcome) for row in store.interviews.list_rows()
        }
        assert stands == {
            "A": ("real", "ended", "complete"),
            "B": ("real", "suspended", ""),
            "G": ("real", "ended", "withdrawn"),
            "P": ("practice", "ended", "complete"),
        }
        [suspended] = store.interviews.list_rows(case="B")
        draft = store.interviews.find_draft(suspended.id)
        assert draft is not None
        assert (draft.place, draft.text) == ("why", "half a rea")
        histories = dict(store.cases.queries.iterate_histories())
        cases = {key: Case.from_history(key, history) for key, history in histories.items()}
        assert {key: case.last_call.outcome for key, case in cases.items() if case.last_call} == {
            "A": "complete", "B": "callback", "C": "refusal_soft", "D": "appointment", "E": "no_answer",
            "F": "never_call", "G": "complete",
        }  # fmt: skip
        assert cases["G"].erased
        fill = store.cases.quotas.read_fill()
        assert {cell: (found.completes, found.reserved) for cell, found in fill.items()} == {
            "kinds:1": (2, 0),
            "kinds:2": (0, 1),
        }


def test_a_database_of_an_earlier_version_is_found_to_be_whole(kept: Shift) -> None:
    verified = verify_database(kept.file, db=kept.db)
    assert isinstance(verified, VerificationResult), verified
    assert (verified.findings, verified.interviews, verified.events) == ((), 4, 39)


def test_a_study_of_an_earlier_version_owes_nothing_once_it_was_opened(kept: Shift) -> None:
    request = Request(path=str(kept.file), at=kept.at, db=kept.db, by="sue")
    with Store.open(kept.db, create=False) as store:
        edition, _, _ = (store.settings.read(RULES_SETTING) or "").partition(" ")
    status = load_fieldwork_status(request)
    assert isinstance(status, FieldworkStatus)
    changed = [alert for alert in status.alerts if "the rules of this version" in alert]
    alert = (
        "codes and quota places were derived again by the rules of this version on Tue 24 Nov: "
        "rates and quotas may differ from earlier reports"
    )
    # the newest database was written by the same rules, and its upgrade leaves its queue as it is
    assert changed == ([] if edition == str(QUEUE_RULES_EDITION) else [alert])
    verified = verify_database(kept.file, db=kept.db)
    assert isinstance(verified, VerificationResult), verified
    assert (verified.findings, verified.notes) == ((), ())
    # the line is shown for a week
    kept.later(days=8)
    later = load_fieldwork_status(replace(request, at=kept.at))
    assert not any("the rules of this version" in alert for alert in later.alerts)
    with Store.open(kept.db, create=False) as store:
        # B was left in the middle of its interview more than a day ago
        assert store.cases.quotas.read_fill()["kinds:2"].reserved == 0
    verified = verify_database(kept.file, db=kept.db)
    assert (verified.findings, verified.notes) == ((), ())


def test_a_new_database_has_no_earlier_rules(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    status = load_fieldwork_status(
        Request(path=str(shift.file), at=shift.at, db=shift.db, by="sue")
    )
    assert not any("the rules of this version" in alert for alert in status.alerts)


def test_the_answers_of_an_earlier_version_are_exported(kept: Shift) -> None:
    to = kept.folder / "data.csv"
    done = export_file(kept.file, ExportOptions(to=str(to), db=kept.db))
    assert isinstance(done, ExportResult), done
    with to.open(encoding="utf-8-sig", newline="") as file:
        rows = {row["unit"]: row for row in csv.DictReader(file)}
    assert set(rows) == {"A", "B", "G"}
    assert {name: rows["A"][name] for name in ("a", "m_1", "m_2", "n", "why", "when", "many")} == {
        "a": "1", "m_1": "1", "m_2": "0", "n": "12", "why": "because", "when": "2000-01-31", "many": "1",
    }  # fmt: skip


def test_a_number_on_the_list_of_an_earlier_version_stays_there(kept: Shift) -> None:
    asks = DoNotCallRequest(at=datetime(2026, 12, 1, tzinfo=UTC), db=kept.db, country="US")
    found = look_up_number(asks, "312 555 0105")
    assert isinstance(found, DoNotCallLookup), found
    assert (found.since, found.by) == (datetime(2026, 11, 24, 16, 6, tzinfo=UTC), "ann")
    other = look_up_number(asks, "312 555 0104")
    assert isinstance(other, DoNotCallLookup)
    assert other.since is None
