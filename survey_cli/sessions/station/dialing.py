"""Dialing: the dial command of this machine, a link, a number to dial by hand, or simulated people.

The command belongs to the machine (`SURVEY_DIAL`), never to an instrument. It is a list of
arguments; no shell reads it.
"""

import os
import shlex
import subprocess
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from survey_cli.engine.interview import Interview
from survey_cli.fieldwork.calendar.zones import ToLocal
from survey_cli.fieldwork.case.case import Case, NumberRecord, list_call_zones
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.problems import UserError
from survey_cli.process_rights import OutsideAct, get_rights
from survey_cli.sessions.station.listeners import build_dial_link
from survey_cli.store.cases.case_records import ContactNumber

ENVIRONMENT_VARIABLE: Final = "SURVEY_DIAL"
PLACEHOLDERS: Final = ("{number}", "{tel}")
"""Where the number is inserted: `{number}` as +19155550122, `{tel}` as tel:+19155550122."""


class SimulatedRespondents(Protocol):
    """The people of a practice station, in place of a telephone.

    Example:
        class Absent:
            def answer_call(self, case: Case, number: int, local_time: datetime) -> str:
                return "It rings; nobody answers."

            def answer_question(self, case: str, interview: Interview) -> str:
                return ""
    """

    def answer_call(self, case: Case, number: int, local_time: datetime) -> str:
        """Return what is heard when this number is dialed; the time is the respondent's."""

    def answer_question(self, case: str, interview: Interview) -> str:
        """Return the respondent's words at the current question, or after the interview."""


class DialedCall(NamedTuple):
    """A call that was dialed."""

    text: str
    """What the interviewer sees: the number to dial by hand, or that the telephone is ringing."""
    heard: str = ""
    """What simulated respondents say."""


class Telephone:
    """Dials numbers for one station."""

    def __init__(
        self,
        *,
        command: tuple[str, ...],
        respondents: SimulatedRespondents | None,
        to_local: ToLocal,
        hand_link: Callable[[str], None] | None = None,
    ) -> None:
        self._command = command
        """Empty: numbers are dialed by hand."""
        self._hand_link = hand_link
        """Receives the link of a number in place of a command. None: there are no links."""
        self._respondents = respondents
        """None: real ones."""
        self._to_local = to_local

    def dial(
        self, case: Case, number: NumberRecord, digits: ContactNumber, plan: Plan, at: datetime
    ) -> DialedCall:
        """Dial a number, or ask the interviewer to dial it."""
        if self._respondents is not None:
            zones = list_call_zones(case, number, plan)
            local_time = self._to_local(at)
            if zones:
                local_time = at.astimezone(ZoneInfo(zones[0]))
            heard = self._respondents.answer_call(case, number.position, local_time)
            return DialedCall(f"{digits.display} was dialed", heard)

        # The law requires that a person dials some numbers.
        by_hand = plan.requires_manual_dialing(number.line, case.columns)
        if by_hand:
            return DialedCall(f"dial {digits.display}")
        if self._hand_link is not None:
            return self._hand_over(digits, self._hand_link)
        if not self._command:
            return DialedCall(f"dial {digits.display}")

        failure = start_dial_command(self._command, digits.e164)
        return DialedCall(failure or f"{digits.display} is ringing")

    def _hand_over(self, digits: ContactNumber, hand_link: Callable[[str], None]) -> DialedCall:
        """Hand the link of a number over.

        Whether it is followed, and what the line does then, isn't known here.
        """
        link = build_dial_link(digits.e164)
        if not link:
            return DialedCall(f"dial {digits.display}")
        # whoever shows the link may have gone: the number is still shown
        with suppress(OSError):
            hand_link(link)
        return DialedCall(f"dial {digits.display}: {link}")


def read_dial_command() -> tuple[str, ...]:
    """Read the dial command of this machine; empty if there is none: numbers are dialed by hand."""
    # the telephone of a seat in a browser isn't at the server
    if not get_rights().allow(OutsideAct.START_PROGRAM):
        return ()
    text = os.environ.get(ENVIRONMENT_VARIABLE, "").strip()
    if not text:
        return ()

    try:
        command = tuple(shlex.split(text))
    except ValueError:
        remedy = "write it like this: linphonecsh dial {number}"
        raise UserError(ENVIRONMENT_VARIABLE, "a quotation mark is not closed", remedy) from None

    for part in command:
        for placeholder in PLACEHOLDERS:
            if placeholder in part:
                return command
    remedy = "write {number} or {tel} where the number belongs"
    raise UserError(ENVIRONMENT_VARIABLE, "the command has no place for the number", remedy)


def start_dial_command(command: tuple[str, ...], e164: str) -> str:
    """Start the dial command for one number; returns why it could not be started, or nothing.

    The command is not waited for: the telephone rings while the session goes on.
    """
    arguments = [part.replace("{number}", e164).replace("{tel}", f"tel:{e164}") for part in command]
    devnull = subprocess.DEVNULL
    try:
        subprocess.Popen(
            arguments, stdin=devnull, stdout=devnull, stderr=devnull, start_new_session=True
        )
    except OSError as error:
        return f"{arguments[0]} could not be started ({error.strerror}): dial by hand"
    return ""
