"""The command `preview`: the interviewer's screen on an interview that is not stored, while the file is written."""

import sys

import typer

from survey_cli.cli.commands.interview import parse_columns
from survey_cli.cli.output.terminal import say
from survey_cli.cli.parameters import InstrumentArgument, StartLanguageOption, ThemeOption, option

NO_TERMINAL = 2


def preview(
    file: InstrumentArgument,
    at: str = option("--at ITEM", "Begin at this item; missing answers before it are invented.", ""),
    language: StartLanguageOption = "",
    seed: int = option("--seed N", "Seed of shuffled orders, splits and invented answers.", 1),
    columns: list[str] | None = option("--set COLUMN=VALUE", "A sample column. Repeatable. Others are invented.", None),
    theme: ThemeOption = "",
) -> None:
    """Show the questionnaire as an interviewer sees it, while you write it.

    Keep it open beside your editor. Each time you save the file, the screen shows the same item again, with the
    answers that are still valid. While the file has errors, the screen lists them. Ctrl+L lists problems and
    warnings, Ctrl+T shows the data as an analyst receives them, F3 lists every item, and F1 all keys. Ctrl+R starts
    over, and Ctrl+C leaves. Nothing is stored.

    Example: survey preview study.yaml --at q5
    """
    known_columns = parse_columns(columns or [])
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        say(
            "survey preview: there is no terminal to show the screen — "
            f"run it in a terminal; `survey check {file}` finds problems without one"
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
