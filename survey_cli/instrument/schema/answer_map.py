"""Maps of answers as written: the columns and codes of another data file that give the answers.

`services/data/import_answers.py` compares them with that file and with the questionnaire.
"""

from typing import Annotated, TypeAlias

from pydantic import Field

from survey_cli.instrument.schema.options import SpecModel
from survey_cli.instrument.schema.scenario_file import ANY_REPLY, Answer, PlaceKey, parse_reply
from survey_cli.instrument.source import scalars
from survey_cli.instrument.source.nodes import YamlScalar
from survey_cli.instrument.source.scalars import Label, Name


def _parse_meaning(node: object) -> YamlScalar:
    """Parse what a code of the file means: an answer, a decline, or an empty text for no answer."""
    if isinstance(node, YamlScalar) and not node and not node.plain:
        return node
    return parse_reply(node)


Meaning: TypeAlias = Annotated[
    YamlScalar, scalars.ParseWith(_parse_meaning, ANY_REPLY), "what a code means"
]


class AnswerMap(SpecModel):
    """A file that maps the columns of another data file to the items of a questionnaire."""

    key: Label | None = None
    """The column that identifies a row: each value is there once. If left out: `interview_case`, or
    the questionnaire's sample column with the role `key`."""
    began: Label | None = None
    """The column with the date, or the date and time, of the interview. If left out:
    `interview_began`, or the time of the import."""
    language: Name | None = None
    """The language of the interviews. If left out: the first of the questionnaire."""
    columns: dict[Label, Label] = Field(default_factory=dict)
    """The column for each variable of the questionnaire: `{age: V12, media_1: V13A}`. A `multiple`
    may also be in one column with several codes: `{media: V13}`. If left out: the columns have the
    variables' names."""
    codes: dict[Label, Meaning] = Field(default_factory=dict)
    """What codes mean in all columns: `{-8: .dk, -9: .refused, -1: ""}`. An empty text is no
    answer."""
    recode: dict[Label, dict[Label, Meaning]] = Field(default_factory=dict)
    """What codes mean in the column of one variable: `{sex: {M: 2, F: 1}}`."""
    answers: dict[PlaceKey, Answer] = Field(default_factory=dict)
    """Answers of every interview, where the file has no column: `{consent: 1}`."""
    empty: Name | None = None
    """The decline that an empty cell means where the question was asked: `refused`. If left out: an
    error."""
