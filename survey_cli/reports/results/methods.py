"""Methods statement: the disclosure items of AAPOR's Code of Professional Ethics and Practices (2021), section III.

Items of which nothing is known are listed as not stated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from fractions import Fraction
from statistics import median
from typing import Final

from survey_cli.fieldwork.rates.dispositions import GROUPS
from survey_cli.reports.disclosure.suppression import find_hidden_parts
from survey_cli.reports.fieldwork.rates import RateColumn, RateTable, format_rate
from survey_cli.reports.results.analysis_base import WHOLE_STUDY_NOTE, AnalysisBase
from survey_cli.reports.results.crosstab import ResultOptions
from survey_cli.reports.results.report_model import MethodLine
from survey_cli.reports.rounding import HIDDEN_MARK, format_count, format_decimal
from survey_cli.reports.weighting.answer_counts import AnswerColumns, format_share_margin
from survey_cli.reports.weighting.weights import WeightingSummary
from survey_cli.table.table import StudyDescription

NOT_STATED: Final = "not stated"
DEFAULT_MODE: Final = "Telephone, computer-assisted"


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodFacts:
    """Facts about the data and the study for the methods box, besides the study's description."""

    base: AnalysisBase
    answers: AnswerColumns
    """The reported interviews, with at least the administrative columns."""
    frames: Mapping[str, int] = field(default_factory=dict)
    """Number of interviews by frame, where the sample has several."""
    languages: Sequence[str] = ()
    """Names of the questionnaire's languages."""
    incentive: str = ""
    origin: str = "real"
    zone: tzinfo | None = UTC
    """Time zone of the field dates; None is the computer's."""
    quotas: bool = False
    rates: RateTable | None = None
    no_rates: str = ""
    """Why there are no rates."""
    weighting: WeightingSummary | None = None
    census: bool = False
    """Whether the whole population was selected."""
    filter_notes: tuple[str, ...] = ()
    """Sentences on the report's filters."""
    is_filtered: bool = False
    """Whether a condition selects the interviews, so that facts about the study refer to more than these."""


def build_methods(study: StudyDescription, facts: MethodFacts, options: ResultOptions) -> tuple[MethodLine, ...]:
    """Build the methods box, in order; an item of which nothing is known is not stated."""
    started = _read_timestamps(facts.answers, "interview_began")
    ended = _read_timestamps(facts.answers, "interview_updated")
    quotas = "not a probability sample: quotas decided who was interviewed" if facts.quotas else ""
    sponsor, conductor, population, frame, _, mode, _, contact, *notes = build_study_lines(study)
    return (
        sponsor,
        conductor,
        _mark_whole_study(population, facts),
        frame,
        _make_line("Selection", "; ".join(filter(None, (study.selection, quotas)))),
        mode,
        _make_line("Languages", ", ".join(facts.languages)),
        _make_line("Incentive", facts.incentive),
        _make_line("Field dates", study.dates or _format_days(started, facts.zone)),
        _make_line("Interviews", _describe_interviews(facts, options)),
        *([MethodLine("Filters", " ".join(facts.filter_notes))] if facts.filter_notes else []),
        _mark_whole_study(_make_line("Outcomes", _describe_outcomes(facts.rates), facts.no_rates), facts),
        _mark_whole_study(_make_line("Response rates", _describe_rates(facts.rates), facts.no_rates), facts),
        _make_line("Weighting", _describe_weighting(facts.weighting)),
        _make_line("Precision", _describe_precision(facts, options, study.size)),
        _make_line("Length of interviews", _describe_length(started, ended)),
        _make_line("Questionnaire", _describe_versions(study, facts.answers)),
        _make_line("Missing answers", _describe_missing(options)),
        contact,
        *notes,
    )


def build_study_lines(study: StudyDescription) -> tuple[MethodLine, ...]:
    """Build the lines that need no data, for a codebook."""
    return (
        _make_line("Sponsor", study.sponsor),
        _make_line("Conducted by", study.conducted_by),
        _make_line(
            "Population", f"{study.population or 'Units'} (N = {study.size:,})" if study.size else study.population
        ),
        _make_line("Sampling frame", study.frame),
        _make_line("Selection", study.selection),
        _make_line("Mode", study.mode or DEFAULT_MODE),
        _make_line("Field dates", study.dates),
        _make_line("Contact", study.contact),
        *([MethodLine("Notes", study.notes)] if study.notes else []),
    )


def _make_line(label: str, text: str, why_not: str = "") -> MethodLine:
    """Make a line; `why_not` says why nothing is stated where the text is empty."""
    text = text.strip()
    return MethodLine(label, text or (f"{NOT_STATED}: {why_not}" if why_not else NOT_STATED), bool(text))


def _mark_whole_study(line: MethodLine, facts: MethodFacts) -> MethodLine:
    """Note in a line that it is of the whole study, where the report is not."""
    return line._replace(text=f"{line.text}; {WHOLE_STUDY_NOTE}") if facts.is_filtered and line.is_stated else line


def _read_timestamps(answers: AnswerColumns, name: str) -> list[datetime]:
    cells = answers.read_cells(name)
    return [datetime.fromisoformat(str(cells[text])) for text in answers.columns[name]]


def _format_days(started: Sequence[datetime], zone: tzinfo | None) -> str:
    """Format the period from the first to the last day on which interviews were started."""
    if not started:
        return ""
    first, last = (time.astimezone(zone).date() for time in (min(started), max(started)))
    until = f"{last.day} {last:%B %Y}"
    if first == last:
        return until
    return f"{first.day}{'' if f'{first:%Y%m}' == f'{last:%Y%m}' else f' {first:%B %Y}'} to {until}"


def _describe_interviews(facts: MethodFacts, options: ResultOptions) -> str:
    base = facts.base
    others = f", {base.others:,} others" if base.others else ""
    text = f"{len(base.rows):,} ({base.complete:,} complete, {base.partial:,} partial{others})"
    if base.left_out:
        text += f"; {base.left_out:,} with other outcomes are left out"
    if len(facts.frames) > 1:
        hidden = find_hidden_parts(list(facts.frames.values()), options.threshold)
        sizes = [HIDDEN_MARK if i in hidden else f"{size:,}" for i, size in enumerate(facts.frames.values())]
        text += "; by frame: " + ", ".join(f"{name} {size}" for name, size in zip(facts.frames, sizes, strict=True))
    kinds = {
        "imported": "interviews whose answers were imported",
        "practice": "practice interviews",
        "simulated": "simulated interviews, of no real person",
    }
    if facts.origin in kinds:
        text += f". These are {kinds[facts.origin]}"
    elif facts.origin == "all":
        text += ". Practice and simulated interviews are among them"
    return text


def _describe_outcomes(rates: RateTable | None) -> str:
    """Describe the groups with cases, each by its name and AAPOR's letters."""
    if rates is None:
        return ""
    texts = []
    for column in rates.columns:
        if column.counts is not None and not column.by:
            groups = column.counts.list_by_group().items()
            text = ", ".join(f"{GROUPS[group]} ({group}) {format_count(cases)}" for group, cases in groups if cases)
            texts.append(_prepend_frame(column, text))
    return "; ".join(texts)


def _prepend_frame(column: RateColumn, text: str) -> str:
    return f"{column.frame}: {text}" if column.frame else text[:1].upper() + text[1:]


SHOWN_RATES: Final = {
    "RR1": "response rate 1",
    "RR3": "response rate 3",
    "COOP1": "cooperation rate 1",
    "REF1": "refusal rate 1",
    "CON1": "contact rate 1",
}
"""The first of AAPOR's rates of each kind, and the response rate with an estimate of e; the appendix has all rates."""


def _describe_rates(rates: RateTable | None) -> str:
    if rates is None:
        return ""
    texts = []
    for column in rates.columns:
        if not column.by:
            values = column.rates._asdict()
            text = ", ".join(f"{name} ({rate}) {format_rate(values[rate])}" for rate, name in SHOWN_RATES.items())
            texts.append(_prepend_frame(column, text))
    texts += [
        f"e, the share of unknown cases counted as eligible{note[1:]}"
        for note in rates.notes
        if note.startswith(("e:", "e of"))
    ]
    texts += [note for note in rates.notes if note.startswith(("as if", "only finished"))]
    return "; ".join(texts)


def _describe_weighting(weighting: WeightingSummary | None) -> str:
    if weighting is None:
        return "None: every interview counts as one"
    return (
        f"{weighting.description}; design effect 1 + cv² = {format_decimal(Fraction(weighting.design_effect), 2)}, "
        f"effective number of interviews {format_decimal(Fraction(weighting.effective_size), 0)}"
        + (f", {weighting.range_text}" if weighting.range_text else "")
    )


def _describe_precision(facts: MethodFacts, options: ResultOptions, size: int | None) -> str:
    """Describe the sampling error; `size` is that of the population."""
    n = len(facts.base.rows)
    if not n:
        return ""
    if options.with_errors:
        return "Each figure has its standard error under the design of the sample; other errors are not included"
    if facts.census and not options.with_margins:
        result = "interviewed" if n >= (size or n) else f"selected, and {n:,} of them interviewed"
        if facts.filter_notes and n < (size or n):
            result = f"selected; {n:,} interviews are reported on"
        return f"No sampling error: all {size or n:,} units of the population were {result}"
    if facts.quotas and not options.with_margins:
        return "No margin of error is stated: quotas decided who was interviewed"
    effective = Fraction(facts.weighting.effective_size) if facts.weighting is not None else Fraction(n)
    parts = [f"{format_share_margin(effective, n, options.population)} for a share of all, 95 % confidence"]
    if facts.weighting is not None:
        parts.append("with the design effect of weighting")
    if options.population:
        parts.append(f"with the correction for a population of {options.population:,}")
    if facts.is_filtered and size and not facts.census:
        parts.append("without a correction for the population, because the size of this part is not known")
    return f"{', '.join(parts)}; other errors are not included"


def _describe_length(started: Sequence[datetime], ended: Sequence[datetime]) -> str:
    lengths = [
        Fraction((end - start).total_seconds()) for start, end in zip(started, ended, strict=True) if end >= start
    ]
    if not lengths:
        return ""
    return f"Median {format_duration(median(lengths))} from the first entry to the last, pauses included"


def format_duration(seconds: Fraction) -> str:
    """Format a length of time in minutes or, below one, in seconds: `11 minutes`, `42 seconds`."""
    for unit, size in (("minute", 60), ("second", 1)):
        number = format_decimal(seconds / size, 0)
        if seconds >= size:
            return f"{number} {unit}{'' if number == '1' else 's'}"
    return "under a second"


def _describe_versions(study: StudyDescription, answers: AnswerColumns) -> str:
    cells = answers.read_cells("interview_version")
    used = [str(cells[text]) for text in dict.fromkeys(answers.columns["interview_version"])]
    if not used and study.version:
        used = [study.version]
    return ", ".join([study.id, *(f"version {version}" if version else "no version" for version in used)])


def _describe_missing(options: ResultOptions) -> str:
    treatment = "excluded from percentages" if options.valid_only else "rows, and in the base"
    return f"Declines and volunteered answers are {treatment}; nothing was imputed; means exclude them"
