"""Checks of wording, with `--wording`: habits that textbooks of question design advise against.

They know words of English and Spanish. They are warnings about a text, and never say that it is
wrong. Sources: Fowler, Improving Survey Questions (1995); Dillman, Smyth and Christian, Internet,
Phone, Mail, and Mixed-Mode Surveys (2014).
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

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
    r"(?i)\b(oppos\w+|against|disagree\w*|forb[ai]d\w*|ban(ned)?|prevent\w*|prohibi\w+"
    r"|contra|impedir|prohibir)\b"
)
_NEGATIVE_LABEL: Final = re.compile(
    r"(?i)\b(dis\w+|un(satisf|happy|likely|import|fair|fav|friend|help|pleas)\w*|oppose|bad|badly"
    r"|poor|worse|worst|desacuerdo|insatisfech[oa]|mal[oa]?|mal|peor|improbable"
    r"|difficult|difícil|unhelpful|negative)\b"
)
_MIDDLE_LABEL: Final = re.compile(
    r"(?i)\b(neither|neutral|both|about the same|same|fair|average|undecided|regular|igual|ni"
    r"|in between|middle|depends?)\b"
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
    """Yield every question with the text that is read aloud, in every language."""
    for item in draft.items.values():
        if not item.question.expects_answer:
            continue
        for _, text in item.text.source.iterate_languages():
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
        is_multiple = isinstance(item.question, MultipleItem)
        for option in options:
            for _, text in option.text.source.iterate_languages():
                if is_multiple and not option.exclusive and _NONE.match(text):
                    what = f"{text!r} can be chosen together with other options"
                    yield _warn("unkeyed-option", item, text, what, "add exclusive: true")
                elif not option.specify and _OTHER.match(text):
                    what = f"{text!r} doesn't ask what it is"
                    remedy = "add specify: true, or say what it stands for"
                    yield _warn("unkeyed-option", item, text, what, remedy)


def two_questions(draft: InstrumentDraft) -> Iterator[Problem]:
    """A text asks two things at once. Somebody may agree with one and not with the other.

        text: How satisfied are you with the pay and the hours?     → two questions

    A question with two question marks is reported, and a statement of a scale or battery with
    *and*.
    """
    for item, text in _iterate_questions(draft):
        sentences = re.findall(r"[^.?!]+\?", text)
        questions = [sentence for sentence in sentences if not _OFFERS_ANSWERS.search(sentence)]
        if len(questions) > 1:
            what = f"this asks {len(questions)} questions: an answer can't tell which one it is for"
            remedy = "ask them one after the other, or make one a read item"
            yield _warn("two-questions", item, text, what, remedy)
        elif isinstance(item.question, ScaleItem | BatteryItem) and len(text.split()) < MAX_WORDS:
            match = _TWO_THINGS.search(text)
            if match and not _ONE_THING.search(text):
                what = f"{shorten(text, 60)!r} may ask about two things: {match[0]!r} joins them"
                remedy = "split it, if an answer could differ between them"
                yield _warn("two-questions", item, text, what, remedy)


def double_negative(draft: InstrumentDraft) -> Iterator[Problem]:
    """A sentence has two negations, so that yes and no are easily confused.

        text: Do you not oppose the plan?     → Do you support the plan?

    Only sentences that are asked count.
    """
    for item, text in _iterate_questions(draft):
        for sentence in re.split(r"[.?!;:]\s", text):
            negations = [match[0] for match in _NEGATION.finditer(sentence)]
            if negations:  # a word such as "against" alone is no negation
                negations += [match[0] for match in _OPPOSITION.finditer(sentence)]
            if len(negations) > 1:
                what = f"this is negative twice ({negations[0]!r}, {negations[1]!r})"
                yield _warn("double-negative", item, text, what, "say it positively")
                break


def long_question(draft: InstrumentDraft) -> Iterator[Problem]:
    """A question has more than 40 words, without its options: it takes over 20 seconds to read.

    Say what comes first in a `read` item or in the section's `intro:`, and ask briefly.
    """
    for item, text in _iterate_questions(draft):
        count = len(text.split())
        if count > MAX_WORDS:
            remedy = "shorten it, or move what comes before the question into a read item"
            yield _warn("long-question", item, text, f"this question has {count} words", remedy)


def unbalanced_scale(draft: InstrumentDraft) -> Iterator[Problem]:
    """A scale has more positive than negative answers, or the other way round.

        {1: Excellent, 2: Very good, 3: Good, 4: Bad}     three against one

    Middle answers and those not in the percentages don't count.
    """
    for item, options in _iterate_lists(draft):
        if isinstance(item.question, MultipleItem) or not 3 <= len(options) <= 11:
            continue
        texts = [option.text.source for option in options if not option.missing]
        labels = [str(text.get(draft.language)) for text in texts]
        if any(label.strip("0123456789") == "" for label in labels):
            continue  # a scale of numbers, of which only the ends have words
        sides = [label for label in labels if not _MIDDLE_LABEL.search(label)]
        negative = sum(bool(_NEGATIVE_LABEL.search(label)) for label in sides)
        positive = len(sides) - negative
        if negative and positive and abs(negative - positive) > 1:
            what = f"this scale has {positive} positive and {negative} negative answers"
            text = options[0].text.source.get(draft.language)
            yield _warn("unbalanced-scale", item, text, what, "offer as many of both")


class _Band(NamedTuple):
    """A band of numbers, such as `18 to 25`."""

    low: float
    high: float
    text: YamlScalar

    @property
    def is_below_its_end(self) -> bool:
        """Return whether the end itself belongs to the next band: `10 to under 20`."""
        return "under" in self.text or "less than" in self.text


def uneven_bands(draft: InstrumentDraft) -> Iterator[Problem]:
    """Bands of numbers overlap, or leave a gap.

        {1: 18 to 25, 2: 25 to 34, 3: 36 to 49}     25 is in two, 35 in none

    Let every number belong to exactly one band.
    """
    for item, options in _iterate_lists(draft):
        before: _Band | None = None
        for option in options:
            band = _read_band(option.text.source.get(draft.language))
            # Only neighbors are compared, and numbers that go down are no band.
            if band is not None and before is not None:
                what = "" if band.low > band.high else _compare_bands(before, band)
                if what:
                    remedy = "let each number belong to one band"
                    yield _warn("uneven-bands", item, band.text, what, remedy)
                if band.low > band.high:
                    band = None
            before = band


def _read_band(text: YamlScalar) -> _Band | None:
    """Read the numbers of a band; None if the text isn't one."""
    match = _BAND.match(text)
    if match is None:
        return None
    return _Band(_read_number(match["low"]), _read_number(match["high"]), text)


def _read_number(written: str) -> float:
    """Read a number whose thousands are separated: `1,000`."""
    return float(re.sub(r"[,. ](?=\d{3}\b)", "", written).rstrip(".,"))


def _compare_bands(before: _Band, band: _Band) -> str:
    """Describe an overlap or a gap between neighboring bands; empty if they have neither."""
    if band.low <= before.high and not before.is_below_its_end:
        return f"{band.low:g} is in {str(before.text)!r} and in {str(band.text)!r}"
    are_whole = band.low.is_integer() and band.high.is_integer()
    step = 1 if are_whole else 0
    if band.low > before.high + step:
        return f"between {str(before.text)!r} and {str(band.text)!r} there is a gap"
    return ""


def other_numbers(draft: InstrumentDraft) -> Iterator[Problem]:
    """The text names other ends of the scale than `from:` and `to:`.

        - {id: q1, type: scale, from: 0, to: 10, text: "On a scale of 1 to 10, …"}

    Correct the text or the scale.
    """
    for item, text in _iterate_questions(draft):
        question = item.question
        if not isinstance(question, ScaleItem | BatteryItem):
            continue
        if question.from_ is None or question.to is None:
            continue
        for match in _NUMBERS_OF_SCALE.finditer(text):
            if sorted((int(match[1]), int(match[2]))) != [question.from_, question.to]:
                scale = f"the scale goes from {question.from_} to {question.to}"
                what = f"the text says {match[1]} to {match[2]}, and {scale}"
                yield _warn("other-numbers", item, text, what, "make them equal")


def markup_aloud(draft: InstrumentDraft) -> Iterator[Problem]:
    """Square brackets, HTML or `${…}` are in a text that is read aloud.

        text: "[IF NECESSARY: read again] How old are you?"
                                            → instruction: If necessary, read again.

    Words for the interviewer are an `instruction:`; a value of an answer is a fill: `{q1}`.
    """
    remedy = (
        "use {name} for a value, instruction: for the interviewer's eyes; texts have no formatting"
    )
    for owner, text in list_texts(draft):
        for _, written in text.iterate_languages():
            match = _MARKUP.search(written) if written.where.line else None
            if match:
                what = f"{shorten(match[0], 40)!r} would be read aloud"
                yield report("markup-aloud", written, owner, what, remedy, "warning")
