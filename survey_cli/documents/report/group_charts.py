"""Charts that compare groups over the statements of a battery: one bar per group, of the first net."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from survey_cli.documents.charts.charts import Chart, format_share
from survey_cli.documents.charts.svg import (
    BAR_COLOR,
    FONT_SIZE,
    LINE_COLOR,
    LINE_HEIGHT,
    MUTED_COLOR,
    SMALL_SIZE,
    WIDTH,
    format_number,
    render_box,
    render_text,
)
from survey_cli.documents.charts.text_metrics import wrap_text
from survey_cli.documents.report.report_layout import format_row_note
from survey_cli.documents.text_fragments import flatten
from survey_cli.reports.results.report_model import Battery, Figure, ResultRow, Results

MAX_GROUPS: Final = 4
"""Groups that are drawn."""
TEXT_WIDTH: Final = 300.0
NAME_WIDTH: Final = 110.0
GROUP_BAR_HEIGHT: Final = 11.0


class _GroupLine(NamedTuple):
    """A statement with the figure of each group."""

    wording: str
    figures: tuple[Figure, ...]


def draw_group_charts(results: Results, battery: Battery) -> Iterator[Chart]:
    """Draw one chart for each banner variable with two to four values.

    There is none where the battery has no nets, or where no statement shows two figures to compare.
    """
    if results.banner is None:
        return
    columns = list(enumerate(results.banner.columns))
    for group, some in groupby(columns, key=lambda c: c[1].group):
        here = list(some)
        if not group or not 2 <= len(here) <= MAX_GROUPS:
            continue
        lines: list[_GroupLine] = []
        net: ResultRow | None = None
        for statement in battery.statements:
            table = results.banner.find_table(statement.id)
            row = next((row for row in table.rows if row.kind == "net"), None) if table else None
            if row is not None and (net is None or row.label == net.label):
                net = net or row
                lines.append(_GroupLine(flatten(statement.wording), tuple(row.figures[n] for n, _ in here)))
        if net is not None and any(sum(f.share is not None for f in line.figures) > 1 for line in lines):
            title = f"{flatten(net.label)}{format_row_note(net)} by {group}"
            yield _draw_chart(
                f"{battery.id}-by-{here[0][1].variable}", title, [flatten(c.label) for _, c in here], lines
            )


def _shorten_name(name: str) -> str:
    """As much of it as there is room for."""
    first, *more = wrap_text(name, NAME_WIDTH - 14, SMALL_SIZE)
    return f"{first}…" if more else first


def _draw_chart(id: str, title: str, names: Sequence[str], lines: Sequence[_GroupLine]) -> Chart:
    told = " ".join(
        f"{line.wording} {', '.join(f'{n} {format_share(f)}' for n, f in zip(names, line.figures, strict=True))}."
        for line in lines
    )
    parts: list[str] = []
    left = TEXT_WIDTH + NAME_WIDTH
    scale = (WIDTH - left - 50) / 100
    y = 4.0
    for line in lines:
        words = wrap_text(line.wording, TEXT_WIDTH - 14, FONT_SIZE)
        bars = len(names) * (GROUP_BAR_HEIGHT + 4)
        tall = max(len(words) * LINE_HEIGHT, bars)
        for n, text in enumerate(words):
            parts.append(render_text(0, y + n * LINE_HEIGHT + 11, text))
        for n, (name, figure) in enumerate(zip(names, line.figures, strict=True)):
            top = y + (tall - bars) / 2 + n * (GROUP_BAR_HEIGHT + 4)
            parts.append(
                render_text(left - 6, top + 9.5, _shorten_name(name), anchor="end", font_size=format_number(SMALL_SIZE))
            )
            length = float(figure.share or 0) * 100 * scale
            if length:
                parts.append(
                    render_box(
                        left, top, length, GROUP_BAR_HEIGHT, BAR_COLOR if n % 2 == 0 else "#fff", stroke=BAR_COLOR
                    )
                )
            parts.append(
                render_text(
                    left + length + 5,
                    top + 9.5,
                    figure.percent_text,
                    fill=MUTED_COLOR,
                    font_size=format_number(SMALL_SIZE),
                )
            )
        parts.append(
            f'<path d="M{format_number(left)} {format_number(y - 2)}V{format_number(y + tall)}"'
            f' stroke="{LINE_COLOR}" stroke-width="1"/>'
        )
        y += tall + 10
        parts.append(f'<path d="M0 {format_number(y - 5)}H{WIDTH}" stroke="#e4e4e4" stroke-width="1"/>')
    return Chart(id, title, told, parts, y)
