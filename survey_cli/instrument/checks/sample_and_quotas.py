"""Checks of the sample and quotas: roles of columns, cells and targets, and when the deciding answers are known."""

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Final

from survey_cli.instrument.checks.source_items import find_key, find_value, locate_definition, report
from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.expressions.conditions import Condition, compile_condition
from survey_cli.instrument.schema.document import QuotaSpec
from survey_cli.instrument.schema.items.unasked_items import LookupItem
from survey_cli.instrument.source.nodes import find_node, locate_key, locate_name
from survey_cli.problems import Position, Problem, suggest_nearest
from survey_cli.wording import join_words

REPEATABLE_ROLES: Final = frozenset({"phone"})
"""Roles that several columns may have: a case can have several numbers."""
TEXT_ROLES: Final = {
    "key": (), "phone": (), "name": (), "zone": ("single",), "country": ("single",), "region": ("single",),
    "language": ("single",),
}  # fmt: skip
"""Roles of text columns, and the other types that each may have."""

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
        if first == str(name):
            continue
        what = f"role: {first} (at {where}) already has the role {column.role}"
        remedy = "give the role to one of them"
        if column.role == "key":
            remedy = "keep one of them: a single key identifies the case; if necessary, add a column that combines both"
        yield report("twice-role", (column.find_position("role"), len(column.role)), name, what, remedy)


def no_case_key(draft: InstrumentDraft) -> Iterator[Problem]:
    """No column of the sample has the role `key`, so that cases can't be identified and no sample can be imported.

        sample: {unit: {type: text, role: key}}

    Add `role: key` to the column that identifies a case.
    """
    sample = draft.document.sample
    if sample and not any(column.role == "key" for column in sample.values()) and not draft.lost:
        where = locate_key(draft.document._node, "sample")
        what = "no column is the key that identifies a case"
        yield report("no-case-key", (where, len("sample")), "sample", what, "add role: key to one", "warning")


def sample_column(draft: InstrumentDraft) -> Iterator[Problem]:
    """A column's type and its other keys do not match.

        kind: {type: single, options: {1: Sector, 2: District}}     a single needs options, nothing else has them
        version: {type: split, arms: {a: 1, b: 1}, balanced_within: kind}

    Change the type, or remove the other key.
    """
    sample = draft.document.sample
    for name, column in sample.items():
        who = str(name)
        if column.type == "single" and column.options is None:
            what = "a single needs options"
            yield report("sample-column", (locate_name(name), len(who)), who, what, "add options: {1: …, 2: …}")
        for key, kind, is_given in (
            ("options", "single", column.options is not None),
            ("arms", "split", bool(column.arms)),
            ("balanced_within", "split", column.balanced_within is not None),
        ):
            if is_given and column.type != kind:
                what = f"{key}: requires type: {kind}, and this is a {column.type}"
                remedy = f"write type: {kind}, or remove it"
                yield report("sample-column", find_key(column._node, key), who, what, remedy)
        if column.role in ("weight", "priority") and column.type != "number":
            what = f"role: a {column.role} must be a number, and this is a {column.type}"
            yield report(
                "sample-column", (column.find_position("role"), len(column.role)), who, what, "write type: number"
            )
        if column.role in TEXT_ROLES and column.type not in ("text", *TEXT_ROLES[column.role]):
            what = f"role: a {column.role} must be a text, and this is a {column.type}"
            yield report(
                "sample-column", (column.find_position("role"), len(column.role)), who, what, "write type: text"
            )
        if column.role in LOCATION_ROLES and column.personal:
            what = f"personal: the {column.role} decides when the case is called, so it is stored with its history"
            remedy = "remove personal:, or leave the column out"
            yield report("sample-column", find_value(column, "personal"), who, what, remedy)
        within = column.balanced_within
        if within is None or column.type != "split":
            continue
        balancing_column = sample.get(within)
        if balancing_column is None or str(within) == who:
            suggestion = suggest_nearest(
                within, [str(n) for n in sample if str(n) != who], otherwise="use another column"
            )
            what = f"balanced_within: there is no other column {str(within)!r}"
            yield report("sample-column", find_value(column, "balanced_within"), who, what, suggestion)
        elif balancing_column.type not in ("single", "text"):
            what = f"balanced_within: {within} is a {balancing_column.type}"
            remedy = "use a single, or a text with few values"
            yield report("sample-column", find_value(column, "balanced_within"), who, what, remedy)


_MAX_LISTED: Final = 6
"""How many cells a message lists."""
_MAX_CELLS: Final = 10_000


def quota_where(draft: InstrumentDraft) -> Iterator[Problem]:
    """A quota's `where` is not a condition, or names a variable or code that does not exist.

        - {id: women, where: sex == 3, target: 100}     sex has 1 and 2

    `where` is a condition, written like `ask_if`.
    """
    if not draft.document.quotas:
        return
    for quota, _, problems in _compile_quotas(draft):
        for p in problems:
            if p.rule == "unknown-name" and any(f"'{name}'" in p.what for name in draft.lost):
                continue
            yield report("quota-where", (p.where, p.length), quota.id, f"where: {p.what}", p.remedy, p.severity)


def _compile_quotas(draft: InstrumentDraft) -> Iterator[tuple[QuotaSpec, Condition | None, tuple[Problem, ...]]]:
    scope = draft.symbol_table.build_scope()
    for quota in draft.document.quotas:
        if quota.where is None:
            yield quota, None, ()
            continue
        condition, problems = compile_condition(quota.where, scope, where=locate_name(quota.where), who=str(quota.id))
        yield quota, condition, problems


def quota_cells(draft: InstrumentDraft) -> Iterator[Problem]:
    """A quota's `by` or `targets` name a variable or code that does not exist, or cells have no target.

        - {id: region_kind, by: [region, kind], targets: {Central/1: 5, Central/2: 7}}

    `by` names items or sample columns with codes; a cell is their codes in this order, joined by `/`.
    """
    for quota in draft.document.quotas:
        who = str(quota.id)
        codes: list[list[str]] | None = []
        for index, name in enumerate(quota.by):
            symbol = draft.symbols.get(name)
            where = locate_name(name)
            if symbol is None:
                codes = None
                if str(name) not in draft.lost:
                    remedy = suggest_nearest(name, draft.symbols, otherwise="use an item or a sample column with codes")
                    yield report("quota-cells", (where, len(name)), who, f"by: {str(name)!r} is not a variable", remedy)
                continue
            if symbol.value_type.roster is not None or symbol.value_type.type not in ("code", "text", "flag"):
                codes = None
                what = f"by: {name} (at {symbol.where}) has no codes for cells"
                remedy = "use a single, a scale, or a compute with codes"
                yield report("quota-cells", (where, len(name)), who, what, remedy)
                continue
            if str(name) in [str(n) for n in quota.by[:index]]:
                yield report("quota-cells", (where, len(name)), who, f"by: {name} is listed twice", "remove one")
            if symbol.value_type.codes is None:
                codes = None
            elif codes is not None:
                codes.append([str(code) for code in sorted(symbol.value_type.codes, key=str)])
        if quota.targets and quota.by:
            yield from _check_targets(quota, codes)


def _check_targets(quota: QuotaSpec, codes: list[list[str]] | None) -> Iterator[Problem]:
    who = str(quota.id)
    valid = codes is not None
    for cell in quota.targets:
        parts = str(cell).split("/")
        where, remedy = locate_name(cell), f"write the codes of {join_words(quota.by)} joined by /"
        if len(parts) != len(quota.by):
            valid = False
            what = f"targets: {str(cell)!r} has {len(parts)} codes, and by: has {len(quota.by)} variables"
            yield report("quota-cells", (where, len(cell)), who, what, remedy)
            continue
        for part, variable_codes, name in zip(parts, codes or (), quota.by, strict=False):
            if part.strip() not in variable_codes:
                valid = False
                what = f"targets: {name} has no code {part!r}"
                suggestion = suggest_nearest(
                    part, variable_codes, otherwise=f"its codes are {join_words(variable_codes, most=12)}"
                )
                yield report("quota-cells", (where, len(cell)), who, what, suggestion)
    if not valid or not codes or prod(map(len, codes)) > _MAX_CELLS:
        return
    given_cells = {"/".join(part.strip() for part in str(cell).split("/")) for cell in quota.targets}
    lacking = [cell for cell in map("/".join, product(*codes)) if cell not in given_cells]
    if lacking:
        what = f"targets: {len(lacking)} cells have no target: {join_words(lacking, most=_MAX_LISTED)}"
        remedy = "add them, or write 0 for cells without interviews; a cell without a target counts as outside"
        where = locate_key(quota._node, "targets")
        yield report(
            "quota-cells", (where, len("targets")), who, what.replace("1 cells have", "1 cell has"), remedy, "warning"
        )


def quota_target(draft: InstrumentDraft) -> Iterator[Problem]:
    """A quota does not say how many interviews are needed, or with whom.

        - {id: sectors, where: kind == 1, target: 14}
        - {id: region_kind, by: [region, kind], targets: {Central/1: 5}}

    `target` goes with `where` (or alone, for everybody), `targets` with `by`.
    """
    for quota in draft.document.quotas:
        who, at = str(quota.id), quota.find_position("id")
        if quota.by and quota.target is not None and not quota.targets:
            what = "target: with by:, each cell has its own target"
            yield report("quota-target", quota.find_position("target"), who, what, "write targets: {code: 5, …}")
        elif quota.by and not quota.targets:
            yield report("quota-target", (at, len(who)), who, "the quota has no targets", "add targets: {code: 5, …}")
        elif quota.targets and not quota.by:
            what = "targets: names cells, but there is no by: to define them"
            yield report("quota-target", find_key(quota._node, "targets"), who, what, "add by: [variable]")
        elif quota.target is None and not quota.by:
            yield report("quota-target", (at, len(who)), who, "the quota has no target", "add target: 100")
        amounts = [("target", quota.target, quota.find_position("target"))]
        amounts += [(f"targets: {c}", n, _locate_target(quota, str(c))) for c, n in quota.targets.items()]
        for key, amount, where in amounts:
            if amount is not None and amount < 0:
                what = f"{key}: {amount} is negative"
                yield report("quota-target", (where, len(str(amount))), who, what, "write 0 or more")


def _locate_target(quota: QuotaSpec, cell: str) -> Position:
    node = find_node(quota._node, "targets", cell)
    return node.where if node is not None else quota.find_position("targets")


def quota_late(draft: InstrumentDraft) -> Iterator[Problem]:
    """A quota depends on an answer from after the hang-up, when nobody can be screened out any more.

        - {id: women, where: sex == 1, target: 100}     ask sex before the section with after: hangup

    A place is reserved as soon as the deciding answer is given; if the cell is full, the interview ends there.
    """
    for quota, condition, _ in _compile_quotas(draft):
        if quota.soft:
            continue
        needs = {str(n) for n in quota.by} | (set(condition.names) if condition is not None else set())
        late = [n for n in sorted(needs) if n in draft.items and draft.items[n].after_hangup]
        if late:
            what = (
                f"it depends on {late[0]} (at {locate_definition(draft, late[0])}), "
                "asked after the respondent has hung up"
            )
            remedy = f"move {late[0]} before that section, or write soft: true"
            where = quota.find_position("by" if late[0] in {str(n) for n in quota.by} else "where")
            yield report("quota-late", where, quota.id, what, remedy)


def quota_script(draft: InstrumentDraft) -> Iterator[Problem]:
    """A quota can be full, and the text read to the respondent in that case exists only in English.

        fieldwork: {scripts: {quota_full: {text: Vielen Dank, wir haben genug Interviews. Auf Wiederhören.}}}

    Without `scripts: quota_full` the program thanks the respondent in English.
    """
    other_languages = [language for language in draft.document.languages if not str(language).startswith("en")]
    fieldwork = draft.document.fieldwork
    has_script = fieldwork is not None and any(str(name) == "quota_full" for name in fieldwork.scripts)
    hard_quota = next((quota for quota in draft.document.quotas if not quota.soft), None)
    if hard_quota is None or has_script or not other_languages:
        return
    what = f"if it is full, the respondent is thanked in English, but interviews are conducted in {other_languages[0]}"
    remedy = "write the text: fieldwork: {scripts: {quota_full: {text: …}}}"
    yield report("quota-script", hard_quota.find_position("id"), hard_quota.id, what, remedy, "warning")


def quota_early(draft: InstrumentDraft) -> Iterator[Problem]:
    """A quota is looked up before all items that it depends on have been asked.

        - {id: room, type: lookup, quota: women}     move it after the item sex

    Move the lookup after the last item that the quota depends on.
    """
    quotas = (
        {str(quota.id): (quota, condition) for quota, condition, _ in _compile_quotas(draft)}
        if draft.document.quotas
        else {}
    )
    for name, item in draft.items.items():
        question = item.question
        if not isinstance(question, LookupItem) or question.quota is None or str(question.quota) not in quotas:
            continue
        quota, condition = quotas[str(question.quota)]
        needs = {str(n) for n in quota.by} | (set(condition.names) if condition is not None else set())
        at = draft.symbols[name].index if name in draft.symbols else -1
        late = [n for n in sorted(needs) if n in draft.symbols and draft.symbols[n].index >= at]
        if late:
            what = (
                f"quota: {question.quota} depends on {late[0]} (at {locate_definition(draft, late[0])}), "
                "which is known only later"
            )
            yield report("quota-early", find_value(question, "quota"), name, what, f"move {name} after {late[0]}")
