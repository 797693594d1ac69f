"""Every command that the documents print is carried out, on the study that they speak of.

Each runs in its own copy of one folder: the questionnaire, the files beside it, and a database with cases, calls and
interviews of 24 November 2026. Tutorials are followed step by step in `test_docs.py`; commands on a server are in
`cli/test_postgres_commands.py`.
"""

import grp
import os
import shutil
import sys
from datetime import UTC, datetime
from io import BytesIO, TextIOWrapper
from pathlib import Path

import openpyxl
import pytest

from support.pages import ROOT, iterate_commands, iterate_fences, list_pages
from support.shift import Shift, interviewed
from survey_cli.cli.run_command import run_command

NOON = datetime(2026, 11, 24, 16, 50, tzinfo=UTC)
"""The clock of all commands: 10:50 in Chicago, after the calls of the day."""

STUDY = """\
instrument: study
title: Members of the Institute
version: "1"
languages: [en, es]
sample:
  unit: {type: text, role: key}
  kind: {type: single, options: {1: Sector, 2: District}}
  region: {type: text}
  name: {type: text, role: name}
  phone: {type: text, role: phone}
  zone: {type: text, role: zone}
  wave: {type: text, role: replicate}
scales:
  agreement: {1: Strongly agree, 2: Agree, 3: Disagree, 4: Strongly disagree}
"""
ITEMS = """\
items:
  - {id: hello, type: read, text: "Good {daypart}, this is {interviewer} calling for the Institute."}
  - {id: q1, type: single, text: Are you a member?, options: {1: "Yes", 2: "No"}}
  - {id: q2, type: single, text: Is the mission clear?, options: agreement}
  - id: mission
    type: section
    title: Mission
    items:
      - {id: m1, type: single, text: Are its goals?, options: agreement}
  - {id: age, type: number, text: How old are you?, min: 18, max: 99}
  - {id: q5, type: number, text: How many years?, min: 0, max: 60}
  - {id: reason, type: verbatim, text: Why did you join?}
  - {id: occupation, type: text, text: What is your occupation?, personal: true}
"""
FIELDWORK = """\
fieldwork:
  frame: establishment
  country: US
  zone: America/Chicago
  hours: {mon-sat: "08:00-21:00"}
  attempts: {total: 8, per_day: 3}
  refusals: {max: 2}
  retention: {contacts: 90d}
  monitoring: hello
"""
ANALYSIS = """\
variables:
  satisfied: {label: Satisfied, top: {of: q2, first: 2}, options: {1: Satisfied, 0: Not satisfied}}
weights:
  main: {rake: targets.csv, trim: 5}
filters:
  older: age >= 60
banners:
  main: {columns: [kind, region]}
"""
CASES = """\
unit,kind,region,name,phone,zone,wave
1001,1,West,Alice Adams,312 555 0100,America/Chicago,1
1017,2,West,Bob Baker,312 555 0122,America/Chicago,1
1018,1,East,Carol Clark,312 555 0102,America/Chicago,1
1042,2,East,Dora Dean,312 555 0103,America/Chicago,1
1043,1,West,Ed Evans,312 555 0104,America/Chicago,1
1044,2,East,Flo Ford,312 555 0105,America/Chicago,2
1045,2,East,Gus Gray,312 555 0106,America/Chicago,3
1046,1,West,Hal Hill,312 555 0107,America/Chicago,4
"""
PEOPLE = """\
login,role
ann,interviewer
bob,interviewer
sue,supervisor
"""

SAME_STUDY = {"asu.yaml", "library.yaml", "mysurvey.yaml", "other.yaml", "/srv/study/study.yaml"}
"""What pages call a study that stands for any study."""

WRITES_A_QUESTIONNAIRE = ("new", "convert")
ON_A_SERVER = ("$OWNER", "$DB", "postgresql://")
UNTIL_CTRL_C = {"board", "serve", "preview", "watch", "--watch", "--every"}
"""Commands and options that go on until they are stopped. Their own tests run them."""
ACTIONS_ON_ACCOUNTS = ("disable", "enable", "invite", "list", "log", "reset", "sign-out")
ANSWERS = {
    **dict.fromkeys(
        (f"account {action}" for action in ACTIONS_ON_ACCOUNTS), "there are no accounts yet"
    ),
    "case answer": "it was not referred to a supervisor",
    "case why": "next: never, unless a supervisor reopens it",
    "case free": "no station has it",
    "case migrate study.yaml 1017 1018": "2 cases skipped",
    "case reassign": "has no appointments",
    "check library.yaml --accept": "visits has not changed its meaning",
    "check study.yaml --accept": "has not changed its meaning",
    "code study.yaml reason --agreement": "was coded by two coders",
    "db log study.yaml --since 2026-12-01": "2026-12-01 is in the future",
    "db restore /mnt": "the folder contains no backup of the study",
    "db restore backup.db": "there is no such backup",
    "db restore responses/study.before-counts.db": "there is no such backup",
    "diff library.yaml": "no interviews with another version",
    "explain radiogroup": "'radiogroup' is not in the vocabulary",
    "do-not-call remove": "is not on the list",
    "interview study.yaml --case": "its interview is finished (complete)",
    "privacy erase study.yaml 10": "there is no terminal to confirm it",
    "station asu.yaml border.yaml": "there are no cases yet",
    "study people study.yaml --release tim": "tim: is not on the study's list of people",
    "study message study.yaml --withdraw 2": "there is no message 2",
    "study resume": "the study is not paused",
    "study shift study.yaml ann --to 17:30": "this time is in the future",
    "test study.yaml": "there is no such file of scenarios",
    "translations import": "it cannot be read",
    "translations status": "",
}
"""What commands answer that this study gives nothing to do, by their beginning. All others are carried out."""
WITHOUT_A_PERSON = {"interview study.yaml --practice": 3}
"""Exit codes of commands that wait for somebody to answer, by their beginning: the interview is suspended."""


def list_printed_commands() -> dict[str, list[str]]:
    """List the commands of all pages but the tutorials, each once, by the place where it stands first."""
    followed = {
        ROOT / "README.md",
        ROOT / "docs" / "index.md",
        *(ROOT / "docs" / "tutorials").iterdir(),
    }
    commands: dict[str, list[str]] = {}
    for page in list_pages():
        if page in followed or page.stem == "testing-a-questionnaire":
            continue
        for fence in iterate_fences(page, "sh"):
            for words in iterate_commands(fence):
                on_server = any(word.startswith(ON_A_SERVER) for word in words)
                ends = not UNTIL_CTRL_C.intersection(words)
                if ends and words not in commands.values() and not on_server:
                    commands[f"{fence}: {' '.join(words)}"] = words
    return commands


COMMANDS = list_printed_commands()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Conduct a day of fieldwork, and put everything that the pages name beside it."""
    folder = tmp_path_factory.mktemp("prepared")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("survey_cli.store.backends.account.read_system_account", lambda: "sue")
        conduct_day(folder)
    (folder / "interviewers.csv").rename(folder / "responses" / "interviewers.csv")
    (folder / "cases.csv").rename(folder / "sample.csv")

    questionnaire = STUDY + ITEMS + FIELDWORK
    earlier = questionnaire.replace("How many years?", "How many years in all?")
    (folder / "study_v1.yaml").write_text(earlier)
    (folder / "library_v1.yaml").write_text(earlier)
    for other in ("asu", "border", "library", "other"):
        (folder / f"{other}.yaml").write_text(
            questionnaire.replace("instrument: study", f"instrument: {other}")
        )

    (folder / "study.analysis.yaml").write_text(ANALYSIS)
    (folder / "library.simulation.yaml").write_text(
        "answers: {q1: {1: 90%}}\nfieldwork: {days: 2}\n"
    )
    (folder / "targets.csv").write_text("variable,value,share\nregion,West,0.5\nregion,East,0.5\n")
    (folder / "counts.csv").write_text("code,count\n1.1,10\n2.11,5\n3.12,7\n")
    (folder / "paper.csv").write_text(
        "interview_case,q1,q2,m1,age,q5,reason,occupation\np1,1,2,2,50,9,Friends,Cook\n"
    )
    (folder / "registry.csv").write_text("phone\n+1 312 555 0199\n")
    (folder / "backups").mkdir()
    (folder / "back").mkdir()
    write_form(folder / "form.xlsx")
    return folder


def conduct_day(folder: Path) -> None:
    """Release two replicates, and interview five people at two stations."""
    (folder / "responses").mkdir()
    database = str(folder / "responses" / "study.db")
    shift = Shift(
        folder, ITEMS, CASES, FIELDWORK, STUDY, people=PEOPLE, db=database, name="study.yaml"
    )
    assert (
        run_command(
            [
                "sample",
                "release",
                str(shift.file),
                "1-2",
                "--db",
                database,
                "--people",
                shift._list(),
            ]
        )
        == 0
    )
    ann = shift.station("ann")
    bob = shift.station("bob")
    assert bob.fetch_case("1017").rejection is None
    for station in (ann, bob, ann, bob, ann):
        assert station.dial().rejection is None
        shift.later(minutes=1)
        interviewed(station, "1", "2", "3", "64", "12", "Friends", "Baker")
        shift.later(minutes=6)
        assert station.close_interview().rejection is None
    Shift.close_all()


def write_form(path: Path) -> None:
    """Write the smallest XLSForm."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "survey"
    sheet.append(["type", "name", "label"])
    sheet.append(["integer", "age", "How old are you?"])
    book.save(path)


def adapt_command(words: list[str], folder: Path) -> list[str]:
    """Name the study, backups and the group of people of this computer."""
    own_group = grp.getgrgid(os.getgid()).gr_name
    there = {
        **dict.fromkeys(SAME_STUDY, "study.yaml"),
        "/mnt/backups": str(folder / "backups"),
        "interviewers": own_group,
        "studies": ".",
        "El Paso Sector": "1017",
    }
    return [there.get(word, word) for word in words]


@pytest.mark.parametrize("place", COMMANDS)
def test_a_printed_command_is_carried_out(
    place: str,
    prepared: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "study"
    shutil.copytree(prepared, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setattr("survey_cli.cli.output.datetimes.now", lambda: NOON)
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO()))
    words = adapt_command(COMMANDS[place], folder)
    if words[0] in WRITES_A_QUESTIONNAIRE:
        (folder / "study.yaml").unlink()
    code = run_command(words)
    captured = capsys.readouterr()
    said = f"{captured.out[-2000:]}\n{captured.err}"

    printed = " ".join(COMMANDS[place])
    answers = [answer for beginning, answer in ANSWERS.items() if printed.startswith(beginning)]
    waiting = [
        expected
        for beginning, expected in WITHOUT_A_PERSON.items()
        if printed.startswith(beginning)
    ]
    assert "this is a bug" not in said
    if answers:
        assert code == 1, said
        assert answers[0] in said
    elif waiting:
        assert code == waiting[0], said
    else:
        assert code == 0, said
