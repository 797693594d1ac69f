"""Charts that compare groups over the statements of a battery: one bar per group, of the first net."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element

from survey_cli.documents.charts import svg
from survey_cli.documents.charts.charts import Chart, format_share
from survey_cli.documents.charts.text_metrics import wrap_text
from survey_cli.documents.report.report_layout import format_row_note
from survey_cli.documents.text_runs import flatten
from survey_cli.reports.results.report_model import Battery, Figure, ResultRow, Results

MAX_GROUPS: Final = 4
"""Maximum number of groups in a chart."""
TEXT_WIDTH: Final = 300.0
NAME_WIDTH: Final = 110.0
BAR_HEIGHT: Final = 11.0
BAR_STEP: Final = BAR_HEIGHT + 4


class _StatementFigures(NamedTuple):
    """A statement with the figure of each group."""

    wording: str
    figures: tuple[Figure, ...]


def draw_group_charts(results: Results, battery: Battery) -> Iterator[Chart]:
    """Draw one chart for each banner variable with two to four values.

    There is none where the battery has no nets, or where no statement shows two figures to compare.
    """
    if results.banner is None:
        return
    for group, columns in groupby(enumerate(results.banner.columns), key=lambda c: c[1].group):
        places, members = zip(*columns, strict=True)
        if not group or not 2 <= len(members) <= MAX_GROUPS:
            continue
        lines: list[_StatementFigures] = []
        net: ResultRow | None = None
        for statement in battery.statements:
            table = results.banner.find_table(statement.id)
            row = next((row for row in table.rows if row.kind == "net"), None) if table else None
            if row is not None and (net is None or row.label == net.label):
                net = net or row
                lines.append(_StatementFigures(flatten(statement.wording), tuple(row.figures[n] for n in places)))
        if net is not None and any(sum(f.share is not None for f in line.figures) > 1 for line in lines):
            title = f"{flatten(net.label)}{format_row_note(net)} by {group}"
            names = [flatten(column.label) for column in members]
            yield _draw_chart(f"{battery.id}-by-{members[0].variable}", title, names, lines)


def _shorten_name(name: str) -> str:
    first, *more = wrap_text(name, NAME_WIDTH - 14, svg.SMALL_SIZE)
    return f"{first}…" if more else first


def _draw_chart(id: str, title: str, names: Sequence[str], lines: Sequence[_StatementFigures]) -> Chart:
    description = " ".join(
        f"{line.wording} {', '.join(f'{n} {format_share(f)}' for n, f in zip(names, line.figures, strict=True))}."
        for line in lines
    )
    parts = Element("g")
    bars_x = TEXT_WIDTH + NAME_WIDTH
    scale = (svg.WIDTH - bars_x - 50) / 100
    y = 4.0
    for line in lines:
        wording = wrap_text(line.wording, TEXT_WIDTH - 14, svg.FONT_SIZE)
        bars_height = len(names) * BAR_STEP
        row_height = max(len(wording) * svg.LINE_HEIGHT, bars_height)
        svg.add_lines(parts, 0, y + 11, wording)
        for n, (name, figure) in enumerate(zip(names, line.figures, strict=True)):
            top = y + (row_height - bars_height) / 2 + n * BAR_STEP
            svg.add_label(parts, bars_x - 6, top + 9.5, _shorten_name(name), anchor="end", size=svg.SMALL_SIZE)
            length = float(figure.share or 0) * 100 * scale
            if length:
                fill = svg.BAR_COLOR if n % 2 == 0 else "#fff"
                svg.add_box(parts, bars_x, top, length, BAR_HEIGHT, fill, stroke=svg.BAR_COLOR)
            x = bars_x + length + 5
            svg.add_label(parts, x, top + 9.5, figure.percent_text, fill=svg.MUTED_COLOR, size=svg.SMALL_SIZE)
        svg.add_vertical_line(parts, bars_x, y - 2, y + row_height, svg.LINE_COLOR)
        y += row_height + 10
        svg.add_horizontal_line(parts, y - 5)
    return Chart(id, title, description, parts, y)
