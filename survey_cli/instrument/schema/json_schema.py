"""What may an editor know of the language? The JSON Schema of an instrument or a module, from the models and their
docstrings. It never reads a file, and says less than `checks` does: shape only, no names, no conditions.
"""

from collections.abc import Mapping
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from survey_cli.instrument.schema.document import Document
from survey_cli.instrument.schema.items import ITEM_TYPES
from survey_cli.instrument.schema.items.unasked_items import End
from survey_cli.instrument.schema.model_docs import documented, models
from survey_cli.instrument.schema.options import Part
from survey_cli.instrument.source.modules import PARTS
from survey_cli.outcomes import OUTCOMES

Schema = dict[str, Any]

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_NAMES: Final = ("properties", "patternProperties", "$defs")
"""Keywords below which the keys are names of the language and not of JSON Schema."""
_LISTS: Final = ("anyOf", "oneOf", "allOf")
_SCALAR: Final = {"type": ["string", "number", "boolean"]}
_LANGUAGE: Final = "^[A-Za-z]{2,3}([-_][A-Za-z]{2,4})?$"
_TEXT: Final[Schema] = {
    "anyOf": [
        _SCALAR,
        {"type": "object", "patternProperties": {_LANGUAGE: _SCALAR}, "additionalProperties": False},
    ],
}
_INCLUDE: Final[Schema] = {
    "title": "include",
    "description": "The items of a module stand here; its scales and computes join those of the instrument.",
    "type": "object",
    "properties": {
        "include": {"type": "string", "description": "The module's path, from the folder of this file."},
        "prefix": {
            "type": "string",
            "description": "Put before every name of the module, so that it can be included twice.",
        },
    },
    "required": ["include"],
    "additionalProperties": False,
}


def instrument_schema() -> Schema:
    """The schema of an instrument's file."""
    written: tuple[type[Part], ...] = (Document, *ITEM_TYPES.values())
    _, raw = models_json_schema([(model, "validation") for model in written])
    parts = raw["$defs"]
    return _whole({**parts.pop(Document.__name__), "$defs": parts})


def module_schema() -> Schema:
    """The schema of a module's file: `scales`, `compute` and `items`, none of them required."""
    whole = instrument_schema()
    own = {name: whole["properties"][name] for name in PARTS}
    what = "Part of an instrument, put in its place by `include`: scales, computes and items."
    return {
        **whole,
        "title": "survey module",
        "description": what,
        "markdownDescription": what,
        "properties": own,
        "required": [],
    }


def _whole(raw: Schema) -> Schema:
    tidied = _tidy(raw)
    parts: Schema = tidied.pop("$defs")
    for _, model in models():
        _describe(tidied if model is Document else parts[model.__name__], model)
    kinds = {model.__name__: kind for kind, model in ITEM_TYPES.items()}
    for name, part in parts.items():
        part["title"] = kinds.get(name) or _spaced(name.removesuffix("Written"))
    parts["Text"] = dict(_TEXT)
    parts["StatementWritten"] = {"anyOf": [{"$ref": "#/$defs/Text"}, parts["StatementWritten"]]}
    nets = {"type": "array", "items": {"type": ["string", "integer"]}}
    for part in parts.values():
        if "nets" in part.get("properties", ()):
            part["properties"]["nets"]["additionalProperties"] = nets  # codes, whichever kind they are
    for name in ("complete_from", "partial_from"):
        said = parts["FieldworkWritten"]["properties"][name]
        for key in said.keys() & {"$ref", "oneOf"}:
            del said[key]
        said["anyOf"] = [
            _SCALAR,
            {"type": "object", "properties": {"answered": _SCALAR}, "additionalProperties": False},
        ]
    outcome = parts[End.__name__]["properties"]["outcome"]
    outcome["anyOf"] = [{"enum": list(OUTCOMES)}, {"type": outcome.pop("type")}]  # or one of the study's own
    parts["Include"] = _tidy(_INCLUDE) | {"title": "include"}
    parts["Item"] = _item(parts)
    return {"$schema": DRAFT, **tidied, "title": "survey instrument", "$defs": parts}


def _describe(part: Schema, model: type[Any]) -> None:
    """Put the docstrings under a model's fields beside its keys."""
    keys = next((p for p in part.get("anyOf", ()) if "properties" in p), part)["properties"]
    for name, says in documented(model).items():
        key = keys.get(model.model_fields[name].alias or name)
        if key is not None:
            key["description"] = key["markdownDescription"] = says


def _item(parts: Mapping[str, Schema]) -> Schema:
    """Which part an entry of `items` must be follows from its `type`: so an editor can say what is wrong with it."""
    said = [parts[model.__name__].get("description", "") for model in ITEM_TYPES.values()]
    kind = {
        "description": "What kind of item it is.",
        "enum": list(ITEM_TYPES),
        "enumDescriptions": said,
        "markdownEnumDescriptions": said,
    }
    branches = [
        {
            "if": {"type": "object", "properties": {"type": {"const": name}}, "required": ["type"]},
            "then": {"$ref": f"#/$defs/{model.__name__}"},
        }
        for name, model in ITEM_TYPES.items()
    ]
    begun = [
        {"label": name, "description": text, "body": _start_item(name, model)}
        for (name, model), text in zip(ITEM_TYPES.items(), said, strict=True)
    ]
    # To an editor an entry that is still empty passes an `if` that asks for no object, and fails one that does: so it
    # is an item and not an include, it is of no type yet, and it can be begun as one of any type.
    branches.append({"if": {"type": "object"}, "then": {}, "else": {"defaultSnippets": begun}})
    return {
        "title": "item",
        "type": "object",
        "if": {"not": {"type": "object", "required": ["include"]}},
        "then": {"properties": {"type": kind}, "required": ["id", "type"], "allOf": branches},
        "else": {"$ref": "#/$defs/Include"},
    }


def _start_item(kind: str, model: type[Any]) -> dict[str, Any]:
    """An item of this type as an editor writes its first lines: the keys that it must have."""
    keys = [
        field.alias or name
        for name, field in model.model_fields.items()
        if field.is_required() and name not in ("id", "type")
    ]
    return {"id": "$1", "type": kind, **{key: f"${at}" for at, key in enumerate(keys, 2)}}


def _spaced(name: str) -> str:
    """`DeclineHere` as `decline here`."""
    return "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()


def _tidy(schema: Schema) -> Schema:
    """The same without what means nothing to a designer: generated titles, null, defaults that are null."""
    if "discriminator" in schema:  # the union of all items
        return {"$ref": "#/$defs/Item"}
    tidied: Schema = {}
    for key, part in schema.items():
        if key in _NAMES:
            tidied[key] = {name: _tidy(inner) for name, inner in part.items()}
        elif key in _LISTS:
            tidied[key] = [_tidy(inner) for inner in part if inner != {"type": "null"}]
        elif key in ("items", "additionalProperties") and isinstance(part, dict):
            tidied[key] = _tidy(part)
        elif key == "description":
            tidied[key] = tidied["markdownDescription"] = " ".join(part.split())
        elif key != "title" and not (key == "default" and part is None):
            tidied[key] = part
    return _special(_single(tidied))


def _single(schema: Schema) -> Schema:
    """A choice of one is that one."""
    for key in _LISTS:
        if len(choice := schema.get(key, ())) == 1:
            rest = {k: v for k, v in schema.items() if k != key}
            return {**choice[0], **rest}
    return schema


def _special(schema: Schema) -> Schema:
    """Texts by name, and languages told from other keys."""
    choice = schema.get("anyOf", ())
    if list(choice) == [_SCALAR, _by_language(_SCALAR)]:
        return {"$ref": "#/$defs/Text", **{k: v for k, v in schema.items() if k != "anyOf"}}
    if choice:
        schema["anyOf"] = [
            {"type": "object", "patternProperties": {_LANGUAGE: _SCALAR}, "additionalProperties": False}
            if inner == _by_language({"type": "string"})
            else inner
            for inner in choice
        ]
    return schema


def _by_language(text: Schema) -> Schema:
    return {"type": "object", "additionalProperties": text}
