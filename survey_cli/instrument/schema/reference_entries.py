"""Entries of the language reference: what a word means, where it is used, and what it accepts."""

from typing import Final, Literal, NamedTuple, TypeAlias, get_args

ReferenceKind: TypeAlias = Literal["item type", "key", "function", "fill", "outcome", "problem"]
REFERENCE_KINDS: Final[tuple[ReferenceKind, ...]] = get_args(ReferenceKind)


class KeyReference(NamedTuple):
    """One key as it can be written in one part of a file."""

    name: str
    accepts: str
    """What can follow the colon, in words: `a text`, `true or false`."""
    meaning: str
    required: bool = False
    default: str = ""
    """What applies if the key is left out: `1`, or words such as `none`."""

    def describe(self) -> str:
        """Return the meaning, and what applies if the key is left out."""
        return f"{self.meaning} If left out: {self.default}." if self.default else self.meaning


class ReferenceEntry(NamedTuple):
    """One meaning of one word."""

    word: str
    kind: ReferenceKind
    meaning: str
    accepts: str = ""
    """What can follow the colon of a key."""
    within: tuple[str, ...] = ()
    """The parts of a file that have a key; empty for the other kinds."""
    keys: tuple[KeyReference, ...] = ()
    """The keys of an item type, without those of any question."""
    shared_keys: tuple[str, ...] = ()
    """The names of the keys that any question has too, with the same meaning."""
