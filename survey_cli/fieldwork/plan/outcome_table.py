"""The outcomes of a study: those of the outcome table, with the study's own rows and names."""

from dataclasses import replace
from itertools import count
from typing import Final

from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.document import OutcomeSpec
from survey_cli.outcomes import OUTCOMES, Outcome

UNREACHED_DELAY: Final = "3h"
CONTACT_DELAY: Final = "1d"
"""Delays after a temporary outcome of the study's own that behaves like none of the table: after no
answer, and after a conversation."""


def build_outcome_table(instrument: Instrument) -> dict[str, Outcome]:
    """Build the outcome table with the study's own rows and names."""
    table = dict(OUTCOMES)
    new_numbers = count(max(row.number for row in OUTCOMES.values()) + 1)
    for key, spec in instrument.document.outcomes.items():
        outcome_id = str(key)
        number = 0
        if outcome_id in OUTCOMES:
            number = OUTCOMES[outcome_id].number
        number = number or next(new_numbers)

        # without `like` it is the table's own row with another name, or an outcome unlike any
        like = OUTCOMES.get(str(spec.like or outcome_id)) or _make_model(spec)
        table[outcome_id] = replace(
            like,
            id=outcome_id,
            name=str(spec.name.get(instrument.language)),
            moment=spec.moment or like.moment,
            temporary=like.temporary if spec.temporary is None else spec.temporary,
            rdd=str(spec.code or like.rdd),
            listed=str(spec.code or like.listed),
            like=like.id,
            number=number,
        )
    return table


def _make_model(spec: OutcomeSpec) -> Outcome:
    """Make the model of an outcome that behaves like none of the table."""
    delay = ""
    if spec.temporary:
        delay = UNREACHED_DELAY if spec.moment == "before" else CONTACT_DELAY
    return Outcome(id="", moment="after", name="", rdd="", listed="", temporary=False, delay=delay)
