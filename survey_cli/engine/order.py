"""Random orders and arms as pure functions of the interview's seed, an id and a turn, stable for good."""

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")


def draw_number(seed: int, *names: object) -> int:
    """Return a number below 2**64 that depends on nothing but the seed and the names."""
    text = "/".join(str(name) for name in (seed, *names))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def apply_order(
    items: Sequence[T],
    order: str,
    *,
    seed: int,
    key: str,
    turn: int | None,
    name: Callable[[T], object],
    is_fixed: Callable[[T], bool],
) -> tuple[T, ...]:
    """Put things in a drawn order (`random`, `rotate` or `flip`); those that stay keep their written places."""
    if order == "written":
        return tuple(items)
    moving = [t for t in items if not is_fixed(t)]
    match order:
        case "random":
            moving.sort(key=lambda t: draw_number(seed, "order", key, turn or 0, name(t)))
        case "rotate" if moving:
            by = draw_number(seed, "rotate", key, turn or 0) % len(moving)
            moving = moving[by:] + moving[:by]
        case "flip":
            if draw_number(seed, "flip", key, turn or 0) & 1:
                moving.reverse()
        case _:
            pass
    next_moving = iter(moving)
    return tuple(t if is_fixed(t) else next(next_moving) for t in items)


def choose_arm(arms: Mapping[str, int], *, seed: int, key: str, turn: int | None) -> str:
    """Choose one of the arms by their shares. Raises ValueError where no share is positive."""
    total = sum(share for share in arms.values() if share > 0)
    if total <= 0:
        raise ValueError(f"no arm of {key} has a share")
    at = draw_number(seed, "split", key, turn or 0) % total
    for name, share in arms.items():
        at -= max(share, 0)
        if at < 0:
            return str(name)
    raise AssertionError("unreachable: shares sum to the total")
