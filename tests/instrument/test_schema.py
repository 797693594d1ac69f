"""The JSON Schema for editors agrees with the language: every example is valid, and broken ones are not."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from survey_cli.cli.run_command import run_command
from survey_cli.instrument.schema.items.groups import ITEM_TYPES
from survey_cli.services.questionnaire.questionnaire_files import render_schema

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "instruments").rglob("*.yaml"))
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_schema(kind: str) -> dict[str, Any]:
    """The schema as `survey schema` writes it."""
    return dict(json.loads(render_schema(kind)))


def errors(text: str, schema: dict[str, Any]) -> list[str]:
    """What a validator finds in a YAML text, dates and codes taken as JSON has them."""
    document = json.loads(json.dumps(yaml.load(text, LOADER), default=str))  # noqa: S506 - it is the safe one
    found = Draft202012Validator(schema).iter_errors(document)
    return [f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in found]


def test_it_is_a_schema_of_its_draft() -> None:
    for schema in map(
        read_schema, ("instrument", "module", "scenarios", "analysis", "codes", "map")
    ):
        assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.name)
def test_every_example_passes(path: Path) -> None:
    kind = "module" if path.parent.name == "modules" else "instrument"
    schema = read_schema(path.name.split(".")[1] if path.name.count(".") > 1 else kind)
    assert errors(path.read_text(encoding="utf-8"), schema) == []


def test_a_new_instrument_passes(tmp_path: Path) -> None:
    assert run_command(["new", str(tmp_path / "mine.yaml")]) == 0
    assert (
        errors((tmp_path / "mine.yaml").read_text(encoding="utf-8"), read_schema("instrument"))
        == []
    )


HEAD = "{instrument: x, title: X, items: [%s]}"


@pytest.mark.parametrize(
    ("item", "where", "what"),
    [
        ("{id: a, type: sinlge, text: Hi}", "items/0/type", "'sinlge' is not one of"),
        ("{id: a, type: read, txt: Hi, text: Hi}", "items/0", "'txt' was unexpected"),
        ("{id: a, type: read}", "items/0", "'text' is a required property"),
        ("{type: read, text: Hi}", "items/0", "'id' is a required property"),
        ("{id: a, text: Hi}", "items/0", "'type' is a required property"),
        (
            "{id: a, type: number, text: Hi, decimals: ten}",
            "items/0/decimals",
            "'ten' is not of type 'integer'",
        ),
        (
            "{id: a, type: single, text: Hi, options: [1, 2]}",
            "items/0/options",
            "is not valid under any",
        ),
        (
            "{id: a, type: single, text: Hi, options: {1: {text: A, lable: B}}}",
            "items/0/options",
            "any of",
        ),
        (
            "{id: a, type: read, text: {en: Hi, label: Ho}}",
            "items/0/text",
            "is not valid under any",
        ),
        (
            "{id: a, type: section, items: [{id: b, type: raed}]}",
            "items/0/items/0/type",
            "'raed' is not one",
        ),
        ("{include: m.yaml, prefx: a_}", "items/0", "'prefx' was unexpected"),
        ("{id: a, type: scale, text: Hi, from: 0, two: 3}", "items/0", "'two' was unexpected"),
        (
            "{id: a, type: single, text: Hi, options: {1: A}, order: rand}",
            "items/0/order",
            "not one of",
        ),
    ],
)
def test_what_is_broken_is_told_at_its_place(item: str, where: str, what: str) -> None:
    assert any(
        e.startswith(f"{where}: ") and what in e
        for e in errors(HEAD % item, read_schema("instrument"))
    )


@pytest.mark.parametrize(
    "item",
    [
        "{include: modules/m.yaml, prefix: b_}",
        "{id: a, type: single, text: 2024, options: {1: true, no: {text: 3}}}",
        "{id: a, type: single, text: {en: Hi, es: Hola}, options: scale_a, nets: {Some: [1, x]}, declines: []}",
        "{id: a, type: battery, scale: s, statements: {b: Short, c: {text: Long, ask_if: x == 1}}}",
        "{id: a, type: number, text: Hi, declines: {dk: 98, refused: {code: 99, text: No}}}",
    ],
)
def test_what_the_language_lets_stand_passes(item: str) -> None:
    assert errors(HEAD % item, read_schema("instrument")) == []


def parts(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of the schema that has keys, by name; those in a choice too."""
    for name, part in {**schema["$defs"], "the file": schema}.items():
        for one in [part, *part.get("anyOf", ())]:
            if "properties" in one:
                yield name, one


def test_every_part_refuses_unknown_keys_and_describes_its_own() -> None:
    found = dict(parts(read_schema("instrument")))
    assert found.keys() >= {model.__name__ for model in ITEM_TYPES.values()} | {
        "OptionSpec",
        "StudySpec",
    }
    for name, part in found.items():
        assert part["additionalProperties"] is False, name
        silent = [
            k for k, v in part["properties"].items() if not v.get("description") and k != "type"
        ]
        assert silent == [] or name == "DeclineOverride", name


def test_keys_stand_under_the_names_a_designer_writes() -> None:
    keys = read_schema("instrument")["$defs"]["ScaleItem"]["properties"]
    assert {"from", "to", "or"} <= keys.keys()
    assert not {"from_", "or_"} & keys.keys()


def test_every_item_type_is_offered_with_what_it_means() -> None:
    kind = read_schema("instrument")["$defs"]["Item"]["then"]["properties"]["type"]
    assert kind["enum"] == list(ITEM_TYPES)
    assert all(kind["enumDescriptions"])


def test_a_module_needs_nothing_and_has_no_title() -> None:
    assert errors("scales: {yn: {1: A, 2: B}}", read_schema("module")) == []
    assert errors("title: X", read_schema("module")) != []


def test_the_command_writes_it_and_overwrites_nothing_but_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "instrument.schema.json"
    assert run_command(["schema", "-o", str(file)]) == 0
    assert json.loads(file.read_text()) == read_schema("instrument")
    assert run_command(["schema", "--module", "-o", str(file)]) == 0
    assert json.loads(file.read_text()) == read_schema("module")
    mine = tmp_path / "mine.yaml"
    mine.write_text("title: precious")
    capsys.readouterr()
    assert run_command(["schema", "-o", str(mine)]) == 1
    assert "is not a JSON Schema" in capsys.readouterr().err
    assert mine.read_text() == "title: precious"


def test_on_stdout_there_is_nothing_but_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "survey instrument"
