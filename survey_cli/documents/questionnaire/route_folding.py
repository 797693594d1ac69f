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
FEW_SECTIONS: Final = 6
"""A section of nothing but so few sections isn't folded itself: their boxes say more."""
MANY_SECTIONS: Final = 12
"""A section with more sections than this is folded in any case, as with a loop written out."""


def list_sections(diagram: RouteDiagram) -> tuple[str, ...]:
    """List the names of all sections and loops, which can be unfolded."""
    return tuple(step.id for step in iterate_steps(diagram.steps) if isinstance(step, RouteGroup))


def fold_sections(diagram: RouteDiagram, unfolded: Collection[str] = ()) -> RouteDiagram:
    """Return the diagram with all sections folded but those named, if it is large or one is named.

    What is around or inside a named section is unfolded with it. A section that has more than half
    of all items isn't folded, since the picture would then show next to nothing, unless it has so
    many sections that their boxes would go on for pages. A section of a few sections isn't either.
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
    is_small = items <= SMALL_SECTION
    is_most = items > largest and len(inside) <= MANY_SECTIONS
    if is_around or is_small or is_most or _is_frame(group):
        return group._replace(steps=_fold_steps(group.steps, unfolded, largest))
    return group._replace(is_folded=True)


def _is_frame(group: RouteGroup) -> bool:
    """Return whether a section has nothing but a few sections, such as those that are shuffled."""
    are_sections = all(isinstance(step, RouteGroup) for step in group.steps)
    return are_sections and 1 < len(group.steps) <= FEW_SECTIONS
