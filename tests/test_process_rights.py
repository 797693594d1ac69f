"""Everything that can reach outside of the study's database is known, and asks for the right to do so."""

import ast
from pathlib import Path

import pytest

from support.source_trees import ROOT, list_nodes
from survey_cli import process_rights
from survey_cli.sessions.station.dialing import read_dial_command

PACKAGE = ROOT / "survey_cli"
REACHES_OUTSIDE = {
    "ftplib", "http", "multiprocessing", "pty", "requests", "smtplib", "socket", "socketserver", "subprocess",
    "telnetlib", "urllib", "webbrowser", "xmlrpc",
}  # fmt: skip
CALLS = {
    "execv",
    "execve",
    "execvp",
    "fork",
    "forkpty",
    "popen",
    "posix_spawn",
    "spawnv",
    "startfile",
    "system",
}
HARMLESS = {"urllib.parse"}
SERVER = "web"
"""The package that listens to browsers. It also forks the seats, which ask for rights before their programs begin."""
KNOWN = {
    # the check of the files before there is any seat, in a process of its own; and a flag of reports
    "cli/commands/serve.py": {"os.fork"},
    # `survey case migrate`, on several cores; no seat does that
    "services/cases/interview_migration.py": {"multiprocessing"},
    # the lines of a text page, on the socket that its seat was given
    "plain/__init__.py": {"socket"},
    "plain/messages.py": {"socket"},
    # the dial command, which asks
    "sessions/station/dialing.py": {"subprocess"},
    # the name of this computer, and why a server can't be reached
    "sessions/interview/start_interview.py": {"socket"},
}


def find_outside(path: str) -> set[str]:
    """Return what a module uses to start programs or open addresses."""
    text = (PACKAGE / path).read_text(encoding="utf-8")
    if not any(word in text for word in (*REACHES_OUTSIDE, "os.")):
        # Most modules need not be parsed.
        return set()

    found = set()
    for node in list_nodes(PACKAGE / path):
        match node:
            case ast.Import(names=names):
                found |= {
                    alias.name for alias in names if alias.name.partition(".")[0] in REACHES_OUTSIDE
                }
            case ast.ImportFrom(module=str(module)) if module.partition(".")[0] in REACHES_OUTSIDE:
                found.add(module)
            case ast.Attribute(value=ast.Name(id="os"), attr=attribute) if attribute in CALLS:
                found.add(f"os.{attribute}")
    return found - HARMLESS


def test_every_module_that_reaches_outside_is_known() -> None:
    found = {}
    for path in PACKAGE.rglob("*.py"):
        module = path.relative_to(PACKAGE).as_posix()
        if module.startswith(f"{SERVER}/"):
            continue
        if uses := find_outside(module):
            found[module] = uses
    assert found == KNOWN


def test_a_seat_has_no_right_that_a_command_lacks() -> None:
    everything = process_rights.EVERYTHING.acts
    assert everything == set(process_rights.OutsideAct)
    desk = process_rights.make_folder_rights("/tmp")
    assert everything > desk.acts > process_rights.NOTHING.acts
    assert process_rights.get_rights() is process_rights.EVERYTHING


def test_a_seat_has_no_dial_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SURVEY_DIAL", "linphonecsh dial {number}")
    assert read_dial_command() == ("linphonecsh", "dial", "{number}")

    monkeypatch.setattr(process_rights, "_current", process_rights.NOTHING)
    assert read_dial_command() == ()


def test_a_desk_writes_into_its_folder_only(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (tmp_path / "link").symlink_to(own)
    (own / "out").symlink_to(tmp_path)
    rights = process_rights.make_folder_rights(str(tmp_path / "link"))
    allowed = (own, own / "a.csv", str(own / "b"), bytes(own / "c"), tmp_path / "link" / "d", 7)
    for path in allowed:
        assert rights.allow_files((path,)), path

    outside = (
        tmp_path / "a.csv",
        tmp_path / "own.csv",
        own / ".." / "a.csv",
        own / "out" / "a.csv",
        "a.csv",
    )
    for path in outside:
        assert not rights.allow_files((path,)), path
        assert not rights.allow_files((own / "a.csv", path))
    assert process_rights.EVERYTHING.allow_files(outside)
    assert not process_rights.NOTHING.allow_files(allowed)
