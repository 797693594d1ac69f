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
    for id, own in instrument.document.outcomes.items():
        number = OUTCOMES[str(id)].number if str(id) in OUTCOMES else next(others)
        name = str(own.name.get(instrument.language))
        like = OUTCOMES.get(str(own.like or id))
        if like is None:
            table[str(id)] = replace(_make_new_outcome(str(id), name, own), number=number)
            continue
        table[str(id)] = replace(
            like,
            id=str(id),
            name=name,
            moment=own.moment or like.moment,
            temporary=like.temporary if own.temporary is None else own.temporary,
            rdd=str(own.code or like.rdd),
            listed=str(own.code or like.listed),
            like=like.id,
            number=number,
        )
    return table


def _make_new_outcome(id: str, name: str, own: OutcomeSpec) -> Outcome:
    """Make an outcome that behaves like none of the table, from what is written."""
    again = UNREACHED_DELAY if own.moment == "before" else CONTACT_DELAY
    return Outcome(
        id=id,
        moment=own.moment or "after",
        name=name,
        rdd=str(own.code or ""),
        listed=str(own.code or ""),
        temporary=bool(own.temporary),
        delay=again if own.temporary else "",
    )
