"""The file of accounts: who can read it, what it is never a part of, and its schema."""

import os
import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from support.forked_survey import run_forked_survey
from survey_cli.problems import StoreError
from survey_cli.store.accounts import account_file
from survey_cli.store.accounts.account_file import FILE_NAME, open_account_file
from survey_cli.store.accounts.account_store import AccountStore
from survey_cli.store.backends.account import read_system_account

STUDY = """
instrument: small
title: Small
items:
  - id: age
    text: How old are you?
    type: number
"""
PEOPLE = "login,role\n{me},supervisor\nann,interviewer\n"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A study with a list of people, an interview, and an account."""
    (tmp_path / "small.yaml").write_text(STUDY)
    (tmp_path / "responses").mkdir()
    people = PEOPLE.format(me=read_system_account())
    (tmp_path / "responses" / "interviewers.csv").write_text(people)
    survey(tmp_path, "account", "add", "small.yaml", "ann")
    return tmp_path


def survey(folder: Path, *arguments: str, code: int = 0) -> str:
    done = run_forked_survey(*arguments, folder=folder)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def test_only_its_owner_can_read_it_also_in_the_folder_of_a_group(tmp_path: Path) -> None:
    tmp_path.chmod(0o2770)
    with AccountStore.open(tmp_path / FILE_NAME) as accounts:
        accounts.write_setting("name", "value")
        files = sorted(tmp_path.iterdir())
        assert {file.name for file in files} == {FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm"}
        for file in files:
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_a_shared_study_keeps_it_to_its_owner(study: Path) -> None:
    import grp

    group = grp.getgrgid(os.getgid()).gr_name
    survey(study, "study", "share", "small.yaml", "--group", group)
    file = study / "responses" / FILE_NAME
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    survey(study, "account", "list", "small.yaml")


def test_a_file_that_others_can_read_is_refused(study: Path) -> None:
    file = study / "responses" / FILE_NAME
    file.chmod(0o640)
    message = survey(study, "account", "list", "small.yaml", code=1)
    assert "others than its owner can read the accounts" in message
    assert f"run chmod 600 {file}" in message
    file.chmod(0o600)
    survey(study, "account", "list", "small.yaml")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another account")
def test_the_file_of_another_account_is_refused_even_for_root(study: Path) -> None:
    file = study / "responses" / FILE_NAME
    os.chown(file, 65534, -1)
    message = survey(study, "account", "list", "small.yaml", code=1)
    assert "belongs to the account nobody" in message
    os.chown(study / "responses" / "interviewers.csv", 65534, -1)
    message = survey(study, "account", "add", "small.yaml", "ann", code=1)
    assert "belongs to the account nobody, who manages the accounts" in message


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE notes (text)")
    path.chmod(0o600)
    with pytest.raises(StoreError, match="is not a file of accounts of this program"):
        AccountStore.open(path)


def test_additive_steps_of_a_newer_version_are_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    AccountStore.open(path).close()
    for step, is_refused in (("passkeys+", False), ("other", True)):
        with sqlite3.connect(path) as db:
            db.execute("INSERT INTO applied_steps VALUES (?, 9)", (step,))
        if is_refused:
            with pytest.raises(StoreError, match=r"written by a newer version .* 'other'"):
                AccountStore.open(path)
        else:
            AccountStore.open(path).close()


def test_a_missing_step_is_applied_when_the_file_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / FILE_NAME
    AccountStore.open(path).close()
    steps = tmp_path / "steps"
    steps.mkdir()
    (steps / "notes.sql").write_text("-- A later step.\n\nCREATE TABLE notes (\n    text TEXT\n)\n")
    monkeypatch.setattr(account_file, "STEPS_FOLDER", steps)
    monkeypatch.setattr(account_file, "ACCOUNT_STEPS", (*account_file.ACCOUNT_STEPS, "notes+"))
    db = open_account_file(path, create=False)
    assert db is not None
    assert db.read("SELECT name FROM applied_steps ORDER BY position")[-1] == ("notes+",)
    assert db.read("SELECT count(*) FROM notes") == [(0,)]
    db.close()


def test_an_invitation_from_before_roles_were_stored_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / FILE_NAME
    at = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
    with monkeypatch.context() as earlier:
        earlier.setattr(account_file, "ACCOUNT_STEPS", ("accounts",))
        store = AccountStore.open(path)
        store.add_account("ann", at=at, by="root")
        store.close()
    with closing(sqlite3.connect(path)) as db, db:
        time = "2026-12-01T09:00:00.000000Z"
        db.execute(
            "INSERT INTO invitations (token, login, made_at, made_by, until)"
            " VALUES ('token', 'ann', ?, 'root', ?)",
            (time, time),
        )

    store = AccountStore.open(path)
    invitation = store.find_invitation("token")
    assert invitation is not None
    assert invitation.role == ""
    store.close()


def test_no_backup_export_or_bundle_contains_accounts(study: Path) -> None:
    survey(study, "simulate", "small.yaml", "-n", "3", "--keep")
    survey(study, "db", "backup", "small.yaml", "backup.db")
    survey(study, "export", "small.yaml", "--origin", "all", "--bundle", "bundle")
    survey(study, "db", "verify", "small.yaml")
    accounts = sqlite3.connect(study / "responses" / FILE_NAME)
    [(token,)] = accounts.execute("SELECT token FROM invitations").fetchall()
    accounts.close()
    for file in study.rglob("*"):
        is_accounts = file.name.startswith(FILE_NAME)
        if file.is_file() and not is_accounts:
            assert token.encode() not in file.read_bytes(), file

    backup = sqlite3.connect(study / "backup.db")
    tables = {name for (name,) in backup.execute("SELECT name FROM sqlite_master")}
    backup.close()
    assert "web_sessions" not in tables
    assert "invitations" not in tables
