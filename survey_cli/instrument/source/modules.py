"""Where does a module's text go? Puts the items, scales and computes of modules into the top file's tree.

Pure on trees: it is handed a way to get a module's tree, and opens no file. A `prefix` changes names only:
every place still points into the module's own file.
"""

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from survey_cli.instrument.source.hints.hint import shorten
from survey_cli.instrument.source.nodes import Composed, Listed, Mapped, Node, Written
from survey_cli.problems import Position, Problem, did_you_mean

Opener: TypeAlias = Callable[[str, Position], Mapped | None]
"""A module's tree by its path below the top file's folder, asked for at a place; None after a problem."""

PARTS: Final = ("scales", "compute", "items")
MAX_INCLUDES: Final = 1000

EXPRESSIONS: Final = frozenset(
    ("ask_if", "unless", "expect", "if", "where", "count", "prefill", "each", "from", "using")
)
"""Keys whose value is a condition, a calculation, or the name of an item."""
LISTS: Final = frozenset(("scale", "options"))
"""Keys whose value, if it is one word, names a list under `scales`."""
BY_CODE: Final = frozenset(("options", "scales", "labels", "nets", "arms", "faq", "statements"))
"""Keys whose mapping has the designer's own codes, names or questions for keys."""

_PREFIX: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,15}\Z")
_TOKEN: Final = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\d[\w.]*|(?P<name>[^\W\d]\w*)", re.DOTALL)
_FILL: Final = re.compile(r"\{\{|\}\}|\{([^{}:|]*)([^{}]*)\}", re.DOTALL)


def expanded(tree: Mapped, *, name: str, module: Opener, problems: list[Problem], values: int) -> Mapped:
    """The top file's tree with every `include` replaced by what it names, at most `values` values added.

    `name` is the top file's name below its own folder. Adds to `problems` what can't be included, and why.
    """
    work = _Including(module=module, problems=problems, values=values)
    return work.whole(tree, name)


class _Visit(NamedTuple):
    """One file being gone through: its path, the prefixes it stands under, and the files that led to it."""

    path: str
    prefix: str = ""
    chain: tuple[str, ...] = ()


class Renaming(NamedTuple):
    """A prefix, and the names that take it."""

    prefix: str
    names: frozenset[str]
    """Items, statements, computes."""
    lists: frozenset[str]
    """Lists under `scales`."""

    def name(self, text: str) -> str:
        """One name."""
        return self.prefix + text if text in self.names else text

    def expression(self, text: Written) -> Written:
        """A condition or calculation; what stands in quotes is left alone."""
        return self._prefixed(text, list(self._names(text, 0, len(text))))

    def text(self, text: Written) -> Written:
        """A text: the names in its fills."""
        if "{" not in text:
            return text
        fills = [m.span(1) for m in _FILL.finditer(text) if m[1] is not None]
        return self._prefixed(text, [at for start, end in fills for at in self._names(text, start, end)])

    def _names(self, text: str, start: int, end: int) -> Iterator[int]:
        """Where names begin that take the prefix."""
        for found in _TOKEN.finditer(text, start, end):
            if found["name"] and found[0] in self.names:
                yield found.start()

    def _prefixed(self, text: Written, places: list[int]) -> Written:
        """The text with the prefix put in at these places; each letter still stands where it was written."""
        if not places:
            return text
        pieces: list[tuple[int, Written, int]] = [(0, text, 0)]
        made, done = "", 0
        for at in places:
            made += text[done:at]
            pieces.append((len(made), text, at))
            made += self.prefix
            pieces.append((len(made), text, at))
            done = at
        return Composed.of(made + text[done:], text.where, pieces)


@dataclass(slots=True)
class _Including:
    """The includes of one instrument, while they are gone through."""

    module: Opener
    problems: list[Problem]
    values: int
    seen: dict[tuple[str, str], Position] = field(default_factory=dict)

    def whole(self, tree: Mapped, path: str) -> Mapped:
        gathered = {part: tree[part] for part in ("scales", "compute") if part in tree}
        into = {part: _copied(node) for part, node in gathered.items() if isinstance(node, Mapped)}
        items = self.items(tree.get("items"), _Visit(path, chain=(path,)), into)
        result = _copied(tree)
        for part, node in into.items():
            if part not in tree or isinstance(tree[part], Mapped):
                result[_key(result, part, node.where)] = node
        if items is not None:
            result[_key(result, "items", tree.where)] = items
        return result

    def items(self, node: Node | None, visit: _Visit, into: dict[str, Mapped]) -> Node | None:
        """A list of items with its includes spliced in, and those of its sections; anything else as it is."""
        if not isinstance(node, Listed):
            return node
        result = Listed(node.where)
        for entry in node:
            if not isinstance(entry, Mapped):
                result.append(entry)
            elif "include" in entry:
                result += self.included(entry, visit, into)
            elif isinstance(entry.get("items"), Listed):
                group = _copied(entry)
                inner = self.items(entry["items"], visit, into)
                assert inner is not None
                group[_key(group, "items", inner.where)] = inner
                result.append(group)
            else:
                result.append(entry)
        return result

    def included(self, entry: Mapped, visit: _Visit, into: dict[str, Mapped]) -> list[Node]:
        """The items that an `{include: …}` entry stands for; its scales and computes go into `into`."""
        for key in entry:
            if key not in ("include", "prefix"):
                self.say(
                    "include",
                    _place(key, entry),
                    f"an include has no '{shorten(key)}'",
                    "only 'include' and 'prefix' stand here; for a condition, put the include in a section",
                )
        written = entry["include"]
        prefix = entry.get("prefix", Written("", entry.where))
        if not isinstance(written, Written) or not isinstance(prefix, Written):
            self.say(
                "include",
                entry.where,
                "an include wants a path, and a prefix a word",
                "write 'include: modules/name.yaml'",
            )
            return []
        if prefix and not _PREFIX.match(prefix):
            self.say(
                "include",
                prefix.where,
                f"'{shorten(prefix)}' can't begin a name",
                "a prefix is a letter, then letters, digits or _, at most 16: 'b_'",
                length=len(prefix),
            )
            return []
        path = self.path(written, visit)
        if path is None:
            return []
        if path in visit.chain:
            loop = " → ".join((*visit.chain[visit.chain.index(path) :], path))
            self.say(
                "include-loop",
                written.where,
                f"the file includes itself: {loop}",
                "take one of these includes away",
                length=len(written),
            )
            return []
        under = visit.prefix + prefix
        first = self.seen.setdefault((path, under), written.where)
        if first is not written.where:
            self.say(
                "include-twice",
                written.where,
                f"'{shorten(written)}' is included already, at {first}",
                "give each its own prefix: 'prefix: b_'",
                length=len(written),
            )
            return []
        if len(self.seen) > MAX_INCLUDES:
            if len(self.seen) == MAX_INCLUDES + 1:
                what = f"there are more than {MAX_INCLUDES} includes"
                self.say("include", written.where, what, "use fewer, larger modules", length=len(written))
            return []
        if self.values < 0:
            return []
        tree = self.module(path, written.where)
        if tree is None:
            return []
        return self.spliced(tree, _Visit(path, under, (*visit.chain, path)), str(prefix), into)

    def spliced(self, tree: Mapped, visit: _Visit, prefix: str, into: dict[str, Mapped]) -> list[Node]:
        for key in tree:
            if key not in PARTS:
                self.say(
                    "module-key",
                    _place(key, tree),
                    f"a module has no '{shorten(key)}'",
                    did_you_mean(
                        key,
                        PARTS,
                        otherwise="it holds scales, compute and items; the rest belongs to the top file",
                    ),
                    length=len(key),
                )
        own: dict[str, Mapped] = {}
        for part in ("scales", "compute"):
            node = tree.get(part)
            if isinstance(node, Mapped):
                own[part] = _copied(node)
            elif node is not None and node != "":
                self.say(
                    "module-key",
                    node.where,
                    f"'{part}' of a module is a mapping",
                    f"write names below '{part}:', each with a colon",
                )
        found = self.items(tree.get("items"), visit, own)
        if found is not None and not isinstance(found, Listed):
            self.say("module-key", found.where, "'items' of a module is a list", "begin each item with '- '")
            found = None
        items = found if found is not None else Listed(tree.where)
        self.values -= _size(items) + sum(_size(node) for node in own.values())
        if self.values < 0:
            self.say(
                "too-many-values",
                items.where,
                "the modules grow beyond a million values",
                "include them fewer times",
            )
            return []
        if prefix:
            renaming = _renaming(prefix, items, own)
            items = _renamed_list(items, renaming)
            own = {part: _renamed_part(part, node, renaming) for part, node in own.items()}
        for part, node in own.items():
            self.merge(part, node, into)
        return list(items)

    def merge(self, part: str, node: Mapped, into: dict[str, Mapped]) -> None:
        """Adds a module's scales or computes; a name that is there already is said at both places."""
        there = into.setdefault(part, Mapped(node.where))
        for key, value in node.items():
            if key not in there:
                there[key] = value
                continue
            mine, other = _place(key, node), _place(next(k for k in there if k == key), there)
            kind = "scale" if part == "scales" else "compute"
            for here, elsewhere in ((mine, other), (other, mine)):
                self.say(
                    "clash",
                    here,
                    f"there is another {kind} '{shorten(key)}' at {elsewhere}",
                    "rename one, or include the module with a prefix",
                    length=len(key),
                )

    def path(self, written: Written, visit: _Visit) -> str | None:
        """A module's path below the top file's folder, or None where it can't be one."""
        parts = written.split("/")
        if "\\" in written or re.match(r"[A-Za-z]:", written):
            what, remedy = "is no path as it is written here", "write folders with '/': 'modules/name.yaml'"
        elif not written.strip() or "\0" in written:
            what, remedy = "names no file", "write 'include: modules/name.yaml'"
        elif written.startswith(("/", "~")):
            what, remedy = (
                "is not below the instrument's folder",
                "write the path from this file's own folder",
            )
        elif ".." in parts:
            what, remedy = (
                "leads upwards",
                "keep modules below the folder of the file that includes them, without '..'",
            )
        else:
            return posixpath.normpath(posixpath.join(posixpath.dirname(visit.path), written))
        self.say(
            "include-path", written.where, f"'{shorten(written)}' {what}", remedy, length=max(1, len(written))
        )
        return None

    def say(self, rule: str, where: Position, what: str, remedy: str, *, length: int = 1) -> None:
        self.problems.append(Problem(rule, where, "", what, remedy, length=length))


# ── trees ──────────────────────────────────────────────────────────────────────────────────────────────────


def _place(key: str, holder: Mapped) -> Position:
    return key.where if isinstance(key, Written) else holder.where


def _key(holder: Mapped, name: str, where: Position) -> str:
    """The key as it stands in `holder`, or a new one at `where`."""
    return next((key for key in holder if key == name), Written(name, where, plain=True))


def _copied(node: Mapped) -> Mapped:
    copy = Mapped(node.where)
    copy.update(node)
    return copy


def _size(node: Node) -> int:
    count = 0
    waiting: list[Node] = [node]
    while waiting:
        branch = waiting.pop()
        count += 1
        if isinstance(branch, Mapped):
            waiting += branch.values()
        elif isinstance(branch, Listed):
            waiting += branch
    return count


# ── renaming ───────────────────────────────────────────────────────────────────────────────────────────────


def _renaming(prefix: str, items: Listed, own: Mapping[str, Mapped]) -> Renaming:
    names = {str(name) for name in own.get("compute", ())}
    waiting: list[Node] = list(items)
    while waiting:
        entry = waiting.pop()
        if not isinstance(entry, Mapped):
            continue
        if isinstance(found := entry.get("id"), Written):
            names.add(str(found))
        if isinstance(statements := entry.get("statements"), Mapped):
            names.update(map(str, statements))
        if isinstance(inner := entry.get("items"), Listed):
            waiting += inner
    return Renaming(prefix, frozenset(names), frozenset(map(str, own.get("scales", ()))))


def _renamed_part(part: str, node: Mapped, renaming: Renaming) -> Mapped:
    """A module's whole `scales` or `compute`: every name of it is the module's own."""
    result = Mapped(node.where)
    for key, value in node.items():
        renamed = _again(key, renaming.prefix + key) if isinstance(key, Written) else renaming.prefix + key
        result[renamed] = _conditions(value, renaming) if part == "compute" else _renamed(value, renaming)
    return result


def _renamed(node: Node, renaming: Renaming) -> Node:
    if isinstance(node, Written):
        return renaming.text(node)
    return _renamed_list(node, renaming) if isinstance(node, Listed) else _renamed_mapping(node, renaming)


def _renamed_list(node: Listed, renaming: Renaming) -> Listed:
    result = Listed(node.where)
    result += [_renamed(entry, renaming) for entry in node]
    return result


def _renamed_mapping(node: Mapped, renaming: Renaming) -> Mapped:
    result = Mapped(node.where)
    for key, value in node.items():
        if key in BY_CODE and isinstance(value, Mapped):
            result[key] = _coded(value, renaming, ids=key == "statements")
        elif key in EXPRESSIONS:
            result[key] = _conditions(value, renaming)
        elif key == "id" and isinstance(value, Written):
            result[key] = _again(value, renaming.name(value))
        elif key in LISTS and isinstance(value, Written):
            result[key] = _again(value, renaming.prefix + value if value in renaming.lists else value)
        else:
            result[key] = _renamed(value, renaming)
    return result


def _coded(node: Mapped, renaming: Renaming, *, ids: bool) -> Mapped:
    """A mapping whose keys are codes or names: what stands under them is a text or an entry of its own."""
    result = Mapped(node.where)
    for key, value in node.items():
        result[_again(key, renaming.name(key)) if ids and isinstance(key, Written) else key] = _renamed(
            value, renaming
        )
    return result


def _conditions(node: Node, renaming: Renaming) -> Node:
    """An expression, or several (by language, or in a list)."""
    if isinstance(node, Written):
        return renaming.expression(node)
    if isinstance(node, Listed):
        result = Listed(node.where)
        result += [_conditions(entry, renaming) for entry in node]
        return result
    branch = Mapped(node.where)
    for key, value in node.items():
        branch[key] = _conditions(value, renaming)
    return branch


def _again(node: Written, text: str) -> Written:
    """The same scalar with another text."""
    return node if text == node else Written(text, node.where, plain=node.plain)
