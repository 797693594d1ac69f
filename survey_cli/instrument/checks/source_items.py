"""Items, option lists and texts of an instrument as written, with their positions and problems."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias, TypeVar, overload

from survey_cli.instrument.compiled.draft import InstrumentDraft, once_per_draft
from survey_cli.instrument.compiled.symbols import iterate_below
from survey_cli.instrument.schema.document import Document, StudySpec
from survey_cli.instrument.schema.items.coded import MultipleItem, ScaleItem, SearchItem, SingleItem
from survey_cli.instrument.schema.items.groups import AnyItem, BatteryItem, RosterItem, SectionItem
from survey_cli.instrument.schema.items.quantity import QuantityItem
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.typed import NumberItem, NumericItem
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
    # Comparing classes is faster than isinstance for each of thousands of items.
    classes = {item.__class__ for item in items}
    matching = {kind for kind in classes if issubclass(kind, kinds)}
    return (item for item in items if item.__class__ in matching)


@once_per_draft
def list_option_lists(draft: InstrumentDraft) -> Sequence[SourceOptionList]:
    """List all options that are written out: under `scales`, at items, at sample columns."""
    items = iterate_items(draft, SingleItem, MultipleItem, ScaleItem, BatteryItem, SearchItem)
    named = [
        *draft.document.scales.items(),
        *((item.id, item) for item in items),
        *draft.document.sample.items(),
    ]
    return [
        SourceOptionList(
            str(name),
            part.options,
            find_options_node(part),
            may_be_one=isinstance(part, MultipleItem | SearchItem),
        )
        for name, part in named
        if isinstance(part.options, dict)
    ]


def find_options_node(part: SpecModel) -> nodes.YamlMapping | None:
    """Find the codes and options as written: under `options`, or the model in its short form."""
    node = part._node
    if node is None:
        return None
    inner = node.get("options")
    if isinstance(inner, nodes.YamlMapping):
        return inner
    # `options: NAME` names a list. In a list under `scales`, `options` is a code instead.
    if isinstance(inner, nodes.YamlScalar) and not isinstance(part, ScaleSpec):
        return None
    return node


def find_option(draft: InstrumentDraft, item: CompiledItem, code: Code) -> tuple[Position, int]:
    """Find an option of an item, in the list that it uses or at the item."""
    node: nodes.YamlNode | None
    if item.scale:
        node = find_options_node(nodes.get_named(draft.document.scales, item.scale))
    else:
        node = nodes.find_node(item.question._node, "options")
    if node is None:
        where = item.question.find_position("id")
    else:
        where = nodes.locate_key(node, code)
    return where, len(str(code))


def locate_definition(draft: InstrumentDraft, name: str) -> Position:
    """Return the position at which an item, group, sample column or compute is defined."""
    if name in draft.symbols:
        return draft.symbols[name].where
    group = draft.symbol_table.groups.get(name)
    return nodes.NOWHERE if group is None else group.where


def shorten_text(text: Text, draft: InstrumentDraft) -> str:
    """Return a text in the default language, short enough for a message."""
    return shorten(text.get(draft.language), 40)


class OwnedText(NamedTuple):
    """One text and its owner: an item, a list, or a section of the file."""

    owner: str
    text: Text


@once_per_draft
def list_texts(draft: InstrumentDraft) -> Sequence[OwnedText]:
    """List every text that is read, shown or exported; a shared text occurs once.

    Computes are not texts.
    """
    return list(_iterate_texts(draft))


@once_per_draft
def list_translated_texts(draft: InstrumentDraft) -> Sequence[OwnedText]:
    """List the texts that are written per language."""
    return [owned for owned in list_texts(draft) if owned.text.by_language]


@once_per_draft
def list_texts_with_fills(draft: InstrumentDraft) -> Sequence[tuple[str, Template]]:
    """List the compiled texts that contain fills, with their owners."""
    return [
        (owner, template)
        for owner, template in draft.templates
        if len(template.static_words) < len(template.runs)
    ]


def _iterate_texts(draft: InstrumentDraft) -> Iterator[OwnedText]:
    yield from _iterate_compiled_texts(draft)
    for name, item in draft.items.items():
        if item.bracket and item.id != item.bracket:
            continue  # its label is that of the bracket
        question = item.question
        texts: list[Text | None] = []
        if item.label is not item.text.source:
            texts.append(item.label)
        texts += [question.or_, question.base]
        if isinstance(question, NumericItem):
            for special in question.options.values():
                texts += [special.text, special.label]
        elif isinstance(question, QuantityItem):
            texts += question.list_texts()
        if isinstance(question, NumberItem):
            texts.append(question.unit)
        for text in texts:
            if text is not None:
                yield OwnedText(name, text)

    # Items share lists. Reversed twice, a list is yielded once, for the first item with it.
    lists = {id(item.options): (name, item) for name, item in reversed(draft.items.items())}
    for name, item in reversed(lists.values()):
        for option in item.options:
            if option.label is not option.text.source:
                yield OwnedText(item.scale or name, option.label)

    yield from _iterate_document_texts(draft.document)


def _iterate_compiled_texts(draft: InstrumentDraft) -> Iterator[OwnedText]:
    brackets = {str(expanded.plan.id) for expanded in draft.symbol_table.brackets.values()}
    read_by_steps: set[int] = set()
    for owner, template in draft.templates:
        if owner in brackets:
            # all its steps have the same texts
            if id(template.source) in read_by_steps:
                continue
            read_by_steps.add(id(template.source))
        yield OwnedText(owner, template.source)


def _iterate_document_texts(document: Document) -> Iterator[OwnedText]:
    yield OwnedText("title", document.title)
    for key in StudySpec.model_fields:
        value = getattr(document.study, key)
        if isinstance(value, Text):
            yield OwnedText("study", value)
    for name, text in _list_named_texts(document):
        if text is not None:
            yield OwnedText(str(name), text)


def _list_named_texts(document: Document) -> list[tuple[str, Text | None]]:
    """List the texts of declines, sample columns, day parts, outcomes and scripts."""
    texts: list[tuple[str, Text | None]] = []
    for name, decline in document.declines.items():
        texts.append((name, decline.text))
        if decline.key is not None and decline.key.by_language:
            texts.append((name, decline.key))
    for name, column in document.sample.items():
        texts.append((name, column.label))
        if isinstance(column.options, dict):
            texts += [(name, option.text) for option in column.options.values()]
    texts += document.dayparts.items()
    texts += [(name, outcome.name) for name, outcome in document.outcomes.items()]
    if document.fieldwork is not None:
        texts += [(name, script.text) for name, script in document.fieldwork.scripts.items()]
    return texts


Place: TypeAlias = Position | tuple[Position, int] | nodes.YamlScalar | str
"""Where a problem is: a position, one with a number of characters, or a name or text as written."""


def report(
    rule: str, at: Place, who: object, what: str, remedy: str, severity: Severity = "error"
) -> Problem:
    """Return a problem at a place."""
    # A Position is a tuple as well, and so is a name with its position.
    if isinstance(at, Position):
        where = at
        length = 1
    elif isinstance(at, tuple):
        where, length = at
    else:
        where = nodes.locate_name(at)
        length = len(at)
    return Problem(rule, where, str(who), what, remedy, severity, length)


def find_value(part: SpecModel, *keys: str) -> tuple[Position, int]:
    """Find the value of the first of these keys that was written; the part itself if none was."""
    for key in keys:
        value = nodes.find_node(part._node, key)
        if isinstance(value, nodes.YamlScalar):
            return value.where, len(value)
        if value is not None:
            return value.where, 1
    return part.find_position(), 1


def find_key(node: nodes.YamlNode | None, key: object) -> tuple[Position, int]:
    """Find a key (or code) of a mapping; the mapping itself if it has no such key."""
    return nodes.locate_key(node, key), len(str(key))
