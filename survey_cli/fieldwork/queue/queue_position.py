"""The queue position of a case as it is stored, and the claim criteria that it contains as its bucket.

Claim criteria are the zones, parts of the day, language, skill, owner and quota cells that a case requires. The store
groups cases by their text, so that hours and quotas are checked once for all cases of a bucket.
"""

import json
from datetime import datetime
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

from survey_cli.fieldwork.case.events import AppointmentPolicy
from survey_cli.fieldwork.plan.people import Interviewer, People

QueueStatus: TypeAlias = Literal["unreleased", "ready", "waiting", "held", "done"]
"""Unreleased: its replicate is not released yet. Ready and waiting: due now, due later. Held: a supervisor must
answer, or give it a number or a zone. Done: never called again, unless a supervisor reopens it."""


class QueuePosition(NamedTuple):
    """The position of a case in the queue, derived from its history and stored beside it for claiming."""

    status: QueueStatus
    due_at: datetime | None
    """When it may be called, by delays, limits and appointments; hours belong to the bucket. None: never. It is not
    later than the study's last open hour."""
    bucket: str
    """The text of its claim criteria."""
    rank: str
    """A sort key for the order of calling; its first letter is the class: 1 appointments, 2 interrupted, 4 all
    others."""
    code: str
    """Its AAPOR code if fieldwork ended now."""
    outcome: str
    """The last outcome, or the supervisor's override."""
    attempts: int
    """The attempts that count toward the limit, including those before a supervisor reopened it."""
    why: str
    """The reason for the status; empty where it is due."""
    promised_at: datetime | None = None
    promised_until: datetime | None = None
    owner: str = ""
    """The owner of its appointment."""


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
        has_skill = who.has_skill(self.skill) or not people.has_skill(self.skill)
        return who.speaks(self.language) and has_skill and (self.policy != "me" or self.owner in ("", who.login))


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
