"""Checks of the sample and quotas: roles of columns, cells and targets, and when the deciding answers are known."""

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod
from typing import Final

from survey_cli.instrument.checks.source_items import (
    find_key,
    find_value,
    iterate_items,
    locate_definition,
    report,
)
from survey_cli.instrument.compiled.draft import InstrumentDraft, once_per_draft
from survey_cli.instrument.expressions.conditions import Condition, Scope, compile_condition
from survey_cli.instrument.quota_capacity import QuotaRule, find_limit, list_codes
from survey_cli.instrument.schema.document import QuotaSpec
from survey_cli.instrument.schema.items.unasked_items import LookupItem
from survey_cli.instrument.source.nodes import find_node, locate_name
from survey_cli.problems import Position, Problem, suggest_nearest
from survey_cli.wording import join_words, pluralize

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
    """No column of the sample has the role `key`, so that cases can't be identified and no sample can be imported.

        sample: {unit: {type: text, role: key}}

    Add `role: key` to the column that identifies a case.
    """
    sample = draft.document.sample
    if sample and not any(column.role == "key" for column in sample.values()) and not draft.lost:
        at, what = (
            find_key(draft.document._node, "sample"),
            "no column is the key that identifies a case",
        )
        yield report("no-case-key", at, "sample", what, "add role: key to one", "warning")


def sample_column(draft: InstrumentDraft) -> Iterator[Problem]:
    """A column's type and its other keys do not match.

        kind: {type: single, options: {1: Sector, 2: District}}     a single needs options, nothing else has them
        version: {type: split, arms: {a: 1, b: 1}, balanced_within: kind}

    Change the type, or remove the other key.
    """
    sample = draft.document.sample
    for name, column in sample.items():
        role, within = column.role, column.balanced_within
        if column.type == "single" and column.options is None:
            yield report(
                "sample-column", name, name, "a single needs options", "add options: {1: …, 2: …}"
            )
        given = {
            "options": column.options is not None,
            "arms": column.arms,
            "balanced_within": within is not None,
        }
        for (key, is_given), kind in zip(given.items(), ("single", "split", "split"), strict=True):
            if is_given and column.type != kind:
                what = f"{key}: requires type: {kind}, and this is a {column.type}"
                remedy = f"write type: {kind}, or remove it"
                yield report("sample-column", find_key(column._node, key), name, what, remedy)
        if role in ROLE_TYPES and column.type not in (types := ROLE_TYPES[role]):
            what = f"role: a {role} must be a {types[0]}, and this is a {column.type}"
            yield report(
                "sample-column", find_value(column, "role"), name, what, f"write type: {types[0]}"
            )
        if role in LOCATION_ROLES and column.personal:
            what = f"personal: the {role} decides when the case is called, so it is stored with its history"
            remedy = "remove personal:, or leave the column out"
            yield report("sample-column", find_value(column, "personal"), name, what, remedy)
        if within is None or column.type != "split":
            continue
        at, balancing_column = find_value(column, "balanced_within"), sample.get(within)
        if balancing_column is None or within == name:
            remedy = suggest_nearest(
                within, (str(n) for n in sample if n != name), otherwise="use another column"
            )
            what = f"balanced_within: there is no other column {str(within)!r}"
            yield report("sample-column", at, name, what, remedy)
        elif balancing_column.type not in ("single", "text"):
            what = f"balanced_within: {within} is a {balancing_column.type}"
            yield report("sample-column", at, name, what, "use a single, or a text with few values")


_MAX_LISTED: Final = 6
"""How many cells a message lists."""
_MAX_CELLS: Final = 10_000


def quota_where(draft: InstrumentDraft) -> Iterator[Problem]:
    """A quota's `where` is not a condition, or names a variable or code that does not exist.

        - {id: women, where: sex == 3, target: 100}     sex has 1 and 2

    `where` is a condition, written like `ask_if`.
    """
    for quota, _, problems in _compile_quotas(draft):
        for p in problems:
            if p.rule != "unknown-name" or p.subject not in draft.lost:
                yield report(
                    "quota-where",
                    (p.where, p.length),
                    quota.id,
                    f"where: {p.what}",
                    p.remedy,
                    p.severity,
                )


@once_per_draft
def _compile_quotas(
    draft: InstrumentDraft,
) -> Sequence[tuple[QuotaSpec, Condition | None, tuple[Problem, ...]]]:
    scope = draft.symbol_table.build_scope() if draft.document.quotas else Scope({})
    return [
        (
            quota,
            *compile_condition(
                quota.where, scope, where=locate_name(quota.where), who=str(quota.id)
            ),
        )
        if quota.where is not None
        else (quota, None, ())
        for quota in draft.document.quotas
    ]


def _list_needs(quota: QuotaSpec, condition: Condition | None) -> list[str]:
    """List the variables that a quota depends on."""
    return sorted(
        {str(n) for n in quota.by} | (condition.names if condition is not None else frozenset())
    )


def quota_cells(draft: InstrumentDraft) -> Iterator[Problem]:
    """A quota's `by` or `targets` name a variable or code that does not exist, or cells have no target.

        - {id: region_kind, by: [region, kind], targets: {Central/1: 5, Central/2: 7}}

    `by` names items or sample columns with codes; a cell is their codes in this order, joined by
    `/`.
    """
    for quota in draft.document.quotas:
        codes: list[list[str]] | None = []
        for index, name in enumerate(quota.by):
            symbol, what, remedy = draft.symbols.get(name), "", ""
            value_type = symbol.value_type if symbol is not None else None
            if symbol is None or value_type is None:
                what = f"by: {str(name)!r} is not a variable" if str(name) not in draft.lost else ""
                remedy = suggest_nearest(
                    name, draft.symbols, otherwise="use an item or a sample column with codes"
                )
            elif value_type.roster is not None or value_type.type not in ("code", "text", "flag"):
                what = f"by: {name} (at {symbol.where}) has no codes for cells"
                remedy, value_type = "use a single, a scale, or a compute with codes", None
            elif name in quota.by[:index]:
                what, remedy = f"by: {name} is listed twice", "remove one"
            if what:
                yield report("quota-cells", name, quota.id, what, remedy)
            if value_type is None or value_type.codes is None:
                codes = None
            elif codes is not None:
                codes.append([str(code) for code in sorted(value_type.codes, key=str)])
        if quota.targets and quota.by:
            yield from _check_targets(quota, codes)


def _check_targets(quota: QuotaSpec, codes: list[list[str]] | None) -> Iterator[Problem]:
    valid, given_cells = codes is not None, set[str]()
    for cell in quota.targets:
        parts = [part.strip() for part in cell.split("/")]
        given_cells.add("/".join(parts))
        if len(parts) != len(quota.by):
            valid = False
            what = f"targets: {str(cell)!r} has {len(parts)} codes, and by: has {len(quota.by)} variables"
            yield report(
                "quota-cells",
                cell,
                quota.id,
                what,
                f"write the codes of {join_words(quota.by)} joined by /",
            )
            continue
        for part, variable_codes, name in zip(cell.split("/"), codes or (), quota.by, strict=False):
            if part.strip() not in variable_codes:
                valid = False
                known = f"its codes are {join_words(variable_codes, most=12)}"
                remedy = suggest_nearest(part, variable_codes, otherwise=known)
                yield report(
                    "quota-cells", cell, quota.id, f"targets: {name} has no code {part!r}", remedy
                )
    if not valid or not codes or prod(map(len, codes)) > _MAX_CELLS:
        return
    if lacking := [cell for cell in map("/".join, product(*codes)) if cell not in given_cells]:
        cells = f"{len(lacking)} {pluralize(len(lacking), 'cell has', 'cells have')}"
        what = f"targets: {cells} no target: {join_words(lacking, most=_MAX_LISTED)}"
        remedy = "add them, or write 0 for cells without interviews; a cell without a target counts as outside"
        yield report(
            "quota-cells", find_key(quota._node, "targets"), quota.id, what, remedy, "warning"
        )


def quota_target(draft: InstrumentDraft) -> Iterator[Problem]:
    """A quota does not say how many interviews are needed, or with whom.

        - {id: sectors, where: kind == 1, target: 14}
        - {id: region_kind, by: [region, kind], targets: {Central/1: 5}}

    `target` goes with `where` (or alone, for everybody), `targets` with `by`.
    """
    for quota in draft.document.quotas:
        at = (quota.find_position("id"), len(quota.id))
        if quota.by and quota.target is not None and not quota.targets:
            what = "target: with by:, each cell has its own target"
            yield report(
                "quota-target",
                quota.find_position("target"),
                quota.id,
                what,
                "write targets: {code: 5, …}",
            )
        elif quota.by and not quota.targets:
            yield report(
                "quota-target",
                at,
                quota.id,
                "the quota has no targets",
                "add targets: {code: 5, …}",
            )
        elif quota.targets and not quota.by:
            what = "targets: names cells, but there is no by: to define them"
            yield report(
                "quota-target",
                find_key(quota._node, "targets"),
                quota.id,
                what,
                "add by: [variable]",
            )
        elif quota.target is None and not quota.by:
            yield report("quota-target", at, quota.id, "the quota has no target", "add target: 100")
        amounts = [("target", quota.target, quota.find_position("target"))]
        for cell, target in quota.targets.items():
            node = find_node(quota._node, "targets", cell)
            where = node.where if node is not None else quota.find_position("targets")
            amounts.append((f"targets: {cell}", target, where))
        for key, amount, where in amounts:
            if amount is not None and amount < 0:
                place = (where, len(str(amount)))
                yield report(
                    "quota-target",
                    place,
                    quota.id,
                    f"{key}: {amount} is negative",
                    "write 0 or more",
                )


def study_target(draft: InstrumentDraft) -> Iterator[Problem]:
    """The target of the study is not a number of interviews, or its quotas do not allow so many.

        study: {target: 60}
        quotas: [{id: men, where: sex == 1, target: 12}, {id: women, where: sex == 2, target: 40}]     12 + 40 are 52

    The quotas that apply to everybody, alone or together, limit the interviews to the sum of their
    targets. Quotas with `soft: true` limit nothing.
    """
    study = draft.document.study
    if study.target is None:
        return
    at = find_value(study, "target")
    if study.target <= 0:
        yield report(
            "study-target",
            at,
            "study",
            f"target: {study.target} is no number of interviews",
            "write 1 or more",
        )
        return
    limit = find_limit(_list_rules(draft), list_codes(draft.symbol_table.value_types))
    if limit is not None and limit.interviews < study.target:
        quotas = f"{pluralize(len(limit.quotas), 'quota')} {join_words(limit.quotas)}"
        what = f"target: {study.target:,} can't be reached: {quotas} {pluralize(len(limit.quotas), 'allows', 'allow')}"
        remedy = "raise targets of quotas, write soft: true for one, or lower the study's target"
        yield report("study-target", at, "study", f"{what} {limit.interviews:,}", remedy, "warning")


def _list_rules(draft: InstrumentDraft) -> list[QuotaRule]:
    """List the hard quotas that can be understood."""
    rules = []
    for quota, condition, _ in _compile_quotas(draft):
        if quota.soft or (quota.where is not None and condition is None):
            continue
        places = {"": quota.target or 0}
        if quota.by:
            places = {
                "/".join(part.strip() for part in cell.split("/")): n
                for cell, n in quota.targets.items()
            }
        rules.append(QuotaRule(str(quota.id), condition, tuple(map(str, quota.by)), places))
    return rules


def quota_late(draft: InstrumentDraft) -> Iterator[Problem]:
    """A quota depends on an answer from after the hang-up, when nobody can be screened out any more.

        - {id: women, where: sex == 1, target: 100}     ask sex before the section with after: hangup

    A place is reserved as soon as the deciding answer is given; if the cell is full, the interview
    ends there.
    """
    for quota, condition, _ in _compile_quotas(draft):
        needs = _list_needs(quota, condition) if not quota.soft else []
        late = next(
            (name for name in needs if name in draft.items and draft.items[name].after_hangup), ""
        )
        if late:
            where = locate_definition(draft, late)
            what = f"it depends on {late} (at {where}), asked after the respondent has hung up"
            remedy = f"move {late} before that section, or write soft: true"
            key = "by" if late in map(str, quota.by) else "where"
            yield report("quota-late", quota.find_position(key), quota.id, what, remedy)


def quota_script(draft: InstrumentDraft) -> Iterator[Problem]:
    """A quota can be full, and the text read to the respondent in that case exists only in English.

        fieldwork: {scripts: {quota_full: {text: Vielen Dank, wir haben genug Interviews. Auf Wiederhören.}}}

    Without `scripts: quota_full` the program thanks the respondent in English.
    """
    document = draft.document
    other = next(
        (str(language) for language in document.languages if not language.startswith("en")), ""
    )
    scripts = document.fieldwork.scripts if document.fieldwork is not None else {}
    quota = next((quota for quota in document.quotas if not quota.soft), None)
    if quota is not None and other and "quota_full" not in map(str, scripts):
        what = f"if it is full, the respondent is thanked in English, but interviews are conducted in {other}"
        remedy = "write the text: fieldwork: {scripts: {quota_full: {text: …}}}"
        yield report("quota-script", quota.find_position("id"), quota.id, what, remedy, "warning")


def quota_early(draft: InstrumentDraft) -> Iterator[Problem]:
    """A quota is looked up before all items that it depends on have been asked.

        - {id: room, type: lookup, quota: women}     move it after the item sex

    Move the lookup after the last item that the quota depends on.
    """
    needs = {
        str(quota.id): _list_needs(quota, condition)
        for quota, condition, _ in _compile_quotas(draft)
    }
    for item in iterate_items(draft, LookupItem):
        name = str(item.id)
        at = draft.symbols[name].index if name in draft.symbols else -1
        symbols = [
            draft.symbols.get(need)
            for need in needs.get(str(item.quota), ())
            if name in draft.items
        ]
        late = next(
            (symbol.id for symbol in symbols if symbol is not None and symbol.index >= at), ""
        )
        if late:
            where = locate_definition(draft, late)
            what = f"quota: {item.quota} depends on {late} (at {where}), which is known only later"
            yield report(
                "quota-early", find_value(item, "quota"), name, what, f"move {name} after {late}"
            )
