"""Where in what was written do codes, keys and lists stand? Enumerates for the checks; finds fault with nothing."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar, overload

from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.schema.items.coded import MultipleItem, ScaleItem, SingleItem
from survey_cli.instrument.schema.items.groups import AnyItem, BatteryItem, RosterItem, SectionItem
from survey_cli.instrument.schema.options import OptionSpec, ScaleSpec, SpecModel
from survey_cli.instrument.source.nodes import YamlList, YamlMapping, YamlNode, YamlScalar
from survey_cli.instrument.source.scalars import NOWHERE, Text
from survey_cli.problems import Position
from survey_cli.values import Code


class WrittenList(NamedTuple):
    """One list of options as it stands in the file."""

    who: str
    options: Mapping[Code, OptionSpec]
    node: YamlMapping | None
    several: bool = False
    """Any number of its options can be chosen."""
    named: bool = False
    """It stands under `scales`."""


T = TypeVar("T")


def every_item(draft: InstrumentDraft) -> Sequence[AnyItem]:
    """Every item and group, in written order, also those whose id was taken."""
    items: list[AnyItem] | None = draft.check_cache.get("items")
    if items is None:
        items = draft.check_cache["items"] = list(_below(draft.document.items))
    return items


@overload
def items_of(draft: InstrumentDraft, kind: type[T], /) -> Iterator[T]: ...
@overload
def items_of(draft: InstrumentDraft, /, *kinds: type[Any]) -> Iterator[Any]: ...
def items_of(draft: InstrumentDraft, /, *kinds: type[Any]) -> Iterator[Any]:
    """Every item of one of these classes, in written order."""
    by_class: dict[type, list[tuple[int, AnyItem]]] | None = draft.check_cache.get("by class")
    if by_class is None:
        by_class = draft.check_cache["by class"] = {}
        for at, item in enumerate(every_item(draft)):
            by_class.setdefault(item.__class__, []).append((at, item))
    found = [entry for kind, entries in by_class.items() if issubclass(kind, kinds) for entry in entries]
    if len(by_class) > 1:
        found.sort(key=lambda entry: entry[0])
    for _, item in found:
        yield item


def _below(items: Sequence[AnyItem]) -> Iterator[AnyItem]:
    for item in items:
        yield item
        if isinstance(item, SectionItem | RosterItem):
            yield from _below(item.items)


def every_list(draft: InstrumentDraft) -> Sequence[WrittenList]:
    """Every list of options that was written out: under `scales`, at items, at sample columns."""
    lists: list[WrittenList] | None = draft.check_cache.get("lists")
    if lists is None:
        lists = draft.check_cache["lists"] = list(_lists(draft))
    return lists


def _lists(draft: InstrumentDraft) -> Iterator[WrittenList]:
    for name, scale in draft.document.scales.items():
        yield WrittenList(str(name), scale.options, options_node(scale), named=True)
    for item in items_of(draft, SingleItem, MultipleItem, ScaleItem, BatteryItem):
        if isinstance(item.options, dict):
            yield WrittenList(str(item.id), item.options, options_node(item), isinstance(item, MultipleItem))
    for name, column in draft.document.sample.items():
        if isinstance(column.options, dict):
            yield WrittenList(str(name), column.options, options_node(column))


def options_node(part: SpecModel) -> YamlMapping | None:
    """The mapping of code to option as written: under `options`, or the part itself in its short form."""
    node = part._node
    if node is None:
        return None
    inner = node.get("options")
    if isinstance(inner, YamlMapping):
        return inner
    named = isinstance(inner, YamlScalar) and not isinstance(part, ScaleSpec)  # there it is a code
    return None if named else node


def key_place(node: YamlNode | None, key: object) -> Position:
    """Where a key (or code) of a mapping stands; where the mapping begins, if it is not there."""
    if isinstance(node, YamlMapping):
        text = str(key)
        for written in node:
            if written == text and isinstance(written, YamlScalar):
                return written.where
    return NOWHERE if node is None else node.where


def name_place(name: object) -> Position:
    """Where a name that was written stands."""
    return name.where if isinstance(name, YamlScalar) else NOWHERE


def element(node: YamlNode | None, *steps: str | int) -> YamlNode | None:
    """What stands at the end of a way down, or None."""
    for step in steps:
        if isinstance(node, YamlMapping) and isinstance(step, str):
            node = node.get(step)
        elif isinstance(node, YamlList) and isinstance(step, int) and step < len(node):
            node = node[step]
        else:
            return None
    return node


def place_of(draft: InstrumentDraft, name: str) -> Position:
    """Where an item, group, sample column or compute is named."""
    if name in draft.symbols:
        return draft.symbols[name].where
    return draft.symbol_table.groups[name][0] if name in draft.symbol_table.groups else NOWHERE


def said(text: Text, draft: InstrumentDraft) -> str:
    """A text in the default language, short enough for a problem."""
    words = " ".join(text.get(str(draft.document.languages[0])).split())
    return words if len(words) <= 40 else words[:39] + "…"


def spoken_list(words: Sequence[object], *, most: int = 8, joint: str = "and") -> str:
    """`a, b and c`; the first few of many."""
    some = [str(word) for word in words[:most]]
    if len(words) > most:
        return f"{', '.join(some)}, … ({len(words)} in all)"
    return some[0] if len(some) == 1 else f"{', '.join(some[:-1])} {joint} {some[-1]}" if some else ""
