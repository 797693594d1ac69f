"""Validation of a file's nodes against the schema: every pydantic error becomes a problem with a position.

Whatever cannot be used is removed from a copy of the nodes, and the rest is validated again, so that one mistake
hides no other.
"""

from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from types import MappingProxyType
from typing import Any, Final, TypeAlias, TypeVar, cast, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from survey_cli.instrument.schema.document import Document
from survey_cli.instrument.schema.items import coded, groups, question
from survey_cli.instrument.source.foreign_words import list_synonyms
from survey_cli.instrument.source.nodes import (
    YamlList,
    YamlMapping,
    YamlNode,
    YamlScalar,
    locate_key,
    map_scalars,
)
from survey_cli.instrument.source.scalars import YAML_NULLS, describe_node
from survey_cli.problems import Position, Problem, ProblemList, find_nearest, suggest_nearest
from survey_cli.wording import join_words

_NO_DEFAULTS: Final[Mapping[str, YamlNode]] = MappingProxyType({})
_OTHER_LISTS: Final = frozenset(("scale", "from", "answer", "list"))
"""Keys that say in another way what can be answered."""


def inherit_defaults(
    group: YamlMapping, inherited: Mapping[str, YamlNode] = _NO_DEFAULTS
) -> YamlMapping:
    """Return a file or section whose items have the defaults around them."""
    own, items = group.get("defaults"), group.get("items")
    if isinstance(own, YamlMapping):
        inherited = {
            **inherited,
            **{key: own[key] for key in groups.DefaultsSpec.model_fields.keys() & own.keys()},
        }
    if not isinstance(items, YamlList):
        return group
    new_items = [
        _inherit(item, inherited) if isinstance(item, YamlMapping) else item for item in items
    ]
    return YamlMapping(group.where, {**group, "items": YamlList(items.where, new_items)})


def _inherit(item: YamlMapping, inherited: Mapping[str, YamlNode]) -> YamlMapping:
    if "items" in item:
        return inherit_defaults(item, inherited)
    model = _find_item_model(item)
    if (
        not inherited
        or model is None
        or not (issubclass(model, question.QuestionItem) and model.expects_answer)
    ):
        return item
    new_keys = {}
    for key, value in inherited.items():
        written = item.get(key)
        takes_options = (
            issubclass(model, coded.CodedItem | groups.BatteryItem)
            and "options" in model.model_fields
        )
        if written is None and (
            key != "options" or (takes_options and _OTHER_LISTS.isdisjoint(item))
        ):
            new_keys[key] = value
        elif isinstance(written, YamlScalar) and written.plain and written in ("", *YAML_NULLS):
            item = YamlMapping(
                item.where, {name: node for name, node in item.items() if name != key}
            )
    return YamlMapping(item.where, {**item, **new_keys}) if new_keys else item


_MAX_ROUNDS: Final = 40
"""How often nodes are removed and the rest is validated; every round removes at least one invalid node."""

Root = TypeVar("Root", bound=BaseModel)

NodePath: TypeAlias = list[tuple[YamlNode, Any]]
"""The path from the root: each node and the key or index that leads on."""


def validate_file(
    tree: YamlMapping, root: type[Root]
) -> tuple[Root | None, list[Problem], frozenset[str]]:
    """Validate the nodes of a file against the model of the whole file.

    Returns the document without what could not be used, the problems, and the ids of items that were removed.
    """
    try:
        return root.model_validate(tree), [], frozenset()
    except ValidationError:
        problems = ProblemList()
        document, lost = _recover(
            cast(YamlMapping, map_scalars(tree, lambda scalar: scalar)), problems, root
        )
        return document, problems.list_all(), lost


def _recover(
    tree: YamlMapping, problems: ProblemList, root: type[Root]
) -> tuple[Root | None, frozenset[str]]:
    """Recover a document from nodes with errors, which are changed: correct mistyped keys, remove what is invalid.

    Returns the document and the names of what was removed.
    """
    lost: set[str] = set()
    removed_slots: set[tuple[int, Any]] = set()  # a key that was removed is not reported as missing
    required_keys = [key for key, field in root.model_fields.items() if field.is_required()]
    for _ in range(_MAX_ROUNDS):
        _fill_required_keys(tree, lost.intersection(required_keys))
        try:
            return root.model_validate(tree), frozenset(lost)
        except ValidationError as invalid:
            errors = invalid.errors(include_url=False, include_input=False)
        mistyped = [error for error in errors if error["type"] == "extra_forbidden"]
        cuts: list[tuple[YamlNode, Any]] = []
        for error in mistyped or errors:  # consequences of a mistyped key are not reported
            path = _find_path(tree, error["loc"])
            if not (
                error["type"] == "missing"
                and path
                and (id(path[-1][0]), path[-1][1]) in removed_slots
            ):
                kind = error.get("ctx", {}).get("rule", error["type"])
                if not problems.admit(kind):
                    cuts.append(_select_cut(path, error))
                    continue
                problems.add(kind, _build_problem(tree, path, error, root))
            if not (error["type"] == "extra_forbidden" and _correct_key(tree, path, root)):
                cuts.append(_select_cut(path, error))
        has_removed = _remove_nodes(cuts, lost)
        removed_slots.update((id(node), step) for node, step in cuts)
        missing_keys = [key for key in required_keys if key not in tree and not mistyped]
        lost.update(missing_keys)
        if not (has_removed or mistyped or missing_keys):
            break
    return None, frozenset(lost)


def _fill_required_keys(tree: YamlMapping, lost: Iterable[str]) -> None:
    """Fill in required keys whose absence has been reported."""
    where = tree.where
    for key in lost:
        if key not in tree:
            is_list = key in ("items", "scenarios")
            tree[YamlScalar(key, where)] = YamlList(where) if is_list else YamlScalar(key, where)


def _correct_key(tree: YamlMapping, path: NodePath, root: type[BaseModel]) -> bool:
    """Correct a mistyped key, if possible, so that the rest of its part is validated; return whether it was."""
    node, key = path[-1] if path else (tree, "")
    if not isinstance(node, YamlMapping) or not isinstance(key, str) or key not in node:
        return False
    near = _find_nearest_key(key, _list_known_keys(path, root))
    if (
        near is None
        or near in node
        or not _is_similar(key, near)
        or _list_types_with_key(key, _find_model(path, root))
    ):
        return False
    node[YamlScalar(near, locate_key(node, key))] = node.pop(key)
    return True


def _find_nearest_key(key: str, known: Sequence[str]) -> str | None:
    """Find the known key nearest to a mistyped or foreign one, also where only the order of letters is wrong."""
    synonym = list_synonyms("keys").get(key.casefold())
    if key.casefold() in known or (synonym is not None and synonym.word in known):
        return key.casefold() if key.casefold() in known else synonym and synonym.word
    return find_nearest(key, known) or next((k for k in known if sorted(k) == sorted(key)), None)


def _is_similar(key: str, near: str) -> bool:
    """Return whether a key can be taken for another: it is similar, or another program's word for it."""
    synonym = list_synonyms("keys").get(key.casefold())
    if synonym is not None and synonym.word == near:
        return not synonym.remedy
    return sorted(key) == sorted(near) or SequenceMatcher(None, key, near).ratio() > _MIN_SIMILARITY


_MIN_SIMILARITY: Final = 0.74
"""The similarity (up to 1) at which a key is taken for another: `titel` and `title` have 0.8."""


def _list_types_with_key(key: str, model: type[BaseModel] | None) -> list[str]:
    """List the item types that have this key, if the part is an item of another type."""
    if model not in groups.ITEM_TYPES.values():
        return []
    return [name for name, other in groups.ITEM_TYPES.items() if key in list_keys(other)]


def list_keys(model: type[BaseModel]) -> list[str]:
    """List the keys of a part as they are written."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _find_path(tree: YamlNode, loc: tuple[int | str, ...]) -> NodePath:
    """Find the path to an error; names of union members, which are not nodes, are skipped."""
    path: NodePath = []
    node: YamlNode = tree
    for index, step in enumerate(loc, 1):
        if isinstance(node, YamlList) and isinstance(step, int) and step < len(node):
            path.append((node, step))
            node = node[step]
        elif isinstance(node, YamlMapping) and str(step) in node:
            path.append((node, str(step)))
            node = node[str(step)]
        elif isinstance(node, YamlMapping) and index == len(loc) and not str(step).startswith("["):
            path.append((node, str(step)))
    return path


def _find_node(tree: YamlMapping, path: NodePath) -> tuple[YamlNode | None, Position]:
    """Find the node at the end of a path, and its position."""
    if not path:
        return tree, tree.where
    node, step = path[-1]
    if isinstance(node, YamlList):
        return node[step], node[step].where
    if isinstance(node, YamlMapping) and step in node:
        value = node[step]
        return value, value.where
    return None, node.where


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


def find_path_owner(path: Iterable[tuple[YamlNode, Any]]) -> str:
    """Return the innermost id on the path, the name of an entry, or the section of the file."""
    who = ""
    for at, (node, step) in enumerate(path):
        if isinstance(node, YamlMapping) and isinstance(node.get("id"), YamlScalar):
            who = str(node["id"])
        elif at == 0 and isinstance(step, str) and step in _SECTIONS:
            who = step
        elif at == 1 and isinstance(node, YamlMapping) and who in _SECTIONS_OF_NAMES:
            who = str(step)
    return who


_SECTIONS: Final = (_SECTIONS_OF_NAMES | Document.model_fields.keys()) - {
    *("items", "title", "instrument", "version", "quotas")
}


def _build_problem(
    tree: YamlMapping, path: NodePath, error: ErrorDetails, root: type[BaseModel]
) -> Problem:
    value, where = _find_node(tree, path)
    node, step = path[-1] if path else (tree, "")
    who, key = find_path_owner(path), _format_key(path, find_path_owner(path))
    length = max(1, len(value)) if isinstance(value, YamlScalar) else 1
    ctx = error.get("ctx", {})
    match error["type"]:
        case "written":
            if error["loc"][-1] == "[key]":
                where, length, key = (
                    locate_key(node, step),
                    len(str(step)),
                    _format_key(path[:-1], who),
                )
            rule, what, remedy = ctx["rule"], ctx["what"], ctx["remedy"]
        case "extra_forbidden":
            return _build_unknown_key_problem(str(step), node, path, who, root)
        case "missing":
            part = "the file" if node is tree else _describe_part(node)
            at, length = node.where, 1
            if (
                isinstance(node, YamlMapping)
                and isinstance(item_id := node.get("id"), YamlScalar)
                and item_id
            ):
                at, length = item_id.where, len(item_id)
            what, remedy = f"{part} needs the key {str(step)!r}", f"add `{step}: …`"
            return Problem("missing-key", at, who, what, remedy, length=length)
        case "union_tag_invalid":
            kind = value.get("type") if isinstance(value, YamlMapping) else None
            name = str(kind)
            at = kind.where if isinstance(kind, YamlScalar) else where
            near = suggest_nearest(
                name, groups.ITEM_TYPES, otherwise=f"the types are {', '.join(groups.ITEM_TYPES)}"
            )
            if (synonym := list_synonyms("types").get(name.casefold())) is not None:
                near = synonym.remedy or f"it is called {synonym.word!r} here"
            elif name.casefold() in groups.ITEM_TYPES:
                near = f"types are written in lowercase: {name.casefold()}"
            owner = str(value["id"]) if isinstance(value, YamlMapping) and "id" in value else who
            return Problem(
                "unknown-type", at, owner, f"there is no item type {name!r}", near, length=len(name)
            )
        case "union_tag_not_found":
            if not isinstance(value, YamlMapping):
                what = (
                    f"expected an item (a mapping with id and type), found {describe_node(value)}"
                )
                return Problem(
                    "wrong-kind", where, who, what, "write - {id: …, type: …}", length=length
                )
            owner = str(value["id"]) if "id" in value else who
            capitalized = next(
                (str(name) for name in value if str(name).casefold() == "type"), None
            )
            if capitalized is not None:
                at_key = [*path, (value, capitalized)]
                return _build_unknown_key_problem(capitalized, value, at_key, owner, root, ["type"])
            what = "the item needs a type"
            return Problem(
                "missing-key",
                where,
                owner,
                what,
                f"add `type:` and one of {', '.join(groups.ITEM_TYPES)}",
            )
        case "literal_error":
            allowed = str(ctx.get("expected", "")).replace("'", "")
            words = [w.strip() for w in allowed.replace(" or ", ", ").split(",")]
            rule, what = "unknown-word", f"{describe_node(value)} is not valid here"
            remedy = suggest_nearest(str(value), words, otherwise=f"write {allowed}")
        case "list_type":
            rule, what = "wrong-kind", f"expected a list, found {describe_node(value)}"
            remedy = _suggest_list(value, str(step))
        case _:
            rule, what = (
                "wrong-kind",
                f"expected a mapping (key: value), found {describe_node(value)}",
            )
            remedy = "write key: value, indented below"
    return Problem(rule, where, who, f"{key}: {what}" if key else what, remedy, length=length)


def _build_unknown_key_problem(
    key: str,
    node: YamlNode,
    path: NodePath,
    who: str,
    root: type[BaseModel],
    known: Sequence[str] | None = None,
) -> Problem:
    known, model = known or _list_known_keys(path, root), _find_model(path, root)
    what, near = f"{key!r} is not a key here", _find_nearest_key(key, known)
    synonym = list_synonyms("keys").get(key.casefold())
    remedy = f"did you mean {near!r}?" if near else f"the keys here are {', '.join(known)}"
    if key != key.casefold() and near == key.casefold():
        remedy = f"keys are written in lowercase: {near}"
    elif synonym is not None and near == synonym.word:
        remedy = synonym.remedy or f"it is called {near!r} here"
    elif (types := _list_types_with_key(key, model)) and not (near and _is_similar(key, near)):
        own_type = next(name for name, item in groups.ITEM_TYPES.items() if item is model)
        what = f"{key!r} is a key of {join_words(types, most=4)}, not of {own_type}"
        remedy = "remove it, or change the type"
    return Problem("unknown-key", locate_key(node, key), who, what, remedy, length=len(key))


def _format_key(path: NodePath, who: str) -> str:
    """Format the key of a value, after the key above it if it is a code or name itself: `options 1`."""
    steps = [step for _, step in path]
    while steps and not isinstance(steps[-1], str):
        steps.pop()
    if not steps or steps[-1] == who:
        return ""
    return (
        f"{steps[-2]} {steps[-1]}"
        if len(steps) > 1 and steps[-2] in _KEYS_WITH_OWN_NAMES
        else str(steps[-1])
    )


_KEYS_WITH_OWN_NAMES: Final = frozenset(
    "options labels statements nets arms hours dayparts delays scripts retention targets faq declines".split()  # noqa: SIM905 – a list of words reads better so
)
"""Keys whose values are mappings with codes or names as keys."""


def _suggest_list(value: YamlNode | None, key: str) -> str:
    if key == "checks" and value is not None:
        return f'write checks: [{{expect: "{value if isinstance(value, YamlScalar) else "…"}", say: "…"}}]'
    if isinstance(value, YamlScalar) and value in ("none", "None", "no", "false"):
        return f"write {key}: [] for none"
    if isinstance(value, YamlScalar) and value.replace("_", "").isalnum():
        return f"write {key}: [{value}]"
    return "begin each entry on its own line with -, or write [a, b]"


def _describe_part(node: YamlNode) -> str:
    if _find_item_model(node) is None:
        return "this"
    kind = str(cast(YamlMapping, node)["type"])
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def _list_known_keys(path: NodePath, root: type[BaseModel]) -> list[str]:
    """List the keys of the part at the end of the path, from the model that applies there."""
    model = _find_model(path, root)
    return list_keys(model) if model is not None else []


def _find_model(path: NodePath, root: type[BaseModel]) -> type[BaseModel] | None:
    """Find the model at the end of the path, by the annotations of the fields."""
    model: type[BaseModel] | None = root
    for node, step in path[:-1]:
        if isinstance(node, YamlMapping) and model is not None and isinstance(step, str):
            field = next((f for n, f in model.model_fields.items() if step in (n, f.alias)), None)
            model = _find_annotated_model(field.annotation) if field is not None else model
        elif isinstance(node, YamlList):
            model = _find_item_model(node[step]) or model
    return model


def _find_item_model(node: YamlNode) -> type[question.ItemSpec] | None:
    kind = node.get("type") if isinstance(node, YamlMapping) else None
    return groups.ITEM_TYPES.get(kind) if isinstance(kind, str) else None


def _find_annotated_model(annotation: Any) -> type[BaseModel] | None:
    """Find the model in an annotation, inside lists, mappings and Annotated."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = get_args(annotation) if annotation != groups.AnyItem else ()
    return next(
        (model for part in inner if (model := _find_annotated_model(part)) is not None), None
    )


def _select_cut(path: NodePath, error: ErrorDetails) -> tuple[YamlNode, Any]:
    """Select the node to remove so that the rest can be validated.

    This is the unknown key, otherwise the innermost item, otherwise the innermost entry of a mapping.
    """
    if error["type"] == "extra_forbidden":
        return path[-1]
    for node, step in reversed(path):
        if isinstance(node, YamlList):
            return node, step
        # an item is removed as a whole, since half an item causes more problems
        is_inside_item = len(path) >= 3 and any(isinstance(above, YamlList) for above, _ in path)
        if isinstance(node, YamlMapping) and step in node and not is_inside_item:
            return node, step
    return path[0] if path else (YamlScalar("", Position("")), None)


def _remove_nodes(cuts: list[tuple[YamlNode, Any]], lost: set[str]) -> bool:
    """Remove the nodes, list entries from the end; returns False if nothing was removed."""
    removed: set[tuple[int, Any]] = set()
    for node, step in sorted(
        cuts, key=lambda c: c[1] if isinstance(c[1], int) else -1, reverse=True
    ):
        is_there = isinstance(node, YamlList) or (isinstance(node, YamlMapping) and step in node)
        if not is_there or (id(node), step) in removed:
            continue
        removed.add((id(node), step))
        value = cast(Any, node).pop(step)
        lost.update(_iterate_ids(value))
        if isinstance(node, YamlMapping):
            lost.update((str(step), *(map(str, value) if isinstance(value, YamlMapping) else ())))
    return bool(removed)


def _iterate_ids(node: YamlNode) -> Iterable[str]:
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
