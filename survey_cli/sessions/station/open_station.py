"""Opening a station: the study is opened, the queue is updated to the plan, and the interviewer's session starts."""

import os
import socket
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from survey_cli.entries import Rejection
from survey_cli.fieldwork.plan.people import Interviewer
from survey_cli.problems import UserError
from survey_cli.sessions.case.case_queue import CaseQueue
from survey_cli.sessions.interview.start_interview import Clock, StartOptions, check_clock, utc_now
from survey_cli.sessions.station.dialing import read_dial_command
from survey_cli.sessions.station.station import StationSession
from survey_cli.store import StoreError
from survey_cli.study.clock import record_start
from survey_cli.study.consistency.upkeep import rebuild_queue
from survey_cli.study.file_changes import StudyFiles
from survey_cli.study.open_study import OpenStudy, open_study
from survey_cli.study.version_changes import check_may_begin


def open_station(
    path: str | Path,
    *,
    interviewer: str = "",
    station: str = "",
    db: str | None = None,
    people: str | None = None,
    zone: str = "",
    clock: Clock | None = None,
    clock_is_right: bool = False,
) -> StationSession | UserError:
    """A station of this study, with a case on it where one can be called. Whoever manned it closes it. A `clock` is for
    tests; it is the study's own otherwise."""
    if zone and _find_zone(zone) is None:
        return UserError("--zone", f"{zone!r} is no time zone", "write one as America/Chicago")
    command = read_dial_command()
    if isinstance(command, UserError):
        return command
    study = open_study(path, db=db, by=interviewer, people=people)
    if isinstance(study, UserError):
        return study
    try:
        doubted = check_clock(
            study.store, study.where, StartOptions(case="", clock_is_right=clock_is_right), clock
        )
    except StoreError as problem:
        doubted = UserError(problem.where, problem.what, problem.remedy)
    if doubted is not None:
        study.close()
        return doubted
    clock = clock or study.store.clock or utc_now
    here = StationSession(
        study=study,
        queue=build_queue(study, station),
        clock=clock,
        zone=_find_zone(zone),
        command=command,
        files=StudyFiles(study, people),
    )
    try:
        if (changed := check_may_begin(study.store, study.instrument)) is not None:
            study.close()
            return changed
        rebuild_queue(study, clock())
        record_start(study.store, clock())
        began = here.start()
    except StoreError as problem:
        began = Rejection(f"{problem.what} — {problem.remedy}")
    if isinstance(began, Rejection):
        study.close()
        return UserError(study.where, began.why)
    return here


def build_queue(study: OpenStudy, station: str) -> CaseQueue:
    """The study's queue as a station of this name sees it."""
    return CaseQueue.of(study, station.strip() or socket.gethostname())


def build_station(
    study: OpenStudy, who: Interviewer, station: str, *, clock: Clock, zone: ZoneInfo, dice: Random
) -> StationSession:
    """A station of a study that is open already and has others at it: nothing at it comes of a clock or dice of its own.
    `start` sits its interviewer down; whoever opened the study closes it."""
    own = replace(study, who=who)
    return StationSession(
        study=own,
        queue=build_queue(own, station),
        clock=clock,
        zone=zone,
        token=lambda: f"{dice.getrandbits(128):032x}",
        dice=dice,
    )


def _find_zone(name: str) -> ZoneInfo | None:
    """The station's zone; the computer's own where none is named. None where it does not say which that is."""
    named = name or os.environ.get("TZ", "").lstrip(":")
    if not named:
        with suppress(OSError):
            _, _, named = os.readlink("/etc/localtime").partition("zoneinfo/")
    try:
        return ZoneInfo(named) if named else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
