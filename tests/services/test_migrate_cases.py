"""Unfinished interviews taken to the newest version: by case, dry, with leases, quotas and exports."""

import csv
import json
from io import StringIO
from pathlib import Path

import pytest

from support.both_engines import kept_somewhere  # noqa: F401 – a fixture of every test
from support.command_line import run_survey
from support.exporting import export_file
from support.shift import CASES, HEAD, Shift
from support.user_errors import attempt
from survey_cli.engine.events import InterviewMigrated
from survey_cli.fieldwork.plan.plan import CellFill
from survey_cli.services.cases.interview_migration import MigrationResult, migrate_interviews
from survey_cli.services.database.administration import verify_database
from survey_cli.services.export.export_data import ExportOptions
from survey_cli.services.questionnaire.version_check import accept_changes
from survey_cli.services.run_on_study import Request
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.interview.start_interview import StartOptions
from survey_cli.sessions.open_interview import start_or_resume
from survey_cli.store import Store
from survey_cli.store.backends.address import is_server_address

ITEMS = """
items:
  - {id: hello, type: read, text: "Good {daypart}, this is {interviewer} calling for the Institute."}
  - {id: a, type: single, text: First?, options: {1: "Yes", 2: "No"}}
  - {id: b, type: number, text: Second?, max: 99}
  - {id: c, type: text, text: Third?, ask_if: a == 1}
  - {id: d, type: text, text: Fourth?}
  - {id: e, type: text, text: Fifth?}
quotas:
  - {id: yes, where: a == 1, target: 2}
  - {id: no, where: a == 2, target: 2}
"""
NEWER = ITEMS.replace("items:\n", 'items:\n  - {id: new, type: text, text: "New?"}\n').replace(
    "a == 1}", "a == 2}"
)
THREE = CASES + "B,1,Ben,312 555 0101,America/Chicago\nC,1,Cid,312 555 0102,America/Chicago\n"


def opened(shift: Shift, case: str) -> InterviewSession:
    desk = start_or_resume(
        shift.file,
        StartOptions(case=case, interviewer="ann", db=shift.db, station="s1"),
        clock=lambda: shift.at,
    )
    assert isinstance(desk, InterviewSession), desk
    return desk


def suspended(shift: Shift, case: str, *entries: str) -> None:
    desk = opened(shift, case)
    for entry in ("", *entries):
        assert desk.reply(entry) is None, entry
    assert desk.suspend() is None
    desk.close()


@pytest.fixture(name="shift")
def a_shift(tmp_path: Path) -> Shift:
    """Interviews suspended at the last question and, of C, at the second."""
    shift = Shift(tmp_path, items=ITEMS, cases=THREE)
    shift.publish()
    for case in "AB":
        suspended(shift, case, "1", "7", "x", "y")
    suspended(shift, "C", "2")
    return shift


def change(shift: Shift, items: str, version: str = "2") -> None:
    shift.head = HEAD.replace('version: "1"', f'version: "{version}"')
    shift.write(items)
    shift.publish()


def migrated(shift: Shift, *keys: str, dry_run: bool = False) -> MigrationResult:
    request = Request(path=str(shift.file), at=shift.at, db=shift.db, by="sue")
    return migrate_interviews(request, keys, dry_run=dry_run)


def exported(shift: Shift) -> list[dict[str, str]]:
    to = StringIO(newline="")
    export_file(shift.file, ExportOptions(to="-", db=shift.db, partials=True), stdout=to)
    return list(csv.DictReader(StringIO(to.getvalue(), newline="")))


def rows(shift: Shift, *columns: str) -> list[tuple[str, ...]]:
    return [tuple(row[column] for column in ("interview_case", *columns)) for row in sorted(
        exported(shift), key=lambda row: row["interview_case"])]  # fmt: skip


def findings(shift: Shift) -> tuple[str, ...]:
    return verify_database(shift.file, db=shift.db, at=shift.at).findings


def fill(shift: Shift) -> dict[str, CellFill]:
    with Store.open(shift.db, create=False) as store:
        return store.cases.quotas.read_fill()


def test_interviews_are_taken_to_the_newest_version_and_go_on_there(shift: Shift) -> None:
    before = rows(shift, "a", "b", "d", "interview_by", "interview_updated")
    change(shift, NEWER)
    done = migrated(shift)
    assert [(c.case, c.version, c.kept, c.reopened, c.off_route) for c in done.cases] == [
        ("A", "version 1", 3, (), ("c",)),
        ("B", "version 1", 3, (), ("c",)),
        ("C", "version 1", 1, (), ()),
    ]
    assert rows(shift, "a", "b", "d", "interview_by", "interview_updated") == before
    assert [version for _, version in rows(shift, "interview_version")] == ["2"] * 3
    assert findings(shift) == ()
    shift.later(hours=1)
    desk = opened(shift, "A")
    assert "keeps its version" not in desk.notice
    assert desk.reply("n") is None
    assert (prompt := desk.prompt()) is not None
    assert prompt.place.item == "e", "what was answered is not asked again"
    assert desk.reply("z") is None
    assert desk.interview.status == "ended"
    desk.close()
    assert findings(shift) == ()
    assert migrated(shift).cases == ()


def test_a_dry_run_says_the_same_and_writes_nothing(shift: Shift) -> None:
    change(shift, NEWER)
    before = dump(shift)
    tried = migrated(shift, dry_run=True)
    assert dump(shift) == before
    done = migrated(shift)
    assert (tried.cases, tried.skipped, tried.version) == (done.cases, done.skipped, done.version)


def dump(shift: Shift) -> list[object]:
    tables = (
        "instruments",
        "interviews",
        "journal",
        "snapshots",
        "settings",
        "cases",
        "quota_places",
        "quota_fill",
    )
    with Store.open(shift.db, create=False) as store:
        return [
            sorted(store.connector.read(f"SELECT * FROM {table}"), key=repr) for table in tables
        ]


def test_a_changed_meaning_is_accepted_first_and_then_asked_again(shift: Shift) -> None:
    change(shift, ITEMS.replace('1: "Yes"', "1: Surely"))
    if not is_server_address(shift.db):  # where it is not published before
        assert migrated(shift, dry_run=True).note.startswith("a: code 1 was 'Yes' and is 'Surely'")
        assert "code 1 was 'Yes' and is 'Surely'" in str(attempt(migrated, shift))
    accept_changes(str(shift.file), ["a"], "better", db=shift.db)
    shift.publish()
    done = migrated(shift)
    assert [(c.case, c.kept, c.reopened, c.off_route) for c in done.cases] == [
        ("A", 2, ("a", "c"), ()),
        ("B", 2, ("a", "c"), ()),
        ("C", 0, ("a",), ()),
    ]
    assert [change.item for change in done.changes] == ["a"]
    assert fill(shift) == {"yes": (0, 0), "no": (0, 0)}, "the deciding answer is asked again"
    assert findings(shift) == ()


def test_a_meaning_accepted_as_the_same_is_kept_with_its_place_in_the_quota(shift: Shift) -> None:
    assert fill(shift) == {"yes": (0, 2), "no": (0, 1)}
    change(shift, ITEMS.replace('1: "Yes"', "1: Surely"))
    accept_changes(str(shift.file), ["a"], "better", same=True, db=shift.db)
    shift.publish()
    done = migrated(shift)
    assert [(c.kept, c.reopened) for c in done.cases] == [(4, ()), (4, ()), (1, ())]
    assert fill(shift) == {"yes": (0, 2), "no": (0, 1)}


def test_places_in_quotas_move_to_the_cells_of_the_new_version(shift: Shift) -> None:
    change(
        shift,
        ITEMS.replace("id: yes, where: a == 1, target: 2", "id: high, where: b > 5, target: 1"),
    )
    migrated(shift)
    assert fill(shift) == {"yes": (0, 0), "no": (0, 1), "high": (0, 1)}
    assert findings(shift) == ()


def test_a_case_that_a_station_has_is_skipped_and_goes_on_undisturbed(shift: Shift) -> None:
    desk = opened(shift, "B")
    change(shift, NEWER)
    done = migrated(shift)
    assert [case.case for case in done.cases] == ["A", "C"]
    assert [tuple(skipped) for skipped in done.skipped] == [("B", "ann has it at station s1")]
    assert desk.reply("z") is None
    assert desk.interview.status == "ended"
    desk.close()
    assert findings(shift) == ()


def test_only_the_given_cases_and_a_reason_for_each_that_is_skipped(shift: Shift) -> None:
    change(shift, NEWER)
    assert [case.case for case in migrated(shift, "A").cases] == ["A"]
    again = migrated(shift, "A", "C")
    assert [case.case for case in again.cases] == ["C"]
    assert [tuple(s) for s in again.skipped] == [
        ("A", "its interview has the newest version already")
    ]
    assert "there is no case 'X'" in str(attempt(migrated, shift, "X"))


def test_the_events_and_answers_of_both_versions_are_exported_also_as_of_a_time_before(
    shift: Shift,
) -> None:
    before = shift.at
    change(shift, NEWER)
    shift.later(hours=1)
    migrated(shift)
    folder = shift.file.parent
    for shape in ("events", "answers"):
        run_survey(
            folder, "export", "field.yaml", "--db", shift.db, "--what", shape, "-o", f"{shape}.csv"
        )
    lines = list(csv.DictReader((folder / "events.csv").open()))
    assert [line["event"] for line in lines if line["interview_case"] == "A"][-2:] == [
        "suspended",
        "migrated",
    ]
    as_of = (
        "export",
        "field.yaml",
        "--db",
        shift.db,
        "--as-of",
        before.isoformat(timespec="minutes"),
    )
    assert len(list(csv.DictReader(StringIO(run_survey(folder, *as_of)[0])))) == 3
    run_survey(folder, *as_of, "--what", "answers")


def test_the_command_prints_each_case_and_totals(shift: Shift) -> None:
    change(shift, NEWER)
    folder = shift.file.parent
    out, err = run_survey(folder, "case", "migrate", "field.yaml", "--db", shift.db, "--dry-run")
    assert out.splitlines()[0] == "A: 3 answers kept, 1 off the route (c)"
    assert (
        "3 interviews would be taken to version 2: 7 answers kept, 0 asked again, 2 off the route"
        in err
    )
    out, _ = run_survey(
        folder, "case", "migrate", "field.yaml", "A", "--db", shift.db, "--format", "json"
    )
    assert json.loads(out)["cases"][0]["off_route"] == ["c"]


def test_the_journal_names_the_version_and_what_does_not_carry_over(shift: Shift) -> None:
    change(shift, ITEMS.replace("id: d,", "id: other,"))
    accept_changes(str(shift.file), ["d"], "not needed", db=shift.db)
    shift.publish()
    migrated(shift)
    with Store.open(shift.db, create=False) as store:
        row = next(row for row in store.interviews.list_rows() if row.case == "A")
        *_, suspended_event, event = store.interviews.read_journal(row.id)
    assert isinstance(event, InterviewMigrated)
    assert (event.instrument, [str(place) for place in event.dropped]) == (row.instrument, ["d"])
    assert type(suspended_event).__name__ == "InterviewSuspended"
