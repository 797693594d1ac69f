"""The command `preview`: the interviewer's screen on an interview that is not stored, while the file is written."""

import sys
from typing import Annotated

import typer

from survey_cli.cli.commands.interview import parse_columns
from survey_cli.cli.options import InstrumentArgument, ThemeOption
from survey_cli.cli.output.terminal import say

NO_TERMINAL = 2


def preview(
    file: InstrumentArgument,
    at: Annotated[
        str, typer.Option("--at", metavar="ITEM", help="Begin at this item; missing answers before it are invented.")
    ] = "",
    language: Annotated[
        str, typer.Option("--language", metavar="CODE", help="Begin in this language of the instrument.")
    ] = "",
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", help="Fixes shuffled orders, splits and invented answers.")
    ] = 1,
    columns: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="COLUMN=VALUE", help="A sample column; may be repeated. Others are invented."),
    ] = None,
    theme: ThemeOption = "",
) -> None:
    """Show the questionnaire as an interviewer sees it, while you write it.

    Keep this open beside your editor: each time the file is saved, the screen shows it at the same item, with the
    answers that are still valid; while the file has errors, its problems. Ctrl+L lists the problems and warnings, Ctrl+T
    the data as an analyst gets it, F3 every item, F1 all keys; Ctrl+R starts over, Ctrl+C leaves. Nothing is stored.
    """
    known_columns = parse_columns(columns or [])
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        say(
            "survey preview: there is no terminal here to show the screen on — "
            f"run it in one; `survey check {file}` finds problems without"
        )
        raise typer.Exit(NO_TERMINAL)
    from survey_cli.cli.crash_report import run_full_screen
    from survey_cli.sessions.preview.preview import Preview, PreviewOptions
    from survey_cli.tui import run_preview

    questionnaire_preview = Preview(file, PreviewOptions(seed=seed, language=language, at=at, columns=known_columns))
    questionnaire_preview.review_before_end = True
    session = questionnaire_preview.open()
    if not run_full_screen(
        lambda: run_preview(
            session, reload=questionnaire_preview.reload, restart=questionnaire_preview.restart, theme=theme
        )
    ):
        raise typer.Exit(1)
