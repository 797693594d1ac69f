"""Checks of options and declines: a code has one meaning in the data, also in search lists."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from math import inf
from string import punctuation
from typing import Final, NamedTuple

from survey_cli.instrument.checks.source_items import (
    SourceOptionList,
    find_key,
    find_option,
    find_options_node,
    iterate_items,
    list_option_lists,
    report,
    shorten_text,
)
from survey_cli.instrument.compiled.compiler import build_reserved_declines
from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.compiled.number_bounds import (
    describe_accepted,
    find_item_bounds,
    find_item_ranges,
)
from survey_cli.instrument.compiled.symbols import list_declines
from survey_cli.instrument.number_ranges import contain
from survey_cli.instrument.schema.items.coded import (
    CodedItem,
    MultipleItem,
    ScaleItem,
    SearchItem,
    SingleItem,
)
from survey_cli.instrument.schema.items.groups import BatteryItem
from survey_cli.instrument.schema.items.quantity import QuantityItem
from survey_cli.instrument.schema.items.question import CompiledDecline, CompiledItem, QuestionItem
from survey_cli.instrument.schema.items.typed import DateItem, NumericItem
from survey_cli.instrument.schema.options import OptionSpec, suggest_option_braces
from survey_cli.instrument.source.foreign_words import read_foreign_words
from survey_cli.instrument.source.nodes import YamlScalar, find_node, locate_key
from survey_cli.instrument.source.scalars import Text
from survey_cli.instrument.source.search_lists import TEXT_PREFIX
from survey_cli.problems import Position, Problem, make_limited_nearest, suggest_nearest
from survey_cli.values import Code
from survey_cli.wording import MAX_LISTED, join_words, pluralize


def unused_list(draft: InstrumentDraft) -> Iterator[Problem]:
    """A list under `scales` is used by no item and no sample column.

    Remove it, or use it: `scale: NAME`, `options: NAME`.
    """
    scales = draft.document.scales
    if not scales or draft.lost:
        return  # an item that could not be read may use it

    named = _list_named_lists(draft)
    find_similar = make_limited_nearest()
    # A misspelled name is reported where it is used; the list that it means is used, too.
    meant = [find_similar(name, scales) for name in sorted(named - scales.keys())]
    used = {*draft.used_scales, *named, *meant}
    for name in scales:
        if str(name) not in used:
            remedy = "remove it, or use it with scale: or options: in an item"
            yield report("unused-list", name, name, "no item uses this list", remedy, "warning")


def _list_named_lists(draft: InstrumentDraft) -> set[str]:
    """List the names under `options:` or `scale:` of items and of sample columns."""
    names: set[str] = set()
    users = (SingleItem, MultipleItem, ScaleItem, BatteryItem, SearchItem)
    for item in iterate_items(draft, *users):
        if isinstance(item.options, str):
            names.add(str(item.options))
        elif isinstance(getattr(item, "scale", None), str):
            names.add(str(item.scale))
    for column in draft.document.sample.values():
        if isinstance(column.options, str):
            names.add(str(column.options))
    return names - {""}


def empty_list(draft: InstrumentDraft) -> Iterator[Problem]:
    """A list has no options, or a question has only one.

        - {id: q1, type: single, options: {1: "Yes"}, text: …}

    With one option there is no choice. (A multiple may have one: it is mentioned or not.)
    """
    # Of two options with one code, the second one is lost. It is reported as a repeated key.
    repeated = {
        problem.subject for problem in draft.file_problems if problem.rule == "duplicate-key"
    }
    for listed in list_option_lists(draft):
        if not listed.options:
            where = listed.node.where if listed.node is not None else Position("")
            remedy = "write 1: first label, 2: …"
            yield report("empty-list", where, listed.owner, "the list has no options", remedy)
        elif len(listed.options) == 1 and not listed.may_be_one:
            [code] = listed.options
            if str(code) in repeated:
                continue
            place = find_key(listed.node, code)
            what = f"the only option is {code}, so there is no choice"
            yield report("empty-list", place, listed.owner, what, "add an option", "warning")


def mixed_codes(draft: InstrumentDraft) -> Iterator[Problem]:
    """Some codes of a list are numbers and some are texts.

        options: {1: "Yes", no: "No"}     → {1: "Yes", 2: "No"}

    One column of the data holds numbers or texts, not both. A number in quotes, or with a zero
    before it, is a text.
    """
    for listed in list_option_lists(draft):
        texts = [code for code in listed.options if isinstance(code, str)]
        numbers = [code for code in listed.options if isinstance(code, int)]
        if not texts or not numbers:
            continue
        odd: list[Code]
        if len(texts) <= len(numbers):
            odd = [*texts]
            kind = "text"
            others = "numbers"
        else:
            odd = [*numbers]
            kind = "number"
            others = "texts"
        if len(odd) == 1:
            what = f"the code {odd[0]} is a {kind}, and the others are {others}"
        else:
            listed_codes = join_words(odd, most=MAX_LISTED)
            what = f"the codes {listed_codes} are {kind}s, and the others are {others}"
        place = find_key(listed.node, odd[0])
        remedy = ""
        if listed.node is not None:
            remedy = suggest_option_braces(listed.node, str(odd[0]))
        if remedy:
            what = f"{odd[0]} is a key of an option, and no code"
        yield report("mixed-codes", place, listed.owner, what, remedy or _unmix(odd[0]))


def _unmix(code: Code) -> str:
    """Write what to do about a code of another kind, which may be a number in quotes."""
    if isinstance(code, str):
        number = code.lstrip("+0")
        if number.isdecimal():
            return f"write {number} without quotes or zeros before it, or quote all codes"
        if code.isdecimal():
            return "write 0, or quote all codes"
    return "use only numbers, or only words"


def duplicate_code(draft: InstrumentDraft) -> Iterator[Problem]:
    """Two codes of a list can't be told apart when keyed, or two declines have one code or key.

        options: {a: Always, A: Never}      capitals are not distinguished
        declines: {dk: {code: -8, …}, unsure: {code: -8, …}}

    Change one of the two.
    """
    for listed in list_option_lists(draft):
        if set(map(type, listed.options)) != {int}:
            yield from _check_text_codes(listed)
    yield from _check_decline_keys(draft)


def _check_text_codes(listed: SourceOptionList) -> Iterator[Problem]:
    """Check that no two codes differ only in case, or in how their accents are composed."""
    remedy = "change one of them"
    seen: dict[str, str] = {}
    for code in listed.options:
        if not isinstance(code, str):
            continue
        other = seen.setdefault(code.casefold(), code)
        if other != code:
            place = find_key(listed.node, code)
            difference = "differ only in upper and lower case, which keying ignores"
            what = f"the codes {other} and {code} {difference}"
            yield report("duplicate-code", place, listed.owner, what, remedy)

    # A code that looks the same as another one hides it, so the keys of the file are compared.
    written: dict[str, YamlScalar] = {}
    for key in listed.node or ():
        if key.isascii() or not isinstance(key, YamlScalar):
            continue
        first = written.setdefault(unicodedata.normalize("NFC", key), key)
        if first is not key:
            occurs = f"already occurs at {first.where}, composed of other characters"
            what = f"the code {str(key)!r} {occurs}"
            yield report("duplicate-code", key, listed.owner, what, remedy)


def _check_decline_keys(draft: InstrumentDraft) -> Iterator[Problem]:
    """Check that a decline's key is a letter that no other decline has in the same language."""
    used_keys: dict[tuple[str, str], str] = {}
    reported: set[tuple[str, str]] = set()
    for name, decline in list_declines(draft.document).items():
        if decline.key is None:
            continue
        for key_language, key in decline.key.iterate_languages():
            letter = str(key).lower()
            if len(letter) != 1 or not letter.isalpha():
                what = f"key: {str(key)!r} is not a single letter"
                yield report("duplicate-code", key, name, what, "write a single letter")
                continue

            # A key without a language is that of all languages.
            languages = [key_language] if key_language else draft.document.languages
            for language in languages:
                first = used_keys.setdefault((str(language), letter), str(name))
                if first != name and (str(name), letter) not in reported:
                    reported.add((str(name), letter))
                    what = f"key: the key {letter} is already used for {first}"
                    if key_language:
                        what += f" in {language}"
                    yield report("duplicate-code", key.where, name, what, "choose another letter")


def decline_key(draft: InstrumentDraft) -> Iterator[Problem]:
    """A decline's key is also an option's code, or its beginning.

        declines: {refused: {code: -9, text: Refused, key: r}}     and an option radio

    Then the letter types the code, of which a beginning is enough. `.refused` still declines, and
    so does Ctrl+R on the full screen (Ctrl+D for don't know).
    """
    reported: set[tuple[object, str]] = set()
    for item in draft.items.values():
        codes = [option.code for option in item.options if isinstance(option.code, str)]
        if not codes:
            continue
        owner = item.scale or item.id
        for decline in item.declines:
            if (owner, decline.id) in reported:
                continue
            clash = _find_typed_code(draft, decline, codes)
            if clash is None:
                continue
            reported.add((owner, decline.id))
            key, code = clash
            relation = "the beginning of" if len(code) > 1 else "also"
            what = (
                f"the key {key} of {decline.id} is {relation} the code {code}: "
                f".{decline.id} must be typed instead"
            )
            place = find_option(draft, item, code)
            remedy = "choose another code, or another key under declines"
            yield report("decline-key", place, owner, what, remedy, "warning")


def _find_typed_code(
    draft: InstrumentDraft, decline: CompiledDecline, codes: list[str]
) -> tuple[str, str] | None:
    """Find a key of a decline that types a code instead, in any language, and that code."""
    keys = {decline.find_key(str(language)) for language in draft.document.languages}
    for key in sorted(key for key in keys if key):
        for code in codes:
            if code.casefold().startswith(key):
                return key, code
    return None


def duplicate_label(draft: InstrumentDraft) -> Iterator[Problem]:
    """Two options of a list have the same text.

        options: {1: Often, 2: Sometimes, 3: Often}

    Neither the interviewer nor the respondent can distinguish them. (Options with `ask_if` may have
    the same text if they are not offered together.)
    """
    for listed in list_option_lists(draft):
        texts = [option.text.plain for option in listed.options.values()]
        distinct = {text.strip() for text in texts if text is not None}
        if len(distinct) == len(texts) and "".join(distinct).isascii():
            continue  # all different, the usual case
        for language in map(str, draft.document.languages):
            problems = list(_find_equal_labels(draft, listed, language))
            yield from problems
            if problems:
                break  # labels that are equal in one language often are in others


def _find_equal_labels(
    draft: InstrumentDraft, listed: SourceOptionList, language: str
) -> Iterator[Problem]:
    seen: dict[str, tuple[Code, OptionSpec]] = {}
    for code, option in listed.options.items():
        text = option.text.plain or option.text.by_language.get(language)
        if text is None:
            continue
        normalized = text if text.isascii() else unicodedata.normalize("NFC", text)
        other, earlier = seen.setdefault(normalized.strip(), (code, option))
        are_both_offered = option.ask_if is None and earlier.ask_if is None
        if earlier is not option and are_both_offered:
            within = f" in {language}" if language != draft.language else ""
            what = f"{other} and {code} are both {str(text)!r}{within}"
            remedy = "give them different texts"
            yield report("duplicate-label", text, listed.owner, what, remedy)


class _CodedDecline(NamedTuple):
    """A code that stands for no answer, and the words for it."""

    code: int
    label: str


class _CodeClash(NamedTuple):
    """A decline's code, and what else it means at an item."""

    decline: _CodedDecline
    why: str


_RESERVED_LABELS: Final = ("Not asked", "Not reached")


def decline_code(draft: InstrumentDraft) -> Iterator[Problem]:
    """A decline has the code of an answer.

        - {id: age, type: number, max: 120, declines: {dk: 98}, …}     98 can be an age: → dk: 998
        declines: {dk: {code: 9, …}}     and a list with an option 9

    The two could not be distinguished in the data. The usual codes are negative: −8 and −9 (and −6,
    −7 for not asked and not reached). In a multiple, 0 and 1 are taken: its columns say mentioned
    or not.
    """
    reserved = [
        _CodedDecline(decline.code, decline.id.replace("_", " ").capitalize())
        for decline in build_reserved_declines(draft.document)
    ]
    coded: dict[int, list[_CodedDecline]] = {}
    reported: set[object] = set()
    for item in draft.items.values():
        question = item.question
        if not question.expects_answer:
            continue

        # Items share lists of declines and of options. What was examined once is not repeated.
        offered = coded.get(id(item.declines))
        if offered is None:
            offered = [
                _CodedDecline(decline.code, str(decline.text.get(draft.language)))
                for decline in item.declines
            ]
            coded[id(item.declines)] = offered
            yield from _check_repeated_codes(item, [*offered, *reserved])
        key = (item.scale or id(item.options), id(item.declines), type(question))
        if item.options and key in reported:
            continue
        declines = [*offered, *reserved]
        if _are_clearly_distinct(question, item, declines):
            continue

        reported.add(key)
        clashes: list[_CodeClash] = []
        for decline in declines:
            why = _explain_code_use(draft, item, decline.code)
            if why:
                clashes.append(_CodeClash(decline, why))
        if clashes:
            yield _report_clash(draft, item, clashes)


def _are_clearly_distinct(
    question: QuestionItem, item: CompiledItem, declines: list[_CodedDecline]
) -> bool:
    """Return whether all decline codes are negative and no answer is, which is the usual case."""
    if not all(decline.code < 0 for decline in declines):
        return False
    if item.amounts is not None and any(number < 0 for number in item.amounts.values.values()):
        return False  # a debt, say: {text: Overdrawn, value: -9}
    if isinstance(question, NumericItem):
        return question.lowest is not None and question.lowest >= 0 and not question.options
    return all(option.code.__class__ is not int or option.code >= 0 for option in item.options)


def _report_clash(draft: InstrumentDraft, item: CompiledItem, clashes: list[_CodeClash]) -> Problem:
    """Report declines whose codes mean something else at an item."""
    reasons = {clash.why for clash in clashes}
    if len(reasons) == 1:
        labels = [f"{clash.decline.label!r} ({clash.decline.code})" for clash in clashes]
        codes = pluralize(len(clashes), "code")
        verb = pluralize(len(clashes), "is", "are")
        listed = join_words(labels, most=MAX_LISTED)
        what = f"the {codes} of {listed} {verb} also {reasons.pop()}"
    else:
        what = "; ".join(
            f"the code of {clash.decline.label!r} ({clash.decline.code}) is also {clash.why}"
            for clash in clashes
        )

    remedy = "change one of the two codes"
    if isinstance(item.question, NumericItem | QuantityItem | DateItem):
        if any(clash.decline.label in _RESERVED_LABELS for clash in clashes):
            remedy = (
                "change the codes under the top-level declines: "
                "to ones that no answer can have, such as -9998"
            )
        else:
            codes = _suggest_codes(draft, item)
            remedy = f"give declines codes that no answer can have: declines: {codes}"

    owner = item.id
    if item.question.declines is None:
        owner = item.scale or item.id
    place = _locate_decline(draft, item, clashes[0].decline.code)
    return report("decline-code", place, owner, what, remedy)


def _suggest_codes(draft: InstrumentDraft, item: CompiledItem) -> str:
    """Return codes for declines that no answer has: 98 and 99, 998 and 999, or negative."""
    question = item.question
    taken: set[int] = set()
    high = inf
    low = 0.0
    if isinstance(question, NumericItem):
        low, high = find_item_bounds(draft, question)
        taken = set(question.options)
    elif isinstance(question, QuantityItem):
        high = max(one.high for one in question.list_used_numbers())

    ids = [decline.id for decline in item.declines] or ["dk"]
    codes: list[int] = []
    for nines in (99, 999, 9999):
        codes = [nines - len(ids) + 1 + number for number in range(len(ids))]
        if codes[0] > high and taken.isdisjoint(codes):
            break
    else:
        first = next(start for start in (8, 98, 998, 9998, 99_998) if -start < low)
        codes = [-(first + number) for number in range(len(ids))]
    written = ", ".join(f"{name}: {code}" for name, code in zip(ids, codes, strict=True))
    return f"{{{written}}}"


def _check_repeated_codes(item: CompiledItem, declines: list[_CodedDecline]) -> Iterator[Problem]:
    """Check for two declines of one item with the same code."""
    key = "id" if item.question.declines is None else "declines"
    seen: dict[int, str] = {}
    for code, label in declines:
        first = seen.setdefault(code, label)
        if first is not label:
            where = item.question.find_position(key)
            what = f"{first!r} and {label!r} both have the code {code}"
            yield report("decline-code", where, item.id, what, "give each a different code")


def _explain_code_use(draft: InstrumentDraft, item: CompiledItem, code: int) -> str:
    """Explain what else a decline's code would mean in this item's columns; empty if nothing."""
    question = item.question
    match question:
        case SearchItem() if code in question.entries.rows:
            return f"that of {question.entries.rows[code].get_text(draft.language)!r} in the list"
        case MultipleItem():
            # The columns of a multiple contain 0 and 1.
            if code == 0:
                return "that of 'not mentioned'"
            return "that of 'mentioned'" if code == 1 else ""
        case CodedItem() | SearchItem():
            for option in item.options:
                if option.code == code:
                    return f"that of the option {shorten_text(option.text.source, draft)!r}"
                if _counts_as(item, option.code, code):
                    return f"the value: of {shorten_text(option.text.source, draft)!r}"
            return ""
        case NumericItem():
            if code in question.options:
                label = shorten_text(question.options[code].text, draft)
                return f"that of the number's own label {label!r}"
            if contain(find_item_ranges(draft, question), code):
                return f"in the range {describe_accepted(question)}"
            for keyed, number_option in question.options.items():
                if _counts_as(item, keyed, code):
                    return f"the value: of {shorten_text(number_option.text, draft)!r}"
            return ""
        case QuantityItem():
            return _explain_quantity_use(draft, question, code)
        case DateItem() if question.partial and _is_part_of_a_date(code):
            return "that of a day, month or year"
    return "that of 'answered' in the column that says why it is empty" if code == 0 else ""


def _counts_as(item: CompiledItem, keyed: Code, amount: int) -> bool:
    """Return whether a code of an item counts as another number, which its column then has."""
    if item.amounts is None:
        return False
    counted = item.amounts.read_number(keyed)
    return bool(counted == amount)


def _explain_quantity_use(draft: InstrumentDraft, question: QuantityItem, code: int) -> str:
    """Explain what else a decline's code would mean in a column of a quantity; empty if nothing."""
    if code in question.options:
        label = shorten_text(question.options[code].text, draft)
        return f"that of the number's own label {label!r}"

    quantity = question.quantity
    if quantity.find_unit(code) is not None:
        return f"the number that is keyed for {question.format_amount(code, draft.language)}"
    for option in question.options.values():
        if option.value == code:
            return f"the amount of {shorten_text(option.text, draft)!r}"
    if quantity.find_keyed("==", code):
        unit = question.describe_main_unit(draft.language)
        return f"an amount in the column in the main unit: {code} {unit}"
    if 1 <= code <= len(quantity.units):
        return "the number of a unit in the column of units"
    for words in question.list_words(draft.language):
        amounts = {words.unit.count(int(end)) for one in words.unit.keyed for end in one}
        if amounts and min(amounts) <= code <= max(amounts):
            return f"an amount in the column of amounts as answered: {code} {words.find_label()}"
    return ""


def _is_part_of_a_date(code: int) -> bool:
    return 1 <= code <= 31 or 1000 <= code <= 9999


def _locate_decline(draft: InstrumentDraft, item: CompiledItem, code: int) -> tuple[Position, int]:
    """Locate a decline's code that an answer has, too.

    It is that of the item's own declines, or else the answer's code or range.
    """
    length = len(str(code))
    where = _locate_own_decline(item.question, code)
    if where is not None:
        return where, length

    for key in ("options", "range", "min", "max", "from"):
        value = find_node(item.question._node, key)
        if isinstance(value, YamlScalar):
            if item.scale is None:
                return value.where, len(value)
        elif value is not None:
            return locate_key(value, code), length

    if item.scale is not None:
        return find_option(draft, item, code)
    for decline in draft.document.declines.values():
        if decline.code == code:
            return decline.find_position("code"), length
    return item.question.find_position("id"), len(item.id)


def _locate_own_decline(question: QuestionItem, code: int) -> Position | None:
    """Locate a code under the item's own `declines:`; None if they don't give it."""
    if not isinstance(question.declines, dict):
        return None
    for name, override in question.declines.items():
        if override.code == code:
            if override._node:
                return override.find_position("code")
            value = find_node(question._node, "declines", str(name))
            return value.where if value is not None else question.find_position("declines")
    return None


_MARKS: Final = punctuation + " «»“”„‘…¿¡"
_VOLUNTEERED: Final = re.compile(
    r"^(?:vol|volunteered|do not read|dnr)\W+|\W+(?:vol|volunteered|do not read)$"
)

_ALTERNATIVES: Final = re.compile(r"\s*[/|,;]\s*|\s+(?:or|o|ou|oder|of|eller|lub|veya|или)\s+")
"""What separates several words for the same: `don't know / not sure`."""


@lru_cache(maxsize=1000)
def _normalize(text: str) -> str:
    """Return a text without case, surrounding punctuation, and notes that it is volunteered."""
    words = text.casefold().replace("’", "'").strip(_MARKS)
    if "vol" in words or "read" in words or "dnr" in words:
        words = _VOLUNTEERED.sub("", words).strip(_MARKS)
    if "  " in words or "\n" in words:
        words = " ".join(words.split())
    return words


def option_declines(draft: InstrumentDraft) -> Iterator[Problem]:
    """An option has the same meaning as a decline that is offered at the same item.

        options: {1: "Yes", 2: "No", 8: Don't know, 9: Refused}

    The interviewer has two ways to key a don't know, and the data two codes for it, one of which
    counts as an answer. Remove the options, and give their codes to the declines: `declines: {dk:
    8, refused: 9}`. If the answer is meant to count, remove the decline instead: `declines:
    [refused]`.
    """
    reported: set[tuple[str | int, int]] = set()
    phrases_by_declines: dict[int, dict[str, str]] = {}
    for item in draft.items.values():
        options = _list_labels(item)
        key = (item.scale or id(item.question._node), id(item.declines))
        if not options or not item.declines or key in reported:
            continue
        reported.add(key)
        phrases = phrases_by_declines.get(id(item.declines))
        if phrases is None:
            phrases = _list_phrases(item.declines)
            phrases_by_declines[id(item.declines)] = phrases

        duplicates: dict[str, Code] = {}
        for code, text in options.items():
            kind = _find_decline(text, phrases)
            if kind:
                duplicates.setdefault(kind, code)
        if duplicates:
            labels = [
                f"{code} ({shorten_text(options[code], draft)})" for code in duplicates.values()
            ]
            yield _report_duplicates(draft, item, duplicates, labels)


def _list_labels(item: CompiledItem) -> dict[Code, Text]:
    """List the texts of an item's options, by code."""
    if isinstance(item.question, CodedItem):
        return {option.code: option.text.source for option in item.options}
    if isinstance(item.question, NumericItem | QuantityItem):
        return {code: option.text for code, option in item.question.options.items()}
    return {}


def _find_decline(text: Text, phrases: Mapping[str, str]) -> str:
    """Find the decline whose words an option has in some language; empty if it has none."""
    for _, scalar in text.iterate_languages():
        words = _normalize(scalar)
        kind = phrases.get(words) or _find_common_decline(words, phrases)
        if kind:
            return kind
    return ""


def _find_common_decline(words: str, phrases: Mapping[str, str]) -> str:
    """Find the decline that all parts of `don't know / not sure` mean; empty if there is none."""
    parts = _ALTERNATIVES.split(words)
    if len(parts) < 2:
        return ""
    kinds = {phrases.get(part.strip(_MARKS), "") for part in parts}
    return kinds.pop() if len(kinds) == 1 else ""


def _report_duplicates(
    draft: InstrumentDraft, item: CompiledItem, duplicates: Mapping[str, Code], labels: list[str]
) -> Problem:
    """Report options with the meaning of declines."""
    owner = item.scale or item.id
    symbol = draft.symbols.get(item.id)
    if item.scale is None and symbol is not None and symbol.question is not None:
        owner = str(symbol.question.id)  # of a statement, the list belongs to the battery

    subject = pluralize(len(duplicates), "option")
    verb = pluralize(len(duplicates), "has", "have")
    listed = join_words(labels, most=MAX_LISTED)
    ways = join_words([f".{kind}" for kind in duplicates])
    what = f"the {subject} {listed} {verb} the same meaning as {ways}"
    place = find_option(draft, item, next(iter(duplicates.values())))
    remedy = _write_remedy(item, duplicates)
    return report("option-declines", place, owner, what, remedy, "warning")


def _list_phrases(declines: tuple[CompiledDecline, ...]) -> dict[str, str]:
    """Map each phrase for one of these declines, in any language, to the decline's id."""
    ids = {decline.id for decline in declines}
    phrases: dict[str, str] = {}
    for kind, usual in read_foreign_words("declines").items():
        if kind in ids:
            phrases.update((phrase, kind) for phrase in usual)

    # What the questionnaire itself calls a decline comes last: it decides.
    for decline in declines:
        for _, text in decline.text.iterate_languages():
            phrases[_normalize(text)] = decline.id
    return phrases


def _write_remedy(item: CompiledItem, duplicates: Mapping[str, Code]) -> str:
    # Forms of other systems ask for a don't know in a question of its own.
    is_coded = isinstance(item.question, CodedItem)
    is_every_option = is_coded and set(duplicates.values()) == set(_list_labels(item))
    if is_every_option and item.scale is None:
        return "remove the item: it can be declined at the question before it"
    if is_every_option:
        return f"remove the items that use {item.scale}: the questions before them can be declined"

    remedy = f"remove {pluralize(len(duplicates), 'it', 'them')} from the options"
    if not all(isinstance(code, int) for code in duplicates.values()):
        return remedy
    codes = ", ".join(
        f"{decline.id}: {duplicates.get(decline.id, decline.code)}" for decline in item.declines
    )
    at = f" at the items that use {item.scale}" if item.scale is not None else ""
    return f"{remedy}, and write declines: {{{codes}}}{at}"


def search_list(draft: InstrumentDraft) -> Iterator[Problem]:
    """The file of a search list has a column, a code or a text that is missing or occurs twice.

        code,text,also
        2341,Primary school teachers,grade school
        2342,Early childhood educators,kindergarten

    Each line needs a code of its own and a text. The codes of `options:` must not be in the list,
    and are numbers if all codes of the list are.
    """
    for item in iterate_items(draft, SearchItem):
        for problem in item.file.problems:
            yield replace(problem, who=str(item.id))
        yield from _check_columns(draft, item)
        yield from _check_added_codes(draft, item)


def _check_columns(draft: InstrumentDraft, item: SearchItem) -> Iterator[Problem]:
    """Check that the columns of a list are in languages of the questionnaire."""
    languages = [str(language) for language in draft.document.languages]
    for language, where in item.file.languages.items():
        if language not in languages:
            column = f"{TEXT_PREFIX}{language}"
            what = f"the column {column} is for a language that the questionnaire does not have"
            otherwise = f"its languages are {', '.join(languages)}"
            remedy = suggest_nearest(language, languages, otherwise=otherwise)
            yield report("search-list", where, str(item.id), what, remedy)


def _check_added_codes(draft: InstrumentDraft, item: SearchItem) -> Iterator[Problem]:
    """Check that the codes under `options:` are of the list's kind, and not in the list."""
    symbol = draft.symbols.get(str(item.id))
    if symbol is None:
        return
    rows = item.file.list.rows
    kinds = set(map(type, rows))
    for code in symbol.options:
        if code in rows:
            what = f"the code {code} is also in the list"
            remedy = "use another code"
        elif not kinds or type(code) in kinds:
            continue
        elif isinstance(code, str):
            what = f"the code {code} is a text, and the codes of the list are not"
            remedy = "write a number"
        else:
            what = f"the code {code} is a number, and the codes of the list are not"
            remedy = "quote it"
        place = find_key(find_options_node(item), code)
        yield report("search-list", place, str(item.id), what, remedy)
