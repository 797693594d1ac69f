"""Key findings of a report: sentences of the analysis file with the figures of the tables, and ratios of two sums."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Final

from survey_cli.instrument.schema.analysis_file import FindingSpec
from survey_cli.instrument.texts.templates import render_placeholders
from survey_cli.reports import rounding
from survey_cli.reports.disclosure.suppression import BASE
from survey_cli.reports.results.crosstab import Crosstab, ResultOptions
from survey_cli.reports.results.report_model import ItemResult
from survey_cli.reports.texts import translate
from survey_cli.reports.weighting.answer_counts import AnswerColumns

RATIO_DIGITS: Final = 3


def _compute_ratio(
    numerator: Crosstab, denominator: Crosstab, answers: AnswerColumns, options: ResultOptions
) -> tuple[str, str]:
    """Return Σwy/Σwx of those who have both numbers, with its precision where the tables have a design, and their number.

    It is hidden where one of the means is, and where few people have both numbers or only one: with both means, it would
    reveal theirs.
    """
    tables = numerator, denominator
    columns = (answers.iterate_keys(table.question.columns) for table in tables)
    people, dividend, divisor = 0, Fraction(0), Fraction(0)
    for key, other_key, weight in zip(
        *columns, answers.weights or [1] * answers.interviews, strict=True
    ):
        first, second = numerator.numbers.get(key), denominator.numbers.get(other_key)
        if first is not None and second is not None:
            people, dividend, divisor = (
                people + 1,
                dividend + first * weight,
                divisor + second * weight,
            )
    groups = [
        people,
        *(sum(counts[0].people for _, counts in table.values) - people for table in tables),
    ]
    if any(table.is_mean_hidden(0) for table in tables) or any(
        0 < n < options.threshold for n in groups
    ):
        return rounding.HIDDEN_MARK, rounding.HIDDEN_MARK
    if not divisor:
        return rounding.EMPTY_MARK, f"{people:,}"
    text, error = rounding.format_decimal(dividend / divisor, RATIO_DIGITS), None
    if numerator.design is not None and denominator.design is not None:
        error = numerator.design.measure_ratio(BASE, denominator.design)
    if error is not None:
        numbers = (error.standard_error, error.low, error.high)
        se, low, high = (
            rounding.format_decimal(Fraction(number), RATIO_DIGITS) for number in numbers
        )
        text += translate(
            " (standard error {error}, interval {low} to {high})", error=se, low=low, high=high
        )
    return text, f"{people:,}"


def build_findings(
    findings: Sequence[FindingSpec],
    items: Sequence[ItemResult],
    tables: Mapping[str, Crosstab],
    answers: AnswerColumns,
    language: str,
    options: ResultOptions,
) -> tuple[str, ...]:
    """Fill the figures of the tables into the sentences of an analysis file; `tables` are those of ratios, by item.

    Sentences with a figure that its table hides give way to one notice at the end. A finding on an item that the report
    leaves out, or to which nobody has an answer, is left out.
    """
    by_name = {item.id: item for item in items}
    sentences = []
    hidden: dict[str, None] = {}
    for finding in findings:
        item = by_name.get(str(finding.item))
        if item is None or (finding.per and not tables.keys() >= {finding.item, finding.per}):
            continue
        summary = item.summary
        values = {
            "mean": rounding.HIDDEN_MARK,
            "median": rounding.HIDDEN_MARK,
            "base": item.base.count_text,
        }
        if summary is not None:
            values |= {"mean": summary.mean_text, "median": summary.median_text}
        if finding.per:
            pair = tables[finding.item], tables[finding.per]
            values["ratio"], values["base"] = _compute_ratio(*pair, answers, options)
        if finding.answer:
            codes = set(map(str, finding.answer))
            figures = [
                row.total
                for row in item.rows
                if (row.label if row.kind == "net" else row.code) in codes
            ]
            shares = [figure.share for figure in figures if figure.share is not None]
            percent = f"{rounding.format_percentage(sum(shares, Fraction(0)), options.digits)}%"
            values["percent"] = (
                percent if figures and len(shares) == len(figures) else rounding.HIDDEN_MARK
            )
        text = str(finding.text.get(language))
        if not item.base.asked or any(
            values.get(name) == rounding.EMPTY_MARK and f"{{{name}}}" in text for name in values
        ):
            continue  # nobody was asked, or has a number
        if any(
            value == rounding.HIDDEN_MARK and f"{{{name}}}" in text
            for name, value in values.items()
        ):
            hidden[render_placeholders(item.label)] = None
            continue
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", value)
        sentences.append(text)
    if hidden:
        labels = "; ".join(hidden)
        sentences.append(translate("Not shown, because of small counts: {item}", item=labels))
    return tuple(dict.fromkeys(sentences))
