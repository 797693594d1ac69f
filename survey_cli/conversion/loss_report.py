"""Report of a conversion: what was carried over, what with a note, and what not."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from survey_cli.wording import format_quantity

LOGIC_COLUMNS: Final = ("relevant", "constraint", "calculation")


class ReportEntry(NamedTuple):
    """A cell, or a whole row, of the form."""

    sheet: str
    row: int
    column: str
    """Empty for the whole row."""
    name: str
    text: str
    """What became of it, the note, or the reason."""


@dataclass(slots=True)
class LossReport:
    """The three lists of a conversion."""

    carried: dict[ReportEntry, None] = field(default_factory=dict)
    noted: dict[ReportEntry, None] = field(default_factory=dict)
    lost: dict[ReportEntry, None] = field(default_factory=dict)
    logic: dict[str, tuple[int, int]] = field(default_factory=dict)
    """How many cells of a column of LOGIC_COLUMNS were carried over, and how many have a counterpart."""
    without_counterpart: int = 0
    """Cells of these columns that use the tablet or the time of day, which no interview by telephone has."""

    def summarize(self) -> str:
        """Return the numbers in one sentence."""
        logic = ", ".join(f"{column} {carried} of {total}" for column, (carried, total) in self.logic.items() if total)
        lists = f"{len(self.carried)} carried over, {len(self.noted)} with a note, {len(self.lost)} not"
        if self.without_counterpart:
            logic += f"; {self.without_counterpart} without a counterpart: they use the tablet or the time of day"
        return f"{lists}; expressions carried over: {logic or 'the form has none'}"


def render_report(report: LossReport, form: str, questionnaire: str) -> str:
    """Write the report as Markdown."""
    lists = (
        ("Not carried over", "Reason", report.lost),
        ("Carried over with a note", "Note", report.noted),
        ("Carried over", "As", report.carried),
    )
    lines = [f"# {form} → {questionnaire}", "", f"{report.summarize()}."]
    for title, heading, entries in lists:
        lines += ["", f"## {title}: {format_quantity(len(entries), 'entry', 'entries')}", ""]
        ordered = sorted(entries, key=lambda entry: (entry.sheet != "survey", entry.sheet, entry.row, entry.column))
        rows = [("Sheet", "Row", "Column", "Name", heading), ("---",) * 5, *ordered]
        cells = [[str(cell).replace("|", r"\|").replace("\n", " ") for cell in row] for row in rows]
        lines += [f"| {' | '.join(row)} |" for row in cells] if entries else ["None."]
    return "\n".join(lines) + "\n"
