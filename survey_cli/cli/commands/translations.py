"""The commands `translations export`, `translations import` and `translations status`."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from survey_cli.cli.output.json_text import render_json
from survey_cli.cli.output.terminal import say
from survey_cli.cli.parameters import InstrumentArgument, LanguageOption, ResultFormatOption, argument
from survey_cli.wording import format_quantity, join_first

if TYPE_CHECKING:
    from survey_cli.services.questionnaire.translations import LanguageStatus


def export(file: InstrumentArgument, language: LanguageOption = "") -> None:
    """Write the texts as PO files for translators: NAME.es.po beside NAME.yaml, for each language but the first.

    The file is also where the program reads the translations. Those that it has are kept; if the text has changed since,
    the translation is marked fuzzy. Texts that are translated in the questionnaire itself are left out.

    Example: survey translations export study.yaml --language es
    """
    from survey_cli.services.questionnaire.translations import export_translations

    for status in export_translations(file, (language,) if language else ()):
        say(f"{status.file}: {_describe_counts(status)}")


def import_file(
    file: InstrumentArgument,
    returned: str = argument("PO", "The PO file that came back."),
    language: LanguageOption = "",
) -> None:
    """Take the translations of a PO file that came back into the one beside the questionnaire.

    The language is the last part of the file's name (spanish.es.po), unless --language is given. A translation that
    lacks a fill of its text, such as {name}, is marked fuzzy and listed with its line. The questionnaire isn't changed.

    Exit code 0: everything was imported; 1: there are problems.

    Example: survey translations import study.yaml back/study.es.po
    """
    from survey_cli.services.questionnaire.translations import import_translations

    result = import_translations(file, returned, language or Path(returned).stem.rpartition(".")[2])
    for problem in result.problems:
        print(problem)
    say(f"{result.file}: {format_quantity(result.imported, 'translation')} new or changed")
    raise typer.Exit(1 if result.problems else 0)


def status(file: InstrumentArgument, form: ResultFormatOption = "table") -> None:
    """Show for each language how many texts are translated, and which are out of date or missing.

    Exit code 0: everything is translated; 1: something is not.

    Example: survey translations status study.yaml
    """
    from survey_cli.services.questionnaire.translations import load_translation_status

    languages = load_translation_status(file)
    if form == "json":
        print(render_json(languages))
    else:
        for one in languages:
            print(f"{one.language}: {_describe_counts(one)}{' (required)' if one.required else ''}")
            for what, contexts in (("out of date", one.stale), ("missing", one.missing)):
                if contexts:
                    print(f"  {what}: {join_first(contexts, 20)}")
    raise typer.Exit(1 if any(one.stale or one.missing for one in languages) else 0)


def _describe_counts(status: "LanguageStatus") -> str:
    return f"{status.complete:,} complete, {len(status.stale):,} out of date, {len(status.missing):,} missing"
