"""The models of an instrument file and the docstrings of their fields.

Docstrings are read from the source when they are requested, so that an instrument loads fast.
"""

import ast
import inspect
from collections.abc import Iterator
from functools import cache
from textwrap import dedent
from typing import Any, get_args

from pydantic.fields import FieldInfo

from survey_cli.instrument.schema.document import Document
from survey_cli.instrument.schema.items.groups import ITEM_TYPES
from survey_cli.instrument.schema.options import SpecModel


def iterate_models() -> Iterator[tuple[str, type[Any]]]:
    """Yield every part of a file, by the type or key it is found under, and its model; the file itself comes first."""
    yield "the file", Document
    yield from ITEM_TYPES.items()
    waiting: list[type[Any]] = [Document, *ITEM_TYPES.values()]
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
    annotations = (field.annotation, *(getattr(part, "json_schema_input_type", None) for part in field.metadata))
    return list(dict.fromkeys(model for each in annotations for model in _iterate_annotated_models(each)))


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
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                docstrings[name] = " ".join(text.split())
    return docstrings
