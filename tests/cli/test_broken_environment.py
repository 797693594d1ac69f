"""Failures around an interview (disk, database, terminal): one plain line, the same question with the typed text
still there, nothing half written; and the interview goes on when the cause is gone.
"""

import io
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from shutil import disk_usage

import pytest

import survey_cli.tui.interview.screen  # noqa: F401 – imported here, so that the stations that are forked need not
from crash.station import Station
from support.clean_up import mount_small_disk
from support.command_line import SURVEY
from support.forked_survey import run_forked_survey
from support.scale import SCALE
from support.user_errors import attempt
from survey_cli.cli.run_command import run_command
from survey_cli.entry_commands import HELD_ENTER_SECONDS
from survey_cli.problems import ConfirmableError
from survey_cli.services.database.administration import VerificationResult, verify_database
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.interview.start_interview import StartOptions
from survey_cli.sessions.open_interview import start_or_resume

INSTRUMENT = """\
instrument: small
title: A small survey
items:
  - {id: hello, type: read, text: "Good {daypart}, this is {interviewer}, calling for the tests."}
  - {id: many, type: number, text: How many?}
  - {id: which, type: text, text: Which one?}
  - {id: why, type: text, text: Why so?}
"""
as_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can mount a disk or become somebody else"
)
FACES = pytest.mark.parametrize("plain", [False, True], ids=["screen", "plain"])


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test stands in an empty folder with an instrument; reports of bugs would be left there."""
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "TERM": "xterm-256color",
        "LC_ALL": "C.UTF-8",
        "TMPDIR": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("COLUMNS", "LINES", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    Path("small.yaml").write_text(INSTRUMENT)
    return tmp_path


class Desktop:
    """An interviewer at a terminal."""

    def __init__(self) -> None:
        self.stations: list[Station] = []

    def sit(self, *arguments: str, plain: bool, by: str = "ann", **options) -> Station:
        wanted = ["interview", "small.yaml", "--case", "7", "--interviewer", by, *arguments]
        station = Station([*wanted, *(["--plain"] if plain else [])], plain=plain, **options)
        self.stations.append(station)
        return station

    def at_first(self, *arguments: str, **options) -> Station:
        """Past the greeting, at the first question."""
        station = self.sit(*arguments, **options)
        see(station, "Good ")
        say(station, "")
        see(station, "How many?")
        return station


@pytest.fixture
def desktop() -> Iterator[Desktop]:
    found = Desktop()
    yield found
    for station in found.stations:
        station.close()
        with suppress(ProcessLookupError, ChildProcessError):
            station.signal(signal.SIGKILL)
            os.waitpid(station.pid, 0)


def see(station: Station, text: str, seconds: float = 15) -> None:
    assert station.shows(text, seconds), station.shown()
    for bug in ("Traceback", "bug in survey", "The screen failed", "that failed ("):
        assert bug not in station.shown()


def say(station: Station, line: str) -> None:
    station.key(line + ("\n" if station.plain else "\r"))


def suspend(station: Station) -> None:
    """Suspend the interview: Ctrl+D line by line, once the line is awaited; Ctrl+C and yes on the full screen."""
    if station.plain:
        time.sleep(0.3)
    station.key("\x04" if station.plain else "\x03y")


def still_typed(station: Station, text: str) -> bool:
    """Whether the field of the full screen still holds what was typed."""
    field = [line for line in station.shown().splitlines() if line.strip().startswith(text)]
    return bool(field)


def finish(station: Station, *lines: str) -> None:
    """Answer the rest, to the end."""
    for line, shown in zip(
        lines, [*["Which one?", "Why so?"][-len(lines) + 1 :], None], strict=True
    ):
        say(station, line)
        if shown:
            see(station, shown)
    see(station, "completes" if station.plain else "Every question is answered")
    time.sleep(HELD_ENTER_SECONDS + 0.1)
    say(station, "")
    assert station.end() == 0, station.shown()


def answers(database: str = "responses/small.db", case: str = "7") -> list[tuple[str, str]]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(
            "SELECT j.item, json_extract(j.payload, '$.value') FROM journal j JOIN interviews i ON i.id = j.interview"
            " WHERE i.case_key = ? AND j.kind = 'answered' AND j.item <> 'hello' ORDER BY j.seq",
            (case,),
        ).fetchall()


def whole(db: str | None = None) -> None:
    found = verify_database("small.yaml", db=db)
    assert isinstance(found, VerificationResult)
    assert found.findings == ()


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that a command which cannot be done says, besides that it is one line at a time."""
    assert run_command(list(arguments)) == 1
    out, err = capsys.readouterr()
    lines = [line for line in err.splitlines() if "one line at a time" not in line]
    assert out == ""
    assert len(lines) == 1, err
    assert " — " in lines[0]
    assert "Traceback" not in err
    assert "bug in" not in err
    return lines[0]


# ── the disk ──────────────────────────────────────────────────────────────────────────────────────────────


@FACES
def test_a_disk_that_takes_no_more_and_then_does(desktop: Desktop, plain: bool) -> None:
    station = desktop.at_first(plain=plain)
    _, hard = resource.prlimit(station.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(
        station.pid, resource.RLIMIT_FSIZE, (Path("responses/small.db-wal").stat().st_size, hard)
    )
    say(station, "12345")
    see(station, "not saved: the disk can't store it")
    see(station, "again")  # the end of the remedy
    assert answers() == []
    assert plain or ("How many?" in station.shown() and still_typed(station, "12345"))
    resource.prlimit(station.pid, resource.RLIMIT_FSIZE, (hard, hard))
    finish(station, "12345" if plain else "", "the red one", "because")
    assert answers() == [("many", 12345), ("which", "the red one"), ("why", "because")]
    whole()


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Path]:
    with mount_small_disk(folder, "600k") as disk:
        yield disk


@as_root
@FACES
def test_a_full_disk_and_room_again(small_disk: Path, desktop: Desktop, plain: bool) -> None:
    db = str(small_disk / "small.db")
    station = desktop.at_first("--db", db, plain=plain)
    ballast = small_disk / "holiday.jpg"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"x" * 512):
            pass
    tries = 0
    while (
        "disk is full" not in station.shown()
    ):  # the file has a page or two in which there is room
        tries += 1
        assert tries < 60, station.shown()
        say(station, str(100 + tries) if tries == 1 else f".note {'much ' * 200}")
        station.shows("disk is full", 0.2)
    assert answers(db) in ([], [("many", 101)]), "what was refused is not there"
    ballast.unlink()
    if not plain:
        station.key("\x1b")  # what could not be noted is still in the field
    finish(station, *(["5"] if answers(db) == [] else []), "red", "so")
    assert answers(db)[-2:] == [("which", "red"), ("why", "so")]
    whole(db)


@as_root
def test_a_disk_with_no_room_for_a_database(
    small_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (small_disk / "holiday.jpg").write_bytes(b"x" * 570_000)
    said = told(capsys, "interview", "small.yaml", "--case", "7", "--db", str(small_disk / "a.db"))
    assert "the disk is full — free some space on it" in said
    assert [path.name for path in small_disk.iterdir()] == ["holiday.jpg"]


@as_root
def test_a_disk_that_filled_up_after_the_interviews(
    small_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db = small_disk / "a.db"
    run_forked_survey("interview", "small.yaml", "--case", "7", "--plain", "--db", str(db))
    assert db.exists()
    (small_disk / "holiday.jpg").write_bytes(b"x" * disk_usage(small_disk).free)
    for command in (("case", "list", "--interviews"), ("db", "verify"), ("status",)):
        said = told(capsys, *command, "small.yaml", "--db", str(db))
        assert "the disk is full — free some space on it, then try again" in said
        assert "SQLITE" not in said


NOBODY = """
import os, io
from survey_cli.cli.run_command import run_command
sys.stdin = io.StringIO("")
run_command(["interview", "small.yaml", "--case", "0", "--db", ":memory:"])  # imports all there is to import
sys.stdin, sys.stdout, sys.stderr = (open(n, m, closefd=False) for n, m in ((0, "r"), (1, "w"), (2, "w")))
if os.geteuid() == 0:
    os.setegid(65534)
    os.seteuid(65534)
"""


@pytest.mark.parametrize(
    ("folder_mode", "file_mode", "said"),
    [
        (0o777, 0o444, "the file is read-only — make it writable for you"),
        (
            0o555,
            0o666,
            "you have no permission to write to the folder responses — make it writable for you",
        ),
        (
            0o555,
            None,
            "you have no permission to write to the folder responses — make it writable for you",
        ),
    ],
)
def test_what_may_not_be_written(
    folder: Path, folder_mode: int, file_mode: int | None, said: str
) -> None:
    folder.chmod(0o755)
    Path("small.yaml").chmod(0o644)
    for parent in folder.parents:
        if parent.owner() == folder.owner() and "pytest" in str(parent):
            parent.chmod(0o755)
    responses = Path("responses")
    responses.mkdir(mode=0o755)
    if file_mode is not None:
        interviews(1).chmod(file_mode)
    before = sorted(path.name for path in responses.iterdir())
    responses.chmod(folder_mode)
    try:
        done = run_forked_survey(
            "interview", "small.yaml", "--case", "7", keyed="\n5\n", before=NOBODY
        )
    finally:
        responses.chmod(0o755)
    assert done.returncode == 1
    assert (
        done.stderr.splitlines()[-1] == f"responses/small.db: {said}"
        or said in done.stderr.splitlines()[-1]
    )
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in responses.iterdir()) == before


# ── others at the same database ───────────────────────────────────────────────────────────────────────────


def impatient() -> None:
    """Wait for a lock a moment only."""
    from survey_cli.store import Store

    Store.open.__func__.__kwdefaults__["patience"] = 0.1


@FACES
def test_a_database_that_another_program_keeps_locked(desktop: Desktop, plain: bool) -> None:
    station = desktop.at_first(plain=plain, before=impatient)
    with closing(sqlite3.connect("responses/small.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        say(station, "12345")
        see(station, "not saved: another program keeps the database locked")
        assert plain or still_typed(station, "12345")
        other.execute("ROLLBACK")
    finish(station, "12345" if plain else "", "red", "so")
    assert answers() == [("many", 12345), ("which", "red"), ("why", "so")]
    whole()


@FACES
def test_two_stations_in_one_interview(desktop: Desktop, plain: bool) -> None:
    first = desktop.at_first(plain=plain)
    second = desktop.sit(plain=plain, by="bob")
    see(second, "How many?")
    say(first, "1")
    see(first, "not saved: bob took over this interview at ")
    if first.plain:
        suspend(first)
        see(first, "could not be suspended: not saved: bob took over")
    else:
        suspend(first)
        see(first, "suspend again to leave")
        first.key("y")
        see(first, "could not be suspended. Every answer is stored: start")
    assert first.end() == 1
    if not second.plain:
        second.key("\x1b")  # the notice that it was resumed is read
    finish(second, "2", "red", "so")
    assert answers() == [("many", 2), ("which", "red"), ("why", "so")]
    whole()


# ── the file ──────────────────────────────────────────────────────────────────────────────────────────────


@FACES
@pytest.mark.parametrize("how", ["moved", "replaced"])
def test_a_database_that_goes_away_while_it_is_in_use(
    desktop: Desktop, plain: bool, how: str
) -> None:
    station = desktop.at_first(plain=plain)
    here, away = Path("responses/small.db"), Path("responses/away.db")
    here.rename(away)
    if how == "replaced":
        here.write_bytes(away.read_bytes())
    say(station, "12345")
    see(station, "not saved: the file has been moved, deleted or replaced while it was in use")
    assert plain or still_typed(station, "12345")
    away.replace(here)
    finish(station, "12345" if plain else "", "red", "so")
    assert answers() == [("many", 12345), ("which", "red"), ("why", "so")]
    whole()


@FACES
def test_a_database_that_is_deleted_leaves_a_way_out(desktop: Desktop, plain: bool) -> None:
    station = desktop.at_first(plain=plain)
    Path("responses/small.db").unlink()
    suspend(station)
    if plain:
        see(
            station,
            "could not be suspended: not saved: the file has been moved, deleted or replaced",
        )
    else:
        see(station, "suspend again to leave")
        station.key("y")
        see(station, "could not be suspended")
    assert station.end() == 1


@FACES
def test_the_log_beside_the_database_deleted(desktop: Desktop, plain: bool) -> None:
    station = desktop.at_first(plain=plain)
    say(station, "12345")
    see(station, "Which one?")
    Path("responses/small.db-wal").unlink()
    say(station, "red")
    see(station, "companion file (its name ends in -wal) has been moved")
    suspend(station)
    if not plain:
        see(station, "suspend again to leave")
        station.key("y")
    assert station.end() == 1
    again = desktop.sit(plain=plain)
    see(again, "Which one?")
    assert answers() == [("many", 12345)]
    whole()


def interviews(count: int) -> Path:
    for case in range(count):
        seated = start_or_resume("small.yaml", StartOptions(case=str(case), interviewer="ann"))
        assert isinstance(seated, InterviewSession)
        for line in ("", str(case), "red", "because " * 30):
            assert seated.reply(line) is None
        seated.close()
    return Path("responses/small.db")


def test_junk_in_the_database_is_one_plain_line(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    good = interviews(12).read_bytes()
    met = 0
    for seed in range(5 * SCALE):
        dice = Random(seed)
        spoiled = bytearray(good)
        for _ in range(dice.choice((1, 4, 20))):
            at = dice.randrange(100, len(spoiled) - 600)
            spoiled[at : at + 600] = dice.choice((dice.randbytes(600), bytes(600), b"\xff" * 600))
        Path("junk.db").write_bytes(spoiled)
        for command in (
            ["interview", "small.yaml", "--case", "3", "--reopen"],
            ["interview", "small.yaml", "--case", "new"],
            ["case", "list", "--interviews", "small.yaml"],
            ["db", "verify", "small.yaml"],
            ["export", "small.yaml", "-o", "-"],
        ):
            monkeypatch.setattr("sys.stdin", open(os.devnull))  # noqa: SIM115
            code = run_command([*command, "--db", "junk.db"])
            out, err = capsys.readouterr()
            assert code in (0, 1, 3), (seed, command, err)
            assert "Traceback" not in out + err, (seed, command, err)
            assert "bug in survey" not in err, (
                seed,
                command,
                err,
                [p.read_text() for p in folder.glob("*bug*")],
            )
            met += code == 1
        for ending in ("", "-wal", "-shm"):
            Path(f"junk.db{ending}").unlink(missing_ok=True)
    assert met > 5 * SCALE, "the junk was hardly met"


def test_a_database_of_a_newer_program(capsys: pytest.CaptureFixture[str]) -> None:
    with closing(sqlite3.connect(interviews(1))) as connection, connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " SELECT migration_set, '0999_quotas', applied_at FROM _sqlite_migrations LIMIT 1"
        )
    for command in (["interview", "small.yaml", "--case", "7"], ["db", "verify", "small.yaml"]):
        said = told(capsys, *command)
        assert said.startswith("responses/small.db: was written by a newer version of this program")


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda path: path.mkdir(), "is not a file — specify another file"),
        (lambda path: path.write_text("my thesis\n" * 100), "the file is not a database"),
        (lambda path: path.write_text(""), "another program's database — specify another file"),
        (
            lambda path: sqlite3.connect(path).execute("CREATE TABLE t (a)"),
            "another program's database",
        ),
    ],
    ids=["a folder", "a text", "nothing", "another program's"],
)
def test_a_path_that_is_no_database_of_ours(
    made: Callable[[Path], object], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path("thing.db")
    made(path)
    before = path.read_bytes() if path.is_file() else None
    for command in (
        ["interview", "small.yaml", "--case", "7"],
        ["case", "list", "--interviews", "small.yaml"],
    ):
        assert said in told(capsys, *command, "--db", "thing.db")
    assert (path.read_bytes() if path.is_file() else None) == before


def test_a_network_file_system(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "survey_cli.store.backends.sqlite.database_files.find_mounted_file_system",
        lambda table, path: "nfs4",
    )
    said = told(capsys, "interview", "small.yaml", "--case", "7")
    assert said.startswith(
        "responses/small.db: the folder is on a file system that other computers may share (nfs4)"
    )
    assert list(Path("responses").iterdir()) == []


# ── the clock ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_clock_that_is_set_back() -> None:
    moments = [datetime(2026, 1, 24, 12, tzinfo=UTC)]

    def clock() -> datetime:
        return moments[-1]

    def sit(*, believe: bool = False) -> InterviewSession:
        seating = StartOptions(case="7", interviewer="ann", clock_is_right=believe)
        found = start_or_resume("small.yaml", seating, clock=clock)
        assert isinstance(found, InterviewSession)
        return found

    desk = sit()
    moments.append(moments[-1] + timedelta(seconds=40))
    assert desk.reply("") is None
    moments.append(moments[0] - timedelta(days=1))
    assert desk.reply("5") is None
    assert desk.elapsed_time() == timedelta(seconds=40)
    assert desk.suspend() is None
    desk.close()
    moments.append(moments[0] - timedelta(days=9))
    asked = attempt(
        start_or_resume, "small.yaml", StartOptions(case="7", interviewer="ann"), clock=clock
    )
    assert isinstance(asked, ConfirmableError)
    assert "2026-01-15" in asked.what
    desk = sit(believe=True)
    assert desk.elapsed_time() >= timedelta(seconds=40)
    moments.append(moments[0] + timedelta(days=1))
    assert desk.reply("red") is None
    assert desk.reply("so") is None
    closing_ = desk.result()
    assert closing_ is not None
    assert closing_.duration >= timedelta(seconds=40)
    desk.close()
    with closing(sqlite3.connect("responses/small.db")) as connection:
        times = [at for (at,) in connection.execute("SELECT at FROM journal ORDER BY seq")]
    assert times == sorted(times)
    assert times[-1] > times[0]
    whole()


# ── the terminal ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_terminal_of_twenty_by_five_says_so_and_takes_no_answer(desktop: Desktop) -> None:
    station = desktop.sit(plain=False, size=(20, 5))
    see(station, "This window")
    say(station, "")
    say(station, "3")
    station.signal(signal.SIGTERM)
    assert station.end() == 3
    assert answers() == []


def test_escape_hard_before_a_digit_is_two_keys(desktop: Desktop) -> None:
    station = desktop.at_first(plain=False)
    station.key("9")
    see(station, " 9 ")
    station.key("\x1b3\r")
    see(station, "Which one?")
    assert answers() == [("many", 3)]


def test_a_terminal_without_a_full_screen(desktop: Desktop) -> None:
    wanted = ["interview", "small.yaml", "--case", "7"]
    station = Station(wanted, plain=True, environment={"TERM": "dumb"})
    desktop.stations.append(station)
    see(
        station,
        "this terminal cannot show a full screen (TERM=dumb), so the interview is conducted one line at a time",
    )
    see(station, "for the tests")
    assert b"\x1b" not in station.raw
    say(station, "")
    finish(station, "3", "red", "so")


def test_a_locale_of_plain_letters(desktop: Desktop) -> None:
    station = desktop.at_first(plain=False, environment={"LC_ALL": "C", "LANG": "C"}, fresh=True)
    assert station.shown().isascii()
    finish(station, "3", "red", "so")


def test_an_environment_with_nothing_in_it() -> None:
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "PATH": os.environ["PATH"]}
    interview = [*SURVEY, "interview", "small.yaml", "--case", "7"]
    done = subprocess.run(
        interview,
        input="\n3\nred\nso\n",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert answers() == [("many", 3), ("which", "red"), ("why", "so")]


@FACES
def test_being_told_to_end_puts_aside_and_leaves_the_terminal_as_it_was(
    desktop: Desktop, plain: bool
) -> None:
    station = desktop.at_first(plain=plain)
    say(station, "3")
    see(station, "Which one?")
    station.signal(signal.SIGTERM)
    assert station.end() == 3, station.shown()
    assert plain or station.raw.rindex(b"\x1b[?1049l") > station.raw.index(b"\x1b[?1049h")
    with closing(sqlite3.connect("responses/small.db")) as connection:
        assert connection.execute("SELECT status, at_item FROM interviews").fetchall() == [
            ("suspended", "which")
        ]


def test_a_closed_output_asks_nothing_and_a_closed_input_puts_aside() -> None:
    command = f'"{sys.executable}" -m survey_cli interview small.yaml --case 7 '
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    blind = subprocess.run(
        ["sh", "-c", command + ">&-"],
        input="\n3\n",
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert blind.returncode == 1
    assert blind.stderr == (
        "survey: the output is closed, so no question can be shown — start the interview in a terminal\n"
    )
    assert not Path("responses").exists()
    silent = subprocess.run(
        ["sh", "-c", command + "<&-"], capture_output=True, text=True, check=False, env=environment
    )
    assert silent.returncode == 3
    assert "Suspended" in silent.stdout


# ── the instrument ────────────────────────────────────────────────────────────────────────────────────────


def reword(file: Path) -> None:
    file.write_text(INSTRUMENT.replace("Which one?", "Which of them?"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (reword, "has changed since"),
        (
            lambda file: file.write_text(INSTRUMENT.replace("id: which", "id: other")),
            "has changed since",
        ),
        (lambda file: file.write_text("items: [{"), "is missing or has problems now"),
        (lambda file: file.unlink(), "is missing or has problems now"),
    ],
    ids=["a text", "an item", "broken", "deleted"],
)
def test_an_instrument_that_changes_while_an_interview_is_put_aside(
    change: Callable[[Path], object],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def held(case: str, lines: str) -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO(lines))
        return run_command(["interview", "small.yaml", "--case", case])

    assert held("7", "\n3\n") == 3
    assert answers() == [("many", 3)]
    change(Path("small.yaml"))
    capsys.readouterr()
    assert held("7", "red\nso\n") == 0
    shown = capsys.readouterr().out
    assert said in shown
    assert "Which one?" in shown
    assert answers() == [("many", 3), ("which", "red"), ("why", "so")]
    begins = change is reword  # an item that was asked and is gone is for the designer to accept
    assert held("8", "") == (3 if begins else 1), "a new interview wants the file as it is now"
    assert "bug in survey" not in capsys.readouterr().err
