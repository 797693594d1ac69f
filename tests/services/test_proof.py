"""The proof finds defects of the route, shows them by an interview, and raises no false alarm."""

import json
import re
import sys
from datetime import date
from pathlib import Path
from shutil import copytree

import pytest
from hypothesis import HealthCheck, given, settings
from rule_reference import RULE_GROUPS
from seeded_defects import INSTRUMENTS, Defect, iterate_defects, seed

from support.command_line import run_survey
from support.random_instruments import instruments
from support.scale import SCALE
from survey_cli.instrument.checks.all_checks import check_instrument
from survey_cli.instrument.source.load import load_source, load_source_text
from survey_cli.problems import Problem
from survey_cli.scenarios.proving import prove_instrument
from survey_cli.scenarios.route_check import check_route

TODAY = date(2026, 11, 27)
PROVED = RULE_GROUPS["The proof"].keys() - {"undecided", "possible"}


def prove(path: Path, **options: bool) -> list[Problem]:
    problems, _ = check_route(check_instrument(load_source(path)), TODAY, **options)
    return list(problems)


def find_alarms(problems: list[Problem]) -> list[Problem]:
    return [
        problem for problem in problems if problem.rule in PROVED and problem.severity != "info"
    ]


@pytest.mark.parametrize(("instrument", "defect"), list(iterate_defects()))
def test_a_seeded_defect_is_found(instrument: str, defect: Defect, tmp_path: Path) -> None:
    path = tmp_path / f"{instrument}.yaml"
    path.write_text(seed(instrument, defect), encoding="utf-8")
    copytree(INSTRUMENTS / "modules", tmp_path / "modules")
    problems = prove(path)
    assert not [
        problem
        for problem in problems
        if problem.severity == "error" and problem.rule not in PROVED
    ]
    alarms = find_alarms(problems)
    assert {(alarm.rule, alarm.who) for alarm in alarms} == {(defect.rule, defect.owner)}, [
        str(p) for p in problems
    ]


def test_sound_instruments_raise_no_alarm() -> None:
    files = [file for file in INSTRUMENTS.rglob("*.yaml") if file.parent.name != "modules"]
    alarms, items = [], 0
    for file in files:
        checked = check_instrument(load_source(file))
        items += len(checked.instrument.items) if checked.instrument is not None else 0
        problems, _ = check_route(checked, TODAY)
        alarms += find_alarms(list(problems))
    assert len(alarms) <= items // 300, [str(alarm) for alarm in alarms]
    assert items > 250


FORK = """\
instrument: t
title: T
items:
  - {id: hello, type: read, text: "Good {daypart}, this is {interviewer} calling for the county."}
  - {id: age, type: number, min: 16, max: 99, declines: [], text: How old are you?}
  - {id: has_job, type: single, ask_if: age >= 17, text: Have you a job?, options: {1: "Yes", 2: "No"}}
  - {id: hours, type: number, ask_if: has_job == 1, max: 99, text: How many hours?}
  - {id: looking, type: single, ask_if: has_job == 2, text: Are you looking for one?, options: {1: "Yes", 2: "No"}}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "t.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_hole_is_shown_by_answers_and_by_a_scenario(tmp_path: Path) -> None:
    path = write(tmp_path, FORK)
    out, err = run_survey(tmp_path, "check", "t.yaml")
    assert out == (
        "t.yaml:7:39: warning: hours: after don't know or refused at has_job, neither hours nor looking is asked, "
        "although every other answer leads to one of them (for example: age = 17, has_job = don't know) — add "
        "declined(has_job) to one condition; if it is intended, write answered(has_job) and …\n"
    )
    assert "1 warning" in err
    out, _ = run_survey(tmp_path, "check", "t.yaml", "--format", "json", "--strict", code=1)
    (finding,) = json.loads(out)
    assert finding["scenario"]["answers"] == {"age": "17", "has_job": ".dk"}
    assert finding["scenario"]["case"]["date"]
    intended = FORK.replace("has_job == 1,", '"answered(has_job) and has_job == 1",')
    path.write_text(intended, encoding="utf-8")
    assert not find_alarms(prove(path))


@pytest.mark.parametrize(
    ("first", "second", "rule", "severity", "example"),
    [
        ("age < 30", "age > 30", "filter-gap", "warning", "if age = 30,"),
        ("age < 30", "age > 40", "filter-gap", "warning", "if 30 <= age <= 40,"),
        ("age < 30", "30 <= age < 60", "filter-gap", "info", "if 60 <= age,"),
        ("age <= 30", "age >= 30", "filter-overlap", "warning", "if age = 30,"),
        ("age < 30", "age >= 20", "filter-overlap", "info", "if 20 <= age < 30,"),
        ("age < 30", "age >= 30", "", "", ""),
        ("age >= 30", "age >= 60", "", "", ""),
        ("age < 30", "has_job == 1", "", "", ""),
        (
            "has_job == 1 and age < 30",
            "has_job == 1 and age > 30",
            "filter-gap",
            "warning",
            "if age = 30,",
        ),
    ],
)
def test_gaps_and_overlaps(
    tmp_path: Path, first: str, second: str, rule: str, severity: str, example: str
) -> None:
    text = FORK.replace("ask_if: age >= 17, ", "")
    text = text.replace("has_job == 1", f'"{first}"').replace("has_job == 2", f'"{second}"')
    found = [problem for problem in prove(write(tmp_path, text)) if problem.rule in PROVED]
    assert [(problem.rule, problem.severity) for problem in found] == (
        [(rule, severity)] if rule else []
    )
    assert all(problem.what.startswith(example) for problem in found)


@pytest.mark.parametrize(
    ("options", "first", "second", "severity"),
    [
        ("{1: Agree, 2: Neither, 3: Disagree}", "q == 1", "q == 3", "info"),
        ("{1: Agree, 2: Neither, 3: Disagree}", "q == 1", "q not in [1, 2]", "warning"),
        (
            "{1: Agree, 3: Disagree, 9: {text: Other, specify: true}}",
            "q == 1",
            "q not in [1, 9]",
            "info",
        ),
        ("{1: A, 2: B, 3: C, 4: D, 5: E}", "q == 1", "q == 2", ""),
    ],
)
def test_a_code_without_a_branch(
    tmp_path: Path, options: str, first: str, second: str, severity: str
) -> None:
    question = f"{{id: q, type: single, text: Which?, declines: [], options: {options}}}"
    text = re.sub(r"{id: has_job.*}}", question, FORK)
    text = text.replace("has_job == 1", f'"{first}"').replace("has_job == 2", f'"{second}"')
    found = [problem.severity for problem in prove(write(tmp_path, text)) if problem.rule in PROVED]
    assert found == ([severity] if severity else [])


def test_what_clauses_cannot_express_is_undecided(tmp_path: Path) -> None:
    text = FORK.replace("has_job == 2", '"round(age / 2) == age"').replace(
        "has_job == 1", "age > 20"
    )
    found = [problem for problem in prove(write(tmp_path, text)) if problem.who == "looking"]
    assert [(problem.rule, problem.who) for problem in found] == [("undecided", "looking")]


def test_any_day_of_the_interview_counts(tmp_path: Path) -> None:
    text = FORK.replace("has_job == 2", "\"today() >= '2030-01-01'\"").replace(
        "has_job == 1", "age > 20"
    )
    possible = {
        (p.who, p.what): p.scenario
        for p in prove(write(tmp_path, text), possible=True)
        if p.rule == "possible"
    }
    asked = next(
        scenario
        for (who, what), scenario in possible.items()
        if who == "looking" and "is asked" in what
    )
    assert asked is not None
    assert asked["case"]["date"] >= "2030-01-01"


def test_without_the_solver_the_check_says_once_what_it_did_not_look_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, FORK)
    (tmp_path / "u.yaml").write_text(FORK, encoding="utf-8")
    for name in [name for name in sys.modules if name.startswith("pysat")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pysat", None)
    out, err = run_survey(tmp_path, "check", "t.yaml", "u.yaml")
    assert out == ""
    assert err.count("there is no solver") == 1
    assert re.search(r"gaps and overlaps of filters.*pip install python-sat==", err)


def test_an_option_that_is_gone_leads_on(tmp_path: Path) -> None:
    write(tmp_path, FORK)
    _, err = run_survey(tmp_path, "check", "t.yaml", "--prove", code=2)
    assert err == (
        "survey check: --prove is gone: survey check proves the route without it — "
        "survey check t.yaml\n"
    )


@settings(max_examples=40 * SCALE, deadline=None, suppress_health_check=list(HealthCheck))
@given(instruments())
def test_any_instrument_can_be_proved(text: str) -> None:
    checked = check_instrument(load_source_text(text, "t.yaml"))
    found = prove_instrument(checked, TODAY, possible=True)
    asked = {
        problem.who
        for problem in found
        if problem.rule == "possible" and problem.what.endswith("is asked")
    }
    assert asked.isdisjoint(problem.who for problem in found if problem.rule == "never-asked")


def test_a_questionnaire_that_is_not_compiled_is_not_proved(tmp_path: Path) -> None:
    path = write(tmp_path, FORK.replace("has_job == 1", "has_jobb == 1"))
    assert [problem.rule for problem in prove(path)] == ["unknown-name"]
    _, err = run_survey(tmp_path, "check", "t.yaml", code=1)
    assert err == "t.yaml: 1 error; the route is proved when the errors are corrected\n"


def test_a_questionnaire_with_errors_of_its_route_is_proved(tmp_path: Path) -> None:
    path = write(
        tmp_path, FORK + "  - {id: out, type: end, ask_if: has_job == 2, outcome: not_eligible}\n"
    )
    rules = [problem.rule for problem in prove(path)]
    assert "decline-passes-end" in rules
    assert "decline-hole" in rules


def test_a_question_that_is_too_hard_is_undecided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("survey_cli.proof.verdicts.MAX_ALL_CONFLICTS", 0)
    assert {problem.rule for problem in prove(write(tmp_path, FORK))} == {"undecided"}


def test_an_item_for_everybody_between_two_branches_hides_no_gap(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(
        """\
instrument: t
title: T
items:
  - {id: hi, type: read, text: "I am {interviewer} of Acme."}
  - {id: age, type: number, min: 16, max: 99, declines: [], text: How old are you?}
  - {id: young, type: text, ask_if: age < 65, text: Where do you work?}
  - {id: home, type: text, text: Where do you live?}
  - {id: old, type: text, ask_if: age > 65, text: Where did you work?}
""",
        encoding="utf-8",
    )
    [gap] = [problem for problem in prove(path) if problem.rule == "filter-gap"]
    assert "age = 65" in gap.what


def test_a_hard_check_over_a_sum_of_small_numbers_leaves_nothing_undecided(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(
        """\
instrument: t
title: T
items:
  - {id: hi, type: read, text: "I am {interviewer} of Acme."}
  - {id: car, type: number, max: 100, text: "By car, in percent?"}
  - {id: bus, type: number, max: 100, text: "By bus, in percent?"}
  - id: foot
    type: number
    max: 100
    text: On foot, in percent?
    checks: {expect: car + bus + foot == 100, say: This is not 100 percent.}
  - {id: why, type: text, ask_if: car + bus > 150, text: Why?}
  - {id: walks, type: text, ask_if: foot > 40, text: Where to?}
""",
        encoding="utf-8",
    )
    found = prove(path)
    assert "undecided" not in {problem.rule for problem in found}
    assert ("never-asked", "why") not in {(problem.rule, problem.who) for problem in found}, (
        "after a refusal of foot"
    )


HOUSEHOLD = """\
instrument: t
title: T
edition: 2
items:
  - {id: adults, type: number, range: 0 to 18, text: How many adults?}
  - {id: men, type: number, max: adults, ask_if: adults > 1, declines: [], text: How many men?}
  - id: women
    type: number
    max: adults
    ask_if: adults > 1
    declines: []
    text: How many women?
    checks: {expect: men + women == adults, say: "Men and women must add up to {adults}."}
  - {id: one, type: text, ask_if: men > 0 and women > 0 and adults == 2, text: Who is the woman?}
  - {id: phone, type: single, options: {1: "Yes", 2: "No"}, text: Is there a telephone?}
  - {id: line, type: single, ask_if: phone == 1, options: {1: "Yes", 2: "No"}, text: Another one?}
"""


def test_a_sum_of_numbers_with_calculated_limits_is_decided(tmp_path: Path) -> None:
    assert prove(write(tmp_path, HOUSEHOLD)) == []

    both = HOUSEHOLD.replace("men > 0 and women > 0 and adults == 2", "men + women > adults")
    found = [(problem.rule, problem.who) for problem in prove(write(tmp_path, both))]
    assert found == [("never-asked", "one")], "without the limit, a sum could be anything"


def test_an_open_hard_check_is_told_once_for_all_items_after_it(tmp_path: Path) -> None:
    text = """\
instrument: t
title: T
edition: 2
items:
  - {id: rent, type: number, range: 1 to 9999, declines: [], text: What is the rent?}
  - {id: food, type: number, range: 1 to 9999, declines: [], text: What is spent on food?}
  - id: both
    type: number
    range: 1 to 99999
    declines: []
    text: What are both together?
    checks: {expect: rent + food == both, say: The sum differs.}
  - {id: phone, type: single, options: {1: "Yes", 2: "No"}, text: Is there a telephone?}
  - {id: line, type: single, ask_if: phone == 1, options: {1: "Yes", 2: "No"}, text: Another one?}
"""
    [note] = prove(write(tmp_path, text))
    assert (note.rule, note.who) == ("undecided", "both")
    assert "whether check 1 is passed" in note.what
    assert "what comes after its hard check, at phone and line" in note.what


ROWS = """\
instrument: t
title: T
edition: 2
compute:
  group: {when: [["age < 65", 1], ["age < 30", 2]], else: 4}
items:
  - {id: hi, type: read, text: "I am {interviewer} of Acme."}
  - {id: age, type: number, range: 18 to 99, declines: [], text: How old are you?}
"""


def test_a_row_behind_another_one_never_applies(tmp_path: Path) -> None:
    [found] = prove(write(tmp_path, ROWS))
    assert (found.rule, found.who) == ("row-never-applies", "group")
    assert found.what == "when: the row age < 30 never applies: one before it does"
    assert (found.where.line, found.where.column) == (5, 36)

    in_order = ROWS.replace('["age < 65", 1], ["age < 30", 2]', '["age < 30", 2], ["age < 65", 1]')
    assert prove(write(tmp_path, in_order)) == []


def test_a_row_may_apply_while_answers_are_still_missing(tmp_path: Path) -> None:
    text = ROWS.replace('["age < 65", 1]', '["answered(age)", 1]')
    assert "row-never-applies" not in {problem.rule for problem in prove(write(tmp_path, text))}


SILENT = """\
instrument: t
title: T
compute:
  bracket: 1 if income < 25000 else 2 if income < 50000 else 3
  rich: 1 if people > 1 and income < 9 else 2
  kind: "'one' if people == 1 else 'more'"
items:
  - {id: hi, type: read, text: "I am {interviewer} of Acme."}
  - {id: people, type: number, min: 1, max: 9, text: How many people?}
  - {id: known, type: end, unless: people >= 1, outcome: not_eligible}
  - {id: income, type: number, text: What is your income?}
  - {id: out, type: end, ask_if: bracket == 3, outcome: not_eligible}
  - {id: home, type: text, text: "You are {kind}. Where do you live?"}
"""


def test_a_value_after_else_is_shown_by_the_answers_that_lead_there_or_not_reported(
    tmp_path: Path,
) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(SILENT, encoding="utf-8")
    found = {problem.who: problem for problem in prove(path) if problem.rule == "silent-else"}
    assert re.search(
        r"bracket is 3, which is read by .*the end out \(for example: .*income = (refused|don't know)",
        (found["bracket"].what),
    ), "it ends the interview, so that nobody is complete with it"
    answers = (found["bracket"].scenario or {})["answers"]
    assert answers["income"] in (".refused", ".dk")
    assert "kind" not in found, "nobody is asked after a refusal at people"
    assert "rich" in found
    path.write_text(
        SILENT.replace(
            "1 if income < 25000 else", "9 if not answered(income) else 1 if income < 25000 else"
        )
    )
    assert "bracket" not in {problem.who for problem in prove(path)}


ENDS = """\
instrument: t
title: T
items:
  - {id: hi, type: read, text: "I am {interviewer} of Acme."}
  - {id: age, type: number, max: 99, declines: [], text: How old are you?}
  - {id: out, type: end, ask_if: answered(age), unless: UNLESS, outcome: not_eligible}
  - {id: last, type: text, text: What else?}
"""


def test_an_end_with_two_conditions_that_stop_nobody_is_one_error(tmp_path: Path) -> None:
    found = prove(write(tmp_path, ENDS.replace("UNLESS", "declined(age)")))
    [dead_end] = [problem for problem in found if problem.rule in PROVED]
    assert (dead_end.rule, dead_end.severity, dead_end.who) == ("always-asked", "error", "out")
    found = prove(write(tmp_path, ENDS.replace("UNLESS", "age > 17")))
    [needless] = [problem for problem in found if problem.rule in PROVED]
    assert (needless.rule, needless.severity) == ("always-asked", "warning")
    assert "ask_if: answered(age) is always true here" in needless.what


def test_options_that_may_all_be_hidden_are_reported_if_it_is_not_decided(tmp_path: Path) -> None:
    option = "{text: X, ask_if: round(age / 2) == age}"
    question = f"{{id: q, type: single, text: Q?, options: {{1: {option}, 2: {option}}}}}"
    text = re.sub(r"  - {id: out.*\n", f"  - {question}\n", ENDS)
    assert "no-option" in {problem.rule for problem in prove(write(tmp_path, text))}


def test_an_empty_text_is_seen_in_a_gap(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(
        """\
instrument: t
title: T
edition: 2
compute:
  kind: "'a' if answered(q) and q == 1 else 'b' if answered(q) and q == 2 else ''"
items:
  - {id: hi, type: read, text: "I am {interviewer} of Acme."}
  - {id: q, type: single, text: Q?, options: {1: A, 2: B, 3: C}}
  - {id: x, type: number, max: 9, ask_if: kind == 'a', text: X?}
  - {id: y, type: number, max: 9, ask_if: kind == 'b', text: Y?}
""",
        encoding="utf-8",
    )
    [gap] = [problem for problem in prove(path) if problem.rule == "filter-gap"]
    assert gap.what.startswith("if kind = '', neither x nor y is asked")
