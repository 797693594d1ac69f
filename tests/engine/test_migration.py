"""An interview taken to another version: what still fits counts, the rest is asked again, and nothing else changes."""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.random_instruments import instruments
from support.random_respondents import begun, forward, wander
from support.scale import SCALE
from support.scenario import STAMP, Scenario, instrument, scenario
from survey_cli.engine.events import QuestionAnswered
from survey_cli.engine.interview import Interview
from survey_cli.engine.migration import MigratedInterview, migrate_interview
from survey_cli.table.columns import build_row
from survey_cli.values import Place

OLD = """
version: "1"
items:
  - {id: q1, type: single, text: One, options: {1: A, 2: B}}
  - {id: q2, type: number, text: Two, min: 0, max: 99, checks: [{expect: "q2 <= 50", say: So many?, soft: true}]}
  - {id: q3, type: text, text: Three, ask_if: q1 == 1}
  - {id: q4, type: text, text: Four}
  - {id: q5, type: text, text: Five}
"""


def written(text: str) -> str:
    return f"instrument: m\ntitle: M\n{text}"


def taken(now: Scenario, text: str, *changed: str) -> tuple[Scenario, MigratedInterview]:
    migrated = migrate_interview(now.interview, instrument(written(text)), STAMP, changed=changed)
    return Scenario(migrated.interview, now.quotas), migrated


def told(migrated: MigratedInterview) -> list[str]:
    return [" ".join(map(str, places)) for places in migrated[1:]]


def test_a_question_that_was_added_is_asked_and_what_was_answered_behind_it_is_passed() -> None:
    now = scenario(written(OLD)).keys("1", "60", ".ok", "x", "y", ".suspend")
    after, migrated = taken(
        now, OLD.replace("  - {id: q2", "  - {id: new, type: text, text: New}\n  - {id: q2")
    )
    assert told(migrated) == ["q1 q2 q3 q4", "", ""]
    after = after.key(".resume")
    assert after.place == "new"
    after = after.keys("z", "end")  # the confirmed query is not asked again
    assert after.status == "ended", after.place
    assert after.data == {"q1": 1, "new": "z", "q2": 60, "q3": "x", "q4": "y", "q5": "end"}


def test_an_answer_with_another_meaning_or_outside_the_range_is_asked_again() -> None:
    now = scenario(written(OLD)).keys("1", "40", "x", "y")
    after, migrated = taken(now, OLD.replace("1: A", "1: C").replace("max: 99", "max: 30"), "q1")
    assert told(migrated) == ["q4", "q1 q2 q3", ""]
    assert after.place == "q1"
    assert after.asked.earlier is None  # its code would be shown with another label
    after = after.keys("1")
    assert (after.place, after.asked.earlier and after.asked.earlier.label) == ("q2", "40")
    assert "30" in after.key("").why
    assert after.keys("20").place == "q5"


def test_an_answer_off_the_new_route_does_not_count_and_one_that_is_gone_is_not_in_the_data() -> (
    None
):
    now = scenario(written(OLD)).keys("1", "40", "x", "y")
    after, migrated = taken(now, OLD.replace("q1 == 1", "q1 == 2").replace("id: q4", "id: q6"))
    assert told(migrated) == ["q1 q2", "", "q3 q4"]
    assert after.place == "q6"


def test_a_query_whose_condition_has_changed_or_whose_values_change_is_asked_again() -> None:
    now = scenario(written(OLD)).keys("1", "60", ".ok", "x")
    after, _ = taken(now, OLD.replace("q2 <= 50", "q2 <= 55"))
    assert (after.place, after.asked.query is not None) == ("q2", True)
    after, _ = taken(now, OLD)
    assert after.place == "q4"
    assert after.keys(".jump q2", "61").asked.query is not None


def test_an_earlier_answer_that_did_not_count_is_shown_again() -> None:
    now = scenario(written(OLD)).keys("1", "40", "x", ".jump q1", "2")  # q3 is off the route now
    after, migrated = taken(now, OLD.replace(", ask_if: q1 == 1", ""))
    assert told(migrated) == ["q1 q2", "", ""]
    assert (after.place, after.asked.earlier and after.asked.earlier.label) == ("q3", "x")


def test_the_sessions_before_and_after_count_and_the_time_between_does_not() -> None:
    now = scenario(written(OLD)).keys("1", ".suspend")
    later = STAMP._replace(at=STAMP.at.replace(day=25))
    after = migrate_interview(now.interview, instrument(written(OLD)), later, changed=())
    assert after.interview.measure_time(later.at).total_seconds() == 0


def test_its_journal_is_no_journal_of_the_earlier_version() -> None:
    now = scenario(written(OLD)).keys("1", ".suspend")
    after, _ = taken(now, OLD.replace("Two", "2"))
    with pytest.raises(ValueError, match="another version"):
        Interview.replay(now.interview.instrument, after.interview.events)


def test_the_minutes_at_which_a_condition_was_reached_stay() -> None:
    """`elapsed()` keeps the minutes of its first use."""
    text = OLD.replace("ask_if: q1 == 1", "ask_if: elapsed() < 5")
    now = scenario(written(text)).keys("1", "40", "x")
    late = STAMP._replace(at=STAMP.at + timedelta(minutes=30))
    now = now.step(QuestionAnswered(late, Place("q4"), "y")).settled()
    _, migrated = taken(now, text.replace("Two", "2"))
    assert told(migrated) == ["q1 q2 q3 q4", "", ""]


EXAMPLES = settings(max_examples=60 * SCALE, deadline=None, suppress_health_check=list(HealthCheck))


@EXAMPLES
@given(instruments(), st.integers(0, 2**32), st.integers(0, 25))
def test_another_text_of_the_same_questionnaire_changes_nothing(
    text: str, seed: int, moves: int
) -> None:
    dice = Random(seed)
    now = wander(begun(instrument(text), dice), dice, moves=moves)
    if now.status in ("ended", "stopped"):
        return
    other = instrument(text.replace("title: ", "title: Other ", 1) + "\n# another text\n")
    assert other.hash != now.interview.instrument.hash
    migrated = migrate_interview(now.interview, other, STAMP, changed=())
    after = migrated.interview
    assert build_row(after) == build_row(now.interview)
    assert not migrated.reopened
    assert not migrated.off_route
    counted = now.interview.evaluate_route().answers
    assert list(migrated.kept) == [
        place for place, answer in counted.items() if answer.cell is not None
    ]
    assert (after.answer_count, after.status, after.outcome) == (
        now.interview.answer_count,
        now.interview.status,
        now.interview.outcome,
    )
    again = migrate_interview(after, now.interview.instrument, STAMP, changed=())
    assert build_row(again.interview) == build_row(now.interview)
    assert again.interview.place == after.place
    finished = forward(Scenario(after, now.quotas).settled(), dice)
    replayed = Interview.replay(other, finished.interview.events)
    assert build_row(replayed) == build_row(finished.interview)
