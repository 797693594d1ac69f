"""A part is read as its annotations say, and everything that does not fit is told at once, with the way to it."""

from typing import Annotated, Any, ClassVar, Literal

import pytest

from survey_cli.instrument.document import Document
from survey_cli.instrument.forms import KEY, ByType, Fault, Misfit, Part, given
from survey_cli.instrument.parts import models
from survey_cli.instrument.scalars import CodeKey, Flag, Name, Text, Whole
from survey_cli.instrument.written import Listed, Mapped, Written
from survey_cli.problems import Position

HERE = Position("x", 1, 1)


def node(value: object) -> Any:
    """A Python value as it is read from a file."""
    if isinstance(value, dict):
        mapped = Mapped(HERE)
        mapped.update((Written(str(k), HERE, plain=True), node(v)) for k, v in value.items())
        return mapped
    if isinstance(value, list):
        listed = Listed(HERE)
        listed.extend(map(node, value))
        return listed
    return Written(str(value), HERE, plain=True)


class Wheel(Part):
    type: Literal["wheel"]
    spokes: Whole
    from_: Name | None = given(default=None, alias="from")


class Bell(Part):
    type: Literal["bell"]
    loud: Flag = False


class Cycle(Part):
    parts: list[Annotated[Wheel | Bell, ByType()]] = given(default_factory=list)
    labels: dict[CodeKey, Text] = given(default_factory=dict)
    colour: Literal["red", "blue"] = "red"
    lent: list[Name] | dict[Name, Whole] | None = None

    owner: ClassVar[str] = "nobody"


class Shop(Part):
    cycle: Cycle

    shorter: ClassVar[Any] = Name

    @classmethod
    def short_form(cls, node: Any) -> Any:
        return {"cycle": {"colour": node}} if isinstance(node, str) else node


def faults(part: type[Part], value: object) -> list[Fault]:
    with pytest.raises(Misfit) as told:
        part.model_validate(node(value))
    return list(told.value.faults)


def test_what_is_written_is_read_and_what_is_not_has_its_default() -> None:
    cycle = Cycle.model_validate(
        node({"parts": [{"type": "wheel", "spokes": "32", "from": "Leeds"}], "lent": {"ann": 3}})
    )
    (wheel,) = cycle.parts
    assert isinstance(wheel, Wheel)
    assert (wheel.spokes, wheel.from_, cycle.colour, cycle.labels) == (32, "Leeds", "red", {})
    assert cycle.lent == {"ann": 3}
    assert cycle.model_fields_set == {"parts", "lent"}
    assert Cycle.model_validate(node({"lent": ["ann"]})).lent == ["ann"]


def test_a_default_that_is_made_is_nobody_elses() -> None:
    one, other = Cycle.model_validate(node({})), Cycle.model_validate(node({}))
    one.parts.append(Bell.model_construct(type="bell"))
    assert (other.parts, Cycle.model_construct().parts) == ([], [])
    assert one != other
    assert other == Cycle.model_construct()


def test_a_part_knows_where_its_keys_stood() -> None:
    shop = Shop.model_validate(node("blue"))
    assert (shop.cycle.colour, shop.at()) == ("blue", Position(""))
    shop = Shop.model_validate(node({"cycle": {}}))
    assert shop.at("cycle") == HERE


def test_everything_that_does_not_fit_is_told_at_once_with_the_way_to_it() -> None:
    found = faults(
        Cycle,
        {
            "parts": [
                {"type": "wheel", "spoke": 1},
                {"type": "horn"},
                "bell",
                {"type": "bell", "loud": "yes"},
            ],
            "labels": {"1.5": "x", "2": ""},
            "colour": "green",
            "lent": "ann",
        },
    )
    assert [(fault.kind, fault.way) for fault in found] == [
        ("unknown-key", ("parts", 0, "spoke")),
        ("missing", ("parts", 0, "spokes")),
        ("unknown-type", ("parts", 1)),
        ("no-type", ("parts", 2)),
        ("unfit", ("parts", 3, "loud")),
        ("unfit", ("labels", "1.5", KEY)),
        ("unfit", ("labels", "2")),
        ("unknown-word", ("colour",)),
        ("no-list", ("lent",)),
    ]
    assert found[4].rule == "not-a-flag"
    assert found[7].words == ("red", "blue")


@pytest.mark.parametrize(
    ("part", "value", "kind"),
    [
        (Cycle, [], "no-mapping"), (Cycle, "x", "no-mapping"), (Cycle, {"parts": {}}, "no-list"),
        (Cycle, {"labels": []}, "no-mapping"), (Shop, {"cycle": "x"}, "no-mapping"), (Shop, "x", "unknown-word"),
        (Cycle, {"parts": [{"type": []}]}, "unknown-type"), (Wheel, {"type": {}}, "unknown-word"),
    ],
)  # fmt: skip
def test_no_node_is_read_as_what_it_is_not(part: type[Part], value: object, kind: str) -> None:
    assert faults(part, value)[0].kind == kind


@pytest.mark.parametrize("part", [model for _, model in models()], ids=lambda model: model.__name__)
def test_every_part_of_the_language_has_a_reader_for_each_of_its_keys(part: type[Part]) -> None:
    """An empty mapping lacks the required keys; an unknown key is told beside; nothing breaks."""
    if part.shorter is not None:
        return
    required = [f.alias or name for name, f in part.model_fields.items() if f.is_required()]
    found = faults(part, {"no such key": "x"})
    assert [f.way[0] for f in found if f.kind == "missing"] == required
    assert [f.way for f in found if f.kind == "unknown-key"] == [("no such key",)]
    for name, field in part.model_fields.items():
        for value in ("", [], {}, [[]], {"": ""}, {"x": {"y": "z"}}):
            told = faults(part, {field.alias or name: value, "no such key": "x"})
            assert all(len(f.way) >= 1 for f in told)


def test_the_document_is_a_part_like_any_other() -> None:
    made = Document.model_validate(node({"instrument": "i", "title": "T", "items": []}))
    assert made.languages == ["en"]
    assert made.study.model_fields_set == frozenset()
