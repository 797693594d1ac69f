"""Stored answers off the route or missing on it are named with the reason: by hand, and in generated interviews."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from random import Random

from support.random_questionnaires import QuestionnaireWriter
from support.random_respondents import begun, forward, wander
from support.scale import SCALE
from support.scenario import STAMP, Scenario, instrument, scenario
from survey_cli.engine.events import InterviewEvent, QuestionAnswered, QuestionDeclined
from survey_cli.engine.interview import Interview
from survey_cli.instrument.schema.items.unasked_items import ComputedItem
from survey_cli.services.database.route_verification import (
    explain_rejected_event,
    iterate_row_differences,
)
from survey_cli.table.columns import ColumnBlock, build_blocks, build_columns, build_row
from survey_cli.values import NOT_ASKED, Cell, Missing, Place

ITEMS = """
items:
  - {id: q1, type: single, text: One, options: {1: A, 2: B}}
  - id: s
    type: section
    unless: q1 == 2
    items:
      - {id: q2, type: number, text: Two, max: 9}
  - {id: q3, type: text, text: Three, ask_if: q2 > 4, personal: true}
  - {id: q4, type: multiple, text: Four, options: {1: A, 2: B, 3: C}}
  - {id: r, type: roster, count: q2, max: 3, items: [{id: age, type: number, text: Age}]}
  - {id: out, type: end, ask_if: 3 in q4, outcome: complete, text: Bye}
  - {id: q5, type: single, text: Five, options: {1: A, 2: B}}
"""


def differences(now: Scenario, **cells: Cell) -> list[str]:
    """What is found where these cells of the data row are others."""
    variables = build_columns(now.interview.instrument)
    row = [
        cells.get(v.name, cell) for v, cell in zip(variables, build_row(now.interview), strict=True)
    ]
    return list(iterate_row_differences(now.interview, variables, row))


def test_an_answer_off_the_route_has_the_condition_its_position_and_the_values() -> None:
    now = scenario(ITEMS).keys("1", "1", "1", "30", "1")
    assert differences(now) == []
    assert differences(now, q3="x") == [
        "q3 has an answer but ask_if `q2 > 4` (instrument.yaml:11:47) is not true: q2 = 1"
    ]
    assert differences(now, age_2=3) == [
        "age#2 has an answer but the roster r has no turn 2: q2 = 1"
    ]


def test_a_changed_answer_is_named_with_those_that_it_puts_off_the_route() -> None:
    now = scenario(ITEMS).keys("1", "1", "1", "30", "1")
    assert differences(now, q1=2) == [
        "q1 is 2 in the data, and 1 in its journal",
        "q2 has an answer but unless of s `q1 == 2` (instrument.yaml:8:13) is true: q1 = 2",
        "age#1 has an answer but the roster r has no turn 1: q2 = not_asked",
    ]
    assert differences(now, q4_3=1)[1:] == [
        "q5 has an answer but the interview ends before it, at out",
        "out is on the route with the other answers of the data, and the interview ends there",
    ]
    assert differences(now, q2=5)[1:] == [
        "q3 has no answer but is on the route with the other answers of the data",
        "age#2 has no answer but is on the route with the other answers of the data",
        "age#3 has no answer but is on the route with the other answers of the data",
    ]


def test_an_answer_that_is_missing_and_a_personal_one_whose_values_are_not_shown() -> None:
    now = scenario(ITEMS).keys("1", "5", "Joe", "1", "30", "31", "32", "2")
    assert differences(now, q5=NOT_ASKED) == ["q5 has no answer in the data and is on the route"]
    assert differences(now, q3="Jim") == ["q3 has another answer in the data than in its journal"]


def replaced(now: Scenario, seq: int, *events: InterviewEvent) -> str:
    journal = list(now.interview.events)
    journal[seq - 1 : seq] = events
    return explain_rejected_event(lambda _: now.interview.instrument, journal)


def test_the_first_event_that_does_not_fit_the_route_is_explained() -> None:
    now = scenario(ITEMS).keys("1", "1", "1", "30", "1")
    assert explain_rejected_event(lambda _: now.interview.instrument, now.interview.events) == ""
    assert replaced(now, 2, QuestionAnswered(STAMP, Place("q1"), 2)) == (
        "event 3: q2 has an answer but unless of s `q1 == 2` (instrument.yaml:8:13) is true: q1 = 2"
    )
    assert (
        replaced(now, 4)
        == "event 4: age#1 has an answer but q4, which is asked before it, has none"
    )
    assert replaced(now, 6) == "event 6: it ends, but q5 has no answer and is on the route"


def test_the_command_names_the_case_and_the_interview(tmp_path: Path) -> None:
    from test_exporting import whole

    from support.command_line import run_survey
    from survey_cli.store import InstrumentRow, Store

    text = f'instrument: v\ntitle: V\nversion: "1"\n{ITEMS}'
    (tmp_path / "v.yaml").write_text(text)
    now = scenario(text).keys("1", "1", "1", "30", "1")
    with Store.open(tmp_path / "v.db", create=True) as store:
        store.data.add_instrument(
            InstrumentRow.from_instrument(now.interview.instrument, kept_at=STAMP.at)
        )
        store.interviews.add(whole(now, f"unit {n}", "real") for n in (1, 2, 3))
    assert run_survey(tmp_path, "db", "verify", "v.yaml", "--route", "--db", "v.db")[0] == ""
    with sqlite3.connect(tmp_path / "v.db") as db:
        db.execute(
            "UPDATE snapshots SET cells = replace(cells, '[1,', '[2,') WHERE interview = 'unit-2'"
        )
        db.execute(
            "UPDATE journal SET payload = '{\"value\":2}' WHERE item = 'q1' AND interview = 'unit-3'"
        )
    out, _ = run_survey(tmp_path, "db", "verify", "v.yaml", "--route", "--db", "v.db", code=1)
    assert "case unit 2, interview unit-2: q1 is 2 in the data, and 1 in its journal" in out
    assert (
        "case unit 3, interview unit-3: the journal cannot be replayed: event 3: q2 has an answer but unless of s"
        " `q1 == 2` (instrument.yaml:9:13) is true: q1 = 2"
    ) in out


def test_an_event_of_a_newer_program_says_to_update_this_one(tmp_path: Path) -> None:
    from test_exporting import whole

    from support.command_line import run_survey
    from survey_cli.store import InstrumentRow, Store

    text = f"instrument: v\ntitle: V\n{ITEMS}"
    (tmp_path / "v.yaml").write_text(text)
    now = scenario(text).keys("1", "1")
    with Store.open(tmp_path / "v.db", create=True) as store:
        store.data.add_instrument(
            InstrumentRow.from_instrument(now.interview.instrument, kept_at=STAMP.at)
        )
        store.interviews.add([whole(now, "unit 1", "real")])
    with sqlite3.connect(tmp_path / "v.db") as db:
        db.execute("UPDATE journal SET kind = 'teleported' WHERE seq = 2")
    out, _ = run_survey(tmp_path, "db", "verify", "v.yaml", "--db", "v.db", code=1)
    assert "event 2 of interview unit-1 was written by a newer version of the program" in out


# generated interviews


@dataclass
class Tally:
    """Wrong answers that were seeded, by kind."""

    moved: int = 0
    removed: int = 0
    changed: int = 0
    journals: int = 0

    @property
    def total(self) -> int:
        return self.moved + self.removed + self.changed + self.journals


def seed_row(now: Scenario, dice: Random, tally: Tally) -> None:
    """One wrong answer in the data row: moved off the route, removed on it, or another code."""
    variables = build_columns(now.interview.instrument)
    blocks = [
        b
        for b in build_blocks(now.interview.instrument, "en")
        if b.source == "item" and b.item is not None and b.item.question.expects_answer
    ]
    if not blocks:
        return
    derived = build_row(now.interview)
    starts = {
        id(b): n
        for b, n in zip(build_blocks(now.interview.instrument, "en"), _starts(now), strict=True)
    }
    answers = dict(now.interview.evaluate_route().answers)
    block = dice.choice(blocks)
    place, start = Place(block.id, block.turn), starts[id(block)]
    cells = invented_cells(block, dice)
    if place in answers and dice.random() < 0.4:
        assert block.item is not None
        cells, kind = block.item.question.build_missing_cells(block.item, NOT_ASKED), "removed"
    else:
        kind = "changed" if place in answers else "moved"
    row = list(derived)
    row[start : start + len(cells)] = cells
    if tuple(row) == derived:
        return
    setattr(tally, kind, getattr(tally, kind) + 1)
    found = list(iterate_row_differences(now.interview, variables, row))
    named = {line.split(" ", 1)[0] for line in found}
    assert str(place) in named, (kind, place, found)
    if kind == "moved":
        assert any(line.startswith(f"{place} has an answer but ") for line in found), found
        return
    if kind == "changed" and (outcome := rekeyed(now, place, block, cells)) is not None:
        off_route, lacking = outcome
        if lacking:
            assert lacking in named, found
        else:
            others = {line.split(" ", 1)[0] for line in found if " has an answer but " in line}
            is_drawn = any(
                isinstance(i.question, ComputedItem)
                for i in now.interview.instrument.items.values()
            )
            if is_drawn:  # what is drawn from a changed answer is not drawn again: it and what depends on it are open
                off_route &= others
            assert others - {str(place)} == off_route, "exactly what another route lacks is named"


def _starts(now: Scenario) -> list[int]:
    starts, at = [], 0
    for block in build_blocks(now.interview.instrument, "en"):
        starts.append(at)
        at += len(block.variables)
    return starts


def invented_cells(block: ColumnBlock, dice: Random) -> tuple[Cell, ...]:
    item = block.item
    assert item is not None
    codes = [option.code for option in item.options]
    if any(v.option is not None for v in block.variables):
        return item.question.build_cells(item, (dice.choice(codes),), {})
    return item.question.build_cells(item, dice.choice(codes) if codes else dice.randint(0, 1), {})


def rekeyed(
    now: Scenario, place: Place, block: ColumnBlock, cells: tuple[Cell, ...]
) -> tuple[set[str], str] | None:
    """Key all answers anew, with the changed one, in place of the walk that verification uses.

    Returns the answered places that are not asked, or the first place that lacks an answer; None where an answer is
    not accepted any more.
    """
    answers = {p: a.cell for p, a in now.interview.evaluate_route().answers.items()}
    chosen = tuple(
        v.option
        for v, cell in zip(block.variables, cells, strict=True)
        if v.option is not None and cell == 1
    )
    answers[place] = chosen if any(v.option is not None for v in block.variables) else cells[0]  # type: ignore[assignment]
    again = Scenario(
        Interview.begin(now.interview.instrument, now.interview.start), now.quotas
    ).settled()
    while again.status == "open":
        here = again.asked.place
        if here not in answers:
            return set(), str(here) if now.status == "ended" else ""
        again = again.step(event_of(here, answers[here])).settled()
        if again.why:
            return None
        while again.status == "open" and again.asked.query is not None:
            again = again.key(".ok")
    return {str(p) for p in answers if p not in again.interview.machine.recorded_answers}, ""


def event_of(place: Place, cell: Cell | None) -> InterviewEvent:
    if isinstance(cell, Missing):
        return QuestionDeclined(STAMP, place, cell.kind)
    return QuestionAnswered(STAMP, place, cell)


def seed_journal(now: Scenario, dice: Random, tally: Tally) -> None:
    """One wrong event: moved to another item, removed, or another value, so that the journal can't be replayed."""
    journal = list(now.interview.events)
    keyed = [
        n
        for n, event in enumerate(journal)
        if isinstance(event, QuestionAnswered) and event.value is not None
    ]
    if not keyed:
        return
    at = dice.choice(keyed)
    event = journal[at]
    assert isinstance(event, QuestionAnswered)
    match dice.randrange(3):
        case 0:
            items = list(now.interview.instrument.items.values())
            other = dice.choice(items)
            journal[at] = event._replace(place=Place(other.id, 1 if other.roster else None))
        case 1:
            del journal[at]
        case _:
            journal[at] = event._replace(value=dice.choice((0, 1, 2, (1,), (2,))))
    try:
        Interview.replay(now.interview.instrument, journal)
    except ValueError:
        tally.journals += 1
        assert explain_rejected_event(lambda _: now.interview.instrument, journal).startswith(
            "event "
        ), journal
    else:
        assert explain_rejected_event(lambda _: now.interview.instrument, journal) == ""


def test_wrong_answers_seeded_into_generated_interviews_are_all_found_and_no_others() -> None:
    """`TEST_SCALE=25` seeds 10,000."""
    dice, tally = Random(7), Tally()
    while tally.total < 400 * SCALE:
        try:
            made = instrument(QuestionnaireWriter(dice).write())
            now = forward(wander(begun(made, dice), dice, moves=dice.randint(0, 8)), dice)
        except AssertionError:  # it has errors, or a question whose checks accept nothing
            continue
        assert differences(now) == []
        assert replaced(now, 1, now.interview.events[0]) == ""
        for _ in range(6):
            seed_row(now, dice, tally)
            seed_journal(now, dice, tally)
    assert min(tally.moved, tally.removed, tally.changed, tally.journals) > 20 * SCALE
