"""The files of the accounts of studies that are served together."""

from pathlib import Path
from typing import NamedTuple


class AccountFiles(NamedTuple):
    """Where the accounts and their list of people are."""

    study: str
    """The first questionnaire, which remedies name."""
    people: Path
    """The list of people."""
    accounts: Path
