"""Analysis files: every mistake has its position and remedy, and variables are computed as written."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from survey_cli.instrument.analysis import Analysis, read_analysis
from survey_cli.instrument.checks.all_checks import check_instrument
from survey_cli.instrument.expressions.known import Known
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.instrument.source.load import load_source_text
from survey_cli.problems import UserError
from survey_cli.values import DK, NOT_ASKED, REFUSED, Code

STUDY = """
instrument: x
title: X
sample:
  kind: {type: single, options: {a: A, b: B}}
  income: {type: number}
items:
  - {id: age, type: number, min: 18, max: 110, options: {999: Secret}, text: Age?}
  - {id: hours, type: number, max: 80, decimals: 1, text: Hours?}
  - {id: born, type: date, text: Born?}
  - {id: state, type: single, options: {1: N, 2: S, 3: W}, nets: {near: [1, 2]}, text: State?}
  - {id: words, type: verbatim, text: Why?}
  - {id: q7, type: scale, options: {1: Bad, 2: So so, 3: Good, 4: Best, 8: {text: None, read: false}}, text: Q7?}
  - {id: media, type: multiple, options: {1: TV, 2: Radio}, text: Media?}
  - {id: use, type: battery, text: "{statement}?", options: {1: "Yes", 2: "No"}, statements: {tv: TV, paper: Paper}}
"""
LABELS = "options: {1: One}"


def read(text: str) -> tuple[Analysis, list[str]]:
    instrument = check_instrument(load_source_text(STUDY, "x.yaml")).instrument
    assert instrument is not None
    analysis, problems = read_analysis(load_source_text(text, "x.analysis.yaml"), instrument)
    return analysis, [f"{p.severity} {p}".replace("x.analysis.yaml:", "") for p in problems]


def compute(variable: str, **known: Any) -> Any:
    analysis, problems = read(f"variables:\n  v: {variable}\n")
    assert [problem for problem in problems if problem.startswith("error")] == []
    return analysis.instrument.computes["v"].conditions[""].evaluate(Known(known))


@pytest.mark.parametrize(
    ("value", "code"),
    [(18, 1), (29, 1), (30, 2), (59, 2), (60, 3), (110, 3), (DK, DK), (999, NOT_ASKED)],
)
def test_bands_contain_their_limits_and_no_labeled_number(value: Any, code: Any) -> None:
    assert (
        compute("{bands: {of: age, values: {young: ..29, middle: 30..59, old: 60..}}}", age=value)
        == code
    )


def test_a_labeled_number_is_in_a_range_of_its_own() -> None:
    assert (
        compute(
            "{bands: {of: age, values: {any: .., said nothing: 999}}}".replace("..,", "..110,"),
            age=999,
        )
        == 2
    )


@pytest.mark.parametrize(("value", "code"), [(29.9, 1), (30.0, 2), (0, 1), (80, 2)])
def test_an_upper_limit_can_be_left_out(value: float, code: Code) -> None:
    assert compute("{bands: {of: hours, values: {short: ..<30, long: 30..}}}", hours=value) == code


@pytest.mark.parametrize(
    ("value", "code"),
    [(date(1999, 12, 31), 1), (date(2000, 1, 1), 2), ("2000-03", DK), (REFUSED, REFUSED)],
)
def test_bands_of_dates(value: Any, code: Any) -> None:
    variable = "{bands: {of: born, values: {before 2000: ..1999-12-31, since: 2000-01-01..}}}"
    assert compute(variable, born=value) == code


@pytest.mark.parametrize(("value", "code"), [(1, 1), (2, 1), (3, 5), (DK, 9), (REFUSED, REFUSED)])
def test_a_recode_keeps_why_an_answer_is_missing_unless_it_is_listed(value: Any, code: Any) -> None:
    assert (
        compute("{recode: {of: state, values: {1: [1, 2], 9: .dk}, otherwise: 5}}", state=value)
        == code
    )


def test_a_recode_can_leave_answers_out() -> None:
    assert (
        compute("{recode: {of: state, values: {1: 1}, otherwise: .not_asked}}", state=2)
        == NOT_ASKED
    )


@pytest.mark.parametrize(
    ("value", "truth"), [(4, True), (3, True), (2, False), (8, False), (DK, DK)]
)
def test_top_two_are_of_the_options_that_are_read(value: Any, truth: Any) -> None:
    assert compute("{top: {of: q7, last: 2}}", q7=value) == truth


@pytest.mark.parametrize(
    ("tv", "paper", "number"),
    [(1, 1, 2), (1, 2, 1), (1, DK, 1), (2, DK, 0), (REFUSED, DK, REFUSED)],
)
def test_a_count_is_of_answers(tv: Any, paper: Any, number: Any) -> None:
    assert compute("{count: {of: [use], values: [1]}}", tv=tv, paper=paper) == number


def test_a_count_of_a_multiple_is_how_many_of_the_answers_it_has() -> None:
    chosen = [
        compute("{count: {of: [media], values: [1, 2]}}", media=codes)
        for codes in ((1, 2), (2,), (), DK)
    ]
    assert chosen == [2, 1, 0, DK]


def test_variables_read_one_another_in_any_order() -> None:
    analysis, problems = read(
        "variables:\n  b: {value: a == 1}\n  a: {recode: {of: state, values: {1: [1, 2, 3]}}}\n"
    )
    assert problems == []
    assert list(analysis.instrument.computes) == ["a", "b"]


def test_one_mistake_is_one_problem() -> None:
    _, problems = read(
        "variables:\n  a: {value: agee > 2}\n  b: {value: not a}\n"
        "banners: {b1: {columns: [a, b]}}\nfindings: [{item: a, answer: 1, text: '{percent}'}]\npicture: b\n"
    )
    assert problems == ["error 2:14: a: 'agee' is not a variable — did you mean 'age'?"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "variables: {v: {}}",
            "error 1:13: v: a variable has exactly one of bands, recode, value, top, count",
        ),
        (
            "variables: {v: {bands: {of: age, values: {}}}}",
            "error 1:13: v: bands: of: or values: is empty",
        ),
        (
            "variables: {v: {count: {of: [], values: 1}}}",
            "error 1:13: v: count: of: or values: is empty",
        ),
        (
            "variables: {v: {recode: {of: '', values: {1: 1}}}}",
            "error 1:13: v: recode: of: or values: is empty",
        ),
        ("variables: {v: {value: ''}}", "error 1:24: v: the condition is empty"),
        (
            "variables: {v: {bands: {of: age, values: {all: ..}}}}",
            "error 1:48: v: all: '..' has no limit",
        ),
        (
            "variables: {v: {bands: {of: income, values: {all: ''}}}}",
            "error 1:51: v: all: '' has no limit",
        ),
        (
            "variables: {use: {value: agee}}",
            "error 1:13: use: there is already a group of items 'use', at x.yaml:15:10",
        ),
        ("variables: [v]", "error 1:12: variables: expected a mapping"),
        (
            "variables: {v: {count: {of: [m, tv], values: 1}}}",
            "error 1:30: v: 'm' is not a variable",
        ),
        (
            "variables: {v: {value: age > 2}}\nfilters: {v: age > 3}",
            "error 2:11: v: there is already a variable 'v', at 1:13",
        ),
        (
            "variables: {v: {value: agee}}",
            "error 1:24: v: 'agee' is not a variable — did you mean 'age'?",
        ),
        (
            "variables: {age: {value: hours > 2}}",
            "error 1:13: age: there is already an item 'age', at x.yaml:8:10 — rename one",
        ),
        (
            "variables: {media_1: {value: age > 2}}",
            "error 1:13: media_1: two columns would be called media_1: the variable media_1, and option 1",
        ),
        (
            "variables: {2nd: {value: age > 2}}",
            "error 1:13: 2nd: '2nd' can't be an id — write q2nd",
        ),
        (
            "variables: {sum: {value: age > 2}}",
            "error 1:13: sum: the id 'sum' is a function of conditions",
        ),
        (
            "variables: {a: {value: b == 1}, b: {value: a == 1}}",
            "error 1:13: a: the variables depend on one another: a → b → a — remove one of these references",
        ),
        (
            "variables: {v: {bands: {of: age, values: {a: x}}}}",
            "error 1:46: v: a: 'x' is not a range",
        ),
        ("variables: {v: {bands: {of: age, values: {a: 30..18, b: ..}}}}", "error 1:57"),
        (
            "variables: {v: {bands: {of: age, values: {a: 30..18}}}}",
            "error 1:43: v: a: no value of age is in 30..18",
        ),
        (
            "variables: {v: {bands: {of: age, values: {a: ..40, b: 40..}}}}",
            "error 1:52: v: b: 40 is in ..40 too",
        ),
        (
            "variables: {v: {bands: {of: age, values: {a: ..29, b: 31..}}}}",
            "error 1:13: v: age: values such as 30 are in no range",
        ),
        (
            "variables: {v: {bands: {of: age, values: {a: 20..29, b: 30..}}}}",
            "error 1:13: v: age: values such as 18, 19 are in no range",
        ),
        (
            "variables: {v: {bands: {of: age, values: {a: ..29, b: 30..99}}}}",
            "error 1:13: v: age: values such as 100, 110 are in no range",
        ),
        (
            "variables: {v: {bands: {of: hours, values: {a: ..29, b: 30..}}}}",
            "error 1:13: v: hours: values such as 29.1, 29.9 are in no range — extend a range: 30..<60 goes up to 60",
        ),
        (
            "variables: {v: {bands: {of: income, values: {a: ..29, b: 30..}}}}",
            "warning 1:13: v: income: values such as 29.000001, 29.999999 are in no range",
        ),
        (
            "variables: {v: {bands: {of: age, values: {a: ..120, b: 121..130}}}}",
            "error 1:53: v: b: no value of age is in 121..130",
        ),
        (
            "variables: {v: {bands: {of: q7, values: {a: ..3}}}}",
            "error 1:13: v: q7: values such as 4, 8 are in no range",
        ),
        (
            "variables: {v: {bands: {of: kind, values: {a: ..3}}}}",
            "error 1:29: v: of: kind is no number or date",
        ),
        (
            "variables: {v: {bands: {of: born, values: {a: ..3}}}}",
            "error 1:44: v: a: the limits of ..3 are no dates",
        ),
        (
            "variables: {v: {recode: {of: state, values: {1: [1, 2]}}}}",
            "error 1:45: v: 3 of state is in no category — list them, or write otherwise:",
        ),
        (
            "variables: {v: {recode: {of: state, values: {1: [1, 2, 3, 4]}}}}",
            "error 1:45: v: there is no code 4 — its codes are 1, 2, 3",
        ),
        (
            "variables: {v: {recode: {of: state, values: {1: [1, 2, 3], 2: 3}}}}",
            "error 1:45: v: 3 becomes 2 and",
        ),
        (
            "variables: {v: {recode: {of: state, values: {1: .dn}, otherwise: 2}}}",
            "error 1:45: v: there is no decline",
        ),
        (
            "variables: {v: {recode: {of: media, values: {1: 1}}}}",
            "error 1:30: v: of: media has no single code",
        ),
        (
            "variables: {v: {top: {of: q7, last: 4}}}",
            "error 1:27: v: top: needs first: or last:, of the 4 options",
        ),
        (
            "variables: {v: {top: {of: hours, last: 2}}}",
            "error 1:27: v: top: hours has no scale of options — use bands:",
        ),
        ("weights: {w: {column: words}}", "error 1:23: w: words is no number — name a number"),
        ("weights: {w: {column: media}}", "error 1:23: w: media is no number"),
        (
            "variables: {v: {count: {of: [tv], values: [3]}}}",
            "error 1:43: v: there is no code 3 — its codes are 1, 2",
        ),
        (
            "variables: {v: {value: age > 2, options: {2: X}}}",
            "error 1:42: v: there is no code 2 — its codes are 0, 1",
        ),
        ("filters: {old: age}", "error 1:16: old: "),
        ("weights: {w: {}}", "error 1:11: w: the weight has neither column: nor rake:"),
        ("weights: {w: {column: x}}", "error 1:23: w: there is no 'x'"),
        ("weights: {w: {rake: t.csv, trim: 1}}", "error 1:34: w: trim: is a multiple"),
        (
            "banners: {age: {columns: [kind]}}",
            "error 1:11: age: 'age' is also the name of an item — rename the banner",
        ),
        (
            "banners: {b: {columns: [kind > agee]}}",
            "error 1:25: b: there is no 'agee' — did you mean 'age'?",
        ),
        (
            "banners: {b: {columns: [kind > age > q7]}}",
            "error 1:25: b: kind > age > q7 divides more than once",
        ),
        (
            "findings: [{item: q7, text: x}]",
            "error 1:19: q7: a finding has one of answer:, figure: and per:",
        ),
        (
            'findings: [{item: q7, answer: 3, text: "{mean}"}]',
            "error 1:40: q7: the text has to contain {percent}",
        ),
        (
            'findings: [{item: q7, answer: 7, text: "{percent}"}]',
            "error 1:31: q7: there is no code 7",
        ),
        (
            'findings: [{item: media, answer: [1, 2], text: "{percent}"}]',
            "error 1:34: media: 1, 2 of media overlap: their shares don't add up",
        ),
        ('findings: [{item: age, per: kind, text: "{ratio}"}]', "error 1:29: age: kind has no sum"),
        (
            'findings: [{item: age, per: agee, text: "{ratio}"}]',
            "error 1:29: age: there is no 'agee'",
        ),
        (
            'findings: [{item: kind, figure: mean, text: "{mean}"}]',
            "error 1:33: kind: kind has no mean",
        ),
        (
            "banners: {b: {columns: [kind > words]}}",
            "error 1:25: b: words contains verbatim answers — choose an item",
        ),
        (
            "banners: {b: {columns: []}}",
            "error 1:11: b: the banner has no columns — name variables under columns:",
        ),
        (
            'findings: [{item: state, answer: far, text: "{percent}"}]',
            "error 1:34: state: there is no code 'far' — its codes are 1, 2, 3, its nets near",
        ),
        ("picture: uses", "error 1:10: picture: there is no 'uses' — did you mean 'use'?"),
        ("variable: {}", "error 1:1: 'variable' is not a key here — did you mean 'variables'?"),
    ],
)
def test_a_mistake_has_its_position_and_remedy(text: str, problem: str) -> None:
    _, problems = read(text)
    assert any(each.startswith(problem) for each in problems), problems


@pytest.mark.parametrize(
    ("ending", "what"),
    [
        ("analysis", "it is an analysis file"),
        ("reason.codes", "it contains the codes of an item"),
        ("map", "it is a map of answers"),
        ("scenarios", "it contains scenarios"),
    ],
)
def test_a_file_beside_a_questionnaire_is_named_as_what_it_is(
    tmp_path: Path, ending: str, what: str
) -> None:
    file = tmp_path / f"study.{ending}.yaml"
    file.write_text("columns: {}\n")
    with pytest.raises(UserError) as caught:
        open_instrument(str(file))
    assert (caught.value.what, caught.value.problems) == (f"{what}, not a questionnaire", ())
    assert caught.value.remedy.endswith("study.yaml")
