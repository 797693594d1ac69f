"""Rows of the instrument and the engine: in this process, no screen and no disk but the database of `simulate`."""

from datetime import date
from pathlib import Path
from statistics import median
from time import perf_counter

import yaml

from benchmarks import questionnaires as made
from benchmarks.measuring import (
    Line,
    as_the_program,
    at_least,
    at_most,
    below,
    by_turns,
    each,
    exponent,
    later,
    medians,
    without_collector,
)
from benchmarks.peers import session
from survey_cli.engine import prompts
from survey_cli.engine.interview import Interview
from survey_cli.instrument.checks.all_checks import check_instrument
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.instrument.source.load import load_source, load_source_text
from survey_cli.problems import select_errors
from survey_cli.proof.verdicts import prove
from survey_cli.scenarios.generation import generate_scenarios
from survey_cli.services.database.administration import open_simulated_interview_writer
from survey_cli.services.questionnaire.proof import prove_instrument
from survey_cli.simulate.interviews.respondents import Habits
from survey_cli.simulate.interviews.respondents import run_simulation as crowd
from survey_cli.values import NOT_ASKED

DAY = date(2026, 11, 27)
ITEMS, SIZES = 3000, (300, 1000, 3000, 10_000)


def load_row(folder: Path) -> list[Line]:
    """Everything `survey check` does to a file, against PyYAML's parser alone and pyxform's whole conversion.

    No side collects garbage meanwhile: how often it would depends on what else the process holds.
    """
    text = made.mixed(ITEMS)
    file, form = made.written(text, folder), made.as_xlsform(ITEMS, folder)
    found = check_instrument(load_source(file))
    assert found.instrument is not None, found.problems[:3]
    assert not select_errors(found.problems)
    assert len(found.instrument.items) == ITEMS

    def ours() -> None:
        check_instrument(load_source(file))

    def libyaml() -> None:
        yaml.load(text, yaml.CSafeLoader)

    lines = []
    try:
        from pyxform.xls2xform import convert
    except ImportError:
        lines.append(later(f"load + validate + checks of {ITEMS:,} items", "≤ 0.6×", "pyxform is not installed"))
    else:
        took, theirs = medians(9, without_collector(ours), without_collector(lambda: convert(form, validate=False)))
        against = "pyxform, the same items from csv"
        lines.append(at_most(f"load + validate + checks of {ITEMS:,} items", took, theirs, 0.6, against=against))
    took, theirs = medians(15, without_collector(ours), without_collector(libyaml))
    lines.append(at_most("the same", took, theirs, 1.5, against="PyYAML's CSafeLoader alone"))
    return lines


def growth_row(folder: Path) -> list[Line]:
    texts = [made.mixed(size) for size in SIZES]

    def loaded(text: str) -> None:
        check_instrument(load_source_text(text))

    times = medians(5, *(as_the_program(lambda text=text: loaded(text)) for text in texts))  # type: ignore[misc]  # mypy infers no type for a lambda with a default
    slope = exponent(SIZES, times)
    said = ", ".join(f"{size:,}: {time * 1e3:.0f} ms" for size, time in zip(SIZES, times, strict=True))
    return [below(f"growth of that ({said})", slope, 1.1, said=f"exponent {slope:.2f}", goal="≤ 1.1")]


def condition_row(folder: Path) -> list[Line]:
    """A condition of three comparisons and an `and`, with every answer known and with one that is not asked."""
    instrument = made.instrument(
        made.HEAD.format(id="condition", count=4)
        + "  - {id: a, type: number, text: A?, min: 0}\n  - {id: b, type: number, text: B?, min: 0}\n"
        + "  - {id: c, type: single, text: C?, options: agreement}\n"
        + '  - {id: d, type: single, text: D?, options: agreement, ask_if: "a == 1 and b > 3 and c in [1, 2]"}\n'
    )
    condition = instrument.items["d"].ask_if
    assert condition is not None
    evaluate = condition.evaluate
    native = lambda env: env["a"] == 1 and env["b"] > 3 and env["c"] in (1, 2)  # noqa: E731 - the peer is a lambda
    env = {"a": 1, "b": 4, "c": 2}
    unknown = {"a": 1, "b": NOT_ASKED, "c": 2}
    assert evaluate(env) is True
    assert evaluate(unknown) is not True
    ours, missing, theirs = medians(
        9,
        each(50_000, lambda: evaluate(env)),
        each(50_000, lambda: evaluate(unknown)),
        each(50_000, lambda: native(env)),
    )
    empty = median(by_turns(9, each(50_000, lambda: None))[0])
    what = "a condition, three-valued, of three comparisons"
    return [
        at_most(what, ours - empty, theirs - empty, 5, against="a native lambda", unit="µs"),
        at_most("the same, an answer missing", missing - empty, theirs - empty, 5, against="", unit="µs"),
    ]


def step_row(folder: Path) -> list[Line]:
    """The last 40 answers of a short and of a long interview, each with the Prompt that follows."""
    instruments = {count: made.instrument(made.plain(count)) for count in (50, ITEMS)}

    def stepped(count: int) -> float:
        interview = made.answered(instruments[count], count - 41)
        events = list(made.answers(count - 40, count - 1))
        start = perf_counter()
        for event in events:
            after = interview.step(event)
            assert isinstance(after, Interview)
            interview = after
            prompts.build_prompt(interview)
        return (perf_counter() - start) / len(events)

    short, long = (median(times) for times in by_turns(25, lambda: stepped(50), lambda: stepped(ITEMS)))
    what = f"one answer and the next item, 50 → {ITEMS:,} items"
    return [at_most(what, long, short, 1.2, against="itself", unit="µs")]


def simulate_row(folder: Path) -> list[Line]:
    instrument = made.instrument(made.plain(50))
    asked = session.items(50)

    def ours(count: int = 400) -> float:
        start = perf_counter()
        found = crowd(instrument, count=count, seed=7, start=made.NOON, habits=Habits())
        assert found.interviews == count
        return (perf_counter() - start) / count

    def theirs(count: int = 4000) -> float:
        start = perf_counter()
        assert session.sessions(asked, count, 7) == count * 50
        return (perf_counter() - start) / count

    took, bare = medians(9, as_the_program(ours), theirs)
    against = "a bare session loop with validation and history, 50 items"
    return [at_least("`simulate` in memory", 1 / took, 1 / bare, 0.1, against=against, unit="interviews/s")]


def keep_row(folder: Path) -> list[Line]:
    file = made.written(made.plain(50), folder)
    instrument = open_instrument(str(file))
    number = 0

    def ours(count: int = 2000) -> float:
        nonlocal number
        number += 1
        db = str(folder / f"kept{number}.db")
        with open_simulated_interview_writer(file, instrument, db=db, force=False, start=made.NOON) as kept:
            start = perf_counter()
            crowd(instrument, count=count, seed=7, start=made.NOON, habits=Habits(), keep=kept.write)
            return (perf_counter() - start) / count

    def theirs(count: int = 10_000) -> float:
        start = perf_counter()
        session.rows(str(folder / f"raw{number}.db"), count, 50)
        return (perf_counter() - start) / count

    took, raw = medians(5, as_the_program(ours), theirs)
    against = "raw sqlite3 rows, 1,000 interviews a commit"
    return [at_least("`simulate` into a database", 1 / took, 1 / raw, 0.2, against=against, unit="interviews/s")]


def prove_row(_: Path) -> list[Line]:
    """`survey check --prove`: all verdicts, with witnesses replayed; and the three about items alone."""
    lines = []
    for count, limit in ((261, 1), (1137, 8), (3000, 60)):
        checked = check_instrument(load_source_text(made.filtered(count)))
        (took,) = medians(3, lambda checked=checked: prove_instrument("filtered", checked, DAY) and None)  # type: ignore[misc]  # mypy infers no type for a lambda with a default
        what = f"all verdicts of {count:,} items"
        lines.append(below(what, took, limit, said=f"{took:.2f} s", goal=f"≤ {limit} s"))
    assert checked.instrument is not None
    large = checked.instrument
    (took,) = medians(3, lambda: prove(large, DAY) and None)
    what = f"asked, skipped, unknown: {count:,} items"
    return [*lines, below(what, took, 15, said=f"{took:.2f} s", goal="≤ 15 s")]


def generate_row(_: Path) -> list[Line]:
    """`survey test --generate`: scenarios that cover all that is possible."""
    lines = []
    for count, limit in ((261, 5), (1137, 60)):
        instrument = made.instrument(made.filtered(count))
        suites: list[int] = []

        def generate(instrument: Instrument = instrument, suites: list[int] = suites) -> None:
            suites.append(len(generate_scenarios(instrument, DAY)[0]))

        (took,) = medians(3, generate)
        what = f"{suites[0]} scenarios that cover {count:,} items"
        lines.append(below(what, took, limit, said=f"{took:.2f} s", goal=f"≤ {limit} s"))
    return lines


ROWS = {
    "load": load_row,
    "prove": prove_row,
    "generate": generate_row,
    "growth": growth_row,
    "condition": condition_row,
    "step": step_row,
    "simulate": simulate_row,
    "keep": keep_row,
}
