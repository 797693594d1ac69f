"""Codes that are keyed for a question with options, and not sent yet.

All functions are pure: a key returns another state, or an action.
"""

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from survey_cli.entries import (
    DeclineOption,
    ListSearch,
    OfferedOption,
    PickEntry,
    PickReply,
    Prompt,
    Rejection,
)
from survey_cli.tui.widgets.terminal import ENTER
from survey_cli.values import Code

SpecifyTexts: TypeAlias = tuple[tuple[Code, str], ...]
"""The texts given with options that require one."""


class PickState(NamedTuple):
    """What has been keyed so far."""

    typed: str = ""
    """The beginning of a code."""
    chosen: tuple[Code, ...] | None = None
    """Codes chosen if several may be, in that order; None until one was touched."""
    specify_texts: SpecifyTexts = ()
    removed_texts: SpecifyTexts = ()
    """The texts of options that were removed again; they come back with their option."""
    marked: int | None = None
    """The option under the mark that ↑ ↓ move."""
    rejected: bool = False
    """What is typed was sent and rejected: the next code replaces it."""


class Send(NamedTuple):
    """Send these codes."""

    codes: tuple[Code, ...]
    specify_texts: SpecifyTexts = ()
    without_enter: bool = False


class AskSpecify(NamedTuple):
    """Ask for the text that this option requires; `text` is the present one."""

    option: OfferedOption
    text: str = ""
    without_enter: bool = False


class Decline(NamedTuple):
    """Record this decline, whose code was keyed."""

    decline: DeclineOption
    without_enter: bool = False


@dataclass(frozen=True, slots=True)
class KeepEarlier:
    """Enter with nothing keyed: the earlier answer is kept."""


PickAction: TypeAlias = PickState | Send | AskSpecify | KeepEarlier | Decline | Rejection
"""A Rejection: the key means nothing here, and `why` says what would."""


def get_chosen(prompt: Prompt, state: PickState) -> tuple[tuple[Code, ...], SpecifyTexts]:
    """Return the codes keyed so far and their texts; before any, those of the earlier answer."""
    if state.chosen is not None:
        return state.chosen, state.specify_texts
    if prompt.earlier is None or not isinstance(prompt.entry, PickEntry):
        return (), ()

    texts: SpecifyTexts = ()
    picked = prompt.entry.parse(prompt.earlier.typed_text)
    if isinstance(picked, PickReply):
        texts = tuple(picked.specify_texts.items())
    return prompt.earlier.codes, texts


def press(key: str, pick: PickEntry, prompt: Prompt, state: PickState) -> PickAction | None:
    """Return what a key does; None if it is neither a code nor an editing key."""
    typed = "" if state.rejected else state.typed
    if len(key) == 1 and pick.is_code_prefix(typed + key):
        state = state._replace(typed=typed + key, rejected=False, marked=None)
        option = pick.find_option(typed + key)
        if option is not None and pick.is_complete_code(typed + key):
            return choose(option, pick, prompt, state, without_enter=True)
        decline = pick.find_decline(typed + key)
        if decline is not None and pick.is_complete_decline(typed + key):
            return Decline(decline, without_enter=True)
        return state

    if key in ENTER:
        return _press_enter(pick, prompt, state)
    match key:
        case "escape":
            return state._replace(typed="", marked=None, rejected=False)
        case "backspace":
            return state._replace(typed=typed[:-1], rejected=False)
        case "up" | "down" | "home" | "end":
            marked = _move_mark(key, pick, prompt, state)
            return state._replace(marked=marked, typed="", rejected=False)
        case " " if pick.several and state.marked is not None:
            return choose(pick.options[state.marked], pick, prompt, state)

    if typed and len(key) == 1:
        offered = describe_typed(typed, pick)
        return Rejection(f"{typed}{key} is not offered; {offered}, Esc clears it")
    return None


def _move_mark(key: str, pick: PickEntry, prompt: Prompt, state: PickState) -> int:
    """Return the place of the option to which the mark goes; it begins at the earlier answer."""
    last = len(pick.options) - 1
    if state.marked is None:
        codes: tuple[Code, ...] = ()
        if prompt.earlier is not None and not pick.several:
            codes = prompt.earlier.codes
        for place, option in enumerate(pick.options):
            if option.code in codes:
                return place
        return last if key in ("up", "end") else 0

    match key:
        case "up":
            return max(state.marked - 1, 0)
        case "down":
            return min(state.marked + 1, last)
        case "home":
            return 0
        case _:
            return last


def _press_enter(pick: PickEntry, prompt: Prompt, state: PickState) -> PickAction:
    """Return what Enter does: it takes what is typed, else what is marked, else the answer."""
    if state.typed:
        option = pick.find_abbreviated(state.typed)
        decline = pick.find_decline(state.typed)
        if decline is not None:
            return Decline(decline)
        if option is None:
            return Rejection(pick.explain_incomplete(state.typed))
        return choose(option, pick, prompt, state)

    if not pick.several and state.marked is not None:
        return choose(pick.options[state.marked], pick, prompt, state)
    if not pick.several:
        return KeepEarlier()
    if state.chosen is not None:
        return Send(state.chosen, state.specify_texts)
    if pick.min_count == 0 and prompt.earlier is None:
        return Send(())
    return KeepEarlier()


def describe_typed(typed: str, pick: PickEntry) -> str:
    """Describe what Enter does with what is typed: a code, or the beginning of one."""
    option = pick.find_abbreviated(typed)
    if option is not None:
        return f"Enter takes {option.code}"
    decline = pick.find_decline(typed)
    if decline is not None:
        return f"Enter takes {decline.text.lower()}"
    return pick.explain_incomplete(typed)


def find_decline(key: str, prompt: Prompt) -> DeclineOption | None:
    """Find the decline that this key selects."""
    folded = key.casefold()
    for decline in prompt.declines:
        if decline.key and decline.key.casefold() == folded:
            return decline
    return None


def choose(
    option: OfferedOption,
    pick: PickEntry,
    prompt: Prompt,
    state: PickState,
    *,
    without_enter: bool = False,
) -> PickAction:
    """Choose an option: send it, ask for its text, or turn it on or off among several."""
    chosen, texts = get_chosen(prompt, state)
    if pick.several and option.code in chosen:
        others = tuple(code for code in chosen if code != option.code)
        kept = tuple(text for text in texts if text[0] != option.code)
        removed = state._replace(typed="", chosen=others, specify_texts=kept)
        return _keep_removed_texts(removed, texts)

    if option.specify:
        known = {**dict(state.removed_texts), **dict(texts)}
        return AskSpecify(option, known.get(option.code, ""), without_enter)
    if pick.several:
        return add(option, pick, prompt, state)
    return Send((option.code,), (), without_enter)


def add(
    option: OfferedOption, pick: PickEntry, prompt: Prompt, state: PickState, text: str = ""
) -> PickState | Rejection:
    """Add an option; an exclusive one removes the others, and is removed when another is added."""
    chosen, texts = get_chosen(prompt, state)
    others: tuple[Code, ...] = ()
    if not option.exclusive:
        left_out = {each.code for each in pick.options if each.exclusive}
        left_out.add(option.code)
        others = tuple(code for code in chosen if code not in left_out)
    if pick.max_count is not None and len(others) >= pick.max_count:
        return Rejection(f"at most {pick.max_count}: key one again to remove it")

    kept = tuple(each for each in texts if each[0] in others)
    if text:
        kept = (*kept, (option.code, text))
    added = state._replace(typed="", chosen=(*others, option.code), specify_texts=kept)
    return _keep_removed_texts(added, texts)


def _keep_removed_texts(state: PickState, texts: SpecifyTexts) -> PickState:
    """Keep the texts that the options no longer have, so that none is lost by one key."""
    chosen = {code for code, _ in state.specify_texts}
    removed = tuple(text for text in (*state.removed_texts, *texts) if text[0] not in chosen)
    return state._replace(removed_texts=tuple(dict(removed).items()))


CHOOSE_HELP = "key the number of the right one, or ↓ and Enter; more words narrow the list"


def list_matches(search: ListSearch, typed: str) -> tuple[OfferedOption, ...]:
    """List the entries that fit what is typed, then the options besides the list.

    While nothing is typed, nothing is listed.
    """
    if not typed.strip(" ."):
        return ()
    return (*search.find_listed(typed), *search.options)


def number_matches(matches: tuple[OfferedOption, ...]) -> PickEntry:
    """Number the matches, as they are shown."""
    return PickEntry(options=tuple(match._replace(code=n) for n, match in enumerate(matches, 1)))


def press_in_search(
    key: str, typed: str, search: ListSearch, state: PickState
) -> OfferedOption | PickState | Rejection | None:
    """Return the match that a key chooses, or the mark that it moves; None if the key is typed.

    A digit is typed if it begins a word or continues a number, as in a code.
    """
    matches = list_matches(search, typed)
    if not matches:
        return None

    word = typed.rpartition(" ")[2]
    is_number_of_match = len(key) == 1 and key.isdecimal() and word and not word.isdecimal()
    if is_number_of_match:
        number = int(key)
        if not 1 <= number <= len(matches):
            return Rejection(f"there is no match {key}")
        return matches[number - 1]
    if key in ("up", "down"):
        return state._replace(marked=_move_in_matches(key, state.marked, len(matches)))
    if key not in ENTER:
        return None

    if state.marked is not None:
        return matches[state.marked]
    if search.list.find_code(typed) is not None:
        return None  # a whole code is typed: it is sent as it is
    listed = search.find_listed(typed)
    return listed[0] if len(listed) == 1 else Rejection(CHOOSE_HELP)


def _move_in_matches(key: str, marked: int | None, count: int) -> int:
    """Return the place of the match to which the mark goes; Up begins at the last one."""
    last = count - 1
    if marked is None:
        return last if key == "up" else 0
    moved = marked + 1 if key == "down" else marked - 1
    return min(max(moved, 0), last)
