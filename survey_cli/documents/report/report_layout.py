"""Report layout shared by all writers: chapters, batteries and grids of texts.

It computes no figures.

Its texts are in the language that the writer of the document chose.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain, groupby
from math import ceil, isfinite
from typing import Final, Literal, NamedTuple, TypeAlias, TypeVar

from survey_cli.documents.charts.svg import estimate_width
from survey_cli.documents.text_runs import flatten
from survey_cli.fieldwork.rates.dispositions import GROUPS
from survey_cli.reports.codebook.codebook import Codebook
from survey_cli.reports.fieldwork.rates import (
    RATE_DEFINITIONS,
    RateTable,
    collect_figures,
    format_rate,
)
from survey_cli.reports.results import report_model as model
from survey_cli.reports.rounding import (
    EMPTY_MARK,
    HIDDEN_MARK,
    UNRELIABLE_MARK,
    format_count,
    format_decimal,
    format_p_value,
)
from survey_cli.reports.texts import translate, translate_quantity
from survey_cli.reports.weighting.answer_counts import DesignDifference, DesignError
from survey_cli.reports.weighting.weights import WeightingSummary
from survey_cli.wording import escape_controls, format_quantity, pluralize

Value = TypeVar("Value")

APPENDIX_TITLE: Final = "Appendix: methods and rates"
READING_TITLE: Final = "How to read the tables"
METHODS_TITLE: Final = "How the survey was done"
FINDINGS_TITLE: Final = "Key findings"
MAX_BAR_COLUMNS: Final = 3
"""Maximum number of banner columns beside bars."""


class TableWidth(NamedTuple):
    """The width of the columns of a table, in characters, without that of the labels."""

    characters: int
    equal_columns: bool = False
    """Whether all columns are as wide as the widest."""


PAGE_WIDTH: Final = TableWidth(84)
"""The width of an A4 page."""
WORD_WIDTH: Final = TableWidth(60, equal_columns=True)
ERROR_HEADS: Final = ("Percent", "Standard error", "Interval", "CV", "Design effect")
"""Heads of the columns of a figure's precision."""
DIFFERENCE_HEADS: Final = ("Difference", "SE", "Interval", "p")
TOTAL_HEADS: Final = ("Total", "Standard error", "Interval", "CV")
SMALL_TOTAL_ERROR: Final = 10
"""A total with a smaller standard error has one decimal."""
COLUMN_GAP: Final = 2
"""Space between two columns in characters."""
CHARACTER_WIDTH: Final = 0.56
"""Average width of a character relative to the font size."""

LineKind: TypeAlias = Literal[
    "answer", "volunteered", "decline", "net", "range", "mention", "base", "summary", "head"
]
"""`head`: a line that names those below it."""


MeasuredFigure: TypeAlias = model.Figure | model.SummaryStatistics | model.QuantileFigure
"""A figure that may have a standard error."""


class GridHead(NamedTuple):
    """The head of a column of figures."""

    group: str
    """The head above it and its neighbors; empty if there is none."""
    text: str
    letter: str = ""
    has_bars: bool = False
    """Whether its shares may have bars beside them."""

    @property
    def full_text(self) -> str:
        """The text and its letter: `Women (B)`."""
        return _add_note(self.text, self.letter)


class GridCell(NamedTuple):
    """One cell of a grid."""

    text: str
    letters: str = ""
    """Significance letters, as superscript."""
    mark: str = ""
    """A mark beside the text: `[u]`."""
    share: Fraction | None = None
    """The share shown as a bar."""
    amount: Fraction | int | None = None
    """The number or sum of weights, for programs that compute with it; None for other texts."""

    @property
    def full_text(self) -> str:
        """The text, its mark and its letters."""
        return " ".join(part for part in (self.text, self.mark, self.letters) if part)


class GridLine(NamedTuple):
    """One line of a grid."""

    kind: LineKind
    label: str
    note: str
    cells: tuple[GridCell, ...]

    @property
    def full_label(self) -> str:
        """The label and its note."""
        return _add_note(self.label, self.note)


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of texts: heads of columns, and lines with a label and one cell per column."""

    caption: str
    corner: str
    """The head of the column of labels: `Answer`."""
    heads: Sequence[GridHead]
    lines: Sequence[GridLine]
    has_statements: bool = False
    """Whether its labels are statements, which need more width."""

    def iterate_groups(self) -> Iterator[tuple[str, int]]:
        """Yield the name of each group and its number of columns."""
        for name, heads in groupby(self.heads, key=lambda h: h.group):
            yield name, len(list(heads))

    @property
    def has_groups(self) -> bool:
        return any(head.group for head in self.heads)

    @property
    def has_bars(self) -> bool:
        return any(head.has_bars for head in self.heads)


class Block(NamedTuple):
    """Items shown together: the statements of one battery, or one other item."""

    battery: model.Battery | None
    items: tuple[model.ItemResult, ...]

    @property
    def span(self) -> str:
        """The numbers of its items, `3–8`, or their ids if none has a number."""
        items = [item for item in self.items if item.number] or self.items
        first = items[0].number_or_id
        last = items[-1].number_or_id
        if first == last:
            return first
        return f"{first}–{last}"

    @property
    def span_text(self) -> str:
        """`items 3–8` or `item 3`."""
        return f"{translate(pluralize(len(self.items), 'item'))} {self.span}"

    @property
    def title(self) -> str:
        """The heading of a battery: its title, or that its items were asked together.

        Empty for a single item.
        """
        if self.battery is None:
            return ""
        if self.battery.own_title:
            return self.battery.own_title
        return translate("{items}, asked together", items=self.span_text.capitalize())

    def get_item_title(self, item: model.ItemResult) -> str:
        """Return the label of an item, as written.

        The statement of a battery is preceded by the battery's title, or replaced by the whole
        question.
        """
        wording = flatten(item.wording)
        has_wording = wording not in ("", flatten(item.label))
        if self.battery is None or not has_wording:
            return item.label
        if self.battery.own_title:
            return f"{self.battery.own_title}: {item.label}"
        return item.wording

    def get_wording(self, item: model.ItemResult) -> str:
        """Return the wording of an item; empty if it is the title."""
        is_title = flatten(item.wording) == flatten(self.get_item_title(item))
        return "" if is_title else item.wording


class Chapter(NamedTuple):
    """A section of the questionnaire."""

    id: str
    title: str
    """Empty if the report has no sections."""
    span_text: str
    """`items 1–6`."""
    blocks: tuple[Block, ...]


def build_chapters(results: model.Results) -> tuple[Chapter, ...]:
    """Return the items in their order, divided by section.

    A section that continues after another says so.
    """
    batteries = {battery.id: battery for battery in results.batteries}
    titled = any(item.section for item in results.items)
    chapters: list[Chapter] = []
    used_titles: set[str] = set()

    def find_block(item: model.ItemResult) -> tuple[str, str]:
        """Return what the items of a block have in common: a battery, or the item itself."""
        if item.battery in batteries:
            return (item.battery, "")
        return ("", item.id)

    for title, run in groupby(results.items, key=lambda item: item.section):
        items = tuple(run)
        blocks = tuple(
            Block(batteries.get(battery), tuple(group))
            for (battery, _), group in groupby(items, key=find_block)
        )
        span_text = Block(None, items).span_text
        shown = flatten(title)
        if not shown and titled:
            shown = span_text.capitalize()
        elif shown and title in used_titles:
            shown += translate(", continued")
        used_titles.add(title)
        chapters.append(Chapter(f"s-{len(chapters) + 1}", shown, span_text, blocks))
    return tuple(chapters)


# ── grids ────────────────────────────────────────────────────────────────────


def build_text_grid(
    caption: str, corner: str, heads: Sequence[GridHead], rows: Iterable[Sequence[str]]
) -> Grid:
    """Return a table of texts only. A row begins with its label."""
    lines = [GridLine("answer", label, "", tuple(map(GridCell, texts))) for label, *texts in rows]
    return Grid(caption, corner, heads, lines)


def build_item_grid(
    item: model.ItemResult, results: model.Results, *, with_own_columns: bool = False
) -> Grid:
    """Return one item as one table.

    It has counts and percentages in total, percentages by column, then means and bases. Columns
    that are made of the item's own answers are left out unless tables of several items need equal
    columns.
    """
    columns = results.columns[1 : len(item.bases)]
    if not with_own_columns:
        columns = _drop_places(results.columns[: len(item.bases)], item.own_columns)[1:]
        item = _drop_own_columns(item)

    lines = []
    for row in item.rows:
        total, *others = row.figures
        if not others:
            others = [model.HIDDEN_FIGURE] * len(columns)
        cells = [GridCell(total.count_text, amount=total.amount)]
        cells += [_build_share_cell(figure) for figure in (total, *others)]
        lines.append(GridLine(row.kind, flatten(row.label), row.note, tuple(cells)))
    if item.has_columns:
        lines += _build_summary_lines(item, GridCell(""))
        lines += _build_base_lines(item.bases)

    group = ""
    if columns:
        group = translate("All")
    heads = [
        GridHead(group, translate("Number")),
        GridHead(group, translate("Percent"), has_bars=len(columns) <= MAX_BAR_COLUMNS),
    ]
    heads += [
        GridHead(flatten(column.group), flatten(column.label), column.letter) for column in columns
    ]
    caption = translate("Item {number}: counts and percentages", number=item.number_or_id)
    return Grid(caption, translate("Answer"), heads, lines)


def _drop_own_columns(item: model.ItemResult) -> model.ItemResult:
    """Return the item without the columns that are made of its own answers."""
    if not item.own_columns:
        return item
    rows = [replace(row, figures=_drop_places(row.figures, item.own_columns)) for row in item.rows]
    return replace(
        item,
        bases=_drop_places(item.bases, item.own_columns),
        rows=tuple(rows),
        summaries=_drop_places(item.summaries, item.own_columns),
        own_columns=frozenset(),
    )


def _drop_places(values: Sequence[Value], places: Collection[int]) -> tuple[Value, ...]:
    return tuple(value for place, value in enumerate(values) if place not in places)


def _build_share_cell(figure: model.Figure) -> GridCell:
    return GridCell(figure.percent_text, figure.letters, share=figure.share)


def _build_summary_lines(item: model.ItemResult, *first: GridCell) -> list[GridLine]:
    """Return the means of the columns, and further statistics if requested, after these cells."""
    rows = {
        "Mean": [GridCell(summary.mean_text, amount=summary.mean) for summary in item.summaries],
        "Quartiles": [GridCell(summary.quartiles_text) for summary in item.summaries],
        "Standard error": [GridCell(summary.error_text) for summary in item.summaries],
    }
    requested = {name: cells for name, cells in rows.items() if any(cell.text for cell in cells)}
    return [
        GridLine("summary", translate(name), "", (*first, *cells))
        for name, cells in requested.items()
    ]


def _build_base_cell(base: model.Base) -> GridCell:
    mark = UNRELIABLE_MARK if base.small_text else ""
    return GridCell(base.count_text, mark=mark, amount=base.asked)


def _build_base_lines(bases: Sequence[model.Base]) -> list[GridLine]:
    """Return the base of each column, and the effective base if anything is weighted.

    The total has two cells, counts and percentages; its base is in the first.
    """
    is_weighted = any(base.effective_text for base in bases)
    note = ""
    if is_weighted:  # tells this base from the effective one
        note = translate("interviews")

    total, *others = map(_build_base_cell, bases)
    cells = (total._replace(mark=""), GridCell(""), *others)
    lines = [GridLine("base", translate("Base"), note, cells)]

    if is_weighted:
        total, *others = (GridCell(base.effective_text) for base in bases)
        cells = (total, GridCell(""), *others)
        lines.append(GridLine("base", translate("Effective base"), "", cells))
    return lines


def build_item_grids(
    item: model.ItemResult, results: model.Results, room: TableWidth = PAGE_WIDTH
) -> tuple[Grid, ...]:
    """Return one item as tables of which none is too wide; none if no row can be shown."""
    if not item.rows:
        return ()
    grid = build_item_grid(item, results)
    return _split_grid(grid, room, lead=2, rest=drop_counts(grid))


def drop_counts(grid: Grid) -> Grid:
    """Return the table of an item without the counts in total."""
    lines = []
    for line in grid.lines:
        cells = line.cells[1:]
        # The base of the total is in the column of counts.
        if line.kind == "base":
            cells = (line.cells[0], *line.cells[2:])
        lines.append(line._replace(cells=cells))
    all_heads = (grid.heads[1]._replace(group="", text=translate("All")), *grid.heads[2:])
    return replace(grid, heads=all_heads, lines=tuple(lines))


def _split_grid(
    grid: Grid, room: TableWidth, *, lead: int = 0, rest: Grid | None = None
) -> tuple[Grid, ...]:
    """Divide a table that is too wide.

    The first `lead` columns are in the first table, and the last of them begins all others. These
    have the columns of `rest`, which lacks others before it. A group of columns is divided only if
    it is too wide without others.
    """
    widths = [_measure_column(grid, place) for place in range(len(grid.heads))]
    repeated = [lead - 1] if lead else []

    def fits(columns: Sequence[int], most: int = room.characters) -> bool:
        column_widths = [widths[column] for column in columns]
        if room.equal_columns:
            return max(column_widths) * len(column_widths) <= most
        return sum(column_widths) <= most

    def divide(group: Sequence[int], most: int) -> list[list[int]]:
        parts = [list(repeated)]
        for place in group:
            has_own_column = len(parts[-1]) > len(repeated)
            if has_own_column and not fits([*parts[-1], place], most):
                parts.append(list(repeated))
            parts[-1].append(place)
        return parts

    pieces = [list(range(lead))]
    for _, run in groupby(range(lead, len(grid.heads)), key=lambda place: grid.heads[place].group):
        group = list(run)
        if fits([*pieces[-1], *group]):
            pieces[-1] += group
            continue
        # The least width with as many parts makes these about as wide as one another.
        parts = divide(group, room.characters)
        for width in range(1, room.characters):
            narrower = divide(group, width)
            if len(narrower) == len(parts):
                parts = narrower
                break
        pieces += parts

    first, *others = [columns for columns in pieces if columns]
    rest = rest or grid
    missing = len(grid.heads) - len(rest.heads)
    later = (_select_columns(rest, [column - missing for column in columns]) for columns in others)
    return (_select_columns(grid, first), *later)


def _select_columns(grid: Grid, columns: Sequence[int]) -> Grid:
    if len(columns) == len(grid.heads):
        return grid
    heads = tuple(grid.heads[column] for column in columns)
    caption = grid.caption
    groups = dict.fromkeys(head.group for head in heads if head.group)
    if groups:
        caption = f"{caption}: {'; '.join(groups)}"
    may_have_bars = len(columns) - 2 <= MAX_BAR_COLUMNS
    return replace(
        grid,
        caption=caption,
        heads=tuple(head._replace(has_bars=head.has_bars and may_have_bars) for head in heads),
        lines=tuple(
            line._replace(cells=tuple(line.cells[column] for column in columns))
            for line in grid.lines
        ),
    )


def _measure_column(grid: Grid, place: int) -> int:
    """Return the width of a column in characters, with its head wrapped between words."""
    words = grid.heads[place].full_text.split()
    for line in grid.lines:
        cell = line.cells[place]
        words.append(cell.text + cell.letters)
        if cell.mark:
            words.append(cell.full_text)
    widest = max(estimate_width(word, 1 / CHARACTER_WIDTH) for word in words)
    return ceil(widest) + COLUMN_GAP


def build_battery_grids(
    battery: model.Battery, results: model.Results, room: TableWidth = PAGE_WIDTH
) -> tuple[Grid, ...]:
    """Return a battery as tables: statements by points, nets, means and bases, then by column.

    A table that is too wide is divided.
    """
    statements = battery.statements
    nets = dict.fromkeys(
        (row.label, row.note) for item in statements for row in item.rows if row.kind == "net"
    )
    has_means = any(item.summaries for item in statements)
    heads = [GridHead(translate("Percent"), flatten(label)) for label, _ in battery.points]
    heads += [GridHead(translate("Nets"), _add_note(flatten(label), note)) for label, note in nets]
    if has_means:
        heads.append(GridHead("", translate("Mean")))
    heads.append(GridHead("", translate("Base")))

    lines = []
    for item in statements:
        cells = [
            _build_share_cell(_find_point(item, label, side)) for label, side in battery.points
        ]
        by_net = {(row.label, row.note): row.total for row in item.rows if row.kind == "net"}
        cells += [_build_share_cell(by_net.get(net, model.HIDDEN_FIGURE)) for net in nets]
        if has_means and item.summaries:
            total = item.summaries[0]
            cells.append(GridCell(total.mean_text, amount=total.mean))
        elif has_means:
            cells.append(GridCell(""))
        cells.append(_build_base_cell(item.base))
        lines.append(GridLine("answer", _name_statement(item), "", tuple(cells)))

    caption = "Percentages of all who were asked"
    if all(item.is_valid for item in statements):
        caption = "Percentages of those with an answer"
    elif any(item.is_valid for item in statements):
        caption = "Percentages"
    grid = Grid(translate(caption), translate("Statement"), heads, lines, has_statements=True)
    return (*_split_grid(grid, room), *_build_battery_columns(battery, results, room))


def _find_point(item: model.ItemResult, label: str, side: model.Side) -> model.Figure:
    """Return the figure of a point of the scale, or of all answers that are apart from it."""
    if side == "apart":
        if item.apart:
            return item.apart.figure
        return model.Figure(0, Fraction(0), "0", "0")

    figures = {(segment.label, segment.side): segment.figure for segment in item.segments}
    return figures.get((label, side), model.HIDDEN_FIGURE)


def _add_note(label: str, note: str) -> str:
    if not note:
        return label
    return f"{label} ({note})"


def _name_statement(item: model.ItemResult) -> str:
    return f"{item.number_prefix}{flatten(item.statement or item.label)}"


def _build_battery_columns(
    battery: model.Battery, results: model.Results, room: TableWidth
) -> tuple[Grid, ...]:
    """Return the statements by the columns of each net and of the mean.

    Without nets, they are by the columns of each answer. Bases that are the same for all statements
    are in the last line.
    """
    items = [item for item in battery.statements if item.has_columns]
    if not items:
        return ()
    grids = [drop_counts(build_item_grid(item, results, with_own_columns=True)) for item in items]
    columns = grids[0].heads
    by_item: list[dict[tuple[str, str], tuple[GridCell, ...]]] = []
    kinds: dict[tuple[str, str], LineKind] = {}
    for grid in grids:
        by_item.append({})
        for line in grid.lines:
            kinds.setdefault((line.label, line.note), line.kind)
            by_item[-1][line.label, line.note] = line.cells

    bases = [key for key, kind in kinds.items() if kind == "base"]
    is_one_base = all(lines.get(key) == by_item[0].get(key) for lines in by_item for key in bases)
    shown = [key for key, kind in kinds.items() if kind in ("net", "summary")]
    if "net" not in kinds.values():
        shown = [key for key, kind in kinds.items() if kind != "base"]
    if not is_one_base:
        shown += bases

    heads = []
    has_several_groups = len({head.group for head in columns[1:]}) > 1
    for label, note in shown:
        name = _add_note(label, note)
        for head in (columns[0]._replace(group=columns[1].group), *columns[1:]):
            group = name
            if has_several_groups:
                group = ": ".join(part for part in (name, head.group) if part)
            heads.append(head._replace(group=group, has_bars=False))

    hidden = (GridCell(HIDDEN_MARK),) * len(columns)
    lines = []
    for item, cells_by_key in zip(items, by_item, strict=True):
        cells = tuple(chain.from_iterable(cells_by_key.get(key, hidden) for key in shown))
        lines.append(GridLine("answer", _name_statement(item), "", cells))
    if is_one_base:
        for label, note in bases:
            cells = by_item[0][label, note] * len(shown)
            lines.append(GridLine("base", label, note, cells))

    groups = ", ".join(dict.fromkeys(head.group for head in columns[1:]))
    caption = translate("Percentages and means by {groups}", groups=groups)
    grid = Grid(caption, translate("Statement"), heads, lines, has_statements=True)
    return _split_grid(grid, room)


def build_errors_grids(item: model.ItemResult, results: model.Results) -> tuple[Grid, ...]:
    """Return the precision of an item's figures, their differences and totals, column by column.

    Return no grid if they aren't requested, or if all are hidden.
    """
    precision: list[GridLine] = []
    differences: list[GridLine] = []
    totals: list[GridLine] = []
    for place, column in enumerate(results.columns[: len(item.bases)]):
        if place in item.own_columns:
            continue
        name = flatten(": ".join(part for part in (column.group, column.label) if part))
        errors: list[GridLine] = []
        compared: list[GridLine] = []
        for line, figure in _list_figures(item, place):
            error = figure.error
            if error is not None:
                if not errors:
                    errors.append(_build_column_line(name, error, len(ERROR_HEADS)))
                cells = (*line.cells, *_build_precision_cells(error, figure))
                errors.append(line._replace(cells=cells))
            difference = figure.difference
            if difference is not None:
                if not compared:
                    other = flatten(difference.other)
                    less = translate("{column} less {other}", column=name, other=other)
                    compared.append(
                        _build_column_line(less, difference.error, len(DIFFERENCE_HEADS))
                    )
                cells = _build_difference_cells(difference, figure)
                compared.append(line._replace(cells=cells))
        precision += errors
        differences += compared
        totals += _build_total_lines(name, _list_figures(item, place))

    grids = []
    for caption, heads, lines in (
        ("Item {number}: precision", ERROR_HEADS, precision),
        ("Item {number}: differences", DIFFERENCE_HEADS, differences),
        ("Item {number}: estimated totals", TOTAL_HEADS, totals),
    ):
        if lines:
            text = translate(caption, number=item.number_or_id)
            grid_heads = [GridHead("", translate(head)) for head in heads]
            grids.append(Grid(text, translate("Answer"), grid_heads, lines))
    return tuple(grids)


def _build_total_lines(
    name: str, figures: Sequence[tuple[GridLine, MeasuredFigure]]
) -> list[GridLine]:
    """Build the lines of the estimated totals of a column, if it has any."""
    lines: list[GridLine] = []
    for line, figure in figures:
        if isinstance(figure, model.QuantileFigure) or figure.total is None:
            continue
        total = figure.total
        if not lines:
            lines.append(_build_column_line(name, total.error, len(TOTAL_HEADS)))

        # In a population of dozens, whole units would say little of an error.
        digits = 1 if total.error.standard_error < SMALL_TOTAL_ERROR else 0
        numbers = (total.value, total.error.standard_error, total.error.low, total.error.high)
        value, error, low, high = (format_decimal(Fraction(each), digits) for each in numbers)
        cells = (
            GridCell(value, amount=Fraction(total.value)),
            GridCell(error),
            GridCell(_format_interval(low, high)),
            GridCell(_format_variation(total.error)),
        )
        label = line.label
        if isinstance(figure, model.SummaryStatistics):
            label = translate("Sum")
        lines.append(line._replace(label=label, cells=cells))
    return lines


def _build_precision_cells(error: DesignError, figure: MeasuredFigure) -> tuple[GridCell, ...]:
    """Build the cells of the standard error, interval, coefficient of variation, design effect."""
    effect = EMPTY_MARK
    if error.design_effect is not None:
        effect = format_decimal(Fraction(error.design_effect), 2)
    variation = _format_variation(error)
    return (*_build_error_cells(error, figure), GridCell(variation), GridCell(effect))


def _format_variation(error: DesignError) -> str:
    """Format the coefficient of variation as a percentage."""
    if error.coefficient_of_variation is None:
        return EMPTY_MARK
    percent = format_decimal(Fraction(error.coefficient_of_variation) * 100, 1)
    return f"{percent}%"


def _build_difference_cells(
    difference: DesignDifference, figure: MeasuredFigure
) -> tuple[GridCell, ...]:
    """Build the cells of a difference, its standard error, its interval and its p value."""
    value = GridCell(_format_measure(difference.value, figure))
    p = format_p_value(difference.p).removeprefix("p ").removeprefix("= ")
    return (value, *_build_error_cells(difference.error, figure), GridCell(p))


def _list_figures(item: model.ItemResult, place: int) -> list[tuple[GridLine, MeasuredFigure]]:
    """List a column's shares, mean and quantiles, each with a line that has it as its only cell."""
    figures: list[tuple[GridLine, MeasuredFigure]] = []
    for row in item.rows:
        for figure in row.figures[place : place + 1]:
            cell = _build_share_cell(figure)._replace(letters="")
            figures.append((GridLine(row.kind, flatten(row.label), row.note, (cell,)), figure))
    for summary in item.summaries[place : place + 1]:
        cell = GridCell(summary.mean_text, amount=summary.mean)
        figures.append((GridLine("summary", translate("Mean"), "", (cell,)), summary))
        for quantile in summary.quantiles:
            cell = GridCell(quantile.text, amount=quantile.value)
            label = translate(quantile.name.capitalize())
            figures.append((GridLine("summary", label, "", (cell,)), quantile))
    return figures


def _build_column_line(name: str, error: DesignError, width: int) -> GridLine:
    """Build the line that names a column, with the degrees of freedom of its figures."""
    note = translate_quantity(error.freedom, "degree of freedom", "degrees of freedom")
    return GridLine("head", name, note, (GridCell(""),) * width)


def _format_measure(number: float, figure: MeasuredFigure) -> str:
    """Format a number of the unit of a figure: a mean, or a percentage with one decimal more."""
    if isinstance(figure, model.Figure):
        _, _, decimals = figure.percent_text.partition(".")
        return format_decimal(Fraction(number) * 100, len(decimals) + 1)
    return format_decimal(Fraction(number), 2)


def _build_error_cells(error: DesignError, figure: MeasuredFigure) -> tuple[GridCell, GridCell]:
    """Build the cells of a standard error and an interval."""
    interval = EMPTY_MARK
    if isfinite(error.low):
        low = _format_measure(error.low, figure)
        high = _format_measure(error.high, figure)
        interval = _format_interval(low, high)
    return GridCell(_format_measure(error.standard_error, figure)), GridCell(interval)


def _format_interval(low: str, high: str) -> str:
    # A dash beside a minus would be misread.
    form = "{first} to {last}" if "-" in low + high else "{first}–{last}"
    return translate(form, first=low, last=high)


def list_reading_notes(results: model.Results, *, remedy: str = "") -> tuple[str, ...]:
    """Return notes on all tables.

    `remedy` says how to show hidden counts, to people who may see them.
    """
    notes = list(results.notes)
    hidden = describe_hidden_counts(results)
    if hidden:
        notes.append(f"{hidden}{remedy}.")
    if any("‹" in flatten(item.wording) for item in results.items):
        notes.append(translate("note-fills"))
    return tuple(notes)


def describe_hidden_counts(results: model.Results) -> str:
    """Return `45 of 310 counts are hidden`; empty if none is."""
    if not results.hidden_count:
        return ""
    text = pluralize(
        results.hidden_count, "{n} of {all} counts is hidden", "{n} of {all} counts are hidden"
    )
    return translate(text, n=f"{results.hidden_count:,}", all=f"{results.count_total:,}")


def list_table_notes(*items: model.ItemResult) -> tuple[str, ...]:
    """Return the notes and tests of a table of these items.

    Equal notes are merged, with the numbers of their items.
    """
    numbers: dict[str, list[str]] = {}
    for item in items:
        tests = [
            f"{group}: {'; '.join(test.text for test in some)}"
            for group, some in groupby(item.tests, key=lambda t: t.group)
        ]
        for note in (*item.notes, *tests):
            numbers.setdefault(note, []).append(item.number_or_id)

    notes = []
    for note, item_numbers in numbers.items():
        if len(item_numbers) == len(items):
            notes.append(note)
        else:
            notes.append(f"{', '.join(item_numbers)}: {note}")
    return tuple(notes)


def describe_base(base: model.Base) -> str:
    """Return `Base: all 35`, with weighted and effective base, and a note on a small base."""
    more = []
    if base.weighted_text:
        more.append(translate("{n} weighted", n=base.weighted_text))
    if base.effective_text:
        more.append(translate("effective base {n}", n=base.effective_text))
    if base.small_text:
        more.append(base.small_text)
    return f"{translate('Base')}: {_add_note(base.text, ', '.join(more))}"


def format_verbatim(verbatim: model.Verbatim) -> str:
    """Return an answer in quotes, with its option, number of times and case.

    Direction controls are made visible.
    """
    words = " ".join(escape_controls(verbatim.text).split())
    answer = f"“{words}”"
    if verbatim.option:
        answer = f"{flatten(verbatim.option)}: {answer}"

    remarks = []
    if verbatim.times > 1:
        remarks.append(translate("{n} times", n=f"{verbatim.times:,}"))
    if verbatim.case:
        remarks.append(escape_controls(verbatim.case))
    return _add_note(answer, ": ".join(remarks))


def describe_summary(summary: model.SummaryStatistics) -> str:
    """Return mean, median and standard deviation, and further statistics if they are requested."""
    mean = summary.mean_text
    if summary.margin_text:
        mean = f"{mean} {summary.margin_text}"
    texts = {
        "mean {value}": mean,
        "standard error {value}": summary.error_text,
        "median {value}": summary.median_text,
        "quartiles {value}": summary.quartiles_text,
        "standard deviation {value}": summary.deviation_text,
    }
    text = ", ".join(translate(text, value=value) for text, value in texts.items() if value)
    of_whom = translate("of {n} with a value", n=summary.count_text)
    return f"{text[:1].upper()}{text[1:]} ({of_whom})"


def build_rates_grid(rates: RateTable) -> Grid:
    """Return final counts by group, e, and AAPOR's rates, with a column for each frame or part."""
    figures = [collect_figures(column) for column in rates.columns]
    lines = []
    for group, name in GROUPS.items():
        cells = tuple(_build_count_cell(of_column.get(group)) for of_column in figures)
        lines.append(GridLine("base", f"{group}: {translate(name)}", "", cells))
    for rate, part, whole in RATE_DEFINITIONS:
        definition = translate("{part} of {whole}", part=part, whole=whole)
        cells = tuple(_build_rate_cell(of_column[rate]) for of_column in figures)
        lines.append(GridLine("answer", rate, definition, cells))

    caption = rates.title or translate("Final outcomes and rates, as AAPOR defines them")
    heads = []
    for column in rates.columns:
        title = column.title
        if not column.frame and not column.by:
            title = translate("All")
        heads.append(GridHead("", title))
    return Grid(caption, translate("Outcomes and rates"), heads, lines)


def _build_count_cell(count: Fraction | int | None) -> GridCell:
    text = EMPTY_MARK
    if count is not None:
        text = format_count(count)
    return GridCell(text, amount=count)


def _build_rate_cell(rate: Fraction | int | None) -> GridCell:
    share = None if rate is None else Fraction(rate)
    return GridCell(format_rate(share), share=share)


class AppendixPart(NamedTuple):
    """A part of the appendix: sentences, a table, and notes on it."""

    title: str
    lines: tuple[str, ...]
    grid: Grid | None
    notes: tuple[str, ...] = ()


def build_appendix(results: model.Results) -> tuple[AppendixPart, ...]:
    """Return how the interviews were weighted, and outcomes and rates, if the report has them."""
    parts = []
    weighting = results.weighting
    if weighting is not None:
        grid = None
        if weighting.margins:
            caption = translate("Percentages before and after weighting, and their targets")
            heads = [GridHead("", translate(text)) for text in ("Before", "After", "Target")]
            rows = [
                (f"{variable}: {value}", *shares) for variable, value, *shares in weighting.margins
            ]
            grid = build_text_grid(caption, translate("Value"), heads, rows)
        parts.append(AppendixPart(translate("Weighting"), describe_weighting(weighting), grid))

    rates = results.rates
    if rates is not None:
        heading = (rates.heading,) if rates.heading else ()
        title = translate("Outcomes and rates")
        parts.append(AppendixPart(title, heading, build_rates_grid(rates), rates.notes))
    return tuple(parts)


def describe_weighting(weighting: WeightingSummary) -> tuple[str, ...]:
    """Return the weighting of interviews in sentences."""
    text = translate(
        "weighting-effect",
        effect=f"{weighting.design_effect:.2f}",
        n=f"{weighting.interviews:,}",
        effective=f"{weighting.effective_size:,.0f}",
    )
    if weighting.range_text:
        text = f"{weighting.range_text.capitalize()}. {text}"
    return (weighting.description, text, *weighting.notes)


def describe_edition(document: model.Results | Codebook) -> str:
    """Return the data of a document: `asu_2000, version 1 · 71 variables · 35 interviews`."""
    edition = document.instrument
    if document.version:
        edition += translate(", version {version}", version=document.version)
    parts = [edition]
    if isinstance(document, Codebook):
        parts.append(format_quantity(document.column_count, "variable"))
    if document.interviews is not None:
        parts.append(translate_quantity(document.interviews, "interview"))
    return " · ".join(parts)
