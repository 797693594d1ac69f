"""What may an editor know of the language? The JSON Schema of an instrument or a module, from the models and their
docstrings. It never reads a file, and says less than `checks` does: shape only, no names, no conditions.
"""

import inspect
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from survey_cli.instrument.document import Document
from survey_cli.instrument.forms import REQUIRED, Around, ByType, Part, Reads
from survey_cli.instrument.modules import PARTS
from survey_cli.instrument.parts import documented, models
from survey_cli.instrument.shape import ITEM_TYPES

Schema = dict[str, Any]

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
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
    return _whole()


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


def _whole() -> Schema:
    whole: Schema = {}
    parts: Schema = {}
    kinds = {model.__name__: kind for kind, model in ITEM_TYPES.items()}
    for _, model in models():
        if model is Document:
            whole = _long_form(model)
        else:
            title = kinds.get(model.__name__) or _spaced(model.__name__.removesuffix("Written"))
            parts[model.__name__] = _part(model) | {"title": title}
    parts["Text"] = dict(_TEXT)
    nets = {"type": "array", "items": {"type": ["string", "integer"]}}
    for part in parts.values():
        if "nets" in part.get("properties", ()):
            part["properties"]["nets"]["additionalProperties"] = nets  # codes, whichever kind they are
    for name in ("complete_from", "partial_from"):
        parts["FieldworkWritten"]["properties"][name]["anyOf"] = [
            _SCALAR,
            {"type": "object", "properties": {"answered": _SCALAR}, "additionalProperties": False},
        ]
    parts["Include"] = _INCLUDE | {"markdownDescription": _INCLUDE["description"]}
    parts["Item"] = _item(parts)
    return {"$schema": DRAFT, **whole, "title": "survey instrument", "$defs": parts}


def _part(model: type[Part]) -> Schema:
    """A part, as a mapping or in the shorter way it may be written."""
    long_form = _long_form(model)
    return long_form if model.shorter is None else {"anyOf": [_of(model.shorter), long_form]}


def _long_form(model: type[Part]) -> Schema:
    """The mapping with all its keys, the docstring under each field beside its key."""
    says = documented(model)
    keys: Schema = {}
    for name, field in model.model_fields.items():
        key = keys[field.alias or name] = _of(field.annotation, field.metadata)
        if field.default is not REQUIRED and field.default is not None:
            key["default"] = field.default
        if name in says:
            key["description"] = key["markdownDescription"] = says[name]
    doc = " ".join((inspect.getdoc(model) or "").split())
    return {
        "description": doc,
        "markdownDescription": doc,
        "type": "object",
        "properties": keys,
        "required": [f.alias or name for name, f in model.model_fields.items() if f.is_required()],
        "additionalProperties": False,
    }


def _of(annotation: Any, metadata: tuple[Any, ...] = ()) -> Schema:
    """What an annotation lets a designer write."""
    match metadata:
        case (Reads(schema=schema), *_):
            return dict(schema)
        case (Around(more=more), *_):
            return _any([_of(annotation), _of(more)])
        case (ByType(), *_):
            return {"$ref": "#/$defs/Item"}
        case _:
            pass
    origin, arguments = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, str):  # the one reference ahead: items hold items
        return {"type": "array", "items": {"$ref": "#/$defs/Item"}}
    if origin is Annotated:
        return _of(arguments[0], arguments[1:])
    if origin is Literal:
        return {"type": "string"} | ({"enum": list(arguments)} if arguments[1:] else {"const": arguments[0]})
    if origin is list:
        return {"type": "array", "items": _of(arguments[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": _of(arguments[1])}
    if origin in (Union, UnionType):
        return _any([_of(a) for a in arguments if a is not NoneType])
    if annotation is str:
        return {"type": "string"}
    return {"$ref": f"#/$defs/{annotation.__name__}"}


def _any(choice: list[Schema]) -> Schema:
    """A choice of one is that one."""
    return choice[0] if len(choice) == 1 else {"anyOf": choice}


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
            "if": {"properties": {"type": {"const": name}}, "required": ["type"]},
            "then": {"$ref": f"#/$defs/{model.__name__}"},
        }
        for name, model in ITEM_TYPES.items()
    ]
    return {
        "title": "item",
        "type": "object",
        "if": {"required": ["include"]},
        "then": {"$ref": "#/$defs/Include"},
        "else": {"properties": {"type": kind}, "required": ["id", "type"], "allOf": branches},
    }


def _spaced(name: str) -> str:
    """`DeclineHere` as `decline here`."""
    return "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()
