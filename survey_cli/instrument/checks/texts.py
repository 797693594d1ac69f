"""Checks of texts and languages: translations, fills, labels, characters, and the introduction."""

import ast
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from survey_cli.instrument.checks.source_items import (
    OwnedText,
    list_option_lists,
    list_texts,
    list_texts_with_fills,
    list_translated_texts,
    report,
)
from survey_cli.instrument.compiled.draft import InstrumentDraft, once_per_draft
from survey_cli.instrument.compiled.model import ItemGroup, Roster
from survey_cli.instrument.schema.items.coded import MultipleItem
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.unasked_items import EndItem
from survey_cli.instrument.source.nodes import YamlScalar, locate_key
from survey_cli.instrument.source.scalars import Text
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
        name, small = str(language), language.lower().replace("_", "-")
        if not _LANGUAGE_TAG.match(name):
            remedy = "write two or three lowercase letters: en, es, pt-br"
            remedy = f"write {small}" if _LANGUAGE_TAG.match(small) else remedy
            yield report(
                "bad-language", language, "languages", f"{name!r} is not a language tag", remedy
            )
        elif name in seen:
            yield report(
                "bad-language", language, "languages", f"{name} is listed twice", "remove one"
            )
        seen.add(name)


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
    return list(dict.fromkeys(str(la).lower().replace("_", "-") for la in draft.document.languages))


def missing_translation(draft: InstrumentDraft) -> Iterator[Problem]:
    """Texts are missing in some of the `languages:`. One problem lists all of them.

        text: {en: How old are you?, es: ¿Cuántos años tiene?}

    Until the translation is added, the text is read in the first language that it has.
    """
    languages = _list_languages(draft)
    lacking: dict[str, list[tuple[Position, str]]] = defaultdict(list)
    texts: dict[Position, OwnedText] = {}
    for owned in list_translated_texts(draft) if len(languages) > 1 else ():
        texts.setdefault(owned.text.where, owned)
    for where, (who, text) in texts.items():
        if not where.line:
            continue
        # what a PO file lacks is read in the first language
        if not any(is_in_catalog(scalar.where) for scalar in text.by_language.values()):
            for language in languages:
                if language not in text.by_language and language not in text.outdated:
                    lacking[language].append((where, who))
    if not lacking:
        return
    first = min(place for places in lacking.values() for place in places)
    parts = []
    for language, places in lacking.items():
        listed = [f"{who} (line {where.line})" for where, who in sorted(places)]
        count = format_quantity(len(places), "text")
        parts.append(f"{language} is missing from {count}: {join_first(listed, _MAX_LISTED)}")
    yield report(
        "missing-translation",
        first[0],
        first[1],
        "; ".join(parts),
        "add them, or remove the language",
    )


def incomplete_language(draft: InstrumentDraft) -> Iterator[Problem]:
    """A language is `required`, and texts are not translated into it. Nobody is interviewed in it until they are.

        languages: {en: required, es: required}

    Translate them, in the questionnaire or with `survey translations export`, or write `es:
    optional`.
    """
    languages = draft.document.languages
    for language in languages[1:]:
        if language in languages.required and (
            lacking := list_untranslated(draft.document, languages[0], language)
        ):
            count = (
                f"{format_quantity(len(lacking), 'text')} {pluralize(len(lacking), 'has', 'have')}"
            )
            what = f"{language} is required, and {count} no translation: {join_first(lacking, _MAX_LISTED)}"
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
    """A text is written only once although the file has several languages: it is read the same in all of them.

    That may be intended (a name, a number). It is reported once per file, at the first such text,
    unless the languages are required: then what has no translation is listed.
    """
    languages = draft.document.languages
    if len(languages) < 2 or languages.required - {draft.language}:
        return
    plain: dict[str, set[tuple[Position, str]]] = defaultdict(set)
    for who, text in list_texts(draft):
        if (
            text.plain is not None
            and not text.outdated
            and text.where.line
            and any(letter.isalpha() for letter in text.plain)
        ):
            plain[text.where.file].add((text.where, who))
    for places in plain.values():
        (where, who), others = min(places), len(places) - 1
        more = f", and so {pluralize(others, 'is', 'are')} {others} more" if others else ""
        what = f"this text is the same in all languages ({', '.join(languages)}){more}"
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
        intended = _ALIASES.get(language, language)
        if intended not in declared:
            intended = (
                find_nearest(language, ("text", "label", "note"))
                or find_nearest(language, declared)
                or ""
            )
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


def unlike_fills(draft: InstrumentDraft) -> Iterator[Problem]:
    """A fill is used in a text in one language and not in another.

        text: {en: "Is {name} at home?", es: "¿Está en casa?"}

    Add it to the translation, or remove it from both.
    """
    declared = _list_languages(draft)
    for who, template in list_texts_with_fills(draft) if len(declared) > 1 else ():
        fills = {
            la: {fill.key for fill in _list_fills(template, la)}
            for la in template.runs
            if la in declared
        }
        everywhere = set().union(*fills.values())
        for language, own_fills in fills.items():
            if lacking := sorted(everywhere - own_fills):
                texts = template.source.by_language
                other = next(la for la, names in fills.items() if lacking[0] in names)
                what = (
                    f"{language} has no {{{lacking[0]}}}: {shorten(texts[language], 60)!r}; "
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
            fill = next(
                (fill for fill in _list_fills(template, language) if _is_unsure(draft, who, fill)),
                None,
            )
            if fill is not None:
                scalar = template.source.by_language.get(language) or template.source.get(language)
                at, fill_text = find_fill(scalar, fill.key)
                what = f"{fill_text} may have no answer here, but the text has no alternative words"
                remedy = f"write {fill_text[:-1]}|alternative words}}"
                yield report(
                    "unsure-fill",
                    (scalar.find_position(at), len(fill_text)),
                    who,
                    what,
                    remedy,
                    "warning",
                )
                break


def _is_unsure(draft: InstrumentDraft, who: str, fill: TextFill) -> bool:
    """Return whether a fill may be missing and has no alternative words."""
    if fill.variable is None or fill.otherwise is not None:
        return False
    if not fill.variable.may_be_missing and not _may_exceed_turns(draft, fill):
        return False
    compute = draft.computes.get(fill.key)
    is_known = compute is not None and all(
        _is_never_missing(c.tree) for c in compute.conditions.values()
    )
    return not is_known and fill.key not in _list_answered_names(draft, who)


def _may_exceed_turns(draft: InstrumentDraft, fill: TextFill) -> bool:
    """Return whether a fill refers to a turn that the roster may not have."""
    if not isinstance(fill.turn, int) or fill.variable is None:
        return False
    roster = draft.symbol_table.rosters.get(fill.variable.drawn_from or str(fill.variable.roster))
    return fill.turn > 1 or roster is None or roster.until is None


def _is_never_missing(tree: ast.expr) -> bool:
    """Return whether a calculation always has a value: constants, choices among them, counts of conditions."""
    match tree:
        case ast.IfExp(body=body, orelse=orelse):
            return _is_never_missing(body) and _is_never_missing(orelse)
        case ast.Call(func=ast.Name(id="count"), args=args):
            return not any(isinstance(argument, ast.Name) for argument in args)
        case (
            ast.Call(func=ast.Name(id="answered" | "dk" | "refused" | "declined" | "today"))
            | ast.Constant()
        ):
            return True
        case _:
            return False


def _list_answered_names(draft: InstrumentDraft, who: str) -> set[str]:
    """List the names that have an answer whenever a text of this item is read: those in its conditions and checks."""
    names, item, symbol = {who}, draft.items.get(who), draft.symbols.get(who)
    around = [draft.groups.get(step.group) for step in symbol.path] if symbol is not None else []
    for node in (item, draft.groups.get(who), *around):
        if node is not None and node.ask_if is not None:
            names |= node.ask_if.names
    for check in item.checks if item is not None else ():
        names |= check.condition.names
    for index, passed in _list_passed_ends(draft):
        if symbol is not None and index < symbol.index:
            names |= passed
    return names


@once_per_draft
def _list_passed_ends(draft: InstrumentDraft) -> list[tuple[int, frozenset[str]]]:
    """List each `end` that everybody gets to and passes only if its `unless` holds: its index, and the names in it."""
    return list(_iterate_passed_ends(draft, draft.root)) if draft.root is not None else []


def _iterate_passed_ends(
    draft: InstrumentDraft, group: ItemGroup
) -> Iterator[tuple[int, frozenset[str]]]:
    for child in group.children:
        if child.ask_if is not None:
            continue
        if isinstance(child, ItemGroup):
            if child.unless is None and child.order == "written" and not isinstance(child, Roster):
                yield from _iterate_passed_ends(draft, child)
        elif (
            child.unless is not None
            and isinstance(child.question, EndItem)
            and child.id in draft.symbols
        ):
            yield draft.symbols[child.id].index, child.unless.names


def long_label(draft: InstrumentDraft) -> Iterator[Problem]:
    """A label is longer than SPSS allows: 256 bytes for a variable, 120 for a value. The .sav file shortens it.

        - {id: q1, type: single, text: (a long question), label: Hours of work, …}

    Give the item (or the option) a short `label:`; otherwise its text is the label.
    """
    languages = [str(language) for language in draft.document.languages]
    lists: set[int] = set()
    for name, item in draft.items.items():
        question = item.question
        if not question.expects_answer:
            continue
        is_multiple = question.__class__ is MultipleItem
        for language in (
            languages if is_multiple or _may_be_long(item.label, MAX_VARIABLE_LABEL_BYTES) else ()
        ):
            label = item.label.get(language)
            whole_label: str = label
            if is_multiple and item.options:
                longest = max((option.label.get(language) for option in item.options), key=len)
                whole_label = f"{label}: {longest}"
            if size := _count_bytes_beyond(whole_label, MAX_VARIABLE_LABEL_BYTES):
                which, remedy = "text, which is the label too,", "add a short label:"
                if question.label is not None:
                    which, remedy = "label", "shorten it"
                of = " with its longest option" if is_multiple else ""
                what = f"the {which}{of} has {size} bytes; SPSS stores {MAX_VARIABLE_LABEL_BYTES}"
                where = label.where if label.where.line else question.find_position("id")
                yield report("long-label", (where, len(label)), name, what, remedy, "warning")
                break
        if id(item.options) in lists or is_multiple:
            continue
        lists.add(id(item.options))
        for option in item.options:
            for language in languages if _may_be_long(option.label, MAX_VALUE_LABEL_BYTES) else ():
                label = option.label.get(language)
                if size := _count_bytes_beyond(label, MAX_VALUE_LABEL_BYTES):
                    what = f"the label of {option.code} has {size} bytes; SPSS stores {MAX_VALUE_LABEL_BYTES}"
                    remedy = "give the option a short label: in addition to its text"
                    yield report("long-label", label, item.scale or name, what, remedy, "warning")
                    break


def _may_be_long(label: Text, most: int) -> bool:
    return label.plain is None or len(label.plain) * 4 > most


def _count_bytes_beyond(text: str, most: int) -> int:
    """Return the length of a text in bytes if it exceeds `most`, else 0."""
    size = len(text.encode("utf-8", "replace"))
    return size if size > most else 0


def undeclared_daypart(draft: InstrumentDraft) -> Iterator[Problem]:
    """`dayparts:` at the top level defines the words for `{daypart}`: morning, afternoon, evening, and no others.

        dayparts: {morning: {en: morning, es: buenos días}, afternoon: …, evening: …}

    (The day parts over which calls are spread are defined under `fieldwork:`.)
    """
    parts = ("morning", "afternoon", "evening")
    for name in draft.document.dayparts:
        if str(name) not in parts:
            remedy = suggest_nearest(name, parts, otherwise=f"the parts are {', '.join(parts)}")
            yield report(
                "undeclared-daypart",
                name,
                "dayparts",
                f"{str(name)!r} is never used",
                remedy,
                "warning",
            )


_DIRECTION_MARKS: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Characters that change the direction of the text after them, so that it reads differently from
how it is written."""
_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u115f\u1160\u180e\u200b\u200d-\u200f\u2060-\u2064\u206a-\u206f\u3164\ufeff\uffa0\U000e0000-\U000e007f]"
)
_JOINER: Final = "\u200d"
_TAGS: Final = ("\U000e0020", "\U000e007f")
_QUOTES: Final = str.maketrans(
    {"’": "'", "‘": "'", "ʼ": "'", "´": "'", "`": "'", "“": '"', "”": '"', "„": '"'}
)


def turned_text(draft: InstrumentDraft) -> Iterator[Problem]:
    """A text contains a character that changes the direction of the text after it, so that it is displayed differently.

    Remove the character; the message names its position. Arabic and Hebrew do not need it.
    """
    for who, scalar in _list_non_ascii(draft):
        if match := _DIRECTION_MARKS.search(scalar):
            yield _make_problem(
                "turned-text",
                who,
                scalar,
                match.start(),
                "changes the direction of the text after it",
            )


def invisible(draft: InstrumentDraft) -> Iterator[Problem]:
    """A text or code contains a character of zero width. It was most likely pasted with the text.

    Texts that look alike would differ, and searches miss them. Remove it (the problem names its
    position). Within an emoji, and between Arabic or Indic letters, a joiner is correct and is not
    reported.
    """
    for who, scalar in _list_non_ascii(draft):
        for match in _INVISIBLE.finditer(scalar):
            if not _is_appropriate(scalar, match.start()):
                yield _make_problem("invisible", who, scalar, match.start(), "is invisible")
                break


@once_per_draft
def _list_non_ascii(draft: InstrumentDraft) -> Sequence[tuple[str, YamlScalar]]:
    """Return every text and code that is not plain ASCII, with its owner: once, even if several items share it."""
    texts: dict[Position, tuple[str, YamlScalar]] = {}
    written = (
        (who, word) for who, text in list_texts(draft) for _, word in text.iterate_languages()
    )
    codes = ((each.owner, code) for each in list_option_lists(draft) for code in each.node or ())
    for who, scalar in chain(written, codes):
        if not scalar.isascii() and isinstance(scalar, YamlScalar):
            texts.setdefault(scalar.where, (who, scalar))
    return list(texts.values())


def _is_appropriate(text: str, at: int) -> bool:
    """Return whether a character of zero width is correct at its position."""
    letter = text[at]
    if letter == _JOINER:
        before, after = text[max(0, at - 2) : at], text[at + 1 : at + 2]
        return bool(after) and any(_is_joining(c) for c in before) and _is_joining(after)
    if (
        letter in "\u200e\u200f"
    ):  # direction marks, which right-to-left texts need beside digits and signs
        return any(unicodedata.bidirectional(c) in ("R", "AL") for c in text)
    return _TAGS[0] <= letter <= _TAGS[1] and "\U0001f3f4" in text[:at]


def _is_joining(letter: str) -> bool:
    """Return whether it is an emoji, or a letter of a script whose letters join."""
    return unicodedata.category(letter) in ("So", "Sk", "Mn", "Mc", "Lo")


def _make_problem(rule: str, who: str, scalar: YamlScalar, at: int, why: str) -> Problem:
    name = unicodedata.name(scalar[at], "").lower()
    near = " ".join(scalar[max(0, at - 12) : at].split())
    after = f"after {near!r}" if near else "at the beginning"
    what = f"U+{ord(scalar[at]):04X}{f' ({name})' if name else ''} {after} {why}"
    return report(
        rule,
        scalar.find_position(at),
        who,
        what,
        "remove it: delete and retype the letters around it",
    )


def unlike_quotes(draft: InstrumentDraft) -> Iterator[Problem]:
    """Two labels differ only in their quotes (Don't, Don’t) or in how an accent is composed.

    Tables and programs treat them as two different answers. Write both the same way.
    """
    seen: dict[str, tuple[str, Position]] = {}
    reported: set[str] = set()
    for listed in list_option_lists(draft):
        for code, option in listed.options.items():
            for text in (
                option.text.by_language.values()
                if option.text.plain is None
                else (option.text.plain,)
            ):
                if text.isascii() and not any(quote in text for quote in "'\"`"):
                    continue
                normalized = unicodedata.normalize("NFC", text.translate(_QUOTES)).strip()
                first, where = seen.setdefault(normalized, (str(text), text.where))
                if first == text or normalized in reported:
                    continue
                reported.add(normalized)
                differs_in_accents = unicodedata.normalize("NFC", first) == unicodedata.normalize(
                    "NFC", text
                )
                how = "way of composing accents" if differs_in_accents else "quotes"
                at = text.where if text.where.line else locate_key(listed.node, code)
                what = f"{str(text)!r} differs from {first!r} at {where} only in its {how}"
                yield report(
                    "unlike-quotes",
                    (at, len(text)),
                    listed.owner,
                    what,
                    "write both the same way",
                    "warning",
                )


_FOR_WHOM: Final = re.compile(
    r"\b(?:for|from|of|with|behalf|de|del|para|von|vom|für|der|des|pour|du|da|do|di|per|van|voor)\s+"
    r"(?:(?:the|an?|la|el|los|las|le|les|der|die|das|dem|den|il|het|o)\s+)?[^\W\d_a-z]"
)
"""A word such as *for*, followed by a capitalized name."""


def introduction(draft: InstrumentDraft) -> Iterator[Problem]:
    """Nothing before or in the first question says who is calling, or for whom.

        - {id: hello, type: read, text: "Good {daypart}, this is {interviewer} calling for the Inspections Division."}

    Codes of practice require both. `{interviewer}` is the interviewer's name. The client counts as
    named by a fill, by words from `study:`, or by any name after `for`, `from` or `of`. A file
    without `study:`, `fieldwork:` and `sample:` is not used for calls and needs no introduction.
    """
    document = draft.document
    is_for_calls = (
        document.sample or document.fieldwork is not None or document.study.model_fields_set
    )
    if draft.root is None or draft.lost or not is_for_calls:
        return
    first, templates = _find_opening(draft.root)
    if first is None or first.id not in draft.symbols:
        return
    texts = [" ".join(str(w) for _, w in t.source.iterate_languages()) for t in templates]
    fills = {name for t in templates for name in t.iterate_names()}
    lacking = ["who is calling ({interviewer})"] if "interviewer" not in fills else []
    if not fills - set(BUILT_IN_FILLS) - {"options"} and not any(map(_FOR_WHOM.search, texts)):
        names = [t for t in (document.study.sponsor, document.study.conducted_by) if t is not None]
        written = [text.casefold() for t in names for _, text in t.iterate_languages()]
        words = {*written, *(word for text in written for word in re.findall(r"\w{4,}", text))}
        if not any(word in " ".join(texts).casefold() for word in words):
            lacking.append(
                f"for whom ({names[-1].get(draft.language) if names else 'the sponsor or the institute'})"
            )
    if lacking:
        what = f"neither this first question nor anything before it says {' and '.join(lacking)}"
        remedy = 'begin with a read item: "Good {daypart}, this is {interviewer} calling for …"'
        yield report(
            "introduction",
            (draft.symbols[first.id].where, len(first.id)),
            first.id,
            what,
            remedy,
            "warning",
        )


def _find_opening(root: ItemGroup) -> tuple[CompiledItem | None, list[Template]]:
    """Find the first question that a respondent is asked, and everything that is read up to it."""
    templates: list[Template] = []

    def below(group: ItemGroup) -> CompiledItem | None:
        templates.extend(t for t in (group.title, group.intro) if t is not None)
        for child in group.children:
            if isinstance(child, ItemGroup):
                if (question := below(child)) is not None:
                    return question
            else:
                templates.extend(t for t in (child.text, child.instruction) if t is not None)
                if child.question.expects_answer and child.question.by is None:
                    return child
        return None

    return below(root), templates
