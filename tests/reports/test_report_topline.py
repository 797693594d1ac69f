"""Topline figures: as published, exact, and with the right base."""

import tracemalloc
from datetime import date, time
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_exporting import keep

from support.command_line import folder  # noqa: F401
from support.report_tables import Report, people
from support.scenario import instrument, scenario
from survey_cli.documents.questionnaire.questionnaire import build_booklet
from survey_cli.documents.report.report_layout import describe_base
from survey_cli.instrument.compiled.model import number_items
from survey_cli.reports.results.bins import build_bins
from survey_cli.reports.results.crosstab import ResultOptions
from survey_cli.reports.results.questions import list_questions
from survey_cli.reports.results.report_model import Figure, Results
from survey_cli.reports.rounding import compute_root, format_percentage, sum_rounded_percentages
from survey_cli.reports.weighting.answer_counts import compute_student_point
from survey_cli.services.report.results_report import ReportOptions, build_results_report
from survey_cli.table.columns import build_columns
from survey_cli.values import DK, NOT_ASKED, NOT_REACHED, REFUSED, Variable

AGREE = """
scales:
  agreement:
    1: Strongly agree
    2: Agree
    3: Disagree
    4: Strongly disagree
    5: {text: No opinion, missing: true, read: false}
items:
  - id: m
    type: battery
    title: Mission
    intro: Statements.
    scale: agreement
    nets: {Agrees: [1, 2], Disagrees: [3, 4]}
    statements: {q2: The mission has been defined., q3: It is known.}
"""


def test_the_table_that_the_founding_survey_published():
    """35 units: 2, 16, 14, 2, 1 are 5.7, 45.7, 40.0, 5.7, 2.9 per cent; 45.7 disagree, from counts."""
    report = Report(
        AGREE,
        people("q2", _1=2, _2=16, _3=14, _4=2, _5=1),
        options=ResultOptions(threshold=0, digits=1),
    )
    assert report.texts("q2") == {
        "Strongly agree": ("2", "5.7"),
        "Agree": ("16", "45.7"),
        "Disagree": ("14", "40.0"),
        "Strongly disagree": ("2", "5.7"),
        "No opinion": ("1", "2.9"),
        "Agrees": ("18", "51.4"),
        "Disagrees": ("16", "45.7"),
    }
    assert report["q2"].base.text == "all 35"
    assert not any("add up" in note for note in report["q2"].notes)
    summary = report["q2"].summary
    assert summary is not None
    assert summary.mean == Fraction(
        2 + 32 + 42 + 8, 34
    )  # no opinion counts in per cents, not in means
    assert (summary.count_text, summary.mean_text, summary.median_text) == ("34", "2.47", "2")


def test_a_net_is_counted_and_not_added_up_from_rounded_shares():
    """1 and 1 of 7 are 14 and 14 per cent, and together 29, not 28."""
    texts = Report(AGREE, people("q2", _1=1, _2=1, _3=5)).texts("q2")
    assert (texts["Strongly agree"][1], texts["Agree"][1], texts["Agrees"][1]) == ("14", "14", "29")


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (57, 200, "29"),  # 28.5: Python's own rounding and its floats both give 28
        (1, 200, "1"),  # exactly half a per cent is no trace
        (1, 201, "*"),
        (0, 7, "0"),
        (7, 7, "100"),
        (1, 8, "13"),
        (5, 1000, "1"),
        (45, 1000, "5"),
    ],
)
def test_halves_go_away_from_zero(part: int, whole: int, text: str):
    assert format_percentage(Fraction(part, whole)) == text


def test_a_trace_depends_on_the_decimals_shown():
    assert format_percentage(Fraction(1, 1999), 1) == "0.1"
    assert format_percentage(Fraction(1, 2001), 1) == "*"
    assert format_percentage(None) == "–"


def test_three_thirds_are_told_to_add_up_to_99():
    notes = Report(AGREE, people("q2", _1=1, _2=1, _3=1))["q2"].notes
    assert any("add up to 99" in note for note in notes)


def test_declines_and_volunteered_answers_are_rows_and_valid_leaves_them_out():
    rows = [*people("q2", _1=3, _2=1, _5=2), {"q2": DK}, {"q2": REFUSED}, {"q2": REFUSED}]
    report = Report(AGREE, rows)
    kinds = [(row.label, row.kind, row.total.count_text) for row in report["q2"].rows]
    assert ("No opinion", "volunteered", "2") in kinds
    assert ("Don't know", "decline", "1") in kinds
    assert ("Refused", "decline", "2") in kinds
    assert report["q2"].base.asked == 9
    valid = Report(AGREE, rows, options=ResultOptions(threshold=0, valid=True))
    assert [row.label for row in valid["q2"].rows] == [
        "Strongly agree", "Agree", "Disagree", "Strongly disagree", "Agrees", "Disagrees",
    ]  # fmt: skip
    assert valid["q2"].base.asked == 4
    assert valid.texts("q2")["Strongly agree"] == ("3", "75")


def test_who_was_not_asked_or_not_reached_is_in_no_base():
    rows = [*people("q2", _1=3), {"q2": NOT_ASKED}, {"q2": NOT_REACHED}]
    base = Report(AGREE, rows)["q2"].base
    assert (base.asked, base.text) == (3, "asked of 3, who reached this item")


def test_the_base_is_said_in_the_designers_words_or_in_those_of_the_condition():
    text = AGREE + (
        "  - {id: why, type: verbatim, ask_if: 'q2 in [3, 4]', base: who disagreed, text: Why?}\n"
        "  - {id: who, type: text, ask_if: q2 == 3, text: Who?}\n"
    )
    rows = [{"q2": 3, "why": "so", "who": "she"}, {"q2": 4, "why": REFUSED}, {"q2": 1}]
    report = Report(text, rows, asked={"who": "if q2 is Disagree"})
    assert report["why"].base.text == "asked of 2 who disagreed"
    assert report.texts("why") == {"Answered": ("1", "50"), "Refused": ("1", "50")}
    assert report["who"].base.text == "asked of 1: if q2 is Disagree"
    assert report["why"].verbatims == ()


MEDIA = """
items:
  - id: media
    type: multiple
    text: Which?
    options: {1: Radio, 2: Paper, 3: {text: Other, specify: true}, 8: {text: None, exclusive: true}}
    nets: {Press or radio: [1, 2]}
"""


def test_several_answers_are_of_respondents_and_a_net_counts_each_once():
    def row(*codes: int) -> dict[str, object]:
        return {f"media_{c}": int(c in codes) for c in (1, 2, 3, 8)}

    declined = {f"media_{c}": DK for c in (1, 2, 3, 8)}
    report = Report(MEDIA, [row(1, 2), row(1), row(3), row(8), declined, {}])  # type: ignore[list-item]
    assert report["media"].base.asked == 5
    assert report.texts("media") == {
        "Radio": ("2", "40"),
        "Paper": ("1", "20"),
        "Other": ("1", "20"),
        "None": ("1", "20"),
        "Don't know": ("1", "20"),
        "Press or radio": ("2", "40"),
    }
    assert any("Several answers" in note for note in report["media"].notes)


AGE = """
items:
  - {id: age, type: number, text: How old?, max: 96, options: {97: 97 or older, 999: Not told}}
"""


def test_numbers_stand_in_ranges_and_exact_means():
    ages = [18, 19, 20, 25, 31, 33, 38, 41, 44, 49, 52, 60, 77]
    report = Report(AGE, [*({"age": a} for a in ages), {"age": 999}, {"age": DK}])
    texts = report.texts("age")
    assert texts["10–19"] == ("2", "13")
    assert texts["Not told"] == ("1", "7")
    assert sum(int(count) for count, _ in texts.values()) == 15
    summary = report["age"].summary
    assert summary is not None
    assert summary.mean == Fraction(sum(ages), len(ages))  # 999 is no age
    assert (summary.count_text, summary.median_text) == ("13", "38")


DRINKING = """
edition: 2
items:
  - id: days
    type: number
    range: 1 to 30
    text: How many days?
    options: {88: {text: None, value: 0}, 55: {text: It varies, missing: true}}
"""


def test_an_amount_that_an_option_names_has_its_line():
    """Who never drinks can be told from who drinks a little."""
    answers = [(2, 2), (3, 3), (0, 88), (0, 88), (25, 25), (55, 55)]
    report = Report(DRINKING, [{"days": days, "days_keyed": keyed} for days, keyed in answers])
    texts = report.texts("days")
    assert next(iter(texts)) == "None"
    assert texts["None"] == ("2", "33")
    assert texts["It varies"] == ("1", "17")
    assert sum(int(count) for count, _ in texts.values()) == 6
    summary = report["days"].summary
    assert summary is not None
    assert (summary.mean_text, summary.count_text) == ("6.00", "5")


def test_a_section_without_a_title_repeats_that_around_it_in_no_heading():
    report = Report(
        """
items:
  - id: core
    type: section
    title: Exercise
    items:
      - {id: inner, type: section, items: [{id: q, type: single, text: Q, options: {1: A, 2: B}}]}
""",
        [{"q": 1}],
    )
    assert report["q"].section == "Exercise"


def test_standard_deviation_and_median_of_known_numbers():
    """2, 4, 4, 4, 5, 5, 7, 9: mean 5, variance 32/7."""
    report = Report(AGE, [{"age": a} for a in (2, 4, 4, 4, 5, 5, 7, 9)])
    summary = report["age"].summary
    assert summary is not None
    assert (summary.mean_text, summary.deviation_text, summary.median_text) == (
        "5.00",
        "2.14",
        "4.5",
    )


@given(
    st.dictionaries(st.integers(0, 500).map(Fraction), st.integers(1, 9), min_size=1),
    st.integers(0, 7),
)
def test_every_number_is_in_one_range_and_no_range_is_thin(
    found: dict[Fraction, int], threshold: int
):
    made = build_bins(found, decimals=0, threshold=threshold)
    held = [sum(n for v, n in found.items() if b.low <= v < b.high) for b in made]
    assert sum(held) == sum(found.values())
    if len(held) > 1 and threshold > 1:
        assert min(held) >= threshold
    assert len(made) <= 15


@given(
    st.integers(-100, 100).map(Fraction),
    st.integers(0, 20_000).map(Fraction),
    st.lists(st.fractions(0, 1, max_denominator=99), min_size=1, max_size=30),
    st.integers(0, 7),
)
def test_ranges_are_the_questionnaire_s_whoever_is_asked(
    least: Fraction, span: Fraction, shares: list[Fraction], threshold: int
):
    most = least + span
    found = {least + int(share * span): 1 for share in (*shares, 1)}
    limits = {"least": least, "most": most}
    whole = build_bins({least: 1, most: 1}, decimals=0, threshold=0, **limits)
    made = build_bins(found, decimals=0, threshold=threshold, **limits)
    assert (made[0].low, made[-1].high) == (least, most + 1)
    assert {b.low for b in made} <= {b.low for b in whole}
    assert len(made) == len(whole) or threshold > 1


@pytest.mark.parametrize(
    ("least", "most", "labels"),
    [
        (1, 12, "1 2 3 4 5 6 7 8 9 10 11 12"),
        (18, 99, "18–29 30–39 40–49 50–59 60–69 70–79 80–89 90–99"),
        (0, 168, "0–19 20–39 40–59 60–79 80–99 100–119 120–139 140–159 160–168"),
        (18, None, "18–29 30–39 40–49 50–59 60–69 70–79 80 or more"),
    ],
)
def test_ranges_are_round_and_end_where_answers_do(least: int, most: int | None, labels: str):
    found = {Fraction(value): 9 for value in ((3, 5) if most == 12 else range(least, 90))}
    end = None if most is None else Fraction(most)
    made = build_bins(found, decimals=0, threshold=0, least=Fraction(least), most=end)
    assert " ".join(b.label for b in made) == labels


@pytest.mark.parametrize("most", [99_999, 99_999_999, 10**15])
def test_a_high_maximum_costs_nothing_and_ranges_are_those_of_the_answers(most: int):
    """Money with two decimals: every edge over the declared range would be thousands of millions of numbers."""
    incomes = [Fraction(cents, 100) for cents in range(45_000, 450_000, 4_999)]
    tracemalloc.start()
    made = build_bins(
        dict.fromkeys(incomes, 1), decimals=2, threshold=5, least=Fraction(0), most=Fraction(most)
    )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000
    assert [b.label for b in made][:2] == ["0.00–999.99", "1,000.00–1,999.99"]
    assert made[-1].label == "4,000.00 or more"
    assert sum(b.low <= income < b.high for b in made for income in incomes) == len(incomes)


def test_answers_all_over_a_high_maximum_have_the_questionnaire_s_ranges():
    limits = {"least": Fraction(0), "most": Fraction(99_999_999)}
    made = build_bins({Fraction(12): 1, Fraction(99_999_998): 1}, decimals=2, threshold=0, **limits)
    assert [made[0].label, made[-1].label] == ["0.00–9,999,999.99", "90,000,000.00–99,999,999.00"]


@given(st.fractions(0, 10_000, max_denominator=10_000))
def test_a_root_is_exact_to_its_digits(value: Fraction):
    assert compute_root(value) ** 2 <= value < (compute_root(value) + Fraction(1, 10**6)) ** 2


@given(st.lists(st.integers(0, 50), min_size=1, max_size=8).filter(any))
def test_printed_shares_never_add_up_to_more_than_rounding_allows(counts: list[int]):
    shares = [Fraction(n, sum(counts)) for n in counts]
    assert abs(sum_rounded_percentages(shares) - 100) <= Fraction(len(counts), 2)


def test_weights_count_in_shares_and_not_in_bases():
    rows = people("q2", _1=2, _2=2)
    report = Report(
        AGREE, rows, weights=[Fraction(3, 2), Fraction(3, 2), Fraction(1, 2), Fraction(1, 2)]
    )
    item = report["q2"]
    assert item.rows[0].total == Figure(Fraction(3), Fraction(3, 4), "3", "75")
    assert (item.base.count_text, item.base.weighted_text) == ("4", "4")
    assert item.base.effective_text == "3"  # 16/5 = 3.2
    assert item.summary is not None
    assert item.summary.mean == Fraction(5, 4)


def test_a_unanimous_group_is_flagged_and_so_is_a_small_base():
    few = Report(AGREE, people("q2", _1=8))["q2"]
    assert any("Unanimous" in note for note in few.notes)
    assert describe_base(few.base) == "Base: all 8 (small: one person is 12.5 percent)"
    assert describe_base(Report(AGREE, people("q2", _1=30))["q2"].base) == "Base: all 30"
    assert not any(
        "Unanimous" in note for note in Report(AGREE, people("q2", _1=6, _2=1))["q2"].notes
    )


def test_a_battery_is_one_chart_with_no_opinion_apart():
    rows = [*people("q2", _1=4, _2=3, _3=2, _4=1, _5=1), {"q2": DK}]
    battery = Report(AGREE, rows).battery("m")
    assert [side for _, side in battery.points] == ["left", "left", "right", "right", "apart"]
    (statement,) = battery.statements
    assert statement.statement == "The mission has been defined."
    shares = [segment.figure.share for segment in statement.segments]
    assert shares[-1] == Fraction(2, 12)
    assert sum(s for s in shares if s is not None) == 1


def test_an_odd_scale_has_a_middle():
    text = "items:\n  - {id: s, type: scale, text: How?, from: 1, to: 5}\n"
    sides = [row.side for row in Report(text, people("s", _1=1, _3=1, _5=1))["s"].rows]
    assert sides == ["left", "left", "middle", "right", "right"]


def test_a_margin_is_printed_only_where_it_is_wanted_and_shrinks_with_the_population():
    rows = people("q2", _1=50, _2=50)
    assert Report(AGREE, rows)["q2"].margin_text == ""
    asked = Report(AGREE, rows, options=ResultOptions(margins=True))["q2"].margin_text
    assert asked == "± 9.8 points at most, 95 % confidence"
    finite = Report(AGREE, rows, options=ResultOptions(margins=True, population=200))[
        "q2"
    ].margin_text
    assert finite.startswith("± 7.0 points")  # 9.8 · √(100/199) is 6.95, and at most is never less


@pytest.mark.parametrize("freedom", [1, 2, 5, 29, 30, 199, 499, 500, 5000])
def test_means_have_student_s_t(freedom: int):
    stats = pytest.importorskip("scipy.stats", reason="the extra [report]")
    assert float(compute_student_point(freedom)) == pytest.approx(
        stats.t.ppf(0.975, freedom), abs=5e-5
    )


def test_the_margin_of_a_mean_of_few_is_wider_than_a_normal_curve_has_it():
    """2, 4, 4, 4, 5, 5, 7, 9: standard deviation 2.138, t of 7 degrees 2.365."""
    report = Report(
        AGE,
        [{"age": a} for a in (2, 4, 4, 4, 5, 5, 7, 9)],
        options=ResultOptions(threshold=0, margins=True),
    )
    summary = report["age"].summary
    assert summary is not None
    assert summary.margin_text == "± 1.79"


def test_personal_items_are_not_reported_on():
    text = "items:\n  - {id: name, type: text, text: Who?, personal: true}\n  - {id: n, type: number, text: n}\n"
    report = Report(text, [{"name": "Kim", "n": 1}])
    assert [table.question.id for table in report.tables] == ["n"]


WHEN = """
items:
  - {id: born, type: date, text: When were you born?, partial: true}
  - {id: moved, type: date, text: When did you move?}
  - {id: rises, type: time, text: When do you get up?}
"""


def test_dates_are_reported_by_year_and_times_as_answered():
    rows = [
        {"born": f"{1950 + 3 * i}-05", "moved": date(1990 + i % 3, 1, 2), "rises": time(7)}
        for i in range(15)
    ]
    report = Report(WHEN, [*rows, {"born": DK, "moved": REFUSED}])
    assert report.texts("born")["1950–1959"] == ("4", "25")
    assert report.texts("moved") == {
        "1990": ("5", "31"), "1991": ("5", "31"), "1992": ("5", "31"), "Refused": ("1", "6"),
    }  # fmt: skip
    assert report.texts("rises") == {"Answered": ("15", "100")}
    assert report["born"].summary is None


def test_ranges_grow_until_nobody_is_alone_in_one():
    ages = [*[20] * 6, 21, *[25] * 3, 31, *[40] * 9, 92]
    report = Report(AGE, [{"age": a} for a in ages], options=ResultOptions(threshold=5))
    texts = report.texts("age")
    assert all(int(count) >= 5 for count, _ in texts.values() if count != "0")
    assert sum(int(count) for count, _ in texts.values()) == len(ages)


def test_what_only_an_older_questionnaire_asked_comes_last():
    made = instrument(AGREE)
    gone = Variable(name="old", label="Old one", labels={1: "Yes", 2: "No"}, item="old")
    several = [
        Variable(
            name=f"why_{c}", label=f"Reasons: {t}", option=c, item="why", labels={0: "", 1: ""}
        )
        for c, t in ((1, "Cost"), (2, "Time"))
    ]
    listed, _ = list_questions(made, [*build_columns(made), gone, *several])
    assert [(q.id, q.kind) for q in listed] == [
        ("q2", "scale"), ("q3", "scale"), ("old", "single"), ("why", "multiple"),
    ]  # fmt: skip
    assert [point.label for point in listed[-1].points] == ["Cost", "Time"]
    assert listed[-1].label == "Reasons"


ROSTER = """
items:
  - {id: size, type: number, text: How many?, max: 3}
  - id: person
    type: roster
    count: size
    max: 3
    title: Members
    items:
      - {id: sex, type: single, text: Which?, options: {1: Man, 2: Woman}}
"""


def test_each_turn_of_a_roster_has_its_own_base():
    report = Report(ROSTER, [{"size": 2, "sex_1": 1, "sex_2": 2}, {"size": 1, "sex_1": 2}])
    assert report["sex_1"].base.text == "all 2"
    assert report["sex_2"].base.text == "asked of 1, who reached turn 2"
    assert report.texts("sex_2")["Woman"] == ("1", "100")
    assert report["sex_2"].section == "Members"


# numbers, and what is no finding

NUMBERED = """
instrument: v
title: Numbers
study: {sponsor: Acme}
items:
  - {id: hello, type: read, text: "Good {daypart}, this is {interviewer} calling for Acme."}
  - {id: consent, type: single, text: May I?, options: {1: "Yes", 2: "No"}, declines: [], report: false}
  - {id: stop, type: end, unless: consent == 1, outcome: refusal_soft}
  - {id: q1, type: single, text: First?, options: {1: "Yes", 2: "No"}}
  - {id: m, type: battery, text: "{statement}?", options: {1: Agree, 2: Disagree}, statements: {ma: One, mb: Two}}
  - {id: person, type: roster, count: 2, max: 2, items: [{id: age, type: number, text: Age?}]}
  - {id: q2, type: single, text: Last?, options: {1: "Yes", 2: "No"}}
"""


def test_items_have_the_numbers_of_the_printed_questionnaire() -> None:
    made = instrument(NUMBERED)
    listed, _ = list_questions(made, build_columns(made))
    numbers = {question.id: question.number for question in listed}
    assert numbers == {
        "consent": "2", "q1": "4", "ma": "5a", "mb": "5b", "age_1": "6", "age_2": "6", "q2": "7",
        "person_turns": "",
    }  # fmt: skip
    printed = {
        item.id: item.number
        for part in build_booklet(made, languages=("en",)).parts
        for item in part.iterate_items()
    }
    assert printed == {
        "hello": "1",
        "consent": "2",
        "stop": "3",
        "q1": "4",
        "m": "5",
        "age": "6",
        "q2": "7",
    }


def test_statements_beyond_z_have_two_letters() -> None:
    many = "\n".join(f"      s{n}: Statement {n}" for n in range(30))
    made = instrument(
        f"items:\n  - id: m\n    type: battery\n    options: {{1: A, 2: B}}\n    statements:\n{many}\n"
    )
    numbers = number_items(made)
    assert [numbers[f"s{n}"] for n in (0, 25, 26, 27)] == ["1a", "1z", "1aa", "1ab"]
    assert len(set(numbers.values())) == 31


def test_what_is_no_finding_is_left_out_unless_it_is_asked_for(folder: Path) -> None:  # noqa: F811
    keep(
        *[scenario(NUMBERED).keys("", "1", "2", "1", "2", "30", "31", "1") for _ in range(6)]
    ).close()
    Path("v.yaml").write_text(NUMBERED, encoding="utf-8")
    made = build_results_report("v.yaml", ReportOptions(db="v.db"))
    assert isinstance(made, Results)
    assert [item.id for item in made.items] == [
        "q1",
        "ma",
        "mb",
        "age_1",
        "age_2",
        "q2",
        "person_turns",
    ]
    assert "Excluded from the report by the questionnaire: consent." in made.notes
    named = build_results_report("v.yaml", ReportOptions(db="v.db", items=("consent", "q1")))
    assert isinstance(named, Results)
    assert [(item.number, item.id) for item in named.items] == [("2", "consent"), ("4", "q1")]
    assert not any("Not reported" in note for note in named.notes)


def test_a_search_list_is_reported_by_its_most_frequent_answers() -> None:
    made = instrument("features/search_list.yaml")
    (question, *_) = (
        q for q in list_questions(made, build_columns(made))[0] if q.id == "occupation"
    )
    codes = list(question.variable.labels)
    assert len(codes) == 437
    answers = [codes[n] for n in range(30) for _ in range(40 - n)]
    report = Report("features/search_list.yaml", [{"occupation": code} for code in answers])
    rows = report["occupation"].rows
    assert [row.label for row in rows[:2]] == [question.variable.labels[code] for code in codes[:2]]
    assert [row.figures[0].count_text for row in rows[:2]] == ["40", "39"]
    assert (rows[20].label, rows[20].figures[0].count_text) == (
        "10 other answers",
        str(sum(range(11, 21))),
    )
    assert len(rows) == 21
