"""Tables of events and of answers, without anything personal unless asked for."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from support.scenario import STAMP, Scenario, scenario
from survey_cli.engine.events import EventStamp, InterviewEvent, QuestionAnswered
from survey_cli.engine.interview import Interview
from survey_cli.table.paradata import (
    ANSWER_COLUMNS,
    EVENT_COLUMNS,
    RowHeading,
    iterate_answer_rows,
    iterate_event_rows,
    iterate_events,
)
from survey_cli.values import Cell, Missing

ITEMS = """
instrument: told
title: Told
items:
  - {id: hello, type: read, text: Hello}
  - {id: a, type: single, text: One, options: {1: "Yes", 2: "No"}}
  - {id: n, type: number, text: How many, checks: [{expect: n < 50, say: That is a lot., soft: true}]}
  - {id: who, type: text, text: Your name, personal: true}
  - {id: media, type: multiple, text: Media, options: {tv: TV, web: {text: Web, specify: true}}}
  - {id: person, type: roster, max: 2, count: n, items: [{id: age, type: number, text: Age}]}
"""
PAST = (
    "",
    "2",
    ".back",
    "1",
    "60",
    ".ok counted twice",
    ".note doubtful",
    "Joe Secret",
    "tv web a site",
    "5",
    "6",
)


def spaced(now: Scenario, seconds: int = 10) -> list[InterviewEvent]:
    """Its events, so many seconds apart."""
    events = now.interview.events
    return [
        e._replace(stamp=EventStamp(STAMP.at + timedelta(seconds=seconds * k), "pat", "s1"))
        for k, e in enumerate(events)
    ]


def heading(*hidden: str) -> RowHeading:
    return RowHeading(("i", "c", 1, "real", "1"), {"pat": "int 1"}, frozenset(hidden))


def events(now: Scenario, *hidden: str) -> list[dict[str, Cell]]:
    rows = iterate_event_rows(lambda _: now.interview.instrument, spaced(now), heading(*hidden))
    return [dict(zip([v.name for v in EVENT_COLUMNS], row, strict=True)) for row in rows]


def answers(now: Scenario, *hidden: str) -> list[dict[str, Cell]]:
    rows = iterate_answer_rows(
        lambda _: now.interview.instrument, spaced(now), heading(*hidden), "en"
    )
    return [dict(zip([v.name for v in ANSWER_COLUMNS], row, strict=True)) for row in rows]


def test_every_event_is_a_row_with_what_it_changed_and_how_long_it_took() -> None:
    now = scenario(ITEMS).keys(*PAST)
    rows = events(now)
    assert [r["seq"] for r in rows] == list(range(1, now.interview.seq + 1))
    assert [r["event"] for r in rows[:6]] == [
        "began",
        "answered",
        "answered",
        "wentto",
        "answered",
        "answered",
    ]
    back = rows[3]
    assert (back["item"], back["went"], back["left"]) == ("a", "back", "n")
    changed = rows[4]
    assert (changed["value"], changed["was"], changed["changed"], changed["seconds"]) == (
        "1",
        "2",
        1,
        10.0,
    )
    [confirmed] = [r for r in rows if r["event"] == "confirmed"]
    assert (confirmed["item"], confirmed["check"], confirmed["reason"]) == ("n", 1, "counted twice")
    [noted] = [r for r in rows if r["event"] == "noted"]
    assert (noted["item"], noted["note"]) == ("who", "doubtful")
    [media] = [r for r in rows if r["item"] == "media"]
    assert (media["value"], media["words"]) == ("tv web", "web: a site")
    assert {r["interviewer"] for r in rows} == {"int 1"}
    assert [r["turn"] for r in rows if r["item"] == "age"] == [1, 2]
    assert isinstance(rows[0]["seconds"], Missing)


def test_what_is_hidden_has_no_value_and_no_note() -> None:
    rows = events(scenario(ITEMS).keys(*PAST), "who")
    assert not any("Secret" in str(r) or "doubtful" in str(r) for r in rows)
    assert [r["event"] for r in rows if r["item"] == "who"] == ["noted", "answered"]


def test_answers_that_count_with_times_changes_and_notes() -> None:
    found = {
        (r["item"], r["turn"] if isinstance(r["turn"], int) else 0): r
        for r in answers(scenario(ITEMS).keys(*PAST))
    }
    assert list(found) == [("a", 0), ("n", 0), ("who", 0), ("media", 0), ("age", 1), ("age", 2)]
    a = found["a", 0]
    assert (a["value"], a["number"], a["label"], a["times"], a["changes"]) == ("1", 1, "Yes", 2, 1)
    assert a["seconds"] == 20.0  # twice ten; the going back is the next one's
    assert found["n", 0]["seconds"] == 30.0
    assert (found["who", 0]["note"], found["media", 0]["label"]) == ("doubtful", "TV; Web")
    assert found["age", 2]["value"] == "6"


def test_a_decline_is_an_answer_and_what_was_not_asked_is_none() -> None:
    rows = answers(scenario(ITEMS).keys("", ".refused", "0", ".dk", ".dk"))
    assert [(r["item"], r["value"], r["missing"]) for r in rows] == [
        ("a", "", "refused"), ("n", "0", ""), ("who", "", "dk"), ("media", "", "dk"),
    ]  # fmt: skip


def test_the_time_between_two_sittings_is_nobodys() -> None:
    now = scenario(ITEMS).keys("", "1", ".suspend", ".resume", "3")
    rows = events(now)
    resumed = next(r for r in rows if r["event"] == "resumed")
    assert isinstance(resumed["seconds"], Missing)
    total = sum(r["seconds"] for r in rows if isinstance(r["seconds"], float))
    assert total == 10.0 * (len(rows) - 2)


KEYS = st.lists(
    st.sampled_from(
        ["", "1", "2", "60", ".ok", ".dk", ".back", ".note x", "tv", ".suspend", ".resume"]
    ),
    max_size=25,
)


@given(KEYS)
def test_answers_are_those_that_stand_and_seconds_add_up(keys: list[str]) -> None:
    now = scenario(ITEMS).keys(*keys)
    rows = answers(now)
    named = {
        f"{r['item']}#{r['turn']}" if isinstance(r["turn"], int) else str(r["item"]): r
        for r in rows
    }
    assert {name: r["missing"] for name, r in named.items()} == {
        name: cell.kind if isinstance(cell, Missing) else "" for name, cell in now.data.items()
    }
    told = list(iterate_events(lambda _: now.interview.instrument, spaced(now)))
    given = [p for p in told if isinstance(p.event, QuestionAnswered)]
    assert all(p.position == p.event.place for p in given)
    assert (
        Interview.replay(now.interview.instrument, [p.event for p in told]).seq == now.interview.seq
    )
