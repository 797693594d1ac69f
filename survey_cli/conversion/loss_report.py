"""The report of a conversion: what became of every row of a form."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from survey_cli.conversion.form import SheetChoice, SheetItem
from survey_cli.conversion.xpath import UnsupportedError
from survey_cli.conversion.yaml_text import Cell
from survey_cli.wording import format_quantity

LOGIC_COLUMNS: Final = ("relevant", "constraint", "calculation")

_TABLET: Final = re.compile(
    r"device-info\(|decimal-date-time\(now\(\)|format-date-time\(now\(\),[^)]*%[HhIMS]"
)
"""What an interview by telephone does not have: the device, and the time of day as a value."""


class ReportEntry(NamedTuple):
    """A cell, or a whole row, of the form."""

    sheet: str
    row: int
    column: str
    """Empty for the whole row."""
    name: str
    text: str
    """What became of it, the note, or the reason."""


class LogicCount(NamedTuple):
    """How many cells of a column were carried over, and how many have a counterpart."""

    carried: int
    total: int


@dataclass(slots=True)
class LossReport:
    """The three lists of a conversion."""

    carried: dict[ReportEntry, None] = field(default_factory=dict)
    noted: dict[ReportEntry, None] = field(default_factory=dict)
    lost: dict[ReportEntry, None] = field(default_factory=dict)
    logic: dict[str, LogicCount] = field(default_factory=dict)
    """By the columns of LOGIC_COLUMNS."""
    without_counterpart: int = 0
    """Cells of these columns that use the tablet or the time of day, which no interview by
    telephone has."""

    def summarize(self) -> str:
        """Return the numbers in one sentence."""
        columns = [
            f"{column} {count.carried} of {count.total}"
            for column, count in self.logic.items()
            if count.total
        ]
        logic = ", ".join(columns)
        if self.without_counterpart:
            what = "without a counterpart: they use the tablet or the time of day"
            logic += f"; {self.without_counterpart} {what}"
        if not logic:
            logic = "the form has none"

        lists = (
            f"{len(self.carried)} carried over, {len(self.noted)} with a note, {len(self.lost)} not"
        )
        return f"{lists}; expressions carried over: {logic}"


def render_report(report: LossReport, form: str, questionnaire: str) -> str:
    """Write the report as Markdown."""
    lines = [f"# {form} → {questionnaire}", "", f"{report.summarize()}."]
    lines += _render_list("Not carried over", "Reason", report.lost)
    lines += _render_list("Carried over with a note", "Note", report.noted)
    lines += _render_list("Carried over", "As", report.carried)
    return "\n".join(lines) + "\n"


def _render_list(title: str, heading: str, entries: dict[ReportEntry, None]) -> list[str]:
    lines = ["", f"## {title}: {format_quantity(len(entries), 'entry', 'entries')}", ""]
    if not entries:
        return [*lines, "None."]

    lines.append(_render_row(("Sheet", "Row", "Column", "Name", heading)))
    lines.append(_render_row(("---",) * 5))
    lines += [_render_row(entry) for entry in sorted(entries, key=_get_position)]
    return lines


def _get_position(entry: ReportEntry) -> tuple[bool, str, int, str]:
    return entry.sheet != "survey", entry.sheet, entry.row, entry.column


def _render_row(row: Sequence[object]) -> str:
    cells = [str(cell).replace("|", r"\|").replace("\n", " ") for cell in row]
    return f"| {' | '.join(cells)} |"


class ConversionLog:
    """Collects what becomes of cells while a form is converted: for the report, and as comments."""

    def __init__(self, refused: Mapping[Cell, str]) -> None:
        self.refused = refused
        """The cells whose conversion the checks of the questionnaire rejected, with the reason."""
        self.report = LossReport()
        self.comments: list[str] = []
        """The comments on the current item."""

    @contextmanager
    def collect_comments(self) -> Iterator[list[str]]:
        """Collect the comments on an item apart from those on the group around it."""
        outer = self.comments
        self.comments = []
        try:
            yield self.comments
        finally:
            self.comments = outer

    def check_accepted(self, item: SheetItem, column: str) -> None:
        """Raise UnsupportedError if the checks of the questionnaire rejected a cell."""
        reason = self.refused.get(("survey", item.row.number, column))
        if reason:
            raise UnsupportedError(reason)

    @contextmanager
    def catch_loss(self, item: SheetItem, column: str, consequence: str = "") -> Iterator[None]:
        """Report what can't be carried over of a cell."""
        try:
            yield
        except UnsupportedError as error:
            self.lose(item, column, f"{error}{consequence}")

    def carry(self, item: SheetItem, what: str) -> None:
        """Report a row that is carried over."""
        self.report.carried[_make_entry(item, "", what)] = None

    def note(self, item: SheetItem, column: str, note: str) -> None:
        """Report a cell that is carried over with a note, which is a comment as well."""
        self.report.noted[_make_entry(item, column, note)] = None
        self.comments.append(f"row {item.row.number}: {note}")

    def note_row(self, item: SheetItem, note: str) -> None:
        """Report a row that is carried over with a note, without a comment."""
        self.report.noted[_make_entry(item, "", note)] = None

    def note_choice(self, choice: SheetChoice, note: str) -> None:
        """Report a choice that is carried over with a note."""
        entry = ReportEntry("choices", choice.row.number, "", choice.code, note)
        self.report.noted[entry] = None

    def note_unknown_codes(self, item: SheetItem, column: str, mistakes: dict[str, None]) -> None:
        """Report codes that questions don't have in a cell that is carried over; clear the list."""
        for mistake in mistakes:
            self.note(item, column, f"{mistake}: here, as in the form, this is never true")
        mistakes.clear()

    def lose(self, item: SheetItem, column: str, reason: str) -> None:
        """Report a cell that is not carried over, with a comment."""
        self.report.lost[_make_entry(item, column, reason)] = None
        what = f"calculation {item.name}" if column == "calculation" else column
        on_one_line = " ".join(reason.split())
        self.comments.append(f"row {item.row.number}: {what} not carried over: {on_one_line}")

    def lose_silently(self, item: SheetItem, column: str, reason: str) -> None:
        """Report a cell, or a row if the column is empty, that is left out without a comment."""
        self.report.lost[_make_entry(item, column, reason)] = None

    def count_logic(self, items: list[SheetItem], false_by_telephone: set[int]) -> None:
        """Count the expressions that were carried over, once everything is converted.

        The rows of `false_by_telephone` have no counterpart in any case.
        """
        lost = {(entry.row, entry.column) for entry in self.report.lost if entry.sheet == "survey"}
        cells = [
            _LogicCell(item, column)
            for item in items
            for column in LOGIC_COLUMNS
            if item.row.get(column)
        ]
        missing = [
            cell
            for cell in cells
            if (cell.item.row.number, cell.column) in lost or (cell.item.row.number, "") in lost
        ]
        tablet = _find_tablet_cells(missing, false_by_telephone)

        self.report.without_counterpart = len(tablet)
        totals = Counter(cell.column for cell in cells)
        absent = Counter(cell.column for cell in missing)
        apart = Counter(cell.column for cell in tablet)
        for column in LOGIC_COLUMNS:
            total = totals[column]
            self.report.logic[column] = LogicCount(total - absent[column], total - apart[column])


def _make_entry(item: SheetItem, column: str, text: str) -> ReportEntry:
    return ReportEntry("survey", item.row.number, column, item.name, text)


class _LogicCell(NamedTuple):
    """An expression of the form."""

    item: SheetItem
    column: str


def _find_tablet_cells(missing: list[_LogicCell], false_by_telephone: set[int]) -> list[_LogicCell]:
    """Return the expressions that use the tablet, its clock, or a calculation that does."""
    found: list[_LogicCell] = []
    names: set[str] = set()
    rest = missing
    while True:  # a calculation may use one of a later row
        new: list[_LogicCell] = []
        others: list[_LogicCell] = []
        for cell in rest:
            is_false = cell.item.row.number in false_by_telephone
            if is_false or _needs_a_tablet(cell.item.row.get(cell.column), names):
                new.append(cell)
            else:
                others.append(cell)
        if not new:
            return found

        found += new
        rest = others
        names |= {cell.item.name for cell in new if cell.column == "calculation"}


def _needs_a_tablet(text: str, names: set[str]) -> bool:
    """Return whether an expression uses the tablet, its clock, or one of these calculations."""
    if _TABLET.search(text):
        return True
    used = re.findall(r"\$\{(.*?)\}", text)
    return not names.isdisjoint(used)
