"""Translations of a questionnaire as PO files: export for translators, import of what comes back, status."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from survey_cli.instrument.compiled.compiler import compile_instrument
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.instrument.schema.document import Document
from survey_cli.instrument.source.load import load_source_text
from survey_cli.instrument.texts import translations
from survey_cli.problems import UserError, suggest_nearest
from survey_cli.services.output_files import write_text_file


class LanguageStatus(NamedTuple):
    """The state of the translations into one language, with the contexts of the texts."""

    language: str
    file: str
    required: bool
    complete: int
    stale: tuple[str, ...]
    """Out of date: marked fuzzy, or translated from another text."""
    missing: tuple[str, ...]


class TranslationImport(NamedTuple):
    """What was imported."""

    file: str
    imported: int
    """Translations that are new or changed."""
    problems: tuple[str, ...]
    """What is wrong with entries, with the line."""


def load_translation_status(file: str) -> tuple[LanguageStatus, ...]:
    """Return the state of each language but the first. Raises UserError."""
    instrument = open_instrument(file)
    return tuple(
        _build_status(file, instrument, language) for language in _list_languages(file, instrument)
    )


def _list_languages(file: str, instrument: Instrument) -> tuple[str, ...]:
    if len(instrument.languages) < 2:
        remedy = "list them, the language of the texts first: languages: [en, es]"
        raise UserError(file, "the questionnaire has one language only", remedy)
    return instrument.languages[1:]


def _build_status(file: str, instrument: Instrument, language: str) -> LanguageStatus:
    texts = translations.list_translatable(instrument.document, instrument.language)
    written = [t for t in texts if language in t.text.by_language]
    stale = tuple(t.context for t in texts if language in t.text.outdated)
    missing = tuple(
        t.context for t in texts if not {language} & {*t.text.by_language, *t.text.outdated}
    )
    required = language in instrument.document.languages.required
    catalog = translations.locate_catalog(file, language)
    return LanguageStatus(language, catalog, required, len(written), stale, missing)


def export_translations(file: str, languages: Sequence[str] = ()) -> tuple[LanguageStatus, ...]:
    """Write a PO file for each language, or for these, beside the questionnaire.

    Translations that it has are kept. Where the text has changed since, they are marked fuzzy. Raises UserError.
    """
    instrument = open_instrument(file)
    known = _list_languages(file, instrument)
    for language in languages:
        if language not in known:
            remedy = suggest_nearest(
                language, known, otherwise=f"its languages are {', '.join(known)}"
            )
            raise UserError(
                "--language",
                f"the questionnaire has no language {language!r} to translate into",
                remedy,
            )
    for language in languages or known:
        _write_catalog(file, instrument, language, _read_own_catalog(file, instrument, language))
    return tuple(_build_status(file, instrument, language) for language in languages or known)


def _read_own_catalog(
    file: str, instrument: Instrument, language: str
) -> Mapping[str, translations.Translation]:
    """Read the PO file beside the questionnaire; empty if there isn't one. Raises UserError if it is broken."""
    catalog = Path(translations.locate_catalog(file, language))
    text = instrument.texts.get(translations.locate_catalog(Path(file).name, language))
    if text is None and not catalog.exists():
        return {}
    try:
        return translations.read_catalog(text or catalog.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UserError(str(catalog), "it is not UTF-8", "save it as UTF-8") from error
    except OSError as error:
        raise UserError(
            str(catalog), f"it cannot be read ({error.strerror})", "check the file"
        ) from error
    except ValueError as error:
        line, what = error.args
        remedy = "correct this line, or rename the file to begin anew: its translations would be lost otherwise"
        raise UserError(f"{catalog}:{line}", f"it is no PO file: {what}", remedy) from error


def _merge_catalog(
    instrument: Instrument, language: str, entries: Mapping[str, translations.Translation]
) -> tuple[dict[str, translations.Translation], dict[str, translations.Translation]]:
    """Return the entries of the PO file of a language, and those whose text is no longer in the questionnaire.

    A translation whose text has changed since is marked fuzzy.
    """
    written: dict[str, translations.Translation] = {}
    for translatable in translations.list_translatable(instrument.document, instrument.language):
        if not _is_written_inline(translatable, language):
            source = str(translatable.text.get(instrument.language))
            entry = entries.get(translatable.context, translations.Translation(source, ""))
            if entry.text and entry.source != source:
                entry = entry._replace(fuzzy=True, previous=entry.source)
            written[translatable.context] = entry._replace(source=source)
    obsolete = {
        context: entry
        for context, entry in entries.items()
        if context not in written and entry.text
    }
    return written, obsolete


def _write_catalog(
    file: str,
    instrument: Instrument,
    language: str,
    entries: Mapping[str, translations.Translation],
) -> None:
    written, obsolete = _merge_catalog(instrument, language, entries)
    text = translations.render_catalog(language, written, obsolete)
    catalog = Path(translations.locate_catalog(file, language))
    write_text_file(catalog, lambda to: to.write(text), force=True, public=True)


def _is_written_inline(translatable: translations.TranslatableText, language: str) -> bool:
    scalar = translatable.text.by_language.get(language)
    return scalar is not None and not str(scalar.where.file).endswith(".po")


def import_translations(file: str, returned: str, language: str) -> TranslationImport:
    """Take the translations of a PO file that came back into the questionnaire's own one.

    If one translation of an item can't be used, none of this item is taken, so that no item is half in an old and half in
    a new translation. Raises UserError.
    """
    instrument = open_instrument(file)
    if language not in _list_languages(file, instrument):
        what = f"the questionnaire has no language {language!r} to translate into"
        raise UserError(
            returned, what, f"name one with --language: {', '.join(instrument.languages[1:])}"
        )
    entries = _read_returned_catalog(returned)
    texts = {
        t.context: t
        for t in translations.list_translatable(instrument.document, instrument.language)
    }

    problems: list[str] = []
    try:
        own = dict(_read_own_catalog(file, instrument, language))
    except UserError as error:
        kept = _set_aside(Path(translations.locate_catalog(file, language)))
        problems.append(
            f"{error.where}: {error.what} — it is kept as {kept}, and what came back replaces it"
        )
        own = {}
    usable: dict[str, translations.Translation] = {}
    for context, entry in entries.items():
        if context in texts and not _is_written_inline(texts[context], language):
            if entry.text.strip():
                usable[context] = entry
        elif entry.text:
            what = (
                "is translated in the questionnaire"
                if context in texts
                else "is not a text of the questionnaire"
            )
            problems.append(f"{returned}:{entry.line}: {context}: this {what} — it was left out")

    mistakes = _find_mistakes(instrument, language, own, usable)
    for context, mistake in mistakes.items():
        item = _get_owner(context)
        remedy = f"correct it and import the file again; nothing of {item} was imported"
        problems.append(f"{returned}:{usable[context].line}: {context}: {mistake} — {remedy}")
    refused = {_get_owner(context) for context in mistakes}

    imported = 0
    for context, entry in usable.items():
        if _get_owner(context) in refused:
            continue
        before = own.get(context, translations.Translation("", ""))
        imported += (before.text, before.fuzzy) != (entry.text, entry.fuzzy)
        own[context] = entry
    _write_catalog(file, instrument, language, own)
    return TranslationImport(translations.locate_catalog(file, language), imported, tuple(problems))


def _read_returned_catalog(returned: str) -> Mapping[str, translations.Translation]:
    """Read the PO file that came back. Raises UserError."""
    try:
        return translations.read_catalog(Path(returned).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UserError(
            returned, f"it cannot be read ({error.strerror})", "check the path"
        ) from error
    except UnicodeDecodeError as error:
        raise UserError(returned, "it is not UTF-8", "save it as UTF-8") from error
    except ValueError as error:
        line, what = error.args
        raise UserError(
            f"{returned}:{line}", f"it is no PO file: {what}", "save it again as a PO file"
        ) from error


def _set_aside(catalog: Path) -> Path:
    """Rename a PO file that can't be read, so that its translations are not lost."""
    numbers = ("", *map(str, range(2, 1000)))
    names = (catalog.with_name(f"{catalog.name}.broken{number}") for number in numbers)
    free = next(name for name in names if not name.exists())
    return catalog.rename(free)


def _get_owner(context: str) -> str:
    """Return the item, list or section of the file that a text belongs to: `q1` of `q1/option/2`, `scales/agree`."""
    parts = context.split("/")
    return "/".join(parts[:2]) if parts[0] in Document.model_fields else parts[0]


def _find_mistakes(
    instrument: Instrument,
    language: str,
    own: Mapping[str, translations.Translation],
    entries: Mapping[str, translations.Translation],
) -> dict[str, str]:
    """Find what is wrong with returned translations, by context. One that is marked fuzzy is never read."""
    texts = {
        t.context: t
        for t in translations.list_translatable(instrument.document, instrument.language)
    }
    mistakes: dict[str, str] = {}
    for context, entry in entries.items():
        unlike = translations.find_unlike_fills(
            str(texts[context].text.get(instrument.language)), entry.text
        )
        if unlike and not entry.fuzzy:
            fills = ", ".join(f"{{{name}}}" for name in unlike)
            mistakes[context] = f"the text and its translation differ in {fills}"

    # Everything else is found by compiling the questionnaire as it would be after the import.
    name = translations.locate_catalog(next(iter(instrument.texts)), language)
    sound = {context: entry for context, entry in entries.items() if context not in mistakes}
    merged = _merge_catalog(instrument, language, {**own, **sound})[0]
    catalog = translations.render_catalog(language, merged, {})
    files = {**instrument.texts, name: catalog}
    top = next(iter(files))
    _, _, problems = compile_instrument(load_source_text(files[top], top, fetch=files.__getitem__))
    by_line = {entry.line: context for context, entry in translations.read_catalog(catalog).items()}
    for problem in problems:
        found = by_line.get(problem.where.line) if problem.where.file == name else None
        if found in sound:
            mistakes[found] = translations.describe_translation_mistake(problem)
    return mistakes
