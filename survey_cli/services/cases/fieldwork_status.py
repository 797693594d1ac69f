"""The status of a study's fieldwork, in order: the queue is brought up to now, standings and histories are read, and
reported.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, time, tzinfo
from functools import partial
from typing import NamedTuple

from survey_cli.fieldwork.calendar.calendar import short_day
from survey_cli.fieldwork.calendar.zones import wall_at
from survey_cli.fieldwork.case.events import Called, Claimed, Corrected, Entry, Remarked
from survey_cli.fieldwork.queue.claim_criteria import bucket_of
from survey_cli.problems import UserError
from survey_cli.reports.fieldwork.call_sessions import Sat, sittings_of
from survey_cli.reports.fieldwork.status import (
    DueState,
    FieldworkStatus,
    HeldLine,
    LeaseLine,
    PromiseLine,
    Standings,
    fieldwork_status,
)
from survey_cli.services.date_options import Moment, begin_of, now_said
from survey_cli.services.run_on_study import Request, asked
from survey_cli.store.cases.case_records import CaseRow
from survey_cli.study.clock import future_entries
from survey_cli.study.location import in_use
from survey_cli.study.open_study import Records, Study
from survey_cli.study.pause import read_pause


class Target(NamedTuple):
    """How many interviews are wanted."""

    interviews: int | None
    says: str
    """What says so."""


def status_of(
    request: Request, *, since: str = "", zone: tzinfo | None = None
) -> FieldworkStatus | UserError:
    """How the fieldwork stands at the moment of asking. What was done is counted from `since` on, as typed: of a day its
    beginning. `zone` is the clock of whoever asks, the computer's where it is None."""
    begun = begin_of(since, request.at, zone, option="--since") if since else None
    if isinstance(begun, UserError):
        return begun
    return asked(request, partial(_status, begun=begun, zone=zone, people=request.people))


def _status(
    study: Study, *, begun: Moment | None, zone: tzinfo | None, people: str | None
) -> FieldworkStatus | UserError:
    at = study.at
    kinds = study.store.figures.kinds()
    if not kinds:
        return UserError(
            study.where, "there are no cases yet", f"import them: survey sample import {study.path} cases.csv"
        )
    local = at.astimezone(zone)
    midnight = datetime.combine(local.date(), time.min)
    day_began = midnight.astimezone() if zone is None else midnight.replace(tzinfo=zone)
    target, backed_up = target_of(study), study.store.last_backup()
    pause = read_pause(study.store)
    found = Standings(
        at=at,
        day_began=day_began,
        since=begun.at if begun is not None else None,
        kinds=kinds,
        groups=study.store.figures.groups(at),
        fill=study.store.cases.fill(),
        target=target.interviews,
        target_of=target.says,
        promises=tuple(_promise(row, at, zone) for row in study.store.cases.promises()),
        leases=tuple(_leases(study, zone)),
        held=tuple(_held(study, zone)),
        backed_up=backed_up.astimezone(zone) if backed_up is not None else None,
        paused=pause.describe(pause.since.astimezone(zone), local) if pause is not None else "",
    )
    made = fieldwork_status(
        found,
        _sats(study),
        study.plan,
        study.people,
        study.who,
        title=f"{study.instrument.id}, {now_said(at, zone).words}",
        period=f"since {begun.words}" if begun is not None else "since the beginning",
    )
    return replace(
        made,
        in_use=in_use(study.path, study.where, people=people),
        future=tuple(future_entries(study.store, at)),
    )


def target_of(study: Records) -> Target:
    """The largest quota that is about everybody (one with `where:` is about some); else the size of the population, all
    of which is then to be interviewed; else nobody has said."""
    whole = [
        (sum(cell.target for cell in quota.cells.values()), quota.id)
        for quota in study.plan.quotas.quotas
        if quota.where is None
    ]
    if whole:
        target, id = max(whole)
        return Target(target, f"quota {id}")
    size = study.instrument.document.study.size
    return Target(size, "study.size") if size else Target(None, "")


def _sats(study: Study) -> Iterator[Sat]:
    return (sittings_of(history, study.plan) for _, history in study.store.figures.touched())


def _promise(row: CaseRow, at: datetime, zone: tzinfo | None) -> PromiseLine:
    starts, ends = row.promised_at or at, row.promised_until or at
    zones = bucket_of(row.bucket).zones if row.bucket else ()
    there = ""
    if zones:
        wall = wall_at(zones[0], starts)
        there = f"{short_day(wall.date())} {wall:%H:%M}"
    state: DueState = "later"
    if ends < at:
        state = "missed"
    elif starts <= at:
        state = "due"
    elif starts.astimezone(zone).date() == at.astimezone(zone).date():
        state = "today"
    return PromiseLine(
        key=row.key,
        state=state,
        starts=starts.astimezone(zone),
        ends=ends.astimezone(zone),
        there=there,
        zone=zones[0] if zones else "",
        owner=row.owner,
    )


def _leases(study: Study, zone: tzinfo | None) -> Iterator[LeaseLine]:
    cases = study.store.cases
    for row in cases.rows(status="leased"):
        if row.held is None:
            continue
        taken = [entry.at for entry in cases.history(row.key) if isinstance(entry.event, Claimed)]
        yield LeaseLine(
            key=row.key,
            who=row.held.by,
            station=row.held.station,
            since=taken[-1].astimezone(zone) if taken else None,
            until=row.held.until.astimezone(zone),
        )


def _held(study: Study, zone: tzinfo | None) -> Iterator[HeldLine]:
    for row in study.store.cases.rows(status="held"):
        history = study.store.cases.history(row.key)
        note = last_note(history) if study.who.supervises else ""
        yield HeldLine(row.key, row.why, note, row.updated_at.astimezone(zone))


def last_note(history: Sequence[Entry]) -> str:
    """What was noted last, at a call or by itself."""
    for entry in reversed(history):
        match entry.event:
            case Called(note=text) | Remarked(text=text) | Corrected(note=text) if text:
                return text
            case _:
                continue
    return ""
