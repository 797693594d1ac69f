"""Wording of quantities, lists, names of languages, and commands in messages."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.core import Locale
from babel.localedata import locale_identifiers

from support.source_trees import ROOT, list_nodes
from survey_cli.cli.command_table import COMMANDS, GROUPS
from survey_cli.instrument.texts.languages import get_language_name, is_right_to_left
from survey_cli.wording import format_quantity, join_first, join_words, pluralize


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 cases"), (1, "1 case"), (2, "2 cases"), (1200, "1,200 cases")]
)
def test_a_quantity_has_its_noun_in_the_right_form(number: int, text: str) -> None:
    assert format_quantity(number, "case") == text


def test_an_irregular_plural_is_given() -> None:
    assert (pluralize(1, "is", "are"), pluralize(0, "is", "are")) == ("is", "are")
    assert format_quantity(2, "entry", "entries") == "2 entries"


@pytest.mark.parametrize(
    ("words", "text"),
    [([], ""), (["a"], "a"), (["a", "b"], "a or b"), (["a", "b", 3], "a, b or 3")],
)
def test_the_last_word_of_a_list_is_joined_by_a_conjunction(words: list[object], text: str) -> None:
    assert join_words(words, "or") == text


def test_a_long_list_ends_in_the_number_of_the_others() -> None:
    assert join_first("abc", 3) == join_first(list("abc")) == "a, b, c"
    assert join_first("abcd", 3) == join_words("abcd", most=3) == "a, b, c and 1 more"


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("en", "English"),
        ("tl", "Tagalog"),
        ("pt-BR", "Brazilian Portuguese"),
        ("de-XY", "German"),
        ("xx", "xx"),
    ],
)
def test_a_language_has_an_english_name(code: str, name: str) -> None:
    assert get_language_name(code) == name


def test_the_direction_of_every_language_is_that_of_its_script() -> None:
    by_script = {}
    for identifier in locale_identifiers():
        if identifier != "root":
            locale = Locale.parse(identifier)
            by_script[locale.language, locale.script] = identifier, locale
    assert len(by_script) > 200
    for identifier, locale in by_script.values():
        expected = locale.text_direction == "rtl"
        assert is_right_to_left(identifier.lower().replace("_", "-")) == expected, identifier
    assert is_right_to_left("ar-xx")
    assert not is_right_to_left("ar-latn")


COMMAND = re.compile(r"(?<![-\w])survey ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?")
PROSE = {
    "describes",
    "dials",
    "has",
    "instrument",
    "it",
    "may",
    "module",
    "of",
    "package",
    "rules",
    "scenarios",
    "was",
}
"""Words that follow the noun `survey`."""
CALLED_SURVEYS = {"limesurvey", "qualtrics"}
"""Packages that read forms called surveys: the noun is followed by any word there."""


def list_texts(path: Path) -> Iterator[str]:
    """Yield every text of a module, with {} for each value that is filled in."""
    nodes = list_nodes(path)
    parts = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
            )
        elif (
            isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts
        ):
            yield node.value


def test_every_command_that_a_text_names_exists() -> None:
    known = set(COMMANDS)
    unknown = [
        f"{path.name}: {match[0]}"
        for path in (ROOT / "survey_cli").rglob("*.py")
        if path.parent.name not in CALLED_SURVEYS
        # most modules need not be parsed
        and COMMAND.search(" ".join(path.read_text(encoding="utf-8").split()))
        for text in list_texts(path)
        for match in COMMAND.finditer(" ".join(text.split()))
        if match[1] not in PROSE
        and not (
            match[1] in known and (match[1] not in GROUPS or match[2] in GROUPS[match[1]].commands)
        )
    ]
    assert unknown == []
