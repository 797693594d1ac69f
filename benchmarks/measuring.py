"""Comparison of two programs on a noisy machine, and the time and memory that processes use.

Programs run in turn (A B A B …), and their medians are compared. Nothing is printed here but the
traceback of a process that failed.
"""

import gc
import os
import pickle
import select
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from glob import glob
from math import log
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import fmean, median
from time import monotonic, perf_counter, sleep
from typing import Final, Generic, NamedTuple, NoReturn, TypeVar

T = TypeVar("T")

LIMIT: Final = 1200.0
"""Seconds that an act in a process of its own may take. A row takes some minutes at most: if it
takes longer, it waits for something that will not come."""

GRACE: Final = 120.0
"""Further seconds in which the programs that it started are stopped."""

SURVEY: Final = str(Path(sys.executable).with_name("survey"))
"""The command, as it is installed."""


def by_turns(rounds: int, *acts: Callable[[], float | None]) -> list[list[float]]:
    """Time each act in its turn, so many rounds. An act that returns a time has measured itself."""
    times: list[list[float]] = [[] for _ in acts]
    for _ in range(rounds):
        for kept, act in zip(times, acts, strict=True):
            gc.collect()
            start = perf_counter()
            own = act()
            took = perf_counter() - start
            if own is not None:
                took = own
            kept.append(took)
    return times


def medians(rounds: int, *acts: Callable[[], float | None]) -> list[float]:
    """Return the median of each act's times, taken in turn."""
    return [median(times) for times in by_turns(rounds, *acts)]


def as_the_program(act: Callable[[], float | None]) -> Callable[[], float | None]:
    """Run the act with the collector as the command sets it at its start; peers keep Python's."""

    def measured() -> float | None:
        before = gc.get_threshold()
        gc.set_threshold(200_000, 20, 100)
        start = perf_counter()
        try:
            own = act()
            took = perf_counter() - start
        finally:
            gc.set_threshold(*before)
        if own is not None:
            return own
        return took

    return measured


def without_collector(act: Callable[[], object]) -> Callable[[], float]:
    """Run the act while no garbage is collected, so that neither side pays for the other's."""

    def measured() -> float:
        gc.disable()
        start = perf_counter()
        try:
            act()
            return perf_counter() - start
        finally:
            gc.enable()

    return measured


def each(times: int, act: Callable[[], object]) -> Callable[[], float]:
    """Return the mean time of one call, out of so many in a row."""

    def measured() -> float:
        start = perf_counter()
        for _ in range(times):
            act()
        return (perf_counter() - start) / times

    return measured


def typical(times: int, act: Callable[[], object]) -> float:
    """Return the median time of one call, out of so many in a row."""
    return median(time_call(act) for _ in range(times))


def time_call(act: Callable[[], object]) -> float:
    """Return the seconds that one call takes."""
    start = perf_counter()
    act()
    return perf_counter() - start


def high(times: Sequence[float], share: float = 0.95) -> float:
    """Return the time below which so large a share of them lies."""
    ordered = sorted(times)
    place = round(share * (len(ordered) - 1))
    return ordered[min(len(ordered) - 1, place)]


def exponent(sizes: Sequence[int], times: Sequence[float]) -> float:
    """Say how time grows with size: the slope of the best line through both logarithms."""
    xs = [log(size) for size in sizes]
    ys = [log(time) for time in times]
    mean_x = fmean(xs)
    mean_y = fmean(ys)
    covariance = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True))
    variance = sum((x - mean_x) ** 2 for x in xs)
    return covariance / variance


def run(command: Sequence[str]) -> None:
    """Run a program to its end. Raises CalledProcessError, with what it printed, if it fails."""
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)


LAUNCH: Final = """
import os, sys, time
start = time.perf_counter()
pid = os.spawnvp(os.P_NOWAIT, sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(pid, 0)
print(time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""A small process in between: a child's peak memory is never below that of the process it was
forked from."""


class Usage(NamedTuple):
    """What a whole process took."""

    seconds: float
    processor: float
    """Seconds of all its cores."""
    peak: int
    """Its peak memory, in KiB."""

    @property
    def peak_mib(self) -> float:
        return self.peak / 1024


def run_process(command: Sequence[str]) -> Usage:
    """Run a whole process, and return what it took."""
    child = [sys.executable, "-S", "-c", LAUNCH, *command]
    ended = subprocess.run(
        child, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    seconds, processor, kibibytes = ended.stdout.split()[-3:]
    return Usage(float(seconds), float(processor), int(kibibytes))


class Forked(Generic[T]):
    """An act in a process of its own, which is stopped with all that it started after a limit."""

    def __init__(self, act: Callable[[], T], limit: float = LIMIT) -> None:
        self._limit = limit
        self._reader, writer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._reader)
            self._act_and_exit(act, writer)
        os.close(writer)

    def _act_and_exit(self, act: Callable[[], T], writer: int) -> NoReturn:
        """Send what the act returns, in the new process, and end it."""
        code = 1
        try:
            # An exception, so that the act stops its servers.
            signal.signal(signal.SIGALRM, self._give_up)
            signal.setitimer(signal.ITIMER_REAL, self._limit)
            data = pickle.dumps(act())
            with os.fdopen(writer, "wb") as pipe:
                pipe.write(data)
            code = 0
        except KeyboardInterrupt:
            kill_descendants(os.getpid())
        except Exception:
            traceback.print_exc()
            kill_descendants(os.getpid())
        finally:
            os._exit(code)

    def _give_up(self, *_: object) -> NoReturn:
        raise TimeoutError(f"it took more than {self._limit:.0f} seconds")

    def is_running(self) -> bool:
        """Say whether the act has yet to return or fail."""
        ended, _, _ = select.select([self._reader], [], [], 0)
        return not ended

    def result(self) -> T:
        """Wait for what the act returns. Raises SystemExit if it failed or took too long."""
        try:
            data = self._read_all(monotonic() + self._limit + GRACE)
        except KeyboardInterrupt:
            # The process was interrupted too. It stops its servers first.
            os.waitpid(self.pid, 0)
            raise
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


@contextmanager
def preparing(ready: Barrier) -> Iterator[None]:
    """Prepare before the other processes are waited for; an error breaks their barrier too."""
    try:
        yield
    except BaseException:
        ready.abort()
        raise


def observe(pids: Sequence[int], seconds: float) -> list[float]:
    """Wait; return the seconds of processor that each process and its children use meanwhile."""
    before = [read_processor_seconds(pid) for pid in pids]
    sleep(seconds)
    return [read_processor_seconds(pid) - start for pid, start in zip(pids, before, strict=True)]


def kill_descendants(pid: int) -> None:
    """Kill the processes that a process has started, and those that they have."""
    for child in list_children(pid):
        kill_descendants(child)
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def list_children(pid: int) -> list[int]:
    """Return the processes that a process has started, if the system tells."""
    children = []
    for file in glob("/proc/[0-9]*/stat"):
        fields = _read_stat(file)
        if fields and int(fields[1]) == pid:
            children.append(int(file.split("/")[2]))
    return children


def read_processor_seconds(pid: int) -> float:
    """Return the processor seconds of a process and its children, ended ones included."""
    ticks = _read_stat(f"/proc/{pid}/stat")[11:15]
    for child in list_children(pid):
        ticks += _read_stat(f"/proc/{child}/stat")[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def _read_stat(file: str) -> list[str]:
    """Return the fields of a process from its state on; none once it has ended."""
    # The name of the program, in parentheses, may contain spaces.
    return read_system_file(file).rpartition(")")[2].split()


def read_private_memory(pid: int) -> int:
    """Return the memory that a process has for itself, in KiB; 0 once it has ended."""
    total = 0
    for line in read_system_file(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith("Private_"):
            total += int(line.split()[1])
    return total


def read_system_file(file: str) -> str:
    """Return the text of a file of the system; empty once its process has ended."""
    try:
        return Path(file).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
