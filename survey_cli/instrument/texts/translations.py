"""Translations in PO files beside the questionnaire: `NAME.es.po` for the Spanish of `NAME.yaml`.

An entry's context is the item, with the option or the key: `q1`, `q1/option/2`, `q1/probe`. A
translation is out of date if it is marked fuzzy, or if the text from which it was made has changed.
It is then never read aloud: the text of the first language is, until the translation is confirmed.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from posixpath import splitext
from types import SimpleNamespace
from typing import Final, NamedTuple, Protocol

from pydantic import BaseModel

from survey_cli.instrument.source.nodes import SourceFile, YamlScalar
from survey_cli.instrument.source.scalars import Text
from survey_cli.problems import Position, Problem

NOT_TRANSLATED: Final = frozenset(("compute", "texts", "key", "languages"))
"""Keys without texts, or whose texts are inserted into others."""
HEADER: Final = (
    'msgid ""\nmsgstr ""\n"Language: {language}\\n"\n"MIME-Version: 1.0\\n"\n'
    '"Content-Type: text/plain; charset=utf-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n\n'
)
_FILL: Final = re.compile(r"\{[^{}]*\}")
_FILL_NAME: Final = re.compile(r"\{([\w.\[\]]+)[^{}]*\}")
_PREVIOUS_MARK: Final = "#| "
_CONTEXT: Final = re.compile(r'^msgctxt "(.*)"$', re.MULTILINE)


class TranslatableText(NamedTuple):
    """A text of the questionnaire that can be translated, with all its uses."""

    context: str
    texts: tuple[Text, ...]

    @property
    def text(self) -> Text:
        """The text itself, which all uses have in common."""
        return self.texts[0]


class Translation(NamedTuple):
    """An entry of a PO file."""

    source: str
    """The text from which it was translated."""
    text: str
    fuzzy: bool = False
    line: int = 0
    """The line of its `msgstr`."""
    comments: Sequence[str] = ()
    previous: str = ""
    """The source before it changed."""


def list_translatable(document: object, base: str) -> list[TranslatableText]:
    """List the texts of a document in written order; one that several items inherit occurs once."""
    uses: dict[Position, list[Text]] = {}
    contexts: dict[Position, str] = {}
    for context, text in _iterate_texts(document, ""):
        is_written = text.where.line > 0  # not a default label
        words = _FILL.sub("", text.get(base))
        if is_written and any(letter.isalpha() for letter in words):
            contexts.setdefault(text.where, context)
            uses.setdefault(text.where, []).append(text)
    return [TranslatableText(contexts[where], tuple(texts)) for where, texts in uses.items()]


def _iterate_texts(value: object, context: str) -> Iterator[tuple[str, Text]]:
    """Yield all texts of a part of a document, each with its context."""
    if isinstance(value, Text):
        yield context, value
    elif isinstance(value, list | tuple):
        for number, part in enumerate(value, 1):
            yield from _iterate_texts(part, f"{context}/{number}")
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _iterate_texts(part, f"{context}/{key}")
    elif isinstance(value, BaseModel):
        own = str(getattr(value, "id", None) or context)
        for name in type(value).model_fields:
            if name in NOT_TRANSLATED:
                continue
            if name == "text":
                inner = own
            else:
                # An entry of a PO file is one option. The key `next` is the field `next_`.
                key = "option" if name == "options" else name.rstrip("_")
                inner = f"{own}/{key}".strip("/")
            yield from _iterate_texts(getattr(value, name), inner)


def locate_catalog(instrument: str, language: str) -> str:
    """Return the name of the PO file of a language, beside the questionnaire."""
    return f"{splitext(instrument)[0]}.{language}.po"


def read_catalog(text: str) -> Mapping[str, Translation]:
    """Read the entries of a PO file by context.

    Raises ValueError with a line and a message if the text is no PO file.
    """
    from babel.messages.pofile import PoFileError, read_po

    try:
        catalog = read_po(text.splitlines(keepends=True), abort_invalid=True)
    except (PoFileError, ValueError) as error:
        # Babel counts lines from 0, in the message too.
        line = getattr(error, "lineno", 0) + 1
        what = re.sub(r" on \d+$", "", str(error))
        raise ValueError(line, what) from error

    previous = _read_previous_sources(text)
    lines = text.split("\n")
    entries = {}
    for message in catalog:
        if not message.id or not message.context:
            continue
        former = previous.get(message.context, "")
        entries[message.context] = Translation(
            source=str(message.id),
            text=str(message.string),
            fuzzy=message.fuzzy,
            line=_find_translation_line(lines, message.lineno or 1),
            comments=message.user_comments,
            previous=former if message.fuzzy else "",
        )
    return entries


def _read_previous_sources(text: str) -> Mapping[str, str]:
    """Read the former sources by context: Babel writes them, but does not read them."""
    from babel.messages.pofile import denormalize

    previous: dict[str, str] = {}
    for block in text.split("\n\n"):
        marked = [line for line in block.split("\n") if line.startswith(_PREVIOUS_MARK)]
        context = _CONTEXT.search(block)
        if marked and context is not None:
            lines = [line.removeprefix(_PREVIOUS_MARK).removeprefix("msgid ") for line in marked]
            previous[context[1]] = denormalize("\n".join(lines))
    return previous


def _find_translation_line(lines: Sequence[str], first: int) -> int:
    """Return the line of the first `msgstr` from this line on.

    A translator corrects it there, not at the `msgid`.
    """
    for number in range(first, len(lines) + 1):
        if lines[number - 1].startswith("msgstr"):
            return number
    return first


def render_catalog(
    language: str, entries: Mapping[str, Translation], obsolete: Mapping[str, Translation]
) -> str:
    """Render a PO file. `obsolete` are entries whose text is no longer in the questionnaire."""
    from babel.messages.catalog import Catalog, Message
    from babel.messages.pofile import write_po

    catalog = Catalog(fuzzy=False)
    for context, entry in entries.items():
        catalog.add(
            entry.source,
            entry.text,
            flags=("fuzzy",) if entry.fuzzy else (),
            user_comments=entry.comments,
            previous_id=entry.previous,
            context=context,
        )
    for context, entry in obsolete.items():
        catalog.obsolete[context] = Message(entry.source, entry.text, context=context)

    chunks: list[bytes] = []
    file = SimpleNamespace(write=chunks.append)
    write_po(file, catalog, width=0, omit_header=True, include_previous=True)
    return HEADER.format(language=language) + b"".join(chunks).decode()


class TranslatedDocument(Protocol):
    """A document with texts in several languages."""

    @property
    def languages(self) -> Iterable[str]:
        """The languages; the first is that of texts that are written once."""


def apply_translations(
    document: TranslatedDocument, files: Mapping[str, str], folder: str
) -> list[Problem]:
    """Add the translations of the PO files among `files` to the texts of a document.

    A translation that is written in the questionnaire itself stays. A file that can't be read is a
    warning, which is returned: the texts are then read in the first language.
    """
    base, *languages = [str(language) for language in document.languages]
    problems: list[Problem] = []
    for language in languages:
        name = locate_catalog(next(iter(files)), language)
        if name not in files:
            continue
        file = SourceFile(folder + name, files[name])
        try:
            entries = read_catalog(files[name])
        except ValueError as error:
            line, reason = error.args
            what = f"not a PO file: {reason}, so that nothing is read in {language}"
            remedy = (
                "correct it in a translation program, "
                "or import the right one: survey translations import"
            )
            where = Position(file, line, 1)
            problems.append(Problem("bad-translations", where, "", what, remedy, "warning"))
            continue

        for translatable in list_translatable(document, base):
            entry = entries.get(translatable.context)
            if entry is None or not entry.text.strip():
                continue
            scalar = YamlScalar(entry.text, Position(file, entry.line))
            for text in translatable.texts:
                is_outdated = entry.fuzzy or entry.source != text.get(base)
                text.add_translation(base, language, scalar, is_outdated=is_outdated)
    return problems


def is_in_catalog(where: Position) -> bool:
    """Return whether a position is in a PO file."""
    return where.file.endswith(".po")


def withdraw_translations(document: object, positions: Set[Position]) -> None:
    """Set the translations at these positions of PO files aside, so that they are not read."""
    for _, text in _iterate_texts(document, ""):
        for language, scalar in dict(text.by_language).items():
            if scalar.where in positions:
                text.withdraw_translation(language)


NOT_READ: Final = "; this translation is not read"


def downgrade_translation_problem(problem: Problem) -> Problem:
    """Return an error in a PO file as a warning: only this translation is not used."""
    return replace(problem, severity="warning", what=f"{problem.what}{NOT_READ}")


def describe_translation_mistake(problem: Problem) -> str:
    """Describe a problem of a PO file without saying what follows from it."""
    return problem.what.removesuffix(NOT_READ)


def list_untranslated(document: object, base: str, language: str) -> list[str]:
    """List the contexts of the texts that lack this language."""
    if language == base:
        return []
    texts = list_translatable(document, base)
    return [text.context for text in texts if language not in text.text.by_language]


def find_unlike_fills(source: str, translation: str) -> list[str]:
    """Return the fills that one of two texts has and the other lacks."""
    in_source = set(_FILL_NAME.findall(source))
    in_translation = set(_FILL_NAME.findall(translation))
    return sorted(in_source ^ in_translation)
