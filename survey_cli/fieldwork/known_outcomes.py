"""Which outcomes does a study know? Those of the table, with its own rows and names. It judges none of them."""

from dataclasses import replace

from survey_cli.instrument.program import Instrument
from survey_cli.outcomes import OUTCOMES, Outcome


def outcome_table(instrument: Instrument) -> dict[str, Outcome]:
    """The outcome table with the study's own rows and names."""
    table = dict(OUTCOMES)
    for id, own in instrument.written.outcomes.items():
        like = table.get(str(own.like or id)) or OUTCOMES["supervisor"]
        table[str(id)] = replace(
            like,
            id=str(id),
            name=str(own.name.written(instrument.language)),
            moment=own.moment or like.moment,
            temporary=like.temporary if own.temporary is None else own.temporary,
            rdd=str(own.code or like.rdd),
            listed=str(own.code or like.listed),
            like=like.like or like.id,
        )
    return table
