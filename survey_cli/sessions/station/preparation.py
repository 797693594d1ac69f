"""Preparation of a process from which stations are forked, so that they share its memory."""

from collections.abc import Sequence
from contextlib import suppress

from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.problems import UserError


def prepare_stations(files: Sequence[str]) -> None:
    """Build what every station of these questionnaires needs. No database is opened.

    Pydantic builds the models of a question type when a questionnaire uses it for the first time.
    Built in each station, they take 12 MB of it.
    """
    for file in files:
        # the stations say what is wrong with it
        with suppress(UserError):
            open_instrument(file)
