"""Telephone interviewing (CATI) in a terminal. Holds the version, and opens studies for Python; imports what is used."""

TYPE_CHECKING = False  # typing would take a third of the time that importing the package may take
if TYPE_CHECKING:
    from os import PathLike

    from survey_cli.api import Study

__version__ = "0.2.0"


def open(  # noqa: A001 – as survey_cli.open, like tarfile.open
    path: "str | PathLike[str]", *, db: str | None = None, people: str | None = None
) -> "Study":
    """Open the data of a questionnaire for reading, with the database and the list of people that commands use.

    Raises `survey_cli.problems.UserError`, where the questionnaire is not valid or has no database.
    """
    from survey_cli.api import Study

    return Study(path, db=db, people=people)
