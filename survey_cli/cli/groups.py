"""A command that has commands of its own: `sample import`, `never-call add`."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class Group(NamedTuple):
    """Commands under one word."""

    name: str
    help: str
    commands: Mapping[str, Callable[..., Any]]
    """By the second word."""
