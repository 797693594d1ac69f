"""Is what was found as we wrote it? Where it is not, it is damage, and said so in plain words."""

from collections.abc import Iterator
from contextlib import contextmanager

from survey_cli.store.problem import RESTORE, StoreProblem


@contextmanager
def legible(where: str, what: str) -> Iterator[None]:
    """Around the reading of `what` from a database. Raises StoreProblem."""
    try:
        yield
    except (ValueError, TypeError, KeyError) as error:
        raise illegible(where, what) from error


def illegible(where: str, what: str) -> StoreProblem:
    """What is said where `what` cannot be read: not the error, which may quote an answer."""
    return StoreProblem(
        where,
        f"{what} can't be read",
        f"check the database: survey verify FILE; where it is damaged, go back to the latest backup: {RESTORE}",
    )
