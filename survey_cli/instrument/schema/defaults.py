"""Defaults of a section: its items have them unless they say otherwise."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from survey_cli.instrument.schema.items.coded import CodedItem
from survey_cli.instrument.schema.items.groups import ITEM_TYPES, BatteryItem, DefaultsSpec
from survey_cli.instrument.schema.items.question import QuestionItem
from survey_cli.instrument.source.nodes import YamlList, YamlMapping, YamlNode, YamlScalar
from survey_cli.instrument.source.scalars import YAML_NULLS

_NO_DEFAULTS: Final[Mapping[str, YamlNode]] = MappingProxyType({})
_OTHER_LISTS: Final = frozenset(("scale", "from", "answer", "list"))
"""Keys that say in another way what can be answered."""


def inherit_defaults(group: YamlMapping, inherited: Mapping[str, YamlNode] = _NO_DEFAULTS) -> YamlMapping:
    """Return a file or section whose items have the defaults around them: the same node where there are none."""
    own, items = group.get("defaults"), group.get("items")
    if isinstance(own, YamlMapping):
        inherited = {**inherited, **{key: own[key] for key in DefaultsSpec.model_fields.keys() & own.keys()}}
    if not isinstance(items, YamlList):
        return group
    new_items = [_inherit(item, inherited) if isinstance(item, YamlMapping) else item for item in items]
    if all(new is old for new, old in zip(new_items, items, strict=True)):
        return group
    return YamlMapping(group.where, {**group, "items": YamlList(items.where, new_items)})


def _inherit(item: YamlMapping, inherited: Mapping[str, YamlNode]) -> YamlMapping:
    if "items" in item:
        return inherit_defaults(item, inherited)
    kind = item.get("type")
    model = ITEM_TYPES.get(kind) if isinstance(kind, str) else None
    if not inherited or model is None or not (issubclass(model, QuestionItem) and model.expects_answer):
        return item
    new_keys = {}
    for key, value in inherited.items():
        written = item.get(key)
        if written is None and (key != "options" or _takes_options(model, item)):
            new_keys[key] = value
        elif isinstance(written, YamlScalar) and written.plain and written in ("", *YAML_NULLS):
            item = YamlMapping(item.where, {name: node for name, node in item.items() if name != key})
    return YamlMapping(item.where, {**item, **new_keys}) if new_keys else item


def _takes_options(model: type[QuestionItem], item: YamlMapping) -> bool:
    is_coded = issubclass(model, CodedItem | BatteryItem) and "options" in model.model_fields
    return is_coded and _OTHER_LISTS.isdisjoint(item)
