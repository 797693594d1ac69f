"""Themes: dark, light, high contrast, and the terminal's own colors.

Whatever a color says is also said by weight, a mark or a word, so nothing is lost in monochrome (`NO_COLOR`).
"""

import os
from collections.abc import Mapping
from typing import Any, Final

from textual.theme import Theme

from survey_cli.problems import UserError

ENVIRONMENT_VARIABLE: Final = "SURVEY_THEME"
"""The theme where `--theme` is not given."""


# Used in texts: `quiet` for what is secondary, `row` for a row that stands out, `bar` for the first line. These are
# whole styles, since the terminal's own colors have neither gray nor a second background. `quiet-color` is for CSS.


_NAMES: Final = (
    "background", "foreground", "surface", "panel", "accent", "secondary", "row", "quiet", "warning", "error", "success",
)  # fmt: skip
_COLORS: Final = {
    "dark": "#14171c #e6e8eb #1b1f26 #232932 #f2a93b #66b8e8 #24415a #8a94a0 #f2c14e #ff7a6b #7cc47f",
    "light": "#fbfaf7 #1d2126 #f1efe9 #e4e1d8 #8a4306 #0a5488 #cfe2f1 #535960 #6f4a00 #a4201a #22602a",
    "contrast": "#000000 #ffffff #2c2c2c #2c2c2c #ffff00 #00ffff #0000c8 #d0d0d0 #ffff00 #ffa0a0 #80ff80",
}
"""The colors of each theme, in the order of `_NAMES`."""


def _theme(name: str) -> Theme:
    colors: dict[str, Any] = dict(zip(_NAMES, _COLORS[name].split(), strict=True))
    row, quiet, text = colors.pop("row"), colors.pop("quiet"), colors["foreground"]
    cursor = {
        f"block-cursor-{state}{key}": value
        for state in ("", "blurred-")
        for key, value in (("background", row), ("foreground", text), ("text-style", "bold"))
    }
    return Theme(
        name=name,
        dark=name != "light",
        primary=colors["accent"],
        **colors,
        variables=cursor | {
            "code": colors["secondary"], "quiet": quiet, "quiet-color": quiet,
            "row": f"on {row}", "bar": f"on {colors['panel']}",
            "input-cursor-background": colors["accent"], "input-cursor-foreground": colors["background"],
            "scrollbar": quiet, "scrollbar-background": colors["background"],
        },
    )  # fmt: skip


_TERMINAL_COLORS: Final[Mapping[str, Any]] = {
    **dict.fromkeys(("foreground", "background", "surface", "panel", "boost"), "ansi_default"),
    **dict.fromkeys(("primary", "secondary"), "ansi_cyan"),
    **dict.fromkeys(("accent", "warning"), "ansi_yellow"),
    "error": "ansi_red",
    "success": "ansi_green",
}
_TERMINAL_STYLES: Final = {
    f"{part}-{ground}": "ansi_default"
    for part in ("input-cursor", "input-selection", "block-cursor", "block-cursor-blurred")
    for ground in ("background", "foreground")
} | {
    "code": "ansi_cyan", "quiet": "ansi_default dim", "quiet-color": "ansi_default", "row": "bold", "bar": "reverse",
    "input-cursor-text-style": "reverse", "block-cursor-text-style": "bold underline",
    "block-cursor-blurred-text-style": "bold underline", "scrollbar": "ansi_bright_black",
    "scrollbar-background": "ansi_default", "ansi-background": "ansi_black", "ansi-foreground": "ansi_white",
}  # fmt: skip

THEMES: Final = {
    theme.name: theme
    for theme in (
        *(_theme(name) for name in _COLORS),
        Theme(name="terminal", ansi=True, dark=True, **_TERMINAL_COLORS, variables=_TERMINAL_STYLES),
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
