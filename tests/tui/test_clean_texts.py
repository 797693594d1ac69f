"""What a text on the screen never contains, whoever wrote it."""

import pytest

from survey_cli.tui.widgets.styled import clean
from survey_cli.wording import escape_controls


@pytest.mark.parametrize(
    ("letter", "shown"),
    [
        ("\x1b", "?"),
        ("\x9b", "?"),
        ("\x85", "?"),
        ("\ud800", "?"),
        ("\N{LINE SEPARATOR}", "?"),
        ("\N{PARAGRAPH SEPARATOR}", "?"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}", ""),
        ("\N{LEFT-TO-RIGHT ISOLATE}", ""),
    ],
)
def test_nothing_moves_the_cursor_or_turns_the_line_around(letter: str, shown: str) -> None:
    assert clean(f"Mr {letter}A") == f"Mr {shown}A"
    assert escape_controls(f"Mr {letter}A") == f"Mr <U+{ord(letter):04X}>A"
