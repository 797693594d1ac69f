"""Claim criteria: zones, parts of the day, language, skill, owner and quota cells that a case requires.

Their text is the bucket by which the store groups cases, so that hours and quotas are checked once for all cases of a
bucket.
"""

import json
from functools import lru_cache
from typing import NamedTuple

from survey_cli.fieldwork.case.events import AppointmentPolicy
from survey_cli.fieldwork.plan.people import Interviewer, People


class ClaimCriteria(NamedTuple):
    """The conditions that the time and the interviewer must fulfill before a case may be claimed."""

    zones: tuple[str, ...] = ()
    dayparts: tuple[str, ...] = ()
    """Only in these parts of the day; empty: in any."""
    language: str = ""
    skill: str = ""
    owner: str = ""
    """The owner of its appointment; empty: anybody."""
    policy: AppointmentPolicy = "anyone"
    cells: tuple[str, ...] = ()
    """Quota cells it is known to be in."""
    prefers: tuple[str, ...] = ()
    """Parts of the day that were tried least: in them such cases come before those that prefer another; empty: any."""
    region: str = ""
    """The country or region whose hours and holidays apply; empty: the study's."""

    def __str__(self) -> str:
        return format_criteria(self)

    def suits(self, who: Interviewer, people: People) -> bool:
        """Return whether such cases suit this interviewer at all."""
        return (
            who.speaks(self.language)
            and (who.has_skill(self.skill) or not people.has_skill(self.skill))
            and (self.policy != "me" or self.owner in ("", who.login))
        )


@lru_cache(maxsize=4096)
def format_criteria(criteria: ClaimCriteria) -> str:
    """Return the text of claim criteria; of a million cases, many share the same ones."""
    *parts, prefers, region = criteria
    if prefers or region:
        parts.append(prefers)
    if region:
        parts.append(region)
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=4096)
def parse_criteria(text: str) -> ClaimCriteria:
    """Parse the text of claim criteria. Raises ValueError."""
    zones, dayparts, language, skill, owner, policy, cells, *more = json.loads(text)
    prefers, region = more[0] if more else (), more[1] if len(more) > 1 else ""
    dayparts, cells, prefers = map(tuple, (dayparts, cells, prefers))
    return ClaimCriteria(tuple(zones), dayparts, language, skill, owner, policy, cells, prefers, region)
