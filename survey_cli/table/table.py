"""The table that writers receive, and the variables known of every interview."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from survey_cli.instrument.compiled.model import Instrument
from survey_cli.outcomes import OUTCOMES
from survey_cli.values import ADMIN_COLUMNS, Cell, Code, Variable

_ADMIN_LABELS: Final = {
    "interview_id": "Interview",
    "interview_case": "Case",
    "interview_number": "Which interview of the case",
    "interview_origin": "Real, practice or simulated",
    "interview_version": "Version of the instrument",
    "interview_status": "How the interview stands",
    "interview_outcome": "Outcome",
    "interview_began": "Began (UTC)",
    "interview_updated": "Last entry (UTC)",
    "interview_by": "Interviewer",
}
_ADMIN_VALUES: Final[dict[str, dict[Code, str]]] = {
    "interview_origin": {"real": "Real", "practice": "Practice", "simulated": "Simulated"},
    "interview_status": {
        "open": "Under way",
        "suspended": "Put aside",
        "stopped": "Stopped before its end",
        "ended": "Ended",
    },
}
ADMIN_VARIABLES: Final = tuple(
    Variable(
        name=name,
        label=_ADMIN_LABELS[name],
        storage="integer" if name == "interview_number" else "text",
        labels=_ADMIN_VALUES.get(name, {}),
        role="admin",
    )
    for name in ADMIN_COLUMNS
)
"""What is known of every interview, before its data; `admin` says what its outcomes mean."""


def build_outcome_labels(instrument: Instrument, language: str) -> dict[Code, str]:
    """What each outcome is called: the table's, then the study's own in its words."""
    own = instrument.document.outcomes.items()
    return {
        **{outcome_id: outcome.name for outcome_id, outcome in OUTCOMES.items()},
        **{str(outcome_id): str(outcome.name.get(language)) for outcome_id, outcome in own},
    }


def build_admin_variables(
    instrument: Instrument, language: str, others: Mapping[Code, str] = MappingProxyType({})
) -> tuple[Variable, ...]:
    """`ADMIN_VARIABLES` with a label for each value of `interview_outcome`.

    `others` are labels for outcomes that this version does not label itself.
    """
    labels = build_outcome_labels(instrument, language)
    labels |= {code: label for code, label in others.items() if code not in labels}
    return tuple(replace(v, labels=labels) if v.name == "interview_outcome" else v for v in ADMIN_VARIABLES)


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyDescription:
    """Where data come from, in words, for formats that say so. What is empty is not stated."""

    id: str = ""
    """The instrument's: a name that a file may have."""
    title: str = ""
    version: str = ""
    sponsor: str = ""
    conducted_by: str = ""
    population: str = ""
    frame: str = ""
    selection: str = ""
    mode: str = ""
    dates: str = ""
    contact: str = ""
    notes: str = ""
    size: int | None = None
    """Units of the population."""
    weight: str = ""
    """The sample column with the weights."""
    universes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """By item who is asked it, in words; an item that is not here is asked of all."""
    intros: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """By item of a battery what is read before its statements."""
    instructions: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """By item what the interviewer is told and does not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Variables and rows. `rows` can be gone through once; each row has a cell for each variable."""

    variables: tuple[Variable, ...]
    rows: Iterable[tuple[Cell, ...]]
    language: str = "en"
    encoded_rows: Iterable[str] | None = None
    """The same rows as the texts they are kept as, for a writer that need not read each cell; `engine.cell_texts` reads
    them. One goes through `rows` or through these."""
    study: StudyDescription = StudyDescription()
    row_unit: str = "interview"
    """What one row is."""
