"""Checks of ids and column names: unique and valid in conditions, in the data and in SPSS and Stata."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from keyword import iskeyword
from typing import Final

from survey_cli.entry_commands import ENTRY_COMMAND_NAMES
from survey_cli.instrument.checks.source_items import (
    find_options_node,
    iterate_items,
    locate_definition,
    report,
)
from survey_cli.instrument.compiled.draft import InstrumentDraft, Symbol, list_declines
from survey_cli.instrument.compiled.model import Roster
from survey_cli.instrument.expressions.functions import FUNCTIONS
from survey_cli.instrument.schema.items.coded import MultipleItem
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.source.nodes import YamlScalar, locate_key, locate_name
from survey_cli.instrument.texts.templates import BUILT_IN_FILLS
from survey_cli.problems import Position, Problem
from survey_cli.values import ADMIN_COLUMNS, Variable

MAX_ID_LENGTH: Final = 32
"""Characters of a Stata name; SPSS accepts 64 bytes."""

_ID_FORM: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z", re.ASCII)
_SURVEY_NAME_FORM: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*\Z", re.ASCII)
_COLUMN_FORM: Final = re.compile(r"[A-Za-z0-9_]+\Z", re.ASCII)
_SPSS_WORDS: Final = frozenset(
    ["all", "and", "by", "eq", "ge", "gt", "le", "lt", "ne", "not", "or", "to", "with"]
)
_STATA_WORDS: Final = frozenset(
    ["byte", "double", "float", "if", "in", "int", "long", "using", "with", "strL"]
)
_STATA_STRING_TYPE: Final = re.compile(r"str\d+\Z")
_FILL_NAMES: Final = frozenset((*BUILT_IN_FILLS, "options", "statement"))
COMMAND_NAMES: Final = frozenset((*ENTRY_COMMAND_NAMES, "keep"))
"""Words that mean something else when an interviewer types them after a dot."""


def _iterate_names(draft: InstrumentDraft) -> Iterator[tuple[str, Position]]:
    """Yield every name that becomes a column or can be used in a condition, with its position."""
    yield from ((name, symbol.where) for name, symbol in draft.symbols.items())
    yield from ((name, group[0]) for name, group in draft.symbol_table.groups.items())


def bad_id(draft: InstrumentDraft) -> Iterator[Problem]:
    """An id is not a letter followed by letters, digits or `_`, at most 32 in all.

        - {id: 2nd, type: text, text: …}     → id: second

    Ids name columns in the data: SPSS, Stata and databases accept no others, and Stata no longer ones.
    """
    places = list(_iterate_names(draft))
    places += [(str(name), locate_name(name)) for name in draft.document.declines]
    places += [(str(quota.id), quota.find_position("id")) for quota in draft.document.quotas]
    for name, where in places:
        if not _ID_FORM.match(name):
            cleaned = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")
            cleaned = cleaned if cleaned[:1].isalpha() or not cleaned else f"q{cleaned}"
            form = "a letter, then letters, digits or _"
            remedy = f"write {cleaned[:MAX_ID_LENGTH]}: {form}" if cleaned else f"write {form}"
            yield report("bad-id", (where, len(name)), name, f"{name!r} can't be an id", remedy)
        elif len(name) > MAX_ID_LENGTH:
            what = f"the id has {len(name)} characters; Stata allows {MAX_ID_LENGTH}"
            remedy = f"shorten it, for example to {name[:MAX_ID_LENGTH].rstrip('_')}"
            yield report("bad-id", (where, len(name)), name, what, remedy)
    title = draft.document.instrument
    if not _SURVEY_NAME_FORM.match(title) or len(title) > 64:
        what = f"{str(title)!r} can't be the survey's name, because files are named after it"
        yield report("bad-id", title, "", what, "use letters, digits, _ and -, at most 64")


def reserved_id(draft: InstrumentDraft) -> Iterator[Problem]:
    """An id is a word that means something else in conditions, in texts, or to Python, SPSS or Stata.

        - {id: today, type: date, text: …}     → id: visit_day

    Choose another id.
    """
    declines = set(list_declines(draft.document)) | {"not_asked", "not_reached"}
    for name, where in _iterate_names(draft):
        if why := explain_reserved(name, declines):
            remedy = f"choose another, for example {name}_1"
            yield report(
                "reserved-id", (where, len(name)), name, f"the id {name!r} is {why}", remedy
            )
    for text in draft.document.texts:
        if str(text) in _FILL_NAMES:
            what = f"the text's name {str(text)!r} is a built-in fill: {{{text}}}"
            yield report("reserved-id", text, text, what, "choose another")
    for decline in draft.document.declines:
        if str(decline) in COMMAND_NAMES:
            what = (
                f"the decline's id {str(decline)!r} is a command that interviewers type after a dot"
            )
            yield report("reserved-id", decline, decline, what, "choose another")


_FUNCTIONS_ADDED_LATER: Final = frozenset(("first", "rank", "contains", "elapsed"))
"""Functions that items of earlier questionnaires are named like: only the parentheses tell them apart."""


def explain_reserved(name: str, declines: Collection[str]) -> str:
    """Return what else the name means; empty where it is free."""
    is_function = name in FUNCTIONS and name not in declines and name not in _FUNCTIONS_ADDED_LATER
    meanings = {
        "a function of conditions": is_function,
        "a decline's id": name in declines,
        f"a built-in fill: {{{name}}}": name in _FILL_NAMES,
        "an administrative column of the data": name.lower() in ADMIN_COLUMNS,
        "a reserved word of Python, whose syntax conditions use": iskeyword(name),
        "a reserved word of SPSS": name.lower() in _SPSS_WORDS,
        "a reserved word of Stata": name in _STATA_WORDS or _STATA_STRING_TYPE.match(name),
    }
    return next((meaning for meaning, applies in meanings.items() if applies), "")


def duplicate_id(draft: InstrumentDraft) -> Iterator[Problem]:
    """Two things have the same id, or ids that differ only in case.

        - {id: Q1, …}
        - {id: q1, …}     → id: q2

    Conditions could not distinguish them; SPSS, Stata and databases treat `Q1` and `q1` as one column.
    """
    remedy = "rename one of them"
    for first, second, name in draft.symbol_table.clashes:
        kind, at = (
            (first.kind, first.where) if isinstance(first, Symbol) else ("group of items", first)
        )
        what = f"there is already {'an' if kind[0] in 'aeiou' else 'a'} {kind} {name!r}, at {at}"
        yield report("duplicate-id", (second, len(name)), name, what, remedy)
        if at.file != second.file:
            what = f"there is another {name!r}, at {second}"
            yield report(
                "duplicate-id",
                (at, len(name)),
                name,
                what,
                "rename one, or include the module with a prefix",
            )
    seen: dict[str, tuple[str, Position]] = {}
    for name, where in _iterate_names(draft):
        before = seen.setdefault(name.lower(), (name, where))
        if before[0] != name:
            (other, place), (name, where) = sorted((before, (name, where)), key=lambda n: n[1])
            what = f"{name!r} differs from {other!r} at {place} only in upper and lower case"
            yield report("duplicate-id", (where, len(name)), name, what, remedy)
    quotas: dict[str, Position] = {}
    for quota in draft.document.quotas:
        where = quota.find_position("id")
        first_at = quotas.setdefault(quota.id.lower(), where)
        if first_at is not where:
            what = f"there is already a quota {str(quota.id)!r}, at {first_at}"
            yield report("duplicate-id", (where, len(quota.id)), quota.id, what, remedy)


def column_clash(draft: InstrumentDraft) -> Iterator[Problem]:
    """Two columns of the data would have the same name: one is an id, the other is derived from an id.

        - {id: q5, type: multiple, options: {1: TV, 2: Radio}, …}     its columns are q5_1 and q5_2
        - {id: q5_1, type: text, …}                                   → id: q5_why

    Also derived: `x_state` (why a text, date or time is empty), `x_text`, `x_order`, `x_of`, `x_mentions`, the parts of
    a date `x_y x_m x_d`, and in a roster `x_turns` and one column for each turn, `x_2`.
    """
    reported: set[tuple[str, str]] = set()
    for family in _group_related_ids(draft):
        seen: dict[str, tuple[str, str]] = {}
        for owner in family:
            for column, content in _iterate_columns(draft, owner):
                other, other_content = seen.setdefault(column.lower(), (owner, content))
                if other_content == content or (other, owner) in reported:
                    continue
                reported.add((other, owner))
                at = f" (at {locate_definition(draft, other)})" if other != owner else ""
                what = f"two columns would be called {column}: {content}, and {other_content}{at}"
                remedy = f"rename {owner} or {other}" if at else "change one of the codes"
                yield report(
                    "column-clash",
                    (locate_definition(draft, owner), len(owner)),
                    owner,
                    what,
                    remedy,
                )


def _group_related_ids(draft: InstrumentDraft) -> list[list[str]]:
    """Group ids of which one is a prefix of the other up to a `_`: only their derived names can clash.

    Also returned are single multiples whose codes may differ only in case or equal the suffix of a derived column.
    """
    names = {name.lower(): name for name, _ in _iterate_names(draft)}
    below: dict[str, list[str]] = defaultdict(list)
    for folded, name in names.items():
        at = folded.rfind("_")
        while at > 0:
            if folded[:at] in names:
                below[folded[:at]].append(name)
            at = folded.rfind("_", 0, at)
    families = [[names[folded], *children] for folded, children in below.items()]
    for item in draft.items.values():
        if isinstance(item.question, MultipleItem) and item.id.lower() not in below:
            texts = [o.code.lower() for o in item.options if isinstance(o.code, str)]
            if len(texts) != len(set(texts)) or any(
                t.endswith(("text", "mentions", "order")) for t in texts
            ):
                families.append([item.id])
    return families


def _iterate_columns(draft: InstrumentDraft, owner: str) -> Iterator[tuple[str, str]]:
    """Yield every column that is derived from an id, with its content in words."""
    item, group = draft.items.get(owner), draft.groups.get(owner)
    node = item if item is not None else group
    if item is None:
        if owner in draft.symbols:
            yield owner, f"the {draft.symbols[owner].kind} {owner}"
        if group is not None and group.pick is not None:
            for variable in group.pick.question.build_variables(group.pick, draft.language):
                yield variable.name, f"what is picked of {owner}"
        if isinstance(group, Roster):
            yield f"{owner}_turns", f"the number of turns of {owner}"
    else:
        turns = _count_turns(draft, item)
        variables = item.question.build_variables(item, draft.language)
        if not variables:
            yield owner, f"the item {owner}"
        for variable in variables:
            what = _describe_variable(variable, owner)
            if not turns:
                yield variable.name, what
            for turn in range(1, turns + 1):
                yield f"{variable.name}_{turn}", f"{what} in turn {turn}"
    if node is not None and node.order != "written":
        yield f"{owner}_order", f"the order drawn for {owner}"


def _describe_variable(variable: Variable, owner: str) -> str:
    if variable.role == "state":
        return f"the reason why {owner} is empty"
    if variable.role == "words":
        words = f"the words given with option {variable.option} of {owner}"
        return words if variable.option is not None else f"the order of mention in {owner}"
    if variable.option is not None:
        return f"option {variable.option} of {owner}"
    return f"the item {owner}" if variable.name == owner else f"a part of {owner}"


def _count_turns(draft: InstrumentDraft, item: CompiledItem) -> int:
    roster = draft.groups.get(item.roster) if item.roster is not None else None
    return min(roster.maximum, 999) if isinstance(roster, Roster) else 0


def long_column(draft: InstrumentDraft) -> Iterator[Problem]:
    """A column's name, made of an id, a code and a turn, is longer than Stata allows.

        - {id: which_newspapers_do_you_read, type: multiple, options: {morning_post: …}, …}

    Other formats keep the full name; the Stata file shortens it. Shorten the id or the code.
    """
    for item in draft.items.values():
        is_multiple = isinstance(item.question, MultipleItem)
        if len(item.id) > MAX_ID_LENGTH or (
            len(item.id) < 17 and not is_multiple
        ):  # 32 less "_mentions" and a turn
            continue
        turn = f"_{turns}" if (turns := _count_turns(draft, item)) else ""
        longest = max(
            (len(o.code) if isinstance(o.code, str) else 4 for o in item.options), default=0
        )
        if len(item.id) + longest + len(turn) + 10 <= MAX_ID_LENGTH:
            continue
        names = [
            variable.name + turn for variable in item.question.build_variables(item, draft.language)
        ]
        if name := next((name for name in names if len(name) > MAX_ID_LENGTH), ""):
            stored = f"Stata allows {MAX_ID_LENGTH}: {name[:MAX_ID_LENGTH]}"
            remedy = "shorten the id" + (" or the code" if is_multiple else "")
            at = (locate_definition(draft, item.id), len(item.id))
            what = f"the column {name} has {len(name)} characters; {stored}"
            yield report("long-column", at, item.id, what, remedy, "warning")


def column_code(draft: InstrumentDraft) -> Iterator[Problem]:
    """A code of a multiple can't be part of a column name.

        - {id: media, type: multiple, options: {news-paper: …}, …}     → news_paper

    A multiple has one column for each option, named by its code: letters, digits and `_` only.
    """
    for item in iterate_items(draft, MultipleItem):
        options = item.options
        if isinstance(options, YamlScalar):
            options = (
                draft.document.scales[options].options if options in draft.document.scales else {}
            )
        for code in options if isinstance(options, dict) else ():
            if (isinstance(code, int) and code >= 0) or (
                isinstance(code, str) and _COLUMN_FORM.match(code)
            ):
                continue
            node = find_options_node(item)
            where = locate_key(node, code) if node is not None else item.find_position("options")
            what = f"the code {code} would make a column {item.id}_{code}, which SPSS and Stata can't name"
            remedy = "use letters, digits and _ in the codes of a multiple"
            yield report("column-code", (where, len(str(code))), item.id, what, remedy)
