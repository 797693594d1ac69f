"""Report layout shared by all writers: chapters, batteries and grids of texts. It computes no figures."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from math import ceil, isfinite
from typing import Final, Literal, NamedTuple, TypeAlias

from survey_cli.documents.charts.svg import estimate_width
from survey_cli.documents.text_runs import escape_controls, flatten
from survey_cli.fieldwork.rates.dispositions import GROUPS
from survey_cli.reports.codebook.codebook import Codebook
from survey_cli.reports.fieldwork.rates import RATE_DEFINITIONS, RateTable, collect_figures, format_rate
from survey_cli.reports.results import report_model as model
from survey_cli.reports.rounding import EMPTY_MARK, UNRELIABLE_MARK, format_count, format_decimal
from survey_cli.reports.weighting.answer_counts import DesignError
from survey_cli.reports.weighting.weights import WeightingSummary
from survey_cli.wording import format_quantity, join_words, pluralize

APPENDIX_TITLE: Final = "Appendix: methods and rates"
READING_TITLE: Final = "How to read the tables"
METHODS_TITLE: Final = "How the survey was done"
MAX_JOINED_COLUMNS: Final = 6
"""Maximum number of banner columns beside counts and percentages."""
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
ERROR_HEADS: Final = ("Standard error", "95% interval", "CV", "Design effect")
"""Heads of the columns of a figure's precision."""
COUNT_WIDTH: Final = 9
"""Width of a column of counts in characters."""
COLUMN_GAP: Final = 2
"""Space between two columns in characters."""
CHARACTER_WIDTH: Final = 0.56
"""Average width of a character relative to the font size."""

LineKind: TypeAlias = Literal["answer", "volunteered", "decline", "net", "range", "mention", "base", "summary"]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table of texts: heads of columns, and lines with a label and one cell per column."""

    caption: str
    corner: str
    """The head of the column of labels: `Answer`."""
    heads: tuple[GridHead, ...]
    lines: tuple[GridLine, ...]

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
        """The numbers of its items: `3–8`."""
        first, last = self.items[0].number_or_id, self.items[-1].number_or_id
        return f"{first}" if first == last else f"{first}–{last}"

    @property
    def span_text(self) -> str:
        """`items 3–8` or `item 3`."""
        return f"{pluralize(len(self.items), 'item')} {self.span}"

    @property
    def title(self) -> str:
        """The heading of a battery: its own title, or a statement that its items were asked together.

        Empty for a single item.
        """
        if self.battery is None:
            return ""
        return self.battery.own_title or f"{self.span_text.capitalize()}, asked together"

    def get_item_title(self, item: model.ItemResult) -> str:
        """Return the label of an item, as written.

        The statement of a battery is preceded by the battery's title, or replaced by the whole question.
        """
        if self.battery is None or not flatten(item.wording) or flatten(item.wording) == flatten(item.label):
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
        blocks = []
        for battery, group in groupby(items, key=lambda i: i.battery):
            together = tuple(group)
            if battery in batteries:
                blocks.append(Block(batteries[battery], together))
            else:
                blocks += [Block(None, (item,)) for item in together]
        span_text = Block(None, items).span_text
        shown = flatten(title) + (", continued" if title in used_titles else "")
        if not flatten(title):
            shown = span_text.capitalize() if titled else ""
        used_titles.add(title)
        chapters.append(Chapter(f"s-{len(chapters) + 1}", shown, span_text, tuple(blocks)))
    return tuple(chapters)


# ── grids ──────────────────────────────────────────────────────────────────────────────────────────────────


def build_text_grid(caption: str, corner: str, heads: Sequence[GridHead], rows: Iterable[Sequence[str]]) -> Grid:
    """Return a table of texts alone; each row begins with its label."""
    lines = tuple(GridLine("answer", label, "", tuple(map(GridCell, texts))) for label, *texts in rows)
    return Grid(caption=caption, corner=corner, heads=tuple(heads), lines=lines)


def build_topline_grid(item: model.ItemResult) -> Grid:
    """Return counts and percentages of one item."""
    lines = (GridLine(row.kind, flatten(row.label), row.note, _build_count_cells(row.total)) for row in item.rows)
    heads = (GridHead("", "Number"), GridHead("", "Percent", has_bars=True))
    caption = f"Item {item.number_or_id}: counts and percentages"
    return Grid(caption=caption, corner="Answer", heads=heads, lines=tuple(lines))


def _build_count_cells(figure: model.Figure) -> tuple[GridCell, GridCell]:
    return (GridCell(figure.count_text, amount=figure.amount), GridCell(figure.percent_text, share=figure.share))


def build_banner_grids(
    item: model.ItemResult, table: model.BannerTable, banner: model.Banner, room: TableWidth = PAGE_WIDTH
) -> tuple[Grid, ...]:
    """Build as many tables as needed for none to be too wide; none where no row can be shown.

    Each begins with the total; a group of columns is divided only where it is too wide by itself.
    """
    if not table.rows:
        return ()
    return tuple(build_banner_grid(item, table, banner, columns) for columns in _split_columns(table, banner, room))


def _split_columns(table: model.BannerTable, banner: model.Banner, room: TableWidth) -> list[list[int]]:
    """Return the columns of each table."""
    widths = [_measure_column(place, table, banner) for place in range(len(banner.columns))]

    def fits(columns: Sequence[int], most: int = room.characters) -> bool:
        column_widths = [widths[column] for column in columns]
        return (max(column_widths) * len(column_widths) if room.equal_columns else sum(column_widths)) <= most

    def divide(group: Sequence[int], most: int) -> list[list[int]]:
        parts = [[0]]
        for place in group:
            if len(parts[-1]) > 1 and not fits([*parts[-1], place], most):
                parts.append([0])
            parts[-1].append(place)
        return parts

    pieces = [[0]]
    places = range(1, len(banner.columns))
    for _, run in groupby(places, key=lambda c: (banner.columns[c].variable, banner.columns[c].group)):
        group = list(run)
        if fits([*pieces[-1], *group]):
            pieces[-1] += group
            continue
        piece_count = len(divide(group, room.characters))
        most = next(n for n in range(1, room.characters + 1) if len(divide(group, n)) == piece_count)
        pieces += divide(group, most)  # about as wide as one another
    return pieces[1:] if pieces[0] == [0] and len(pieces) > 1 else pieces


def _measure_column(place: int, table: model.BannerTable, banner: model.Banner) -> int:
    """Return the width of a banner column in characters, with its head wrapped between words."""
    column, base = banner.columns[place], table.bases[place]
    letter = f"({column.letter})" if column.letter else ""
    words = f"{flatten(column.label)} {letter}".split()
    figures = [row.figures[place] for row in table.rows]
    words += [figure.percent_text + figure.letters for figure in figures]
    words.append(f"{base.count_text} {UNRELIABLE_MARK}" if base.small_text else base.count_text)
    return ceil(max(estimate_width(word, 1 / CHARACTER_WIDTH) for word in words)) + COLUMN_GAP


def build_banner_grid(
    item: model.ItemResult, table: model.BannerTable, banner: model.Banner, columns: Sequence[int] = ()
) -> Grid:
    """Return percentages of one item by these columns (or all), then means and bases."""
    columns = columns or range(len(banner.columns))
    heads = [banner.columns[c] for c in columns]
    bases = [table.bases[c] for c in columns]
    lines = [
        GridLine(
            row.kind,
            flatten(row.label),
            row.note,
            tuple(GridCell(f.percent_text, f.letters, share=f.share) for f in (row.figures[c] for c in columns)),
        )
        for row in table.rows
    ]
    if table.summaries:
        means = (table.summaries[c] for c in columns)
        lines.append(GridLine("summary", "Mean", "", tuple(GridCell(s.mean_text, amount=s.mean) for s in means)))
    marks = (UNRELIABLE_MARK if base.small_text else "" for base in bases)
    cells = (GridCell(b.count_text, mark=mark, amount=b.asked) for b, mark in zip(bases, marks, strict=True))
    weighted = any(base.effective_text for base in bases)
    lines.append(GridLine("base", "Base", "interviews" if weighted else "", tuple(cells)))
    if weighted:
        lines.append(GridLine("base", "Effective base", "", tuple(GridCell(base.effective_text) for base in bases)))
    groups = dict.fromkeys(head.group for head in heads if head.group)
    return Grid(
        caption=f"Item {item.number_or_id} by {join_words(groups)}: column percentages",
        corner="Answer",
        heads=tuple(GridHead(head.group, flatten(head.label), head.letter) for head in heads),
        lines=tuple(lines),
    )


def build_joined_grid(
    item: model.ItemResult, results: model.Results, most: int = MAX_JOINED_COLUMNS, room: TableWidth = PAGE_WIDTH
) -> Grid | None:
    """Build topline and banner as one table; None where it would be too wide.

    At most `most` columns of the banner may be placed beside the topline.
    """
    banner = results.banner
    table = banner.find_table(item.id) if banner is not None else None
    if banner is None or table is None:
        return None
    if any(banner_row.label != item_row.label for banner_row, item_row in zip(table.rows, item.rows, strict=False)):
        return None  # one of them has nets alone
    if not table.rows or len(banner.columns) - 1 > most:
        return None
    if len(_split_columns(table, banner, room._replace(characters=room.characters - COUNT_WIDTH - COLUMN_GAP))) > 1:
        return None
    beside = build_banner_grid(item, table, banner)
    lines: list[GridLine] = []
    for line in beside.lines:
        total, *others = line.cells
        if line.kind in ("base", "summary"):
            first = (total, GridCell("")) if line.kind == "base" else (GridCell(""), total)
        else:
            first = _build_count_cells(item.rows[len(lines)].total)
        lines.append(line._replace(cells=(*first, *others)))
    return Grid(
        caption=beside.caption.replace(" by ", ", all and by ", 1),
        corner=beside.corner,
        heads=(
            GridHead("All", "Number"),
            GridHead("All", "Percent", has_bars=len(banner.columns) - 1 <= MAX_BAR_COLUMNS),
            *beside.heads[1:],
        ),
        lines=tuple(lines),
    )


def build_errors_grid(item: model.ItemResult) -> Grid | None:
    """Return the precision of an item's shares and mean; None where it is not requested, or all is hidden."""
    lines, freedom = [], 0
    for row in item.rows:
        figure, error = row.total, row.total.error
        if error is not None:
            digits, freedom = len(figure.percent_text.partition(".")[2]) + 1, error.freedom
            cells = (GridCell(figure.percent_text, share=figure.share), *_build_error_cells(error, 100, digits))
            lines.append(GridLine(row.kind, flatten(row.label), row.note, cells))
    summary = item.summary
    if summary is not None and summary.error is not None:
        cells = (GridCell(summary.mean_text, amount=summary.mean), *_build_error_cells(summary.error, 1, 2))
        lines.append(GridLine("summary", "Mean", "", cells))
    heads = tuple(GridHead("", text) for text in ("Percent", *ERROR_HEADS))
    caption = f"Item {item.number_or_id}: precision, with {format_quantity(freedom, 'degree')} of freedom"
    return Grid(caption=caption, corner="Answer", heads=heads, lines=tuple(lines)) if lines else None


def _build_error_cells(error: DesignError, scale: int, digits: int) -> tuple[GridCell, ...]:
    """Build the cells of a figure's precision; `scale` is 100 for percentages."""
    standard_error, low, high = (
        format_decimal(Fraction(number) * scale, digits) if isfinite(number) else ""
        for number in (error.standard_error, error.low, error.high)
    )
    variation, effect = error.coefficient_of_variation, error.design_effect
    return (
        GridCell(standard_error),
        GridCell(f"{low}{' to ' if '-' in low + high else '–'}{high}" if low else EMPTY_MARK),
        GridCell(EMPTY_MARK if variation is None else f"{format_decimal(Fraction(variation) * 100, 1)}%"),
        GridCell(EMPTY_MARK if effect is None else format_decimal(Fraction(effect), 2)),
    )


def list_reading_notes(results: model.Results, *, remedy: str = "") -> tuple[str, ...]:
    """Return notes that precede all tables. `remedy` says how to show hidden counts, to those who may see them."""
    filled = "‹Words in angle quotes› were filled in by the computer and differed between respondents."
    hidden = describe_hidden_counts(results)
    return (
        *results.notes,
        *([f"{hidden}{remedy}."] if hidden else []),
        *(results.banner.notes if results.banner else ()),
        *([filled] if any("‹" in flatten(item.wording) for item in results.items) else []),
    )


def describe_hidden_counts(results: model.Results) -> str:
    """Return `45 of 310 counts are hidden`; empty if none is."""
    if not results.hidden_count:
        return ""
    verb = pluralize(results.hidden_count, "is", "are")
    return f"{results.hidden_count:,} of {results.count_total:,} counts {verb} hidden"


def list_table_notes(item: model.ItemResult, table: model.BannerTable) -> tuple[str, ...]:
    """Return notes of a banner table: tests by group, and notes that the topline does not have."""
    tests = [
        f"{group}: {'; '.join(test.text for test in some)}"
        for group, some in groupby(table.tests, key=lambda t: t.group)
    ]
    return (*tests, *(note for note in table.notes if note not in item.notes))


def describe_base(base: model.Base) -> str:
    """Return `Base: all 35`, with weighted and effective base if known, and a note on small bases."""
    more = [f"{base.weighted_text} weighted"] if base.weighted_text else []
    more += [f"effective base {base.effective_text}"] if base.effective_text else []
    more += [base.small_text] if base.small_text else []
    return f"Base: {base.text}" + (f" ({', '.join(more)})" if more else "")


def format_verbatim(verbatim: model.Verbatim) -> str:
    """Return an answer in quotes, with its option, number of times and case; direction controls are visible."""
    option = f"{flatten(verbatim.option)}: " if verbatim.option else ""
    remarks = [f"{verbatim.times:,} times"] if verbatim.times > 1 else []
    remarks += [escape_controls(verbatim.case)] if verbatim.case else []
    more = f" ({': '.join(remarks)})" if remarks else ""
    return f"{option}“{' '.join(escape_controls(verbatim.text).split())}”{more}"


def describe_summary(summary: model.SummaryStatistics) -> str:
    """Return mean, median and standard deviation."""
    margin = f" {summary.margin_text}" if summary.margin_text else ""
    return (
        f"Mean {summary.mean_text}{margin}, median {summary.median_text}, "
        f"standard deviation {summary.deviation_text} (of {summary.count_text} with a value)"
    )


def build_rates_grid(rates: RateTable) -> Grid:
    """Return final counts by group, e, and AAPOR's rates, with a column for each frame or part."""
    figures = [collect_figures(column) for column in rates.columns]
    lines = []
    for group, name in GROUPS.items():
        counts = [f.get(group) for f in figures]
        texts = [EMPTY_MARK if count is None else format_count(count) for count in counts]
        cells = (GridCell(text, amount=count) for text, count in zip(texts, counts, strict=True))
        lines.append(GridLine("base", f"{group}: {name}", "", tuple(cells)))
    for rate, part, whole in RATE_DEFINITIONS:
        shares = (None if f[rate] is None else Fraction(f[rate] or 0) for f in figures)
        cells = (GridCell(format_rate(share), share=share) for share in shares)
        lines.append(GridLine("answer", rate, f"{part} of {whole}", tuple(cells)))
    return Grid(
        caption=rates.title or "Final outcomes and rates, as AAPOR defines them",
        corner="Outcomes and rates",
        heads=tuple(GridHead("", "All" if column.title == "all" else column.title) for column in rates.columns),
        lines=tuple(lines),
    )


def build_margins_grid(weighting: WeightingSummary) -> Grid | None:
    """Return percentages before and after weighting; None if nothing was raked."""
    if not weighting.margins:
        return None
    return build_text_grid(
        "Percentages before and after weighting, and their targets",
        "Value",
        [GridHead("", "Before"), GridHead("", "After"), GridHead("", "Target")],
        [(f"{variable}: {value}", *shares) for variable, value, *shares in weighting.margins],
    )


def describe_weighting(weighting: WeightingSummary) -> tuple[str, ...]:
    """Return the weighting of interviews in sentences."""
    return (
        weighting.description,
        f"{weighting.range_text.capitalize()}{'; the' if weighting.range_text else 'The'} design effect 1 + cv² is "
        f"{weighting.design_effect:.2f}, and {weighting.interviews:,} interviews count as "
        f"{weighting.effective_size:,.0f}.",
        *weighting.notes,
    )


def describe_edition(document: model.Results | Codebook) -> str:
    """Return the data of a document: `asu_2000, version 1 · 71 variables · 35 interviews`."""
    version = f", version {document.version}" if document.version else ""
    variables = [format_quantity(document.column_count, "variable")] if isinstance(document, Codebook) else []
    interviews = [format_quantity(document.interviews, "interview")] if document.interviews is not None else []
    return " · ".join([f"{document.instrument}{version}", *variables, *interviews])
