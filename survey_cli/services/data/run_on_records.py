"""Runs one function on a study's records in a single read transaction, and translates errors.

Everything the function reads is of one point in time, whatever stations write meanwhile.
"""

from collections.abc import Callable
from errno import EBADF
from pathlib import Path
from typing import TypeVar

from survey_cli.problems import UserError
from survey_cli.study.open_study import StudyRecords, open_records

T = TypeVar("T")


def run_on_records(
    path: str | Path,
    action: Callable[[StudyRecords], T],
    *,
    db: str | None = None,
    people: str | None = None,
    to: str = "-",
) -> T:
    """Return what `action` returns for the records of an instrument, which are open while it runs.

    `to` is where the result is written. Raises UserError.
    """
    records = open_records(path, db=db, people=people)
    try:
        with records, records.store.read_transaction():
            return action(records)
    except ValueError:  # without the error's text, which may contain an answer
        raise UserError(records.where, "a row of data cannot be read", "`survey db verify` gives details") from None
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        place = "standard output" if to == "-" else to
        if error.errno == EBADF:
            raise UserError(place, "it is closed, so the result was lost", "open it, or specify a file") from error
        what = f"it cannot be written ({error.strerror or error})"
        raise UserError(place, what, "choose another folder, or free some space") from error
