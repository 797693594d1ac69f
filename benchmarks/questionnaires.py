"""Questionnaires of any size, the same as forms for pyxform, and interviews that answer them."""

import csv
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import NamedTuple

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
from survey_cli.values import Place

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
    """Write so many questions of one kind, each with five options of its own.

    The last option names its item: a screen that shows it shows the whole question.
    """
    items = [_write_plain(number) for number in range(1, count + 1)]
    return HEAD.format(id=f"plain_{count}", count=count) + "".join(items)


def _write_plain(number: int) -> str:
    return f"""\
  - id: q{number}
    type: single
    text: Question number {number} of them, {{interviewer}}?
    options:
      1: One
      2: Two
      3: Three
      4: Four
      5: Five, {mark(number)}
"""


def mark(number: int) -> str:
    """Return what is on the screen when an item is painted whole."""
    return f"end-{number:05d}"


def mixed(count: int) -> str:
    """Write so many items as designers do: lists, ranges, texts, scales, conditions."""
    items = [_write_mixed(number) for number in range(1, count + 1)]
    return HEAD.format(id=f"mixed_{count}", count=count) + "".join(items)


def _write_mixed(number: int) -> str:
    match number % 5:
        case 1:
            return f"""\
  - id: q{number}
    type: single
    text: Is statement {number} true of you, {{interviewer}} asks?
    options: agreement
"""
        case 2:
            return f"""\
  - id: q{number}
    type: number
    text: How many hours a week does number {number} take?
    min: 0
    max: 168
"""
        case 3:
            return f"""\
  - id: q{number}
    type: single
    text: Which of these fits number {number} best?
    options: {{1: The first, 2: The second, 3: Another}}
    ask_if: q{number - 2} in [1, 2] and q{number - 1} > 10
"""
        case 4:
            return f"""\
  - id: q{number}
    type: multiple
    text: Which have you used for number {number}?
    options:
      1: Telephone
      2: Post
      3: In person
      4: {{text: None of these, exclusive: true}}
"""
        case _:
            return f"""\
  - id: q{number}
    type: text
    text: What is it called, number {number}?
    ask_if: q{number - 3} >= 1
"""


KINDS = {
    "single": ", options: {1: A, 2: B, 3: C, 4: D}",
    "number": ", min: 0, max: 100",
    "multiple": ", options: {1: A, 2: B, 3: C, 4: D, 5: {text: None of these, exclusive: true}}",
    "text": "",
}
"""By question type, the further keys of an item."""
CHANCES = ("single",) * 5 + ("number",) * 2 + ("multiple", "text")
WINDOW = 60
"""A filter looks back at so many items."""
END_EVERY = 97


class Asked(NamedTuple):
    """An item that later filters may name."""

    id: str
    kind: str


def filtered(count: int, seed: int = 1) -> str:
    """Write so many items, nearly half of them with a filter, and an `end` after every 97th."""
    rng = Random(seed)
    earlier: list[Asked] = []
    lines = []
    for number in range(1, count + 1):
        item = Asked(f"q{number}", rng.choice(CHANCES))
        condition = ""
        if len(earlier) > 3 and rng.random() < 0.45:
            condition = f', ask_if: "{_write_filter(rng, earlier[-WINDOW:])}"'
        keys = f"id: {item.id}, type: {item.kind}, text: Question {number}?"
        lines.append(f"  - {{{keys}{condition}{KINDS[item.kind]}}}")
        if item.kind != "text":
            earlier.append(item)
        if number % END_EVERY == 0 and number < count - 5:
            lines.append(_write_end(number, earlier[-1]))
    return HEAD.format(id=f"filtered_{count}", count=count) + "\n".join(lines) + "\n"


def _write_end(number: int, last: Asked) -> str:
    ends = f"{last.id} == 2"
    if last.kind == "multiple":
        ends = f"2 in {last.id}"
    condition = f"{ends} or declined({last.id})"
    return f'  - {{id: e{number}, type: end, outcome: not_eligible, ask_if: "{condition}"}}'


def _write_filter(rng: Random, earlier: Sequence[Asked]) -> str:
    number = rng.choice((1, 1, 1, 2, 2, 3))
    parts = [_write_comparison(rng, rng.choice(earlier)) for _ in range(number)]
    joined = f" {rng.choice(('and', 'or'))} ".join(parts)
    if rng.random() < 0.85:
        return joined
    return f"not ({joined})"


def _write_comparison(rng: Random, item: Asked) -> str:
    match item.kind:
        case "single":
            listed = f"{item.id} in [{rng.randint(1, 2)}, {rng.randint(3, 4)}]"
            equal = f"{item.id} == {rng.randint(1, 4)}"
            different = f"{item.id} != {rng.randint(1, 4)}"
            return rng.choice((equal, listed, different))
        case "number":
            return f"{item.id} {rng.choice(('<', '>=', '>', '<='))} {rng.randint(1, 90)}"
        case _:
            return f"{rng.randint(1, 5)} in {item.id}"


XLSFORM_COLUMNS = ("type", "name", "label", "relevant", "constraint")
XLSFORM_LISTS = {
    "agreement": ("Strongly agree", "Agree", "Disagree", "Strongly disagree", "No opinion"),
    "fits": ("The first", "The second", "Another"),
    "used": ("Telephone", "Post", "In person", "None of these"),
}


def as_xlsform(count: int, folder: Path) -> Path:
    """Write the items of `mixed` as pyxform reads them from one CSV file."""
    rows: list[tuple[str, ...]] = [("survey",), ("", *XLSFORM_COLUMNS)]
    rows += [("", *_list_xlsform_cells(number)) for number in range(1, count + 1)]
    rows += [("choices",), ("", "list_name", "name", "label")]
    for name, labels in XLSFORM_LISTS.items():
        rows += [("", name, str(code), label) for code, label in enumerate(labels, 1)]

    path = folder / f"mixed_{count}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return path


def _list_xlsform_cells(n: int) -> tuple[str, str, str, str, str]:
    name = f"q{n}"
    match n % 5:
        case 1:
            return ("select_one agreement", name, f"Is statement {n} true of you?", "", "")
        case 2:
            label = f"How many hours a week does number {n} take?"
            return ("integer", name, label, "", ". >= 0 and . <= 168")
        case 3:
            label = f"Which of these fits number {n} best?"
            relevant = f"(${{q{n - 2}}} = 1 or ${{q{n - 2}}} = 2) and ${{q{n - 1}}} > 10"
            return ("select_one fits", name, label, relevant, "")
        case 4:
            return ("select_multiple used", name, f"Which have you used for number {n}?", "", "")
        case _:
            label = f"What is it called, number {n}?"
            return ("text", name, label, f"${{q{n - 3}}} >= 1", "")


def instrument(text: str) -> Instrument:
    """Compile a questionnaire, which must be without errors."""
    found = check_instrument(load_source_text(text))
    assert found.instrument is not None, found.problems[:5]
    return found.instrument


def written(text: str, folder: Path) -> Path:
    """Write the questionnaire to a file that is named for it."""
    first = text.split("\n", 1)[0]
    path = folder / (first.removeprefix("instrument: ") + ".yaml")
    path.write_text(text, encoding="utf-8")
    return path


def begun(instrument: Instrument, case: str = "1") -> Interview:
    """Begin an interview."""
    return Interview.begin(instrument, beginning(instrument, case))


def beginning(instrument: Instrument, case: str = "1") -> InterviewStarted:
    """Return the first event of an interview."""
    context = SessionContext("bench", "morning", "en")
    return InterviewStarted(STAMP, instrument.hash, 7, case, NOON.date(), context)


def answers(first: int, last: int) -> Iterator[InterviewEvent]:
    """Yield answers to the items `first` to `last` of `plain`."""
    for number in range(first, last + 1):
        yield QuestionAnswered(STAMP, Place(f"q{number}"), code(number))


def code(number: int) -> int:
    """Return the answer to an item. It isn't that of the item before, which could be mistaken."""
    return 1 + (number * 3 + number // 7) % CODES


def answered(instrument: Instrument, upto: int) -> Interview:
    """Return an interview of `plain` in which so many items are answered."""
    interview = begun(instrument)
    for event in answers(1, upto):
        after = interview.step(event)
        assert isinstance(after, Interview), after
        interview = after
    return interview
