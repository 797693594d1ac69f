"""Analysis files read against a questionnaire, with problems that have line and remedy.

An analysis variable is a compute of the newest version that isn't in the questionnaire, and a filter is one that is no
column. So data of all versions get them as they get computes, and nothing stored changes.
"""

import ast
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from graphlib import CycleError, TopologicalSorter
from math import ceil, floor, inf
from typing import Any, Final

from survey_cli.instrument.checks.names import explain_bad_form, explain_reserved
from survey_cli.instrument.checks.ranges import MAX_DECIMALS
from survey_cli.instrument.compiled.draft import build_external_symbols
from survey_cli.instrument.compiled.model import Instrument, Roster
from survey_cli.instrument.expressions.conditions import Condition, ExpectedKind, compile_condition
from survey_cli.instrument.expressions.expression_checker import ValueType, format_codes, sort_codes
from survey_cli.instrument.expressions.parsing import find_names
from survey_cli.instrument.expressions.three_valued_logic import Evaluator, combine_missing
from survey_cli.instrument.schema import analysis_file as spec
from survey_cli.instrument.schema.items.question import Compute
from survey_cli.instrument.schema.items.typed import NumberItem
from survey_cli.instrument.schema.validation import validate_file
from survey_cli.instrument.source.load import InstrumentSource
from survey_cli.instrument.source.nodes import YamlScalar
from survey_cli.instrument.source.scalars import Text
from survey_cli.problems import Position, Problem, Severity, sort_problems, suggest_nearest
from survey_cli.values import DK, NOT_ASKED, Code, Measure, Missing, get_missing

_KINDS: Final = ("bands", "recode", "value", "top", "count")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Analysis:
    """A questionnaire with what its analysis file adds; nothing where there is no file."""

    instrument: Instrument
    """The questionnaire. Variables and filters are among its computes."""
    file: str = ""
    """The file as the user named it; empty where there is none."""
    variables: Mapping[str, spec.VariableSpec] = field(default_factory=dict)
    weights: Mapping[str, spec.WeightSpec] = field(default_factory=dict)
    filters: Mapping[str, str] = field(default_factory=dict)
    banners: Mapping[str, spec.BannerSpec] = field(default_factory=dict)
    findings: Sequence[spec.FindingSpec] = ()
    picture: str = ""
    """The item, battery or variable that is drawn on the first page; empty where the file names none."""


def read_analysis(source: InstrumentSource, instrument: Instrument) -> tuple[Analysis, list[Problem]]:
    """Read an analysis file. Where there are errors, what could not be used is left out."""
    written, problems = None, list(source.problems)
    if source.tree is not None:
        written, more, _ = validate_file(source.tree, spec.AnalysisFile)
        problems += more
    if written is None:
        return Analysis(instrument=instrument), problems
    reader = _AnalysisReader(instrument)
    reader.read_variables(written)
    reader.check_uses(written)
    analysis = Analysis(
        instrument=replace(instrument, computes={**instrument.computes, **reader.computes}),
        variables={str(name): variable for name, variable in written.variables.items()},
        weights={str(name): weight for name, weight in written.weights.items()},
        filters={str(name): str(condition) for name, condition in written.filters.items()},
        banners={str(name): banner for name, banner in written.banners.items()},
        findings=written.findings,
        picture=str(written.picture or ""),
    )
    return analysis, sort_problems([*problems, *reader.problems])


class _AnalysisReader:
    """Reads one file: compiles its variables and filters, and collects problems."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.symbols = build_external_symbols(instrument)
        self.computes: dict[str, Compute] = {}
        self.problems: list[Problem] = []

    def _report(
        self, rule: str, node: YamlScalar | Position, who: str, what: str, remedy: str, severity: Severity = "error"
    ) -> None:
        where, length = (node.where, len(node)) if isinstance(node, YamlScalar) else (node, 1)
        self.problems.append(Problem(rule, where, str(who), what, remedy, severity, length=length))

    # ── names and their order ──

    def read_variables(self, written: spec.AnalysisFile) -> None:
        """Compile variables and filters, each after those that it reads."""
        self._check_names([*written.variables, *written.filters, *written.banners])
        sources = {name: list(_iterate_expressions(variable)) for name, variable in written.variables.items()}
        sources = sources | {name: [text] for name, text in written.filters.items() if name not in sources}
        names = {str(name): name for name in sources}
        reads = {
            str(name): {read for text in texts for read in find_names(text)} & names.keys()
            for name, texts in sources.items()
        }
        order: list[str] = []
        while len(order) < len(reads):
            try:
                order = list(TopologicalSorter(reads).static_order())
            except CycleError as error:
                cycle = error.args[1][::-1]
                what = f"the variables depend on one another: {' → '.join(cycle)}"
                self._report("circular", names[cycle[0]], cycle[0], what, "remove one of these references")
                reads = {name: others - {*cycle} for name, others in reads.items() if name not in cycle}
        for name in map(names.__getitem__, order):
            compute = None
            if name in written.variables:
                compute = self._compile_variable(name, written.variables[name])
            elif condition := self._compile(name, written.filters[name], "truth"):
                compute = Compute(id=name, conditions={"": condition}, type="flag", is_column=False)
            if compute is not None:
                self.computes[str(name)] = compute
                self.symbols.value_types[str(name)] = compute.conditions[""].result_type

    def _check_names(self, names: Sequence[YamlScalar]) -> None:
        """Check that each name can be used in conditions and as a column, and is not used already."""
        taken = {name.casefold(): f"the {symbol.kind} {name}" for name, symbol in self.symbols.symbols.items()}
        taken |= {name.casefold(): f"the group of items {name}" for name in self.instrument.groups}
        taken |= {name.casefold(): f"the compute {name}" for name in self.instrument.computes}
        for item in self.instrument.items.values():
            roster = self.instrument.groups.get(item.roster or "")
            turns = [f"_{turn}" for turn in range(1, roster.maximum + 1)] if isinstance(roster, Roster) else [""]
            for variable in item.question.build_variables(item, self.instrument.language):
                taken = {f"{variable.name}{turn}".casefold(): f"a column of {item.id}" for turn in turns} | taken
        for name in names:
            reserved, earlier = explain_reserved(name, self.instrument.declines.keys()), taken.get(name.casefold())
            taken.setdefault(name.casefold(), "another entry of this file")
            if explained := explain_bad_form(name):
                self._report("bad-id", name, name, *explained)
            elif reserved:
                self._report("reserved-id", name, name, f"the name is {reserved}", f"choose another, such as {name}_1")
            elif earlier:
                self._report(
                    "duplicate-id", name, name, f"{str(name)!r} is already the name of {earlier}", "rename one of them"
                )

    # ── variables ──

    def _compile(self, who: str, text: YamlScalar, expected: ExpectedKind = "value") -> Condition | None:
        condition, problems = compile_condition(text, self.symbols.build_scope(), text.where, str(who), expected)
        self.problems += problems
        return condition

    def _compile_variable(self, name: YamlScalar, variable: spec.VariableSpec) -> Compute | None:
        kinds = [key for key in _KINDS if getattr(variable, key) is not None]
        if len(kinds) != 1:
            what = f"a variable has exactly one of {', '.join(_KINDS)}, not {' and '.join(kinds) or 'none'}"
            self._report("bad-analysis", name, name, what, "write one of them")
            return None
        condition: Condition | None = None
        labels: dict[Code, Text] = {}
        measure: Measure | None = None
        if variable.bands is not None:
            condition = self._compile_bands(name, variable.bands)
            labels = {code: Text(label, {}) for code, label in enumerate(variable.bands.values, 1)}
            measure = "ordinal"
        elif variable.recode is not None:
            condition = self._compile_recode(name, variable.recode)
            new_codes = (condition and condition.result_type.codes) or ()
            written = [*variable.recode.values, variable.recode.otherwise]
            labels = {code: Text.from_string(str(code)) for code in written if code is not None and code in new_codes}
        elif variable.top is not None:
            condition = self._compile_top(name, variable.top)
        elif variable.count is not None:
            condition = self._compile_count(name, variable.count)
        elif variable.value is not None:
            condition = self._compile(name, variable.value)
        if condition is None:
            return None
        kind, codes = condition.result_type.type, condition.result_type.codes
        codes = frozenset((0, 1)) if kind == "flag" else codes
        for code in variable.options:
            if codes is not None and code not in codes:
                node = variable.find_position("options")
                what = f"options: there is no code {code!r}"
                self._report("unknown-code", node, name, what, f"its codes are {format_codes(codes)}")
        return Compute(
            id=str(name),
            conditions={"": condition},
            type=kind,
            label=variable.label or Text(name, {}),
            labels=labels | variable.options,
            measure=measure,
            decimals=0 if variable.count is not None else 2,
            is_reported=variable.report,
        )

    def _compile_bands(self, name: YamlScalar, bands: spec.BandsSpec) -> Condition | None:
        source = self._compile(name, bands.of)
        if source is None:
            return None
        kind, codes = source.result_type.type, source.result_type.codes
        if kind not in ("number", "date") and not (codes and kind == "code" and all(isinstance(c, int) for c in codes)):
            self._report(
                "not-a-number", bands.of, name, f"of: {bands.of} is no number or date", "use recode: or value:"
            )
            return None
        ranges = list(enumerate(bands.values.values(), 1))
        for label, band in bands.values.items():
            if any(isinstance(limit, date) != (kind == "date") for limit in band.limits if limit is not None):
                what = f"{label}: the limits of {band.written} are {'no' if kind == 'date' else ''} dates"
                self._report("unlike-kinds", label, name, what, f"write them as {bands.of} is answered")
                return None
        item = self.instrument.items.get(bands.of.strip())
        number = item.question if item is not None and isinstance(item.question, NumberItem) else None
        self._check_ranges(name, bands, source, number)
        special = {n for n in number.options if not _is_between(n, number)} if number is not None else ()

        def find_band(env: Any) -> Any:
            value = source.evaluate(env)
            if value.__class__ is Missing:
                return value
            if kind == "date" and not isinstance(value, date):
                return DK  # of a partial date, the day or month was not known
            fits = (code for code, band in ranges if band.contains(value) and (value not in special or band.is_single))
            return next(fits, NOT_ASKED)

        text = "; ".join(f"{code} if {bands.of} is {band.written}" for code, band in ranges)
        return _derive(text, [source], find_band, frozenset(code for code, _ in ranges))

    def _check_ranges(
        self, name: YamlScalar, bands: spec.BandsSpec, source: Condition, number: NumberItem | None
    ) -> None:
        """Report ranges that are empty or overlap, and values in none of them."""
        decimals = self._count_decimals(source)
        severity: Severity = "warning" if decimals is None else "error"
        scale = 10 ** (MAX_DECIMALS if decimals is None else decimals)

        def place(limit: float | date) -> Fraction:
            return Fraction(limit.toordinal()) if isinstance(limit, date) else Fraction(str(limit)) * scale

        def report_gap(who: YamlScalar, values: str) -> None:
            what, remedy = (
                f"{bands.of}: {values} in no range",
                "extend a range: 30..<60 goes up to 60 and leaves it out",
            )
            self._report("gap", who, name, what, remedy, severity)

        least, most = (number.lowest, number.highest) if number is not None else (None, None)
        reached: float | None = None if least is None else ceil(place(least)) - 1
        previous: spec.Band | None = None
        for first, last, label, band in sorted(self._place_bands(name, bands, place), key=lambda each: each[:2]):
            if (least is not None and last < place(least)) or (most is not None and first > place(most)):
                if number is None or first != last or band.low not in number.options:
                    what = f"{label}: {bands.of} is never in {band.written}"
                    self._report("empty-range", label, name, what, "correct the limits")
                continue
            if previous is not None and reached is not None and first <= reached:
                what = f"{label}: {band.written} overlaps {previous.written}"
                self._report("overlap", label, name, what, "write ranges that have no value in common")
            elif reached is not None and first > reached + 1 and not source.result_type.codes:
                between = f"between {previous.high} and" if previous is not None else "below"
                report_gap(label, f"values {between} {band.low} are")
            reached, previous = max(last, last if reached is None else reached), band
        if most is not None and reached is not None and reached < floor(place(most)):
            report_gap(name, f"values up to {most:g} are")
        every = bands.values.values()
        codes = [code for code in source.result_type.codes or () if not any(b.contains(code) for b in every)]
        if codes:
            report_gap(name, f"{format_codes(codes)} {'is' if len(codes) == 1 else 'are'}")

    def _place_bands(
        self, name: YamlScalar, bands: spec.BandsSpec, place: Callable[[float | date], Fraction]
    ) -> Iterator[tuple[float, float, YamlScalar, spec.Band]]:
        """Yield the first and last place of each range that is not empty."""
        for label, band in bands.values.items():
            first = -inf if band.low is None else ceil(place(band.low))
            last = inf if band.high is None else ceil(place(band.high)) - 1 if band.below else floor(place(band.high))
            if first <= last:
                yield first, last, label, band
            else:
                what = f"{label}: there is no value in {band.written}"
                self._report("empty-range", label, name, what, "write the lower limit first")

    def _count_decimals(self, source: Condition) -> int | None:
        """Return how many decimals a number can have; None where that isn't known. Dates and codes have none."""
        if source.result_type.type != "number":
            return 0
        decimals = 0
        for name in source.names:
            item, compute = self.instrument.items.get(name), self.computes.get(name)
            question = item.question if item is not None else None
            known = question.decimals if isinstance(question, NumberItem) else None
            known = compute.decimals if compute is not None and compute.decimals == 0 else known
            known = 0 if self.symbols.value_types[name].type in ("code", "codes", "flag") else known
            if known is None:
                return None
            decimals = max(decimals, known)
        is_fraction = any(
            isinstance(node, ast.Div)
            or (isinstance(node, ast.Constant) and isinstance(node.value, float))
            or (isinstance(node, ast.Name) and node.id.startswith("mean"))
            for node in ast.walk(source.tree)
        )
        return None if is_fraction or (decimals and len(source.names) > 1) else decimals

    def _compile_recode(self, name: YamlScalar, recode: spec.RecodeSpec) -> Condition | None:
        source = self._compile(name, recode.of)
        if source is None:
            return None
        if source.result_type.type not in ("code", "number", "text"):
            what = f"of: {recode.of} has no single code"
            self._report("unlike-kinds", recode.of, name, what, "use value: for a multiple: 1 in media")
            return None
        old_codes = source.result_type.codes
        new_values: dict[Any, Any] = {}
        position = recode.find_position("values")
        for new, codes in recode.values.items():
            for code in codes:
                value = self._read_code(name, code, position)
                if old_codes is not None and not isinstance(value, Missing) and code not in old_codes:
                    known = f"its codes are {format_codes(old_codes)}"
                    self._report("unknown-code", position, name, f"{recode.of} has no code {code!r}", known)
                if value in new_values:
                    what = f"{code!r} becomes {new!r} and another code"
                    self._report("duplicate-code", position, name, what, "list it once")
                new_values[value] = self._read_code(name, new, position)
        otherwise = NOT_ASKED if recode.otherwise is None else self._read_code(name, recode.otherwise, position)
        if recode.otherwise is None and isinstance(old_codes, frozenset) and (rest := old_codes - new_values.keys()):
            what = f"{format_codes(rest)} of {recode.of} {'is' if len(rest) == 1 else 'are'} in no category"
            self._report("gap", position, name, what, "list them, or write otherwise: with a code or .not_asked")

        def find_code(env: Any) -> Any:
            value = source.evaluate(env)
            return new_values.get(value, value if value.__class__ is Missing else otherwise)

        text = "; ".join(f"{new} if {recode.of} in {list(codes)}" for new, codes in recode.values.items())
        text += f"; else {recode.otherwise}" if recode.otherwise is not None else ""
        results = frozenset(v for v in (*new_values.values(), otherwise) if not isinstance(v, Missing))
        return _derive(text, [source], find_code, results)

    def _read_code(self, who: str, code: Code, where: Position) -> Code | Missing:
        """Return a code, or the decline that begins with a dot."""
        kind = code.removeprefix(".") if isinstance(code, str) else code
        if kind == code:
            return code
        declines = self.instrument.declines
        if kind not in declines:
            near = suggest_nearest(str(code), [f".{decline}" for decline in declines])
            self._report("unknown-decline", where, who, f"there is no decline {code!r}", near)
        return get_missing(str(kind))

    def _compile_top(self, name: YamlScalar, top: spec.TopSpec) -> Condition | None:
        source = self._compile(name, top.of)
        if source is None:
            return None
        item, compute = self.instrument.items.get(top.of), self.computes.get(top.of)
        codes: list[Code] = list(compute.labels) if compute is not None else sort_codes(source.result_type.codes or ())
        if item is not None:
            codes = [option.code for option in item.options if option.read and not option.missing]
        number = top.first if top.last is None else top.last
        if (top.first is None) == (top.last is None) or not number or not 0 < number < len(codes):
            what = f"top: needs first: or last:, of the {len(codes)} options of {top.of}"
            self._report(
                "bad-analysis", top.of, name, what, f"write one of them, with a number from 1 to {len(codes) - 1}"
            )
            return None
        chosen = codes[:number] if top.last is None else codes[-number:]

        def is_top(env: Any) -> Any:
            value = source.evaluate(env)
            return value if value.__class__ is Missing else value in chosen

        return _derive(f"{top.of} in {chosen}", [source], is_top)

    def _compile_count(self, name: YamlScalar, count: spec.CountSpec) -> Condition | None:
        names: list[YamlScalar] = []
        for each in count.of:
            group = self.instrument.groups.get(each)
            names += [YamlScalar(item.id, each.where) for item in group.items] if group is not None else [each]
        sources = [self._compile(name, each) for each in names]
        conditions = [source for source in sources if source is not None]
        if len(conditions) < len(sources) or not conditions:
            return None
        counted = {self._read_code(name, code, count.find_position("values")) for code in count.values}
        for each, condition in zip(names, conditions, strict=True):
            codes = condition.result_type.codes
            unknown = [c for c in count.values if codes is not None and c in counted and c not in codes]
            if unknown:
                what = f"{each} has no code {format_codes(unknown)}"
                self._report("unknown-code", each, name, what, f"its codes are {format_codes(codes or ())}")

        def count_answers(env: Any) -> Any:
            values = [condition.evaluate(env) for condition in conditions]
            has_answers = any(value.__class__ is not Missing for value in values)
            return sum(value in counted for value in values) if has_answers else combine_missing(*values)

        text = f"count of {', '.join(names)} in {list(count.values)}"
        return _derive(text, conditions, count_answers, kind="number")

    # ── weights, banners and findings ──

    def check_uses(self, written: spec.AnalysisFile) -> None:
        """Check that weights, banners, findings and the picture name what there is."""
        known = {*self.instrument.sample, *self.instrument.items, *self.instrument.computes}
        known |= {name for name, compute in self.computes.items() if compute.is_column}
        known = {name for name in known if not self.symbols.value_types[name].why_unanswered}
        for name, weight in written.weights.items():
            if weight.column is None and weight.rake is None:
                self._report(
                    "bad-analysis", name, name, "the weight has neither column: nor rake:", "write one of them"
                )
            if weight.column is not None:
                self._check_name(weight.column, name, known)
            if weight.trim is not None and (weight.rake is None or weight.trim <= 1):
                what = "trim: is a multiple of the mean of raked weights, more than 1"
                self._report("bad-analysis", weight.find_position("trim"), name, what, "write trim: 5 beside rake:")
        for name, banner in written.banners.items():
            for column in banner.columns:
                parts = [part.strip() for part in column.split(">")]
                if len(parts) > 2:
                    what = f"{column} divides more than once"
                    self._report("bad-analysis", column, name, what, "write kind > region, or use a variable")
                for part in parts:
                    self._check_name(YamlScalar(part, column.where), name, known)
        for finding in written.findings:
            self._check_finding(finding, known)
        if written.picture is not None:
            self._check_name(written.picture, "picture", known | self.instrument.groups.keys())

    def _check_name(self, name: YamlScalar, who: str, known: Collection[str]) -> bool:
        if name not in known:
            remedy = suggest_nearest(str(name), known, otherwise="use an item, a sample column or a variable")
            self._report("unknown-name", name, who, f"there is no {str(name)!r}", remedy)
        return name in known

    def _check_finding(self, finding: spec.FindingSpec, known: Collection[str]) -> None:
        name = finding.item
        if not self._check_name(name, "findings", known):
            return
        if (finding.answer is None) == (finding.figure is None):
            self._report("bad-analysis", name, name, "a finding has either answer: or figure:", "write one of them")
            return
        figure = finding.figure or "percent"
        for _, text in finding.text.iterate_languages():
            if set(re.findall(r"\{(\w*)\}", text)) - {"base"} != {figure}:
                what = f"the text has to contain {{{figure}}}, and no other fill but {{base}}"
                self._report("bad-analysis", text, name, what, f"write {{{figure}}} where the figure belongs")
        item, value_type = self.instrument.items.get(name), self.symbols.value_types[name]
        codes = frozenset((0, 1)) if value_type.type == "flag" else value_type.codes
        nets = item.question.nets if item is not None else ()
        for code in finding.answer or ():
            if codes is not None and code not in codes and code not in nets:
                what = f"answer: {name} has no code or net {code!r}"
                remedy = f"its codes are {format_codes(codes)}"
                self._report("unknown-code", finding.find_position("answer"), name, what, remedy)
        is_number = value_type.type == "number" or all(isinstance(code, int) for code in codes or [""])
        if finding.figure is not None and not is_number:
            what = f"{name} has no {finding.figure}"
            self._report("bad-analysis", finding.find_position("figure"), name, what, "write answer: with a code")


def _iterate_expressions(variable: spec.VariableSpec) -> Iterator[YamlScalar]:
    """Yield every expression of a variable, in which names may stand."""
    derivations = (variable.bands, variable.recode, variable.top)
    yield from (derivation.of for derivation in derivations if derivation is not None)
    yield from variable.count.of if variable.count is not None else ()
    yield from [variable.value] if variable.value is not None else ()


def _is_between(value: float, number: NumberItem) -> bool:
    """Return whether a value is within the limits of an item, as far as they are known."""
    low, high = number.lowest, number.highest
    return (low is None or value >= low) and (high is None or value <= high)


def _derive(
    text: str,
    sources: Sequence[Condition],
    evaluate: Evaluator,
    codes: frozenset[Code] | None = None,
    kind: Any = "flag",
) -> Condition:
    """Return a condition that is computed from others; one that yields codes where these are given."""
    names = frozenset[str]().union(*(source.names for source in sources))
    result_type = ValueType("code" if codes is not None else kind, codes, declinable=True)
    return Condition(text, names, result_type, evaluate, ast.List([source.tree for source in sources], ast.Load()))
