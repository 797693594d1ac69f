"""Notes under tables: on one question, on all tables, and on their columns and tests."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from survey_cli.reports import rounding
from survey_cli.reports.results import report_model as model
from survey_cli.reports.results.bracket_notes import describe_median
from survey_cli.reports.results.column_groups import HIGHER, LOWER, ReportColumns
from survey_cli.reports.results.crosstab import SMALL_BASE, Crosstab, ResultOptions
from survey_cli.reports.results.result_columns import TableColumn
from survey_cli.reports.texts import translate, translate_quantity
from survey_cli.reports.weighting import significance
from survey_cli.reports.weighting.answer_counts import NestedGrouping

# ── notes on one question ──────────────────────────────────────────────────────────────────────


def build_item_notes(table: Crosstab, interviews: int, options: ResultOptions) -> list[str]:
    """Build the notes on the totals. `interviews` is the number of all interviews in the report."""
    base = table.bases[0]
    if not base.people:
        return [translate("Nobody has been asked this.")]
    if table.is_base_hidden(0):
        return [_explain_hidden_base(table, interviews, options)]

    notes = explain_hidden_rows(table, [0], options)
    if not table.select_rows([0]):
        return notes
    if table.question.is_bracket:
        median = describe_median(table, options.digits)
        if median:
            notes.append(median)
    if options.valid and not table.is_valid:
        notes.append(translate("valid-hidden"))
    if table.question.kind == "multiple":
        notes.append(translate("several-answers"))
    elif not table.has_hidden(0) and table.detail_rows:
        weights = [table.lines[row].counts[0].weight for row in table.detail_rows]
        shares = [Fraction(weight, base.weight) for weight in weights]
        total = rounding.sum_rounded_percentages(shares, options.digits)
        if total != 100:
            text = rounding.format_decimal(total, options.digits)
            notes.append(
                translate("Percentages add up to {total} because of rounding.", total=text)
            )
    return notes


def _explain_hidden_base(table: Crosstab, interviews: int, options: ResultOptions) -> str:
    people = table.bases[0].people
    # Every page says how many interviews there are. The base of a follow-up, however, is also a
    # row of an earlier question, which doesn't tell whether it is small.
    is_announced = options.units == "anonymous" or people == interviews
    if people < options.threshold and is_announced:
        least = options.threshold
        return translate("Fewer than {least} were asked: their answers are not shown.", least=least)
    return translate("base-hidden")


def explain_hidden_rows(
    table: Crosstab, columns: Sequence[int], options: ResultOptions
) -> list[str]:
    """Return a note if a table with these columns shows only nets, or no rows."""
    rows = table.select_rows(columns)
    if len(rows) == len(table.lines):
        return []
    if columns == [0]:
        shown = "Only nets are shown" if rows else "Not shown"
    else:
        shown = "By group, only nets are shown" if rows else "By group, nothing is shown"
    return [translate("rows-hidden", shown=translate(shown), least=options.threshold)]


def list_unanimous(table: Crosstab, columns: Sequence[TableColumn]) -> list[str]:
    """Warn of columns in which all people gave the same answer; of the total only, if it is one."""
    if table.question.kind in ("words", "time"):
        return []
    notes: list[str] = []
    for column in columns:
        position = column.position
        base = table.bases[position].people
        if not base or table.is_base_hidden(position):
            continue
        for row, line in enumerate(table.lines):
            is_sum = line.kind in ("net", "range")
            is_same = not is_sum and line.counts[position].people == base
            if is_same and not table.is_hidden(row, position):
                who = column.describe_people()
                notes.append(translate("unanimous", who=who, n=f"{base:,}"))
        # If all gave the same answer, so did all in each column.
        if notes and position == 0:
            break
    return notes


# ── notes on all tables ────────────────────────────────────────────────────────────────────────


def build_table_notes(
    options: ResultOptions, *, weighted: bool, declines: Mapping[str, str]
) -> tuple[str, ...]:
    """Build the notes on all tables. `declines` holds the labels of declines, by kind."""
    digits = translate("whole numbers")
    if options.digits:
        digits = translate_quantity(options.digits, "decimal")
    half_unit = Fraction(1, 2 * 10**options.digits)
    notes = [
        translate("note-rounding", digits=digits),
        translate(
            "{trace} more than 0 and less than {least} percent. {empty} nobody was asked.",
            trace=rounding.TRACE_MARK,
            empty=rounding.EMPTY_MARK,
            least=rounding.format_decimal(half_unit, options.digits + 1),
        ),
    ]

    if options.valid:
        notes.append(translate("note-valid"))
    elif declines:
        notes.append(translate("note-declines", declines=", ".join(declines.values())))
    notes.append(
        translate("An item’s figures exclude people who were not asked or did not reach it.")
    )
    notes.append(translate("note-means"))
    if "quartiles" in options.statistics:
        notes.append(translate("note-quartiles"))
    if "se" in options.statistics or options.margins:
        notes.append(translate("note-margins"))

    if options.threshold > 1:
        hidden = "note-hidden-bases" if options.units == "anonymous" else "note-hidden"
        notes.append(translate(hidden, mark=rounding.HIDDEN_MARK, least=options.threshold))
    if weighted:
        notes.append(
            translate("Counts and percentages are weighted; bases are numbers of interviews.")
        )
    return tuple(notes)


# ── notes on columns ───────────────────────────────────────────────────────────────────────────


def build_column_notes(
    items: Sequence[model.ItemResult], columns: ReportColumns, *, weighted: bool
) -> list[str]:
    """Build the notes on the columns of all tables, and on their tests."""
    options = columns.options
    percentages = "note-column-percentages"
    if options.percent == "row":
        percentages = "note-row-percentages"
    notes = [translate(percentages)]
    if any(base.small_text for item in items for base in item.bases[1:]):
        notes.append(translate("note-small-base", mark=rounding.UNRELIABLE_MARK, least=SMALL_BASE))
    if options.least_column:
        least = options.least_column
        notes.append(translate("note-min-base", least=least, mark=rounding.UNRELIABLE_MARK))

    left_out: list[str] = []
    merged: list[str] = []
    for group in columns.groups:
        grouping = group.grouping
        left_out += [f"{grouping.label}: {label}" for label in grouping.list_left_out()]
        for part in sorted(grouping.crowded):
            labels = ", ".join(grouping.merged_labels[part])
            merged.append(f"{grouping.label}: {labels}")
    if left_out:
        notes.append(translate("Left out: {columns}.", columns="; ".join(left_out)))
    if merged:
        notes.append(translate("note-merged", columns="; ".join(merged)))

    if weighted:
        effective = "note-effective-bases-design" if options.errors else "note-effective-bases"
        notes.append(translate(effective))
    return notes + _build_test_notes(items, columns)


def _explain_nested_letters(columns: ReportColumns) -> list[str]:
    """Say for each nested banner which of its columns letters compare."""
    notes = []
    for group in columns.groups:
        grouping = group.grouping
        if isinstance(grouping, NestedGrouping) and grouping.compare == "pairs":
            outer = grouping.outer_label
            notes.append(translate("note-letters-nested", group=grouping.label, outer=outer))
    return notes


def _build_test_notes(items: Sequence[model.ItemResult], columns: ReportColumns) -> list[str]:
    """Build the notes on letters and tests, or on why there aren't any."""
    options = columns.options
    if not options.has_tests:
        return [translate("note-census" if options.census else "No tests were requested.")]

    notes = []
    if options.has_letters:
        compared = {group.grouping.compare for group in columns.groups}
        if "pairs" in compared:
            notes.append(translate("note-letters"))
            notes += _explain_nested_letters(columns)
        if "total" in compared:
            notes.append(translate("note-rest-of-total", higher=HIGHER, lower=LOWER))
        notes.append(
            translate(
                "note-t" if options.errors else "note-z",
                alpha=f"{1 - options.level:.4g}",
                correction=translate(f"correction-{options.correction}"),
                least=SMALL_BASE,
            )
        )
        if options.errors:
            notes.append(translate("note-differences"))

    notes.append(translate("note-tests"))
    names = {test.name for item in items for test in item.tests if test.name}
    described = significance.describe_tests(options.seed, by_design=options.errors)
    for name, text in described.items():
        if name in names:
            notes.append(f"{translate(name)}: {text}")
    if names and options.population and not options.errors:
        notes.append(translate("note-population", size=f"{options.population:,}"))
    return notes
