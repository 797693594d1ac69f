"""Commands that an interviewer types after a dot: their names, help and confirmations.

The full screen and the one-line interface both read them here, so that they accept and display the
same.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from survey_cli.entries import DeclineOption, Prompt, Rejection, to_ascii_digits
from survey_cli.outcomes import Outcome
from survey_cli.problems import find_nearest
from survey_cli.values import Place
from survey_cli.wording import shorten


class EntryCommand(NamedTuple):
    """One command as it is listed."""

    name: str
    argument: str
    help: str
    key: str = ""
    """The function key that does the same on the full screen."""

    def __str__(self) -> str:
        return f".{self.name} {self.argument}".strip()


COMMANDS: Final = (
    EntryCommand("back", "", "to the item before this one"),
    EntryCommand("front", "", "after going back: to the first item without an answer"),
    EntryCommand("jump", "ID", "to an item that was asked; .jump alone lists them", "f3"),
    EntryCommand("note", "TEXT", "your remark, stored with this item", "f2"),
    EntryCommand(
        "notes", "NUMBER TEXT", "your notes; with a number and a text, replaces that note"
    ),
    EntryCommand("lang", "CODE", "continue in another language; .lang alone lists them", "f4"),
    EntryCommand("ok", "REASON", "confirm, after a line with ?; the reason may be left out", "f9"),
    EntryCommand("faq", "", "questions respondents ask, with the answers to read", "f5"),
    EntryCommand("again", "", "this item once more, introductions included"),
    EntryCommand(
        "suspend", "", "suspend the interview, to be resumed here; in a terminal also Ctrl+C"
    ),
    EntryCommand(
        "stop", "OUTCOME", "end the interview for good; .stop alone lists the outcomes", "f8"
    ),
    EntryCommand(
        "hand",
        "",
        "raise your hand: the supervisor sees that you need help; again takes it down",
        "ctrl+g",
    ),
    EntryCommand("help", "", "this list", "f1"),
)
"""Commands of both interfaces."""
PLAIN_COMMANDS: Final = (
    *COMMANDS,
    EntryCommand(
        "brief", "", "say only once what you know by heart; .brief again says it every time"
    ),
)
"""Commands of the line interface."""
ENTRY_COMMAND_NAMES: Final = tuple(command.name for command in PLAIN_COMMANDS)
"""The names of all of them: no decline may have one as its id."""

READ_BACK_HELP: Final = "1 yes, that is right; 2 no, ask again"
"""The keys while an answer is read back to the respondent."""
YES_NO_HELP: Final = "y yes; n no"
CONFIRM_PROMPT: Final = ".ok confirms it, or type another answer"
CONFIRM_BY_BUTTON: Final = "press Confirm, or give another answer"
ASK_AGAIN_HINT: Final = "ask again, then key the right answer"
REVIEW_HELP: Final = "Enter completes the interview; .back or .jump ID corrects an answer"
REVIEW_BY_BUTTON: Final = "Complete the interview ends it; Back or Jump corrects an answer"
NOTHING_TO_CONFIRM: Final = "there is nothing to confirm here"
NOTHING_ASKED: Final = "nothing has been asked yet"
NO_NOTE: Final = "there is no note yet"
NO_LANGUAGE: Final = "this survey has one language only"
HAND_KEY: Final = "ctrl+g"
"""Raises the hand, whatever is open: terminals, SSH and browsers all hand it on."""
HAND_IS_UP: Final = "your hand is up: the supervisor sees that you need help"
HAND_IS_DOWN: Final = "your hand is down again"
NO_SUPERVISOR: Final = "no station conducts this interview, so nobody would see your hand"
NO_FAQ: Final = "this survey has no answers to respondents' questions"
ENTER_TWICE_HINT: Final = "this Enter came right after the last key"
ENTER_AFTER_CODE_HINT: Final = "Enter ignored: that code needed none"
HELD_ENTER_SECONDS: Final = 1.0
"""At the end of an interview, an Enter this soon after another may be a key held down (keyboards
repeat one after 0.2 to 0.7 s): it ends nothing. This is the only place where the time of a key
matters."""
REPEATED_ENTER_SECONDS: Final = 0.2
"""After that was said, an Enter later than this is pressed on purpose: keys held down come
faster."""


class TypedCommand(NamedTuple):
    """A command as it was typed."""

    name: str
    rest: str


def is_command(text: str, *, typing: bool = True) -> bool:
    """Return whether a line is a command.

    Where an answer is typed, `..x` is an answer that begins with a dot, and `.5` a number.
    """
    if not text.startswith(".") or "\n" in text:
        return False
    return not typing or not (text.startswith("..") or text[1:2].isdecimal())


def unescape_dots(text: str) -> str:
    """Return the answer: two dots at its beginning stand for one."""
    return text[1:] if text.startswith("..") else text


def escape_dots(text: str) -> str:
    """Return how an answer is typed: one that begins with a dot, with two."""
    return f".{text}" if text.startswith(".") else text


def parse_command(
    text: str, prompt: Prompt | None, offered: Sequence[EntryCommand] = COMMANDS
) -> TypedCommand | DeclineOption | Rejection:
    """Parse a command or decline; the rejection says what was probably meant.

    There is no prompt at the closing review.
    """
    commands = [command.name for command in offered]
    declines = prompt.declines if prompt is not None else ()
    word, _, rest = text.strip()[1:].strip().partition(" ")
    name = word.casefold()
    for decline in declines:
        if decline.id.casefold() == name:
            return decline
    if name in commands:
        return TypedCommand(name, rest.strip())
    names = [*(decline.id for decline in declines), *commands]
    nearest = find_nearest(name, names) if name else None
    suggestion = f"did you mean .{nearest}? " if nearest else ""
    return Rejection(f".{word} is not a command here: {suggestion}.help lists them all")


def find_place(text: str, asked: Sequence[tuple[str, Place]]) -> Place | Rejection:
    """Return the place with this key, or item and turn, among those asked.

    `asked` has what is typed to get to each place, with the place. `income 25000` is a step of a
    bracket, and `income` the first one. The names of the items that were made for the steps are
    understood too.
    """
    name = to_ascii_digits(text).casefold()
    for key, place in asked:
        if name in (key.casefold(), str(place).casefold()):
            return place
    for key, place in asked:
        bracket, _, step = key.casefold().partition(" ")
        is_first_step = bool(step) and bracket == name
        # an item of a roster without its turn: the first one
        if is_first_step or place.item.casefold() == name:
            return place

    nearest = find_nearest(text, [key for key, _ in asked])
    remedy = ".jump alone lists the items that have"
    if nearest is not None:
        remedy = f"did you mean {nearest}?"
    return Rejection(f"{text} has not been asked: {remedy}")


def find_outcome(text: str, stops: Sequence[Outcome]) -> Outcome | Rejection:
    """Return the outcome with this number or id."""
    if not stops:
        return Rejection("this interview can't be ended here: .suspend suspends it")
    key = to_ascii_digits(text).casefold()
    for outcome in stops:
        if key in (str(outcome.number), outcome.id):
            return outcome
    ids = [outcome.id for outcome in stops]
    nearest = find_nearest(text, ids)
    suggestion = f"did you mean {nearest}?" if nearest else ", ".join(ids)
    return Rejection(f"{text} is not an outcome here: {suggestion}")


def parse_note_change(text: str, count: int) -> tuple[int, str] | Rejection:
    """Parse which of `count` notes is replaced, from 1, and its new text."""
    number, _, new_text = text.partition(" ")
    if not number.isdecimal() or not 1 <= int(number) <= count:
        return Rejection(f"there is no note {number}: .notes lists them")
    if not new_text.strip():
        return Rejection(f"the new text is missing: .notes {int(number)} TEXT")
    return int(number), new_text.strip()


REASON_QUESTION: Final = "What did they say (optional)?"
"""Asked before an interview ends in a refusal."""


def format_stop_question(outcome: Outcome) -> str:
    """Return the question asked before an interview is ended by hand."""
    action = "Stop" if outcome.temporary else "End"
    return f"{action} this interview with: {outcome.name}?"


def format_drop_question(decline: str, marked_count: int) -> str:
    """Return the question asked before a decline replaces options marked already."""
    answers = "marked answer" if marked_count == 1 else f"{marked_count} marked answers"
    return f"Record {decline}, and remove the {answers}?"


def format_drop_text_question(decline: str) -> str:
    """Return the question asked before a decline replaces a text."""
    return f"Record {decline}, and remove what is typed?"


NAMED_QUESTIONS: Final = 3
MOST_QUESTION: Final = 60
"""Characters of a question of which only the name is wanted."""
"""Items that are named; of more than that, only how many."""


def format_dropped(questions: Sequence[str]) -> str:
    """Tell the interviewer which answered questions are no longer asked after a correction."""
    if not questions:
        return ""
    named = [shorten(question, MOST_QUESTION) for question in questions[:NAMED_QUESTIONS]]
    if len(questions) > NAMED_QUESTIONS:
        named.append(f"{len(questions) - NAMED_QUESTIONS} more")
    pronoun = "its answer counts" if len(questions) == 1 else "their answers count"
    return f"no longer asked: {', '.join(named)} ({pronoun} again if you change this back)"


def parse_yes_no(key: str) -> bool | None:
    """Parse yes or no where a step that can't be undone is confirmed.

    Digits are not accepted: a code may be keyed by habit.
    """
    return {"y": True, "yes": True, "n": False, "no": False}.get(key.strip().casefold())


def parse_read_back(key: str) -> bool | None:
    """Parse the respondent's answer to a read-back: yes, no, or None where it is neither."""
    return {"1": True, "2": False}.get(to_ascii_digits(key.strip()), parse_yes_no(key))
