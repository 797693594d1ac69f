"""Random orders and arms: pure functions of the interview's seed, an id and a turn.

They must never change, because stored interviews are replayed with them.
"""

from bisect import bisect
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from itertools import accumulate
from typing import TypeVar

from survey_cli.instrument.compiled.model import CompiledNode, ItemGroup
from survey_cli.instrument.schema.items.question import CompiledOption

T = TypeVar("T")


def draw_number(seed: int, *names: object) -> int:
    """Return a number below 2**64 that depends on nothing but the seed and the names."""
    text = "/".join(str(name) for name in (seed, *names))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def order_children(group: ItemGroup, *, seed: int, turn: int | None) -> tuple[CompiledNode, ...]:
    """Return the group's items and groups in the order in which they are asked in this turn."""
    if group.order == "written":
        return group.children
    fixed = [node.anchor for node in group.children]
    return _draw_order(
        group.children, fixed, group.order, lambda node: node.id, (seed, group.id, turn or 0)
    )


def order_options(
    options: Sequence[CompiledOption], order: str, *, seed: int, key: str, turn: int | None
) -> tuple[CompiledOption, ...]:
    """Return the options in the order in which they are offered.

    `key` is the id of the item, or of the scale that it shares with others.
    """
    if order == "written":
        return tuple(options)
    fixed = [option.is_fixed for option in options]
    return _draw_order(options, fixed, order, lambda option: option.code, (seed, key, turn or 0))


def _draw_order(
    elements: Sequence[T],
    fixed: Sequence[bool],
    order: str,
    name: Callable[[T], object],
    draw: tuple[int, str, int],
) -> tuple[T, ...]:
    """Put elements in a drawn order: `random`, `rotate` or `flip`.

    Fixed ones keep their written positions. `draw` identifies the drawing: the seed, the id of what
    is ordered, and the turn.
    """
    seed, key, turn = draw
    moving = [element for element, is_fixed in zip(elements, fixed, strict=True) if not is_fixed]
    match order:
        case "random":
            moving.sort(key=lambda element: draw_number(seed, "order", key, turn, name(element)))
        case "rotate" if moving:
            by = draw_number(seed, "rotate", key, turn) % len(moving)
            moving = moving[by:] + moving[:by]
        case "flip":
            if draw_number(seed, "flip", key, turn) & 1:
                moving.reverse()
        case _:
            return tuple(elements)

    ordered = []
    next_moving = iter(moving)
    for element, is_fixed in zip(elements, fixed, strict=True):
        ordered.append(element if is_fixed else next(next_moving))
    return tuple(ordered)


def choose_arm(arms: Mapping[str, int], *, seed: int, key: str, turn: int | None) -> str:
    """Choose one of the arms by their shares. Raises ValueError if no share is positive."""
    # the ends of the arms' intervals on a line as long as all shares together
    ends = list(accumulate(max(share, 0) for share in arms.values()))
    if not ends or not ends[-1]:
        raise ValueError(f"no arm of {key} has a share")

    drawn = draw_number(seed, "split", key, turn or 0) % ends[-1]
    return str(list(arms)[bisect(ends, drawn)])


def choose_position(count: int, *, seed: int, key: str, turn: int | None) -> int:
    """Choose one of the positions from 1 to `count`, all with the same chance.

    With a greater count it is the same position or one of those that were added, so that a
    corrected count changes as little as possible. This is the jump consistent hash by Lamping and
    Veach, https://arxiv.org/abs/1406.2294.
    """
    chosen = 1
    while True:
        # The position stays for all counts up to n with the chance chosen / n. The drawn number is
        # below 2**64, so that there is no division by zero.
        drawn = draw_number(seed, "position", key, turn or 0, chosen)
        following = chosen * 2**64 // (2**64 - drawn) + 1
        if following > count:
            return chosen
        chosen = following
