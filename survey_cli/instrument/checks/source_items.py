"""Items, option lists and texts of an instrument as written, with their positions, and problems at them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias, TypeVar, overload

from survey_cli.instrument.compiled.draft import InstrumentDraft, iterate_below, once_per_draft
from survey_cli.instrument.schema.document import Document, StudySpec
from survey_cli.instrument.schema.items.coded import MultipleItem, ScaleItem, SearchItem, SingleItem
from survey_cli.instrument.schema.items.groups import AnyItem, BatteryItem, RosterItem, SectionItem
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.typed import NumberItem
from survey_cli.instrument.schema.options import OptionSpec, ScaleSpec, SpecModel
from survey_cli.instrument.source import nodes
from survey_cli.instrument.source.scalars import Text
from survey_cli.instrument.texts.templates import Template
from survey_cli.problems import Position, Problem, Severity
from survey_cli.values import Code
from survey_cli.wording import shorten


class SourceOptionList(NamedTuple):
    """One list of options as written in the file."""

    owner: str
    options: Mapping[Code, OptionSpec]
    node: nodes.YamlMapping | None
    may_be_one: bool = False
    """One option is enough: any number can be chosen, or there is a list besides."""


T = TypeVar("T")


@once_per_draft
def list_items(draft: InstrumentDraft) -> Sequence[AnyItem]:
    """List every item and group in written order, including those with a duplicate id."""
    return list(iterate_below(draft.document.items, (SectionItem, RosterItem)))


@overload
def iterate_items(draft: InstrumentDraft, kind: type[T], /) -> Iterator[T]: ...
@overload
def iterate_items(draft: InstrumentDraft, /, *kinds: type[Any]) -> Iterator[Any]: ...
def iterate_items(draft: InstrumentDraft, /, *kinds: type[Any]) -> Iterator[Any]:
    """Iterate over every item of these classes, in written order."""
    items = list_items(draft)
    matching = {
        kind for kind in set(map(type, items)) if issubclass(kind, kinds)
    }  # faster than isinstance
    return (item for item in items if item.__class__ in matching)


@once_per_draft
def list_option_lists(draft: InstrumentDraft) -> Sequence[SourceOptionList]:
    """List every list of options that is written out: under `scales`, at items, at sample columns."""
    items = iterate_items(draft, SingleItem, MultipleItem, ScaleItem, BatteryItem, SearchItem)
    named = [
        *draft.document.scales.items(),
        *((i.id, i) for i in items),
        *draft.document.sample.items(),
    ]
    return [
        SourceOptionList(
            str(name),
            part.options,
            find_options_node(part),
            isinstance(part, MultipleItem | SearchItem),
        )
        for name, part in named
        if isinstance(part.options, dict)
    ]


def find_options_node(part: SpecModel) -> nodes.YamlMapping | None:
    """Find the mapping of code to option as written: under `options`, or the model itself in its short form."""
    node = part._node
    if node is None:
        return None
    inner = node.get("options")
    if isinstance(inner, nodes.YamlMapping):
        return inner
    is_name = isinstance(inner, nodes.YamlScalar) and not isinstance(
        part, ScaleSpec
    )  # in a scale it is a code
    return None if is_name else node


def find_option(draft: InstrumentDraft, item: CompiledItem, code: Code) -> tuple[Position, int]:
    """Find an option of an item, in the list that it uses or at the item."""
    scales: Mapping[Any, ScaleSpec] = draft.document.scales
    node = (
        find_options_node(scales[item.scale])
        if item.scale
        else nodes.find_node(item.question._node, "options")
    )
    where = item.question.find_position("id") if node is None else nodes.locate_key(node, code)
    return where, len(str(code))


def locate_definition(draft: InstrumentDraft, name: str) -> Position:
    """Return the position at which an item, group, sample column or compute is defined."""
    if name in draft.symbols:
        return draft.symbols[name].where
    return (
        draft.symbol_table.groups[name][0] if name in draft.symbol_table.groups else nodes.NOWHERE
    )


def shorten_text(text: Text, draft: InstrumentDraft) -> str:
    """Return a text in the default language, short enough for a message."""
    return shorten(text.get(draft.language), 40)


class OwnedText(NamedTuple):
    """One text and its owner: an item, a list, or a section of the file."""

    owner: str
    text: Text


@once_per_draft
def list_texts(draft: InstrumentDraft) -> Sequence[OwnedText]:
    """List every text that is read, shown or exported (computes are not texts); a shared text occurs once."""
    return list(_iterate_texts(draft))


@once_per_draft
def list_translated_texts(draft: InstrumentDraft) -> Sequence[OwnedText]:
    """List the texts that are written per language."""
    return [owned for owned in list_texts(draft) if owned.text.by_language]


@once_per_draft
def list_texts_with_fills(draft: InstrumentDraft) -> Sequence[tuple[str, Template]]:
    """List the compiled texts that contain fills, with their owners."""
    return [t for t in draft.templates if len(t[1].static_words) < len(t[1].runs)]


def _iterate_texts(draft: InstrumentDraft) -> Iterator[OwnedText]:
    for owner, template in draft.templates:
        yield OwnedText(owner, template.source)
    for name, item in draft.items.items():
        question = item.question
        texts = [
            item.label if item.label is not item.text.source else None,
            question.or_,
            question.base,
        ]
        if isinstance(question, NumberItem):
            texts += [question.unit, *question.options.values()]
        yield from (OwnedText(name, text) for text in texts if text is not None)
    lists = {id(item.options): (name, item) for name, item in reversed(draft.items.items())}
    for name, item in reversed(lists.values()):
        for option in item.options:
            if option.label is not option.text.source:
                yield OwnedText(item.scale or name, option.label)
    yield from _iterate_document_texts(draft.document)


def _iterate_document_texts(document: Document) -> Iterator[OwnedText]:
    yield OwnedText("title", document.title)
    for key in StudySpec.model_fields:
        if isinstance(value := getattr(document.study, key), Text):
            yield OwnedText("study", value)
    texts: list[tuple[str, Text | None]] = []
    for decline_name, decline in document.declines.items():
        texts += [(decline_name, decline.text)]
        texts += (
            [(decline_name, decline.key)]
            if decline.key is not None and decline.key.by_language
            else []
        )
    for name, column in document.sample.items():
        options = column.options.values() if isinstance(column.options, dict) else ()
        texts += [(name, column.label), *((name, option.text) for option in options)]
    texts += document.dayparts.items()
    texts += [(name, outcome.name) for name, outcome in document.outcomes.items()]
    scripts = document.fieldwork.scripts if document.fieldwork is not None else {}
    texts += [(name, script.text) for name, script in scripts.items()]
    yield from (OwnedText(str(name), text) for name, text in texts if text is not None)


Place: TypeAlias = Position | tuple[Position, int] | nodes.YamlScalar | str
"""Where a problem is: a position, one with a number of characters, or a name or text as written."""


def report(
    rule: str, at: Place, who: object, what: str, remedy: str, severity: Severity = "error"
) -> Problem:
    """Return a problem at a place."""
    if not isinstance(at, tuple) or isinstance(at, Position):
        at = (at, 1) if isinstance(at, Position) else (nodes.locate_name(at), len(at))
    return Problem(rule, at[0], str(who), what, remedy, severity, at[1])


def find_value(part: SpecModel, *keys: str) -> tuple[Position, int]:
    """Find the value of the first of these keys that was written; the part itself if none was."""
    for key in keys:
        value = nodes.find_node(part._node, key)
        if value is not None:
            return value.where, len(value) if isinstance(value, nodes.YamlScalar) else 1
    return part.find_position(), 1


def find_key(node: nodes.YamlNode | None, key: object) -> tuple[Position, int]:
    """Find a key (or code) of a mapping; the mapping itself if it has no such key."""
    return nodes.locate_key(node, key), len(str(key))
