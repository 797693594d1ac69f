"""Translations of a questionnaire as PO files: export for translators, import, status."""

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
    """Whether the questionnaire requires every text in it."""
    complete: int
    """Number of texts with a translation that is up to date."""
    stale: tuple[str, ...]
    """Out of date: marked fuzzy, or translated from another text."""
    missing: tuple[str, ...]
    """Without any translation."""


class TranslationImport(NamedTuple):
    """What was imported, and where it was written."""

    file: str
    imported: int
    """Translations that are new or changed."""
    problems: tuple[str, ...]
    """What is wrong with entries, with the line."""


def load_translation_status(file: str) -> tuple[LanguageStatus, ...]:
    """Return the state of each language but the first. Raises UserError."""
    instrument = open_instrument(file)
    languages = _list_languages(file, instrument)
    return tuple(_build_status(file, instrument, language) for language in languages)


def _list_languages(file: str, instrument: Instrument) -> tuple[str, ...]:
    """Return the languages to translate into. Raises UserError if there are none."""
    if len(instrument.languages) < 2:
        remedy = "list them, the language of the texts first: languages: [en, es]"
        raise UserError(file, "the questionnaire has one language only", remedy)
    return instrument.languages[1:]


def _build_status(file: str, instrument: Instrument, language: str) -> LanguageStatus:
    complete = 0
    stale = []
    missing = []
    for translatable in _list_texts(instrument):
        if language in translatable.text.by_language:
            complete += 1
        elif language not in translatable.text.outdated:
            missing.append(translatable.context)
        if language in translatable.text.outdated:
            stale.append(translatable.context)

    return LanguageStatus(
        language=language,
        file=translations.locate_catalog(file, language),
        required=language in instrument.document.languages.required,
        complete=complete,
        stale=tuple(stale),
        missing=tuple(missing),
    )


def _list_texts(instrument: Instrument) -> list[translations.TranslatableText]:
    return translations.list_translatable(instrument.document, instrument.language)


def export_translations(file: str, languages: Sequence[str] = ()) -> tuple[LanguageStatus, ...]:
    """Write PO files for these languages, by default for all, beside the questionnaire.

    Translations that a file has are kept. If the text has changed since, they are marked fuzzy.
    Raises UserError.
    """
    instrument = open_instrument(file)
    known = _list_languages(file, instrument)
    for language in languages:
        if language not in known:
            what = f"the questionnaire has no language {language!r} to translate into"
            otherwise = f"its languages are {', '.join(known)}"
            remedy = suggest_nearest(language, known, otherwise=otherwise)
            raise UserError("--language", what, remedy)

    exported = []
    for language in languages or known:
        own = _read_own_catalog(file, instrument, language)
        _write_catalog(file, instrument, language, own)
        exported.append(_build_status(file, instrument, language))
    return tuple(exported)


def _read_own_catalog(
    file: str, instrument: Instrument, language: str
) -> Mapping[str, translations.Translation]:
    """Read the PO file of a language beside the questionnaire.

    It is empty if there isn't one. Raises UserError if it is broken.
    """
    catalog = Path(translations.locate_catalog(file, language))
    text = instrument.texts.get(translations.locate_catalog(Path(file).name, language))
    if text is None and not catalog.exists():
        return {}

    try:
        return translations.read_catalog(text or catalog.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UserError(str(catalog), "it is not UTF-8", "save it as UTF-8") from error
    except OSError as error:
        what = f"it cannot be read ({error.strerror})"
        raise UserError(str(catalog), what, "check the file") from error
    except ValueError as error:
        line, what = error.args
        remedy = (
            "correct this line, or rename the file to begin anew: its translations would be lost "
            "otherwise"
        )
        raise UserError(f"{catalog}:{line}", f"it is no PO file: {what}", remedy) from error


def _merge_catalog(
    instrument: Instrument, language: str, entries: Mapping[str, translations.Translation]
) -> tuple[dict[str, translations.Translation], dict[str, translations.Translation]]:
    """Return the entries to write for a language, and those that the questionnaire has no text for.

    A translation whose text has changed since is marked fuzzy.
    """
    written: dict[str, translations.Translation] = {}
    for translatable in _list_texts(instrument):
        if _is_written_inline(translatable, language):
            continue
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
    """Return whether a translation is in the questionnaire itself, and not in a PO file."""
    scalar = translatable.text.by_language.get(language)
    return scalar is not None and not str(scalar.where.file).endswith(".po")


def import_translations(file: str, returned: str, language: str) -> TranslationImport:
    """Take the translations of a PO file that came back into the questionnaire's own one.

    If one translation of an item can't be used, none of this item is taken, so that no item is half
    in an old and half in a new translation. Raises UserError.
    """
    instrument = open_instrument(file)
    known = _list_languages(file, instrument)
    if language not in known:
        what = f"the questionnaire has no language {language!r} to translate into"
        raise UserError(returned, what, f"name one with --language: {', '.join(known)}")
    entries = _read_returned_catalog(returned)

    own: dict[str, translations.Translation] = {}
    problems: list[str] = []
    try:
        own.update(_read_own_catalog(file, instrument, language))
    except UserError as error:
        kept = _set_aside(Path(translations.locate_catalog(file, language)))
        problems.append(
            f"{error.where}: {error.what} — it is kept as {kept}, and what came back replaces it"
        )

    texts = {translatable.context: translatable for translatable in _list_texts(instrument)}
    usable: dict[str, translations.Translation] = {}
    for context, entry in entries.items():
        if context not in texts:
            reason = "is not a text of the questionnaire"
        elif _is_written_inline(texts[context], language):
            reason = "is translated in the questionnaire"
        else:
            if entry.text.strip():
                usable[context] = entry
            continue
        if entry.text:
            problems.append(f"{returned}:{entry.line}: {context}: this {reason} — it was left out")

    mistakes = _find_mistakes(instrument, language, own, usable)
    for context, mistake in mistakes.items():
        item = _get_owner(context)
        remedy = f"correct it and import the file again; nothing of {item} was imported"
        problems.append(f"{returned}:{usable[context].line}: {context}: {mistake} — {remedy}")

    refused_items = {_get_owner(context) for context in mistakes}
    imported = 0
    for context, entry in usable.items():
        if _get_owner(context) in refused_items:
            continue
        before = own.get(context, translations.Translation("", ""))
        is_changed = (before.text, before.fuzzy) != (entry.text, entry.fuzzy)
        imported += is_changed
        own[context] = entry

    _write_catalog(file, instrument, language, own)
    catalog = translations.locate_catalog(file, language)
    return TranslationImport(catalog, imported, tuple(problems))


def _read_returned_catalog(returned: str) -> Mapping[str, translations.Translation]:
    """Read the PO file that came back. Raises UserError."""
    try:
        return translations.read_catalog(Path(returned).read_text(encoding="utf-8-sig"))
    except OSError as error:
        what = f"it cannot be read ({error.strerror})"
        raise UserError(returned, what, "check the path") from error
    except UnicodeDecodeError as error:
        raise UserError(returned, "it is not UTF-8", "save it as UTF-8") from error
    except ValueError as error:
        line, what = error.args
        remedy = "save it again as a PO file"
        raise UserError(f"{returned}:{line}", f"it is no PO file: {what}", remedy) from error


def _set_aside(catalog: Path) -> Path:
    """Rename a PO file that can't be read, so that its translations are not lost."""
    kept = catalog.with_name(f"{catalog.name}.broken")
    number = 1
    while kept.exists():
        number += 1
        kept = catalog.with_name(f"{catalog.name}.broken{number}")
    return catalog.rename(kept)


def _get_owner(context: str) -> str:
    """Return the item, list or section of the file that a text belongs to.

    _get_owner("q1/option/2")     # "q1"
    _get_owner("scales/agree/1")  # "scales/agree"
    """
    parts = context.split("/")
    if parts[0] in Document.model_fields:
        return "/".join(parts[:2])
    return parts[0]


def _find_mistakes(
    instrument: Instrument,
    language: str,
    own: Mapping[str, translations.Translation],
    entries: Mapping[str, translations.Translation],
) -> dict[str, str]:
    """Find what is wrong with returned translations, by context.

    A translation that is marked fuzzy may differ in its fills: no respondent hears it.
    """
    texts = {translatable.context: translatable for translatable in _list_texts(instrument)}
    mistakes: dict[str, str] = {}
    for context, entry in entries.items():
        source = str(texts[context].text.get(instrument.language))
        unlike = translations.find_unlike_fills(source, entry.text)
        if unlike and not entry.fuzzy:
            fills = ", ".join(f"{{{name}}}" for name in unlike)
            mistakes[context] = f"the text and its translation differ in {fills}"

    # Everything else is found by compiling the questionnaire as it would be after the import.
    files = dict(instrument.texts)
    top = next(iter(files))
    sound = {context: entry for context, entry in entries.items() if context not in mistakes}
    written, _ = _merge_catalog(instrument, language, {**own, **sound})
    catalog = translations.render_catalog(language, written, {})
    catalog_name = translations.locate_catalog(top, language)
    files[catalog_name] = catalog
    source_after = load_source_text(files[top], top, fetch=files.__getitem__)
    _, _, problems = compile_instrument(source_after)

    entries_after = translations.read_catalog(catalog)
    contexts = {entry.line: context for context, entry in entries_after.items()}
    for problem in problems:
        if problem.where.file != catalog_name:
            continue
        found = contexts.get(problem.where.line)
        if found in sound:
            mistakes[found] = translations.describe_translation_mistake(problem)
    return mistakes
