"""Themes: dark, light, high contrast, and the terminal's own colors.

Whatever a color says is also said by weight, a mark or a word, so nothing is lost in monochrome (`NO_COLOR`).
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from textual.theme import Theme

from survey_cli.problems import UserError

ENVIRONMENT_VARIABLE: Final = "SURVEY_THEME"
"""The theme where `--theme` is not given."""


# Used in texts: `spoken` for what is read aloud, `key` for a key that records,
# `quiet` for what is secondary, `row` for a row that
# stands out, `bar` for the first line. These are whole styles, since the terminal's own colors have
# neither gray nor a second background. `quiet-color` is for CSS.


_TABLES: Final = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
"""The colors of each theme, and the colors and styles of the terminal's own."""


def _make_theme(name: str, colors: dict[str, Any]) -> Theme:
    row = colors.pop("row")
    quiet = colors.pop("quiet")
    spoken = colors.pop("spoken")
    text = colors["foreground"]
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
            "key": f"{colors['secondary']} on {colors['panel']}",
            "spoken": f"bold {spoken}", "spoken-long": spoken,
            "row": f"on {row}", "bar": f"on {colors['panel']}",
            "input-cursor-background": colors["accent"], "input-cursor-foreground": colors["background"],
            "scrollbar": quiet, "scrollbar-background": colors["background"],
        },
    )  # fmt: skip


THEMES: Final = {
    theme.name: theme
    for theme in (
        *(_make_theme(*theme) for theme in _TABLES["colors"].items()),
        Theme("terminal", ansi=True, dark=True, **_TABLES["terminal"]),
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
