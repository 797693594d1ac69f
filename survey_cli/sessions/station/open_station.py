"""Opening a station: studies are opened, queues updated, and the interviewer's session starts."""

import os
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from survey_cli.fieldwork.plan.plan import Interviewer
from survey_cli.permissions import Action
from survey_cli.problems import UserError
from survey_cli.sessions.interview import start_interview
from survey_cli.sessions.station.dialing import SimulatedRespondents, read_dial_command
from survey_cli.sessions.station.listeners import NO_LISTENERS, Listeners
from survey_cli.sessions.station.station import StationOptions, StationSession
from survey_cli.store.backends.address import is_server_address, parse_server_address
from survey_cli.study.clock import record_start
from survey_cli.study.consistency.upkeep import rebuild_queue
from survey_cli.study.open_study import OpenStudy, StudyFiles, check_study_may, open_study
from survey_cli.study.versions import check_may_begin


def open_station(
    *paths: str | Path,
    interviewer: str = "",
    station: str = "",
    db: str | None = None,
    people: str | None = None,
    zone: str = "",
    clock: start_interview.Clock | None = None,
    clock_is_right: bool = False,
    listeners: Listeners = NO_LISTENERS,
) -> StationSession:
    """Open a station of these studies, with a case if one can be called. The caller closes it.

    `clock` is for tests; otherwise it is the study's. Raises UserError.
    """
    if len(paths) > 1 and db:
        _check_shared_address(db)
    station_zone = find_station_zone(zone)
    command = read_dial_command()

    with ExitStack() as opened:
        studies = []
        for path in paths:
            study = open_study(path, db=db, by=interviewer, people=people)
            studies.append(opened.enter_context(study))
        _check_different(studies)
        _check_start(studies, clock, clock_is_right=clock_is_right)

        clock = clock or _choose_clock(studies)
        files = [StudyFiles(study, people) for study in studies]
        session = StationSession(
            study=studies[0],
            further=studies[1:],
            station=start_interview.resolve_station_name(station),
            clock=clock,
            options=StationOptions(
                zone=station_zone, command=command, files=files, listeners=listeners
            ),
        )
        for study in studies:
            check_may_begin(study.store, study.instrument)
            rebuild_queue(study, clock(), yielding=True)
            record_start(study.store, clock())

        rejection = session.start().rejection
        if rejection is not None:
            raise UserError(studies[0].where, rejection.why)
        opened.pop_all()
        return session


def _check_shared_address(db: str) -> None:
    """Check that several studies can be kept at this address: each has its own database there."""
    if is_server_address(db) and not parse_server_address(db).schema:
        return
    what = "with several files each study has its own database"
    remedy = "leave it out, or give the address of a server, without schema="
    raise UserError("--db", what, remedy)


def _check_different(studies: Sequence[OpenStudy]) -> None:
    """Check that no study was given twice."""
    known = set()
    for study in studies:
        id = study.instrument.id
        if id in known:
            remedy = "give each study once, under names of their own"
            raise UserError(id, "two of the files have this study", remedy)
        known.add(id)


def _check_start(
    studies: Sequence[OpenStudy], clock: start_interview.Clock | None, *, clock_is_right: bool
) -> None:
    """Check the person's role and the computer's clock in each study."""
    options = start_interview.StartOptions(case="", clock_is_right=clock_is_right)
    for study in studies:
        start_interview.check_role(study.store)
        check_study_may(study, Action.CONDUCT_INTERVIEWS)
        start_interview.check_clock(study.store, study.where, options, clock)


def _choose_clock(studies: Sequence[OpenStudy]) -> start_interview.Clock:
    """Choose the clock of the first study that has one: a server's; else the computer's."""
    for study in studies:
        if study.store.clock is not None:
            return study.store.clock
    return start_interview.utc_now


def build_station(
    study: OpenStudy,
    who: Interviewer,
    station: str,
    *,
    clock: start_interview.Clock,
    zone: ZoneInfo | None,
    rng: Random,
    respondents: SimulatedRespondents | None = None,
) -> StationSession:
    """Build one of several stations of an open study, with a given clock and given random numbers.

    `start` starts its shift; whoever opened the study closes it.
    """

    def draw_token() -> str:
        return f"{rng.getrandbits(128):032x}"

    options = StationOptions(zone=zone, token=draw_token, rng=rng, respondents=respondents)
    return StationSession(
        study=replace(study, who=who), station=station, clock=clock, options=options
    )


def find_station_zone(name: str) -> ZoneInfo | None:
    """Find the station's time zone, by default the computer's; None if that is unknown."""
    zone_name = name or os.environ.get("TZ", "").lstrip(":")
    if not zone_name:
        with suppress(OSError):
            _, _, zone_name = os.readlink("/etc/localtime").partition("zoneinfo/")
    if not zone_name:
        return None

    try:
        return ZoneInfo(zone_name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        if name:
            what = f"{name!r} is not a time zone"
            raise UserError("--zone", what, "write one such as America/Chicago") from None
        return None
