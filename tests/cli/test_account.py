"""`survey account`: invitations are printed, and messages say what to do."""

import json
import re
import sys
from pathlib import Path

import pytest

from support.command_line import run_survey
from support.forked_survey import run_forked_survey
from survey_cli.installation import make_install_command
from survey_cli.services.accounts import password_hashes
from survey_cli.store.backends.account import read_system_account

STUDY = """
instrument: small
title: Small
items:
  - id: age
    text: How old are you?
    type: number
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "study.yaml").write_text(STUDY)
    return tmp_path


def list_people(folder: Path, *rows: str) -> None:
    (folder / "responses").mkdir(exist_ok=True)
    me = f"{read_system_account()},supervisor"
    text = "\n".join(("login,role", me, *rows, ""))
    (folder / "responses" / "interviewers.csv").write_text(text)


def survey(folder: Path, *arguments: str, code: int = 0) -> tuple[str, str]:
    done = run_forked_survey("account", *arguments, folder=folder)
    assert done.returncode == code, done.stderr
    return done.stdout, done.stderr


def test_without_a_list_of_people_it_says_how_to_write_one(folder: Path) -> None:
    _, message = survey(folder, "add", "study.yaml", "ann", code=1)
    assert message == (
        "responses/interviewers.csv: the study has no list of people, which says who may work in"
        " the browser — write it, with the columns login and role, and a row for each person,"
        " such as ann,interviewer\n"
    )
    assert not (folder / "responses").exists()


def test_an_invitation_is_a_link_with_its_token_behind_the_number_sign(folder: Path) -> None:
    list_people(folder, "ann,interviewer")
    link, notes = survey(folder, "add", "study.yaml", "ann")
    assert re.fullmatch(r"/invitation#[\w-]{43}\n", link)
    assert "ann: invited as interviewer, until " in notes
    assert "survey account invite study.yaml ann --address URL" in notes

    address = "https://survey.example.org"
    link, notes = survey(folder, "invite", "study.yaml", "ann", "--address", address)
    assert re.fullmatch(r"https://survey\.example\.org/invitation#[\w-]{43}\n", link)
    assert "send the link to ann only" in notes
    link, _ = survey(folder, "invite", "study.yaml", "ann")
    assert link.startswith(f"{address}/invitation#"), "the address is kept"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["add", "study.yaml", "anne"],
            "anne: is not on the study's list of people, responses/interviewers.csv — did you mean"
            " 'ann'? Otherwise add anne to it first, with a role\n",
        ),
        (
            ["add", "study.yaml", "ann"],
            "ann: has an account already — for a new invitation:"
            " survey account invite study.yaml ann\n",
        ),
        (
            ["reset", "study.yaml", "bob"],
            "bob: has no account — add it: survey account add study.yaml bob\n",
        ),
        (
            ["invite", "study.yaml", "ann", "--address", "http://x.org"],
            "--address: 'http://x.org' has no encryption, and passwords would be sent over it —"
            " write it as people open it, such as https://survey.example.org\n",
        ),
        (
            ["list", "study.yaml", "--db", "other/small.db"],
            "other/interviewers.csv: the study has no list of people, which says who may work in"
            " the browser — write it, with the columns login and role, and a row for each person,"
            " such as ann,interviewer\n",
        ),
    ],
)
def test_messages(folder: Path, arguments: list[str], message: str) -> None:
    list_people(folder, "ann,interviewer", "bob,interviewer")
    survey(folder, "add", "study.yaml", "ann")
    assert survey(folder, *arguments, code=1) == ("", message)


def test_the_list_and_the_log_say_what_was_done(folder: Path) -> None:
    list_people(folder, "ann,interviewer", "bob,interviewer")
    for login in ("ann", "bob"):
        survey(folder, "add", "study.yaml", login)
    _, notes = survey(folder, "disable", "study.yaml", "bob")
    assert "to undo it: survey account enable study.yaml bob" in notes

    table, notes = survey(folder, "list", "study.yaml")
    head, ann, bob = table.splitlines()
    assert head.split()[:3] == ["login", "role", "state"]
    assert re.match(r"ann +interviewer +invited until \w+ .* never", ann)
    assert re.match(rf"bob +interviewer +disabled by {read_system_account()}, ", bob)
    assert notes.startswith("responses/accounts.sqlite: 2 accounts")

    listed, _ = survey(folder, "list", "study.yaml", "--format", "json")
    assert [line["state"] for line in json.loads(listed)] == ["invited", "disabled"]
    log, _ = survey(folder, "log", "study.yaml", "bob", "--format", "json")
    assert [entry["what"] for entry in json.loads(log)] == ["invited", "disabled"]
    log, _ = survey(folder, "log", "study.yaml", "--since", "2099-12-31")
    assert log.splitlines() == ["when  account  what  by  address  browser"]

    survey(folder, "enable", "study.yaml", "bob")
    _, notes = survey(folder, "sign-out", "study.yaml", "bob")
    assert notes == "bob: signed out of 0 sessions\n"


def test_without_the_extra_it_says_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    list_people(folder, "ann,interviewer")
    password_hashes._make_hasher.cache_clear()
    monkeypatch.setitem(sys.modules, "argon2", None)
    _, message = run_survey(folder, "account", "add", "study.yaml", "ann", code=1)
    assert message.startswith("accounts: this installation can't work in the browser")
    assert message.strip().endswith(make_install_command("web"))
    assert run_survey(folder, "account", "list", "study.yaml")[0] == "", "nothing was added"
