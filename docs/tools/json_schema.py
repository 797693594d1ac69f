"""JSON Schemas of an instrument and of the files beside it, generated from the models and their docstrings.

`make docs` stores them where `survey schema` reads them. They describe the shape only, not names or conditions: they
accept more than `survey check` does.
"""

import ast
import inspect
from collections.abc import Iterator, Mapping
from functools import cache
from textwrap import dedent
from typing import Any, Final, get_args

from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from survey_cli.instrument.schema.analysis_file import AnalysisFile
from survey_cli.instrument.schema.answer_map import AnswerMap
from survey_cli.instrument.schema.code_frame import CodeFrame, FrameCodeSpec
from survey_cli.instrument.schema.document import Document
from survey_cli.instrument.schema.items.groups import ITEM_TYPES
from survey_cli.instrument.schema.items.unasked_items import DrawItem, EndItem
from survey_cli.instrument.schema.options import (
    NumberOption,
    OptionSpec,
    ScaleSpec,
    ShortSpec,
    SpecModel,
)
from survey_cli.instrument.schema.scenario_file import ScenarioFile
from survey_cli.instrument.schema.simulation_file import SimulationFile
from survey_cli.instrument.source.scalars import ANY_SCALAR
from survey_cli.outcomes import OUTCOMES

JsonSchema = dict[str, Any]
COMPANIONS: Final[Mapping[str, type[SpecModel]]] = {
    "scenarios": ScenarioFile,
    "analysis": AnalysisFile,
    "codes": CodeFrame,
    "map": AnswerMap,
    "simulation": SimulationFile,
}

SCHEMA_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_KEYWORDS_OF_NAMES: Final = ("properties", "patternProperties", "$defs")
"""Keywords whose keys are names of the language, not of JSON Schema."""
_KEYWORDS_OF_LISTS: Final = ("anyOf", "oneOf", "allOf")
_LANGUAGE: Final = "^[A-Za-z]{2,3}([-_][A-Za-z]{2,4})?$"
_TEXT: Final[JsonSchema] = {
    "anyOf": [
        ANY_SCALAR,
        {
            "type": "object",
            "patternProperties": {_LANGUAGE: ANY_SCALAR},
            "additionalProperties": False,
        },
    ]
}
_INCLUDE: Final[JsonSchema] = {
    "title": "include",
    "description": "The items of a module stand here; its scales and computes join those of the instrument.",
    "type": "object",
    "properties": {
        "include": {
            "type": "string",
            "description": "The module's path, from the folder of this file.",
        },
        "prefix": {
            "type": "string",
            "description": "Put before every name of the module, so that it can be included twice.",
        },
        "with": {
            "type": "object",
            "description": "Words for names in braces in the module's texts: {who: your partner}.",
            "additionalProperties": _TEXT,
        },
    },
    "required": ["include"],
    "additionalProperties": False,
}


def build_instrument_schema() -> JsonSchema:
    """Build the schema of an instrument file."""
    schema = _assemble(Document, ITEM_TYPES, "survey instrument")
    _refine_parts(schema["$defs"])
    return schema


def build_companion_schema(kind: str) -> JsonSchema:
    """Build the schema of a file that belongs to a questionnaire; `kind` is one of `COMPANIONS`."""
    return _assemble(COMPANIONS[kind], {}, f"survey {kind}")


class _ShortFormGenerator(GenerateJsonSchema):
    """Generator that also describes the short forms of parts, which validators expand."""

    def model_schema(self, schema: Any) -> JsonSchema:
        part, model = super().model_schema(schema), schema["cls"]
        if model in (OptionSpec, NumberOption, FrameCodeSpec):
            return {"anyOf": [dict(ANY_SCALAR), part, _build_language_schema({"type": "string"})]}
        if model is ScaleSpec:
            options = part["properties"]["options"]["additionalProperties"]
            return {"anyOf": [{"type": "object", "additionalProperties": options}, part]}
        return {"anyOf": [{"type": "integer"}, part]} if issubclass(model, ShortSpec) else part


def _assemble(
    file: type[SpecModel], item_types: Mapping[str, type[SpecModel]], title: str
) -> JsonSchema:
    """Assemble the schema of a file and of all its parts, with titles and descriptions."""
    _, raw = models_json_schema(
        [(model, "validation") for model in (file, *item_types.values())],
        schema_generator=_ShortFormGenerator,
    )
    tidied = _tidy({**raw["$defs"].pop(file.__name__), "$defs": raw["$defs"]})
    parts: JsonSchema = tidied.pop("$defs")
    for _, model in iterate_models(file, item_types):
        _describe(tidied if model is file else parts[model.__name__], model)
    kinds = {model.__name__: kind for kind, model in item_types.items()}
    for name, part in parts.items():
        part["title"] = kinds.get(name) or _split_class_name(name.removesuffix("Spec"))
    return {
        "$schema": SCHEMA_DRAFT,
        **tidied,
        "title": title,
        "$defs": {**parts, "Text": dict(_TEXT)},
    }


def _refine_parts(parts: JsonSchema) -> None:
    """Say of the parts of an instrument what their models can't say."""
    parts["StatementSpec"] = {"anyOf": [{"$ref": "#/$defs/Text"}, parts["StatementSpec"]]}
    nets = {"type": "array", "items": {"type": ["string", "integer"]}}
    for part in parts.values():
        if "nets" in part.get("properties", ()):
            part["properties"]["nets"]["additionalProperties"] = nets  # codes of either kind
    for part in (
        parts[model.__name__] for model in ITEM_TYPES.values()
    ):  # a section's defaults may provide the options
        part["required"] = [name for name in part["required"] if name != "options"]
        for name in part["properties"].keys() & {
            "probe",
            "instruction",
        }:  # ~ means: not those of the section
            key = part["properties"][name]
            key["anyOf"] = [{"$ref": key.pop("$ref")}, {"type": "null"}]
    for name in ("complete_from", "partial_from"):
        part_schema = parts["FieldworkSpec"]["properties"][name]
        for key in part_schema.keys() & {"$ref", "oneOf"}:
            del part_schema[key]
        share = {
            "type": "object",
            "properties": {"answered": ANY_SCALAR},
            "additionalProperties": False,
        }
        part_schema["anyOf"] = [ANY_SCALAR, share]
    outcome = parts[EndItem.__name__]["properties"]["outcome"]
    outcome["anyOf"] = [
        {"enum": list(OUTCOMES)},
        {"type": outcome.pop("type")},
    ]  # or an outcome of the study's own
    for model in ITEM_TYPES.values():
        by = parts[model.__name__].get("properties", {}).get("by")
        if by is not None and model is not DrawItem:
            by["enum"] = ["interviewer"]
    parts["Include"] = _tidy(_INCLUDE) | {"title": "include"}
    parts["Item"] = _build_item_schema(parts)


def _describe(part: JsonSchema, model: type[Any]) -> None:
    """Add the docstrings of a model's fields to its keys."""
    keys = next((p for p in part.get("anyOf", ()) if "properties" in p), part)["properties"]
    for name, docstring in read_field_docstrings(model).items():
        key = keys.get(model.model_fields[name].alias or name)
        if key is not None:
            key["description"] = key["markdownDescription"] = docstring


def _build_item_schema(parts: Mapping[str, JsonSchema]) -> JsonSchema:
    """Build the schema of an entry of `items`.

    The part it must be depends on its `type`, so that an editor can report precise errors.
    """
    descriptions = [parts[model.__name__].get("description", "") for model in ITEM_TYPES.values()]
    described = dict.fromkeys(("enumDescriptions", "markdownEnumDescriptions"), descriptions)
    kind = {"description": "What kind of item it is.", "enum": list(ITEM_TYPES), **described}
    branches: list[JsonSchema] = []
    for name, model in ITEM_TYPES.items():
        is_this = {"type": "object", "properties": {"type": {"const": name}}, "required": ["type"]}
        branches.append({"if": is_this, "then": {"$ref": f"#/$defs/{model.__name__}"}})
    snippets = [
        {"label": name, "description": text, "body": _build_snippet(name, model)}
        for (name, model), text in zip(ITEM_TYPES.items(), descriptions, strict=True)
    ]
    # An editor accepts an entry that is still empty for an `if` that requires no object, and rejects it for one that
    # does. So an empty entry is an item and not an include, has no type yet, and can become one of any type.
    branches.append({"if": {"type": "object"}, "then": {}, "else": {"defaultSnippets": snippets}})
    return {
        "title": "item",
        "type": "object",
        "if": {"not": {"type": "object", "required": ["include"]}},
        "then": {"properties": {"type": kind}, "required": ["id", "type"], "allOf": branches},
        "else": {"$ref": "#/$defs/Include"},
    }


def _build_snippet(kind: str, model: type[Any]) -> dict[str, Any]:
    """Build an editor's first lines of an item of this type: the keys that are required."""
    fields = [
        (name, field) for name, field in model.model_fields.items() if name not in ("id", "type")
    ]
    keys = [field.alias or name for name, field in fields if field.is_required()]
    return {"id": "$1", "type": kind, **{key: f"${at}" for at, key in enumerate(keys, 2)}}


def _split_class_name(name: str) -> str:
    """Split a class name: `DeclineOverride` becomes `decline override`."""
    return "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()


def _tidy(schema: JsonSchema) -> JsonSchema:
    """Remove what means nothing to a designer: generated titles, null, defaults that are null."""
    if "discriminator" in schema:  # the union of all items
        return {"$ref": "#/$defs/Item"}
    tidied: JsonSchema = {}
    for key, part in schema.items():
        if key in _KEYWORDS_OF_NAMES:
            tidied[key] = {name: _tidy(inner) for name, inner in part.items()}
        elif key in _KEYWORDS_OF_LISTS:
            tidied[key] = [_tidy(inner) for inner in part if inner != {"type": "null"}]
        elif key in ("items", "additionalProperties") and isinstance(part, dict):
            tidied[key] = _tidy(part)
        elif key == "description":
            tidied[key] = tidied["markdownDescription"] = " ".join(part.split())
        elif key != "title" and not (key == "default" and part is None):
            tidied[key] = part
    return _replace_texts(_unwrap_single_choice(tidied))


def _unwrap_single_choice(schema: JsonSchema) -> JsonSchema:
    """Replace a choice with a single alternative by that alternative."""
    for key in _KEYWORDS_OF_LISTS:
        if len(choice := schema.get(key, ())) == 1:
            other_keywords = {k: v for k, v in schema.items() if k != key}
            return {**choice[0], **other_keywords}
    return schema


def _replace_texts(schema: JsonSchema) -> JsonSchema:
    """Refer to texts by name, and distinguish languages from other keys."""
    choice = schema.get("anyOf", ())
    if list(choice) == [ANY_SCALAR, _build_language_schema(ANY_SCALAR)]:
        return {"$ref": "#/$defs/Text", **{k: v for k, v in schema.items() if k != "anyOf"}}
    if choice:
        by_language = _build_language_schema({"type": "string"})
        schema["anyOf"] = [_TEXT["anyOf"][1] if inner == by_language else inner for inner in choice]
    return schema


def _build_language_schema(text: JsonSchema) -> JsonSchema:
    return {"type": "object", "additionalProperties": text}


def iterate_models(
    file: type[SpecModel] = Document, item_types: Mapping[str, type[SpecModel]] = ITEM_TYPES
) -> Iterator[tuple[str, type[Any]]]:
    """Yield every part of a file, by the type or key it is found under, and its model; the file itself comes first."""
    yield "the file", file
    yield from item_types.items()
    waiting: list[type[Any]] = [file, *item_types.values()]
    seen = set(waiting)
    while waiting:
        model = waiting.pop(0)
        for name, field in model.model_fields.items():
            for inner in list_inner_models(field):
                if inner not in seen:
                    seen.add(inner)
                    waiting.append(inner)
                    yield (field.alias or name), inner


def list_inner_models(field: FieldInfo) -> list[type[Any]]:
    """List the models that a field contains, in the order in which they are written."""
    annotations = (
        field.annotation,
        *(getattr(part, "json_schema_input_type", None) for part in field.metadata),
    )
    return list(
        dict.fromkeys(model for each in annotations for model in _iterate_annotated_models(each))
    )


def _iterate_annotated_models(annotation: Any) -> Iterator[type[Any]]:
    if isinstance(annotation, type) and issubclass(annotation, SpecModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _iterate_annotated_models(inner)


def read_field_docstrings(model: type[Any]) -> dict[str, str]:
    """Return the docstring of each field of a model on one line, from the nearest class that has one."""
    docstrings: dict[str, str] = {}
    for cls in reversed(model.__mro__):
        if cls.__module__.startswith("survey_cli."):
            docstrings |= _read_own_docstrings(cls)
    return {name: text for name, text in docstrings.items() if name in model.model_fields}


@cache
def _read_own_docstrings(cls: type[Any]) -> dict[str, str]:
    """Return the docstrings of the class itself; empty if its source is not available."""
    try:
        (tree,) = ast.parse(dedent(inspect.getsource(cls))).body
    except (OSError, TypeError, SyntaxError, ValueError):
        return {}
    assert isinstance(tree, ast.ClassDef)
    docstrings = {}
    for field, below in zip(tree.body, tree.body[1:], strict=False):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(
                value=ast.Constant(value=str(text))
            ):
                docstrings[name] = " ".join(text.split())
    return docstrings
