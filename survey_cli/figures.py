"""Words of figures: the name under which a figure is shown, and its one definition.

A figure is defined beside the function that counts it. Whatever shows it takes its name from there,
so that one word has one meaning on the board, in `survey status`, on the client's page, in exports
and in the glossary.
"""

from typing import NamedTuple


class NamedFigure(NamedTuple):
    """A figure with a name.

    PAID_TIME: Final = NamedFigure("paid time", "The time signed on, without unpaid breaks.")
    """

    name: str
    """As it is shown: `callable now`."""
    definition: str
    """What is counted, in whole sentences."""
    shown_in: str = ""
    """The places that show it."""
