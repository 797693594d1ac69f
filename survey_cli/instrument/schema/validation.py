"""Does the file have the shape of an instrument? The models decide; here their refusals become problems with a place.

What cannot be used is cut out of a copy of the tree and the rest is looked at again, so that one slip hides no other.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from typing import Any, Final, TypeAlias, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from survey_cli.instrument.schema.document import Document
from survey_cli.instrument.schema.items import ITEM_TYPES, AnyItem
from survey_cli.instrument.source.nodes import Listed, Mapped, Node, Written
from survey_cli.instrument.source.scalars import kind_of
from survey_cli.problems import MOST_OF_A_KIND, Position, Problem, count_the_rest, did_you_mean, nearest

_ROUNDS: Final = 40
"""How often the tree is cut and looked at again; every round removes at least one node that is wrong."""


Path: TypeAlias = list[tuple[Node, Any]]
"""From the top: each node and the key or index by which one goes on."""


def shaped(tree: Mapped) -> tuple[Document | None, list[Problem], frozenset[str]]:
    """The document (without what could not be used), the problems, and the ids of items that were cut out."""
    try:
        return Document.model_validate(tree), [], frozenset()
    except ValidationError:
        problems = _Problems()
        document, lost = _mended(_copied(tree), problems)
        return document, problems.all(), lost


class _Problems:
    """The problems found, the first hundred of each kind; the others are only counted."""

    def __init__(self) -> None:
        self._kept: list[Problem] = []
        self._last: dict[str, Problem] = {}
        self._count: Counter[str] = Counter()

    def wants(self, kind: str) -> bool:
        """Count one of this kind; whether it is to be shown."""
        self._count[kind] += 1
        return self._count[kind] <= MOST_OF_A_KIND

    def add(self, kind: str, problem: Problem) -> None:
        self._kept.append(problem)
        self._last[kind] = problem

    def all(self) -> list[Problem]:
        beyond = (
            count_the_rest(last, self._count[kind] - MOST_OF_A_KIND)
            for kind, last in self._last.items()
            if self._count[kind] > MOST_OF_A_KIND
        )
        return [*self._kept, *beyond]


def _mended(tree: Mapped, problems: _Problems) -> tuple[Document | None, frozenset[str]]:
    """The document and what was lost, of a tree that may be changed: keys that were mistyped are put right, and what
    can't be is cut out."""
    lost: set[str] = set()
    gone: set[tuple[int, Any]] = set()  # what was cut out is not missed besides
    for _ in range(_ROUNDS):
        _complete(tree, lost)
        try:
            return Document.model_validate(tree), frozenset(lost)
        except ValidationError as refusal:
            found = refusal.errors(include_url=False, include_input=False)
        mistyped = [error for error in found if error["type"] == "extra_forbidden"]
        cuts: list[tuple[Node, Any]] = []
        for error in mistyped or found:  # what a mistyped key brings about is not said besides
            path = _path(tree, error["loc"])
            if not (error["type"] == "missing" and path and _slot(*path[-1]) in gone):
                kind = error.get("ctx", {}).get("rule", error["type"])
                if not problems.wants(kind):
                    cuts.append(_cut(path, error))
                    continue
                problems.add(kind, _problem(tree, path, error))
            if not (error["type"] == "extra_forbidden" and _renamed(tree, path)):
                cuts.append(_cut(path, error))
        cut = _cut_out(cuts, lost)
        gone.update(_slot(*way) for way in cuts)
        absent = [key for key in _REQUIRED if key not in tree and not mistyped]
        lost.update(absent)
        if not (cut or mistyped or absent):
            break
    return None, frozenset(lost)


def _slot(node: Node, step: Any) -> tuple[int, Any]:
    return id(node), step


_REQUIRED: Final = ("instrument", "title", "items")


def _complete(tree: Mapped, lost: set[str]) -> None:
    """Put something in the place of what the file can't do without, once its absence was told."""
    for key in _REQUIRED:
        if key in lost and key not in tree:
            where = tree.where
            tree[Written(key, where)] = Listed(where) if key == "items" else Written(key, where)


def _renamed(tree: Mapped, path: Path) -> bool:
    """Whether a mistyped key could be put right, so that the rest of its part is looked at as it was meant."""
    node, key = path[-1] if path else (tree, "")
    if not isinstance(node, Mapped) or not isinstance(key, str) or key not in node:
        return False
    near = _meant(key, _known_keys(path))
    if near is None or near in node or not _alike(key, near) or _types_with(key, _model_at(path)):
        return False
    node[Written(near, _key_place(node, key))] = node.pop(key)
    return True


def _meant(key: str, known: Sequence[str]) -> str | None:
    """The known key that a mistyped one is nearest to, if one is near: also where only the letters' order is wrong."""
    return nearest(key, known) or next((k for k in known if sorted(k) == sorted(key)), None)


def _alike(key: str, near: str) -> bool:
    """Whether a key is so near to another that it can be taken for it."""
    return sorted(key) == sorted(near) or SequenceMatcher(None, key, near).ratio() > _SURELY


_SURELY: Final = 0.74
"""How alike two keys are (of 1) where one is taken for the other: `titel` and `title` are 0.8."""


def _types_with(key: str, model: type[BaseModel] | None) -> list[str]:
    """The types of item that have this key, where the part is an item of another type."""
    if model not in ITEM_TYPES.values():
        return []
    return [name for name, other in ITEM_TYPES.items() if key in keys_of(other)]


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys of a part, as they are written."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _copied(node: Node) -> Any:
    """A copy of lists and mappings; the scalars are the same."""
    if isinstance(node, Mapped):
        copy = Mapped(node.where)
        copy.update((key, _copied(value)) for key, value in node.items())
        return copy
    if isinstance(node, Listed):
        listed = Listed(node.where)
        listed.extend(_copied(value) for value in node)
        return listed
    return node


def _path(tree: Node, loc: tuple[int | str, ...]) -> Path:
    """The way to an error through the tree; names of union members, which stand nowhere in it, are passed over."""
    path: Path = []
    node: Node = tree
    for index, step in enumerate(loc, 1):
        if isinstance(node, Listed) and isinstance(step, int) and step < len(node):
            path.append((node, step))
            node = node[step]
        elif isinstance(node, Mapped) and str(step) in node:
            path.append((node, str(step)))
            node = node[str(step)]
        elif isinstance(node, Mapped) and index == len(loc) and not str(step).startswith("["):
            path.append((node, str(step)))
    return path


def _here(tree: Mapped, path: Path) -> tuple[Node | None, Position]:
    """What stands at the end of the way, and where."""
    if not path:
        return tree, tree.where
    node, step = path[-1]
    if isinstance(node, Listed):
        return node[step], node[step].where
    if isinstance(node, Mapped) and step in node:
        value = node[step]
        return value, value.where
    return None, node.where


def _key_place(node: Node, key: str) -> Position:
    if isinstance(node, Mapped):
        for written in node:
            if written == key and isinstance(written, Written):
                return written.where
    return node.where


_BY_NAME: Final = frozenset(("sample", "scales", "declines", "compute", "outcomes"))
"""Sections of the file whose entries have names."""


def who_of(path: Iterable[tuple[Node, Any]]) -> str:
    """The innermost id on the way, the name of an entry, or the section of the file."""
    who = ""
    for at, (node, step) in enumerate(path):
        if isinstance(node, Mapped) and isinstance(node.get("id"), Written):
            who = str(node["id"])
        elif at == 0 and isinstance(step, str) and step in _SECTIONS:
            who = step
        elif at == 1 and isinstance(node, Mapped) and who in _BY_NAME:
            who = str(step)
    return who


_SECTIONS: Final = frozenset(Document.model_fields) - {"items", "title", "instrument", "version", "quotas"}


def _problem(tree: Mapped, path: Path, error: ErrorDetails) -> Problem:
    value, where = _here(tree, path)
    node, step = path[-1] if path else (tree, "")
    who, key = who_of(path), _key(path, who_of(path))
    length = max(1, len(value)) if isinstance(value, Written) else 1
    ctx = error.get("ctx", {})
    match error["type"]:
        case "written":
            if error["loc"][-1] == "[key]":
                where, length, key = _key_place(node, step), len(str(step)), _key(path[:-1], who)
            return Problem(ctx["rule"], where, who, _named(key, ctx["what"]), ctx["remedy"], length=length)
        case "extra_forbidden":
            return _unknown_key(str(step), node, path, who)
        case "missing":
            part = "the file" if node is tree else _kind_of_part(node)
            at, length = node.where, 1
            if isinstance(node, Mapped) and isinstance(named := node.get("id"), Written) and named:
                at, length = named.where, len(named)
            what, remedy = f"{part} needs the key {str(step)!r}", f"add `{step}: …`"
            return Problem("missing-key", at, who, what, remedy, length=length)
        case "union_tag_invalid":
            written = value.get("type") if isinstance(value, Mapped) else None
            name = str(written)
            at = written.where if isinstance(written, Written) else where
            near = did_you_mean(name, ITEM_TYPES, otherwise=f"the types are {', '.join(ITEM_TYPES)}")
            own = str(value["id"]) if isinstance(value, Mapped) and "id" in value else who
            return Problem("unknown-type", at, own, f"there is no item type {name!r}", near, length=len(name))
        case "union_tag_not_found":
            if not isinstance(value, Mapped):
                what = f"here stands {kind_of(value)}, but an item (a mapping with id and type) is wanted"
                return Problem("wrong-kind", where, who, what, "write - {id: …, type: …}", length=length)
            own = str(value["id"]) if "id" in value else who
            return Problem(
                "missing-key",
                where,
                own,
                "the item needs a type",
                f"add `type:` and one of {', '.join(ITEM_TYPES)}",
            )
        case "literal_error":
            allowed = str(ctx.get("expected", "")).replace("'", "")
            words = [w.strip() for w in allowed.replace(" or ", ", ").split(",")]
            near = did_you_mean(str(value), words, otherwise=f"write {allowed}")
            return Problem(
                "unknown-word",
                where,
                who,
                _named(key, f"{kind_of(value)} is not known here"),
                near,
                length=length,
            )
        case "list_type":
            what = _named(key, f"here stands {kind_of(value)}, but a list is wanted")
            return Problem("wrong-kind", where, who, what, _as_list(value, str(step)), length=length)
        case _:
            what = f"here stands {kind_of(value)}, but a mapping (key: value) is wanted"
            return Problem(
                "wrong-kind", where, who, _named(key, what), "write key: value, indented below", length=length
            )


def _unknown_key(key: str, node: Node, path: Path, who: str) -> Problem:
    known, model = _known_keys(path), _model_at(path)
    what, near = f"{key!r} is not a key here", _meant(key, known)
    remedy = f"did you mean {near!r}?" if near else f"the keys here are {', '.join(known)}"
    if (types := _types_with(key, model)) and not (near and _alike(key, near)):
        own = next(name for name, item in ITEM_TYPES.items() if item is model)
        what = f"{key!r} is a key of {_some(types)}, not of {own}"
        remedy = "take it out, or change the type"
    return Problem("unknown-key", _key_place(node, key), who, what, remedy, length=len(key))


def _some(words: Sequence[str]) -> str:
    """`section`; `single, scale and multiple`; the first few of many."""
    few = words if len(words) <= _FEW else [*words[:_FEW], "others"]
    return few[0] if len(few) == 1 else f"{', '.join(few[:-1])} and {few[-1]}"


_FEW: Final = 4


def _key(path: Path, who: str) -> str:
    """The key that a value stands under, with the key above it where it stands under a code or name: `options 1`."""
    steps = [step for _, step in path]
    while steps and not isinstance(steps[-1], str):
        steps.pop()
    if not steps:
        return ""
    above = steps[-2] if len(steps) > 1 and steps[-1] != who else ""
    within = above if isinstance(above, str) and above in _KEYED else ""
    return f"{within} {steps[-1]}".strip() if steps[-1] != who else ""


_KEYED: Final = frozenset(
    (
        *("options", "labels", "statements", "nets", "arms", "hours", "dayparts", "delays", "scripts"),
        *("retention", "targets", "faq", "declines"),
    )
)
"""Keys under which codes or names stand for keys."""


def _named(key: str, what: str) -> str:
    return f"{key}: {what}" if key else what


def _as_list(value: Node | None, key: str) -> str:
    if isinstance(value, Written) and value in ("none", "None", "no", "false"):
        return f"write {key}: [] for none"
    if isinstance(value, Written) and value.replace("_", "").isalnum():
        return f"write {key}: [{value}]"
    return "begin each entry on its own line with -, or write [a, b]"


def _kind_of_part(node: Node) -> str:
    kind = node.get("type") if isinstance(node, Mapped) else None
    if not isinstance(kind, str) or kind not in ITEM_TYPES:
        return "this"
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def _known_keys(path: Path) -> list[str]:
    """The keys that the part at the end of the way may have: those of the model that was tried there."""
    model = _model_at(path)
    return keys_of(model) if model is not None else []


def _model_at(path: Path) -> type[BaseModel] | None:
    """Follow the way through the models: annotations name the parts."""
    model: type[BaseModel] | None = Document
    for node, step in path[:-1]:
        if isinstance(node, Mapped) and model is not None and isinstance(step, str):
            field = next((f for n, f in model.model_fields.items() if step in (n, f.alias)), None)
            model = _part(field.annotation, node.get(step)) if field is not None else model
        elif isinstance(node, Listed):
            model = _part_of_item(node[step]) or model
    return model


def _part_of_item(node: Node) -> type[BaseModel] | None:
    kind = node.get("type") if isinstance(node, Mapped) else None
    return ITEM_TYPES.get(kind) if isinstance(kind, str) else None


def _part(annotation: Any, node: Node | None) -> type[BaseModel] | None:
    """The model an annotation leads to, through lists, mappings and Annotated."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if annotation == AnyItem:
        return None
    for inner in get_args(annotation):
        if (found := _part(inner, node)) is not None:
            return found
    return None


def _cut(path: Path, error: ErrorDetails) -> tuple[Node, Any]:
    """What to take out so that the rest can be looked at: the key that is not known, else the innermost item, else the
    innermost entry of a mapping."""
    if error["type"] == "extra_forbidden":
        return path[-1]
    for node, step in reversed(path):
        if isinstance(node, Listed):
            return node, step
        if isinstance(node, Mapped) and step in node and (len(path) < 3 or not _needs(path, node)):
            return node, step
    return path[0] if path else (Written("", Position("")), None)


def _needs(path: Path, node: Mapped) -> bool:
    """Inside of an item everything goes with the item: half an item would bring problems of its own."""
    return any(isinstance(above, Listed) for above, _ in path)


def _cut_out(cuts: list[tuple[Node, Any]], lost: set[str]) -> bool:
    """Take the nodes out, indexes from the end. False where there is nothing to take."""
    done = False
    seen: set[tuple[int, Any]] = set()
    for node, step in sorted(cuts, key=lambda c: c[1] if isinstance(c[1], int) else -1, reverse=True):
        if _slot(node, step) in seen:
            continue
        seen.add(_slot(node, step))
        if isinstance(node, Listed):
            lost.update(_ids(node[step]))
            del node[step]
            done = True
        elif isinstance(node, Mapped) and step in node:
            lost.update(_ids(node[step]))
            if step in ("sample", "compute") or not isinstance(node[step], Written):
                lost.update(map(str, node[step]) if isinstance(node[step], Mapped) else ())
            lost.add(str(step))
            del node[step]
            done = True
    return done


def _ids(node: Node) -> Iterable[str]:
    """Every id below a node."""
    if isinstance(node, Mapped):
        if isinstance(node.get("id"), Written):
            yield str(node["id"])
        if isinstance(node.get("statements"), Mapped):
            yield from map(str, node["statements"])
        for value in node.values():
            yield from _ids(value)
    elif isinstance(node, Listed):
        for value in node:
            yield from _ids(value)
