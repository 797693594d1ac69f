"""Analysis files read against a questionnaire, with problems that have line and remedy.

An analysis variable is a compute of the newest version that isn't in the questionnaire, and a
filter is one that is no column. So data of all versions get them as they get computes, and nothing
stored changes.
"""

import ast
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from typing import Any

from survey_cli.instrument.checks.names import bad_id, column_clash, duplicate_id, reserved_id
from survey_cli.instrument.checks.ranges import MAX_DECIMALS
from survey_cli.instrument.checks.source_items import Place, report
from survey_cli.instrument.compiled.draft import (
    InstrumentDraft,
    Symbol,
    SymbolKind,
    build_external_symbols,
)
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.expressions.conditions import Condition, ExpectedKind, compile_condition
from survey_cli.instrument.expressions.expression_checker import (
    ValueType,
    format_codes,
    format_constant,
    sort_codes,
)
from survey_cli.instrument.expressions.known import Known
from survey_cli.instrument.expressions.parsing import find_names
from survey_cli.instrument.expressions.three_valued_logic import Evaluator, combine_missing
from survey_cli.instrument.schema import analysis_file as spec
from survey_cli.instrument.schema.items.coded import MultipleItem
from survey_cli.instrument.schema.items.question import Compute
from survey_cli.instrument.schema.items.typed import FreeTextItem, NumberItem
from survey_cli.instrument.schema.validation import validate_file
from survey_cli.instrument.source.load import InstrumentSource
from survey_cli.instrument.source.nodes import NOWHERE, YamlScalar
from survey_cli.instrument.source.scalars import Text
from survey_cli.problems import Position, Problem, Severity, sort_problems, suggest_nearest
from survey_cli.values import DK, NOT_ASKED, Code, Missing, get_missing
from survey_cli.wording import join_first


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Analysis:
    """A questionnaire with what its analysis file adds; nothing where there is no file."""

    instrument: Instrument
    """The questionnaire. Variables and filters are among its computes."""
    file: str = ""
    """The file as the user named it; empty where there is none."""
    weights: Mapping[str, spec.WeightSpec] = field(default_factory=dict)
    banners: Mapping[str, spec.BannerSpec] = field(default_factory=dict)
    findings: Sequence[spec.FindingSpec] = ()
    picture: str = ""
    """The item, battery or variable that is drawn on the first page; empty where the file names
    none."""


def read_analysis(
    source: InstrumentSource, instrument: Instrument
) -> tuple[Analysis, list[Problem]]:
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
        weights={str(name): weight for name, weight in written.weights.items()},
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
        self.entry = YamlScalar("", NOWHERE)
        """The name of the entry that is read, which problems concern."""

    def _report(
        self, rule: str, at: Place, what: str, remedy: str, severity: Severity = "error"
    ) -> None:
        self.problems.append(report(rule, at, self.entry, what, remedy, severity))

    def read_variables(self, written: spec.AnalysisFile) -> None:
        """Compile variables and filters, each after those that it reads."""
        if names := [*written.variables, *written.filters]:
            self._check_names(names)
        sources = {
            name: list(_iterate_expressions(variable))
            for name, variable in written.variables.items()
        }
        sources = sources | {
            name: [text] for name, text in written.filters.items() if name not in sources
        }
        by_name = {str(name): name for name in sources}
        names_in = {
            str(name): {read for text in texts for read in find_names(text)}
            for name, texts in sources.items()
        }
        reads = {name: names & by_name.keys() for name, names in names_in.items()}
        order: list[str] = []
        failed: set[str] = set()
        while len(order) + len(failed) < len(reads):
            try:
                graph = {
                    name: others - failed for name, others in reads.items() if name not in failed
                }
                order = list(TopologicalSorter(graph).static_order())
            except CycleError as error:
                cycle = error.args[1][::-1]
                failed.update(cycle)
                what = f"the variables depend on one another: {' → '.join(cycle)}"
                self.entry = by_name[cycle[0]]
                self._report("circular", self.entry, what, "remove one of these references")
        for name in order:
            self.entry = by_name[name]  # what reads an entry with a problem has none of its own
            compute = self._compile_entry(written) if failed.isdisjoint(reads[name]) else None
            if compute is None:
                failed.add(name)
            else:
                self.computes[name] = compute
                self.symbols.value_types[name] = compute.conditions[""].result_type

    def _compile_entry(self, written: spec.AnalysisFile) -> Compute | None:
        if self.entry in written.variables:
            return self._compile_variable(written.variables[self.entry])
        condition = self._compile(written.filters[self.entry], "truth")
        conditions = {"": condition} if condition is not None else {}
        return (
            Compute(id=str(self.entry), conditions=conditions, type="flag", is_column=False)
            if conditions
            else None
        )

    def _check_names(self, names: Sequence[YamlScalar]) -> None:
        """Check that each name can be used in conditions and as a column, and is not used already."""
        draft = InstrumentDraft(
            document=self.instrument.document, symbol_table=self.symbols, uses=[], lost=frozenset()
        )
        draft.items.update(self.instrument.items)
        draft.groups.update(self.instrument.groups)
        for name in names:
            self.symbols.add(
                Symbol(str(name), SymbolKind.VARIABLE, name.where, 0, ValueType("code"))
            )
        for problem in chain.from_iterable(
            check(draft) for check in (bad_id, reserved_id, duplicate_id, column_clash)
        ):
            if problem.where.file == names[0].where.file:
                self.problems.append(problem)

    def _compile(self, text: YamlScalar, expected: ExpectedKind = "value") -> Condition | None:
        scope, who = self.symbols.build_scope(), str(self.entry)
        condition, problems = compile_condition(text, scope, text.where, who, expected)
        self.problems += problems
        return condition

    def _compile_variable(self, variable: spec.VariableSpec) -> Compute | None:
        compilers: dict[str, Callable[[Any], Condition | None]] = {
            "bands": self._compile_bands,
            "recode": self._compile_recode,
            "value": self._compile,
            "top": self._compile_top,
            "count": self._compile_count,
        }
        kinds = [key for key in compilers if getattr(variable, key) is not None]
        if len(kinds) != 1:
            what = f"a variable has exactly one of {', '.join(compilers)}, not {' and '.join(kinds) or 'none'}"
            self._report("bad-analysis", self.entry, what, "write one of them")
            return None
        derivation = getattr(variable, kinds[0])
        if not getattr(derivation, "values", True) or not getattr(derivation, "of", True):
            self._report(
                "bad-analysis",
                self.entry,
                f"{kinds[0]}: of: or values: is empty",
                "write what it is made of",
            )
            return None
        condition = compilers[kinds[0]](derivation)
        if condition is None:
            return None
        codes = _list_codes(condition.result_type)
        labels: dict[Code, Text] = {}
        if variable.bands is not None:
            labels = {code: Text(label, {}) for code, label in enumerate(variable.bands.values, 1)}
        elif variable.recode is not None:
            written = [
                code
                for code in (*variable.recode.values, variable.recode.otherwise)
                if code is not None
            ]
            labels = {
                code: Text.from_string(str(code))
                for code in written
                if codes is not None and code in codes
            }
        self._check_codes(variable.options, codes, variable.find_position("options"))
        return Compute(
            id=str(self.entry),
            conditions={"": condition},
            type=condition.result_type.type,
            label=variable.label or Text(self.entry, {}),
            labels=labels | variable.options,
            measure="ordinal" if variable.bands is not None else None,
            decimals=0 if variable.count is not None else 2,
            is_reported=variable.report,
        )

    def _compile_bands(self, bands: spec.BandsSpec) -> Condition | None:
        source = self._compile(bands.of)
        if source is None:
            return None
        kind, codes = source.result_type.type, source.result_type.codes
        if kind not in ("number", "date") and not (
            codes and kind == "code" and all(isinstance(c, int) for c in codes)
        ):
            self._report(
                "not-a-number",
                bands.of,
                f"of: {bands.of} is no number or date",
                "use recode: or value:",
            )
            return None
        for label, band in bands.values.items():
            if any(
                isinstance(limit, date) != (kind == "date")
                for limit in (band.low, band.high)
                if limit is not None
            ):
                what = f"{label}: the limits of {band.written} are {'no dates' if kind == 'date' else 'dates'}"
                self._report("unlike-kinds", label, what, f"write them as {bands.of} is answered")
                return None
        item = self.instrument.items.get(bands.of.strip())
        number = (
            item.question if item is not None and isinstance(item.question, NumberItem) else None
        )
        self._check_ranges(bands, source, number)
        special = (
            {n for n in number.options if not _is_between(n, number)} if number is not None else ()
        )
        ranges = list(enumerate(bands.values.values(), 1))

        def find_band(known: Known) -> Any:
            value = source.evaluate(known)
            if value.__class__ is Missing:
                return value
            if kind == "date" and not isinstance(value, date):
                return DK  # of a partial date, the day or month was not known
            fits = (
                c
                for c, band in ranges
                if band.contains(value) and (value not in special or band.low == band.high)
            )
            return next(fits, NOT_ASKED)

        text = "; ".join(f"{code} if {bands.of} is {band.written}" for code, band in ranges)
        return _derive(text, [source], find_band, frozenset(code for code, _ in ranges))

    def _check_ranges(
        self, bands: spec.BandsSpec, source: Condition, number: NumberItem | None
    ) -> None:
        """Report ranges that no value or two are in, and values in none: beside each limit, and at those of the item."""
        compute, kind = self.computes.get(bands.of.strip()), source.result_type.type
        is_known = (
            number is not None or kind != "number" or (compute is not None and not compute.decimals)
        )
        decimals = 0 if is_known else MAX_DECIMALS
        if number is not None:
            decimals = number.decimals
        points: set[Any] = set(source.result_type.codes or ())
        limits: list[Any] = [
            limit for b in bands.values.values() for limit in (b.low, b.high) if limit is not None
        ]
        least, most = (number.lowest, number.highest) if number is not None else (None, None)
        if kind == "date":
            points = {limit + timedelta(days) for limit in limits for days in (-1, 0, 1)}
        elif not points:
            points = {
                round(limit + step * 10**-decimals, decimals)
                for limit in limits
                for step in (-1, 0, 1)
            }
            points |= {limit for limit in (least, most) if limit is not None}
            points = {point for point in points if number is None or _is_between(point, number)}
        missed = []
        for point in sorted(points):
            inside = [label for label, band in bands.values.items() if band.contains(point)]
            if len(inside) > 1:
                what = f"{inside[1]}: {point} is in {bands.values[inside[0]].written} too"
                self._report(
                    "overlap", inside[1], what, "write ranges that have no value in common"
                )
            is_between = (least is not None or min(limits) <= point) and (
                most is not None or point < max(limits)
            )
            missed += (
                [str(point)] if not inside and (is_between or source.result_type.codes) else []
            )
        if missed:
            what = f"{bands.of}: values such as {join_first(missed)} are in no range"
            remedy = "extend a range: 30..<60 goes up to 60 and leaves it out"
            self._report("gap", self.entry, what, remedy, "error" if is_known else "warning")
        points |= set(number.options if number is not None else ())
        for label, band in bands.values.items():
            if not any(map(band.contains, points)):
                what = f"{label}: no value of {bands.of} is in {band.written}"
                self._report("empty-range", label, what, "correct the limits")

    def _compile_recode(self, recode: spec.RecodeSpec) -> Condition | None:
        source = self._compile(recode.of)
        if source is None:
            return None
        if source.result_type.type not in ("code", "number", "text"):
            what = f"of: {recode.of} has no single code"
            self._report("unlike-kinds", recode.of, what, "use value: for a multiple: 1 in media")
            return None
        old_codes, position = source.result_type.codes, recode.find_position("values")
        new_values: dict[Any, Any] = {}
        for new, codes in recode.values.items():
            self._check_codes(codes, old_codes, position)
            for code in codes:
                value = self._read_code(code, position)
                if value in new_values:
                    what = f"{code!r} becomes {new!r} and another code"
                    self._report("duplicate-code", position, what, "list it once")
                new_values[value] = self._read_code(new, position)
        otherwise = (
            NOT_ASKED if recode.otherwise is None else self._read_code(recode.otherwise, position)
        )
        if (
            recode.otherwise is None
            and isinstance(old_codes, frozenset)
            and (rest := old_codes - new_values.keys())
        ):
            what = f"{format_codes(rest)} of {recode.of} {'is' if len(rest) == 1 else 'are'} in no category"
            self._report(
                "gap", position, what, "list them, or write otherwise: with a code or .not_asked"
            )

        def find_code(known: Known) -> Any:
            value = source.evaluate(known)
            return new_values.get(value, value if value.__class__ is Missing else otherwise)

        text = "; ".join(
            f"{new} if {recode.of} in {list(codes)}" for new, codes in recode.values.items()
        )
        text += f"; else {recode.otherwise}" if recode.otherwise is not None else ""
        results = frozenset(
            v for v in (*new_values.values(), otherwise) if not isinstance(v, Missing)
        )
        return _derive(text, [source], find_code, results)

    def _check_codes(
        self,
        written: Iterable[Code],
        known: AbstractSet[Code] | None,
        where: Position,
        nets: Collection[str] = (),
    ) -> None:
        """Report codes that do not exist; declines, which begin with a dot, are reported elsewhere."""
        for code in written:
            if (
                known is not None
                and code not in known
                and code not in nets
                and not str(code).startswith(".")
            ):
                remedy = f"its codes are {format_codes(known)}"
                remedy += f", its nets {', '.join(nets)}" if nets else ""
                self._report("unknown-code", where, f"there is no code {code!r}", remedy)

    def _read_code(self, code: Code, where: Position) -> Code | Missing:
        """Return a code, or the decline that begins with a dot."""
        kind = code.removeprefix(".") if isinstance(code, str) else code
        if kind == code:
            return code
        declines = self.instrument.declines
        if kind not in declines:
            near = suggest_nearest(str(code), [f".{decline}" for decline in declines])
            self._report("unknown-decline", where, f"there is no decline {code!r}", near)
        return get_missing(str(kind))

    def _compile_top(self, top: spec.TopSpec) -> Condition | None:
        source = self._compile(top.of)
        if source is None:
            return None
        item, compute = self.instrument.items.get(top.of), self.computes.get(top.of)
        codes: list[Code] = (
            list(compute.labels)
            if compute is not None
            else sort_codes(source.result_type.codes or ())
        )
        if item is not None:
            codes = [option.code for option in item.options if option.read and not option.missing]
        number = top.first if top.last is None else top.last
        if len(codes) < 2:
            self._report(
                "bad-analysis",
                top.of,
                f"top: {top.of} has no scale of options",
                "use bands: or value:",
            )
            return None
        if (top.first is None) == (top.last is None) or not number or not 0 < number < len(codes):
            what = f"top: needs first: or last:, of the {len(codes)} options of {top.of}"
            self._report(
                "bad-analysis",
                top.of,
                what,
                f"write one of them, with a number from 1 to {len(codes) - 1}",
            )
            return None
        chosen = codes[:number] if top.last is None else codes[-number:]
        text = f"{top.of} in [{', '.join(map(format_constant, chosen))}]"
        return self._compile(YamlScalar(text, top.of.where), "truth")

    def _compile_count(self, count: spec.CountSpec) -> Condition | None:
        names: list[YamlScalar] = []
        for each in count.of:
            group = self.instrument.groups.get(each)
            names += (
                [YamlScalar(item.id, each.where) for item in group.items]
                if group is not None
                else [each]
            )
        sources = [self._compile(each) for each in names]
        conditions = [source for source in sources if source is not None]
        if len(conditions) < len(sources):
            return None
        position = count.find_position("values")
        counted = {self._read_code(code, position) for code in count.values}
        for condition in conditions:
            self._check_codes(count.values, condition.result_type.codes, position)

        def count_codes(value: Any) -> int:
            return (
                len(counted.intersection(value)) if isinstance(value, tuple) else value in counted
            )

        def count_answers(known: Known) -> Any:
            values = [condition.evaluate(known) for condition in conditions]
            has_answers = any(
                value.__class__ is not Missing or value in counted for value in values
            )
            return sum(map(count_codes, values)) if has_answers else combine_missing(*values)

        text = f"count of {', '.join(names)} in {list(count.values)}"
        return _derive(text, conditions, count_answers)

    def check_uses(self, written: spec.AnalysisFile) -> None:
        """Check that weights, banners, findings and the picture name what there is."""
        known = {*self.instrument.sample, *self.instrument.items, *self.instrument.computes}
        known |= set(map(str, written.variables))
        known = {name for name in known if not self.symbols.value_types[name].why_unanswered}
        for self.entry, weight in written.weights.items():
            if weight.column is None and weight.rake is None:
                what = "the weight has neither column: nor rake:"
                self._report("bad-analysis", self.entry, what, "write one of them")
            if weight.column is not None and self._check_name(weight.column, known):
                not_numbers = (
                    "codes",
                    "date",
                    "time",
                    *([] if weight.column in self.instrument.sample else ["text"]),
                )
                if self.symbols.value_types[weight.column].type in not_numbers:
                    self._report(
                        "not-a-number",
                        weight.column,
                        f"{weight.column} is no number",
                        "name a number",
                    )
            if weight.trim is not None and (weight.rake is None or weight.trim <= 1):
                what = "trim: is a multiple of the mean of raked weights, more than 1"
                self._report(
                    "bad-analysis", weight.find_position("trim"), what, "write trim: 5 beside rake:"
                )
        for self.entry, banner in written.banners.items():
            if self.entry in self.symbols.symbols:
                kind = self.symbols.symbols[self.entry].kind
                what = f"{str(self.entry)!r} is also the name of {'an' if kind == 'item' else 'a'} {kind}"
                self._report("duplicate-id", self.entry, what, "rename the banner")
            if not banner.columns:
                self._report(
                    "bad-analysis",
                    self.entry,
                    "the banner has no columns",
                    "name variables under columns:",
                )
            for column in banner.columns:
                parts = [part.strip() for part in column.split(">")]
                if len(parts) > 2:
                    what = f"{column} divides more than once"
                    self._report(
                        "bad-analysis", column, what, "write kind > region, or use a variable"
                    )
                for part in parts:
                    self._check_name(YamlScalar(part, column.where), known)
                    item = self.instrument.items.get(part)
                    if item is not None and isinstance(item.question, FreeTextItem):
                        what = f"{part} contains verbatim answers"
                        self._report("bad-analysis", column, what, "choose an item with codes")
        for finding in written.findings:
            self.entry = finding.item
            self._check_finding(finding, known)
        if written.picture is not None:
            self.entry = YamlScalar("picture", written.picture.where)
            self._check_name(written.picture, known | self.instrument.groups.keys())

    def _check_name(self, name: YamlScalar, known: Collection[str]) -> bool:
        if name not in known:
            remedy = suggest_nearest(
                str(name), known, otherwise="use an item, a sample column or a variable"
            )
            self._report("unknown-name", name, f"there is no {str(name)!r}", remedy)
        return name in known

    def _check_finding(self, finding: spec.FindingSpec, known: Collection[str]) -> None:
        name = finding.item
        if not self._check_name(name, known):
            return
        if [finding.answer, finding.figure, finding.per].count(None) != 2:
            self._report(
                "bad-analysis",
                name,
                "a finding has one of answer:, figure: and per:",
                "write one of them",
            )
            return
        if finding.per is not None and not self._check_name(finding.per, known):
            return
        figure = "ratio" if finding.per else finding.figure or "percent"
        for _, text in finding.text.iterate_languages():
            if set(re.findall(r"\{(\w*)\}", text)) - {"base"} != {figure}:
                what = f"the text has to contain {{{figure}}}, and no other fill but {{base}}"
                self._report(
                    "bad-analysis", text, what, f"write {{{figure}}} where the figure belongs"
                )
        item, value_type = self.instrument.items.get(name), self.symbols.value_types[name]
        codes, nets = (
            _list_codes(value_type),
            [*map(str, item.question.nets)] if item is not None else [],
        )
        answer = finding.answer or ()
        self._check_codes(answer, codes, finding.find_position("answer"), nets)
        is_multiple = item is not None and isinstance(item.question, MultipleItem)
        if len(answer) > 1 and (is_multiple or not set(nets).isdisjoint(map(str, answer))):
            what = (
                f"{join_first(list(map(str, answer)))} of {name} overlap: their shares don't add up"
            )
            self._report(
                "bad-analysis",
                finding.find_position("answer"),
                what,
                "give one code, or one net of them",
            )
        numerics = []
        if not finding.answer:
            numerics = [name] if finding.per is None else [name, finding.per]
        for numeric in numerics:
            value_type = self.symbols.value_types[numeric]
            has_codes = value_type.type == "code" and all(
                isinstance(c, int) for c in _list_codes(value_type) or ()
            )
            if value_type.type != "number" and not has_codes:
                what, key = (
                    f"{numeric} has no {finding.figure or 'sum'}",
                    "per" if finding.per else "figure",
                )
                self._report(
                    "bad-analysis", finding.find_position(key), what, "write answer: with a code"
                )


def _iterate_expressions(variable: spec.VariableSpec) -> Iterator[YamlScalar]:
    """Yield every expression of a variable, in which names may stand."""
    derivations = (variable.bands, variable.recode, variable.top)
    yield from (derivation.of for derivation in derivations if derivation is not None)
    yield from variable.count.of if variable.count is not None else ()
    yield from [variable.value] if variable.value is not None else ()


def _list_codes(value_type: ValueType) -> AbstractSet[Code] | None:
    """Return the codes that a value can have; None where it can have any."""
    return frozenset((0, 1)) if value_type.type == "flag" else value_type.codes


def _is_between(value: float, number: NumberItem) -> bool:
    """Return whether a value is within the limits of an item, as far as they are known."""
    low, high = number.lowest, number.highest
    return (low is None or value >= low) and (high is None or value <= high)


def _derive(
    text: str,
    sources: Sequence[Condition],
    evaluate: Evaluator,
    codes: frozenset[Code] | None = None,
) -> Condition:
    """Return a condition that is computed from others: one that yields these codes, or any number."""
    names = frozenset[str]().union(*(source.names for source in sources))
    result_type = ValueType("code" if codes is not None else "number", codes, declinable=True)
    return Condition(
        text,
        names,
        result_type,
        evaluate,
        ast.List([source.tree for source in sources], ast.Load()),
    )
