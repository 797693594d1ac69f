"""The entry that is keyed for the current place and not sent yet. Pure: a key returns another entry, or an action."""

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from survey_cli.entries import OfferedOption, PickEntry, PickReply, Prompt
from survey_cli.tui.edit import Edit
from survey_cli.tui.modes import ENTER, KeyedDecline, No, moved
from survey_cli.values import Code

TypedWords: TypeAlias = tuple[tuple[Code, str], ...]
"""The words given with options that want words."""


class Answer(NamedTuple):
    """What has been keyed so far."""

    edit: Edit = Edit()
    chosen: tuple[Code, ...] | None = None
    """Codes toggled in a Pick of several, in that order; None while none was touched."""
    words: TypedWords = ()
    mark: int | None = None
    """The choice under the mark that ↑ ↓ move."""
    spent: bool = False
    """The entry was sent and rejected: it stays to be seen, and the next code replaces it."""
    denied: bool = False
    """A question read aloud about the answer was answered with no."""


class SentCodes(NamedTuple):
    """Give these codes. `auto`: no Enter was needed."""

    codes: tuple[Code, ...]
    words: TypedWords = ()
    auto: bool = False


class Specify(NamedTuple):
    """Ask for the words that this choice wants; `words` are those that stand."""

    choice: OfferedOption
    words: str = ""
    auto: bool = False


@dataclass(frozen=True, slots=True)
class Empty:
    """Enter with nothing keyed: what stands is kept."""


Keyed: TypeAlias = Answer | SentCodes | Specify | Empty | KeyedDecline | No


def standing(prompt: Prompt | None, answer: Answer) -> tuple[tuple[Code, ...], TypedWords]:
    """The codes chosen so far and their words: those keyed now, else those that stand from earlier."""
    if answer.chosen is not None:
        return answer.chosen, answer.words
    if prompt is None or prompt.earlier is None or not isinstance(prompt.entry, PickEntry):
        return (), ()
    picked = prompt.entry.parse(prompt.earlier.typed_text)
    return prompt.earlier.codes, tuple(picked.specify_texts.items()) if isinstance(picked, PickReply) else ()


def pick_keyed(key: str, pick: PickEntry, prompt: Prompt, answer: Answer) -> Keyed | None:
    """What a key makes of a Pick; None where it is a letter (or a key) that answers nothing here."""
    typed = "" if answer.spent else answer.edit.text
    if len(key) == 1 and pick.is_code_prefix(typed + key):
        answer = answer._replace(edit=Edit.of(typed + key), spent=False, mark=None)
        choice = pick.find_option(typed + key)
        return (
            take(choice, pick, prompt, answer, auto=True) if choice and pick.is_complete_code(typed + key) else answer
        )
    if key in ENTER:
        return _entered(pick, prompt, answer)
    match key:
        case "escape":
            return answer._replace(edit=Edit(), mark=None, spent=False)
        case "backspace":
            return answer._replace(edit=Edit.of(typed[:-1]), spent=False)
        case "up" | "down" | "home" | "end":
            return answer._replace(mark=_mark(key, pick, prompt, answer), edit=Edit(), spent=False)
        case " " if pick.several and answer.mark is not None:
            return take(pick.options[answer.mark], pick, prompt, answer, auto=False)
    if typed and len(key) == 1:
        waiting = describe_typed(typed, pick, prompt)
        return No(f"{typed}{key} is not offered; {waiting}, Esc clears it")
    return None


def _mark(key: str, pick: PickEntry, prompt: Prompt, answer: Answer) -> int | None:
    """Where the mark goes; it begins at what stands."""
    if answer.mark is not None:
        return moved(key, answer.mark, len(pick.options))
    codes = prompt.earlier.codes if prompt.earlier is not None and not pick.several else ()
    stands = next((n for n, c in enumerate(pick.options) if c.code in codes), None)
    return stands if stands is not None else moved(key, -1, len(pick.options))


def _entered(pick: PickEntry, prompt: Prompt, answer: Answer) -> Keyed:
    if answer.edit.text:
        choice = pick.find_option(answer.edit.text)
        decline = declined_by(answer.edit.text, prompt)
        if choice is None and decline is not None:
            return decline
        if choice is None:
            return No(f"{answer.edit.text} is not a complete code: {pick.format_codes()}")
        return take(choice, pick, prompt, answer, auto=False)
    if not pick.several:
        return Empty() if answer.mark is None else take(pick.options[answer.mark], pick, prompt, answer, auto=False)
    if answer.chosen is not None:
        return SentCodes(answer.chosen, answer.words)
    return SentCodes(()) if pick.min_count == 0 and prompt.earlier is None else Empty()


def describe_typed(typed: str, pick: PickEntry, prompt: Prompt) -> str:
    """What Enter does with what is typed so far: a code, a decline, or the beginning of a longer code."""
    if pick.find_option(typed):
        return f"Enter takes {typed}"
    decline = declined_by(typed, prompt)
    return f"Enter records {decline.text}" if decline is not None else f"{typed} is not a complete code"


def declined_by(key: str, prompt: Prompt) -> KeyedDecline | None:
    """The decline whose key this is."""
    folded = key.casefold()
    return next((KeyedDecline(d.id, d.text) for d in prompt.declines if d.key and d.key.casefold() == folded), None)


def take(choice: OfferedOption, pick: PickEntry, prompt: Prompt, answer: Answer, *, auto: bool) -> Keyed:
    """Take a choice: give it, ask for its words, or turn it on or off where several may be given."""
    chosen, words = standing(prompt, answer)
    if pick.several and choice.code in chosen:
        left = tuple(c for c in chosen if c != choice.code)
        return answer._replace(edit=Edit(), chosen=left, words=tuple(w for w in words if w[0] != choice.code))
    if choice.specify:
        return Specify(choice, dict(words).get(choice.code, ""), auto)
    return add(choice, pick, prompt, answer) if pick.several else SentCodes((choice.code,), (), auto)


def add(choice: OfferedOption, pick: PickEntry, prompt: Prompt, answer: Answer, said: str = "") -> Answer | No:
    """One choice more; what is chosen alone takes the others away, and goes when another comes."""
    chosen, words = standing(prompt, answer)
    alone = {c.code for c in pick.options if c.exclusive}
    kept = () if choice.exclusive else tuple(c for c in chosen if c not in alone and c != choice.code)
    if pick.max_count is not None and len(kept) >= pick.max_count:
        return No(f"{pick.max_count} at most: key one again to take it away")
    given = tuple(w for w in words if w[0] in kept)
    return answer._replace(
        edit=Edit(), chosen=(*kept, choice.code), words=(*given, (choice.code, said)) if said else given
    )
