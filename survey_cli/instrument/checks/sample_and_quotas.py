"""Checks of the sample and quotas: roles of columns, cells, targets and when they are known."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import Final, NamedTuple

from survey_cli.instrument.checks.source_items import (
    Place,
    find_key,
    find_value,
    iterate_items,
    locate_definition,
    report,
)
from survey_cli.instrument.compiled.draft import InstrumentDraft, once_per_draft
from survey_cli.instrument.expressions.conditions import Condition, ValueType, compile_condition
from survey_cli.instrument.quota_capacity import QuotaRule, find_limit, list_codes
from survey_cli.instrument.schema.document import QuotaSpec, SampleColumn
from survey_cli.instrument.schema.items.unasked_items import LookupItem
from survey_cli.instrument.source.nodes import YamlScalar, find_node, locate_name
from survey_cli.problems import Position, Problem, suggest_nearest
from survey_cli.wording import format_quantity, join_words, pluralize

REPEATABLE_ROLES: Final = frozenset({"phone", "replicate_weight"})
"""Roles that several columns may have."""
ROLE_TYPES: Final = {
    **dict.fromkeys(("weight", "priority", "fpc", "replicate_weight"), ("number",)),
    **dict.fromkeys(("key", "phone", "name"), ("text",)),
    **dict.fromkeys(("zone", "country", "region", "language"), ("text", "single")),
}
"""Types that a column with a role may have; messages name the first."""

LOCATION_ROLES: Final = frozenset({"country", "region"})
"""Roles of columns that contain the respondent's location."""


def twice_role(draft: InstrumentDraft) -> Iterator[Problem]:
    """Two columns of the sample have the same role. Only `phone` may be used several times.

        sample: {unit: {role: key}, number: {role: key}}     one column identifies the case

    Give the role to one of them.
    """
    seen: dict[str, tuple[str, Position]] = {}
    for name, column in draft.document.sample.items():
        if column.role is None or column.role in REPEATABLE_ROLES:
            continue
        first, where = seen.setdefault(column.role, (str(name), column.find_position("role")))
        if first != str(name):
            what = f"role: {first} (at {where}) already has the role {column.role}"
            remedy = "give the role to one of them"
            if column.role == "key":
                remedy = "keep one of them: a single key identifies the case; "
                remedy += "if necessary, add a column that combines both"
            yield report("twice-role", find_value(column, "role"), name, what, remedy)


def no_case_key(draft: InstrumentDraft) -> Iterator[Problem]:
    """No column of the sample has the role `key`: cases can't be identified, no sample imported.

        sample: {unit: {type: text, role: key}}

    Add `role: key` to the column that identifies a case.
    """
    sample = draft.document.sample
    if not sample or draft.lost:
        return
    if not any(column.role == "key" for column in sample.values()):
        place = find_key(draft.document._node, "sample")
        what = "no column is the key that identifies a case"
        yield report("no-case-key", place, "sample", what, "add role: key to one", "warning")


def sample_column(draft: InstrumentDraft) -> Iterator[Problem]:
    """A column's type and its other keys do not match.

        kind: {type: single, options: {1: Sector, 2: District}}     only a single has options
        version: {type: split, arms: {a: 1, b: 1}, balanced_within: kind}

    Change the type, or remove the other key.
    """
    sample = draft.document.sample
    for name, column in sample.items():
        yield from _check_column_type(name, column)
        if column.role in ROLE_TYPES and column.type not in ROLE_TYPES[column.role]:
            usual = ROLE_TYPES[column.role][0]
            what = f"role: a {column.role} must be a {usual}, and this is a {column.type}"
            place = find_value(column, "role")
            yield report("sample-column", place, name, what, f"write type: {usual}")
        if column.role in LOCATION_ROLES and column.personal:
            decides = f"the {column.role} decides when the case is called"
            what = f"personal: {decides}, so it is stored with its history"
            remedy = "remove personal:, or leave the column out"
            yield report("sample-column", find_value(column, "personal"), name, what, remedy)
        if column.type == "split" and column.balanced_within is not None:
            yield from _check_balancing(sample, name, column, column.balanced_within)


def _check_column_type(name: YamlScalar, column: SampleColumn) -> Iterator[Problem]:
    """Check that a single has options, and that no other type has the keys of a single or split."""
    if column.type == "single" and column.options is None:
        what = "a single needs options"
        yield report("sample-column", name, name, what, "add options: {1: …, 2: …}")
    given: list[tuple[str, str]] = []
    if column.options is not None:
        given.append(("options", "single"))
    if column.arms:
        given.append(("arms", "split"))
    if column.balanced_within is not None:
        given.append(("balanced_within", "split"))
    for key, kind in given:
        if column.type != kind:
            what = f"{key}: requires type: {kind}, and this is a {column.type}"
            remedy = f"write type: {kind}, or remove it"
            yield report("sample-column", find_key(column._node, key), name, what, remedy)


def _check_balancing(
    sample: Mapping[YamlScalar, SampleColumn],
    name: YamlScalar,
    column: SampleColumn,
    within: YamlScalar,
) -> Iterator[Problem]:
    """Check that a split is balanced within another column, which has few values."""
    place = find_value(column, "balanced_within")
    balancing_column = sample.get(within)
    if balancing_column is None or within == name:
        others = (str(other) for other in sample if other != name)
        remedy = suggest_nearest(within, others, otherwise="use another column")
        what = f"balanced_within: there is no other column {str(within)!r}"
        yield report("sample-column", place, name, what, remedy)
    elif balancing_column.type not in ("single", "text"):
        what = f"balanced_within: {within} is a {balancing_column.type}"
        yield report("sample-column", place, name, what, "use a single, or a text with few values")


class CompiledQuota(NamedTuple):
    """A quota with its condition (None if it has none, or a wrong one) and the problems in it."""

    quota: QuotaSpec
    condition: Condition | None
    problems: tuple[Problem, ...]

    def list_names(self) -> list[str]:
        """List the variables that it depends on."""
        names = {str(name) for name in self.quota.by}
        if self.condition is not None:
            names |= self.condition.names
        return sorted(names)


_MAX_LISTED: Final = 6
"""How many cells a message lists."""
_MAX_CELLS: Final = 10_000


def quota_where(draft: InstrumentDraft) -> Iterator[Problem]:
    """A quota's `where` is not a condition, or names a variable or code that does not exist.

        - {id: women, where: sex == 3, target: 100}     sex has 1 and 2

    `where` is a condition, written like `ask_if`.
    """
    for quota, _, problems in compile_quotas(draft):
        for problem in problems:
            if problem.rule == "unknown-name" and problem.subject in draft.lost:
                continue
            place = (problem.where, problem.length)
            what = f"where: {problem.what}"
            yield report("quota-where", place, quota.id, what, problem.remedy, problem.severity)


@once_per_draft
def compile_quotas(draft: InstrumentDraft) -> Sequence[CompiledQuota]:
    """Compile the conditions of all quotas."""
    if not draft.document.quotas:
        return []
    scope = draft.symbol_table.build_scope()
    compiled: list[CompiledQuota] = []
    for quota in draft.document.quotas:
        condition: Condition | None = None
        problems: tuple[Problem, ...] = ()
        if quota.where is not None:
            where = locate_name(quota.where)
            result = compile_condition(quota.where, scope, where=where, who=str(quota.id))
            condition, problems = result
        compiled.append(CompiledQuota(quota, condition, problems))
    return compiled


def quota_cells(draft: InstrumentDraft) -> Iterator[Problem]:
    """A quota's `by` or `targets` name an unknown variable or code, or cells have no target.

        - {id: region_kind, by: [region, kind], targets: {Central/1: 5, Central/2: 7}}

    `by` names items or sample columns with codes; a cell is their codes in this order, joined by
    `/`.
    """
    for quota in draft.document.quotas:
        codes: list[list[str]] | None = []
        for index, name in enumerate(quota.by):
            problem = _find_mistake_in_by(draft, quota, index)
            if problem is not None:
                yield problem
            variable_codes = _list_cell_codes(draft, name)
            if variable_codes is None:
                codes = None  # the cells can't be listed
            elif codes is not None:
                codes.append(variable_codes)
        if quota.targets and quota.by:
            yield from _check_targets(quota, codes)


def _find_mistake_in_by(draft: InstrumentDraft, quota: QuotaSpec, index: int) -> Problem | None:
    """Find what is wrong with one of the variables of a quota's cells."""
    name = quota.by[index]
    symbol = draft.symbols.get(name)
    if symbol is None:
        if str(name) in draft.lost:
            return None
        what = f"by: {str(name)!r} is not a variable"
        otherwise = "use an item or a sample column with codes"
        remedy = suggest_nearest(name, draft.symbols, otherwise=otherwise)
    elif not _can_have_cells(symbol.value_type):
        what = f"by: {name} (at {symbol.where}) has no codes for cells"
        remedy = "use a single, a scale, or a compute with codes"
    elif name in quota.by[:index]:
        what = f"by: {name} is listed twice"
        remedy = "remove one"
    else:
        return None
    return report("quota-cells", name, quota.id, what, remedy)


def _can_have_cells(value_type: ValueType) -> bool:
    return value_type.roster is None and value_type.type in ("code", "text", "flag")


def _list_cell_codes(draft: InstrumentDraft, name: str) -> list[str] | None:
    """List the codes of a variable of cells; None if they aren't known."""
    symbol = draft.symbols.get(name)
    if symbol is None or not _can_have_cells(symbol.value_type):
        return None
    codes = symbol.value_type.codes
    return None if codes is None else [str(code) for code in sorted(codes, key=str)]


def _check_targets(quota: QuotaSpec, codes: list[list[str]] | None) -> Iterator[Problem]:
    """Check that targets are for cells that exist, and that no cell lacks one."""
    is_valid = codes is not None
    given_cells: set[str] = set()
    for cell in quota.targets:
        parts = [part.strip() for part in cell.split("/")]
        given_cells.add("/".join(parts))
        if len(parts) != len(quota.by):
            is_valid = False
            codes_given = format_quantity(len(parts), "code")
            variables = format_quantity(len(quota.by), "variable")
            what = f"targets: {str(cell)!r} has {codes_given}, and by: has {variables}"
            remedy = f"write the codes of {join_words(quota.by)} joined by /"
            yield report("quota-cells", cell, quota.id, what, remedy)
            continue
        for part, variable_codes, name in zip(cell.split("/"), codes or (), quota.by, strict=False):
            if part.strip() not in variable_codes:
                is_valid = False
                what = f"targets: {name} has no code {part!r}"
                known = f"its codes are {join_words(variable_codes, most=12)}"
                remedy = suggest_nearest(part, variable_codes, otherwise=known)
                yield report("quota-cells", cell, quota.id, what, remedy)

    if not is_valid or not codes or prod(map(len, codes)) > _MAX_CELLS:
        return
    cells = ["/".join(parts) for parts in product(*codes)]
    lacking = [cell for cell in cells if cell not in given_cells]
    if lacking:
        place = find_key(quota._node, "targets")
        count = f"{len(lacking)} {pluralize(len(lacking), 'cell has', 'cells have')}"
        what = f"targets: {count} no target: {join_words(lacking, most=_MAX_LISTED)}"
        remedy = (
            "add them, or write 0 for cells without interviews; "
            "a cell without a target counts as outside"
        )
        yield report("quota-cells", place, quota.id, what, remedy, "warning")


def quota_target(draft: InstrumentDraft) -> Iterator[Problem]:
    """A quota does not say how many interviews are needed, or with whom.

        - {id: sectors, where: kind == 1, target: 14}
        - {id: region_kind, by: [region, kind], targets: {Central/1: 5}}

    `target` goes with `where` (or alone, for everybody), `targets` with `by`.
    """
    for quota in draft.document.quotas:
        problem = _find_mistaken_target(quota)
        if problem is not None:
            yield problem
        amounts = [("target", quota.target, quota.find_position("target"))]
        for cell, target in quota.targets.items():
            node = find_node(quota._node, "targets", cell)
            where = node.where if node is not None else quota.find_position("targets")
            amounts.append((f"targets: {cell}", target, where))
        for key, amount, where in amounts:
            if amount is not None and amount < 0:
                place = (where, len(str(amount)))
                what = f"{key}: {amount} is negative"
                yield report("quota-target", place, quota.id, what, "write 0 or more")


def _find_mistaken_target(quota: QuotaSpec) -> Problem | None:
    """Find a target that is missing or of the wrong kind: with `by`, it is `targets`."""
    place: Place = (quota.find_position("id"), len(quota.id))
    if quota.by and not quota.targets:
        if quota.target is not None:
            place = quota.find_position("target")
            what = "target: with by:, each cell has its own target"
            remedy = "write targets: {code: 5, …}"
        else:
            what = "the quota has no targets"
            remedy = "add targets: {code: 5, …}"
    elif quota.targets and not quota.by:
        place = find_key(quota._node, "targets")
        what = "targets: names cells, but there is no by: to define them"
        remedy = "add by: [variable]"
    elif quota.target is None and not quota.by:
        what = "the quota has no target"
        remedy = "add target: 100"
    else:
        return None
    return report("quota-target", place, quota.id, what, remedy)


def study_target(draft: InstrumentDraft) -> Iterator[Problem]:
    """The target of the study is not a number of interviews, or its quotas do not allow so many.

        study: {target: 60}
        quotas:                                              12 + 40 are 52
          - {id: men, where: sex == 1, target: 12}
          - {id: women, where: sex == 2, target: 40}

    The quotas that apply to everybody, alone or together, limit the interviews to the sum of their
    targets. Quotas with `soft: true` limit nothing.
    """
    study = draft.document.study
    if study.target is None:
        return
    place = find_value(study, "target")
    if study.target <= 0:
        what = f"target: {study.target} is no number of interviews"
        yield report("study-target", place, "study", what, "write 1 or more")
        return
    limit = find_limit(_list_rules(draft), list_codes(draft.symbol_table.value_types))
    if limit is not None and limit.interviews < study.target:
        count = len(limit.quotas)
        quotas = f"{pluralize(count, 'quota')} {join_words(limit.quotas)}"
        allowed = f"{quotas} {pluralize(count, 'allows', 'allow')} {limit.interviews:,}"
        what = f"target: {study.target:,} can't be reached: {allowed}"
        remedy = "raise targets of quotas, write soft: true for one, or lower the study's target"
        yield report("study-target", place, "study", what, remedy, "warning")


def _list_rules(draft: InstrumentDraft) -> list[QuotaRule]:
    """List the hard quotas that can be understood."""
    rules = []
    for quota, condition, _ in compile_quotas(draft):
        is_wrong = quota.where is not None and condition is None
        if quota.soft or is_wrong:
            continue
        places = {"": quota.target or 0}
        if quota.by:
            places = {
                "/".join(part.strip() for part in cell.split("/")): target
                for cell, target in quota.targets.items()
            }
        by = tuple(str(name) for name in quota.by)
        rules.append(QuotaRule(str(quota.id), condition, by, places))
    return rules


def quota_late(draft: InstrumentDraft) -> Iterator[Problem]:
    """A quota depends on an answer from after the hang-up, when nobody can be screened out.

        - {id: women, where: sex == 1, target: 100}     ask sex before the hang-up

    A place is reserved as soon as the deciding answer is given; if the cell is full, the interview
    ends there.
    """
    for compiled in compile_quotas(draft):
        quota = compiled.quota
        if quota.soft:
            continue
        for name in compiled.list_names():
            item = draft.items.get(name)
            if item is None or not item.after_hangup:
                continue
            where = locate_definition(draft, name)
            what = f"it depends on {name} (at {where}), asked after the respondent has hung up"
            remedy = f"move {name} before that section, or write soft: true"
            key = "by" if name in map(str, quota.by) else "where"
            yield report("quota-late", quota.find_position(key), quota.id, what, remedy)
            break


def quota_script(draft: InstrumentDraft) -> Iterator[Problem]:
    """A quota can be full, and the text read to the respondent in that case exists only in English.

        fieldwork: {scripts: {quota_full: {text: Vielen Dank, wir haben genug Interviews.}}}

    Without `scripts: quota_full` the program thanks the respondent in English.
    """
    document = draft.document
    others = [str(name) for name in document.languages if not name.startswith("en")]
    hard_quotas = [quota for quota in document.quotas if not quota.soft]
    if not others or not hard_quotas:
        return
    scripts = document.fieldwork.scripts if document.fieldwork is not None else {}
    if "quota_full" not in map(str, scripts):
        thanked = "if it is full, the respondent is thanked in English"
        what = f"{thanked}, but interviews are conducted in {others[0]}"
        remedy = "write the text: fieldwork: {scripts: {quota_full: {text: …}}}"
        quota = hard_quotas[0]
        place = quota.find_position("id")
        yield report("quota-script", place, quota.id, what, remedy, "warning")


def quota_early(draft: InstrumentDraft) -> Iterator[Problem]:
    """A quota is looked up before all items that it depends on have been asked.

        - {id: room, type: lookup, quota: women}     move it after the item sex

    Move the lookup after the last item that the quota depends on.
    """
    needs = {str(compiled.quota.id): compiled.list_names() for compiled in compile_quotas(draft)}
    for item in iterate_items(draft, LookupItem):
        name = str(item.id)
        if name not in draft.items:
            continue
        at = draft.symbols[name].index if name in draft.symbols else -1
        for need in needs.get(str(item.quota), ()):
            symbol = draft.symbols.get(need)
            if symbol is None or symbol.index < at:
                continue
            where = locate_definition(draft, symbol.id)
            depends = f"{item.quota} depends on {symbol.id} (at {where})"
            what = f"quota: {depends}, which is known only later"
            remedy = f"move {name} after {symbol.id}"
            yield report("quota-early", find_value(item, "quota"), name, what, remedy)
            break
