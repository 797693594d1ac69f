"""Dialing: the dial command of this machine, a number to dial by hand, or simulated respondents.

The command belongs to the machine (`SURVEY_DIAL`), never to an instrument. It is a list of arguments; no shell reads
it.
"""

import os
import shlex
import subprocess
from datetime import datetime
from typing import Final, Protocol

from survey_cli.engine.interview import Interview
from survey_cli.fieldwork.case.case import Case
from survey_cli.problems import UserError

ENVIRONMENT_VARIABLE: Final = "SURVEY_DIAL"
PLACEHOLDERS: Final = ("{number}", "{tel}")
"""Where the number is inserted: `{number}` as +19155550122, `{tel}` as tel:+19155550122."""


class SimulatedRespondents(Protocol):
    """The people of a practice station, in place of a telephone."""

    def answer_call(self, case: Case, number: int, local_time: datetime) -> str:
        """Return what is heard when this number is dialed, at this time on the respondent's clock."""

    def answer_question(self, case: str, interview: Interview) -> str:
        """Return what the respondent of the case says to the current question, or when the interview is left."""


def read_dial_command() -> tuple[str, ...]:
    """Read the dial command of this machine; empty where there is none and numbers are dialed by hand."""
    text = os.environ.get(ENVIRONMENT_VARIABLE, "").strip()
    if not text:
        return ()
    try:
        command = tuple(shlex.split(text))
    except ValueError:
        remedy = "write it like this: linphonecsh dial {number}"
        raise UserError(ENVIRONMENT_VARIABLE, "a quotation mark is not closed", remedy) from None
    if not any(mark in part for part in command for mark in PLACEHOLDERS):
        remedy = "write {number} or {tel} where the number belongs"
        raise UserError(ENVIRONMENT_VARIABLE, "the command has no place for the number", remedy)
    return command


def dial(command: tuple[str, ...], e164: str) -> str:
    """Start the dial command for one number; returns why it could not be started, else an empty text.

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
