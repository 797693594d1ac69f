"""Loader: reads an instrument, its modules and its lists into one tree of nodes with positions.

This is the only module that opens a file of a study or imports YAML. It assigns no meaning to keys
and values.
"""

import contextlib
import gc
import hashlib
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Final, NoReturn, TypeAlias

import yaml

from survey_cli.instrument.source.modules import IncludeExpander, TextInserter, load_search_lists
from survey_cli.instrument.source.node_builder import (
    FORBIDDEN_CHARACTERS,
    MAX_EVENTS,
    MAX_PROBLEMS,
    NodeBuilder,
)
from survey_cli.instrument.source.nodes import (
    SourceFile,
    YamlList,
    YamlMapping,
    YamlScalar,
    locate_key,
)
from survey_cli.problems import Position, Problem, find_nearest, sort_problems
from survey_cli.shared_memory import are_objects_shared
from survey_cli.wording import format_quantity, pluralize, shorten

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml if it is available; otherwise the slow parser in Python, with the same events."""

MAX_BYTES: Final = 5_000_000
_MAX_NAMED: Final = 5
"""Number of questionnaires of a folder that are named."""
_MAX_COMPARED: Final = 1000
"""Number of files of a folder that are compared with the name of a missing one."""
_MAX_CHARACTER_PROBLEMS: Final = 20
_BEGINNING: Final = 20_000
"""Number of bytes in which a questionnaire names itself, after its first comments."""

_FOREIGN_BLANKS: Final = re.compile(
    "[\u00a0\u2002\u2003\u2007\u2009\u202f\u3000]+ *(?=(?:- )?\\w+:\\s|- )"
)
"""Blanks of word processors before a key or a dash: YAML doesn't take them for indentation."""

_UTF16: Final = re.compile(rb"(?:\0[^\0]){2}|(?:[^\0]\0){2}")

ModuleFetcher: TypeAlias = Callable[[str], str | bytes]
"""Returns the text of the module at a path below the top file's folder.

It raises LookupError or OSError if the module doesn't exist."""


class UnreadableFileError(Exception):
    """A file whose bytes cannot be read, and what to do about it."""

    def __init__(self, rule: str, what: str, remedy: str, *, is_missing: bool = False) -> None:
        super().__init__(what)
        self.rule = rule
        self.what = what
        self.remedy = remedy
        self.is_missing = is_missing
        """Whether the file, or its folder, does not exist."""

    def build_problem(self, where: Position, *, length: int) -> Problem:
        return Problem(self.rule, where, "", self.what, self.remedy, length=length)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentSource:
    """What was read from an instrument's file and its modules."""

    tree: YamlMapping | None
    """The nodes with modules inserted; None if a file can't be parsed at all."""
    problems: tuple[Problem, ...]
    texts: Mapping[str, str]
    r"""The text of every file, with `\n` line ends, by its path below the top file's folder.

    The top file is the first one."""
    digest: str
    """SHA-256 in hexadecimal over all texts and the names of modules.

    The name of the top file has no influence: a copy with another name is the same instrument."""
    folder: str = ""
    """The prefix of the names of `texts` in a Position's file."""

    def find_line(self, where: Position) -> str:
        """Return the line of text at a position, for display; empty if the files don't have it."""
        text = self.texts.get(where.file.removeprefix(self.folder), "")
        lines = text.split("\n")
        if 0 < where.line <= len(lines):
            return lines[where.line - 1]
        return ""


def load_source(path: Path | str) -> InstrumentSource:
    """Load an instrument file and the modules it includes.

    Nothing in the files, and no missing file, raises an exception.
    """
    top = Path(path)
    loader = _Loader(str(path), lambda name: _read_bytes(top.parent / name, inside=top.parent))
    return loader.load(lambda: _read_bytes(top))


def load_source_text(
    text: str | bytes, name: str = "instrument.yaml", *, fetch: ModuleFetcher | None = None
) -> InstrumentSource:
    """Load an instrument from text, called `name` in problems; its modules come from `fetch`."""

    def fetch_or_explain(module: str) -> str | bytes:
        if fetch is not None:
            with contextlib.suppress(LookupError, OSError):
                return fetch(module)
        what = f"there is no file '{module}'"
        raise UnreadableFileError("no-file", what, "check the path", is_missing=True)

    return _Loader(name, fetch_or_explain).load(lambda: text)


@contextlib.contextmanager
def pause_collector() -> Iterator[None]:
    """Collect no garbage meanwhile.

    Repeated collections over the growing tree would double the time for a large file.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            if not are_objects_shared():
                # This moves everything to the oldest generation: the next collection would
                # traverse it.
                gc.freeze()
                gc.unfreeze()
            gc.enable()


class _Loader:
    """The loading of one instrument: its top file, and the files it names, which `fetch` reads."""

    def __init__(self, name: str, fetch: ModuleFetcher) -> None:
        folder, self.top = posixpath.split(name)
        self.name = name
        self.folder = posixpath.join(folder, "") if folder else ""
        self.fetch = fetch
        self.texts: dict[str, str] = {}
        self.problems: list[Problem] = []
        self.trees: dict[str, YamlMapping | UnreadableFileError | None] = {}

    def load(self, read_top: Callable[[], str | bytes]) -> InstrumentSource:
        """Load the top file, which `read_top` reads, and all files that it names."""
        with pause_collector():
            tree = self.build_tree(self.top, read_top)
            if isinstance(tree, UnreadableFileError):
                self.problems.append(tree.build_problem(Position(self.name), length=1))
                tree = None
            if tree is not None:
                tree = self._complete_tree(tree)

        return InstrumentSource(
            tree=tree,
            problems=_limit_problems(self.problems, self.name),
            texts=self.texts,
            digest=_compute_digest(self.texts),
            folder=self.folder,
        )

    def _complete_tree(self, tree: YamlMapping) -> YamlMapping:
        """Insert modules and named texts, and read lists and translations."""
        # Most questionnaires have no modules or lists: a word in the text is found at once, while
        # all nodes would have to be visited.
        if "include" in self.texts[self.top]:
            languages = _list_languages(tree)
            expander = IncludeExpander(self.load_module, self.problems, MAX_EVENTS, languages)
            tree = expander.expand_file(tree, self.top)
        texts = tree.get("texts")
        if isinstance(texts, YamlMapping):
            tree = _insert_named_texts(tree, texts, self.problems)
        if any("search" in text for text in self.texts.values()):
            load_search_lists(tree, self.load_list, self.folder, self.problems)

        _, *translations = _list_languages(tree)
        self.load_translations(translations)
        return tree

    def build_tree(
        self, path: str, read: Callable[[], str | bytes]
    ) -> YamlMapping | UnreadableFileError | None:
        """Read a file and parse it; None, after a problem, if it has no mapping."""
        name = self.folder + path
        before = len(self.problems)
        try:
            text = decode(read(), name, self.problems)
        except UnreadableFileError as error:
            return error

        self.texts[path] = text
        if len(self.problems) > before:
            return None
        return _parse_text(text, name, self.problems)

    def load_module(self, path: str, where: Position) -> YamlMapping | None:
        """Load a module that is included at a position; it is parsed only once."""
        if path not in self.trees:
            self.trees[path] = self.build_tree(path, lambda: self.fetch(path))
        module = self.trees[path]
        if isinstance(module, UnreadableFileError):
            self.problems.append(module.build_problem(where, length=len(path)))
            return None
        return module

    def load_list(self, path: str, where: Position) -> SourceFile | None:
        """Load a file that is no YAML, and is named at a position."""
        name = self.folder + path
        try:
            contents = self.texts.get(path) or self.fetch(path)
            text = decode(contents, name, self.problems)
        except UnreadableFileError as error:
            self.problems.append(error.build_problem(where, length=len(path)))
            return None

        self.texts[path] = text
        return SourceFile(name, text)

    def load_translations(self, languages: Sequence[str]) -> None:
        """Load the PO files beside the top file, if it has any."""
        stem = posixpath.splitext(self.top)[0]
        for language in languages:
            file = f"{stem}.{language}.po"
            if language.replace("-", "").isalnum() and self._has_text(file):
                self._load_catalog(file)

    def _has_text(self, file: str) -> bool:
        """Return whether a file exists and isn't empty; also True if it can't be read."""
        try:
            return bool(self.fetch(file))
        except UnreadableFileError as error:
            return not error.is_missing

    def _load_catalog(self, file: str) -> None:
        """Load a PO file.

        One that can't be read is left out with a warning: the texts of the first language remain.
        """
        before = len(self.problems)
        self.load_list(file, Position(self.name))
        found = self.problems[before:]
        if not found:
            return

        self.texts.pop(file, None)
        remedy = "save it as UTF-8, or remove it; until then its translations are not read"
        warnings = []
        for problem in found:
            where = Position(self.folder + file, problem.where.line, problem.where.column)
            warnings.append(replace(problem, where=where, severity="warning", remedy=remedy))
        self.problems[before:] = warnings


def _list_languages(tree: YamlMapping) -> list[str]:
    """List the languages of a questionnaire, the first one first: English if it names none."""
    languages = tree.get("languages")
    if isinstance(languages, YamlList | YamlMapping) and languages:
        return list(map(str, languages))
    return ["en"]


def _insert_named_texts(
    tree: YamlMapping, texts: YamlMapping, problems: list[Problem]
) -> YamlMapping:
    """Insert the texts under `texts:` wherever they are named, and warn of those that are not."""
    inserter = TextInserter(texts, _list_languages(tree))
    result = YamlMapping(tree.where)
    for key, node in tree.items():
        result[key] = node if key == "texts" else inserter.insert(node)

    for name in texts:
        if name not in inserter.used:
            where = locate_key(texts, name)
            what = f"the text {str(name)!r} is not used"
            remedy = f"write {{{name}}} in a text, or remove it"
            problem = Problem("unused-text", where, "texts", what, remedy, "warning", len(name))
            problems.append(problem)
    return result


def _compute_digest(texts: Mapping[str, str]) -> str:
    """Compute the digest of an instrument; the lengths tell where a name or a text ends."""
    entries = list(texts.items()) or [("", "")]
    _, top_text = entries[0]

    digest = hashlib.sha256()
    for name, text in [("", top_text), *sorted(entries[1:])]:
        for part in (name, text):
            data = part.encode("utf-8", "surrogatepass")
            digest.update(b"%d:" % len(data))
            digest.update(data)
    return digest.hexdigest()


def _limit_problems(problems: list[Problem], name: str) -> tuple[Problem, ...]:
    ordered = sort_problems(problems)
    more = len(ordered) - MAX_PROBLEMS
    if more <= 0:
        return tuple(ordered)

    what = f"{format_quantity(more, 'more problem')} {pluralize(more, 'is', 'are')} not shown"
    last = Problem("too-many", Position(name), "", what, "start with the first ones")
    return (*ordered[:MAX_PROBLEMS], last)


# Bytes.


def _read_bytes(path: Path, *, inside: Path | None = None) -> bytes:
    """Read a plain file, unless it is too large, or (by a link) outside the folder `inside`."""
    try:
        _check_file(path, inside)
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except PermissionError:
        what = f"you have no permission to read '{path}'"
        remedy = "ask its owner for permission to read it"
        raise UnreadableFileError("no-file", what, remedy) from None
    # RuntimeError: a link that points to itself.
    except (OSError, ValueError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or "the name is not valid"
        what = f"'{shorten(str(path))}' can't be read: {why}"
        raise UnreadableFileError("no-file", what, "check the path") from error

    if len(data) > MAX_BYTES:
        what = f"the file is larger than {MAX_BYTES // 1_000_000} MB"
        remedy = "an instrument has a few hundred kilobytes at most: is this the right file?"
        raise UnreadableFileError("too-large", what, remedy)
    return data


def _check_file(path: Path, inside: Path | None) -> None:
    """Raise an error if a path is no plain file, or is outside a folder."""
    if not path.exists():
        _report_missing_file(path, is_named_in_text=inside is not None)
    if inside is not None and not path.resolve().is_relative_to(inside.resolve()):
        what = f"'{path}' is outside the instrument's folder"
        remedy = "keep modules and lists below the folder of the instrument's file"
        raise UnreadableFileError("include-path", what, remedy)
    if path.is_dir():
        raise UnreadableFileError("no-file", "this is a folder", "specify a questionnaire in it")
    if not path.is_file():
        raise UnreadableFileError("no-file", "this is not a file", "specify a text file")


def _report_missing_file(path: Path, *, is_named_in_text: bool) -> NoReturn:
    """Raise what is wrong with the name of a file that doesn't exist.

    A name that was typed already begins the message. A name in a questionnaire is repeated.
    """
    if not path.parent.is_dir():
        what = f"there is no folder '{shorten(str(path.parent))}'"
        raise UnreadableFileError("no-file", what, "check the path", is_missing=True)

    endings = (".yaml", ".yml", path.suffix)
    others = islice(path.parent.iterdir(), _MAX_COMPARED)
    names = sorted(other.name for other in others if other.suffix in endings)

    # Endings are alike, and would make any two short names similar.
    by_stem = {Path(name).stem: name for name in names}
    near = find_nearest(path.stem, by_stem)

    if near is not None:
        remedy = f"did you mean {by_stem[near]!r}?"
    elif is_named_in_text:
        remedy = "check the path"
    else:
        remedy = _list_questionnaires(path.parent, names)

    if is_named_in_text:
        what = f"there is no file '{shorten(str(path))}'"
    else:
        what = "there is no such file"
    raise UnreadableFileError("no-file", what, remedy, is_missing=True)


def _list_questionnaires(folder: Path, names: Sequence[str]) -> str:
    """Return the remedy for a name like no other: the questionnaires of the folder.

    Only a questionnaire has the key `instrument:` at the beginning of a line. Scenarios, analysis
    and settings of a simulation end in .yaml too.
    """
    found = []
    for name in names:
        path = folder / name
        # Opening a named pipe would wait for a writer, forever.
        if not path.is_file():
            continue

        try:
            with path.open("rb") as file:
                beginning = file.read(_BEGINNING)
        except OSError:
            continue
        if b"\ninstrument:" in b"\n" + beginning:
            found.append(name)

    if not found:
        return "check the path"

    named = ", ".join(found[:_MAX_NAMED])
    if len(found) > _MAX_NAMED:
        named = f"{named}, …"
    return f"the questionnaires of this folder are: {named}"


def decode(contents: str | bytes, file: str, problems: list[Problem]) -> str:
    r"""Return the text with `\n` line ends.

    If it isn't UTF-8, a problem is added, and `�` replaces what can't be decoded.
    """
    if len(contents) > MAX_BYTES:
        what = f"the text is larger than {MAX_BYTES // 1_000_000} MB"
        raise UnreadableFileError("too-large", what, "make it shorter")
    if isinstance(contents, str):
        return _normalize_line_ends(contents)

    if contents.startswith(b"PK\x03\x04"):
        what = "this is a workbook or an archive, not a text file"
        raise UnreadableFileError("not-utf8", what, "write the questionnaire in a text editor")
    if contents[:2] in (b"\xff\xfe", b"\xfe\xff") or _UTF16.match(contents):
        what = "the file is saved as UTF-16 (some editors say 'Unicode')"
        raise UnreadableFileError("not-utf8", what, "re-save it as UTF-8")
    try:
        text = contents.decode("utf-8")
    except UnicodeDecodeError as error:
        problems.append(_build_not_utf8_problem(contents, error.start, file))
        text = contents.decode("utf-8", "replace")
    return _normalize_line_ends(text)


def _normalize_line_ends(text: str) -> str:
    r"""Return the text with `\n` line ends, and without a byte order mark."""
    text = text.removeprefix("\ufeff")
    if "\r" not in text:
        return text
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _build_not_utf8_problem(data: bytes, at: int, file: str) -> Problem:
    before = _normalize_line_ends(data[:at].decode("utf-8"))
    line = before.count("\n") + 1
    column = len(before) - before.rfind("\n")
    what = f"the file is not UTF-8: line {line} has the byte {data[at]:02X}"

    # The letter that was probably meant is easier to find than a byte.
    letter = data[at : at + 1].decode("cp1252", "replace")
    if letter.isprintable() and letter != "\ufffd":
        what += f" ({letter} in Windows' old encoding)"
    return Problem("not-utf8", Position(file, line, column), "", what, "re-save the file as UTF-8")


def find_forbidden_characters(text: str, file: str) -> Iterator[Problem]:
    """Find control characters, and lines indented with blanks of word processors.

    Only the first of each line is found.
    """
    matches = list(FORBIDDEN_CHARACTERS.finditer(text))
    for match in _FOREIGN_BLANKS.finditer(text):
        line_start = text.rfind("\n", 0, match.start()) + 1
        if not text[line_start : match.start()].strip(" "):
            matches.append(match)

    # Lines are counted from match to match: a file may have thousands of both.
    last_line = 0
    newlines = 0
    counted = 0
    for match in sorted(matches, key=re.Match.start):
        at = match.start()
        newlines += text.count("\n", counted, at)
        counted = at
        line = newlines + 1
        if line == last_line:
            continue
        last_line = line

        character = f"U+{ord(match[0][0]):04X}"
        if match.re is _FOREIGN_BLANKS:
            what = f"line {line} is indented with a blank that is not a space ({character})"
            remedy = (
                "write ordinary spaces: such blanks come with text pasted from a word processor "
                "or a web page"
            )
        else:
            what = f"line {line} has the invisible character {character}"
            remedy = "delete it: such characters often come with pasted text"
        where = Position(file, line, at - text.rfind("\n", 0, at))
        yield Problem("control-character", where, "", what, remedy)


# Text to nodes.


def _parse_text(text: str, file: str, problems: list[Problem]) -> YamlMapping | None:
    """Parse the file's mapping; returns None, and adds a problem, if it has none."""
    # The parser stops at the first control character, and takes such blanks for text.
    forbidden = list(islice(find_forbidden_characters(text, file), _MAX_CHARACTER_PROBLEMS))
    if forbidden:
        problems += forbidden
        return None

    builder = NodeBuilder(text, SourceFile(file, text), yaml.events)
    try:
        root = builder.build(iter(LOADER(text).get_event, None))
    except yaml.MarkedYAMLError as error:
        # Only a file with an error needs this module.
        from survey_cli.instrument.source.hints.parser_errors import explain_parser_error

        problems += explain_parser_error(text.split("\n"), error, file)
        return None
    except yaml.YAMLError as error:
        what = f"the file can't be read: {shorten(str(error))}"
        remedy = "rewrite it in a plain text editor"
        problems.append(Problem("syntax", Position(file), "", what, remedy))
        return None

    problems += builder.problems
    if builder.is_unusable:
        return None
    if not isinstance(root, YamlMapping):
        problems.append(_build_no_mapping_problem(root, file))
        return None
    problems += builder.repair(root)
    return root


def _build_no_mapping_problem(root: YamlScalar | YamlList | None, file: str) -> Problem:
    if root is None or root == "":
        remedy = "write its keys; a questionnaire has 'instrument:', 'title:' and 'items:'"
        return Problem("empty-file", Position(file), "", "the file is empty", remedy)
    if isinstance(root, YamlList):
        what = "the file begins with a list, not with 'key: value' lines"
        remedy = "put the list under a key, such as 'items:'"
    else:
        what = f"the file is a single text, '{shorten(root)}', not 'key: value' lines"
        remedy = "write a space after each colon, as in 'title: My survey'"
    return Problem("no-mapping", root.where, "", what, remedy)
