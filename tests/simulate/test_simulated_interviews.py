"""Simulated interviews take a shorter way through the engine, with the same result as an interviewer's."""

from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from support.example_files import NAMES
from support.random_respondents import begun, forward, wander
from support.scenario import instrument, source_of
from survey_cli.cli.run_command import run_command as command
from survey_cli.engine.events import EVENT_KINDS
from survey_cli.engine.interview import Interview, walk_from_start
from survey_cli.instrument.checks.all_checks import check_instrument
from survey_cli.problems import UserError
from survey_cli.services.questionnaire.simulation_settings import SimulationSettings, load_settings
from survey_cli.simulate.interviews.respondents import (
    Habits,
    SimulationFindings,
    run_simulation,
    simulate_interviews,
)
from survey_cli.table.columns import build_row

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
RESTLESS = Habits(decline=0.15, back=0.15, confirm=0.5, break_off=0.01)
FILES = NAMES


@pytest.mark.parametrize("file", FILES)
def test_an_invented_journal_replays_to_the_same_interview(file: str) -> None:
    made = check_instrument(source_of(file)).instrument
    assert made is not None
    for invented in simulate_interviews(made, count=25, seed=11, start=NOON, habits=RESTLESS):
        one = invented.interview
        other = Interview.replay(made, one.events)
        assert (one.place, one.status, one.outcome, one.seq) == (
            other.place,
            other.status,
            other.outcome,
            other.seq,
        )
        assert one.machine.recorded_answers == other.machine.recorded_answers
        assert one.evaluate_route() == other.evaluate_route()
        assert build_row(one) == build_row(other)
        stepped = Interview.begin(made, one.start)
        for event in one.events[1:]:
            after = stepped.step(event)
            assert isinstance(after, Interview), after
            stepped = after
        assert stepped.machine.recorded_answers == one.machine.recorded_answers


@pytest.mark.parametrize("file", FILES)
def test_what_stands_at_the_end_is_what_a_walk_from_the_start_finds(file: str) -> None:
    made = check_instrument(source_of(file)).instrument
    assert made is not None
    for seed in range(12):
        dice = Random(seed)
        ended = forward(wander(begun(made, dice), dice, moves=30), dice).interview
        assert ended.evaluate_route() == walk_from_start(ended.machine)


def test_what_stands_is_not_changed_by_what_comes_after() -> None:
    """A reopened interview goes on with the same machine."""
    made = instrument(
        "instrument: t\ntitle: T\nitems:\n  - {id: a, type: number, text: A?}\n  - {id: b, type: number, text: B?}\n"
    )
    dice = Random(1)
    ended = forward(begun(made, dice), dice)
    standing = ended.interview.evaluate_route()
    answers, known = dict(standing.answers), standing.known.copy()
    assert standing.answers.keys() == {(leaf.place) for leaf in made.items.values()}
    ended.key(".reopen").key(".back").key("7")
    assert (dict(standing.answers), standing.known) == (answers, known)


SCREENED = """
instrument: s
title: S
items:
  - {id: hello, type: read, text: "This is {interviewer} calling for the Institute."}
  - {id: consent, type: single, text: May I?, options: {1: "Yes", 2: "No", 3: Later}, declines: []}
  - {id: name, type: text, text: Name?}
  - {id: no, type: end, unless: consent == 1, outcome: refusal_soft, text: Bye}
  - {id: age, type: number, text: Age?, min: 0, max: 99, declines: []}
  - {id: young, type: end, ask_if: age < 50, outcome: not_eligible, text: Bye}
  - {id: kinds, type: multiple, text: Which?, options: {1: A, 2: B, 3: C}}
  - {id: last, type: number, text: How many?, max: 9}
"""


def crowd(habits: Habits, *, count: int = 400, completes: int = 0) -> SimulationFindings:
    made = instrument(SCREENED)
    return run_simulation(made, count=count, seed=5, start=NOON, habits=habits, completes=completes)


def test_most_respondents_qualify_where_their_answers_would_screen_them_out() -> None:
    even = crowd(Habits(decline=0))
    assert 0.1 < even.outcome_counts["complete"] / 400 < 0.25, (
        "a third consents, and half of those are old enough"
    )
    found = crowd(Habits(decline=0, qualify=0.85))
    assert 0.8 < found.outcome_counts["complete"] / 400 < 0.95
    assert found.outcome_counts["refusal_soft"]
    assert found.outcome_counts["not_eligible"]
    assert found.list_unreached_items() == (), "every end is still reached"
    everybody = crowd(Habits(decline=0, qualify=1))
    assert everybody.outcome_counts == {"complete": 400}


def test_a_text_that_must_be_one_of_some_codes_gets_one() -> None:
    """Converted forms have such checks, which no invented name passes."""
    made = instrument("""
instrument: s
title: S
items:
  - {id: feel, type: text, text: How?, declines: [], checks: [{expect: "feel in ['0', '-888', 'SKIP']", say: Again}]}
  - {id: year, type: number, text: Year?, max: 9999, declines: [], checks: [{expect: year == 1984, say: Again}]}
  - {id: callback, type: date, text: When?, declines: [], checks: [{expect: callback > today(), say: Again}]}
""")
    found = run_simulation(made, count=40, seed=5, start=NOON, habits=Habits())
    assert found.outcome_counts == {"complete": 40}
    chosen = {code for item, code in found.choice_counts if item == "feel"}
    assert chosen == {"0", "-888", "SKIP"}


def test_whoever_qualifies_leaves_no_trace_of_other_answers() -> None:
    """Their journals hold no corrections, and replay."""
    made = instrument(SCREENED)
    habits = Habits(decline=0, back=0, qualify=1)
    for invented in simulate_interviews(made, count=50, seed=3, start=NOON, habits=habits):
        one = invented.interview
        assert {EVENT_KINDS[type(event)] for event in one.events} == {"began", "answered", "ended"}
        assert [e.place.item for e in one.events if hasattr(e, "place")] == [
            "hello",
            "consent",
            "name",
            "age",
            "kinds",
            "last",
        ]
        assert Interview.replay(made, one.events).evaluate_route() == one.evaluate_route()


def test_complete_interviews_are_counted_apart_from_all_others() -> None:
    found = crowd(Habits(decline=0, break_off=0.02, qualify=0.5))
    assert found.complete.interviews + found.others.interviews == found.interviews == 400
    assert found.complete.interviews == found.outcome_counts["complete"]
    assert (found.complete.shortest, found.complete.longest) == (5, 5)
    assert found.others.longest < 5


def test_so_many_complete_interviews_can_be_asked_for() -> None:
    found = crowd(Habits(decline=0), count=10_000, completes=30)
    assert found.complete.interviews == 30
    assert found.interviews > 100
    nobody = crowd(Habits(break_off=1), count=50, completes=30)
    assert (nobody.complete.interviews, nobody.interviews) == (0, 50)


def settings_of(folder: Path, text: str) -> SimulationSettings:
    file = folder / "s.simulation.yaml"
    file.write_text(text)
    return load_settings(str(file), instrument(SCREENED))


def test_answers_fall_by_the_shares_that_were_given(tmp_path: Path) -> None:
    text = "answers:\n  consent: {1: 70%, 2: 0.2, 3: 1/10}\n  last: {7: 0.5, dk: 0.3}\n  kinds: {1: 0.9, 3: 0.25}\n"
    shares = settings_of(tmp_path, text).shares
    found = crowd(Habits(qualify=1, shares=shares), count=700)
    assert 0.64 < found.choice_counts["consent", 1] / 700 < 0.76, (
        "a given share is never answered otherwise"
    )
    assert 0.07 < found.choice_counts["consent", 3] / 700 < 0.13
    complete = found.outcome_counts["complete"]
    assert 0.45 < found.choice_counts["last", 7] / complete < 0.6  # half, and a tenth of the rest
    assert 0.85 < found.choice_counts["kinds", 1] / complete < 0.95
    assert found.choice_counts["kinds", 2] < 0.1 * complete


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "answers: {consnet: {1: 1}}",
            "1:11: answers: there is no question consnet — did you mean 'consent'?",
        ),
        (
            "answers: {consent: {1: 1, 4: 0}}",
            "1:27: consent: the question has no code 4 — its codes are 1, 2 and 3",
        ),
        (
            "answers: {consent: {1: 80%, 2: 40%}}",
            "consent: the shares add up to 120% — lower them to at most 100%",
        ),
        ("answers: {consent: {1: often}}", "'often' is not a share — write 25%, 0.25 or 1/4"),
        ("answers: {consent: {1: 150%}}", "150% is not a share from 0 to 1"),
        ("answers: {consent: {1: 1/0}}", "1/0 is not a share from 0 to 1"),
        ("answers: {consent: 1}", "consent"),
        ("respondents: {brake_off: 1%}", "break_off"),
        ("fieldwork: {days: 0}", "0 is not possible here — write 1 or more"),
        ("fieldwork: {start: 30.11.2026}", "'30.11.2026' is not a date — write year-month-day"),
        ("fieldwork: {spread: often}", "write one of: prefer, wait, off"),
        ("consent: {1: 1}", "consent"),
        ("- consent", ""),
    ],
)
def test_settings_that_are_wrong_are_told_at_their_place(
    text: str, says: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError) as caught:
        settings_of(tmp_path, text)
    [problem, *_] = caught.value.problems
    assert says in str(problem)
    assert str(problem).startswith(str(tmp_path / "s.simulation.yaml:1:"))
    assert " — " in str(problem)


def test_settings_name_files_from_their_own_folder(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "fieldwork: {sample: cards.csv}")
    assert settings.find_file(settings.written.fieldwork.sample) == str(tmp_path / "cards.csv")
    assert settings.find_file(settings.written.fieldwork.people) == ""


def test_settings_are_checked_with_their_questionnaire(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "s.yaml").write_text(SCREENED)
    file = tmp_path / "s.simulation.yaml"
    file.write_text("answers: {consnet: {1: 1}}\n")
    assert command(["check", str(file)]) == 1
    assert command(["check", str(tmp_path)]) == 1
    assert (
        capfd.readouterr().out.count("there is no question consnet — did you mean 'consent'?") == 2
    )
    file.write_text("answers: {consent: {1: 1}}\n")
    assert command(["check", str(tmp_path)]) == 0


def test_the_command_says_what_complete_interviews_and_others_came_to(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(SCREENED)
    settings = tmp_path / "s.simulation.yaml"
    settings.write_text("completes: 50\n")
    assert command(["simulate", str(file), "--settings", str(settings)]) == 0
    out = capfd.readouterr().out
    assert "50 complete" in out
    assert "questions asked, complete (50): " in out
    assert "questions asked, all others (" in out
    assert command(["simulate", str(file), "--settings", str(tmp_path / "none.yaml")]) == 1
