"""Translations of a questionnaire as PO files: export for translators, import of what comes back, status."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
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
    return tuple(_build_status(file, instrument, language) for language in _list_languages(file, instrument))


def _list_languages(file: str, instrument: Instrument) -> tuple[str, ...]:
    if len(instrument.languages) < 2:
        remedy = "list them, the language of the texts first: languages: [en, es]"
        raise UserError(file, "the questionnaire has one language only", remedy)
    return instrument.languages[1:]


def _build_status(file: str, instrument: Instrument, language: str) -> LanguageStatus:
    texts = translations.list_translatable(instrument.document, instrument.language)
    written = [t for t in texts if language in t.text.by_language]
    stale = tuple(t.context for t in written if language in t.text.stale)
    missing = tuple(t.context for t in texts if language not in t.text.by_language)
    required = language in instrument.document.languages.required
    catalog, complete = translations.locate_catalog(file, language), len(written) - len(stale)
    return LanguageStatus(language, catalog, required, complete, stale, missing)


def export_translations(file: str, languages: Sequence[str] = ()) -> tuple[LanguageStatus, ...]:
    """Write a PO file for each language, or for these, beside the questionnaire.

    Translations that it has are kept. Where the text has changed since, they are marked fuzzy. Raises UserError.
    """
    instrument = open_instrument(file)
    known = _list_languages(file, instrument)
    for language in languages:
        if language not in known:
            remedy = suggest_nearest(language, known, otherwise=f"its languages are {', '.join(known)}")
            raise UserError("--language", f"the questionnaire has no language {language!r} to translate into", remedy)
    for language in languages or known:
        _write_catalog(file, instrument, language, _read_own_catalog(file, instrument, language))
    return tuple(_build_status(file, instrument, language) for language in languages or known)


def _read_own_catalog(file: str, instrument: Instrument, language: str) -> Mapping[str, translations.Translation]:
    text = instrument.texts.get(translations.locate_catalog(Path(file).name, language))
    return translations.read_catalog(text) if text else {}


def _write_catalog(
    file: str, instrument: Instrument, language: str, entries: Mapping[str, translations.Translation]
) -> None:
    written: dict[str, translations.Translation] = {}
    for translatable in translations.list_translatable(instrument.document, instrument.language):
        if not _is_written_inline(translatable, language):
            source = str(translatable.text.get(instrument.language))
            entry = entries.get(translatable.context, translations.Translation(source, ""))
            if entry.text and entry.source != source:
                entry = entry._replace(fuzzy=True, previous=entry.source)
            written[translatable.context] = entry._replace(source=source)
    obsolete = {context: entry for context, entry in entries.items() if context not in written and entry.text}
    text = translations.render_catalog(language, written, obsolete)
    catalog = Path(translations.locate_catalog(file, language))
    write_text_file(catalog, lambda to: to.write(text), force=True, public=True)


def _is_written_inline(translatable: translations.TranslatableText, language: str) -> bool:
    scalar = translatable.text.by_language.get(language)
    return scalar is not None and not str(scalar.where.file).endswith(".po")


def import_translations(file: str, returned: str, language: str) -> TranslationImport:
    """Take the translations of a PO file that came back into the questionnaire's own one.

    A translation without a fill of its text, or with another one, is marked fuzzy. Raises UserError.
    """
    instrument = open_instrument(file)
    if language not in _list_languages(file, instrument):
        what = f"the questionnaire has no language {language!r} to translate into"
        raise UserError(returned, what, f"name one with --language: {', '.join(instrument.languages[1:])}")
    try:
        entries = translations.read_catalog(Path(returned).read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(returned, f"it cannot be read ({error.strerror})", "check the path") from error
    except UnicodeDecodeError as error:
        raise UserError(returned, "it is not UTF-8", "save it as UTF-8") from error
    except ValueError as error:
        line, what = error.args
        raise UserError(f"{returned}:{line}", f"it is no PO file: {what}", "save it again as a PO file") from error
    texts = {t.context: t for t in translations.list_translatable(instrument.document, instrument.language)}
    own, problems = dict(_read_own_catalog(file, instrument, language)), list[str]()
    imported = 0
    for context, entry in entries.items():
        where = f"{returned}:{entry.line}: {context}"
        if context not in texts or _is_written_inline(texts[context], language):
            what = "is translated in the questionnaire" if context in texts else "is not a text of the questionnaire"
            problems += [f"{where}: this {what} — it was left out"] if entry.text else []
            continue
        if not entry.text.strip():
            continue
        if unlike := translations.find_unlike_fills(str(texts[context].text.get(instrument.language)), entry.text):
            fills = ", ".join(f"{{{name}}}" for name in unlike)
            problems.append(f"{where}: the text and its translation differ in {fills} — it is marked fuzzy")
            entry = entry._replace(fuzzy=True)
        before = own.get(context, translations.Translation("", ""))
        imported += (before.text, before.fuzzy) != (entry.text, entry.fuzzy)
        own[context] = entry
    _write_catalog(file, instrument, language, own)
    return TranslationImport(translations.locate_catalog(file, language), imported, tuple(problems))
