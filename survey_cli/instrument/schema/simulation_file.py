"""Settings of a simulation as written: what respondents answer, and how often they can be reached.

`services/questionnaire/simulation_settings.py` compares them with the questions and codes of the
questionnaire.
"""

import re
from datetime import date
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field

from survey_cli.instrument.schema.options import SpecModel
from survey_cli.instrument.source import scalars

SIMULATION_SUFFIX: Final = ".simulation.yaml"
_SHARE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(?:(%)|/\s*(\d+))?\Z", re.ASCII)


def _parse_share(node: object) -> float:
    """Parse a share from 0 to 1: `25%`, `0.25` or `1/4`."""
    text = scalars.parse_scalar(node, "a share").strip()
    match = _SHARE.match(text)
    remedy = "write 25%, 0.25 or 1/4"
    if match is None:
        scalars.reject("not-a-number", f"{scalars.describe_node(text)} is not a share", remedy)

    number, percent, written_divisor = match.groups()
    divisor = 1
    if percent:
        divisor = 100
    elif written_divisor:
        divisor = int(written_divisor)
    if not divisor or float(number) / divisor > 1:
        scalars.reject("not-a-number", f"{text} is not a share from 0 to 1", remedy)
    return float(number) / divisor


def _parse_positive(node: object) -> int:
    """Parse a whole number above zero."""
    number = scalars.parse_whole(node)
    if number < 1:
        scalars.reject("not-a-number", f"{number} is not possible here", "write 1 or more")
    return number


def _parse_seconds(node: object) -> float:
    seconds = scalars.parse_number(node)
    if not 1 <= seconds <= 600:
        scalars.reject("not-a-number", f"{seconds} seconds are not possible here", "write 1 to 600")
    return seconds


_SPREADS: Final = ("prefer", "wait", "off")
Share: TypeAlias = Annotated[
    float, scalars.ParseWith(_parse_share, {"type": ["number", "string"]}), "a share"
]
Positive: TypeAlias = Annotated[
    int, scalars.ParseWith(_parse_positive, {"type": "integer", "minimum": 1}), "a whole number"
]
Seconds: TypeAlias = Annotated[
    float, scalars.ParseWith(_parse_seconds, {"type": "number"}), "a number"
]
Day: TypeAlias = Annotated[date, scalars.ParseWith(scalars.parse_day, {"type": "string"}), "a date"]
Spread: TypeAlias = Annotated[
    Literal["prefer", "wait", "off"],
    scalars.ParseWith(scalars.build_word_parser(*_SPREADS), {"enum": [*_SPREADS]}),
    "prefer, wait or off",
]


class RespondentsSpec(SpecModel):
    """How simulated respondents behave in an interview."""

    decline: Share = 0.04
    """The share of items that they decline. If left out: 4%."""
    break_off: Share = 0.0
    """How likely they hang up at each item. If left out: never."""
    qualify: Share = 0.85
    """Of those who would be screened out, the share that qualifies instead; not with `--fieldwork`.
    If left out: 85%."""


class SimulatedFieldworkSpec(SpecModel):
    """Which cases are called when, and how often people can be reached, with `--fieldwork`."""

    sample: scalars.Name | None = None
    """The file with the cases, from the folder of this file. If left out: as many invented cases as
    `-n` says, or those of the database, as if no call had been made."""
    start: Day | None = None
    """The first day. If left out: the study's first day, or today."""
    days: Positive = 10
    """The number of calendar days. If left out: 10."""
    spread: Spread | None = None
    """How attempts are spread over the day. If left out: as the study says."""
    zone: scalars.Name | None = None
    """The time zone of the stations, such as America/Chicago. If left out: the study's."""
    people: scalars.Name | None = None
    """The list of people, from the folder of this file. If left out: `interviewers.csv` beside the
    database."""
    contact: Share = 0.25
    """How likely a person answers a call, on average over the week. If left out: 25%."""
    refuse: Share = 0.2
    """How likely a person who answers refuses. If left out: 20%."""
    later: Share = 0.25
    """How likely a person who does not refuse asks for another call. If left out: 25%."""
    kept: Share = 0.75
    """How likely a person answers at the time of an appointment. If left out: 75%."""
    eligible: Share = 0.95
    """The share of eligible persons. If left out: 95%."""
    seconds: Seconds = 12.0
    """The seconds that an item takes, on average. If left out: 12."""


class SimulationFile(SpecModel):
    """Settings of `survey simulate --settings`.

    They are in `NAME.simulation.yaml`, beside the questionnaire `NAME.yaml`.
    """

    answers: dict[scalars.Label, dict[scalars.Label, Share]] = Field(default_factory=dict)
    """How often a question is answered with a code or a decline:
    `{consent: {1: 90%, 2: 8%, refused: 2%}}`. If left out: all options are chosen equally often."""
    respondents: RespondentsSpec = Field(default_factory=RespondentsSpec)
    """How respondents behave in an interview. If left out: as its keys say."""
    fieldwork: SimulatedFieldworkSpec = Field(default_factory=SimulatedFieldworkSpec)
    """How the fieldwork goes. If left out: as its keys say."""
    completes: Positive | None = None
    """Simulate until this number of interviews is complete, in place of `-n`. If left out: as `-n`
    says."""
    beside_real: scalars.Flag = False
    """`true`: `--keep` stores the interviews in a database with real interviews too."""
