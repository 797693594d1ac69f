"""Names of the items of a form: the export tags of a survey, made unique."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class ItemNames:
    """The names that are taken, without regard to capitals."""

    def __init__(self, tags: Iterable[str]) -> None:
        self._tags = {_write_name(tag).lower() for tag in tags}
        """The tags of questions, which nothing else may take."""
        self._taken: set[str] = set()
        self._numbers: dict[str, int] = {}
        """The next number to try after a name: a block may be in the flow thousands of times."""
        self._prefix = ""

    @contextmanager
    def use_prefix(self, prefix: str) -> Iterator[None]:
        """Begin all names with a prefix meanwhile, in which there is no other prefix."""
        self._prefix = prefix
        try:
            yield
        finally:
            self._prefix = ""

    def choose_tag(self, wanted: str) -> str:
        """Return the name of a question: its tag if no other question has it."""
        return self._choose_free(_write_name(wanted))

    def choose_other(self, wanted: str, kind: str) -> str:
        """Return the name of a block, a loop or a field, which has no tag of a question."""
        name = _write_name(wanted)
        if name.lower() in self._tags:
            name = f"{name}_{kind}"
        return self._choose_free(name)

    def _choose_free(self, start: str) -> str:
        """Return a name that nothing has yet: the wanted one, or that with a number from 2."""
        start = self._prefix + start
        name = start
        number = self._numbers.get(start.lower(), 2)
        while name.lower() in self._taken:
            name = f"{start}_{number}"
            number += 1
        self._numbers[start.lower()] = number
        self._taken.add(name.lower())
        return name


def _write_name(wanted: str) -> str:
    name = re.sub(r"\W+", "_", wanted, flags=re.ASCII).strip("_") or "item"
    return name if name[0].isalpha() else f"q{name}"
