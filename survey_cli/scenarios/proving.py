"""The proof of a questionnaire: what can't happen, and what can and should not.

It imports the solver, which `route_check` looks for first.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from survey_cli.instrument.checks.all_checks import CheckResult
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.problems import Problem, limit_per_rule
from survey_cli.proof.findings import ProofFinding, ProofReport
from survey_cli.proof.fork_models import build_fork_models
from survey_cli.proof.goals import (
    RETRIES,
    FillUse,
    Goal,
    GoalLiterals,
    Verdicts,
    Witness,
    list_fill_goals,
    list_quota_goals,
)
from survey_cli.proof.silent_choices import list_silent_choices, list_silent_goals
from survey_cli.proof.table_gaps import list_gap_goals
from survey_cli.proof.verdicts import ProofAbandonedError, Prover, list_goals
from survey_cli.proof.witness_words import describe_witness
from survey_cli.scenarios.coverage import WitnessWalk, build_scenario
from survey_cli.values import Missing


def prove_instrument(
    checked: CheckResult,
    today: date,
    *,
    possible: bool = False,
    is_abandoned: Callable[[], bool] = lambda: False,
) -> tuple[Problem, ...]:
    """Return the problems of a checked questionnaire with what the proof found.

    With `possible` these include what can happen, as information. The questionnaire has been
    compiled without errors, and the solver is installed. Raises ProofAbandonedError as soon as
    `is_abandoned` returns true.
    """
    instrument = checked.compiled
    draft = checked.draft
    assert instrument is not None
    assert draft is not None
    with Prover(instrument, today, is_abandoned) as prover:
        forks = build_fork_models(prover.model)
        fill_goals, fills = list_fill_goals(prover.model)
        goals = {**list_goals(prover.model), **fill_goals, **list_quota_goals(prover.model)}
        choices = list_silent_choices(draft)
        goals |= list_silent_goals(prover.model, choices)
        goals |= list_gap_goals(prover.model)
        for fork in forks:
            goals |= fork.goals

        verdicts = _settle(prover, goals, fills)
        report = ProofReport(draft, prover, verdicts, forks, fills, choices, checked.problems)
        findings = report.list_findings()
        if possible:
            findings += report.list_possible()

    problems = report.keep_others(findings)
    problems += [_add_example(instrument, verdicts.possible, finding) for finding in findings]
    if possible:
        return tuple(sorted(problems, key=lambda p: (p.where, p.rule, p.what)))
    return tuple(limit_per_rule(problems))


def _settle(prover: Prover, goals: GoalLiterals, fills: Sequence[FillUse]) -> Verdicts:
    """Settle goals, and replay every witness: a goal that none of them reaches is undecided."""
    by_owner: dict[str, list[FillUse]] = {}
    for use in fills:
        by_owner.setdefault(use.owner, []).append(use)

    verdicts = prover.settle(goals)
    shown: dict[Goal, Witness] = {}
    missed: dict[Goal, str] = {}
    pending = verdicts.possible
    for attempt in range(RETRIES + 1):
        walks: dict[int, WitnessWalk] = {}
        for goal, witness in pending.items():
            if id(witness) not in walks:
                if prover.is_abandoned():
                    raise ProofAbandonedError
                walks[id(witness)] = WitnessWalk(prover.model.instrument, witness, by_owner)
            if walks[id(witness)].shows(goal):
                shown[goal] = witness
                missed.pop(goal, None)
            else:
                missed[goal] = walks[id(witness)].stopped_at
        if not missed:
            break
        # only some of them are tried again at once: the others wait for a later attempt
        pending = prover.look_again({goal: goals[goal] for goal in missed}, attempt)
    undecided = [*verdicts.undecided, *missed]
    return Verdicts(shown, verdicts.impossible, undecided, stopped_at=missed)


def _add_example(
    instrument: Instrument, possible: Mapping[Goal, Witness], finding: ProofFinding
) -> Problem:
    """Return the problem of a finding with the answers that show it, if there are some."""
    problem, goal = finding
    if goal is None or goal not in possible:
        return problem
    witness = possible[goal]
    what = problem.what
    shown = describe_witness(instrument, witness, goal)
    if shown:
        what += f" (for example: {shown})"
    return replace(problem, what=what, scenario=_build_scenario(instrument, witness, problem))


def _build_scenario(instrument: Instrument, witness: Witness, problem: Problem) -> dict[str, Any]:
    """Return a witness as `survey test` reads it."""
    scenario = build_scenario(instrument, witness)
    sample = {
        name: str(value)
        for name, value in scenario.sample.items()
        if not isinstance(value, Missing)
    }
    case: dict[str, Any] = {"date": witness.today.isoformat()}
    if sample:
        case["sample"] = sample
    answers = {str(place): answer for place, answer in scenario.answers.items()}
    return {"name": f"{problem.rule} {problem.who}", "case": case, "answers": answers}
