"""Stations of an earlier version work beside this one: what they scheduled by their own rules is derived again."""

import json
from pathlib import Path

import pytest

from support.both_engines import kept_somewhere  # noqa: F401 – used by every test
from support.shift import CASES, Shift, on
from survey_cli.fieldwork.plan.plan import CellFill
from survey_cli.services.cases.fieldwork_status import load_fieldwork_status
from survey_cli.services.database.administration import VerificationResult, verify_database
from survey_cli.services.run_on_study import Request
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.study.consistency.upkeep import PLAN_SETTING, derive_queue_again, refresh_queue

ITEMS = """
items:
  - {id: hello, type: read, text: "Good {daypart}, this is {interviewer} calling for the Institute."}
  - {id: a, type: single, text: First?, options: {1: "Yes", 2: "No"}}
quotas:
  - {id: kinds, by: [kind], targets: {1: 1, 2: 5}}
"""
TWO = CASES + "B,1,Ben,312 555 0101,America/Chicago\n"

NOTE = (
    "an earlier version of this program scheduled 1 case by its own rules, which were not compared; "
    "run `survey status`, then verify"
)

# Statements of commit 244718b2, which does not know the columns `rules` and `derivations`.
SET_POSITION = """
UPDATE cases SET was = ?, due_at = ?, bucket = ?, rank = ?, code = ?, outcome = ?, attempts = ?, why = ?,
    promised_at = ?, promised_until = ?, owner = ?, activity = ?, stood = ?, counted = ?,
    status = CASE status WHEN 'leased' THEN 'leased' ELSE ? END, arrival = '' WHERE key = ?
"""
INSERT_IMPORTED_CASE = """
INSERT INTO cases (key, ordinal, seq, stood, status, was, due_at, bucket, rank, code, outcome, attempts, why,
    promised_at, promised_until, owner, activity, lease_token, lease_by, lease_station, lease_until, frame, replicate,
    link, mark, arrival, updated_at, counted)
SELECT ?, 99, seq, stood, status, was, due_at, bucket, rank, code, outcome, attempts, why,
    promised_at, promised_until, owner, activity, lease_token, lease_by, lease_station, lease_until, frame, replicate,
    '', mark, arrival, updated_at, counted FROM cases WHERE key = ?
"""
POSITION = """
SELECT was, due_at, bucket, rank, code, outcome, attempts, why, promised_at, promised_until, owner, activity, stood,
    counted, status, key FROM cases WHERE key = ?
"""
RULES = "SELECT rules FROM cases WHERE key = ?"


def fill(shift: Shift) -> CellFill:
    return shift.study().store.cases.quotas.read_fill()["kinds:1"]


def verify(shift: Shift) -> tuple[tuple[str, ...], tuple[str, ...]]:
    verified = verify_database(shift.file, db=shift.db)
    assert isinstance(verified, VerificationResult), verified
    return verified.findings, verified.notes


def write_as_before(shift: Shift, key: str) -> None:
    """Write the position of a case by other rules, with the statement of an earlier version."""
    with shift.study() as study:
        [row] = study.store.connector.read(POSITION, (key,))
        was, due_at, bucket, rank, *rest = row
        criteria = json.loads(bucket)
        criteria[-1] = "of earlier rules"
        study.store.connector.run(
            SET_POSITION, (was, due_at, json.dumps(criteria), f"{rank}0", *rest)
        )


def refused(shift: Shift) -> str:
    """A case whose respondent refused in mid-interview at a station of an earlier version, which kept the place."""
    ann = shift.station("ann")
    key = on(ann)
    desk = ann.open_interview().interview
    assert isinstance(desk, InterviewSession), desk
    assert desk.stop("refusal_soft") is None
    assert ann.close_interview().rejection is None
    ann.end_shift()
    interview = shift.case(key).interview
    with shift.study() as study:
        study.store.cases.quotas.hold(interview, {"kinds:1": 1}, shift.at)
    write_as_before(shift, key)
    assert fill(shift) == (0, 1)
    return key


def test_the_next_status_derives_what_a_station_of_an_earlier_version_scheduled(
    tmp_path: Path,
) -> None:
    """`db verify` found a difference of every such case, and the place of a refusal was never free again."""
    shift = Shift(tmp_path, items=ITEMS, cases=TWO)
    key = refused(shift)
    assert verify(shift) == ((), (NOTE,))
    load_fieldwork_status(Request(path=str(shift.file), at=shift.at, db=shift.db, by="sue"))
    assert fill(shift) == (0, 0)
    assert verify(shift) == ((), ())
    with shift.study() as study:
        assert study.store.cases.queries.list_outdated_rows() == []
        before = shift.row(key).position
        derive_queue_again(study, shift.at)
        assert shift.row(key).position == before


def test_a_station_of_this_version_gives_the_place_free_before_it_claims(tmp_path: Path) -> None:
    shift = Shift(tmp_path, items=ITEMS, cases=TWO)
    bob = shift.study("bob")
    refused(shift)
    refresh_queue(bob.store, bob.plan, shift.at)
    assert fill(shift) == (0, 0)
    assert verify(shift) == ((), ())


def test_nothing_is_derived_one_by_one_while_the_whole_queue_waits_to_be_built(
    tmp_path: Path,
) -> None:
    """Otherwise a station would derive a million cases that an earlier version has just built by its rules."""
    shift = Shift(tmp_path, items=ITEMS, cases=TWO)
    key = refused(shift)
    with shift.study() as study:
        built = study.store.settings.read(PLAN_SETTING)
        study.store.settings.write(PLAN_SETTING, "of an earlier version")
        refresh_queue(study.store, study.plan, shift.at)
        assert study.store.connector.read(RULES, (key,)) == [(0,)]
        study.store.settings.write(PLAN_SETTING, built)
        refresh_queue(study.store, study.plan, shift.at)
        assert study.store.connector.read(RULES, (key,)) != [(0,)]


def test_cases_that_an_earlier_version_imports_are_derived_again(tmp_path: Path) -> None:
    shift = Shift(tmp_path, items=ITEMS, cases=TWO)
    with shift.study() as study:
        study.store.connector.run(INSERT_IMPORTED_CASE, ("Z", "A"))
        assert [row.key for row in study.store.cases.queries.list_outdated_rows()] == ["Z"]


@pytest.mark.parametrize("outcome", ["no_answer", "refusal_soft", "callback"])
def test_what_this_version_writes_is_not_derived_again(outcome: str, tmp_path: Path) -> None:
    shift = Shift(tmp_path, items=ITEMS, cases=TWO)
    ann = shift.station("ann")
    assert ann.dial().rejection is None
    assert ann.record_outcome(outcome).rejection is None
    ann.end_shift()
    with shift.study() as study:
        assert study.store.cases.queries.list_outdated_rows() == []
        rules = study.store.connector.read("SELECT DISTINCT rules, derivations > 0 FROM cases")
        assert [bool(counted) for _, counted in rules] == [True]
        assert rules[0][0] is not None
