"""The item types of the language: one class each, and their union, discriminated by `type`."""

from typing import Annotated, Any, Final, TypeAlias, get_args

from pydantic_core import PydanticKnownError

from survey_cli.instrument.schema.items import groups
from survey_cli.instrument.schema.items.coded import MultipleItem, ScaleItem, SingleItem
from survey_cli.instrument.schema.items.groups import BatteryItem, RosterItem, SectionItem
from survey_cli.instrument.schema.items.question import ItemSpec
from survey_cli.instrument.schema.items.typed import DateItem, NumberItem, TextItem, TimeItem, VerbatimItem
from survey_cli.instrument.schema.items.unasked_items import (
    DrawItem,
    EndItem,
    HandoverItem,
    LookupItem,
    ReadItem,
    SplitItem,
)
from survey_cli.instrument.source.scalars import ParseWith

Item: TypeAlias = (
    ReadItem
    | SingleItem
    | ScaleItem
    | MultipleItem
    | NumberItem
    | TextItem
    | VerbatimItem
    | DateItem
    | TimeItem
    | BatteryItem
    | SectionItem
    | RosterItem
    | DrawItem
    | HandoverItem
    | SplitItem
    | LookupItem
    | EndItem
)

ITEM_TYPES: Final[dict[str, type[ItemSpec]]] = {
    get_args(member.model_fields["type"].annotation)[0]: member for member in get_args(Item)
}
"""Each item type's name and its class."""


def _parse_item(node: Any) -> object:
    """The item by its `type`. A union discriminated by pydantic does the same, but makes the validators of all types
    where a file has five: here each is made when the first of its kind is met."""
    if not isinstance(node, dict) or "type" not in node:
        raise PydanticKnownError("union_tag_not_found", {"discriminator": "'type'"})
    model = ITEM_TYPES.get(node["type"]) if isinstance(node["type"], str) else None
    if model is None:
        expected = ", ".join(map(repr, ITEM_TYPES))
        tag = {"discriminator": "'type'", "tag": str(node["type"]), "expected_tags": expected}
        raise PydanticKnownError("union_tag_invalid", tag)
    return model.model_validate(node)


AnyItem: TypeAlias = Annotated[Item, ParseWith(_parse_item, {"discriminator": {"propertyName": "type"}})]

__all__ = ["ITEM_TYPES", "AnyItem", "BatteryItem", "RosterItem", "SectionItem"]

# The groups hold items of every type, known only now; pydantic looks the name up there when it builds the models.
groups.AnyItem = AnyItem  # type: ignore[attr-defined]
