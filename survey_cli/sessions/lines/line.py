"""A line of a page and its role: the content that all interfaces share."""

from enum import Enum, auto
from typing import Final, NamedTuple

from survey_cli.entries import StyledText, TextSpan, to_plain_text


class Role(Enum):
    """What a line is for.

    An interface chooses the sign, the place and the color of a line by its role, never by its
    words.
    """

    # A question
    SECTION = auto()
    """The section that the question belongs to."""
    TURN = auto()
    """The turn of a roster: `person 2 of 4: Bob`."""
    SPOKEN = auto()
    """Read aloud to the respondent."""
    OWN = auto()
    """A question that the interviewer answers without asking it."""
    OPTION = auto()
    """An answer that is offered, with the code that is keyed for it."""
    UNREAD_OPTION = auto()
    """An answer that is coded if the respondent volunteers it; it isn't read aloud."""
    UNIT = auto()
    """The amounts of a unit, with how they are keyed: `2..`. They are typed, not chosen."""
    INSTRUCTION = auto()
    """What the interviewer should do at this question."""
    PROBE = auto()
    """What the interviewer says if the first reply isn't an answer yet."""
    HINT = auto()
    """What a typed line may contain here."""
    DECLINE = auto()
    """A non-answer that is accepted here, with its command; without a command: none is."""
    DRAFT = auto()
    """A text that was begun here and not sent."""
    EARLIER = auto()
    """The answer that this question already has."""
    PREFILL = auto()
    """An answer from the sample or from an earlier interview, not confirmed yet."""
    QUERY = auto()
    """A question to the interviewer about the answer just given."""
    READ_BACK = auto()
    """A question to the respondent about the answer just given; it is read aloud."""
    ACTION = auto()
    """What the interviewer can type now."""
    HEARD = auto()
    """What a simulated respondent says."""
    FAQ = auto()
    """A question that respondents ask; the line after it is the answer to read."""

    # Pages
    HEADING = auto()
    """What the page says first."""
    FACT = auto()
    """Something that is known of the case or the interview, after its label."""
    CLOCK = auto()
    """The time at the respondent's place and at the station."""
    ANSWER = auto()
    """A question that was asked, with its answer."""
    DECLINED = auto()
    """A question that the respondent declined to answer."""
    CONFIRMED = auto()
    """An answer that was confirmed although a check warned of it."""
    NOTE = auto()
    """A note of the interviewer's, with the question at which it was written."""
    PLACE = auto()
    """The id of the item that is asked."""
    STOP = auto()
    """A way to stop the interview: an outcome, with its number."""
    FOLLOWING = auto()
    """A question that may be asked next."""
    QUOTA = auto()
    """A quota cell in which the respondent has a place."""
    ERROR = auto()
    """What could not be done, or must be known."""

    # What is said about a typed line
    REJECTION = auto()
    """Why a line was not accepted."""
    UNDERSTOOD = auto()
    """How a line was understood, and what it has done."""
    ASKED = auto()
    """What the interviewer is asked for: a time, a reason, which meaning of a line is right."""
    COMMAND = auto()
    """A command that can be typed, and what it does."""
    MESSAGE = auto()
    """A message of a supervisor."""

    # A station
    CASE = auto()
    """The case that is called: its name, its key, the number of this attempt."""
    NOTICE = auto()
    """What was going on when the terminal was lost."""
    NUMBER = auto()
    """The telephone number that is dialed next, with its position."""
    DIALED_NUMBER = auto()
    """The number of the open call; its last remark says that it was dialed."""
    OTHER_NUMBER = auto()
    """Another number that can be called."""
    CLOSED_NUMBER = auto()
    """A number that isn't called any more; its remarks say why."""
    APPOINTMENT = auto()
    """The appointment for which the case is called now."""
    PERSON = auto()
    """Whom to ask for."""
    INTERVIEW = auto()
    """The state of the case's interview."""
    HISTORY = auto()
    """Something that happened to the case, after its time."""
    CALLBACK = auto()
    """One of the interviewer's appointments, after its time."""
    LATE_CALLBACK = auto()
    """An appointment whose time has passed."""
    DUE = auto()
    """An appointment that is due now or soon, while something else is on the screen."""
    MATCH = auto()
    """A case that fits what was searched for."""
    SCRIPT = auto()
    """The id of a text for voicemail or a gatekeeper; the line after it is the text to read."""
    OUTCOME = auto()
    """An outcome that can be recorded, with its number."""


TITLES: Final = {
    Role.ANSWER: "earlier",
    Role.DECLINED: "declined",
    Role.CONFIRMED: "confirmed despite a warning",
    Role.NOTE: "notes",
    Role.FOLLOWING: "may follow",
    Role.QUOTA: "quota cells",
    Role.FAQ: "they ask",
}
"""Titles of the groups of lines with these roles, if an interface draws titles."""


class Line(NamedTuple):
    """One line of a page.

    The functions of this package build lines from prompts, results and views. They decide what is
    said, in which order and with which words. An interface draws the lines. It decides signs,
    columns, colors, wrapping and focus, may place lines by their role, and may leave out roles that
    it shows in another way: the full screen has a key bar instead of HINT, DECLINE and ACTION.

    This is a whole interface for reading a question::

        SIGNS = {Role.INSTRUCTION: "Interviewer: ", Role.PROBE: "Probe: ", Role.QUERY: "? "}

        for line in build_question_lines(prompt):
            words = [line.key, line.plain_text, *line.remarks]
            print(SIGNS.get(line.role, "") + "  ".join(word for word in words if word))

    For a question with two options and an instruction, it prints::

        Do you have a library card?
        1  Yes
        2  No
        9  Has applied for one  don't read
        Interviewer: Any library counts.
        .dk  don't know

    Texts are literal: they contain no markup, and may contain any character. An interface that
    writes to a terminal or a page must replace control characters and escape its own markup.
    """

    role: Role
    text: StyledText = ()
    """What the line says. Stressed words are marked, for the interface to show in its own way."""
    key: str = ""
    """What is keyed or typed for it, or the question that it is about: `3`, `.dk`, `q6`."""
    label: str = ""
    """What the text is: `Appointment`, or the words of the question that it answers."""
    note: str = ""
    """Something to know about the text: the note of an option, the reason of a confirmation."""
    remarks: tuple[str, ...] = ()
    """What holds for the text, in a few words each: `don't read`, `alone`."""
    action: str = ""
    """What the interviewer can do about it: `Enter keeps`."""
    short: str | None = None
    """The text for interviewers who know it by heart; empty says nothing, None says the text."""

    @property
    def plain_text(self) -> str:
        """The text without its stress."""
        return to_plain_text(self.text)


def to_spans(text: str) -> StyledText:
    """Return a text without stress as spans."""
    if not text:
        return ()
    return (TextSpan(text),)
