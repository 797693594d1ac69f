"""Dialing: the dial command of this machine, or a number to dial by hand.

The command belongs to the machine (`SURVEY_DIAL`), never to an instrument. It is a list of arguments; no shell reads
it.
"""

import os
import shlex
import subprocess
from collections.abc import Mapping
from typing import Final

from survey_cli.problems import UserError

ENVIRONMENT_VARIABLE: Final = "SURVEY_DIAL"
PLACEHOLDERS: Final = ("{number}", "{tel}")
"""Where the number goes: `{number}` as +19155550122, `{tel}` as tel:+19155550122."""


def read_dial_command(environment: Mapping[str, str] = os.environ) -> tuple[str, ...] | UserError:
    """The command as it is set for this machine; empty where none is, and numbers are dialled by hand."""
    written = environment.get(ENVIRONMENT_VARIABLE, "").strip()
    if not written:
        return ()
    try:
        command = tuple(shlex.split(written))
    except ValueError:
        return UserError(
            ENVIRONMENT_VARIABLE, "a quotation mark is not closed", "write it as: linphonecsh dial {number}"
        )
    if not any(mark in part for part in command for mark in PLACEHOLDERS):
        return UserError(
            ENVIRONMENT_VARIABLE, "the number has no place in it", "write {number} or {tel} where it belongs"
        )
    return command


def dial(command: tuple[str, ...], e164: str) -> str:
    """Start the command for one number; gives why it could not be, or nothing. It is not waited for: the telephone
    rings while the screen goes on."""
    arguments = [part.replace("{number}", e164).replace("{tel}", f"tel:{e164}") for part in command]
    quiet = subprocess.DEVNULL
    try:
        subprocess.Popen(arguments, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
    except OSError as error:
        return f"{arguments[0]} could not be started ({error.strerror}): dial by hand"
    return ""
