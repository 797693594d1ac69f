"""Numbers of items: those of the printed questionnaire, by which reports refer to it."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from string import ascii_lowercase

from survey_cli.instrument.compiled.model import Instrument, Leaf, Node, Roster
from survey_cli.instrument.schema.items.groups import BatteryWritten


def item_numbers(instrument: Instrument) -> Mapping[str, str]:
    """By item its number from 1, in written order, whatever kind of item it is. A battery has one number, its statements
    a letter besides: `9`, `9a`."""
    numbers = count(1)

    def walk(nodes: Sequence[Node]) -> Iterator[tuple[str, str]]:
        for node in nodes:
            if isinstance(node, Leaf):
                yield node.id, str(next(numbers))
            elif isinstance(node.written, BatteryWritten):
                number = str(next(numbers))
                yield node.id, number
                yield from ((leaf.id, number + _letters(n)) for n, leaf in enumerate(node.leaves))
            else:
                yield from walk(node.children)
                if isinstance(node, Roster) and node.until is not None:
                    yield from walk([node.until])

    return dict(walk(instrument.root.children))


def _letters(place: int) -> str:
    """`a` to `z`, then `aa`."""
    before, letter = divmod(place, len(ascii_lowercase))
    return (_letters(before - 1) if before else "") + ascii_lowercase[letter]
