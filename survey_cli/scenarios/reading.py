"""Scenario files read against a questionnaire: the scenarios, and problems with line and remedy."""

from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import NamedTuple, TypeAlias

from survey_cli.entries import Rejection
from survey_cli.instrument.compiled.model import Instrument, Roster
from survey_cli.instrument.schema.items.question import ItemContext
from survey_cli.instrument.schema.items.unasked_items import ComputedItem, EndItem
from survey_cli.instrument.schema.scenario_file import CaseSpec, ExpectSpec, ScenarioFile, ScenarioSpec
from survey_cli.instrument.schema.validation import validate_file
from survey_cli.instrument.source.load import InstrumentSource
from survey_cli.instrument.source.nodes import YamlScalar
from survey_cli.problems import Position, Problem, UserError, sort_problems, suggest_nearest
from survey_cli.scenarios.running import Scenario, ScenarioStep
from survey_cli.values import Missing, Place, Value

SampleReader: TypeAlias = Callable[[str, str], Value | Missing]
"""Reads the text of a sample column. Raises UserError where it is no value."""


class ScenarioTest(NamedTuple):
    """A scenario, and what is expected of it."""

    scenario: Scenario
    expect: ExpectSpec
    where: Position


def read_scenarios(
    source: InstrumentSource, instrument: Instrument, today: date, read_sample: SampleReader
) -> tuple[list[ScenarioTest], list[Problem]]:
    """Read the scenarios of a file. Where there are errors, what could not be used is left out."""
    if source.tree is None:
        return [], list(source.problems)
    spec, problems, _ = validate_file(source.tree, ScenarioFile)
    if spec is None:
        return [], [*source.problems, *problems]
    reader = _ScenarioReader(instrument, today, read_sample)
    tests = [reader.read(spec, scenario) for scenario in spec.scenarios]
    if not tests and not problems:
        reader.report("missing-key", spec.find_position("scenarios"), "", "there is no scenario", "add `- name: …`")
    return tests, sort_problems([*source.problems, *problems, *reader.problems])


class _ScenarioReader:
    """Reads the scenarios of one file, and collects problems."""

    def __init__(self, instrument: Instrument, today: date, read_sample: SampleReader) -> None:
        self.instrument, self.today, self.read_sample = instrument, today, read_sample
        self.problems: list[Problem] = []
        ends = (item.question for item in instrument.items.values())
        self.outcomes = ["complete", *(str(q.outcome) for q in ends if isinstance(q, EndItem))]

    def report(self, rule: str, where: Position, who: str, what: str, remedy: str, length: int = 1) -> None:
        self.problems.append(Problem(rule, where, who, what, remedy, length=length))

    def read(self, file: ScenarioFile, spec: ScenarioSpec) -> ScenarioTest:
        """Read one scenario; what it leaves out is taken from the file."""
        name, expect = str(spec.name), spec.expect
        cases = [spec.case, file.case]
        self._check_expectations(name, expect)
        steps = []
        for step in spec.steps:
            if bool(step.back) == bool(step.correct):
                what = "a step has either back: or correct:"
                self.report("bad-step", step.find_position(), name, what, "write back: 1, or correct: {age: 40}")
            at = self._read_place(name, step.at) if step.at is not None else None
            steps.append(ScenarioStep(at=at, back=step.back, correct=self._read_answers(name, step.correct)))
        language = next((case.language for case in cases if case.language), None)
        if language is not None and language not in self.instrument.languages:
            self._report_unknown("unknown-word", language, name, "language", self.instrument.languages)
        scenario = Scenario(
            name=name,
            today=next((case.date for case in cases if case.date), self.today),
            sample=self._read_sample_values(name, cases),
            seed=next((case.seed for case in cases if case.seed is not None), None),
            language=str(language or ""),
            interviewer=str(next((case.interviewer for case in cases if case.interviewer), "Pat")),
            answers=self._read_answers(name, spec.answers, unchecked=expect.rejected),
            fallback=self._read_answers("", file.answers),
            fills_others=(spec.others or file.others) == "first",
            steps=tuple(steps),
        )
        return ScenarioTest(scenario, expect, spec.find_position())

    def _report_unknown(self, rule: str, word: YamlScalar, who: str, kind: str, known: Collection[str]) -> None:
        remedy = suggest_nearest(str(word), known, otherwise=f"there are {', '.join(known) or 'none'}")
        self.report(rule, word.where, who, f"there is no {kind} {str(word)!r}", remedy, len(word))

    def _read_sample_values(self, who: str, cases: list[CaseSpec]) -> dict[str, Value | Missing]:
        values: dict[str, Value | Missing] = {}
        for case in reversed(cases):
            for column, text in case.sample.items():
                if column not in self.instrument.sample:
                    self._report_unknown("unknown-column", column, who, "sample column", self.instrument.sample)
                    continue
                try:
                    values[str(column)] = self.read_sample(str(column), str(text))
                except UserError as error:
                    what = f"{column}: {error.what}"
                    self.report("bad-answer", text.where, who, what, error.remedy, len(text))
        return values

    def _read_answers(
        self, who: str, answers: Mapping[YamlScalar, YamlScalar], unchecked: Collection[str] = ()
    ) -> dict[Place, str]:
        """Read answers by place. Only codes are checked here; other answers are when they are given."""
        read: dict[Place, str] = {}
        for key, text in answers.items():
            place = self._read_place(who, key)
            if place is None:
                continue
            item = self.instrument.items[place.item]
            question = item.question
            context = ItemContext(item=item, env={}, language=self.instrument.language, options=item.options)
            kind = text.removeprefix(".")
            if not question.expects_answer and not isinstance(question, ComputedItem):
                what, remedy = f"{key} is read aloud and has no answer", "remove it"
                self.report("bad-answer", key.where, who, what, remedy, len(key))
            elif kind != text and kind in self.instrument.declines:
                if all(decline.id != kind for decline in item.declines):
                    known = [f".{decline.id}" for decline in item.declines]
                    self._report_unknown("bad-answer", text, who, f"decline of {key}:", known)
            elif item.options and key not in unchecked:
                parsed = question.parse_reply(context, str(text))
                if isinstance(parsed, Rejection):
                    remedy = "write a code, or a decline as .dk"
                    self.report("bad-answer", text.where, who, f"{key}: {parsed.why}", remedy, len(text))
            read[place] = str(text)
        return read

    def _read_place(self, who: str, key: YamlScalar, groups: bool = False) -> Place | None:
        """Return the place that a key names, or report why there is none."""
        place = Place.parse(key)
        item = self.instrument.items.get(place.item)
        if item is None:
            if groups and key in self.instrument.groups:
                return place
            self._report_unknown("bad-place", key, who, "item", self.instrument.items)
            return None
        roster = self.instrument.groups.get(item.roster or "")
        if isinstance(roster, Roster) and place.turn is None and not groups:
            what, remedy = f"{key} is asked in each turn of {roster.id}", f"name the turn: {key}#1"
        elif isinstance(roster, Roster) and (place.turn or 1) > roster.maximum:
            what, remedy = f"{roster.id} has at most {roster.maximum} turns", "name another turn"
        elif roster is None and place.turn is not None:
            what, remedy = f"{place.item} is not in a roster", f"write {place.item}"
        else:
            return place
        self.report("bad-place", key.where, who, what, remedy, len(key))
        return None

    def _check_expectations(self, who: str, expect: ExpectSpec) -> None:
        for key in (*expect.asked, *expect.not_asked):
            self._read_place(who, key, groups=True)
        for key in (*expect.text, *expect.rejected, *expect.warned):
            self._read_place(who, key)
        names = {*self.instrument.computes, *self.instrument.sample}
        for key in expect.value:
            if key not in names:
                self._read_place(who, key)
        if expect.ends is not None and expect.ends not in self.outcomes:
            self._report_unknown("unknown-outcome", expect.ends, who, "end with outcome", self.outcomes)
