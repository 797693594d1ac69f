"""Items that contain other items: `section`, `battery`, `roster`; and the union of all item types."""

from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias, get_args

from pydantic import Field, model_validator
from pydantic_core import PydanticKnownError

from survey_cli.instrument.schema.items.coded import MultipleItem, ScaleItem, SingleItem
from survey_cli.instrument.schema.items.question import ItemSpec, QuestionItem
from survey_cli.instrument.schema.items.typed import DateItem, NumberItem, TextItem, TimeItem, VerbatimItem
from survey_cli.instrument.schema.items.unasked_items import (
    DrawItem,
    EndItem,
    HandoverItem,
    LookupItem,
    ReadItem,
    SplitItem,
)
from survey_cli.instrument.schema.options import OptionsOrName, SpecModel
from survey_cli.instrument.source.scalars import Expression, Flag, Name, Order, ParseWith, Text, Whole


class SectionItem(ItemSpec):
    """A titled, conditional, orderable group of items."""

    type: Literal["section"]
    title: Text | None = None
    """Shown at the top of the screen, and in reports."""
    intro: Text | None = None
    """Read before whichever of its items comes first."""
    items: "list[AnyItem]"
    """What it holds."""
    order: Order = "written"
    """How its items are shuffled."""
    after: Name | None = None
    """`hangup`: filled in when the respondent has hung up; the case is complete and the clock stopped."""

    is_group: ClassVar[bool] = True


class StatementSpec(SpecModel):
    """One statement of a battery."""

    text: Text
    """What is read."""
    ask_if: Expression | None = None
    """Asked only where this holds."""
    anchor: Flag = False
    """`true`: keeps its written place when the statements are shuffled."""
    label: Text | None = None
    """The variable's label."""

    @model_validator(mode="before")
    @classmethod
    def _expand_short_form(cls, data: Any) -> Any:
        if isinstance(data, dict) and "text" in data:
            return data
        return {"text": data}


class BatteryItem(QuestionItem):
    """Statements on one scale: the introduction once, then each statement a variable of its own."""

    type: Literal["battery"]
    text: Text = Field(default_factory=lambda: Text.from_string("{statement}"))
    """Read for each, with the statement in it: `How important is {statement}?`"""
    intro: Text | None = None
    """Read once, before the first statement."""
    title: Text | None = None
    """Shown at the top of the screen."""
    statements: dict[Name, StatementSpec]
    """Id to statement."""
    scale: Name | None = None
    """The name of a list under `scales`."""
    options: OptionsOrName | None = None
    """The scale's points written here."""
    from_: Whole | None = Field(default=None, alias="from")
    """The scale's lowest point."""
    to: Whole | None = None
    """The scale's highest point."""
    labels: dict[Whole, Text] = Field(default_factory=dict)
    """What some of the points mean."""
    order: Order = "written"
    """How the statements are shuffled."""

    is_group: ClassVar[bool] = True


class RosterItem(ItemSpec):
    """Its items once for each turn: so many times, once for each answer to a `multiple`, or until there is no other."""

    type: Literal["roster"]
    title: Text | None = None
    """Shown at the top of the screen."""
    intro: Text | None = None
    """Read before the first turn."""
    count: Expression | None = None
    """How many turns: `hh_size`."""
    each: Name | None = None
    """The `multiple` whose chosen options are the turns; `{each}` is the option's text."""
    until: Text | None = None
    """The question read after each turn; yes brings another: `Is there anybody else?`"""
    max: Whole
    """The most turns: it fixes the columns of the data."""
    items: "list[AnyItem]"
    """What is asked in each turn."""
    order: Order = "written"
    """How its items are shuffled, each turn anew."""

    is_group: ClassVar[bool] = True


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
