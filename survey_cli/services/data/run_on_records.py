"""Runs one function on a study's records in a single read transaction, and translates errors.

Everything the function reads is of one point in time, whatever stations write meanwhile.
"""

from collections.abc import Callable
from errno import EBADF
from pathlib import Path
from typing import TypeVar

from survey_cli.problems import UserError
from survey_cli.services.data.interview_table import InterviewRowError
from survey_cli.store import StoreError
from survey_cli.study.open_study import StudyRecords, open_records

T = TypeVar("T")


def run_on_records(
    path: str | Path,
    do: Callable[[StudyRecords], T | UserError],
    *,
    db: str | None = None,
    people: str | None = None,
    to: str = "-",
) -> T | UserError:
    """What `do` gives of the records of an instrument, or why it could not; `to` is where that goes. The records are open
    as long as it takes."""
    records = open_records(path, db=db, people=people)
    if isinstance(records, UserError):
        return records
    try:
        with records, records.store.read_transaction():
            return do(records)
    except StoreError as problem:
        return UserError(problem.where, problem.what, problem.remedy)
    except InterviewRowError as stopped:
        return stopped.trouble
    except ValueError:  # not the error, which may quote an answer
        return UserError(records.where, "a row of data can't be read", "`survey db verify` tells more")
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        place = "standard output" if to == "-" else to
        if error.errno == EBADF:
            return UserError(place, "it is closed, so the result went nowhere", "open it, or name a file")
        what = f"it cannot be written ({error.strerror or error})"
        return UserError(place, what, "choose another place, or make room")
