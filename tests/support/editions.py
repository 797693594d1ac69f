"""Editions of the language that the program accepts, for tests of one that isn't released yet."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from unittest.mock import patch

from survey_cli.instrument import editions

LATEST: Final = 2
"""The edition whose meanings are being built."""


@contextmanager
def accept_edition(number: int = LATEST) -> Iterator[None]:
    """Accept questionnaires in this edition and all before it.

    A test that hypothesis runs uses it in its body; others take the fixture `edition_2`.
    """
    with patch.object(editions, "NEWEST_EDITION", number):
        yield
