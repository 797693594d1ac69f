"""Includes and named texts: inserts the parts of modules into the top file's nodes, and words for names in braces.

It opens no file: the caller supplies a function that loads a module. A `prefix` changes names only, and every character
keeps the position at which it is written.
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
        for name, node in texts.items():  # a text can use those written before it
            self._texts[str(name)] = self.insert(node)

    def insert(self, node: YamlNode) -> YamlNode:
        """Return the node with all named texts inserted."""
        if isinstance(node, YamlScalar):
            return self._insert_into_text(node)
        if isinstance(node, YamlList):
            return YamlList(node.where, map(self.insert, node))
        mapping = YamlMapping(node.where, node)
        is_by_language = bool(node) and all(key in self.languages for key in node)
        for key, value in node.items():
            is_text = is_by_language and isinstance(value, YamlScalar)
            mapping[key] = self._replace(value, key) if is_text else self.insert(value)  # type: ignore[arg-type]  # is_text
        return mapping

    def _insert_into_text(self, text: YamlScalar) -> YamlNode:
        """Insert into a text; it becomes one for each language if a named text is."""
        names = {match[1].strip() for match in self._find_fills(text)}
        if not any(isinstance(self._texts[name], YamlMapping) for name in names):
            return self._replace(text, "")
        by_language = YamlMapping(text.where)
        for language in self.languages:
            by_language[YamlScalar(language, text.where)] = self._replace(text, language)
        return by_language

    def _find_fills(self, text: YamlScalar) -> Iterator[re.Match[str]]:
        for match in FILL.finditer(text) if "{" in text else ():
            if match[1] is not None and match[1].strip() in self._texts:
                yield match

    def _replace(self, text: YamlScalar, language: str) -> YamlScalar:
        spans = []
        for match in self._find_fills(text):
            name = match[1].strip()
            self.used.add(name)
            words = self._texts[name]
            if isinstance(words, YamlMapping):
                words = words.get(language) or next(iter(words.values()), YamlScalar("", NOWHERE))
            if isinstance(words, YamlScalar):
                spans.append((*match.span(), _change_case(words, match[2].strip())))
        return replace_spans(text, spans, text.where) if spans else text


def _change_case(words: YamlScalar, format_spec: str) -> YamlScalar:
    """Return the words in the case that a fill asks for: `{who:title}` begins a sentence."""
    cases = {
        ":title": words[:1].upper() + words[1:],
        ":upper": words.upper(),
        ":lower": words.lower(),
    }
    changed = cases.get(format_spec)
    return words if changed is None else YamlScalar(changed, words.where, plain=words.plain)


ModuleLoader: TypeAlias = Callable[[str, Position], YamlMapping | None]
"""Returns a module's nodes for its path below the top file's folder, included at a position; None after a problem."""

ListLoader: TypeAlias = Callable[[str, Position], SourceFile | None]
"""Returns a search list's text for its path below the top file's folder; None after a problem."""

MODULE_KEYS: Final = ("scales", "compute", "items")
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
        return self._insert_prefix(
            text, [at for start, end in fills for at in self._find_names(text, start, end)]
        )

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
    """The expansion of one instrument's includes, which adds at most `values` values."""

    load_module: ModuleLoader
    problems: list[Problem]
    """Includes that are not possible are added here."""
    values: int
    languages: Sequence[str]
    seen: dict[tuple[str, str], Position] = field(default_factory=dict)

    def expand_file(self, tree: YamlMapping, path: str) -> YamlMapping:
        """Replace every `include` of the top file, whose name below its own folder is `path`, by the items it names."""
        parts = [(part, tree[part]) for part in ("scales", "compute") if part in tree]
        target = {
            part: YamlMapping(node.where, node)
            for part, node in parts
            if isinstance(node, YamlMapping)
        }
        items = self.expand_items(tree.get("items"), _Visit(path, chain=(path,)), target)
        result = YamlMapping(tree.where, tree)
        for part, node in target.items():
            if part not in tree or isinstance(tree[part], YamlMapping):
                result[_find_key(result, part, node.where)] = node
        if items is not None:
            result[_find_key(result, "items", tree.where)] = items
        return result

    def expand_items(
        self, node: YamlNode | None, visit: _Visit, target: dict[str, YamlMapping]
    ) -> YamlNode | None:
        """Expand the includes in a list of items and in its sections; anything else stays as it is."""
        if not isinstance(node, YamlList):
            return node
        result = YamlList(node.where)
        for entry in node:
            if isinstance(entry, YamlMapping) and "include" in entry:
                result += self.expand_include(entry, visit, target)
            elif isinstance(entry, YamlMapping) and isinstance(
                items := entry.get("items"), YamlList
            ):
                inner = cast(YamlList, self.expand_items(items, visit, target))
                group = YamlMapping(entry.where, entry)
                group[_find_key(group, "items", inner.where)] = inner
                result.append(group)
            else:
                result.append(entry)
        return result

    def expand_include(
        self, entry: YamlMapping, visit: _Visit, target: dict[str, YamlMapping]
    ) -> list[YamlNode]:
        """Return the items of an `{include: …}` entry; its scales and computes are added to `target`."""
        for key in entry:
            if key not in ("include", "prefix", "with"):
                what = f"'{shorten(key)}' is not a key of an include"
                remedy = "the others are 'prefix' and 'with'; for a condition, put the include in a section"
                self.report("include", locate_key(entry, key), what, remedy)
        path_node = entry["include"]
        prefix = entry.get("prefix", YamlScalar("", entry.where))
        if not isinstance(path_node, YamlScalar) or not isinstance(prefix, YamlScalar):
            what = "an include needs a path, and a prefix needs a word"
            self.report("include", entry.where, what, "write 'include: modules/name.yaml'")
            return []
        if prefix and not _PREFIX.match(prefix):
            remedy = "a prefix is a letter, then letters, digits or _, at most 16: 'b_'"
            self.report_scalar("include", prefix, f"'{shorten(prefix)}' can't begin a name", remedy)
            return []
        path = resolve_path(path_node, visit.path, self.problems)
        full_prefix = visit.prefix + prefix
        if path is None or not self._may_include(path, full_prefix, path_node, visit):
            return []
        texts = entry.get("with", YamlMapping(entry.where))
        if not isinstance(texts, YamlMapping):
            what, remedy = "with: needs names and their words", "write 'with: {who: your partner}'"
            self.report("include", texts.where, what, remedy)
            return []
        tree = self.load_module(path, path_node.where)
        if tree is None:
            return []
        return self.splice(
            tree, _Visit(path, full_prefix, (*visit.chain, path)), str(prefix), texts, target
        )

    def _may_include(self, path: str, prefix: str, path_node: YamlScalar, visit: _Visit) -> bool:
        """Return whether a file can be included here, with this prefix, or report why not."""
        if path in visit.chain:
            what = f"the file includes itself: {' → '.join((*visit.chain[visit.chain.index(path) :], path))}"
            self.report_scalar("include-loop", path_node, what, "remove one of these includes")
            return False
        first_position = self.seen.setdefault((path, prefix), path_node.where)
        if first_position is not path_node.where:
            what = f"'{shorten(path_node)}' is already included at {first_position}"
            self.report_scalar(
                "include-twice", path_node, what, "give each its own prefix: 'prefix: b_'"
            )
            return False
        if len(self.seen) == MAX_INCLUDES + 1:
            what = f"there are more than {MAX_INCLUDES} includes"
            self.report_scalar("include", path_node, what, "use fewer, larger modules")
        return len(self.seen) <= MAX_INCLUDES and self.values >= 0

    def splice(
        self,
        tree: YamlMapping,
        visit: _Visit,
        prefix: str,
        texts: YamlMapping,
        target: dict[str, YamlMapping],
    ) -> list[YamlNode]:
        """Return a module's items with its own prefix and texts; its scales and computes are added to `target`."""
        for key in tree:
            if key not in MODULE_KEYS:
                otherwise = (
                    "it contains scales, compute and items; the rest belongs in the top file"
                )
                remedy = suggest_nearest(key, MODULE_KEYS, otherwise=otherwise)
                what = f"'{shorten(key)}' is not a key of a module"
                self.report("module-key", locate_key(tree, key), what, remedy, length=len(key))
        module_parts: dict[str, YamlMapping] = {}
        for part in ("scales", "compute"):
            node = tree.get(part)
            if isinstance(node, YamlMapping):
                module_parts[part] = YamlMapping(node.where, node)
            elif node is not None and node != "":
                what = f"'{part}' of a module must be a mapping"
                remedy = f"write names below '{part}:', each with a colon"
                self.report("module-key", node.where, what, remedy)
        items = self.expand_items(tree.get("items", YamlList(tree.where)), visit, module_parts)
        if not isinstance(items, YamlList):
            where = items.where if items is not None else tree.where
            self.report(
                "module-key",
                where,
                "'items' of a module must be a list",
                "begin each item with '- '",
            )
            items = YamlList(tree.where)
        parts: list[YamlNode] = [items, *module_parts.values()]
        self.values -= sum(len(list(iterate_nodes(part))) for part in parts)
        if self.values < 0:
            what = "the instrument with its modules has more than a million values"
            self.report("too-many-values", items.where, what, "include fewer modules")
            return []
        if prefix:
            renaming = _build_renaming(prefix, items, module_parts)
            items = cast(YamlList, _rename_node(items, renaming))
            module_parts = {
                part: _rename_part(part, node, renaming) for part, node in module_parts.items()
            }
        if texts:
            items = self.insert_texts(texts, items, module_parts)
        for part, node in module_parts.items():
            self.merge(part, node, target)
        return list(items)

    def insert_texts(
        self, texts: YamlMapping, items: YamlList, module_parts: dict[str, YamlMapping]
    ) -> YamlList:
        """Insert the texts of an include into a module's items and scales; one that it does not use is reported."""
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

    def merge(self, part: str, node: YamlMapping, target: dict[str, YamlMapping]) -> None:
        """Add a module's scales or computes; a name that exists already is reported at both positions."""
        existing = target.setdefault(part, YamlMapping(node.where))
        for key, value in node.items():
            if key not in existing:
                existing[key] = value
                continue
            positions = locate_key(node, key), locate_key(existing, key)
            kind = "scale" if part == "scales" else "compute"
            for where, elsewhere in (positions, positions[::-1]):
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
    """Return the path of an included file below the top file's folder, or None, with a problem, if it is not valid.

    `including` is the path of the file that includes it.
    """
    parts = path_node.split("/")
    if "\\" in path_node or re.match(r"[A-Za-z]:", path_node):
        what, remedy = (
            "is not a valid path",
            "write folders with '/': 'modules/name.yaml', 'lists/name.csv'",
        )
    elif not path_node.strip() or "\0" in path_node:
        what, remedy = "names no file", "write its path: 'modules/name.yaml', 'lists/name.csv'"
    elif path_node.startswith(("/", "~")):
        what, remedy = (
            "is not below the instrument's folder",
            "write the path from this file's own folder",
        )
    elif ".." in parts:
        what = "leads to a parent folder"
        remedy = (
            "keep modules and lists below the folder of the file that includes them, without '..'"
        )
    else:
        return posixpath.normpath(posixpath.join(posixpath.dirname(including), path_node))
    what = f"'{shorten(path_node)}' {what}"
    problems.append(
        Problem("include-path", path_node.where, "", what, remedy, length=max(1, len(path_node)))
    )
    return None


def load_search_lists(
    tree: YamlMapping, load_text: ListLoader, folder: str, problems: list[Problem]
) -> None:
    """Replace the path of each search list by the same path with the file's text.

    `folder` is the prefix of the names of files in positions.
    """
    for item in list(iterate_nodes(tree.get("items", tree))):
        if isinstance(item, YamlMapping) and item.get("type") == "search":
            path_node = item.get("list")
            if isinstance(path_node, YamlScalar):
                path = resolve_path(path_node, path_node.where.file.removeprefix(folder), problems)
                file = load_text(path, path_node.where) if path is not None else None
                if file is not None:
                    item[_find_key(item, "list", path_node.where)] = FileScalar.from_path(
                        path_node, file
                    )


# Nodes.


def _find_key(holder: YamlMapping, name: str, where: Position) -> str:
    """Return the key of `holder` with this name, or a new one at `where`."""
    return next((key for key in holder if key == name), YamlScalar(name, where, plain=True))


# Renaming.


def _build_renaming(
    prefix: str, items: YamlList, module_parts: Mapping[str, YamlMapping]
) -> Renaming:
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

    def rename(value: YamlNode) -> YamlNode:
        return (
            map_scalars(value, renaming.rename_in_expression)
            if part == "compute"
            else _rename_node(value, renaming)
        )

    return YamlMapping(
        node.where, {_replace_text(k, renaming.prefix + k): rename(v) for k, v in node.items()}
    )


def _rename_node(node: YamlNode, renaming: Renaming) -> YamlNode:
    """Rename within items, sections or texts."""
    if isinstance(node, YamlScalar):
        return renaming.rename_in_text(node)
    if isinstance(node, YamlList):
        return YamlList(node.where, [_rename_node(entry, renaming) for entry in node])
    return YamlMapping(
        node.where, {key: _rename_value(key, value, renaming) for key, value in node.items()}
    )


def _rename_value(key: str, value: YamlNode, renaming: Renaming) -> YamlNode:
    """Rename within the value of a key, by what the key's value is."""
    if (
        isinstance(value, YamlMapping)
        and key in KEYS_OF_CODES
        and not (key == "options" and is_options_source(value))
    ):
        new_key = renaming.rename if key == "statements" else str
        entries = {
            _replace_text(code, new_key(code)): _rename_node(entry, renaming)
            for code, entry in value.items()
        }
        return YamlMapping(value.where, entries)
    if key in EXPRESSION_KEYS or (key == "options" and isinstance(value, YamlMapping)):
        return map_scalars(value, renaming.rename_in_expression)
    if isinstance(value, YamlScalar) and (
        key == "id" or (key in LIST_NAME_KEYS and value in renaming.lists)
    ):
        return _replace_text(
            value, renaming.rename(value) if key == "id" else renaming.prefix + value
        )
    return _rename_node(value, renaming)


def _replace_text(node: str, text: str) -> YamlScalar:
    """Return the same scalar with another text."""
    assert isinstance(node, YamlScalar)
    return node if text == node else YamlScalar(text, node.where, plain=node.plain)
