"""Scenarios: a case, its answers by place, and what the interviewer does besides answering."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from survey_cli.values import Missing, Place, Value

NO_ANSWERS: Mapping[Place, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioStep:
    """Something the interviewer does: goes back, or corrects answers."""

    at: Place | None = None
    """Where it is done. None: at the end, before the interview is closed."""
    back: int = 0
    """So many places back."""
    correct: Mapping[Place, str] = NO_ANSWERS
    """Answers given instead of earlier ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """An interview in advance."""

    today: date
    name: str = ""
    sample: Mapping[str, Value | Missing] = field(default_factory=dict)
    seed: int | None = None
    """None: the first one that gives the answers of splits and draws."""
    language: str = ""
    """Empty: the first of the questionnaire."""
    interviewer: str = "Pat"
    answers: Mapping[Place, str] = NO_ANSWERS
    """As typed: `34`, `1 3`, `97 Fanta`, `.dk`. Those of splits and draws are conditions on the seed, those of quotas
    the state of the quota cell, which is open if left out."""
    fallback: Mapping[Place, str] = NO_ANSWERS
    """Answers that apply to a place that `answers` leave out, and need not be asked."""
    fills_others: bool = False
    """Whether everything else is answered with the first answer that is accepted."""
    steps: tuple[ScenarioStep, ...] = ()
