"""The crash test: `python -m crash --runs 1000 --seed 7` prints one line of counts.

It ends with 1 where an answer was lost, an interview was resumed at another place, a traceback was shown, or a
database was damaged.
"""

import argparse
import gc
import json
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from random import Random, SystemRandom
from weakref import WeakKeyDictionary

from crash import witness
from crash.driver import Evening, Tally
from crash.script import instrument

BATCH = 25
"""Sittings in one database; every third database is shared by all stations."""


def main() -> int:
    wanted = _arguments()
    seed = wanted.seed if wanted.seed is not None else SystemRandom().randrange(10**6)
    scratch = Path(tempfile.mkdtemp(prefix="survey-crash-"))
    os.environ.update(
        TERM="xterm-256color", LC_ALL="C.UTF-8", TMPDIR=str(scratch), COLUMNS="80", LINES="24"
    )
    tempfile.tempdir = str(scratch)
    os.environ.pop("NO_COLOR", None)
    print(f"crash: {wanted.runs} runs, seed {seed}, in {scratch}", file=sys.stderr, flush=True)
    _import_everything()
    if wanted.sabotage:
        _write_late()
    began = time.monotonic()
    file = scratch / "crash.yaml"
    file.write_text(instrument())
    tallies = _hold(file, runs=wanted.runs, seed=seed, stations=wanted.stations)
    whole = Tally()
    for tally in tallies:
        whole.counts.update(tally.counts)
        for name in ("missing", "elsewhere", "traces", "findings", "hung"):
            getattr(whole, name).extend(getattr(tally, name))
    for database in sorted(scratch.glob("*/*.db")):
        if database.parent.name in ("alone", "together"):
            whole.findings += [
                f"{database.name}: {finding}" for finding in witness.findings(file, database)
            ]
            whole.counts["databases"] += 1
    whole.traces += [report.read_text() for report in scratch.glob("survey-bug-*")]
    print(_summary(whole, seed=seed, seconds=time.monotonic() - began))
    wrong = {
        name: getattr(whole, name)
        for name in ("missing", "elsewhere", "traces", "findings", "hung")
    }
    for name, cases in wrong.items():
        for case in cases[:10]:
            print(f"{name}: {case}", file=sys.stderr)
    if any(wrong.values()):
        print(f"crash: what is left of it stands in {scratch}", file=sys.stderr)
        return 1
    shutil.rmtree(scratch)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="crash", description=__doc__)
    parser.add_argument(
        "--runs", type=int, default=1000, help="sittings, each of which is broken off"
    )
    parser.add_argument(
        "--seed", type=int, help="of the script and of the moments; printed if not given"
    )
    parser.add_argument(
        "--sabotage",
        action="store_true",
        help="write every entry one entry late, to see that it is noticed",
    )
    parser.add_argument("--stations", type=int, default=2, help="that work at a time")
    return parser.parse_args()


def _import_everything() -> None:
    """What a sitting needs is here before it is forked."""
    from textual.drivers import linux_driver  # noqa: F401

    gc.collect()
    gc.freeze()


def _write_late() -> None:
    """What a program would do that shows the next item first and writes afterwards."""
    from survey_cli.store import JournalUpdate
    from survey_cli.store.interviews.interview_store import InterviewStore

    append = InterviewStore.append
    waiting: WeakKeyDictionary[InterviewStore, JournalUpdate] = WeakKeyDictionary()

    def append_late(store: InterviewStore, update: JournalUpdate) -> None:
        earlier = waiting.pop(store, None)
        if earlier is not None:
            append(store, earlier)
        waiting[store] = update  # whoever reads a copy has a store of its own

    InterviewStore.append = append_late


def _hold(file: Path, *, runs: int, seed: int, stations: int) -> list[Tally]:
    """All stations at work, each a process of its own; what each has counted."""
    counted = []
    for station in range(stations):
        share = runs // stations + (station < runs % stations)
        told = file.parent / f"tally-{station}.json"
        pid = os.fork()
        if pid == 0:
            try:
                tally = _evenings(
                    file, station=station, runs=share, dice=Random(f"{seed}/{station}")
                )
                told.write_text(json.dumps(vars(tally)))
                os._exit(0)
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(1)
        counted.append((pid, told))
    tallies = []
    for pid, told in counted:
        os.waitpid(pid, 0)
        tallies.append(
            _read(told) if told.exists() else Tally(hung=["a station of the driver broke"])
        )
    return tallies


def _read(told: Path) -> Tally:
    fields = json.loads(told.read_text())
    return Tally(**{**fields, "counts": Counter(fields["counts"])})


def _evenings(file: Path, *, station: int, runs: int, dice: Random) -> Tally:
    tally = Tally()
    for number, first in enumerate(range(0, runs, BATCH)):
        alone = number % 3 != 1
        folder = file.parent / ("alone" if alone else "together")
        folder.mkdir(exist_ok=True)
        evening = Evening(
            instrument=file,
            database=folder / (f"{number}-{station}.db" if alone else f"{number}.db"),
            name=f"s{station}b{number}",
            dice=dice,
            tally=tally,
            alone=alone,
        )
        for _ in range(min(BATCH, runs - first)):
            evening.sit()
            tally.counts["runs"] += 1
        evening.leave()
    return tally


def _summary(tally: Tally, *, seed: int, seconds: float) -> str:
    n = tally.counts
    return (
        f"crash: {n['runs']} runs ({n['screen']} full screen, {n['plain']} plain), seed {seed}: "
        f"{n['kill']} kill -9, {n['hangup']} terminals closed, {n['terminate']} SIGTERM, "
        f"{n['copy']} copies of the files, {n['review']} at the closing review; "
        f"{n['compared']} answers compared, {len(tally.missing)} missing; "
        f"{n['resumed']} resumed, {len(tally.elsewhere)} elsewhere; {len(tally.traces)} tracebacks; "
        f"{len(tally.hung)} hung; {n['databases']} databases, {len(tally.findings)} findings; {seconds:.0f} s"
    )


if __name__ == "__main__":
    sys.exit(main())
