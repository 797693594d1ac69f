"""The table that writers receive: variables, and rows as cells or as stored texts.

A stored row is a JSON array. Its cells are decoded only if needed; what a text means depends on
its column's storage.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from json import JSONDecoder, JSONEncoder
from types import MappingProxyType
from typing import Final

from survey_cli.engine.codec import EventDecodeError, encode_cells, make_row_reader
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.texts.languages import get_language_name
from survey_cli.instrument.texts.templates import render_placeholders
from survey_cli.outcomes import OUTCOMES
from survey_cli.values import ADMIN_COLUMNS, Cell, Code, Storage, Variable

NOT_ASKED_TEXT: Final = "null"

_CELL: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\{[^{}]*\}|[^",\[\]{}]+')
_DECODER: Final = JSONDecoder()
_ENCODER: Final = JSONEncoder(ensure_ascii=False, separators=(",", ":"))
LAST_ENTRY_COLUMN: Final = "interview_updated"
"""The column whose latest date and time a file is dated by."""
TIMESTAMP_COLUMNS: Final = (
    *("interview_began", LAST_ENTRY_COLUMN, "at", "first_at", "last_at"),
    *("sitting_began", "sitting_ended", "case_first_call", "case_last_call"),
)
"""The timestamps of interviews, answers, events, calls and cases."""
_ADMIN_LABELS: Final = {
    "interview_id": "Interview",
    "interview_case": "Case",
    "interview_number": "Number of the interview within the case",
    "interview_origin": "Real, imported, practice or simulated",
    "interview_version": "Version of the instrument",
    "interview_status": "Interview status",
    "interview_outcome": "Outcome",
    "interview_began": "Started (UTC)",
    "interview_updated": "Last entry (UTC)",
    "interview_by": "Interviewer",
    "interview_language": "Language of the interview",
}
_ADMIN_VALUES: Final[dict[str, dict[Code, str]]] = {
    "interview_origin": {
        "real": "Real",
        "imported": "Imported",
        "practice": "Practice",
        "simulated": "Simulated",
    },
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


def split_row(row: str, width: int) -> list[str]:
    """Return the texts of a row's cells.

    Raises EventDecodeError if it is not a row of `width` cells.
    """
    # decoding and encoding again is slow, so two cheaper ways are tried first
    texts = row[1:-1].split(",")
    if len(texts) == width and row[0] == "[" and row[-1] == "]":
        return texts  # the row has one comma fewer than cells, so none of them is inside a text

    texts = _CELL.findall(row, 1, len(row) - 1)
    if len(texts) == width and f"[{','.join(texts)}]" == row:
        return texts

    try:
        cells = _DECODER.decode(row)
    except (ValueError, RecursionError) as error:
        raise EventDecodeError(f"not a row of data ({error}): {row[:40]!r}") from None

    if not isinstance(cells, list) or len(cells) != width:
        raise EventDecodeError(f"a row of {width} columns was expected, not {row[:40]!r}")
    return [_ENCODER.encode(cell) for cell in cells]


def encode_missing(kind: str) -> str:
    """Return the stored text of a missing value."""
    if kind == "not_asked":
        return NOT_ASKED_TEXT
    return f'{{"missing":"{kind}"}}'


def join_row(texts: Iterable[str]) -> str:
    """Return the row whose cells have these texts."""
    return f"[{','.join(texts)}]"


def make_cell_reader(storage: Storage) -> Callable[[str], Cell]:
    """Return a function that decodes the texts of one column.

    It raises EventDecodeError if a text is not a cell.
    """
    read = make_row_reader([storage])
    return lambda text: read(f"[{text}]")[0]


def is_timestamp(variable: Variable) -> bool:
    """Return whether a column contains timestamps."""
    return (
        variable.role == "admin"
        and variable.storage == "text"
        and variable.name in TIMESTAMP_COLUMNS
    )


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
    """Return `ADMIN_VARIABLES` with labels for outcomes and languages.

    `others` are labels for outcomes that this version does not label itself.
    """
    labels = build_outcome_labels(instrument, language)
    labels |= {code: label for code, label in others.items() if code not in labels}
    names: dict[Code, str] = {
        code: get_language_name(code, language) for code in instrument.languages
    }
    labels_by_name = {"interview_outcome": labels, "interview_language": names}
    return tuple(replace(v, labels=labels_by_name.get(v.name, v.labels)) for v in ADMIN_VARIABLES)


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyDescription:
    """The source of the data in words, for formats that describe it. Empty fields are left out."""

    id: str = ""
    """The instrument's id, which may serve as a file name."""
    title: str = ""
    edition: int = 1
    """The edition of the language in which the newest version is written."""
    version: str = ""
    """The newest version of the questionnaire."""
    versions: tuple[str, ...] = ()
    """The versions that the interviews were conducted with, the oldest first."""
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
    design: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """The sample columns by their role in the design of the sample: `stratum`, `psu`, `fpc`,
    `replicate_weight`."""
    replication: str = ""
    """How replicate weights were made: `jk1`, `jkn`, `brr`, `fay`, `bootstrap` or `sdr`."""
    replication_factors: tuple[float, ...] = ()
    """The coefficient of `fay`; for `jkn` the factor of each replicate weight, or one for all."""
    universes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The respondents who are asked an item, in words, by item; items that are missing here are
    asked of all respondents."""
    intros: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The text read before the statements of a battery, by item."""
    instructions: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The instruction to the interviewer, which is not read aloud, by item."""
    computes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """How each computed value is determined, `1 if …`, by name."""
    rosters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """How often each roster is repeated, `as many times as …`, by its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Variables and rows.

    The rows can be iterated only once, in one of three forms. A row has a cell per variable.
    """

    variables: tuple[Variable, ...]
    rows: Iterable[tuple[Cell, ...] | str]
    """Rows of cells, or rows as stored."""
    language: str = "en"
    study: StudyDescription = StudyDescription()
    row_unit: str = "interview"
    """What a row is about: `interview`, `case`, `call`, `event` or `answer`."""

    def iterate_cells(self) -> Iterator[tuple[Cell, ...]]:
        """Yield the cells of each row.

        Raises EventDecodeError for a stored row of another table.
        """
        read = make_row_reader([variable.storage for variable in self.variables])
        return (read(row) if isinstance(row, str) else row for row in self.rows)

    def iterate_stored(self) -> Iterator[str]:
        """Yield the stored text of each row."""
        return (row if isinstance(row, str) else encode_cells(row) for row in self.rows)

    def iterate_texts(self) -> Iterator[list[str]]:
        """Yield the stored texts of the cells of each row.

        Raises EventDecodeError for a row of another table.
        """
        width = len(self.variables)
        return (split_row(row, width) for row in self.iterate_stored())

    def select_columns(self, names: Collection[str]) -> "Table":
        """Return the table with the columns of these names, in their present order."""
        indexes = [index for index, variable in enumerate(self.variables) if variable.name in names]
        variables = tuple(self.variables[index] for index in indexes)
        rows = (join_row([texts[index] for index in indexes]) for texts in self.iterate_texts())
        return replace(self, variables=variables, rows=rows)

    def append_column(
        self, variable: Variable, cells: Mapping[str, Cell], otherwise: Cell
    ) -> "Table":
        """Return the table with a last column; `cells` are by the stored text of the first cell."""
        text_of = {row: encode_cells((cell,))[1:-1] for row, cell in cells.items()}
        none = encode_cells((otherwise,))[1:-1]
        rows = (join_row([*texts, text_of.get(texts[0], none)]) for texts in self.iterate_texts())
        return replace(self, variables=(*self.variables, variable), rows=rows)


def show_placeholders(variable: Variable) -> Variable:
    """Return the variable with placeholders in its texts, but not in the condition of a compute."""
    wording = variable.wording
    if variable.role != "compute":
        wording = render_placeholders(wording)
    return replace(
        variable,
        label=render_placeholders(variable.label),
        wording=wording,
        labels={code: render_placeholders(text) for code, text in variable.labels.items()},
        declines={
            kind: (code, render_placeholders(text))
            for kind, (code, text) in variable.declines.items()
        },
    )


def show_table_placeholders(table: Table) -> Table:
    """Return the table with placeholders in the texts of its variables and its study."""
    study = table.study
    return replace(
        table,
        variables=tuple(map(show_placeholders, table.variables)),
        study=replace(
            study,
            title=render_placeholders(study.title),
            intros={item: render_placeholders(text) for item, text in study.intros.items()},
            instructions={
                item: render_placeholders(text) for item, text in study.instructions.items()
            },
        ),
    )
