"""Includes and named texts: inserts modules into the top file, and words for names in braces.

It opens no file: the caller supplies a function that loads a module. A `prefix` changes names only,
and every character keeps the position at which it is written.
"""

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias, cast

from survey_cli.instrument.source.nodes import (
    NOWHERE,
    FileScalar,
    SourceFile,
    TextComposer,
    YamlList,
    YamlMapping,
    YamlNode,
    YamlScalar,
    is_options_source,
    iterate_nodes,
    locate_key,
    map_scalars,
    replace_spans,
)
from survey_cli.problems import Position, Problem, suggest_nearest
from survey_cli.wording import shorten

FILL: Final = re.compile(r"\{\{|\}\}|\{([^{}:|]*)([^{}]*)\}", re.DOTALL)
"""A fill, its name first; doubled braces are no fill."""


class TextInserter:
    """Inserts named texts into nodes, and records which were used."""

    def __init__(self, texts: Mapping[str, YamlNode], languages: Sequence[str]) -> None:
        self.languages = languages
        self.used: set[str] = set()
        self._texts: dict[str, YamlNode] = {}
        for name, node in texts.items():
            # A text can use those written before it.
            self._texts[str(name)] = self.insert(node)

    def insert(self, node: YamlNode) -> YamlNode:
        """Return the node with all named texts inserted."""
        if isinstance(node, YamlScalar):
            return self._insert_into_text(node)
        if isinstance(node, YamlList):
            return YamlList(node.where, map(self.insert, node))

        result = YamlMapping(node.where)
        is_by_language = bool(node) and all(key in self.languages for key in node)
        for key, value in node.items():
            if is_by_language and isinstance(value, YamlScalar):
                result[key] = self._replace_fills(value, key)
            else:
                result[key] = self.insert(value)
        return result

    def _insert_into_text(self, text: YamlScalar) -> YamlNode:
        """Insert into a text; it becomes one for each language if a named text is."""
        names = {match[1].strip() for match in self._find_fills(text)}
        if not any(isinstance(self._texts[name], YamlMapping) for name in names):
            return self._replace_fills(text, "")

        by_language = YamlMapping(text.where)
        for language in self.languages:
            key = YamlScalar(language, text.where)
            by_language[key] = self._replace_fills(text, language)
        return by_language

    def _find_fills(self, text: YamlScalar) -> Iterator[re.Match[str]]:
        """Find the fills that name one of the texts."""
        if "{" not in text:
            return
        for match in FILL.finditer(text):
            if match[1] is not None and match[1].strip() in self._texts:
                yield match

    def _replace_fills(self, text: YamlScalar, language: str) -> YamlScalar:
        """Replace the fills of a text by the words of a language."""
        spans = []
        for match in self._find_fills(text):
            name = match[1].strip()
            self.used.add(name)
            words = self._texts[name]
            if isinstance(words, YamlMapping):
                words = _choose_language(words, language)
            if isinstance(words, YamlScalar):
                spans.append((*match.span(), _change_case(words, match[2].strip())))

        if not spans:
            return text
        return replace_spans(text, spans, text.where)


def _choose_language(by_language: YamlMapping, language: str) -> YamlNode:
    """Return the words in a language; the first ones written if it has none."""
    words = by_language.get(language)
    if words:
        return words
    for first in by_language.values():
        return first
    return YamlScalar("", NOWHERE)


def _change_case(words: YamlScalar, format_spec: str) -> YamlScalar:
    """Return the words in the case that a fill asks for: `{who:title}` begins a sentence."""
    match format_spec:
        case ":title":
            changed = words[:1].upper() + words[1:]
        case ":upper":
            changed = words.upper()
        case ":lower":
            changed = words.lower()
        case _:
            return words
    return YamlScalar(changed, words.where, plain=words.plain)


ModuleLoader: TypeAlias = Callable[[str, Position], YamlMapping | None]
"""Returns the nodes of the module at a path, which is included at a position; None after a problem.

The path is below the top file's folder."""

ListLoader: TypeAlias = Callable[[str, Position], SourceFile | None]
"""Returns the search list at a path, as ModuleLoader returns a module."""

Parts: TypeAlias = dict[str, YamlMapping]
"""The scales and computes of a file, under these two keys."""

MODULE_KEYS: Final = ("scales", "compute", "items")
_PART_KEYS: Final = ("scales", "compute")
MAX_INCLUDES: Final = 1000

EXPRESSION_KEYS: Final = frozenset(
    (
        "ask_if",
        "unless",
        "expect",
        "if",
        "where",
        "count",
        "prefill",
        "each",
        "from",
        "using",
        "numbers",
        "min",
        "max",
        "total",
    )
)
"""Keys whose value is a condition, a calculation, or the name of an item."""
LIST_NAME_KEYS: Final = frozenset(("scale", "options"))
"""Keys whose value, if it is one word, names a list under `scales`."""
KEYS_OF_CODES: Final = frozenset(
    ("options", "scales", "labels", "nets", "arms", "faq", "statements")
)
"""Keys whose mapping has the designer's own codes, names or questions as keys."""

_PREFIX: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,15}\Z")
_TOKEN: Final = re.compile(
    r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\d[\w.]*|(?P<name>[^\W\d]\w*)", re.DOTALL
)
"""A quoted string, a number, or a name."""


class _Visit(NamedTuple):
    """One file during expansion."""

    path: str
    prefix: str = ""
    """The prefixes of all includes that lead here, one after the other."""
    chain: tuple[str, ...] = ()
    """The files that included one another, from the top file to this one."""


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

        offsets: list[int] = []
        for fill in FILL.finditer(text):
            if fill[1] is not None:  # a doubled brace has no name
                offsets += self._find_names(text, *fill.span(1))
        return self._insert_prefix(text, offsets)

    def _find_names(self, text: str, start: int, end: int) -> Iterator[int]:
        """Find where the names begin that take the prefix."""
        for token in _TOKEN.finditer(text, start, end):
            if token["name"] and token[0] in self.names:
                yield token.start()

    def _insert_prefix(self, text: YamlScalar, offsets: Sequence[int]) -> YamlScalar:
        """Insert the prefix at these offsets; every character keeps its position in the file."""
        if not offsets:
            return text

        composer = TextComposer()
        copied = 0
        for offset in offsets:
            composer.add(text[copied:offset], text, copied)
            # The prefix isn't written in the file: it has the position of its name.
            composer.add(self.prefix, text, offset)
            copied = offset

        composer.add(text[copied:], text, copied)
        return composer.build(text.where)


@dataclass(slots=True)
class IncludeExpander:
    """The expansion of one instrument's includes."""

    load_module: ModuleLoader
    problems: list[Problem]
    """Includes that are not possible are added here."""
    remaining_values: int
    """The number of values that modules may still add."""
    languages: Sequence[str]
    first_includes: dict[tuple[str, str], Position] = field(default_factory=dict)
    """Where a module is included, by its path and its prefix."""

    def expand_file(self, tree: YamlMapping, path: str) -> YamlMapping:
        """Replace all includes of the top file, at `path` below its own folder, by their items."""
        parts: Parts = {}
        for key in _PART_KEYS:
            node = tree.get(key)
            if isinstance(node, YamlMapping):
                parts[key] = YamlMapping(node.where, node)

        items = tree.get("items")
        result = YamlMapping(tree.where, tree)
        if isinstance(items, YamlList):
            expanded = self._expand_list(items, _Visit(path, chain=(path,)), parts)
            result[_find_key(result, "items", tree.where)] = expanded

        for key, node in parts.items():
            # A part of the wrong kind stays as it is written, and is reported later.
            if key not in tree or isinstance(tree[key], YamlMapping):
                result[_find_key(result, key, node.where)] = node
        return result

    def _expand_list(self, items: YamlList, visit: _Visit, parts: Parts) -> YamlList:
        """Expand the includes in a list of items and in its sections."""
        result = YamlList(items.where)
        for entry in items:
            if not isinstance(entry, YamlMapping):
                result.append(entry)
                continue
            if "include" in entry:
                result += self.expand_include(entry, visit, parts)
                continue

            inner = entry.get("items")
            if isinstance(inner, YamlList):
                expanded = self._expand_list(inner, visit, parts)
                section = YamlMapping(entry.where, entry)
                section[_find_key(section, "items", expanded.where)] = expanded
                result.append(section)
            else:
                result.append(entry)
        return result

    def expand_include(self, entry: YamlMapping, visit: _Visit, parts: Parts) -> Sequence[YamlNode]:
        """Return the items of an `{include: …}`; its scales and computes are added to `parts`."""
        for key in entry:
            if key not in ("include", "prefix", "with"):
                what = f"'{shorten(key)}' is not a key of an include"
                remedy = (
                    "the others are 'prefix' and 'with'; "
                    "for a condition, put the include in a section"
                )
                self.report("include", locate_key(entry, key), what, remedy)

        path_node = entry["include"]
        prefix = entry.get("prefix", YamlScalar("", entry.where))
        if not isinstance(path_node, YamlScalar) or not isinstance(prefix, YamlScalar):
            what = "an include needs a path, and a prefix needs a word"
            self.report("include", entry.where, what, "write 'include: modules/name.yaml'")
            return []
        if prefix and not _PREFIX.match(prefix):
            what = f"'{shorten(prefix)}' can't begin a name"
            remedy = "a prefix is a letter, then letters, digits or _, at most 16: 'b_'"
            self.report_scalar("include", prefix, what, remedy)
            return []

        path = resolve_path(path_node, visit.path, self.problems)
        full_prefix = visit.prefix + prefix
        if path is None or not self._may_include(path, full_prefix, path_node, visit):
            return []

        texts = entry.get("with", YamlMapping(entry.where))
        if not isinstance(texts, YamlMapping):
            what = "with: needs names and their words"
            self.report("include", texts.where, what, "write 'with: {who: your partner}'")
            return []

        tree = self.load_module(path, path_node.where)
        if tree is None:
            return []
        module_visit = _Visit(path, full_prefix, (*visit.chain, path))
        return self.splice(tree, module_visit, str(prefix), texts, parts)

    def _may_include(self, path: str, prefix: str, path_node: YamlScalar, visit: _Visit) -> bool:
        """Return whether a file can be included here, with this prefix, or report why not."""
        if path in visit.chain:
            loop = (*visit.chain[visit.chain.index(path) :], path)
            what = f"the file includes itself: {' → '.join(loop)}"
            self.report_scalar("include-loop", path_node, what, "remove one of these includes")
            return False

        first = self.first_includes.get((path, prefix))
        if first is not None:
            what = f"'{shorten(path_node)}' is already included at {first}"
            remedy = "give each its own prefix: 'prefix: b_'"
            self.report_scalar("include-twice", path_node, what, remedy)
            return False
        self.first_includes[path, prefix] = path_node.where

        # Only the first include that is too many is reported.
        if len(self.first_includes) == MAX_INCLUDES + 1:
            what = f"there are more than {MAX_INCLUDES} includes"
            self.report_scalar("include", path_node, what, "use fewer, larger modules")
        return len(self.first_includes) <= MAX_INCLUDES and self.remaining_values >= 0

    def splice(
        self, tree: YamlMapping, visit: _Visit, prefix: str, texts: YamlMapping, parts: Parts
    ) -> Sequence[YamlNode]:
        """Return a module's items with its prefix and texts inserted.

        Its scales and computes are added to `parts`.
        """
        for key in tree:
            if key not in MODULE_KEYS:
                otherwise = (
                    "it contains scales, compute and items; the rest belongs in the top file"
                )
                remedy = suggest_nearest(key, MODULE_KEYS, otherwise=otherwise)
                what = f"'{shorten(key)}' is not a key of a module"
                self.report("module-key", locate_key(tree, key), what, remedy, length=len(key))

        module_parts = self._copy_module_parts(tree)
        items = self._expand_module_items(tree, visit, module_parts)

        self.remaining_values -= _count_nodes(items)
        for node in module_parts.values():
            self.remaining_values -= _count_nodes(node)
        if self.remaining_values < 0:
            what = "the instrument with its modules has more than a million values"
            self.report("too-many-values", items.where, what, "include fewer modules")
            return []

        if prefix:
            renaming = _build_renaming(prefix, items, module_parts)
            items = cast(YamlList, _rename_node(items, renaming))
            for key, node in module_parts.items():
                module_parts[key] = _rename_part(key, node, renaming)
        if texts:
            items = self.insert_texts(texts, items, module_parts)
        for key, node in module_parts.items():
            self.merge(key, node, parts)
        return items

    def _copy_module_parts(self, tree: YamlMapping) -> Parts:
        """Return copies of a module's scales and computes, to which its own includes add theirs."""
        module_parts: Parts = {}
        for key in _PART_KEYS:
            node = tree.get(key)
            if isinstance(node, YamlMapping):
                module_parts[key] = YamlMapping(node.where, node)
            elif node is not None and node != "":
                what = f"'{key}' of a module must be a mapping"
                remedy = f"write names below '{key}:', each with a colon"
                self.report("module-key", node.where, what, remedy)
        return module_parts

    def _expand_module_items(self, tree: YamlMapping, visit: _Visit, parts: Parts) -> YamlList:
        """Return the items of a module; none, after a problem, if they are no list."""
        items = tree.get("items", YamlList(tree.where))
        if isinstance(items, YamlList):
            return self._expand_list(items, visit, parts)

        what = "'items' of a module must be a list"
        self.report("module-key", items.where, what, "begin each item with '- '")
        return YamlList(tree.where)

    def insert_texts(self, texts: YamlMapping, items: YamlList, module_parts: Parts) -> YamlList:
        """Insert the texts of an include into a module's items and scales; report unused ones."""
        inserter = TextInserter(texts, self.languages)
        items = cast(YamlList, inserter.insert(items))
        if "scales" in module_parts:
            module_parts["scales"] = cast(YamlMapping, inserter.insert(module_parts["scales"]))

        for key in texts:
            if key not in inserter.used:
                what = f"the module has no '{{{shorten(key)}}}'"
                remedy = "use the name in a text of the module, or remove it"
                self.report("include", locate_key(texts, key), what, remedy, length=len(key))
        return items

    def merge(self, part: str, node: YamlMapping, parts: Parts) -> None:
        """Add a module's scales or computes; a name that exists is reported at both positions."""
        existing = parts.setdefault(part, YamlMapping(node.where))
        kind = "scale" if part == "scales" else "compute"
        for key, value in node.items():
            if key not in existing:
                existing[key] = value
                continue

            here = locate_key(node, key)
            there = locate_key(existing, key)
            for where, elsewhere in ((here, there), (there, here)):
                what = f"there is another {kind} '{shorten(key)}' at {elsewhere}"
                remedy = "rename one, or include the module with a prefix"
                self.report("clash", where, what, remedy, length=len(key))

    def report(
        self, rule: str, where: Position, what: str, remedy: str, *, length: int = 1
    ) -> None:
        self.problems.append(Problem(rule, where, "", what, remedy, length=length))

    def report_scalar(self, rule: str, node: YamlScalar, what: str, remedy: str) -> None:
        self.report(rule, node.where, what, remedy, length=len(node))


def resolve_path(path_node: YamlScalar, including: str, problems: list[Problem]) -> str | None:
    """Return the path of an included file below the top file's folder.

    `including` is the path of the file that includes it. A path that is not valid is added to the
    problems, and None is returned.
    """
    mistake = _explain_bad_path(path_node)
    if mistake is None:
        return posixpath.normpath(posixpath.join(posixpath.dirname(including), path_node))

    what, remedy = mistake
    what = f"'{shorten(path_node)}' {what}"
    length = max(1, len(path_node))
    problems.append(Problem("include-path", path_node.where, "", what, remedy, length=length))
    return None


def _explain_bad_path(path: str) -> tuple[str, str] | None:
    """Return what is wrong with a path, and the remedy; None if it is valid."""
    if "\\" in path or re.match(r"[A-Za-z]:", path):
        remedy = "write folders with '/': 'modules/name.yaml', 'lists/name.csv'"
        return "is not a valid path", remedy
    if not path.strip() or "\0" in path:
        return "names no file", "write its path: 'modules/name.yaml', 'lists/name.csv'"
    if path.startswith(("/", "~")):
        what = "is not below the instrument's folder"
        return what, "write the path from this file's own folder"
    if ".." in path.split("/"):
        remedy = (
            "keep modules and lists below the folder of the file that includes them, without '..'"
        )
        return "leads to a parent folder", remedy
    return None


def load_search_lists(
    tree: YamlMapping, load_text: ListLoader, folder: str, problems: list[Problem]
) -> None:
    """Replace the path of each search list by the same path with the file's text.

    `folder` is the prefix of the names of files in positions.
    """
    for item in iterate_nodes(tree.get("items", tree)):
        if not isinstance(item, YamlMapping) or item.get("type") != "search":
            continue
        path_node = item.get("list")
        if not isinstance(path_node, YamlScalar):
            continue

        including = path_node.where.file.removeprefix(folder)
        path = resolve_path(path_node, including, problems)
        if path is None:
            continue
        file = load_text(path, path_node.where)
        if file is not None:
            key = _find_key(item, "list", path_node.where)
            item[key] = FileScalar.from_path(path_node, file)


# Nodes.


def _find_key(holder: YamlMapping, name: str, where: Position) -> str:
    """Return the key of `holder` with this name, which has a position, or a new one at `where`."""
    for key in holder:
        if key == name:
            return key
    return YamlScalar(name, where, plain=True)


def _count_nodes(node: YamlNode) -> int:
    return sum(1 for _ in iterate_nodes(node))


# Renaming.


def _build_renaming(prefix: str, items: YamlList, module_parts: Parts) -> Renaming:
    """Collect the names of a module: only these take its prefix."""
    names = {str(name) for name in module_parts.get("compute", ())}
    waiting: list[YamlNode] = list(items)
    while waiting:
        entry = waiting.pop()
        if not isinstance(entry, YamlMapping):
            continue

        item_id = entry.get("id")
        if isinstance(item_id, YamlScalar):
            names.add(str(item_id))
        statements = entry.get("statements")
        if isinstance(statements, YamlMapping):
            names.update(map(str, statements))
        inner = entry.get("items")
        if isinstance(inner, YamlList):
            waiting += inner

    lists = frozenset(map(str, module_parts.get("scales", ())))
    return Renaming(prefix, frozenset(names), lists)


def _rename_part(part: str, node: YamlMapping, renaming: Renaming) -> YamlMapping:
    """Rename all names of a module's `scales` or `compute`."""
    result = YamlMapping(node.where)
    for key, value in node.items():
        new_key = _replace_text(key, renaming.prefix + key)
        if part == "compute":
            result[new_key] = map_scalars(value, renaming.rename_in_expression)
        else:
            result[new_key] = _rename_node(value, renaming)
    return result


def _rename_node(node: YamlNode, renaming: Renaming) -> YamlNode:
    """Rename within items, sections or texts."""
    if isinstance(node, YamlScalar):
        return renaming.rename_in_text(node)
    if isinstance(node, YamlList):
        return YamlList(node.where, [_rename_node(entry, renaming) for entry in node])

    entries = {key: _rename_value(key, value, renaming) for key, value in node.items()}
    return YamlMapping(node.where, entries)


def _rename_value(key: str, value: YamlNode, renaming: Renaming) -> YamlNode:
    """Rename within the value of a key, by what the key's value is."""
    if isinstance(value, YamlMapping):
        if key == "options" and is_options_source(value):
            return map_scalars(value, renaming.rename_in_expression)
        if key in KEYS_OF_CODES:
            return _rename_by_code(key, value, renaming)

    if key in EXPRESSION_KEYS:
        return map_scalars(value, renaming.rename_in_expression)

    if isinstance(value, YamlScalar):
        if key == "id":
            return _replace_text(value, renaming.rename(value))
        if key in LIST_NAME_KEYS and value in renaming.lists:
            return _replace_text(value, renaming.prefix + value)
    return _rename_node(value, renaming)


def _rename_by_code(key: str, node: YamlMapping, renaming: Renaming) -> YamlMapping:
    """Rename within the texts of codes. The designer's codes stay; names of statements don't."""
    result = YamlMapping(node.where)
    for code, entry in node.items():
        new_code: str = code
        if key == "statements":
            new_code = _replace_text(code, renaming.rename(code))
        result[new_code] = _rename_node(entry, renaming)
    return result


def _replace_text(node: str, text: str) -> YamlScalar:
    """Return the same scalar with another text."""
    assert isinstance(node, YamlScalar)
    if text == node:
        return node
    return YamlScalar(text, node.where, plain=node.plain)
