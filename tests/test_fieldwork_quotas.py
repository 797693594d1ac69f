"""To which cells does a case or an interview belong, and is anybody more wanted there?"""

from dataclasses import replace

import pytest

from cases import history, plan
from survey_cli.fieldwork.case.events import Interviewing
from survey_cli.fieldwork.plan.quotas import OUTSIDE, Fill, state
from survey_cli.fieldwork.queue.claim_criteria import bucket_of
from survey_cli.fieldwork.queue.rules import allowed, next_moment, verdicts
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


def cells(**env: object) -> dict[str, str | None]:
    return {quota.id: quota.cell(env) for quota in QUOTAS.quotas}


def test_not_yet_known_is_not_outside() -> None:
    assert cells(**CENTRAL) == {
        "sectors": "sectors",
        "region_kind": None,
        "few": None,
        "size": None,
        "hoped": None,
    }
    assert cells(**CENTRAL, kind=2)["few"] == OUTSIDE  # whatever the number will be
    assert cells(**CENTRAL, kind=2)["region_kind"] == "region_kind:Central/2"


@pytest.mark.parametrize("gone", [DK, REFUSED, NOT_ASKED])
def test_who_does_not_tell_is_outside(gone: object) -> None:
    found = cells(region="West", sector=gone, kind=gone, n=gone, many=gone)
    assert set(found.values()) == {OUTSIDE}
    assert QUOTAS.taken({"region": "West", "kind": gone, "sector": gone, "many": gone}) == ()


def test_a_finished_interview_counts_in_each_quota() -> None:
    env = {**CENTRAL, "kind": 1, "n": 3, "many": False}
    assert QUOTAS.taken(env) == ("sectors", "region_kind:Central/1", "few", "size:0")
    assert QUOTAS.taken({**env, "many": True}) == ("sectors", "region_kind:Central/1", "size:1")
    assert QUOTAS.taken({"region": "West", "sector": 2, "kind": 2, "many": True}) == (
        "region_kind:West/2",  # targets may be written with spaces
        "size:1",
        "hoped",
    )


def test_only_what_the_sample_tells_is_known_beforehand() -> None:
    assert QUOTAS.beforehand(CENTRAL) == ("sectors",)
    assert QUOTAS.beforehand({"region": "Central", "sector": 2}) == ()
    assert QUOTAS.beforehand({"region": "Central"}) == ()


def test_a_cell_closes_with_its_last_place_and_opens_when_that_is_given_back() -> None:
    assert QUOTAS.full({}) == {"region_kind:Central/2"}  # nobody is wanted there
    assert "sectors" not in QUOTAS.full({"sectors": Fill(1, 0)})
    assert "sectors" in QUOTAS.full({"sectors": Fill(1, 1)})
    assert "sectors" in QUOTAS.full({"sectors": Fill(2, 0)})
    assert "sectors" not in QUOTAS.full({"sectors": Fill(1, 0)})
    assert "hoped" not in QUOTAS.full({"hoped": Fill(9, 0)})
    assert QUOTAS.reached({"hoped": Fill(1, 0), "sectors": Fill(1, 1)}) == {"hoped", "region_kind:Central/2"}


def test_what_a_lookup_answers() -> None:
    cell = QUOTAS.asked("region_kind", {"region": "West", "kind": 2})
    assert cell is not None
    assert (cell.id, cell.target) == ("region_kind:West/2", 1)
    answers = [state(cell, {}), state(cell, {cell.id: Fill(0, 1)}), state(cell, {cell.id: Fill(1, 0)})]
    assert answers == ["open", "full", "full"]
    assert state(cell, {cell.id: Fill(0, 1)}, own=True) == "open"
    hoped = QUOTAS.asked("hoped", {"kind": 2})
    assert state(hoped, {"hoped": Fill(9, 0)}) == "open"  # soft: it warns, and closes nothing
    for env in ({"region": "West", "kind": DK}, {"region": "West"}):
        assert state(QUOTAS.asked("region_kind", env), {}) == "outside"
    with pytest.raises(KeyError):
        QUOTAS.asked("sector", {})


def test_places_are_held_where_cells_close() -> None:
    env = {**CENTRAL, "kind": 2, "n": 50, "many": True}
    found = QUOTAS.taken(env)
    assert found == ("sectors", "region_kind:Central/2", "size:1", "hoped")
    assert QUOTAS.wanted(found) == {"sectors": 2, "region_kind:Central/2": 0, "size:1": 1}


def test_the_emptiest_cell_is_called_first() -> None:
    fill = {"sectors": Fill(1, 0), "few": Fill(1, 0)}
    assert QUOTAS.urgency(["few"], fill) < QUOTAS.urgency(["sectors"], fill) < QUOTAS.urgency([], fill)
    assert QUOTAS.urgency(["sectors", "few"], fill) == QUOTAS.urgency(["few"], fill)


def test_a_case_in_a_full_cell_is_parked_until_it_reopens() -> None:
    told = history(columns=CENTRAL).at("2026-11-16 10:00")
    assert bucket_of(told.standing(STUDY).bucket).cells == ("sectors",)
    full = QUOTAS.full({"sectors": Fill(2, 0)})
    said = {v.rule: v for v in verdicts(told.case, STUDY, told.claimant(full=full))}["quota"]
    assert (said.allows, said.says) == (False, "sectors is full: parked until it reopens")
    assert next_moment(told.case, STUDY, told.claimant(full=full)) is None
    assert told.code(STUDY) == "2.20"  # parked is no outcome
    reopened = QUOTAS.full({"sectors": Fill(1, 0)})
    assert allowed(told.case, STUDY, told.claimant(full=reopened))
    other = history(columns={"region": "Central", "sector": 2}).at("2026-11-16 10:00")
    assert allowed(other.case, STUDY, other.claimant(full=full))


def test_no_interview_is_parked_by_the_place_it_holds() -> None:
    full = QUOTAS.full({"sectors": Fill(1, 1)})
    talks = history(columns=CENTRAL).at("2026-11-16 10:00").claim().then(Interviewing("i1"))
    assert allowed(talks.case, STUDY, talks.claimant(full=full))
    waits = talks.dial("callback", code="2.12", interrupted=True).close().later(days=1)
    assert allowed(waits.case, STUDY, waits.claimant(full=full))


def test_targets_may_change_and_standings_hold() -> None:
    """A target is no part of what a case's place in the queue is derived from; a cell's condition is."""
    assert plan("", MORE.replace("target: 2", "target: 9")).mark == STUDY.mark
    assert plan("", MORE.replace("sector == 1", "sector == 2")).mark != STUDY.mark
    assert replace(STUDY, study="another").quotas is STUDY.quotas
