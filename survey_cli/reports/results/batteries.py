"""Statements of a battery on their common scale, as its diverging chart has them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from survey_cli.reports.results import report_model as model
from survey_cli.reports.results.crosstab import Crosstab
from survey_cli.reports.results.result_columns import TotalColumn
from survey_cli.reports.texts import translate
from survey_cli.reports.weighting.answer_counts import sum_counts


def build_batteries(
    batteries: Sequence[model.Battery], items: Sequence[model.ItemResult]
) -> tuple[model.Battery, ...]:
    """Add points and statements to each battery of which somebody was asked a statement."""
    charted = []
    for battery in batteries:
        asked = tuple(item for item in items if item.battery == battery.id and item.base.asked != 0)
        if asked:
            points = tuple(_list_points(asked))
            charted.append(replace(battery, points=points, statements=asked))
    return tuple(charted)


def _list_points(statements: Sequence[model.ItemResult]) -> list[tuple[str, model.Side]]:
    """List the points of the scale, and one for all answers that are apart from it."""
    complete = max(statements, key=lambda item: len(item.segments))
    points: list[tuple[str, model.Side]] = [
        (segment.label, segment.side) for segment in complete.segments if segment.side != "apart"
    ]
    labels = [item.apart.label for item in statements if item.apart is not None]
    if labels:
        points.append((_join_apart_labels(labels), "apart"))
    return points


def _join_apart_labels(labels: Iterable[str]) -> str:
    """Return the label of the only kind of answer that is apart, or a common label for several."""
    distinct = list(dict.fromkeys(labels))
    return distinct[0] if len(distinct) == 1 else translate("No opinion or no answer")


def build_apart(table: Crosstab, total: TotalColumn) -> model.BarSegment | None:
    """Add up the answers of a statement that are apart from its scale; None if there aren't any.

    The sum is hidden if one of these answers and a point of the scale are: a reader could subtract
    it from the base to find the point.
    """
    if not table.question.battery:
        return None
    rows = [row for row in table.detail_rows if table.lines[row].side == "apart"]
    counts = sum_counts(table.lines[row].counts[0] for row in rows)
    if not counts.people:
        return None

    is_any_hidden = any(table.is_hidden(row, 0) for row in rows)
    is_point_hidden = any(table.is_hidden(row, 0) for row in table.detail_rows if row not in rows)
    figure = total.build_figure(table, [counts], is_hidden=is_any_hidden and is_point_hidden)
    given = [table.lines[row] for row in rows if table.lines[row].counts[0].people]
    return model.BarSegment(_join_apart_labels(line.label for line in given), "apart", figure)
