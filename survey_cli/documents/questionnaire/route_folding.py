"""Folding of sections in the picture of a large route: a folded section is one box."""

from collections.abc import Collection, Sequence
from typing import Final

from survey_cli.documents.questionnaire.route_diagram import (
    RouteBranch,
    RouteDiagram,
    RouteGroup,
    RouteStep,
    count_steps,
    iterate_steps,
)

ALL_SECTIONS: Final = "all"
"""What `--unfold` names instead of one section."""
LARGE_ROUTE: Final = 60
"""Sections of a route with more items than this are folded unless something is said of them."""
SMALL_SECTION: Final = 3
"""A section with so few items is never folded: its box would be hardly smaller."""


def list_sections(diagram: RouteDiagram) -> tuple[str, ...]:
    """List the names of all sections and loops, which can be unfolded."""
    return tuple(step.id for step in iterate_steps(diagram.steps) if isinstance(step, RouteGroup))


def fold_sections(diagram: RouteDiagram, unfolded: Collection[str] = ()) -> RouteDiagram:
    """Return the diagram with all sections folded but those named, if it is large or one is named.

    What is around or inside a named section is unfolded with it. A section that has more than half
    of all items is never folded, since the picture would then show next to nothing.
    """
    items = count_steps(diagram.steps).items
    if ALL_SECTIONS in unfolded or (not unfolded and items <= LARGE_ROUTE):
        return diagram
    return diagram._replace(steps=_fold_steps(diagram.steps, unfolded, items / 2))


def _fold_steps(
    steps: Sequence[RouteStep], unfolded: Collection[str], largest: float
) -> tuple[RouteStep, ...]:
    folded: list[RouteStep] = []
    for step in steps:
        if isinstance(step, RouteGroup):
            step = _fold_group(step, unfolded, largest)
        elif isinstance(step, RouteBranch):
            step = step._replace(steps=_fold_steps(step.steps, unfolded, largest))
        folded.append(step)
    return tuple(folded)


def _fold_group(group: RouteGroup, unfolded: Collection[str], largest: float) -> RouteGroup:
    if group.id in unfolded:
        return group

    inside = [step.id for step in iterate_steps(group.steps) if isinstance(step, RouteGroup)]
    items = count_steps(group.steps).items
    is_around = any(name in unfolded for name in inside)
    if is_around or items > largest or items <= SMALL_SECTION:
        return group._replace(steps=_fold_steps(group.steps, unfolded, largest))
    return group._replace(is_folded=True)
