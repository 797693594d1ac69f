"""What was picked in the fewest interviews is picked next; what an interview was picked stays so in its journal."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import postgres_server
from support.shift import Shift
from survey_cli.engine.interview import Interview
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.sessions.interview.start_interview import StartOptions
from survey_cli.sessions.open_interview import start_or_resume
from survey_cli.store.database_location import open_store

ITEMS = """
items:
  - {id: hello, type: read, text: Good morning.}
  - id: m
    type: battery
    pick: {count: 2, by: least_filled}
    from: 1
    to: 5
    statements: {a: Alba, b: Bruma, c: Calma, d: Dama}
"""


@pytest.fixture(autouse=True)
def close() -> Iterator[None]:
    yield
    Shift.close_all()


def conduct(shift: Shift, case: str, *, stop: bool = False) -> None:
    session = start_or_resume(
        shift.file, StartOptions(case=case, db=shift.db), clock=lambda: shift.at
    )
    assert session.reply("") is None
    if stop:
        assert session.stop("break_off") is None
    while session.prompt() is not None:
        assert session.reply("3") is None
    session.close()


@pytest.mark.parametrize("kept", ["file", "server"])
def test_the_statements_picked_least_come_next(tmp_path: Path, kept: str) -> None:
    where = postgres_server.create_address() if kept == "server" else ""
    head = "instrument: field\ntitle: Field test\n"
    shift = Shift(tmp_path, head=head, items=ITEMS, cases="", fieldwork="", db=where)
    conduct(shift, "first")
    store = open_store(shift.db, create=False).interviews
    for case in range(1, 7):
        conduct(shift, str(case))
        picks = store.list_computed_values("m_pick", "real", besides="")
        counts = Counter(name for value in picks for name in value[:2])  # type: ignore[index]
        assert len(picks) == case + 1
        assert max(counts.values()) - min(counts[name] for name in "abcd") <= 1, counts
    for number in range(9):
        conduct(shift, f"left {number}", stop=True)
    assert len(store.list_computed_values("m_pick", "real", besides="")) == 7, (
        "who breaks off fills nothing"
    )
    instrument = open_instrument(str(shift.file))
    for row in store.list_rows():
        journal = store.read_journal(row.id)
        assert Interview.replay(instrument, journal).events == tuple(journal)
