"""Where the respondent of a case is: in which time zones a call may ring, and whose hours and holidays count.

Pure: a case and the plan decide. Numbers carry the zones that their numbering plan gives.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, NamedTuple

from survey_cli.fieldwork.calendar.zones import zone_of
from survey_cli.fieldwork.case.case import Case, Number
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.instrument.countries import REGION_ZONES

_WINTER_AND_SUMMER: Final = (datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 7, 15, tzinfo=UTC))


class Zones(NamedTuple):
    """The zones in which a call to a number may ring, and the rule that gave them."""

    names: tuple[str, ...]
    rule: str


def call_zones(case: Case, number: Number | None, plan: Plan) -> Zones:
    """The zone that the sample gives the case; else the number's where it is certain (a fixed line with one zone); else
    those of the case's region; else the number's if it has one only; else the study's. Where the study's zone is none of
    those where the number may be, all of these: it is called only where all are open."""
    if own := _own_zone(case, plan):
        return Zones((own,), "the case's own zone")
    of_number = number.zones if number is not None else ()
    if number is not None and number.line == "fixed" and len(of_number) == 1:
        return Zones(of_number, "by its number")
    region = region_of(case, plan)
    if in_region := REGION_ZONES.get(region, ()):
        both = tuple(zone for zone in in_region if _keeps_clock_of(zone, of_number))
        return Zones(both or in_region, f"by its region, {region}")
    if len(of_number) == 1:
        return Zones(of_number, "by its number")
    study = plan.zone or case.zone
    if study and (not of_number or _keeps_clock_of(study, of_number)):
        mobile = of_number and number is not None and number.line == "mobile"
        why = "the study's zone: a mobile number does not say where it is" if mobile else "the study's zone"
        return Zones((study,), why)
    return Zones(of_number, "all zones where its number may be" if of_number else "")


def zones_of(case: Case, number: Number | None, plan: Plan) -> tuple[str, ...]:
    """The zones in which a call to this number may ring; see `call_zones`."""
    return call_zones(case, number, plan).names


def region_of(case: Case, plan: Plan) -> str:
    """The region (`DE-BY`) or country (`DE`) that the sample gives the case; else the study's, or nothing."""
    region = str(case.columns.get(plan.region_column, ""))
    country = str(case.columns.get(plan.country_column, ""))
    if not region and country == plan.region[:2]:
        return plan.region
    return region or country or plan.region


def bucket_region(case: Case, plan: Plan) -> str:
    """The same where it is another than the study's; empty where it is not."""
    region = region_of(case, plan)
    return region if region != plan.region else ""


def plan_for(case: Case, plan: Plan) -> Plan:
    """The plan with the calendar by which the case is called."""
    return plan.in_region(region_of(case, plan))


def _own_zone(case: Case, plan: Plan) -> str:
    """The zone that the sample gives the case. Imports write the study's zone into cases without one, so it is the case's
    own only if there is a column for it that says so, or that is personal and so not among the columns."""
    if case.columns.get(plan.zone_column):
        return case.zone
    return case.zone if plan.zone_column and case.zone != plan.zone else ""


@lru_cache(maxsize=4096)
def _keeps_clock_of(zone: str, others: tuple[str, ...]) -> bool:
    """Whether a zone shows the same time as one of the others, in winter and in summer."""
    return any(_clock(zone) == _clock(other) for other in others)


def _clock(zone: str) -> Iterable[object]:
    return [at.astimezone(zone_of(zone)).utcoffset() for at in _WINTER_AND_SUMMER]
