"""Names of places for people: those of the steps of a bracket, which no designer wrote.

All other places are called by their item, as the questionnaire writes it.
"""

from typing import NamedTuple

from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.items.brackets import BracketAmountItem, BracketStepItem
from survey_cli.values import Place


class PlaceName(NamedTuple):
    """What a place is called."""

    key: str
    """What is typed to get there: `income 25000`, `age#2`."""
    words: str
    """What is read: `income: less than $25,000?`, `age#2`."""


def name_place(instrument: Instrument, place: Place, language: str = "") -> PlaceName:
    """Name a place; without a language, amounts are in the questionnaire's first one."""
    item = instrument.items.get(place.item)
    if item is None:
        return PlaceName(str(place), str(place))

    language = language or instrument.language
    match item.question:
        case BracketStepItem() as step:
            bracket = Place(step.bracket, place.turn)
            amount = Place(f"{step.bracket} {step.amount:.15g}", place.turn)
            return PlaceName(str(amount), f"{bracket}: {step.describe(language)}")
        case BracketAmountItem(bracket=bracket_id):
            bracket = Place(bracket_id, place.turn)
            exact = Place(f"{bracket_id} exact", place.turn)
            return PlaceName(str(exact), f"{bracket}: amount named")
        case _:
            return PlaceName(str(place), str(place))
