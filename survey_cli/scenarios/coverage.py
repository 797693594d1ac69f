"""Coverage: everything that can happen in a questionnaire, and what happened in a run."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from survey_cli.engine.route import RouteWalk
from survey_cli.instrument.compiled.model import CompiledNode, Instrument, ItemGroup, Roster
from survey_cli.instrument.schema.items.question import CompiledItem, QuestionItem
from survey_cli.instrument.schema.items.unasked_items import EndItem
from survey_cli.instrument.schema.options import SpecModel
from survey_cli.problems import Position
from survey_cli.proof.goals import Goal
from survey_cli.scenarios.running import ScenarioRun
from survey_cli.values import Missing


class ObservedWalk(RouteWalk):
    """A walk that notes everything that it decides."""

    seen: set[Goal]

    def _is_asked(self, node: CompiledNode, group: ItemGroup, turn: int | None) -> Any:
        on_route = super()._is_asked(node, group, turn)
        self.seen.add(Goal("asked" if on_route is True else "skipped", node.id))
        conditions = [condition for condition in (node.ask_if, node.unless) if condition is not None]
        if any(isinstance(condition.evaluate(self.env), Missing) for condition in conditions):
            self.seen.add(Goal("unknown", node.id))
        return on_route

    def note_item(self, item: CompiledItem) -> None:
        """Note that an item is asked, and its options that are offered."""
        self.seen.add(Goal("asked", item.id))
        for option in item.options:
            if option.ask_if is not None and option.ask_if.evaluate(self.env) is True:
                self.seen.add(Goal("offered", item.id, option.code))


def observe(run: ScenarioRun) -> frozenset[Goal]:
    """Return everything that a run covers."""
    start, machine = run.interview.start, run.interview.machine
    walk = ObservedWalk(run.interview.instrument, start.seed, machine.build_env(), rules=start.rules)
    walk.seen = set(run.seen)
    stops = machine.walk.stops
    for stop in stops:
        walk.advance()
        walk.note_item(stop.item)
        answer = machine.recorded_answers.get(stop.place)
        if answer is not None:
            walk.record_answer(stop, answer.cell)
    if machine.walk.finished and not (stops and isinstance(stops[-1].item.question, EndItem)):
        walk.advance()
    return frozenset(walk.seen)


def list_coverage(instrument: Instrument) -> list[Goal]:
    """List everything that scenarios can cover, in written order."""
    return list(dict.fromkeys(_iterate_goals(instrument.root.children)))


def _iterate_goals(nodes: Iterable[CompiledNode]) -> Iterator[Goal]:
    for node in nodes:
        yield Goal("asked", node.id)
        if node.ask_if is not None or node.unless is not None:
            yield Goal("skipped", node.id)
            yield Goal("unknown", node.id)
        if isinstance(node, ItemGroup):
            yield from _iterate_goals(node.children)
            if isinstance(node, Roster) and node.until is not None:
                yield Goal("asked", node.until.id)
            continue
        for option in node.options:
            if option.ask_if is not None:
                yield Goal("offered", node.id, option.code)
        for name in node.text.iterate_names():
            yield Goal("filled", node.id, name)
        for number, _ in enumerate(node.checks if node.question.expects_answer else ()):
            yield Goal("fires", node.id, number)
            yield Goal("passes", node.id, number)


def _is_conditional(instrument: Instrument, name: str) -> bool:
    node = instrument.items.get(name) or instrument.groups[name]
    return node.ask_if is not None or node.unless is not None


def _is_end(instrument: Instrument, name: str) -> bool:
    item = instrument.items.get(name)
    return item is not None and isinstance(item.question, EndItem)


KINDS: Final[Mapping[str, Callable[[Instrument, Goal], bool]]] = {
    "items": lambda i, g: g.kind == "asked" and g.name in i.items and not _is_end(i, g.name),
    "ends": lambda i, g: g.kind == "asked" and _is_end(i, g.name),
    "conditions true": lambda i, g: g.kind == "asked" and _is_conditional(i, g.name),
    "conditions not true": lambda _, g: g.kind == "skipped",
    "conditions unknown": lambda _, g: g.kind == "unknown",
    "options with a condition": lambda _, g: g.kind == "offered",
    "checks that fire": lambda _, g: g.kind == "fires",
    "checks that pass": lambda _, g: g.kind == "passes",
    "fills": lambda _, g: g.kind == "filled",
}
"""What is counted, by name."""

_DESCRIPTIONS: Final = {
    "asked": ("{name} is asked", "{name} is never asked"),
    "skipped": ("{name} is not asked", "{name} is always asked"),
    "unknown": ("the condition of {name} is unknown", "the condition of {name} is never unknown"),
    "offered": ("{name} offers option {detail}", "{name} never offers option {detail}"),
    "fires": ("check {detail} of {name} fires", "check {detail} of {name} never fires"),
    "passes": ("check {detail} of {name} passes", "check {detail} of {name} never passes"),
    "filled": ("{name} is read with {detail}", "{name} is never read with {detail}"),
}


def describe_goal(goal: Goal, *, negated: bool = False) -> str:
    """Describe what happens, or never does."""
    detail = goal.detail + 1 if goal.kind in ("fires", "passes") else goal.detail
    return _DESCRIPTIONS[goal.kind][negated].format(name=goal.name, detail=detail)


def locate_goal(instrument: Instrument, goal: Goal) -> Position:
    """Return the position in the questionnaire of what a goal is about."""
    node = instrument.items.get(goal.name) or instrument.groups[goal.name]
    spec = node.question if isinstance(node, CompiledItem) else node.spec
    if spec is None:
        return Position("")
    if goal.kind in ("fires", "passes") and isinstance(spec, QuestionItem):
        parts: list[SpecModel] = [*spec.checks, *spec.confirm]
        return parts[goal.detail].find_position() if goal.detail < len(parts) else spec.find_position()
    key = "text" if goal.kind == "filled" else "id"
    if goal.kind in ("skipped", "unknown"):
        key = "ask_if" if node.ask_if is not None else "unless"
    return spec.find_position(key)
