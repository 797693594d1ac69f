"""Quota cells: which ones a case or an interview belongs to, and which are the least filled."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from support.case_histories import history, plan
from survey_cli.fieldwork.case.events import CaseReturned, InterviewOpened
from survey_cli.fieldwork.plan.plan import OUTSIDE_QUOTA, CellFill
from survey_cli.fieldwork.queue.calling_rules import check_rules, find_next_time, is_allowed
from survey_cli.fieldwork.queue.quota_holds import find_release_time, keeps_places
from survey_cli.fieldwork.queue.scheduling import parse_criteria
from survey_cli.instrument.expressions.known import Known
from survey_cli.values import DK, NOT_ASKED, REFUSED

MORE = """
sample:
  region: {type: single, options: {Central: Central, West: West}}
  sector: {type: single, options: {1: One, 2: Two}}
compute: {many: "n >= 10"}
quotas:
- {id: sectors, where: sector == 1, target: 2}
- {id: region_kind, by: [region, kind], targets: {Central/1: 5, Central/2: 0, West/1: 3, West / 2: 1}}
- {id: few, where: not many and kind == 1, target: 4}
- {id: size, by: [many], targets: {1: 1, 0: 1}}
- {id: hoped, where: kind == 2, target: 1, soft: true}
"""
STUDY = plan("", MORE)
QUOTAS = STUDY.quotas
CENTRAL = {"region": "Central", "sector": 1}


def test_a_cell_has_the_labels_of_its_codes_and_a_code_only_without_one() -> None:
    labels = {cell.id: cell.label for cell in QUOTAS.cells.values()}
    assert labels["region_kind:West/2"] == "region_kind: West, Two"
    assert (labels["size:1"], labels["size:0"], labels["sectors"]) == (
        "size: yes",
        "size: no",
        "sectors",
    )
    more = """
- {id: place, type: lookup, sample: area}
sample:
  area: {type: single, options: {1: North, 2: {text: The south, label: South}}}
  region: {type: text}
compute: {wide: area}
quotas:
- {id: places, by: [place], targets: {1: 5, 2: 4}}
- {id: computed, by: [wide, region], targets: {2/N: 5}}
"""
    assert [cell.label for cell in plan("", more).quotas.cells.values()] == [
        "places: North",
        "places: South",
        "computed: South, N",
    ]


def cells(**values: Any) -> dict[str, str | None]:
    return {quota.id: quota.find_cell(Known(values)) for quota in QUOTAS.quotas}


def test_not_yet_known_is_not_outside() -> None:
    assert cells(**CENTRAL) == {
        "sectors": "sectors",
        "region_kind": None,
        "few": None,
        "size": None,
        "hoped": None,
    }
    assert cells(**CENTRAL, kind=2)["few"] == OUTSIDE_QUOTA  # whatever the number will be
    assert cells(**CENTRAL, kind=2)["region_kind"] == "region_kind:Central/2"


@pytest.mark.parametrize("gone", [DK, REFUSED, NOT_ASKED])
def test_who_does_not_tell_is_outside(gone: Any) -> None:
    found = cells(region="West", sector=gone, kind=gone, n=gone, many=gone)
    assert set(found.values()) == {OUTSIDE_QUOTA}
    assert (
        QUOTAS.list_counted_cells(
            Known({"region": "West", "kind": gone, "sector": gone, "many": gone})
        )
        == ()
    )


def test_a_finished_interview_counts_in_each_quota() -> None:
    values = {**CENTRAL, "kind": 1, "n": 3, "many": False}
    assert QUOTAS.list_counted_cells(Known(values)) == (
        "sectors",
        "region_kind:Central/1",
        "few",
        "size:0",
    )
    assert QUOTAS.list_counted_cells(Known({**values, "many": True})) == (
        "sectors",
        "region_kind:Central/1",
        "size:1",
    )
    assert QUOTAS.list_counted_cells(
        Known({"region": "West", "sector": 2, "kind": 2, "many": True})
    ) == (
        "region_kind:West/2",  # targets may be written with spaces
        "size:1",
        "hoped",
    )


def test_only_what_the_sample_tells_is_known_beforehand() -> None:
    assert QUOTAS.list_known_cells(CENTRAL) == ("sectors",)
    assert QUOTAS.list_known_cells({"region": "Central", "sector": 2}) == ()
    assert QUOTAS.list_known_cells({"region": "Central"}) == ()


def test_a_cell_closes_with_its_last_place_and_opens_when_that_is_given_back() -> None:
    assert QUOTAS.list_full_cells({}) == {"region_kind:Central/2"}  # nobody is wanted there
    assert "sectors" not in QUOTAS.list_full_cells({"sectors": CellFill(1, 0)})
    assert "sectors" in QUOTAS.list_full_cells({"sectors": CellFill(1, 1)})
    assert "sectors" in QUOTAS.list_full_cells({"sectors": CellFill(2, 0)})
    assert "sectors" not in QUOTAS.list_full_cells({"sectors": CellFill(1, 0)})
    assert "hoped" not in QUOTAS.list_full_cells({"hoped": CellFill(9, 0)})
    assert QUOTAS.list_reached_cells({"hoped": CellFill(1, 0), "sectors": CellFill(1, 1)}) == {
        "hoped",
        "region_kind:Central/2",
    }


def test_the_emptiest_cell_is_called_first() -> None:
    fill = {"sectors": CellFill(1, 0), "few": CellFill(1, 0)}
    assert (
        QUOTAS.compute_lowest_fill(["few"], fill)
        < QUOTAS.compute_lowest_fill(["sectors"], fill)
        < QUOTAS.compute_lowest_fill([], fill)
    )
    assert QUOTAS.compute_lowest_fill(["sectors", "few"], fill) == QUOTAS.compute_lowest_fill(
        ["few"], fill
    )


def test_a_case_in_a_full_cell_is_parked_until_it_reopens() -> None:
    told = history(columns=CENTRAL).at("2026-11-16 10:00")
    assert parse_criteria(told.standing(STUDY).bucket).cells == ("sectors",)
    full = QUOTAS.list_full_cells({"sectors": CellFill(2, 0)})
    said = {v.rule: v for v in check_rules(told.case, STUDY, told.claimant(full_cells=full))}[
        "quota"
    ]
    assert (said.allows, str(said.explanation)) == (
        False,
        "sectors is full: held back until it reopens",
    )
    assert find_next_time(told.case, STUDY, told.claimant(full_cells=full)) is None
    assert told.code(STUDY) == "2.20"  # parked is no outcome
    reopened = QUOTAS.list_full_cells({"sectors": CellFill(1, 0)})
    assert is_allowed(told.case, STUDY, told.claimant(full_cells=reopened))
    other = history(columns={"region": "Central", "sector": 2}).at("2026-11-16 10:00")
    assert is_allowed(other.case, STUDY, other.claimant(full_cells=full))


def test_no_interview_is_parked_by_the_place_it_holds() -> None:
    full = QUOTAS.list_full_cells({"sectors": CellFill(1, 1)})
    talks = history(columns=CENTRAL).at("2026-11-16 10:00").claim().then(InterviewOpened("i1"))
    assert is_allowed(talks.case, STUDY, talks.claimant(full_cells=full))
    waits = talks.dial("callback", code="2.12", interrupted=True).close().later(days=1)
    patient = replace(STUDY, quota_hold=timedelta(days=2))
    assert is_allowed(waits.case, patient, waits.claimant(full_cells=full))
    assert not is_allowed(
        waits.case, STUDY, waits.claimant(full_cells=full)
    )  # its place was given back by now


def test_a_suspended_interview_keeps_its_places_for_the_hold_and_none_after_a_refusal() -> None:
    talks = history(columns=CENTRAL).at("2026-11-16 10:00").claim().then(InterviewOpened("i1"))
    assert find_release_time(talks.case, STUDY) is None
    for outcome in ("refusal_soft", "break_off", "refusal_household_soft"):
        refused = talks.dial(outcome, code="2.12", interrupted=True).close()
        assert find_release_time(refused.case, STUDY) == refused.case.calls[-1].at
        assert not keeps_places(refused.case, STUDY, refused.case.calls[-1].at)
    waits = talks.dial("appointment", interrupted=True).close()
    left_at = waits.case.calls[-1].at
    assert find_release_time(waits.case, STUDY) == left_at + timedelta(days=1)
    # unanswered calls neither extend the hold nor undo a refusal
    again = waits.later(hours=3).claim().dial("no_answer").close()
    assert find_release_time(again.case, STUDY) == left_at + timedelta(days=1)
    refused = again.later(hours=3).claim().dial("refusal_household_soft").close()
    assert not keeps_places(refused.case, STUDY, refused.case.calls[-1].at)
    later = refused.later(hours=3).claim().dial("no_answer").close()
    assert not keeps_places(later.case, STUDY, later.case.calls[-1].at)
    resumed = later.later(days=8).claim().then(InterviewOpened("i1"))
    assert find_release_time(resumed.case, STUDY) is None


def test_a_lost_station_holds_places_from_the_end_of_its_lease() -> None:
    lost = history(columns=CENTRAL).at("2026-11-16 10:00").claim().then(InterviewOpened("i1"))
    lapsed = lost.later(minutes=30).then(CaseReturned("lapsed"))
    assert lapsed.case.last_event_at is not None
    assert find_release_time(lapsed.case, STUDY) == lapsed.case.last_event_at + timedelta(days=1)


def test_targets_may_change_and_standings_hold() -> None:
    """A target is no part of what a case's place in the queue is derived from; a cell's condition is."""
    assert plan("", MORE.replace("target: 2", "target: 9")).fingerprint == STUDY.fingerprint
    assert plan("", MORE.replace("sector == 1", "sector == 2")).fingerprint != STUDY.fingerprint
    assert replace(STUDY, study="another").quotas is STUDY.quotas
