"""Invented interviews go a shorter way through the engine than an interviewer's: it must come to the same."""

from datetime import UTC, datetime
from random import Random

import pytest

from respondent import begun, forward, wander
from scenario import INSTRUMENTS, instrument, source_of
from survey_cli.engine.interview import Interview, walked_anew
from survey_cli.instrument.checks import checked
from survey_cli.simulate import Habits, simulated
from survey_cli.table.rows import cells

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
RESTLESS = Habits(decline=0.15, back=0.15, confirm=0.5, break_off=0.01)
FILES = sorted(
    path.relative_to(INSTRUMENTS).as_posix()
    for path in INSTRUMENTS.rglob("*.yaml")
    if "modules" not in path.parts
)


@pytest.mark.parametrize("file", FILES)
def test_an_invented_journal_replays_to_the_same_interview(file: str) -> None:
    made = checked(source_of(file)).instrument
    assert made is not None
    for invented in simulated(made, count=25, seed=11, start=NOON, habits=RESTLESS):
        one = invented.interview
        other = Interview.replay(made, one.events)
        assert (one.place, one.status, one.outcome, one.seq) == (
            other.place,
            other.status,
            other.outcome,
            other.seq,
        )
        assert one.machine.held == other.machine.held
        assert one.standing() == other.standing()
        assert cells(one) == cells(other)
        stepped = Interview.begin(made, one.began)
        for event in one.events[1:]:
            after = stepped.step(event)
            assert isinstance(after, Interview), after
            stepped = after
        assert stepped.machine.held == one.machine.held


@pytest.mark.parametrize("file", FILES)
def test_what_stands_at_the_end_is_what_a_walk_from_the_start_finds(file: str) -> None:
    made = checked(source_of(file)).instrument
    assert made is not None
    for seed in range(12):
        dice = Random(seed)
        ended = forward(wander(begun(made, dice), dice, moves=30), dice).interview
        assert ended.standing() == walked_anew(ended.machine)


def test_what_stands_is_not_changed_by_what_comes_after() -> None:
    """A reopened interview goes on with the same machine."""
    made = instrument(
        "instrument: t\ntitle: T\nitems:\n  - {id: a, type: number, text: A?}\n  - {id: b, type: number, text: B?}\n"
    )
    dice = Random(1)
    ended = forward(begun(made, dice), dice)
    standing = ended.interview.standing()
    answers, env = dict(standing.answers), dict(standing.env)
    assert standing.answers.keys() == {(leaf.place) for leaf in made.leaves.values()}
    ended.key(".reopen").key(".back").key("7")
    assert (dict(standing.answers), dict(standing.env)) == (answers, env)
