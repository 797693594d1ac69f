"""Every command as every role of the list of people: what the table of roles refuses, the command refuses."""

import io
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.shift import Shift
from survey_cli.cli.command_table import ACTIONS, COMMANDS, GROUPS, WITHOUT_STUDY
from survey_cli.cli.run_command import run_command
from survey_cli.permissions import Action, StaffRole, format_permitted, may
from survey_cli.samples.lists.people_file import LISTED_ROLES

ITEMS = """
items:
  - {id: a, type: single, text: First?, options: {1: "Yes", 2: "No"}}
  - {id: why, type: text, text: "Why?"}
  - {id: who, type: text, text: "Your name?", personal: true}
"""
LOGINS = {role: role.value.replace(" ", "_") for role in LISTED_ROLES}
PEOPLE = "login,role\n" + "".join(f"{login},{role.value}\n" for role, login in LOGINS.items())

LINES = [
    ("check study.yaml --accept a --reason meant", Action.ACCEPT_CHANGES),
    ("interview study.yaml --case A", Action.CONDUCT_INTERVIEWS),
    ("interview study.yaml --case unsampled --set unit=B", Action.CONDUCT_INTERVIEWS),
    ("interview study.yaml --case own --practice", Action.PRACTICE),
    ("station study.yaml", Action.CONDUCT_INTERVIEWS),
    ("station study.yaml --practice", Action.PRACTICE),
    ("export study.yaml -o data.csv", Action.EXPORT_DATA),
    ("export study.yaml -o events.csv --what events", Action.EXPORT_DATA),
    ("export study.yaml --bundle study.zip", Action.EXPORT_DATA),
    ("export study.yaml -o shifts.csv --what shifts", Action.EXPORT_WORKING_TIMES),
    ("export study.yaml -o names.csv --with-contacts", Action.EXPORT_PERSONAL),
    ("report study.yaml", Action.READ_REPORTS),
    ("simulate study.yaml -n 1 --keep", Action.STORE_SIMULATED),
    ("watch study.yaml interviewer", Action.WATCH),
    ("watch study.yaml --replay A", Action.WATCH),
    ("sample import study.yaml more.csv", Action.IMPORT_SAMPLE),
    ("sample release study.yaml 1", Action.RELEASE_REPLICATES),
    ("case list study.yaml", Action.SEE_CASES),
    ("case list study.yaml --interviews", Action.SEE_CASES),
    ("case list study.yaml --next", Action.SEE_CASES),
    ("case list study.yaml --find Alice", Action.SEE_CONTACTS),
    ("case find Alice --in .", Action.FIND_CALLER),
    ("case show study.yaml A", Action.SEE_CASES),
    ("case why study.yaml A", Action.SEE_CASES),
    ("case outcome study.yaml A busy --note because", Action.CORRECT_OUTCOMES),
    ("case review study.yaml A ok", Action.REVIEW),
    ("case answer study.yaml A --note because", Action.ANSWER_REFERRALS),
    ("case reopen study.yaml A --note because", Action.REOPEN_CASES),
    ("case free study.yaml A --note because", Action.FREE_CASES),
    ("case reassign study.yaml A --to interviewer --note because", Action.REASSIGN_APPOINTMENTS),
    ("case migrate study.yaml A", Action.MIGRATE_INTERVIEWS),
    ("status study.yaml", Action.READ_STATUS),
    ("status study.yaml --forecast", Action.READ_STATUS),
    ("board study.yaml", Action.SEE_BOARD),
    ("rates study.yaml", Action.READ_REPORTS),
    ("quality study.yaml", Action.SEE_QUALITY),
    ("study pause study.yaml", Action.PAUSE_STUDY),
    ("study resume study.yaml", Action.PAUSE_STUDY),
    ("study message study.yaml hello", Action.SEND_MESSAGES),
    ("study message study.yaml", Action.SEE_WHO_IS_AT_WORK),
    ("study people study.yaml", Action.SEE_PEOPLE),
    ("study people study.yaml --release interviewer", Action.RELEASE_TRAINEE),
    ("study shift study.yaml", Action.SEE_WHO_IS_AT_WORK),
    ("study shift study.yaml interviewer --day 2026-11-24", Action.SEE_WORKING_TIMES),
    (
        "study shift study.yaml interviewer --day 2026-11-24 --to 12:00 --note forgot",
        Action.CORRECT_WORKING_TIMES,
    ),
    ("study share study.yaml --group nobody-has-this", Action.SHARE),
    ("study publish study.yaml", Action.PUBLISH),
    ("do-not-call add +13125550100", Action.CHANGE_DO_NOT_CALL),
    ("do-not-call remove +13125550100 --reason mistake", Action.CHANGE_DO_NOT_CALL),
    ("do-not-call check +13125550100", Action.LOOK_UP_NUMBER),
    ("do-not-call count", Action.LOOK_UP_NUMBER),
    ("codebook study.yaml -o codebook.html", Action.READ_REPORTS),
    ("import-answers study.yaml answers.csv", Action.IMPORT_ANSWERS),
    ("code study.yaml why", Action.CODE_ANSWERS),
    ("code study.yaml why --settle", Action.SETTLE_CODINGS),
    ("code study.yaml who", Action.CODE_PERSONAL),
    ("privacy subject study.yaml A", Action.SEE_STORED_DATA),
    ("privacy erase study.yaml A --reason asked --yes", Action.ERASE),
    ("privacy erase study.yaml --unfinished", Action.ERASE),
    ("privacy anonymize study.yaml", Action.ANONYMIZE),
    ("db verify study.yaml", Action.VERIFY),
    ("db verify study.yaml --derive", Action.DERIVE_QUEUE),
    ("db backup study.yaml backup.db", Action.BACK_UP),
    ("db restore restored.db study.yaml", Action.RESTORE),
    ("db upgrade study.yaml", Action.UPGRADE),
    ("db log study.yaml", Action.READ_ACCESS_LOG),
]
TRIED_ELSEWHERE = {
    # `tests/store/test_role_matrix.py`
    "db init",
    "db grant",
    "db seats",
    "db check",
    # `tests/web`; its seats are stations
    "serve",
    # `tests/services/test_accounts.py`
    *(f"account {command}" for command in GROUPS["account"].commands),
}
ENDLESS = ("interview", "station", "watch", "board", "code", "simulate")
"""What these do for those who may is in tests of their own."""


@pytest.fixture(name="shift", scope="module")
def a_study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shift]:
    folder = tmp_path_factory.mktemp("roles")
    place = str(folder / "responses" / "field.db")
    (folder / "responses").mkdir()
    patch = pytest.MonkeyPatch()
    patch.setattr("survey_cli.store.backends.account.read_system_account", lambda: "supervisor")
    shift = Shift(folder, ITEMS, db=place, name="study.yaml", cases="")
    (folder / "cases.csv").write_text(
        "unit,kind,name,phone,zone\nA,1,Alice Adams,312 555 0100,America/Chicago\n"
    )
    (folder / "answers.csv").write_text("unit,a\nA,1\n")
    patch.chdir(folder)
    assert run_command(["sample", "import", "study.yaml", "cases.csv"]) == 0
    (folder / "responses" / "interviewers.csv").write_text(PEOPLE)
    yield shift
    Shift.close_all()
    patch.undo()


def run(line: str, account: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("survey_cli.store.backends.account.read_system_account", lambda: account)
    monkeypatch.setattr("survey_cli.cli.commands.board.has_full_screen", lambda: True)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    words = shlex.split(line)
    if words[0] == "do-not-call":
        words += ["--db", "responses/field.db"]
    return run_command(words)


def list_ids(lines: list[tuple[str, Action]]) -> list[str]:
    return [line for line, _ in lines]


@pytest.mark.parametrize(("line", "action"), LINES, ids=list_ids(LINES))
def test_a_command_refuses_each_role_that_may_not(
    shift: Shift,
    line: str,
    action: Action,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(shift.folder)
    before = sorted(shift.folder.rglob("*"))
    content = Path(shift.db).read_bytes()
    for role in LISTED_ROLES:
        if may(role, action):
            continue
        assert run(line, LOGINS[role], monkeypatch) == 1, role
        said = " ".join(capsys.readouterr().err.split())
        rules = {f"only {format_permitted(action)} may {action.value}"}
        if role is StaffRole.TRAINEE and action is Action.CONDUCT_INTERVIEWS:
            rules = {"is a trainee, who practices until a supervisor releases them"}
        # the command may need another right before: to see cases, or to export at all
        for earlier in ACTIONS[find_command(line)]:
            if not may(role, earlier):
                rules.add(f"only {format_permitted(earlier)} may {earlier.value}")
        assert any(rule in said for rule in rules), (role, said)
        assert "ask supervisor" in said
    if action is not Action.EXPORT_PERSONAL:
        # an export is logged before the columns are looked at, and then as refused
        assert Path(shift.db).read_bytes() == content
    assert sorted(shift.folder.rglob("*")) == before


HARMLESS = [line for line in LINES if not line[0].startswith(ENDLESS)]


@pytest.mark.parametrize(("line", "action"), HARMLESS, ids=list_ids(HARMLESS))
def test_a_command_refuses_no_role_that_may(
    shift: Shift,
    line: str,
    action: Action,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(shift.folder)
    changes_the_study = line.startswith(("db restore", "privacy erase", "case ", "study p"))
    roles = [role for role in LISTED_ROLES if may(role, action)]
    if changes_the_study:
        # once is enough: the last role is the one with the fewest rights
        roles = roles[-1:]
    for role in roles:
        run(line, LOGINS[role], monkeypatch)
        assert "and only a" not in capsys.readouterr().err, role


def find_command(line: str) -> str:
    words = line.split()
    if words[0] in GROUPS:
        return " ".join(words[:2])
    return words[0]


def list_commands() -> list[str]:
    names = []
    for name in COMMANDS:
        if name in GROUPS:
            names += [f"{name} {command}" for command in GROUPS[name].commands]
        else:
            names.append(name)
    return names


def test_every_command_names_its_actions_and_each_is_tried() -> None:
    """A command that reads or writes a study without a row in the table fails here."""
    assert set(list_commands()) == ACTIONS.keys() | WITHOUT_STUDY
    assert not ACTIONS.keys() & WITHOUT_STUDY
    tried = {(find_command(line), action) for line, action in LINES}
    named = {
        (command, action)
        for command, actions in ACTIONS.items()
        if command not in TRIED_ELSEWHERE
        for action in actions
    }
    assert named == tried
