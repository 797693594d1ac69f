"""Commands with a server address as `--db` give what they give for a file, and never show a password."""

import csv
import io
from pathlib import Path

import pytest

from support import postgres_server
from support.command_line import folder, written  # noqa: F401 – fixtures
from survey_cli.cli.run_command import run_command

HOME = """\
instrument: home
title: Home
version: 1
sample:
  id: {role: key}
items:
  - {id: rooms, type: number, min: 1, max: 30, text: "How many rooms does your home have?"}
  - {id: garden, type: single, text: "Is there a garden?", options: {1: "Yes", 2: "No"}}
  - {id: street, type: text, personal: true, text: "Which street?"}
"""


HOURS = """hours: {mon-sun: "00:00-23:59"}, reason: A test., holidays: false, lease: 5m}
"""


@pytest.fixture(name="server")
def a_server() -> str:
    """The address as an interviewer would give it, with a password, without a schema."""
    written("home.yaml", HOME)
    return postgres_server.start_server().replace(
        "postgres@/postgres", f"postgres:hush@/{database()}"
    )


def database() -> str:
    name = f"office_{next(postgres_server.NUMBERS)}"
    postgres_server.run_query(postgres_server.start_server(), f"CREATE DATABASE {name}")
    return name


@pytest.fixture(name="survey")
def a_command_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def survey(*arguments: str, keyed: str = "", gives: int = 0) -> str:
        """What a command says, on either stream."""
        monkeypatch.setattr("sys.stdin", io.StringIO(keyed))
        code = run_command(list(arguments))
        out, err = capsys.readouterr()
        assert code == gives, err
        assert "hush" not in out + err
        return out + err

    return survey


def test_an_interview_is_put_aside_resumed_listed_verified_exported_and_copied(survey, server):
    for db in (server, "file.db"):
        first = survey(
            "interview",
            "home.yaml",
            "--case",
            "c1",
            "--plain",
            "--interviewer",
            "ann",
            "--db",
            db,
            keyed="4\n.suspend\n",
            gives=3,
        )
        assert f"stored in {'localhost/office' if db == server else 'file.db'}" in first
        again = survey(
            "interview",
            "home.yaml",
            "--case",
            "c1",
            "--plain",
            "--interviewer",
            "ann",
            "--db",
            db,
            keyed="2\nSeñal 🙂\n",
        )
        assert "Case c1 was suspended at “Is there a garden?”" in again
        survey(
            "interview",
            "home.yaml",
            "--case",
            "c2",
            "--plain",
            "--interviewer",
            "ann",
            "--db",
            db,
            keyed=".dk\n1\n.refused\n",
        )
        assert "2 interviews" in survey("case", "list", "--interviews", "home.yaml", "--db", db)
        assert "no problems" in survey("db", "verify", "home.yaml", "--db", db)
        name = "server.csv" if db == server else "file.csv"
        survey("export", "home.yaml", "-o", name, "--personal", "street", "--db", db)
    assert answers("server.csv") == answers("file.csv")
    assert [row["street"] for row in answers("server.csv")] == ["Señal 🙂", ""]

    survey("db", "backup", "home.yaml", "copy.db", "--db", server)
    assert "2 interviews" in survey("case", "list", "--interviews", "home.yaml", "--db", "copy.db")
    assert "no problems" in survey("db", "verify", "home.yaml", "--db", "copy.db")
    survey("export", "home.yaml", "-o", "copy.csv", "--personal", "street", "--db", "copy.db")
    assert Path("copy.csv").read_text() == Path("server.csv").read_text()


def answers(name: str) -> list[dict[str, str]]:
    """The rows without what differs between any two interviews."""
    with open(name, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    own = {"interview_id", "interview_began", "interview_updated"}
    return [{key: value for key, value in row.items() if key not in own} for row in rows]


def test_an_interview_goes_on_as_it_began_where_its_file_has_problems_now(survey, server):
    survey(
        "interview",
        "home.yaml",
        "--case",
        "c1",
        "--plain",
        "--db",
        server,
        keyed="4\n.suspend\n",
        gives=3,
    )
    written("home.yaml", HOME.replace("type: single", "type: sinngle"))
    said = survey(
        "interview",
        "home.yaml",
        "--case",
        "c1",
        "--plain",
        "--db",
        server,
        keyed="2\nHigh Street\n",
    )
    assert "missing or has problems now" in said


def test_two_instruments_share_a_database(survey, server):
    written("other.yaml", HOME.replace("instrument: home", "instrument: other"))
    survey("interview", "home.yaml", "--case", "c1", "--plain", "--db", server, keyed="4\n1\nx\n")
    assert "the schema other contains no study" in survey(
        "case", "list", "--interviews", "other.yaml", "--db", server, gives=1
    )
    survey("interview", "other.yaml", "--case", "c1", "--plain", "--db", server, keyed="4\n1\nx\n")
    assert "1 interview" in survey("case", "list", "--interviews", "other.yaml", "--db", server)


def test_one_station_calls_two_studies_of_a_server(survey, server):
    written("other.yaml", HOME.replace("instrument: home", "instrument: other"))
    for study, case in (("home", "H"), ("other", "O")):
        sampled = written(
            f"{study}.yaml",
            Path(f"{study}.yaml").read_text() + "fieldwork: {zone: Etc/UTC, " + HOURS,
        )
        sampled.write_text(
            sampled.read_text().replace(
                "id: {role: key}", "id: {role: key}\n  phone: {role: phone}"
            )
        )
        written(f"{study}.csv", f"id,phone\n{case},+13125550100\n")
        survey("study", "publish", f"{study}.yaml", "--db", server)
        survey("sample", "import", f"{study}.yaml", f"{study}.csv", "--db", server)
    station = ("station", "home.yaml", "other.yaml", "--plain", "--interviewer", "ann", "--db")
    said = survey(*station, server, keyed=".dial\nbusy\n.dial\nno_answer\n.leave\n")
    assert (
        said.index("[Case: H")
        < said.index("= H: busy")
        < said.index("[Case: O")
        < said.index("= O: no answer")
    )
    for db in ("one.db", f"{server}&schema=home"):
        assert "each study has its own database — leave it out" in survey(*station, db, gives=1)


def test_invented_people_stay_out_of_a_study_of_real_ones(survey, server):
    survey("simulate", "home.yaml", "-n", "20", "--keep", "--db", server)
    assert "20 interviews" in survey("case", "list", "--interviews", "home.yaml", "--db", server)
    assert "no problems" in survey("db", "verify", "home.yaml", "--db", server)
    survey("interview", "home.yaml", "--case", "c1", "--plain", "--db", server, keyed="4\n1\nx\n")
    assert "must not be mixed" in survey(
        "simulate", "home.yaml", "-n", "2", "--keep", "--db", server, gives=1
    )


@pytest.mark.parametrize(
    ("command", "more"),
    [
        ("case list --interviews", ()),
        ("db verify", ()),
        ("export", ("-o", "x.csv")),
        ("db backup", ("copy.db",)),
    ],
)
def test_a_server_that_is_not_there_is_told(survey, server, command, more):
    gone = "postgresql://ann:hush@127.0.0.1:1/field"
    said = survey(*command.split(), "home.yaml", *more, "--db", gone, gives=1)
    assert said.startswith("127.0.0.1:1/field: the server can't be reached — ")
    assert not list(Path.cwd().glob("x.csv")) + list(Path.cwd().glob("copy.db"))
