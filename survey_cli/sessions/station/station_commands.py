"""Commands of a station: their words and their help, for every interface."""

from typing import Final, NamedTuple


class StationCommand(NamedTuple):
    """One command, as it is typed after a dot."""

    name: str
    does: str
    argument: str = ""
    """What may follow the name."""
    typed: str = ""
    """What follows `does` on an interface where commands are typed: what else can be typed."""

    def __str__(self) -> str:
        return f".{self.name} {self.argument}".strip()

    @property
    def help(self) -> str:
        """What the command does, for an interface on which it is typed."""
        return f"{self.does}{self.typed}"


STATION_COMMANDS: Final = (
    StationCommand("dial", "dial the current number"),
    StationCommand("interview", "begin the interview, or continue it"),
    StationCommand(
        "outcomes",
        "all outcomes",
        typed=(
            "; a number or an id keys one, words behind it are its note, number, language or reason"
        ),
    ),
    StationCommand(
        "appointment",
        "make an appointment",
        "WHEN",
        "; shows how the time was understood, and asks for what is missing",
    ),
    StationCommand("next", "the next number of the case", typed="; without a case, look again"),
    StationCommand("number", "the second number of the case", "2"),
    StationCommand("add", "another number was given", "NUMBER"),
    StationCommand("note", "a note on the case, or on the one just called", "TEXT"),
    StationCommand(
        "scripts",
        "scripts to read aloud: to voicemail, to a gatekeeper",
        typed="; .scripts ID notes that one was read",
    ),
    StationCommand("faq", "questions respondents ask", typed=", with the answers to read"),
    StationCommand(
        "find",
        "a respondent calls back: find the case",
        "WORDS",
        " by part of a number, name or key",
    ),
    StationCommand("fetch", "take this case, even if it is not next in the queue", "KEY"),
    StationCommand("appointments", "my appointments"),
    StationCommand("messages", "the supervisors' messages"),
    StationCommand(
        "hand",
        "raise your hand: the supervisor sees that you need help; again takes it down",
    ),
    StationCommand("status", "who sits here, and the shift so far"),
    StationCommand("back", "undo the last outcome"),
    StationCommand("finish", "leave the case; one that was not called goes back to the queue"),
    StationCommand(
        "pause",
        "start or end a break",
        "REASON",
        ": no new case comes during it; .pause again resumes calling",
    ),
    StationCommand("again", "this case once more, with everything known about it"),
    StationCommand(
        "brief", "say only once what you know by heart; .brief again says it every time"
    ),
    StationCommand(
        "leave", "end the shift", typed="; also Ctrl+C or the end of input, in a terminal"
    ),
    StationCommand("help", "this list"),
)
COMMANDS_BY_NAME: Final = {command.name: command for command in STATION_COMMANDS}
