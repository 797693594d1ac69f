"""What if the connection breaks, and nobody saw whether it was written? It is said once more, which changes nothing where
it was.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from survey_cli.store.backends.errors import Interrupted

P = ParamSpec("P")
T = TypeVar("T")


def again(act: Callable[P, T]) -> Callable[P, T]:
    """For what may be said twice: it is, where the connection was lost or another station was in the way."""

    @wraps(act)
    def twice(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return act(*args, **kwargs)
        except Interrupted:
            return act(*args, **kwargs)

    return twice
