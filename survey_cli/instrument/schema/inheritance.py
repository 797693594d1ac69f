"""Inheritance of defaults: the keys under `defaults:` are copied to the questions below them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from survey_cli.instrument.schema.items import coded, groups, question
from survey_cli.instrument.source.nodes import YamlList, YamlMapping, YamlNode, YamlScalar
from survey_cli.instrument.source.scalars import YAML_NULLS

_NO_DEFAULTS: Final[Mapping[str, YamlNode]] = MappingProxyType({})
_ANSWER_KEYS: Final = frozenset(("scale", "from", "answer", "list"))
"""Keys that say in another way than `options` what can be answered."""


def inherit_defaults(
    group: YamlMapping, inherited: Mapping[str, YamlNode] = _NO_DEFAULTS
) -> YamlMapping:
    """Return a file or section whose items have the defaults around them."""
    own = group.get("defaults")
    if isinstance(own, YamlMapping):
        own_defaults = {key: own[key] for key in groups.DefaultsSpec.model_fields if key in own}
        inherited = {**inherited, **own_defaults}

    items = group.get("items")
    if not isinstance(items, YamlList):
        return group
    new_items = [
        _inherit(item, inherited) if isinstance(item, YamlMapping) else item for item in items
    ]
    return YamlMapping(group.where, {**group, "items": YamlList(items.where, new_items)})


def _inherit(item: YamlMapping, inherited: Mapping[str, YamlNode]) -> YamlMapping:
    if "items" in item:
        return inherit_defaults(item, inherited)

    model = groups.find_item_model(item)
    if not inherited or model is None or not issubclass(model, question.QuestionItem):
        return item
    if not model.expects_answer:
        return item

    new_keys = {}
    for key, value in inherited.items():
        written = item.get(key)
        if written is None:
            if key != "options" or _takes_options(item, model):
                new_keys[key] = value
        elif _is_null(written):
            # `probe: ~` declines the default
            remaining = {name: node for name, node in item.items() if name != key}
            item = YamlMapping(item.where, remaining)
    return YamlMapping(item.where, {**item, **new_keys}) if new_keys else item


def _takes_options(item: YamlMapping, model: type[question.QuestionItem]) -> bool:
    has_options = issubclass(model, coded.CodedItem | groups.BatteryItem)
    return has_options and "options" in model.model_fields and _ANSWER_KEYS.isdisjoint(item)


def _is_null(node: YamlNode) -> bool:
    return isinstance(node, YamlScalar) and node.plain and node in ("", *YAML_NULLS)
