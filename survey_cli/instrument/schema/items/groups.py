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
    """A group of items with a title, a condition and an order."""

    type: Literal["section"]
    title: Text | None = None
    """Shown at the top of the screen, and in reports."""
    intro: Text | None = None
    """Read aloud before the first of its items that is asked."""
    items: "list[AnyItem]"
    """Its items."""
    order: Order = "written"
    """How its items are shuffled."""
    after: Name | None = None
    """`hangup`: completed after the respondent has hung up; the case is complete and the interview's clock has
    stopped."""

    is_group: ClassVar[bool] = True


class StatementSpec(SpecModel):
    """One statement of a battery."""

    text: Text
    """The text that is read aloud."""
    ask_if: Expression | None = None
    """Asked only where this condition holds."""
    anchor: Flag = False
    """`true`: keeps its written position when the statements are shuffled."""
    label: Text | None = None
    """The variable's label."""

    @model_validator(mode="before")
    @classmethod
    def _expand_short_form(cls, data: Any) -> Any:
        if isinstance(data, dict) and "text" in data:
            return data
        return {"text": data}


class BatteryItem(QuestionItem):
    """Statements on one scale: the introduction is read once, and each statement is a variable."""

    type: Literal["battery"]
    text: Text = Field(default_factory=lambda: Text.from_string("{statement}"))
    """Read aloud for each statement, which it contains: `How important is {statement}?`"""
    intro: Text | None = None
    """Read aloud once, before the first statement."""
    title: Text | None = None
    """Shown at the top of the screen."""
    statements: dict[Name, StatementSpec]
    """Id to statement."""
    scale: Name | None = None
    """The name of a list under `scales`."""
    options: OptionsOrName | None = None
    """The points of the scale, code to text."""
    from_: Whole | None = Field(default=None, alias="from")
    """The lowest point of the scale."""
    to: Whole | None = None
    """The highest point of the scale."""
    labels: dict[Whole, Text] = Field(default_factory=dict)
    """Labels of some points."""
    order: Order = "written"
    """How the statements are shuffled."""

    is_group: ClassVar[bool] = True


class RosterItem(ItemSpec):
    """Items that are repeated: a number of times, once per answer to a `multiple`, or until there is no other."""

    type: Literal["roster"]
    title: Text | None = None
    """Shown at the top of the screen."""
    intro: Text | None = None
    """Read aloud before the first turn."""
    count: Expression | None = None
    """The number of turns: `hh_size`."""
    each: Name | None = None
    """The `multiple` whose chosen options are the turns; `{each}` is the option's text."""
    until: Text | None = None
    """The question read after each turn; yes starts another turn: `Is there anybody else?`"""
    max: Whole
    """The most turns; it determines the columns of the data."""
    items: "list[AnyItem]"
    """The items of each turn."""
    order: Order = "written"
    """How its items are shuffled, separately for each turn."""

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
"""Each item type's name and class."""


def _parse_item(node: Any) -> object:
    """Parse an item by its `type`.

    A discriminated union of pydantic does the same, but builds the validators of all types where a file uses five; here
    each is built when the first item of its type is parsed.
    """
    if not isinstance(node, dict) or "type" not in node:
        raise PydanticKnownError("union_tag_not_found", {"discriminator": "'type'"})
    model = ITEM_TYPES.get(node["type"]) if isinstance(node["type"], str) else None
    if model is None:
        expected = ", ".join(map(repr, ITEM_TYPES))
        tag = {"discriminator": "'type'", "tag": str(node["type"]), "expected_tags": expected}
        raise PydanticKnownError("union_tag_invalid", tag)
    return model.model_validate(node)


AnyItem: TypeAlias = Annotated[Item, ParseWith(_parse_item, {"discriminator": {"propertyName": "type"}})]
