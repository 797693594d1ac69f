"""The table that writers receive, and the variables known of every interview."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from survey_cli.instrument.compiled.model import Instrument
from survey_cli.outcomes import OUTCOMES
from survey_cli.table.encoded_cells import join_row, split_row
from survey_cli.values import ADMIN_COLUMNS, Cell, Code, Variable

_ADMIN_LABELS: Final = {
    "interview_id": "Interview",
    "interview_case": "Case",
    "interview_number": "Number of the interview within the case",
    "interview_origin": "Real, practice or simulated",
    "interview_version": "Version of the instrument",
    "interview_status": "Interview status",
    "interview_outcome": "Outcome",
    "interview_began": "Started (UTC)",
    "interview_updated": "Last entry (UTC)",
    "interview_by": "Interviewer",
}
_ADMIN_VALUES: Final[dict[str, dict[Code, str]]] = {
    "interview_origin": {"real": "Real", "practice": "Practice", "simulated": "Simulated"},
    "interview_status": {
        "open": "In progress",
        "suspended": "Suspended",
        "stopped": "Stopped early",
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
"""The variables known of every interview; `build_admin_variables` labels its outcomes."""


def build_outcome_labels(instrument: Instrument, language: str) -> dict[Code, str]:
    """Return the name of each outcome: those of the outcome table, then the study's own."""
    own = instrument.document.outcomes.items()
    return {
        **{outcome_id: outcome.name for outcome_id, outcome in OUTCOMES.items()},
        **{str(outcome_id): str(outcome.name.get(language)) for outcome_id, outcome in own},
    }


def build_admin_variables(
    instrument: Instrument, language: str, others: Mapping[Code, str] = MappingProxyType({})
) -> tuple[Variable, ...]:
    """Return `ADMIN_VARIABLES` with a label for each value of `interview_outcome`.

    `others` are labels for outcomes that this version does not label itself.
    """
    labels = build_outcome_labels(instrument, language)
    labels |= {code: label for code, label in others.items() if code not in labels}
    return tuple(replace(v, labels=labels) if v.name == "interview_outcome" else v for v in ADMIN_VARIABLES)


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyDescription:
    """The source of the data in words, for formats that describe it. Empty fields are left out."""

    id: str = ""
    """The instrument's id, which may serve as a file name."""
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
    """Number of units in the population."""
    weight: str = ""
    """The sample column with the weights."""
    universes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The respondents who are asked an item, in words, by item; items that are missing here are asked of everybody."""
    intros: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The text read before the statements of a battery, by item."""
    instructions: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The instruction to the interviewer, which is not read aloud, by item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Variables and rows. Rows can be iterated once, as `rows` or as `encoded_rows`; each has a cell per variable."""

    variables: tuple[Variable, ...]
    rows: Iterable[tuple[Cell, ...]]
    language: str = "en"
    encoded_rows: Iterable[str] | None = None
    """The same rows as stored texts, for writers that need not decode each cell (see `encoded_cells`)."""
    study: StudyDescription = StudyDescription()
    row_unit: str = "interview"
    """The unit of a row: `interview`, `case`, `call`, `event` or `answer`."""

    def select_columns(self, names: Collection[str]) -> "Table":
        """Return the table with the columns of these names, in their present order."""
        indexes = [index for index, variable in enumerate(self.variables) if variable.name in names]
        width = len(self.variables)

        def iterate_rows() -> Iterator[tuple[Cell, ...]]:
            for row in self.rows:
                yield tuple([row[index] for index in indexes])

        def iterate_encoded_rows(encoded_rows: Iterable[str]) -> Iterator[str]:
            for row in encoded_rows:
                texts = split_row(row, width)
                yield join_row([texts[index] for index in indexes])

        return replace(
            self,
            variables=tuple(self.variables[index] for index in indexes),
            rows=iterate_rows(),
            encoded_rows=iterate_encoded_rows(self.encoded_rows) if self.encoded_rows is not None else None,
        )
