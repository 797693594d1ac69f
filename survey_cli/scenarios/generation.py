"""Generation of scenarios: a small suite that covers what witnesses cover, with as few answers as possible."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.items.coded import MultipleItem
from survey_cli.proof.goals import Goal, Witness
from survey_cli.scenarios.coverage import KINDS, describe_goal, list_coverage, observe
from survey_cli.scenarios.expectations import format_value
from survey_cli.scenarios.running import ScenarioRun, depends_on_seed, run_scenario
from survey_cli.scenarios.scenario import Scenario
from survey_cli.scenarios.witnesses import replay_witness
from survey_cli.values import Missing, Place
from survey_cli.wording import shorten

MAX_RUNS: Final = 30
"""How many interviews are tried to shorten one scenario."""
_PLAIN: Final = re.compile(r"[A-Za-z0-9.][\w.#-]*( [\w.-]+)*\Z", re.ASCII)
"""Texts that YAML reads as they are."""


class GeneratedScenario(NamedTuple):
    """A scenario, its run, and what it is there for."""

    scenario: Scenario
    run: ScenarioRun
    goals: frozenset[Goal]


def generate_scenarios(instrument: Instrument, witnesses: Iterable[Witness]) -> list[GeneratedScenario]:
    """Choose witnesses that together cover all that any of them covers, and shorten them.

    Each time the one that covers most of the rest is chosen; what the others cover as well is then left out.
    """
    wanted = frozenset(list_coverage(instrument))
    candidates = []
    for witness in {id(witness): witness for witness in witnesses}.values():
        scenario, run, holds = replay_witness(instrument, witness)
        if holds:
            candidates.append((replace(scenario, seed=run.seed), observe(run) & wanted))
    open_goals = frozenset[Goal]().union(*(covered for _, covered in candidates))
    chosen: list[tuple[Scenario, frozenset[Goal]]] = []
    while open_goals:
        best = max(candidates, key=lambda candidate: len(candidate[1] & open_goals))
        chosen.append(best)
        open_goals -= best[1]
    for entry in tuple(chosen):
        others = [covered for other, covered in chosen if other is not entry[0]]
        if entry[1] <= frozenset[Goal]().union(*others):
            chosen.remove(entry)
    return list(_shorten_all(instrument, chosen))


def _shorten_all(
    instrument: Instrument, chosen: Sequence[tuple[Scenario, frozenset[Goal]]]
) -> Iterator[GeneratedScenario]:
    covered: frozenset[Goal] = frozenset()
    for scenario, goals in chosen:
        needed = goals - covered
        shorter = _shorten_answers(instrument, replace(scenario, fills_others=True), needed)
        run = run_scenario(instrument, shorter)
        covered |= observe(run)
        yield GeneratedScenario(shorter, run, needed)


def _shorten_answers(instrument: Instrument, scenario: Scenario, needed: frozenset[Goal]) -> Scenario:
    """Leave out answers without which the scenario covers the same: large parts first, then smaller ones."""
    redundant = run_scenario(instrument, scenario).redundant
    answers = {place: text for place, text in scenario.answers.items() if place not in redundant}
    scenario = replace(scenario, answers=answers)
    size, runs = len(answers), 0
    while size and runs < MAX_RUNS:
        at = 0
        while at < len(scenario.answers) and runs < MAX_RUNS:
            places = list(scenario.answers)
            left_out = set(places[at : at + size])
            kept = {place: text for place, text in scenario.answers.items() if place not in left_out}
            shorter = replace(scenario, answers=kept)
            runs += 1
            if needed <= observe(run_scenario(instrument, shorter)):
                scenario = shorter
            else:
                at += size
        size //= 2
    return scenario


def render_scenarios(instrument: Instrument, scenarios: Sequence[GeneratedScenario]) -> Iterator[str]:
    """Yield the lines of a scenario file."""
    days = Counter(scenario.today for scenario, _, _ in scenarios)
    usual_day = max(days, key=lambda day: days[day])
    yield f"case: {{date: {usual_day.isoformat()}}}"
    yield "others: first"
    yield "scenarios:"
    in_order = list_coverage(instrument)
    for scenario, run, goals in scenarios:
        ordered = sorted((goal for goal in in_order if goal in goals), key=lambda goal: _rank(instrument, goal))
        yield f"- name: {_quote(shorten('; '.join(describe_goal(goal) for goal in ordered[:3]), 90))}"
        case = [f"seed: {scenario.seed}"] if depends_on_seed(instrument) else []
        case += [f"date: {scenario.today.isoformat()}"] if scenario.today != usual_day else []
        sample = {name: value for name, value in scenario.sample.items() if not isinstance(value, Missing)}
        values = ", ".join(f"{name}: {_quote(format_value(value))}" for name, value in sample.items())
        case += [f"sample: {{{values}}}"] if values else []
        if case:
            yield f"  case: {{{', '.join(case)}}}"
        if scenario.answers:
            yield "  answers:"
            yield from (
                f"    {place}: {_render_answer(instrument, place, text)}" for place, text in scenario.answers.items()
            )
        yield "  expect:"
        if run.outcome:
            yield f"    ends: {run.outcome}"
        asked = [goal.name for goal in ordered if goal.kind == "asked" and _rank(instrument, goal) < len(_RANKS)]
        skipped = [goal.name for goal in ordered if goal.kind == "skipped"]
        on_route = {place.item for place in run.route}
        absent = [name for name in skipped if name in instrument.items and name not in on_route]
        for key, names in (("asked", asked), ("not_asked", absent)):
            if names:
                yield f"    {key}: [{', '.join(names)}]"
        fired = {goal.name for goal in goals if goal.kind == "fires"}
        warned = {place: texts[0] for place, texts in run.warnings.items() if place.item in fired}
        for key, words in (("rejected", run.rejections), ("warned", warned)):
            if words:
                yield f"    {key}: {{{', '.join(f'{place}: {_quote(why)}' for place, why in words.items())}}}"


def _rank(instrument: Instrument, goal: Goal) -> int:
    """Return how much a goal says of a scenario: an end most, an item that is always asked least."""
    return next((rank for rank, kind in enumerate(_RANKS) if KINDS[kind](instrument, goal)), len(_RANKS))


_RANKS: Final = (
    "ends",
    "checks that fire",
    "conditions unknown",
    "conditions not true",
    "conditions true",
    "options with a condition",
)


def _render_answer(instrument: Instrument, place: Place, text: str) -> str:
    item = instrument.items[place.item]
    is_list = isinstance(item.question, MultipleItem) and not any(option.specify for option in item.options)
    return f"[{text.replace(' ', ', ')}]" if is_list and " " in text else _quote(text)


def _quote(text: str) -> str:
    return text if _PLAIN.match(text) else json.dumps(text, ensure_ascii=False)
