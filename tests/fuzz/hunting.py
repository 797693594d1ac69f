"""The search of one target for some time: cases are tried, a failure is reduced and reported once, and the search
goes on.
"""

import gc
import time
import traceback
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from hypothesis import given, seed, settings
from hypothesis.errors import Flaky

from fuzz.bounds import bounded_memory, limited
from fuzz.targets import TARGETS, Target

PACKAGE = "survey_cli"
GARBAGE = 200
"""Cases between two collections: what a check has built counts as old, and is not looked at by itself for long."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A failure, once for each place in the code."""

    where: str
    what: str
    case: str


@dataclass(slots=True)
class Hunted:
    """What came of hunting a target."""

    target: str
    how: str
    cases: int = 0
    deep: int = 0
    """Cases that went deep: an instrument that was accepted, an entry that was taken."""
    seconds: float = 0
    findings: dict[str, Finding] = field(default_factory=dict)


def place_of(error: BaseException) -> str:
    """The innermost line of the program, or of the target where the program raised nothing."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if f"/{PACKAGE}/" in f.filename and "/tests/" not in f.filename]
    tests = [f for f in frames if "/tests/fuzz/" in f.filename]
    kind = type(error).__name__
    frame = (
        (tests or frames)[-1]
        if isinstance(error, AssertionError) and "not done" not in str(error)
        else None
    )
    frame = frame or (ours or tests or frames)[-1]
    return f"{kind} at {Path(frame.filename).name}:{frame.lineno} in {frame.name}"


def hunt(target: Target, seconds: float, clock: Callable[[], float], *, first: int) -> Hunted:
    """Try cases until the time is over. `first` is the seed of the first round."""
    hunted = Hunted(target.name, "hypothesis")
    begun = clock()
    latest: dict[str, Finding] = {}

    def once(case: Any) -> None:
        if clock() - begun > seconds:
            return
        hunted.cases += 1
        if hunted.cases % GARBAGE == 0:
            gc.collect()
        try:
            with limited():
                hunted.deep += bool(target.check(case))
        except Exception as error:
            where = place_of(error)
            if where in hunted.findings:
                return
            latest[where] = Finding(where, f"{type(error).__name__}: {error}"[:2000], repr(case))
            raise

    number = first
    while clock() - begun < seconds:
        number += 1
        try:
            seed(number)(settings(settings.get_profile("fuzz"))(given(target.cases)(once)))()
        except Flaky:
            pass
        except Exception:  # told below, as small as it was made
            if not latest:
                raise
        hunted.findings |= latest
        latest.clear()
    hunted.seconds = clock() - begun
    return hunted


def hunted_apart(name: str, seconds: float, *, first: int) -> Hunted:
    """The same in a process of its own, whose memory is bounded; where that ends before its time, it is a finding."""
    with ProcessPoolExecutor(
        max_workers=1, mp_context=get_context("spawn"), initializer=bounded_memory
    ) as apart:
        try:
            return apart.submit(_hunt, name, seconds, first).result()
        except (BrokenExecutor, MemoryError) as broken:
            told = Finding(
                "the whole process", f"{type(broken).__name__}: {broken}", "unknown: see the seed"
            )
            return Hunted(name, "hypothesis", seconds=seconds, findings={told.where: told})


def _hunt(name: str, seconds: float, first: int) -> Hunted:
    return hunt(TARGETS[name], seconds, time.monotonic, first=first)
