"""A witness in words: the answers that lead to a goal."""

from collections.abc import Iterable
from typing import Final

from survey_cli.instrument.compiled.model import CompiledNode, Instrument
from survey_cli.instrument.compiled.place_names import name_place
from survey_cli.instrument.compiled.requirements import list_requirements
from survey_cli.instrument.schema.items.brackets import BracketStepItem
from survey_cli.proof.forks import find_route_inputs
from survey_cli.proof.goals import Goal, Witness, WitnessValue
from survey_cli.values import Missing, Place

MAX_SHOWN: Final = 6
"""How many answers of a witness are shown: the last ones, which come shortly before the goal."""


def describe_witness(instrument: Instrument, witness: Witness, goal: Goal) -> str:
    """Return the answers that lead to a goal and that conditions on the way name: `age = 17`."""
    names = _find_names_on_way(instrument, goal)
    given = dict(witness.sample)
    for place, answer in witness.answers.items():
        given[str(place)] = answer
    declines = label_declines(instrument)
    texts = []
    for name, value in given.items():
        item, _, _ = name.partition("#")  # what follows is the turn
        if item in names:
            texts.append(_describe_value(instrument, name, value, declines))
    return ", ".join(texts[-MAX_SHOWN:])


def _describe_value(
    instrument: Instrument, name: str, value: WitnessValue, declines: dict[str, str]
) -> str:
    """Return a value with its name: `age = 17`, `income: less than $25,000? Yes`."""
    answer = _format_value(value, declines)
    place = Place.parse(name)
    item = instrument.items.get(place.item)
    if item is None:
        return f"{name} = {answer}"

    words = name_place(instrument, place).words
    if not isinstance(item.question, BracketStepItem):
        return f"{words} = {answer}"
    for option in item.options:
        if option.code == value:
            answer = str(option.label.get(instrument.language))
    return f"{words} {answer}"


def _find_names_on_way(instrument: Instrument, goal: Goal) -> set[str]:
    """Find the variables that the way to a goal depends on, also through other conditions."""
    names: set[str] = set()
    further = {goal.name}
    if goal.kind in ("unfilled", "hole", "silent"):
        # their detail begins with the variable that is missing
        further |= find_route_inputs(instrument, [goal.detail[0]])
    elif goal.kind == "gap":
        for test in instrument.computes[goal.name].gap_tests:
            further |= find_route_inputs(instrument, test.names)
    while not further <= names:
        names |= further
        further = find_route_inputs(instrument, _list_required_names(instrument, names))
    if goal.kind not in ("fires", "passes"):
        names.discard(goal.name)
    return names


def _list_required_names(instrument: Instrument, names: Iterable[str]) -> list[str]:
    """List the variables in the conditions of items and groups."""
    required: list[str] = []
    for name in names:
        node: CompiledNode | None = instrument.items.get(name) or instrument.groups.get(name)
        if node is not None:
            for requirement in list_requirements(node):
                required += requirement.condition.names
    return required


def _format_value(value: WitnessValue, declines: dict[str, str]) -> str:
    if isinstance(value, Missing):
        return declines.get(value.kind, value.kind.replace("_", " "))
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, value))}]"
    if value == "":
        return "''"
    return str(value)


def label_declines(instrument: Instrument) -> dict[str, str]:
    """Return the label of each decline, as it is used within a sentence."""
    return {
        name: str(decline.text.get(instrument.language)).lower()
        for name, decline in instrument.declines.items()
    }
