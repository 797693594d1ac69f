"""The outcomes of a study: those of the outcome table, with the study's own rows and names."""

from dataclasses import replace
from itertools import count
from typing import Final

from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.document import OutcomeSpec
from survey_cli.outcomes import OUTCOMES, Outcome

UNREACHED_DELAY: Final = "3h"
CONTACT_DELAY: Final = "1d"
"""When to call again after a temporary outcome of the study's own that behaves like none of the table: the delay after
no answer, or after a conversation."""


def build_outcome_table(instrument: Instrument) -> dict[str, Outcome]:
    """Build the outcome table with the study's own rows and names."""
    table = dict(OUTCOMES)
    others = count(max(row.number for row in OUTCOMES.values()) + 1)
    for outcome_id, spec in instrument.document.outcomes.items():
        number = OUTCOMES[str(outcome_id)].number if str(outcome_id) in OUTCOMES else next(others)
        name = str(spec.name.get(instrument.language))
        like = OUTCOMES.get(str(spec.like or outcome_id))
        if like is None:
            table[str(outcome_id)] = replace(_make_new_outcome(str(outcome_id), name, spec), number=number)
            continue
        table[str(outcome_id)] = replace(
            like,
            id=str(outcome_id),
            name=name,
            moment=spec.moment or like.moment,
            temporary=like.temporary if spec.temporary is None else spec.temporary,
            rdd=str(spec.code or like.rdd),
            listed=str(spec.code or like.listed),
            like=like.id,
            number=number,
        )
    return table


def _make_new_outcome(outcome_id: str, name: str, spec: OutcomeSpec) -> Outcome:
    """Make an outcome that behaves like none of the table, from what is written."""
    again = UNREACHED_DELAY if spec.moment == "before" else CONTACT_DELAY
    return Outcome(
        id=outcome_id,
        moment=spec.moment or "after",
        name=name,
        rdd=str(spec.code or ""),
        listed=str(spec.code or ""),
        temporary=bool(spec.temporary),
        delay=again if spec.temporary else "",
    )
