"""Five ways of asking (Read, Pick, Line, Verbatim, Lookup) and the Prompt that carries one to a face.

A leaf: a face draws these and needs to know nothing else. What an entry means for the survey is decided elsewhere;
how a code is keyed is decided here, once for every face.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeAlias

from survey_cli.values import Cell, Code, Place


class Span(NamedTuple):
    """A run of literal text; `stress` is what the designer wrote between `**`."""

    text: str
    stress: bool = False


Words: TypeAlias = tuple[Span, ...]
"""Text ready to be read: fills filled, in one language, literal."""


def plain(words: Words) -> str:
    """The text without its stress."""
    return "".join(span.text for span in words)


class Choice(NamedTuple):
    """One option as it is offered now."""

    code: Code
    words: Words
    read: bool = True
    """False: volunteered or the interviewer's coding; shown, not read aloud."""
    note: str = ""
    """Bracketed beside the option, never read."""
    exclusive: bool = False
    """Chosen alone: takes the others away."""
    specify: bool = False
    """Wants words with it (other: what?)."""


class Decline(NamedTuple):
    """A typed non-answer that is permitted here."""

    id: str
    code: int
    text: str
    key: str
    """The letter that gives it; empty where it has none and the dot word `.id` must do."""


class Picked(NamedTuple):
    """What a face sends from a Pick: the codes in the order given, and the words of those that want words."""

    codes: tuple[Code, ...]
    words: Mapping[Code, str] = MappingProxyType({})


class Exact(str):
    """A typed line whose meaning is certain: a number in plain digits (`12000`, `2.5`), words that are no decline."""

    __slots__ = ()


class PossibleMeaning(NamedTuple):
    """One of the things that a typed line may mean."""

    words: str
    reply: "Reply" = ""
    decline: str = ""
    """The id of a decline, where it means one; then `reply` says nothing."""


class Rejection(NamedTuple):
    """A reply or an event that was not accepted: nothing changed.

    Not to be confused with a refusal, which is an outcome, nor with the missing value `refused`.
    """

    why: str
    """One short line for the interviewer."""
    meanings: tuple[PossibleMeaning, ...] = ()
    """Where the reply may mean several things: the interviewer chooses one, which is sent again."""


_FULL_WIDTH = str.maketrans("，．－＋", ",.-+")


def ascii_digits(text: str) -> str:
    """The text with every decimal digit of any script as 0 to 9: `٢`, `२` and `２` are 2."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text).translate(_FULL_WIDTH)


def _keyed(text: object) -> str:
    """A code as it is compared with others: without regard to case, and to the script of its digits."""
    return ascii_digits(str(text)).casefold()


@dataclass(frozen=True, slots=True)
class Read:
    """Read aloud (or, for an `end`, say) and go on: any empty entry. No NamedTuple: without fields it would be false."""


class Pick(NamedTuple):
    """One of `choices`, or any of them."""

    choices: tuple[Choice, ...]
    several: bool = False
    least: int = 1
    most: int | None = None
    ordered: bool = False
    """The order of mention is kept."""

    def coded(self, keys: str) -> Choice | None:
        """The choice whose code is exactly `keys` (letters without regard to case)."""
        keyed = _keyed(keys)
        return next((c for c in self.choices if _keyed(c.code) == keyed), None)

    def longer(self, keys: str) -> bool:
        """Whether some code begins with `keys` and goes on."""
        keyed = _keyed(keys)
        return any(
            (code := _keyed(c.code)).startswith(keyed) and len(code) > len(keyed) for c in self.choices
        )

    def sends(self, keys: str) -> bool:
        """Whether `keys` is a code and no longer offered code begins with it: then no Enter is needed."""
        return self.coded(keys) is not None and not self.longer(keys)

    def takes(self, keys: str) -> bool:
        """Whether `keys` is a code or the beginning of one."""
        return bool(keys) and (self.coded(keys) is not None or self.longer(keys))

    def picked(self, text: str) -> Picked | Rejection:
        """A line of text as codes: `3`, `1 3 5`, `1,3`, and `7 words` for an option that wants words."""
        rest = text.strip()
        by_key = {_keyed(c.code): c for c in reversed(self.choices)}
        codes: dict[Code, None] = {}
        words: dict[Code, str] = {}
        while rest:
            head, rest = _first_word(rest)
            choice = by_key.get(_keyed(head))
            if choice is None:
                return Rejection(f"{head} is not offered here: {self.offered()}")
            codes.setdefault(choice.code)
            if choice.specify:
                words[choice.code] = rest.strip()
                rest = ""
            elif rest and not self.several:
                return Rejection(f"one answer only: {self.offered()}")
        return Picked(tuple(codes), words)

    def offered(self) -> str:
        """The codes in words: `1 to 5`, or `1, 2, 7`."""
        codes = [c.code for c in self.choices]
        numbers = [c for c in codes if isinstance(c, int)]
        if len(numbers) == len(codes) > 2 and sorted(numbers) == list(range(min(numbers), max(numbers) + 1)):
            return f"{min(numbers)} to {max(numbers)}"
        return ", ".join(str(c) for c in codes)


def _first_word(text: str) -> tuple[str, str]:
    """The text up to a space or comma, and what follows it."""
    for at, letter in enumerate(text):
        if letter in " ,;\t":
            return text[:at], text[at + 1 :].lstrip(" ,;\t")
    return text, ""


LineKind: TypeAlias = Literal["number", "text", "date", "time", "scale"]


class Line(NamedTuple):
    """One typed line, ended with Enter."""

    kind: LineKind
    hint: str = ""
    """What is expected, short: `0 to 168 hours`, `day month year`."""
    unit: str = ""
    labels: tuple[tuple[Code, str], ...] = ()
    """Codes with a meaning of their own: a scale's ends, `97: 97 or older`."""
    width: int = 0
    """How many characters an answer can have at most; 0 where it is open."""
    personal: bool = False


class Verbatim(NamedTuple):
    """As long as they talk: Enter is next, Ctrl+J a new line."""

    personal: bool = False


class Lookup(NamedTuple):
    """The computer answers, nobody is asked. `value` is set where the journal alone decides it (a split, a draw);
    None where the desk must look (`quota`: is the cell open?)."""

    kind: Literal["split", "draw", "quota", "sample"]
    of: str
    """What is looked up: the split's or draw's id, the quota's id, the sample column."""
    value: Cell | None = None


Entry: TypeAlias = Read | Pick | Line | Verbatim | Lookup
Reply: TypeAlias = str | Picked
"""What an interface sends: a typed line (an Exact where one of its meanings was chosen), or the choices of a Pick. An
empty line goes on or keeps what stands."""


class Earlier(NamedTuple):
    """What stands already at this place: Enter keeps it."""

    words: str
    """Said to the interviewer: `3 Disagree`."""
    codes: tuple[Code, ...] = ()
    """The codes chosen, for marking them in a Pick."""
    text: str = ""
    """What would be typed to give it again."""
    kind: Literal["answer", "reopened", "prefill"] = "answer"
    """`reopened`: it no longer fits and must be asked again (Enter does not keep it); `prefill`: brought by the
    sample or an earlier answer and not yet confirmed."""


class Query(NamedTuple):
    """An answer was given and something about it must be confirmed or changed."""

    text: Words
    aloud: bool = False
    """True: read to the respondent (`confirm`); False: for the interviewer's eyes (a soft check)."""


class Prompt(NamedTuple):
    """All that a face may know of what is asked now. Frozen and printable: tests compare Prompts, not pixels."""

    place: Place
    words: Words
    entry: Entry
    intro: Words = ()
    """The introduction of the section or battery that begins with this item."""
    instruction: Words = ()
    probe: Words = ()
    help: Words = ()
    """Longer help, shown on request."""
    declines: tuple[Decline, ...] = ()
    earlier: Earlier | None = None
    query: Query | None = None
    """A question about the answer just given; the reply is `.ok [reason]` or a new entry."""
    section: str = ""
    position: int = 1
    """How many items have been asked, this one included."""
    of: int = 1
    """How many there will be as far as is known."""
    language: str = "en"
    languages: tuple[str, ...] = ("en",)
    faq: tuple[tuple[Words, Words], ...] = ()
    aloud: bool = True
    """False: `by: interviewer`, nothing of it is read."""
    after_hangup: bool = False
    """The respondent is no longer on the line."""
    ending: str = ""
    """The outcome's id, at an `end`."""
    turn: Words = ()
    """In a roster: which turn this is, in words."""
    unsaid: tuple[str, ...] = ()
    """Fills that could not be said, and why: read as `…`."""
