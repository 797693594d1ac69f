"""Key findings of a report: sentences of the analysis file, with the figures of the tables."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Final

from survey_cli.instrument.schema.analysis_file import FindingSpec
from survey_cli.instrument.texts.templates import render_placeholders
from survey_cli.reports import rounding
from survey_cli.reports.disclosure.suppression import BASE
from survey_cli.reports.results.crosstab import Crosstab, ResultOptions
from survey_cli.reports.results.report_model import Figure, ItemResult
from survey_cli.reports.texts import translate
from survey_cli.reports.weighting.answer_counts import AnswerColumns

RATIO_DIGITS: Final = 3


def _compute_ratio(
    numerator: Crosstab, denominator: Crosstab, answers: AnswerColumns, options: ResultOptions
) -> tuple[str, str]:
    """Return Σwy/Σwx of the people who have both numbers, and how many these are.

    The ratio has its precision if the tables have a design. It is hidden if one of the means is, or
    if few people have both numbers or only one: with both means, it would reveal theirs.
    """
    people = 0
    dividend = Fraction(0)
    divisor = Fraction(0)
    rows = zip(
        answers.iterate_keys(numerator.question.columns),
        answers.iterate_keys(denominator.question.columns),
        answers.weights or [1] * answers.interviews,
        strict=True,
    )
    for key, other_key, weight in rows:
        first = numerator.numbers.get(key)
        second = denominator.numbers.get(other_key)
        if first is not None and second is not None:
            people += 1
            dividend += first * weight
            divisor += second * weight

    tables = (numerator, denominator)
    groups = [people]
    groups += [sum(counts[0].people for _, counts in table.values) - people for table in tables]
    has_small_group = any(0 < size < options.threshold for size in groups)
    if has_small_group or any(table.is_mean_hidden(0) for table in tables):
        return rounding.HIDDEN_MARK, rounding.HIDDEN_MARK
    if not divisor:
        return rounding.EMPTY_MARK, f"{people:,}"

    text = _format_ratio(dividend / divisor)
    if numerator.design is not None and denominator.design is not None:
        error = numerator.design.measure_ratio(BASE, denominator.design)
        if error is not None:
            text += translate(
                " (standard error {error}, interval {low} to {high})",
                error=_format_ratio(Fraction(error.standard_error)),
                low=_format_ratio(Fraction(error.low)),
                high=_format_ratio(Fraction(error.high)),
            )
    return text, f"{people:,}"


def _format_ratio(value: Fraction) -> str:
    return rounding.format_decimal(value, RATIO_DIGITS)


def build_findings(
    findings: Sequence[FindingSpec],
    items: Sequence[ItemResult],
    tables: Mapping[str, Crosstab],
    answers: AnswerColumns,
    language: str,
    options: ResultOptions,
) -> tuple[str, ...]:
    """Fill the figures of the tables into the sentences of an analysis file.

    `tables` are those of ratios, by item. One notice at the end replaces all sentences with a
    hidden figure. A finding is left out if the report leaves out its item, or if nobody answered.
    """
    by_name = {item.id: item for item in items}
    sentences = []
    hidden: dict[str, None] = {}
    for finding in findings:
        item = by_name.get(str(finding.item))
        if item is None or (finding.per and not tables.keys() >= {finding.item, finding.per}):
            continue
        values = _collect_figures(finding, item, options)
        if finding.per:
            ratio, people = _compute_ratio(
                tables[finding.item], tables[finding.per], answers, options
            )
            values["ratio"] = ratio
            values["base"] = people

        text = str(finding.text.get(language))
        used = [value for name, value in values.items() if f"{{{name}}}" in text]
        has_number = rounding.EMPTY_MARK not in used
        if not item.base.asked or not has_number:
            continue
        if rounding.HIDDEN_MARK in used:
            hidden[render_placeholders(item.label)] = None
            continue
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", value)
        sentences.append(text)

    if hidden:
        labels = "; ".join(hidden)
        sentences.append(translate("Not shown, because of small counts: {item}", item=labels))
    return tuple(dict.fromkeys(sentences))


def _collect_figures(
    finding: FindingSpec, item: ItemResult, options: ResultOptions
) -> dict[str, str]:
    """Return the figures of an item that a finding may name, by their names in its text."""
    values = {
        "mean": rounding.HIDDEN_MARK,
        "median": rounding.HIDDEN_MARK,
        "base": item.base.count_text,
    }
    summary = item.summary
    if summary is not None:
        values["mean"] = summary.mean_text
        values["median"] = summary.median_text
    if finding.answer:
        answers = set(map(str, finding.answer))
        figures = []
        for row in item.rows:
            name = row.label if row.kind == "net" else row.code
            if name in answers:
                figures.append(row.total)
        values["percent"] = _add_shares(figures, options.digits)
    return values


def _add_shares(figures: Sequence[Figure], digits: int) -> str:
    """Return the sum of the shares as a percentage; hidden if one of them is, or without any."""
    shares = [figure.share for figure in figures if figure.share is not None]
    if not figures or len(shares) < len(figures):
        return rounding.HIDDEN_MARK
    return f"{rounding.format_percentage(sum(shares, Fraction(0)), digits)}%"
