"""Methods statement: what AAPOR's Code of Ethics (2021), section III, asks to disclose.

Items of which nothing is known are listed as not stated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, tzinfo
from fractions import Fraction
from typing import Final

from survey_cli.fieldwork.rates.dispositions import GROUPS
from survey_cli.instrument.texts.date_text import MONTHS
from survey_cli.reports.disclosure.suppression import find_hidden_parts
from survey_cli.reports.fieldwork.rates import (
    RateColumn,
    RateNoteKind,
    RateTable,
    format_rate,
)
from survey_cli.reports.results.analysis_base import WHOLE_STUDY_NOTE, AnalysisBase
from survey_cli.reports.results.crosstab import ResultOptions
from survey_cli.reports.results.report_model import MethodLine
from survey_cli.reports.rounding import HIDDEN_MARK, format_count, format_decimal
from survey_cli.reports.texts import translate
from survey_cli.reports.weighting.answer_counts import AnswerColumns, compute_half_width
from survey_cli.reports.weighting.weights import WeightingSummary
from survey_cli.table.table import StudyDescription

NOT_STATED: Final = "not stated"
DEFAULT_MODE: Final = "Telephone, computer-assisted"


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodFacts:
    """Facts about the data and the study for the methods box, besides the study's description."""

    base: AnalysisBase
    answers: AnswerColumns
    """The reported interviews, with at least their origin and version."""
    frames: Mapping[str, int] = field(default_factory=dict)
    """Number of interviews by frame, if the sample has several."""
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
    """Whether a condition selects the interviews, so that facts about the study refer to more than
    these."""


def build_methods(
    study: StudyDescription, facts: MethodFacts, options: ResultOptions
) -> tuple[MethodLine, ...]:
    """Build the methods box in its order; items of which nothing is known are not stated."""
    selection = [study.selection] if study.selection else []
    if facts.quotas:
        quotas = translate("not a probability sample: quotas decided who was interviewed")
        selection.append(quotas)
    filters = []
    if facts.filter_notes:
        filters.append(MethodLine(translate("Filters"), " ".join(facts.filter_notes)))
    outcomes = _make_line("Outcomes", _describe_outcomes(facts.rates), facts.no_rates)
    rates = _make_line("Response rates", _describe_rates(facts.rates), facts.no_rates)
    missing = translate("missing-are-excluded" if options.valid else "missing-are-rows")
    sponsor, conductor, population, frame, _, _, _, contact, *notes = build_study_lines(study)
    return (
        sponsor,
        conductor,
        _mark_whole_study(population, facts),
        frame,
        _make_line("Selection", "; ".join(selection)),
        _make_line("Mode", _describe_mode(study, facts.answers)),
        _make_line("Languages", ", ".join(facts.languages)),
        _make_line("Incentive", facts.incentive),
        _make_line("Field dates", study.dates or _format_days(facts.base, facts.zone)),
        _make_line("Interviews", _describe_interviews(facts, options)),
        *filters,
        _mark_whole_study(outcomes, facts),
        _mark_whole_study(rates, facts),
        _make_line("Weighting", _describe_weighting(facts.weighting)),
        _make_line("Precision", _describe_precision(facts, options, study.size)),
        _make_line("Length of interviews", _describe_length(facts.base)),
        _make_line("Questionnaire", _describe_versions(study, facts.answers)),
        _make_line("Missing answers", missing),
        contact,
        *notes,
    )


def build_study_lines(
    study: StudyDescription, answers: AnswerColumns | None = None
) -> tuple[MethodLine, ...]:
    """Build the lines of a codebook, which has no data for most of them."""
    return (
        _make_line("Sponsor", study.sponsor),
        _make_line("Conducted by", study.conducted_by),
        _make_line("Population", _describe_population(study)),
        _make_line("Sampling frame", study.frame),
        _make_line("Selection", study.selection),
        _make_line("Mode", _describe_mode(study, answers)),
        _make_line("Field dates", study.dates),
        _make_line("Contact", study.contact),
        *([MethodLine(translate("Notes"), study.notes)] if study.notes else []),
    )


def _describe_population(study: StudyDescription) -> str:
    if not study.size:
        return study.population
    units = study.population or translate("Units")
    return f"{units} (N = {study.size:,})"


def build_brief_line(study: StudyDescription, facts: MethodFacts) -> str:
    """Return the methods in one line, for the first page: who, how, when, and the response rate."""
    parts = [
        _describe_population(study),
        _describe_mode(study, facts.answers),
        study.dates or _format_days(facts.base, facts.zone),
        _describe_first_rate(facts),
    ]
    if facts.weighting is not None:
        parts.append(facts.weighting.description)
    return " · ".join(part for part in parts if part)


def _describe_first_rate(facts: MethodFacts) -> str:
    """Describe AAPOR's first response rate; empty if it is not of the reported interviews."""
    if facts.rates is None or facts.is_filtered:
        return ""
    for column in facts.rates.columns:
        if not column.by:
            rate = format_rate(column.rates.RR1)
            return translate("response rate 1 (RR1) {rate}", rate=rate)
    return ""


def _make_line(label: str, text: str, why_not: str = "") -> MethodLine:
    """Make a line; `why_not` says why nothing is stated if the text is empty."""
    text = text.strip()
    if text:
        return MethodLine(translate(label), text, is_stated=True)
    unstated = translate(NOT_STATED)
    if why_not:
        unstated = f"{unstated}: {why_not}"
    return MethodLine(translate(label), unstated, is_stated=False)


def _mark_whole_study(line: MethodLine, facts: MethodFacts) -> MethodLine:
    """Note in a line that it is of the whole study, if the report is of a part."""
    if facts.is_filtered and line.is_stated:
        return line._replace(text=f"{line.text}; {translate(WHOLE_STUDY_NOTE)}")
    return line


def _describe_mode(study: StudyDescription, answers: AnswerColumns | None) -> str:
    if study.mode:
        return study.mode
    # How imported interviews were conducted is not known.
    if answers and "interview_origin" in answers.columns:
        origins = answers.read_cells("interview_origin")
        if set(origins.values()) == {"imported"}:
            return ""
    return translate(DEFAULT_MODE)


def _format_days(base: AnalysisBase, zone: tzinfo | None) -> str:
    """Format the period from the first to the last day on which interviews were started."""
    period = base.find_period()
    if period is None:
        return ""
    first_start, last_start = period
    first = first_start.astimezone(zone).date()
    last = last_start.astimezone(zone).date()

    def format_day(day: date) -> str:
        month = translate(MONTHS[day.month - 1])
        return translate("{day} {month} {year}", day=day.day, month=month, year=day.year)

    if first == last:
        return format_day(last)
    is_one_month = (first.year, first.month) == (last.year, last.month)
    start = f"{first.day}" if is_one_month else format_day(first)
    return translate("{first} to {last}", first=start, last=format_day(last))


_ORIGIN_REMARKS: Final = {
    "imported": "These are interviews whose answers were imported",
    "practice": "These are practice interviews",
    "simulated": "These are simulated interviews, of no real person",
    "all": "Practice and simulated interviews are among them",
}
"""What the methods say about interviews that this study didn't conduct, by their origin."""


def _describe_interviews(facts: MethodFacts, options: ResultOptions) -> str:
    base = facts.base
    others = base.interviews - base.complete - base.partial
    counts = [
        translate("{n} complete", n=f"{base.complete:,}"),
        translate("{n} partial", n=f"{base.partial:,}"),
    ]
    if others:
        counts.append(translate("{n} others", n=f"{others:,}"))
    text = f"{base.interviews:,} ({', '.join(counts)})"
    if base.left_out:
        text += "; " + translate("{n} with other outcomes are left out", n=f"{base.left_out:,}")
    if len(facts.frames) > 1:
        hidden = find_hidden_parts(list(facts.frames.values()), options.parts_threshold)
        sizes = []
        for i, (name, size) in enumerate(facts.frames.items()):
            shown = HIDDEN_MARK if i in hidden else f"{size:,}"
            sizes.append(f"{name} {shown}")
        text += f"; {translate('by frame')}: {', '.join(sizes)}"
    remark = _ORIGIN_REMARKS.get(facts.origin, "")
    if remark:
        text = f"{text}. {translate(remark)}"
    return text


def describe_unreal_origin(origin: str) -> str:
    """Return a sentence for the top of a report on interviews that aren't real; else an empty text.

    A printed report of simulated interviews must not be taken for one on people.
    """
    if origin in ("practice", "simulated", "all"):
        return f"{translate(_ORIGIN_REMARKS[origin])}."
    return ""


def _describe_outcomes(rates: RateTable | None) -> str:
    """Describe the groups that have cases, by their names and AAPOR's letters."""
    if rates is None:
        return ""
    texts = []
    for column in rates.columns:
        if column.counts is not None and not column.by:
            groups = column.counts.list_by_group().items()
            text = ", ".join(
                f"{translate(GROUPS[group])} ({group}) {format_count(cases)}"
                for group, cases in groups
                if cases
            )
            texts.append(_prepend_frame(column, text))
    return "; ".join(texts)


def _prepend_frame(column: RateColumn, text: str) -> str:
    if column.frame:
        return f"{column.frame}: {text}"
    return text[:1].upper() + text[1:]


SHOWN_RATES: Final = {
    "RR1": "response rate 1",
    "RR3": "response rate 3",
    "COOP1": "cooperation rate 1",
    "REF1": "refusal rate 1",
    "CON1": "contact rate 1",
}
"""The first of AAPOR's rates of each kind, and the response rate with an estimate of e.

The appendix has all rates.
"""


def _describe_rates(rates: RateTable | None) -> str:
    if rates is None:
        return ""
    texts = []
    for column in rates.columns:
        if not column.by:
            values = column.rates._asdict()
            text = ", ".join(
                f"{translate(name)} ({rate}) {format_rate(values[rate])}"
                for rate, name in SHOWN_RATES.items()
            )
            texts.append(_prepend_frame(column, text))
    share = translate("e, the share of unknown cases counted as eligible")
    for note in rates.remarks:
        if note.kind is RateNoteKind.ELIGIBILITY:
            # The note begins with the letter e, which this reader doesn't know.
            explained = share + note.text[1:]
            texts.append(explained)
    texts += [note.text for note in rates.remarks if note.kind is RateNoteKind.OPEN_CASES]
    return "; ".join(texts)


def _describe_weighting(weighting: WeightingSummary | None) -> str:
    if weighting is None:
        return translate("None: every interview counts as one")
    text = translate(
        "{how}; design effect 1 + cv² = {effect}, effective number of interviews {n}",
        how=weighting.description,
        effect=format_decimal(Fraction(weighting.design_effect), 2),
        n=format_decimal(Fraction(weighting.effective_size), 0),
    )
    if weighting.range_text:
        text += f", {weighting.range_text}"
    return text


def _describe_precision(facts: MethodFacts, options: ResultOptions, size: int | None) -> str:
    """Describe the sampling error; `size` is that of the population."""
    n = facts.base.interviews
    if not n:
        return ""
    if options.errors:
        return translate("precision-of-design")
    if facts.census and not options.margins:
        population = size or n
        if n >= population:
            text = "No sampling error: all {size} units of the population were interviewed"
        elif facts.filter_notes:
            text = "census-filtered"
        else:
            text = "census-selected"
        return translate(text, size=f"{population:,}", n=f"{n:,}")
    if facts.quotas and not options.margins:
        return translate("No margin of error is stated: quotas decided who was interviewed")

    effective = Fraction(n)
    if facts.weighting is not None:
        effective = Fraction(facts.weighting.effective_size)
    half = compute_half_width(effective, n, options.population, options.level)
    text = "± {points} points at most for a share of all, {level} % confidence"
    parts = [translate(text, points=half, level=f"{options.level * 100:g}")]
    if facts.weighting is not None:
        parts.append(translate("with the design effect of weighting"))
    if options.population:
        units = f"{options.population:,}"
        parts.append(translate("with the correction for a population of {size}", size=units))
    if facts.is_filtered and size and not facts.census:
        parts.append(translate("precision-of-part"))
    return f"{', '.join(parts)}; {translate('other errors are not included')}"


def _describe_length(base: AnalysisBase) -> str:
    """Describe the length of the interviews that were conducted with this program."""
    seconds = base.compute_median_length()
    if seconds is None:
        return ""
    return translate(
        "Median {length} from the first entry to the last, pauses included",
        length=format_duration(seconds),
    )


def format_duration(seconds: Fraction) -> str:
    """Format a length of time in minutes or, below one, in seconds: `11 minutes`, `42 seconds`."""
    for unit, size in (("minute", 60), ("second", 1)):
        number = format_decimal(seconds / size, 0)
        if seconds >= size:
            word = unit if number == "1" else f"{unit}s"
            return f"{number} {translate(word)}"
    return translate("under a second")


def _describe_versions(study: StudyDescription, answers: AnswerColumns) -> str:
    used = list(map(str, answers.read_cells("interview_version").values()))
    if not used and study.version:
        used = [study.version]
    names = [study.id]
    for version in used:
        text = "version {version}" if version else "no version"
        names.append(translate(text, version=version))
    return ", ".join(names)
