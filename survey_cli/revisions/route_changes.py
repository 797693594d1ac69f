"""Changes of who is asked what: conditions of items, groups, options, checks and rosters, and calculations in them."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from survey_cli.instrument.compiled.model import Instrument, Roster
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.schema.items.question import CompiledCheck, CompiledItem, Compute
from survey_cli.problems import Position
from survey_cli.revisions.properties import ComparedChange, Node
from survey_cli.scenarios.witnesses import format_typed
from survey_cli.values import NOT_ASKED, Missing
from survey_cli.wording import join_first, join_words

if TYPE_CHECKING:
    from survey_cli.proof.equivalence import ConditionComparer, ConditionPart
    from survey_cli.proof.goals import Witness


class _Verdict(NamedTuple):
    is_same: bool = False
    decided: bool = False
    holds_in_new: bool = True
    example: str = ""


Parts: TypeAlias = "Sequence[ConditionPart]"


def normalize(condition: Condition) -> str:
    """Return a condition in one form, whatever its spaces, brackets and quotes."""
    return ast.unparse(condition.tree)


class RouteComparison:
    """The conditions of two versions while they are compared."""

    def __init__(
        self,
        versions: tuple[Instrument, Instrument],
        nodes: tuple[Mapping[str, Node], Mapping[str, Node]],
        comparer: "ConditionComparer | None",
    ) -> None:
        self.versions, self.nodes, self.comparer = versions, nodes, comparer
        self.common = [name for name in nodes[0] if name in nodes[1]]

    def iterate_changes(self) -> Iterator[ComparedChange]:
        """Yield all changes."""
        yield from self._compare_routes()
        for name in self.common:
            old, new = (nodes[name].compiled for nodes in self.nodes)
            if isinstance(old, CompiledItem) and isinstance(new, CompiledItem):
                yield from self._compare_options(old, new)
                yield from self._compare_checks(old, new)
            elif isinstance(old, Roster) and isinstance(new, Roster):
                yield from self._compare_counts(old, new)
        for name, compute in self.versions[0].computes.items():
            if name in self.versions[1].computes:
                yield from self._compare_computes(compute, self.versions[1].computes[name])

    def _prove(
        self, versions: Sequence[Parts], owners: tuple[str, str], moment: Any, roster: str | None, words: str = ""
    ) -> _Verdict:
        """Return whether both hold for the same answers; `words` are the words of an example for was and is."""
        olds, news = ([(normalize(condition), reading) for condition, reading in parts] for parts in versions)
        if olds == news:
            return _Verdict(is_same=True, decided=True)
        if self.comparer is None:
            return _Verdict()
        result = self.comparer.compare(versions, owners, moment, roster)
        decided = result.verdict != "undecided"
        if result.example is None or not words:
            return _Verdict(result.verdict == "same", decided, result.holds_in_new)
        example = result.example
        values = join_words(f"{name} = {self._format_value(name, example)}" for name in result.inputs)
        was, is_ = ("not ", "") if result.holds_in_new else ("", "not ")
        return _Verdict(False, True, result.holds_in_new, f"; with {values} it was {was}{words} and is {is_}{words}")

    def _format_value(self, name: str, witness: "Witness") -> str:
        version = self.versions[name in self.versions[1].items]
        value = witness.sample.get(
            name, next((v for place, v in witness.answers.items() if place.item == name), NOT_ASKED)
        )
        item = version.items.get(name)
        if isinstance(value, Missing):
            decline = item.declines if item is not None else ()
            text = next(
                (d.text.get(version.language) for d in decline if d.id == value.kind), "not asked" if item else "empty"
            )
            return str(text).lower()
        return str(value) if item is None else format_typed(item, value, version.language)

    # Items and groups

    def _compare_routes(self) -> Iterator[ComparedChange]:
        """Yield each item or group whose own condition makes a difference for an item in it, or an item that moved."""
        affected: dict[str, list[tuple[str, _Verdict]]] = {}
        own_verdicts: dict[str, _Verdict] = {}
        for name in self.common:
            old, new = (nodes[name] for nodes in self.nodes)
            if not (isinstance(old.compiled, CompiledItem) and isinstance(new.compiled, CompiledItem)):
                continue
            chains = [self._list_chain(0, old), self._list_chain(1, new)]
            verdict = self._compare_chains(chains[0], chains[1], old.roster)
            if verdict.is_same or old.roster != new.roster:
                continue
            causes = []
            for cause in dict.fromkeys(node.id for chain in chains for node in chain):
                if all(cause in nodes for nodes in self.nodes):
                    own = own_verdicts.get(cause) or self._compare_own(cause)
                    own_verdicts[cause] = own
                    causes += [cause] if not own.is_same else []
            for cause in causes or [name]:
                affected.setdefault(cause, []).append((name, verdict))
        for cause, items in affected.items():
            own = own_verdicts.get(cause, _Verdict(is_same=True))
            verdict = items[0][1] if own.is_same else own
            was, is_ = (_describe_own(nodes[cause]) for nodes in self.nodes)
            what = f"it was {was} and is {is_}" if was != is_ else "it is in another group, with another condition"
            places = tuple(_locate_condition(nodes[cause]) for nodes in self.nodes)
            names = tuple(name for name, _ in items)
            concerned = f"; this concerns {join_first(names)}" if names != (cause,) else ""
            what += verdict.example + concerned
            yield ComparedChange("route", (cause,), what, places, decided=verdict.decided, affected=names)

    def _list_chain(self, index: int, node: Node) -> list[Node]:
        return [*(self.nodes[index][group] for group in node.ancestors), node]

    def _compare_chains(self, olds: list[Node], news: list[Node], roster: str | None) -> _Verdict:
        """Compare the conditions of an item with those of the groups around it."""
        while len(olds) > 1 and len(news) > 1 and olds[0].id == news[0].id and _is_own_equal(olds[0], news[0]):
            olds, news = olds[1:], news[1:]
        parts = [[part for node in chain for part in _list_parts(node)] for chain in (olds, news)]
        return self._prove(parts, (olds[0].id, news[0].id), "reached", roster, "asked")

    def _compare_own(self, name: str) -> _Verdict:
        old, new = (nodes[name] for nodes in self.nodes)
        return self._prove((_list_parts(old), _list_parts(new)), (name, name), "reached", old.roster, "asked")

    # Options, checks, rosters, computes

    def _compare_options(self, old: CompiledItem, new: CompiledItem) -> Iterator[ComparedChange]:
        news = {option.code: option for option in new.options}
        for option in old.options:
            if (other := news.get(option.code)) is None:
                continue
            parts: list[Parts] = [[(o.ask_if, "true")] if o.ask_if is not None else [] for o in (option, other)]
            verdict = self._prove(parts, (old.id, new.id), "asked", old.roster, "offered")
            if not verdict.is_same:
                was, is_ = (f"offered if {o.ask_if.text!r}" if o.ask_if else "always offered" for o in (option, other))
                what = f"code {option.code} was {was} and is {is_}{verdict.example}"
                places = tuple(o.text.source.where for o in (option, other))
                yield ComparedChange("route", (old.id,), what, places, option.code, verdict.decided)

    def _compare_checks(self, old: CompiledItem, new: CompiledItem) -> Iterator[ComparedChange]:
        """Yield the checks that are gone, new, or have another condition. Checks with the same condition are a pair."""
        olds, news = list(old.checks), list(new.checks)
        for check in old.checks:
            twin = next((other for other in news if normalize(other.condition) == normalize(check.condition)), None)
            if twin is not None:
                olds.remove(check)
                news.remove(twin)
        while olds or news:
            was = olds.pop(0) if olds else None
            is_ = next((n for n in news if was is None or n.say.source == was.say.source), news[0] if news else None)
            if is_ is not None:
                news.remove(is_)
            yield from self._compare_check(old, new, was, is_)

    def _compare_check(
        self, old: CompiledItem, new: CompiledItem, was: CompiledCheck | None, is_: CompiledCheck | None
    ) -> Iterator[ComparedChange]:
        checks = (was, is_)
        parts: list[Parts] = [[(c.condition, "true" if c.aloud else "false")] if c else [] for c in checks]
        verdict = _Verdict(decided=True, holds_in_new=was is None)
        if was is not None and is_ is not None:
            verdict = self._prove(parts, (old.id, new.id), "answered", old.roster)
            if verdict.is_same:
                return
        texts = [f"{name_check(c)} {c.condition.text!r}" if c else "" for c in checks]
        what = (
            f"the {texts[0]} is gone" if is_ is None
            else f"the {texts[1]} is new" if was is None
            else f"the {texts[0]} is now the {texts[1]}"
        )  # fmt: skip
        hard = any(c is not None and not c.soft for c in checks)
        kind: Any = ("narrowed" if verdict.holds_in_new else "widened") if hard else "text"
        places = tuple(c.say.source.where if c else None for c in checks)
        yield ComparedChange(kind, (old.id,), what, places, decided=verdict.decided)

    def _compare_counts(self, old: Roster, new: Roster) -> Iterator[ComparedChange]:
        parts: list[Parts] = [[(r.count, "at least")] if r.count is not None else [] for r in (old, new)]
        if not parts[0] and not parts[1]:
            return
        verdict = _Verdict(decided=True)
        if parts[0] and parts[1]:
            verdict = self._prove(parts, (old.id, new.id), "asked", old.id)
        if not verdict.is_same:
            was, is_ = (repr(r.count.text) if r.count else "not given" for r in (old, new))
            names = tuple(item.id for item in old.items)
            what = f"its count was {was} and is {is_}"
            places = tuple(nodes[old.id].where for nodes in self.nodes)
            yield ComparedChange("route", (old.id,), what, places, decided=verdict.decided, affected=names)

    def _compare_computes(self, old: Compute, new: Compute) -> Iterator[ComparedChange]:
        was, is_ = (next(iter(each.conditions.values())) for each in (old, new))
        if [*map(normalize, old.conditions.values())] == [*map(normalize, new.conditions.values())]:
            return
        verdict = _Verdict()
        if old.type == new.type == "flag" and len(old.conditions) == len(new.conditions) == 1:
            for reading in ("true", "false"):
                verdict = self._prove([[(was, reading)], [(is_, reading)]], ("", ""), "asked", None)
                if not verdict.is_same:
                    break
        if verdict.is_same:
            return
        used = tuple(
            name
            for name in self.common
            for condition in (self.nodes[1][name].compiled.ask_if, self.nodes[1][name].compiled.unless)
            if condition is not None and new.id in condition.names
        )
        kind: Any = "route" if used else "text" if new.type == "text" else "recoded"
        what = f"it was calculated as {was.text!r} and is calculated as {is_.text!r}"
        places = tuple(version.document.compute[new.id].where for version in self.versions)  # type: ignore[index]
        decided = verdict.decided or kind != "route"
        yield ComparedChange(kind, (new.id,), what, places, decided=decided, affected=used)


def name_check(check: CompiledCheck) -> str:
    """Return what a check is called."""
    return "read-back" if check.aloud else "warning" if check.soft else "check"


def _list_parts(node: Node) -> "list[ConditionPart]":
    """List what must hold for an item or group to be asked where it is reached."""
    ask_if, unless = node.compiled.ask_if, node.compiled.unless
    parts: list[ConditionPart] = [(ask_if, "true")] if ask_if is not None else []
    return [*parts, (unless, "not true")] if unless is not None else parts


def _is_own_equal(old: Node, new: Node) -> bool:
    olds, news = ([(normalize(c), reading) for c, reading in _list_parts(node)] for node in (old, new))
    return olds == news


def _describe_own(node: Node) -> str:
    ask_if, unless = node.compiled.ask_if, node.compiled.unless
    parts = [f"asked if {ask_if.text!r}"] if ask_if is not None else []
    parts += [f"skipped if {unless.text!r}"] if unless is not None else []
    return " and ".join(parts) or "always asked"


def _locate_condition(node: Node) -> Position:
    written = getattr(node.spec, "ask_if", None) or getattr(node.spec, "unless", None)
    return written.where if written is not None else node.where
