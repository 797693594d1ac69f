"""Real and made-up forms as questionnaires: without errors, with every expression carried over or listed by row."""

from functools import cache
from pathlib import Path
from time import process_time

import pytest
import yaml

from support.odk_client.vectors import ConvertedInterview, decode_recording
from support.scenario import instrument, scenario
from survey_cli.conversion.convert import convert_form
from survey_cli.conversion.loss_report import render_report
from survey_cli.conversion.questionnaire import writer
from survey_cli.conversion.questionnaire.writer import ConvertedForm
from survey_cli.instrument.checks.all_checks import CheckResult, check_instrument
from survey_cli.problems import UserError
from survey_cli.values import DK, REFUSED, Missing

FORMS = Path(__file__).parents[1] / "data" / "xlsform"
ALL = sorted(
    path
    for path in FORMS.rglob("*")
    if path.suffix in (".xlsx", ".xls", ".csv", ".md") and path.stem != "SOURCES"
)
RECORDED = [path for path in ALL if path.with_suffix(".odk.json").exists()]


@cache
def convert_once(path: Path) -> ConvertedForm:
    """Convert a form for all tests that only look at the result."""
    return convert_form(path)


def convert_text(tmp_path: Path, survey: str, choices: str = "") -> ConvertedForm:
    """Convert a form written as Markdown; an empty line ends nothing."""
    file = tmp_path / "form.md"
    file.write_text(
        f"| survey |\n{survey}\n| choices |\n| | list_name | name | label |\n{choices}\n",
        encoding="utf-8",
    )
    return convert_form(file)


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_no_form_has_errors_and_nothing_is_lost_without_a_row(path: Path) -> None:
    converted = convert_once(path)
    assert not converted.errors
    scenario(converted.text)
    for column, (carried, total) in converted.report.logic.items():
        lost = {
            e.row
            for e in converted.report.lost
            if e.part == "survey" and e.column in (column, "") and e.row > 1
        }
        assert total - carried <= len(lost)
        with_line = {
            e.row for e in converted.report.lost if e.part == "survey" and e.column == column
        }
        assert len(with_line - {1}) <= total - carried
    assert all(entry.text and entry.row >= 1 for entry in converted.report.lost)


@pytest.mark.parametrize("pattern", ["ipa__*", "*"])
def test_most_expressions_with_a_counterpart_are_carried_over(pattern: str) -> None:
    reports = [convert_once(path).report for path in ALL if path.match(pattern)]
    carried = sum(carried for report in reports for carried, _ in report.logic.values())
    total = sum(total for report in reports for _, total in report.logic.values())
    total -= sum(report.without_counterpart for report in reports)
    assert carried / total >= 0.95


def test_only_the_tablet_and_the_time_of_day_have_no_counterpart() -> None:
    reports = {path.stem: convert_once(path).report.without_counterpart for path in ALL}
    starter, phone = (
        "ipa__Advanced_CATI_starter_kit_with_attempt_workflow",
        "ipa__Phone_Survey_Form",
    )
    others = (
        "ipa__Likert_template",
        "ipa__date_allows_dk",
        "ipa__phq9___gad7",
        "ipa__random_module_order",
    )
    assert {name: count for name, count in reports.items() if count} == {
        starter: 9,
        phone: 4,
    } | dict.fromkeys(others, 1)


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_the_same_questions_are_relevant_as_in_an_odk_client(path: Path) -> None:
    interview = ConvertedInterview(path)
    filtered = {s.key for s in interview.list_slots() if getattr(s.item, "offered", None)}
    for values, relevant in decode_recording(
        path.with_suffix(".odk.json").read_text(encoding="utf-8")
    ):
        assert interview.ask(values) - filtered == relevant - filtered


def test_a_thousand_vectors_are_recorded() -> None:
    recorded = [
        decode_recording(path.with_suffix(".odk.json").read_text(encoding="utf-8"))
        for path in RECORDED
    ]
    assert sum(map(len, recorded)) >= 1000


def test_a_household_survey_reads_as_if_written_by_hand() -> None:
    text = convert_once(FORMS / "household_cati.md").text
    assert (
        """
      # row 8: the code -99 is don't know
      # row 8: the code -98 is refused
      - id: age
        type: number
        text: {en: How old are you?, es: ¿Cuántos años tiene?}
        instruction: "Don't know: -99. Refused: -98"
        min: 16
        max: 110
      - id: works
        type: single
        ask_if: age >= 18 or dk(age) or refused(age) or age < 0
"""
        in text
    )
    assert "text: {en: Don't know, es: No sabe}" in text
    assert "{options: yn}" not in text
    assert "        options: yn\n" in text


def test_every_type_and_column_has_its_place(tmp_path: Path) -> None:
    converted = convert_text(
        tmp_path,
        """
| | type | name | label | hint | appearance | relevant | constraint | required | default | image |
| | start | start | | | | | | | | |
| | decimal | weight | Weight? | In kg | | | . > 0.5 | yes | | |
| | text | why | Why? | | multiline | | | | | |
| | time | at | When? | | | | | | | |
| | datetime | both | Then? | | | | | | | |
| | range | mood | Mood? | | | | | | | |
| | geopoint | gps | Where? | | | | | | | |
| | select_one yn | likes | Like it? | | likert | | | yes | 1 | smile.png |
| | rank yn | best | In order? | | | | | | | |
| | text | zip | ZIP? | | | | regex(., '^[0-9]{5}$') | | | |
| | text | today | Reserved? | | | | | | | |
| | note | red | <span style="color: #ff0000">Dial now.</span> | | | | | | | |
""".strip(),
        "| | yn | 1 | Yes |\n| | yn | 0 | No |",
    )
    text = converted.text
    assert not converted.errors
    for line in (
        "decimals: 2",
        "min: 0.51",
        "declines: []",
        "instruction: In kg",
        "type: verbatim",
        "type: time",
        "type: scale",
        "prefill: 1",
        "mentions: ordered",
        "pattern: 99999",
        "- id: today_2",
        "by: interviewer",
        "text: Dial now.",
    ):
        assert line in text, line
    lost = {(entry.row, entry.column): entry.text for entry in converted.report.lost}
    assert lost[9, ""] == "an interview by telephone has no geopoint"
    assert (10, "image") in lost
    noted = {(entry.row, entry.column): entry.text for entry in converted.report.noted}
    assert noted[13, "name"] == "its id is today_2"
    assert noted[7, "type"].startswith("the date without the time")


def test_what_the_checks_reject_is_left_out_with_their_reason(tmp_path: Path) -> None:
    converted = convert_text(
        tmp_path,
        "| | type | name | label | default |\n| | date | born | Born? | 2010-06-15 |\n| | text | t | T? | |",
    )
    assert not converted.errors
    (entry,) = converted.report.lost
    assert (entry.row, entry.column) == (3, "default")
    assert "a date is required" in entry.text


SENTINELS = """
| | type | name | label | hint | relevant | constraint | required |
| | integer | age | How old are you? | | | (. >= 0 and . <= 120) or . = -999 or . = -888 | yes |
| | integer | kids | How many? | Enter -99 if she doesn't know and -88 for refused | | . <= 20 or . = -99 or . = -88 | |
| | integer | days | Days? | 88 = none. 77: varies | | (. >= 1 and . <= 30) or 88 = . or . = '77' or . = -7 | yes |
| | integer | odd | Odd? | | | . >= 1 and (. <= 5 or . = -5) | |
| | integer | top | Top? | | | . <= 90 or . = 50 or . = 99 | |
| | integer | gap | Gap? | | | (. >= 0 and . <= 6) or (. >= 10 and . <= 20) or . = 98 | |
| | text | why | Why? | | ${age} = -999 or ${days} = -7 | | |
""".strip()


def test_codes_beside_a_range_become_declines_that_can_be_entered(tmp_path: Path) -> None:
    converted = convert_text(
        tmp_path, SENTINELS, "| | yn | 1 | Yes |\n| | yn | -7 | Not applicable |"
    )
    assert not converted.errors
    asked = scenario(converted.text)
    ages = asked.key("-1").why, asked.key("121").why
    assert ages == ("-1 is less than 0", "121 is more than 120")
    call = asked.keys("-999", ".refused", "88", "2", "99", "98", "he forgot")
    assert call.status == "ended"
    assert (call.data["age"], call.data["kids"], call.data["days"]) == (DK, REFUSED, 88)
    assert call.data["why"] == "he forgot"
    assert call.data["gap"] == Missing("code_98")
    gap = asked.keys("-999", ".refused", "88", "2", "99")
    assert gap.key("8").why == "This answer is not accepted here."
    other = scenario(converted.text).keys("-888", "-99", "-7", "2", "3", "12", "it varied")
    assert (other.data["age"], other.data["kids"], other.data["days"]) == (
        REFUSED,
        DK,
        Missing("code_7"),
    )
    codes = {
        decline.id: decline.code for decline in instrument(converted.text).items["kids"].declines
    }
    assert codes == {"dk": -99, "refused": -88}
    assert "text: Not applicable" in converted.text, "what another question says of this code"
    assert "88: none" in converted.text
    assert "77: varies" in converted.text


def test_what_codes_mean_and_which_can_not_be_entered_is_reported(tmp_path: Path) -> None:
    report = convert_text(tmp_path, SENTINELS, "| | yn | 1 | Yes |\n| | yn | 0 | No |").report
    noted = {(entry.row, entry.text) for entry in report.noted}
    assert (
        3,
        "the code -999 is don't know: the form doesn't say what it means, so check it",
    ) in noted
    assert (4, "the code -99 is don't know") in noted
    assert (4, "the code -88 is refused") in noted
    assert (
        1,
        "numbers without a lower limit are 0 or more here, or need min: kids and top",
    ) in noted
    assert [(e.row, e.column, e.text) for e in report.lost] == [
        (6, "constraint", "-5 can't be entered, because it is less than 1: write it as a decline")
    ]


def test_a_code_that_a_question_does_not_have_is_reported_with_what_is_dropped(
    tmp_path: Path,
) -> None:
    report = convert_text(
        tmp_path,
        """
| | type | name | label | relevant | calculation |
| | select_one yn | agrees | Agree? | | |
| | begin group | more | More | selected(${agrees}, 'Yes') | |
| | text | first | First? | | |
| | end group | | | | |
| | text | second | Second? | ${agrees} = 'yes' or ${agrees} = 'nope' | |
| | calculate | score | | | if(${agrees} = 'Yess', 1, 2) |
| | text | third | Third? | ${agrees} = 'yes' and regex(${second}, 'a+') | |
""".strip(),
        "| | yn | yes | Yes |\n| | yn | no | No |",
    ).report
    why = "its condition is never true: agrees has no code 'Yes' (did you mean 'yes'?)"
    assert [(e.row, e.column, e.name, e.text) for e in report.lost] == [
        (4, "relevant", "more", f"left out: {why}"),
        (5, "", "first", f"left out with more: {why}"),
        (
            *(9, "relevant", "third"),
            "a part of it: there is no counterpart of regex(); without this part the item is asked more often",
        ),
    ]
    assert not {"more", "first"} & {entry.name for entry in (*report.carried, *report.noted)}
    noted = {(entry.row, entry.column): entry.text for entry in report.noted}
    assert noted[7, "relevant"].startswith("agrees has no code 'nope' (did you mean 'no'?)")
    assert noted[8, "calculation"].startswith("agrees has no code 'Yess' (did you mean 'yes'?)")


def test_a_list_of_outcomes_has_no_declines(tmp_path: Path) -> None:
    """ "Refusal" among outcomes is an answer of the interviewer, not a refusal to answer."""
    survey = "| | type | name | label |\n| | select_one status | status | Outcome? |"
    text = convert_text(
        tmp_path, survey, "| | status | 1 | Done |\n| | status | 5 | Refused |"
    ).text
    assert "5: Refused" in text


def test_turns_are_counted_by_a_question_in_a_group_of_the_repeat(tmp_path: Path) -> None:
    """Repeats usually have such a group, which shows several questions on one screen."""
    survey = """| | type | name | label | relevant | repeat_count | required |
| | begin repeat | r | R | | 3 | |
| | note | early | Early | position(..) = 2 | | |
| | begin group | g | G | | | |
| | text | q | Q? | | | yes |
| | text | second | In the second turn? | position(..) = 2 | | yes |
| | end group | | | | | |
| | end repeat | | | | | |"""
    converted = convert_text(tmp_path, survey)
    assert not converted.errors
    assert "ask_if: count(answered(r.q) or declined(r.q)) == 2" in converted.text
    [lost] = converted.report.lost
    assert (lost.row, lost.column) == (4, "relevant")
    assert lost.text.startswith("the number of the turn is known only after a question")

    respondent = scenario(converted.text)
    places = []
    for key in ("", "a", "", "b", "c", "", "d"):
        places.append(respondent.place)
        respondent = respondent.key(key)
    assert places == ["early#1", "q#1", "early#2", "q#2", "second#2", "early#3", "q#3"]


def test_a_sign_of_comments_begins_no_line_of_a_text(tmp_path: Path) -> None:
    for length in range(60, 110):
        words = f"{('word ' * 30)[:length]} # of things that you own, {'and the rest, ' * 20}all"
        survey = f"| | type | name | label |\n| | text | b | {words} |"
        converted = convert_text(tmp_path, survey)
        assert not converted.errors
        [item] = yaml.safe_load(converted.text)["items"]
        assert item["text"] == " ".join(words.split())

    for text, expected in (("a<br>&#35; c", "a\n# c"), ("a<br>No. # c", "a\nNo. # c")):
        converted = convert_text(tmp_path, f"| | type | name | label |\n| | text | b | {text} |")
        assert not converted.errors
        [item] = yaml.safe_load(converted.text)["items"]
        assert item["text"] == expected


def test_a_form_whose_questionnaire_is_too_large_is_refused(tmp_path: Path) -> None:
    braces = "{" * 3_000_000
    with pytest.raises(UserError, match="its questionnaire is larger than 5 MB"):
        convert_text(tmp_path, f"| | type | name | label |\n| | text | b | {braces} |")


@pytest.mark.time_limit
def test_fills_without_an_end_take_linear_time(tmp_path: Path) -> None:
    """Each was looked through to the end of the text: 4 MB took minutes."""
    began = process_time()
    converted = convert_text(
        tmp_path, f"| | type | name | label |\n| | text | b | {'${' * 500_000} |"
    )
    assert process_time() - began < 10
    assert not converted.errors


def test_what_a_questionnaire_cannot_have_is_left_out(tmp_path: Path) -> None:
    survey = """| | type | name | label | constraint | parameters |
| | integer | a | A | . > 5 and . < 2 | |
| | range | b | B | | start=9 end=3 |
| | text | c | C | regex(., '^007$') | |
| | text | d | ${ ${a} ${} | | |
| | select_one l | e | E | | |"""
    converted = convert_text(tmp_path, survey, "| | l | {x} | |\n| | l | y | \u200b |")
    assert not converted.errors
    lost = {(e.row, e.column): e.text for e in converted.report.lost}
    assert lost[3, "constraint"] == "no number is from 6 to 1"
    assert lost[4, "constraint"] == "no number is from 9 to 3"
    assert 'pattern: "007"' in converted.text
    items = yaml.safe_load(converted.text)["items"]
    assert items[-1]["options"] == {1: "{{x}}", 2: "y"}


def test_thousands_of_choices_with_one_text_are_reported_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each hundred was written and checked by itself: 100,000 choices took minutes."""
    calls = 0

    def count_and_check(*arguments: object, **options: object) -> CheckResult:
        nonlocal calls
        calls += 1
        return check_instrument(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(writer, "check_instrument", count_and_check)
    choices = "\n".join(f"| | l | {code} | the same |" for code in range(1, 500))
    converted = convert_text(
        tmp_path, "| | type | name | label |\n| | select_one l | a | A |", choices
    )
    assert not converted.errors
    assert calls == 2


def test_the_report_lists_sheet_row_column_and_reason() -> None:
    path = FORMS / "ipa__Phone_Survey_Form.xlsx"
    converted = convert_once(path)
    lines = render_report(converted.report, converted.words, path.name, "phone.yaml").splitlines()
    assert lines[2].endswith(
        "relevant 5 of 6, calculation 12 of 15; not carried over because they use the device, "
        "its place, or the time of day: 4."
    )
    lost = [entry.column for entry in converted.report.lost]
    assert sorted(lost) == ["calculation", "calculation", "calculation", "relevant"]
    assert "| survey | 23 | calculation | schedule_reached | - needs numbers |" in lines
    assert [line.partition(":")[0] for line in lines if line.startswith("## ")] == [
        "## Not carried over",
        "## Carried over with a note",
        "## Carried over",
    ]


@pytest.mark.parametrize(
    ("name", "contents", "what"),
    [
        ("form.doc", b"x", "no form that is known"),
        ("form.xlsx", b"x", "not a workbook"),
        ("form.csv", b"\xff\xfe", "not UTF-8"),
        ("form.csv", b"a,b\n", "no form that is known"),
        ("form.md", b"| survey |\n| | type | name |\n| | geopoint | g |\n", "no question"),
    ],
)
def test_what_is_no_form_is_explained(
    tmp_path: Path, name: str, contents: bytes, what: str
) -> None:
    file = tmp_path / name
    file.write_bytes(contents)
    with pytest.raises(UserError, match=what):
        convert_form(file)


def test_a_missing_file_is_explained(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="can't be read"):
        convert_form(tmp_path / "none.xlsx")


def test_a_comment_stands_where_something_is_missing(tmp_path: Path) -> None:
    survey = """
| | type | name | label | calculation |
| | integer | a | A? | |
| | calculate | twice | | ${a} * 2 |
| | begin repeat | trip | Trips | |
| | calculate | cut | | substr(${a}, 1) |
| | text | where | Where to? | |
| | end repeat | | | |
| | calculate | cut2 | | substr(${a}, 2) |
""".strip()
    text = convert_text(tmp_path, survey).text
    assert (
        """
compute:
  # row 6: calculation cut not carried over: there is no counterpart of substr()
  # row 9: calculation cut2 not carried over: there is no counterpart of substr()
  twice: a * 2
"""
        in text
    )
    assert (
        """
  # row 5: there is no number of repeats: a question after each turn decides
  - id: trip
    type: roster
"""
        in text
    )


def ask_turns(text: str, *answers: str) -> bool:
    """Return whether the last question is put after these answers."""
    now = scenario(text)
    for answer in answers:
        now = now.key(answer).settled()
    return now.prompt is not None and now.prompt.place.item == "last"


def test_values_of_all_turns_are_tested_one_by_one(tmp_path: Path) -> None:
    """The number called is the one chosen or, in a turn without a choice, the first one; a turn with 2 was no call."""
    survey = """
| | type | name | label | relevant | calculation | repeat_count | required |
| | integer | first | First? | | | | yes |
| | begin repeat | call | Calls | | | 2 | |
| | select_one yn | own | Own? | | | | yes |
| | integer | chosen | Chosen? | ${own} = 1 | | | yes |
| | calculate | number | | | if(relevant(${chosen}), ${chosen}, ${first}) | | |
| | calculate | called | | | if(${own} = 2, '', ${number}) | | |
| | end repeat | | | | | | |
| | calculate | all | | | join(' ', ${called}) | | |
| | note | last | Seven was called. | selected(${all}, '7') | | | |
""".strip()
    converted = convert_text(
        tmp_path, survey, "| | yn | 1 | Yes |\n| | yn | 0 | No |\n| | yn | 2 | None |"
    )
    assert not converted.errors
    assert [
        entry for entry in converted.report.lost if entry.column in ("relevant", "calculation")
    ] == []
    assert ask_turns(converted.text, "7", "1", "5", "0")
    assert not ask_turns(converted.text, "7", "1", "5", "1", "6")
    assert ask_turns(converted.text, "3", "1", "5", "1", "7")
    assert not ask_turns(converted.text, "7", "2", "2")
    assert not ask_turns(converted.text, "7", "1", "5", "2")


def test_a_column_whose_name_contains_a_code_and_a_label_as_text(tmp_path: Path) -> None:
    survey = """
| | type | name | label | calculation | relevant |
| | caseid | caseid | | | |
| | calculate | name_1 | | pulldata('f', 'name_1', 'id', ${caseid}) | |
| | calculate | name_2 | | pulldata('f', 'name_2', 'id', ${caseid}) | |
| | select_one who | who | Who? | | |
| | calculate | called | | pulldata('f', concat('name_', ${who}), 'id', ${caseid}) | |
| | calculate | word | | coalesce(jr:choice-name(${who}, '${who}'), 'nobody') | |
| | note | last | {called} | | ${called} = 'Ana' |
""".strip()
    text = convert_text(
        tmp_path, survey, "| | who | 1 | Mother |\n| | who | 2 | Father |\n| | who | 3 | Child |"
    ).text
    assert (
        "called: name_1 if answered(who) and who == 1 else name_2 if answered(who) and who == 2 else ''"
        in text
    )
    assert (
        "'Mother' if answered(who) and who == 1 else 'Father' if answered(who) and who == 2 else"
        in text
    )


def test_conditions_that_use_each_other_are_explained(tmp_path: Path) -> None:
    survey = """
| | type | name | label | relevant |
| | begin group | g | | relevant(${h}) |
| | text | a | A? | |
| | end group | | | |
| | begin group | h | | relevant(${g}) |
| | text | b | B? | |
| | end group | | | |
""".strip()
    lost = {entry.row: entry.text for entry in convert_text(tmp_path, survey).report.lost}
    assert lost[3].startswith("the condition of")


@pytest.mark.parametrize(
    ("survey", "row", "why"),
    [
        (
            """
| | type | name | label | relevant |
| | begin repeat | trip | Trips | |
| | integer | cost | Cost? | |
| | end repeat | | | |
| | text | last | Last? | indexed-repeat(${cost}) = 1 |
""",
            6,
            "there is no counterpart of indexed-repeat()",
        ),
        (
            """
| | type | name | label | constraint |
| | integer | cost | Cost? | . > 0 and . = 'inf' |
""",
            3,
            "'inf' is not a variable",
        ),
        (
            """
| | type | name | label | calculation | relevant |
| | calculate | drawn | | random() | |
| | calculate | word | | if(${drawn} < 0.5, jr:choice-name(${drawn}, 'x'), 'none') | |
| | note | last | Last. | | ${drawn} < 0.5 |
""",
            4,
            "the result is sometimes a label and sometimes a text",
        ),
    ],
)
def test_senseless_expressions_are_reported(
    tmp_path: Path, survey: str, row: int, why: str
) -> None:
    lost = {entry.row: entry.text for entry in convert_text(tmp_path, survey.strip()).report.lost}
    assert why in lost[row]


def test_a_calculation_has_only_mistakes_of_its_own(tmp_path: Path) -> None:
    """It also had those of the item in front of it, if that was left out because of them."""
    survey = """
| | type | name | label | relevant | calculation |
| | select_one yn | agrees | Agree? | | |
| | text | why | Why? | ${agrees} = 'nope' | |
| | calculate | two | | | 1 + 1 |
""".strip()
    report = convert_text(tmp_path, survey, "| | yn | 1 | Yes |\n| | yn | 0 | No |").report
    assert [(entry.row, entry.name) for entry in report.lost] == [(4, "why")]
    assert not report.noted


def test_the_reason_is_the_first_one_in_the_form(tmp_path: Path) -> None:
    """It was any of them, so that a form had another report each time."""
    names = ["nine", "two", "seven", "four", "one", "eight"]
    total = " + ".join(f"${{{name}}}" for name in sorted(names))
    questions = "\n".join(f"| | integer | {name} | {name}? | | |" for name in names)
    survey = f"""
| | type | name | label | relevant | calculation |
| | text | first | First? | ${{total}} > 5 | |
{questions}
| | calculate | total | | | {total} |
""".strip()
    lost = {entry.row: entry.text for entry in convert_text(tmp_path, survey).report.lost}
    assert lost[3].startswith("nine is asked later (row 4)")


def test_a_number_or_a_text_is_not_written_as_a_text(tmp_path: Path) -> None:
    """The name of the number, in quotes, was the text."""
    survey = """
| | type | name | label | calculation | relevant |
| | integer | a | A? | | |
| | integer | b | B? | | |
| | calculate | word | | if(${b} = 1, ${a}, 'none') | |
| | calculate | constant | | if(${b} = 1, 7, 'none') | |
| | note | last | Last. | | ${constant} = 'none' |
""".strip()
    converted = convert_text(tmp_path, survey)
    lost = {entry.row: entry.text for entry in converted.report.lost}
    assert "sometimes a number and sometimes a text" in lost[5]
    assert "'a'" not in converted.text
    assert "'7' if answered(b) and b == 1 else 'none'" in converted.text


def test_lists_with_nearly_the_same_name_keep_their_own_options(tmp_path: Path) -> None:
    survey = """
| | type | name | label |
| | select_one a-b | one | One? |
| | select_one a-b | two | Two? |
| | select_one a.b | three | Three? |
| | select_one a.b | four | Four? |
""".strip()
    choices = "| | a-b | 1 | Yes |\n| | a-b | 2 | No |\n| | a.b | 1 | Red |\n| | a.b | 2 | Blue |"
    text = convert_text(tmp_path, survey, choices).text
    converted = yaml.safe_load(text)
    lists = [question["options"] for question in converted["items"]]
    assert lists == ["a_b", "a_b", "a_b_2", "a_b_2"]
    assert "Red" in str(converted["scales"]["a_b_2"])


@pytest.mark.parametrize("type_", ["select_multiple nowhere", "rank nowhere"])
def test_a_question_without_its_list_is_reported_once_with_the_true_reason(
    tmp_path: Path, type_: str
) -> None:
    report = convert_text(tmp_path, FIRST_ROWS.replace("TYPE", type_)).report
    lost = [entry for entry in report.lost if entry.name == "q"]
    reason = f"the form has no choices for this question of the type {type_}"
    assert [entry.text for entry in lost] == [f"{reason}; without them it is left out"]


FIRST_ROWS = """| | type | name | label |
| | text | first | First |
| | TYPE | q | Which? |"""


def test_the_constraint_of_a_number_of_repeats_is_one_comment(tmp_path: Path) -> None:
    survey = """| | type | name | label | constraint | repeat_count |
| | integer | persons | How many? | . < pulldata( | |
| | begin repeat | people | Person | | ${persons} |
| | text | who | Name | | |
| | end repeat | | | | |"""
    text = convert_text(tmp_path, survey).text
    assert text.count("constraint not carried over") == 1
    position = text.index("constraint not carried over")
    assert position < text.index("id: persons") < text.index("id: people")


def test_what_choices_mean_is_read_once_however_many_questions_have_their_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = []

    class Words:
        def search(self, text: str) -> None:
            return None

        def fullmatch(self, text: str) -> None:
            compared.append(text)

    monkeypatch.setattr("survey_cli.conversion.model.decline_words._DECLINE_WORDS", {"dk": Words()})
    questions = [f"| | select_one many | q{number} | Which? |" for number in range(20)]
    choices = [f"| | many | {number} | Choice {number} |" for number in range(50)]
    survey = "\n".join(["| | type | name | label |", *questions])
    convert_text(tmp_path, survey, "\n".join(choices))
    assert sorted(compared) == sorted(f"Choice {number}" for number in range(50))
