"""Checks of texts and languages: translations, fills, labels, characters, and the introduction."""

import ast
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from survey_cli.instrument.checks.missing_kinds import is_always_known
from survey_cli.instrument.checks.source_items import (
    OwnedText,
    list_option_lists,
    list_texts,
    list_texts_with_fills,
    list_translated_texts,
    report,
)
from survey_cli.instrument.compiled.draft import InstrumentDraft, once_per_draft
from survey_cli.instrument.compiled.model import CompiledNode, ItemGroup, Roster
from survey_cli.instrument.expressions.parsing import StrictChoice
from survey_cli.instrument.schema.items.coded import MultipleItem
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.unasked_items import EndItem
from survey_cli.instrument.source.nodes import YamlScalar, locate_key
from survey_cli.instrument.source.scalars import Text
from survey_cli.instrument.texts.invisible_characters import DIRECTION_MARKS, find_invisible
from survey_cli.instrument.texts.templates import BUILT_IN_FILLS, Template, TextFill, find_fill
from survey_cli.instrument.texts.translations import is_in_catalog, list_untranslated
from survey_cli.problems import Position, Problem, find_nearest, suggest_nearest
from survey_cli.wording import format_quantity, join_first, pluralize, shorten

MAX_VARIABLE_LABEL_BYTES: Final = 256
"""Bytes of a variable label that SPSS keeps."""
MAX_VALUE_LABEL_BYTES: Final = 120
"""Bytes of a value label that SPSS keeps."""
_LANGUAGE_TAG: Final = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,4})?\Z", re.ASCII)
_MAX_LISTED: Final = 12
"""How many texts a message lists."""


def bad_language(draft: InstrumentDraft) -> Iterator[Problem]:
    """A language under `languages:` is given twice, or is not a language tag.

        languages: [en, es]     two or three small letters; with a region where it matters: pt-br

    Write each language once.
    """
    seen: set[str] = set()
    for language in draft.document.languages:
        name = str(language)
        if not _LANGUAGE_TAG.match(name):
            corrected = _correct_tag(name)
            if _LANGUAGE_TAG.match(corrected):
                remedy = f"write {corrected}"
            else:
                remedy = "write two or three lowercase letters: en, es, pt-br"
            what = f"{name!r} is not a language tag"
            yield report("bad-language", language, "languages", what, remedy)
        elif name in seen:
            what = f"{name} is listed twice"
            yield report("bad-language", language, "languages", what, "remove one")
        seen.add(name)


def _correct_tag(language: str) -> str:
    """Return a language tag in its usual form: `pt-br` for `pt_BR`."""
    return language.lower().replace("_", "-")


_ALIASES: Final = {
    "sp": "es",
    "spa": "es",
    "eng": "en",
    "ge": "de",
    "ger": "de",
    "fre": "fr",
    "jp": "ja",
    "cn": "zh",
}
"""Other tags of languages, and the right ones."""


def _list_languages(draft: InstrumentDraft) -> list[str]:
    """List the file's languages, each once, in their correct form."""
    tags = [_correct_tag(str(language)) for language in draft.document.languages]
    return list(dict.fromkeys(tags))


def missing_translation(draft: InstrumentDraft) -> Iterator[Problem]:
    """Texts are missing in some of the `languages:`. One problem lists all of them.

        text: {en: How old are you?, es: ¿Cuántos años tiene?}

    Until the translation is added, the text is read in the first language that it has.
    """
    lacking = _list_missing(draft, _list_languages(draft))
    if not lacking:
        return
    parts = []
    for language, places in lacking.items():
        listed = [f"{who} (line {where.line})" for where, who in sorted(places)]
        count = format_quantity(len(places), "text")
        parts.append(f"{language} is missing from {count}: {join_first(listed, _MAX_LISTED)}")
    where, who = min(place for places in lacking.values() for place in places)
    remedy = "add them, or remove the language"
    yield report("missing-translation", where, who, "; ".join(parts), remedy)


def _list_missing(
    draft: InstrumentDraft, languages: list[str]
) -> dict[str, list[tuple[Position, str]]]:
    """List the texts of the questionnaire that are missing in some languages, with their owners."""
    lacking: dict[str, list[tuple[Position, str]]] = defaultdict(list)
    if len(languages) < 2:
        return lacking
    texts: dict[Position, OwnedText] = {}
    for owned in list_translated_texts(draft):
        texts.setdefault(owned.text.where, owned)
    for where, (who, text) in texts.items():
        # What a PO file lacks is read in the first language.
        has_catalog = any(is_in_catalog(scalar.where) for scalar in text.by_language.values())
        if has_catalog or not where.line:
            continue
        for language in languages:
            if language not in text.by_language and language not in text.outdated:
                lacking[language].append((where, who))
    return lacking


def incomplete_language(draft: InstrumentDraft) -> Iterator[Problem]:
    """A language is `required`, and texts are not translated: nobody is interviewed in it.

        languages: {en: required, es: required}

    Translate them, in the questionnaire or with `survey translations export`, or write
    `es: optional`.
    """
    languages = draft.document.languages
    for language in languages[1:]:
        if language not in languages.required:
            continue
        lacking = list_untranslated(draft.document, languages[0], language)
        if lacking:
            have = (
                f"{format_quantity(len(lacking), 'text')} {pluralize(len(lacking), 'has', 'have')}"
            )
            listed = join_first(lacking, _MAX_LISTED)
            what = f"{language} is required, and {have} no translation: {listed}"
            remedy = f"translate them, or write {language}: optional"
            yield report("incomplete-language", language, "languages", what, remedy, "warning")


def stale_translation(draft: InstrumentDraft) -> Iterator[Problem]:
    """A text has changed since it was translated in a PO file, or its translation is marked fuzzy.

    It is read in the first language, and the interviewer is told so. Export the texts again,
    correct the translations, and remove their mark `fuzzy`. One problem lists all of them.
    """
    stale: dict[str, list[tuple[Position, str]]] = defaultdict(list)
    rejected = {problem.where for problem in draft.file_problems if is_in_catalog(problem.where)}
    for who, text in list_texts(draft):
        for language, scalar in text.outdated.items():
            if scalar.where not in rejected:
                stale[language].append((scalar.where, who))
    for language, places in stale.items():
        listed = join_first(list(dict.fromkeys(who for _, who in places)), _MAX_LISTED)
        what = f"{language} is out of date in {format_quantity(len(places), 'text')}: {listed}"
        remedy = "correct them: survey translations export FILE marks them fuzzy"
        yield report("stale-translation", min(places)[0], places[0][1], what, remedy, "warning")


def one_language(draft: InstrumentDraft) -> Iterator[Problem]:
    """A text is written once although the file has several languages: it is the same in all.

    That may be intended (a name, a number). It is reported once per file, at the first such text,
    unless the languages are required: then what has no translation is listed.
    """
    languages = draft.document.languages
    if len(languages) < 2 or languages.required - {draft.language}:
        return
    by_file: dict[str, set[tuple[Position, str]]] = defaultdict(set)
    for who, text in list_texts(draft):
        if text.plain is None or text.outdated or not text.where.line:
            continue
        if any(letter.isalpha() for letter in text.plain):
            by_file[text.where.file].add((text.where, who))

    for places in by_file.values():
        where, who = min(places)
        what = f"this text is the same in all languages ({', '.join(languages)})"
        others = len(places) - 1
        if others:
            what += f", and so {pluralize(others, 'is', 'are')} {others} more"
        remedy = f"write {{{languages[0]}: …, {languages[1]}: …}} if they differ"
        yield report("one-language", where, who, what, remedy, "warning")


def undeclared_language(draft: InstrumentDraft) -> Iterator[Problem]:
    """A text is written in a language that is not listed under `languages:`, so it is never read.

        languages: [en, es]
        text: {en: Hello, sp: Hola}     → es: Hola

    Correct the tag, or add the language to the list. A language that many texts have is reported
    once.
    """
    declared = _list_languages(draft)
    undeclared: dict[str, list[tuple[YamlScalar, str]]] = defaultdict(list)
    for who, text in list_translated_texts(draft):
        for language, scalar in text.by_language.items():
            if language not in declared and scalar.where.line:
                undeclared[language].append((scalar, who))

    for language, places in undeclared.items():
        intended = _find_intended(language, declared)
        if intended == language:
            remedy = "write the text itself: only languages can be keys here"
        elif intended:
            remedy = f"did you mean {intended!r}?"
        else:
            remedy = f"add it: languages: [{', '.join([*declared, language])}]"

        what = f"{language!r} is not one of the languages of this file"
        # a word of its own is a mistake at its place, a language in many texts one in the list
        if not intended and len(places) > 1:
            what += f", and {len(places)} texts have it"
            places = [min(places, key=lambda place: place[0].where)]
        for scalar, who in places:
            yield report("undeclared-language", scalar, who, what, remedy)


def _find_intended(language: str, declared: list[str]) -> str:
    """Find the language, or the key of a text, that was meant by a tag; empty if none is near."""
    intended = _ALIASES.get(language, language)
    if intended in declared:
        return intended
    key = find_nearest(language, ("text", "label", "note"))
    return key or find_nearest(language, declared) or ""


def unlike_fills(draft: InstrumentDraft) -> Iterator[Problem]:
    """A fill is used in a text in one language and not in another.

        text: {en: "Is {name} at home?", es: "¿Está en casa?"}

    Add it to the translation, or remove it from both.
    """
    declared = _list_languages(draft)
    if len(declared) < 2:
        return
    for who, template in list_texts_with_fills(draft):
        fills = {
            language: {fill.key for fill in _list_fills(template, language)}
            for language in template.runs
            if language in declared
        }
        everywhere = set().union(*fills.values())
        texts = template.source.by_language
        for language, own_fills in fills.items():
            lacking = sorted(everywhere - own_fills)
            if not lacking:
                continue
            name = lacking[0]
            other = next(language for language, names in fills.items() if name in names)
            what = (
                f"{language} has no {{{name}}}: {shorten(texts[language], 60)!r}; "
                f"{other}: {shorten(texts[other], 60)!r}"
            )
            remedy = "add the fill, or remove it from both"
            yield report("unlike-fills", texts[language], who, what, remedy, "warning")
            break


def _list_fills(template: Template, language: str) -> list[TextFill]:
    return [
        part for parts, _ in template.runs[language] for part in parts if isinstance(part, TextFill)
    ]


def unsure_fill(draft: InstrumentDraft) -> Iterator[Problem]:
    """A text fills in a value that may be missing when it is read, without alternative words.

        text: "You said {hours} hours."     after a don't know it becomes "You said … hours."
        → "You said {hours|that many} hours."

    It is not reported if the item's own `ask_if` or check refers to the variable, which then has an
    answer.
    """
    for who, template in list_texts_with_fills(draft):
        for language in template.runs:
            fills = _list_fills(template, language)
            unsure = [fill for fill in fills if _is_unsure(draft, who, fill)]
            if not unsure:
                continue
            scalar = template.source.by_language.get(language) or template.source.get(language)
            at, written = find_fill(scalar, unsure[0].key)
            place = (scalar.find_position(at), len(written))
            what = f"{written} may have no answer here, but the text has no alternative words"
            remedy = f"write {written[:-1]}|alternative words}}"
            yield report("unsure-fill", place, who, what, remedy, "warning")
            break


def _is_unsure(draft: InstrumentDraft, who: str, fill: TextFill) -> bool:
    """Return whether a fill may be missing and has no alternative words."""
    if fill.variable is None or fill.otherwise is not None:
        return False
    if not fill.variable.may_be_missing and not _may_exceed_turns(draft, fill):
        return False
    made = draft.items.get(fill.key)
    if made is not None and made.bracket == who:
        # The read-back of the amount that a respondent named in a bracket. Nobody wrote it.
        return False
    compute = draft.computes.get(fill.key)
    if compute is not None:
        calculations = [condition.tree for condition in compute.conditions.values()]
        if all(_is_never_missing(draft, tree) for tree in calculations):
            return False
    return fill.key not in list_answered_names(draft, who)


def _may_exceed_turns(draft: InstrumentDraft, fill: TextFill) -> bool:
    """Return whether a fill refers to a turn that the roster may not have."""
    if not isinstance(fill.turn, int) or fill.variable is None:
        return False
    roster = draft.symbol_table.rosters.get(fill.variable.drawn_from or str(fill.variable.roster))
    return fill.turn > 1 or roster is None or roster.until is None


def _is_never_missing(draft: InstrumentDraft, tree: ast.expr) -> bool:
    """Return whether a calculation always has a value: of constants or counts of conditions."""
    match tree:
        case StrictChoice(test=test, body=body, orelse=orelse):
            if not is_always_known(draft, test):
                return False
            return _is_never_missing(draft, body) and _is_never_missing(draft, orelse)
        case ast.IfExp(body=body, orelse=orelse):
            return _is_never_missing(draft, body) and _is_never_missing(draft, orelse)
        case ast.BoolOp(values=values):
            return all(_is_never_missing(draft, value) for value in values)
        case ast.UnaryOp(operand=operand):
            return _is_never_missing(draft, operand)
        case ast.Call(func=ast.Name(id="first_answered"), args=args):
            return any(_is_never_missing(draft, argument) for argument in args)
        case ast.Call(func=ast.Name(id="count"), args=args):
            return not any(isinstance(argument, ast.Name) for argument in args)
        case (
            ast.Call(func=ast.Name(id="answered" | "dk" | "refused" | "declined" | "today"))
            | ast.Constant()
        ):
            return True
        case _:
            return False


def list_answered_names(draft: InstrumentDraft, who: str) -> set[str]:
    """List the names that have an answer whenever a text of this item is read.

    They are in its conditions and checks, or in an end that was passed.
    """
    names = {who}
    item = draft.items.get(who)
    symbol = draft.symbols.get(who)
    nodes: list[CompiledNode | None] = [item, draft.groups.get(who)]
    if symbol is not None:
        nodes += [draft.groups.get(step.group) for step in symbol.path]
    for node in nodes:
        if node is not None and node.ask_if is not None:
            names |= node.ask_if.names
    if item is not None:
        for check in item.checks:
            names |= check.condition.names
    if symbol is not None:
        for index, passed in _list_passed_ends(draft):
            if index < symbol.index:
                names |= passed
    return names


@once_per_draft
def _list_passed_ends(draft: InstrumentDraft) -> list[tuple[int, frozenset[str]]]:
    """List the index of every `end` that is passed only if its `unless` holds, and its names.

    Only ends that everybody gets to are listed.
    """
    if draft.root is None:
        return []
    return list(_iterate_passed_ends(draft, draft.root))


def _iterate_passed_ends(
    draft: InstrumentDraft, group: ItemGroup
) -> Iterator[tuple[int, frozenset[str]]]:
    for child in group.children:
        if child.ask_if is not None:
            continue
        if isinstance(child, Roster):
            continue  # it may have no turn
        if isinstance(child, ItemGroup):
            if child.unless is None and child.order == "written":
                yield from _iterate_passed_ends(draft, child)
            continue
        symbol = draft.symbols.get(child.id)
        if child.unless is not None and symbol is not None and isinstance(child.question, EndItem):
            yield symbol.index, child.unless.names


def long_label(draft: InstrumentDraft) -> Iterator[Problem]:
    """A label is longer than SPSS allows: 256 bytes for a variable, 120 for a value.

        - {id: q1, type: single, text: (a long question), label: Hours of work, …}

    The .sav file shortens it. Give the item (or the option) a short `label:`; otherwise its text is
    the label.
    """
    lists: set[int] = set()
    for item in draft.items.values():
        if not item.question.expects_answer:
            continue
        yield from _check_item_label(draft, item)
        if id(item.options) in lists or item.question.__class__ is MultipleItem:
            continue
        lists.add(id(item.options))
        yield from _check_option_labels(draft, item)


def _check_item_label(draft: InstrumentDraft, item: CompiledItem) -> Iterator[Problem]:
    """Report the label of an item that is too long in some language."""
    question = item.question
    is_multiple = question.__class__ is MultipleItem
    if not is_multiple and not _may_be_long(item.label, MAX_VARIABLE_LABEL_BYTES):
        return
    for language in map(str, draft.document.languages):
        label = item.label.get(language)
        whole_label: str = label
        if is_multiple and item.options:
            # A column of a multiple is labeled with the item and the option.
            longest = max((option.label.get(language) for option in item.options), key=len)
            whole_label = f"{label}: {longest}"
        size = _count_bytes_beyond(whole_label, MAX_VARIABLE_LABEL_BYTES)
        if not size:
            continue
        if question.label is not None:
            which = "label"
            remedy = "shorten it"
        else:
            which = "text, which is the label too,"
            remedy = "add a short label:"
        if is_multiple:
            which += " with its longest option"
        what = f"the {which} has {size} bytes; SPSS stores {MAX_VARIABLE_LABEL_BYTES}"
        where = label.where if label.where.line else question.find_position("id")
        yield report("long-label", (where, len(label)), item.id, what, remedy, "warning")
        break


def _check_option_labels(draft: InstrumentDraft, item: CompiledItem) -> Iterator[Problem]:
    languages = [str(language) for language in draft.document.languages]
    for option in item.options:
        if not _may_be_long(option.label, MAX_VALUE_LABEL_BYTES):
            continue
        for language in languages:
            label = option.label.get(language)
            size = _count_bytes_beyond(label, MAX_VALUE_LABEL_BYTES)
            if size:
                stored = f"SPSS stores {MAX_VALUE_LABEL_BYTES}"
                what = f"the label of {option.code} has {size} bytes; {stored}"
                remedy = "give the option a short label: in addition to its text"
                owner = item.scale or item.id
                yield report("long-label", label, owner, what, remedy, "warning")
                break


def _may_be_long(label: Text, most: int) -> bool:
    """Return whether the bytes of a label must be counted: a letter has four at most."""
    return label.plain is None or len(label.plain) * 4 > most


def _count_bytes_beyond(text: str, most: int) -> int:
    """Return the length of a text in bytes if it exceeds `most`, else 0."""
    size = len(text.encode("utf-8", "replace"))
    return size if size > most else 0


def undeclared_daypart(draft: InstrumentDraft) -> Iterator[Problem]:
    """The `dayparts:` at the top level has a part other than those that `{daypart}` knows.

        dayparts: {morning: {en: morning, es: buenos días}, afternoon: …, evening: …}

    It has the words for morning, afternoon and evening. (The day parts over which calls are spread
    are defined under `fieldwork:`.)
    """
    parts = ("morning", "afternoon", "evening")
    for name in draft.document.dayparts:
        if str(name) not in parts:
            remedy = suggest_nearest(name, parts, otherwise=f"the parts are {', '.join(parts)}")
            what = f"{str(name)!r} is never used"
            yield report("undeclared-daypart", name, "dayparts", what, remedy, "warning")


_QUOTES: Final = str.maketrans(
    {"’": "'", "‘": "'", "ʼ": "'", "´": "'", "`": "'", "“": '"', "”": '"', "„": '"'}
)


def turned_text(draft: InstrumentDraft) -> Iterator[Problem]:
    """A text has a character that reverses the text after it, so that it is displayed differently.

    Remove the character; the message names its position. Arabic and Hebrew do not need it.
    """
    for who, scalar in _list_non_ascii(draft):
        match = DIRECTION_MARKS.search(scalar)
        if match:
            why = "changes the direction of the text after it"
            yield _make_problem("turned-text", who, scalar, match.start(), why)


def invisible(draft: InstrumentDraft) -> Iterator[Problem]:
    """A text or code contains a character of zero width. It was most likely pasted with the text.

    Texts that look alike would differ, and searches miss them. Remove it (the problem names its
    position). Within an emoji, and between Arabic or Indic letters, a joiner is correct and is not
    reported.
    """
    for who, scalar in _list_non_ascii(draft):
        for at in find_invisible(scalar):
            yield _make_problem("invisible", who, scalar, at, "is invisible")
            break


@once_per_draft
def _list_non_ascii(draft: InstrumentDraft) -> Sequence[tuple[str, YamlScalar]]:
    """List the texts and codes that are not plain ASCII, with owners; a shared one occurs once."""
    texts: dict[Position, tuple[str, YamlScalar]] = {}
    for who, scalar in chain(_iterate_words(draft), _iterate_codes(draft)):
        if not scalar.isascii() and isinstance(scalar, YamlScalar):
            texts.setdefault(scalar.where, (who, scalar))
    return list(texts.values())


def _iterate_words(draft: InstrumentDraft) -> Iterator[tuple[str, YamlScalar]]:
    for who, text in list_texts(draft):
        for _, scalar in text.iterate_languages():
            yield who, scalar


def _iterate_codes(draft: InstrumentDraft) -> Iterator[tuple[str, str]]:
    for listed in list_option_lists(draft):
        if listed.node is not None:
            for code in listed.node:
                yield listed.owner, code


def _make_problem(rule: str, who: str, scalar: YamlScalar, at: int, why: str) -> Problem:
    character = f"U+{ord(scalar[at]):04X}"
    name = unicodedata.name(scalar[at], "").lower()
    if name:
        character += f" ({name})"
    near = " ".join(scalar[max(0, at - 12) : at].split())
    position = f"after {near!r}" if near else "at the beginning"
    remedy = "remove it: delete and retype the letters around it"
    return report(rule, scalar.find_position(at), who, f"{character} {position} {why}", remedy)


def unlike_quotes(draft: InstrumentDraft) -> Iterator[Problem]:
    """Two labels differ only in their quotes (Don't, Don’t) or in how an accent is composed.

    Tables and programs treat them as two different answers. Write both the same way.
    """
    seen: dict[str, tuple[str, Position]] = {}
    reported: set[str] = set()
    for listed in list_option_lists(draft):
        for code, option in listed.options.items():
            for text in _list_scalars(option.text):
                if text.isascii() and not any(quote in text for quote in "'\"`"):
                    continue  # the usual case
                normalized = unicodedata.normalize("NFC", text.translate(_QUOTES)).strip()
                first, first_at = seen.setdefault(normalized, (str(text), text.where))
                if first == text or normalized in reported:
                    continue
                reported.add(normalized)
                how = _describe_difference(first, text)
                where = text.where if text.where.line else locate_key(listed.node, code)
                place = (where, len(text))
                what = f"{str(text)!r} differs from {first!r} at {first_at} only in its {how}"
                remedy = "write both the same way"
                yield report("unlike-quotes", place, listed.owner, what, remedy, "warning")


def _list_scalars(text: Text) -> list[YamlScalar]:
    return [text.plain] if text.plain is not None else list(text.by_language.values())


def _describe_difference(first: str, second: str) -> str:
    """Describe how two labels differ that look the same."""
    is_equal_composed = unicodedata.normalize("NFC", first) == unicodedata.normalize("NFC", second)
    return "way of composing accents" if is_equal_composed else "quotes"


_FOR_WHOM: Final = re.compile(
    r"\b(?:for|from|of|with|behalf|de|del|para|von|vom|für|der|des"
    r"|pour|du|da|do|di|per|van|voor)\s+"
    r"(?:(?:the|an?|la|el|los|las|le|les|der|die|das|dem|den|il|het|o)\s+)?[^\W\d_a-z]"
)
"""A word such as *for*, followed by a capitalized name."""


def introduction(draft: InstrumentDraft) -> Iterator[Problem]:
    """Nothing before or in the first question says who is calling, or for whom.

        - id: hello
          type: read
          text: "Good {daypart}, this is {interviewer} calling for the Inspections Division."

    Codes of practice require both. `{interviewer}` is the interviewer's name. The client counts as
    named by a fill, by words from `study:`, or by any name after `for`, `from` or `of`. A file
    without `study:`, `fieldwork:` and `sample:` is not used for calls and needs no introduction.
    """
    document = draft.document
    has_fieldwork = document.fieldwork is not None
    is_for_calls = document.sample or has_fieldwork or document.study.model_fields_set
    if draft.root is None or draft.lost or not is_for_calls:
        return
    first, templates = _find_opening(draft.root)
    if first is None or first.id not in draft.symbols:
        return

    lacking: list[str] = []
    if not any("interviewer" in template.iterate_names() for template in templates):
        lacking.append("who is calling ({interviewer})")
    if not _names_client(draft, templates):
        names = _list_client_names(draft)
        client = names[-1].get(draft.language) if names else "the sponsor or the institute"
        lacking.append(f"for whom ({client})")
    if lacking:
        place = (draft.symbols[first.id].where, len(first.id))
        what = f"neither this first question nor anything before it says {' and '.join(lacking)}"
        remedy = 'begin with a read item: "Good {daypart}, this is {interviewer} calling for …"'
        yield report("introduction", place, first.id, what, remedy, "warning")


def _list_client_names(draft: InstrumentDraft) -> list[Text]:
    """List who wants the study and who conducts it, if the file says so."""
    study = draft.document.study
    return [text for text in (study.sponsor, study.conducted_by) if text is not None]


def _names_client(draft: InstrumentDraft, templates: list[Template]) -> bool:
    """Return whether texts say for whom somebody is calling."""
    fills = {name for template in templates for name in template.iterate_names()}
    if fills - set(BUILT_IN_FILLS) - {"options"}:
        return True  # a value of the sample or of an answer may be a name

    texts = [
        " ".join(str(scalar) for _, scalar in template.source.iterate_languages())
        for template in templates
    ]
    if any(_FOR_WHOM.search(text) for text in texts):
        return True
    whole = " ".join(texts).casefold()
    for name in _list_client_names(draft):
        for _, scalar in name.iterate_languages():
            written = scalar.casefold()
            words = [written, *re.findall(r"\w{4,}", written)]
            if any(word in whole for word in words):
                return True
    return False


def _find_opening(root: ItemGroup) -> tuple[CompiledItem | None, list[Template]]:
    """Find the first question of a respondent, and everything that is read up to it."""
    templates: list[Template] = []
    return _collect_opening(root, templates), templates


def _collect_opening(group: ItemGroup, templates: list[Template]) -> CompiledItem | None:
    """Append what is read in a group up to its first question, and return this question."""
    templates += [text for text in (group.title, group.intro) if text is not None]
    for child in group.children:
        if isinstance(child, ItemGroup):
            question = _collect_opening(child, templates)
            if question is not None:
                return question
        else:
            templates += [text for text in (child.text, child.instruction) if text is not None]
            if child.question.expects_answer and child.question.by is None:
                return child
    return None
