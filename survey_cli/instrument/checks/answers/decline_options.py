"""Checks of options and declines: an option with the meaning of a decline, which the data would contain twice."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from string import punctuation
from typing import Final

from survey_cli.instrument.checks.source_items import find_options_node, shorten_text
from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.schema.items.coded import CodedItem
from survey_cli.instrument.schema.items.question import CompiledDecline, CompiledItem
from survey_cli.instrument.schema.items.typed import NumberItem
from survey_cli.instrument.source.nodes import find_node, locate_key
from survey_cli.instrument.source.scalars import Text
from survey_cli.problems import Position, Problem
from survey_cli.values import Code
from survey_cli.wording import MAX_LISTED, join_words, pluralize

_PHRASES: Final = {
    "dk": """don't know|do not know|dont know|i don't know|doesn't know|does not know|no sabe|no sé|no lo sabe|no lo sé
ne sait pas|je ne sais pas|nsp|weiß nicht|weiss nicht|weiß ich nicht|ich weiß nicht|weiß es nicht|não sabe|não sei
non sa|non so|non lo so|weet niet|weet ik niet|weet het niet|vet ej|vet inte|ved ikke|nie wiem|bilmiyorum|не знаю
не знает|затрудняюсь ответить|لا أعرف|لا يعرف|पता नहीं|わからない|分からない|不知道|모름|모르겠다""",
    "refused": """refused|refuse|refuses|refusal|refused to answer|refuses to answer|prefer not to say|no answer
prefer not to answer|prefers not to say|prefers not to answer|rather not say|would rather not say|won't say|will not say
no contesta|no responde|se niega|prefiero no contestar|prefiero no responder|prefiero no decirlo|refus|refusé
refuse de répondre|ne veut pas répondre|préfère ne pas répondre|sans réponse|verweigert|verweigerung|keine angabe
keine antwort|möchte nicht antworten|möchte ich nicht sagen|recusa|recusou|não responde|não respondeu
prefiro não responder|rifiuta|rifiuto|non risponde|preferisco non rispondere|weigert|geweigerd|geen antwoord
wil niet zeggen|zeg ik liever niet|vill ej svara|ønsker ikke å svare|odmowa|odmawia odpowiedzi|cevap yok|отказ
отказ от ответа|отказался|رفض|يرفض الإجابة|मना किया|जवाब देने से मना किया|無回答|回答拒否|答えたくない|拒绝回答|무응답""",
}
"""Usual wordings in questionnaires, in addition to the study's own texts for its declines."""
_KINDS: Final = {
    phrase: kind for kind, lines in _PHRASES.items() for line in lines.split("\n") for phrase in line.split("|")
}
_MARKS: Final = punctuation + " «»“”„‘…¿¡"
_VOLUNTEERED: Final = re.compile(r"^(?:vol|volunteered|do not read|dnr)\W+|\W+(?:vol|volunteered|do not read)$")


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
        question = item.question
        options = _collect_texts(item)
        key = (item.scale or id(question._node), id(item.declines))
        if not options or not item.declines or key in reported:
            continue
        reported.add(key)
        phrases = phrases_by_declines.get(id(item.declines))
        if phrases is None:
            phrases = phrases_by_declines[id(item.declines)] = _list_phrases(item.declines)
        duplicates: dict[str, Code] = {}
        for code, text in options.items():
            kind = _find_decline(text, phrases)
            if kind is not None:
                duplicates.setdefault(kind, code)
        if not duplicates:
            continue
        where, owner = (
            _locate_option(draft, item, next(iter(duplicates.values()))),
            item.scale or _find_owner(draft, name),
        )
        listed = [f"{code} ({shorten_text(options[code], draft)})" for code in duplicates.values()]
        ways = join_words([f".{kind}" for kind in duplicates])
        subject, verb = pluralize(len(duplicates), "option"), pluralize(len(duplicates), "has", "have")
        what = f"the {subject} {join_words(listed, most=MAX_LISTED)} {verb} the same meaning as {ways}"
        yield Problem(
            "option-declines",
            where,
            owner,
            what,
            _write_remedy(item, duplicates),
            "warning",
            len(str(next(iter(duplicates.values())))),
        )


def _collect_texts(item: CompiledItem) -> Mapping[Code, Text]:
    if isinstance(item.question, NumberItem):
        return {code: text for code, text in item.question.options.items()}  # noqa: C416  # its keys are of a narrower type
    return {option.code: option.text.source for option in item.options} if isinstance(item.question, CodedItem) else {}


def _list_phrases(declines: tuple[CompiledDecline, ...]) -> dict[str, str]:
    """Map each phrase for one of these declines, in any language, to the decline's id."""
    ids = {decline.id for decline in declines}
    own_phrases = {_normalize(text): decline.id for decline in declines for _, text in decline.text.iterate_languages()}
    return {phrase: kind for phrase, kind in _KINDS.items() if kind in ids} | own_phrases


def _find_decline(text: Text, phrases: Mapping[str, str]) -> str | None:
    """Find the decline with the meaning of an option's text in any language."""
    if text.plain is not None:
        return phrases.get(_normalize(text.plain))
    meanings = (phrases.get(_normalize(scalar)) for _, scalar in text.iterate_languages())
    return next(filter(None, meanings), None)


def _locate_option(draft: InstrumentDraft, item: CompiledItem, code: Code) -> Position:
    if item.scale is not None:
        return locate_key(find_options_node(draft.document.scales[item.scale]), code)  # type: ignore[index]
    node = find_node(item.question._node, "options")
    return locate_key(node, code) if node is not None else item.question.find_position("id")


def _find_owner(draft: InstrumentDraft, name: str) -> str:
    """Return the item that the list belongs to: for a statement, its battery."""
    symbol = draft.symbols.get(name)
    return str(symbol.question.id) if symbol is not None and symbol.question is not None else name


def _write_remedy(item: CompiledItem, duplicates: Mapping[str, Code]) -> str:
    if not all(isinstance(code, int) for code in duplicates.values()):
        return f"remove {'it' if len(duplicates) == 1 else 'them'} from the options"
    codes = ", ".join(f"{d.id}: {duplicates.get(d.id, d.code)}" for d in item.declines)
    at = f" at the items that use {item.scale}" if item.scale is not None else ""
    return f"remove {'it' if len(duplicates) == 1 else 'them'} from the options, and write declines: {{{codes}}}{at}"
