"""Texts that are heard at a practice station, and the outcomes that fit them."""

from datetime import datetime
from random import Random
from typing import Final, NamedTuple


class CallTexts(NamedTuple):
    """What may be heard in one kind of call."""

    texts: tuple[str, ...]
    """`{when}` is the time of an appointment, `{language}` that of the respondent."""
    outcomes: frozenset[str] = frozenset()
    """Outcomes that fit besides the one of this name."""
    what: str = ""
    """The kind of call in words."""


CALL_TEXTS: Final[dict[str, CallTexts]] = {
    "no_answer": CallTexts(("It rings eight times. Nobody answers.", "It rings and rings. Nobody answers.")),
    "busy": CallTexts(("The line is busy.",), what="a busy line"),
    "machine": CallTexts(
        (
            "A machine: “Nobody is at home. Please leave a message after the tone.”",
            "A machine: “We can't come to the phone now. Please leave a message.”",
        ),
        frozenset({"machine_left"}),
        "an answering machine",
    ),
    "disconnected": CallTexts(
        ("An announcement: “The number you have dialed is not in service.”",), what="a number not in service"
    ),
    "fax": CallTexts(("A high tone: a fax machine.",), what="a fax machine"),
    "wrong_number": CallTexts(
        ("“Hello?” You say whom you are calling. “There is nobody of that name here. You have the wrong number.”",),
        what="a wrong number",
    ),
    "interview": CallTexts(
        (
            "“Hello?” You say who is calling. “All right, go ahead.”",
            "“Yes?” You say who is calling. “How long does it take? … Well, if it is quick.”",
            "“Hello?” You say who is calling. “Who gave you my number? … I see. What do you want to know?”",
        ),
        what="consent to an interview",
    ),
    "appointment": CallTexts(
        (
            "“Hello?” You say who is calling. “Not now, I am driving. Could you call {when}?”",
            "“Yes?” You say who is calling. “I am at work. Call me {when}, please.”",
        ),
        what="a request for an appointment",
    ),
    "callback": CallTexts(
        (
            "“Hello?” You say who is calling. “It's a bad time. Try again some other day.” They hang up.",
            "A child answers: “My parents are not at home.”",
        ),
        what="a request to call at another time",
    ),
    "refusal_soft": CallTexts(
        (
            "“Hello?” You say who is calling. “No, thank you. I'm not interested.” They hang up.",
            "“Yes?” You say who is calling. “I don't do surveys. Goodbye.” They hang up.",
        ),
        frozenset({"refusal_household_soft", "hangup_intro"}),
        "a refusal (soft)",
    ),
    "refusal_hard": CallTexts(
        ("“Hello?” You say who is calling. “No! And don't you ever call this number again.” They hang up.",),
        frozenset({"refusal_household_hard", "never_call"}),
        "a refusal (hard)",
    ),
    "language": CallTexts(("Somebody answers in {language}, and does not understand you.",), what="a language problem"),
    "unable": CallTexts(
        ("“Hello?” You say who is calling. “My father is too ill to talk to you.”",), what="somebody unable to talk"
    ),
    "away": CallTexts(
        ("“Hello?” You say whom you are calling. “She is abroad until next year.”",), what="somebody who is away"
    ),
}
LEAVING_TEXTS: Final = (
    "“I'm sorry, I have to go. Could you call again {when}?”",
    "“There is somebody at the door. Please call {when} for the rest.”",
)
"""What a respondent says who has to go in the middle of an interview."""
LEAVING_OUTCOMES: Final = frozenset({"appointment", "callback", "break_off"})
CONTRADICTION: Final = "“That can't be. I must have answered the question before wrongly.”"
"""What a respondent says who can give no answer that agrees with an earlier one; going back, another one is heard."""
CONFIRMATION: Final = "“Yes, that's right.”"


def format_appointment_words(appointment: datetime, now: datetime) -> str:
    """Format a time as a respondent names it: `tomorrow at 3 pm`, `on Thursday at 10:30 am`."""
    days = (appointment.date() - now.date()).days
    day = {0: "today", 1: "tomorrow"}.get(days, f"on {appointment:%A}")
    minutes = f":{appointment:%M}" if appointment.minute else ""
    return f"{day} at {appointment.hour % 12 or 12}{minutes} {'am' if appointment.hour < 12 else 'pm'}"


def speak_answer(answer: str, rng: Random, *, choice: bool, english: bool) -> str:
    """Say an answer as a respondent would; now and then unclearly at first, where it is a `choice` of options."""
    if not english:
        return f"“{answer}.”"
    draw = rng.random()
    if choice and draw < UNCLEAR_SHARE:
        return f"“{rng.choice(UNCLEAR_TEXTS)}” When you probe: “Well … {answer}.”"
    if draw < 0.6:
        return f"“{answer}.”"
    return f"“{rng.choice(SPOKEN_FORMS).format(answer)}”"


UNCLEAR_SHARE: Final = 0.08
UNCLEAR_TEXTS: Final = (
    "It depends.", "Hm, that is hard to say.", "What do you mean by that?", "Sometimes yes, sometimes no.",
)  # fmt: skip
SPOKEN_FORMS: Final = ("{}, I think.", "I'd say {}.", "Hm … {}.")


def speak_decline(kind: str, text: str, *, english: bool) -> str:
    """Say a don't know, a refusal, or another decline of the study."""
    if not english:
        return f"“{text}.”"
    return {"dk": "“I don't know.”", "refused": "“I'd rather not answer that.”"}.get(kind, f"“{text}.”")
