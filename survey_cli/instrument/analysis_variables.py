"""Variables and filters of an analysis file: their order, their conditions, and their problems."""

import ast
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, timedelta
from graphlib import CycleError, TopologicalSorter
from math import inf, isinf
from typing import Any, Final, TypeAlias, assert_never

from survey_cli.instrument.amounts import AmountReading, Interval, to_interval
from survey_cli.instrument.checks.names import bad_id, column_clash, duplicate_id, reserved_id
from survey_cli.instrument.checks.ranges import MAX_DECIMALS
from survey_cli.instrument.checks.source_items import Place, report
from survey_cli.instrument.compiled.draft import InstrumentDraft, build_external_symbols
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.compiled.symbols import Symbol, SymbolKind
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
from survey_cli.instrument.number_ranges import contain
from survey_cli.instrument.schema import analysis_file as spec
from survey_cli.instrument.schema.items.question import Compute
from survey_cli.instrument.schema.items.typed import NumericItem
from survey_cli.instrument.source.nodes import NOWHERE, YamlScalar
from survey_cli.instrument.source.scalars import Text
from survey_cli.problems import Position, Problem, Severity, suggest_nearest
from survey_cli.values import DK, NO_AMOUNT, NOT_ASKED, Code, Missing, get_missing
from survey_cli.wording import join_first

Derivation: TypeAlias = (
    spec.BandsSpec | spec.RecodeSpec | YamlScalar | spec.TopSpec | spec.CountSpec
)
"""What a variable is made of. A scalar is the expression under `value:`."""
_DERIVATION_KEYS: Final = ("bands", "recode", "value", "top", "count")


class EntryProblems:
    """The problems of an analysis file. Each concerns the entry that is being read."""

    def __init__(self) -> None:
        self.found: list[Problem] = []
        self.entry = YamlScalar("", NOWHERE)
        """The name of the entry that is being read."""

    def report(
        self, rule: str, at: Place, what: str, remedy: str, severity: Severity = "error"
    ) -> None:
        self.found.append(report(rule, at, self.entry, what, remedy, severity))

    def report_unknown_codes(
        self,
        written: Iterable[Code],
        known: AbstractSet[Code] | None,
        where: Position,
        nets: Collection[str] = (),
    ) -> None:
        """Report codes that don't exist. `known` is None if any code can be there.

        Declines, which begin with a dot, are not looked at.
        """
        if known is None:
            return
        for code in written:
            is_decline = str(code).startswith(".")
            if code not in known and code not in nets and not is_decline:
                remedy = f"its codes are {format_codes(known)}"
                if nets:
                    remedy += f", its nets {', '.join(nets)}"
                self.report("unknown-code", where, f"there is no code {code!r}", remedy)


class VariableReader:
    """Compiles the variables and filters of a file, and reports their problems."""

    def __init__(self, instrument: Instrument, problems: EntryProblems) -> None:
        self.instrument = instrument
        self.problems = problems
        self.symbols = build_external_symbols(instrument)
        self.computes: dict[str, Compute] = {}
        """The variables and filters without errors."""

    def read(self, written: spec.AnalysisFile) -> None:
        """Compile variables and filters, each after those that it reads."""
        names = [*written.variables, *written.filters]
        if names:
            self._check_names(names)

        texts: dict[YamlScalar, Sequence[YamlScalar]] = {}
        for name, variable in written.variables.items():
            texts[name] = _list_expressions(variable)
        for name, text in written.filters.items():
            # a filter with the name of a variable has been reported
            texts.setdefault(name, [text])
        entries = {str(name): name for name in texts}
        reads = {
            str(name): _find_all_names(expressions) & entries.keys()
            for name, expressions in texts.items()
        }
        order, failed = self._sort_entries(entries, reads)

        for key in order:
            self.problems.entry = entries[key]
            # what reads an entry with a problem has none of its own
            compute = self._compile_entry(written) if failed.isdisjoint(reads[key]) else None
            if compute is None:
                failed.add(key)
            else:
                self.computes[key] = compute
                self.symbols.value_types[key] = compute.conditions[""].result_type

    def _sort_entries(
        self, entries: Mapping[str, YamlScalar], reads: Mapping[str, AbstractSet[str]]
    ) -> tuple[list[str], set[str]]:
        """Sort the entries so that each comes after those that it reads.

        Those that depend on one another are reported and returned as well.
        """
        circular: set[str] = set()
        while True:
            graph = {
                name: others - circular for name, others in reads.items() if name not in circular
            }
            try:
                return list(TopologicalSorter(graph).static_order()), circular
            except CycleError as error:
                # graphlib lists a cycle against the direction of reading
                cycle = error.args[1][::-1]
            circular.update(cycle)
            self.problems.entry = entries[cycle[0]]
            what = f"the variables depend on one another: {' → '.join(cycle)}"
            remedy = "remove one of these references"
            self.problems.report("circular", self.problems.entry, what, remedy)

    def _compile_entry(self, written: spec.AnalysisFile) -> Compute | None:
        entry = self.problems.entry
        if entry in written.variables:
            return self._compile_variable(written.variables[entry])

        condition = self._compile(written.filters[entry], "truth")
        if condition is None:
            return None
        return Compute(id=str(entry), conditions={"": condition}, type="flag", is_column=False)

    def _check_names(self, names: Sequence[YamlScalar]) -> None:
        """Check that each name can be used in conditions and as a column, and is not in use."""
        draft = InstrumentDraft(
            document=self.instrument.document, symbol_table=self.symbols, uses=[], lost=frozenset()
        )
        draft.items.update(self.instrument.items)
        draft.groups.update(self.instrument.groups)
        for name in names:
            symbol = Symbol(str(name), SymbolKind.VARIABLE, name.where, 0, ValueType("code"))
            self.symbols.add(symbol)

        # the checks of a questionnaire, whose own names are checked elsewhere
        file = names[0].where.file
        for check in (bad_id, reserved_id, duplicate_id, column_clash):
            own_problems = [problem for problem in check(draft) if problem.where.file == file]
            self.problems.found += own_problems

    def _compile(self, text: YamlScalar, expected: ExpectedKind = "value") -> Condition | None:
        scope = self.symbols.build_scope()
        owner = str(self.problems.entry)
        condition, problems = compile_condition(text, scope, text.where, owner, expected)
        self.problems.found += problems
        return condition

    def _compile_variable(self, variable: spec.VariableSpec) -> Compute | None:
        derivation = self._find_derivation(variable)
        if derivation is None:
            return None
        condition = self._compile_derivation(derivation)
        if condition is None:
            return None

        codes = list_codes(condition.result_type)
        self.problems.report_unknown_codes(
            variable.options, codes, variable.find_position("options")
        )
        entry = self.problems.entry
        return Compute(
            id=str(entry),
            conditions={"": condition},
            type=condition.result_type.type,
            label=variable.label or Text(entry, {}),
            labels=_list_labels(derivation, codes) | variable.options,
            measure="ordinal" if variable.bands is not None else None,
            decimals=0 if variable.count is not None else 2,
            is_reported=variable.report,
        )

    def _find_derivation(self, variable: spec.VariableSpec) -> Derivation | None:
        """Return what a variable is made of; None, with a problem, if that isn't one thing."""
        written: dict[str, Derivation] = {}
        for key in _DERIVATION_KEYS:
            derivation = getattr(variable, key)
            if derivation is not None:
                written[key] = derivation
        entry = self.problems.entry
        if len(written) != 1:
            found = " and ".join(written) or "none"
            what = f"a variable has exactly one of {', '.join(_DERIVATION_KEYS)}, not {found}"
            self.problems.report("bad-analysis", entry, what, "write one of them")
            return None

        ((key, derivation),) = written.items()
        if _is_empty(derivation):
            what = f"{key}: of: or values: is empty"
            self.problems.report("bad-analysis", entry, what, "write what it is made of")
            return None
        return derivation

    def _compile_derivation(self, derivation: Derivation) -> Condition | None:
        match derivation:
            case spec.BandsSpec():
                return self._compile_bands(derivation)
            case spec.RecodeSpec():
                return self._compile_recode(derivation)
            case YamlScalar():
                return self._compile(derivation)
            case spec.TopSpec():
                return self._compile_top(derivation)
            case spec.CountSpec():
                return self._compile_count(derivation)
            case _:
                assert_never(derivation)

    def _compile_bands(self, bands: spec.BandsSpec) -> Condition | None:
        source = self._compile(bands.of)
        if source is None or not self._has_limits_of_its_kind(bands, source.result_type):
            return None

        number = self._find_number(bands.of)
        self._check_ranges(bands, source, number)
        is_date = source.result_type.type == "date"
        beyond: set[float] = set()
        if number is not None:
            beyond = {value for value in number.options if not contain(number.ranges, value)}
        ranges = list(enumerate(bands.values.values(), 1))
        amounts = None
        if number is not None:
            amounts = self.instrument.items[bands.of.strip()].amounts
        read = source.evaluate
        if amounts is not None:
            read = self._make_keyed_reader(bands.of, source)

        def find_band(known: Known) -> Any:
            value = read(known)
            if value.__class__ is Missing:
                return value
            if amounts is not None and value in amounts.by_code:
                return _find_band_of_code(value, amounts, ranges)
            if amounts is not None:
                value = amounts.read(value)
            if is_date and not isinstance(value, date):
                # of a partial date, the day or month was not known
                return DK
            for code, band in ranges:
                # 999 for "secret" is in a range of its own, and not in `60..`
                if band.contains(value) and (value not in beyond or band.low == band.high):
                    return code
            return NOT_ASKED

        text = "; ".join(f"{code} if {bands.of} is {band.written}" for code, band in ranges)
        return _derive(text, [source], find_band, frozenset(code for code, _ in ranges))

    def _make_keyed_reader(self, expression: YamlScalar, source: Condition) -> Evaluator:
        """Make an evaluator of the number that was keyed as the answer to an item."""
        written = YamlScalar(f"keyed({expression.strip()})", expression.where)
        keyed = self._compile(written)
        if keyed is None:
            return source.evaluate
        return keyed.evaluate

    def _has_limits_of_its_kind(self, bands: spec.BandsSpec, of: ValueType) -> bool:
        """Return whether the limits are of the kind of a value; if not, that is reported."""
        is_ordered = of.type in ("number", "date") or (bool(of.codes) and has_whole_codes(of))
        if not is_ordered:
            what = f"of: {bands.of} is no number or date"
            self.problems.report("not-a-number", bands.of, what, "use recode: or value:")
            return False

        is_date = of.type == "date"
        for label, band in bands.values.items():
            for limit in (band.low, band.high):
                if limit is not None and isinstance(limit, date) != is_date:
                    found = "no dates" if is_date else "dates"
                    what = f"{label}: the limits of {band.written} are {found}"
                    remedy = f"write them as {bands.of} is answered"
                    self.problems.report("unlike-kinds", label, what, remedy)
                    return False
        return True

    def _find_number(self, expression: YamlScalar) -> NumericItem | None:
        """Return the question that an expression names, if it is a number."""
        item = self.instrument.items.get(expression.strip())
        if item is not None and isinstance(item.question, NumericItem):
            return item.question
        return None

    def _check_ranges(
        self, bands: spec.BandsSpec, source: Condition, number: NumericItem | None
    ) -> None:
        """Report values that are in no range or in two, and ranges without a value.

        The values beside each limit are tried, and those at the limits of the item.
        """
        compute = self.computes.get(bands.of.strip())
        decimals = MAX_DECIMALS
        has_known_decimals = True
        if number is not None:
            decimals = number.places
        elif source.result_type.type != "number" or (compute is not None and not compute.decimals):
            decimals = 0
        else:
            has_known_decimals = False
        points = _list_points(bands, source.result_type, number, decimals)

        missed = []
        for point in sorted(points):
            inside = [label for label, band in bands.values.items() if band.contains(point)]
            if len(inside) > 1:
                first, second, *_ = inside
                what = f"{second}: {point} is in {bands.values[first].written} too"
                remedy = "write ranges that have no value in common"
                self.problems.report("overlap", second, what, remedy)
            elif not inside and (source.result_type.codes or _needs_range(point, bands, number)):
                missed.append(str(point))
        if missed:
            what = f"{bands.of}: values such as {join_first(missed)} are in no range"
            remedy = "extend a range: 30..<60 goes up to 60 and leaves it out"
            # perhaps no value has so many decimals
            severity: Severity = "error" if has_known_decimals else "warning"
            self.problems.report("gap", self.problems.entry, what, remedy, severity)

        if number is not None:
            points |= set(number.options)
        for label, band in bands.values.items():
            if not any(band.contains(point) for point in points):
                what = f"{label}: no value of {bands.of} is in {band.written}"
                self.problems.report("empty-range", label, what, "correct the limits")

    def _compile_recode(self, recode: spec.RecodeSpec) -> Condition | None:
        source = self._compile(recode.of)
        if source is None:
            return None
        if source.result_type.type not in ("code", "number", "text"):
            what = f"of: {recode.of} has no single code"
            remedy = "use value: for a multiple: 1 in media"
            self.problems.report("unlike-kinds", recode.of, what, remedy)
            return None

        position = recode.find_position("values")
        new_values = self._read_new_values(recode, source.result_type.codes, position)
        otherwise: Code | Missing = NOT_ASKED
        if recode.otherwise is not None:
            otherwise = self._read_code(recode.otherwise, position)
        elif isinstance(source.result_type.codes, frozenset):
            self._report_rest(recode, source.result_type.codes - new_values.keys(), position)

        def find_code(known: Known) -> Any:
            value = source.evaluate(known)
            if value in new_values:
                return new_values[value]
            return value if value.__class__ is Missing else otherwise

        parts = [f"{new} if {recode.of} in {list(codes)}" for new, codes in recode.values.items()]
        if recode.otherwise is not None:
            parts.append(f"else {recode.otherwise}")
        results = frozenset(
            value for value in (*new_values.values(), otherwise) if not isinstance(value, Missing)
        )
        return _derive("; ".join(parts), [source], find_code, results)

    def _read_new_values(
        self, recode: spec.RecodeSpec, old_codes: AbstractSet[Code] | None, position: Position
    ) -> dict[Code | Missing, Code | Missing]:
        """Return the new code of each old one. Declines are codes too."""
        new_values: dict[Code | Missing, Code | Missing] = {}
        for new, codes in recode.values.items():
            self.problems.report_unknown_codes(codes, old_codes, position)
            for code in codes:
                value = self._read_code(code, position)
                if value in new_values:
                    what = f"{code!r} becomes {new!r} and another code"
                    self.problems.report("duplicate-code", position, what, "list it once")
                new_values[value] = self._read_code(new, position)
        return new_values

    def _report_rest(
        self, recode: spec.RecodeSpec, rest: AbstractSet[Code], position: Position
    ) -> None:
        if rest:
            verb = "is" if len(rest) == 1 else "are"
            what = f"{format_codes(rest)} of {recode.of} {verb} in no category"
            remedy = "list them, or write otherwise: with a code or .not_asked"
            self.problems.report("gap", position, what, remedy)

    def _read_code(self, code: Code, where: Position) -> Code | Missing:
        """Return a code, or the decline that begins with a dot."""
        if not isinstance(code, str) or not code.startswith("."):
            return code

        kind = code.removeprefix(".")
        declines = self.instrument.declines
        if kind not in declines:
            near = suggest_nearest(code, [f".{decline}" for decline in declines])
            self.problems.report("unknown-decline", where, f"there is no decline {code!r}", near)
        return get_missing(kind)

    def _compile_top(self, top: spec.TopSpec) -> Condition | None:
        source = self._compile(top.of)
        if source is None:
            return None

        codes = self._list_scale(top.of, source.result_type)
        if len(codes) < 2:
            what = f"top: {top.of} has no scale of options"
            self.problems.report("bad-analysis", top.of, what, "use bands: or value:")
            return None

        has_one_end = (top.first is None) != (top.last is None)
        number = top.first if top.last is None else top.last
        if not has_one_end or not number or not 0 < number < len(codes):
            what = f"top: needs first: or last:, of the {len(codes)} options of {top.of}"
            remedy = f"write one of them, with a number from 1 to {len(codes) - 1}"
            self.problems.report("bad-analysis", top.of, what, remedy)
            return None

        chosen = codes[:number] if top.last is None else codes[-number:]
        text = f"{top.of} in [{', '.join(map(format_constant, chosen))}]"
        return self._compile(YamlScalar(text, top.of.where), "truth")

    def _list_scale(self, name: YamlScalar, value_type: ValueType) -> list[Code]:
        """Return the codes of a scale from first to last."""
        item = self.instrument.items.get(name)
        if item is not None:
            return [option.code for option in item.options if option.read and not option.missing]
        compute = self.computes.get(name)
        if compute is not None:
            return list(compute.labels)
        return sort_codes(value_type.codes or ())

    def _compile_count(self, count: spec.CountSpec) -> Condition | None:
        names: list[YamlScalar] = []
        for name in count.of:
            group = self.instrument.groups.get(name)
            if group is None:
                names.append(name)
            else:
                names += [YamlScalar(item.id, name.where) for item in group.items]
        sources = [self._compile(name) for name in names]
        conditions = [source for source in sources if source is not None]
        if len(conditions) < len(sources):
            return None

        position = count.find_position("values")
        counted = {self._read_code(code, position) for code in count.values}
        for condition in conditions:
            codes = condition.result_type.codes
            self.problems.report_unknown_codes(count.values, codes, position)

        def count_answers(known: Known) -> Any:
            values = [condition.evaluate(known) for condition in conditions]
            # a decline is an answer if it is counted
            if all(value.__class__ is Missing and value not in counted for value in values):
                return combine_missing(*values)
            number = 0
            for value in values:
                if isinstance(value, tuple):
                    number += len(counted.intersection(value))
                elif value in counted:
                    number += 1
            return number

        text = f"count of {', '.join(names)} in {list(count.values)}"
        return _derive(text, conditions, count_answers)


def _list_expressions(variable: spec.VariableSpec) -> list[YamlScalar]:
    """List the expressions of a variable, which can contain names."""
    derivations = (variable.bands, variable.recode, variable.top)
    expressions = [derivation.of for derivation in derivations if derivation is not None]
    if variable.count is not None:
        expressions += variable.count.of
    if variable.value is not None:
        expressions.append(variable.value)
    return expressions


def _find_all_names(expressions: Iterable[YamlScalar]) -> set[str]:
    return {name for expression in expressions for name in find_names(expression)}


def _is_empty(derivation: Derivation) -> bool:
    """Return whether nothing is written under `of:` or `values:`."""
    match derivation:
        case YamlScalar():
            return False
        case spec.TopSpec():
            return not derivation.of
        case spec.BandsSpec() | spec.RecodeSpec() | spec.CountSpec():
            return not derivation.of or not derivation.values
        case _:
            assert_never(derivation)


def list_codes(value_type: ValueType) -> AbstractSet[Code] | None:
    """Return the codes that a value can have; None if it can have any."""
    if value_type.type == "flag":
        return frozenset((0, 1))
    return value_type.codes


def _list_labels(derivation: Derivation, codes: AbstractSet[Code] | None) -> dict[Code, Text]:
    """Return the labels that a variable has by its derivation."""
    match derivation:
        case spec.BandsSpec():
            return {code: Text(label, {}) for code, label in enumerate(derivation.values, 1)}
        case spec.RecodeSpec():
            # codes that are declines are not among the variable's
            written = [*derivation.values]
            if derivation.otherwise is not None:
                written.append(derivation.otherwise)
            known = codes or frozenset()
            return {code: Text.from_string(str(code)) for code in written if code in known}
        case YamlScalar() | spec.TopSpec() | spec.CountSpec():
            return {}
        case _:
            assert_never(derivation)


def has_whole_codes(value_type: ValueType) -> bool:
    """Return whether a value has codes, of which all that are known are whole numbers."""
    if value_type.type != "code":
        return False
    return all(isinstance(code, int) for code in value_type.codes or ())


def _list_points(
    bands: spec.BandsSpec, of: ValueType, number: NumericItem | None, decimals: int
) -> set[Any]:
    """List the values with which ranges are compared: all codes, or those beside each limit."""
    if of.codes and of.type != "date":
        return set(of.codes)

    limits = _list_limits(bands)
    if of.type == "date":
        return {limit + timedelta(days) for limit in limits for days in (-1, 0, 1)}

    unit = 10**-decimals
    points = {round(limit + step * unit, decimals) for limit in limits for step in (-1, 0, 1)}
    if number is None:
        return points
    for one in number.ranges:
        points |= {limit for limit in one if not isinf(limit)}
    return {point for point in points if contain(number.ranges, point)}


def _find_band_of_code(
    code: Code, amounts: AmountReading, bands: Sequence[tuple[int, spec.Band]]
) -> int | Missing:
    """Find the range of a code that isn't an amount itself: its own, or that of its amount.

    An interval is in a range that contains all of it. Without one it isn't known.
    """
    for number, band in bands:
        if band.low == band.high == code:
            return number

    amount = amounts.read(code)
    if isinstance(amount, Missing):
        return amount
    interval = to_interval(amount)
    for number, band in bands:
        has_end = band.high is None or (interval.high < inf and band.contains(interval.high))
        has_start = band.low is None or (interval.low > -inf and band.contains(interval.low))
        if has_start and has_end:
            return number
    if isinstance(amount, Interval):
        return NO_AMOUNT
    return NOT_ASKED


def _list_limits(bands: spec.BandsSpec) -> list[Any]:
    return [
        limit
        for band in bands.values.values()
        for limit in (band.low, band.high)
        if limit is not None
    ]


def _needs_range(point: Any, bands: spec.BandsSpec, number: NumericItem | None) -> bool:
    """Return whether a value must be in a range: not if it is below or above all of them.

    An item with a limit on that side has no values beyond it, and all others need a range.
    """
    limits = _list_limits(bands)
    has_lowest = number is not None and number.lowest is not None
    has_highest = number is not None and number.highest is not None
    is_below = not has_lowest and point < min(limits)
    is_above = not has_highest and point >= max(limits)
    return not is_below and not is_above


def _derive(
    text: str,
    sources: Sequence[Condition],
    evaluate: Evaluator,
    codes: frozenset[Code] | None = None,
) -> Condition:
    """Return a condition that is computed from others. It yields these codes, or any number."""
    names = frozenset[str]().union(*(source.names for source in sources))
    result_type = ValueType("code" if codes is not None else "number", codes, declinable=True)
    tree = ast.List([source.tree for source in sources], ast.Load())
    return Condition(text, names, result_type, evaluate, tree)
