"""Prompts, entries and replies: all that an interface may know of an interview.

Defines how a code is typed, once for every interface. What a reply means for the interview is
decided in `engine`.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeAlias

from survey_cli.search_lists import MAX_MATCHES, SearchList
from survey_cli.values import Cell, Code, Place


class TextSpan(NamedTuple):
    """A run of literal text; `stress` is what the designer wrote between `**`."""

    text: str
    stress: bool = False


StyledText: TypeAlias = tuple[TextSpan, ...]
"""Text ready to be read: fills filled, in one language, literal."""


def to_plain_text(spans: StyledText) -> str:
    """Return the text without its stress."""
    return "".join(span.text for span in spans)


class OfferedOption(NamedTuple):
    """One option as it is offered now."""

    code: Code
    text: StyledText
    read: bool = True
    """False: volunteered, or coded by the interviewer; shown, not read aloud."""
    note: str = ""
    """Shown in brackets beside the option, never read."""
    exclusive: bool = False
    """Chosen alone: it clears the others."""
    specify: bool = False
    """It requires text (other: specify)."""


class DeclineOption(NamedTuple):
    """A typed non-answer that is permitted here."""

    id: str
    code: int
    text: str
    key: str
    """The letter that selects it; empty where there is none and `.id` must be typed."""
    typed_code: str = ""
    """Its code, if that can be typed like the code of an option."""


class PickReply(NamedTuple):
    """The reply to a `PickEntry`: codes in the order given, and texts of specified options."""

    codes: tuple[Code, ...]
    specify_texts: Mapping[Code, str] = MappingProxyType({})


class ExactText(str):
    """A typed line whose meaning is certain: a number in plain digits (`2.5`), or no decline."""

    __slots__ = ()


class PossibleMeaning(NamedTuple):
    """One of the meanings that a typed line may have."""

    label: str
    reply: "Reply" = ""
    decline: str = ""
    """The id of a decline, where it means one; `reply` is then not used."""
    names: tuple[str, ...] = ()
    """Words by whose beginning it can be chosen: `week`."""


def find_by_beginning(named: Sequence[Sequence[str]], typed: str) -> int | None:
    """Find the only one of which a name begins with what was typed; None if it isn't only one."""
    beginning = typed.strip().casefold()
    if not beginning:
        return None

    found = []
    for index, names in enumerate(named):
        if any(name.casefold().startswith(beginning) for name in names):
            found.append(index)
    if len(found) != 1:
        return None
    return found[0]


class Rejection(NamedTuple):
    """A reply or an event that was not accepted: nothing changed.

    Not to be confused with a refusal, which is an outcome, nor with the missing value `refused`.
    """

    why: str
    """One short line for the interviewer."""
    meanings: tuple[PossibleMeaning, ...] = ()
    """Where the reply may mean several things: the interviewer chooses one, which is sent again."""
    places: tuple[Place, ...] = ()
    """Where a hard check failed: the other places whose answers it used, in the order of the
    route."""


_FULL_WIDTH = str.maketrans("，．－＋", ",.-+")


def to_ascii_digits(text: str) -> str:
    """Return the text with every decimal digit of any script as 0 to 9: `٢`, `२` and `２` are 2."""
    if text.isascii():
        return text

    letters = []
    for letter in text:
        if letter.isdecimal():
            letters.append(str(unicodedata.decimal(letter)))
        else:
            letters.append(letter)
    return "".join(letters).translate(_FULL_WIDTH)


def _normalize_code(text: object) -> str:
    """Return a code in the form in which codes are compared, whatever their case and digits."""
    return to_ascii_digits(str(text)).casefold()


@dataclass(frozen=True, slots=True)
class ReadEntry:
    """Text to be read aloud; an empty reply goes on.

    It is no NamedTuple, since one without fields would be false.
    """


class PickEntry(NamedTuple):
    """One of `options`, or any number of them."""

    options: tuple[OfferedOption, ...]
    several: bool = False
    min_count: int = 1
    max_count: int | None = None
    ordered: bool = False
    """The order of mention is kept."""
    declines: tuple[DeclineOption, ...] = ()
    """The declines that can be typed by their code, and that a rejection names. None in edition 1.
    """

    def find_option(self, keys: str) -> OfferedOption | None:
        """Return the option whose code is exactly `keys` (letters in any case)."""
        code = _normalize_code(keys)
        for option in self.options:
            if _normalize_code(option.code) == code:
                return option
        return None

    def has_longer_code(self, keys: str) -> bool:
        """Return whether some code begins with `keys` and is longer."""
        prefix = _normalize_code(keys)
        codes = (_normalize_code(option.code) for option in self.options)
        return any(code.startswith(prefix) and len(code) > len(prefix) for code in codes)

    def find_decline(self, keys: str) -> DeclineOption | None:
        """Return the decline whose code is exactly `keys`, if no option has this code."""
        code = _normalize_code(keys)
        if self.find_option(keys) is not None:
            return None
        for decline in self.declines:
            if decline.typed_code and decline.typed_code == code:
                return decline
        return None

    def has_longer_decline(self, keys: str) -> bool:
        """Return whether the code of some decline begins with `keys` and is longer."""
        prefix = _normalize_code(keys)
        codes = [decline.typed_code for decline in self.declines]
        return any(code.startswith(prefix) and len(code) > len(prefix) for code in codes)

    def list_beginning(self, keys: str) -> tuple[OfferedOption, ...]:
        """List the options whose code is a word that begins with `keys`."""
        prefix = _normalize_code(keys)
        found = []
        for option in self.options:
            code = _normalize_code(option.code)
            if prefix and code.startswith(prefix) and not code.isdecimal():
                found.append(option)
        return tuple(found)

    def find_abbreviated(self, keys: str) -> OfferedOption | None:
        """Return the option with this code, or the only one whose code is a word that begins so."""
        exact = self.find_option(keys)
        if exact is not None:
            return exact
        found = self.list_beginning(keys)
        return found[0] if len(found) == 1 else None

    def explain_incomplete(self, keys: str) -> str:
        """Explain what is missing of a code that is typed in part."""
        codes = [str(option.code) for option in self.list_beginning(keys)]
        if len(codes) > 1:
            return f"{keys}: {' or '.join(codes)}? Type more of it"
        return f"{keys} is not a complete code: {self._format_offered()}"

    def is_complete_code(self, keys: str) -> bool:
        """Return whether `keys` is a code, and no longer code begins with it: it needs no Enter.

        Longer codes of declines don't count: with an option 7 and a don't know of 77, one key
        answers 7.
        """
        return self.find_option(keys) is not None and not self.has_longer_code(keys)

    def is_complete_decline(self, keys: str) -> bool:
        """Return whether `keys` is the code of a decline, and no longer code begins with it."""
        has_longer = self.has_longer_code(keys) or self.has_longer_decline(keys)
        return self.find_decline(keys) is not None and not has_longer

    def is_code_prefix(self, keys: str) -> bool:
        """Return whether `keys` is a code or the beginning of one, of an option or a decline."""
        if not keys:
            return False
        is_code = self.find_option(keys) is not None or self.find_decline(keys) is not None
        return is_code or self.has_longer_code(keys) or self.has_longer_decline(keys)

    def parse(self, text: str, *, abbreviated: bool = False) -> PickReply | Rejection:
        """Parse a line as codes: `3`, `1 3 5`, `1,3`, and `7 text` for an option to be specified.

        `abbreviated`: of a code that is a word, a beginning that no other code has is enough.
        """
        rest = text.strip()
        options = {_normalize_code(option.code): option for option in reversed(self.options)}
        codes: dict[Code, None] = {}
        specify_texts: dict[Code, str] = {}
        while rest:
            word, rest = _split_first_word(rest)
            option = options.get(_normalize_code(word))
            if option is None and abbreviated:
                option = self.find_abbreviated(word)
                if option is None and self.list_beginning(word):
                    return Rejection(self.explain_incomplete(word))
            if option is None:
                return self._reject_word(word, is_alone=not codes and not rest)
            codes.setdefault(option.code)
            if option.specify:
                specify_texts[option.code] = rest.strip()
                rest = ""
            elif rest and not self.several:
                return Rejection(f"only one answer: {self.format_codes()}")
        return PickReply(tuple(codes), specify_texts)

    def _reject_word(self, word: str, *, is_alone: bool) -> Rejection:
        decline = self.find_decline(word)
        if decline is not None and not is_alone:
            what = f"{word} ({decline.text}) cannot be combined with other answers"
            return Rejection(what)
        return Rejection(self.explain_not_offered(word))

    def explain_not_offered(self, keys: str) -> str:
        """Explain what can be typed instead of something that is not offered."""
        return f"{keys} is not offered here: {self._format_offered()}"

    def _format_offered(self) -> str:
        """Return the codes and how to decline: `1 to 5; d don't know, r refused`."""
        ways = []
        for decline in self.declines:
            key = decline.key
            if not key or self.list_beginning(key):
                key = f".{decline.id}"
            ways.append(f"{key} {decline.text.lower()}")
        if not ways:
            return self.format_codes()
        return f"{self.format_codes()}; {', '.join(ways)}"

    def format_codes(self) -> str:
        """Return the codes in words: `1 to 5`, or `1, 2, 7`."""
        codes = [option.code for option in self.options]
        numbers = sorted(code for code in codes if isinstance(code, int))
        if len(numbers) == len(codes) > 2 and numbers == list(range(numbers[0], numbers[-1] + 1)):
            return f"{numbers[0]} to {numbers[-1]}"
        return ", ".join(map(str, codes))


def _split_first_word(text: str) -> tuple[str, str]:
    """Split the text at the first space or comma."""
    for index, letter in enumerate(text):
        if letter in " ,;\t":
            return text[:index], text[index + 1 :].lstrip(" ,;\t")
    return text, ""


class ListSearch(NamedTuple):
    """A search list in one language, and the options that are offered besides it."""

    list: SearchList
    language: str
    options: tuple[OfferedOption, ...] = ()

    def find_listed(self, typed: str) -> tuple[OfferedOption, ...]:
        """Find the entries of the list that fit what was typed, the best first."""
        most = max(MAX_MATCHES - len(self.options), 1)
        offered = []
        for row in self.list.find(typed, self.language, most):
            text = TextSpan(row.get_text(self.language))
            offered.append(OfferedOption(row.code, (text,), note=str(row.code)))
        return tuple(offered)


LineEntryKind: TypeAlias = Literal[
    "number", "quantity", "text", "date", "time", "duration", "scale", "search"
]


class LineEntry(NamedTuple):
    """One typed line, ended with Enter."""

    kind: LineEntryKind
    hint: str = ""
    """The expected answer in short: `0 to 168 hours`, `day month year`."""
    unit: str = ""
    labels: tuple[tuple[Code, str], ...] = ()
    """Codes with a meaning of their own: a scale's ends, `97: 97 or older`."""
    forms: tuple[tuple[str, str], ...] = ()
    """How a number is keyed, a dot for each digit, with what it is then: `2..`, `1 to 99 per week`.
    """
    width: int = 0
    """The maximum number of characters of an answer; 0 where there is no limit."""
    personal: bool = False
    search: ListSearch | None = None
    """The list in which the answer is searched, where the kind is `search`."""


class VerbatimEntry(NamedTuple):
    """Text of any length: Enter goes on, Ctrl+J starts a new line."""

    personal: bool = False


class LookupEntry(NamedTuple):
    """An answer that the computer gives; nobody is asked.

    `value` is set where the journal alone decides it (a split, a draw), and None where the session
    must look it up (`quota`: is the cell open?). What is picked by counts of other interviews
    (`pick`) is looked up too.
    """

    kind: Literal["split", "draw", "pick", "quota", "sample"]
    target: str
    """The id of the split, draw or quota that is looked up, or the sample column."""
    value: Cell | None = None


def keeps_draft(entry: "Entry") -> bool:
    """Return whether what was begun here is kept if the interview is left.

    Numbers, dates and codes aren't: half a number is soon a wrong one.
    """
    is_text_line = isinstance(entry, LineEntry) and entry.kind in ("text", "search")
    return is_text_line or isinstance(entry, VerbatimEntry)


Entry: TypeAlias = ReadEntry | PickEntry | LineEntry | VerbatimEntry | LookupEntry
Reply: TypeAlias = str | PickReply
"""The reply that an interface sends: a typed line (an `ExactText` where one of its meanings was
chosen), or the options picked. An empty line goes on or keeps the earlier answer."""


class EarlierAnswer(NamedTuple):
    """The answer that this place has already: Enter keeps it."""

    label: str
    """Shown to the interviewer: `3 Disagree`."""
    codes: tuple[Code, ...] = ()
    """The codes chosen, for marking them in a `PickEntry`."""
    typed_text: str = ""
    """The line that gives the same answer again when typed."""
    kind: Literal["answer", "reopened", "prefill"] = "answer"
    """`reopened`: it is no longer valid and must be asked again (Enter does not keep it);
    `prefill`: it comes from the sample or an earlier answer and is not confirmed yet."""
    declined: bool = False
    """It is no answer: the respondent declined to give one."""


class Query(NamedTuple):
    """A query about the answer just given, which must be confirmed or changed."""

    text: StyledText
    aloud: bool = False
    """True: read to the respondent (`confirm`); False: for the interviewer only (a soft check)."""
    otherwise: StyledText = ()
    """What is read to the respondent after a no; empty where the question is asked again."""
    places: tuple[Place, ...] = ()
    """The other places whose answers the check used, in the order of the route."""
    jump_keys: tuple[str, ...] = ()
    """What is typed after `.jump` to get to each of them; if empty, the names of their items."""

    @property
    def shown_places(self) -> tuple[str, ...]:
        """What the other places are called on screens."""
        return self.jump_keys or tuple(str(place) for place in self.places)


class Prompt(NamedTuple):
    """All that an interface may know of what is asked now; tests compare prompts, not screens."""

    place: Place
    text: StyledText
    entry: Entry
    intro: StyledText = ()
    """The introduction of the section or battery that begins with this item."""
    instruction: StyledText = ()
    probe: StyledText = ()
    help: StyledText = ()
    """Longer help, shown on request."""
    declines: tuple[DeclineOption, ...] = ()
    earlier: EarlierAnswer | None = None
    query: Query | None = None
    """A query about the answer just given; the reply is `.ok [reason]` or a new answer."""
    section: str = ""
    position: int = 1
    """The number of items asked so far, this one included."""
    total: int = 1
    """The number of items that will be asked, as far as is known."""
    language: str = "en"
    right_to_left: bool = False
    """The texts are written from right to left."""
    languages: tuple[str, ...] = ("en",)
    faq: tuple[tuple[StyledText, StyledText], ...] = ()
    aloud: bool = True
    """False: `by: interviewer`, nothing of it is read."""
    after_hangup: bool = False
    """The respondent is no longer on the line."""
    ending: str = ""
    """The outcome's id, at an `end`."""
    turn: StyledText = ()
    """In a roster: the turn in words, `person 2 of 4: Bob`."""
    unfilled: tuple[str, ...] = ()
    """Fills that have no value, and why: they are read as `…`."""
    place_name: str = ""
    """What the place is called, if not by its item: `income: less than $25,000?`."""

    @property
    def shown_place(self) -> str:
        """What the place is called on screens."""
        return self.place_name or str(self.place)
