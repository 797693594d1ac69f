"""Location of a case: the time zones in which a call may ring, and the region whose hours and holidays apply.

Derived from the case and the plan; telephone numbers carry the zones that their numbering plan gives.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
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

    It is the zone that the sample gives the case; else that of the number where it is certain (a landline with one
    zone); else those of the case's region; else that of the number where it has only one; else the study's. Where the
    study's zone is none of those of the number, it is all of these: the case is called only where all are open.
    """
    if own := _find_own_zone(case, plan):
        return CallZones((own,), "the case's own zone")
    of_number = number.zones if number is not None else ()
    if number is not None and number.line == "fixed" and len(of_number) == 1:
        return CallZones(of_number, "by its number")
    region = find_case_region(case, plan)
    if in_region := REGION_ZONES.get(region, ()):
        both = tuple(zone for zone in in_region if _has_same_clock(zone, of_number))
        return CallZones(both or in_region, f"by its region, {region}")
    if len(of_number) == 1:
        return CallZones(of_number, "by its number")
    study = plan.zone or case.zone
    if study and (not of_number or _has_same_clock(study, of_number)):
        mobile = of_number and number is not None and number.line == "mobile"
        why = "the study's zone: a mobile number does not say where it is" if mobile else "the study's zone"
        return CallZones((study,), why)
    return CallZones(of_number, "all zones where its number may be" if of_number else "")


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


def _list_offsets(zone: str) -> Iterable[object]:
    return [at.astimezone(get_zone(zone)).utcoffset() for at in _WINTER_AND_SUMMER]
