"""Decorator that repeats a store operation once after a transient error.

It is for operations that can be repeated safely, whether or not the first attempt was committed.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from survey_cli.store.backends.errors import TransientStoreError

P = ParamSpec("P")
T = TypeVar("T")


def retry_once(operation: Callable[P, T]) -> Callable[P, T]:
    """Repeat a method once after a TransientStoreError."""

    @wraps(operation)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return operation(*args, **kwargs)
        except TransientStoreError:
            return operation(*args, **kwargs)

    return run
