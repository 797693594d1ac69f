"""The interviewers of simulated fieldwork, and the time zone of their stations."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from survey_cli.fieldwork.plan.plan import Interviewer, People, Plan
from survey_cli.permissions import StaffRole
from survey_cli.problems import UserError
from survey_cli.reports.fieldwork.simulation_report import InterviewerRow
from survey_cli.sessions.station.open_station import find_station_zone as find_computer_zone

DEFAULT_INTERVIEWERS: Final = 6
"""Used if nobody is listed and no number is given."""


@dataclass(slots=True)
class ModelInterviewer:
    """One simulated interviewer."""

    who: Interviewer
    number: int
    rng: Random
    log: InterviewerRow
    skipped: set[str] = field(default_factory=set)
    """Cases that could not be dialed: they are left to others."""

    @property
    def station(self) -> str:
        return f"station {self.number + 1}"


def find_station_zone(path: str, zone: ZoneInfo | None, plan: Plan) -> ZoneInfo:
    """Return the time zone of the stations: the given one, else the study's, else this computer's.

    Raises UserError if none is known.
    """
    if zone is not None:
        return zone
    if plan.zone:
        return ZoneInfo(plan.zone)
    computer_zone = find_computer_zone("")
    if computer_zone is not None:
        return computer_zone
    remedy = "add fieldwork: zone:, or use --zone America/Chicago"
    raise UserError(path, "the stations' time zone is not known", remedy)


def build_staff(people: People, requested: int | None) -> Sequence[Interviewer]:
    """List the interviewers, in the order of the list.

    If more are requested than are listed, further ones copy the languages and skills of the first
    ones in turn. If the list is empty, all may do everything.
    """
    if not people.interviewers:
        return [
            Interviewer(login=f"interviewer {number}", role=StaffRole.SUPERVISOR)
            for number in range(1, (requested or DEFAULT_INTERVIEWERS) + 1)
        ]

    listed = [
        person for person in people.interviewers.values() if person.role is StaffRole.INTERVIEWER
    ]
    if not listed:
        raise UserError(
            "--interviewers",
            "the list has nobody who interviews",
            "specify another list: --people FILE",
        )
    if requested is None:
        return listed
    invented = [
        replace(listed[number % len(listed)], login=f"interviewer {number + 1}", pseudonym="")
        for number in range(len(listed), requested)
    ]
    return [*listed, *invented][:requested]
