"""Validation of a file's nodes against the models: every error becomes a problem with a position.

What can't be used is removed from a copy of the nodes, and the rest is validated again. One mistake
therefore hides no other.
"""

from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias, TypeVar, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from survey_cli.instrument.schema import key_names
from survey_cli.instrument.schema.node_paths import (
    NodePath,
    Step,
    find_model,
    find_path,
    list_known_keys,
)
from survey_cli.instrument.schema.pydantic_errors import build_problem
from survey_cli.instrument.source.nodes import (
    YamlList,
    YamlMapping,
    YamlNode,
    YamlScalar,
    locate_key,
    map_scalars,
)
from survey_cli.problems import Problem, ProblemList

_MAX_ROUNDS: Final = 40
"""How often nodes are removed and the rest is validated. Every round removes an invalid node."""

Root = TypeVar("Root", bound=BaseModel)

_Slot: TypeAlias = tuple[int, int | str]
"""The identity of a mapping or list, and a key or index of it."""


def validate_file(
    tree: YamlMapping, root: type[Root]
) -> tuple[Root | None, list[Problem], frozenset[str]]:
    """Validate the nodes of a file against the model of the whole file.

    Returns the document without what could not be used, the problems, and the ids of items that
    were removed.
    """
    try:
        return root.model_validate(tree), [], frozenset()
    except ValidationError:
        problems = ProblemList()
        copied_tree = cast(YamlMapping, map_scalars(tree, lambda scalar: scalar))
        document, lost = _recover(copied_tree, problems, root)
        return document, problems.list_all(), lost


def _recover(
    tree: YamlMapping, problems: ProblemList, root: type[Root]
) -> tuple[Root | None, frozenset[str]]:
    """Recover a document from nodes with errors.

    The nodes are changed: mistyped keys are corrected, and what is invalid is removed. Returns the
    document and the names of what was removed.
    """
    lost: set[str] = set()
    removed_slots: set[_Slot] = set()
    required_keys = [key for key, field in root.model_fields.items() if field.is_required()]
    for _ in range(_MAX_ROUNDS):
        _fill_required_keys(tree, lost.intersection(required_keys))
        try:
            return root.model_validate(tree), frozenset(lost)
        except ValidationError as invalid:
            errors = invalid.errors(include_url=False, include_input=False)

        # other errors may follow from a mistyped key, and are gone when it is corrected
        mistyped = [error for error in errors if error["type"] == "extra_forbidden"]
        cuts: list[Step] = []
        for error in mistyped or errors:
            path = find_path(tree, error["loc"])
            is_corrected = False
            if not _was_removed(error, path, removed_slots):
                kind = error.get("ctx", {}).get("rule", error["type"])
                if problems.admit(kind):
                    problems.add(kind, build_problem(tree, path, error, root))
                    is_corrected = bool(mistyped) and _correct_key(tree, path, root)
            if not is_corrected:
                cuts += _select_cut(path, error)

        has_removed = _remove_nodes(cuts, lost)
        removed_slots.update((id(node), step) for node, step in cuts)
        missing_keys = []
        if not mistyped:
            missing_keys = [key for key in required_keys if key not in tree]
        lost.update(missing_keys)
        if not (has_removed or mistyped or missing_keys):
            break
    return None, frozenset(lost)


def _was_removed(error: ErrorDetails, path: NodePath, removed_slots: set[_Slot]) -> bool:
    """Return whether a key is missing because its invalid value, already reported, was removed."""
    if error["type"] != "missing" or not path:
        return False
    node, step = path[-1]
    return (id(node), step) in removed_slots


def _fill_required_keys(tree: YamlMapping, lost: Iterable[str]) -> None:
    """Fill in required keys whose absence has been reported."""
    for key in lost:
        if key not in tree:
            is_list = key in ("items", "scenarios")
            value = YamlList(tree.where) if is_list else YamlScalar(key, tree.where)
            tree[YamlScalar(key, tree.where)] = value


def _correct_key(tree: YamlMapping, path: NodePath, root: type[BaseModel]) -> bool:
    """Correct a mistyped key if that is possible, and return whether it was.

    The rest of its part is then validated.
    """
    node, key = path[-1] if path else (tree, "")
    if not isinstance(node, YamlMapping) or not isinstance(key, str) or key not in node:
        return False

    near = key_names.find_nearest_key(key, list_known_keys(path, root))
    if near is None or near in node or not key_names.is_similar(key, near):
        return False
    # a key of another item type is probably meant, and the type is wrong
    if key_names.list_types_with_key(key, find_model(path, root)):
        return False
    node[YamlScalar(near, locate_key(node, key))] = node.pop(key)
    return True


def _select_cut(path: NodePath, error: ErrorDetails) -> list[Step]:
    """Select what is to be removed so that the rest can be validated; nothing if the path is empty.

    This is the unknown key, otherwise the innermost item, otherwise the innermost entry of a
    mapping.
    """
    if error["type"] == "extra_forbidden" or not path:
        return path[-1:]

    # an item is removed as a whole, since half an item causes more problems
    is_inside_item = len(path) >= 3 and any(isinstance(node, YamlList) for node, _ in path)
    for node, step in reversed(path):
        if isinstance(node, YamlList):
            return [(node, step)]
        if isinstance(node, YamlMapping) and step in node and not is_inside_item:
            return [(node, step)]
    return path[:1]


def _remove_nodes(cuts: list[Step], lost: set[str]) -> bool:
    """Remove nodes, and add the names in them to `lost`. Returns whether any was removed."""
    removed: set[_Slot] = set()
    # entries of a list from its end, so that the indexes before them stay valid
    for node, step in sorted(cuts, key=_rank_index, reverse=True):
        is_there = isinstance(node, YamlList) or (isinstance(node, YamlMapping) and step in node)
        slot = (id(node), step)
        if not is_there or slot in removed:
            continue

        removed.add(slot)
        if isinstance(node, YamlList) and isinstance(step, int):
            lost.update(_iterate_ids(node.pop(step)))
        elif isinstance(node, YamlMapping) and isinstance(step, str):
            value = node.pop(step)
            lost.update(_iterate_ids(value))
            lost.add(step)
            if isinstance(value, YamlMapping):
                lost.update(map(str, value))
    return bool(removed)


def _rank_index(cut: Step) -> int:
    _, step = cut
    return step if isinstance(step, int) else -1


def _iterate_ids(node: YamlNode) -> Iterator[str]:
    """Yield every id below a node."""
    if isinstance(node, YamlMapping):
        if isinstance(node.get("id"), YamlScalar):
            yield str(node["id"])
        if isinstance(node.get("statements"), YamlMapping):
            yield from map(str, node["statements"])
        for value in node.values():
            yield from _iterate_ids(value)
    elif isinstance(node, YamlList):
        for value in node:
            yield from _iterate_ids(value)
