"""Quality of interviewing in a stored study: who is flagged, what is drawn, verdicts, and what analysts see of them."""

import csv
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from support import postgres_server
from support.command_line import folder, run_survey, written  # noqa: F401 – a folder of its own
from survey_cli.engine import events as ev
from survey_cli.engine.interview import Interview
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.simulate.interviews.respondents import Habits, simulate_interviews
from survey_cli.store import InstrumentRow, Store, WholeInterview

TEXT = """\
instrument: lib
title: City Library
sample:
  unit: {type: text, role: key}
  region: {type: single, options: {1: North, 2: South}, role: stratum}
items:
  - {id: name, type: text, text: What is your name please?, personal: true}
  - id: b
    type: battery
    text: How much do you agree that the {statement}?
    from: 1
    to: 5
    statements: {s1: staff is polite, s2: books are new, s3: rooms are quiet, s4: hours are long, s5: fees are low}
  - {id: visits, type: number, max: 90, text: How often did you visit the library last year?}
"""
START = datetime(2026, 11, 2, 15, tzinfo=UTC)
STAFF = ("ann", "bea", "cyd", "dot", "eve", "flo")


def store(db: str | None, each: int = 12) -> None:
    """A study in which flo keys each answer in half a second."""
    instrument = open_instrument(str(written("lib.yaml", TEXT)))
    interviews = []
    for n, simulated in enumerate(
        simulate_interviews(
            instrument, count=len(STAFF) * each, seed=1, start=START, habits=Habits()
        )
    ):
        who, at, journal = STAFF[n % len(STAFF)], START + timedelta(hours=n), []
        for event in simulated.interview.events:
            at += timedelta(seconds=0.5) if who == "flo" else timedelta(seconds=6 + n % 4)
            changed = event._replace(stamp=ev.EventStamp(at, who, "s1"))
            journal.append(
                changed._replace(case=f"c{n}")
                if isinstance(event, ev.InterviewStarted)
                else changed
            )
        interview = Interview.replay(instrument, journal)
        interviews.append(WholeInterview.from_interview(interview, str(UUID(int=n + 1)), "real"))
    Path("responses").mkdir(exist_ok=True)
    with Store.open(db or "responses/lib.db", create=True) as opened:
        opened.data.add_instrument(InstrumentRow.from_instrument(instrument, kept_at=START))
        opened.interviews.add(interviews)


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest) -> list[str]:
    if request.param == "sqlite":
        store(None)
        return []
    address = postgres_server.create_address()
    store(address)
    return ["--db", address]


def export(*more: str) -> dict[str, dict[str, str]]:
    run_survey(Path(), "export", "lib.yaml", "-o", "out.csv", "--force", *more)
    with Path("out.csv").open(encoding="utf-8", newline="") as file:
        return {row["interview_case"]: row for row in csv.DictReader(file)}


def test_interviews_are_compared_drawn_and_reviewed_on_both_engines(where: list[str]) -> None:
    before = export(*where)
    assert "interview_review" not in before["c0"]
    shown = run_survey(Path(), "quality", "lib.yaml", *where)[0]
    table, _, details = shown.partition("\n\n")
    assert [line.split("  ")[-1].strip() for line in table.splitlines()[1:]] == [
        *["no flags"] * 5,
        "faster than read",
    ]
    assert "flo\n  answers keyed faster than the question can be read: 100.0% of 84" in details
    assert "does not mean that interviews were falsified" in " ".join(details.split())
    assert "same version, language and region" in " ".join(details.split())

    drawn = json.loads(
        run_survey(Path(), "quality", "lib.yaml", "--draw", "10%", "--format", "json", *where)[0]
    )
    cases = [line["case"] for line in drawn["open"]]
    assert {f"c{n}" for n in range(5 * len(STAFF))} <= set(cases)
    assert drawn["drawn"] == len(cases) < 12 * len(STAFF)
    again = json.loads(
        run_survey(Path(), "quality", "lib.yaml", "--draw", "10%", "--format", "json", *where)[0]
    )
    assert (again["drawn"], again["open"]) == (0, drawn["open"])

    run_survey(Path(), "case", "review", "lib.yaml", "c0", "ok", *where)
    run_survey(
        Path(),
        "case",
        "review",
        "lib.yaml",
        "c5",
        "falsified",
        "--note",
        "nobody was called",
        *where,
    )
    rows = export(*where)
    assert [rows[case]["interview_review"] for case in ("c0", "c5", "c6")] == [
        "ok",
        "falsified",
        "drawn",
    ]
    assert {
        case: {k: v for k, v in row.items() if k != "interview_review"}
        for case, row in rows.items()
    } == before
    assert "c5" not in export("--without-falsified", *where)
    said = run_survey(Path(), "report", "lib.yaml", "-o", "all.csv", *where)[1]
    assert "interview_review is falsified in 1 interview" in said
    assert (
        "71 interviews"
        in run_survey(Path(), "report", "lib.yaml", "--without-falsified", "-o", "r.csv", *where)[1]
    )
    assert "reviewed" in run_survey(Path(), "export", "lib.yaml", "--what", "events", *where)[0]
    line = json.loads(run_survey(Path(), "quality", "lib.yaml", "--format", "json", *where)[0])[
        "interviewers"
    ][-1]
    assert (line["interviews"], line["reviews"]["falsified"]) == (11, 1)
    run_survey(Path(), "db", "verify", "lib.yaml", "--route", *where)


def test_a_review_needs_a_finished_interview_a_reason_and_a_supervisor() -> None:
    store(None)
    assert (
        "falsified needs a reason"
        in run_survey(Path(), "case", "review", "lib.yaml", "c1", "falsified", code=1)[1]
    )
    assert (
        "there is no case 'c999'"
        in run_survey(Path(), "case", "review", "lib.yaml", "c999", "ok", code=1)[1]
    )
    run_survey(
        Path(), "interview", "lib.yaml", "--case", "open", "--plain", keyed="Kim\n.quit\n", code=3
    )
    assert (
        "no interview with it is over"
        in run_survey(Path(), "case", "review", "lib.yaml", "open", "ok", code=1)[1]
    )
    assert "not a share" in run_survey(Path(), "quality", "lib.yaml", "--draw", "200%", code=2)[1]
    written(
        "responses/interviewers.csv",
        "login,role\nann,interviewer\nroot,interviewer\nsue,interviewer\nzoe,supervisor\n",
    )
    for command in (
        ["quality", "lib.yaml"],
        ["quality", "lib.yaml", "--draw", "5%"],
        ["case", "review", "lib.yaml", "c1", "ok"],
    ):
        assert "only a supervisor may" in run_survey(Path(), *command, code=1)[1]


def test_a_case_shows_the_review_of_its_interview() -> None:
    written("lib.yaml", TEXT + "fieldwork: {frame: list, country: US}\n")
    written("cases.csv", "unit,region\nA,1\n")
    run_survey(Path(), "sample", "import", "lib.yaml", "cases.csv")
    run_survey(
        Path(), "interview", "lib.yaml", "--case", "A", "--plain", keyed="Kim\n1\n2\n3\n4\n5\n6\n\n"
    )
    run_survey(Path(), "case", "review", "lib.yaml", "A", "questionable", "--note", "another age")
    assert (
        "review: questionable: another age"
        in run_survey(Path(), "case", "show", "lib.yaml", "A")[0]
    )


def test_options_select_and_compare_interviews() -> None:
    store(None)
    late = json.loads(
        run_survey(Path(), "quality", "lib.yaml", "--since", "2026-11-04", "--format", "json")[0]
    )
    assert sum(line["interviews"] for line in late["interviewers"]) < 12 * len(STAFF)
    assert late["mix"] == ["region"]
    shown = run_survey(
        Path(), "quality", "lib.yaml", "--interviewer", "flo", "--mix", "region,visits"
    )[0]
    assert "faster than read" in shown.splitlines()[1]
    assert (
        "visits"
        in json.loads(
            run_survey(Path(), "quality", "lib.yaml", "--mix", "visits", "--format", "json")[0]
        )["mix"]
    )
    assert (
        "did you mean 'flo'?"
        in run_survey(Path(), "quality", "lib.yaml", "--interviewer", "flow", code=1)[1]
    )
    assert (
        "there is no column 'sex'"
        in run_survey(Path(), "quality", "lib.yaml", "--mix", "sex", code=1)[1]
    )
    lines = run_survey(Path(), "quality", "lib.yaml", "--format", "csv")[0].splitlines()
    assert lines[0].startswith(
        "interviewer,indicator,observed,expected,low,high,of,p,adjusted,flagged"
    )
    assert len(lines) == 1 + 11 * len(STAFF)
    nobody = run_survey(Path(), "quality", "lib.yaml", "--origin", "practice", code=1)[1]
    assert "there are no complete interviews to compare" in nobody


def test_the_reason_of_a_review_is_erased_with_the_answers() -> None:
    store(None)
    run_survey(
        Path(), "case", "review", "lib.yaml", "c1", "questionable", "--note", "says Kim Novak"
    )
    run_survey(Path(), "privacy", "erase", "lib.yaml", "c1", "--reason", "asked", "--yes")
    assert b"Novak" not in Path("responses/lib.db").read_bytes()
    assert export()["c1"]["interview_review"] == "questionable"
    run_survey(Path(), "db", "verify", "lib.yaml")


def test_verification_finds_a_review_that_was_changed_by_hand() -> None:
    store(None)
    run_survey(Path(), "case", "review", "lib.yaml", "c1", "ok")
    with closing(sqlite3.connect("responses/lib.db", isolation_level=None)) as database:
        database.execute(
            "UPDATE journal SET payload = '{\"verdict\":\"fine\"}' WHERE kind = 'reviewed'"
        )
    assert "case c1, interview" in run_survey(Path(), "db", "verify", "lib.yaml", code=1)[0]
    assert "reviews" in run_survey(Path(), "export", "lib.yaml", code=1)[1]
