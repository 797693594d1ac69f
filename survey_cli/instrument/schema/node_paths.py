"""Paths to the nodes of a file, and the models along them."""

from collections.abc import Iterable
from typing import Any, Final, TypeAlias, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from survey_cli.instrument.schema.document import Document
from survey_cli.instrument.schema.items import groups
from survey_cli.instrument.source.nodes import YamlList, YamlMapping, YamlNode, YamlScalar
from survey_cli.problems import Position

Step: TypeAlias = tuple[YamlNode, int | str]
"""A mapping or list, and the key or index of an entry. A required key may be missing there."""
NodePath: TypeAlias = list[Step]
"""The steps from the root to a node."""

_SECTIONS_OF_NAMES: Final = frozenset(
    (
        "sample",
        "scales",
        "declines",
        "compute",
        "outcomes",
        "variables",
        "weights",
        "filters",
        "banners",
    )
)
"""Sections of the file whose entries have names."""
_NAMELESS_KEYS: Final = frozenset(("items", "title", "instrument", "version", "quotas"))
"""Keys of a questionnaire that don't say which part of it a problem concerns."""
_SECTIONS: Final = (_SECTIONS_OF_NAMES | Document.model_fields.keys()) - _NAMELESS_KEYS


def find_path(tree: YamlNode, loc: tuple[int | str, ...]) -> NodePath:
    """Find the path to what pydantic names in the `loc` of an error.

    It also has the names of union members there, which are not nodes and are skipped.
    """
    path: NodePath = []
    node: YamlNode = tree
    for index, step in enumerate(loc, 1):
        is_last = index == len(loc)
        if isinstance(node, YamlList) and isinstance(step, int) and step < len(node):
            path.append((node, step))
            node = node[step]
        elif isinstance(node, YamlMapping) and str(step) in node:
            path.append((node, str(step)))
            node = node[str(step)]
        elif isinstance(node, YamlMapping) and is_last and not str(step).startswith("["):
            # a required key that is missing; `[key]` is pydantic's name for a key itself
            path.append((node, str(step)))
    return path


def find_end(tree: YamlMapping, path: NodePath) -> tuple[YamlNode | None, Position]:
    """Find the node at the end of a path, and its position.

    If a key is missing there, the position is that of the mapping that needs it.
    """
    if not path:
        return tree, tree.where

    node, step = path[-1]
    if isinstance(node, YamlList) and isinstance(step, int):
        return node[step], node[step].where
    if isinstance(node, YamlMapping) and isinstance(step, str) and step in node:
        return node[step], node[step].where
    return None, node.where


def find_path_owner(path: Iterable[Step]) -> str:
    """Return the innermost id on the path, the name of an entry, or the section of the file."""
    owner = ""
    for depth, (node, step) in enumerate(path):
        if isinstance(node, YamlMapping) and isinstance(node.get("id"), YamlScalar):
            owner = str(node["id"])
        elif depth == 0 and isinstance(step, str) and step in _SECTIONS:
            owner = step
        elif depth == 1 and isinstance(node, YamlMapping) and owner in _SECTIONS_OF_NAMES:
            owner = str(step)
    return owner


def find_model(path: NodePath, root: type[BaseModel]) -> type[BaseModel] | None:
    """Find the model of the part that the last step of a path is in."""
    model: type[BaseModel] | None = root
    for node, step in path[:-1]:
        if isinstance(node, YamlList) and isinstance(step, int):
            model = groups.find_item_model(node[step]) or model
        elif isinstance(node, YamlMapping) and model is not None and isinstance(step, str):
            # a step without a field is a code or a name, whose model is that of the key above it
            field = _find_field(model, step)
            if field is not None:
                model = _find_annotated_model(field.annotation)
    return model


def _find_field(model: type[BaseModel], key: str) -> FieldInfo | None:
    for name, field in model.model_fields.items():
        if key in (name, field.alias):
            return field
    return None


def _find_annotated_model(annotation: Any) -> type[BaseModel] | None:
    """Find the model in an annotation, inside lists, mappings and Annotated."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if annotation == groups.AnyItem:
        # its model depends on the type that is written
        return None

    for part in get_args(annotation):
        model = _find_annotated_model(part)
        if model is not None:
            return model
    return None


def list_keys(model: type[BaseModel]) -> list[str]:
    """List the keys of a part as they are written."""
    return [field.alias or name for name, field in model.model_fields.items()]


def list_known_keys(path: NodePath, root: type[BaseModel]) -> list[str]:
    """List the keys that are known where a path ends."""
    model = find_model(path, root)
    return list_keys(model) if model is not None else []
