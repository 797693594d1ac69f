"""Loops that are written out, put into a module that is included once for each of them.

A block of nine questions that is repeated for 60 topics has 540 questions. They differ only in
their names and in the words of the topic, so that the questionnaire needs them once:

    - include: modules/topics.yaml
      prefix: loop1_
      with: {field_1: the climate}

Nothing changes by it: a module is taken only if its includes stand for exactly what was written.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple, TypeAlias

from survey_cli.conversion.questionnaire.yaml_text import YamlWriter
from survey_cli.instrument.source.load import load_source_text

Tree: TypeAlias = Any
"""A mapping, a list or a scalar of the questionnaire."""

_FEWEST_LOOPS: Final = 4
"""How many loops are worth a file of their own."""


class LoopNames(NamedTuple):
    """What only one of several loops has."""

    prefix: str
    """What the names in it begin with."""
    words: Mapping[str, str]
    """The texts in it that the others don't have, by the names that they get in the module."""


class FoldedText(NamedTuple):
    """A questionnaire, and the modules that it includes."""

    text: str
    modules: Mapping[str, str]
    """The texts of the modules by their paths."""


class _DifferentError(Exception):
    """The loops differ in more than their names and words."""


def fold_loops(tree: dict[str, Tree], loops: Mapping[str, LoopNames], text: str) -> FoldedText:
    """Return a questionnaire with its loops in modules; `text` is the tree as it is written.

    `loops` has the loops by the ids of their sections. Those that differ in more than names and
    words stay written out.
    """
    modules: dict[str, str] = {}
    folded = {**tree, "items": _fold_items(tree["items"], loops, modules)}
    if not modules:
        return FoldedText(text, {})

    short_keys = {name for loop in loops.values() for name in loop.words}
    folded_text = YamlWriter(short_keys).write(folded)
    written = load_source_text(text)
    included = load_source_text(folded_text, fetch=modules.__getitem__)
    if included.problems or included.tree != written.tree:
        return FoldedText(text, {})
    return FoldedText(folded_text, modules)


def _fold_items(
    items: list[Tree], loops: Mapping[str, LoopNames], modules: dict[str, str], name: str = ""
) -> list[Tree]:
    """Return items with the loops among them as includes. `name` is that of their section."""
    if len(items) >= _FEWEST_LOOPS and all(str(item.get("id")) in loops for item in items):
        own = [loops[str(item["id"])] for item in items]
        return _fold_loops(items, own, modules, f"modules/{name}.yaml")

    folded: list[Tree] = []
    for item in items:
        if isinstance(item.get("items"), list):
            inside = _fold_items(item["items"], loops, modules, str(item["id"]))
            folded.append({**item, "items": inside})
        else:
            folded.append(item)
    return folded


def _fold_loops(
    sections: list[Tree], loops: list[LoopNames], modules: dict[str, str], path: str
) -> list[Tree]:
    """Return the sections of loops as includes of a module, or with includes in them.

    A section stays if it has a condition of its own, as that its topic was chosen before.
    """
    with suppress(_DifferentError):
        template = _merge(sections, loops)
        modules[path] = _write_module([template], len(loops))
        return [_make_include(path, loop, modules[path]) for loop in loops]

    with suppress(_DifferentError):
        templates = _merge([section["items"] for section in sections], loops)
        modules[path] = _write_module(templates, len(loops))
        return [
            {**section, "items": [_make_include(path, loop, modules[path])]}
            for section, loop in zip(sections, loops, strict=True)
        ]
    return sections


def _write_module(items: list[Tree], count: int) -> str:
    """Return the text of a module that is included `count` times."""
    comment = f"# The questions of one loop, included {count} times."
    text = YamlWriter().write({"items": items})
    return f"{comment}\n{text}"


def _make_include(path: str, loop: LoopNames, module: str) -> dict[str, Tree]:
    """Return the include of one loop, with those of its words that the module uses."""
    include: dict[str, Tree] = {"include": path, "prefix": loop.prefix}
    used = {name: words for name, words in loop.words.items() if f"{{{name}}}" in module}
    if used:
        include["with"] = used
    return include


# ── what the loops have in common ─────────────────────────────────────────────────────────────────


def _merge(nodes: list[Tree], loops: list[LoopNames]) -> Tree:
    """Return one node for the same node of all loops.

    Raises _DifferentError if they differ in more than the names and words of the loops.
    """
    if all(isinstance(node, dict) for node in nodes):
        return _merge_mappings(nodes, loops)
    if all(isinstance(node, list) for node in nodes):
        return _merge_lists(nodes, loops)
    if all(isinstance(node, str) for node in nodes):
        return _merge_texts(nodes, loops)
    if any(node != nodes[0] for node in nodes):
        raise _DifferentError
    return nodes[0]


def _merge_mappings(nodes: list[dict[Any, Tree]], loops: list[LoopNames]) -> dict[Any, Tree]:
    keys = _merge_lists([list(node) for node in nodes], loops)
    values = _merge_lists([list(node.values()) for node in nodes], loops)
    return dict(zip(keys, values, strict=True))


def _merge_lists(nodes: list[list[Tree]], loops: list[LoopNames]) -> list[Tree]:
    if len({len(node) for node in nodes}) > 1:
        raise _DifferentError
    return [_merge(list(entries), loops) for entries in zip(*nodes, strict=True)]


def _merge_texts(texts: list[str], loops: list[LoopNames]) -> str:
    """Return the text without the prefixes of the names, with names for the words that differ."""
    # A scale that all loops use is named after the first one, so that its prefix is kept.
    if len(set(texts)) == 1:
        return texts[0]

    plain = [
        re.sub(rf"\b{loop.prefix}(?=\w)", "", text) for text, loop in zip(texts, loops, strict=True)
    ]
    if len(set(plain)) == 1:
        return plain[0]

    # If the word of a loop is "art", and the question itself says "art", too, then the text of this
    # loop has a name too many. The text of another loop has the right ones.
    candidates = [_name_words(text, loop) for text, loop in zip(plain, loops, strict=True)]
    for candidate in dict.fromkeys(candidates):
        if [_insert_words(candidate, loop) for loop in loops] == plain:
            return candidate
    raise _DifferentError


def _name_words(text: str, loop: LoopNames) -> str:
    """Return a text with the names of the loop's own words in their place."""
    if not loop.words:
        return text
    names = {words: name for name, words in loop.words.items()}
    by_length = sorted(names, key=len, reverse=True)  # "a dog" before "dog"
    pattern = "|".join(re.escape(words) for words in by_length)

    def write_name(match: re.Match[str]) -> str:
        name = names[match[0]]
        return f"{{{name}}}"

    return re.sub(rf"(?<!\w)(?:{pattern})(?!\w)", write_name, text)


def _insert_words(template: str, loop: LoopNames) -> str:
    """Return a text with the loop's own words in the place of their names."""
    text = template
    for name, words in loop.words.items():
        text = text.replace(f"{{{name}}}", words)
    return text
