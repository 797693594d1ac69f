"""Group of subcommands under one word, such as `sample import`."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class CommandGroup(NamedTuple):
    """Commands under one word."""

    name: str
    help: str
    commands: Mapping[str, Callable[..., Any]]
    """By the second word."""
