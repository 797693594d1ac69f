"""Requirements of an item or group: its own conditions, which decide whether it is asked."""

from typing import NamedTuple

from survey_cli.instrument.compiled.model import CompiledNode
from survey_cli.instrument.expressions.conditions import Condition


class Requirement(NamedTuple):
    """A condition of an item or group: an `ask_if` that must be true, an `unless` that must not."""

    condition: Condition
    owner: str
    key: str
    """`ask_if` or `unless`."""


def list_requirements(node: CompiledNode) -> tuple[Requirement, ...]:
    """List the requirements of an item or group."""
    requirements = []
    if node.ask_if is not None:
        requirements.append(Requirement(node.ask_if, node.id, "ask_if"))
    if node.unless is not None:
        requirements.append(Requirement(node.unless, node.id, "unless"))
    return tuple(requirements)
