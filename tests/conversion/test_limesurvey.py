"""Surveys of LimeSurvey: real ones, their conditions on random answers, and damaged ones."""

import csv
import random
import re
from pathlib import Path

import pytest

from support.blank_answers import BLANK, Joined, TableRow, list_ahead, read_table
from support.conducting import conduct
from support.scale import SCALE
from support.scenario import Scenario, instrument, scenario
from survey_cli.conversion.convert import convert_form
from survey_cli.conversion.questionnaire.writer import ConvertedForm
from survey_cli.entries import PickEntry
from survey_cli.problems import UserError

SURVEYS = Path(__file__).parents[1] / "data" / "convert" / "limesurvey"
QUESTIONS = {
    "citric_survey.lss": 4,
    "imex_two_languages.lss": 1,
    "lssdoc_audit_demo.lss": 8,
    "lssdoc_demo_4lang.lss": 47,
    "ssi_de_2017.txt": 70,
    "ssi_nl_2017.txt": 45,
    "ssi_uk_core_2017.lss": 59,
}
"""The questions of the real surveys, counted by another program."""
COLUMNS = (
    "class",
    "type/scale",
    "name",
    "relevance",
    "text",
    "help",
    "language",
    "validation",
    "mandatory",
    "other",
    "default",
)
Row = dict[str, str]


def make_question(type_: str, name: str, *parts: str, **cells: str) -> list[Row]:
    """Return a question with its parts: `SQ a` is a subquestion, `A1 x` an answer of scale 1."""
    question = {"class": "Q", "type/scale": type_, "name": name, "text": f"{name}?"} | cells
    rows = [question]
    for part in parts:
        class_, _, code = part.partition(" ")
        scale = "1" if class_.endswith("1") else "0"
        code, _, text = code.partition("=")
        rows.append(
            {"class": class_.rstrip("1"), "type/scale": scale, "name": code, "text": text or code}
        )
    return rows


def write_survey(path: Path, *questions: list[Row], **group: str) -> Path:
    rows: list[Row] = [
        {"class": "S", "name": "language", "text": "en"},
        {"class": "SL", "name": "surveyls_title", "text": "Made", "language": "en"},
        {"class": "G", "type/scale": "1", "name": "Main"} | group,
    ]
    for question in questions:
        rows += question
    names = list(COLUMNS)
    for row in rows:
        names += [name for name in row if name not in names]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, delimiter="\t", restval="")
        writer.writeheader()
        writer.writerows({"language": "en"} | row for row in rows)
    return path


def convert(tmp_path: Path, *questions: list[Row], **group: str) -> ConvertedForm:
    converted = convert_form(write_survey(tmp_path / "survey.txt", *questions, **group))
    assert not converted.errors
    return converted


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_real_survey_has_no_errors_and_is_carried_over(name: str) -> None:
    converted = convert_form(SURVEYS / name)
    assert not converted.errors
    assert conduct(converted.text).status == "ended"

    items = instrument(converted.text).items
    report = converted.report
    rows = {(entry.part, entry.row) for entry in [*report.carried, *report.noted]}
    lost = [entry for entry in report.lost if not entry.column]
    assert len(items) > 0.95 * (QUESTIONS[name] - len(lost))
    assert len(lost) <= 1
    assert rows

    for column, count in report.logic.items():
        if name != "lssdoc_audit_demo.lss":
            assert count.carried == count.total, column


CODES = {"Y": "1", "N": "2", "uni": "1", "-oth-": "5"}
"""The numbers of codes that are words in the real surveys."""


def read_real_conditions(file: str) -> dict[str, list[str]]:
    """Return what must be true of answers, by the questions with conditions."""
    with (SURVEYS / "real_conditions.csv").open(encoding="utf-8", newline="") as table:
        return {
            row["question"]: row["asked_if"].split()
            for row in csv.DictReader(table)
            if row["file"] == file
        }


def holds(condition: str, answers: dict[str, str]) -> bool:
    """Return the truth of `edu1=3|4` or `edu1!3`; a blank or a hidden question is empty."""
    name, sign, codes = re.split("([=!])", condition, maxsplit=1)
    numbers = [CODES.get(code, code) for code in codes.split("|")]
    return (answers.get(name, "") in numbers) == (sign == "=")


def answer_at_random(
    text: str, wanted: dict[str, list[str]], rng: random.Random
) -> tuple[set[str], dict[str, str]]:
    """Conduct an interview, often with answers that conditions use; return what was asked."""
    asked: set[str] = set()
    answers: dict[str, str] = {}
    now = scenario(text)
    while now.prompt is not None:
        item = now.place
        asked.add(item)
        code = ""
        if isinstance(now.prompt.entry, PickEntry):
            code = rng.choice([*wanted.get(item, []), str(rng.choice(list(now.offered)))])
        replies = [code, f"{code} words", "1", "2020-01-01"]
        if now.declines and (not code or rng.random() < 0.3):
            code = ""
            replies = [f".{rng.choice(list(now.declines))}"]
        for reply in replies:
            after = now.key(reply).settled()
            if not after.why and after.place != item:
                break
        assert after.place != item, (item, after.why)
        answers[item] = code
        now = after
    return asked, answers


@pytest.mark.parametrize("name", ["ssi_uk_core_2017.lss", "ssi_nl_2017.txt"])
def test_the_same_questions_of_a_real_survey_are_asked(name: str) -> None:
    """The table says by hand who is asked each question that has a condition."""
    rng = random.Random(7)
    conditions = read_real_conditions(name)
    wanted: dict[str, list[str]] = {}
    for parts in conditions.values():
        for part in parts:
            source, _, codes = re.split("([=!])", part, maxsplit=1)
            wanted.setdefault(source, []).extend(CODES.get(code, code) for code in codes.split("|"))

    text = convert_form(SURVEYS / name).text
    for _ in range(8 * SCALE):
        asked, answers = answer_at_random(text, wanted, rng)
        for question, parts in conditions.items():
            is_asked = all(holds(part, answers) for part in parts)
            assert (question in asked) == is_asked, (question, answers)


def test_the_flaws_of_a_survey_are_named() -> None:
    report = convert_form(SURVEYS / "lssdoc_audit_demo.lss").report
    assert [(entry.row, entry.name, entry.text) for entry in report.lost][:2] == [
        (1, "age", "income is asked later (id 4); without it the item is always asked"),
        (
            2,
            "satisf",
            "the form has no choices for this question of the type L; "
            "without them it is asked as a text",
        ),
    ]
    assert "several questions have the code age" in str(report.lost)


FIELDS = (
    make_question("L", "sex", "A 1=Female", "A 2=Male", "A 3=Other"),
    make_question("!", "drink", "A tea", "A milk"),
    make_question("N", "age", num_value_int_only="1"),
    make_question("S", "first"),
    make_question("D", "born"),
    make_question("M", "media", "SQ tv", "SQ web"),
    make_question("R", "order", "A A", "A B"),
    make_question("F", "trust", "SQ a", "A 1", "A 2", "A 3"),
    make_question("L", "fruit", "A 0=None", "A 1=Apple", other="Y"),
    make_question("M", "news", "SQ tv", other="Y"),
    make_question("Y", "gate", mandatory="Y"),
    make_question("Y", "kid", relevance='gate == "Y"'),
)
"""The fields of the table, in the order in which they are asked; the last may be hidden."""
KEYS = {
    "tea": "1",
    "milk": "2",
    "tv": "1",
    "web": "2",
    "tv+web": "1 2",
    "A": "1",
    "B+A": "2 1",
    "other": "96 kiwi",
    "words": "2 radio",
    "tv+words": "1 2 radio",
    "Y": "1",
    "N": "2",
}
HIDDEN = "hidden"


def answer_fields(text: str, answers: dict[str, str], rng: random.Random) -> Scenario:
    """Answer the fields; a blank is a don't know or a refusal, as nothing else leaves one."""
    now = scenario(text)
    for field, answer in answers.items():
        if field == "kid":
            now = now.key("2" if answer == HIDDEN else "1")
        if answer != HIDDEN:
            key = rng.choice((".dk", ".refused")) if answer == BLANK else KEYS.get(answer, answer)
            now = now.key(key)
            assert not now.why, (field, key, now.why)
    return now


def is_true(condition: TableRow | Joined, answers: dict[str, str]) -> bool:
    """A condition that uses a hidden question without .NAOK is false as a whole."""
    is_bare = re.search(r"\bkid\b(?!\.(?!code|value\b))", condition.text) is not None
    if is_bare and answers["kid"] == HIDDEN:
        return False
    return bool(condition.is_true(answers))


def test_conditions_are_true_of_the_same_answers_as_in_limesurvey(tmp_path: Path) -> None:
    rng = random.Random(30)
    table = read_table(SURVEYS / "conditions.csv")
    drawn: list[TableRow | Joined] = [table.draw_condition(rng) for _ in range(120)]
    conditions = [*table.rows, *drawn]
    notes = [
        make_question("X", f"c{number}", relevance=condition.text)
        for number, condition in enumerate(conditions)
    ]
    converted = convert(tmp_path, *FIELDS, *notes, make_question("X", "last"))
    for entry in converted.report.lost:
        assert "false in every" in entry.text or "is never true" in entry.text, entry

    for _ in range(1000):
        answers = table.draw_answers(rng)
        ahead = list_ahead(answer_fields(converted.text, answers, rng))
        for number, condition in enumerate(conditions):
            is_asked = f"c{number}" in ahead
            assert is_asked == is_true(condition, answers), (condition.text, answers)


@pytest.mark.parametrize(
    ("type_", "condition", "first", "second", "truth"),
    [
        ("N", "a.NAOK < b.NAOK", BLANK, "5", False),
        ("N", "a.NAOK < b.NAOK", "5", BLANK, False),
        ("N", "a.NAOK < b.NAOK", BLANK, BLANK, False),
        ("N", "a.NAOK <= b.NAOK", BLANK, BLANK, True),
        ("N", "a.NAOK <= b.NAOK", BLANK, "5", False),
        ("N", "a.NAOK == b.NAOK", BLANK, BLANK, True),
        ("N", "a.NAOK == b.NAOK", BLANK, "0", False),
        ("N", "a.NAOK != b.NAOK", BLANK, "5", True),
        ("N", "a.NAOK + b.NAOK < 5", BLANK, "4", True),
        ("N", "a.NAOK + b.NAOK == 4", "4", BLANK, True),
        ("N", "a.NAOK + b.NAOK < 5", BLANK, BLANK, False),
        ("N", "a.NAOK - 1 + b.NAOK == 2", "3", BLANK, True),
        ("N", "a.NAOK - 1 + b.NAOK == 2", BLANK, "3", False),
        ("N", "a.NAOK - b.NAOK > 2", "3", BLANK, False),
        ("N", "a.NAOK - 1 == b.NAOK", BLANK, BLANK, False),
        ("N", "a.NAOK / b.NAOK != 2", "3", BLANK, True),
        ("D", "a.NAOK < b.NAOK", BLANK, "2001-01-31", True),
        ("D", "a.NAOK < b.NAOK", "2001-01-31", BLANK, False),
        ("D", "a.NAOK > b.NAOK", "2001-01-31", BLANK, True),
        ("D", "a.NAOK <= b.NAOK", BLANK, BLANK, True),
        ("D", "a.NAOK >= b.NAOK", BLANK, "2001-01-31", False),
        ("D", "a.NAOK != b.NAOK", BLANK, BLANK, False),
    ],
)
def test_a_blank_beside_another_answer_is_no_number_or_the_first_of_all_dates(
    tmp_path: Path, type_: str, condition: str, first: str, second: str, truth: bool
) -> None:
    text = convert(
        tmp_path,
        make_question(type_, "a"),
        make_question(type_, "b"),
        make_question("X", "note", relevance=condition),
        make_question("X", "last"),
    ).text
    now = scenario(text)
    for answer in (first, second):
        now = now.key(".dk" if answer == BLANK else answer)
    assert ("note" in list_ahead(now)) == truth


def test_the_truth_of_a_number_tests_once_that_it_is_answered(tmp_path: Path) -> None:
    note = make_question("X", "note", relevance="age.NAOK")
    text = convert(tmp_path, FIELDS[2], note, make_question("X", "last")).text
    assert "ask_if: answered(age) and age != 0\n" in text
    for answer, is_asked in ((".dk", False), ("0", False), ("7", True)):
        assert ("note" in list_ahead(scenario(text).key(answer))) == is_asked


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        ("in_array(1, sex)", "there is no counterpart of in_array()"),
        ("not (sex == 1)", "there is no counterpart of not()"),
        ("sex == 1 xor sex == 2", "'xor' can't follow '1' in LimeSurvey"),
        ("not sex == 1", "'sex' can't follow 'not' in LimeSurvey"),
        ("(sex == 1 or sex == 2", "the expression is incomplete"),
        ('sex.type == "L"', "sex.type has no counterpart"),
        ('age < "tea"', "a number has no order with a text"),
        ('regexMatch("", age)', "an empty text is no regular expression"),
        ('sum(age, 2) >= ""', "a calculated value has no order with a text"),
        ("sex.value == 2", "points of an assessment have no counterpart"),
    ],
)
def test_what_a_condition_cannot_mean_is_lost(tmp_path: Path, condition: str, why: str) -> None:
    note = make_question("X", "note", relevance=condition)
    report = convert(tmp_path, FIELDS[0], FIELDS[2], note).report
    (lost,) = report.lost
    assert lost.name == "note"
    assert why in lost.text


@pytest.mark.parametrize(
    ("condition", "note"),
    [
        ("age + age + 1 > 3", "joins the digits of a sum of three or more"),
        ("age + age > 3", "leaves a blank out of a sum with +"),
        ('age < "18"', "takes numbers for texts beside a number in quotes"),
        ('age + 1 > "3"', "takes numbers for texts beside a number in quotes"),
        ('sum(age.NAOK) > "3"', "takes numbers for texts beside a number in quotes"),
        ('born <= "2000-01-01"', "a date has the time 00:00"),
    ],
)
def test_a_condition_that_surprises_is_noted(tmp_path: Path, condition: str, note: str) -> None:
    asked = make_question("X", "note", relevance=condition)
    report = convert(tmp_path, *FIELDS, asked).report
    assert any(note in entry.text for entry in report.noted if entry.name == "note")


def test_every_type_has_its_place(tmp_path: Path) -> None:
    converted = convert(
        tmp_path,
        make_question(
            "M",
            "media",
            "SQ tv=TV",
            "SQ web=Web",
            "SQ none=None of these",
            other="Y",
            exclude_all_others="none",
            max_answers="3",
            subquestion_order="random",
        ),
        make_question(
            "F",
            "often",
            "SQ tv=TV",
            "A 1=Often",
            "A 2=Never",
            array_filter="media",
            help="All rows",
        ),
        make_question("A", "rate", "SQ tv=TV", "SQ web=Web", array_filter_exclude="media"),
        make_question("P", "why", "SQ a=Price", "SQ b=Taste"),
        make_question(
            "K",
            "hours",
            "SQ w=Work",
            "SQ s=Sleep",
            min_num_value_n="0",
            em_validation_q="sum(self.NAOK) <= 24",
            em_validation_q_tip="At most 24 hours.",
        ),
        make_question("K", "share", "SQ w=Work", "SQ s=Sleep", equals_num_value="100"),
        make_question("K", "days", "SQ w=Work", "SQ f=Free", max_num_value="7"),
        make_question(":", "cells", "SQ a=Row", "SQ1 x=X", "SQ1 y=Yy", multiflexible_checkbox="1"),
        make_question("1", "dual", "SQ a=Row", "A 1=Low", "A1 n=No", "A1 y=Yes"),
        make_question("O", "home", "A a=House", "A b=Flat"),
        make_question("R", "best", "A a=One", "A b=Two", max_answers="1"),
        make_question("N", "year", num_value_int_only="1", suffix="AD"),
        make_question("*", "age", text='{date("Y") - year}'),
        make_question("*", "arm", text="{if(is_empty(arm.NAOK), rand(1, 2), arm.NAOK)}"),
        make_question("X", "hello", text="Dear {TOKEN:FIRSTNAME}, {if(age > 30, 'sir', 'boy')}!"),
        make_question("S", "zip", validation="/^[0-9]{5}$/"),
        make_question("S", "mail", em_validation_q="is_empty(this) || regexMatch('/@/', this)"),
        make_question("D", "day", date_min="2020-01-01"),
        make_question("X", "c1", relevance="cells_a_x.NAOK == 1 and why_b == 'Y' and arm == 2"),
        make_question("X", "c2", relevance="sum(cells_a_x.NAOK, cells_a_y.NAOK) > 1"),
        make_question("X", "c3", relevance="dual_a_1 == 'y' or !is_empty(home_comment)"),
        make_question("X", "c4", relevance="media_other.NAOK != '' and best_1 == 'b'"),
        make_question("N", "r1", random_group="z"),
        make_question("N", "r2", random_group="z"),
        make_question("L", "own", "A 1=One", "A 2=Two", other="Y", default="2"),
        make_question("X", "c5", relevance="own == '-oth-'"),
        make_question("X", "c6", relevance="own == 1 and nobody == 1"),
        make_question("|", "file"),
        [{"class": "QTA", "name": "quota"}],
    )
    # YAML quotes what begins with a digit.
    text = " ".join(converted.text.replace('"', "").split())
    for piece in (
        "3: text: None of these exclusive: true",
        "order: random max: 3",
        "help: All rows statements: often_tv: text: TV ask_if: 1 in media",
        "rate_web: text: Web ask_if: not answered(media) or 2 not in media",
        "2: text: Taste specify: true",
        "expect: sum_answered(hours_w, hours_s) <= 24 say: At most 24 hours.",
        "answer: type: number decimals: 2 total: 100",
        "expect: sum_answered(days_w, days_f) <= 7",
        "id: home_comment type: verbatim text: home? by: interviewer",
        "unit: AD",
        "age: years_between('2000-01-01', today()) + 2000 - year",
        "hello_fill1: 'sir' if answered(age) and age > 30 else 'boy'",
        "text: Dear {firstname|…}, {hello_fill1|…}!",
        "pattern: 99999",
        "expect: contains(mail, '@')",
        "expect: day >= '2020-01-01'",
        "ask_if: 1 in cells_a and 2 in why and arm == 'b'",
        "ask_if: count(1 in cells_a, 2 in cells_a) > 1",
        "ask_if: dual_a_1 == 2 or answered(home_comment)",
        "ask_if: 4 in media and rank(best, 2) == 1",
        "type: section order: random items: - id: r1 type: number",
        "prefill: 2",
        "ask_if: own == 96",
        "ask_if: own == 1",
    ):
        assert piece in text, piece
    assert {(entry.name, entry.text.partition(";")[0]) for entry in converted.report.lost} == {
        ("c6", "a part of it: the survey has no variable nobody"),
        ("file", "an interview by telephone has no file"),
        ("quota", "a row of the class QTA isn't read: export the survey as .lss"),
    }
    assert conduct(converted.text).status == "ended"


def test_a_group_that_is_hidden_hides_its_questions(tmp_path: Path) -> None:
    """Without .NAOK, a condition on a question of the group is false, also behind `!`."""
    first = make_question("N", "a")
    group = {"class": "G", "type/scale": "2", "name": "Second", "relevance": "a == 1"}
    converted = convert(
        tmp_path,
        first,
        [group, *make_question("N", "b")],
        [{"class": "G", "type/scale": "3", "name": "Third"}, *make_question("X", "last")],
        make_question("X", "bare", relevance="!(b > 5)"),
        make_question("X", "tolerant", relevance="!(b.NAOK > 5)"),
        make_question("X", "end"),
    )
    now = scenario(converted.text)
    assert list_ahead(now.key("2")) & {"bare", "tolerant"} == {"tolerant"}
    assert list_ahead(now.keys("1", ".dk")) & {"bare", "tolerant"} == {"bare", "tolerant"}
    assert list_ahead(now.keys("1", "6")) & {"bare", "tolerant"} == set()


def test_a_quota_of_none_screens_out() -> None:
    """The quota `fin` of the demonstration has a limit of 0; `fin2` is one of 10."""
    converted = convert_form(SURVEYS / "lssdoc_demo_4lang.lss")
    now = scenario(converted.text)
    assert now.keys("", "1", "2").place == "age"
    assert now.keys("", "1", "3", "").outcome == "not_eligible"
    assert "where: gender == 2" in converted.text
    assert "quota_full:" in converted.text
    assert "en: Sorry your responses have exceeded a quota on this survey." in converted.text
    # What has no words needs no translation.
    assert '    1: "1"' in converted.text


def write_lss(path: Path, type_: str = "Survey", rows: str = "") -> Path:
    """Write an export with one question, and more tables."""
    question = "<qid>5</qid><gid>2</gid><type>N</type><title>age</title><question>Age?</question>"
    path.write_text(
        f"<document><LimeSurveyDocType>{type_}</LimeSurveyDocType>"
        "<surveys><rows><row><sid>1</sid><language>en</language></row></rows></surveys>"
        "<groups><rows><row><gid>2</gid><group_name>A</group_name></row></rows></groups>"
        f"<questions><rows><row>{question}<language>en</language></row>{rows}</document>",
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize(
    ("contents", "what"),
    [
        (b"<document><LimeSurveyDocType>Survey</LimeSurveyDocType>", "no XML, or it is damaged"),
        (
            b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]>'
            b"<document><LimeSurveyDocType>Survey</LimeSurveyDocType>&c;</document>",
            "XML entities",
        ),
        (
            b"<document><LimeSurveyDocType>Group</LimeSurveyDocType></document>",
            "this is a group of LimeSurvey, not a survey",
        ),
        (
            b"<document><LimeSurveyDocType>Survey</LimeSurveyDocType></document>",
            "this survey has no questions",
        ),
        (b"class\ttype/scale\tname\ttext\nS\t\tsid\t1\n", "this survey has no questions"),
        (b"class\ttype/scale\tname\ttext\nQ\tS\ta\t\xff\n", "not UTF-8"),
    ],
)
def test_damaged_surveys_are_refused(tmp_path: Path, contents: bytes, what: str) -> None:
    file = tmp_path / "survey.lss"
    file.write_bytes(contents)
    with pytest.raises(UserError, match=what):
        convert_form(file)


@pytest.mark.parametrize("field", ["1X2X5", "Q5"])
def test_conditions_of_the_old_kind_are_relevance(tmp_path: Path, field: str) -> None:
    """Alternatives of one question, one of several scenarios; ids of old and new versions."""
    second = (
        "<row><qid>6</qid><gid>2</gid><type>S</type><title>why</title></row></rows></questions>"
    )
    conditions = "".join(
        f"<row><cid>{number}</cid><qid>6</qid><cfieldname>{field}</cfieldname><method>{method}"
        f"</method><value>{value}</value><scenario>{scenario}</scenario></row>"
        for number, method, value, scenario in (
            (1, "==", "17", 1),
            (2, "==", "18", 1),
            (3, "&gt;", "60", 2),
        )
    )
    tables = f"{second}<conditions><rows>{conditions}</rows></conditions>"
    converted = convert_form(write_lss(tmp_path / "survey.lss", rows=tables))
    assert "ask_if: age == 17 or age == 18 or age > 60" in converted.text


def test_fields_of_parts_are_known_by_ids(tmp_path: Path) -> None:
    """The choice `5` of question 6 is `1X2X65`, as question 65 would be, or `Q6_S7`."""
    media = "<row><qid>6</qid><gid>2</gid><type>M</type><title>media</title></row>"
    old = "<relevance>1X2X65.NAOK == &quot;Y&quot; and Q6_S7 == 'Y'</relevance>"
    last = f"<row><qid>8</qid><gid>2</gid><type>S</type><title>why</title>{old}</row>"
    part = "<qid>7</qid><parent_qid>6</parent_qid><title>5</title><question>TV</question>"
    tables = (
        f"{media}{last}</rows></questions><subquestions><rows><row>{part}</row></rows>"
        "</subquestions>"
    )
    converted = convert_form(write_lss(tmp_path / "survey.lss", rows=tables))
    assert "ask_if: 5 in media" in converted.text


def test_a_text_that_is_not_translated_is_the_first_one(tmp_path: Path) -> None:
    path = write_survey(tmp_path / "survey.txt", make_question("N", "a"), make_question("N", "b"))
    german = [
        {"class": "G", "name": "Haupt", "language": "de"},
        {"class": "Q", "type/scale": "N", "name": "a", "text": "A (de)?", "language": "de"},
        {"class": "S", "name": "additional_languages", "text": "de fr"},
        {"class": "G", "name": "Cadre", "language": "fr"},
    ]
    lines = ["\t".join(row.get(column, "") for column in COLUMNS) for row in german]
    with path.open("a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    converted = convert_form(path)
    assert not converted.errors
    assert "text: {en: a?, de: A (de)?, fr: a?}" in converted.text
    assert "no text in fr: the one in en stands for it" in str(converted.report.noted)
