"""Telephone interviewing (CATI) in a terminal. `open` opens a study for Python."""

# The typing module would take a third of the time that importing the package may take.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from os import PathLike

    from survey_cli.api import Study

__version__ = "0.2.0"


def open(  # noqa: A001 – as survey_cli.open, like tarfile.open
    path: "str | PathLike[str]", *, db: str | None = None, people: str | None = None
) -> "Study":
    """Open the data of a questionnaire for reading.

    >>> study = survey_cli.open("health.yaml")
    >>> study.title
    'Health and daily life'

    Commands and Python find the database and the list of people in the same places. `db` and
    `people` name others. Raises `survey_cli.problems.UserError` if the questionnaire isn't valid or
    has no database.
    """
    from survey_cli.api import Study

    return Study(path, db=db, people=people)
