"""Scenario files: what is wrong in them, where a run departs from them, what they cover, and generated ones."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest

from support.random_questionnaires import QuestionnaireWriter
from support.scenario import instrument
from survey_cli.instrument.compiled.compiler import compile_instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.instrument.schema.scenario_file import ExpectSpec
from survey_cli.instrument.source.load import load_source_text
from survey_cli.problems import Position, UserError, select_errors
from survey_cli.proof.goals import Goal
from survey_cli.proof.verdicts import prove
from survey_cli.scenarios import coverage
from survey_cli.scenarios.coverage import describe_goal, list_coverage, observe, replay_witness
from survey_cli.scenarios.generation import generate_scenarios, render_scenarios
from survey_cli.scenarios.reading import ScenarioTest, compare, read_scenarios
from survey_cli.scenarios.running import ScenarioRun, run_scenario
from survey_cli.values import Missing, Value

INSTRUMENTS = Path(__file__).parents[2] / "instruments"
TODAY = date(2026, 11, 27)
WORK = """\
instrument: work
title: Work
sample:
  region: {type: single, options: {1: North, 2: South}}
items:
  - {id: consent, type: single, text: May I?, options: {1: "Yes", 2: "No"}}
  - {id: stop, type: end, outcome: refusal_hard, unless: consent == 1}
  - {id: has_job, type: single, text: Do you have a job?, options: {1: "Yes", 2: "No"}}
  - id: work
    type: section
    ask_if: has_job == 1
    items:
      - {id: hours, type: number, max: 168, text: How many hours?,
         checks: {expect: hours > 0, say: Hours above zero only.}}
      - {id: ways, type: multiple, text: How do you go?, options: {1: Bus, 2: Car, 9: {text: Other, specify: true}}}
  - {id: people, type: number, max: 4, text: How many people?}
  - id: person
    type: roster
    count: people
    max: 4
    items:
      - {id: name, type: text, text: First name?}
      - {id: age, type: number, max: 110, text: "How old is {name}?"}
  - {id: satisfied, type: single, text: Are you satisfied?, options: {1: "Yes", 2: "No"}}
compute:
  adults: count(person.age >= 18)
"""


def read(text: str, source: str = WORK) -> tuple[list[ScenarioTest], list[str]]:
    def read_sample(column: str, value: str) -> Value | Missing:
        if value not in ("1", "2"):
            raise UserError(column, "the value does not fit the column", "write 1 or 2")
        return int(value)

    tests, problems = read_scenarios(
        load_source_text(text, "s.yaml"), instrument(source), TODAY, read_sample
    )
    return tests, [str(problem) for problem in problems]


def test_departures(text: str) -> list[str]:
    tests, problems = read(text)
    assert not problems
    found = []
    for test in tests:
        run = run_scenario(instrument(WORK), test.scenario)
        found += [str(departure) for departure in compare(test, run)]
    return found


test_departures.__test__ = False  # type: ignore[attr-defined]


def test_a_scenario_of_every_part_passes() -> None:
    assert (
        test_departures("""\
answers: {consent: 1}
scenarios:
- name: A household with two people
  case: {date: 2026-01-31, sample: {region: 2}, interviewer: Kim, language: en, seed: 3}
  answers:
    has_job: 1
    hours: .dk
    ways: [1, 9 on foot]
    people: 2
    name#1: Ann
    age#1: 40
    name#2: Bo
    age#2: 12
    satisfied: 1
  steps:
  - {at: age#2, back: 1}
  - correct: {hours: 38}
  expect:
    ends: complete
    asked: [work, hours, age#2]
    not_asked: [stop, age#3]
    text: {age#2: How old is Bo?}
    value: {adults: 1, hours: 38, ways: [1, 9], region: 2, age#3: .not_asked}
""")
        == []
    )


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (
            "  answer: {consent: 1}",
            "s.yaml:3:3: 'answer' is not a key here — did you mean 'answers'?",
        ),
        (
            "  answers: {concent: 1}",
            "s.yaml:3:13: A: there is no item 'concent' — did you mean 'consent'?",
        ),
        (
            "  answers: {has_job: 3}",
            "s.yaml:3:22: A: has_job: 3 is not offered here: 1, 2 — write a code, or a decline",
        ),
        ("  answers: {has_job: .skip}", "s.yaml:3:22: A: has_job: .skip is not offered here: 1, 2"),
        (
            "  answers: {name: Bo}",
            "s.yaml:3:13: A: name is asked in each turn of person — name the turn: name#1",
        ),
        ("  answers: {name#5: Bo}", "s.yaml:3:13: A: person has at most 4 turns"),
        ("  answers: {hours#1: 5}", "s.yaml:3:13: A: hours is not in a roster — write hours"),
        (
            "  expect: {ends: quota_full}",
            "A: there is no end with outcome 'quota_full' — there are complete,",
        ),
        ("  expect: {value: {adult: 1}}", "s.yaml:3:20: A: there is no item 'adult'"),
        (
            "  case: {sample: {region: 3}}",
            "s.yaml:3:27: A: region: the value does not fit the column — write 1 or 2",
        ),
        (
            "  case: {sample: {religion: 3}}",
            "there is no sample column 'religion' — did you mean 'region'?",
        ),
        (
            "  case: {date: 31 Jan}",
            "s.yaml:3:16: date: '31 Jan' is not a date — write year-month-day",
        ),
        ("  others: last", "s.yaml:3:11: others: 'last' is not valid here — write first"),
        ("  steps: [{at: hours}]", "s.yaml:3:11: A: a step has either back: or correct:"),
    ],
)
def test_a_slip_has_line_column_and_remedy(line: str, problem: str) -> None:
    _, problems = read(f"scenarios:\n- name: A\n{line}\n")
    assert any(problem in text for text in problems), problems


def test_a_question_without_an_answer_says_what_could_be_answered() -> None:
    text = "scenarios:\n- name: A\n  answers: {consent: 1}\n"
    (departure,) = test_departures(text)
    assert departure == (
        "s.yaml:2:3: asked has_job, which has no answer — add it under answers: 1 (Yes), 2 (No), .dk, .refused"
    )


def test_a_wrong_turn_names_the_condition_that_decided() -> None:
    text = "scenarios:\n- name: A\n  answers: {consent: 1, has_job: 2, hours: 38}\n"
    (departure,) = test_departures(text)
    assert departure == (
        "s.yaml:2:3: asked people, expected hours: work.ask_if at instrument.yaml:11:13 is false because has_job = 2 (No)"
    )


def test_every_other_departure() -> None:
    text = """\
others: first
scenarios:
- name: A
  answers: {has_job: .dk, ways: 1, people: 1, name#1: Bo, age#2: 3, age#1: 30}
  expect:
    ends: refusal_hard
    asked: [hours]
    not_asked: [satisfied]
    text: {age#1: How old is Kim?}
    value: {adults: 2}
    warned: {age#1: Really?}
- name: B
  answers: {hours: 0}
"""
    assert test_departures(text) == [
        "s.yaml:7:13: hours: work.ask_if at instrument.yaml:11:13 is unknown because has_job = .dk",
        "s.yaml:8:17: satisfied: it has no condition",
        "s.yaml:3:3: ways has an answer and is not asked: work.ask_if at instrument.yaml:11:13 is unknown because "
        "has_job = .dk",
        "s.yaml:3:3: age#2 has an answer and is not asked: person has 1 turn",
        "s.yaml:6:11: it ends at satisfied with complete, expected refusal_hard",
        "s.yaml:9:12: age#1 reads 'How old is Bo?', expected 'How old is Kim?'",
        "s.yaml:11:14: expected 'Really?': no answer to age#1 is questioned with it",
        "s.yaml:10:13: adults is 1, expected 2",
        "s.yaml:12:3: the answer to hours is refused: Hours above zero only.",
    ]


def test_a_refused_answer_can_be_expected() -> None:
    text = "others: first\nscenarios:\n- {name: A, answers: {hours: 0}, expect: {rejected: {hours: above zero}}}\n"
    assert test_departures(text) == []


def test_a_time_is_expected_as_it_is_written_in_answers() -> None:
    source = "instrument: t\ntitle: T\nitems:\n  - {id: at, type: time, text: When?}\n"
    text = 'scenarios: [{name: A, answers: {at: "14:30"}, expect: {value: {at: "14:30"}}}]'
    [test], _problems = read(text, source)
    assert not list(compare(test, run_scenario(instrument(source), test.scenario)))


def cover(source: str, text: str) -> tuple[set[str], list[str]]:
    tests, problems = read(text, source)
    assert not problems
    seen, failed = set(), []
    for test in tests:
        run = run_scenario(instrument(source), test.scenario)
        covered = observe(run)
        seen |= covered
        failed += compare(test, run)
    assert not failed
    everything = list_coverage(instrument(source))
    made = instrument(source)
    return {describe_goal(made, goal) for goal in everything if goal in seen}, [
        describe_goal(made, goal, negated=True) for goal in everything if goal not in seen
    ]


def test_coverage_is_what_happened() -> None:
    text = "others: first\nscenarios:\n- {name: A, answers: {people: 1}}\n- {name: B, answers: {has_job: .dk}}\n"
    covered, missing = cover(WORK, text)
    assert {
        "work is asked",
        "work is not asked",
        "the condition of work is unknown",
        "age is read with name",
    } <= covered
    assert missing == [
        "stop is never asked",
        "the condition of stop is never unknown",
        "check 1 of hours never fires",
    ]


@pytest.mark.parametrize(
    "name", ["household", "asu_2000", "customer", "features/roster_count", "features/split"]
)
def test_a_generated_suite_is_small_passes_and_covers_all_that_is_possible(name: str) -> None:
    path = INSTRUMENTS / f"{name}.yaml"
    opened = open_instrument(str(path))
    verdicts = prove(opened, TODAY)
    generated, left_open = generate_scenarios(opened, TODAY)
    assert not left_open
    text = "\n".join(render_scenarios(opened, generated))
    tests, problems = read_scenarios(
        load_source_text(text, "s.yaml"), opened, TODAY, lambda _, text: int(text)
    )
    assert not problems
    seen = set()
    for test in tests:
        run = run_scenario(opened, test.scenario)
        covered = observe(run)
        assert not compare(test, run)
        seen |= covered
    wanted = set(list_coverage(opened)).intersection(verdicts.possible)
    assert wanted <= seen
    witnesses = {id(witness): witness for witness in verdicts.possible.values()}.values()
    sets = [observe(replay_witness(opened, witness)[1]) & wanted for witness in witnesses]
    assert len(tests) <= 1.3 * count_greedy(sets, wanted)


def test_generation_takes_few_interviews_and_few_answers_for_a_long_questionnaire(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    items = [
        f"{{id: q{n}, type: single, text: Q?, options: {{1: A, 2: B, 3: C}}}}" for n in range(20)
    ]
    items += [
        f"{{id: f{n}, type: number, text: Q?, max: 99, ask_if: q{n % 20} == {n % 3 + 1}}}"
        for n in range(80)
    ]
    items += [f"{{id: g{n}, type: verbatim, text: Q?, ask_if: f{n} > 50}}" for n in range(80)]
    lines = "".join(f"- {item}\n" for item in items)
    opened = instrument(f"instrument: t\ntitle: T\nitems:\n{lines}")
    runs = []

    def count(*arguments: Any) -> ScenarioRun:
        runs.append(run_scenario(*arguments))
        return runs[-1]

    monkeypatch.setattr(coverage, "run_scenario", count)
    generated, left_open = generate_scenarios(opened, TODAY)
    assert not left_open
    assert frozenset().union(*(entry.goals for entry in generated)) == set(list_coverage(opened))
    assert len(runs) <= 6
    # The answer over 50 to each follow-up question, and the answers to the filters.
    assert sum(len(entry.scenario.answers) for entry in generated) <= 80 + 60


def test_a_condition_that_is_not_decided_leaves_only_its_own_item_uncovered() -> None:
    opened = instrument("""
instrument: t
title: T
items:
  - {id: a, type: single, text: A?, options: {1: X, 2: Y}}
  - {id: tired, type: single, text: Go on?, ask_if: elapsed() > 20, options: {1: X, 2: Y}}
  - {id: t, type: text, text: Which?}
  - {id: word, type: verbatim, text: Why?, ask_if: "contains(t, 'tooth')"}
  - id: some
    type: section
    pick: 2
    items:
      - {id: p1, type: single, text: P?, options: {1: X, 2: Y}}
      - {id: p2, type: single, text: P?, options: {1: X, 2: Y}}
      - {id: p3, type: single, text: P?, options: {1: X, 2: Y}}
  - {id: b, type: verbatim, text: B?, ask_if: a == 2 and p2 == 2}
""")
    generated, left_open = generate_scenarios(opened, TODAY)
    assert {goal.name for goal in left_open} <= {"tired", "word"}
    assert not any(
        compare(ScenarioTest(e.scenario, ExpectSpec(), Position("")), e.run) for e in generated
    )
    for entry in generated:
        again = run_scenario(opened, replace(entry.scenario, fills_others=True))
        assert not compare(ScenarioTest(entry.scenario, ExpectSpec(), Position("")), again)


def test_generated_suites_of_random_questionnaires() -> None:
    tried = 0
    for seed in range(30):
        source = load_source_text(QuestionnaireWriter(Random(seed)).write(), "t.yaml")
        compiled, _, problems = compile_instrument(source)
        if (
            compiled is None
            or select_errors(problems)
            or any(item.limits for item in compiled.items.values())
        ):
            continue  # the proof leaves limits that are answers open
        tried += 1
        possible = prove(compiled, TODAY).possible
        wanted = set(list_coverage(compiled)).intersection(possible)
        generated, left_open = generate_scenarios(compiled, TODAY)
        seen = [observe(run_scenario(compiled, entry.scenario)) for entry in generated]
        assert wanted <= frozenset().union(*seen), f"seed {seed}"
        assert not left_open
        witnesses = {id(witness): witness for witness in possible.values()}.values()
        sets = [observe(replay_witness(compiled, witness)[1]) & wanted for witness in witnesses]
        assert len(generated) <= 1.3 * count_greedy(sets, wanted), f"seed {seed}"
    assert tried > 10


def count_greedy(sets: list[frozenset[Goal]], wanted: set[Goal]) -> int:
    count, left = 0, set(wanted)
    while left:
        left -= max(sets, key=lambda some: len(some & left))
        count += 1
    return count
