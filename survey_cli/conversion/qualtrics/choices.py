"""Choices and answers of a question: their order, codes, texts, and when each is offered."""

import re
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from survey_cli.conversion.model.expressions import (
    YES,
    AnswerOf,
    Chosen,
    Constant,
    Expression,
    Not,
    Unsupported,
    join_all,
)
from survey_cli.conversion.model.forms import (
    ChoiceList,
    FormChoice,
    FormItem,
    FormQuestion,
    Formula,
    OfferedChoices,
    Origin,
)
from survey_cli.conversion.qualtrics.asked_questions import (
    AskedQuestion,
    AskedQuestions,
    limit_size,
)
from survey_cli.conversion.qualtrics.logic import LogicReader, read_locator, uses_device
from survey_cli.conversion.qualtrics.piped_text import TextReader, has_media
from survey_cli.conversion.qualtrics.survey_file import (
    JsonObject,
    get_mapping,
    get_number,
    get_text,
    is_on,
    sort_keys,
)

ChoiceKind = Literal["Choices", "Answers"]
DISPLAY_LOGIC: Final = "display logic"
_DISPLAY_KEYS: Final = ("DisplayLogic", "InPageDisplayLogic")

_CODE: Final = re.compile(r"0|-?[1-9]\d{0,8}")
_SUBSET: Final = ("SubSet", "Subset", "RandomWithOnlyX")
_MARKERS: Final = ("{~Randomized~}", "{~SubSet~}")
"""What stands in a fixed order for choices that are shuffled."""
_CARRIED: Final = re.compile(r"x(\w+)")
"""The id of a choice that is carried forward: x3 is the choice 3 of the other question."""


class SurveyChoice(NamedTuple):
    """A choice or an answer of a question."""

    id: str
    path: tuple[str, ...]
    """Where its text is in its question."""
    source: JsonObject
    """The question that has its text: another one if it is carried forward."""
    entry: JsonObject
    condition: Expression = YES
    """When it is carried forward; its own display logic is apart."""


class ChoiceOrder(NamedTuple):
    """The order of choices, or of the rows of a table."""

    order: Literal["written", "random", "flip"]
    fixed: frozenset[str] = frozenset()
    """The ids of those that keep their place when the others are shuffled."""
    drawn: int | None = None
    """How many are drawn at random; all if it is None."""
    is_drawn_evenly: bool = False


def list_choices(payload: JsonObject, kind: ChoiceKind) -> list[SurveyChoice]:
    """Return the choices or answers of a question in their order, without those carried forward."""
    entries = get_mapping(payload.get(kind))
    order_key = "ChoiceOrder" if kind == "Choices" else "AnswerOrder"
    order = [get_text(key) for key in get_mapping(payload.get(order_key)).values()]
    ids = [key for key in order if key in entries] or sort_keys(entries)
    if kind == "Choices":
        ids = _arrange_fixed(ids, payload)
    return [
        SurveyChoice(key, (kind, key, "Display"), payload, get_mapping(entries[key])) for key in ids
    ]


class ChoiceReader:
    """Reads the choices of questions at one point of the flow."""

    def __init__(self, asked: AskedQuestions, logic: LogicReader, texts: TextReader) -> None:
        self._asked = asked
        self._logic = logic
        self._texts = texts
        self._lists: dict[str, ChoiceList] = {}
        """Lists of choices by what is in them: questions with the same one share it."""

    # ── carried forward ───────────────────────────────────────────────────────────────────────────

    def list_all(self, payload: JsonObject, kind: ChoiceKind, item: FormItem) -> list[SurveyChoice]:
        """Return the choices of a question, those that are carried forward first."""
        own = list_choices(payload, kind)
        dynamic = get_mapping(payload.get(f"Dynamic{kind}"))
        locator = read_locator(get_text(dynamic.get("Locator")).partition("?")[0])
        if locator is None:
            if dynamic.get("Locator"):
                item.lose(kind, "choices of a list of Qualtrics' library are not in the survey")
            return own

        source = self._asked.get_last(locator.question)
        if source is None or source.is_table:
            item.lose(kind, f"choices of {locator.question} can't be carried forward")
            return own
        mode = locator.arguments[0] if locator.arguments else ""
        carried: list[SurveyChoice] = []
        for choice in list_choices(source.payload, "Choices"):
            condition = self._carry(source, choice.id, mode)
            carried.append(
                SurveyChoice(f"x{choice.id}", choice.path, source.payload, choice.entry, condition)
            )
        return carried + [choice for choice in own if not _CARRIED.fullmatch(choice.id)]

    def _carry(self, source: AskedQuestion, choice: str, mode: str) -> Expression:
        """Return the condition that a choice of another question is carried forward."""
        name = source.only_item
        code = source.codes.get(choice)
        chosen: Expression = Unsupported(f"{source.id} has no choice {choice}")
        if name and code is not None:
            chosen = Chosen(AnswerOf(name), Constant(code))
        match mode:
            case "AllChoices":
                return YES
            case "SelectedChoices" | "SelectedChoicesTextEntry":
                return chosen
            case "UnselectedChoices" | "NotSelectedChoices":
                return Not(chosen)
            case "DisplayedChoices":
                return source.build_choice_shown(f"Choices {choice}")
            case "NotDisplayedChoices":
                return Not(source.build_choice_shown(f"Choices {choice}"))
        return Unsupported(f"choices carried forward by {mode or 'nothing'}")

    # ── codes ─────────────────────────────────────────────────────────────────────────────────────

    def find_codes(
        self, payload: JsonObject, choices: list[SurveyChoice], item: FormItem
    ) -> dict[str, str]:
        """Return the codes of choices: their recode values, or else their ids."""
        recoded = get_mapping(payload.get("RecodeValues"))
        own = {choice.id: _get_plain_id(choice.id) for choice in choices}
        codes = {
            choice.id: get_text(recoded.get(choice.id)) or own[choice.id] for choice in choices
        }
        if _are_codes(codes):
            return codes

        wrong = [code for code in codes.values() if not _CODE.fullmatch(code)]
        if wrong:
            what = f"the recode value {wrong[0]!r} is no code"
        else:
            what = "two choices have the same recode value"
        if recoded:
            item.lose("RecodeValues", f"{what}: the ids of the choices are the codes")
        if _are_codes(own):
            return own
        return {choice.id: str(number) for number, choice in enumerate(choices, start=1)}

    # ── lists ─────────────────────────────────────────────────────────────────────────────────────

    def make_list(
        self,
        name: str,
        choices: list[SurveyChoice],
        codes: dict[str, str],
        item: FormItem,
        fixed: frozenset[str] = frozenset(),
    ) -> ChoiceList:
        """Return the list with these choices, one for all questions that have the same ones."""
        made: list[FormChoice] = []
        for choice in choices:
            origin = item.origin.at(" ".join(choice.path[:2]))
            texts = self._texts.read(choice.source, choice.path, origin)
            self._lose_settings(choice, item)
            made.append(
                FormChoice(
                    codes[choice.id],
                    origin,
                    texts,
                    asks_for_words=is_on(choice.entry.get("TextEntry")),
                    is_exclusive=is_on(choice.entry.get("ExclusiveAnswer")),
                    is_fixed=choice.id in fixed,
                )
            )
        key = repr(
            [
                (
                    choice.code,
                    choice.texts.by_language,
                    choice.asks_for_words,
                    choice.is_exclusive,
                    choice.is_fixed,
                )
                for choice in made
            ]
        )
        return self._lists.setdefault(key, ChoiceList(name, made))

    def _lose_settings(self, choice: SurveyChoice, item: FormItem) -> None:
        """Report what a choice has that nothing was made of."""
        column = f"{choice.path[0]} {choice.id}"
        if choice.entry.get("Image") or has_media(get_text(choice.entry.get("Display"))):
            item.lose(column, "the picture of a choice")
        if get_text(choice.entry.get("TextEntryValidation")) not in ("", "None"):
            item.lose(column, "the validation of the words of a choice")

    def read_offered(
        self,
        choices: list[SurveyChoice],
        kind: ChoiceKind,
        item: FormQuestion,
        asked: AskedQuestion,
    ) -> OfferedChoices | None:
        """Return when choices are offered; None if they always are."""
        conditions: list[Expression] = []
        formulas: list[Formula | None] = []
        for choice in choices:
            own = self.read_formula(choice.entry, item.origin, f"{kind} {choice.id}")
            formula = self.join_carried(choice, own, item, kind)
            formulas.append(formula)
            if formula is None:
                conditions.append(YES)
                continue
            conditions.append(formula.tree)
            key = f"{kind} {_get_plain_id(choice.id)}"
            asked.offered[key] = limit_size(formula.tree)

        existing = [formula for formula in formulas if formula is not None]
        if not existing:
            return None
        return OfferedChoices(existing[0], conditions, tuple(formulas))

    def join_carried(
        self,
        choice: SurveyChoice,
        own: Formula | None,
        item: FormItem,
        kind: ChoiceKind = "Choices",
    ) -> Formula | None:
        """Return the display logic of a choice with the condition of its being carried forward."""
        if choice.condition == YES:
            return own
        parts = [choice.condition]
        if own is not None:
            parts.append(own.tree)
        origin = item.origin.at(f"{kind} {choice.id}")
        return Formula("carried forward", origin, join_all(parts), counted_as=DISPLAY_LOGIC)

    def read_formula(self, entry: JsonObject, origin: Origin, where: str = "") -> Formula | None:
        """Return the display logic of a question, choice or answer; None if it has none.

        A question may have one logic for its page, and another within the page.
        """
        keys = [key for key in _DISPLAY_KEYS if get_mapping(entry.get(key))]
        if not keys:
            return None

        logics = [get_mapping(entry[key]) for key in keys]
        trees = [self._logic.read(logic) for logic in logics]
        texts = [describe_logic(logic) for logic in logics]
        column = f"{where} {keys[0]}".strip()
        return Formula(
            "; ".join(texts),
            origin.at(column),
            join_all(trees),
            uses_device=any(uses_device(logic) for logic in logics),
            counted_as=DISPLAY_LOGIC,
        )

    # ── order ─────────────────────────────────────────────────────────────────────────────────────

    def read_order(self, payload: JsonObject, item: FormItem) -> ChoiceOrder:
        """Return in which order choices or rows are shown, and how many of them."""
        randomization = get_mapping(payload.get("Randomization"))
        type_ = get_text(randomization.get("Type"))
        if type_ == "ScaleReversal" or is_on(randomization.get("ConsistentScaleReversal")):
            return ChoiceOrder("flip")
        if type_ in ("", "None"):
            return ChoiceOrder("written")

        advanced = get_mapping(randomization.get("Advanced"))
        drawn = _read_drawn(randomization) or _read_drawn(advanced)
        if type_ in _SUBSET:
            is_even = is_on(randomization.get("EvenPresentation"))
            return ChoiceOrder("random", drawn=drawn, is_drawn_evenly=is_even)
        if type_ not in ("All", "Advanced"):
            item.lose("Randomization", f"the order {type_} is not understood")
            return ChoiceOrder("written")

        if type_ == "Advanced" and drawn is not None:
            lose_drawn(item, drawn)
        hidden = [get_text(key) for key in get_mapping(advanced.get("Undisplayed")).values()]
        if hidden:
            item.lose("Randomization", f"that these choices are never shown: {', '.join(hidden)}")
        fixed = [get_text(key) for key in get_mapping(advanced.get("FixedOrder")).values()]
        return ChoiceOrder("random", frozenset(key for key in fixed if key not in _MARKERS))


def _read_drawn(settings: JsonObject) -> int | None:
    """Return how many choices are drawn at random; None if it isn't said, or is 0, for all."""
    total = get_number(settings.get("TotalRandSubset"))
    if total is None or int(total) == 0:
        return None
    return int(total)


def lose_drawn(item: FormItem, drawn: int) -> None:
    """Report that a question shows all of its choices instead of some, drawn at random."""
    item.lose("Randomization", f"that only {drawn} of the choices are shown, at random")


def _arrange_fixed(ids: list[str], payload: JsonObject) -> list[str]:
    """Return the choices in order, with the fixed ones where the fixed order has them.

    `["3", "{~Randomized~}", "{~Randomized~}"]` has the choice 3 first, and the others shuffled.
    """
    randomization = get_mapping(payload.get("Randomization"))
    if get_text(randomization.get("Type")) != "Advanced":
        return ids

    advanced = get_mapping(randomization.get("Advanced"))
    places = [get_text(key) for key in get_mapping(advanced.get("FixedOrder")).values()]
    others = [key for key in ids if key not in places]
    arranged: list[str] = []
    for place in places:
        if place in ids and place not in arranged:
            arranged.append(place)
        elif place in _MARKERS and others:
            arranged.append(others.pop(0))
    return arranged + others


def _are_codes(codes: Mapping[str, str]) -> bool:
    """Return whether all of these texts are codes, no two of them the same."""
    for code in codes.values():
        if not _CODE.fullmatch(code):
            return False
    return len(set(codes.values())) == len(codes)


def _get_plain_id(choice: str) -> str:
    """Return the id of a choice; of one carried forward, that in the other question."""
    match = _CARRIED.fullmatch(choice)
    return choice if match is None else match[1]


def describe_logic(logic: object) -> str:
    """Return a condition in Qualtrics' words, as far as the survey has them."""
    words: list[str] = []
    for entry in get_mapping(logic).values():
        parts = [part for part in get_mapping(entry).values() if isinstance(part, dict)]
        words += [get_text(part.get("Description")) for part in parts]
    plain = re.sub(r"<[^>]*>|\s+", " ", " ".join(words))
    return " ".join(plain.split())
