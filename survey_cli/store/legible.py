"""Is what was found as we wrote it? Where it is not, it is damage, and said so in plain words."""

from collections.abc import Iterator
from contextlib import contextmanager

from survey_cli.store.problem import StoreProblem


@contextmanager
def legible(where: str, what: str) -> Iterator[None]:
    """Around the reading of `what` from a database. Raises StoreProblem."""
    try:
        yield
    except (ValueError, TypeError, KeyError) as error:
        raise illegible(where, what, error) from error


def illegible(where: str, what: str, error: Exception) -> StoreProblem:
    """What is said where `what` cannot be read."""
    return StoreProblem(
        where,
        f"{what} can't be read ({error})",
        "check the database, and go on from the latest backup if it is damaged",
    )
