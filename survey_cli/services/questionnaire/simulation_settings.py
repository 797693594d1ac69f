"""Settings of a simulation, read from a file and checked against the questionnaire."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.items.possible_answers import OneCode, SeveralCodes
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.simulation_file import SimulationFile
from survey_cli.instrument.schema.validation import validate_file
from survey_cli.instrument.source.load import InstrumentSource, load_source
from survey_cli.instrument.source.nodes import YamlScalar
from survey_cli.problems import Problem, UserError, select_errors, suggest_nearest
from survey_cli.values import Code
from survey_cli.wording import MAX_LISTED, join_words

ROUNDING: Final = 1e-9
"""How much more than 1 shares may add up to: 0.05 + 0.55 + 0.3 + 0.1 is a little more."""


@dataclass(frozen=True, slots=True)
class SimulationSettings:
    """The settings as written, and the shares of answers with the codes of the questionnaire."""

    written: SimulationFile = field(default_factory=SimulationFile)
    shares: Mapping[str, Mapping[Code, float]] = field(default_factory=dict)
    """By item, the share of each code or decline."""
    folder: Path = Path()
    """The folder of the file, in which its paths begin."""

    def find_file(self, name: str | None) -> str:
        """Return the path of a file that the settings name; empty if they name none."""
        if not name:
            return ""
        return str(self.folder / name)


def load_settings(path: str, instrument: Instrument) -> SimulationSettings:
    """Load a file of settings. Raises UserError with all problems if it has an error."""
    settings, problems = check_settings(load_source(path), instrument, Path(path).parent)
    if settings is None or select_errors(problems):
        what = "the settings have problems"
        raise UserError(path, what, "correct what is listed", tuple(problems))
    return settings


def check_settings(
    source: InstrumentSource, instrument: Instrument, folder: Path = Path()
) -> tuple[SimulationSettings | None, list[Problem]]:
    """Read settings against their questionnaire.

    Returns them without what can't be used, and the problems.
    """
    problems = list(source.problems)
    if source.tree is None:
        return None, problems
    written, more, _ = validate_file(source.tree, SimulationFile)
    problems += more
    if written is None:
        return None, problems

    shares: dict[str, dict[Code, float]] = {}
    for name, item_shares in written.answers.items():
        item = instrument.items.get(str(name))
        if item is None or not item.question.expects_answer:
            what = f"there is no question {name}"
            otherwise = "`survey print` lists the questions"
            remedy = suggest_nearest(str(name), instrument.items, otherwise=otherwise)
            problems.append(_report("unknown-name", name, "answers", what, remedy))
            continue

        shares_by_code, more = _read_item_shares(item, name, item_shares)
        shares[item.id] = shares_by_code
        problems += more
    return SimulationSettings(written, shares, folder), problems


def _read_item_shares(
    item: CompiledItem, name: YamlScalar, written: Mapping[YamlScalar, float]
) -> tuple[dict[Code, float], list[Problem]]:
    """Return the shares of one question by its codes, and what is wrong with them."""
    answers = item.question.describe_answers(item)
    # A number, say, has no codes: any text may be its answer.
    known: dict[str, Code] = {}
    if isinstance(answers, OneCode | SeveralCodes):
        known = {str(code): code for code in answers.codes}
    has_codes = bool(known)
    known |= {decline.id: decline.id for decline in item.declines}

    shares: dict[Code, float] = {}
    problems = []
    for code, share in written.items():
        if has_codes and str(code) not in known:
            what = f"the question has no code {code}"
            otherwise = f"its codes are {join_words(list(known), most=MAX_LISTED)}"
            remedy = suggest_nearest(str(code), known, otherwise=otherwise)
            problems.append(_report("unknown-code", code, item.id, what, remedy))
            continue
        shares[known.get(str(code), str(code))] = share

    # Several codes of a respondent may each have a share of up to 1.
    total = sum(shares.values())
    if not isinstance(answers, SeveralCodes) and total > 1 + ROUNDING:
        what = f"the shares add up to {total:.0%}"
        problems.append(_report("not-a-number", name, item.id, what, "lower them to at most 100%"))
    return shares, problems


def _report(rule: str, at: YamlScalar, who: str, what: str, remedy: str) -> Problem:
    return Problem(rule, at.where, who, what, remedy)
