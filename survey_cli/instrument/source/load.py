"""What does the file say? Reads an instrument and its modules into one tree that knows its places.

The only module that opens a file or names YAML. It never decides what a word means: that is for `build`.
"""

import gc
import hashlib
import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from survey_cli.instrument.source import modules
from survey_cli.instrument.source.hints.hint import shorten
from survey_cli.instrument.source.hints.parser_errors import Fault, explained
from survey_cli.instrument.source.node_builder import MAX_EVENTS, MAX_PROBLEMS, Growth
from survey_cli.instrument.source.nodes import File, Listed, Mapped, Written
from survey_cli.instrument.source.text_decoding import MAX_BYTES, Unreadable, decoded, unseen
from survey_cli.problems import Position, Problem, did_you_mean, in_order

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where it is there; the slow parser in Python, which gives the same events, where it is not."""

Fetch: TypeAlias = Callable[[str], str | bytes]
"""A module's text by its path below the top file's folder. Raises LookupError or OSError if it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What was read: the tree with its modules in place, or None where a file can't be made out at all."""

    tree: Mapped | None
    problems: tuple[Problem, ...]
    texts: Mapping[str, str]
    """Every file's text, line ends as `\\n`, by its path below the top file's folder; the top file first."""
    digest: str
    """SHA-256 in hex over all texts and the modules' names. The top file's own name is no part of it: a copy
    under another name is the same instrument."""
    folder: str = ""
    """What stands before the names of `texts` in a Position's file."""

    def line(self, where: Position) -> str:
        """The line of text at a place, for showing it; empty where there is none."""
        text = self.texts.get(where.file.removeprefix(self.folder), "")
        lines = text.split("\n")
        return lines[where.line - 1] if 0 < where.line <= len(lines) else ""


def read(path: Path | str) -> Source:
    """Reads an instrument file and the modules it includes. Never raises for what is in them or missing."""
    top = Path(path)

    def fetch(name: str) -> bytes | Unreadable:
        return _contents(top.parent / name, inside=top.parent)

    return _source(str(path), _contents(top), fetch)


def read_text(text: str | bytes, name: str = "instrument.yaml", *, fetch: Fetch | None = None) -> Source:
    """Reads an instrument at hand as text, called `name` in problems; its modules come from `fetch`."""

    def fetched(module: str) -> str | bytes | Unreadable:
        if fetch is not None:
            try:
                return fetch(module)
            except (LookupError, OSError):
                pass
        return Unreadable("no-file", f"there is no file '{module}'", "check the path")

    return _source(name, text, fetched)


def _source(
    name: str, opened: str | bytes | Unreadable, fetch: Callable[[str], str | bytes | Unreadable]
) -> Source:
    folder, top = posixpath.split(name)
    folder = posixpath.join(folder, "") if folder else ""
    texts: dict[str, str] = {}
    problems: list[Problem] = []
    trees: dict[str, Mapped | Unreadable | None] = {}

    def tree_of(below: str, contents: str | bytes | Unreadable) -> Mapped | Unreadable | None:
        if isinstance(contents, Unreadable):
            return contents
        before = len(problems)
        text = decoded(contents, folder + below, problems)
        if isinstance(text, Unreadable):
            return text
        texts[below] = text
        return _tree(text, folder + below, problems) if len(problems) == before else None

    def module(below: str, where: Position) -> Mapped | None:
        if below not in trees:
            trees[below] = tree_of(below, fetch(below))
        found = trees[below]
        if isinstance(found, Unreadable):
            problems.append(Problem(found.rule, where, "", found.what, found.remedy, length=len(below)))
            return None
        return found

    collecting = gc.isenabled()
    gc.disable()  # each collection would walk the growing tree: it doubles the time of a large file
    try:
        tree = tree_of(top, opened)
        if isinstance(tree, Unreadable):
            problems.append(Problem(tree.rule, Position(name), "", tree.what, tree.remedy))
            tree = None
        if tree is not None and "include" in texts[top]:
            tree = modules.expanded(tree, name=top, module=module, problems=problems, values=MAX_EVENTS)
    finally:
        if collecting:
            gc.enable()
    return Source(
        tree=tree, problems=_bounded(problems, name), texts=texts, digest=_digest(texts), folder=folder
    )


def _digest(texts: Mapping[str, str]) -> str:
    top, *rest = texts.items() or [("", "")]
    digest = hashlib.sha256()
    for name, text in [("", top[1]), *sorted(rest)]:
        for part in (name, text):
            data = part.encode("utf-8", "surrogatepass")
            digest.update(b"%d:" % len(data))
            digest.update(data)
    return digest.hexdigest()


def _bounded(problems: list[Problem], name: str) -> tuple[Problem, ...]:
    found = in_order(problems)
    if len(found) > MAX_PROBLEMS:
        more = Problem(
            "too-many",
            Position(name),
            "",
            f"{len(found) - MAX_PROBLEMS} more problems are not shown",
            "begin with the first ones",
        )
        found = [*found[:MAX_PROBLEMS], more]
    return tuple(found)


# ── bytes ──────────────────────────────────────────────────────────────────────────────────────────────────


def _contents(path: Path, *, inside: Path | None = None) -> bytes | Unreadable:
    """A file's bytes, unless it is no plain file, too large, or (by a link) outside the folder `inside`."""
    try:
        if not path.exists():
            return _not_there(path)
        if inside is not None and not path.resolve().is_relative_to(inside.resolve()):
            return Unreadable(
                "include-path",
                f"'{path}' leads out of the instrument's folder",
                "keep modules below the folder of the instrument's file",
            )
        if path.is_dir():
            return Unreadable("no-file", "this is a folder", "name the instrument's file in it")
        if not path.is_file():
            return Unreadable("no-file", "this is not a file", "name a file of text")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except PermissionError:
        return Unreadable(
            "no-file", f"'{path}' may not be read by you", "ask its owner for the right to read it"
        )
    except (OSError, ValueError, RuntimeError) as broken:  # RuntimeError: a link that leads to itself
        why = getattr(broken, "strerror", None) or "its name is no file's name"
        return Unreadable("no-file", f"'{shorten(str(path))}' can't be read: {why}", "check the path")
    if len(data) > MAX_BYTES:
        return Unreadable(
            "too-large",
            f"the file is larger than {MAX_BYTES // 1_000_000} MB",
            "an instrument is a text of some hundred kilobytes: is this the right file?",
        )
    return data


def _not_there(path: Path) -> Unreadable:
    if not path.parent.is_dir():
        return Unreadable("no-file", f"there is no folder '{shorten(str(path.parent))}'", "check the path")
    names = sorted(p.name for p in islice(path.parent.iterdir(), 1000) if p.suffix in (".yaml", ".yml"))
    remedy = did_you_mean(path.name, names, otherwise="check the path")
    return Unreadable("no-file", f"there is no file '{shorten(str(path))}'", remedy)


# ── text to a tree ─────────────────────────────────────────────────────────────────────────────────────────


def _tree(text: str, file: str, problems: list[Problem]) -> Mapped | None:
    """The file's mapping; None, and a problem that says why, where there is none."""
    hidden = list(unseen(text, file))
    if hidden:
        problems += hidden
        return None
    growth = Growth(text, File(file, text), yaml.events)
    try:
        root = growth.grown(iter(LOADER(text).get_event, None))
    except yaml.MarkedYAMLError as error:
        problems += explained(text.split("\n"), _fault(error), file)
        return None
    except yaml.YAMLError as error:
        what = f"the file can't be read: {shorten(str(error))}"
        problems.append(
            Problem("syntax", Position(file), "", what, "write it anew in an editor for plain text")
        )
        return None
    problems += growth.problems
    if growth.hopeless:
        return None
    if isinstance(root, Mapped):
        problems += growth.mended(root)
        return root
    problems.append(_no_mapping(root, file))
    return None


def _no_mapping(root: Written | Listed | None, file: str) -> Problem:
    if root is None or root == "":
        remedy = "write 'instrument:', 'title:' and 'items:'"
        return Problem("empty-file", Position(file), "", "the file is empty", remedy)
    if isinstance(root, Listed):
        what, remedy = (
            "the file begins with a list, not with 'key: value' lines",
            "put the list under 'items:'",
        )
    else:
        what = f"the file is one text, '{shorten(root)}', not 'key: value' lines"
        remedy = "write a space after each colon, as in 'title: My survey'"
    return Problem("no-mapping", root.where, "", what, remedy)


def _fault(error: yaml.MarkedYAMLError) -> Fault:
    what, context = error.problem_mark, error.context_mark
    at = what or context
    return Fault(
        what=error.problem or "",
        line=at.line + 1 if at else 1,
        column=at.column + 1 if at else 1,
        context=error.context or "",
        context_line=context.line + 1 if context else 0,
        context_column=context.column + 1 if context else 0,
    )
