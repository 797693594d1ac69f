"""`survey sample`: all cases or none, safe to repeat, everything reported."""

import io
import re
import signal
import sqlite3
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from support import postgres_server
from support.command_line import folder, written  # noqa: F401 - fixtures
from support.forked_survey import start_forked_survey
from support.user_errors import attempt
from survey_cli.cli.output.terminal import show_progress
from survey_cli.cli.run_command import run_command
from survey_cli.fieldwork.case.case import Case
from survey_cli.problems import UserError
from survey_cli.services.cases.case_actions import parse_replicates
from survey_cli.store import Store
from survey_cli.study.open_study import OpenStudy, open_study

ROOT = Path(__file__).parents[2]
FOUNDING = (str(ROOT / "instruments/asu_2000.yaml"), str(ROOT / "instruments/asu_2000_units.csv"))
STUDY = """\
instrument: study
title: Study
fieldwork: {country: US, hours: {mon-sun: "00:00-24:00"}, reason: a test}
sample:
  id: {type: text, role: key}
  who: {type: text, role: name}
  phone: {type: text, role: phone}
  zone: {type: text, role: zone}
  region: {type: text}
  first: {type: number, role: priority}
  wave: {type: text, role: replicate}
items:
  - {id: own, type: single, text: Own?, options: {1: "Yes", 2: "No"}}
"""
HEAD = "id,who,phone,zone,region,first,wave\n"
ROWS = """\
a,Ann Núñez,312 555 0100,America/Chicago,West,1,1
b,Bob,312 555 0101,America/Denver,East,2,2
c,Cid,12,America/Denver,East,,3
"""


@pytest.fixture(name="survey")
def a_command_line(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[str, str]]:
    def survey(*arguments: str, gives: int = 0) -> tuple[str, str]:
        """What a command says on stdout and on stderr."""
        code = run_command(list(arguments))
        out, err = capsys.readouterr()
        assert code == gives, out + err
        assert "Traceback" not in err
        return out, err

    return survey


@pytest.fixture(name="study")
def a_study() -> str:
    written("study.yaml", STUDY)
    written("cases.csv", HEAD + ROWS)
    return "study.yaml"


def opened(path: str = "study.yaml", **how: str) -> OpenStudy:
    study = open_study(path, **how)  # type: ignore[arg-type]
    assert isinstance(study, OpenStudy), study
    return study


def case(key: str) -> Case:
    with opened() as study:
        return Case.from_history(key, study.store.cases.queries.read_history(key))


def events(where: str = "responses/study.db") -> int:
    with sqlite3.connect(where) as db:
        return int(db.execute("SELECT count(*) FROM case_events").fetchone()[0])


def test_the_founding_surveys_units_come_in_once(survey) -> None:
    db = ("--db", "asu.db")
    out, err = survey("sample", "import", *FOUNDING, *db)
    assert "35 rows: 35 new" in out
    assert "35 can be dialed" in out
    assert "35 cases imported" in err
    before = events("asu.db")
    out, err = survey("sample", "import", *FOUNDING, *db)
    assert "0 new, 0 changed, 35 unchanged" in out
    assert "0 cases imported" in err
    out, err = survey("sample", "import", *FOUNDING, "--update", *db)
    assert "0 updated" in err
    assert events("asu.db") == before
    assert "El Paso District" in survey("case", "list", FOUNDING[0], *db)[0]
    assert "35 of 35 cases" in survey("case", "list", FOUNDING[0], *db)[1]


@pytest.fixture(name="server", scope="module")
def a_server() -> str:
    """Begun before any test's own folder is the one for what is temporary: the server may run as somebody else."""
    return postgres_server.create_address()


def test_the_same_on_a_server(server, survey) -> None:
    db = ("--db", server)
    survey("sample", "import", *FOUNDING, *db)
    assert "35 unchanged" in survey("sample", "import", *FOUNDING, *db)[0]
    assert "35 of 35 cases" in survey("case", "list", FOUNDING[0], *db)[1]
    summary = survey("case", "list", FOUNDING[0], "--next", "-n", "3", *db)[1]
    assert (
        sum(map(int, re.findall(r"(\d+) (?:callable now|ready|outside calling hours)", summary)))
        == 35
    )
    survey(
        "case", "outcome", FOUNDING[0], "Denver District", "refusal_hard", "--note", "wrote", *db
    )
    assert "2.112" in survey("case", "show", FOUNDING[0], "Denver District", *db)[0]


def test_an_error_keeps_everything_out_and_makes_no_database(survey, study) -> None:
    doubled = "".join(f"a,X,312 555 0100,Mars/Base {n},W,,1\n" for n in range(15))
    written("cases.csv", HEAD + ROWS + doubled)
    out, err = survey("sample", "import", study, "cases.csv", gives=1)
    assert out == ""
    assert "cases.csv:5" in err
    assert "nothing was imported" in err
    assert err.count("is already the case of line 2") == 10
    assert "… and 5 more errors of case-key" in err
    lines = [int(number) for number in re.findall(r"^cases\.csv:(\d+): id", err, re.MULTILINE)]
    assert lines == sorted(lines)
    assert not Path("responses/study.db").exists()
    assert "there are no cases yet" in survey("case", "list", study, gives=1)[1]


def test_a_dry_run_changes_nothing_and_shows_no_names(survey, study) -> None:
    out, err = survey("sample", "import", study, "cases.csv", "--dry-run")
    assert "3 new" in out
    assert "3 cases would be imported" in err
    assert not Path("responses/study.db").exists()
    survey("sample", "import", study, "cases.csv")
    written("cases.csv", HEAD + ROWS.replace("Ann Núñez", "Ana Roe").replace("West", "North"))
    before = events()
    out, _ = survey("sample", "import", study, "cases.csv", "--dry-run", "--update")
    assert "line 2: a: region: West → North" in out
    assert "line 2: a: who: (personal) → (personal)" in out
    assert "Ana" not in out
    assert "Núñez" not in out
    assert events() == before


def test_an_update_changes_what_the_file_says_and_nothing_else(survey, study) -> None:
    survey("sample", "import", study, "cases.csv", "--release", "all")
    written("fewer.csv", "id,region,phone\na,,312 555 0199\nb,East,312 555 0101\n")
    assert "1 differ and were not changed" in survey("sample", "import", study, "fewer.csv")[1]
    assert case("a").columns["region"] == "West"
    assert "1 updated" in survey("sample", "import", study, "fewer.csv", "--update")[1]
    found = case("a")
    assert "region" not in found.columns  # an empty cell empties
    assert (found.zone, found.priority, found.replicate) == ("America/Chicago", 1, "1")
    assert [n.position for n in found.numbers] == [1, 2]  # the number that went stays the case's
    with opened() as kept:
        contact = kept.store.cases.queries.find_contact("a")
        assert contact is not None
        assert contact.name == "Ann Núñez"
        assert [n.display for n in contact.numbers] == ["(312) 555-0100", "(312) 555-0199"]
    out, _ = survey("sample", "import", study, "fewer.csv", "--update")
    assert "0 changed, 2 unchanged" in out


def test_an_update_takes_no_case_from_a_station(survey, study) -> None:
    from datetime import UTC, datetime, timedelta

    from survey_cli.store.cases.case_records import Lease

    survey("sample", "import", study, "cases.csv", "--release", "all")
    with opened() as kept:
        at = datetime.now(UTC)
        kept.store.cases.claim_case("a", Lease("t", "ann", "s1", at + timedelta(hours=1)), at)
        written("cases.csv", HEAD + ROWS.replace("West", "North").replace("East", "South"))
        _, err = survey("sample", "import", study, "cases.csv", "--update")
        assert "2 updated" in err
        assert "1 are at a station" in err
        assert kept.store.cases.renew_lease("a", "t", at + timedelta(hours=2))
    assert case("a").columns["region"] == "West"


def test_a_number_that_cannot_be_read_is_kept_as_dead(survey, study) -> None:
    out, err = survey("sample", "import", study, "cases.csv", "--release", "all")
    assert "1 cannot be read" in out
    assert "1 without a number that may be dialed" in out
    assert "cases.csv:4" in err
    assert "(warning)" in err
    assert case("c").numbers[0].state == "dead"
    assert "no number is left" in survey("case", "show", study, "c")[0]


def test_replicates_wait_for_their_release(survey, study) -> None:
    _, err = survey("sample", "import", study, "cases.csv", "--release", "1")
    assert "2 of them wait until their replicate is released" in err
    assert case("a").released
    assert not case("b").released
    assert (
        "1 of 3 cases" in survey("case", "list", study, "--status", "unreleased")[1]
    )  # c has no number: done already
    assert "there is no replicate '7'" in survey("sample", "release", study, "7", gives=1)[1]
    assert "2 cases released" in survey("sample", "release", study, "2-3")[1]
    assert case("b").released
    assert case("c").released
    assert "0 cases released" in survey("sample", "release", study, "2-3")[1]


def test_an_unknown_replicate_keeps_everything_out(survey, study) -> None:
    assert (
        "there is no replicate '9'"
        in survey("sample", "import", study, "cases.csv", "--release", "9", gives=1)[1]
    )
    assert not Path("responses/study.db").exists()


@pytest.mark.parametrize(
    ("text", "names"),
    [("2", {"2"}), ("1-2", {"1", "2"}), ("2-11", {"2", "10"}), (" 1 , north", {"1", "north"}),
     ("all", {"1", "2", "10", "north"}), ("4-9", None), ("nort", None), ("", None), ("2-1", None)],
)  # fmt: skip
def test_replicates_are_named_by_number_span_or_name(text: str, names: set[str] | None) -> None:
    found = attempt(parse_replicates, text, {"1", "2", "10", "north"}, where="here")
    assert found == names if names is not None else isinstance(found, UserError)


def test_a_listed_number_is_marked_at_import(survey, study) -> None:
    survey("do-not-call", "add", "312 555 0101", "--country", "US", "--reason", "asked in a letter")
    out, _ = survey("sample", "import", study, "cases.csv", "--dry-run")
    assert "1 on the do-not-call list" in out
    survey("sample", "import", study, "cases.csv", "--release", "all")
    assert case("b").numbers[0].state == "never_call"
    assert case("a").numbers[0].state == "live"


def test_the_list_is_added_to_asked_and_counted(survey) -> None:
    written("registry.csv", "number,date,reason\n312 555 0100,2020-05-01,registry\n12,,\n")
    _, err = survey("do-not-call", "add", "registry.csv", "+44 20 7946 0958", "--country", "US")
    assert "2 numbers read, 2 of them new" in err
    assert "it is not blocked" in err
    assert "0 of them new" in survey("do-not-call", "add", "registry.csv", "--country", "US")[1]
    assert survey("do-not-call", "count")[0] == "2\n"
    assert (
        "is on the list: registry"
        in survey("do-not-call", "check", "+1 (312) 555-0100", gives=1)[0]
    )
    assert "is not on the list" in survey("do-not-call", "check", "+1 312 555 0177")[0]
    one = ("do-not-call", "remove", "+1 312 555 0100")
    assert "--reason" in survey(*one, gives=2)[1]
    nobody_else = survey(*one, "+1 312 555 0177", "--reason", "a slip", gives=1)[1]
    assert "+13125550177 is not on the list" in nobody_else
    assert survey("do-not-call", "count")[0] == "2\n"
    assert (
        "1 number removed from the list"
        in survey(*one, "--reason", "another person's now", "--by", "sue")[1]
    )
    assert "by sue: another person's now" in survey("do-not-call", "check", "+1 312 555 0100")[0]
    assert survey("do-not-call", "count")[0] == "1\n"
    assert "which country it is in" in survey("do-not-call", "check", "312 555 0100", gives=1)[1]
    assert (
        "--country" in survey("do-not-call", "add", "312 555 0100", "--country", "UK", gives=1)[1]
    )
    assert (
        "this is neither a file nor a number"
        in survey("do-not-call", "add", "registry.txt", gives=1)[1]
    )
    assert b"5550100" not in Path("responses/never_call.db").read_bytes()


def test_a_list_with_a_date_in_the_future_is_not_added_to(survey) -> None:
    today = datetime.now().astimezone().date()
    rows = f"312 555 0100,2020-05-01\n312 555 0101,{today + timedelta(days=1)}\n312 555 0102,2031-02-03\n"
    written("registry.csv", f"number,date\n{rows}312 555 0103,{today}\n")
    _, err = survey("do-not-call", "add", "registry.csv", "--country", "US", gives=1)
    assert "registry.csv:3: date: " in err
    assert (
        "registry.csv:4: date: '2031-02-03' is in the future; no number of this file is added to the list"
        in err
    )
    assert "leave the cell empty for today" in err
    assert "registry.csv:5" not in err
    assert survey("do-not-call", "count")[0] == "0\n"
    written("registry.csv", f"number,date\n312 555 0103,{today}\n")
    survey("do-not-call", "add", "registry.csv", "--country", "US")
    assert survey("do-not-call", "count")[0] == "1\n"


def test_only_a_supervisor_imports_where_people_are_listed(survey, study) -> None:
    written("responses/interviewers.csv", "login,role\nann,interviewer\nsue,supervisor\n")
    _, err = survey("sample", "import", study, "cases.csv", "--by", "ann", gives=1)
    assert "ann: is an interviewer, and only a supervisor may import a sample — ask sue" in err
    assert (
        "is not on the study's list of people"
        in survey("sample", "import", study, "cases.csv", "--by", "zoe", gives=1)[1]
    )
    assert not Path("responses/study.db").exists()
    survey("sample", "import", study, "cases.csv", "--by", "sue")


def test_what_is_wrong_with_the_files_is_said(survey, study) -> None:
    assert "there is no such file" in survey("sample", "import", study, "no.csv", gives=1)[1]
    assert "there is no such file" in survey("sample", "import", "no.yaml", "cases.csv", gives=1)[1]
    written(
        "plain.yaml", "instrument: plain\ntitle: P\nitems:\n- {id: a, type: number, text: A?}\n"
    )
    assert "role: key" in survey("sample", "import", "plain.yaml", "cases.csv", gives=1)[1]
    Path("responses").mkdir()
    Path("responses/study.db").write_bytes(b"not a database at all, " * 100)
    for dry in ((), ("--dry-run",)):
        assert (
            "responses/study.db" in survey("sample", "import", study, "cases.csv", *dry, gives=1)[1]
        )


def test_a_file_without_any_number_is_probably_another_file(survey, study) -> None:
    written("data.csv", "id,own,seconds\nx,1,20\ny,2,31\n")
    _, err = survey("sample", "import", study, "data.csv", gives=1)
    assert "no case has a telephone number that can be dialed" in err
    assert "the columns of the file are id, own and seconds" in err
    assert "the numbers are read from phone" in err
    assert not Path("responses/study.db").exists()

    survey("sample", "import", study, "cases.csv")
    written("regions.csv", "id,region\na,North\n")
    survey("sample", "import", study, "regions.csv", "--update")


def test_an_import_that_is_killed_is_none(survey, study) -> None:
    rows = "".join(f"k{n:06},,,America/Denver,West,,\n" for n in range(11_999))
    rows += "last,,312 555 0102,America/Denver,West,,\n"
    written("many.csv", HEAD + rows)
    survey("sample", "import", study, "cases.csv")
    child = start_forked_survey("sample", "import", study, "many.csv")
    arrived = 0
    with sqlite3.connect("file:responses/study.db?mode=ro", uri=True) as db:
        while arrived < 1_000 and child.poll() is None:
            arrived = db.execute("SELECT count(*) FROM cases").fetchone()[0]
            time.sleep(0.005)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert 1_000 <= arrived < 12_000
    assert "3 of 3 cases" in survey("case", "list", study)[1]
    with Store.open("responses/study.db", create=False) as store:
        assert sorted(store.cases.queries.iterate_keys()) == ["a", "b", "c"]
        assert len(store.cases.imports.list_rows()) == 1
    out, err = survey("sample", "import", study, "many.csv")
    assert "12,000 rows: 12,000 new" in out
    assert "12,000 cases imported" in err
    assert "12,003 cases" in survey("case", "list", study, "--limit", "1")[1]


def test_a_bar_is_drawn_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("survey_cli.cli.output.terminal.SHOW_AFTER_SECONDS", 0.0)
    for stream, bar in ((Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr("sys.stderr", stream)
        with show_progress() as progress:
            assert (progress is not None) == bar
            if progress is not None:
                progress(3, 3)
        assert ("3/3" in stream.getvalue()) == bar


def test_every_command_of_a_group_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    import typer.main

    from survey_cli.cli.app import build_app

    groups = {
        name: group.commands
        for name, group in typer.main.get_command(build_app()).commands.items()  # type: ignore[attr-defined]
        if hasattr(group, "commands")
    }
    assert set(groups) >= {"sample", "do-not-call", "case", "db"}
    for word, commands in groups.items():
        assert run_command([word, "--help"]) == 0
        listed = capsys.readouterr().out
        for name, command in commands.items():
            assert len(command.help) > 20
            assert all(len(parameter.help or "") >= 10 for parameter in command.params)
            assert f"  {name} " in listed
            assert run_command([word, name, "--help"]) == 0
            assert capsys.readouterr().out.startswith(f"Usage: survey {word} {name} ")
        assert run_command([word]) == 2
        assert f"survey {word}: a command is missing — choose one:" in capsys.readouterr().err
