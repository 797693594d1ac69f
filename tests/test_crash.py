"""Interviews killed at any instant lose no answer: a small version of `make crash`."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from crash import endings
from crash.script import ITEMS, Stand, stand
from crash.station import Station
from crash.witness import missing
from support import postgres_server
from support.scale import SCALE
from survey_cli.engine.codec import JournalRecord
from survey_cli.services.database.administration import VerificationResult, verify_database
from survey_cli.store import Store
from survey_cli.store.interviews import interview_store

TESTS = Path(__file__).parent


def run_driver(tmp_path: Path, *arguments: str, driver: str = "crash") -> tuple[int, str, str]:
    """The driver's exit code, its summary, and what it found wrong."""
    done = subprocess.run(
        [sys.executable, "-m", driver, *arguments],
        env={
            **os.environ,
            "PYTHONPATH": f"{TESTS}{os.pathsep}{TESTS.parent}",
            "TMPDIR": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    return done.returncode, done.stdout, done.stderr


def counted(summary: str, what: str) -> int:
    found = re.search(rf"(\d+) {re.escape(what)}", summary)
    assert found is not None, summary
    return int(found[1])


def test_crashes_lose_nothing(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    runs = 12 * SCALE
    code, summary, wrong = run_driver(tmp_path, "--runs", str(runs), "--stations", "2")
    record_property("crash", summary)
    assert code == 0, summary + wrong
    assert re.search(
        r"\b0 missing; .* 0 elsewhere; 0 tracebacks; 0 hung; .* 0 findings;", summary
    ), summary
    assert counted(summary, "runs") == runs
    assert counted(summary, "resumed") > 0.4 * runs, (
        "too few interviews were resumed to say anything"
    )
    assert counted(summary, "answers compared") > runs
    for way in (
        "full screen",
        "plain",
        "kill -9",
        "terminals closed",
        "SIGTERM",
        "copies of the files",
    ):
        assert counted(summary, way) > 0, way


def test_the_driver_notices_a_program_that_writes_too_late(tmp_path: Path) -> None:
    code, summary, wrong = run_driver(tmp_path, "--runs", "6", "--stations", "1", "--sabotage")
    assert code == 1
    assert counted(summary, "missing") > 0, summary
    assert "was shown as taken" in wrong


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_nobody_who_completed_or_refused_is_called_again(
    tmp_path: Path, engine: str, record_property: Callable[[str, object], None]
) -> None:
    """Stations are killed around the last key and on the closing screen; `make crash` does it 300 times per engine."""
    where = [
        "--engine",
        engine,
        *(["--db", postgres_server.create_address()] if engine == "postgresql" else []),
    ]
    code, summary, wrong = run_driver(
        tmp_path, "--runs", str(4 * SCALE), *where, driver="crash.endings"
    )
    record_property("endings", summary)
    assert code == 0, summary + wrong
    assert re.search(
        r"\b0 would be called again, 0 ends missing, 0 tracebacks, 0 findings;", summary
    ), summary
    assert counted(summary, "respondents completed or refused") >= 2, summary


def test_the_driver_notices_cases_that_are_not_told_of_their_interviews(tmp_path: Path) -> None:
    code, summary, wrong = run_driver(tmp_path, "--runs", "4", "--sabotage", driver="crash.endings")
    assert code == 1
    assert counted(summary, "would be called again") >= 1, summary
    assert "again: K000" in wrong


def test_what_is_missing_is_found_in_its_order() -> None:
    rows = [("answered", "q1", '{"value":1}', ""), ("answered", "q2", '{"value":2}', "")]
    assert missing([("answered", "q1", "1"), ("answered", "q2", "2")], rows) == []
    assert missing([("answered", "q2", "2"), ("answered", "q1", "1")], rows) == [
        ("answered", "q1", "1")
    ]
    assert missing([("answered", "q1", "7")], rows) == [("answered", "q1", "7")]


def test_where_an_interview_stands_is_read_from_what_is_shown() -> None:
    assert stand("Item 003 of\nDoubt 003.") == Stand(3, doubted=True)
    assert stand("Item 003 of\n? Doubt 003.\nItem 004 of") == Stand(4)
    assert stand("Item 00") is None
    assert stand("35 answers · any key leaves") == Stand(ITEMS)


@pytest.mark.parametrize("plain", [False, True], ids=["screen", "plain"])
@pytest.mark.parametrize("at_station", [True, False], ids=["station", "alone"])
def test_a_program_that_stood_still_learns_that_another_has_the_case(
    tmp_path: Path, plain: bool, at_station: bool
) -> None:
    """Stopped beyond its lease (here the lease is moved, not the time), while another station takes the case."""
    study = endings.prepared(tmp_path, str(tmp_path / "endings.db"), 1)
    who = ["--interviewer", "ann", "--station", "s1", *(["--plain"] if plain else [])]
    end = "\n" if plain else ""
    if at_station:
        ann = Station(["station", str(study.file), "--db", study.db, *who], plain=plain)
        assert ann.shows("K0000")
        ann.look()
        ann.key(".interview\n" if plain else "i")
    else:
        ann = Station(
            ["interview", str(study.file), "--db", study.db, "--case", "K0000", *who], plain=plain
        )
    assert ann.shows("calling for the tests")
    ann.look()
    ann.key(end or " ")
    assert ann.shows("May I begin?")
    ann.signal(signal.SIGSTOP)
    with closing(sqlite3.connect(study.db)) as db, db:
        db.execute(
            "UPDATE cases SET lease_until = '2020-01-01T00:00:00.000000Z' WHERE status = 'leased'"
        )
    bob = Station(
        [
            "station",
            str(study.file),
            "--db",
            study.db,
            "--interviewer",
            "bob",
            "--station",
            "s2",
            "--plain",
        ],
        plain=True,
    )
    assert bob.shows("Interview: open at ok")
    ann.signal(signal.SIGCONT)
    ann.key(f"1{end}")
    assert ann.shows("bob at station s2 has this case now"), ann.shown()
    assert "Which kind?" not in ann.shown()
    bob.key(".interview\n1\n1\n1\n.suspend\n")
    assert bob.shows("[Ended: Complete]")
    ann.key(".suspend\n" if plain else "\x1b[19~s")
    assert ann.shows("Left: this station no longer has the case"), ann.shown()
    for one in (bob, ann):  # bob was forked with ann's terminal open
        one.close()
        assert one.end() is not None
    found = verify_database(study.file, db=study.db)
    assert isinstance(found, VerificationResult)
    assert found.findings == ()
    with closing(sqlite3.connect(study.db)) as db:
        assert db.execute("SELECT status, outcome FROM cases").fetchall() == [("done", "complete")]
        assert db.execute("SELECT status, outcome, by FROM interviews").fetchall() == [
            ("ended", "complete", "bob")
        ]


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_killed_between_the_statements_of_an_end_nothing_of_it_is_kept(
    tmp_path: Path, engine: str
) -> None:
    """The case is written, the interview is not: the next one who comes finds that everything was answered."""
    place = (
        postgres_server.create_address() if engine == "postgresql" else str(tmp_path / "endings.db")
    )
    study = endings.prepared(tmp_path, place, 1)
    who = [
        "--db",
        study.db,
        "--case",
        "K0000",
        "--interviewer",
        "ann",
        "--station",
        "s1",
        "--plain",
    ]

    def die_at_the_end() -> None:
        write = interview_store._append_within

        def add(
            execute: object,
            advance: object,
            lines: list[JournalRecord],
            *more: object,
            **other: object,
        ) -> bool:
            if lines[-1].kind == "ended":
                os.kill(os.getpid(), signal.SIGKILL)
            return write(execute, advance, lines, *more, **other)  # type: ignore[arg-type]

        interview_store._append_within = add  # type: ignore[assignment]

    for before, code, status in ((die_at_the_end, -signal.SIGKILL, "leased"), (bool, 1, "done")):
        ann = Station(["interview", str(study.file), *who], plain=True, before=before)
        if status == "leased":
            assert ann.shows("calling for the tests")
            ann.key("\n1\n1\n")
            assert ann.shows("The last one?")
            ann.key("1\n.suspend\n")
        else:
            assert ann.shows("its interview is finished (complete)")
        assert ann.end() == code
        ann.close()
        with Store.open(study.db, create=False) as store:
            [row] = store.cases.queries.iterate_rows()
            [interview] = store.interviews.list_rows()
            assert row.status == status
            assert (
                (interview.status == "ended")
                == (row.position.outcome == "complete")
                == (status == "done")
            )
            fill = store.cases.quotas.read_fill()["kinds:1"]
            assert (fill.completes, fill.reserved) == ((1, 0) if status == "done" else (0, 1))
        found = verify_database(study.file, db=study.db)
        assert isinstance(found, VerificationResult)
        assert found.findings == ()
