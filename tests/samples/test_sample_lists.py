"""Do-not-call registries and lists of interviewers as files."""

from datetime import date
from pathlib import Path

import pytest

from survey_cli.permissions import StaffRole
from survey_cli.samples.lists.do_not_call_file import DoNotCallFile, read_do_not_call_file
from survey_cli.samples.lists.people_file import PeopleFile, read_people
from survey_cli.samples.lists.role_change import build_changed_list


def barred(path: Path, written: str) -> DoNotCallFile:
    path.write_text(written, encoding="utf-8")
    found = read_do_not_call_file(path, country="US")
    assert isinstance(found, DoNotCallFile), found
    return found


@pytest.mark.parametrize(
    "written",
    [
        "312 555 0100\n(214) 555-0101\n+1 312 555 0100\n",
        "number\n312 555 0100\n214 555 0101\n",
        "Phone;Reason\n312 555 0100;x\n214 555 0101;y\n",
        "312,5550100\n214,5550101\n",  # the registry of the United States
    ],
)
def test_a_registry_may_have_one_number_a_line_or_columns(tmp_path: Path, written: str) -> None:
    found = barred(tmp_path / "never.csv", written)
    assert [one.number.e164 for one in found.numbers] == ["+13125550100", "+12145550101"]
    assert not found.problems


def test_date_and_reason_are_kept_and_what_is_not_barred_is_said(tmp_path: Path) -> None:
    path = tmp_path / "never.csv"
    found = barred(
        path, "date,reason,number\n11/24/2026,asked,312 555 0100\nlately,,214 555 0101\n,,555\n"
    )
    first, second = found.numbers
    assert (first.since, first.reason) == (date(2026, 11, 24), "asked")
    assert (second.since, second.number.e164) == (None, "+12145550101")
    assert [str(p).removeprefix(str(path)).partition(" — ")[0] for p in found.problems] == [
        ":3: date: 'lately': the value does not fit the column; the number is still blocked",
        ":4: number: '555': it has too few digits; it is not blocked",
    ]


def test_a_file_without_numbers_bars_nobody(tmp_path: Path) -> None:
    (tmp_path / "never.csv").write_text("name,town\nAnn,Rome\n")
    found = read_do_not_call_file(tmp_path / "never.csv", country="US")
    assert isinstance(found, list)
    assert "no column contains numbers" in str(found[0])


def test_people_have_languages_skills_a_pseudonym_and_a_role(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(
        'Login,languages,skills,pseudonym,role,sex,skils\npat,"en, ES",converter,I1,,f,x\nsam,,,S1,Supervisor,,\n'
    )
    found = read_people(tmp_path / "people.csv")
    assert isinstance(found, PeopleFile)
    pat, sam = found.people.interviewers.values()
    assert (pat.login, pat.languages, pat.skills, pat.pseudonym) == (
        "pat",
        {"en", "es"},
        {"converter"},
        "I1",
    )
    assert (pat.attributes, sam.attributes) == ({"sex": "f"}, {})
    assert pat.role is StaffRole.INTERVIEWER
    assert sam.role is StaffRole.SUPERVISOR
    assert sam.speaks("xx")
    assert [p.severity for p in found.problems] == ["warning", "warning"], (
        "Login, and skils, which is mistyped"
    )


def test_roles_are_written_as_people_write_them(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(
        "login,role\na,Shift leader\nb,shift_leader\nc,TRAINEE\nd,coder\ne,analyst\nf,\n"
    )
    found = read_people(path)
    assert isinstance(found, PeopleFile)
    assert [person.role.value for person in found.people.interviewers.values()] == [
        "shift leader",
        "shift leader",
        "trainee",
        "coder",
        "analyst",
        "interviewer",
    ]
    assert [person.login for person in found.people.iterate_callers()] == ["a", "b", "f"]

    path.write_text("login,role\na,owner\nb,boss\n")
    assert [str(problem).removeprefix(str(path)) for problem in read_people(path)] == [
        ":2: role: the list makes nobody the owner of a study: it is whoever owns its files"
        " — write supervisor",
        ":3: role: 'boss' is not a role — write supervisor, shift leader, interviewer, trainee,"
        " coder or analyst",
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("login,role\r\nann,\r\ntim,trainee\r\n", "login,role\r\nann,\r\ntim,interviewer\r\n"),
        ("role;login;sex\nTrainee;tim;f", "role;login;sex\ninterviewer;tim;f"),
        (
            'login,note,role\ntim,"a ""late"" one, Zoë \x85",trainee\n',
            'login,note,role\ntim,"a ""late"" one, Zoë \x85",interviewer\n',
        ),
        ("login,role,note\ntim,trainee\nann\n", "login,role,note\ntim,interviewer\nann\n"),
    ],
)
def test_a_role_is_changed_and_nothing_else(tmp_path: Path, before: str, after: str) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(before.encode())
    changed = build_changed_list(path, "tim", StaffRole.INTERVIEWER)
    assert (changed or b"").decode() == after


def test_a_list_that_is_no_text_is_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes('login,role\n"tim\n",trainee\n'.encode("utf-16"))
    assert build_changed_list(path, "tim", StaffRole.INTERVIEWER) is None


def test_all_that_is_wrong_with_a_list_of_people_is_said(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(
        "login,pseudonym,role\npat,I1,\nPAT,I2,\nkim lee,I3,\nsam,i1,\nlou,I4,supervizor\n,I5,\n"
    )
    found = read_people(path)
    assert isinstance(found, list)
    assert [str(p).removeprefix(str(path)) for p in found] == [
        ":3: login: 'PAT' is already in line 2 — give each person a different login name",
        ":4: login: 'kim lee' is not a login name — write the name that the person logs in with",
        ":5: pseudonym: 'i1' is already in line 2 — give each person a different login name",
        ":6: role: 'supervizor' is not a role — did you mean 'supervisor'?",
        ":7: login: the login name is missing — write the name that the person logs in with",
    ]


def test_no_two_people_have_names_that_look_the_same(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(
        "login\ncop\nann\u200b\n\u0430nn\n\u0441\u043e\u0440\n\u00e9lie\ne\u0301lie\n\u3164\n"
    )
    found = read_people(path)
    assert isinstance(found, list)
    same = "or a name that looks the same, is already in line"
    assert [str(p).removeprefix(str(path)) for p in found] == [
        ":3: login: 'ann<U+200B>' has a character that can't be seen — type it again, with one"
        " keyboard",
        ":4: login: '\u0430nn' mixes letters of two alphabets that look alike — type it again, with"
        " one keyboard",
        f":5: login: '\u0441\u043e\u0440', {same} 2 — give each person a different login name",
        f":7: login: '\u00e9lie', {same} 6 — give each person a different login name",
        ":8: login: '<U+3164>' has a character that can't be seen — type it again, with one"
        " keyboard",
    ]


def test_a_list_of_nobody_is_refused(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("login,role\n")
    assert isinstance(read_people(tmp_path / "people.csv"), list)
