"""The report of a conversion: what became of every row of a form."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from survey_cli.conversion.model.forms import SystemWords
from survey_cli.wording import format_quantity


class ReportEntry(NamedTuple):
    """A place in the form, and what became of it."""

    part: str
    row: int
    column: str
    """Empty for the whole row."""
    name: str
    text: str
    """What became of it, the note, or the reason."""


class LogicCount(NamedTuple):
    """How many cells of a column were carried over, and how many there are."""

    carried: int
    total: int


@dataclass(slots=True)
class LossReport:
    """The lists of a conversion."""

    carried: dict[ReportEntry, None] = field(default_factory=dict)
    noted: dict[ReportEntry, None] = field(default_factory=dict)
    lost: dict[ReportEntry, None] = field(default_factory=dict)
    filters: dict[ReportEntry, None] = field(default_factory=dict)
    """Items that are asked or left out after a don't know, which the form doesn't have."""
    logic: dict[str, LogicCount] = field(default_factory=dict)
    """By the columns that have conditions and calculations."""
    without_counterpart: int = 0
    """How many of those not carried over use the device, its place, or the time of day, which no
    interview by telephone has."""

    def summarize(self) -> str:
        """Return the numbers in one sentence."""
        columns = [
            f"{column} {count.carried} of {count.total}"
            for column, count in self.logic.items()
            if count.total
        ]
        logic = ", ".join(columns)
        if self.without_counterpart:
            why = "because they use the device, its place, or the time of day"
            logic += f"; not carried over {why}: {self.without_counterpart}"
        if not logic:
            logic = "the form has none"

        lists = (
            f"{len(self.carried)} carried over, {len(self.noted)} with a note, {len(self.lost)} not"
        )
        return f"{lists}; expressions carried over: {logic}"


def render_report(report: LossReport, words: SystemWords, form: str, questionnaire: str) -> str:
    """Write the report as Markdown. `words` are those of the form's system."""
    lines = [f"# {form} → {questionnaire}", "", f"{report.summarize()}."]
    lines += _render_list("Not carried over", words, "Reason", report.lost)
    lines += _render_list("Carried over with a note", words, "Note", report.noted)
    lines += _render_list("Carried over", words, "As", report.carried)
    if report.filters:
        lines += _render_list("Filters that a don't know decides", words, "Then", report.filters)
    return "\n".join(lines) + "\n"


def _render_list(
    title: str, words: SystemWords, heading: str, entries: dict[ReportEntry, None]
) -> list[str]:
    lines = ["", f"## {title}: {format_quantity(len(entries), 'entry', 'entries')}", ""]
    if not entries:
        return [*lines, "None."]

    headings = (words.part, words.row, words.column, "Name", heading)
    lines.append(_render_row(headings))
    lines.append(_render_row(("---",) * 5))
    lines += [_render_row(entry) for entry in _sort_entries(entries, words)]
    return lines


def _sort_entries(entries: dict[ReportEntry, None], words: SystemWords) -> list[ReportEntry]:
    """Return the entries in the order of the form, items first."""

    def get_position(entry: ReportEntry) -> tuple[bool, str, int, str]:
        return entry.part != words.items_part, entry.part, entry.row, entry.column

    return sorted(entries, key=get_position)


def _render_row(row: Sequence[object]) -> str:
    cells = [str(cell).replace("|", r"\|").replace("\n", " ") for cell in row]
    return f"| {' | '.join(cells)} |"
