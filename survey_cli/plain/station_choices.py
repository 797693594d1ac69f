"""The line that is awaited at a station: outcomes and commands that can be chosen."""

from collections.abc import Collection, Iterable
from typing import Final, assert_never

from survey_cli.plain.awaited_line import (
    AwaitedLine,
    LineChoice,
    LineKind,
    build_command,
    build_hand_command,
)
from survey_cli.sessions.lines.station_lines import REQUIRED_INPUTS
from survey_cli.sessions.station.station_commands import STATION_COMMANDS
from survey_cli.sessions.station.station_views import (
    BreakView,
    CaseView,
    IdleView,
    InterviewState,
    OutcomeChoice,
    StationView,
    WrapUpView,
)

STATION_TEXTS: Final = {
    "outcomes": "All outcomes",
    "next": "Next number",
    "back": "Undo outcome",
    "finish": "Leave case",
    "status": "My shift",
}
"""Texts of commands that do something else at a station than their names say in an interview."""
WITHOUT_WORDS: Final = frozenset(("pause", "scripts"))
"""Commands that may be followed by words and usually are not."""
UNLISTED: Final = frozenset(("number",))
"""Commands that only shorten others."""


def await_command(
    view: StationView, names: Collection[str], *, is_hand_up: bool = False
) -> AwaitedLine:
    """Build the line that a station awaits; `names` are the commands that can be typed now."""
    commands = []
    for command in STATION_COMMANDS:
        if command.name == "hand":
            commands.append(build_hand_command(is_up=is_hand_up))
        elif command.name in names and command.name not in UNLISTED:
            needs_words = bool(command.argument) and command.name not in WITHOUT_WORDS
            text = STATION_TEXTS.get(command.name, "")
            choice = build_command(
                command.name, text=text, needs_words=needs_words, does=command.does
            )
            commands.append(choice)

    match view:
        case CaseView():
            first = _list_first_steps(view)
            taken = {choice.typed for choice in first}
            others = [choice for choice in commands if choice.typed not in taken]
            answers = (*first, *list_outcomes(view.main_outcomes))
            return AwaitedLine(
                f"{view.name}: command or outcome", LineKind.WORDS, answers, tuple(others)
            )
        case IdleView():
            answers = (LineChoice(".next", "Look for a case"),)
            label = "Command"
        case WrapUpView():
            answers = (LineChoice("", "Continue"),)
            label = f"After the call of {view.case}"
        case BreakView():
            answers = (LineChoice(".pause", "Resume calling"),)
            label = "On a break"
        case _:
            assert_never(view)

    taken = {choice.typed for choice in answers}
    others = [choice for choice in commands if choice.typed not in taken]
    return AwaitedLine(label, LineKind.WORDS, answers, tuple(others))


def _list_first_steps(view: CaseView) -> tuple[LineChoice, ...]:
    """List what begins the work on a case: the call and the interview."""
    steps = []
    number = view.current_number
    if number is not None and not view.has_open_call:
        steps.append(LineChoice(".dial", f"Dial {number.text}"))
    verb = "Begin"
    if view.interview_state is InterviewState.OPEN:
        verb = "Continue"
    steps.append(LineChoice(".interview", f"{verb} the interview"))
    return tuple(steps)


def list_outcomes(choices: Iterable[OutcomeChoice]) -> tuple[LineChoice, ...]:
    """List outcomes as choices, with what must be typed behind them."""
    listed = []
    for choice in choices:
        number = str(choice.outcome.number)
        required = REQUIRED_INPUTS.get(choice.required_input, "")
        remarks = (required,) if required else ()
        listed.append(LineChoice(number, choice.outcome.name, number, remarks))
    return tuple(listed)
