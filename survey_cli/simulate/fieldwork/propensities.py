"""Propensities of simulated respondents, measured from a study's own calls where there are enough of them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from statistics import fmean
from typing import Final, NamedTuple

from survey_cli.fieldwork.calendar.zones import to_wall_time
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.disposition_coding import classify_outcome
from survey_cli.fieldwork.case.events import HistoryEntry
from survey_cli.fieldwork.case.locations import list_call_zones
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.queue.scheduling import REFUSAL_OUTCOMES
from survey_cli.reports.fieldwork.call_sessions import read_call_sessions
from survey_cli.simulate.fieldwork.households import Propensities, choose_pattern, find_week_part
from survey_cli.simulate.fieldwork.interviewers import CALL_AGAIN_OUTCOMES, HARD_REFUSALS

MIN_CALLS: Final = 200
"""From this many calls on, the contact propensity is measured."""
MIN_CONVERSATIONS: Final = 50
MIN_INTERVIEWS: Final = 10
BAD_NUMBER_OUTCOMES: Final = frozenset({"disconnected", "fax", "wrong_number"})
"""Outcomes of numbers that reach nobody in the sample; they are drawn separately."""


class MeasuredPropensities(NamedTuple):
    """The assumptions of a simulation, and the source of each."""

    propensities: Propensities
    length: timedelta | None
    """Average length of a complete interview; None where there are too few."""
    basis: tuple[str, ...]


def measure_propensities(histories: Iterable[tuple[str, Sequence[HistoryEntry]]], plan: Plan) -> MeasuredPropensities:
    """Measure the propensities in the calls of these histories; the usual ones where the calls are too few."""
    calls: Counter[str] = Counter()
    expected = 0.0
    lengths: list[timedelta] = []
    pattern = choose_pattern(plan.frame)
    for key, history in histories:
        case = Case.from_history(key, history)
        if not case.calls:
            continue
        for call in case.calls:
            outcome = classify_outcome(call, plan)
            calls[outcome] += 1
            if call.number and outcome not in BAD_NUMBER_OUTCOMES:
                zones = list_call_zones(case, case.find_number(call.number), plan)
                expected += pattern[find_week_part(to_wall_time(zones[0], call.at))] if zones else 1.0
        lengths += read_call_sessions(history, plan).interview_lengths.values()
    usual = Propensities()
    contacts = {id for id, row in plan.outcomes.items() if row.moment != "before"} - BAD_NUMBER_OUTCOMES
    conversations, refused, again, hard = (
        sum(calls[id] for id in outcomes)
        for outcomes in (contacts, REFUSAL_OUTCOMES, CALL_AGAIN_OUTCOMES, HARD_REFUSALS)
    )
    willing = conversations - refused
    call_count = calls.total()
    propensities, basis = usual, []
    if call_count >= MIN_CALLS and expected:
        propensities = replace(propensities, contact=min(0.95, conversations / expected))
        basis.append(f"a person answers {propensities.contact:.0%} of calls (of {call_count:,} calls in this study)")
    else:
        basis.append(f"a person answers {usual.contact:.0%} of calls (assumed)")
    if conversations >= MIN_CONVERSATIONS:
        propensities = replace(
            propensities,
            refuse=refused / conversations,
            hard_refusal=hard / refused if refused else usual.hard_refusal,
            call_again=again / willing if willing > 0 else usual.call_again,
            appointment=calls["appointment"] / again if again else usual.appointment,
            eligible=1 - calls["not_eligible"] / willing if willing > 0 else usual.eligible,
        )
        basis.append(f"{propensities.refuse:.0%} of contacts refuse (of {conversations:,} contacts in this study)")
    else:
        basis.append(f"{usual.refuse:.0%} of contacts refuse, {usual.eligible:.0%} are eligible (assumed)")
    basis.append(f"an appointment is kept {usual.keep_appointment:.0%} of the time (assumed)")
    mean_length = None
    if len(lengths) >= MIN_INTERVIEWS:
        mean_length = timedelta(seconds=fmean(length.total_seconds() for length in lengths))
        minutes = mean_length.total_seconds() / 60
        basis.append(f"an interview takes {minutes:.1f} minutes (of {len(lengths):,} in this study)")
    return MeasuredPropensities(propensities, mean_length, tuple(basis))
