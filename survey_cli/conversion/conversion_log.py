"""The log of a conversion: what becomes of each part of a form, for the report and as comments."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from survey_cli.conversion.loss_report import LogicCount, LossReport, ReportEntry
from survey_cli.conversion.model.expressions import UnsupportedError, find_names
from survey_cli.conversion.model.forms import (
    ForeignForm,
    FormCalculation,
    FormChoice,
    FormItem,
    Formula,
    Origin,
    SystemWords,
)


class ConversionLog:
    """Collects what becomes of cells while a form is converted: for the report, and as comments."""

    def __init__(self, words: SystemWords, refused: Mapping[Origin, str]) -> None:
        self.refused = refused
        """The places whose conversion the checks of the questionnaire rejected, with the reason."""
        self.report = LossReport()
        self.words = words
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

    def check_accepted(self, item: FormItem, column: str) -> None:
        """Raise UnsupportedError if the checks of the questionnaire rejected a cell."""
        reason = self.refused.get(item.origin.at(column))
        if reason:
            raise UnsupportedError(reason)

    @contextmanager
    def catch_loss(self, item: FormItem, column: str, consequence: str = "") -> Iterator[None]:
        """Report what can't be carried over of a cell."""
        try:
            yield
        except UnsupportedError as error:
            self.lose(item, column, f"{error}{consequence}")

    def carry(self, item: FormItem, what: str) -> None:
        """Report a row that is carried over."""
        self.report.carried[_make_entry(item, "", what)] = None

    def note(self, item: FormItem, column: str, note: str) -> None:
        """Report a cell that is carried over with a note, which is a comment as well."""
        self.report.noted[_make_entry(item, column, note)] = None
        self._add_comment(item, note)

    def log_remarks(self, item: FormItem) -> None:
        """Report what the reader of the form noted about an item, or lost of it."""
        for remark in item.remarks:
            if remark.is_loss:
                self.lose(item, remark.origin.column, remark.text)
            else:
                self.note(item, remark.origin.column, remark.text)

    def note_row(self, item: FormItem, note: str) -> None:
        """Report a row that is carried over with a note, without a comment."""
        self.report.noted[_make_entry(item, "", note)] = None

    def note_choice(self, choice: FormChoice, note: str) -> None:
        """Report a choice that is carried over with a note."""
        entry = ReportEntry(*choice.origin.at(""), choice.code, note)
        self.report.noted[entry] = None

    def note_unknown_codes(self, item: FormItem, column: str, mistakes: dict[str, None]) -> None:
        """Report codes that questions don't have in a cell that is carried over; clear the list."""
        for mistake in mistakes:
            self.note(item, column, f"{mistake}: here, as in the form, this is never true")
        mistakes.clear()

    def note_filter(self, item: FormItem, column: str, text: str) -> None:
        """Report what a condition does after a don't know."""
        self.report.filters[_make_entry(item, column, text)] = None

    def lose(self, item: FormItem, column: str, reason: str) -> None:
        """Report a cell that is not carried over, with a comment."""
        self.report.lost[_make_entry(item, column, reason)] = None
        what = column or item.name
        if isinstance(item, FormCalculation):
            what = f"calculation {item.name}"
        on_one_line = " ".join(reason.split())
        self._add_comment(item, f"{what} not carried over: {on_one_line}")

    def _add_comment(self, item: FormItem, text: str) -> None:
        """Add a comment on the current item.

        A text that is lost for the same reason twice, such as two conditions of a choice that ask
        for the place of the computer, has one comment, as it has one entry in the report.
        """
        row = self.words.name_row(item.origin.part, item.origin.row)
        comment = f"{row}: {text}"
        if comment not in self.comments:
            self.comments.append(comment)

    def lose_silently(self, item: FormItem, column: str, reason: str) -> None:
        """Report a cell, or a row if the column is empty, that is left out without a comment."""
        self.report.lost[_make_entry(item, column, reason)] = None

    def count_logic(self, form: ForeignForm, false_by_telephone: set[FormItem]) -> None:
        """Count the formulas that were carried over, once everything is converted.

        A formula that has no counterpart, such as any of `false_by_telephone`, counts as not
        carried over like others, so that the numbers agree with the lines of the report.
        """
        # A formula counts once, even if several items have it.
        by_origin: dict[Origin, _ItemFormula] = {}
        for item in form.root.iterate_items():
            for formula in item.list_formulas():
                by_origin.setdefault(formula.origin, _ItemFormula(item, formula))
        formulas = list(by_origin.values())
        lost = {entry[:3] for entry in self.report.lost}
        missing = [one for one in formulas if one.formula.origin in lost or one.item.origin in lost]
        apart = _find_device_formulas(missing, false_by_telephone)
        self.report.without_counterpart = len(apart)

        totals = Counter(_get_kind(one.formula) for one in formulas)
        absent = Counter(_get_kind(one.formula) for one in missing)
        for column in form.words.list_formula_columns():
            total = totals[column]
            self.report.logic[column] = LogicCount(total - absent[column], total)


def _get_kind(formula: Formula) -> str:
    """Return what the report counts a formula as."""
    return formula.counted_as or formula.origin.column


class _ItemFormula(NamedTuple):
    """A formula, and the item that has it."""

    item: FormItem
    formula: Formula


def _find_device_formulas(
    missing: list[_ItemFormula], false_by_telephone: set[FormItem]
) -> list[_ItemFormula]:
    """Return the formulas that use the tablet, its clock, or a calculation that does."""
    found: list[_ItemFormula] = []
    names: set[str] = set()
    rest = missing
    while True:  # a calculation may use one of a later row
        new: list[_ItemFormula] = []
        others: list[_ItemFormula] = []
        for one in rest:
            uses_device = one.formula.uses_device or find_names(one.formula.tree) & names
            if uses_device or one.item in false_by_telephone:
                new.append(one)
            else:
                others.append(one)
        if not new:
            return found

        found += new
        rest = others
        names |= {one.item.name for one in new if isinstance(one.item, FormCalculation)}


def _make_entry(item: FormItem, column: str, text: str) -> ReportEntry:
    return ReportEntry(*item.origin.at(column), item.name, text)
