"""Matches of what is typed into a search, numbered, and what a key does with them. Pure, as the codes of a pick are."""

from survey_cli.entries import ListSearch, OfferedOption, PickEntry
from survey_cli.tui.interview.pick import PickState, Refuse
from survey_cli.tui.widgets.terminal import ENTER

CHOOSE_HELP = "key the number of the right one, or ↓ and Enter; more words narrow the list"


def list_matches(search: ListSearch, typed: str) -> tuple[OfferedOption, ...]:
    """List the entries that fit what is typed, and the options besides the list; none while nothing is typed."""
    return (*search.find_listed(typed), *search.options) if typed.strip(" .") else ()


def number_matches(matches: tuple[OfferedOption, ...]) -> PickEntry:
    """Number the matches, as they are shown."""
    return PickEntry(options=tuple(match._replace(code=n) for n, match in enumerate(matches, 1)))


def press(key: str, typed: str, search: ListSearch, state: PickState) -> OfferedOption | PickState | Refuse | None:
    """Return the match that a key chooses, or the mark that it moves; None where the key is typed.

    A digit is typed where it begins a word or continues a number, as in a code.
    """
    matches = list_matches(search, typed)
    if not matches:
        return None
    word = typed.rpartition(" ")[2]
    if len(key) == 1 and key.isdecimal() and word and not word.isdecimal():
        return matches[int(key) - 1] if 0 < int(key) <= len(matches) else Refuse(f"there is no match {key}")
    if key in ("up", "down"):
        last = len(matches) - 1
        marked = (last if key == "up" else 0) if state.marked is None else state.marked + (1 if key == "down" else -1)
        return state._replace(marked=min(max(marked, 0), last))
    if key in ENTER and state.marked is not None:
        return matches[state.marked]
    if key not in ENTER or search.list.find_code(typed) is not None:
        return None
    listed = search.find_listed(typed)
    return listed[0] if len(listed) == 1 else Refuse(CHOOSE_HELP)
