"""How far has an interview come, as fieldwork needs to know it? The desk fills it in; nothing is computed here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What an interview that stopped has come to."""

    passed: frozenset[str] = frozenset()
    """Items that its route has come past: answered, declined, read, or left out on the way."""
    answered: int = 0
    """Items with an answer."""
    asked: int = 0
    """Items that would have been asked had it gone on along its present route, those answered among them."""
