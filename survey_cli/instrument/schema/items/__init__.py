"""The item types of the language: one class each, and the union in which each has its name."""

from typing import Annotated, Any, Final, TypeAlias, get_args

from pydantic_core import PydanticKnownError

from survey_cli.instrument.schema.items import groups
from survey_cli.instrument.schema.items.coded import Multiple, Scale, Single
from survey_cli.instrument.schema.items.groups import BatteryWritten, RosterWritten, SectionWritten
from survey_cli.instrument.schema.items.question import ItemWritten
from survey_cli.instrument.schema.items.typed import DateItem, NumberItem, TextItem, TimeItem, VerbatimItem
from survey_cli.instrument.schema.items.unasked_items import Draw, End, Handover, LookupItem, ReadItem, Split
from survey_cli.instrument.source.scalars import Reads

Item: TypeAlias = (
    ReadItem
    | Single
    | Scale
    | Multiple
    | NumberItem
    | TextItem
    | VerbatimItem
    | DateItem
    | TimeItem
    | BatteryWritten
    | SectionWritten
    | RosterWritten
    | Draw
    | Handover
    | Split
    | LookupItem
    | End
)

ITEM_TYPES: Final[dict[str, type[ItemWritten]]] = {
    get_args(member.model_fields["type"].annotation)[0]: member for member in get_args(Item)
}
"""Each item type's name and its class."""


def _item(node: Any) -> object:
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


AnyItem: TypeAlias = Annotated[Item, Reads(_item, {"discriminator": {"propertyName": "type"}})]

__all__ = ["ITEM_TYPES", "AnyItem", "BatteryWritten", "RosterWritten", "SectionWritten"]

# The groups hold items of every type, known only now; pydantic looks the name up there when it builds the models.
groups.AnyItem = AnyItem  # type: ignore[attr-defined]
