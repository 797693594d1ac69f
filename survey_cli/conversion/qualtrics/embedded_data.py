"""Embedded data: fields of a respondent that are known before, or set in the survey flow."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from survey_cli.conversion.model.expressions import (
    NO_VALUE,
    YES,
    AnswerOf,
    Constant,
    Expression,
    FunctionCall,
    Unsupported,
)
from survey_cli.conversion.model.forms import FormCalculation, FormColumn, FormItem, Formula, Origin
from survey_cli.conversion.qualtrics.asked_questions import limit_size
from survey_cli.conversion.qualtrics.item_names import ItemNames
from survey_cli.conversion.qualtrics.survey_file import (
    JsonObject,
    SurveyFile,
    get_entries,
    get_text,
)

_BUILT_IN: Final = re.compile(r"Q_\w+|ResponseID|UserAgent|SurveyID|RecipientID|IPAddress")
"""Fields that Qualtrics fills itself."""
_PLACE: Final = "loc://"
"""What precedes the name of a field of a place, as in loc://PostalCode."""
_PLACE_NOTE: Final = (
    "Qualtrics finds {name} by the address of the computer; here the sample must have it in the "
    "column {column}, written as the conditions have it. If it is empty, it is like a place that "
    "isn't found: not equal to anything"
)


class Assignment(NamedTuple):
    """A value that the flow gives a field, if it gets there."""

    condition: Expression
    value: Expression
    text: str
    origin: Origin


@dataclass(eq=False)
class EmbeddedField:
    """A field of embedded data."""

    name: str
    """Its name in the questionnaire."""
    column: FormColumn | None = None
    """The column of the sample, if its value is known before."""
    assignments: list[Assignment] = field(default_factory=list)


class EmbeddedFields:
    """The fields of a survey while its flow is read."""

    def __init__(self, survey: SurveyFile, names: ItemNames) -> None:
        self._survey = survey
        self._names = names
        self._fields: dict[str, EmbeddedField] = {}
        self._lost: dict[str, str] = {}
        """Why the value of a field can't be known."""
        self._ahead = _count_assignments(survey)
        """How many assignments of a field are still to come in the flow."""

    def read(self, name: str) -> Expression:
        """Return the value of a field as it is at this point of the flow."""
        if name == "ResponseID":
            return FunctionCall("case")
        if _BUILT_IN.fullmatch(name):
            return Unsupported(f"the field {name} is known to Qualtrics only")
        if name in self._lost:
            return Unsupported(f"the field {name} isn't known: {self._lost[name]}")
        if name in self._survey.scripted_fields:
            return Unsupported(f"the field {name} is set by JavaScript")

        known = self._fields.get(name)
        if known is None:
            # what the flow doesn't set is known before: it comes with the link or the contact
            known = self.declare_column(name, Origin("flow", 1, "EmbeddedData"))
        if not known.assignments:
            if known.column is None:
                return NO_VALUE
            return AnswerOf(known.name)

        tree = limit_size(_build_value(known))
        if isinstance(tree, Constant):
            return tree
        if not self._ahead[name] and known.column is None:
            return AnswerOf(known.name)
        return tree

    def read_place(self, name: str) -> Expression:
        """Return what Qualtrics finds out about the place of a computer: City, loc://PostalCode.

        Here it is a column of the sample, as the place of a case can be known before the call.
        """
        plain = name.removeprefix(_PLACE)
        # With the prefix, it isn't taken for embedded data of the same name.
        key = _PLACE + plain
        known = self._fields.get(key)
        if known is None:
            column_name = self._names.choose_other(plain, "place")
            column = FormColumn(column_name, Origin("flow", 1, "GeoIP"))
            column.note("GeoIP", _PLACE_NOTE.format(name=plain, column=column_name))
            known = EmbeddedField(column_name, column)
            self._fields[key] = known
        return AnswerOf(known.name)

    def get_value(self, name: str) -> Expression:
        """Return how the value of a field is made at this point of the flow."""
        known = self._fields.get(name)
        if known is None:
            return NO_VALUE
        return limit_size(_build_value(known))

    def is_column(self, name: str) -> bool:
        """Return whether the value of a field comes with the sample."""
        known = self._fields.get(name)
        return known is not None and known.column is not None

    def declare_column(self, name: str, origin: Origin) -> EmbeddedField:
        """Make a field a column of the sample, and return it."""
        known = self._declare(name)
        if known.column is None:
            known.column = FormColumn(known.name, origin)
            if known.name != name:
                known.column.note("EmbeddedData", f"the column of the field {name}")
        return known

    def _declare(self, name: str) -> EmbeddedField:
        if name not in self._fields:
            self._fields[name] = EmbeddedField(self._names.choose_other(name, "field"))
        return self._fields[name]

    def assign(self, name: str, assignment: Assignment) -> None:
        """Give a field a value at this point of the flow."""
        known = self._declare(name)
        known.assignments.append(assignment)
        self._ahead[name] -= 1

    def lose(self, name: str, why: str) -> None:
        """Note that the value of a field can't be known from here on."""
        self._lost[name] = why
        self._ahead[name] -= 1

    def list_items(self) -> Iterator[FormItem]:
        """Yield the columns, and a calculation for each field that the flow sets."""
        for name, known in self._fields.items():
            if known.column is not None:
                yield known.column
            if not known.assignments or name in self._lost or known.column is not None:
                continue
            origin = known.assignments[0].origin
            texts = dict.fromkeys(assignment.text for assignment in known.assignments)
            formula = Formula(", ".join(texts), origin, _build_value(known))
            yield FormCalculation(known.name, origin.at(""), formula=formula)


def list_assignments(element: JsonObject) -> Iterator[tuple[str, str]]:
    """Yield the fields that an element of the flow sets, with their values."""
    for entry in get_entries(element.get("EmbeddedData")):
        value = get_text(entry.get("Value"))
        if entry.get("Type") != "Recipient" and "Value" in entry:
            yield get_text(entry.get("Field")), value


def _count_assignments(survey: SurveyFile) -> Counter[str]:
    counts: Counter[str] = Counter()
    for element in survey.iterate_flow():
        counts.update(name for name, _value in list_assignments(element))
    return counts


def _build_value(known: EmbeddedField) -> Expression:
    """Return the value that the last assignment has given that the flow came to."""
    tree: Expression = NO_VALUE
    if known.column is not None:
        tree = AnswerOf(known.name)
    for assignment in known.assignments:
        if assignment.condition == YES:
            tree = assignment.value
        else:
            tree = FunctionCall("if", (assignment.condition, assignment.value, tree))
    return tree
