"""Checks of wording, with `--wording`: habits that textbooks of questionnaire design advise against.

They know words of English and Spanish. They are warnings about a text, and never say that it is
wrong. Sources: Fowler, Improving Survey Questions (1995); Dillman, Smyth and Christian, Internet,
Phone, Mail, and Mixed-Mode Surveys (2014).
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from survey_cli.instrument.checks.source_items import list_texts, report
from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.schema.items.coded import MultipleItem, ScaleItem
from survey_cli.instrument.schema.items.groups import BatteryItem
from survey_cli.instrument.schema.items.question import CompiledItem, CompiledOption
from survey_cli.instrument.source.nodes import YamlScalar
from survey_cli.problems import Problem
from survey_cli.wording import shorten

MAX_WORDS: Final = 40
"""Words of a question that a respondent can keep in mind, read at 2 words per second."""

_NONE: Final = re.compile(
    r"(none|neither|nothing|no one|nobody|ningun[oa]?|ninguna de|nada|nadie)\b", re.IGNORECASE
)
_OTHER: Final = re.compile(
    r"(?i)((some )?other|another|something else|someone else|somewhere else|otr[oa]s?)\b[^A-Za-z]*"
    r"((place|person|reason|thing|answer|specify|especifique)\b.*)?\Z"
)
_TWO_THINGS: Final = re.compile(r"(?<=\w )(and|as well as|y)\b")
_OFFERS_ANSWERS: Final = re.compile(
    r"(?i)\{options|\bwould (you|that)\b|\b(was|is|are) (it|that|they)\b|\bdiría\b"
)
"""A second sentence that only offers the answers."""
_ONE_THING: Final = re.compile(
    r"\b(between|entre)\b|\b(\w+) (and|y) (more|less|\2)\b", re.IGNORECASE
)
_NEGATION: Final = re.compile(
    r"(?i)\b(not|never|no|nobody|nothing|cannot|\w+n['’]t|without|nunca|nadie|nada|sin)\b"
)
_OPPOSITION: Final = re.compile(
    r"(?i)\b(oppos\w+|against|disagree\w*|forb[ai]d\w*|ban(ned)?|prevent\w*|prohibi\w+|contra|impedir|prohibir)\b"
)
_NEGATIVE_LABEL: Final = re.compile(
    r"(?i)\b(dis\w+|un(satisf|happy|likely|import|fair|fav|friend|help|pleas)\w*|oppose|bad|badly|poor|worse|worst|"
    r"desacuerdo|insatisfech[oa]|mal[oa]?|mal|peor|improbable|difficult|difícil|unhelpful|negative)\b"
)
_MIDDLE_LABEL: Final = re.compile(
    r"(?i)\b(neither|neutral|both|about the same|same|fair|average|undecided|regular|igual|ni|in between|middle|"
    r"depends?)\b"
)
_BAND: Final = re.compile(
    r"\D{0,12}?(?P<low>\d[\d,. ]*?)\s*(?:-|–|to|until|a|hasta|and under|to under|to less than)\s*"
    r"\D{0,4}(?P<high>\d[\d,.]*)"
)
_NUMBERS_OF_SCALE: Final = re.compile(
    r"\b(?:from|scale of|de|del|between|entre)\s+(-?\d+)\s+(?:to|a|al|and|y)\s+(-?\d+)\b",
    re.IGNORECASE,
)
_MARKUP: Final = re.compile(r"</?[A-Za-z][^>]*>|(?<!\w)\[[^\]]*\]|\$\{\w+\}|&(?:nbsp|amp|lt|gt);")


def _iterate_questions(draft: InstrumentDraft) -> Iterator[tuple[CompiledItem, YamlScalar]]:
    """Yield each question with the text that is read aloud, in every language."""
    for item in draft.items.values():
        for _, text in item.text.source.iterate_languages() if item.question.expects_answer else ():
            if text.where.line:
                yield item, text


def _iterate_lists(
    draft: InstrumentDraft,
) -> Iterator[tuple[CompiledItem, Sequence[CompiledOption]]]:
    """Yield each list of options once, with the first item that uses it."""
    seen: set[int] = set()
    for item in draft.items.values():
        if item.options and id(item.options) not in seen:
            seen.add(id(item.options))
            yield item, item.options


def _warn(rule: str, item: CompiledItem, text: YamlScalar, what: str, remedy: str) -> Problem:
    return report(rule, text, item.id, what, remedy, "warning")


def unkeyed_option(draft: InstrumentDraft) -> Iterator[Problem]:
    """An option reads "none" or "other", without the key that makes it so.

    7: {text: None of these, exclusive: true}     it can't be chosen together with another
    8: {text: Other, specify: true}               the words are asked for and stored
    """
    for item, options in _iterate_lists(draft):
        for option in options:
            for _, text in option.text.source.iterate_languages():
                if (
                    _NONE.match(text)
                    and isinstance(item.question, MultipleItem)
                    and not option.exclusive
                ):
                    what, remedy = (
                        f"{text!r} can be chosen together with other options",
                        "add exclusive: true",
                    )
                    yield _warn("unkeyed-option", item, text, what, remedy)
                elif _OTHER.match(text) and not option.specify:
                    remedy = "add specify: true, or say what it stands for"
                    yield _warn(
                        "unkeyed-option", item, text, f"{text!r} doesn't ask what it is", remedy
                    )


def two_questions(draft: InstrumentDraft) -> Iterator[Problem]:
    """A text asks two things at once. Somebody may agree with one and not with the other.

        text: How satisfied are you with the pay and the hours?     → two questions

    A question with two question marks is reported, and a statement of a scale or battery with
    *and*.
    """
    for item, text in _iterate_questions(draft):
        questions = [
            part for part in re.findall(r"[^.?!]+\?", text) if not _OFFERS_ANSWERS.search(part)
        ]
        if len(questions) > 1:
            what = f"this asks {len(questions)} questions: an answer can't tell which one it is for"
            yield _warn(
                "two-questions",
                item,
                text,
                what,
                "ask them one after the other, or make one a read item",
            )
        elif isinstance(item.question, ScaleItem | BatteryItem) and len(text.split()) < MAX_WORDS:
            match = _TWO_THINGS.search(text)
            if match and not _ONE_THING.search(text):
                what = f"{shorten(text, 60)!r} may ask about two things: {match[0]!r} joins them"
                yield _warn(
                    "two-questions",
                    item,
                    text,
                    what,
                    "split it, if an answer could differ between them",
                )


def double_negative(draft: InstrumentDraft) -> Iterator[Problem]:
    """A sentence has two negations, so that yes and no are easily confused.

        text: Do you not oppose the plan?     → Do you support the plan?

    Only sentences that are asked count.
    """
    for item, text in _iterate_questions(draft):
        for sentence in re.split(r"[.?!;:]\s", text):
            negations = [match[0] for match in _NEGATION.finditer(sentence)]
            negations += [match[0] for match in _OPPOSITION.finditer(sentence)] if negations else []
            if len(negations) > 1:
                what = f"this is negative twice ({negations[0]!r}, {negations[1]!r})"
                yield _warn("double-negative", item, text, what, "say it positively")
                break


def long_question(draft: InstrumentDraft) -> Iterator[Problem]:
    """A question has more than 40 words, without its options: it takes over 20 seconds to read.

    Say what comes first in a `read` item or in the section's `intro:`, and ask briefly.
    """
    for item, text in _iterate_questions(draft):
        if (words := len(text.split())) > MAX_WORDS:
            remedy = "shorten it, or move what comes before the question into a read item"
            yield _warn("long-question", item, text, f"this question has {words} words", remedy)


def unbalanced_scale(draft: InstrumentDraft) -> Iterator[Problem]:
    """A scale has more positive than negative answers, or the other way round, which leads to one side.

        {1: Excellent, 2: Very good, 3: Good, 4: Bad}     three against one

    Middle answers and those not in the percentages don't count.
    """
    for item, options in _iterate_lists(draft):
        if isinstance(item.question, MultipleItem) or not 3 <= len(options) <= 11:
            continue
        labels = [
            str(option.text.source.get(draft.language)) for option in options if not option.missing
        ]
        if any(label.strip("0123456789") == "" for label in labels):
            continue  # a scale of numbers, of which only the ends have words
        sides = Counter(
            bool(_NEGATIVE_LABEL.search(label))
            for label in labels
            if not _MIDDLE_LABEL.search(label)
        )
        if sides[True] and sides[False] and abs(sides[True] - sides[False]) > 1:
            what = f"this scale has {sides[False]} positive and {sides[True]} negative answers"
            text = options[0].text.source.get(draft.language)
            yield _warn("unbalanced-scale", item, text, what, "offer as many of both")


def uneven_bands(draft: InstrumentDraft) -> Iterator[Problem]:
    """Bands of numbers overlap, or leave a gap.

        {1: 18 to 25, 2: 25 to 34, 3: 36 to 49}     25 is in two, 35 in none

    Let every number belong to exactly one band.
    """
    for item, options in _iterate_lists(draft):
        last: tuple[float, YamlScalar] | None = None
        for option in options:
            text = option.text.source.get(draft.language)
            match, before, last = _BAND.match(text), last, None
            if match is None:
                continue
            low, high = (
                float(re.sub(r"[,. ](?=\d{3}\b)", "", match[side]).rstrip(".,"))
                for side in ("low", "high")
            )
            if before is not None and low > high:
                continue
            last, what = (high, text), ""
            step = 1 if low.is_integer() and high.is_integer() else 0
            if (
                before is not None
                and low <= before[0]
                and "under" not in before[1]
                and "less than" not in before[1]
            ):
                what = f"{low:g} is in {str(before[1])!r} and in {str(text)!r}"
            elif before is not None and low > before[0] + step:
                what = f"between {str(before[1])!r} and {str(text)!r} there is a gap"
            if what:
                yield _warn("uneven-bands", item, text, what, "let each number belong to one band")


def other_numbers(draft: InstrumentDraft) -> Iterator[Problem]:
    """The text names other ends of the scale than `from:` and `to:`.

        - {id: q1, type: scale, from: 0, to: 10, text: "On a scale of 1 to 10, …"}

    Correct the text or the scale.
    """
    for item, text in _iterate_questions(draft):
        question = item.question
        if (
            not isinstance(question, ScaleItem | BatteryItem)
            or question.from_ is None
            or question.to is None
        ):
            continue
        for match in _NUMBERS_OF_SCALE.finditer(text):
            if sorted((int(match[1]), int(match[2]))) != [question.from_, question.to]:
                scale = f"the scale goes from {question.from_} to {question.to}"
                what = f"the text says {match[1]} to {match[2]}, and {scale}"
                yield _warn("other-numbers", item, text, what, "make them equal")


def markup_aloud(draft: InstrumentDraft) -> Iterator[Problem]:
    """Square brackets, HTML or `${…}` stand in a text that is read aloud.

        text: "[IF NECESSARY: read again] How old are you?"     → instruction: If necessary, read again.

    Words for the interviewer are an `instruction:`; a value of an answer is a fill: `{q1}`.
    """
    for owner, text in list_texts(draft):
        for _, written in text.iterate_languages():
            if written.where.line and (match := _MARKUP.search(written)):
                remedy = "use {name} for a value, instruction: for the interviewer's eyes; texts have no formatting"
                what = f"{shorten(match[0], 40)!r} would be read aloud"
                yield report("markup-aloud", written, owner, what, remedy, "warning")
