"""Translations in PO files beside the questionnaire: `NAME.es.po` has the Spanish texts of `NAME.yaml`.

An entry's context is the item, with the option or the key: `q1`, `q1/option/2`, `q1/probe`. A translation is out of date
if it is marked fuzzy, or the text from which it was made is another one by now. It is then never read aloud: the text of
the first language is, until the translation is confirmed.
"""

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace
from posixpath import splitext
from types import SimpleNamespace
from typing import Any, Final, NamedTuple

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


class TranslatableText(NamedTuple):
    """A text of the questionnaire that can be translated, with all its uses."""

    context: str
    texts: tuple[Text, ...]

    @property
    def text(self) -> Text:
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
    by_position: dict[Position, tuple[str, list[Text]]] = {}
    for context, text in _iterate_texts(document, ""):
        if text.where.line and any(map(str.isalpha, _FILL.sub("", text.get(base)))):
            by_position.setdefault(text.where, (context, []))[1].append(text)
    return [TranslatableText(context, tuple(texts)) for context, texts in by_position.values()]


def _iterate_texts(value: Any, context: str) -> Iterator[tuple[str, Text]]:
    if isinstance(value, Text):
        yield context, value
    elif isinstance(value, list | tuple):
        for number, part in enumerate(value, 1):
            yield from _iterate_texts(part, f"{context}/{number}")
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _iterate_texts(part, f"{context}/{key}")
    elif (fields := getattr(type(value), "model_fields", None)) is not None:
        own = str(getattr(value, "id", None) or context)
        for name in fields:
            if name not in NOT_TRANSLATED:
                inner = "option" if name == "options" else name.rstrip("_")
                yield from _iterate_texts(
                    getattr(value, name), own if name == "text" else f"{own}/{inner}".strip("/")
                )


def locate_catalog(instrument: str, language: str) -> str:
    """Return the name of the PO file of a language, beside the questionnaire."""
    return f"{splitext(instrument)[0]}.{language}.po"


def read_catalog(text: str) -> Mapping[str, Translation]:
    """Read the entries of a PO file by context. Raises ValueError with a line and a message where it is none."""
    from babel.messages.pofile import PoFileError, denormalize, read_po

    previous: dict[str, str] = {}
    for block in text.split("\n\n"):  # Babel writes previous sources, and reads none
        lines = [
            line[3:].removeprefix("msgid ") for line in block.split("\n") if line.startswith("#| ")
        ]
        if lines and (context := re.search(r'^msgctxt "(.*)"$', block, re.MULTILINE)):
            previous[context[1]] = denormalize("\n".join(lines))

    lines = text.split("\n")
    try:
        catalog = read_po(text.splitlines(keepends=True), abort_invalid=True)
    except (PoFileError, ValueError) as error:
        what = re.sub(r" on \d+$", "", str(error))  # Babel counts lines from 0
        raise ValueError(getattr(error, "lineno", 0) + 1, what) from error
    entries = {}
    for message in catalog:
        if message.id and message.context:
            texts = str(message.id), str(message.string)
            line = _find_translation_line(lines, message.lineno or 1)
            comments = message.user_comments
            before = previous.get(message.context, "") if message.fuzzy else ""
            entries[message.context] = Translation(*texts, message.fuzzy, line, comments, before)
    return entries


def _find_translation_line(lines: Sequence[str], first: int) -> int:
    """Return the line of the first `msgstr` from this line on. A translator corrects it there, not at the `msgid`."""
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
        flags, comments, before = ("fuzzy",) if entry.fuzzy else (), entry.comments, entry.previous
        catalog.add(
            entry.source,
            entry.text,
            flags=flags,
            user_comments=comments,
            previous_id=before,
            context=context,
        )
    for context, entry in obsolete.items():
        catalog.obsolete[context] = Message(entry.source, entry.text, context=context)
    chunks: list[bytes] = []
    write_po(
        SimpleNamespace(write=chunks.append),
        catalog,
        width=0,
        omit_header=True,
        include_previous=True,
    )
    return HEADER.format(language=language) + b"".join(chunks).decode()


def apply_translations(document: Any, files: Mapping[str, str], folder: str) -> list[Problem]:
    """Add the translations of the PO files among `files` to the texts of a document; returns problems of the files.

    A translation that is written in the questionnaire itself stays. A file that can't be read is a warning: the texts are
    then read in the first language.
    """
    base, *languages = map(str, document.languages)
    catalogs = {lang: locate_catalog(next(iter(files)), lang) for lang in languages}
    problems: list[Problem] = []
    for language, name in catalogs.items():
        if name not in files:
            continue
        file = SourceFile(folder + name, files[name])
        try:
            entries = read_catalog(files[name])
        except ValueError as error:
            line, what = error.args
            reason = f"not a PO file: {what}, so that nothing is read in {language}"
            remedy = "correct it in a translation program, or import the right one: survey translations import"
            problems.append(
                Problem("bad-translations", Position(file, line, 1), "", reason, remedy, "warning")
            )
            continue
        for translatable in list_translatable(document, base):
            entry = entries.get(translatable.context)
            for text in translatable.texts if entry is not None and entry.text.strip() else ():
                assert entry is not None
                scalar = YamlScalar(entry.text, Position(file, entry.line))
                is_outdated = entry.fuzzy or entry.source != text.get(base)
                text.add_translation(base, language, scalar, is_outdated=is_outdated)
    return problems


def is_in_catalog(where: Position) -> bool:
    """Return whether a position is in a PO file."""
    return where.file.endswith(".po")


def withdraw_translations(document: Any, places: Set[Position]) -> None:
    """Set the translations at these positions of PO files aside, so that they are not read."""
    for _, text in _iterate_texts(document, ""):
        for language, scalar in dict(text.by_language).items():
            if scalar.where in places:
                text.withdraw_translation(language)


NOT_READ: Final = "; this translation is not read"


def downgrade_translation_problem(problem: Problem) -> Problem:
    """Return an error in a PO file as a warning: the translation is not used, and everything else is."""
    return replace(problem, severity="warning", what=f"{problem.what}{NOT_READ}")


def describe_translation_mistake(problem: Problem) -> str:
    """Describe a problem of a PO file without saying what follows from it."""
    return problem.what.removesuffix(NOT_READ)


def list_untranslated(document: object, base: str, language: str) -> list[str]:
    """List the contexts of the texts that lack this language."""
    texts = list_translatable(document, base)
    return (
        [t.context for t in texts if language not in t.text.by_language] if language != base else []
    )


def find_unlike_fills(source: str, translation: str) -> list[str]:
    """Return the fills that one of two texts has and the other lacks."""
    return sorted(set(_FILL_NAME.findall(source)) ^ set(_FILL_NAME.findall(translation)))
