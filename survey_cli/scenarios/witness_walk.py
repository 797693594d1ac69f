"""Replay of a witness of the proof along the route of the engine, noting everything that happens."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from survey_cli.engine.route import RouteStop, RouteWalk
from survey_cli.instrument.compiled.model import CompiledNode, Instrument, ItemGroup
from survey_cli.instrument.schema.items.typed import FreeTextItem
from survey_cli.instrument.schema.items.unasked_items import ComputedItem, EndItem, LookupItem
from survey_cli.proof.goals import Goal, Witness
from survey_cli.proof.text_goals import FillUse
from survey_cli.scenarios.witnesses import to_calendar
from survey_cli.values import Missing

NO_FILLS: Final[Mapping[str, Sequence[FillUse]]] = MappingProxyType({})


class WitnessWalk(RouteWalk):
    """The walk with the answers of a witness. Splits, draws and lookups give what the witness says."""

    def __init__(
        self, instrument: Instrument, witness: Witness, fills: Mapping[str, Sequence[FillUse]] = NO_FILLS
    ) -> None:
        sample = {name: to_calendar(instrument.sample[name].type, value) for name, value in witness.sample.items()}
        super().__init__(instrument, 1, {**sample, "#today": witness.today, "#unfilled": {}})
        self.witness = witness
        self._fills = fills
        self.seen: set[Goal] = set()
        self.rejection = ""
        """Why an answer is not valid. The walk ends there."""
        self._introduced = {id(group.intro): group for group in instrument.groups.values() if group.intro is not None}
        while (stop := self.advance()) is not None and self._answer(stop):
            pass

    @property
    def follows_witness(self) -> bool:
        """Whether exactly the items of the witness are asked."""
        return not self.rejection and {stop.place for stop in self.stops} == set(self.witness.route)

    def shows(self, goal: Goal) -> bool:
        """Return whether a goal that the witness should show is reached."""
        seen = goal.kind in ("asked", "skipped", "unknown", "offered", "fires", "passes", "unfilled")
        return goal in self.seen if seen else self.follows_witness

    def _is_asked(self, node: CompiledNode, group: ItemGroup, turn: int | None) -> Any:
        on_route = super()._is_asked(node, group, turn)
        self.seen.add(Goal("asked" if on_route is True else "skipped", node.id))
        conditions = [condition for condition in (node.ask_if, node.unless) if condition is not None]
        if any(isinstance(condition.evaluate(self.env), Missing) for condition in conditions):
            self.seen.add(Goal("unknown", node.id))
        return on_route

    def _answer(self, stop: RouteStop) -> bool:
        """Record the answer of the witness; returns whether the walk goes on."""
        item, question = stop.item, stop.item.question
        self.seen.add(Goal("asked", item.id))
        for option in item.options:
            if option.ask_if is not None and option.ask_if.evaluate(self.env) is True:
                self.seen.add(Goal("offered", item.id, option.code))
        self._note_fills(stop)
        if isinstance(question, EndItem):
            return False
        if isinstance(question, LookupItem) and question.sample is not None:
            value = self.env[str(question.sample)]
        elif question.expects_answer or isinstance(question, ComputedItem):
            if stop.place not in self.witness.answers:
                self.rejection = f"{stop.place}: the witness has no answer"
                return False
            value = to_calendar(question.type, self.witness.answers[stop.place])  # type: ignore[attr-defined]
        else:
            self.record_answer(stop, None)
            return True
        missing = isinstance(value, Missing)
        if question.expects_answer and not isinstance(question, FreeTextItem) and not missing:
            rejection = question.why_invalid(self.build_item_context(stop, self.instrument.language), value)
            if rejection:
                self.rejection = f"{stop.place}: {value}: {rejection}"
                return False
        self.record_answer(stop, value)
        fired = {n for n, check in enumerate(item.checks) if check.fires(self.env)} if not missing else set()
        if not missing:
            self.seen |= {Goal("fires" if n in fired else "passes", item.id, n) for n in range(len(item.checks))}
        self._note_fills(stop, fired)
        return all(item.checks[n].soft for n in fired)

    def _note_fills(self, stop: RouteStop, fired: set[int] | None = None) -> None:
        """Note the fills without a value in what is read at a stop, or in the messages of checks that fired."""
        groups = [self._introduced[id(intro)] for intro in stop.intros if fired is None]
        offered = {option.code for option in self.list_options(stop)} if stop.item.options else set()
        for name in (*(group.id for group in groups), stop.item.id):
            for use in self._fills.get(name, ()):
                is_read = use.check is None if fired is None else use.check in fired
                if is_read and (use.option is None or use.option in offered) and use.is_missing(self.env):
                    self.seen.add(use.goal)
