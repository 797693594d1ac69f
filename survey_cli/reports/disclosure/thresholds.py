"""Order in which thresholds are protected, so that two reports can be read together.

A report with a larger threshold never shows what one with a smaller threshold hides. Whoever has
both therefore knows no more than the report with the smaller threshold says.
"""

from typing import Final, NamedTuple

DEFAULT_THRESHOLD: Final = 5
"""Counts of fewer people are hidden."""
NOTHING_HIDDEN: Final = 1
"""The largest threshold that hides nothing."""


class ThresholdBounds(NamedTuple):
    """The thresholds between whose hidden counts those of another one must be."""

    below: int | None
    """Everything that it hides stays hidden; None if nothing has to be."""
    above: int | None
    """Everything that it shows stays shown; None if anything may be hidden."""


def find_bounds(threshold: int) -> ThresholdBounds:
    """Find the two thresholds that must be protected before this one.

    The default threshold comes first and has no bounds, so that no other one costs it a count.
    Thresholds above it double (10, 20, 40 …) and add to what the one before hides. All others are
    found by halving the interval between two of these.
    """
    if threshold == DEFAULT_THRESHOLD:
        return ThresholdBounds(None, None)

    # The first of 5, 10, 20 … that is not below the threshold, and the one before it.
    low = NOTHING_HIDDEN
    high = DEFAULT_THRESHOLD
    while high < threshold:
        low = high
        high = 2 * high
    if high == threshold:
        return ThresholdBounds(low, None)

    # All who halve the interval this way find the same bounds, whichever reports were made before.
    middle = (low + high) // 2
    while middle != threshold:
        if threshold < middle:
            high = middle
        else:
            low = middle
        middle = (low + high) // 2
    return ThresholdBounds(low if low > NOTHING_HIDDEN else None, high)
