"""Analysis files as written: derived variables, weights, filters, banners, and findings.

`instrument/analysis.py` compares them with the items, codes and columns of the questionnaire.
"""

import re
from datetime import date
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeAlias

from pydantic import Field

from survey_cli.instrument.schema.options import SpecModel
from survey_cli.instrument.source import scalars
from survey_cli.instrument.source.nodes import YamlList, YamlScalar
from survey_cli.values import Code

ANALYSIS_SUFFIX: Final = ".analysis.yaml"
_RANGE: Final = re.compile(r"(?P<low>[^.<]*(?:\.\d+)?)\.\.(?P<below><?)(?P<high>.*)")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")


class Band(NamedTuple):
    """A range of numbers or dates, with its limits."""

    low: int | float | date | None
    """None if there is no lower limit."""
    high: int | float | date | None
    """None if there is no upper limit."""
    excludes_high: bool
    """The upper limit is not in it, as in `30..<60`."""
    written: YamlScalar
    """The range as written."""

    def contains(self, value: Any) -> bool:
        """Return whether a value of the same kind as the limits is in it."""
        if self.low is not None and value < self.low:
            return False
        if self.high is None:
            return True
        if self.excludes_high:
            return bool(value < self.high)
        return bool(value <= self.high)


def _parse_band(node: object) -> Band:
    text = scalars.parse_scalar(node, "a range")
    parts = _RANGE.fullmatch(text.strip())
    if parts is None:
        # a single value: `999`
        low = _parse_limit(text, text)
        high = low
    else:
        low = _parse_limit(parts["low"], text)
        high = _parse_limit(parts["high"], text)
    if low is None and high is None:
        scalars.reject("bad-range", f"{str(text)!r} has no limit", "write 30..59, ..29 or 60..")
    excludes_high = parts is not None and bool(parts["below"])
    return Band(low, high, excludes_high, written=text)


def _parse_limit(written: str, text: YamlScalar) -> int | float | date | None:
    """Parse one limit of a range `text`; None if nothing is written on this side."""
    limit = written.strip()
    if not limit:
        return None
    if _DAY.fullmatch(limit):
        return scalars.parse_day(limit)
    if not scalars.DECIMAL.match(limit):
        what = f"{str(text)!r} is not a range of numbers or dates"
        remedy = "write 30..59, ..29, 60.. or 30..<60, which leaves 60 out"
        scalars.reject("bad-range", what, remedy)
    return scalars.parse_number(limit)


def _parse_codes(node: object) -> tuple[Code, ...]:
    """Parse a code or a list of codes. A decline is a text that begins with a dot."""
    if isinstance(node, YamlList):
        return tuple(scalars.parse_code(code) for code in node)
    return (scalars.parse_code(node),)


def _parse_answer(node: object) -> tuple[Code, ...]:
    """Parse a code, a list of codes, or the name of a net, which may have several words."""
    if isinstance(node, YamlScalar) and not scalars.WHOLE.match(node):
        return (str(scalars.parse_words(node)),)
    return _parse_codes(node)


_ANY_CODE: Final = {"type": ["string", "integer"]}
BandRange: TypeAlias = Annotated[
    Band, scalars.ParseWith(_parse_band, {"type": ["string", "number"]}), "a range, as 30..59"
]
_CODES: Final = {"anyOf": [_ANY_CODE, {"type": "array", "items": _ANY_CODE}]}
CodeList: TypeAlias = Annotated[tuple[Code, ...], scalars.ParseWith(_parse_codes, _CODES), "codes"]
AnswerChoice: TypeAlias = Annotated[
    tuple[Code, ...], scalars.ParseWith(_parse_answer, _CODES), "codes, or a net"
]


class BandsSpec(SpecModel):
    """Ranges of a number or date: `{of: age, values: {under 30: ..29, 30 and over: 30..}}`."""

    of: scalars.Expression
    """The number or date: an item, a sample column, a variable or a calculation."""
    values: dict[scalars.Label, BandRange]
    """The label of each range, and its limits, which belong to it; `30..<60` leaves 60 out. The
    codes are 1, 2, 3 in written order. A value in no range is not asked; so is a labeled number
    outside the item's limits, unless a range is that number alone: `{Don't drive: 999}`."""


class RecodeSpec(SpecModel):
    """Other codes for an answer: `{of: state, values: {1: [2, 5, 7], 2: [3, 9]}}`."""

    of: scalars.Expression
    """The item, sample column or variable."""
    values: dict[scalars.CodeKey, CodeList]
    """Each new code, and the codes that become it. Declines are written as `.dk`. What is not
    listed keeps the reason why it is missing."""
    otherwise: scalars.CodeKey | None = None
    """The code of all answers that are not listed, or a decline, or `.not_asked`. If left out:
    every code of an item must be listed, and other answers are not asked."""


class TopSpec(SpecModel):
    """Whether an answer is one of the best or worst of a scale: `{of: q7, last: 2}`.

    It is 1 if so, and 0 if not. Options that are not read aloud, or marked `missing`, are never
    among them.
    """

    of: Annotated[scalars.Name, "an item"]
    """The item, sample column or variable."""
    first: scalars.Whole | None = None
    """How many options, from the first. If left out: `last` is required."""
    last: scalars.Whole | None = None
    """How many options, up to the last. If left out: `first` is required."""


class CountSpec(SpecModel):
    """How many items have one of these answers: `{of: [tv, radio, paper], values: [1]}`.

    Of a multiple, each of these answers counts. Items without an answer are not counted; without
    any answer, the count is missing.
    """

    of: list[Annotated[scalars.Name, "an item or battery"]]
    """The items, or batteries, whose statements are meant."""
    values: CodeList
    """The answers that are counted."""


class VariableSpec(SpecModel):
    """A variable derived from answers.

    It has exactly one of `bands`, `recode`, `value`, `top` and `count`.
    """

    label: scalars.Text | None = None
    """Its label in data files and reports. If left out: its name."""
    bands: BandsSpec | None = None
    """Ranges of a number or date."""
    recode: RecodeSpec | None = None
    """Other codes for an answer."""
    value: Annotated[scalars.Expression, "a calculation"] | None = None
    """A condition or calculation: `q7 in [4, 5]`, `sum(cars, vans)`. A condition is 1 or 0."""
    top: TopSpec | None = None
    """Whether an answer is one of the first or last of a scale."""
    count: CountSpec | None = None
    """How many items have one of some answers."""
    options: dict[scalars.CodeKey, scalars.Text] = Field(default_factory=dict)
    """Labels of its codes: `{1: North, 2: South}`. If left out: those of the ranges, or of the
    answers it is computed from."""
    report: scalars.Flag = True
    """`false`: it has no table in reports, unless requested by name."""


class WeightSpec(SpecModel):
    """Weights of the interviews: `{rake: targets.csv, trim: 5}` or `{column: base_weight}`."""

    column: Annotated[scalars.Name, "a column"] | None = None
    """The sample column or variable with the weights, which `rake` starts from. If left out: the
    sample column with the role `weight`, if there is one."""
    rake: scalars.Label | None = None
    """The file of targets, from the folder of this file. If left out: nothing is raked, and
    `column` is required."""
    trim: scalars.Number | None = None
    """The highest raked weight, as a multiple of the mean; the lowest is the mean divided by it. If
    left out: no limits."""


class BannerSpec(SpecModel):
    """Columns of a report's tables."""

    columns: list[scalars.Label]
    """Items, sample columns and variables. `kind > region` divides each kind by region."""
    compare: Literal["pairs", "total"] = "pairs"
    """What a letter marks: a percentage that differs from another column's (`pairs`), or from the
    rest of the `total`."""


class FindingSpec(SpecModel):
    """A key figure of a report's first page.

    For example `{text: "{percent} agree.", item: q1, answer: [1, 2]}`.
    """

    text: scalars.Text
    """The sentence, with the figure as `{percent}`, `{mean}`, `{median}` or `{ratio}`; `{base}` is
    the number of respondents."""
    item: Annotated[scalars.Name, "an item"]
    """The item, sample column or variable."""
    answer: AnswerChoice | None = None
    """Whose percentage it is: a code, a list of codes whose shares add up, or the name of a net;
    of a multiple one code or net. If left out: `figure` or `per` is required."""
    figure: Literal["mean", "median"] | None = None
    """The figure of a number. If left out: `answer` or `per` is required."""
    per: Annotated[scalars.Name, "an item"] | None = None
    """For a ratio: the number whose sum divides that of the item, of those who have both, as
    `{item: spending, per: income}`. If left out: `answer` or `figure` is required."""


class AnalysisFile(SpecModel):
    """How interviews are analyzed, `NAME.analysis.yaml` beside the questionnaire `NAME.yaml`."""

    variables: dict[scalars.Name, VariableSpec] = Field(default_factory=dict)
    """Variables that are derived from answers, in exports, codebooks and reports. If left out:
    none."""
    weights: dict[scalars.Name, WeightSpec] = Field(default_factory=dict)
    """Weights by name, for `--weight`. If left out: none."""
    filters: dict[scalars.Name, scalars.Expression] = Field(default_factory=dict)
    """Conditions by name, for `--where`: `{large: officers > 50}`. If left out: none."""
    banners: dict[scalars.Name, BannerSpec] = Field(default_factory=dict)
    """Columns of a report's tables by name, for `--by`. If left out: none."""
    findings: list[FindingSpec] = Field(default_factory=list)
    """Key figures of a report's first page, in order. If left out: none."""
    picture: Annotated[scalars.Name, "an item or battery"] | None = None
    """What is drawn on the first page. If left out: the first battery."""
