"""Includes: inserts the items, scales and computes of modules into the top file's nodes.

It opens no file: the caller supplies a function that loads a module. A `prefix` changes names only; every position
still points into the module's own file.
"""

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias, cast

from survey_cli.instrument.source.named_texts import FILL, TextInserter
from survey_cli.instrument.source.nodes import (
    ComposedScalar,
    FileScalar,
    SourceFile,
    YamlList,
    YamlMapping,
    YamlNode,
    YamlScalar,
    is_options_source,
    locate_key,
)
from survey_cli.problems import Position, Problem, suggest_nearest
from survey_cli.wording import shorten

ModuleLoader: TypeAlias = Callable[[str, Position], YamlMapping | None]
"""Returns a module's nodes for its path below the top file's folder, included at a position; None after a problem."""

ListLoader: TypeAlias = Callable[[str, Position], SourceFile | None]
"""Returns a search list's text for its path below the top file's folder; None after a problem."""

MODULE_KEYS: Final = ("scales", "compute", "items")
MAX_INCLUDES: Final = 1000

EXPRESSION_KEYS: Final = frozenset(
    ("ask_if", "unless", "expect", "if", "where", "count", "prefill", "each", "from", "using", "min", "max", "total")
)
"""Keys whose value is a condition, a calculation, or the name of an item."""
LIST_NAME_KEYS: Final = frozenset(("scale", "options"))
"""Keys whose value, if it is one word, names a list under `scales`."""
KEYS_OF_CODES: Final = frozenset(("options", "scales", "labels", "nets", "arms", "faq", "statements"))
"""Keys whose mapping has the designer's own codes, names or questions as keys."""

_PREFIX: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,15}\Z")
_TOKEN: Final = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\d[\w.]*|(?P<name>[^\W\d]\w*)", re.DOTALL)


def expand_includes(
    tree: YamlMapping,
    *,
    name: str,
    load_module: ModuleLoader,
    problems: list[Problem],
    values: int,
    languages: Sequence[str],
) -> YamlMapping:
    """Replace every `include` of the top file by the items it names, adding at most `values` values.

    `name` is the top file's name below its own folder. Includes that are not possible are added to `problems`.
    """
    expander = _IncludeExpander(load_module=load_module, problems=problems, values=values, languages=languages)
    return expander.expand_file(tree, name)


class _Visit(NamedTuple):
    """One file during expansion: its path, the prefixes that apply, and the files that included it."""

    path: str
    prefix: str = ""
    chain: tuple[str, ...] = ()


class Renaming(NamedTuple):
    """A prefix, and the names to which it is added."""

    prefix: str
    names: frozenset[str]
    """Items, statements and computes."""
    lists: frozenset[str]
    """Lists under `scales`."""

    def rename(self, text: str) -> str:
        """Rename one name."""
        return self.prefix + text if text in self.names else text

    def rename_in_expression(self, text: YamlScalar) -> YamlScalar:
        """Rename the names in a condition or calculation; quoted strings stay as they are."""
        return self._insert_prefix(text, list(self._find_names(text, 0, len(text))))

    def rename_in_text(self, text: YamlScalar) -> YamlScalar:
        """Rename the names in the fills of a text."""
        if "{" not in text:
            return text
        fills = [m.span(1) for m in FILL.finditer(text) if m[1] is not None]
        return self._insert_prefix(text, [at for start, end in fills for at in self._find_names(text, start, end)])

    def _find_names(self, text: str, start: int, end: int) -> Iterator[int]:
        """Find where the names begin that take the prefix."""
        for token in _TOKEN.finditer(text, start, end):
            if token["name"] and token[0] in self.names:
                yield token.start()

    def _insert_prefix(self, text: YamlScalar, places: list[int]) -> YamlScalar:
        """Insert the prefix at these offsets; every character keeps its position in the file."""
        if not places:
            return text
        pieces: list[tuple[int, YamlScalar, int]] = [(0, text, 0)]
        result, copied = "", 0
        for at in places:
            result += text[copied:at]
            pieces.append((len(result), text, at))
            result += self.prefix
            pieces.append((len(result), text, at))
            copied = at
        return ComposedScalar.from_pieces(result + text[copied:], text.where, pieces)


@dataclass(slots=True)
class _IncludeExpander:
    """The expansion of one instrument's includes."""

    load_module: ModuleLoader
    problems: list[Problem]
    values: int
    languages: Sequence[str]
    seen: dict[tuple[str, str], Position] = field(default_factory=dict)

    def expand_file(self, tree: YamlMapping, path: str) -> YamlMapping:
        top_parts = {part: tree[part] for part in ("scales", "compute") if part in tree}
        target = {part: _copy_mapping(node) for part, node in top_parts.items() if isinstance(node, YamlMapping)}
        items = self.expand_items(tree.get("items"), _Visit(path, chain=(path,)), target)
        result = _copy_mapping(tree)
        for part, node in target.items():
            if part not in tree or isinstance(tree[part], YamlMapping):
                result[_find_key(result, part, node.where)] = node
        if items is not None:
            result[_find_key(result, "items", tree.where)] = items
        return result

    def expand_items(self, node: YamlNode | None, visit: _Visit, target: dict[str, YamlMapping]) -> YamlNode | None:
        """Expand the includes in a list of items and in its sections; anything else stays as it is."""
        if not isinstance(node, YamlList):
            return node
        result = YamlList(node.where)
        for entry in node:
            if not isinstance(entry, YamlMapping):
                result.append(entry)
            elif "include" in entry:
                result += self.expand_include(entry, visit, target)
            elif isinstance(entry.get("items"), YamlList):
                group = _copy_mapping(entry)
                inner = self.expand_items(entry["items"], visit, target)
                assert inner is not None
                group[_find_key(group, "items", inner.where)] = inner
                result.append(group)
            else:
                result.append(entry)
        return result

    def expand_include(self, entry: YamlMapping, visit: _Visit, target: dict[str, YamlMapping]) -> list[YamlNode]:
        """Return the items of an `{include: …}` entry; its scales and computes are added to `into`."""
        for key in entry:
            if key not in ("include", "prefix", "with"):
                self.report(
                    "include",
                    locate_key(entry, key),
                    f"'{shorten(key)}' is not a key of an include",
                    "the others are 'prefix' and 'with'; for a condition, put the include in a section",
                )
        path_node = entry["include"]
        prefix = entry.get("prefix", YamlScalar("", entry.where))
        if not isinstance(path_node, YamlScalar) or not isinstance(prefix, YamlScalar):
            self.report(
                "include",
                entry.where,
                "an include needs a path, and a prefix needs a word",
                "write 'include: modules/name.yaml'",
            )
            return []
        if prefix and not _PREFIX.match(prefix):
            self.report(
                "include",
                prefix.where,
                f"'{shorten(prefix)}' can't begin a name",
                "a prefix is a letter, then letters, digits or _, at most 16: 'b_'",
                length=len(prefix),
            )
            return []
        path = resolve_path(path_node, visit.path, self.problems)
        if path is None:
            return []
        if path in visit.chain:
            cycle = " → ".join((*visit.chain[visit.chain.index(path) :], path))
            self.report(
                "include-loop",
                path_node.where,
                f"the file includes itself: {cycle}",
                "remove one of these includes",
                length=len(path_node),
            )
            return []
        full_prefix = visit.prefix + prefix
        first_position = self.seen.setdefault((path, full_prefix), path_node.where)
        if first_position is not path_node.where:
            self.report(
                "include-twice",
                path_node.where,
                f"'{shorten(path_node)}' is already included at {first_position}",
                "give each its own prefix: 'prefix: b_'",
                length=len(path_node),
            )
            return []
        if len(self.seen) > MAX_INCLUDES:
            if len(self.seen) == MAX_INCLUDES + 1:
                what = f"there are more than {MAX_INCLUDES} includes"
                self.report("include", path_node.where, what, "use fewer, larger modules", length=len(path_node))
            return []
        if self.values < 0:
            return []
        texts = entry.get("with", YamlMapping(entry.where))
        if not isinstance(texts, YamlMapping):
            what, remedy = "with: needs names and their words", "write 'with: {who: your partner}'"
            self.report("include", texts.where, what, remedy)
            return []
        tree = self.load_module(path, path_node.where)
        if tree is None:
            return []
        return self.splice(tree, _Visit(path, full_prefix, (*visit.chain, path)), str(prefix), texts, target)

    def splice(
        self, tree: YamlMapping, visit: _Visit, prefix: str, texts: YamlMapping, target: dict[str, YamlMapping]
    ) -> list[YamlNode]:
        """Return a module's items with its own prefix and texts; its scales and computes are added to `target`."""
        for key in tree:
            if key not in MODULE_KEYS:
                self.report(
                    "module-key",
                    locate_key(tree, key),
                    f"'{shorten(key)}' is not a key of a module",
                    suggest_nearest(
                        key,
                        MODULE_KEYS,
                        otherwise="it contains scales, compute and items; the rest belongs in the top file",
                    ),
                    length=len(key),
                )
        module_parts: dict[str, YamlMapping] = {}
        for part in ("scales", "compute"):
            node = tree.get(part)
            if isinstance(node, YamlMapping):
                module_parts[part] = _copy_mapping(node)
            elif node is not None and node != "":
                self.report(
                    "module-key",
                    node.where,
                    f"'{part}' of a module must be a mapping",
                    f"write names below '{part}:', each with a colon",
                )
        expanded = self.expand_items(tree.get("items"), visit, module_parts)
        if expanded is not None and not isinstance(expanded, YamlList):
            self.report("module-key", expanded.where, "'items' of a module must be a list", "begin each item with '- '")
            expanded = None
        items = expanded if expanded is not None else YamlList(tree.where)
        self.values -= _count_nodes(items) + sum(_count_nodes(node) for node in module_parts.values())
        if self.values < 0:
            self.report(
                "too-many-values",
                items.where,
                "the instrument with its modules has more than a million values",
                "include fewer modules",
            )
            return []
        if prefix:
            renaming = _build_renaming(prefix, items, module_parts)
            items = _rename_list(items, renaming)
            module_parts = {part: _rename_part(part, node, renaming) for part, node in module_parts.items()}
        if texts:
            items = self.insert_texts(texts, items, module_parts)
        for part, node in module_parts.items():
            self.merge(part, node, target)
        return list(items)

    def insert_texts(self, texts: YamlMapping, items: YamlList, module_parts: dict[str, YamlMapping]) -> YamlList:
        """Insert the texts of an include into a module's items and scales; one that it does not use is reported."""
        inserter = TextInserter(texts, self.languages)
        items = cast(YamlList, inserter.insert(items))
        if "scales" in module_parts:
            module_parts["scales"] = cast(YamlMapping, inserter.insert(module_parts["scales"]))
        for key in texts:
            if key not in inserter.used:
                what, remedy = (
                    f"the module has no '{{{shorten(key)}}}'",
                    "use the name in a text of the module, or remove it",
                )
                self.report("include", locate_key(texts, key), what, remedy, length=len(key))
        return items

    def merge(self, part: str, node: YamlMapping, target: dict[str, YamlMapping]) -> None:
        """Add a module's scales or computes; a name that exists already is reported at both positions."""
        existing = target.setdefault(part, YamlMapping(node.where))
        for key, value in node.items():
            if key not in existing:
                existing[key] = value
                continue
            own_position, other_position = (
                locate_key(node, key),
                locate_key(existing, key),
            )
            kind = "scale" if part == "scales" else "compute"
            for where, elsewhere in ((own_position, other_position), (other_position, own_position)):
                self.report(
                    "clash",
                    where,
                    f"there is another {kind} '{shorten(key)}' at {elsewhere}",
                    "rename one, or include the module with a prefix",
                    length=len(key),
                )

    def report(self, rule: str, where: Position, what: str, remedy: str, *, length: int = 1) -> None:
        self.problems.append(Problem(rule, where, "", what, remedy, length=length))


def resolve_path(path_node: YamlScalar, including: str, problems: list[Problem]) -> str | None:
    """Return the path of an included file below the top file's folder, or None, with a problem, if it is not valid.

    `including` is the path of the file that includes it.
    """
    parts = path_node.split("/")
    if "\\" in path_node or re.match(r"[A-Za-z]:", path_node):
        what, remedy = "is not a valid path", "write folders with '/': 'modules/name.yaml', 'lists/name.csv'"
    elif not path_node.strip() or "\0" in path_node:
        what, remedy = "names no file", "write its path: 'modules/name.yaml', 'lists/name.csv'"
    elif path_node.startswith(("/", "~")):
        what, remedy = ("is not below the instrument's folder", "write the path from this file's own folder")
    elif ".." in parts:
        what, remedy = (
            "leads to a parent folder",
            "keep modules and lists below the folder of the file that includes them, without '..'",
        )
    else:
        return posixpath.normpath(posixpath.join(posixpath.dirname(including), path_node))
    what = f"'{shorten(path_node)}' {what}"
    problems.append(Problem("include-path", path_node.where, "", what, remedy, length=max(1, len(path_node))))
    return None


def load_search_lists(tree: YamlMapping, load_text: ListLoader, folder: str, problems: list[Problem]) -> None:
    """Replace the path of each search list by the same path with the file's text.

    `folder` is the prefix of the names of files in positions.
    """
    waiting: list[YamlNode] = [tree]
    while waiting:
        group = waiting.pop()
        items = group.get("items") if isinstance(group, YamlMapping) else None
        if isinstance(items, YamlList):
            waiting += items
        if not isinstance(group, YamlMapping) or group.get("type") != "search":
            continue
        path_node = group.get("list")
        if not isinstance(path_node, YamlScalar):
            continue
        path = resolve_path(path_node, path_node.where.file.removeprefix(folder), problems)
        file = load_text(path, path_node.where) if path is not None else None
        if file is not None:
            group[_find_key(group, "list", path_node.where)] = FileScalar.from_path(path_node, file)


# Nodes.


def _find_key(holder: YamlMapping, name: str, where: Position) -> str:
    """Return the key of `holder` with this name, or a new one at `where`."""
    return next((key for key in holder if key == name), YamlScalar(name, where, plain=True))


def _copy_mapping(node: YamlMapping) -> YamlMapping:
    copy = YamlMapping(node.where)
    copy.update(node)
    return copy


def _count_nodes(node: YamlNode) -> int:
    count = 0
    waiting: list[YamlNode] = [node]
    while waiting:
        branch = waiting.pop()
        count += 1
        if isinstance(branch, YamlMapping):
            waiting += branch.values()
        elif isinstance(branch, YamlList):
            waiting += branch
    return count


# Renaming.


def _build_renaming(prefix: str, items: YamlList, module_parts: Mapping[str, YamlMapping]) -> Renaming:
    names = {str(name) for name in module_parts.get("compute", ())}
    waiting: list[YamlNode] = list(items)
    while waiting:
        entry = waiting.pop()
        if not isinstance(entry, YamlMapping):
            continue
        if isinstance(item_id := entry.get("id"), YamlScalar):
            names.add(str(item_id))
        if isinstance(statements := entry.get("statements"), YamlMapping):
            names.update(map(str, statements))
        if isinstance(inner := entry.get("items"), YamlList):
            waiting += inner
    return Renaming(prefix, frozenset(names), frozenset(map(str, module_parts.get("scales", ()))))


def _rename_part(part: str, node: YamlMapping, renaming: Renaming) -> YamlMapping:
    """Rename all names of a module's `scales` or `compute`."""
    result = YamlMapping(node.where)
    for key, value in node.items():
        renamed = _replace_text(key, renaming.prefix + key) if isinstance(key, YamlScalar) else renaming.prefix + key
        result[renamed] = _rename_expressions(value, renaming) if part == "compute" else _rename_node(value, renaming)
    return result


def _rename_node(node: YamlNode, renaming: Renaming) -> YamlNode:
    if isinstance(node, YamlScalar):
        return renaming.rename_in_text(node)
    return _rename_list(node, renaming) if isinstance(node, YamlList) else _rename_mapping(node, renaming)


def _rename_list(node: YamlList, renaming: Renaming) -> YamlList:
    result = YamlList(node.where)
    result += [_rename_node(entry, renaming) for entry in node]
    return result


def _rename_mapping(node: YamlMapping, renaming: Renaming) -> YamlMapping:
    result = YamlMapping(node.where)
    for key, value in node.items():
        if key == "options" and isinstance(value, YamlMapping) and is_options_source(value):
            result[key] = _rename_expressions(value, renaming)
        elif key in KEYS_OF_CODES and isinstance(value, YamlMapping):
            result[key] = _rename_coded_mapping(value, renaming, ids=key == "statements")
        elif key in EXPRESSION_KEYS:
            result[key] = _rename_expressions(value, renaming)
        elif key == "id" and isinstance(value, YamlScalar):
            result[key] = _replace_text(value, renaming.rename(value))
        elif key in LIST_NAME_KEYS and isinstance(value, YamlScalar):
            result[key] = _replace_text(value, renaming.prefix + value if value in renaming.lists else value)
        else:
            result[key] = _rename_node(value, renaming)
    return result


def _rename_coded_mapping(node: YamlMapping, renaming: Renaming, *, ids: bool) -> YamlMapping:
    """Rename within a mapping whose keys are codes or names: its values are texts or entries."""
    result = YamlMapping(node.where)
    for key, value in node.items():
        result[_replace_text(key, renaming.rename(key)) if ids and isinstance(key, YamlScalar) else key] = _rename_node(
            value, renaming
        )
    return result


def _rename_expressions(node: YamlNode, renaming: Renaming) -> YamlNode:
    """Rename within an expression, or several (by language, or in a list)."""
    if isinstance(node, YamlScalar):
        return renaming.rename_in_expression(node)
    if isinstance(node, YamlList):
        result = YamlList(node.where)
        result += [_rename_expressions(entry, renaming) for entry in node]
        return result
    branch = YamlMapping(node.where)
    for key, value in node.items():
        branch[key] = _rename_expressions(value, renaming)
    return branch


def _replace_text(node: YamlScalar, text: str) -> YamlScalar:
    """Return the same scalar with another text."""
    return node if text == node else YamlScalar(text, node.where, plain=node.plain)
