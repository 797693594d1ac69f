"""Random respondents and interviewers: they answer, decline, go back, jump, correct and confirm, and always come to
an end.

`due` computes, independently of the engine's route, which answers should then be in the data.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from random import Random
from typing import Any

from support.scenario import STAMP, TODAY, Scenario
from survey_cli.engine import prompts
from survey_cli.engine.events import InterviewStarted, SessionContext
from survey_cli.engine.interview import Interview
from survey_cli.entries import ReadEntry, Rejection
from survey_cli.instrument.compiled.model import CompiledNode, Instrument, ItemGroup, Roster
from survey_cli.instrument.expressions.known import Known
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.unasked_items import EndItem, PickItem
from survey_cli.values import Place, Value

ODD = (
    "",
    "zzz",
    "-1",
    "99999999999999999",
    "1 1 1",
    "%",
    "[bold]",
    "31 February 2020",
    "1 2 3 4 5 6 7 8 9",
)
"""Entries of which an item may take one or the other; most are rejected most of the time."""


def begun(made: Instrument, dice: Random) -> Scenario:
    """An interview with an invented case of this instrument."""
    sample: dict[str, Value] = {}
    for name, column in made.sample.items():
        codes = (
            list(column.options)
            if isinstance(column.options, dict)
            else list(map(str, column.arms))
        )
        if codes and dice.random() < 0.9:
            sample[name] = dice.choice(codes)
        elif column.type in ("number", "date") and not codes:
            sample[name] = dice.randint(1, 9) if column.type == "number" else TODAY
        elif not codes:
            sample[name] = dice.choice(("Ann", "Bob", "x [b]y[/b]"))
    sitting = SessionContext(
        "Pat", dice.choice(("morning", "evening")), dice.choice(made.languages)
    )
    began = InterviewStarted(
        STAMP,
        made.hash,
        dice.randint(0, 2**40),
        f"case {dice.randint(1, 999)}",
        TODAY,
        sitting,
        sample=sample,
    )
    states = ("open", "open", "open", "full", "outside")
    quotas = {str(q.id): dice.choice(states) for q in made.document.quotas}
    return Scenario(Interview.begin(made, began), quotas).settled()


def answer(now: Scenario, dice: Random) -> Scenario:
    """One entry that is taken: an answer, a decline, or the earlier one kept; what must be confirmed is confirmed."""
    for _ in range(500):
        asked = now.asked
        if asked.query is not None and dice.random() < 0.7:
            after = now.key(".ok it is so")
        elif asked.declines and dice.random() < 0.12:
            after = now.key(f".{dice.choice(asked.declines).id}")
        elif isinstance(asked.entry, ReadEntry) or (
            asked.earlier is not None and dice.random() < 0.3
        ):
            after = now.key("")
        else:
            after = invented(now, dice)
        if not after.why:
            return after
    raise AssertionError(f"nothing is accepted at {now.place}: {now.words!r}")


def invented(now: Scenario, dice: Random) -> Scenario:
    """An answer that the item itself makes up; a check may still reject it."""
    machine = now.interview.machine
    stop = machine.current_stop
    assert stop is not None
    reply = stop.item.question.invent(machine.walk.build_item_context(stop, machine.language), dice)
    event = prompts.parse_reply(now.interview, reply, STAMP)
    if isinstance(event, Rejection):
        return replace(now, why=event.why)
    return now.step(event).settled()


def wander(
    now: Scenario, dice: Random, *, moves: int, seen: Callable[[Scenario], None] = lambda _: None
) -> Scenario:
    """A call with so many backs, jumps, odd entries, changes of language and interruptions among its answers."""
    while moves > 0:
        moves -= 1
        if now.status != "open":
            if now.outcome == "withdrawn":
                return now
            now = now.key(".reopen" if now.status in ("ended", "stopped") else ".resume")
            if now.why or now.prompt is None:
                return now
        lot = dice.random()
        if lot < 0.15:
            now = now.key(".back")
        elif lot < 0.30:
            now = now.key(f".jump {dice.choice(places(now))}")
        elif lot < 0.36:
            now = rejected_or_taken(now, dice.choice(ODD))
        elif lot < 0.38:
            now = now.key(f".lang {dice.choice(now.interview.instrument.languages)}")
        elif lot < 0.40:
            now = now.key(".suspend")
        else:
            now = answer(now, dice)
        seen(now)
    return now


def rejected_or_taken(now: Scenario, key: str) -> Scenario:
    """Key something odd. A Rejection must leave the interview as it was."""
    before = portrait(now)
    after = now.key(key)
    if after.why:
        assert portrait(after) == before, f"a rejected {key!r} changed the interview at {now.place}"
    return after


def portrait(now: Scenario) -> object:
    """All that an interview has come to, as values that can be compared."""
    machine = now.interview.machine
    return (
        now.prompt,
        machine.status,
        machine.query,
        dict(machine.recorded_answers),
        machine.walk.known.copy(),
        [s.place for s in machine.walk.stops],
        now.interview.events,
        now.data,
    )


def places(now: Scenario) -> list[Place]:
    """The places one could think of jumping to: those answered at some time, on the route or not."""
    return list(now.interview.machine.recorded_answers) or [Place(now.place or "nowhere")]


def forward(now: Scenario, dice: Random) -> Scenario:
    """Straight on to the end, however it ends. It must come within the number of places there can be."""
    most = 20 + 3 * sum(_most(node) for node in now.interview.instrument.root.children)
    for _ in range(most):
        if now.status == "suspended" and not now.outcome:
            now = now.key(".resume")
        if now.status != "open":
            return now
        now = answer(now, dice)
    raise AssertionError(f"no end after {most} entries: at {now.place}")


def _most(node: CompiledNode) -> int:
    if isinstance(node, Roster):
        return node.maximum * (sum(_most(child) for child in node.children) + 1)
    return sum(_most(child) for child in node.children) if isinstance(node, ItemGroup) else 1


# what the language says the route is


def due(now: Scenario) -> list[Place]:
    """The places whose conditions hold under the data: an item's own, those of the groups around it, the roster's
    turns, and no `end` before. Evaluated from what is known at the end, not by walking; in written order."""
    known = now.interview.evaluate_route().known.copy()
    visited: set[str] = set()
    held = now.interview.evaluate_route().answers
    found: list[Place] = []

    def holds(node: CompiledNode) -> bool:
        if node.ask_if is not None and node.ask_if.evaluate(known) is not True:
            return False
        options = (
            node.options if isinstance(node, CompiledItem) and node.options_conditional else ()
        )
        if options and not any(
            o.ask_if is None or o.ask_if.evaluate(known) is True for o in options
        ):
            return False
        return node.unless is None or node.unless.evaluate(known) is not True

    def visit(node: CompiledNode, turn: int | None) -> bool:
        """False once an `end` is reached."""
        if not holds(node):
            return True
        if isinstance(node, CompiledItem):
            found.append(Place(node.id, turn if node.roster is not None else None))
            return not isinstance(node.question, EndItem)
        if node.pick is not None:
            found.append(Place(node.pick.id, turn if node.pick.roster is not None else None))
        if not isinstance(node, Roster):
            children = [child for child in node.children if node.pick is None or holds(child)]
            picked = _picked(node, [child.id for child in children], held, turn)
            return all(visit(child, turn) for child in children if child.id in picked)
        visited.add(node.id)
        for which in _turns(node, known, visited, held):
            known.turn = which
            for child in node.children:
                visit(child, which)
            if node.until is not None and which < node.maximum:
                found.append(Place(node.until.id, which))
        known.turn = None
        return True

    all(visit(node, None) for node in now.interview.instrument.root.children)
    return found


def _picked(group: ItemGroup, eligible: list[Any], held: Any, turn: int | None) -> list[Any]:
    """What is picked of those that are eligible, all of which the computer ranked."""
    if group.pick is None or not eligible:
        return eligible
    value = held[Place(group.pick.id, turn if group.pick.roster is not None else None)].cell
    assert isinstance(group.pick.question, PickItem)
    assert set(value) == set(eligible)
    return [name for name in eligible if name in value[: group.pick.question.count]]


def _turns(roster: Roster, known: Known, visited: Collection[str], held: Any) -> list[int]:
    return _picked(roster, _eligible_turns(roster, known, visited, held), held, None)


def _eligible_turns(roster: Roster, known: Known, visited: Collection[str], held: Any) -> list[int]:
    if roster.count is not None:
        count = roster.count.evaluate(known)
        return (
            list(range(1, min(int(count), roster.maximum) + 1))
            if isinstance(count, int | float)
            else []
        )
    if roster.each is not None:
        chosen = known.value(roster.each.id)
        codes = [o.code for o in roster.each.options]
        return [
            n for n, code in enumerate(codes, 1) if isinstance(chosen, tuple) and code in chosen
        ]
    if roster.over is not None:
        if roster.over.id not in visited:
            return []
        turns, where = _turns(roster.over, known, visited, held), roster.where
        return [n for n in turns if where is None or where.evaluate(known.in_turn(n)) is True]
    turns = [1]
    assert roster.until is not None
    while len(turns) < roster.maximum and known.value(roster.until.id, turns[-1]) == 1:
        turns.append(len(turns) + 1)
    return turns


def counted(now: Scenario) -> list[Place]:
    """The places whose answers count."""
    return list(now.interview.evaluate_route().answers)


def assert_data_is_the_route(now: Scenario) -> None:
    """An answer is in the data iff its condition holds under the data; holds of a finished interview."""
    have, want = counted(now), due(now)
    assert sorted(map(str, have)) == sorted(map(str, want)), (
        f"data {have} but the conditions say {want}"
    )


def replayed(now: Scenario) -> Scenario:
    """The interview that its journal gives."""
    return Scenario(Interview.replay(now.interview.instrument, now.interview.events), now.quotas)
