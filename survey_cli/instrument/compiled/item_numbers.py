"""Item numbers: those of the printed questionnaire, by which reports refer to an item."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from string import ascii_lowercase

from survey_cli.instrument.compiled.model import CompiledNode, Instrument, Roster
from survey_cli.instrument.schema.items.groups import BatteryItem
from survey_cli.instrument.schema.items.question import CompiledItem


def number_items(instrument: Instrument) -> Mapping[str, str]:
    """Number all items from 1, in written order.

    A battery has one number, and each of its statements adds a letter: `9`, `9a`.
    """
    numbers = count(1)

    def walk(nodes: Sequence[CompiledNode]) -> Iterator[tuple[str, str]]:
        for node in nodes:
            if isinstance(node, CompiledItem):
                yield node.id, str(next(numbers))
            elif isinstance(node.spec, BatteryItem):
                number = str(next(numbers))
                yield node.id, number
                yield from ((item.id, number + _format_letters(n)) for n, item in enumerate(node.items))
            else:
                yield from walk(node.children)
                if isinstance(node, Roster) and node.until is not None:
                    yield from walk([node.until])

    return dict(walk(instrument.root.children))


def _format_letters(place: int) -> str:
    """Return `a` to `z`, then `aa`."""
    before, letter = divmod(place, len(ascii_lowercase))
    return (_format_letters(before - 1) if before else "") + ascii_lowercase[letter]
