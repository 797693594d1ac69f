"""Checks of ids and column names: unique, and valid in conditions, data files, SPSS and Stata."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from keyword import iskeyword
from typing import Final

from survey_cli.entry_commands import ENTRY_COMMAND_NAMES
from survey_cli.instrument.checks.source_items import (
    find_options_node,
    iterate_items,
    locate_definition,
    report,
)
from survey_cli.instrument.compiled.decline_sets import BY_WIDTH
from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.compiled.model import Roster
from survey_cli.instrument.compiled.symbols import Symbol, list_declines
from survey_cli.instrument.expressions.functions import FUNCTIONS
from survey_cli.instrument.schema.items.brackets import BracketStepItem
from survey_cli.instrument.schema.items.coded import MultipleItem
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.options import OptionSpec
from survey_cli.instrument.source.nodes import YamlScalar, locate_key, locate_name
from survey_cli.instrument.texts.templates import BUILT_IN_FILLS
from survey_cli.problems import Position, Problem
from survey_cli.values import ADMIN_COLUMNS, Code, Variable

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
    for name, symbol in draft.symbols.items():
        # the steps of a bracket have no columns, and nobody has named them
        if not isinstance(symbol.question, BracketStepItem):
            yield name, symbol.where
    for name, group in draft.symbol_table.groups.items():
        yield name, group.where


def bad_id(draft: InstrumentDraft) -> Iterator[Problem]:
    """An id is not a letter followed by letters, digits or `_`, at most 32 in all.

        - {id: 2nd, type: text, text: …}     → id: second

    Ids name columns in the data: SPSS, Stata and databases accept no others, and Stata no longer
    ones.
    """
    places = list(_iterate_names(draft))
    places += [(str(name), locate_name(name)) for name in draft.document.declines]
    places += [(str(quota.id), quota.find_position("id")) for quota in draft.document.quotas]
    for name, where in places:
        if not _ID_FORM.match(name):
            what = f"{name!r} can't be an id"
            yield report("bad-id", (where, len(name)), name, what, _suggest_id(name))
        elif len(name) > MAX_ID_LENGTH:
            what = f"the id has {len(name)} characters; Stata allows {MAX_ID_LENGTH}"
            remedy = f"shorten it, for example to {name[:MAX_ID_LENGTH].rstrip('_')}"
            yield report("bad-id", (where, len(name)), name, what, remedy)

    title = draft.document.instrument
    if not _SURVEY_NAME_FORM.match(title) or len(title) > 64:
        what = f"{str(title)!r} can't be the survey's name, because files are named after it"
        yield report("bad-id", title, "", what, "use letters, digits, _ and -, at most 64")


def _suggest_id(name: str) -> str:
    """Write an id that is like a name that can't be one."""
    form = "a letter, then letters, digits or _"
    cleaned = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")
    if not cleaned:
        return f"write {form}"
    if not cleaned[0].isalpha():
        cleaned = f"q{cleaned}"
    return f"write {cleaned[:MAX_ID_LENGTH]}: {form}"


def reserved_id(draft: InstrumentDraft) -> Iterator[Problem]:
    """An id is a word with another meaning in conditions, in texts, or to Python, SPSS or Stata.

        - {id: today, type: date, text: …}     → id: visit_day

    Choose another id.
    """
    declines = {*list_declines(draft.document), "not_asked", "not_reached"}
    for name, where in _iterate_names(draft):
        meaning = explain_reserved(name, declines)
        if meaning:
            what = f"the id {name!r} is {meaning}"
            remedy = f"choose another, for example {name}_1"
            yield report("reserved-id", (where, len(name)), name, what, remedy)

    for text in draft.document.texts:
        if str(text) in _FILL_NAMES:
            what = f"the text's name {str(text)!r} is a built-in fill: {{{text}}}"
            yield report("reserved-id", text, text, what, "choose another")
    for declines_name in draft.document.decline_sets:
        if str(declines_name) == BY_WIDTH:
            what = f"declines: {BY_WIDTH} gives codes by the width of the answers, never this set"
            yield report("reserved-id", declines_name, declines_name, what, "choose another name")
    for decline in draft.document.declines:
        if str(decline) in COMMAND_NAMES:
            word = repr(str(decline))
            what = f"the decline's id {word} is a command that interviewers type after a dot"
            yield report("reserved-id", decline, decline, what, "choose another")


_FUNCTIONS_ADDED_LATER: Final = frozenset(
    (
        "first",
        "rank",
        "contains",
        "elapsed",
        "default",
        "first_answered",
        "min_answered",
        "max_answered",
        "keyed",
    )
)
"""Functions whose names items of earlier questionnaires have; parentheses tell them apart."""


def explain_reserved(name: str, declines: Collection[str]) -> str:
    """Return what else the name means; empty if nothing."""
    is_function = name in FUNCTIONS and name not in declines and name not in _FUNCTIONS_ADDED_LATER
    if is_function:
        return "a function of conditions"
    if name in declines:
        return "a decline's id"
    if name in _FILL_NAMES:
        return f"a built-in fill: {{{name}}}"
    if name.lower() in ADMIN_COLUMNS:
        return "an administrative column of the data"
    if iskeyword(name):
        return "a reserved word of Python, whose syntax conditions use"
    if name.lower() in _SPSS_WORDS:
        return "a reserved word of SPSS"
    if name in _STATA_WORDS or _STATA_STRING_TYPE.match(name):
        return "a reserved word of Stata"
    return ""


def duplicate_id(draft: InstrumentDraft) -> Iterator[Problem]:
    """Two things have the same id, or ids that differ only in case.

        - {id: Q1, …}
        - {id: q1, …}     → id: q2

    Conditions could not distinguish them; SPSS, Stata and databases treat `Q1` and `q1` as one
    column.
    """
    yield from _report_clashes(draft)

    remedy = "rename one of them"
    seen: dict[str, tuple[str, Position]] = {}
    for name, where in _iterate_names(draft):
        before = seen.setdefault(name.lower(), (name, where))
        if before[0] != name:
            # Names come by kind. The problem is at the one that is later in the file.
            earlier, later = sorted((before, (name, where)), key=lambda pair: pair[1])
            other, other_at = earlier
            own, at = later
            what = f"{own!r} differs from {other!r} at {other_at} only in upper and lower case"
            yield report("duplicate-id", (at, len(own)), own, what, remedy)

    quotas: dict[str, Position] = {}
    for quota in draft.document.quotas:
        where = quota.find_position("id")
        first_at = quotas.setdefault(quota.id.lower(), where)
        if first_at is not where:
            what = f"there is already a quota {str(quota.id)!r}, at {first_at}"
            yield report("duplicate-id", (where, len(quota.id)), quota.id, what, remedy)


def _report_clashes(draft: InstrumentDraft) -> Iterator[Problem]:
    """Report items, groups, sample columns and computes with the same id."""
    for first, second, name in draft.symbol_table.clashes:
        if isinstance(first, Symbol):
            kind = str(first.kind)
            at = first.where
        else:
            kind = "group of items"
            at = first
        article = "an" if kind[0] in "aeiou" else "a"
        what = f"there is already {article} {kind} {name!r}, at {at}"
        yield report("duplicate-id", (second, len(name)), name, what, "rename one of them")

        # Whoever edits the other file must learn of it, too.
        if at.file != second.file:
            what = f"there is another {name!r}, at {second}"
            remedy = "rename one, or include the module with a prefix"
            yield report("duplicate-id", (at, len(name)), name, what, remedy)


def column_clash(draft: InstrumentDraft) -> Iterator[Problem]:
    """Two columns of the data would have the same name: an id, or a name derived from an id.

        - {id: q5, type: multiple, options: {1: TV, 2: Radio}, …}     its columns are q5_1 and q5_2
        - {id: q5_1, type: text, …}                                   → id: q5_why

    Also derived: `x_state` (why a text, date or time is empty), `x_text`, `x_order`, `x_of`,
    `x_mentions`, the parts of a date `x_y x_m x_d`, and in a roster `x_turns` and one column for
    each turn, `x_2`.
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
                what = f"two columns would be called {column}: {content}, and {other_content}"
                if other == owner:
                    remedy = "change one of the codes"
                else:
                    what += f" (at {locate_definition(draft, other)})"
                    remedy = f"rename {owner} or {other}"
                place = (locate_definition(draft, owner), len(owner))
                yield report("column-clash", place, owner, what, remedy)


def _group_related_ids(draft: InstrumentDraft) -> list[list[str]]:
    """Group ids of which one begins another, up to a `_`: only their derived names can clash.

    A multiple whose own columns can clash is a group, too.
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
        is_alone = item.id.lower() not in below
        if is_alone and isinstance(item.question, MultipleItem) and _may_clash_alone(item):
            families.append([item.id])
    return families


def _may_clash_alone(item: CompiledItem) -> bool:
    """Return whether codes of a multiple differ only in case, or look like derived columns."""
    codes = [option.code.lower() for option in item.options if isinstance(option.code, str)]
    if len(set(codes)) < len(codes):
        return True
    return any(code.endswith(("text", "mentions", "order")) for code in codes)


def _iterate_columns(draft: InstrumentDraft, owner: str) -> Iterator[tuple[str, str]]:
    """Yield every column that is derived from an id, and describe its content."""
    item = draft.items.get(owner)
    group = draft.groups.get(owner)
    if item is not None:
        yield from _iterate_item_columns(draft, item)
    else:
        if owner in draft.symbols:
            yield owner, f"the {draft.symbols[owner].kind} {owner}"
        if group is not None and group.pick is not None:
            for variable in group.pick.question.build_variables(group.pick, draft.language):
                yield variable.name, f"what is picked of {owner}"
        if isinstance(group, Roster):
            yield f"{owner}_turns", f"the number of turns of {owner}"

    node = item if item is not None else group
    if node is not None and node.order != "written":
        yield f"{owner}_order", f"the order drawn for {owner}"


def _iterate_item_columns(draft: InstrumentDraft, item: CompiledItem) -> Iterator[tuple[str, str]]:
    turns = _count_turns(draft, item)
    variables = item.question.build_variables(item, draft.language)
    if not variables:
        yield item.id, f"the item {item.id}"
    for variable in variables:
        what = _describe_variable(variable, item.id)
        if not turns:
            yield variable.name, what
        for turn in range(1, turns + 1):
            yield f"{variable.name}_{turn}", f"{what} in turn {turn}"


def _describe_variable(variable: Variable, owner: str) -> str:
    if variable.role == "state":
        return f"the reason why {owner} is empty"
    if variable.role == "words":
        if variable.option is None:
            return f"the order of mention in {owner}"
        return f"the words given with option {variable.option} of {owner}"
    if variable.option is not None:
        return f"option {variable.option} of {owner}"
    if variable.name == owner:
        return f"the item {owner}"
    return f"a part of {owner}"


def _count_turns(draft: InstrumentDraft, item: CompiledItem) -> int:
    """Return the most turns of the roster around an item; 0 outside of rosters."""
    roster = draft.groups.get(item.roster) if item.roster is not None else None
    if not isinstance(roster, Roster):
        return 0
    return min(roster.maximum, 999)


_LONGEST_SUFFIX: Final = 10
"""Characters of what a derived column appends to an id and a code: `_mentions`, and a `_`."""
_ALWAYS_SHORT: Final = 17
"""An id with fewer characters has no long columns: 32 less `_mentions` and a turn, with some
room."""


def long_column(draft: InstrumentDraft) -> Iterator[Problem]:
    """A column's name, made of an id, a code and a turn, is longer than Stata allows.

        - {id: which_newspapers_do_you_read, type: multiple, options: {morning_post: …}, …}

    Other formats keep the full name; the Stata file shortens it. Shorten the id or the code.
    """
    for item in draft.items.values():
        is_multiple = isinstance(item.question, MultipleItem)
        if len(item.id) > MAX_ID_LENGTH:
            continue  # reported as a bad id
        if len(item.id) < _ALWAYS_SHORT and not is_multiple:
            continue

        # Most items are decided by lengths, without building their variables.
        turns = _count_turns(draft, item)
        suffix = f"_{turns}" if turns else ""
        longest_code = max((_estimate_length(option.code) for option in item.options), default=0)
        if len(item.id) + longest_code + len(suffix) + _LONGEST_SUFFIX <= MAX_ID_LENGTH:
            continue

        variables = item.question.build_variables(item, draft.language)
        names = [variable.name + suffix for variable in variables]
        too_long = [name for name in names if len(name) > MAX_ID_LENGTH]
        if too_long:
            name = too_long[0]
            stored = f"Stata allows {MAX_ID_LENGTH}: {name[:MAX_ID_LENGTH]}"
            what = f"the column {name} has {len(name)} characters; {stored}"
            remedy = "shorten the id or the code" if is_multiple else "shorten the id"
            place = (locate_definition(draft, item.id), len(item.id))
            yield report("long-column", place, item.id, what, remedy, "warning")


def _estimate_length(code: Code) -> int:
    """Return the length of a code in a column's name; 4 for a number."""
    return len(code) if isinstance(code, str) else 4


def column_code(draft: InstrumentDraft) -> Iterator[Problem]:
    """A code of a multiple can't be part of a column name.

        - {id: media, type: multiple, options: {news-paper: …}, …}     → news_paper

    A multiple has one column for each option, named by its code: letters, digits and `_` only.
    """
    for item in iterate_items(draft, MultipleItem):
        for code in _get_options(draft, item):
            if _can_be_in_a_column(code):
                continue
            node = find_options_node(item)
            where = locate_key(node, code) if node is not None else item.find_position("options")
            column = f"{item.id}_{code}"
            what = f"the code {code} would make a column {column}, which SPSS and Stata can't name"
            remedy = "use letters, digits and _ in the codes of a multiple"
            yield report("column-code", (where, len(str(code))), item.id, what, remedy)


def _get_options(draft: InstrumentDraft, item: MultipleItem) -> Mapping[Code, OptionSpec]:
    """Return the options of a multiple, or of the list that it names; empty if they are unknown."""
    options = item.options
    if isinstance(options, YamlScalar):
        scale = draft.document.scales.get(options)
        options = scale.options if scale is not None else {}
    return options if isinstance(options, dict) else {}


def _can_be_in_a_column(code: Code) -> bool:
    if isinstance(code, int):
        return code >= 0
    return bool(_COLUMN_FORM.match(code))
