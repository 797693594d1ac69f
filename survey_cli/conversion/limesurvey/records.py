"""Records of a survey of LimeSurvey, whichever file they come from."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from survey_cli.conversion.model.forms import Origin, SystemWords

MOST_DIGITS: Final = 18
"""The digits of a whole number, which has 64 bits in LimeSurvey's database."""
LanguageTexts: TypeAlias = dict[str, str]
"""A text by the codes that LimeSurvey gives languages, such as `de-informal`."""


@dataclass
class AnswerRecord:
    """An answer of a question, which has a code."""

    code: str
    scale: str
    origin: Origin
    texts: LanguageTexts = field(default_factory=dict)


@dataclass
class SubquestionRecord:
    """A row of an array, a choice of several, a field of several; or a column of an array."""

    id: str
    code: str
    scale: str
    origin: Origin
    relevance: str = ""
    texts: LanguageTexts = field(default_factory=dict)


@dataclass
class QuestionRecord:
    """A question."""

    id: str
    code: str
    type: str
    origin: Origin
    relevance: str = ""
    pattern: str = ""
    """The regular expression that an answer must match."""
    has_other: bool = False
    mandatory: str = "N"
    texts: LanguageTexts = field(default_factory=dict)
    help: LanguageTexts = field(default_factory=dict)
    attributes: dict[str, LanguageTexts] = field(default_factory=dict)
    """By name and language; the language is empty for an attribute of all languages."""
    default: str = ""
    has_default_of_parts: bool = False
    """A subquestion has a value that it begins with."""
    subquestions: list[SubquestionRecord] = field(default_factory=list)
    answers: list[AnswerRecord] = field(default_factory=list)

    def get_attribute(self, name: str) -> str:
        """Return an attribute; of several languages the first, and empty if it isn't set."""
        for value in self.attributes.get(name, {}).values():
            if value.strip():
                return value.strip()
        return ""

    def is_set(self, name: str) -> bool:
        """Return whether an attribute with the values 0 and 1 is 1."""
        return self.get_attribute(name) in ("1", "Y")

    def list_parts(self, scale: str = "0") -> list[SubquestionRecord]:
        """Return the subquestions of a scale; 1 has the columns of an array of fields."""
        return [part for part in self.subquestions if part.scale == scale]

    def list_answers(self, scale: str = "0") -> list[AnswerRecord]:
        """Return the answers of a scale; an array with two scales has 0 and 1."""
        return [answer for answer in self.answers if answer.scale == scale]


@dataclass
class GroupRecord:
    """A group of questions."""

    id: str
    origin: Origin
    relevance: str = ""
    random_group: str = ""
    names: LanguageTexts = field(default_factory=dict)
    descriptions: LanguageTexts = field(default_factory=dict)
    questions: list[QuestionRecord] = field(default_factory=list)


@dataclass
class QuotaRecord:
    """A quota, and the answers that count for it."""

    name: str
    origin: Origin
    limit: int
    is_active: bool
    ends_interview: bool
    members: list[tuple[str, str]] = field(default_factory=list)
    """The ids of questions, each with a code."""
    messages: LanguageTexts = field(default_factory=dict)


class OldCondition(NamedTuple):
    """A row of the table `conditions`, which was the only logic before version 1.92."""

    question: str
    field: str
    method: str
    value: str
    scenario: int


class UnreadRow(NamedTuple):
    """A row of a kind that isn't read."""

    origin: Origin
    kind: str
    name: str


@dataclass
class SurveyRecords:
    """A survey."""

    words: SystemWords
    pattern_column: str
    """The column that has the regular expression of an answer."""
    id: str = ""
    languages: list[str] = field(default_factory=list)
    """As LimeSurvey calls them, the default first."""
    settings: dict[str, str] = field(default_factory=dict)
    texts: dict[str, LanguageTexts] = field(default_factory=dict)
    """The title, the welcome text and the others, by the names of their settings."""
    groups: list[GroupRecord] = field(default_factory=list)
    quotas: list[QuotaRecord] = field(default_factory=list)
    conditions: list[OldCondition] = field(default_factory=list)
    unread: list[UnreadRow] = field(default_factory=list)

    def list_questions(self) -> list[QuestionRecord]:
        """Return the questions in the order of the survey."""
        return [question for group in self.groups for question in group.questions]
