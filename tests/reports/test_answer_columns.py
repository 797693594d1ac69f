"""Columns of answers in memory: the texts that were read, in few bytes, and nothing that a report does not need."""

import random
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from support.scenario import instrument
from survey_cli.engine.codec import encode_cells, encode_timestamp
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.instrument.analysis import Analysis
from survey_cli.reports.results.crosstab import ResultOptions, tabulate
from survey_cli.reports.results.groupings import build_grouping
from survey_cli.reports.results.linked_tables import hide_small_counts
from survey_cli.reports.results.questions import list_questions
from survey_cli.reports.weighting.answer_counts import BLOCK_SIZE, MAX_CODES, Grouping, TextColumn
from survey_cli.services.data.export_options import DataTable
from survey_cli.services.data.interview_weights import load_counted_answers
from survey_cli.table.columns import build_columns
from survey_cli.table.table import ADMIN_VARIABLES, Table

FEW = [f"{n % 7}" for n in range(1_000)]
SOME = [f"{n % (MAX_CODES + 50)}" for n in range(1_000)]
ALL_DIFFERENT = [f"{n}" for n in range(1_000)]
BLOCKS = [f"{n % 7}" for n in range(2 * BLOCK_SIZE + 1_000)]
TEXT = """
sample:
  unit: {type: text, role: key}
items:
""" + "\n".join(
    f"  - {{id: q{n}, type: single, text: Which?, options: {{1: One, 2: Two, 3: Three}}}}"
    for n in range(4)
)


@pytest.mark.parametrize(
    "texts",
    [
        [],
        FEW,
        SOME,
        ALL_DIFFERENT,
        [*FEW, *ALL_DIFFERENT],
        [*ALL_DIFFERENT, *FEW],
        BLOCKS,
        [*BLOCKS, *ALL_DIFFERENT],
    ],
)
@pytest.mark.parametrize("size", [1, 100, 5_000])
def test_a_column_has_the_texts_that_were_read_in_parts(texts: Sequence[str], size: int) -> None:
    column = TextColumn()
    for start in range(0, len(texts), size):
        column.extend(texts[start : start + size])
    assert list(column) == list(texts)
    assert list(column) == list(texts), "they can be read again"
    assert list(column.list_distinct()) == list(dict.fromkeys(texts))


def measure(read: Callable[[], object]) -> tuple[int, int]:
    """The bytes that a result takes, and the most that were in use until then."""
    tracemalloc.start()
    try:
        result = read()
        used, peak = tracemalloc.get_traced_memory()
        del result
    finally:
        tracemalloc.stop()
    return used, peak


def test_an_interview_takes_less_than_half_a_byte_where_few_texts_are_distinct() -> None:
    texts = random.Random(1).choices("123456", k=10_000)

    def read() -> TextColumn:
        column = TextColumn()
        for _ in range(100):
            column.extend(texts)
        return column

    used, _ = measure(read)
    assert used < 1_000_000 / 2


def rows(count: int) -> Iterator[str]:
    """Stored rows: ids, keys and times differ in all of them, as in a study of people."""
    numbers = random.Random(1)
    for number in range(count):
        began = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=numbers.uniform(0, 1e6))
        ended = began + timedelta(seconds=numbers.uniform(60, 3_600))
        times = encode_timestamp(began), encode_timestamp(ended)
        admin = (
            f"{numbers.getrandbits(128):032x}",
            f"case {number}",
            1,
            "real",
            "1",
            "ended",
            "complete",
            *times,
            "sam",
            "en",
        )
        yield encode_cells((*admin, f"case {number}", *numbers.choices((1, 2, 3), k=4)))


def test_a_report_keeps_few_bytes_of_an_interview() -> None:
    """Neither ids, keys and times, nor the columns while they are counted."""
    compiled = instrument(TEXT)
    plan, variables = Plan.from_instrument(compiled), (*ADMIN_VARIABLES, *build_columns(compiled))
    stored = list(rows(8_000))

    def count(interviews: int) -> object:
        data = DataTable(
            table=Table(variables=variables, rows=stored[:interviews]),
            analysis=Analysis(instrument=compiled),
        )
        answers, base = load_counted_answers(data, plan, "partial")
        assert base.complete == interviews
        grouping = build_grouping(answers, answers.variables["q1"])
        assert isinstance(grouping, Grouping)
        tables = [
            tabulate(q, answers, [grouping], ResultOptions())
            for q in list_questions(compiled, variables)[0]
        ]
        return answers, base, hide_small_counts(tables, answers, [grouping], ResultOptions())

    (few, few_peak), (many, many_peak) = (
        measure(lambda: count(4_000)),
        measure(lambda: count(8_000)),
    )
    assert (many - few) / 4_000 < 20
    assert (many_peak - few_peak) / 4_000 < 30
