"""Report layout shared by all writers: chapters, batteries and grids of texts. It computes no figures.

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
from survey_cli.reports.weighting.answer_counts import DesignError
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
    """The width available to the columns of a table, in characters, without the column of labels."""

    characters: int
    equal_columns: bool = False
    """Whether all columns are as wide as the widest."""


PAGE_WIDTH: Final = TableWidth(84)
"""The width of an A4 page."""
WORD_WIDTH: Final = TableWidth(60, equal_columns=True)
ERROR_HEADS: Final = ("Percent", "Standard error", "Interval", "CV", "Design effect")
"""Heads of the columns of a figure's precision."""
DIFFERENCE_HEADS: Final = ("Difference", "SE", "Interval", "p")
COLUMN_GAP: Final = 2
"""Space between two columns in characters."""
CHARACTER_WIDTH: Final = 0.56
"""Average width of a character relative to the font size."""

LineKind: TypeAlias = Literal[
    "answer", "volunteered", "decline", "net", "range", "mention", "base", "summary", "head"
]
"""`head`: a line that names those below it."""


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
        return f"{self.text} ({self.letter})" if self.letter else self.text


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
    """The whole number or sum of weights, for programs that compute with it; None if the text is not such a number."""

    @property
    def full_text(self) -> str:
        """The text, its mark and its letters."""
        return " ".join(filter(None, (self.text, self.mark, self.letters)))


class GridLine(NamedTuple):
    """One line of a grid."""

    kind: LineKind
    label: str
    note: str
    cells: tuple[GridCell, ...]

    @property
    def full_label(self) -> str:
        """The label and its note."""
        return f"{self.label} ({self.note})" if self.note else self.label


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
    """Items shown together: the statements of one battery, or one item by itself."""

    battery: model.Battery | None
    items: tuple[model.ItemResult, ...]

    @property
    def span(self) -> str:
        """The numbers of its items, `3–8`, or the ids where none has a number."""
        items = [item for item in self.items if item.number] or self.items
        first, last = items[0].number_or_id, items[-1].number_or_id
        return f"{first}" if first == last else f"{first}–{last}"

    @property
    def span_text(self) -> str:
        """`items 3–8` or `item 3`."""
        return f"{translate(pluralize(len(self.items), 'item'))} {self.span}"

    @property
    def title(self) -> str:
        """The heading of a battery: its own title, or a statement that its items were asked together.

        Empty for a single item.
        """
        if self.battery is None:
            return ""
        return self.battery.own_title or translate(
            "{items}, asked together", items=self.span_text.capitalize()
        )

    def get_item_title(self, item: model.ItemResult) -> str:
        """Return the label of an item, as written.

        The statement of a battery is preceded by the battery's title, or replaced by the whole question.
        """
        if (
            self.battery is None
            or not flatten(item.wording)
            or flatten(item.wording) == flatten(item.label)
        ):
            return item.label
        own = self.battery.own_title
        return f"{own}: {item.label}" if own else item.wording

    def get_wording(self, item: model.ItemResult) -> str:
        """Return the wording of an item; empty if it is the title."""
        return "" if flatten(item.wording) == flatten(self.get_item_title(item)) else item.wording


class Chapter(NamedTuple):
    """A section of the questionnaire."""

    id: str
    title: str
    """Empty if the report has no sections."""
    span_text: str
    """`items 1–6`."""
    blocks: tuple[Block, ...]


def build_chapters(results: model.Results) -> tuple[Chapter, ...]:
    """Return the items in their order, divided by section; a section that continues after another says so."""
    batteries = {battery.id: battery for battery in results.batteries}
    titled = any(item.section for item in results.items)
    chapters: list[Chapter] = []
    used_titles: set[str] = set()
    for title, run in groupby(results.items, key=lambda i: i.section):
        items = tuple(run)
        groups = groupby(items, key=lambda i: (i.battery, "" if i.battery in batteries else i.id))
        blocks = tuple(
            Block(batteries.get(battery), tuple(group)) for (battery, _), group in groups
        )
        span_text = Block(None, items).span_text
        shown = flatten(title) + (translate(", continued") if title in used_titles else "")
        if not flatten(title):
            shown = span_text.capitalize() if titled else ""
        used_titles.add(title)
        chapters.append(Chapter(f"s-{len(chapters) + 1}", shown, span_text, blocks))
    return tuple(chapters)


# ── grids ──────────────────────────────────────────────────────────────────────────────────────────────────


def build_text_grid(
    caption: str, corner: str, heads: Sequence[GridHead], rows: Iterable[Sequence[str]]
) -> Grid:
    """Return a table of texts alone; each row begins with its label."""
    lines = [GridLine("answer", label, "", tuple(map(GridCell, texts))) for label, *texts in rows]
    return Grid(caption, corner, heads, lines)


def build_item_grid(
    item: model.ItemResult, results: model.Results, *, with_own_columns: bool = False
) -> Grid:
    """Return one item as one table: counts and percentages in total, percentages by column, then means and bases.

    Columns that are made of the item's own answers are left out unless tables of several items need equal columns.
    """
    columns = results.columns[1 : len(item.bases)]
    if not with_own_columns:
        columns = _drop_places(results.columns[: len(item.bases)], item.own_columns)[1:]
        item = _drop_own_columns(item)
    lines = []
    for row in item.rows:
        total, *others = row.figures
        others = others or [model.HIDDEN_FIGURE] * len(columns)
        cells = (
            GridCell(total.count_text, amount=total.amount),
            *map(_build_share_cell, (total, *others)),
        )
        lines.append(GridLine(row.kind, flatten(row.label), row.note, cells))
    if item.has_columns:
        lines += [*_build_summary_lines(item, GridCell("")), *_build_base_lines(item.bases)]
    group = translate("All") if columns else ""
    heads = [
        GridHead(group, translate("Number")),
        GridHead(group, translate("Percent"), has_bars=len(columns) <= MAX_BAR_COLUMNS),
        *(
            GridHead(flatten(column.group), flatten(column.label), column.letter)
            for column in columns
        ),
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
    """Return the mean of each column, and further statistics where they are requested, after these first cells."""
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
    return GridCell(
        base.count_text, mark=UNRELIABLE_MARK if base.small_text else "", amount=base.asked
    )


def _build_base_lines(bases: Sequence[model.Base]) -> list[GridLine]:
    """Return the base of each column, that of the total in the first of two cells, and the effective one."""
    cells = list(map(_build_base_cell, bases))
    weighted = any(base.effective_text for base in bases)
    note = translate("interviews") if weighted else ""
    lines = [
        GridLine(
            "base", translate("Base"), note, (cells[0]._replace(mark=""), GridCell(""), *cells[1:])
        )
    ]
    if weighted:
        total, *others = (GridCell(base.effective_text) for base in bases)
        lines.append(
            GridLine("base", translate("Effective base"), "", (total, GridCell(""), *others))
        )
    return lines


def build_item_grids(
    item: model.ItemResult, results: model.Results, room: TableWidth = PAGE_WIDTH
) -> tuple[Grid, ...]:
    """Return one item as as many tables as needed for none to be too wide; none where no row can be shown."""
    if not item.rows:
        return ()
    grid = build_item_grid(item, results)
    return _split_grid(grid, room, lead=2, rest=drop_counts(grid))


def drop_counts(grid: Grid) -> Grid:
    """Return the table of an item without the counts in total."""
    lines = (
        line._replace(
            cells=(line.cells[0], *line.cells[2:]) if line.kind == "base" else line.cells[1:]
        )
        for line in grid.lines
    )
    all_heads = (grid.heads[1]._replace(group="", text=translate("All")), *grid.heads[2:])
    return replace(grid, heads=all_heads, lines=tuple(lines))


def _split_grid(
    grid: Grid, room: TableWidth, *, lead: int = 0, rest: Grid | None = None
) -> tuple[Grid, ...]:
    """Divide a table that is too wide.

    The first `lead` columns are in the first table, and the last of them begins all others. These have the columns of
    `rest`, which lacks others before it. A group of columns is divided only where it is too wide by itself.
    """
    widths = [_measure_column(grid, place) for place in range(len(grid.heads))]

    def fits(columns: Sequence[int], most: int = room.characters) -> bool:
        column_widths = [widths[column] for column in columns]
        return (
            max(column_widths) * len(column_widths) if room.equal_columns else sum(column_widths)
        ) <= most

    def divide(group: Sequence[int], most: int) -> list[list[int]]:
        parts = [[lead - 1]] if lead else [[]]
        for place in group:
            if len(parts[-1]) > min(lead, 1) and not fits([*parts[-1], place], most):
                parts.append([lead - 1] if lead else [])
            parts[-1].append(place)
        return parts

    pieces = [list(range(lead))]
    for _, run in groupby(range(lead, len(grid.heads)), key=lambda place: grid.heads[place].group):
        group = list(run)
        if fits([*pieces[-1], *group]):
            pieces[-1] += group
            continue
        piece_count = len(divide(group, room.characters))
        most = next(
            n for n in range(1, room.characters + 1) if len(divide(group, n)) == piece_count
        )
        pieces += divide(group, most)  # about as wide as one another
    first, *others = filter(None, pieces)
    rest = rest or grid
    missing = len(grid.heads) - len(rest.heads)
    later = (_select_columns(rest, [column - missing for column in columns]) for columns in others)
    return (_select_columns(grid, first), *later)


def _select_columns(grid: Grid, columns: Sequence[int]) -> Grid:
    if len(columns) == len(grid.heads):
        return grid
    heads = tuple(grid.heads[column] for column in columns)
    groups = dict.fromkeys(head.group for head in heads if head.group)
    bars = len(columns) - 2 <= MAX_BAR_COLUMNS
    return replace(
        grid,
        caption=f"{grid.caption}: {'; '.join(groups)}" if groups else grid.caption,
        heads=tuple(head._replace(has_bars=head.has_bars and bars) for head in heads),
        lines=tuple(
            line._replace(cells=tuple(line.cells[column] for column in columns))
            for line in grid.lines
        ),
    )


def _measure_column(grid: Grid, place: int) -> int:
    """Return the width of a column in characters, with its head wrapped between words."""
    words = grid.heads[place].full_text.split()
    words += [line.cells[place].text + line.cells[place].letters for line in grid.lines]
    words += [cell.full_text for line in grid.lines if (cell := line.cells[place]).mark]
    return ceil(max(estimate_width(word, 1 / CHARACTER_WIDTH) for word in words)) + COLUMN_GAP


def build_battery_grids(
    battery: model.Battery, results: model.Results, room: TableWidth = PAGE_WIDTH
) -> tuple[Grid, ...]:
    """Return a battery as tables: statements by points, nets, means and bases, then the same by column.

    Each table is divided where it is too wide.
    """
    statements = battery.statements
    nets = dict.fromkeys(
        (row.label, row.note) for item in statements for row in item.rows if row.kind == "net"
    )
    has_means = any(item.summaries for item in statements)
    heads = [GridHead(translate("Percent"), flatten(label)) for label, _ in battery.points]
    heads += [
        GridHead(translate("Nets"), flatten(label) + (f" ({note})" if note else ""))
        for label, note in nets
    ]
    heads += [GridHead("", translate("Mean"))] if has_means else []
    lines = []
    for item in statements:
        by_label = {(segment.label, segment.side): segment.figure for segment in item.segments}
        aside = item.apart.figure if item.apart else model.Figure(0, Fraction(0), "0", "0")
        figures = [
            aside if side == "apart" else by_label.get((label, side), model.HIDDEN_FIGURE)
            for label, side in battery.points
        ]
        by_net = {(row.label, row.note): row.total for row in item.rows if row.kind == "net"}
        figures += [by_net.get(net, model.HIDDEN_FIGURE) for net in nets]
        mean = (
            GridCell(item.summaries[0].mean_text, amount=item.summaries[0].mean)
            if item.summaries
            else GridCell("")
        )
        cells = (*map(_build_share_cell, figures), *([mean] if has_means else []))
        lines.append(
            GridLine("answer", _name_statement(item), "", (*cells, _build_base_cell(item.base)))
        )
    heads.append(GridHead("", translate("Base")))
    caption = "Percentages of all who were asked"
    if all(item.is_valid for item in statements):
        caption = "Percentages of those with an answer"
    elif any(item.is_valid for item in statements):
        caption = "Percentages"
    grid = Grid(translate(caption), translate("Statement"), heads, lines, has_statements=True)
    return (*_split_grid(grid, room), *_build_battery_columns(battery, results, room))


def _name_statement(item: model.ItemResult) -> str:
    return f"{item.number_prefix}{flatten(item.statement or item.label)}"


def _build_battery_columns(
    battery: model.Battery, results: model.Results, room: TableWidth
) -> tuple[Grid, ...]:
    """Return the statements by the columns of each net, or of each answer where there are none, and of the mean.

    Bases that are the same for all statements are in the last line.
    """
    items = [item for item in battery.statements if item.has_columns]
    grids = [
        (item, drop_counts(build_item_grid(item, results, with_own_columns=True))) for item in items
    ]
    if not grids:
        return ()
    columns = grids[0][1].heads
    several = len({head.group for head in columns[1:]}) > 1
    by_item: list[dict[tuple[str, str], tuple[GridCell, ...]]] = []
    kinds: dict[tuple[str, str], LineKind] = {}
    for _, grid in grids:
        by_item.append({})
        for line in grid.lines:
            kinds.setdefault((line.label, line.note), line.kind)
            by_item[-1][line.label, line.note] = line.cells
    bases = [key for key, kind in kinds.items() if kind == "base"]
    is_one_base = all(lines.get(key) == by_item[0].get(key) for lines in by_item for key in bases)
    shown = [key for key, kind in kinds.items() if kind in ("net", "summary")]
    if not any(kinds[key] == "net" for key in shown):
        shown = [key for key, kind in kinds.items() if kind != "base"]
    shown += [] if is_one_base else bases
    hidden = (GridCell(HIDDEN_MARK),) * len(columns)
    heads = [
        head._replace(
            group=": ".join(filter(None, (name, head.group if several else ""))), has_bars=False
        )
        for name in (f"{label} ({note})" if note else label for label, note in shown)
        for head in (columns[0]._replace(group=columns[1].group), *columns[1:])
    ]
    lines = [
        GridLine(
            "answer",
            _name_statement(item),
            "",
            tuple(chain(*(cells.get(key, hidden) for key in shown))),
        )
        for (item, _), cells in zip(grids, by_item, strict=True)
    ]
    if is_one_base:
        lines += [
            GridLine("base", label, note, by_item[0][label, note] * len(shown))
            for label, note in bases
        ]
    groups = ", ".join(dict.fromkeys(head.group for head in columns[1:]))
    caption = translate("Percentages and means by {groups}", groups=groups)
    return _split_grid(
        Grid(caption, translate("Statement"), heads, lines, has_statements=True), room
    )


def build_errors_grids(item: model.ItemResult, results: model.Results) -> tuple[Grid, ...]:
    """Return the precision of an item's shares and mean, and then their differences, by column below each other.

    None where they are not requested, or all are hidden.
    """
    precision: list[GridLine] = []
    differences: list[GridLine] = []
    for place, column in enumerate(results.columns[: len(item.bases)]):
        if place in item.own_columns:
            continue
        name = flatten(": ".join(filter(None, (column.group, column.label))))
        errors: list[GridLine] = []
        compared: list[GridLine] = []
        for line, figure in _list_figures(item, place):
            if (error := figure.error) is not None:
                errors += [] if errors else [_build_column_line(name, error, len(ERROR_HEADS))]
                variation, effect = error.coefficient_of_variation, error.design_effect
                cv = (
                    EMPTY_MARK
                    if variation is None
                    else f"{format_decimal(Fraction(variation) * 100, 1)}%"
                )
                deff = EMPTY_MARK if effect is None else format_decimal(Fraction(effect), 2)
                cells = (
                    *line.cells,
                    *_build_error_cells(error, figure),
                    GridCell(cv),
                    GridCell(deff),
                )
                errors.append(line._replace(cells=cells))
            if (difference := figure.difference) is not None:
                less = translate(
                    "{column} less {other}", column=name, other=flatten(difference.other)
                )
                compared += (
                    []
                    if compared
                    else [_build_column_line(less, difference.error, len(DIFFERENCE_HEADS))]
                )
                p = GridCell(format_p_value(difference.p).removeprefix("p ").removeprefix("= "))
                value = GridCell(_format_measure(difference.value, figure))
                compared.append(
                    line._replace(cells=(value, *_build_error_cells(difference.error, figure), p))
                )
        precision += errors
        differences += compared
    number, corner = item.number_or_id, translate("Answer")
    grids = (
        ("Item {number}: precision", ERROR_HEADS, precision),
        ("Item {number}: differences", DIFFERENCE_HEADS, differences),
    )
    return tuple(
        Grid(
            translate(caption, number=number),
            corner,
            [GridHead("", translate(text)) for text in heads],
            lines,
        )
        for caption, heads, lines in grids
        if lines
    )


def _list_figures(
    item: model.ItemResult, place: int
) -> list[tuple[GridLine, model.Figure | model.SummaryStatistics]]:
    """List the shares of a column, then its mean, each with a line that has it as its only cell."""
    figures: list[tuple[GridLine, model.Figure | model.SummaryStatistics]] = []
    for row in item.rows:
        for figure in row.figures[place : place + 1]:
            cell = _build_share_cell(figure)._replace(letters="")
            figures.append((GridLine(row.kind, flatten(row.label), row.note, (cell,)), figure))
    for summary in item.summaries[place : place + 1]:
        cell = GridCell(summary.mean_text, amount=summary.mean)
        figures.append((GridLine("summary", translate("Mean"), "", (cell,)), summary))
    return figures


def _build_column_line(name: str, error: DesignError, width: int) -> GridLine:
    """Build the line that names a column, with the degrees of freedom of its figures."""
    note = translate_quantity(error.freedom, "degree of freedom", "degrees of freedom")
    return GridLine("head", name, note, (GridCell(""),) * width)


def _format_measure(number: float, figure: model.Figure | model.SummaryStatistics) -> str:
    """Format a number of the unit of a figure: a percentage with one decimal more than it has, or a mean."""
    if isinstance(figure, model.Figure):
        return format_decimal(
            Fraction(number) * 100, len(figure.percent_text.partition(".")[2]) + 1
        )
    return format_decimal(Fraction(number), 2)


def _build_error_cells(
    error: DesignError, figure: model.Figure | model.SummaryStatistics
) -> tuple[GridCell, GridCell]:
    """Build the cells of a standard error and an interval."""
    low, high = (
        _format_measure(limit, figure) if isfinite(limit) else ""
        for limit in (error.low, error.high)
    )
    form = "{first} to {last}" if "-" in low + high else "{first}–{last}"
    interval = translate(form, first=low, last=high) if low else EMPTY_MARK
    return GridCell(_format_measure(error.standard_error, figure)), GridCell(interval)


def list_reading_notes(results: model.Results, *, remedy: str = "") -> tuple[str, ...]:
    """Return notes on all tables. `remedy` says how to show hidden counts, to those who may see them."""
    filled = translate("note-fills")
    hidden = describe_hidden_counts(results)
    return (
        *results.notes,
        *([f"{hidden}{remedy}."] if hidden else []),
        *([filled] if any("‹" in flatten(item.wording) for item in results.items) else []),
    )


def describe_hidden_counts(results: model.Results) -> str:
    """Return `45 of 310 counts are hidden`; empty if none is."""
    if not results.hidden_count:
        return ""
    text = pluralize(
        results.hidden_count, "{n} of {all} counts is hidden", "{n} of {all} counts are hidden"
    )
    return translate(text, n=f"{results.hidden_count:,}", all=f"{results.count_total:,}")


def list_table_notes(*items: model.ItemResult) -> tuple[str, ...]:
    """Return the notes and tests of a table of these items; equal notes are merged, with the items' numbers."""
    numbers: dict[str, list[str]] = {}
    for item in items:
        tests = [
            f"{group}: {'; '.join(test.text for test in some)}"
            for group, some in groupby(item.tests, key=lambda t: t.group)
        ]
        for note in (*item.notes, *tests):
            numbers.setdefault(note, []).append(item.number_or_id)
    return tuple(
        note if len(numbers_of) == len(items) else f"{', '.join(numbers_of)}: {note}"
        for note, numbers_of in numbers.items()
    )


def describe_base(base: model.Base) -> str:
    """Return `Base: all 35`, with weighted and effective base if known, and a note on small bases."""
    more = [translate("{n} weighted", n=base.weighted_text)] if base.weighted_text else []
    more += [translate("effective base {n}", n=base.effective_text)] if base.effective_text else []
    more += [base.small_text] if base.small_text else []
    return f"{translate('Base')}: {base.text}" + (f" ({', '.join(more)})" if more else "")


def format_verbatim(verbatim: model.Verbatim) -> str:
    """Return an answer in quotes, with its option, number of times and case; direction controls are visible."""
    option = f"{flatten(verbatim.option)}: " if verbatim.option else ""
    remarks = [translate("{n} times", n=f"{verbatim.times:,}")] if verbatim.times > 1 else []
    remarks += [escape_controls(verbatim.case)] if verbatim.case else []
    more = f" ({': '.join(remarks)})" if remarks else ""
    return f"{option}“{' '.join(escape_controls(verbatim.text).split())}”{more}"


def describe_summary(summary: model.SummaryStatistics) -> str:
    """Return mean, median and standard deviation, and further statistics where they are requested."""
    margin = f" {summary.margin_text}" if summary.margin_text else ""
    texts = {
        "mean {value}": summary.mean_text + margin,
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
        counts = (f.get(group) for f in figures)
        cells = (GridCell(EMPTY_MARK if n is None else format_count(n), amount=n) for n in counts)
        lines.append(GridLine("base", f"{group}: {translate(name)}", "", tuple(cells)))
    for rate, part, whole in RATE_DEFINITIONS:
        shares = (None if f[rate] is None else Fraction(f[rate] or 0) for f in figures)
        cells = (GridCell(format_rate(share), share=share) for share in shares)
        lines.append(
            GridLine(
                "answer", rate, translate("{part} of {whole}", part=part, whole=whole), tuple(cells)
            )
        )
    caption = rates.title or translate("Final outcomes and rates, as AAPOR defines them")
    heads = [
        GridHead("", translate("All") if column.title == "all" else column.title)
        for column in rates.columns
    ]
    return Grid(caption, translate("Outcomes and rates"), heads, lines)


class AppendixPart(NamedTuple):
    """A part of the appendix: sentences, a table, and notes on it."""

    title: str
    lines: tuple[str, ...]
    grid: Grid | None
    notes: tuple[str, ...] = ()


def build_appendix(results: model.Results) -> tuple[AppendixPart, ...]:
    """Return how the interviews were weighted, and outcomes and rates, where there are any."""
    parts = []
    if (weighting := results.weighting) is not None:
        heads = [GridHead("", translate(text)) for text in ("Before", "After", "Target")]
        rows = [(f"{variable}: {value}", *shares) for variable, value, *shares in weighting.margins]
        caption = translate("Percentages before and after weighting, and their targets")
        grid = build_text_grid(caption, translate("Value"), heads, rows) if rows else None
        parts.append(AppendixPart(translate("Weighting"), describe_weighting(weighting), grid))
    if (rates := results.rates) is not None:
        heading = (rates.heading,) if rates.heading else ()
        title = translate("Outcomes and rates")
        parts.append(AppendixPart(title, heading, build_rates_grid(rates), tuple(rates.notes)))
    return tuple(parts)


def describe_weighting(weighting: WeightingSummary) -> tuple[str, ...]:
    """Return the weighting of interviews in sentences."""
    n, effective = f"{weighting.interviews:,}", f"{weighting.effective_size:,.0f}"
    text = translate(
        "weighting-effect", effect=f"{weighting.design_effect:.2f}", n=n, effective=effective
    )
    limits = f"{weighting.range_text.capitalize()}. " if weighting.range_text else ""
    return (weighting.description, limits + text, *weighting.notes)


def describe_edition(document: model.Results | Codebook) -> str:
    """Return the data of a document: `asu_2000, version 1 · 71 variables · 35 interviews`."""
    version = translate(", version {version}", version=document.version) if document.version else ""
    variables = (
        [format_quantity(document.column_count, "variable")]
        if isinstance(document, Codebook)
        else []
    )
    interviews = (
        [translate_quantity(document.interviews, "interview")]
        if document.interviews is not None
        else []
    )
    return " · ".join([f"{document.instrument}{version}", *variables, *interviews])
