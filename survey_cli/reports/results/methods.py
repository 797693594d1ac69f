"""Methods statement: the disclosure items of AAPOR, from the study and its data.

Unknown items are listed as not stated.

After AAPOR's Code of Professional Ethics and Practices (2021), section III, and its Transparency Initiative.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from fractions import Fraction
from statistics import median
from typing import Final

from survey_cli.fieldwork.rates.dispositions import GROUPS
from survey_cli.reports.disclosure.suppression import find_hidden_parts
from survey_cli.reports.fieldwork.rates import RateTable, format_rate
from survey_cli.reports.results.analysis_base import AnalysisBase
from survey_cli.reports.results.crosstab import ResultOptions
from survey_cli.reports.results.filter_notes import WHOLE_STUDY_NOTE
from survey_cli.reports.results.report_model import MethodLine
from survey_cli.reports.rounding import HIDDEN_MARK, format_count, format_decimal
from survey_cli.reports.weighting.answer_counts import AnswerColumns
from survey_cli.reports.weighting.margins_of_error import format_share_margin
from survey_cli.reports.weighting.weighting_model import WeightingSummary
from survey_cli.table import StudyDescription

NOT_STATED: Final = "not stated"
DEFAULT_MODE: Final = "Telephone, computer-assisted"


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodFacts:
    """Facts about the data besides their figures."""

    base: AnalysisBase
    answers: AnswerColumns
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
    weighting: WeightingSummary | None = None
    census: bool = False
    """The whole population was selected."""
    filter_notes: tuple[str, ...] = ()
    """To what the report is narrowed, in sentences."""
    is_filtered: bool = False
    """Only interviews of which a condition is true are reported on: what is known of the study holds of more."""


def build_methods(study: StudyDescription, facts: MethodFacts, terms: ResultOptions) -> tuple[MethodLine, ...]:
    """The methods box, in order; every item is there."""
    begun = _read_timestamps(facts.answers, "interview_began")
    return (
        *(
            _mark_whole_study(line, facts) if line.label == "Population" else line
            for line in build_study_lines(study)[:4]
        ),
        _make_line("Selection", f"{study.selection}{_describe_quotas(facts, study.selection)}"),
        _make_line("Mode", study.mode or DEFAULT_MODE),
        _make_line("Languages", ", ".join(facts.languages)),
        _make_line("Incentive", facts.incentive),
        _make_line("Field dates", study.dates or _format_days(begun, facts.zone)),
        _make_line("Interviews", _describe_interviews(facts, terms)),
        *([MethodLine("Narrowed", " ".join(facts.filter_notes))] if facts.filter_notes else []),
        _mark_whole_study(_make_line("Outcomes", _describe_outcomes(facts.rates), facts.no_rates), facts),
        _mark_whole_study(_make_line("Response rates", _describe_rates(facts.rates), facts.no_rates), facts),
        _make_line("Weighting", _describe_weighting(facts.weighting)),
        _make_line("Precision", _describe_precision(facts, terms, study.size)),
        _make_line(
            "Length of interviews", _describe_length(begun, _read_timestamps(facts.answers, "interview_updated"))
        ),
        _make_line("Questionnaire", _describe_versions(study, facts.answers)),
        _make_line("Missing answers", _describe_missing(terms)),
        _make_line("Contact", study.contact),
        *([MethodLine("Notes", study.notes)] if study.notes else []),
    )


def build_study_lines(study: StudyDescription) -> tuple[MethodLine, ...]:
    """What the study says of itself, without any data."""
    return (
        _make_line("Sponsor", study.sponsor),
        _make_line("Conducted by", study.conducted_by),
        _make_line("Population", _describe_population(study)),
        _make_line("Sampling frame", study.frame),
        _make_line("Selection", study.selection),
        _make_line("Mode", study.mode or DEFAULT_MODE),
        _make_line("Field dates", study.dates),
        _make_line("Contact", study.contact),
        *([MethodLine("Notes", study.notes)] if study.notes else []),
    )


def _make_line(label: str, text: str, why: str = "") -> MethodLine:
    """What is known, or that it isn't and why."""
    text = text.strip()
    return MethodLine(label, text or (f"{NOT_STATED}: {why}" if why else NOT_STATED), bool(text))


def _mark_whole_study(line: MethodLine, facts: MethodFacts) -> MethodLine:
    """What holds of the whole study, and says so where fewer are reported on."""
    return line._replace(text=f"{line.text}; {WHOLE_STUDY_NOTE}") if facts.is_filtered and line.is_stated else line


def _describe_population(study: StudyDescription) -> str:
    if not study.size:
        return study.population
    return f"{study.population or 'Units'} (N = {study.size:,})"


def _describe_quotas(facts: MethodFacts, selection: str) -> str:
    if not facts.quotas:
        return ""
    return ("; " if selection else "") + "quotas decided who was interviewed: not a probability sample"


def _read_timestamps(answers: AnswerColumns, name: str) -> list[datetime]:
    cells = answers.read_cells(name)
    return [datetime.fromisoformat(str(cells[text])) for text in answers.columns[name]]


def _format_days(begun: Sequence[datetime], zone: tzinfo | None) -> str:
    """Of the interviews, where the study does not say."""
    if not begun:
        return ""
    first, last = (moment.astimezone(zone).date() for moment in (min(begun), max(begun)))
    if first == last:
        return f"{first.day} {first:%B %Y}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {last.day} {last:%B %Y}"
    return f"{first.day} {first:%B %Y} to {last.day} {last:%B %Y}"


def _describe_interviews(facts: MethodFacts, terms: ResultOptions) -> str:
    got = facts.base
    told = f"{len(got.rows):,} ({got.complete:,} complete, {got.partial:,} partial"
    told += f", {got.others:,} others)" if got.others else ")"
    if got.left_out:
        told += f"; {got.left_out:,} that ended otherwise are left out"
    if len(facts.frames) > 1:
        hidden = find_hidden_parts(list(facts.frames.values()), terms.threshold)
        sizes = [HIDDEN_MARK if i in hidden else f"{n:,}" for i, n in enumerate(facts.frames.values())]
        told += "; by frame: " + ", ".join(f"{name} {n}" for name, n in zip(facts.frames, sizes, strict=True))
    kinds = {"practice": "practice interviews", "simulated": "simulated interviews, of no real person"}
    if facts.origin in kinds:
        told += f". These are {kinds[facts.origin]}"
    elif facts.origin == "all":
        told += ". Practice and simulated interviews are among them"
    return told


def _describe_outcomes(rates: RateTable | None) -> str:
    """Every group that has cases, by its name and AAPOR's letters."""
    if rates is None:
        return ""
    told = []
    for column in rates.columns:
        if column.counts is None or column.by:
            continue
        groups = column.counts.list_by_group().items()
        some = ", ".join(f"{GROUPS[group]} ({group}) {format_count(n)}" for group, n in groups if n)
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


def _describe_rates(rates: RateTable | None) -> str:
    if rates is None:
        return ""
    told = []
    for column in rates.columns:
        if column.by:
            continue
        found = column.rates._asdict()
        some = ", ".join(f"{name} ({rate}) {format_rate(found[rate])}" for rate, name in SHOWN_RATES.items())
        told.append(f"{column.frame}: {some}" if column.frame else some[:1].upper() + some[1:])
    notes = [
        f"e, the share of unknown cases taken as eligible{note[1:]}"
        for note in rates.notes
        if note.startswith(("e:", "e of"))
    ]
    notes += [note for note in rates.notes if note.startswith(("as if", "only finished"))]
    return "; ".join([*told, *notes])


def _describe_weighting(weighting: WeightingSummary | None) -> str:
    if weighting is None:
        return "None: every interview counts as one"
    return (
        f"{weighting.description}; design effect 1 + cv² = {format_decimal(Fraction(weighting.design_effect), 2)}, "
        f"effective number of interviews {format_decimal(Fraction(weighting.effective_size), 0)}"
        + (f", {weighting.range_text}" if weighting.range_text else "")
    )


def _describe_precision(facts: MethodFacts, terms: ResultOptions, size: int | None) -> str:
    n = len(facts.base.rows)
    if not n:
        return ""
    if facts.census and not terms.with_margins:
        got = "interviewed" if n >= (size or n) else f"selected, and {n:,} of them interviewed"
        if facts.filter_notes and n < (size or n):
            got = f"selected; {n:,} interviews are reported on"
        return f"No sampling error: all {size or n:,} units of the population were {got}"
    if facts.quotas and not terms.with_margins:
        return "No margin of error is stated: quotas decided who was interviewed"
    effective = Fraction(facts.weighting.effective_size) if facts.weighting is not None else Fraction(n)
    margin = format_share_margin(effective, n, terms.population)
    told = f"{margin} for a share of all, 95 % confidence"
    also = ["with the design effect of weighting"] if facts.weighting is not None else []
    also += [f"with the correction for a population of {terms.population:,}"] if terms.population else []
    if facts.is_filtered and size and not facts.census:
        also.append("without a correction for the population, of which this part has no known size")
    return ", ".join([told, *also]) + "; other errors are not in it"


def _describe_length(begun: Sequence[datetime], ended: Sequence[datetime]) -> str:
    lengths = [Fraction((b - a).total_seconds()) for a, b in zip(begun, ended, strict=True) if b >= a]
    if not lengths:
        return ""
    return f"Median {format_duration(median(lengths))} from the first entry to the last, pauses included"


def format_duration(seconds: Fraction) -> str:
    """A length of time in words: `11 minutes`, `42 seconds`."""
    for unit, size in (("minute", 60), ("second", 1)):
        n = format_decimal(seconds / size, 0)
        if seconds >= size:
            return f"{n} {unit}{'' if n == '1' else 's'}"
    return "under a second"


def _describe_versions(study: StudyDescription, answers: AnswerColumns) -> str:
    cells = answers.read_cells("interview_version")
    used = [str(cells[text]) for text in dict.fromkeys(answers.columns["interview_version"])]
    named = [f"version {version}" if version else "no version" for version in used]
    now = f"version {study.version}" if study.version else ""
    return ", ".join([study.id, *(named or ([now] if now else []))])


def _describe_missing(terms: ResultOptions) -> str:
    told = (
        "Declines and volunteered answers are left out of percentages"
        if terms.valid_only
        else "Declines and volunteered answers are rows, and in the base"
    )
    return f"{told}; nothing was imputed; means leave them out"
