"""A table with anything in its cells, labels and codes comes out as it went in, and no cell of text can run."""

from datetime import date
from typing import Any

from hypothesis import strategies as st

from fuzz.conducting import written_and_read
from fuzz.words import hostile, readable
from survey_cli.exports import WriteOptions
from survey_cli.values import DK, NOT_ASKED, NOT_REACHED, REFUSED, Cell, Missing, Variable

texts = hostile.map(readable)
absences = st.sampled_from([DK, REFUSED, NOT_ASKED, NOT_REACHED, Missing("busy")])
codes = st.integers(-99, 999) | texts
CELLS: dict[str, st.SearchStrategy[Any]] = {
    "integer": st.integers(-(10**18), 10**18),
    "decimal": st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9, allow_subnormal=False),
    "text": texts,
    "date": st.dates(date(1000, 1, 1)),
    "time": st.times(),
}


@st.composite
def columns(draw: st.DrawFn, number: int) -> tuple[Variable, st.SearchStrategy[Cell]]:
    """A variable, and what may stand in its cells."""
    storage = draw(st.sampled_from(sorted(CELLS)))
    labels = draw(st.dictionaries(codes, texts, max_size=3))
    variable = Variable(
        name=draw(st.just(f"v{number}") | texts.filter(bool)),
        label=draw(texts),
        storage=storage,  # type: ignore[arg-type]
        labels=labels,
        declines={"dk": (-8, draw(texts)), "busy": (draw(st.integers(-99, 99)), draw(texts))},
        role=draw(st.sampled_from(["answer", "words", "state", "sample"])),
    )
    kinds = [CELLS[storage], absences]
    own = [
        c
        for c in labels
        if isinstance(c, int) == (storage == "integer") and storage in ("integer", "text")
    ]
    if own:
        kinds.append(st.sampled_from(own))
    return variable, st.one_of(kinds)


@st.composite
def tables(
    draw: st.DrawFn,
) -> tuple[tuple[Variable, ...], list[tuple[Cell, ...]], WriteOptions, str]:
    """Variables, rows, and how they are wanted."""
    made = [draw(columns(number)) for number in range(draw(st.integers(1, 4)))]
    rows = draw(st.lists(st.tuples(*(cells for _, cells in made)), max_size=3))
    manner = draw(
        st.builds(WriteOptions, labels=st.booleans(), raw=st.booleans(), bom=st.booleans())
    )
    return tuple(v for v, _ in made), rows, manner, draw(st.sampled_from(["csv", "tsv"]))


cases = tables()


def check(case: tuple[tuple[Variable, ...], list[tuple[Cell, ...]], WriteOptions, str]) -> bool:
    """Write and read; always a table."""
    written_and_read(*case)
    return True
