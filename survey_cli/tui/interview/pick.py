"""Codes that are keyed for a question with options, and not sent yet. Pure: a key returns another state, or an action."""

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
    """Codes chosen where several may be, in that order; None while none was touched."""
    specify_texts: SpecifyTexts = ()
    removed_texts: SpecifyTexts = ()
    """The texts of options that were taken away again: they come back with their option."""
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


@dataclass(frozen=True, slots=True)
class KeepEarlier:
    """Enter with nothing keyed: the earlier answer is kept."""


PickAction: TypeAlias = PickState | Send | AskSpecify | KeepEarlier | DeclineOption | Rejection
"""A Rejection: the key means nothing here, and `why` says what would."""


def get_chosen(prompt: Prompt, state: PickState) -> tuple[tuple[Code, ...], SpecifyTexts]:
    """Return the codes chosen so far and their texts: those keyed now, else those of the earlier answer."""
    if state.chosen is not None:
        return state.chosen, state.specify_texts
    if prompt.earlier is None or not isinstance(prompt.entry, PickEntry):
        return (), ()
    picked = prompt.entry.parse(prompt.earlier.typed_text)
    return prompt.earlier.codes, tuple(picked.specify_texts.items()) if isinstance(
        picked, PickReply
    ) else ()


def press(key: str, pick: PickEntry, prompt: Prompt, state: PickState) -> PickAction | None:
    """Return what a key does; None where it is no code and no editing key."""
    typed = "" if state.rejected else state.typed
    if len(key) == 1 and pick.is_code_prefix(typed + key):
        state = state._replace(typed=typed + key, rejected=False, marked=None)
        option = pick.find_option(typed + key)
        if option is not None and pick.is_complete_code(typed + key):
            return choose(option, pick, prompt, state, without_enter=True)
        return state
    if key in ENTER:
        return _press_enter(pick, prompt, state)
    match key:
        case "escape":
            return state._replace(typed="", marked=None, rejected=False)
        case "backspace":
            return state._replace(typed=typed[:-1], rejected=False)
        case "up" | "down" | "home" | "end":
            return state._replace(
                marked=_move_mark(key, pick, prompt, state), typed="", rejected=False
            )
        case " " if pick.several and state.marked is not None:
            return choose(pick.options[state.marked], pick, prompt, state)
    if typed and len(key) == 1:
        return Rejection(
            f"{typed}{key} is not offered; {describe_typed(typed, pick)}, Esc clears it"
        )
    return None


def _move_mark(key: str, pick: PickEntry, prompt: Prompt, state: PickState) -> int:
    """Return where the mark goes; it begins at the earlier answer."""
    last = len(pick.options) - 1
    if state.marked is None:
        codes = prompt.earlier.codes if prompt.earlier is not None and not pick.several else ()
        earlier = next((n for n, option in enumerate(pick.options) if option.code in codes), None)
        return earlier if earlier is not None else last if key in ("up", "end") else 0
    moved = {"up": state.marked - 1, "down": state.marked + 1, "home": 0, "end": last}[key]
    return min(max(moved, 0), last)


def _press_enter(pick: PickEntry, prompt: Prompt, state: PickState) -> PickAction:
    if state.typed:
        option = pick.find_abbreviated(state.typed)
        if option is not None:
            return choose(option, pick, prompt, state)
        return Rejection(pick.explain_incomplete(state.typed))
    if not pick.several:
        return (
            KeepEarlier()
            if state.marked is None
            else choose(pick.options[state.marked], pick, prompt, state)
        )
    if state.chosen is not None:
        return Send(state.chosen, state.specify_texts)
    return Send(()) if pick.min_count == 0 and prompt.earlier is None else KeepEarlier()


def describe_typed(typed: str, pick: PickEntry) -> str:
    """Describe what Enter does with what is typed: a code, or the beginning of one."""
    option = pick.find_abbreviated(typed)
    if option is not None:
        return f"Enter takes {option.code}"
    return pick.explain_incomplete(typed)


def find_decline(key: str, prompt: Prompt) -> DeclineOption | None:
    """Find the decline whose key this is."""
    folded = key.casefold()
    return next(
        (
            decline
            for decline in prompt.declines
            if decline.key and decline.key.casefold() == folded
        ),
        None,
    )


def choose(
    option: OfferedOption,
    pick: PickEntry,
    prompt: Prompt,
    state: PickState,
    *,
    without_enter: bool = False,
) -> PickAction:
    """Choose an option: send it, ask for its text, or turn it on or off where several may be chosen."""
    chosen, texts = get_chosen(prompt, state)
    if pick.several and option.code in chosen:
        return _keep_removed_texts(
            state._replace(
                typed="",
                chosen=tuple(code for code in chosen if code != option.code),
                specify_texts=tuple(text for text in texts if text[0] != option.code),
            ),
            texts,
        )
    if option.specify:
        known = {**dict(state.removed_texts), **dict(texts)}
        return AskSpecify(option, known.get(option.code, ""), without_enter)
    return (
        add(option, pick, prompt, state)
        if pick.several
        else Send((option.code,), (), without_enter)
    )


def add(
    option: OfferedOption, pick: PickEntry, prompt: Prompt, state: PickState, text: str = ""
) -> PickState | Rejection:
    """Add an option; an exclusive one removes the others, and is removed when another is added."""
    chosen, texts = get_chosen(prompt, state)
    exclusive = {each.code for each in pick.options if each.exclusive}
    others = (
        ()
        if option.exclusive
        else tuple(c for c in chosen if c not in exclusive and c != option.code)
    )
    if pick.max_count is not None and len(others) >= pick.max_count:
        return Rejection(f"at most {pick.max_count}: key one again to remove it")
    kept = tuple(each for each in texts if each[0] in others)
    if text:
        kept = (*kept, (option.code, text))
    return _keep_removed_texts(
        state._replace(typed="", chosen=(*others, option.code), specify_texts=kept), texts
    )


def _keep_removed_texts(state: PickState, texts: SpecifyTexts) -> PickState:
    """Keep the texts that the options no longer have, so that none is lost by one key."""
    chosen = {code for code, _ in state.specify_texts}
    removed = tuple(text for text in (*state.removed_texts, *texts) if text[0] not in chosen)
    return state._replace(removed_texts=tuple(dict(removed).items()))


CHOOSE_HELP = "key the number of the right one, or ↓ and Enter; more words narrow the list"


def list_matches(search: ListSearch, typed: str) -> tuple[OfferedOption, ...]:
    """List the entries that fit what is typed, and the options besides the list; none while nothing is typed."""
    return (*search.find_listed(typed), *search.options) if typed.strip(" .") else ()


def number_matches(matches: tuple[OfferedOption, ...]) -> PickEntry:
    """Number the matches, as they are shown."""
    return PickEntry(options=tuple(match._replace(code=n) for n, match in enumerate(matches, 1)))


def press_in_search(
    key: str, typed: str, search: ListSearch, state: PickState
) -> OfferedOption | PickState | Rejection | None:
    """Return the match that a key chooses, or the mark that it moves; None where the key is typed.

    A digit is typed where it begins a word or continues a number, as in a code.
    """
    matches = list_matches(search, typed)
    if not matches:
        return None
    word = typed.rpartition(" ")[2]
    if len(key) == 1 and key.isdecimal() and word and not word.isdecimal():
        return (
            matches[int(key) - 1]
            if 0 < int(key) <= len(matches)
            else Rejection(f"there is no match {key}")
        )
    if key in ("up", "down"):
        last = len(matches) - 1
        marked = (
            (last if key == "up" else 0)
            if state.marked is None
            else state.marked + (1 if key == "down" else -1)
        )
        return state._replace(marked=min(max(marked, 0), last))
    if key in ENTER and state.marked is not None:
        return matches[state.marked]
    if key not in ENTER or search.list.find_code(typed) is not None:
        return None
    listed = search.find_listed(typed)
    return listed[0] if len(listed) == 1 else Rejection(CHOOSE_HELP)
