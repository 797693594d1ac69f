"""Themes: dark, light, high contrast, and the terminal's own colors.

Whatever a color says is also said by weight, a mark or a word, so nothing is lost in monochrome (`NO_COLOR`).
"""

import os
from collections.abc import Mapping
from typing import Final

from textual.theme import Theme

from survey_cli.problems import UserError

ENVIRONMENT_VARIABLE: Final = "SURVEY_THEME"
"""The theme where `--theme` is not given."""


# Used in texts: `quiet` for what is secondary, `row` for a row that stands out, `bar` for the first line. These are
# whole styles, since the terminal's own colors have neither gray nor a second background. `quiet-color` is for CSS.


def _theme(name: str, *, dark: bool, ground: str, text: str, surface: str, panel: str, **colors: str) -> Theme:
    return Theme(
        name=name,
        dark=dark,
        primary=colors["accent"],
        secondary=colors["code"],
        accent=colors["accent"],
        warning=colors["warning"],
        error=colors["error"],
        success=colors["success"],
        foreground=text,
        background=ground,
        surface=surface,
        panel=panel,
        variables={
            "code": colors["code"],
            "quiet": colors["quiet"],
            "quiet-color": colors["quiet"],
            "row": f"on {colors['row']}",
            "bar": f"on {panel}",
            "input-cursor-background": colors["accent"],
            "input-cursor-foreground": ground,
            "block-cursor-background": colors["row"],
            "block-cursor-foreground": text,
            "block-cursor-text-style": "bold",
            "block-cursor-blurred-background": colors["row"],
            "block-cursor-blurred-foreground": text,
            "block-cursor-blurred-text-style": "bold",
            "scrollbar": colors["quiet"],
            "scrollbar-background": ground,
        },
    )


THEMES: Final = {
    theme.name: theme
    for theme in (
        _theme(
            "dark",
            dark=True,
            ground="#14171c",
            text="#e6e8eb",
            surface="#1b1f26",
            panel="#232932",
            accent="#f2a93b",
            code="#66b8e8",
            row="#24415a",
            quiet="#8a94a0",
            warning="#f2c14e",
            error="#ff7a6b",
            success="#7cc47f",
        ),
        _theme(
            "light",
            dark=False,
            ground="#fbfaf7",
            text="#1d2126",
            surface="#f1efe9",
            panel="#e4e1d8",
            accent="#8a4306",
            code="#0a5488",
            row="#cfe2f1",
            quiet="#535960",
            warning="#6f4a00",
            error="#a4201a",
            success="#22602a",
        ),
        _theme(
            "contrast",
            dark=True,
            ground="#000000",
            text="#ffffff",
            surface="#2c2c2c",
            panel="#2c2c2c",
            accent="#ffff00",
            code="#00ffff",
            row="#0000c8",
            quiet="#d0d0d0",
            warning="#ffff00",
            error="#ffa0a0",
            success="#80ff80",
        ),
        Theme(
            name="terminal",
            ansi=True,
            dark=True,
            primary="ansi_cyan",
            secondary="ansi_cyan",
            accent="ansi_yellow",
            warning="ansi_yellow",
            error="ansi_red",
            success="ansi_green",
            foreground="ansi_default",
            background="ansi_default",
            surface="ansi_default",
            panel="ansi_default",
            boost="ansi_default",
            variables={
                "code": "ansi_cyan",
                "quiet": "ansi_default dim",
                "quiet-color": "ansi_default",
                "row": "bold",
                "bar": "reverse",
                "input-cursor-background": "ansi_default",
                "input-cursor-foreground": "ansi_default",
                "input-cursor-text-style": "reverse",
                "input-selection-background": "ansi_default",
                "input-selection-foreground": "ansi_default",
                "block-cursor-background": "ansi_default",
                "block-cursor-foreground": "ansi_default",
                "block-cursor-text-style": "bold underline",
                "block-cursor-blurred-background": "ansi_default",
                "block-cursor-blurred-foreground": "ansi_default",
                "block-cursor-blurred-text-style": "bold underline",
                "scrollbar": "ansi_bright_black",
                "scrollbar-background": "ansi_default",
                "ansi-background": "ansi_black",
                "ansi-foreground": "ansi_white",
            },
        ),
    )
}
"""Every theme by its name. `terminal` uses the terminal's sixteen colors and its own background."""


def choose_theme(name: str = "", environment: Mapping[str, str] = os.environ) -> str:
    """Return the theme's name: as given, else that of `SURVEY_THEME`, else `dark`.

    Over SSH and where `NO_COLOR` is set, it is `terminal` instead of `dark`.

    Raises UserError where there is no such theme.
    """
    chosen = name or environment.get(ENVIRONMENT_VARIABLE, "").strip()
    if not chosen:
        plain = any(environment.get(name) for name in ("SSH_CONNECTION", "SSH_TTY", "NO_COLOR"))
        return "terminal" if plain else "dark"
    if chosen.casefold() not in THEMES:
        where = "--theme" if name else ENVIRONMENT_VARIABLE
        raise UserError(where, f"there is no theme {chosen}", f"choose one of {', '.join(THEMES)}")
    return chosen.casefold()
