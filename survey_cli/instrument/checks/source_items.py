"""Items and option lists of an instrument as written, with their positions, for use by the checks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar, overload

from survey_cli.instrument.compiled.draft import InstrumentDraft, once_per_draft
from survey_cli.instrument.schema.items.coded import MultipleItem, ScaleItem, SingleItem
from survey_cli.instrument.schema.items.groups import AnyItem, BatteryItem, RosterItem, SectionItem
from survey_cli.instrument.schema.items.search import SearchItem
from survey_cli.instrument.schema.options import OptionSpec, ScaleSpec, SpecModel
from survey_cli.instrument.source.nodes import NOWHERE, YamlMapping, YamlScalar
from survey_cli.instrument.source.scalars import Text
from survey_cli.problems import Position
from survey_cli.values import Code
from survey_cli.wording import shorten


class SourceOptionList(NamedTuple):
    """One list of options as written in the file."""

    owner: str
    options: Mapping[Code, OptionSpec]
    node: YamlMapping | None
    may_be_one: bool = False
    """One option is enough: any number can be chosen, or there is a list besides."""
    is_named: bool = False
    """It is defined under `scales`."""


T = TypeVar("T")


@once_per_draft
def list_items(draft: InstrumentDraft) -> Sequence[AnyItem]:
    """List every item and group in written order, including those with a duplicate id."""
    return list(_iterate_items_below(draft.document.items))


@overload
def iterate_items(draft: InstrumentDraft, kind: type[T], /) -> Iterator[T]: ...
@overload
def iterate_items(draft: InstrumentDraft, /, *kinds: type[Any]) -> Iterator[Any]: ...
def iterate_items(draft: InstrumentDraft, /, *kinds: type[Any]) -> Iterator[Any]:
    """Yield every item of these classes, in written order."""
    by_class = _group_by_class(draft)
    entries = [entry for kind, members in by_class.items() if issubclass(kind, kinds) for entry in members]
    if len(by_class) > 1:
        entries.sort(key=lambda entry: entry[0])
    for _, item in entries:
        yield item


@once_per_draft
def _group_by_class(draft: InstrumentDraft) -> Mapping[type, Sequence[tuple[int, AnyItem]]]:
    """Group the items by their class, each with its index in written order."""
    by_class: dict[type, list[tuple[int, AnyItem]]] = {}
    for index, item in enumerate(list_items(draft)):
        by_class.setdefault(item.__class__, []).append((index, item))
    return by_class


def _iterate_items_below(items: Sequence[AnyItem]) -> Iterator[AnyItem]:
    for item in items:
        yield item
        if isinstance(item, SectionItem | RosterItem):
            yield from _iterate_items_below(item.items)


@once_per_draft
def list_option_lists(draft: InstrumentDraft) -> Sequence[SourceOptionList]:
    """List every list of options that is written out: under `scales`, at items, at sample columns."""
    return list(_iterate_option_lists(draft))


def _iterate_option_lists(draft: InstrumentDraft) -> Iterator[SourceOptionList]:
    for name, scale in draft.document.scales.items():
        yield SourceOptionList(str(name), scale.options, find_options_node(scale), is_named=True)
    for item in iterate_items(draft, SingleItem, MultipleItem, ScaleItem, BatteryItem, SearchItem):
        if isinstance(item.options, dict):
            may_be_one = isinstance(item, MultipleItem | SearchItem)
            yield SourceOptionList(str(item.id), item.options, find_options_node(item), may_be_one)
    for name, column in draft.document.sample.items():
        if isinstance(column.options, dict):
            yield SourceOptionList(str(name), column.options, find_options_node(column))


def find_options_node(part: SpecModel) -> YamlMapping | None:
    """Find the mapping of code to option as written: under `options`, or the model itself in its short form."""
    node = part._node
    if node is None:
        return None
    inner = node.get("options")
    if isinstance(inner, YamlMapping):
        return inner
    is_name = isinstance(inner, YamlScalar) and not isinstance(part, ScaleSpec)  # in a scale it is a code
    return None if is_name else node


def locate_definition(draft: InstrumentDraft, name: str) -> Position:
    """Return the position at which an item, group, sample column or compute is defined."""
    if name in draft.symbols:
        return draft.symbols[name].where
    return draft.symbol_table.groups[name][0] if name in draft.symbol_table.groups else NOWHERE


def shorten_text(text: Text, draft: InstrumentDraft) -> str:
    """Return a text in the default language, short enough for a message."""
    return shorten(text.get(draft.language), 40)
