"""Limits of time, five times what is usual and more, so that a busy machine passes; `make bench` measures goals."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import pytest
import yaml

from benchmarks import questionnaires as made
from benchmarks.peers import session
from survey_cli.engine import prompts
from survey_cli.exports.conventions import WriteOptions
from survey_cli.exports.text import write_csv
from survey_cli.instrument.checks.all_checks import check_instrument
from survey_cli.instrument.source.load import load_source_text
from survey_cli.simulate.interviews.respondents import Habits, run_simulation, simulate_interviews
from survey_cli.table.columns import build_columns, build_row
from survey_cli.table.table import Table


def quickest(act: Callable[[], object], *, times: int = 3) -> float:
    """The shortest of some runs: what others do on the machine only ever adds."""
    found = []
    for _ in range(times):
        start = perf_counter()
        act()
        found.append(perf_counter() - start)
    return min(found)


@pytest.mark.time_limit
def test_an_instrument_is_checked_in_a_few_times_its_parser() -> None:
    text = made.mixed(600)
    check_instrument(load_source_text(text))
    ours = quickest(lambda: check_instrument(load_source_text(text)))
    parser = quickest(lambda: yaml.load(text, yaml.CSafeLoader))
    assert ours < 10 * parser, f"{ours / parser:.1f} times the parser alone"


@pytest.mark.time_limit
def test_checking_grows_with_the_instrument_and_not_its_square() -> None:
    short, long = made.mixed(200), made.mixed(1600)
    check_instrument(load_source_text(short))
    growth = quickest(lambda: check_instrument(load_source_text(long))) / quickest(
        lambda: check_instrument(load_source_text(short))
    )
    assert growth < 8 * 4, f"8 times the items take {growth:.0f} times as long"


@pytest.mark.time_limit
def test_an_answer_late_in_a_long_interview_costs_what_an_early_one_does() -> None:
    instrument = made.instrument(made.plain(1000))

    def answers(first: int) -> float:
        interview = made.answered(instrument, first - 1)
        events = list(made.answers(first, first + 30))
        start = perf_counter()
        for event in events:
            interview = interview.step(event)
            prompts.build_prompt(interview)
        return (perf_counter() - start) / len(events)

    early = min(answers(2) for _ in range(3))
    late = min(answers(960) for _ in range(3))
    assert late < 5 * early, f"{late * 1e6:.0f} µs against {early * 1e6:.0f} µs"


@pytest.mark.time_limit
def test_a_crowd_is_simulated_in_a_fraction_of_the_goal_of_a_bare_loop() -> None:
    instrument = made.instrument(made.plain(50))
    asked = session.items(50)
    ours = (
        quickest(
            lambda: run_simulation(instrument, count=60, seed=1, start=made.NOON, habits=Habits())
        )
        / 60
    )
    bare = quickest(lambda: session.sessions(asked, 600, 1)) / 600
    assert ours < 700 * bare, f"{ours / bare:.0f} times a bare loop"


@pytest.mark.time_limit
def test_a_table_is_written_in_a_few_times_a_plain_writer(tmp_path: Path) -> None:
    import csv

    instrument = made.instrument(made.plain(50))
    few = [
        build_row(one.interview)
        for one in simulate_interviews(
            instrument, count=50, seed=1, start=made.NOON, habits=Habits()
        )
    ]
    rows = few * 60
    table = Table(variables=build_columns(instrument), rows=rows, language="en")

    def ours() -> None:
        with (tmp_path / "ours.csv").open("w", encoding="utf-8", newline="") as file:
            assert write_csv(table, file, WriteOptions()).rows == len(rows)

    def plain() -> None:
        with (tmp_path / "plain.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)

    ratio = quickest(ours) / quickest(plain)
    assert ratio < 10, f"{ratio:.1f} times a plain writer"


def test_help_does_not_load_the_screen_or_the_language() -> None:
    program = (
        "import sys; from survey_cli.cli.app import build_app; build_app(())(['--help'], standalone_mode=False); "
        "print([m for m in ('textual', 'pydantic', 'yaml', 'sqlite3', 'rich') if m in sys.modules])"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert said.splitlines()[-1] == "[]"


@pytest.mark.time_limit
@pytest.mark.parametrize("count", [20])
def test_an_answer_is_committed_in_a_few_times_a_raw_row(tmp_path: Path, count: int) -> None:
    from benchmarks.peers.commits import Commits
    from benchmarks.storing import Answers

    ours, raw = Answers(tmp_path / "ours.db"), Commits(tmp_path / "raw.db")
    assert quickest(ours.commit, times=count) < 10 * quickest(raw.commit, times=count)
    ours.store.close()
    raw.db.close()
    with sqlite3.connect(tmp_path / "ours.db") as kept:
        assert kept.execute("SELECT count(*) FROM journal").fetchone() == (count + 1,)
    kept.close()
