"""Changes of who is asked what: conditions of items, groups, options, checks and rosters, and calculations in them."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from survey_cli.instrument.checks.reachability.facts import list_requirements
from survey_cli.instrument.compiled.model import Instrument, Roster
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.schema.items.question import CompiledItem, Compute
from survey_cli.problems import Position
from survey_cli.proof.goals import Comparison
from survey_cli.revisions.properties import ChangeKind, ComparedChange, Node
from survey_cli.scenarios.coverage import format_typed
from survey_cli.values import Missing
from survey_cli.wording import join_words

if TYPE_CHECKING:
    from survey_cli.proof.equivalence import ConditionComparer, ConditionPart

Parts: TypeAlias = "Sequence[ConditionPart]"


class _Use(NamedTuple):
    """What one condition of an item or group is for."""

    reading: Any
    words: str
    given: str
    absent: str


_OFFERED = _Use("true", "offered", "offered if {}", "always offered")
_ELIGIBLE = _Use("true", "eligible", "limited to {}", "not limited")
_REPEATED = _Use("at least", "repeated", "repeated {} times", "repeated otherwise")


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
            pair = [nodes[name].compiled for nodes in self.nodes]
            change = ComparedChange("route", (name,), "it", tuple(nodes[name].where for nodes in self.nodes))
            yield from self._compare_use(_ELIGIBLE, [getattr(node, "where", None) for node in pair], change)
            old, new = pair
            if isinstance(old, CompiledItem) and isinstance(new, CompiledItem):
                yield from self._compare_options(old, new)
                yield from self._compare_checks(old, new)
            elif isinstance(old, Roster) and isinstance(new, Roster):
                change = change._replace(affected=tuple(item.id for item in old.items))
                yield from self._compare_use(_REPEATED, [old.count, new.count], change)
        for name, compute in self.versions[0].computes.items():
            if name in self.versions[1].computes:
                yield from self._compare_computes(compute, self.versions[1].computes[name])

    def _prove(
        self,
        versions: Sequence[Parts],
        owners: tuple[str, str],
        moment: Any,
        roster: str | None,
        *,
        at_once: bool = True,
    ) -> Comparison:
        """Return whether both hold for the same answers."""
        if _write(versions[0]) == _write(versions[1]):
            return Comparison(is_same=True, decided=True)
        if self.comparer is None:
            return Comparison()
        return self.comparer.compare(versions, owners, moment, roster, at_once=at_once)

    def _describe_example(self, comparison: Comparison, words: str) -> str:
        """Describe an example; `words` say what was and is."""
        if not comparison.example:
            return ""
        values = join_words(self._format_value(name, value) for name, value in comparison.example.items())
        was, is_ = ("not ", "") if comparison.holds_in_new else ("", "not ")
        return f"; with {values} it was {was}{words} and is {is_}{words}"

    def _format_value(self, name: str, value: Any) -> str:
        version = self.versions[name in self.versions[1].items]
        item = version.items.get(name)
        if isinstance(value, Missing):
            texts = {decline.id: str(decline.text.get(version.language)) for decline in item.declines} if item else {}
            return f"{name} = {texts.get(value.kind, 'not asked' if item else 'empty').lower()}"
        return f"{name} = {value if item is None else format_typed(item, value, version.language)}"

    # Items and groups

    def _compare_routes(self) -> Iterator[ComparedChange]:
        """Yield each item or group whose own condition makes a difference for an item in it, or an item that moved."""
        affected: dict[str, list[str]] = {}
        verdicts: dict[str, Comparison] = {}
        for name in self.common:
            old, new = (nodes[name] for nodes in self.nodes)
            if not isinstance(old.compiled, CompiledItem) or old.roster != new.roster:
                continue
            chains = [[*(self.nodes[index][g] for g in node.ancestors), node] for index, node in enumerate((old, new))]
            ids = [[node.id for node in chain] for chain in chains]
            causes = [n for n in dict.fromkeys((*ids[0], *ids[1])) if n in self.common]
            for cause in causes:
                own = [[nodes[cause]] for nodes in self.nodes]
                verdicts[cause] = verdicts.get(cause) or self._compare_chains(own, old.roster)
            if ids[0] == ids[1] and all(verdicts[cause].is_same for cause in causes):
                continue
            verdict = self._compare_chains(chains, old.roster)
            if verdict.is_same:
                continue
            causes = [cause for cause in causes if not verdicts[cause].is_same]
            if not causes:
                causes, verdicts[name] = [name], verdict
            for cause in causes:
                affected.setdefault(cause, []).append(name)
        for cause, names in affected.items():
            was, is_ = (_describe(nodes[cause]) for nodes in self.nodes)
            what = f"it was {was} and is {is_}" if was != is_ else "it is in another group, with another condition"
            what += self._describe_example(verdicts[cause], "asked")
            places = tuple(_locate_condition(nodes[cause]) for nodes in self.nodes)
            decided = verdicts[cause].decided
            yield ComparedChange("route", (cause,), what, places, decided=decided, affected=tuple(names))

    def _compare_chains(self, chains: Sequence[list[Node]], roster: str | None) -> Comparison:
        """Compare the conditions of an item with those of the groups around it."""
        olds, news = chains
        while len(olds) > 1 and len(news) > 1 and olds[0].id == news[0].id:
            if _write(_list_parts(olds[0])) != _write(_list_parts(news[0])):
                break
            olds, news = olds[1:], news[1:]
        parts = [[part for node in chain for part in _list_parts(node)] for chain in (olds, news)]
        owners, at_once = (olds[0].id, news[0].id), len(olds) == len(news) == 1
        return self._prove(parts, owners, "reached", roster, at_once=at_once)

    # Options, checks, rosters, computes

    def _compare_use(
        self, use: _Use, pair: Sequence[Condition | None], change: ComparedChange
    ) -> Iterator[ComparedChange]:
        """Yield the change if a condition or calculation is another one."""
        name = change.items[0]
        node = self.nodes[0][name].compiled
        roster = node.id if isinstance(node, Roster) else getattr(node, "source", "") or self.nodes[0][name].roster
        parts: list[Parts] = [[(condition, use.reading)] if condition is not None else [] for condition in pair]
        verdict = self._prove(parts, (name, name), "asked", roster)
        if not verdict.is_same:
            was, is_ = (use.given.format(repr(c.text)) if c is not None else use.absent for c in pair)
            what = f"{change.what} was {was} and is {is_}{self._describe_example(verdict, use.words)}"
            yield change._replace(what=what, decided=verdict.decided)

    def _compare_options(self, old: CompiledItem, new: CompiledItem) -> Iterator[ComparedChange]:
        news = {option.code: option for option in new.options}
        for pair in [(option, news[option.code]) for option in old.options if option.code in news]:
            places = tuple(option.text.source.where for option in pair)
            change = ComparedChange("route", (old.id,), f"code {pair[0].code}", places, pair[0].code)
            yield from self._compare_use(_OFFERED, [option.ask_if for option in pair], change)

    def _compare_checks(self, old: CompiledItem, new: CompiledItem) -> Iterator[ComparedChange]:
        """Yield the checks that are gone, new, or have another condition. Checks with the same condition are a pair."""
        olds, news = ({normalize(check.condition): check for check in item.checks} for item in (old, new))
        rest = [[olds[key] for key in olds if key not in news], [news[key] for key in news if key not in olds]]
        for pair in zip_longest(*rest):
            parts: list[Parts] = [[(c.condition, "true" if c.aloud else "false")] if c else [] for c in pair]
            verdict = Comparison(decided=True, holds_in_new=pair[0] is None)
            if None not in pair:
                verdict = self._prove(parts, (old.id, new.id), "answered", old.roster)
            if verdict.is_same:
                continue
            was, is_ = (repr(c.condition.text) if c is not None else "" for c in pair)
            name = next("read-back" if c.aloud else "warning" if c.soft else "check" for c in pair[::-1] if c)
            what = f"the {name} {was} is gone" if not is_ else f"the {name} {is_} is new"
            if was and is_:
                what = f"the {name} was {was} and is {is_}"
            kind: ChangeKind = "narrowed" if verdict.holds_in_new else "widened"
            kind = kind if any(c is not None and not c.soft for c in pair) else "text"
            places = tuple(c.say.source.where if c else None for c in pair)
            yield ComparedChange(kind, (old.id,), what, places, decided=verdict.decided)

    def _compare_computes(self, old: Compute, new: Compute) -> Iterator[ComparedChange]:
        olds, news = ([*each.conditions.values()] for each in (old, new))
        if [*map(normalize, olds)] == [*map(normalize, news)]:
            return
        verdicts = [Comparison()]
        if old.type == new.type == "flag" and len(olds) == len(news) == 1:
            readings: Any = ("true", "false")
            verdicts = [self._prove([[(olds[0], r)], [(news[0], r)]], ("", ""), "asked", None) for r in readings]
        if all(verdict.is_same for verdict in verdicts):
            return
        nodes = self.nodes[1]
        used = tuple(n for n in self.common for condition, _ in _list_parts(nodes[n]) if new.id in condition.names)
        kind: ChangeKind = "route" if used else "text" if new.type == "text" else "recoded"
        what = f"it was calculated as {olds[0].text!r} and is calculated as {news[0].text!r}"
        places = tuple(version.document.compute[new.id].where for version in self.versions)  # type: ignore[index]  # a key is a text with its position
        decided = kind != "route" or all(verdict.decided for verdict in verdicts)
        yield ComparedChange(kind, (new.id,), what, places, decided=decided, affected=used)


def _list_parts(node: Node) -> "list[ConditionPart]":
    """List what must hold for an item or group to be asked where it is reached."""
    return [(r.condition, "true" if r.key == "ask_if" else "not true") for r in list_requirements(node.compiled)]


def _write(parts: Parts) -> list[tuple[str, str]]:
    return [(normalize(condition), reading) for condition, reading in parts]


def _describe(node: Node) -> str:
    words = {"true": "asked if", "not true": "skipped if"}
    return " and ".join(f"{words[r]} {c.text!r}" for c, r in _list_parts(node)) or "always asked"


def _locate_condition(node: Node) -> Position:
    written = getattr(node.spec, "ask_if", None) or getattr(node.spec, "unless", None)
    return written.where if written is not None else node.where
