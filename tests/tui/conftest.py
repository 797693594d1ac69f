"""Fixtures for screens without a terminal."""

from collections.abc import Callable, Iterator

import pytest

from support.screens import InterviewHands


@pytest.fixture
def keyed() -> Iterator[Callable[..., InterviewHands]]:
    """Put an interview on a screen and press keys: `keyed(session, "1", "enter")`; all are ended after the test."""
    opened: list[InterviewHands] = []

    def key(*arguments: object, **options: object) -> InterviewHands:
        opened.append(InterviewHands(*arguments, **options))  # type: ignore[arg-type]
        return opened[-1]

    yield key
    for hands in opened:
        hands.close()
