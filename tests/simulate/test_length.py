"""The estimated length of an interview: words, seconds by type, measured times, and the budget."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from survey_cli.cli.run_command import run_command
from survey_cli.instrument.checks.all_checks import check_instrument
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.source.load import load_source_text
from survey_cli.services.questionnaire.item_times import read_item_seconds
from survey_cli.simulate.interviews.length import LengthEstimate, describe_spread, estimate_lengths
from survey_cli.simulate.interviews.respondents import Habits, simulate_interviews

HEAD = "instrument: t\ntitle: T\n"
TEN_WORDS = "one two three four five six seven eight nine ten"


def compile_text(text: str) -> Instrument:
    instrument = check_instrument(load_source_text(HEAD + text, "f.yaml")).instrument
    assert instrument is not None
    return instrument


def estimate(text: str, measured: dict[str, float] | None = None) -> LengthEstimate:
    instrument = compile_text(text)
    habits = Habits(decline=0, back=0)
    start = datetime(2026, 1, 5, 9, tzinfo=UTC)
    invented = simulate_interviews(instrument, count=20, seed=1, start=start, habits=habits)
    return estimate_lengths(
        instrument, (simulated.interview for simulated in invented), measured or {}
    )


@pytest.mark.parametrize(
    ("items", "seconds"),
    [
        ("{id: a, type: read, text: TEN}", [4.0]),
        ("{id: a, type: single, text: TEN, options: {1: Yes, 2: No}}", [4 + 3.0]),
        (
            "{id: a, type: single, text: TEN, options: {1: very good, 2: rather good, 3: bad}}",
            [4 + 2 + 3.0],
        ),
        ("{id: a, type: single, text: TEN, read: false, options: {1: x, 2: y, 3: z}}", [4 + 3.0]),
        ("{id: a, type: scale, text: TEN, from: 0, to: 10}", [4 + 3.0]),
        ("{id: a, type: number, text: TEN}", [4 + 4.0]),
        (
            "{id: b, type: battery, scale: s, text: TEN, statements: {b1: TEN, b2: TEN}}",
            [4 + 2 + 3.0, 4 + 2.0],
        ),
        (
            "{id: s1, type: section, intro: TEN, items: [{id: a, type: number, text: TEN}]}",
            [4 + 4 + 4.0],
        ),
    ],
)
def test_words_and_seconds_by_type(items: str, seconds: list[float]) -> None:
    text = (
        f"scales: {{s: {{1: very good, 2: rather good, 3: bad}}}}\nitems:\n  - {items}\n".replace(
            "TEN", TEN_WORDS
        )
    )
    estimated = estimate(text if "scale: s" in text else text[text.index("items:") :])
    assert [times[0] for times in estimated.items.values()] == pytest.approx(seconds)
    assert estimated.routes["complete"] == pytest.approx([sum(seconds) / 60] * 20)


def test_measured_times_replace_the_estimate() -> None:
    estimated = estimate(f"items:\n  - {{id: a, type: number, text: {TEN_WORDS}}}\n", {"a": 90})
    assert describe_spread(estimated.routes["complete"]) == (20, 1.5, 1.5, 1.5)


def test_a_budget_that_does_not_suffice_is_an_error_with_the_longest_items(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "t.yaml"
    items = f"items:\n  - {{id: a, type: verbatim, text: {TEN_WORDS}}}\n  - {{id: b, type: verbatim, text: Why?}}\n"
    path.write_text(f"{HEAD}study:\n  minutes: 1\n{items}")
    assert run_command(["check", str(path)]) == 1
    out = capsys.readouterr().out
    assert (
        "t.yaml:4:12: study: minutes: a complete interview takes about 1.1 minutes, and the budget is 1"
        in out
    )
    assert "a (34 s), b (30 s)" in out
    path.write_text(f"{HEAD}study:\n  minutes: 2\n{items}")
    assert run_command(["check", str(path)]) == 0


def test_times_are_measured_from_fifty_interviews_on(tmp_path: Path) -> None:
    path, db = tmp_path / "t.yaml", str(tmp_path / "t.db")
    path.write_text(f"{HEAD}items:\n  - {{id: a, type: number, text: How many?}}\n")
    assert run_command(["simulate", str(path), "-n", "49", "--keep", "--db", db]) == 0
    assert read_item_seconds(str(path), db=db, origin="simulated") == {}
    assert run_command(["simulate", str(path), "-n", "1", "--seed", "2", "--keep", "--db", db]) == 0
    assert read_item_seconds(str(path), db=db, origin="simulated").keys() == {"a"}
    assert read_item_seconds(str(path), db=db) == {}  # simulated ones don't count
