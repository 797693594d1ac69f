"""Checks of texts and languages: translations, fills, words for missing answers, and label lengths."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from survey_cli.instrument.checks.wording.text_list import list_texts, list_texts_with_fills, list_translated_texts
from survey_cli.instrument.compiled.draft import InstrumentDraft, once_per_draft
from survey_cli.instrument.compiled.model import ItemGroup, Roster
from survey_cli.instrument.schema.items.coded import MultipleItem
from survey_cli.instrument.schema.items.unasked_items import EndItem
from survey_cli.instrument.source.nodes import NOWHERE, YamlScalar, locate_name
from survey_cli.instrument.source.scalars import Text
from survey_cli.instrument.texts.templates import Template, TextFill, find_fill
from survey_cli.instrument.texts.translations import list_untranslated
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
        where, name = locate_name(language), str(language)
        if not _LANGUAGE_TAG.match(name):
            small = name.lower().replace("_", "-")
            remedy = (
                f"write {small}"
                if _LANGUAGE_TAG.match(small)
                else "write two or three lowercase letters: en, es, pt-br"
            )
            yield Problem(
                "bad-language", where, "languages", f"{name!r} is not a language tag", remedy, length=len(name)
            )
        elif name in seen:
            yield Problem("bad-language", where, "languages", f"{name} is listed twice", "remove one", length=len(name))
        seen.add(name)


_LANGUAGE_ALIASES: Final = {
    "sp": "es",
    "spa": "es",
    "eng": "en",
    "ge": "de",
    "ger": "de",
    "fre": "fr",
    "jp": "ja",
    "cn": "zh",
}


def _list_languages(draft: InstrumentDraft) -> list[str]:
    """List the file's languages, each once, in their correct form."""
    return list(dict.fromkeys(str(la).lower().replace("_", "-") for la in draft.document.languages))


def missing_translation(draft: InstrumentDraft) -> Iterator[Problem]:
    """Texts are missing in some of the `languages:`. One problem lists all of them.

        text: {en: How old are you?, es: ¿Cuántos años tiene?}

    Until the translation is added, the text is read in the first language that it has.
    """
    languages = _list_languages(draft)
    if len(languages) < 2:
        return
    lacking: dict[str, list[tuple[Position, str]]] = defaultdict(list)
    seen: set[Position] = set()
    for who, text in list_translated_texts(draft):
        if text.where in seen or not text.where.line:
            continue
        seen.add(text.where)
        for language in languages:
            if language not in text.by_language and not _is_from_catalog(text):
                lacking[language].append((text.where, who))
    if not lacking:
        return
    first = min(place for places in lacking.values() for place in places)
    parts = []
    for language, places in lacking.items():
        listed = [f"{who} (line {where.line})" for where, who in sorted(places)]
        count = format_quantity(len(places), "text")
        parts.append(f"{language} is missing from {count}: {join_first(listed, _MAX_LISTED)}")
    yield Problem("missing-translation", first[0], first[1], "; ".join(parts), "add them, or remove the language")


def _is_from_catalog(text: Text) -> bool:
    """Return whether a translation is from a PO file; what these lack is read in the first language."""
    return any(str(scalar.where.file).endswith(".po") for scalar in text.by_language.values())


def incomplete_language(draft: InstrumentDraft) -> Iterator[Problem]:
    """A language is `required`, and texts are not translated into it. Nobody is interviewed in it until they are.

        languages: {en: required, es: required}

    Translate them, in the questionnaire or with `survey translations export`, or write `es: optional`.
    """
    base, *others = draft.document.languages or [YamlScalar("en", NOWHERE)]
    for language in others:
        lacking = (
            list_untranslated(draft.document, base, language) if language in draft.document.languages.required else []
        )
        if lacking:
            count = f"{format_quantity(len(lacking), 'text')} {pluralize(len(lacking), 'has', 'have')}"
            what = f"{language} is required, and {count} no translation: {join_first(lacking, _MAX_LISTED)}"
            remedy = f"translate them, or write {language}: optional"
            where = locate_name(language)
            yield Problem("incomplete-language", where, "languages", what, remedy, "warning", len(language))


def one_language(draft: InstrumentDraft) -> Iterator[Problem]:
    """A text is written only once although the file has several languages: it is read the same in all of them.

    That may be intended (a name, a number). It is reported once per file, at the first such text, unless the languages
    are required: then what has no translation is listed.
    """
    if len(draft.document.languages) < 2 or draft.document.languages.required - {draft.language}:
        return
    plain: dict[str, list[tuple[Position, str]]] = defaultdict(list)
    for who, text in list_texts(draft):
        if text.plain is not None and text.where.line and any(letter.isalpha() for letter in text.plain):
            plain[text.where.file].append((text.where, who))
    for places in plain.values():
        unique = sorted(set(places))
        where, who = unique[0]
        others = len(unique) - 1
        more = f", and so {pluralize(others, 'is', 'are')} {others} more" if others else ""
        both = ", ".join(str(language) for language in draft.document.languages)
        what = f"this text is the same in all languages ({both}){more}"
        first, second = draft.document.languages[:2]
        remedy = f"write {{{first}: …, {second}: …}} if they differ"
        yield Problem("one-language", where, who, what, remedy, "warning")


def undeclared_language(draft: InstrumentDraft) -> Iterator[Problem]:
    """A text is written in a language that is not listed under `languages:`, so it is never read.

        languages: [en, es]
        text: {en: Hello, sp: Hola}     → es: Hola

    Correct the tag, or add the language to the list.
    """
    declared = _list_languages(draft)
    for who, text in list_translated_texts(draft):
        if text.by_language.keys() <= set(declared):
            continue
        for language, scalar in text.by_language.items():
            if language not in declared and scalar.where.line:
                add = f"add it: languages: [{', '.join([*declared, language])}]"
                intended = _LANGUAGE_ALIASES.get(language, language)
                if intended not in declared:
                    intended = (
                        find_nearest(language, ("text", "label", "note")) or find_nearest(language, declared) or ""
                    )
                remedy = f"did you mean {intended!r}?" if intended else add
                if intended == language:
                    remedy = "write the text itself: only languages can be keys here"
                what = f"{language!r} is not one of the languages of this file"
                yield Problem("undeclared-language", scalar.where, who, what, remedy, length=len(scalar))


def unlike_fills(draft: InstrumentDraft) -> Iterator[Problem]:
    """A fill is used in a text in one language and not in another.

        text: {en: "Is {name} at home?", es: "¿Está en casa?"}

    Add it to the translation, or remove it from both.
    """
    if len(draft.document.languages) < 2:
        return
    declared = _list_languages(draft)
    for who, template in list_texts_with_fills(draft):
        if len(template.runs) < 2:
            continue
        fills = {la: _list_fills(template, la) for la in template.runs if la in declared}
        everywhere = set().union(*fills.values())
        for language, own_fills in fills.items():
            lacking = sorted(everywhere - own_fills)
            if not lacking:
                continue
            scalar = template.source.by_language[language]
            other = next(la for la, names in fills.items() if lacking[0] in names)
            what = (
                f"{language} has no {{{lacking[0]}}}: {shorten(scalar, 60)!r}; "
                f"{other}: {shorten(template.source.by_language[other], 60)!r}"
            )
            yield Problem(
                "unlike-fills",
                scalar.where,
                who,
                what,
                "add the fill, or remove it from both",
                "warning",
                len(scalar),
            )
            break


def _list_fills(template: Template, language: str) -> set[str]:
    return {part.key for parts, _ in template.runs[language] for part in parts if isinstance(part, TextFill)}


def unsure_fill(draft: InstrumentDraft) -> Iterator[Problem]:
    """A text fills in a value that may be missing when it is read, without alternative words.

        text: "You said {hours} hours."     after a don't know it becomes "You said … hours."
        → "You said {hours|that many} hours."

    It is not reported if the item's own `ask_if` or check refers to the variable, which then has an answer.
    """
    for who, template in list_texts_with_fills(draft):
        for language in template.runs:
            fill = _find_unsure_fill(draft, who, template, language)
            if fill is None:
                continue
            scalar = template.source.by_language.get(language) or template.source.get(language)
            at = max(find_fill(scalar, fill.key), 0)
            fill_text = scalar[at : scalar.find("}", at) + 1]
            what = f"{fill_text} may have no answer here, but the text has no alternative words"
            remedy = f"write {fill_text[:-1]}|alternative words}}"
            yield Problem("unsure-fill", scalar.find_position(at), who, what, remedy, "warning", len(fill_text))
            break


def _find_unsure_fill(draft: InstrumentDraft, who: str, template: Template, language: str) -> TextFill | None:
    """Find the first fill of a text that may be missing and has no alternative words."""
    for parts, _ in template.runs[language]:
        for part in parts:
            if not isinstance(part, TextFill) or part.variable is None or part.otherwise is not None:
                continue
            if not part.variable.may_be_missing and not _may_exceed_turns(draft, part):
                continue
            compute = draft.computes.get(part.key)
            if compute is not None and all(_is_never_missing(c.tree) for c in compute.conditions.values()):
                continue
            if part.key not in _list_answered_names(draft, who):
                return part
    return None


def _may_exceed_turns(draft: InstrumentDraft, fill: TextFill) -> bool:
    """Return whether a fill refers to a turn that the roster may not have."""
    if not isinstance(fill.turn, int) or fill.variable is None or fill.variable.roster is None:
        return False
    roster = draft.symbol_table.rosters.get(fill.variable.roster)
    return fill.turn > 1 or roster is None or roster.until is None


def _is_never_missing(tree: ast.expr) -> bool:
    """Return whether a calculation always has a value: constants, choices among them, counts of conditions."""
    match tree:
        case ast.Constant():
            return True
        case ast.IfExp(body=body, orelse=orelse):
            return _is_never_missing(body) and _is_never_missing(orelse)
        case ast.Call(func=ast.Name(id="count"), args=args):
            return not any(isinstance(argument, ast.Name) for argument in args)
        case ast.Call(func=ast.Name(id=name)):
            return name in ("answered", "dk", "refused", "declined", "today")
        case _:
            return False


def _list_answered_names(draft: InstrumentDraft, who: str) -> set[str]:
    """List the names that have an answer whenever a text of this item is read: those in its conditions and checks."""
    names = {who}
    item, group = draft.items.get(who), draft.groups.get(who)
    for node in (item, group):
        if node is not None and node.ask_if is not None:
            names |= node.ask_if.names
    for check in item.checks if item is not None else ():
        names |= check.condition.names
    path = draft.symbols[who].path if who in draft.symbols else ()
    for step in path:
        outer_group = draft.groups.get(step.group)
        if outer_group is not None and outer_group.ask_if is not None:
            names |= outer_group.ask_if.names
    own_index = draft.symbols[who].index if who in draft.symbols else -1
    for index, passed in _list_passed_ends(draft):
        if index < own_index:
            names |= passed
    return names


@once_per_draft
def _list_passed_ends(draft: InstrumentDraft) -> list[tuple[int, frozenset[str]]]:
    """List each `end` that everybody gets to and passes only if its `unless` holds: its index, and the names in it."""
    return list(_iterate_passed_ends(draft, draft.root)) if draft.root is not None else []


def _iterate_passed_ends(draft: InstrumentDraft, group: ItemGroup) -> Iterator[tuple[int, frozenset[str]]]:
    for child in group.children:
        if child.ask_if is not None:
            continue
        if isinstance(child, ItemGroup):
            if child.unless is None and child.order == "written" and not isinstance(child, Roster):
                yield from _iterate_passed_ends(draft, child)
        elif child.unless is not None and isinstance(child.question, EndItem) and child.id in draft.symbols:
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
        plain = item.label.plain
        short = plain is not None and not is_multiple and not _count_bytes_beyond(plain, MAX_VARIABLE_LABEL_BYTES)
        for language in () if short else languages:
            label = item.label.get(language)
            size = _count_bytes_beyond(label, MAX_VARIABLE_LABEL_BYTES)
            if is_multiple and item.options:
                longest = max(item.options, key=lambda o: len(o.label.get(language)))
                column_label = f"{label}: {longest.label.get(language)}"
                size = _count_bytes_beyond(column_label, MAX_VARIABLE_LABEL_BYTES)
            if size:
                has_own_label = question.label is not None
                of = " with its longest option" if is_multiple else ""
                which = "label" if has_own_label else "text, which is the label too,"
                what = f"the {which}{of} has {size} bytes; SPSS stores {MAX_VARIABLE_LABEL_BYTES}"
                remedy = "shorten it" if has_own_label else "add a short label:"
                where = label.where if label.where.line else question.find_position("id")
                yield Problem("long-label", where, name, what, remedy, "warning", len(label))
                break
        if id(item.options) in lists or is_multiple:
            continue
        lists.add(id(item.options))
        for option in item.options:
            plain = option.label.plain
            for language in () if plain is not None and len(plain) * 4 <= MAX_VALUE_LABEL_BYTES else languages:
                label = option.label.get(language)
                if size := _count_bytes_beyond(label, MAX_VALUE_LABEL_BYTES):
                    what = f"the label of {option.code} has {size} bytes; SPSS stores {MAX_VALUE_LABEL_BYTES}"
                    remedy = "give the option a short label: in addition to its text"
                    yield Problem("long-label", label.where, item.scale or name, what, remedy, "warning", len(label))
                    break


def _count_bytes_beyond(text: str, most: int) -> int:
    """Return the length of a text in bytes if it exceeds `most`, else 0."""
    if len(text) * 4 <= most or (text.isascii() and len(text) <= most):
        return 0
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
            what = f"{str(name)!r} is never used"
            yield Problem("undeclared-daypart", locate_name(name), "dayparts", what, remedy, "warning", len(name))
