"""What is measured with? Instruments of any size, the same items as pyxform takes them, interviews that answer them."""

import csv
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random

from survey_cli.engine.events import (
    EventStamp,
    InterviewEvent,
    InterviewStarted,
    QuestionAnswered,
    SessionContext,
)
from survey_cli.engine.interview import Interview
from survey_cli.instrument.checks.all_checks import check_instrument
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.source.load import load_source_text

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
STAMP = EventStamp(NOON, "bench", "bench")
CODES = 5
HEAD = """\
instrument: {id}
title: Benchmark of {count} items
version: "1"
scales:
  agreement:
    1: Strongly agree
    2: Agree
    3: Disagree
    4: Strongly disagree
    5: No opinion
items:
"""


def plain(count: int) -> str:
    """So many questions of one kind, each with five options of its own; the last option names its item, so that a screen
    that shows it shows the whole question."""
    items = "".join(
        f"  - id: q{n}\n    type: single\n    text: Question number {n} of them, {{interviewer}}?\n    options:\n"
        f"      1: One\n      2: Two\n      3: Three\n      4: Four\n      5: Five, {mark(n)}\n"
        for n in range(1, count + 1)
    )
    return HEAD.format(id=f"plain_{count}", count=count) + items


def mark(number: int) -> str:
    """What stands on the screen when an item is painted whole."""
    return f"end-{number:05d}"


def mixed(count: int) -> str:
    """So many items as designers write them: lists, ranges, texts, batteries' scales, conditions on earlier items."""
    return HEAD.format(id=f"mixed_{count}", count=count) + "".join(_written(n) for n in range(1, count + 1))


def filtered(count: int, seed: int = 1) -> str:
    """So many items of which nearly half have a filter over some of the last sixty, and an `end` after every 97th."""
    rng, earlier = Random(seed), list[tuple[str, str]]()
    lines: list[str] = []
    for number in range(1, count + 1):
        name, kind = f"q{number}", rng.choice(("single",) * 5 + ("number",) * 2 + ("multiple", "text"))
        condition = f', ask_if: "{_filter(rng, earlier[-60:])}"' if len(earlier) > 3 and rng.random() < 0.45 else ""
        lines.append(f"  - {{id: {name}, type: {kind}, text: Question {number}?{condition}{_KINDS[kind]}}}")
        if kind != "text":
            earlier.append((name, kind))
        if number % 97 == 0 and number < count - 5:
            last, last_kind = earlier[-1]
            ends = f"2 in {last}" if last_kind == "multiple" else f"{last} == 2"
            condition = f"{ends} or declined({last})"
            lines.append(f'  - {{id: e{number}, type: end, outcome: not_eligible, ask_if: "{condition}"}}')
    return HEAD.format(id=f"filtered_{count}", count=count) + "\n".join(lines) + "\n"


_KINDS = {
    "single": ", options: {1: A, 2: B, 3: C, 4: D}",
    "number": ", min: 0, max: 100",
    "multiple": ", options: {1: A, 2: B, 3: C, 4: D, 5: {text: None of these, exclusive: true}}",
    "text": "",
}


def _filter(rng: Random, earlier: Sequence[tuple[str, str]]) -> str:
    parts = []
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3))):
        name, kind = rng.choice(earlier)
        if kind == "single":
            listed = f"{name} in [{rng.randint(1, 2)}, {rng.randint(3, 4)}]"
            parts.append(rng.choice((f"{name} == {rng.randint(1, 4)}", listed, f"{name} != {rng.randint(1, 4)}")))
        elif kind == "number":
            parts.append(f"{name} {rng.choice(('<', '>=', '>', '<='))} {rng.randint(1, 90)}")
        else:
            parts.append(f"{rng.randint(1, 5)} in {name}")
    joined = f" {rng.choice(('and', 'or'))} ".join(parts)
    return joined if rng.random() < 0.85 else f"not ({joined})"


def _written(number: int) -> str:
    lines = [f"  - id: q{number}"]
    match number % 5:
        case 1:
            lines += [
                "    type: single",
                f"    text: Is statement {number} true of you, {{interviewer}} asks?",
                "    options: agreement",
            ]
        case 2:
            lines += [
                "    type: number",
                f"    text: How many hours a week does number {number} take?",
                "    min: 0",
                "    max: 168",
            ]
        case 3:
            lines += [
                "    type: single",
                f"    text: Which of these fits number {number} best?",
                "    options: {1: The first, 2: The second, 3: Another}",
                f"    ask_if: q{number - 2} in [1, 2] and q{number - 1} > 10",
            ]
        case 4:
            lines += [
                "    type: multiple",
                f"    text: Which have you used for number {number}?",
                "    options: {1: Telephone, 2: Post, 3: In person, 4: {text: None of these, exclusive: true}}",
            ]
        case _:
            lines += [
                "    type: text",
                f"    text: What is it called, number {number}?",
                f"    ask_if: q{number - 3} >= 1",
            ]
    return "\n".join(lines) + "\n"


def as_xlsform(count: int, folder: Path) -> Path:
    """The items of `mixed` as pyxform reads them from one csv file."""
    path = folder / f"mixed_{count}.csv"
    columns = ("type", "name", "label", "relevant", "constraint")
    rows: list[tuple[str, ...]] = [("survey",), ("", *columns)]
    for n in range(1, count + 1):
        match n % 5:
            case 1:
                row = ("select_one agreement", f"q{n}", f"Is statement {n} true of you?", "", "")
            case 2:
                row = (
                    "integer",
                    f"q{n}",
                    f"How many hours a week does number {n} take?",
                    "",
                    ". >= 0 and . <= 168",
                )
            case 3:
                relevant = f"(${{q{n - 2}}} = 1 or ${{q{n - 2}}} = 2) and ${{q{n - 1}}} > 10"
                row = ("select_one fits", f"q{n}", f"Which of these fits number {n} best?", relevant, "")
            case 4:
                row = ("select_multiple used", f"q{n}", f"Which have you used for number {n}?", "", "")
            case _:
                row = ("text", f"q{n}", f"What is it called, number {n}?", f"${{q{n - 3}}} >= 1", "")
        rows.append(("", *row))
    lists = {
        "agreement": ("Strongly agree", "Agree", "Disagree", "Strongly disagree", "No opinion"),
        "fits": ("The first", "The second", "Another"),
        "used": ("Telephone", "Post", "In person", "None of these"),
    }
    rows += [("choices",), ("", "list_name", "name", "label")]
    for name, labels in lists.items():
        rows += [("", name, str(code), label) for code, label in enumerate(labels, 1)]
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return path


def instrument(text: str) -> Instrument:
    """The instrument, which must be without errors."""
    found = check_instrument(load_source_text(text))
    assert found.instrument is not None, found.problems[:5]
    return found.instrument


def written(text: str, folder: Path) -> Path:
    """The instrument as a file named after itself."""
    path = folder / (text.split("\n", 1)[0].removeprefix("instrument: ") + ".yaml")
    path.write_text(text, encoding="utf-8")
    return path


def begun(instrument: Instrument, case: str = "1") -> Interview:
    return Interview.begin(instrument, beginning(instrument, case))


def beginning(instrument: Instrument, case: str = "1") -> InterviewStarted:
    return InterviewStarted(
        STAMP, instrument.hash, 7, case, date(2026, 11, 24), SessionContext("bench", "morning", "en")
    )


def answers(first: int, last: int) -> Iterator[InterviewEvent]:
    """Answers to the items `first` to `last` of `plain`, none the same as the one before."""
    from survey_cli.values import Place

    for number in range(first, last + 1):
        yield QuestionAnswered(STAMP, Place(f"q{number}"), code(number))


def code(number: int) -> int:
    """The answer given to an item, so that none lands unnoticed on another."""
    return 1 + (number * 3 + number // 7) % CODES


def answered(instrument: Instrument, upto: int) -> Interview:
    """An interview of `plain` that has come past so many items."""
    found = begun(instrument)
    for event in answers(1, upto):
        after = found.step(event)
        assert isinstance(after, Interview), after
        found = after
    return found
