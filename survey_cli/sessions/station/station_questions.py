"""Questions of a station to the interviewer: on appointments, refusals, what outcomes require."""

from typing import Final, NamedTuple

from survey_cli.fieldwork.case.events import AppointmentPolicy


class StationQuestion(NamedTuple):
    """One question, worded for a form and for an interface that asks one thing after the other."""

    name: str
    label: str
    """Before the field of a form."""
    question: str
    """Asked on its own line."""
    hint: str = ""
    """An example, or what no answer means."""
    choices: tuple[str, ...] = ()
    """The answers, numbered from 1; none: any text is an answer."""
    without: str = "Leave out"
    """What an empty line does, as the words of a button."""

    @property
    def numbered(self) -> str:
        """The choices with their numbers: `1 anyone, 2 only me`."""
        listed = [f"{number} {choice}" for number, choice in enumerate(self.choices, start=1)]
        return ", ".join(listed)


POLICIES: Final[tuple[AppointmentPolicy, ...]] = ("anyone", "me", "me_first")
"""Who may call at the time of an appointment, in the order of the choices."""
WHEN: Final = StationQuestion(
    "when", "When", "when should we call again?", "tomorrow 3pm, weekdays after 6, in 2 hours"
)
POLICY: Final = StationQuestion(
    "policy", "Who calls", "who calls?", choices=("anyone", "only me", "me first")
)
PERSON: Final = StationQuestion("person", "Ask for", "whom to ask for?", "Enter if not known")
NOTE: Final = StationQuestion("note", "Note", "a note?", "Enter for none")

WHO_REFUSED: Final = StationQuestion("who", "Who refused", "who refused?", "Enter if not known")
REFUSAL_REASON: Final = StationQuestion(
    "reason", "Reason given", "the reason that was given?", "Enter for none"
)
REFUSAL_STRENGTH: Final = StationQuestion(
    "strength",
    "How strong",
    "how strong?",
    "Enter if not known",
    choices=("no time, perhaps another day", "unwilling", "angry"),
)

REQUIRED: Final = {
    "note": StationQuestion("note", "note", "this outcome needs a note"),
    "number": StationQuestion("number", "the new number", "what is the new number?"),
    "language": StationQuestion("language", "which language", "which language?"),
}
"""What an outcome requires, by its kind."""
MIN_SEARCH: Final = 2
"""Characters of a number or a name that are searched for; fewer would find half the sample."""
NO_SCRIPTS: Final = "this survey has no scripts"
