"""Scenario files as written: cases, answers by place, and the results that are expected.

`scenarios/reading.py` compares them with the items, codes and outcomes of the questionnaire.
"""

import re
from datetime import date
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field

from survey_cli.instrument.schema.options import SpecModel
from survey_cli.instrument.source import scalars
from survey_cli.instrument.source.nodes import YamlList, YamlScalar

SCENARIO_SUFFIX: Final = ".scenarios.yaml"
_PLACE: Final = re.compile(r"[A-Za-z]\w*(#[1-9]\d*)?", re.ASCII)


def _parse_place(node: object) -> YamlScalar:
    text = scalars.parse_scalar(node, "an item")
    if not _PLACE.fullmatch(text):
        what = f"{scalars.describe_node(text)} is not an item"
        scalars.reject("bad-place", what, "write its id, in a roster with the turn: age#2")
    return text


def parse_reply(node: object) -> YamlScalar:
    """Parse an answer as it is typed; a list of codes is typed with spaces."""
    if isinstance(node, YamlList) and node:
        codes = [scalars.parse_words(code) for code in node]
        return YamlScalar(" ".join(codes), node.where, plain=True)
    return scalars.parse_words(node)


ANY_REPLY: Final = {"type": [*scalars.ANY_SCALAR["type"], "array"], "items": scalars.ANY_SCALAR}
PlaceKey: TypeAlias = Annotated[
    YamlScalar, scalars.ParseWith(_parse_place, {"type": "string"}), "an item"
]
Answer: TypeAlias = Annotated[YamlScalar, scalars.ParseWith(parse_reply, ANY_REPLY), "an answer"]
Day: TypeAlias = Annotated[date, scalars.ParseWith(scalars.parse_day, {"type": "string"}), "a date"]


class CaseSpec(SpecModel):
    """The case of an interview, and who conducts it."""

    sample: dict[scalars.Name, scalars.Label] = Field(default_factory=dict)
    """The values of sample columns: `{region: 2, since: 2024-03-01}`. If left out: empty."""
    date: Day | None = None
    """The day of the interview, which `today()` is. If left out: the day of the test."""
    seed: scalars.Whole | None = None
    """The number from which random orders, splits and draws follow. If left out: the first that
    gives the answers of splits and draws which the scenario has."""
    language: scalars.Name | None = None
    """The language of the interview. If left out: the first of the questionnaire."""
    interviewer: scalars.Label | None = None
    """The name that `{interviewer}` is. If left out: Pat."""


class StepSpec(SpecModel):
    """Something the interviewer does besides answering: either `back` or `correct`."""

    at: PlaceKey | None = None
    """The item that is asked then. If left out: the end, just before the interview is closed."""
    back: scalars.Whole = 0
    """How many questions the interviewer goes back. The same answers are then given again."""
    correct: dict[PlaceKey, Answer] = Field(default_factory=dict)
    """Earlier answers that are changed: `{age: 40}`."""


class ExpectSpec(SpecModel):
    """What must come true.

    Everything is optional; that the interview comes to an end is always expected.
    """

    ends: scalars.Name | None = None
    """The outcome: `complete`, `not_eligible`. If left out: any."""
    asked: list[PlaceKey] = Field(default_factory=list)
    """Items that are on the route at the end: asked, read or computed. Without a turn, in any
    turn."""
    not_asked: list[PlaceKey] = Field(default_factory=list)
    """Items that are not. The scenario may have answers to them."""
    text: dict[PlaceKey, scalars.Label] = Field(default_factory=dict)
    """Words that are read aloud at an item: `{hello: "May I speak with Kim?"}`."""
    value: dict[PlaceKey, Answer] = Field(default_factory=dict)
    """Values at the end, of items, computes and sample columns: `{household_size: 3, income: .dk}`.
    An item that is not asked is `.not_asked`."""
    rejected: dict[PlaceKey, scalars.Label] = Field(default_factory=dict)
    """Answers that are not accepted, with words of the message. The interview then stops there."""
    warned: dict[PlaceKey, scalars.Label] = Field(default_factory=dict)
    """Answers that a soft check or a read-back questions, with words of the message. The answer is
    kept."""


class ScenarioSpec(SpecModel):
    """One interview, written down in advance."""

    name: scalars.Label
    """What it shows, in a few words."""
    case: CaseSpec = Field(default_factory=CaseSpec)
    """The case. Keys that are left out are those of the file."""
    others: Literal["first"] | None = None
    """How questions without an answer are answered. `first`: with the first answer that is
    accepted: the first option, the lowest number, the day of the interview, any text. If left out:
    as the file says, or not at all; the scenario then fails."""
    answers: dict[PlaceKey, Answer] = Field(default_factory=dict)
    """Answers as they are typed, by item, in a roster with the turn: `{age: 34, name#2: Kim,
    brands: [1, 3], income: .dk}`. An option with words is `97 Something else`. The answer of a
    split or draw is what it must give, that of a quota `open`, `full` or `outside`."""
    steps: list[StepSpec] = Field(default_factory=list)
    """What the interviewer does besides answering. If left out: nothing."""
    expect: ExpectSpec = Field(default_factory=ExpectSpec)
    """What must come true. If left out: that the interview comes to an end."""


class ScenarioFile(SpecModel):
    """A file of scenarios, `NAME.scenarios.yaml` beside the questionnaire `NAME.yaml`."""

    case: CaseSpec = Field(default_factory=CaseSpec)
    """The case of all scenarios that have none of their own."""
    others: Literal["first"] | None = None
    """How questions without an answer are answered in all scenarios. If left out: the scenario
    fails."""
    answers: dict[PlaceKey, Answer] = Field(default_factory=dict)
    """Answers of all scenarios that have none of their own. They need not be asked."""
    scenarios: list[ScenarioSpec]
    """The scenarios."""
