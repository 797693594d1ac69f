"""Themes: dark, light, high contrast, and the terminal's own colors.

Whatever a color says is also said by weight, a mark or a word, so nothing is lost in monochrome
(`NO_COLOR`).
"""

import os
from collections.abc import Mapping
from typing import Final, NamedTuple

from textual.theme import Theme

from survey_cli.problems import UserError

ENVIRONMENT_VARIABLE: Final = "SURVEY_THEME"
"""The theme if `--theme` is not given."""


class _Colors(NamedTuple):
    """The colors of one theme."""

    background: str
    foreground: str
    surface: str
    panel: str
    accent: str
    secondary: str
    row: str
    """The background of a row that stands out."""
    quiet: str
    """What is secondary."""
    spoken: str
    """What is read aloud."""
    warning: str
    error: str
    success: str


_COLORS: Final = {
    "dark": _Colors(
        background="#14171c",
        foreground="#e6e8eb",
        surface="#1b1f26",
        panel="#232932",
        accent="#f2a93b",
        secondary="#66b8e8",
        row="#24415a",
        quiet="#8a94a0",
        spoken="#ffffff",
        warning="#f2c14e",
        error="#ff7a6b",
        success="#7cc47f",
    ),
    "light": _Colors(
        background="#fbfaf7",
        foreground="#1d2126",
        surface="#f1efe9",
        panel="#e4e1d8",
        accent="#8a4306",
        secondary="#0a5488",
        row="#cfe2f1",
        quiet="#535960",
        spoken="#000000",
        warning="#6f4a00",
        error="#a4201a",
        success="#22602a",
    ),
    "contrast": _Colors(
        background="#000000",
        foreground="#ffffff",
        surface="#2c2c2c",
        panel="#2c2c2c",
        accent="#ffff00",
        secondary="#00ffff",
        row="#0000c8",
        quiet="#d0d0d0",
        spoken="#ffffff",
        warning="#ffff00",
        error="#ffa0a0",
        success="#80ff80",
    ),
}


def _make_theme(name: str, colors: _Colors) -> Theme:
    # In texts, `$code`, `$quiet`, `$spoken`, `$key` (a key that records), `$row` and `$bar` (the
    # first line) are whole styles and not only colors: the terminal's own colors have neither a
    # gray nor a second background, and have `dim` and `bold` instead. `quiet-color` is for CSS,
    # which takes no style.
    variables = {
        "code": colors.secondary,
        "quiet": colors.quiet,
        "quiet-color": colors.quiet,
        "key": f"{colors.secondary} on {colors.panel}",
        "spoken": f"bold {colors.spoken}",
        "spoken-long": colors.spoken,
        "row": f"on {colors.row}",
        "bar": f"on {colors.panel}",
        "input-cursor-background": colors.accent,
        "input-cursor-foreground": colors.background,
        "scrollbar": colors.quiet,
        "scrollbar-background": colors.background,
    }
    # A marked row looks the same with and without the focus, which our lists never take.
    for cursor in ("block-cursor", "block-cursor-blurred"):
        variables[f"{cursor}-background"] = colors.row
        variables[f"{cursor}-foreground"] = colors.foreground
        variables[f"{cursor}-text-style"] = "bold"

    return Theme(
        name=name,
        dark=name != "light",
        primary=colors.accent,
        secondary=colors.secondary,
        accent=colors.accent,
        foreground=colors.foreground,
        background=colors.background,
        surface=colors.surface,
        panel=colors.panel,
        warning=colors.warning,
        error=colors.error,
        success=colors.success,
        variables=variables,
    )


_TERMINAL: Final = Theme(
    name="terminal",
    ansi=True,
    dark=True,
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    primary="ansi_cyan",
    secondary="ansi_cyan",
    accent="ansi_yellow",
    warning="ansi_yellow",
    error="ansi_red",
    success="ansi_green",
    variables={
        "input-cursor-background": "ansi_default",
        "input-cursor-foreground": "ansi_default",
        "input-selection-background": "ansi_default",
        "input-selection-foreground": "ansi_default",
        "block-cursor-background": "ansi_default",
        "block-cursor-foreground": "ansi_default",
        "block-cursor-blurred-background": "ansi_default",
        "block-cursor-blurred-foreground": "ansi_default",
        "code": "ansi_cyan",
        "quiet": "ansi_default dim",
        "key": "bold ansi_cyan",
        "spoken": "bold",
        "spoken-long": "ansi_default",
        "quiet-color": "ansi_default",
        "row": "bold",
        "bar": "ansi_default",
        "input-cursor-text-style": "reverse",
        "block-cursor-text-style": "bold underline",
        "block-cursor-blurred-text-style": "bold underline",
        "scrollbar": "ansi_bright_black",
        "scrollbar-background": "ansi_default",
        "ansi-background": "ansi_black",
        "ansi-foreground": "ansi_white",
    },
)
"""The terminal's sixteen colors and its own background."""

THEMES: Final = {
    **{name: _make_theme(name, colors) for name, colors in _COLORS.items()},
    _TERMINAL.name: _TERMINAL,
}
"""Every theme by its name."""


def choose_theme(name: str = "", environment: Mapping[str, str] = os.environ) -> str:
    """Return the theme's name: as given, else that of `SURVEY_THEME`, else `dark`.

    Over SSH, or if `NO_COLOR` is set, the default is `terminal` instead of `dark`.

    Raises UserError if there is no such theme.
    """
    chosen = name or environment.get(ENVIRONMENT_VARIABLE, "").strip()
    if not chosen:
        uses_own_colors = any(
            environment.get(variable) for variable in ("SSH_CONNECTION", "SSH_TTY", "NO_COLOR")
        )
        return "terminal" if uses_own_colors else "dark"

    if chosen.casefold() not in THEMES:
        where = "--theme" if name else ENVIRONMENT_VARIABLE
        raise UserError(where, f"there is no theme {chosen}", f"choose one of {', '.join(THEMES)}")
    return chosen.casefold()
