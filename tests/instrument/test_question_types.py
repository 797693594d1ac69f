"""Every question type says what other packages need to know of it, and a new one is understood by all of them."""

import inspect
import textwrap
from collections.abc import Iterator
from datetime import UTC, date, datetime
from random import Random
from typing import Any, ClassVar, Literal, cast
from unittest.mock import patch

import pytest

from survey_cli import entries, values
from survey_cli.engine.machine import COMPLETE
from survey_cli.entries import Entry, LineEntry, Rejection, Reply
from survey_cli.instrument.compiled.compiler import compile_instrument
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.number_ranges import NumberRange
from survey_cli.instrument.schema import options
from survey_cli.instrument.schema.items import (
    coded,
    groups,
    possible_answers,
    question,
    typed,
    unasked_items,
)
from survey_cli.instrument.schema.items.possible_answers import Amount, PossibleAnswers
from survey_cli.instrument.schema.items.question import QuestionItem
from survey_cli.instrument.source import nodes, scalars
from survey_cli.instrument.source.load import load_source_text
from survey_cli.instrument.source.scalars import Whole
from survey_cli.problems import select_errors
from survey_cli.proof.goals import Goal
from survey_cli.proof.verdicts import prove
from survey_cli.revisions.meaning_changes import list_changes
from survey_cli.scenarios.coverage import replay_witness
from survey_cli.simulate.interviews.length import estimate_lengths
from survey_cli.simulate.interviews.respondents import Habits, simulate_interviews
from survey_cli.values import Value

TODAY = date(2026, 12, 1)
REQUIRED = ("build_entry", "parse_reply", "describe_answers", "invent")
TEXT = """\
instrument: t
title: T
items:
  - {id: warmth, type: slider, to: 100, text: How warm?}
  - {id: why, type: verbatim, ask_if: warmth > 80, text: Why so warm?}
  - {id: never, type: verbatim, ask_if: warmth > 100, text: Beyond the end?}
"""


class SliderItem(QuestionItem):
    """A question type as the next person would add it: a number from 0 to `to`."""

    type: Literal["slider"]
    to: Whole

    condition_type: ClassVar[str] = "number"
    answer_seconds: ClassVar[float] = 7.0

    def build_entry(self, context: question.ItemContext) -> Entry:
        return LineEntry("number", f"0 to {self.to}")

    def parse_reply(
        self, context: question.ItemContext, reply: Reply
    ) -> question.ParsedAnswer | Rejection:
        number = int(str(reply))
        return Rejection(f"0 to {self.to}") if number > self.to else question.ParsedAnswer(number)

    def why_invalid(self, context: question.ItemContext, value: Value | None) -> str:
        is_inside = isinstance(value, int) and 0 <= value <= self.to
        return "" if is_inside else f"0 to {self.to}"

    def build_variables(
        self, item: question.CompiledItem, language: str
    ) -> tuple[question.Variable, ...]:
        return (question.build_variable(item, language, measure="scale"),)

    def describe_answers(self, item: question.CompiledItem) -> PossibleAnswers:
        return Amount((NumberRange(0, self.to),))

    def invent(self, context: question.ItemContext, rng: Random) -> Reply:
        return str(rng.randint(0, self.to))


@pytest.fixture(autouse=True)
def slider_is_a_type() -> Iterator[None]:
    with patch.dict(groups.ITEM_TYPES, slider=SliderItem):
        yield


def compile_text(text: str) -> Instrument:
    instrument, _, problems = compile_instrument(load_source_text(text, "t.yaml"))
    assert instrument is not None, problems
    assert not select_errors(problems)
    return instrument


@pytest.mark.parametrize("name", sorted(groups.ITEM_TYPES))
def test_every_type_describes_itself(name: str) -> None:
    item_type = groups.ITEM_TYPES[name]
    if item_type.is_group or not issubclass(item_type, QuestionItem):
        return
    missing = [
        method for method in REQUIRED if getattr(item_type, method) is getattr(QuestionItem, method)
    ]
    assert not missing
    assert item_type.answer_seconds >= 0


def test_the_proof_knows_the_answers_of_a_new_type() -> None:
    instrument = compile_text(TEXT)
    verdicts = prove(instrument, TODAY)
    assert set(verdicts.impossible) == {Goal("asked", "never")}
    witness = verdicts.possible[Goal("asked", "why")]
    assert 80 < witness.answers["warmth", None] <= 100
    _, run, holds = replay_witness(instrument, witness)
    assert holds
    assert [place.item for place in run.route] == ["warmth", "why"]


def test_a_smaller_range_of_a_new_type_is_a_change_of_meaning() -> None:
    old = compile_text(TEXT)
    new = compile_text(TEXT.replace("to: 100", "to: 90"))
    assert [change.what for change in list_changes(old, new)] == [
        "its range was 0 to 100 and is 0 to 90"
    ]


def test_the_length_of_an_interview_includes_a_new_type() -> None:
    instrument = compile_text(TEXT)
    start = datetime(2026, 12, 1, 9, tzinfo=UTC)
    invented = simulate_interviews(instrument, count=20, seed=1, start=start, habits=Habits())
    estimate = estimate_lengths(instrument, [one.interview for one in invented], {})
    assert len(estimate.routes[COMPLETE]) == 20
    assert min(estimate.items["warmth"]) == pytest.approx(7.0 + 2 / 2.5)


BASE_CLASSES = (
    options.SpecModel,
    options.ShortSpec,
    question.QuestionItem,
    question.StatedItem,
    coded.CodedItem,
    typed.LimitedItem,
    typed.FreeTextItem,
    unasked_items.SpokenItem,
    unasked_items.ComputedItem,
    unasked_items.SelectedItem,
)


@pytest.mark.parametrize("base", BASE_CLASSES, ids=lambda base: base.__name__)
def test_the_example_of_a_base_class_can_be_copied(base: type[options.SpecModel]) -> None:
    """What a type implements is there: nothing is missing when an answer is invented and parsed."""
    lines = (inspect.getdoc(base) or "").splitlines()
    example = textwrap.dedent("\n".join(line for line in lines if line.startswith("    ")))
    names: dict[str, Any] = {
        "scalars": scalars,
        "Literal": Literal,
        "ClassVar": ClassVar,
        "Any": Any,
    }
    modules = (entries, nodes, scalars, values, possible_answers, options, question, typed)
    for module in (*modules, coded, unasked_items):
        names |= vars(module)
    exec(example, names)  # noqa: S102 - it is our own docstring

    made = names[example.split("(")[0].split()[-1]]
    assert issubclass(made, base)
    made.model_rebuild(_types_namespace=names)
    if made.__name__ == "RestSpec":
        assert made.model_validate(nodes.YamlScalar("5", nodes.NOWHERE, plain=True)).minutes == 5
    if made.__name__ in ("WarmthItem", "NameItem", "NoticeItem"):
        made_question = made.model_construct(id="q", text=scalars.Text.from_string("How?"))
        context = cast(question.ItemContext, None)
        reply = made_question.invent(context, Random(1))
        assert isinstance(made_question.parse_reply(context, reply), question.ParsedAnswer)
