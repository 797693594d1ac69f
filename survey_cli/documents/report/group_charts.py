"""How do groups differ over the statements of a battery, as a picture? A bar for each group beside each statement, of the
battery's first net, to one scale, each named and with its figure. It computes nothing.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from survey_cli.documents.charts.charts import Chart, said_share
from survey_cli.documents.charts.svg import (
    LEADING,
    PLAIN,
    RULE,
    SIZE,
    SMALL,
    SOFT,
    WIDTH,
    box,
    plain,
    words_at,
)
from survey_cli.documents.charts.text_metrics import broken
from survey_cli.documents.report.report_layout import row_note
from survey_cli.documents.text_fragments import flat
from survey_cli.reports.results.report_model import Battery, Figure, Results, Row

MOST: Final = 4
"""Groups that are drawn."""
WORDS: Final = 300.0
NAMES: Final = 110.0
BAR: Final = 11.0


class _Line(NamedTuple):
    """A statement with the figure of each group."""

    wording: str
    figures: tuple[Figure, ...]


def charts_of_groups(results: Results, battery: Battery) -> Iterator[Chart]:
    """One for each variable of the banner that has two to four values; none where the battery has no nets, or where not
    one statement shows two figures to compare."""
    if results.banner is None:
        return
    columns = list(enumerate(results.banner.columns))
    for group, some in groupby(columns, key=lambda c: c[1].group):
        here = list(some)
        if not group or not 2 <= len(here) <= MOST:
            continue
        lines: list[_Line] = []
        net: Row | None = None
        for statement in battery.statements:
            table = results.banner.table(statement.id)
            row = next((row for row in table.rows if row.kind == "net"), None) if table else None
            if row is not None and (net is None or row.label == net.label):
                net = net or row
                lines.append(_Line(flat(statement.wording), tuple(row.figures[n] for n, _ in here)))
        if net is not None and any(sum(f.share is not None for f in line.figures) > 1 for line in lines):
            title = f"{flat(net.label)}{row_note(net)} by {group}"
            yield _drawn(
                f"{battery.id}-by-{here[0][1].variable}",
                title,
                [flat(c.label) for _, c in here],
                lines,
            )


def _cut(name: str) -> str:
    """As much of it as there is room for."""
    first, *more = broken(name, NAMES - 14, SMALL)
    return f"{first}…" if more else first


def _drawn(id: str, title: str, names: Sequence[str], lines: Sequence[_Line]) -> Chart:
    told = " ".join(
        f"{line.wording} {', '.join(f'{n} {said_share(f)}' for n, f in zip(names, line.figures, strict=True))}."
        for line in lines
    )
    parts: list[str] = []
    left = WORDS + NAMES
    scale = (WIDTH - left - 50) / 100
    y = 4.0
    for line in lines:
        words = broken(line.wording, WORDS - 14, SIZE)
        bars = len(names) * (BAR + 4)
        tall = max(len(words) * LEADING, bars)
        for n, text in enumerate(words):
            parts.append(words_at(0, y + n * LEADING + 11, text))
        for n, (name, figure) in enumerate(zip(names, line.figures, strict=True)):
            top = y + (tall - bars) / 2 + n * (BAR + 4)
            parts.append(words_at(left - 6, top + 9.5, _cut(name), anchor="end", font_size=plain(SMALL)))
            length = float(figure.share or 0) * 100 * scale
            if length:
                parts.append(box(left, top, length, BAR, PLAIN if n % 2 == 0 else "#fff", stroke=PLAIN))
            parts.append(
                words_at(left + length + 5, top + 9.5, figure.percent_text, fill=SOFT, font_size=plain(SMALL))
            )
        parts.append(
            f'<path d="M{plain(left)} {plain(y - 2)}V{plain(y + tall)}" stroke="{RULE}" stroke-width="1"/>'
        )
        y += tall + 10
        parts.append(f'<path d="M0 {plain(y - 5)}H{WIDTH}" stroke="#e4e4e4" stroke-width="1"/>')
    return Chart(id, title, told, parts, y)
