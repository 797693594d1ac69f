"""The entry that is keyed for the current place and not sent yet. Pure: a key returns another entry, or an action."""

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from survey_cli.entries import Choice, Pick, Picked, Prompt
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


class Send(NamedTuple):
    """Give these codes. `auto`: no Enter was needed."""

    codes: tuple[Code, ...]
    words: TypedWords = ()
    auto: bool = False


class Specify(NamedTuple):
    """Ask for the words that this choice wants; `words` are those that stand."""

    choice: Choice
    words: str = ""
    auto: bool = False


@dataclass(frozen=True, slots=True)
class Empty:
    """Enter with nothing keyed: what stands is kept."""


Keyed: TypeAlias = Answer | Send | Specify | Empty | KeyedDecline | No


def standing(prompt: Prompt | None, answer: Answer) -> tuple[tuple[Code, ...], TypedWords]:
    """The codes chosen so far and their words: those keyed now, else those that stand from earlier."""
    if answer.chosen is not None:
        return answer.chosen, answer.words
    if prompt is None or prompt.earlier is None or not isinstance(prompt.entry, Pick):
        return (), ()
    picked = prompt.entry.picked(prompt.earlier.text)
    return prompt.earlier.codes, tuple(picked.words.items()) if isinstance(picked, Picked) else ()


def pick_keyed(key: str, pick: Pick, prompt: Prompt, answer: Answer) -> Keyed | None:
    """What a key makes of a Pick; None where it is a letter (or a key) that answers nothing here."""
    typed = "" if answer.spent else answer.edit.text
    if len(key) == 1 and pick.takes(typed + key):
        answer = answer._replace(edit=Edit.of(typed + key), spent=False, mark=None)
        choice = pick.coded(typed + key)
        return take(choice, pick, prompt, answer, auto=True) if choice and pick.sends(typed + key) else answer
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
            return take(pick.choices[answer.mark], pick, prompt, answer, auto=False)
    if typed and len(key) == 1:
        waiting = describe_typed(typed, pick, prompt)
        return No(f"{typed}{key} is not offered; {waiting}, Esc clears it")
    return None


def _mark(key: str, pick: Pick, prompt: Prompt, answer: Answer) -> int | None:
    """Where the mark goes; it begins at what stands."""
    if answer.mark is not None:
        return moved(key, answer.mark, len(pick.choices))
    codes = prompt.earlier.codes if prompt.earlier is not None and not pick.several else ()
    stands = next((n for n, c in enumerate(pick.choices) if c.code in codes), None)
    return stands if stands is not None else moved(key, -1, len(pick.choices))


def _entered(pick: Pick, prompt: Prompt, answer: Answer) -> Keyed:
    if answer.edit.text:
        choice = pick.coded(answer.edit.text)
        decline = declined_by(answer.edit.text, prompt)
        if choice is None and decline is not None:
            return decline
        if choice is None:
            return No(f"{answer.edit.text} is not a complete code: {pick.offered()}")
        return take(choice, pick, prompt, answer, auto=False)
    if not pick.several:
        return (
            Empty()
            if answer.mark is None
            else take(pick.choices[answer.mark], pick, prompt, answer, auto=False)
        )
    if answer.chosen is not None:
        return Send(answer.chosen, answer.words)
    return Send(()) if pick.least == 0 and prompt.earlier is None else Empty()


def describe_typed(typed: str, pick: Pick, prompt: Prompt) -> str:
    """What Enter does with what is typed so far: a code, a decline, or the beginning of a longer code."""
    if pick.coded(typed):
        return f"Enter takes {typed}"
    decline = declined_by(typed, prompt)
    return f"Enter records {decline.text}" if decline is not None else f"{typed} is not a complete code"


def declined_by(key: str, prompt: Prompt) -> KeyedDecline | None:
    """The decline whose key this is."""
    folded = key.casefold()
    return next(
        (KeyedDecline(d.id, d.text) for d in prompt.declines if d.key and d.key.casefold() == folded), None
    )


def take(choice: Choice, pick: Pick, prompt: Prompt, answer: Answer, *, auto: bool) -> Keyed:
    """Take a choice: give it, ask for its words, or turn it on or off where several may be given."""
    chosen, words = standing(prompt, answer)
    if pick.several and choice.code in chosen:
        left = tuple(c for c in chosen if c != choice.code)
        return answer._replace(edit=Edit(), chosen=left, words=tuple(w for w in words if w[0] != choice.code))
    if choice.specify:
        return Specify(choice, dict(words).get(choice.code, ""), auto)
    return add(choice, pick, prompt, answer) if pick.several else Send((choice.code,), (), auto)


def add(choice: Choice, pick: Pick, prompt: Prompt, answer: Answer, said: str = "") -> Answer | No:
    """One choice more; what is chosen alone takes the others away, and goes when another comes."""
    chosen, words = standing(prompt, answer)
    alone = {c.code for c in pick.choices if c.exclusive}
    kept = () if choice.exclusive else tuple(c for c in chosen if c not in alone and c != choice.code)
    if pick.most is not None and len(kept) >= pick.most:
        return No(f"{pick.most} at most: key one again to take it away")
    given = tuple(w for w in words if w[0] in kept)
    return answer._replace(
        edit=Edit(),
        chosen=(*kept, choice.code),
        words=(*given, (choice.code, said)) if said else given,
    )
