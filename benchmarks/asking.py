"""Rows of the questionnaire and the engine: in this process, without a screen."""

from collections.abc import Callable
from datetime import date
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import perf_counter

import yaml

from benchmarks import questionnaires as made
from benchmarks.lines import Line, Row, at_least, at_most, below, format_time, unavailable
from benchmarks.measuring import (
    as_the_program,
    by_turns,
    each,
    exponent,
    medians,
    without_collector,
)
from benchmarks.peers import session
from survey_cli.engine import prompts
from survey_cli.engine.interview import Interview
from survey_cli.instrument.checks.all_checks import CheckResult, check_instrument
from survey_cli.instrument.expressions.known import Known
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.instrument.source.load import load_source, load_source_text
from survey_cli.problems import select_errors
from survey_cli.proof.verdicts import prove
from survey_cli.scenarios.generation import generate_scenarios
from survey_cli.scenarios.proving import prove_instrument
from survey_cli.services.database.administration import open_simulated_interview_writer
from survey_cli.simulate.interviews.respondents import Habits, run_simulation
from survey_cli.values import NOT_ASKED

DAY = date(2026, 11, 27)
ITEMS = 3000
SIZES = (300, 1000, 3000, 10_000)


def load_row(folder: Path) -> list[Line]:
    """What opening a file of 3,000 items takes, which is `survey check` without the proof, against
    the whole conversion by pyxform, and against PyYAML's parser alone. No garbage is collected
    meanwhile, by neither side."""
    text = made.mixed(ITEMS)
    file = made.written(text, folder)
    form = made.as_xlsform(ITEMS, folder)
    found = check_instrument(load_source(file))
    assert found.instrument is not None, found.problems[:3]
    assert not select_errors(found.problems)
    assert len(found.instrument.items) == ITEMS

    def ours() -> None:
        check_instrument(load_source(file))

    def parse() -> None:
        yaml.load(text, yaml.CSafeLoader)

    return [
        _compare_with_pyxform(ours, form),
        _compare_with_parser(ours, parse),
    ]


def _compare_with_pyxform(ours: Callable[[], None], form: Path) -> Line:
    what = "load and check 3,000 items"
    if find_spec("pyxform") is None:
        return unavailable(what, "install the extra [bench]")

    from pyxform.xls2xform import convert  # type: ignore[import-untyped]  # it has no types

    def theirs() -> None:
        convert(form, validate=False)

    took, converted = medians(7, without_collector(ours), without_collector(theirs))
    return at_most(what, took, converted, 0.6, against="pyxform, the same items")


def _compare_with_parser(ours: Callable[[], None], parse: Callable[[], None]) -> Line:
    took, parsed = medians(9, without_collector(ours), without_collector(parse))
    what = "load and check 3,000 items, against a parser"
    return at_most(what, took, parsed, 1.5, against="CSafeLoader of PyYAML")


def growth_row(folder: Path) -> list[Line]:
    """How the time of opening a file grows from 300 to 10,000 items: 1 is in proportion, 2 is
    with the square."""
    acts = []
    for size in SIZES:
        text = made.mixed(size)
        acts.append(as_the_program(partial(_check_text, text)))

    times = medians(3, *acts)
    slope = exponent(SIZES, times)
    last = format_time(times[-1], "s")
    figure = f"exponent {slope:.2f}; {last} for {SIZES[-1]:,}"
    what = "growth of load and check from 300 to 10,000 items"
    return [below(what, slope, 1.1, figure=figure, goal="≤ 1.1")]


def _check_text(text: str) -> None:
    check_instrument(load_source_text(text))


CONDITION = """\
  - {id: a, type: number, text: A?, min: 0}
  - {id: b, type: number, text: B?, min: 0}
  - {id: c, type: single, text: C?, options: agreement}
  - {id: d, type: single, text: D?, options: agreement, ask_if: "a == 1 and b > 3 and c in [1, 2]"}
"""


def condition_row(folder: Path) -> list[Line]:
    """A condition of three comparisons, with every answer known and with one not asked, against
    the same in Python without missing values."""
    instrument = made.instrument(made.HEAD.format(id="condition", count=4) + CONDITION)
    condition = instrument.items["d"].ask_if
    assert condition is not None
    evaluate = condition.evaluate
    answers = {"a": 1, "b": 4, "c": 2}
    known = Known(dict(answers))
    incomplete = Known({"a": 1, "b": NOT_ASKED, "c": 2})
    assert evaluate(known) is True
    assert evaluate(incomplete) is not True

    def native(values: dict[str, int]) -> bool:
        return values["a"] == 1 and values["b"] > 3 and values["c"] in (1, 2)

    ours, missing, theirs, empty = medians(
        9,
        each(50_000, lambda: evaluate(known)),
        each(50_000, lambda: evaluate(incomplete)),
        each(50_000, lambda: native(answers)),
        each(50_000, lambda: None),
    )
    what = "a condition of three comparisons"
    peer = "the same in Python"
    plain = theirs - empty
    return [
        at_most(what, ours - empty, plain, 5, against=peer, unit="µs"),
        at_most(f"{what}, one answer missing", missing - empty, plain, 5, against=peer, unit="µs"),
    ]


def step_row(folder: Path) -> list[Line]:
    """An answer and the next question, without disk and screen: the last 40 of an interview of
    3,000 items, against those of one of 50."""
    instruments = {count: made.instrument(made.plain(count)) for count in (50, ITEMS)}

    def step(count: int) -> float:
        interview = made.answered(instruments[count], count - 41)
        events = list(made.answers(count - 40, count - 1))
        start = perf_counter()
        for event in events:
            after = interview.step(event)
            assert isinstance(after, Interview)
            interview = after
            prompts.build_prompt(interview)
        return (perf_counter() - start) / len(events)

    short, long = medians(15, partial(step, 50), partial(step, ITEMS))
    what = "an answer and the next item at the end of 3,000 items"
    return [at_most(what, long, short, 1.2, against="of 50 items", unit="µs")]


def simulate_row(folder: Path) -> list[Line]:
    """`survey simulate` in memory, interviews of 50 items, against a bare loop that draws, checks
    and lists the answers."""
    instrument = made.instrument(made.plain(50))
    asked = session.items(50)

    def ours(count: int = 400) -> float:
        start = perf_counter()
        found = run_simulation(instrument, count=count, seed=7, start=made.NOON, habits=Habits())
        assert found.interviews == count
        return (perf_counter() - start) / count

    def theirs(count: int = 4000) -> float:
        start = perf_counter()
        assert session.sessions(asked, count, 7) == count * 50
        return (perf_counter() - start) / count

    took, bare = medians(9, as_the_program(ours), theirs)
    what = "`simulate` of 50 items in memory"
    return [at_least(what, 1 / took, 1 / bare, 0.1, against="a bare loop", unit="per second")]


def keep_row(folder: Path) -> list[Line]:
    """`survey simulate --keep` into a database, interviews of 50 items, against bare rows written
    by `sqlite3`, 1,000 interviews in a commit."""
    file = made.written(made.plain(50), folder)
    instrument = open_instrument(str(file))
    databases = iter(range(1000))

    def ours(count: int = 1000) -> float:
        db = str(folder / f"kept{next(databases)}.db")
        with open_simulated_interview_writer(
            file, instrument, db=db, beside_real=False, start=made.NOON
        ) as kept:
            start = perf_counter()
            run_simulation(
                instrument, count=count, seed=7, start=made.NOON, habits=Habits(), keep=kept.write
            )
            return (perf_counter() - start) / count

    def theirs(count: int = 5000) -> float:
        db = str(folder / f"raw{next(databases)}.db")
        start = perf_counter()
        session.rows(db, count, 50)
        return (perf_counter() - start) / count

    took, raw = medians(5, as_the_program(ours), theirs)
    what = "`simulate` of 50 items into a database"
    return [at_least(what, 1 / took, 1 / raw, 0.2, against="bare rows", unit="per second")]


def prove_row(folder: Path) -> list[Line]:
    """The proof of `survey check`: all verdicts, each possible one shown by an interview that is
    replayed. Nearly half of the items have a filter."""
    lines = []
    for count, limit in ((261, 1), (1137, 8), (3000, 60)):
        checked = check_instrument(load_source_text(made.filtered(count)))

        def prove_all(checked: CheckResult = checked) -> None:
            prove_instrument(checked, DAY)

        took = median(by_turns(3, prove_all)[0])
        what = f"proof of {count:,} items"
        lines.append(below(what, took, limit, figure=f"{took:.2f} s", goal=f"≤ {limit} s"))

    large = made.instrument(made.filtered(3000))

    def prove_items() -> None:
        prove(large, DAY)

    took = median(by_turns(3, prove_items)[0])
    what = "proof of 3,000 items: asked, skipped or unknown only"
    lines.append(below(what, took, 15, figure=f"{took:.2f} s", goal="≤ 15 s"))
    return lines


def generate_row(folder: Path) -> list[Line]:
    """`survey test --generate`: scenarios that cover all that is possible."""
    lines = []
    for count, limit in ((261, 5), (1137, 60)):
        instrument = made.instrument(made.filtered(count))
        suites: list[int] = []
        times = []
        for _ in range(3):
            start = perf_counter()
            scenarios, *_ = generate_scenarios(instrument, DAY)
            times.append(perf_counter() - start)
            suites.append(len(scenarios))

        took = median(times)
        figure = f"{took:.2f} s, {suites[-1]} scenarios"
        what = f"scenarios that cover {count:,} items"
        lines.append(below(what, took, limit, figure=figure, goal=f"≤ {limit} s"))
    return lines


ROWS = (
    Row("load", load_row),
    Row("growth", growth_row, guard=True),
    Row("prove", prove_row),
    Row("generate", generate_row),
    Row("condition", condition_row, guard=True),
    Row("step", step_row, guard=True),
    Row("simulate", simulate_row),
    Row("simulate-keep", keep_row),
)
