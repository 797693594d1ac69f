"""Lines of a question: what is read, what can be answered, what is said about an answer."""

from collections.abc import Iterable
from typing import assert_never

from survey_cli import entries
from survey_cli import entry_commands as commands
from survey_cli.sessions.lines.line import Line, Role, to_spans
from survey_cli.wording import format_quantity

NO_DECLINES = "an answer is needed here"
CONFIRM_HELP = ".ok confirms it, with an optional reason; or type another answer"
CONFIRM_HELP_SHORT = ".ok or another answer"
CONFIRM_HELP_BUTTON = "Confirm keeps it, with an optional reason behind .ok; or another answer"


def build_question_lines(prompt: entries.Prompt, *, has_buttons: bool = False) -> list[Line]:
    """Build the lines of a question in their order, from its section to its declines.

    Then follows what is already known of its answer: see `build_draft_line`, `build_earlier_line`
    and `build_query_lines`.
    """
    lines = []
    if prompt.section:
        lines.append(Line(Role.SECTION, to_spans(prompt.section)))
    if prompt.turn:
        lines.append(Line(Role.TURN, prompt.turn))

    lines += build_wording_lines(prompt)
    lines += build_option_lines(prompt.entry)
    if prompt.instruction:
        lines.append(Line(Role.INSTRUCTION, prompt.instruction))
    if prompt.probe:
        lines.append(Line(Role.PROBE, prompt.probe))

    hint = build_hint_line(prompt, has_buttons=has_buttons)
    if hint is not None:
        lines.append(hint)
    lines += build_decline_lines(prompt)
    return lines


def build_wording_lines(prompt: entries.Prompt) -> list[Line]:
    """Build the lines of the introduction and of the question itself."""
    role = Role.SPOKEN if prompt.aloud else Role.OWN
    texts = [prompt.intro, prompt.text]
    return [Line(role, text) for text in texts if text]


def build_option_lines(entry: entries.Entry) -> list[Line]:
    """Build a line per option.

    The units of an amount, a scale's ends and other codes with a meaning are options too.
    """
    if isinstance(entry, entries.PickEntry):
        return [build_option_line(option, several=entry.several) for option in entry.options]
    if isinstance(entry, entries.LineEntry):
        units = [Line(Role.UNIT, to_spans(text), key=form) for form, text in entry.forms]
        labels = [Line(Role.OPTION, to_spans(text), key=str(code)) for code, text in entry.labels]
        return units + labels
    return []


def build_option_line(option: entries.OfferedOption, *, several: bool) -> Line:
    """Build the line of an option; `several` means that more than one may be chosen."""
    remarks = []
    if not option.read:
        remarks.append("don't read")
    if option.exclusive and several:
        remarks.append("alone")

    action = ""
    if option.specify:
        action = f"key {option.code} and the words"

    role = Role.OPTION if option.read else Role.UNREAD_OPTION
    return Line(
        role,
        option.text,
        key=str(option.code),
        note=option.note,
        remarks=tuple(remarks),
        action=action,
    )


def build_hint_line(prompt: entries.Prompt, *, has_buttons: bool = False) -> Line | None:
    """Build the line that says what to type here.

    It is None if the options say so already, or on a page with buttons the page itself.
    """
    entry = prompt.entry
    text = ""
    short: str | None = ""  # how a line is typed is known after the first question of its kind
    match entry:
        case entries.ReadEntry():
            text = "Enter ends here" if prompt.ending else "Enter continues"
        case entries.PickEntry():
            if entry.several:
                limits = _describe_limits(entry, has_answer=prompt.earlier is not None)
                text = f"any of these, blanks between{limits}"
                short = f"several{limits}"
        case entries.LineEntry():
            text = _describe_line(entry)
            short = None  # ranges and units differ from question to question
        case entries.VerbatimEntry() if has_buttons:
            pass
        case entries.VerbatimEntry():
            text = "a line that ends in \\ continues on the next"
        case entries.LookupEntry():
            text = "the computer answers this item"
        case _:
            assert_never(entry)

    if not text:
        return None
    return Line(Role.HINT, to_spans(text), short=short)


def _describe_limits(entry: entries.PickEntry, *, has_answer: bool) -> str:
    """Describe how many options may be chosen, to follow the words that say that several may be."""
    limits = ""
    if entry.max_count is not None:
        limits += f", at most {entry.max_count}"
    if entry.ordered:
        limits += ", in the order given"
    if entry.min_count == 0 and not has_answer:
        limits += "; Enter alone for none"
    return limits


def _describe_line(entry: entries.LineEntry) -> str:
    """Describe the answer that a line expects, in its unit."""
    hint = entry.hint
    if entry.unit and entry.unit not in hint:
        hint = f"{hint} {entry.unit}".strip()
    if not hint and entry.width:
        return f"at most {format_quantity(entry.width, 'character')}"
    return hint


def build_decline_lines(prompt: entries.Prompt) -> list[Line]:
    """Build a line per decline, or one that says that an answer is needed.

    Texts that are only read have neither.
    """
    if isinstance(prompt.entry, entries.ReadEntry | entries.LookupEntry):
        return []
    if not prompt.declines:
        return [Line(Role.DECLINE, to_spans(NO_DECLINES))]
    return [
        Line(Role.DECLINE, to_spans(decline.text), key=f".{decline.id}")
        for decline in prompt.declines
    ]


# What is known of the answer already


def build_draft_line(draft: str, prompt: entries.Prompt) -> Line:
    """Build the line of a text that was begun here.

    Enter takes it, unless there is an earlier answer that Enter keeps.
    """
    action = "Enter keeps it" if prompt.earlier is None else ""
    label = "you had started to type here"
    return Line(Role.DRAFT, to_spans(draft), label=label, action=action)


def build_earlier_line(earlier: entries.EarlierAnswer) -> Line:
    """Build the line of the answer that this question has already."""
    match earlier.kind:
        case "answer":
            text = to_spans(f"was {earlier.label}")
            return Line(Role.EARLIER, text, action="Enter keeps")
        case "prefill":
            text = to_spans(f"already here: {earlier.label}")
            return Line(Role.PREFILL, text, action="Enter takes it")
        case "reopened":
            text = to_spans(f"was {earlier.label}, which no longer fits: ask again")
            return Line(Role.EARLIER, text)
        case _:
            assert_never(earlier.kind)


def build_kept_text_line() -> Line:
    """Build the line of an earlier answer whose text is in the field and needn't be repeated."""
    return Line(Role.EARLIER, to_spans("answered before"), action="Enter keeps it")


# What is said about the answer just given


def build_query_lines(query: entries.Query, *, has_buttons: bool = False) -> list[Line]:
    """Build what is asked about the answer just given, and how a line answers it.

    With buttons, those say how the other answers are reached that a check used.
    """
    if query.aloud:
        action = f"read it aloud: {commands.READ_BACK_HELP}"
        lines = [
            Line(Role.READ_BACK, query.text),
            Line(Role.ACTION, to_spans(action), short="read it aloud"),
        ]
    elif has_buttons:
        lines = [Line(Role.QUERY, query.text), Line(Role.ACTION, to_spans(CONFIRM_HELP_BUTTON))]
    else:
        lines = [
            Line(Role.QUERY, query.text),
            Line(Role.ACTION, to_spans(CONFIRM_HELP), short=CONFIRM_HELP_SHORT),
        ]
    if has_buttons:
        return lines
    return [*lines, *build_other_place_lines(query.shown_places)]


def build_other_place_lines(jump_keys: Iterable[str]) -> list[Line]:
    """Build the line that says how the other answers that a check used are reached."""
    jumps = [f".jump {key}" for key in jump_keys]
    if not jumps:
        return []
    return [Line(Role.ACTION, to_spans(f"{' or '.join(jumps)} to correct the other answer"))]


def build_denied_lines(query: entries.Query) -> list[Line]:
    """Build what follows if the respondent denies an answer that was read back."""
    lines = []
    if query.otherwise:
        lines.append(Line(Role.SPOKEN, query.otherwise))
    return [*lines, Line(Role.ACTION, to_spans(commands.ASK_AGAIN_HINT))]


def build_heard_line(heard: str) -> Line:
    """Build the line of what a simulated respondent says."""
    return Line(Role.HEARD, to_spans(heard), label="heard")


def build_faq_lines(
    faq: Iterable[tuple[entries.StyledText, entries.StyledText]],
) -> list[Line]:
    """Build the questions that respondents ask, each with the answer that is read to them."""
    lines = []
    for question, answer in faq:
        lines.append(Line(Role.FAQ, question))
        lines.append(Line(Role.SPOKEN, answer))
    return lines
