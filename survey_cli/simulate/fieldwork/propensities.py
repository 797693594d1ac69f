"""Chances by which respondents are simulated, measured in a study's own calls where it has made enough of them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from statistics import fmean
from typing import Final, NamedTuple

from survey_cli.fieldwork.calendar.zones import wall_at
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.disposition_coding import kind
from survey_cli.fieldwork.case.events import Entry
from survey_cli.fieldwork.case.locations import zones_of
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.queue.rules import REFUSALS
from survey_cli.reports.fieldwork.call_sessions import sittings_of
from survey_cli.simulate.fieldwork.households import Chances, part_of, pattern_of

ENOUGH_CALLS: Final = 200
"""From so many calls on, the chance of an answer is measured."""
ENOUGH_TALKS: Final = 50
ENOUGH_INTERVIEWS: Final = 10
NO_ANSWER: Final = frozenset({"disconnected", "fax", "wrong_number"})
"""Numbers that lead to nobody of the sample, and are drawn apart."""
HARD: Final = frozenset({"refusal_hard", "refusal_household_hard"})
LATER: Final = frozenset({"callback", "appointment"})


class Measured(NamedTuple):
    """What is taken for granted, and where each figure comes from."""

    chances: Chances
    length: timedelta | None
    """Of a complete interview, on average; None where too few were made."""
    basis: tuple[str, ...]


def measure(histories: Iterable[tuple[str, Sequence[Entry]]], plan: Plan) -> Measured:
    """The chances that the calls of these histories show; the usual ones for what they are too few to show."""
    calls: Counter[str] = Counter()
    expected = 0.0
    lengths: list[timedelta] = []
    pattern = pattern_of(plan.frame)
    for key, history in histories:
        case = Case.of(key, history)
        if not case.calls:
            continue
        for call in case.calls:
            found = kind(call, plan)
            calls[found] += 1
            if call.number and found not in NO_ANSWER:
                zones = zones_of(case, case.number(call.number), plan)
                expected += pattern[part_of(wall_at(zones[0], call.at))] if zones else 1.0
        lengths += sittings_of(history, plan).lengths.values()
    usual = Chances()
    talks = sum(n for id, n in calls.items() if _reached(id, plan) and id not in NO_ANSWER)
    refused = sum(n for id, n in calls.items() if id in REFUSALS)
    later = sum(n for id, n in calls.items() if id in LATER)
    made = calls.total()
    chances, basis = usual, []
    if made >= ENOUGH_CALLS and expected:
        chances = replace(chances, contact=min(0.95, talks / expected))
        basis.append(
            f"a call is answered by somebody {chances.contact:.0%} of the time (of {made:,} calls here)"
        )
    else:
        basis.append(f"a call is answered by somebody {usual.contact:.0%} of the time (assumed)")
    if talks >= ENOUGH_TALKS:
        hard = sum(n for id, n in calls.items() if id in HARD)
        chances = replace(
            chances,
            refuse=refused / talks,
            hard=hard / refused if refused else usual.hard,
            later=later / (talks - refused) if talks > refused else usual.later,
            promised=calls["appointment"] / later if later else usual.promised,
            eligible=1 - calls["not_eligible"] / (talks - refused) if talks > refused else usual.eligible,
        )
        basis.append(f"{chances.refuse:.0%} of talks are refused (of {talks:,} talks here)")
    else:
        basis.append(f"{usual.refuse:.0%} of talks are refused, {usual.eligible:.0%} are eligible (assumed)")
    basis.append(f"an appointment is kept {usual.kept:.0%} of the time (assumed)")
    length = timedelta(seconds=fmean(one.total_seconds() for one in lengths)) if lengths else None
    if length is not None and len(lengths) >= ENOUGH_INTERVIEWS:
        minutes = length.total_seconds() / 60
        basis.append(f"an interview takes {minutes:.1f} minutes (of {len(lengths):,} here)")
    else:
        length = None
    return Measured(chances, length, tuple(basis))


def _reached(outcome: str, plan: Plan) -> bool:
    row = plan.outcomes.get(outcome)
    return row is not None and row.moment != "before"
