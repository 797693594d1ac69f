"""The line that is awaited: what it is the answer to, and what can be chosen without typing."""

from collections.abc import Iterable
from enum import Enum
from typing import Final, NamedTuple, assert_never

from survey_cli import entries
from survey_cli import entry_commands as commands
from survey_cli.entries import to_plain_text
from survey_cli.plain.rendering import flatten, list_option_remarks
from survey_cli.sessions.lines.line import Line
from survey_cli.sessions.lines.question_lines import build_option_line
from survey_cli.sessions.station.station_questions import StationQuestion
from survey_cli.wording import shorten


class LineChoice(NamedTuple):
    """A line that can be chosen instead of typed: on a page, a button."""

    typed: str
    """The line that it stands for: `3`, `.back`, or empty for Enter alone."""
    text: str
    key: str = ""
    """What is shown before the text: the code that is typed for it."""
    remarks: tuple[str, ...] = ()
    needs_words: bool = False
    """More must be typed behind it: `.note` and the note."""
    words: str = ""
    """What that is: `the note`."""
    is_complete: bool = False
    """No longer code begins with it, so that it needs no Enter."""
    code: str = ""
    """Another line that means the same: the code of a decline, `7` for `.dk`."""
    help: str = ""
    language: str = ""
    """The language of the text; empty if it is that of the program."""


class LineKind(Enum):
    """What is typed, from which a page chooses its keyboard and the size of its field."""

    CODE = "code"
    """One code."""
    CODES = "codes"
    """Any number of codes, blanks between."""
    NUMBER = "number"
    """A number that may have a sign and decimals."""
    WORDS = "words"
    """A line of text."""
    TEXT = "text"
    """Text of any number of lines."""
    NOTHING = "nothing"
    """Enter alone goes on."""


class AwaitedLine(NamedTuple):
    """What an interface without a cursor must know of the line that is awaited.

    On a terminal, the lines printed before say all of it. A page makes a labeled field and
    buttons::

        AwaitedLine(
            label="q1: Do you have a library card?",
            kind=LineKind.CODE,
            answers=(LineChoice("1", "Yes", "1"), LineChoice("2", "No", "2")),
            commands=(LineChoice(".back", "Back"),),
        )
    """

    label: str
    """What the line is the answer to."""
    kind: LineKind = LineKind.WORDS
    answers: tuple[LineChoice, ...] = ()
    commands: tuple[LineChoice, ...] = ()
    draft: str = ""
    """What was typed here before and not sent."""
    language: str = ""
    """The language of the label; empty if it is that of the program."""
    right_to_left: bool = False
    """That language is written from right to left."""


MAX_LABEL: Final = 160
"""Characters of a label. A screen reader reads it whenever the field gets the focus."""
COMMAND_TEXTS: Final = {
    "faq": "FAQ",
    "front": "Forward",
    "lang": "Language",
    "ok": "Confirm",
    "stop": "End interview",
    "leave": "End shift",
    "add": "Add number",
    "find": "Find case",
    "fetch": "Fetch case",
}
"""Texts of commands whose names don't say enough on a button."""
COMMAND_WORDS: Final = {
    "note": "the note",
    "appointment": "when: a day and a time, such as tomorrow 18:00 or Fri 17:30",
    "add": "the telephone number",
    "find": "a part of the number, the name or the key",
    "fetch": "the key of the case",
}
"""What must be typed behind commands."""
OTHER_WORDS: Final = "what belongs to it"


def build_command(
    name: str, *, text: str = "", needs_words: bool = False, does: str = ""
) -> LineChoice:
    """Build the choice of a command; without a text it is called as it is typed."""
    text = text or COMMAND_TEXTS.get(name, name.capitalize())
    words = ""
    if needs_words:
        words = COMMAND_WORDS.get(name, OTHER_WORDS)
    return LineChoice(f".{name}", text, needs_words=needs_words, words=words, help=does)


def build_hand_command(*, is_up: bool) -> LineChoice:
    """Build the choice that raises the hand, or takes it down."""
    if is_up:
        return build_command("hand", text="Take hand down", does="your hand is up")
    return build_command("hand", text="Raise hand", does="the supervisor sees that you need help")


def add_commands(awaited: AwaitedLine, choices: Iterable[LineChoice]) -> AwaitedLine:
    """Add commands to a line; one that it has already takes the place of the one before."""
    commands = {choice.typed: choice for choice in awaited.commands}
    new = []
    for choice in choices:
        if choice.typed in commands:
            commands[choice.typed] = choice
        else:
            new.append(choice)
    return awaited._replace(commands=(*new, *commands.values()))


# A question


def await_answer(
    prompt: entries.Prompt,
    *,
    draft: str = "",
    has_notes: bool = False,
    was_denied: bool = False,
    is_hand_up: bool = False,
) -> AwaitedLine:
    """Build the line that answers a question."""
    kind = _choose_kind(prompt.entry)
    answers = _list_answers(prompt)
    if prompt.query is not None and not was_denied:
        kind, answers = _answer_query(prompt.query, kind, answers)

    # Which turn of a roster it is: the question may be the same in all of them.
    parts = [to_plain_text(prompt.turn), to_plain_text(prompt.text)]
    label = ". ".join([flatten(part) for part in parts if part])
    return AwaitedLine(
        label=shorten(label, MAX_LABEL),
        kind=kind,
        answers=answers,
        commands=_list_commands(prompt, has_notes=has_notes, is_hand_up=is_hand_up),
        draft=draft,
        language=prompt.language,
        right_to_left=prompt.right_to_left,
    )


def _choose_kind(entry: entries.Entry) -> LineKind:
    match entry:
        case entries.ReadEntry() | entries.LookupEntry():
            return LineKind.NOTHING
        case entries.PickEntry(several=True):
            return LineKind.CODES
        case entries.PickEntry():
            return LineKind.CODE
        case entries.LineEntry(kind="number" | "scale"):
            return LineKind.NUMBER
        case entries.LineEntry():
            return LineKind.WORDS
        case entries.VerbatimEntry():
            return LineKind.TEXT
        case _:
            assert_never(entry)


def _list_answers(prompt: entries.Prompt) -> tuple[LineChoice, ...]:
    """List what answers a question without typing: its options, Enter, and its declines."""
    entry = prompt.entry
    answers = []
    if isinstance(entry, entries.ReadEntry):
        answers.append(LineChoice("", "End here" if prompt.ending else "Continue"))
    elif isinstance(entry, entries.PickEntry):
        for option in entry.options:
            needs_no_enter = not entry.several and entry.is_complete_code(str(option.code))
            line = build_option_line(option, several=entry.several)
            choice = _build_answer(line, needs_words=option.specify, language=prompt.language)
            answers.append(choice._replace(is_complete=needs_no_enter and not option.specify))
    elif isinstance(entry, entries.LineEntry):
        for code, text in entry.labels:
            answers.append(LineChoice(str(code), text, str(code), language=prompt.language))

    earlier = prompt.earlier
    if earlier is not None and earlier.kind != "reopened":
        answers.append(LineChoice("", f"Keep: {flatten(earlier.label)}"))
    for decline in prompt.declines:
        choice = LineChoice(f".{decline.id}", flatten(decline.text), language=prompt.language)
        if isinstance(entry, entries.PickEntry) and not entry.several:
            is_complete = entry.is_complete_decline(decline.typed_code)
            choice = choice._replace(code=decline.typed_code, is_complete=is_complete)
        answers.append(choice)
    return tuple(answers)


def _build_answer(line: Line, *, needs_words: bool, language: str) -> LineChoice:
    """Build the choice of an option."""
    return LineChoice(
        line.key,
        flatten(line.plain_text),
        line.key,
        tuple(list_option_remarks(line)),
        needs_words=needs_words,
        words="the words" if needs_words else "",
        language=language,
    )


def _answer_query(
    query: entries.Query, kind: LineKind, answers: tuple[LineChoice, ...]
) -> tuple[LineKind, tuple[LineChoice, ...]]:
    """Return what answers a question about the answer just given."""
    if query.aloud:
        return LineKind.CODE, READ_BACK_CHOICES
    # Enter alone keeps nothing while an answer is questioned.
    others = [choice for choice in answers if choice.typed]
    return kind, (LineChoice(".ok", "Confirm"), *others)


READ_BACK_CHOICES: Final = (
    LineChoice("1", "Yes, that is right", "1", is_complete=True),
    LineChoice("2", "No, ask again", "2", is_complete=True),
)
YES_NO_CHOICES: Final = (
    LineChoice("y", "Yes", "y", is_complete=True),
    LineChoice("n", "No", "n", is_complete=True),
)


def _list_commands(
    prompt: entries.Prompt, *, has_notes: bool, is_hand_up: bool
) -> tuple[LineChoice, ...]:
    """List the commands that make sense at a question."""
    is_answered = prompt.earlier is not None
    makes_sense = {
        "back": prompt.position > 1,
        "front": is_answered,
        "jump": prompt.position > 1,
        "notes": has_notes,
        "lang": len(prompt.languages) > 1,
        # It is among the answers while there is something to confirm.
        "ok": False,
        "faq": bool(prompt.faq),
    }
    choices = []
    for command in commands.PLAIN_COMMANDS:
        if command.name == "hand":
            choices.append(build_hand_command(is_up=is_hand_up))
        elif makes_sense.get(command.name, True):
            is_note = command.name == "note"
            choices.append(build_command(command.name, needs_words=is_note, does=command.help))
    return tuple(choices)


def await_at_review() -> AwaitedLine:
    """Build the line at the closing review."""
    names = ("back", "jump", "note", "notes", "again", "stop")
    return AwaitedLine(
        label="Every question is answered",
        kind=LineKind.NOTHING,
        answers=(LineChoice("", "Complete the interview"),),
        commands=tuple([build_command(name, needs_words=name == "note") for name in names]),
    )


# What is asked besides


def await_number(label: str, texts: Iterable[str], *, way_out: LineChoice) -> AwaitedLine:
    """Build the line that chooses one of numbered texts."""
    choices = []
    for number, text in enumerate(texts, start=1):
        choices.append(LineChoice(str(number), text, str(number)))

    # With ten choices or more, `1` may be the beginning of `10`.
    if len(choices) < 10:
        choices = [choice._replace(is_complete=True) for choice in choices]
    return AwaitedLine(shorten(label, MAX_LABEL), LineKind.CODE, (*choices, way_out))


def await_yes_no(label: str) -> AwaitedLine:
    """Build the line that confirms a step."""
    return AwaitedLine(shorten(label, MAX_LABEL), LineKind.CODE, YES_NO_CHOICES)


def await_reply(asked: StationQuestion, *, optional: bool) -> AwaitedLine:
    """Build the line that answers a question of the station."""
    way_out = LineChoice(".drop", "Cancel")
    if asked.choices:
        awaited = await_number(asked.question, asked.choices, way_out=way_out)
    else:
        awaited = AwaitedLine(asked.question, LineKind.WORDS, (way_out,))
    if optional:
        awaited = awaited._replace(answers=(LineChoice("", asked.without), *awaited.answers))
    return awaited
