"""Texts that are heard at a practice station, and the outcomes that fit them. They are in the file beside this module."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Final, NamedTuple


class CallTexts(NamedTuple):
    """What may be heard in one kind of call."""

    texts: Sequence[str]
    """`{when}` is the time of an appointment, `{language}` that of the respondent."""
    outcomes: Sequence[str] = ()
    """Outcomes that fit besides the one of this name."""
    what: str = ""
    """The kind of call in words."""


_TEXTS: Final = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
CALL_TEXTS: Final = {kind: CallTexts(**texts) for kind, texts in _TEXTS["calls"].items()}
LEAVING_TEXTS: Final[Sequence[str]] = _TEXTS["leaving"]
"""What a respondent says who has to go in the middle of an interview."""
UNCLEAR_SHARE: Final = 0.08
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
        return f"“{rng.choice(_TEXTS['unclear'])}” When you probe: “Well … {answer}.”"
    if draw < 0.6:
        return f"“{answer}.”"
    return f"“{rng.choice(_TEXTS['spoken']).format(answer)}”"


def speak_decline(kind: str, text: str, *, english: bool) -> str:
    """Say a don't know, a refusal, or another decline of the study."""
    if not english:
        return f"“{text}.”"
    return {"dk": "“I don't know.”", "refused": "“I'd rather not answer that.”"}.get(kind, f"“{text}.”")
