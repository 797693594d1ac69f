"""Witnesses of the proof as scenarios, and their replay by the engine."""

from collections.abc import Mapping
from datetime import date, time
from random import Random
from typing import Any

from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.items.question import CompiledItem, ItemContext
from survey_cli.instrument.schema.items.typed import DateItem, TextItem, TimeItem
from survey_cli.instrument.schema.items.unasked_items import DrawItem, PickItem
from survey_cli.proof.goals import Witness
from survey_cli.scenarios.running import ScenarioRun, run_scenario
from survey_cli.scenarios.scenario import Scenario
from survey_cli.values import Missing, Value


def replay_witness(instrument: Instrument, witness: Witness) -> tuple[Scenario, ScenarioRun, bool]:
    """Return a witness as a scenario, its run, and whether the engine asks exactly the places of the witness.

    The seed is one that gives the splits, draws and orders of the witness. The order of places may differ.
    """
    scenario = build_scenario(instrument, witness)
    route = set(witness.route)

    def holds(run: ScenarioRun) -> bool:
        return set(run.route) == route and run.unanswered is None

    run = run_scenario(instrument, scenario, holds)
    return scenario, run, holds(run) and not run.differs


def build_scenario(instrument: Instrument, witness: Witness) -> Scenario:
    """Return the scenario with the answers and sample values of a witness."""
    answers = {}
    for place, value in witness.answers.items():
        item = instrument.items[place.item]
        if not isinstance(item.question, DrawItem | PickItem):  # its seed is found by the route
            answers[place] = format_typed(item, value, instrument.language)
    sample = {name: to_calendar(instrument.sample[name].type, value) for name, value in witness.sample.items()}
    return Scenario(today=witness.today, sample=sample, answers=answers)


def format_typed(item: CompiledItem, value: Any, language: str) -> str:
    """Return an answer as it is typed: a decline as `.dk`."""
    if isinstance(value, Missing):
        return f".{value.kind}"
    question = item.question
    match question:
        case DateItem():
            value = to_calendar("date", value)
        case TimeItem():
            value = to_calendar("time", value)
        case TextItem() if question.why_invalid(context := ItemContext(item=item, env={}, language=language), value):
            value = question.invent(context, Random(1))
    codes = value if isinstance(value, tuple) else (value,)
    words: Mapping[Any, str] = {o.code: "other" for o in item.options if o.specify and o.code in codes}
    return question.format_as_typed(value, words, language)


def to_calendar(kind: str, value: Any) -> Value | Missing:
    """Convert the number of a date or a time of day."""
    if isinstance(value, Missing) or kind not in ("date", "time") or not isinstance(value, int):
        return value  # type: ignore[no-any-return]
    return date.fromordinal(max(value, 1)) if kind == "date" else time(value // 60, value % 60)
