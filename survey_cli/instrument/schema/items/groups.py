"""Items that hold other items: `section`, `battery`, `roster`."""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator

from survey_cli.instrument.schema.items.question import ItemSpec, QuestionItem
from survey_cli.instrument.schema.options import OptionsOrName, SpecModel
from survey_cli.instrument.source.scalars import Expression, Flag, Name, Order, Text, Whole

if TYPE_CHECKING:
    from survey_cli.instrument.schema.items import AnyItem


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
