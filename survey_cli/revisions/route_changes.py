"""Changes of who is asked what: conditions of items, groups, options, checks and rosters."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

from survey_cli.instrument.compiled.model import CompiledNode, Roster
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.parsing import write_expression
from survey_cli.instrument.schema.items.question import CompiledCheck, CompiledItem, Compute
from survey_cli.problems import Position
from survey_cli.proof.goals import Comparison
from survey_cli.revisions.changes import ChangeKind, ComparedChange
from survey_cli.revisions.versions import Node, VersionPair
from survey_cli.scenarios.coverage import format_typed
from survey_cli.values import Missing
from survey_cli.wording import join_words

if TYPE_CHECKING:
    from survey_cli.proof.equivalence import ConditionComparer, ConditionPart, Moment, Reading

Parts: TypeAlias = "Sequence[ConditionPart]"
"""The conditions that must hold together."""


class _Use(NamedTuple):
    """What one condition of an item or group is for."""

    reading: "Reading"
    words: str
    given: str
    absent: str


_OFFERED: Final = _Use("true", "offered", "offered if {}", "always offered")
_ELIGIBLE: Final = _Use("true", "eligible", "limited to {}", "not limited")
_REPEATED: Final = _Use("at least", "repeated", "repeated {} times", "repeated otherwise")


def normalize(condition: Condition) -> str:
    """Return a condition in one form, whatever its spaces, brackets and quotes."""
    return write_expression(condition.tree)


class RouteComparison:
    """The conditions of two versions while they are compared."""

    def __init__(self, pair: VersionPair, comparer: "ConditionComparer | None") -> None:
        self.pair = pair
        self.comparer = comparer

    def iterate_changes(self) -> Iterator[ComparedChange]:
        """Yield all changes."""
        yield from self._compare_routes()
        for name in self.pair.common:
            yield from self._compare_node(name)

        old_computes = self.pair.old.instrument.computes
        new_computes = self.pair.new.instrument.computes
        for name, compute in old_computes.items():
            if name in new_computes:
                yield from self._compare_computes(compute, new_computes[name])

    def _compare_node(self, name: str) -> Iterator[ComparedChange]:
        """Yield the changes of the conditions inside an item or group."""
        old_node, new_node = self.pair.get_nodes(name)
        old = old_node.compiled
        new = new_node.compiled
        change = ComparedChange("route", (name,), "it", (old_node.where, new_node.where))

        yield from self._compare_use(_ELIGIBLE, _get_limit(old), _get_limit(new), change)
        if isinstance(old, CompiledItem) and isinstance(new, CompiledItem):
            yield from self._compare_options(old, new)
            yield from self._compare_checks(old, new)
        elif isinstance(old, Roster) and isinstance(new, Roster):
            change = change._replace(affected=tuple(item.id for item in old.items))
            yield from self._compare_use(_REPEATED, old.count, new.count, change)

    def _prove(
        self,
        old: Parts,
        new: Parts,
        owners: tuple[str, str],
        moment: "Moment",
        roster: str | None,
        *,
        at_once: bool = True,
    ) -> Comparison:
        """Return whether both hold for the same answers."""
        if _write(old) == _write(new):
            return Comparison(is_same=True, decided=True)
        if self.comparer is None:
            return Comparison()
        return self.comparer.compare((old, new), owners, moment, roster, at_once=at_once)

    def _describe_example(self, comparison: Comparison, words: str) -> str:
        """Describe an example; `words` say what was and is."""
        if not comparison.example:
            return ""
        values = join_words(
            self._format_value(name, value) for name, value in comparison.example.items()
        )
        if comparison.holds_in_new:
            return f"; with {values} it was not {words} and is {words}"
        return f"; with {values} it was {words} and is not {words}"

    def _format_value(self, name: str, value: Any) -> str:
        version = self.pair.old.instrument
        if name in self.pair.new.instrument.items:
            version = self.pair.new.instrument
        item = version.items.get(name)
        if isinstance(value, Missing):
            return f"{name} = {_format_missing(item, value, version.language)}"
        if item is None:
            return f"{name} = {value}"
        return f"{name} = {format_typed(item, value, version.language)}"

    # Items and groups

    def _compare_routes(self) -> Iterator[ComparedChange]:
        """Yield each item or group whose own condition makes a difference for an item in it.

        If no condition changed, and other people are asked only because an item moved, yields the
        item.
        """
        affected: dict[str, list[str]] = {}
        verdicts: dict[str, Comparison] = {}
        for name in self.pair.common:
            verdict = self._compare_route(name, verdicts)
            if verdict is None:
                continue

            causes = [cause for cause in self._list_around(name) if not verdicts[cause].is_same]
            if not causes:  # no condition of its own differs: it moved
                causes = [name]
                verdicts[name] = verdict
            for cause in causes:
                affected.setdefault(cause, []).append(name)

        for cause, names in affected.items():
            old, new = self.pair.get_nodes(cause)
            was = _describe(old)
            is_ = _describe(new)
            what = f"it was {was} and is {is_}"
            if was == is_:
                what = "it is in another group, with another condition"
            verdict = verdicts[cause]
            yield ComparedChange(
                "route",
                (cause,),
                what + self._describe_example(verdict, "asked"),
                (_locate_condition(old), _locate_condition(new)),
                decided=verdict.decided,
                affected=tuple(names),
            )

    def _compare_route(self, name: str, verdicts: dict[str, Comparison]) -> Comparison | None:
        """Compare who is asked an item, with the conditions of the groups around it.

        Returns None if the same people are asked. The comparison of every single condition is
        added to `verdicts`.
        """
        old, new = self.pair.get_nodes(name)
        if old.item is None or old.roster != new.roster:
            return None

        around = self._list_around(name)
        for cause in around:
            if cause not in verdicts:
                old_cause, new_cause = self.pair.get_nodes(cause)
                verdicts[cause] = self._compare_chains([old_cause], [new_cause], old.roster)

        is_in_same_groups = old.ancestors == new.ancestors
        if is_in_same_groups and all(verdicts[cause].is_same for cause in around):
            return None

        old_chain = [*(self.pair.old.nodes[group] for group in old.ancestors), old]
        new_chain = [*(self.pair.new.nodes[group] for group in new.ancestors), new]
        verdict = self._compare_chains(old_chain, new_chain, old.roster)
        if verdict.is_same:
            return None
        return verdict

    def _list_around(self, name: str) -> list[str]:
        """List an item and the groups around it in either version, if both versions have them."""
        old, new = self.pair.get_nodes(name)
        names = dict.fromkeys((*old.ancestors, name, *new.ancestors))
        return [around for around in names if around in self.pair.common]

    def _compare_chains(
        self, old: Sequence[Node], new: Sequence[Node], roster: str | None
    ) -> Comparison:
        """Compare the conditions of an item together with those of the groups around it."""
        while len(old) > 1 and len(new) > 1 and old[0].id == new[0].id:
            if _write(_list_parts(old[0])) != _write(_list_parts(new[0])):
                break
            old = old[1:]
            new = new[1:]

        old_parts = [part for node in old for part in _list_parts(node)]
        new_parts = [part for node in new for part in _list_parts(node)]
        owners = (old[0].id, new[0].id)
        at_once = len(old) == len(new) == 1
        return self._prove(old_parts, new_parts, owners, "reached", roster, at_once=at_once)

    # Options, checks, rosters, computes

    def _compare_use(
        self, use: _Use, old: Condition | None, new: Condition | None, change: ComparedChange
    ) -> Iterator[ComparedChange]:
        """Yield the change if a condition or calculation is another one."""
        name = change.items[0]
        node = self.pair.old.nodes[name]
        roster = node.roster
        if isinstance(node.compiled, Roster):
            roster = node.id
        elif node.item is not None and node.item.source:
            roster = node.item.source

        old_parts: list[ConditionPart] = []
        if old is not None:
            old_parts.append((old, use.reading))
        new_parts: list[ConditionPart] = []
        if new is not None:
            new_parts.append((new, use.reading))

        verdict = self._prove(old_parts, new_parts, (name, name), "asked", roster)
        if not verdict.is_same:
            was = _describe_use(use, old)
            is_ = _describe_use(use, new)
            example = self._describe_example(verdict, use.words)
            what = f"{change.what} was {was} and is {is_}{example}"
            yield change._replace(what=what, decided=verdict.decided)

    def _compare_options(self, old: CompiledItem, new: CompiledItem) -> Iterator[ComparedChange]:
        new_options = {option.code: option for option in new.options}
        for option in old.options:
            other = new_options.get(option.code)
            if other is None:
                continue
            places = (option.text.source.where, other.text.source.where)
            change = ComparedChange("route", (old.id,), f"code {option.code}", places, option.code)
            yield from self._compare_use(_OFFERED, option.ask_if, other.ask_if, change)

    def _compare_checks(self, old: CompiledItem, new: CompiledItem) -> Iterator[ComparedChange]:
        """Yield the checks that are gone, new, or have another condition.

        Checks with the same condition are a pair. The others are paired in written order.
        """
        old_checks = {normalize(check.condition): check for check in old.checks}
        new_checks = {normalize(check.condition): check for check in new.checks}
        gone = [check for key, check in old_checks.items() if key not in new_checks]
        added = [check for key, check in new_checks.items() if key not in old_checks]
        for before, after in zip_longest(gone, added):
            yield from self._compare_check(old, new, before, after)

    def _compare_check(
        self,
        old: CompiledItem,
        new: CompiledItem,
        before: CompiledCheck | None,
        after: CompiledCheck | None,
    ) -> Iterator[ComparedChange]:
        verdict = Comparison(decided=True, holds_in_new=before is None)
        if before is not None and after is not None:
            owners = (old.id, new.id)
            old_parts = _list_check_parts(before)
            new_parts = _list_check_parts(after)
            verdict = self._prove(old_parts, new_parts, owners, "answered", old.roster)
        if verdict.is_same:
            return

        what = _describe_check_change(before, after)
        kind: ChangeKind = "narrowed" if verdict.holds_in_new else "widened"
        checks = [check for check in (before, after) if check is not None]
        if all(check.soft for check in checks):  # a warning keeps no answer out of the data
            kind = "text"

        old_place = None
        if before is not None:
            old_place = before.say.source.where
        new_place = None
        if after is not None:
            new_place = after.say.source.where
        places = (old_place, new_place)
        yield ComparedChange(kind, (old.id,), what, places, decided=verdict.decided)

    def _compare_computes(self, old: Compute, new: Compute) -> Iterator[ComparedChange]:
        old_conditions = list(old.conditions.values())
        new_conditions = list(new.conditions.values())
        if [*map(normalize, old_conditions)] == [*map(normalize, new_conditions)]:
            return

        verdicts = [Comparison()]
        is_one_each = len(old_conditions) == len(new_conditions) == 1
        if old.type == new.type == "flag" and is_one_each:
            readings: tuple[Reading, ...] = ("true", "false")
            verdicts = [
                self._prove(
                    [(old_conditions[0], reading)],
                    [(new_conditions[0], reading)],
                    ("", ""),
                    "asked",
                    None,
                )
                for reading in readings
            ]
        if all(verdict.is_same for verdict in verdicts):
            return

        used = self._list_users(new.id)
        kind: ChangeKind = "recoded"
        if used:
            kind = "route"
        elif new.type == "text":
            kind = "text"
        was = old_conditions[0].text
        is_ = new_conditions[0].text
        what = f"it was calculated as {was!r} and is calculated as {is_!r}"
        if was == is_:
            what = f"{is_!r} is missing in one version if its condition is unknown"
            if self.pair.old.instrument.edition == self.pair.new.instrument.edition:
                what += ", because it is a table there"
            else:
                what += ", because of the edition of the language"
        yield ComparedChange(
            kind,
            (new.id,),
            what,
            self.pair.locate(new.id),
            decided=kind != "route" or all(verdict.decided for verdict in verdicts),
            affected=used,
        )

    def _list_users(self, compute: str) -> tuple[str, ...]:
        """List the items and groups whose condition reads a compute, once for each condition."""
        users = []
        for name in self.pair.common:
            for condition, _ in _list_parts(self.pair.new.nodes[name]):
                if compute in condition.names:
                    users.append(name)
        return tuple(users)


def _get_limit(node: CompiledNode) -> Condition | None:
    """Return the condition that limits the turns of a draw, a source of options, or a roster."""
    if isinstance(node, CompiledItem | Roster):
        return node.where
    return None


def _list_parts(node: Node) -> "list[ConditionPart]":
    """List what must hold for an item or group to be asked when the interview comes to it."""
    parts: list[ConditionPart] = []
    if node.compiled.ask_if is not None:
        parts.append((node.compiled.ask_if, "true"))
    if node.compiled.unless is not None:
        parts.append((node.compiled.unless, "not true"))
    return parts


def _list_check_parts(check: CompiledCheck) -> Parts:
    """List the condition of a check: true when a read-back is shown, false when a check is."""
    reading: Reading = "true" if check.aloud else "false"
    return [(check.condition, reading)]


def _write(parts: Parts) -> list[tuple[str, str]]:
    return [(normalize(condition), reading) for condition, reading in parts]


def _describe(node: Node) -> str:
    words = {"true": "asked if", "not true": "skipped if"}
    parts = [f"{words[reading]} {condition.text!r}" for condition, reading in _list_parts(node)]
    return " and ".join(parts) or "always asked"


def _describe_use(use: _Use, condition: Condition | None) -> str:
    if condition is None:
        return use.absent
    return use.given.format(repr(condition.text))


def _describe_check_change(before: CompiledCheck | None, after: CompiledCheck | None) -> str:
    if after is None:
        assert before is not None
        return f"the {_name_check(before)} {before.condition.text!r} is gone"

    name = _name_check(after)
    if before is None:
        return f"the {name} {after.condition.text!r} is new"
    return f"the {name} was {before.condition.text!r} and is {after.condition.text!r}"


def _name_check(check: CompiledCheck) -> Literal["read-back", "warning", "check"]:
    if check.aloud:
        return "read-back"
    return "warning" if check.soft else "check"


def _format_missing(item: CompiledItem | None, value: Missing, language: str) -> str:
    if item is None:
        return "empty"  # a sample column
    for decline in item.declines:
        if decline.id == value.kind:
            return str(decline.text.get(language)).lower()
    return "not asked"


def _locate_condition(node: Node) -> Position:
    """Locate the condition of an item or group, or the item itself if it has none."""
    written = getattr(node.spec, "ask_if", None) or getattr(node.spec, "unless", None)
    return written.where if written is not None else node.where
