"""How are two things compared on a noisy machine? By turns, A B A B …, and by their medians. What do processes use?

It prints nothing but the traceback of a process that failed.
"""

import gc
import os
import pickle
import select
import signal
import subprocess
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from glob import glob
from math import log
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import median
from time import monotonic, perf_counter, sleep
from typing import Final, Generic, NoReturn, TypeVar

T = TypeVar("T")

LIMIT: Final = 1200.0
"""Seconds that an act in a process of its own may take. Rows take some minutes: one that takes longer waits for something
that will not come."""
GRACE: Final = 120.0
"""Further seconds for what it started to be stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the table: what was measured against what, and whether the goal was met."""

    what: str
    ours: str
    against: str = ""
    theirs: str = ""
    value: float | None = None
    """What the goal is about: a ratio, an exponent, seconds, a count."""
    shown: str = ""
    """The same, as it is printed."""
    goal: str = ""
    met: bool | None = None
    """None where there is no goal, or nothing to measure yet."""


def at_most(what: str, ours: float, theirs: float, limit: float, *, against: str, unit: str = "ms") -> Line:
    """A time that may be so many times the peer's."""
    ratio = ours / theirs
    return Line(
        what=what,
        ours=shown(ours, unit),
        against=against,
        theirs=shown(theirs, unit),
        value=ratio,
        shown=f"{ratio:.2f}×",
        goal=f"≤ {limit:g}×",
        met=ratio <= limit,
    )


def at_least(what: str, ours: float, theirs: float, limit: float, *, against: str, unit: str) -> Line:
    """A rate that must be at least so many times the peer's."""
    ratio = ours / theirs
    return Line(
        what=what,
        ours=f"{ours:,.0f} {unit}",
        against=against,
        theirs=f"{theirs:,.0f} {unit}",
        value=ratio,
        shown=f"{ratio:.3f}×",
        goal=f"≥ {limit:g}×",
        met=ratio >= limit,
    )


def below(what: str, value: float, limit: float, *, said: str, goal: str) -> Line:
    """A figure with a limit of its own."""
    return Line(what=what, ours=said, value=value, shown=said, goal=goal, met=value <= limit)


def later(what: str, goal: str, why: str) -> Line:
    """A goal for which there is nothing to measure yet."""
    return Line(what=what, ours="", goal=goal, shown=why)


def shown(seconds: float, unit: str) -> str:
    """A time in its unit."""
    match unit:
        case "µs":
            return f"{seconds * 1e6:.3g} µs"
        case "s":
            return f"{seconds:.2f} s"
        case _:
            return f"{seconds * 1e3:.3g} ms"


def by_turns(rounds: int, *acts: Callable[[], float | None]) -> list[list[float]]:
    """Each act in its turn, so many rounds: a time for each. An act that returns a time has measured itself."""
    times: list[list[float]] = [[] for _ in acts]
    for _ in range(rounds):
        for kept, act in zip(times, acts, strict=True):
            gc.collect()
            start = perf_counter()
            said = act()
            kept.append(perf_counter() - start if said is None else said)
    return times


def as_the_program(act: Callable[[], float | None]) -> Callable[[], float | None]:
    """The act under the collector's thresholds that the command sets at its start; peers have Python's own."""

    def measured() -> float | None:
        before = gc.get_threshold()
        gc.set_threshold(200_000, 20, 100)
        start = perf_counter()
        try:
            said = act()
            return perf_counter() - start if said is None else said
        finally:
            gc.set_threshold(*before)

    return measured


def without_collector(act: Callable[[], object]) -> Callable[[], float]:
    """The act while no garbage is collected, so that neither side pays for what the other has left."""

    def measured() -> float:
        gc.disable()
        start = perf_counter()
        try:
            act()
            return perf_counter() - start
        finally:
            gc.enable()

    return measured


def medians(rounds: int, *acts: Callable[[], float | None]) -> list[float]:
    """The median of each act's times."""
    return [median(times) for times in by_turns(rounds, *acts)]


def each(times: int, act: Callable[[], object]) -> Callable[[], float]:
    """The time of one call, out of so many in a row."""

    def measured() -> float:
        start = perf_counter()
        for _ in range(times):
            act()
        return (perf_counter() - start) / times

    return measured


def high(times: Sequence[float], share: float = 0.95) -> float:
    """The time below which so large a share of them lies."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def exponent(sizes: Sequence[int], times: Sequence[float]) -> float:
    """How time grows with size: the slope of the best line through both logarithms."""
    xs, ys = [log(size) for size in sizes], [log(time) for time in times]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / sum((x - mean_x) ** 2 for x in xs)


def run(command: Sequence[str], **more: object) -> None:
    """A program from its start to its end. Raises CalledProcessError with what it said."""
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True, **more)  # type: ignore[call-overload]  # options are passed on


class Forked(Generic[T]):
    """An act in a process of its own, which is stopped with all that it started if it takes too long."""

    def __init__(self, act: Callable[[], T], limit: float = LIMIT) -> None:
        self._limit = limit
        self._reader, writer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                os.close(self._reader)
                # An exception, so that the act stops its servers.
                signal.signal(signal.SIGALRM, self._give_up)
                signal.setitimer(signal.ITIMER_REAL, limit)
                data = pickle.dumps(act())
                with os.fdopen(writer, "wb") as pipe:
                    pipe.write(data)
                code = 0
            except Exception:
                traceback.print_exc()
                kill_descendants(os.getpid())
            finally:
                os._exit(code)
        os.close(writer)

    def _give_up(self, *_: object) -> NoReturn:
        raise TimeoutError(f"it took more than {self._limit:.0f} seconds")

    def result(self) -> T:
        """What the act returns, once it has. Raises SystemExit if it failed or took too long."""
        data = self._read_all(monotonic() + self._limit + GRACE)
        _, status = os.waitpid(self.pid, 0)
        if status:
            raise SystemExit(1)
        result: T = pickle.loads(data)  # noqa: S301 - from ourselves
        return result

    def _read_all(self, deadline: float) -> bytes:
        """Read what the process sends until it ends; kill it at the deadline."""
        data = bytearray()
        while True:
            readable, _, _ = select.select([self._reader], [], [], max(deadline - monotonic(), 0))
            if not readable:
                kill_descendants(self.pid)
                os.kill(self.pid, signal.SIGKILL)
                break
            part = os.read(self._reader, 1 << 20)
            if not part:
                break
            data += part
        os.close(self._reader)
        return bytes(data)


def kill_descendants(pid: int) -> None:
    """Kill the processes that a process has started, and those that they have."""
    for child in list_children(pid):
        kill_descendants(child)
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


@contextmanager
def preparing(ready: Barrier) -> Iterator[None]:
    """What a process does before it waits for the others; an error breaks their barrier too."""
    try:
        yield
    except BaseException:
        ready.abort()
        raise


def observe(pids: Sequence[int], seconds: float) -> list[float]:
    """Wait so long; the seconds of processor that each process and its children use meanwhile."""
    before = [read_processor_seconds(pid) for pid in pids]
    sleep(seconds)
    return [read_processor_seconds(pid) - start for pid, start in zip(pids, before, strict=True)]


def list_children(pid: int) -> list[int]:
    """The processes that a process has started, where the system tells."""
    files = glob("/proc/[0-9]*/stat")
    stats = {int(file.split("/")[2]): text for file in files if (text := read_system_file(file))}
    return [child for child, text in stats.items() if int(text.rpartition(")")[2].split()[1]) == pid]


def read_processor_seconds(pid: int) -> float:
    """The seconds of processor of a process and of its children, also of those that have ended."""
    own = [read_system_file(f"/proc/{pid}/stat").rpartition(")")[2].split()[11:15]]
    children = [
        read_system_file(f"/proc/{child}/stat").rpartition(")")[2].split()[11:13] for child in list_children(pid)
    ]
    return sum(int(ticks) for fields in own + children for ticks in fields) / os.sysconf("SC_CLK_TCK")


def read_system_file(file: str) -> str:
    """The text of a file of the system; empty once its process has ended."""
    try:
        return Path(file).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
