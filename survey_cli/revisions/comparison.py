"""Comparison of two versions of a questionnaire: every changed property in one class, with both positions."""

import ast
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, get_args

from survey_cli.instrument.checks.reachability.facts import list_requirements
from survey_cli.instrument.compiled.model import Instrument, Roster
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.parsing import ParsedExpression, parse_expression
from survey_cli.instrument.schema.items.question import CompiledItem, Compute
from survey_cli.instrument.schema.items.unasked_items import DrawItem
from survey_cli.instrument.source.scalars import Text
from survey_cli.instrument.texts.templates import Template
from survey_cli.problems import Position
from survey_cli.proof.goals import Comparison
from survey_cli.revisions.meaning_changes import OUTCOME_PREFIX, MeaningChange, iterate_changes
from survey_cli.revisions.properties import (
    ChangeKind,
    ComparedChange,
    Node,
    Property,
    list_nodes,
    list_properties,
)
from survey_cli.scenarios.coverage import format_typed
from survey_cli.values import Missing
from survey_cli.wording import join_words

if TYPE_CHECKING:
    from survey_cli.proof.equivalence import ConditionComparer, ConditionPart


_COMPARED_OTHERWISE: Final = frozenset(
    ("id", "items", "statements", "ask_if", "unless", "checks", "confirm", "declines", "options", "scale", "from_", "to",
     "labels", "min", "max", "unit", "decimals", "partial", "pattern", "count", "where", "answer",
     "defaults")
)  # fmt: skip
"""Keys of items that are compared as meanings, conditions, options, checks or order."""
_RESOLVED: Final = frozenset(
    ("items", "scales", "declines", "sample", "compute", "version", "defaults", "texts")
)
"""Keys of the file that are compared where they are used."""
_KINDS: Final[Mapping[str, ChangeKind]] = {
    **dict.fromkeys(("each", "from", "using", "arms", "pick", "chosen"), "route"),
    **dict.fromkeys(("order", "anchor", "after"), "order"),
    "outcome": "fieldwork",
    "missing": "recoded",
}
"""The kind of a change of a key of an item; of any other it is a text."""
_SWITCHES: Final[Mapping[str, tuple[ChangeKind, ChangeKind]]] = {
    "exclusive": ("narrowed", "widened"),
    "mentions": ("widened", "narrowed"),
    "personal": ("narrowed", "widened"),
    "soft": ("widened", "narrowed"),
    "specify": ("widened", "narrowed"),
    "total": ("narrowed", "widened"),
}
"""The kinds of switching a key on, and off."""
_OPTION_KEYS: Final = ("text", "label", "note", "read", "specify", "exclusive", "missing", "anchor")


def compare_versions(
    old: Instrument, new: Instrument, comparer: "ConditionComparer | None" = None
) -> list[ComparedChange]:
    """List all changes, the gravest first. Without a comparer, conditions are equal only if they are written alike."""
    kinds = get_args(ChangeKind)
    changes = _merge(_Versions(old, new).iterate_changes(comparer))
    return sorted(changes, key=lambda change: (kinds.index(change.kind), change.where))


def _merge(changes: Iterable[ComparedChange]) -> Iterable[ComparedChange]:
    """Merge the same change of several items, as of all that use one scale."""
    merged: dict[ComparedChange, ComparedChange] = {}
    for change in changes:
        key = change._replace(items=(), affected=())
        same = merged.get(key, key)
        merged[key] = change._replace(
            items=tuple(dict.fromkeys((*same.items, *change.items))),
            affected=tuple(dict.fromkeys((*same.affected, *change.affected))),
        )
    return merged.values()


def find_renamed(old: Instrument, new: Instrument) -> dict[str, str]:
    """Find what looks like a renaming: one name is gone, another is new, and the rest is equal."""
    olds, news = (
        {**v.sample, **{name: node.spec for name, node in list_nodes(v).items()}}
        for v in (old, new)
    )
    renamed: dict[str, str] = {}
    for name, part in olds.items():
        if name not in news:
            for twin, other in news.items():
                is_free = (
                    twin not in olds and twin not in renamed.values() and type(part) is type(other)
                )
                if is_free and _is_equal_but_name(name, part, twin, other, new.languages):
                    renamed[name] = twin
                    break
    return renamed


def _is_equal_but_name(
    old_name: str, old: Any, new_name: str, new: Any, languages: tuple[str, ...]
) -> bool:
    """Return whether two parts are equal, except that each uses its own name."""
    olds, news = (list_properties(part, frozenset(("id", "items"))) for part in (old, new))
    pattern = re.compile(rf"\b{re.escape(old_name)}\b")
    return olds.keys() == news.keys() and all(
        is_ in (was, pattern.sub(new_name, was))
        for key in olds
        for was, is_ in zip(
            *(render_value(key, own[key].value, languages) for own in (olds, news)), strict=False
        )
    )


def render_value(key: str, value: Any, languages: tuple[str, ...]) -> tuple[str, ...]:
    """Render a value for comparison: a text in each language, without differences of spacing or notation."""
    if isinstance(value, Template):
        value = value.source
    if isinstance(value, Text):
        return tuple(" ".join(value.get(language).split()) for language in languages)
    if isinstance(value, bool):
        return ("true" if value else "false",)
    parsed = (
        parse_expression(str(value)) if key.rpartition(".")[2] in ("where", "prefill") else None
    )
    if isinstance(parsed, ParsedExpression):
        return (ast.unparse(parsed.tree),)
    return (
        ", ".join(map(str, value)) if isinstance(value, list) else " ".join(str(value).split()),
    )


class _Versions:
    """The two versions while they are compared."""

    def __init__(self, old: Instrument, new: Instrument) -> None:
        self.versions = (old, new)
        self.nodes = (list_nodes(old), list_nodes(new))
        self.languages = (
            tuple(lang for lang in old.languages if lang in new.languages) or new.languages[:1]
        )
        self.meanings: dict[str, list[MeaningChange]] = {}
        for change in iterate_changes(old, new):
            self.meanings.setdefault(change.item, []).append(change)

    def iterate_changes(self, comparer: "ConditionComparer | None") -> Iterator[ComparedChange]:
        """Yield all changes."""
        old, new = self.versions
        yield from self._compare_names(find_renamed(old, new))
        for name, changes in self.meanings.items():
            if name.startswith(OUTCOME_PREFIX) or self._locate(1, name) is not None:
                for change in changes:
                    places = tuple(self._locate_meaning(index, change) for index in (0, 1))
                    yield ComparedChange(
                        change.kind, (name,), change.what, places, code=change.code
                    )
        for name in [name for name in self.nodes[0] if name in self.nodes[1]]:
            yield from self._compare_properties(name, *self._list_node_properties(name))
        for name in [name for name in old.sample if name in new.sample]:
            skip = (
                frozenset(("options", "type")) if name in self.meanings else frozenset(("options",))
            )
            yield from self._compare_properties(
                name, *(list_properties(v.sample[name], skip) for v in self.versions)
            )
        yield from RouteComparison(self, comparer).iterate_changes()
        yield from self._compare_order()
        yield from self._compare_properties(
            "", *(list_properties(v.document, _RESOLVED) for v in self.versions)
        )

    # Names and meanings

    def _locate(self, index: int, name: str) -> Position | None:
        """Locate an item, group, sample column, compute or outcome; None if the version has none of this name."""
        nodes, version = self.nodes[index], self.versions[index]
        if name in nodes:
            return nodes[name].where
        if name in version.computes:
            return version.document.compute[name].where  # type: ignore[index]  # a key is a text with its position
        outcome = version.document.outcomes.get(name.removeprefix(OUTCOME_PREFIX))  # type: ignore[call-overload]  # a key is a text with its position
        part = version.sample.get(name) or (outcome if name.startswith(OUTCOME_PREFIX) else None)
        return part.find_position() if part is not None else None

    def _locate_meaning(self, index: int, change: MeaningChange) -> Position | None:
        """Locate what has a meaning: the option of a code, or the item; a statement's is its battery's."""
        node = self.nodes[index].get(change.item)
        if node is None or not isinstance(item := node.compiled, CompiledItem):
            return self._locate(index, change.item)
        texts = {**{option.code: option.text for option in item.options}, **item.labels}
        if change.code is not None and texts:
            return texts.get(change.code, next(iter(texts.values()))).source.where
        where = item.question.find_position("id")
        return where if where.line else node.where

    def _compare_names(self, renamed: Mapping[str, str]) -> Iterator[ComparedChange]:
        """Yield what is gone and what is new."""
        twins = {twin: name for name, twin in renamed.items()}
        kinds: tuple[tuple[ChangeKind, str, Mapping[str, str], str], ...] = (
            (
                "removed",
                "it is no longer in the questionnaire",
                renamed,
                "it looks like a renaming to {}",
            ),
            ("added", "it is new", twins, "it looks like {} under another name"),
        )
        for index, (kind, what, others, note) in enumerate(kinds):
            for name in (
                *self.versions[index].sample,
                *self.versions[index].computes,
                *self.nodes[index],
            ):
                if self._locate(1 - index, name) is None:
                    words = f"{what}; {note.format(others[name])}" if name in others else what
                    yield ComparedChange(
                        kind, (name,), words, (self._locate(0, name), self._locate(1, name))
                    )

    # Properties

    def _list_node_properties(self, name: str) -> list[dict[str, Property]]:
        """List the properties of an item or group in both versions, with those of options and checks that both have."""
        nodes = [nodes[name] for nodes in self.nodes]
        olds, news = (list_properties(node.spec, _COMPARED_OTHERWISE) for node in nodes)
        if type(nodes[0].spec) is not type(nodes[1].spec):
            olds, news = (
                {k: p for k, p in own.items() if k in olds and k in news} for own in (olds, news)
            )
            if any(change.kind in ("type", "removed") for change in self.meanings.get(name, ())):
                olds.pop("type", None)
                news.pop("type", None)
        parts = [self._list_part_properties(index, node) for index, node in enumerate(nodes)]
        recoded = {f"code {c.code}: " for c in self.meanings.get(name, ()) if c.kind == "recoded"}
        for key in sorted(parts[0].keys() & parts[1].keys()):
            if not any(key in (f"{code}text", f"{code}label") for code in recoded):
                olds[key], news[key] = parts[0][key], parts[1][key]
        for index, own in enumerate((olds, news)):
            source = getattr(nodes[index].compiled, "options_source", None)
            own |= (
                list_properties(source, frozenset(("where",)), "options: ")
                if source is not None
                else {}
            )
        return [olds, news]

    def _list_part_properties(self, index: int, node: Node) -> dict[str, Property]:
        item = node.compiled
        if not isinstance(item, CompiledItem):
            return {}
        properties: dict[str, Property] = {}
        for option in item.options:
            for key in _OPTION_KEYS:
                value = (
                    None
                    if key == "label" and option.label is option.text.source
                    else getattr(option, key)
                )
                properties[f"code {option.code}: {key}"] = Property(value, option.text.source.where)
        for code, text in item.labels.items():
            properties[f"code {code}: text"] = Property(text, text.source.where)
        for check in item.checks:
            for key in ("say", "soft", "otherwise"):
                name = f"check {normalize(check.condition)!r}: {key}"
                properties[name] = Property(getattr(check, key), check.say.source.where)
        if item.scale is not None:
            scale = self.versions[index].document.scales[item.scale]  # type: ignore[index]  # a key is a text with its position
            properties["list: order"] = Property(item.scale_order, scale.find_position("order"))
        elif item.options:
            properties["list: order"] = Property("written", item.question.find_position("options"))
        return properties

    def _compare_properties(
        self, owner: str, olds: Mapping[str, Property], news: Mapping[str, Property]
    ) -> Iterator[ComparedChange]:
        for key in dict.fromkeys((*olds, *news)):
            old, new = olds.get(key), news.get(key)
            was, is_ = (
                render_value(key, p.value, self.languages)
                if p is not None and p.value is not None
                else None
                for p in (old, new)
            )
            if was == is_ or (
                old and new and re.fullmatch(rf"{OUTCOME_PREFIX}\w+\.(name|code|like)", key)
            ):
                continue  # equal, or compared as meanings
            what = _describe_change(_name_property(key, olds, news), was, is_)
            places = tuple(
                p.where if p else self._locate(index, owner) for index, p in enumerate((old, new))
            )
            yield ComparedChange(
                self._classify(owner, key, is_), (owner,) if owner else (), what, places
            )

    def _classify(self, owner: str, key: str, is_: Any) -> ChangeKind:
        first = key.rpartition(": ")[2].partition(".")[0]
        if owner not in self.nodes[0] and first != "personal":
            if key.startswith(OUTCOME_PREFIX) and is_ is None:
                return "removed"
            return (
                "text" if first in ("title", "study", "dayparts", "faq", "label") else "fieldwork"
            )
        if first in _SWITCHES:
            return _SWITCHES[first][is_ in (None, ("false",))]
        if first == "by" and isinstance(
            getattr(self.nodes[1][owner].compiled, "question", None), DrawItem
        ):
            return "route"
        if first == "type":
            had, has = (self._has_columns(index, owner) for index in (0, 1))
            return "text" if had == has else "added"
        return _KINDS.get(first, "text")

    def _has_columns(self, index: int, name: str) -> bool:
        item = self.nodes[index][name].compiled
        return isinstance(item, CompiledItem) and bool(
            item.question.build_variables(item, self.languages[0])
        )

    # Order

    def _compare_order(self) -> Iterator[ComparedChange]:
        """Yield a smallest set of what moved inside its group or list of options, and what moved to another group."""
        olds, news = (self._list_children(index) for index in (0, 1))
        parents = {name: parent for parent, names in news.items() for name in names}
        for parent, names in olds.items():
            moved = find_moved(
                [name for name in names if parents[name] == parent], news.get(parent, ())
            )
            for name in names:
                old, new = (nodes[name] for nodes in self.nodes)
                if name in moved:
                    at = news[parent].index(name)
                    place = (
                        f"after {news[parent][at - 1]}"
                        if at
                        else f"first, before {news[parent][1]}"
                    )
                    yield ComparedChange(
                        "order", (name,), f"it moved: it now comes {place}", (old.where, new.where)
                    )
                elif parents[name] != parent and old.roster == new.roster:
                    what = f"it moved from {parent or 'the top level'} to {parents[name] or 'the top level'}"
                    yield ComparedChange("order", (name,), what, (old.where, new.where))
                if isinstance(old.compiled, CompiledItem) and isinstance(
                    new.compiled, CompiledItem
                ):
                    lists = [{o.code: o for o in node.compiled.options} for node in (old, new)]  # type: ignore[union-attr]  # both are items here
                    if codes := find_moved(list(lists[0]), list(lists[1])):
                        what = f"its options are in another order: {join_words(codes)} moved"
                        places = tuple(
                            next(iter(options.values())).text.source.where for options in lists
                        )
                        yield ComparedChange("order", (name,), what, places)

    def _list_children(self, index: int) -> dict[str, list[str]]:
        """List what both versions have, by the nearest group around it that both have."""
        others = self.nodes[1 - index]
        children: dict[str, list[str]] = {}
        for name, node in self.nodes[index].items():
            if name in others:
                around = [group for group in node.ancestors if group in others]
                children.setdefault(around[-1] if around else "", []).append(name)
        return children


def find_moved(old: Sequence[Any], new: Sequence[Any]) -> list[Any]:
    """Find the smallest set of names whose move makes one order the other; names of only one version don't count."""
    index = {name: number for number, name in enumerate(new)}
    common = [name for name in old if name in index]
    ends: list[int] = []  # for each length, the least last index of a chain that rises
    chains: list[Any] = []
    for name in common:
        at = bisect_left(ends, index[name])
        ends[at : at + 1], chains[at : at + 1] = (
            [index[name]],
            [(name, chains[at - 1] if at else None)],
        )
    kept, chain = set(), chains[-1] if chains else None
    while chain is not None:
        name, chain = chain
        kept.add(name)
    return [name for name in common if name not in kept]


def _name_property(key: str, olds: Mapping[str, Property], news: Mapping[str, Property]) -> str:
    """Name a property; of a part that only one version has, name the part."""
    others = news if key in olds else olds
    while key not in others and "." in key:
        parent = key.rpartition(".")[0]
        if any(other == parent or other.startswith(f"{parent}.") for other in others):
            break
        key = parent
    return key


def _describe_change(name: str, was: tuple[str, ...] | None, is_: tuple[str, ...] | None) -> str:
    """Describe a change; of several languages, the first in which it differs. Common words at both ends are cut."""
    if was is None or is_ is None:
        return f"{name} is new" if was is None else f"{name} is left out"
    texts = next(
        (pair for pair in zip(was, is_, strict=False) if pair[0] != pair[1]), (was[0], is_[0])
    )
    olds, news = (text.split() for text in texts)
    most = min(len(olds), len(news))
    start = next((i for i in range(most) if olds[i] != news[i]), most)
    end = (
        next((i for i in range(1, most - start + 1) if olds[-i] != news[-i]), most - start + 1) - 1
    )
    start, end = (cut - 3 if cut > 5 else 0 for cut in (start, end))
    old, new = (
        f"{'… ' if start else ''}{' '.join(words[start : len(words) - end])}{' …' if end else ''}"
        for words in (olds, news)
    )
    return f"{name} was {old!r} and is {new!r}"


# Changes of who is asked what: conditions of items, groups, options, checks and rosters, and calculations in them.

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

    def __init__(self, both: _Versions, comparer: "ConditionComparer | None") -> None:
        self.versions, self.nodes, self.comparer = both.versions, both.nodes, comparer
        self.common = [name for name in self.nodes[0] if name in self.nodes[1]]

    def iterate_changes(self) -> Iterator[ComparedChange]:
        """Yield all changes."""
        yield from self._compare_routes()
        for name in self.common:
            pair = [nodes[name].compiled for nodes in self.nodes]
            change = ComparedChange(
                "route", (name,), "it", tuple(nodes[name].where for nodes in self.nodes)
            )
            yield from self._compare_use(
                _ELIGIBLE, [getattr(node, "where", None) for node in pair], change
            )
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
        owners: Sequence[str],
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
        values = join_words(
            self._format_value(name, value) for name, value in comparison.example.items()
        )
        was, is_ = ("not ", "") if comparison.holds_in_new else ("", "not ")
        return f"; with {values} it was {was}{words} and is {is_}{words}"

    def _format_value(self, name: str, value: Any) -> str:
        version = self.versions[name in self.versions[1].items]
        item = version.items.get(name)
        if isinstance(value, Missing):
            texts = (
                {decline.id: str(decline.text.get(version.language)) for decline in item.declines}
                if item
                else {}
            )
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
            chains = [
                [*(self.nodes[index][g] for g in node.ancestors), node]
                for index, node in enumerate((old, new))
            ]
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
            what = (
                f"it was {was} and is {is_}"
                if was != is_
                else "it is in another group, with another condition"
            )
            what += self._describe_example(verdicts[cause], "asked")
            places = tuple(_locate_condition(nodes[cause]) for nodes in self.nodes)
            decided = verdicts[cause].decided
            yield ComparedChange(
                "route", (cause,), what, places, decided=decided, affected=tuple(names)
            )

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
        roster = (
            node.id
            if isinstance(node, Roster)
            else getattr(node, "source", "") or self.nodes[0][name].roster
        )
        parts: list[Parts] = [
            [(condition, use.reading)] if condition is not None else [] for condition in pair
        ]
        verdict = self._prove(parts, (name, name), "asked", roster)
        if not verdict.is_same:
            was, is_ = (
                use.given.format(repr(c.text)) if c is not None else use.absent for c in pair
            )
            what = (
                f"{change.what} was {was} and is {is_}{self._describe_example(verdict, use.words)}"
            )
            yield change._replace(what=what, decided=verdict.decided)

    def _compare_options(self, old: CompiledItem, new: CompiledItem) -> Iterator[ComparedChange]:
        news = {option.code: option for option in new.options}
        for pair in [(option, news[option.code]) for option in old.options if option.code in news]:
            places = tuple(option.text.source.where for option in pair)
            change = ComparedChange(
                "route", (old.id,), f"code {pair[0].code}", places, pair[0].code
            )
            yield from self._compare_use(_OFFERED, [option.ask_if for option in pair], change)

    def _compare_checks(self, old: CompiledItem, new: CompiledItem) -> Iterator[ComparedChange]:
        """Yield the checks that are gone, new, or have another condition. Checks with the same condition are a pair."""
        olds, news = (
            {normalize(check.condition): check for check in item.checks} for item in (old, new)
        )
        rest = [
            [olds[key] for key in olds if key not in news],
            [news[key] for key in news if key not in olds],
        ]
        for pair in zip_longest(*rest):
            parts: list[Parts] = [
                [(c.condition, "true" if c.aloud else "false")] if c else [] for c in pair
            ]
            verdict = Comparison(decided=True, holds_in_new=pair[0] is None)
            if None not in pair:
                verdict = self._prove(parts, (old.id, new.id), "answered", old.roster)
            if verdict.is_same:
                continue
            was, is_ = (repr(c.condition.text) if c is not None else "" for c in pair)
            name = next(
                "read-back" if c.aloud else "warning" if c.soft else "check"
                for c in pair[::-1]
                if c
            )
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
            verdicts = [
                self._prove([[(olds[0], r)], [(news[0], r)]], ("", ""), "asked", None)
                for r in readings
            ]
        if all(verdict.is_same for verdict in verdicts):
            return
        nodes = self.nodes[1]
        used = tuple(
            n
            for n in self.common
            for condition, _ in _list_parts(nodes[n])
            if new.id in condition.names
        )
        kind: ChangeKind = "route" if used else "text" if new.type == "text" else "recoded"
        what = f"it was calculated as {olds[0].text!r} and is calculated as {news[0].text!r}"
        places = tuple(version.document.compute[new.id].where for version in self.versions)  # type: ignore[index]  # a key is a text with its position
        decided = kind != "route" or all(verdict.decided for verdict in verdicts)
        yield ComparedChange(kind, (new.id,), what, places, decided=decided, affected=used)


def _list_parts(node: Node) -> "list[ConditionPart]":
    """List what must hold for an item or group to be asked where it is reached."""
    return [
        (r.condition, "true" if r.key == "ask_if" else "not true")
        for r in list_requirements(node.compiled)
    ]


def _write(parts: Parts) -> list[tuple[str, str]]:
    return [(normalize(condition), reading) for condition, reading in parts]


def _describe(node: Node) -> str:
    words = {"true": "asked if", "not true": "skipped if"}
    return " and ".join(f"{words[r]} {c.text!r}" for c, r in _list_parts(node)) or "always asked"


def _locate_condition(node: Node) -> Position:
    written = getattr(node.spec, "ask_if", None) or getattr(node.spec, "unless", None)
    return written.where if written is not None else node.where
