"""Items that contain other items: `section`, `battery`, `roster`.

The union of all item types is here too, since items are parts of groups, and groups are items.
"""

from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias, get_args

from pydantic import Field
from pydantic_core import PydanticKnownError

from survey_cli.instrument.schema.items import (
    brackets,
    coded,
    quantity,
    question,
    typed,
    unasked_items,
)
from survey_cli.instrument.schema.options import (
    DeclineOverrides,
    OptionsOrSource,
    ShortSpec,
    SpecModel,
)
from survey_cli.instrument.source.scalars import (
    Expression,
    Flag,
    Name,
    Order,
    ParseWith,
    Text,
    Whole,
)


class DefaultsSpec(SpecModel):
    """What questions have unless they say otherwise.

    A key without a value (`probe: ~`) says that the question has none.
    """

    probe: Text | None = None
    """What the interviewer says if an answer is not sufficient. If left out: none."""
    instruction: Text | None = None
    """A note to the interviewer. If left out: none."""
    options: OptionsOrSource | None = None
    """The options of questions with options, or the name of a list. If left out: each has its
    own."""
    declines: DeclineOverrides | None = None
    """The declines permitted, as at a question. If left out: every decline of the file."""


class PickSpec(ShortSpec):
    """How many of a group are asked, and which: `pick: 2`, or `pick: {count: 2, by: least_filled}`.

    They are picked from those whose conditions are true. The data say which (`ID_pick`), and of how
    many (`ID_pick_of`), for weighting.
    """

    count: Whole
    """How many are picked. If fewer can be asked, all of them are."""
    by: unasked_items.PickMethod = "random"
    """How they are picked: at `random`, or `least_filled`, those that were picked in the fewest
    interviews so far.

    Complete interviews count, and those under way. Nothing is reserved: two that come to it at the
    same moment may pick the same, and later ones even it out."""


class SectionItem(question.ItemSpec):
    """A group of items with a title, a condition and an order."""

    type: Literal["section"]
    title: Text | None = None
    """The title at the top of the screen and in reports. If left out: none."""
    intro: Text | None = None
    """A text that is read aloud before the first of its items that is asked. If left out: none."""
    items: "list[AnyItem]"
    """Its items."""
    order: Order = "written"
    """How its items are shuffled: not at all, in `random` order, starting at a random item
    (`rotate`), or reversed in half of the interviews (`flip`)."""
    defaults: DefaultsSpec | None = None
    """What its questions, also those in sections and rosters inside it, have unless they say
    otherwise: `{probe: Anything else?, declines: [dk]}`. If left out: none."""
    pick: Annotated[PickSpec, "a whole number, or a mapping"] | None = None
    """How many of its items are asked in an interview: `2`. If left out: all of them."""
    after: Annotated[Name, "hangup"] | None = None
    """`hangup`: the interviewer completes the section after the call. The case is already complete,
    and the interview's clock has stopped. If left out: asked during the call."""

    is_group: ClassVar[bool] = True


class BracketSection(SectionItem):
    """The section that a bracket is expanded to. It is not written in a file."""

    bracket: brackets.BracketItem


class StatementSpec(SpecModel):
    """One statement of a battery."""

    text: Text
    """The text that is read aloud. A statement with no other key is written as its text alone."""
    ask_if: Expression | None = None
    """The statement is asked only if this condition is true. If left out: always asked."""
    anchor: Flag = False
    """`true`: the statement keeps its written position when the statements are shuffled."""
    label: Text | None = None
    """The label of the variable. If left out: the text."""

    @classmethod
    def expand_short_form(cls, data: Any) -> Any:
        if isinstance(data, dict) and "text" in data:
            return data
        return {"text": data}


class BatteryItem(question.QuestionItem):
    """Statements on one scale, or answered with a number; each is a variable.

    The introduction is read once; the options come from `scale`, from `options`, or from `from` and
    `to`.
    """

    type: Literal["battery"]
    text: Text = Field(default_factory=lambda: Text.from_string("{statement}"))
    """The text that is read aloud for each statement: `How important is {statement}?` If left out:
    the statement alone."""
    intro: Text | None = None
    """A text that is read aloud once, before the first statement. If left out: none."""
    title: Text | None = None
    """The title at the top of the screen. If left out: none."""
    next_: Text | None = Field(default=None, alias="next")
    """The shorter text that is read from the second statement on: `How about {statement}?` If left
    out: `text`."""
    statements: dict[Name, StatementSpec]
    """The id of each statement, and its text."""
    answer: typed.NumberAnswer | None = None
    """The number with which each statement is answered, instead of a scale: `{type: number, unit:
    minutes, max: 60}`. If left out: a scale."""
    total: Annotated[Expression, "a number or a calculation"] | None = None
    """The number that the answers must add up to: `100`, or an earlier answer. What is left is
    shown. After a decline the answers need not add up. If left out: any sum."""
    scale: Name | None = None
    """The name of a list under `scales`. If left out: `options`, or `from` and `to`, are
    required."""
    options: OptionsOrSource | None = None
    """Each code and its text. If left out: `scale`, or `from` and `to`, are required."""
    from_: Whole | None = Field(default=None, alias="from")
    """The lowest point of the scale. If left out: `scale` or `options` is required."""
    to: Whole | None = None
    """The highest point of the scale. If left out: `scale` or `options` is required."""
    labels: dict[Whole, Text] = Field(default_factory=dict)
    """Labels of some points. If left out: numbers only."""
    order: Order = "written"
    """How the statements are shuffled: not at all, in `random` order, starting at a random one
    (`rotate`), or reversed in half of the interviews (`flip`)."""
    pick: Annotated[PickSpec, "a whole number, or a mapping"] | None = None
    """How many of the statements are asked in an interview: `8`. If left out: all of them."""

    is_group: ClassVar[bool] = True


class RosterItem(question.ItemSpec):
    """Items that are repeated, once per turn.

    The number of turns comes from `count`, `each` or `until`; exactly one of them is required.
    """

    type: Literal["roster"]
    title: Text | None = None
    """The title at the top of the screen. If left out: none."""
    intro: Text | None = None
    """A text that is read aloud before the first turn. If left out: none."""
    count: Annotated[Expression, "a calculation"] | None = None
    """The number of turns: `hh_size`. If left out: `each` or `until` determines the turns."""
    each: Annotated[Name, "an item"] | None = None
    """The `multiple` whose chosen options are the turns; `{each}` is the option's text. Or an
    earlier roster, over whose turns this one runs: they keep their numbers, and its items can name
    those of the other. If left out: `count` or `until` determines the turns."""
    where: Expression | None = None
    """With a roster under `each`: the turns that are visited, as in `age >= 15`. If left out: all
    of them."""
    until: Text | None = None
    """The question that is read after each turn; yes starts another turn: `Is there anybody else?`
    If left out: `count` or `each` determines the turns."""
    max: Whole = 0
    """The most turns. It determines the number of columns in the data. If left out: that of the
    roster under `each`; otherwise it is required."""
    items: "list[AnyItem]"
    """The items of each turn."""
    order: Order = "written"
    """How its items are shuffled, separately for each turn; as in a section."""
    pick: Annotated[PickSpec, "a whole number, or a mapping"] | None = None
    """How many of the turns are visited in an interview: `2`. If left out: all of them."""

    is_group: ClassVar[bool] = True


Item: TypeAlias = (
    unasked_items.ReadItem
    | coded.SingleItem
    | coded.ScaleItem
    | coded.MultipleItem
    | typed.NumberItem
    | quantity.QuantityItem
    | typed.DurationItem
    | typed.TextItem
    | typed.VerbatimItem
    | typed.DateItem
    | typed.TimeItem
    | coded.SearchItem
    | brackets.BracketItem
    | BatteryItem
    | SectionItem
    | RosterItem
    | unasked_items.DrawItem
    | unasked_items.HandoverItem
    | unasked_items.SplitItem
    | unasked_items.LookupItem
    | unasked_items.EndItem
)
"""All item types, in the order in which messages and the reference list them."""


def _get_type_name(model: type[question.ItemSpec]) -> str:
    (name,) = get_args(model.model_fields["type"].annotation)
    return str(name)


ITEM_TYPES: Final[dict[str, type[question.ItemSpec]]] = {
    _get_type_name(model): model for model in get_args(Item)
}
"""Each item type's name and class."""


def find_item_model(node: object) -> type[question.ItemSpec] | None:
    """Find the model of an item by its `type`; None if it has none that is known."""
    name = node.get("type") if isinstance(node, dict) else None
    return ITEM_TYPES.get(name) if isinstance(name, str) else None


def _parse_item(node: Any) -> object:
    """Parse an item by its `type`.

    A discriminated union of pydantic does the same, but builds the validators of all types, and a
    file uses about five. Here each is built when the first item of its type is parsed.
    """
    if not isinstance(node, dict) or "type" not in node:
        raise PydanticKnownError("union_tag_not_found", {"discriminator": "'type'"})

    model = find_item_model(node)
    if model is None:
        expected = ", ".join(map(repr, ITEM_TYPES))
        tag = {"discriminator": "'type'", "tag": str(node["type"]), "expected_tags": expected}
        raise PydanticKnownError("union_tag_invalid", tag)
    return model.model_validate(node)


AnyItem: TypeAlias = Annotated[
    Item, ParseWith(_parse_item, {"discriminator": {"propertyName": "type"}})
]
