"""Respondents who would be called again although they completed or refused: stations killed around the last key.

    PYTHONPATH=tests python -m crash.endings --runs 300
    PYTHONPATH=tests python -m crash.endings --runs 300 --engine postgresql --seed 7

Each run conducts one interview of one sampled case, at a station or by itself, on the full screen or line by line. It
kills the program or closes its terminal within some milliseconds of the last key, at the closing review, of the key
that completes it, or on the closing screen.
Afterwards the study is opened once, after all leases have run out. Ends with 1 where anybody would be called again, where
an end that was shown is missing, or where `verify` finds anything.
"""

import argparse
import gc
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random, SystemRandom

from crash.script import REVIEW
from crash.station import Station
from support import postgres_server
from survey_cli.engine.events import InterviewEnded, InterviewStopped, QuestionAnswered
from survey_cli.entry_commands import HELD_ENTER_SECONDS
from survey_cli.services.cases.case_lists import QueueReport, list_queue
from survey_cli.services.database.administration import VerificationResult, verify_database
from survey_cli.services.run_on_study import Request
from survey_cli.services.sample.import_sample import ImportOptions, ImportResult, import_sample
from survey_cli.store import Store

INSTRUMENT = """
instrument: endings
title: Crash driver of endings
sample:
  unit: {type: text, role: key}
  phone: {type: text, role: phone}
items:
  - {id: hello, type: read, text: "Good {daypart}, this is {interviewer} calling for the tests."}
  - {id: ok, type: single, text: May I begin?, options: {1: "Yes", 2: "Never"}, declines: []}
  - {id: never, type: end, unless: ok == 1, outcome: refusal_hard, text: Then goodbye to you.}
  - {id: kind, type: single, text: Which kind?, options: {1: A, 2: B}, declines: []}
  - {id: place, type: lookup, quota: kinds}
  - {id: full, type: end, ask_if: place == 'full', outcome: quota_full, text: We have enough of these.}
  - {id: last, type: single, text: The last one?, options: {1: "Yes", 2: "No"}, declines: []}
quotas:
  - {id: kinds, by: [kind], targets: {1: 100000, 2: 100000}}
fieldwork:
  frame: list
  country: US
  zone: America/Chicago
  lease: 5m
  hours: {mon-sun: "00:00-23:59"}
  reason: A test at any hour.
  holidays: false
"""
OVER = ("any key leaves", "[Ended", "[Stopped", ", stored at ")
F8 = "\x1b[19~"


@dataclass
class Study:
    """Where the runs are kept."""

    file: Path
    db: str

    def request(self, at: datetime) -> Request:
        return Request(path=str(self.file), at=at, db=self.db, by="driver")


@dataclass
class Found:
    """What the runs came to."""

    counts: Counter[str] = field(default_factory=Counter)
    again: list[str] = field(default_factory=list)
    """Cases that completed or refused and would be called again."""
    missing: list[str] = field(default_factory=list)
    """Interviewers who were shown an end that is not kept."""
    traces: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)


def main() -> int:
    parser = argparse.ArgumentParser(prog="crash.endings", description=__doc__)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--db", help="a study at this address; otherwise a new one")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--stations", type=int, default=2)
    parser.add_argument(
        "--sabotage",
        action="store_true",
        help="write nothing to the case, to see that it is noticed",
    )
    wanted = parser.parse_args()
    seed = wanted.seed if wanted.seed is not None else SystemRandom().randrange(10**6)
    scratch = Path(tempfile.mkdtemp(prefix="survey-endings-"))
    os.environ.update(TERM="xterm-256color", LC_ALL="C.UTF-8", COLUMNS="80", LINES="24")
    if wanted.sabotage:
        _leave_cases_alone()
    began = time.monotonic()
    db = wanted.db or (
        postgres_server.create_address()
        if wanted.engine == "postgresql"
        else str(scratch / "endings.db")
    )
    study = prepared(scratch, db, wanted.runs)
    found = conduct(study, runs=wanted.runs, seed=seed, stations=wanted.stations)
    n = found.counts
    print(
        f"endings on {wanted.engine}: {n['runs']} runs, seed {seed}: {n['kill']} kill -9, {n['hangup']} terminals "
        f"closed, {n['shown']} on the closing screen, {n['review']} at or after the closing review, {n['words']} on "
        f"the closing words; {n['decided']} respondents "
        f"completed or refused, {n['open']} of them with the interview left open; {len(found.again)} would "
        f"be called again, {len(found.missing)} ends missing, {len(found.traces)} tracebacks, "
        f"{len(found.findings)} findings; {time.monotonic() - began:.0f} s"
    )
    wrong = {name: getattr(found, name) for name in ("again", "missing", "traces", "findings")}
    for name, cases in wrong.items():
        for case in cases[:10]:
            print(f"{name}: {case}", file=sys.stderr)
    if any(wrong.values()):
        print(f"endings: what is left stands in {scratch}", file=sys.stderr)
        return 1
    shutil.rmtree(scratch, ignore_errors=True)
    return 0


def _leave_cases_alone() -> None:
    """What a program would do that tells the case of its interview's end later, and compares neither afterwards."""
    from survey_cli.sessions.case.case_claim import SampledCaseLink
    from survey_cli.study.consistency import upkeep

    SampledCaseLink.build_closing_update = lambda *_, **__: None
    upkeep.reconcile_lapsed = lambda *_: None
    upkeep.reconcile = lambda *_: ()


def prepared(scratch: Path, db: str, runs: int) -> Study:
    """A study with a case for each run."""
    file = scratch / "endings.yaml"
    file.write_text(INSTRUMENT)
    sample = scratch / "cases.csv"
    rows = "".join(f"K{run:04},312 555 {run:04}\n" for run in range(runs))
    sample.write_text(f"unit,phone\n{rows}")
    study = Study(file, db)
    done = import_sample(
        study.request(datetime.now(UTC)),
        ImportOptions(file=str(sample), rng=Random("endings")),
    )
    assert isinstance(done, ImportResult), done
    return study


def conduct(study: Study, *, runs: int, seed: int, stations: int) -> Found:
    """All runs, by several stations at a time, and what they came to."""
    from textual.drivers import linux_driver  # noqa: F401  # a forked program has everything imported

    gc.collect()
    gc.freeze()
    found, said = Found(), []
    for station in range(stations):
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                with os.fdopen(write, "w") as out:
                    for run in range(station, runs, stations):
                        out.write(f"{_run(study, run, Random(f'{seed}/{run}'))}\n")
                        out.flush()
                os._exit(0)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
        os.close(write)
        said.append((pid, read))
    shown: set[str] = set()
    for pid, read in said:
        with os.fdopen(read) as lines:
            for line in lines:
                who, way, was_shown, trace = line.split("\t")
                found.counts.update(("runs", *way.split()))
                shown |= {who} if was_shown == "shown" else set()
                found.traces += [f"{who}: {trace.strip()}"] if trace.strip() else []
        if os.waitpid(pid, 0)[1]:
            found.traces.append("a station of the driver broke")
    _judge(study, found, shown)
    return found


def _run(study: Study, run: int, dice: Random) -> str:
    """One interview, broken off around its last key; its interviewer, how it was broken, whether its end was shown."""
    key, plain = f"K{run:04}", dice.random() < 0.5
    face = ["--plain"] if plain else []
    who = ["--interviewer", f"i{run}", "--station", f"s{run}"]
    at_station = dice.random() < 0.5
    if at_station:
        station = Station(["station", str(study.file), "--db", study.db, *who, *face], plain=plain)
        station.shows("Crash driver of endings")
        if plain:
            station.key(f".fetch {key}\n.interview\n")
        else:
            station.look()
            station.key(f".fetch {key}\r")
            _wait(
                station, (f"555-{run:04}", "has this case")
            )  # the case, or why the station goes on with another
            station.look()
            station.key("i")
    else:
        arguments = ["interview", str(study.file), "--db", study.db, "--case", key, *who, *face]
        station = Station(arguments, plain=plain)
    last, closing = _to_the_last_key(station, dice, plain=plain)
    way = _break(station, last, closing, dice)
    station.drain()
    text = station.raw.decode(errors="replace")
    trace = (
        "Traceback"
        if "Traceback (most recent call last)" in text or "bug in survey" in text
        else ""
    )
    return f"i{run}\t{way}\t{'shown' if any(over in text for over in OVER) else ''}\t{trace}"


def _to_the_last_key(station: Station, dice: Random, *, plain: bool) -> tuple[str, str]:
    """Key all but the last; that one, and what stands before it where those are the closing words."""
    end = "\n" if plain else ""
    station.shows("calling for the tests")
    station.look()
    station.key("\n" if plain else " ")
    station.shows("May I begin?")
    ends = dice.choice(("complete", "refusal", "words", "stop"))
    if ends == "refusal":
        return f"2{end}", ""
    if ends == "words":
        station.key(f"2{end}")
        station.shows("Then goodbye to you.")
        time.sleep(HELD_ENTER_SECONDS + 0.1)  # an Enter right after another ends nothing
        return "\n" if plain else "\r", "words"
    station.key(f"1{end}")
    station.shows("Which kind?")
    station.key(f"{dice.choice('12')}{end}")
    station.shows("The last one?")
    if ends == "stop" and plain:
        return f".stop {dice.choice(('refusal_hard', 'never_call'))}\ny\n", ""
    return f"1{end}", ""


def _break(station: Station, last: str, closing: str, dice: Random) -> str:
    """Send the last key and break it off; how."""
    ways = []
    if closing and dice.random() < 0.3:
        ways.append(closing)  # without that key
    else:
        station.key(last)
        if dice.random() < 0.5:
            ways += _wait_for_end(station, dice)
        else:
            time.sleep(dice.choice((0.0, dice.random() * 0.01, dice.random() * 0.05)))
    how = dice.choice(("kill", "kill", "hangup"))
    if how == "kill":
        station.signal(signal.SIGKILL)
    else:
        station.close()
    station.end()
    return " ".join((*ways, how))


def _wait_for_end(station: Station, dice: Random) -> list[str]:
    """Wait for the closing review and perhaps complete it there, or for the closing screen; what was reached."""
    if not _wait(station, (*REVIEW, *OVER, "Then goodbye")) or any(
        over in station.shown() for over in OVER
    ):
        return ["shown"]
    if "Then goodbye" in station.shown() or dice.random() < 0.4:
        return ["review"] if any(text in station.shown() for text in REVIEW) else ["shown"]
    time.sleep(HELD_ENTER_SECONDS + 0.1)
    station.key("\n" if station.plain else "\r")
    if dice.random() < 0.5:
        time.sleep(dice.choice((0.0, dice.random() * 0.01, dice.random() * 0.05)))
        return ["review"]
    _wait(station, OVER)
    return ["review", "shown"]


def _wait(station: Station, texts: tuple[str, ...]) -> bool:
    """Wait until one of these texts is shown; whether it is."""
    end = time.monotonic() + 10
    while not any(text in station.shown() for text in texts):
        if station.ended or time.monotonic() > end:
            return False
        station.read(0.01)
    return True


def _judge(study: Study, found: Found, shown: set[str]) -> None:
    """Open the study once all leases have run out, and look whom it would call. (Where a case is another's just then, a
    station goes on with the one it has.)"""
    decided = set()
    with Store.open(study.db, create=False) as store:
        for row in store.interviews.list_rows(origin="real"):
            journal = store.interviews.read_journal(row.id)
            refused = any(
                isinstance(e, QuestionAnswered) and (e.place.item, e.value) == ("ok", 2)
                for e in journal
            )
            done = any(isinstance(e, QuestionAnswered) and e.place.item == "last" for e in journal)
            if refused or done or any(isinstance(e, InterviewStopped) for e in journal):
                decided.add(row.case)
                found.counts["open"] += row.status == "open"
        found.counts["decided"] = len(decided)
    later = datetime.now(UTC) + timedelta(hours=1)
    opened = list_queue(study.request(later), limit=1)
    assert isinstance(opened, QueueReport), opened
    with Store.open(study.db, create=False) as store:
        for row in store.cases.queries.iterate_rows():
            if row.key in decided and row.status != "done":
                found.again.append(
                    f"{row.key}: {row.status}, {row.position.outcome or 'no outcome'}, {row.position.reason.words}"
                )
        journals = [
            store.interviews.read_journal(row.id)
            for row in store.interviews.list_rows(origin="real")
        ]
        ended = {
            e.stamp.by
            for journal in journals
            for e in journal
            if isinstance(e, InterviewEnded | InterviewStopped)
        }
    found.missing = sorted(shown - ended)
    checked = verify_database(study.file, db=study.db, at=later)
    assert isinstance(checked, VerificationResult), checked
    found.findings = list(checked.findings)


if __name__ == "__main__":
    sys.exit(main())
