"""Changes of properties between two versions: all keys of the file that are written otherwise."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from survey_cli.instrument.schema.items.quantity import QuantityItem
from survey_cli.instrument.schema.items.unasked_items import DrawItem
from survey_cli.instrument.source.nodes import get_named
from survey_cli.revisions.changes import ChangeKind, ComparedChange
from survey_cli.revisions.meaning_changes import MeaningChange
from survey_cli.revisions.properties import Property, list_properties, render_value
from survey_cli.revisions.route_changes import normalize
from survey_cli.revisions.versions import OUTCOME_PREFIX, Node, Version, VersionPair

_COMPARED_OTHERWISE: Final = frozenset(
    ("id", "items", "statements", "ask_if", "unless", "checks", "confirm", "declines", "options",
     "scale", "from_", "to", "labels", "min", "max", "unit", "decimals", "partial", "pattern",
     "count", "where", "answer", "defaults", "range", "main_unit", "in_")
)  # fmt: skip
"""Keys of items that are compared as meanings, conditions, options, checks or order."""
_RESOLVED: Final = frozenset(
    ("items", "scales", "declines", "sample", "compute", "version", "defaults", "texts")
)
"""Keys of the file that are compared where they are used."""
_KINDS: Final[Mapping[str, ChangeKind]] = {
    **dict.fromkeys(("each", "from", "using", "numbers", "arms", "pick", "chosen"), "route"),
    **dict.fromkeys(("steps", "start", "walk"), "route"),
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
_SETTINGS_OF_TEXT: Final = ("title", "study", "dayparts", "faq", "label")
"""Keys of the file whose change is one of texts; that of any other concerns fieldwork."""
_OPTION_KEYS: Final = ("text", "label", "note", "read", "specify", "exclusive", "missing", "anchor")
_CHECK_KEYS: Final = ("say", "soft", "otherwise")
_OUTCOME_MEANING: Final = re.compile(rf"{re.escape(OUTCOME_PREFIX)}\w+\.(name|code|like)")
"""Keys of an outcome that are compared as its meaning."""
_CONTEXT: Final = 3
"""Words that are shown on both sides of a difference between two long texts."""

Properties = Mapping[str, Property]
Texts = tuple[str, ...]
"""A value in each language."""


class PropertyComparison:
    """The properties of two versions while they are compared."""

    def __init__(self, pair: VersionPair, meanings: Mapping[str, Sequence[MeaningChange]]) -> None:
        self.pair = pair
        self.meanings = meanings
        """The changes of meaning by item, which are not reported again."""

    def iterate_item_changes(self) -> Iterator[ComparedChange]:
        """Yield the changes of the items, groups and sample columns that both versions have."""
        for name in self.pair.common:
            yield from self._compare(name, *self._list_node_properties(name))

        old_columns = self.pair.old.instrument.sample
        new_columns = self.pair.new.instrument.sample
        for name, column in old_columns.items():
            if name in new_columns:
                skip = frozenset(("options",))
                if name in self.meanings:
                    skip |= {"type"}
                old = list_properties(column, skip)
                new = list_properties(new_columns[name], skip)
                yield from self._compare(name, old, new)

    def iterate_setting_changes(self) -> Iterator[ComparedChange]:
        """Yield the changes of the study's settings."""
        old = list_properties(self.pair.old.instrument.document, _RESOLVED)
        new = list_properties(self.pair.new.instrument.document, _RESOLVED)
        yield from self._compare("", old, new)

    def _list_node_properties(self, name: str) -> tuple[dict[str, Property], dict[str, Property]]:
        """List the properties of an item or group in both versions.

        Of its options and checks, only those that both versions have are listed.
        """
        old_node, new_node = self.pair.get_nodes(name)
        old = list_properties(old_node.spec, _COMPARED_OTHERWISE)
        new = list_properties(new_node.spec, _COMPARED_OTHERWISE)
        meanings = self.meanings.get(name, ())

        if type(old_node.spec) is not type(new_node.spec):
            common = old.keys() & new.keys()
            if any(change.kind in ("type", "removed") for change in meanings):
                common -= {"type"}
            old = {key: value for key, value in old.items() if key in common}
            new = {key: value for key, value in new.items() if key in common}

        old_parts = _list_part_properties(self.pair.old, old_node)
        new_parts = _list_part_properties(self.pair.new, new_node)
        reported = set()
        for change in meanings:
            if change.kind == "recoded":
                reported |= {f"code {change.code}: text", f"code {change.code}: label"}
        for key in sorted(old_parts.keys() & new_parts.keys()):
            if key not in reported:
                old[key] = old_parts[key]
                new[key] = new_parts[key]

        old |= _list_source_properties(old_node)
        new |= _list_source_properties(new_node)
        return old, new

    def _compare(self, owner: str, olds: Properties, news: Properties) -> Iterator[ComparedChange]:
        """Yield the changes of one part's properties; `owner` is empty for the study's settings."""
        for key in dict.fromkeys((*olds, *news)):
            old = olds.get(key)
            new = news.get(key)
            is_meaning = old is not None and new is not None and _OUTCOME_MEANING.fullmatch(key)
            was = self._render(key, old)
            is_ = self._render(key, new)
            if was == is_ or is_meaning:
                continue

            what = _describe_change(_name_property(key, olds, news), was, is_)
            # a version without the property is located at the part that could have it
            old_place = self.pair.old.locate(owner)
            if old is not None:
                old_place = old.where
            new_place = self.pair.new.locate(owner)
            if new is not None:
                new_place = new.where

            owners = (owner,) if owner else ()
            kind = self._classify(owner, key, is_)
            yield ComparedChange(kind, owners, what, (old_place, new_place))

    def _render(self, key: str, written: Property | None) -> Texts | None:
        if written is None or written.value is None:
            return None
        return render_value(key, written.value, self.pair.languages)

    def _classify(self, owner: str, key: str, is_: Texts | None) -> ChangeKind:
        """Return the kind of a change; `is_` is the value in the newer version."""
        first = key.rpartition(": ")[2].partition(".")[0]
        if owner not in self.pair.old.nodes and first != "personal":
            if key.startswith(OUTCOME_PREFIX) and is_ is None:
                return "removed"
            return "text" if first in _SETTINGS_OF_TEXT else "fieldwork"

        if first in _SWITCHES:
            switched_on, switched_off = _SWITCHES[first]
            if is_ in (None, ("false",)):
                return switched_off
            return switched_on

        if first == "by" and self._is_draw(owner):
            return "route"
        if first == "type":
            had_columns = self._has_columns(self.pair.old, owner)
            has_columns = self._has_columns(self.pair.new, owner)
            return "text" if had_columns == has_columns else "added"
        return _KINDS.get(first, "text")

    def _is_draw(self, name: str) -> bool:
        item = self.pair.new.nodes[name].item
        return item is not None and isinstance(item.question, DrawItem)

    def _has_columns(self, version: Version, name: str) -> bool:
        item = version.nodes[name].item
        if item is None:
            return False
        return bool(item.question.build_variables(item, self.pair.languages[0]))


def _list_part_properties(version: Version, node: Node) -> dict[str, Property]:
    """List the properties of an item's options, labels, checks and list."""
    item = node.item
    if item is None:
        return {}

    properties: dict[str, Property] = {}
    for option in item.options:
        where = option.text.source.where
        for key in _OPTION_KEYS:
            value = getattr(option, key)
            if key == "label" and option.label is option.text.source:
                value = None  # it has no label of its own
            properties[f"code {option.code}: {key}"] = Property(value, where)

    for code, text in item.labels.items():
        properties[f"code {code}: text"] = Property(text, text.source.where)

    if isinstance(item.question, QuantityItem):
        for owner, words in item.question.name_unit_texts():
            properties[f"{owner}: text"] = Property(words, words.where)

    for check in item.checks:
        for key in _CHECK_KEYS:
            name = f"check {normalize(check.condition)!r}: {key}"
            properties[name] = Property(getattr(check, key), check.say.source.where)

    if item.scale is not None:
        scale = get_named(version.instrument.document.scales, item.scale)
        properties["list: order"] = Property(item.scale_order, scale.find_position("order"))
    elif item.options:
        properties["list: order"] = Property("written", item.question.find_position("options"))
    return properties


def _list_source_properties(node: Node) -> dict[str, Property]:
    """List the properties of the source of an item's options."""
    if node.item is None or node.item.options_source is None:
        return {}
    return list_properties(node.item.options_source, frozenset(("where",)), "options: ")


def _name_property(key: str, olds: Properties, news: Properties) -> str:
    """Name a property; if only one version has the part that it belongs to, name the part."""
    others = news if key in olds else olds
    while key not in others and "." in key:
        parent = key.rpartition(".")[0]
        if any(other == parent or other.startswith(f"{parent}.") for other in others):
            break
        key = parent
    return key


def _describe_change(name: str, was: Texts | None, is_: Texts | None) -> str:
    """Describe a change, in the first language in which the texts differ."""
    if was is None:
        return f"{name} is new"
    if is_ is None:
        return f"{name} is left out"
    for old, new in zip(was, is_, strict=False):
        if old != new:
            old, new = _cut_common_words(old, new)
            return f"{name} was {old!r} and is {new!r}"
    return f"{name} was {was[0]!r} and is {is_[0]!r}"


def _cut_common_words(old: str, new: str) -> tuple[str, str]:
    """Cut the words that two texts have in common at both ends, except the nearest."""
    old_words = old.split()
    new_words = new.split()
    most = min(len(old_words), len(new_words))
    start = 0
    while start < most and old_words[start] == new_words[start]:
        start += 1

    # the same word is never counted at both ends
    end = 0
    while end < most - start and old_words[-1 - end] == new_words[-1 - end]:
        end += 1

    start = _leave_context(start)
    end = _leave_context(end)
    return _cut(old_words, start, end), _cut(new_words, start, end)


def _leave_context(common: int) -> int:
    """Return how many of the common words to cut: none unless that shortens the text."""
    if common <= _CONTEXT + 2:  # "…" in place of one or two words would save nothing
        return 0
    return common - _CONTEXT


def _cut(words: Sequence[str], start: int, end: int) -> str:
    text = " ".join(words[start : len(words) - end])
    if start:
        text = f"… {text}"
    if end:
        text = f"{text} …"
    return text
