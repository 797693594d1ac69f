"""Location of a case: the time zones in which a call may ring, and the region whose hours and holidays apply.

Derived from the case and the plan; telephone numbers carry the zones that their numbering plan gives.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from survey_cli.fieldwork.calendar.zones import get_zone
from survey_cli.fieldwork.case.case import Case, NumberRecord
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.instrument.countries import REGION_ZONES

_WINTER_AND_SUMMER: Final = (datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 7, 15, tzinfo=UTC))


class CallZones(NamedTuple):
    """The zones in which a call to a number may ring, and the rule that gave them."""

    names: tuple[str, ...]
    rule: str


def find_call_zones(case: Case, number: NumberRecord | None, plan: Plan) -> CallZones:
    """Return the zones in which a call to the number may ring.

    The first of these rules that applies decides:

    1. the zone that the sample gives the case
    2. the zone of a landline number that has only one
    3. the zones of the case's region, where possible only those of the number
    4. the zone of any other number that has only one
    5. the study's zone, if the number may be in it
    6. all zones of the number: the case is called only while all are open
    """
    if own_zone := _find_own_zone(case, plan):
        return CallZones((own_zone,), "the case's own zone")
    number_zones = number.zones if number is not None else ()
    if number is not None and number.line == "fixed" and len(number_zones) == 1:
        return CallZones(number_zones, "by its number")
    region = find_case_region(case, plan)
    if region_zones := REGION_ZONES.get(region, ()):
        common_zones = tuple(zone for zone in region_zones if _has_same_clock(zone, number_zones))
        return CallZones(common_zones or region_zones, f"by its region, {region}")
    if len(number_zones) == 1:
        return CallZones(number_zones, "by its number")
    study_zone = plan.zone or case.zone
    if study_zone and (not number_zones or _has_same_clock(study_zone, number_zones)):
        is_mobile = number_zones and number is not None and number.line == "mobile"
        rule = "the study's zone: a mobile number does not say where it is" if is_mobile else "the study's zone"
        return CallZones((study_zone,), rule)
    return CallZones(number_zones, "all zones where its number may be" if number_zones else "")


def list_call_zones(case: Case, number: NumberRecord | None, plan: Plan) -> tuple[str, ...]:
    """Return the names of the zones that `find_call_zones` finds."""
    return find_call_zones(case, number, plan).names


def find_case_region(case: Case, plan: Plan) -> str:
    """Return the region (`DE-BY`) or country (`DE`) that the sample gives the case; else the study's, or nothing."""
    region = str(case.columns.get(plan.region_column, ""))
    country = str(case.columns.get(plan.country_column, ""))
    if not region and country == plan.region[:2]:
        return plan.region
    return region or country or plan.region


def find_other_region(case: Case, plan: Plan) -> str:
    """Return the case's region where it is not the study's; empty where it is."""
    region = find_case_region(case, plan)
    return region if region != plan.region else ""


def localize_plan(case: Case, plan: Plan) -> Plan:
    """Return the plan with the calendar that applies to the case."""
    return plan.for_region(find_case_region(case, plan))


def _find_own_zone(case: Case, plan: Plan) -> str:
    """Return the zone that the sample gives the case.

    Imports write the study's zone into cases without one, so it is the case's own only where a column for it is filled
    in, or where that column is personal and thus not among the columns.
    """
    if case.columns.get(plan.zone_column):
        return case.zone
    return case.zone if plan.zone_column and case.zone != plan.zone else ""


@lru_cache(maxsize=4096)
def _has_same_clock(zone: str, others: tuple[str, ...]) -> bool:
    """Return whether a zone shows the same time as one of the others, in winter and in summer."""
    return any(_list_offsets(zone) == _list_offsets(other) for other in others)


def _list_offsets(zone: str) -> list[timedelta | None]:
    return [at.astimezone(get_zone(zone)).utcoffset() for at in _WINTER_AND_SUMMER]
