"""What an interface sees of an interview besides its prompts: sample columns, clocks, quota cells, time spent."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from support.shift import CASES, Shift
from survey_cli.engine import interview as interview_module
from survey_cli.engine.interview import Interview
from survey_cli.entries import ReadEntry
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.interview.start_interview import InterviewStarter, StartOptions
from survey_cli.sessions.open_interview import start_or_resume
from survey_cli.sessions.station.station_views import CaseView
from survey_cli.store.backends.connector import Connector
from survey_cli.values import Place

HEAD = """
instrument: field
title: Field test
sample:
  unit: {type: text, role: key}
  kind: {type: single, label: Kind of unit, options: {1: Sector, 2: District}}
  staff: {type: number, label: Officers}
  name: {type: text, role: name}
  phone: {type: text, role: phone}
  zone: {type: text, role: zone}
"""
SAMPLE = "unit,kind,staff,name,phone,zone\nA,1,44,Alice Adams,312 555 0100,America/Chicago\n"
QUOTAS = """
items:
  - {id: hello, type: read, text: Good morning.}
  - {id: sex, type: single, text: Man or woman?, options: {1: Man, 2: Woman}}
  - {id: area, type: single, text: Where?, options: {1: North, 2: South}}
  - {id: place, type: lookup, quota: areas}
  - {id: full, type: end, ask_if: place == 'full', outcome: quota_full, text: Goodbye.}
  - {id: a, type: text, text: First?}
  - {id: b, type: text, text: Second?}
quotas:
  - {id: kinds, by: [kind, sex], targets: {1/1: 5, 1/2: 5, 2/1: 5, 2/2: 5}}
  - {id: areas, by: [area], targets: {1: 20, 2: 20}}
  - {id: women, where: sex == 2, target: 9}
  - {id: hoped, where: sex == 2, target: 1, soft: true}
"""


@pytest.fixture(autouse=True)
def close() -> Iterator[None]:
    yield
    Shift.close_all()


def at_station(shift: Shift, by: str = "ann", case: str = "A") -> InterviewSession:
    station = shift.station(by)
    assert station.fetch_case(case).rejection is None
    session = station.open_interview().interview
    assert isinstance(session, InterviewSession), session
    return session


def key(session: InterviewSession, *answers: str) -> None:
    entries = list(answers)
    while (prompt := session.prompt()) is not None and (
        entries or isinstance(prompt.entry, ReadEntry)
    ):
        assert session.reply("" if isinstance(prompt.entry, ReadEntry) else entries.pop(0)) is None


def test_the_sample_columns_are_those_of_the_stations_card(tmp_path: Path) -> None:
    shift = Shift(tmp_path, head=HEAD, cases=SAMPLE)
    station = shift.station()
    view = station.look().view
    assert isinstance(view, CaseView)
    session = station.open_interview().interview
    assert isinstance(session, InterviewSession)
    assert session.details == view.details == (("Kind of unit", "Sector"), ("Officers", "44"))
    assert session.suspend() is None
    assert station.close_interview().rejection is None
    assert station.record_outcome("callback").rejection is None
    shift.later(days=1)
    assert at_station(shift).details == view.details, "a resumed interview has them too"


def test_without_a_sample_there_are_no_columns(tmp_path: Path) -> None:
    shift = Shift(tmp_path, head="instrument: field\ntitle: Field test\n", cases="", fieldwork="")
    session = start_or_resume(
        shift.file, StartOptions(case="1", db=shift.db), clock=lambda: shift.at
    )
    assert session.details == ()
    assert session.list_quota_cells() == ()
    session.close()


def test_the_station_has_its_own_clock(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=CASES.replace("Chicago", "Denver"))
    session = at_station(shift)
    respondent_time = session.respondent_time()
    assert respondent_time is not None
    assert (f"{session.station_time():%H:%M}", f"{respondent_time:%H:%M}") == ("10:00", "09:00")


def test_quota_cells_are_said_in_words_with_the_places_taken_at_the_reservation(
    tmp_path: Path,
) -> None:
    shift = Shift(tmp_path, items=QUOTAS, cases=CASES + "B,1,Ben,312 555 0101,America/Chicago\n")
    first, second = at_station(shift), at_station(shift, "bob", "B")
    assert first.list_quota_cells() == ()
    key(first, "2")
    assert first.list_quota_cells() == ("kinds: Sector, Woman (1 of 5)", "women (1 of 9)")
    key(second, "2", "1")
    assert second.list_quota_cells() == (
        "kinds: Sector, Woman (2 of 5)",
        "areas: North (1 of 20)",
        "women (2 of 9)",
    )
    assert second.jump(Place("sex")) is None
    key(second, "1")
    assert second.list_quota_cells() == ("kinds: Sector, Man (1 of 5)", "areas: North (1 of 20)")


def test_a_resumed_interview_names_its_cells_and_no_key_asks_the_database_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shift = Shift(tmp_path, items=QUOTAS)
    key(at_station(shift), "1", "2")
    session = at_station(shift)
    monkeypatch.setattr(Connector, "read", None)
    monkeypatch.setattr(Connector, "transaction", None)
    assert session.list_quota_cells() == ("kinds: Sector, Man (1 of 5)", "areas: South (1 of 20)")


def test_a_full_cell_is_none_of_the_respondents(tmp_path: Path) -> None:
    items = QUOTAS.replace("target: 9", "target: 0")
    shift = Shift(tmp_path, items=items)
    session = at_station(shift)
    key(session, "2")
    assert all("women" not in cell for cell in session.list_quota_cells())


def test_the_time_of_all_sessions_is_added_up(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    key(at_station(shift), "1")
    shift.later(minutes=3)
    session = at_station(shift)
    assert session.elapsed_time() == timedelta(0)
    shift.later(minutes=2)
    key(session, "1")
    shift.later(minutes=1)
    assert session.elapsed_time() == timedelta(minutes=3)
    assert session.suspend() is None
    shift.later(minutes=9)
    assert session.elapsed_time() == timedelta(minutes=3)


@pytest.mark.time_limit
def test_what_is_shown_beside_the_question_costs_the_same_at_item_3000(tmp_path: Path) -> None:
    """Everything that an interface may ask for at every key."""
    items = "items:\n" + "".join(
        f"  - {{id: q{n}, type: number, text: Item {n}?}}\n" for n in range(3_010)
    )
    shift = Shift(
        tmp_path, head="instrument: field\ntitle: Field test\n", items=items, cases="", fieldwork=""
    )
    session = start_or_resume(
        shift.file, StartOptions(case="1", db=shift.db), clock=lambda: shift.at
    )

    def measure() -> float:
        prompt = session.prompt()
        assert prompt is not None
        last = Place(f"q{prompt.position - 2}")
        times = []
        for _ in range(60):
            began = time.perf_counter()
            assert session.describe_answer(last) == "7"
            assert len(session.list_recent_answers(3)) == 3
            assert len(session.list_notes()) == 1
            session.elapsed_time()
            session.list_quota_cells()
            session.station_time()
            session.closing_review()
            times.append(time.perf_counter() - began)
        return min(times)

    assert session.add_note("calm") is None
    for _ in range(3):
        assert session.reply("7") is None
    early = measure()
    for _ in range(2_997):
        assert session.reply("7") is None
    assert measure() < early * 1.5, "nothing of it walks the route or the journal"
    session.close()


def test_only_a_correction_walks_the_route_again_and_no_answer_replays_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Either costs more the more has been answered: a key would be slow late in a long interview."""
    walks: list[str] = []
    replay = Interview.replay
    walk = interview_module.walk_from_start

    def count_replay(*arguments: Any) -> Interview:
        walks.append("replay")
        return replay(*arguments)

    def count_walk(*arguments: Any) -> Any:
        walks.append("walk")
        return walk(*arguments)

    items = "items:\n" + "".join(
        f"  - {{id: q{n}, type: number, text: Item {n}?}}\n" for n in range(9)
    )
    shift = Shift(
        tmp_path, head="instrument: field\ntitle: Field test\n", items=items, cases="", fieldwork=""
    )
    session = start_or_resume(
        shift.file, StartOptions(case="1", db=shift.db), clock=lambda: shift.at
    )
    monkeypatch.setattr(Interview, "replay", count_replay)
    monkeypatch.setattr(interview_module, "walk_from_start", count_walk)

    for _ in range(5):
        assert session.reply("7") is None
    assert session.go_back() is None
    assert session.reply("7") is None
    assert walks == [], "a first answer, or the same one once more, takes nothing off the route"

    assert session.go_back() is None
    assert session.reply("8") is None
    assert walks == ["walk", "walk"], "before the correction and after it"
    session.close()


def test_a_greeting_without_a_known_zone_is_by_the_stations_clock(
    tmp_path: Path, set_time_zone: Callable[[str], None]
) -> None:
    """The process may run in another zone than the station: on a server, for a browser."""
    set_time_zone("UTC")
    shift = Shift(tmp_path)
    study = shift.study("ann")
    starter = InterviewStarter(
        store=study.store,
        where=study.where,
        options=StartOptions(case="elsewhere", interviewer="ann", sample_values={}),
        clock=lambda: shift.at,
        to_local=lambda at: at.astimezone(ZoneInfo("Asia/Tokyo")),
    )
    start = starter.start_or_resume(study.instrument).interview.start
    assert start.session.daypart == "morning", "16:00 UTC, 01:00 in Tokyo"
    assert f"{start.today}" == "2026-11-25"
