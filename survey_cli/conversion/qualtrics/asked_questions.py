"""Questions of a survey, with the items that they have become, for conditions and texts."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from types import MappingProxyType
from typing import Final, NamedTuple

from survey_cli.conversion.markup import strip_markup
from survey_cli.conversion.model.expressions import (
    YES,
    All,
    AnswerOf,
    Expression,
    Not,
    Shown,
    Unsupported,
    iterate_parts,
    join_all,
    join_any,
)
from survey_cli.conversion.model.forms import AnswerKind
from survey_cli.conversion.qualtrics.survey_file import (
    JsonObject,
    SurveyFile,
    get_mapping,
    get_text,
)

_MOST_COPIES: Final = 6
"""How many times a question may be asked so that a condition tests all of them."""
_MOST_QUESTIONS: Final = 20_000
"""The most questions of a flow. A block can be in it any number of times."""
_MOST_CELLS: Final = 100_000
"""The most cells of a table: its rows times its answers."""
_MOST_PARTS: Final = 400
"""The most parts of a condition that is inserted into others, whose size it multiplies."""


class MergeLoop(NamedTuple):
    """A loop of loop and merge."""

    key: str
    """Its key in the survey; empty in a roster."""
    fields: Mapping[str, str]
    """The texts that are piped into its questions, by their numbers."""
    condition: Expression = YES
    """When it is gone through."""
    is_roster: bool = False
    """It stands for all loops: they are the turns of a roster, and have no texts of their own."""


NO_LOOP: Final = MergeLoop("", MappingProxyType({}))
ROSTER_LOOP: Final = MergeLoop("", MappingProxyType({}), is_roster=True)


@dataclass(eq=False)
class AskedQuestion:
    """A question at one place of the flow, or a column of a side by side."""

    id: str
    """QID5; the second column of a side by side is QID5#2."""
    payload: JsonObject
    answer: AnswerKind | None = None
    """None for a text that is read aloud, and for what the questionnaire doesn't have."""
    items: dict[str, str] = field(default_factory=dict)
    """The names of its items: by the choice, by `row/column` of a table of texts, or by an empty
    text if there is only one."""
    codes: dict[str, str] = field(default_factory=dict)
    """Codes by the ids of choices; in a table by those of its answers, or by `row/answer`."""
    offered: dict[str, Expression] = field(default_factory=dict)
    """The display logic of its choices and answers, by `Choices 3` and `Answers 2`."""
    is_ranking: bool = False
    is_table: bool = False
    """Its choices are rows, and its answers the columns."""
    fixed_rows: frozenset[str] = frozenset()
    """The rows that keep their place when the others are shuffled."""
    unconditional: str = ""
    """The name of an item that is shown whenever the question is; empty if there isn't one."""
    passage: int = 0
    """The number of the pass through a block in which it is asked."""
    loop: str = ""
    """The loop of a loop and merge in which it is asked; empty for none."""

    @property
    def only_item(self) -> str:
        """Return the name of its only item; empty if it has several or none."""
        return self.items.get("", "")

    def find_code(self, words: str) -> str:
        """Return the code of the choice with this text; empty if there isn't one."""
        for choice, entry in get_mapping(self.payload.get("Choices")).items():
            text = strip_markup(get_text(get_mapping(entry).get("Display")))
            if text.replace("**", "") == words.strip():
                return self.codes.get(choice, "")
        return ""

    def build_shown(self) -> Expression:
        """Return the condition that the question was shown."""
        if self.unconditional:
            return Shown(AnswerOf(self.unconditional))
        if not self.items:
            return Unsupported(f"{self.id} has no counterpart in the questionnaire")
        return join_any([Shown(AnswerOf(name)) for name in self.items.values()])

    def build_choice_shown(self, key: str) -> Expression:
        """Return the condition that a choice was shown: `Choices 3`, or `Answers 2`."""
        row = key.removeprefix("Choices ")
        if self.is_table and row in self.items:
            return Shown(AnswerOf(self.items[row]))
        parts = [self.build_shown()]
        if key in self.offered:
            parts.append(self.offered[key])
        return join_all(parts)


def limit_size(tree: Expression) -> Expression:
    """Return a condition or value to be inserted into others; an Unsupported if it is too large.

    If each of thirty choices is shown on the condition of the one before, twice, the last condition
    would have a thousand million parts.
    """
    parts = islice(iterate_parts(tree), _MOST_PARTS + 1)
    if sum(1 for _ in parts) > _MOST_PARTS:
        return Unsupported("it depends on too many other conditions")
    return tree


BuildFromQuestion = Callable[[AskedQuestion], Expression]
"""Makes what is said of a question, once it is known which one."""


class AskedQuestions:
    """The questions that were read so far, in the order of the flow."""

    def __init__(self, survey: SurveyFile) -> None:
        self._survey = survey
        self._asked: dict[str, list[AskedQuestion]] = {}
        self._number = 0
        self.passage = 0
        """The number of the pass through a block that is being read."""
        self.loop = NO_LOOP
        """The loop that is being read; conditions and texts ask for its fields."""

    @contextmanager
    def enter_loop(self, loop: MergeLoop) -> Iterator[None]:
        """Read what is in a loop."""
        self.loop = loop
        try:
            yield
        finally:
            self.loop = NO_LOOP

    def add(self, asked: AskedQuestion) -> None:
        """Add a question that is asked now. Raises UserError if there are far too many."""
        self._number += 1
        if self._number > _MOST_QUESTIONS:
            raise self._survey.refuse("its flow has far more questions than a survey")
        asked.passage = self.passage
        asked.loop = self.loop.key
        self._asked.setdefault(asked.id, []).append(asked)

    def check_table(self, rows: int, columns: int) -> None:
        """Raise UserError if a table has far too many cells."""
        if rows * columns > _MOST_CELLS:
            raise self._survey.refuse("a table in it has far more cells than a survey")

    def remove(self, asked: AskedQuestion) -> None:
        """Remove the question that was added last."""
        self._asked[asked.id].remove(asked)

    def is_never_shown(self, question_id: str) -> bool:
        """Return whether a question of the survey is in no block of the flow."""
        own_id, _, _ = question_id.partition("#")
        is_known = own_id in self._survey.questions
        return is_known and own_id not in self._survey.used_questions

    def resolve(
        self, question_id: str, build: BuildFromQuestion, *, if_never: Expression, loop: str = ""
    ) -> Expression:
        """Return what `build` says of a question, wherever it has been asked.

        If it has been asked at several places, the last one at which it was shown counts.
        """
        if self.is_never_shown(question_id):
            return if_never

        places = self._asked.get(question_id, [])
        if loop and places:
            places = [place for place in places if place.loop == loop]
            if not places:
                return Unsupported(f"the loop {loop} of {question_id} is a turn of a roster")
        if not places:
            own_id, _, _ = question_id.partition("#")
            if own_id in self._survey.questions:
                return Unsupported(f"{question_id} is asked later")
            return Unsupported(f"the survey has no question {question_id}")

        last = places[-1]
        if last.passage == self.passage or len(places) == 1:
            return build(last)
        if len(places) > _MOST_COPIES:
            return Unsupported(f"{question_id} is asked in {len(places)} places")

        tree = build(places[0])
        for place in places[1:]:
            shown = place.build_shown()
            tree = join_any([All((shown, build(place))), All((Not(shown), tree))])
        return tree

    def find_code(self, item: str, words: str) -> str:
        """Return the code of the choice of an item that has this text; empty if none has."""
        for places in self._asked.values():
            for place in places:
                if place.only_item == item:
                    return place.find_code(words)
        return ""

    def get_last(self, question_id: str) -> AskedQuestion | None:
        """Return a question where it was asked last; None if it wasn't asked yet."""
        places = self._asked.get(question_id)
        return places[-1] if places else None
