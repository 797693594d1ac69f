"""Checks of the proof: what can't happen in a questionnaire, and what can and should not, shown by an interview."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from survey_cli.instrument.checks.all_checks import CheckResult
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.problems import Position, Problem, UserError, limit_per_rule
from survey_cli.proof.forks import build_fork_models
from survey_cli.proof.goals import RETRIES, FillUse, Goal, Verdicts, Witness, list_fill_goals, list_quota_goals
from survey_cli.scenarios.coverage import WitnessWalk, build_scenario
from survey_cli.values import Missing

if TYPE_CHECKING:
    from survey_cli.proof.verdicts import Goals, Prover

RULES: Final = {
    "never-asked": "No interview asks this item, or anything in this section: its condition can't be true there. The "
    "problem names the conditions that exclude it. Change one of them, or remove the item.",
    "always-asked": "A filter skips nobody who comes to it, or nobody continues after an `end`. Remove the condition, or "
    "correct it if something else was meant.",
    "never-offered": "An option's condition can't be true where its question is asked. Change it, or remove the option.",
    "check-never-passes": "A check fires on every answer. Unless it is `soft`, none is accepted. Correct the condition.",
    "check-never-fires": "A check or `confirm` fires on no answer. Correct the condition, or remove the check.",
    "decline-hole": """After a decline, no branch of consecutive items is asked, although every answer leads to one.

    - {id: hours, type: number, ask_if: has_job == 1, …}
    - {id: looking, type: single, ask_if: has_job == 2, …}     after a don't know at has_job neither is asked

Write `has_job in [2, dk, refused]`, or `unless: has_job == 1`. If nothing is to be asked then, write
`answered(has_job) and has_job == 2`.
""",
    "filter-gap": "For some values, no branch of consecutive items or sections is asked: nothing at age 30 with "
    "`age < 30` and `age > 30`. It is a warning between two ranges, and for one code where each other code has a branch. "
    "Elsewhere it is a note, because follow-up questions need not cover everything.",
    "filter-overlap": "For some values, two branches of consecutive items or sections are asked: both at age 30 with "
    "`age <= 30` and `age >= 30`. It is a warning for one value, and where three ranges otherwise exclude one another. "
    "Elsewhere it is a note. A branch within another one is not reported.",
    "empty-quota-cell": "No complete interview can count in a quota cell, so its target is never reached: the `end` of a "
    "screening, a condition or the codes exclude it. Change them, or write 0 as the target.",
    "unfilled": """A text is read in which a fill has no value, because its item was not asked or was declined.

    text: "You said {hours} hours."     → "You said {hours|that many} hours."

Write words that replace it, or a condition. The sample is taken to be complete.
""",
    "undecided": "It was not proved that something can happen, nor that it can't, because it depends on a comparison of "
    "numbers without limits, or on a mean, a rounded number or the years between two dates. Write scenarios for it.",
    "possible": "`survey check --prove --possible` lists what can happen: items that are asked or skipped, conditions "
    "that are unknown, options that are offered, checks that fire or are passed, and quota cells.",
}
"""The rules of `survey check --prove`, with their explanations."""


def prove_instrument(file: str, checked: CheckResult, today: date, *, possible: bool = False) -> tuple[Problem, ...]:
    """Return the problems of a checked instrument with what the proof found; with `possible`, also what can happen.

    Raises UserError where the solver is not installed.
    """
    try:
        from survey_cli.proof.findings import ProofReport, describe_witness
        from survey_cli.proof.verdicts import Prover, list_goals
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("pysat"):
            raise
        what = "it needs the solver python-sat, which is not installed"
        raise UserError("--prove", what, "pip install 'survey-cli[proof]'") from error
    instrument, draft = checked.instrument, checked.draft
    if instrument is None or draft is None:
        what = "nothing is proved while the questionnaire has errors"
        return (*checked.problems, Problem("undecided", Position(file), "", what, "correct them first", "info"))
    with Prover(instrument, today) as prover:
        forks = build_fork_models(prover.model)
        fill_goals, fills = list_fill_goals(prover.model)
        goals = {**list_goals(prover.model), **fill_goals, **list_quota_goals(prover.model)}
        for fork in forks:
            goals |= fork.goals
        verdicts = _settle(prover, goals, fills)
        report = ProofReport(draft, prover, verdicts, forks, fills, checked.problems)
        findings = [*report.list_findings(), *(report.list_possible() if possible else ())]
    problems = report.keep_others(findings)
    for problem, goal in findings:
        witness = verdicts.possible.get(goal) if goal is not None else None
        if goal is not None and witness is not None:
            shown = describe_witness(instrument, witness, goal)
            what = f"{problem.what} (for example: {shown})" if shown else problem.what
            problem = replace(problem, what=what, scenario=_build_scenario(instrument, witness, problem))
        problems.append(problem)
    return tuple(
        limit_per_rule(problems) if not possible else sorted(problems, key=lambda p: (p.where, p.rule, p.what))
    )


def _settle(prover: "Prover", goals: "Goals", fills: Sequence[FillUse]) -> Verdicts:
    """Settle goals, and replay every witness: a goal that none of them reaches is undecided."""
    by_owner: dict[str, list[FillUse]] = {}
    for use in fills:
        by_owner.setdefault(use.owner, []).append(use)
    verdicts = prover.settle(goals)
    pending, shown, missed = verdicts.possible, dict[Goal, Witness](), dict[Goal, None]()
    for attempt in range(RETRIES + 1):
        walks: dict[int, WitnessWalk] = {}
        for goal, witness in pending.items():
            if id(witness) not in walks:
                walks[id(witness)] = WitnessWalk(prover.model.instrument, witness, by_owner)
            if walks[id(witness)].shows(goal):
                shown[goal] = witness
                missed.pop(goal, None)
            else:
                missed[goal] = None
        if not missed:
            break
        pending = prover.look_again({goal: goals[goal] for goal in missed}, attempt)
    return Verdicts(shown, verdicts.impossible, list(missed))


def _build_scenario(instrument: Instrument, witness: Witness, problem: Problem) -> dict[str, Any]:
    """Return a witness as `survey test` reads it."""
    scenario = build_scenario(instrument, witness)
    sample = {name: str(value) for name, value in scenario.sample.items() if not isinstance(value, Missing)}
    case = {"date": witness.today.isoformat(), **({"sample": sample} if sample else {})}
    answers = {str(place): answer for place, answer in scenario.answers.items()}
    return {"name": f"{problem.rule} {problem.who}", "case": case, "answers": answers}
