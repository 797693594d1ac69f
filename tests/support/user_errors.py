"""Calls that may be refused: their result, or the UserError that they raise."""

from collections.abc import Callable
from typing import TypeVar

from survey_cli.problems import UserError

T = TypeVar("T")


def attempt(call: Callable[..., T], *args: object, **options: object) -> T | UserError:
    """Return the call's result, or the UserError that it raised."""
    try:
        return call(*args, **options)
    except UserError as error:
        return error
