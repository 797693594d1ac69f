"""Limits of the expressions that are read from a form.

Readers work by recursion, and so does whatever is done with what they read. An expression that is
nested thousands of times would exhaust the stack, and one of a million characters the patience.
"""

import re
from typing import Final

from survey_cli.conversion.model.expressions import UnsupportedError

MOST_CHARACTERS: Final = 50_000
"""The characters of an expression. The longest in real forms has 3,000."""
MOST_BRACKETS: Final = 100
"""How deeply its brackets may be nested."""
MOST_SIGNS: Final = 200
"""Its arithmetic signs. `a + b + c` is a tree as deep as it has signs."""

_BRACKET_OR_SIGN: Final = re.compile(
    r"""'[^']*'|"[^"]*"|(?P<open>\()|(?P<close>\))|(?P<sign>[+*/!^]|(?<!\w)-|-(?!\w))"""
)
"""Texts in quotes are passed over. A hyphen within a word may be of a name: `count-selected`."""


def check_formula_size(text: str) -> None:
    """Raise UnsupportedError if an expression is too long, or nested too deeply, to be read."""
    if len(text) > MOST_CHARACTERS:
        raise UnsupportedError("the expression is far too long")

    depth = 0
    signs = 0
    for match in _BRACKET_OR_SIGN.finditer(text):
        match match.lastgroup:
            case "open":
                depth += 1
            case "close":
                depth -= 1
            case "sign":
                signs += 1
        if depth > MOST_BRACKETS:
            raise UnsupportedError(f"its brackets are nested more than {MOST_BRACKETS} deep")
        if signs > MOST_SIGNS:
            raise UnsupportedError(f"it has more than {MOST_SIGNS} arithmetic signs")
