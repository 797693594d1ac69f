"""Can every name be told from every other, in conditions, in the data and in the programs that read them?"""

import re
from collections import defaultdict
from collections.abc import Iterator
from keyword import iskeyword
from typing import Final, NamedTuple

from survey_cli.entry_commands import NAMES
from survey_cli.instrument.checks.code_positions import (
    items_of,
    key_place,
    name_place,
    options_node,
    place_of,
)
from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.compiled.model import Roster
from survey_cli.instrument.compiled.symbols import Symbol, list_declines
from survey_cli.instrument.expressions.functions import FUNCTIONS
from survey_cli.instrument.schema.items.coded import MultipleItem
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.texts.templates import ALWAYS
from survey_cli.problems import Position, Problem
from survey_cli.values import ADMIN_COLUMNS, Variable

LONGEST: Final = 32
"""Characters of a Stata name; SPSS takes 64 bytes."""

_FORM: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z", re.ASCII)
_FILE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*\Z", re.ASCII)
_COLUMN: Final = re.compile(r"[A-Za-z0-9_]+\Z", re.ASCII)
_SPSS: Final = frozenset(["all", "and", "by", "eq", "ge", "gt", "le", "lt", "ne", "not", "or", "to", "with"])
_STATA: Final = frozenset(["byte", "double", "float", "if", "in", "int", "long", "using", "with", "strL"])
_STATA_TEXT: Final = re.compile(r"str\d+\Z")
_FILLS: Final = frozenset((*ALWAYS, "options", "statement"))
COMMAND_NAMES: Final = frozenset((*NAMES, "keep"))
"""Words that mean something else when an interviewer types them after a dot."""


def _every_name(draft: InstrumentDraft) -> Iterator[tuple[str, Position]]:
    """Every name that becomes a column or can stand in a condition."""
    for name, named in draft.symbols.items():
        yield name, named.where
    for name, group in draft.symbol_table.groups.items():
        yield name, group[0]


def bad_id(draft: InstrumentDraft) -> Iterator[Problem]:
    """An id is not a letter followed by letters, digits or `_`, at most 32 in all.

        - {id: 2nd, type: text, text: …}     → id: second

    Ids name columns in the data: SPSS, Stata and databases take no others, and Stata no longer ones.
    """
    places = list(_every_name(draft))
    places += [(str(name), name_place(name)) for name in draft.document.declines]
    places += [(str(quota.id), quota.find_position("id")) for quota in draft.document.quotas]
    for name, where in places:
        if _FORM.match(name):
            if len(name) > LONGEST:
                what = f"the id has {len(name)} characters; Stata keeps {LONGEST}"
                remedy = f"shorten it, for example to {name[:LONGEST].rstrip('_')}"
                yield Problem("bad-id", where, name, what, remedy, length=len(name))
            continue
        yield Problem("bad-id", where, name, f"{name!r} can't be an id", _mended(name), length=len(name))
    title = draft.document.instrument
    if not _FILE.match(title) or len(title) > 64:
        what = f"{str(title)!r} can't name the survey: files are named by it"
        remedy = "use letters, digits, _ and -, at most 64"
        yield Problem("bad-id", title.where, "", what, remedy, length=len(title))


def _mended(name: str) -> str:
    mended = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")
    mended = mended if mended[:1].isalpha() or not mended else f"q{mended}"
    rule = "a letter, then letters, digits or _"
    return f"write {mended[:LONGEST]}: {rule}" if mended else f"write {rule}"


def reserved_id(draft: InstrumentDraft) -> Iterator[Problem]:
    """An id is a word that means something else in conditions, in texts, or to Python, SPSS or Stata.

    - {id: today, type: date, text: …}     → id: visit_day
    """
    declines = set(list_declines(draft.document)) | {"not_asked", "not_reached"}
    for name, where in _every_name(draft):
        if why := _reserved(name, declines):
            remedy = f"choose another, for example {name}_1"
            yield Problem("reserved-id", where, name, f"the id {name!r} is {why}", remedy, length=len(name))
    for decline in draft.document.declines:
        if str(decline) in COMMAND_NAMES:
            what = f"the decline's id {str(decline)!r} is a word that interviewers type after a dot"
            yield Problem(
                "reserved-id", name_place(decline), str(decline), what, "choose another", length=len(decline)
            )


def _reserved(name: str, declines: set[str]) -> str:
    if name in FUNCTIONS and name not in declines:
        return "a function of conditions"
    if name in declines:
        return "a decline's id"
    if name in _FILLS:
        return f"always there as a fill: {{{name}}}"
    if name.lower() in ADMIN_COLUMNS:
        return "a column that the data of every interview begin with"
    if iskeyword(name):
        return "a word of Python, which conditions follow"
    if name.lower() in _SPSS:
        return "a word that SPSS keeps for itself"
    if name in _STATA or _STATA_TEXT.match(name):
        return "a word that Stata keeps for itself"
    return ""


def duplicate_id(draft: InstrumentDraft) -> Iterator[Problem]:
    """Two things have the same id, or ids that differ only in case.

        - {id: Q1, …}
        - {id: q1, …}     → id: q2

    Conditions could not tell them apart; SPSS, Stata and databases take `Q1` and `q1` for one column.
    """
    for first, second, name in draft.symbol_table.clashes:
        kind = first.kind if isinstance(first, Symbol) else "group of items"
        at = first.where if isinstance(first, Symbol) else first
        article = "an" if kind[0] in "aeiou" else "a"
        what = f"there is {article} {kind} {name!r} already, at {at}"
        yield Problem("duplicate-id", second, name, what, "rename one of them", length=len(name))
        if at.file != second.file:
            what = f"there is another {name!r}, at {second}"
            remedy = "rename one, or include the module with a prefix"
            yield Problem("duplicate-id", at, name, what, remedy, length=len(name))
    seen: dict[str, tuple[str, Position]] = {}
    for name, where in _every_name(draft):
        other, place = seen.setdefault(name.lower(), (name, where))
        if other != name:
            (other, place), (name, where) = sorted(((other, place), (name, where)), key=lambda n: n[1])
            what = f"{name!r} differs from {other!r} at {place} only in its capitals"
            yield Problem("duplicate-id", where, name, what, "rename one of them", length=len(name))
    quotas: dict[str, Position] = {}
    for quota in draft.document.quotas:
        name = str(quota.id)
        first_at = quotas.setdefault(name.lower(), quota.find_position("id"))
        if first_at is not quota.find_position("id"):
            what = f"there is a quota {name!r} already, at {first_at}"
            yield Problem(
                "duplicate-id", quota.find_position("id"), name, what, "rename one of them", length=len(name)
            )


class _Column(NamedTuple):
    name: str
    owner: str
    what: str
    """What stands in it, in words."""


def column_clash(draft: InstrumentDraft) -> Iterator[Problem]:
    """Two columns of the data would have the same name: one is an id, the other is made from an id.

        - {id: q5, type: multiple, options: {1: TV, 2: Radio}, …}     its columns are q5_1 and q5_2
        - {id: q5_1, type: text, …}                                   → id: q5_why

    Also made: `x_state` (why a text, date or time is empty), `x_text`, `x_order`, `x_of`, `x_mentions`, the parts of
    a date `x_y x_m x_d`, and in a roster `x_turns` and one column for each turn, `x_2`.
    """
    families = _families(draft)
    if not families:
        return
    told: set[tuple[str, str]] = set()
    for family in families:
        seen: dict[str, _Column] = {}
        for owner in family:
            for column in _columns(draft, owner):
                before = seen.setdefault(column.name.lower(), column)
                pair = (before.owner, owner)
                if before.what == column.what or pair in told:
                    continue
                told.add(pair)
                other = f" (at {place_of(draft, before.owner)})" if before.owner != owner else ""
                what = f"two columns would be called {column.name}: {column.what}, and {before.what}{other}"
                remedy = f"rename {owner} or {before.owner}" if other else "change one of the codes"
                yield Problem("column-clash", place_of(draft, owner), owner, what, remedy, length=len(owner))


def _families(draft: InstrumentDraft) -> list[list[str]]:
    """Ids of which one is the beginning of the other up to a `_`: only among these can made names meet. Also single
    multiples, whose codes may differ only in case or be called like a companion."""
    names = {name.lower(): name for name, _ in _every_name(draft)}
    below: dict[str, list[str]] = defaultdict(list)
    for low, name in names.items():
        at = low.rfind("_")
        while at > 0:
            if low[:at] in names:
                below[low[:at]].append(name)
            at = low.rfind("_", 0, at)
    families = [[names[low], *children] for low, children in below.items()]
    for leaf in draft.leaves.values():
        if isinstance(leaf.question, MultipleItem) and leaf.id.lower() not in below:
            texts = [o.code.lower() for o in leaf.options if isinstance(o.code, str)]
            if texts and (
                len(texts) != len(set(texts)) or any(t.endswith(("text", "mentions", "order")) for t in texts)
            ):
                families.append([leaf.id])
    return families


def _columns(draft: InstrumentDraft, owner: str) -> Iterator[_Column]:
    """Every column that comes from an id, with what it is."""
    leaf = draft.leaves.get(owner)
    group = draft.groups.get(owner)
    if leaf is None:
        if owner in draft.symbols:
            yield _Column(owner, owner, f"the {draft.symbols[owner].kind} {owner}")
        if group is not None and group.order != "written":
            yield _Column(f"{owner}_order", owner, f"the order drawn for {owner}")
        if isinstance(group, Roster):
            yield _Column(f"{owner}_turns", owner, f"the number of turns of {owner}")
        return
    turns = _turns(draft, leaf)
    variables = leaf.question.build_variables(leaf, leaf_language(draft))
    if not variables:
        yield _Column(owner, owner, f"the item {owner}")
    for variable in variables:
        what = _what(variable, owner)
        if not turns:
            yield _Column(variable.name, owner, what)
        for turn in range(1, turns + 1):
            yield _Column(f"{variable.name}_{turn}", owner, f"{what} in turn {turn}")
    if leaf.order != "written":
        yield _Column(f"{owner}_order", owner, f"the order drawn for {owner}")


def _what(variable: Variable, owner: str) -> str:
    if variable.role == "state":
        return f"the reason why {owner} is empty"
    if variable.role == "words":
        given = f"the words given with option {variable.option} of {owner}"
        return given if variable.option is not None else f"the order of mention in {owner}"
    if variable.option is not None:
        return f"option {variable.option} of {owner}"
    return f"the item {owner}" if variable.name == owner else f"a part of {owner}"


def leaf_language(draft: InstrumentDraft) -> str:
    return str(draft.document.languages[0])


def _turns(draft: InstrumentDraft, leaf: CompiledItem) -> int:
    roster = draft.groups.get(leaf.roster) if leaf.roster is not None else None
    return min(roster.maximum, 999) if isinstance(roster, Roster) else 0


def long_column(draft: InstrumentDraft) -> Iterator[Problem]:
    """A column's name, made of an id, a code and a turn, is longer than Stata keeps.

        - {id: which_newspapers_do_you_read, type: multiple, options: {morning_post: …}, …}

    The other formats keep it whole; the Stata file shortens it. Shorten the id or the code.
    """
    language = leaf_language(draft)
    for leaf in draft.leaves.values():
        if len(leaf.id) < 17 and not isinstance(
            leaf.question, MultipleItem
        ):  # 32 less "_mentions" and a turn
            continue
        turns = _turns(draft, leaf)
        more = len(f"_{turns}") if turns else 0
        longest = max((len(o.code) if isinstance(o.code, str) else 4 for o in leaf.options), default=0)
        if len(leaf.id) + longest + more + 10 <= LONGEST:
            continue
        names = [
            v.name + (f"_{turns}" if turns else "") for v in leaf.question.build_variables(leaf, language)
        ]
        long = [name for name in names if len(name) > LONGEST]
        if long and len(leaf.id) <= LONGEST:
            what = f"the column {long[0]} has {len(long[0])} characters; Stata keeps {LONGEST}: {long[0][:LONGEST]}"
            remedy = "shorten the id" + (" or the code" if isinstance(leaf.question, MultipleItem) else "")
            where = place_of(draft, leaf.id)
            yield Problem("long-column", where, leaf.id, what, remedy, "warning", len(leaf.id))


def column_code(draft: InstrumentDraft) -> Iterator[Problem]:
    """A code of a multiple can't be part of a column's name.

        - {id: media, type: multiple, options: {news-paper: …}, …}     → news_paper

    A multiple has one column for each option, named by its code: letters, digits and `_` only.
    """
    for item in items_of(draft, MultipleItem):
        options = item.options if isinstance(item.options, dict) else {}
        if not options and isinstance(item.options, str):
            scale = draft.document.scales.get(item.options)
            options = scale.options if scale is not None else {}
        for code in options:
            if (isinstance(code, int) and code >= 0) or (isinstance(code, str) and _COLUMN.match(code)):
                continue
            node = options_node(item)
            where = key_place(node, code) if node is not None else item.find_position("options")
            what = f"the code {code} would make a column {item.id}_{code}, which SPSS and Stata can't name"
            remedy = "use letters, digits and _ in the codes of a multiple"
            yield Problem("column-code", where, str(item.id), what, remedy, length=len(str(code)))
