"""Problems made of pydantic's errors, each with a position, an explanation, and a remedy."""

from collections.abc import Sequence
from typing import Final

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from survey_cli.instrument.schema import key_names
from survey_cli.instrument.schema.analysis_file import ANALYSIS_SUFFIX
from survey_cli.instrument.schema.compute_table import ComputeTable
from survey_cli.instrument.schema.items import groups
from survey_cli.instrument.schema.node_paths import (
    NodePath,
    find_end,
    find_model,
    find_path_owner,
    list_known_keys,
)
from survey_cli.instrument.schema.options import suggest_option_braces
from survey_cli.instrument.source.foreign_words import list_synonyms
from survey_cli.instrument.source.nodes import YamlMapping, YamlNode, YamlScalar, locate_key
from survey_cli.instrument.source.scalars import describe_node
from survey_cli.problems import Position, Problem, suggest_nearest
from survey_cli.wording import join_words

_KEYS_WITH_OWN_NAMES: Final = frozenset(
    (
        "options",
        "labels",
        "statements",
        "nets",
        "arms",
        "hours",
        "dayparts",
        "delays",
        "scripts",
        "retention",
        "targets",
        "faq",
        "declines",
    )
)
"""Keys whose values are mappings with codes or names as keys."""
_LABEL_KEYS: Final = frozenset(("label", "labels", "options"))
"""Keys that label a variable of the analysis file, and the values of one."""


def build_problem(
    tree: YamlMapping, path: NodePath, error: ErrorDetails, root: type[BaseModel]
) -> Problem:
    """Build the problem of an error in a file with the model `root`, at the end of a path."""
    value, where = find_end(tree, path)
    owner = find_path_owner(path)
    node: YamlNode = tree
    step = ""
    if path:
        node = path[-1][0]
        step = str(path[-1][1])

    match error["type"]:
        case "extra_forbidden":
            return _build_unknown_key_problem(step, node, path, owner, root)
        case "missing":
            return _build_missing_key_problem(step, node, owner, is_file=node is tree)
        case "union_tag_invalid":
            return _build_unknown_type_problem(value, where, owner)
        case "union_tag_not_found" if isinstance(value, YamlMapping):
            return _build_missing_type_problem(value, where, owner, path, root)
        case "union_tag_not_found":
            what = f"expected an item (a mapping with id and type), found {describe_node(value)}"
            remedy = "write - {id: …, type: …}"
            return Problem("wrong-kind", where, owner, what, remedy, length=_measure(value))

    is_key = error["type"] == "written" and error["loc"][-1] == "[key]"
    if is_key:
        # the mistake is in the key itself, and the key above it says where
        where = locate_key(node, step)
        length = len(step)
        key = _format_key(path[:-1], owner)
    else:
        length = _measure(value)
        key = _format_key(path, owner)

    rule, what, remedy = _explain_value(error, value, step)
    if is_key and key == "options":
        braces = suggest_option_braces(node, step)
        if braces:
            what = f"{step!r} is a key of an option, and no code"
            remedy = braces
    if key:
        what = f"{key}: {what}"
    return Problem(rule, where, owner, what, remedy, length=length)


def _measure(value: YamlNode | None) -> int:
    """Return how many characters of a value are underlined."""
    return max(1, len(value)) if isinstance(value, YamlScalar) else 1


def _explain_value(error: ErrorDetails, value: YamlNode | None, key: str) -> tuple[str, str, str]:
    """Return the rule that a value breaks, what is wrong with it, and the remedy."""
    context = error.get("ctx", {})
    found = describe_node(value)
    match error["type"]:
        case "written" if key == "scale" and isinstance(value, YamlMapping):
            what = f"expected the name of a list, found {found}"
            remedy = "write options: {1: …} instead, or scale: and the name of a list under scales:"
            return "wrong-kind", what, remedy
        case "written":
            # `scalars.reject` has explained it
            return context["rule"], context["what"], context["remedy"]
        case "literal_error":
            # pydantic lists the words as in: 'a', 'b' or 'c'
            expected = str(context.get("expected", "")).replace("'", "")
            words = [word.strip() for word in expected.replace(" or ", ", ").split(",")]
            remedy = suggest_nearest(str(value), words, otherwise=f"write {expected}")
            return "unknown-word", f"{found} is not valid here", remedy
        case "list_type":
            return "wrong-kind", f"expected a list, found {found}", _suggest_list(value, key)
        case _:
            what = f"expected a mapping (key: value), found {found}"
            return "wrong-kind", what, _suggest_mapping(value, key)


def _build_missing_key_problem(key: str, node: YamlNode, owner: str, *, is_file: bool) -> Problem:
    where = node.where
    length = 1
    item_id = node.get("id") if isinstance(node, YamlMapping) else None
    if isinstance(item_id, YamlScalar) and item_id:
        where = item_id.where
        length = len(item_id)

    part = "the file" if is_file else _describe_part(node)
    what = f"{part} needs the key {key!r}"
    return Problem("missing-key", where, owner, what, f"add `{key}: …`", length=length)


def _describe_part(node: YamlNode) -> str:
    if not isinstance(node, YamlMapping) or groups.find_item_model(node) is None:
        return "this"
    kind = str(node["type"])
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def _build_unknown_type_problem(item: YamlNode | None, where: Position, owner: str) -> Problem:
    written = item.get("type") if isinstance(item, YamlMapping) else None
    name = str(written)
    if isinstance(written, YamlScalar):
        where = written.where
    if isinstance(item, YamlMapping) and "id" in item:
        owner = str(item["id"])
    what = f"there is no item type {name!r}"
    return Problem("unknown-type", where, owner, what, _suggest_type(name), length=len(name))


def _suggest_type(name: str) -> str:
    synonym = list_synonyms("types").get(name.casefold())
    if synonym is not None:
        return synonym.remedy or f"it is called {synonym.word!r} here"
    if name.casefold() in groups.ITEM_TYPES:
        return f"types are written in lowercase: {name.casefold()}"
    types = ", ".join(groups.ITEM_TYPES)
    return suggest_nearest(name, groups.ITEM_TYPES, otherwise=f"the types are {types}")


def _build_missing_type_problem(
    item: YamlMapping, where: Position, owner: str, path: NodePath, root: type[BaseModel]
) -> Problem:
    if "id" in item:
        owner = str(item["id"])
    for key in item:
        if key.casefold() == "type":
            # `Type:`
            at_key: NodePath = [*path, (item, str(key))]
            return _build_unknown_key_problem(str(key), item, at_key, owner, root, ["type"])

    remedy = f"add `type:` and one of {', '.join(groups.ITEM_TYPES)}"
    return Problem("missing-key", where, owner, "the item needs a type", remedy)


def _build_unknown_key_problem(
    key: str,
    node: YamlNode,
    path: NodePath,
    owner: str,
    root: type[BaseModel],
    known: Sequence[str] = (),
) -> Problem:
    """Build the problem of a key that is not among those known, by default those of the part."""
    model = find_model(path, root)
    known = known or list_known_keys(path, root)
    near = key_names.find_nearest_key(key, known)
    synonym = key_names.find_synonym(key)
    types = key_names.list_types_with_key(key, model)

    if model is ComputeTable and key.casefold() in _LABEL_KEYS:
        return _build_compute_label_problem(key, node, owner)

    what = f"{key!r} is not a key here"
    is_lowercase = key == key.casefold()
    if near == key.casefold() and not is_lowercase:
        remedy = f"keys are written in lowercase: {near}"
    elif near is not None and synonym is not None and near == synonym.word:
        remedy = synonym.remedy or f"it is called {near!r} here"
    elif types and not (near is not None and key_names.is_similar(key, near)):
        own_type = next(name for name, item in groups.ITEM_TYPES.items() if item is model)
        what = f"{key!r} is a key of {join_words(types, most=4)}, not of {own_type}"
        remedy = "remove it, or change the type"
    elif near is not None:
        remedy = f"did you mean {near!r}?"
    else:
        remedy = f"the keys here are {', '.join(known)}"
    return Problem("unknown-key", locate_key(node, key), owner, what, remedy, length=len(key))


def _build_compute_label_problem(key: str, node: YamlNode, owner: str) -> Problem:
    """Build the problem of a label at a calculation, which has its labels in the analysis file."""
    where = locate_key(node, key)
    questionnaire = where.file.replace("\\", "/").rpartition("/")[2]
    file = questionnaire.rpartition(".")[0] + ANALYSIS_SUFFIX
    what = f"{key!r} is not a key of a calculation"
    example = f"variables: {{{owner}_labeled: {{value: {owner}, label: …, options: {{1: …}}}}}}"
    remedy = f"label a variable of the analysis file {file} instead: {example}"
    return Problem("unknown-key", where, owner, what, remedy, length=len(key))


def _format_key(path: NodePath, owner: str) -> str:
    """Format the key of a value for a message.

    A code or a name is written after the key above it: `options 1`.
    """
    steps = [step for _, step in path]
    while steps and not isinstance(steps[-1], str):
        steps.pop()
    if not steps or steps[-1] == owner:
        return ""

    key = str(steps[-1])
    if len(steps) > 1 and steps[-2] in _KEYS_WITH_OWN_NAMES:
        return f"{steps[-2]} {key}"
    return key


def _suggest_mapping(value: YamlNode | None, key: str) -> str:
    if key == "declines" and isinstance(value, YamlScalar) and value:
        # what an item can have, written for the whole file
        return f"for all items, write defaults: {{declines: {value}}}"
    return "write key: value, indented below"


def _suggest_list(value: YamlNode | None, key: str) -> str:
    if key == "checks" and value is not None:
        condition = value if isinstance(value, YamlScalar) else "…"
        return f'write checks: [{{expect: "{condition}", say: "…"}}]'
    if isinstance(value, YamlScalar) and value in ("none", "None", "no", "false"):
        return f"write {key}: [] for none"
    if isinstance(value, YamlScalar) and value.replace("_", "").isalnum():
        return f"write {key}: [{value}]"
    return "begin each entry on its own line with -, or write [a, b]"
