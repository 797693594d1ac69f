"""What must a reader know of how the figures came about? The items that the American Association for Public Opinion
Research asks every survey to disclose, from the study and its data; what is not known is said to be.

After AAPOR's Code of Professional Ethics and Practices (2021), section III, and its Transparency Initiative.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from fractions import Fraction
from statistics import median
from typing import Final

from survey_cli.fieldwork.rates.dispositions import GROUPS
from survey_cli.reports.disclosure.suppression import hidden_parts
from survey_cli.reports.fieldwork.rates import RateTable, per_cent
from survey_cli.reports.results.analysis_base import Included
from survey_cli.reports.results.crosstab import Terms
from survey_cli.reports.results.filter_notes import WHOLE_STUDY
from survey_cli.reports.results.report_model import MethodLine, Weighting
from survey_cli.reports.rounding import HIDDEN, number, rounded
from survey_cli.reports.weighting.answer_counts import Answers
from survey_cli.reports.weighting.margins_of_error import share_margin_text
from survey_cli.table import StudyDescription

NOT_STATED: Final = "not stated"
MODE: Final = "Telephone, computer-assisted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of the data besides their figures."""

    included: Included
    answers: Answers
    """The interviews that are reported on, with the columns that every interview has."""
    frames: Mapping[str, int] = field(default_factory=dict)
    """Interviews by frame, where the sample has several."""
    languages: Sequence[str] = ()
    """Of the questionnaire, by name."""
    incentive: str = ""
    origin: str = "real"
    zone: tzinfo | None = UTC
    """On whose calendar the field dates are; None: the computer's."""
    quotas: bool = False
    rates: RateTable | None = None
    no_rates: str = ""
    """Why there are none."""
    weighting: Weighting | None = None
    census: bool = False
    """The whole population was selected."""
    narrowed: tuple[str, ...] = ()
    """To what the report is narrowed, in sentences."""
    some: bool = False
    """Only interviews of which a condition is true are reported on: what is known of the study holds of more."""


def methods(study: StudyDescription, facts: Facts, terms: Terms) -> tuple[MethodLine, ...]:
    """The methods box, in order; every item is there."""
    begun = _moments(facts.answers, "interview_began")
    return (
        *(_of_all(line, facts) if line.label == "Population" else line for line in study_lines(study)[:4]),
        _line("Selection", f"{study.selection}{_quotas(facts, study.selection)}"),
        _line("Mode", study.mode or MODE),
        _line("Languages", ", ".join(facts.languages)),
        _line("Incentive", facts.incentive),
        _line("Field dates", study.dates or _days(begun, facts.zone)),
        _line("Interviews", _interviews(facts, terms)),
        *([MethodLine("Narrowed", " ".join(facts.narrowed))] if facts.narrowed else []),
        _of_all(_line("Outcomes", _outcomes(facts.rates), facts.no_rates), facts),
        _of_all(_line("Response rates", _rates(facts.rates), facts.no_rates), facts),
        _line("Weighting", _weighting(facts.weighting)),
        _line("Precision", _precision(facts, terms, study.size)),
        _line("Length of interviews", _length(begun, _moments(facts.answers, "interview_updated"))),
        _line("Questionnaire", _versions(study, facts.answers)),
        _line("Missing answers", _missing(terms)),
        _line("Contact", study.contact),
        *([MethodLine("Notes", study.notes)] if study.notes else []),
    )


def study_lines(study: StudyDescription) -> tuple[MethodLine, ...]:
    """What the study says of itself, without any data."""
    return (
        _line("Sponsor", study.sponsor),
        _line("Conducted by", study.conducted_by),
        _line("Population", _population(study)),
        _line("Sampling frame", study.frame),
        _line("Selection", study.selection),
        _line("Mode", study.mode or MODE),
        _line("Field dates", study.dates),
        _line("Contact", study.contact),
        *([MethodLine("Notes", study.notes)] if study.notes else []),
    )


def _line(label: str, text: str, why: str = "") -> MethodLine:
    """What is known, or that it isn't and why."""
    text = text.strip()
    return MethodLine(label, text or (f"{NOT_STATED}: {why}" if why else NOT_STATED), bool(text))


def _of_all(line: MethodLine, facts: Facts) -> MethodLine:
    """What holds of the whole study, and says so where fewer are reported on."""
    return line._replace(text=f"{line.text}; {WHOLE_STUDY}") if facts.some and line.stated else line


def _population(study: StudyDescription) -> str:
    if not study.size:
        return study.population
    return f"{study.population or 'Units'} (N = {study.size:,})"


def _quotas(facts: Facts, selection: str) -> str:
    if not facts.quotas:
        return ""
    return ("; " if selection else "") + "quotas decided who was interviewed: not a probability sample"


def _moments(answers: Answers, name: str) -> list[datetime]:
    cells = answers.cells(name)
    return [datetime.fromisoformat(str(cells[text])) for text in answers.columns[name]]


def _days(begun: Sequence[datetime], zone: tzinfo | None) -> str:
    """Of the interviews, where the study does not say."""
    if not begun:
        return ""
    first, last = (moment.astimezone(zone).date() for moment in (min(begun), max(begun)))
    if first == last:
        return f"{first.day} {first:%B %Y}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {last.day} {last:%B %Y}"
    return f"{first.day} {first:%B %Y} to {last.day} {last:%B %Y}"


def _interviews(facts: Facts, terms: Terms) -> str:
    got = facts.included
    told = f"{len(got.rows):,} ({got.complete:,} complete, {got.partial:,} partial"
    told += f", {got.others:,} others)" if got.others else ")"
    if got.left_out:
        told += f"; {got.left_out:,} that ended otherwise are left out"
    if len(facts.frames) > 1:
        hidden = hidden_parts(list(facts.frames.values()), terms.threshold)
        sizes = [HIDDEN if i in hidden else f"{n:,}" for i, n in enumerate(facts.frames.values())]
        told += "; by frame: " + ", ".join(f"{name} {n}" for name, n in zip(facts.frames, sizes, strict=True))
    kinds = {"practice": "practice interviews", "simulated": "simulated interviews, of no real person"}
    if facts.origin in kinds:
        told += f". These are {kinds[facts.origin]}"
    elif facts.origin == "all":
        told += ". Practice and simulated interviews are among them"
    return told


def _outcomes(rates: RateTable | None) -> str:
    """Every group that has cases, by its name and AAPOR's letters."""
    if rates is None:
        return ""
    told = []
    for column in rates.columns:
        if column.counts is None or column.by:
            continue
        groups = column.counts.list_by_group().items()
        some = ", ".join(f"{GROUPS[group]} ({group}) {number(n)}" for group, n in groups if n)
        told.append(f"{column.frame}: {some}" if column.frame else some[:1].upper() + some[1:])
    return "; ".join(told)


SHOWN_RATES: Final = {
    "RR1": "response rate 1",
    "RR3": "response rate 3",
    "COOP1": "cooperation rate 1",
    "REF1": "refusal rate 1",
    "CON1": "contact rate 1",
}
"""Of each kind AAPOR's first, and the response rate with an estimate of e; the appendix has them all."""


def _rates(rates: RateTable | None) -> str:
    if rates is None:
        return ""
    told = []
    for column in rates.columns:
        if column.by:
            continue
        found = column.rates._asdict()
        some = ", ".join(f"{name} ({rate}) {per_cent(found[rate])}" for rate, name in SHOWN_RATES.items())
        told.append(f"{column.frame}: {some}" if column.frame else some[:1].upper() + some[1:])
    notes = [
        f"e, the share of unknown cases taken as eligible{note[1:]}"
        for note in rates.notes
        if note.startswith(("e:", "e of"))
    ]
    notes += [note for note in rates.notes if note.startswith(("as if", "only finished"))]
    return "; ".join([*told, *notes])


def _weighting(weighting: Weighting | None) -> str:
    if weighting is None:
        return "None: every interview counts as one"
    return (
        f"{weighting.how}; design effect 1 + cv² = {rounded(Fraction(weighting.design_effect), 2)}, effective number of"
        f" interviews {rounded(Fraction(weighting.effective), 0)}"
        + (f", {weighting.range_text}" if weighting.range_text else "")
    )


def _precision(facts: Facts, terms: Terms, size: int | None) -> str:
    n = len(facts.included.rows)
    if not n:
        return ""
    if facts.census and not terms.margins:
        got = "interviewed" if n >= (size or n) else f"selected, and {n:,} of them interviewed"
        if facts.narrowed and n < (size or n):
            got = f"selected; {n:,} interviews are reported on"
        return f"No sampling error: all {size or n:,} units of the population were {got}"
    if facts.quotas and not terms.margins:
        return "No margin of error is stated: quotas decided who was interviewed"
    effective = Fraction(facts.weighting.effective) if facts.weighting is not None else Fraction(n)
    margin = share_margin_text(effective, n, terms.population)
    told = f"{margin} for a share of all, 95 % confidence"
    also = ["with the design effect of weighting"] if facts.weighting is not None else []
    also += [f"with the correction for a population of {terms.population:,}"] if terms.population else []
    if facts.some and size and not facts.census:
        also.append("without a correction for the population, of which this part has no known size")
    return ", ".join([told, *also]) + "; other errors are not in it"


def _length(begun: Sequence[datetime], ended: Sequence[datetime]) -> str:
    lengths = [Fraction((b - a).total_seconds()) for a, b in zip(begun, ended, strict=True) if b >= a]
    if not lengths:
        return ""
    return f"Median {lasting(median(lengths))} from the first entry to the last, pauses included"


def lasting(seconds: Fraction) -> str:
    """A length of time in words: `11 minutes`, `42 seconds`."""
    for unit, size in (("minute", 60), ("second", 1)):
        n = rounded(seconds / size, 0)
        if seconds >= size:
            return f"{n} {unit}{'' if n == '1' else 's'}"
    return "under a second"


def _versions(study: StudyDescription, answers: Answers) -> str:
    cells = answers.cells("interview_version")
    used = [str(cells[text]) for text in dict.fromkeys(answers.columns["interview_version"])]
    named = [f"version {version}" if version else "no version" for version in used]
    now = f"version {study.version}" if study.version else ""
    return ", ".join([study.id, *(named or ([now] if now else []))])


def _missing(terms: Terms) -> str:
    told = (
        "Declines and volunteered answers are left out of per cents"
        if terms.valid
        else "Declines and volunteered answers are rows, and in the base"
    )
    return f"{told}; nothing was imputed; means leave them out"
