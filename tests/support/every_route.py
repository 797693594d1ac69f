"""Every route of a small questionnaire, walked by the engine, and the route of given answers."""

from collections.abc import Iterator
from datetime import date
from itertools import combinations
from typing import Any

from survey_cli.engine.route import RouteStop, RouteWalk
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.items.coded import CodedItem, MultipleItem
from survey_cli.instrument.schema.items.typed import NumberItem
from survey_cli.instrument.schema.items.unasked_items import EndItem, PickItem
from survey_cli.proof.goals import Goal, list_fill_uses
from survey_cli.scenarios.coverage import ObservedWalk
from survey_cli.values import NOT_ASKED, Missing, get_missing

TODAY = date(2026, 11, 27)


def see_everything(instrument: Instrument) -> set[Goal]:
    """Return everything that happens on some route of a questionnaire whose answers can be listed."""
    seen: set[Goal] = set()
    for value in (1, 2, NOT_ASKED) if "s" in instrument.sample else (None,):
        walk = ObservedWalk(instrument, 1, {"s": value, "k": "K", "#today": TODAY, "#unfilled": {}})
        walk.seen = seen
        _follow(walk, seen)
    return seen


def _follow(walk: ObservedWalk, seen: set[Goal]) -> None:
    stop = walk.advance()
    if stop is None or isinstance(stop.item.question, EndItem):
        return
    item, at = stop.item, len(walk.stops) - 1
    walk.note_item(item)
    for use in list_fill_uses(item, walk.instrument):
        if use.is_missing(walk.env) and walk.env["s"] is not NOT_ASKED:
            seen.add(use.goal)
    for cell in list(_iterate_cells(walk, stop)):
        walk.record_answer(stop, cell)
        blocked = False
        for number, check in enumerate(item.checks) if not isinstance(cell, Missing) else ():
            fires = check.fires(walk.env)
            seen.add(Goal("fires" if fires else "passes", item.id, number))
            blocked = blocked or (fires and not check.soft)
        if not blocked:
            _follow(walk, seen)
        walk.rewind(at)


def _iterate_cells(walk: RouteWalk, stop: RouteStop) -> Iterator[Any]:
    question, item = stop.item.question, stop.item
    context = walk.build_item_context(stop, "en")
    codes = [option.code for option in item.options]
    values: list[Any]
    match question:
        case PickItem():
            candidates = walk.list_candidates(stop)
            codes = [] if isinstance(candidates, Missing) else list(candidates)
            values = (
                list(combinations(codes, min(question.count, len(codes)))) if codes else [NOT_ASKED]
            )
        case MultipleItem():
            values = [c for size in range(1, len(codes) + 1) for c in combinations(codes, size)]
        case CodedItem():
            values = list(codes)
        case NumberItem():
            values = list(
                range(
                    int(question.lowest or 0),
                    int(2 if question.highest is None else question.highest) + 1,
                )
            )
        case _:
            values = [None]
    yield from (
        value
        for value in values
        if value is None
        or isinstance(question, PickItem)
        or not question.why_invalid(context, value)
    )
    if question.expects_answer:
        yield from (get_missing(decline.id) for decline in item.declines)
