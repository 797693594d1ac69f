"""The item types of the language: one class each, and the union in which each has its name."""

from typing import Annotated, TypeAlias

from pydantic import Field

from survey_cli.instrument.items import groups
from survey_cli.instrument.items.coded import Multiple, Scale, Single
from survey_cli.instrument.items.groups import BatteryWritten, RosterWritten, SectionWritten
from survey_cli.instrument.items.quiet import Draw, End, Handover, LookupItem, ReadItem, Split
from survey_cli.instrument.items.typed import DateItem, NumberItem, TextItem, TimeItem, VerbatimItem

AnyItem: TypeAlias = Annotated[
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
    | End,
    Field(discriminator="type"),
]

__all__ = ["AnyItem", "BatteryWritten", "RosterWritten", "SectionWritten"]

# The groups hold items of every type, known only now; pydantic looks the name up there when it builds the models.
groups.AnyItem = AnyItem  # type: ignore[attr-defined]
