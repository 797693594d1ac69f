"""Commands typed after a dot, as actions of the full-screen interface. `entry_commands` defines their names."""

from survey_cli import entries
from survey_cli import entry_commands as commands
from survey_cli.entries import Prompt, Rejection
from survey_cli.sessions import InterviewProtocol
from survey_cli.tui.modes import (
    AddNote,
    Back,
    Close,
    Front,
    InterviewAct,
    ItIsSo,
    Jump,
    KeyedDecline,
    No,
    Open,
    Speak,
    Stopping,
    Suspend,
)

OPENED: dict[str, str] = {command.name: command.key for command in commands.COMMANDS if command.key}
"""Commands that stand alone, and the keys that do the same."""


def act_of(text: str, prompt: Prompt, desk: InterviewProtocol) -> InterviewAct | Stopping:
    """What is asked for, or why it is nothing known."""
    typed = commands.parse_command(text, prompt)
    if isinstance(typed, Rejection):
        return No(typed.why)
    if isinstance(typed, entries.DeclineOption):
        return KeyedDecline(typed.id, typed.text)
    match typed:
        case ("back", _):
            return Back()
        case ("front", _):
            return Front()
        case ("again", _):
            return Close()
        case ("suspend", _):
            return Suspend()
        case ("ok", rest):
            return ItIsSo(rest) if prompt.query is not None else No(commands.NOTHING_TO_CONFIRM)
        case ("jump", rest) if rest:
            place = commands.find_place(rest, (row.place for row in desk.list_items()))
            return No(place.why) if isinstance(place, Rejection) else Jump(place)
        case ("note", rest) if rest:
            return AddNote(rest)
        case ("notes", rest):
            return _notes(rest, desk)
        case ("lang", rest) if rest and len(prompt.languages) > 1:
            return Speak(rest)
        case ("stop", rest) if rest:
            outcome = commands.find_outcome(rest, desk.list_stop_outcomes())
            return (
                No(outcome.why) if isinstance(outcome, Rejection) else Stopping(desk.list_stop_outcomes(), sure=outcome)
            )
        case (name, _):
            return Open(OPENED[name])


def _notes(rest: str, desk: InterviewProtocol) -> InterviewAct:
    notes = desk.list_notes()
    if not rest:
        return Open("f2") if notes else No("there is no note yet")
    replaced = commands.parse_note_change(rest, len(notes))
    return No(replaced.why) if isinstance(replaced, Rejection) else AddNote(replaced[1], notes[replaced[0] - 1])
