"""Migration of answers from one interview to another, and search for a path to any item.

A new interview is driven through the answers given before; questions that are open before the target are answered by
invention. No file is read and nothing is stored.
"""

import ast
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final, TypeAlias

from survey_cli.engine import prompts
from survey_cli.engine.events import (
    EventStamp,
    InterviewEvent,
    InterviewStarted,
    PositionMoved,
    QueryConfirmed,
    QuestionAnswered,
    QuestionDeclined,
    ValueComputed,
)
from survey_cli.engine.interview import Interview
from survey_cli.engine.machine import RecordedAnswer
from survey_cli.entries import Rejection
from survey_cli.instrument.compiled.model import Instrument, Roster
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.schema.items.coded import MultipleItem
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.unasked_items import ComputedItem, EndItem
from survey_cli.values import Missing, Place

GivenAnswers: TypeAlias = Mapping[Place, RecordedAnswer]
EntryHints: TypeAlias = Mapping[str, tuple[str, ...]]
"""By the name of an item or a sample column: entries that a condition on the way speaks of."""

ENTRY_ATTEMPTS: Final = 40
"""Entries invented at one item before the way is given up."""
PATH_STRATEGIES: Final = ((40, False, False), (80, True, False), (80, True, True))
"""How many ways to a place are tried, whether answers given before may change on them, and whether the case may."""
DECLINES_BY_FUNCTION: Final[Mapping[str, tuple[str, ...]]] = {
    "dk": (".dk",),
    "refused": (".refused",),
    "declined": (".dk", ".refused"),
    "answered": (".dk", ".refused"),
}
"""Functions of conditions, and the declines that make them differ."""
QUOTA_STATES: Final = ("open", "full", "outside")
MAX_EVENTS: Final = 30_000
"""Events that the search for one place may take, about a second's worth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerMigration:
    """A new interview, and what became of the answers given before."""

    interview: Interview
    invented: tuple[Place, ...] = ()
    """Open places that were answered by invention."""
    changed: tuple[Place, ...] = ()
    """Places whose answer had to be another one."""
    rejected: tuple[Place, ...] = ()
    """Places whose answer is no longer accepted."""
    reached: bool = True
    """It stands at the place that was wanted, or none was."""


def carry_over(
    instrument: Instrument,
    began: InterviewStarted,
    given: GivenAnswers,
    *,
    to: Place | None,
    stamp: EventStamp,
    dice: Random,
    hints: EntryHints | None = None,
    jump: bool = False,
) -> AnswerMigration:
    """An interview that begins with `began` and goes through the answers of `given` that fit, standing at `to`.

    Before `to` whatever is open is invented; behind it answers are taken as far as they go without a gap. Without `to`,
    or where it is not on the way, the interview stands at the first open place. `hints` names the items whose earlier
    answers may be changed, and entries worth trying there.
    """
    interview = Interview.begin(instrument, began)
    invented: list[Place] = []
    changed: list[Place] = []
    unfit: list[Place] = []
    passed = to is None
    while interview.status == "open" and not interview.ending:
        machine = interview.machine
        stop = machine.current_stop
        assert stop is not None
        place, leaf = stop.place, stop.leaf
        held = given.get(place)
        if machine.query is not None:
            known = held is not None and any(index == machine.query for index, _ in held.confirmed_queries)
            if passed and not known:
                break
            event: InterviewEvent | Rejection = QueryConfirmed(stamp, place, machine.query)
        elif isinstance(leaf.question, ComputedItem):
            value, of = interview.compute_answer()
            if value is None:
                value = dice.choice(QUOTA_STATES) if hints is not None and leaf.id in hints else "open"
            event = ValueComputed(stamp, place, value, of)
        else:
            passed = passed or place == to
            free = hints is not None and leaf.id in hints and not passed
            if held is not None and not free and not (passed and held.lapsed):
                after = interview.step(_repeat_answer(held, stamp, place))
                if isinstance(after, Interview):
                    interview = after
                    continue
                unfit.append(place)
            if passed:
                break
            found = _invent_answer(interview, leaf, place, stamp, dice, (hints or {}).get(leaf.id, ()))
            if found is None:
                break
            if leaf.question.asks:
                same = held is not None and held.cell == found.machine.recorded_answers[place].cell
                fresh = held is None or place in unfit
                (invented if fresh else changed if not same else []).append(place)
            interview = found
            continue
        done = event if isinstance(event, Rejection) else interview.step(event)
        if isinstance(done, Rejection):
            break
        interview = done
    stood = passed
    if to is not None and interview.place != to:
        back = interview.step(PositionMoved(stamp, to, jump=jump)) if passed else Rejection("")
        stood = not isinstance(back, Rejection)
        interview = interview if isinstance(back, Rejection) else back
    return AnswerMigration(
        interview=interview,
        invented=tuple(invented),
        changed=tuple(changed),
        rejected=tuple(unfit),
        reached=stood,
    )


def _repeat_answer(held: RecordedAnswer, stamp: EventStamp, place: Place) -> InterviewEvent:
    """The event that gives this answer once more."""
    if isinstance(held.cell, Missing):
        return QuestionDeclined(stamp, place, held.cell.kind)
    return QuestionAnswered(stamp, place, held.cell, held.specify_texts)


def _invent_answer(
    interview: Interview,
    leaf: CompiledItem,
    place: Place,
    stamp: EventStamp,
    dice: Random,
    worth: tuple[str, ...],
) -> Interview | None:
    """The interview after an invented answer; None where none is accepted."""
    if isinstance(leaf.question, EndItem):
        return None
    if not leaf.question.asks:
        after = interview.step(QuestionAnswered(stamp, place))
        return after if isinstance(after, Interview) else None
    for _ in range(ENTRY_ATTEMPTS):
        machine = interview.machine
        stop = machine.current_stop
        assert stop is not None
        reply = leaf.question.invent(machine.walk.build_item_context(stop, machine.language), dice)
        if worth and dice.random() < 0.7:
            several = isinstance(leaf.question, MultipleItem) and len(worth) > 1
            reply = " ".join(dice.sample(worth, dice.randint(1, 2))) if several else dice.choice(worth)
        event: InterviewEvent | Rejection
        if isinstance(reply, str) and reply[:1] == "." and any(d.id == reply[1:] for d in leaf.declines):
            event = QuestionDeclined(stamp, place, reply[1:])
        else:
            event = prompts.parse_reply(interview, reply, stamp)
        after = event if isinstance(event, Rejection) else interview.step(event)
        if isinstance(after, Interview):
            return after
    for decline in leaf.declines:
        after = interview.step(QuestionDeclined(stamp, place, decline.id))
        if isinstance(after, Interview):
            return after
    return None


# ── finding a way ──────────────────────────────────────────────────────────────────────────────────────────


def find_path(
    instrument: Instrument,
    begin: Callable[[int], InterviewStarted],
    given: GivenAnswers,
    *,
    to: Place,
    stamp: EventStamp,
    seed: int,
) -> AnswerMigration | None:
    """The interview led to any place, whatever that takes: first with every answer given, then with other answers, then
    with another case. `begin(0)` is the case as it is, `begin(n)` another one. None where no way was found."""
    leaf = instrument.leaves[to.item]
    worth = find_hints(instrument, leaf, to.turn)
    steps = attempt = 0
    for number, answers, case in PATH_STRATEGIES:
        for _ in range(number):
            attempt += 1
            dice = Random(f"{seed}/{to}/{attempt}")
            found = carry_over(
                instrument,
                begin(attempt if case else 0),
                given,
                to=to,
                stamp=stamp,
                dice=dice,
                hints=worth if answers else None,
                jump=True,
            )
            if found.reached:
                return found
            steps += len(found.interview.events)
            if steps > MAX_EVENTS:
                return None
    return None


def find_hints(
    instrument: Instrument, leaf: CompiledItem, turn: int | None = None
) -> dict[str, tuple[str, ...]]:
    """What decides whether an item is reached: the items, sample columns and entries that the conditions on the way to it
    speak of."""
    waiting = list(list_conditions(instrument, leaf))
    found: dict[str, list[str]] = {}
    seen: set[str] = set()
    while waiting:
        condition = waiting.pop()
        entries = [text for node in ast.walk(condition.tree) for text in _list_entries(node)]
        for name in condition.names:
            if name in instrument.computes and name not in seen:
                seen.add(name)
                waiting += instrument.computes[name].conditions.values()
            decider = instrument.leaves.get(name)
            if decider is not None and decider.where is not None and name not in seen:
                seen.add(name)
                waiting.append(decider.where)
                _add_turn_hints(instrument, decider.source, 1, found)
            found.setdefault(name, []).extend(entries)
    _add_turn_hints(instrument, leaf.roster or "", turn or 1, found)
    return {name: tuple(dict.fromkeys(entries)) for name, entries in found.items()}


def _add_turn_hints(instrument: Instrument, roster: str, turn: int, found: dict[str, list[str]]) -> None:
    """What makes a roster have so many turns."""
    group = instrument.groups.get(roster)
    if not isinstance(group, Roster):
        return
    if group.count is not None:
        for name in group.count.names:
            found.setdefault(name, []).append(str(turn))
    if group.each is not None:
        found.setdefault(group.each.id, []).extend(str(o.code) for o in group.each.options)
    if group.until is not None:
        found.setdefault(group.until.id, []).append("1")


def list_conditions(instrument: Instrument, leaf: CompiledItem) -> list[Condition]:
    """The conditions of an item, of the groups around it, and of every `end` written before it."""
    around: list[CompiledItem | object] = [g for g in instrument.groups.values() if leaf in g.leaves]
    for other in instrument.leaves.values():
        if other is leaf:
            break
        if isinstance(other.question, EndItem):
            around.append(other)
            around += [g for g in instrument.groups.values() if other in g.leaves]
    found: list[Condition] = []
    for node in (leaf, *around):
        for name in ("ask_if", "unless", "count"):
            condition = getattr(node, name, None)
            if isinstance(condition, Condition) and condition not in found:
                found.append(condition)
    return found


def _list_entries(node: ast.AST) -> tuple[str, ...]:
    """A constant of a condition as it would be keyed, and numbers beside it; a decline that a function asks for."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return DECLINES_BY_FUNCTION.get(node.func.id, ())
    if not isinstance(node, ast.Constant) or isinstance(node.value, bool):
        return ()
    if isinstance(node.value, int):
        return tuple(str(node.value + by) for by in (0, 1, -1) if node.value + by >= 0)
    return (str(node.value),) if isinstance(node.value, float | str) else ()


def list_neighbors(before: Collection[str], after: Mapping[str, object], gone: str) -> list[str]:
    """Items to stand at where one is gone, the nearest first: what came in its place, the ones behind it, then the ones
    before. `before` and `after` are the items of both versions in written order."""
    old = list(before)
    if gone not in old:
        return []
    at = old.index(gone)
    behind = [item for item in old[at + 1 :] if item in after]
    ahead = [item for item in reversed(old[:at]) if item in after]
    new = list(after)
    first = new.index(ahead[0]) + 1 if ahead else 0
    last = new.index(behind[0]) if behind else len(new)
    known = set(old)
    return [*(item for item in new[first:last] if item not in known), *behind, *ahead]
