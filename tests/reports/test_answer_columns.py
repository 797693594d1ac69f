"""Columns of answers in memory: the texts that were read, in few bytes."""

import tracemalloc
from collections.abc import Sequence

import pytest

from survey_cli.reports.weighting.answer_counts import MAX_CODES, TextColumn

FEW = [f"{n % 7}" for n in range(1_000)]
SOME = [f"{n % (MAX_CODES + 50)}" for n in range(1_000)]
ALL_DIFFERENT = [f"{n}" for n in range(1_000)]


@pytest.mark.parametrize("texts", [[], FEW, SOME, ALL_DIFFERENT, [*FEW, *ALL_DIFFERENT], [*ALL_DIFFERENT, *FEW]])
@pytest.mark.parametrize("size", [1, 100, 5_000])
def test_a_column_has_the_texts_that_were_read_in_parts(texts: Sequence[str], size: int) -> None:
    column = TextColumn()
    for start in range(0, len(texts), size):
        column.extend(texts[start : start + size])
    assert list(column) == list(texts)
    assert len(column) == len(texts)
    assert list(column.select(range(0, len(texts), 3))) == list(texts[::3])


def test_an_interview_takes_a_byte_where_few_texts_are_distinct() -> None:
    tracemalloc.start()
    try:
        column = TextColumn()
        for _ in range(100):
            column.extend(FEW)
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(column) == 100_000
    assert used < 150_000
