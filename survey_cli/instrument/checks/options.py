"""Checks of options and declines: every code has one meaning in the data, also those of search lists."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from math import inf
from string import punctuation
from typing import Final

from survey_cli.instrument.checks.number_bounds import find_item_bounds
from survey_cli.instrument.checks.source_items import (
    find_key,
    find_option,
    find_options_node,
    iterate_items,
    list_option_lists,
    report,
    shorten_text,
)
from survey_cli.instrument.compiled.compiler import build_reserved_declines
from survey_cli.instrument.compiled.draft import InstrumentDraft, list_declines
from survey_cli.instrument.schema.items.coded import (
    CodedItem,
    MultipleItem,
    ScaleItem,
    SearchItem,
    SingleItem,
)
from survey_cli.instrument.schema.items.groups import BatteryItem
from survey_cli.instrument.schema.items.question import CompiledDecline, CompiledItem, QuestionItem
from survey_cli.instrument.schema.items.typed import DateItem, NumberItem
from survey_cli.instrument.schema.options import OptionSpec
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
    scales, users = (
        draft.document.scales,
        (SingleItem, MultipleItem, ScaleItem, BatteryItem, SearchItem),
    )
    if not scales or draft.lost:
        return  # an item that could not be read may use it
    named = [[item.options, getattr(item, "scale", None)] for item in iterate_items(draft, *users)]
    named += [[column.options] for column in draft.document.sample.values()]
    names = {next((str(name) for name in each if isinstance(name, str)), "") for each in named} - {
        ""
    }
    find_similar = make_limited_nearest()
    used = {
        *draft.used_scales,
        *names,
        *(find_similar(name, scales) for name in sorted(names - scales.keys())),
    }
    for name in scales:
        if str(name) not in used:
            what, remedy = (
                "no item uses this list",
                "remove it, or use it with scale: or options: in an item",
            )
            yield report("unused-list", name, name, what, remedy, "warning")


def empty_list(draft: InstrumentDraft) -> Iterator[Problem]:
    """A list has no options, or a question has only one.

        - {id: q1, type: single, options: {1: "Yes"}, text: …}

    With one option there is no choice. (A multiple may have one: it is mentioned or not.)
    """
    for listed in list_option_lists(draft):
        if not listed.options:
            where = listed.node.where if listed.node is not None else Position("")
            yield report(
                "empty-list",
                where,
                listed.owner,
                "the list has no options",
                "write 1: first label, 2: …",
            )
        elif len(listed.options) == 1 and not listed.may_be_one:
            (code,) = listed.options
            if any(
                p.rule == "duplicate-key" and p.subject == str(code) for p in draft.file_problems
            ):
                continue  # the other option was probably meant to have another code
            what = f"the only option is {code}, so there is no choice"
            yield report(
                "empty-list",
                find_key(listed.node, code),
                listed.owner,
                what,
                "add an option",
                "warning",
            )


def mixed_codes(draft: InstrumentDraft) -> Iterator[Problem]:
    """Some codes of a list are numbers and some are texts.

        options: {1: "Yes", no: "No"}     → {1: "Yes", 2: "No"}

    One column of the data holds numbers or texts, not both. A number in quotes, or with a zero before it, is a text.
    """
    for listed in list_option_lists(draft):
        if len(set(map(type, listed.options))) < 2:
            continue
        texts = [code for code in listed.options if isinstance(code, str)]
        numbers = [code for code in listed.options if isinstance(code, int)]
        odd: list[Code] = [*texts] if len(texts) <= len(numbers) else [*numbers]
        kind, others = ("a text", "numbers") if odd[0] in texts else ("a number", "texts")
        if len(odd) == 1:
            what = f"the code {odd[0]} is {kind}, and the others are {others}"
        else:
            what = f"the codes {join_words(odd, most=MAX_LISTED)} are {kind[2:]}s, and the others are {others}"
        remedy = "use only numbers, or only words"
        if isinstance(odd[0], str) and odd[0].lstrip("+0").isdecimal():
            remedy = (
                f"write {odd[0].lstrip('+0')} without quotes or zeros before it, or quote all codes"
            )
        elif isinstance(odd[0], str) and odd[0].isdecimal():
            remedy = "write 0, or quote all codes"
        yield report("mixed-codes", find_key(listed.node, odd[0]), listed.owner, what, remedy)


def duplicate_code(draft: InstrumentDraft) -> Iterator[Problem]:
    """Two codes of a list can't be distinguished when they are entered, or two declines have the same code or key.

        options: {a: Always, A: Never}      capitals are not distinguished
        declines: {dk: {code: -8, …}, unsure: {code: -8, …}}

    Change one of the two.
    """
    for listed in list_option_lists(draft):
        if set(map(type, listed.options)) == {int}:
            continue
        seen: dict[str, str] = {}
        for code in listed.options:
            if isinstance(code, str) and (other := seen.setdefault(code.casefold(), code)) != code:
                what = f"the codes {other} and {code} differ only in upper and lower case, which keying ignores"
                yield report(
                    "duplicate-code",
                    find_key(listed.node, code),
                    listed.owner,
                    what,
                    "change one of them",
                )
        written: dict[str, YamlScalar] = {}
        for key in listed.node or ():  # a code that looks the same as another one hides it
            if key.isascii() or not isinstance(key, YamlScalar):
                continue
            first = written.setdefault(unicodedata.normalize("NFC", key), key)
            if first is not key:
                what = f"the code {str(key)!r} already occurs at {first.where}, composed of other characters"
                yield report("duplicate-code", key, listed.owner, what, "change one of them")
    yield from _check_decline_keys(draft)


def _check_decline_keys(draft: InstrumentDraft) -> Iterator[Problem]:
    """Check that each decline's key is a letter, and no other decline's key in the same language."""
    languages = draft.document.languages
    used_keys: dict[tuple[str, str], str] = {}
    reported: set[tuple[str, str]] = set()
    for name, decline in list_declines(draft.document).items():
        for key_language, key in decline.key.iterate_languages() if decline.key is not None else ():
            letter = str(key).lower()
            if len(letter) != 1 or not letter.isalpha():
                what = f"key: {str(key)!r} is not a single letter"
                yield report("duplicate-code", key, name, what, "write a single letter")
                continue
            for language in (key_language,) if key_language else languages:
                first = used_keys.setdefault((str(language), letter), str(name))
                if first != name and (str(name), letter) not in reported:
                    reported.add((str(name), letter))
                    of = f" in {language}" if key_language else ""
                    what = f"key: the key {letter} is already used for {first}{of}"
                    yield report("duplicate-code", key.where, name, what, "choose another letter")


def decline_key(draft: InstrumentDraft) -> Iterator[Problem]:
    """A decline's key is also an option's code, or its beginning.

        declines: {refused: {code: -9, text: Refused, key: r}}     and an option radio

    Then the letter types the code, of which a beginning is enough. `.refused` still declines, and so does Ctrl+R on the
    full screen (Ctrl+D for don't know).
    """
    reported: set[tuple[object, str]] = set()
    for item in draft.items.values():
        codes = [option.code for option in item.options if isinstance(option.code, str)]
        for decline in item.declines if codes else ():
            if (item.scale or item.id, decline.id) in reported:
                continue
            letters = {
                key
                for language in draft.document.languages
                if (key := decline.find_key(str(language)))
            }
            clashes = (
                (key, code)
                for key in sorted(letters)
                for code in codes
                if code.casefold().startswith(key)
            )
            key, code = next(clashes, ("", ""))
            if not key:
                continue
            reported.add((item.scale or item.id, decline.id))
            relation = "the beginning of" if len(code) > 1 else "also"
            what = f"the key {key} of {decline.id} is {relation} the code {code}: .{decline.id} must be typed instead"
            remedy = "choose another code, or another key under declines"
            yield report(
                "decline-key",
                find_option(draft, item, code),
                item.scale or item.id,
                what,
                remedy,
                "warning",
            )


def duplicate_label(draft: InstrumentDraft) -> Iterator[Problem]:
    """Two options of a list have the same text.

        options: {1: Often, 2: Sometimes, 3: Often}

    Neither the interviewer nor the respondent can distinguish them. (Options with `ask_if` may have the same text if
    they are not offered together.)
    """
    for listed in list_option_lists(draft):
        options = list(listed.options.items())
        plain = {
            option.text.plain.strip() for _, option in options if option.text.plain is not None
        }
        if len(plain) == len(options) and "".join(plain).isascii():
            continue  # all different, the usual case
        for language in map(str, draft.document.languages):
            reported = False
            seen: dict[str, tuple[Code, OptionSpec]] = {}
            for code, option in options:
                text = option.text.plain or option.text.by_language.get(language)
                if text is None:
                    continue
                normalized = text if text.isascii() else unicodedata.normalize("NFC", text)
                other, earlier = seen.setdefault(normalized.strip(), (code, option))
                if earlier is not option and option.ask_if is None and earlier.ask_if is None:
                    reported = True
                    within = f" in {language}" if language != draft.language else ""
                    what = f"{other} and {code} are both {str(text)!r}{within}"
                    yield report(
                        "duplicate-label", text, listed.owner, what, "give them different texts"
                    )
            if reported:
                break


def decline_code(draft: InstrumentDraft) -> Iterator[Problem]:
    """A decline has the code of an answer.

        - {id: age, type: number, max: 120, declines: {dk: 98}, …}     98 can be an age: → dk: 998
        declines: {dk: {code: 9, …}}     and a list with an option 9

    The two could not be distinguished in the data. The usual codes are negative: −8 and −9 (and −6, −7 for not asked and
    not reached). In a multiple, 0 and 1 are taken: its columns say mentioned or not.
    """
    reserved = [
        (d.code, d.id.replace("_", " ").capitalize())
        for d in build_reserved_declines(draft.document)
    ]
    coded: dict[int, list[tuple[int, str]]] = {}
    reported: set[object] = set()
    for item in draft.items.values():
        question = item.question
        if not question.expects_answer:
            continue
        offered = coded.get(id(item.declines))
        if offered is None:
            offered = coded[id(item.declines)] = [
                (d.code, str(d.text.get(draft.language))) for d in item.declines
            ]
            yield from _check_repeated_codes(item, [*offered, *reserved])
        key = (item.scale or id(item.options), id(item.declines), type(question))
        if (item.options and key in reported) or _are_clearly_distinct(
            question, item, offered, reserved
        ):
            continue
        reported.add(key)
        uses = [
            (code, label, _explain_code_use(draft, item, code))
            for code, label in (*offered, *reserved)
        ]
        if clashes := [use for use in uses if use[2]]:
            yield _report_clash(draft, item, clashes)


def _are_clearly_distinct(
    question: QuestionItem, item: CompiledItem, *declines: list[tuple[int, str]]
) -> bool:
    """Return whether all decline codes are negative and no answer is, which is the usual case."""
    if not all(code < 0 for codes in declines for code, _ in codes):
        return False
    if question.__class__ is NumberItem:
        return question.lowest is not None and question.lowest >= 0 and not question.options
    return all(option.code.__class__ is not int or option.code >= 0 for option in item.options)


def _report_clash(
    draft: InstrumentDraft, item: CompiledItem, clashes: list[tuple[int, str, str]]
) -> Problem:
    """Report declines whose codes mean something else at an item."""
    reasons = {why for _, _, why in clashes}
    remedy = "change one of the two codes"
    if isinstance(item.question, NumberItem | DateItem):
        remedy = (
            f"give declines codes that no answer can have: declines: {_suggest_codes(draft, item)}"
        )
        if any(label in ("Not asked", "Not reached") for _, label, _ in clashes):
            remedy = "change the codes under the top-level declines: to ones that no answer can have, such as -9998"
    if len(reasons) == 1:
        labels = join_words((f"{label!r} ({code})" for code, label, _ in clashes), most=MAX_LISTED)
        codes, verb = pluralize(len(clashes), "code"), pluralize(len(clashes), "is", "are")
        what = f"the {codes} of {labels} {verb} also {reasons.pop()}"
    else:
        what = "; ".join(
            f"the code of {label!r} ({code}) is also {why}" for code, label, why in clashes
        )
    owner = item.scale or item.id if item.question.declines is None else item.id
    return report("decline-code", _locate_decline(draft, item, clashes[0][0]), owner, what, remedy)


def _suggest_codes(draft: InstrumentDraft, item: CompiledItem) -> str:
    """Return codes for the declines of an item that none of its answers can have: 98 and 99, 998 and 999, or negative."""
    question = item.question
    taken: set[int] = set()
    high = inf
    low = 0.0
    if isinstance(question, NumberItem):
        low, high = find_item_bounds(draft, question)
        taken = set(question.options)
    ids = [decline.id for decline in item.declines] or ["dk"]
    for nines in (99, 999, 9999):
        codes = [nines - len(ids) + 1 + number for number in range(len(ids))]
        if codes[0] > high and taken.isdisjoint(codes):
            break
    else:
        negative = next(start for start in (8, 98, 998, 9998, 99_998) if -start < low)
        codes = [-(negative + number) for number in range(len(ids))]
    return "{" + ", ".join(f"{name}: {code}" for name, code in zip(ids, codes, strict=True)) + "}"


def _check_repeated_codes(item: CompiledItem, codes: list[tuple[int, str]]) -> Iterator[Problem]:
    """Check for two declines of one item with the same code."""
    seen: dict[int, str] = {}
    for code, label in codes:
        first = seen.setdefault(code, label)
        if first is not label:
            where = item.question.find_position(
                "id" if item.question.declines is None else "declines"
            )
            what = f"{first!r} and {label!r} both have the code {code}"
            yield report("decline-code", where, item.id, what, "give each a different code")


def _explain_code_use(draft: InstrumentDraft, item: CompiledItem, code: int) -> str:
    """Explain what else a decline's code would mean in this item's columns; empty if nothing."""
    question = item.question
    match question:
        case SearchItem() if code in question.entries.rows:
            return f"that of {question.entries.rows[code].get_text(draft.language)!r} in the list"
        case MultipleItem():
            return {0: "that of 'not mentioned'", 1: "that of 'mentioned'"}.get(code, "")
        case CodedItem() | SearchItem():
            text = next(
                (option.text.source for option in item.options if option.code == code), None
            )
            return f"that of the option {shorten_text(text, draft)!r}" if text is not None else ""
        case NumberItem():
            if code in question.options:
                return f"that of the number's own label {shorten_text(question.options[code], draft)!r}"
            if find_item_bounds(draft, question).contains(code):
                return f"in the range {question.format_range(str(question.min), str(question.max or ''))}"
            return ""
        case DateItem() if question.partial and (1 <= code <= 31 or 1000 <= code <= 9999):
            return "that of a day, month or year"
    return "that of 'answered' in the column that says why it is empty" if code == 0 else ""


def _locate_decline(draft: InstrumentDraft, item: CompiledItem, code: int) -> tuple[Position, int]:
    """Locate the clash of a decline with an answer: at the item's own declines, else at the code or range."""
    question, length, declines = item.question, len(str(code)), item.question.declines
    for name, override in declines.items() if isinstance(declines, dict) else ():
        if override.code == code:
            value = find_node(question._node, "declines", str(name))
            where = value.where if value is not None else question.find_position("declines")
            return (override.find_position("code") if override._node else where), length
    for key in ("options", "min", "max", "from"):
        value = find_node(question._node, key)
        if isinstance(value, YamlScalar) and item.scale is None:
            return value.where, len(value)
        if value is not None and not isinstance(value, YamlScalar):
            return locate_key(value, code), length
    if item.scale is not None:
        return find_option(draft, item, code)
    own = (
        decline.find_position("code")
        for decline in draft.document.declines.values()
        if decline.code == code
    )
    return next(((where, length) for where in own), (question.find_position("id"), len(item.id)))


_MARKS: Final = punctuation + " «»“”„‘…¿¡"
_VOLUNTEERED: Final = re.compile(
    r"^(?:vol|volunteered|do not read|dnr)\W+|\W+(?:vol|volunteered|do not read)$"
)


@lru_cache(maxsize=1000)
def _normalize(text: str) -> str:
    """Return a text without case, surrounding punctuation, and notes that it is volunteered."""
    words = text.casefold().replace("’", "'").strip(_MARKS)
    if "vol" in words or "read" in words or "dnr" in words:
        words = _VOLUNTEERED.sub("", words).strip(_MARKS)
    return " ".join(words.split()) if "  " in words or "\n" in words else words


def option_declines(draft: InstrumentDraft) -> Iterator[Problem]:
    """An option has the same meaning as a decline that is offered at the same item.

        options: {1: "Yes", 2: "No", 8: Don't know, 9: Refused}

    The interviewer has two ways to key a don't know, and the data two codes for it, one of which counts as an answer.
    Remove the options, and give their codes to the declines: `declines: {dk: 8, refused: 9}`. If the answer is meant to
    count, remove the decline instead: `declines: [refused]`.
    """
    reported: set[tuple[str | int, int]] = set()
    phrases_by_declines: dict[int, dict[str, str]] = {}
    for name, item in draft.items.items():
        options: dict[Code, Text] = {}
        if isinstance(item.question, CodedItem):
            options |= {option.code: option.text.source for option in item.options}
        elif isinstance(item.question, NumberItem):
            options.update(item.question.options.items())
        key = (item.scale or id(item.question._node), id(item.declines))
        if not options or not item.declines or key in reported:
            continue
        reported.add(key)
        phrases = phrases_by_declines.get(id(item.declines))
        if phrases is None:
            phrases = phrases_by_declines[id(item.declines)] = _list_phrases(item.declines)
        duplicates: dict[str, Code] = {}
        for code, text in options.items():
            scalars = (text.plain,) if text.plain is not None else text.by_language.values()
            if kind := next(
                filter(None, (phrases.get(_normalize(scalar)) for scalar in scalars)), None
            ):
                duplicates.setdefault(kind, code)
        if duplicates:
            symbol = draft.symbols.get(name)  # of a statement, the list belongs to the battery
            owner = (
                str(symbol.question.id)
                if symbol is not None and symbol.question is not None
                else name
            )
            listed = [
                f"{code} ({shorten_text(options[code], draft)})" for code in duplicates.values()
            ]
            subject, verb = (
                pluralize(len(duplicates), "option"),
                pluralize(len(duplicates), "has", "have"),
            )
            ways = join_words([f".{kind}" for kind in duplicates])
            what = f"the {subject} {join_words(listed, most=MAX_LISTED)} {verb} the same meaning as {ways}"
            at = find_option(draft, item, next(iter(duplicates.values())))
            yield report(
                "option-declines",
                at,
                item.scale or owner,
                what,
                _write_remedy(item, duplicates),
                "warning",
            )


def _list_phrases(declines: tuple[CompiledDecline, ...]) -> dict[str, str]:
    """Map each phrase for one of these declines, in any language, to the decline's id."""
    ids = {decline.id for decline in declines}
    own_phrases = {
        _normalize(text): decline.id
        for decline in declines
        for _, text in decline.text.iterate_languages()
    }
    usual = (
        (phrase, kind)
        for kind, phrases in read_foreign_words("declines").items()
        for phrase in phrases
    )
    return {phrase: kind for phrase, kind in usual if kind in ids} | own_phrases


def _write_remedy(item: CompiledItem, duplicates: Mapping[str, Code]) -> str:
    remedy = f"remove {'it' if len(duplicates) == 1 else 'them'} from the options"
    if not all(isinstance(code, int) for code in duplicates.values()):
        return remedy
    codes = ", ".join(f"{d.id}: {duplicates.get(d.id, d.code)}" for d in item.declines)
    at = f" at the items that use {item.scale}" if item.scale is not None else ""
    return f"{remedy}, and write declines: {{{codes}}}{at}"


def search_list(draft: InstrumentDraft) -> Iterator[Problem]:
    """The file of a search list can't be used as it is: a column, a code or a text is missing or occurs twice.

        code,text,also
        2341,Primary school teachers,grade school
        2342,Early childhood educators,kindergarten

    Each line needs a code of its own and a text. The codes of `options:` must not be in the list, and are numbers if
    all codes of the list are.
    """
    languages = [str(language) for language in draft.document.languages]
    for item in iterate_items(draft, SearchItem):
        who, file = str(item.id), item.file
        yield from (replace(problem, who=who) for problem in file.problems)
        for language, where in file.languages.items():
            if language not in languages:
                what = f"the column {TEXT_PREFIX}{language} is for a language that the questionnaire does not have"
                remedy = suggest_nearest(
                    language, languages, otherwise=f"its languages are {', '.join(languages)}"
                )
                yield report("search-list", where, who, what, remedy)
        kinds = set(map(type, file.list.rows))
        for code in draft.symbols[who].options if who in draft.symbols else ():
            what = remedy = ""
            if code in file.list.rows:
                what, remedy = f"the code {code} is also in the list", "use another code"
            elif kinds and type(code) not in kinds:
                kind, remedy = (
                    ("a text", "write a number")
                    if isinstance(code, str)
                    else ("a number", "quote it")
                )
                what = f"the code {code} is {kind}, and the codes of the list are not"
            if what:
                yield report(
                    "search-list", find_key(find_options_node(item), code), who, what, remedy
                )
