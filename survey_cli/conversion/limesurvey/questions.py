"""Items of a form, made of the questions of a survey by their types."""

from typing import Final

from survey_cli.conversion.limesurvey.choices import AnswerListReader
from survey_cli.conversion.limesurvey.meaning import read_value
from survey_cli.conversion.limesurvey.question_types import (
    CODE_TABLES,
    LONG_TEXTS,
    MULTIPLE_TYPES,
    OTHER_IN_MULTIPLE,
    SINGLE_TYPES,
    TEXT_TYPES,
)
from survey_cli.conversion.limesurvey.records import (
    AnswerRecord,
    QuestionRecord,
    SubquestionRecord,
    SurveyRecords,
)
from survey_cli.conversion.limesurvey.script import split_text
from survey_cli.conversion.limesurvey.script_reader import ScriptReader
from survey_cli.conversion.limesurvey.validation import ValidationReader
from survey_cli.conversion.limesurvey.variables import (
    find_random_numbers,
    list_filter_sources,
)
from survey_cli.conversion.model.expressions import (
    SELF,
    Constant,
    Expression,
    FunctionCall,
    Sign,
    Unsupported,
    ValueComparison,
    join_all,
)
from survey_cli.conversion.model.forms import (
    AnswerKind,
    ChoiceList,
    FormCalculation,
    FormChoice,
    FormColumn,
    FormGroup,
    FormItem,
    FormNote,
    FormQuestion,
    Formula,
    LeftOut,
    Texts,
)

_LOST_ATTRIBUTES: Final = {
    "code_filter": "only some codes are shown in the filtered list",
    "commented_checkbox": "when a comment may be typed",
    "exclude_all_others_auto": "an exclusive choice that is checked once all others are",
    "equation_default": "a value that an equation begins with",
    "location_mapservice": "a map",
    "maximum_chars": "the length of the answer",
    "other_comment_mandatory": "a comment that must be typed with other",
    "other_numbers_only": "other is a number",
    "prefix": "the words in front of the field",
    "time_limit": "a time limit",
}
"""What an attribute says that has no counterpart, or has one only in some questions."""
_DATE_LIMITS: Final[tuple[tuple[str, Sign], ...]] = (("date_min", ">="), ("date_max", "<="))
_OFF: Final = ("0", "N", "")


class QuestionReader:
    """Makes the items of one survey."""

    def __init__(self, records: SurveyRecords, scripts: ScriptReader) -> None:
        self._words = records.words
        self._scripts = scripts
        self._choices = AnswerListReader(records, scripts)
        self._validation = ValidationReader(records, scripts)

    def read(self, question: QuestionRecord) -> list[FormItem]:
        """Return the items of a question: one, or the question and a comment on it."""
        items = self._read_by_type(question)
        condition = self._scripts.read_relevance(question)
        for item in items:
            item.condition = _join_formulas(condition, item.condition)
        self._remark_attributes(question, items[0])
        return items

    def _read_by_type(self, question: QuestionRecord) -> list[FormItem]:
        type_ = question.type
        if question.is_set("hidden") and type_ not in ("*", "X"):
            return [self._read_hidden(question)]
        if type_ == "O":
            return self._read_with_comment(question)
        return [self._read_one(question, type_)]

    def _read_one(self, question: QuestionRecord, type_: str) -> FormItem:
        if type_ in SINGLE_TYPES:
            return self._read_single(question)
        if type_ in MULTIPLE_TYPES:
            return self._read_multiple(question)
        if type_ in CODE_TABLES:
            return self._read_table(question)
        if type_ in TEXT_TYPES:
            return self._read_text_question(question)
        match type_:
            case "N":
                return self._read_number(question)
            case "D":
                return self._read_date(question)
            case "R":
                return self._read_ranking(question)
            case "1":
                return self._read_two_scales(question)
            case "K" | "Q":
                return self._read_fields(question)
            case ":" | ";":
                return self._read_cells(question)
            case "X":
                return self._read_note(question)
            case "*":
                return self._read_equation(question)
            case "I":
                why = "the interview's language is chosen with a command"
                return LeftOut(question.code, question.origin, why=why, is_stored_anyway=True)
            case "|":
                why = "an interview by telephone has no file"
                return LeftOut(question.code, question.origin, why=why)
        return LeftOut(question.code, question.origin, why=f"the type {type_} is unknown")

    def _read_hidden(self, question: QuestionRecord) -> FormItem:
        """Return what stands for a question that is never shown, and gets its value elsewhere."""
        if question.default:
            formula = Formula(
                question.default,
                question.origin.at(self._words.default),
                self._read_default_tree(question),
            )
            calculation = FormCalculation(question.code, question.origin, formula=formula)
            calculation.note("hidden", "a question that is never shown: its default is its value")
            return calculation
        column = FormColumn(question.code, question.origin)
        column.note("hidden", "a question that is never shown: its value comes from the sample")
        return column

    def _read_note(self, question: QuestionRecord) -> FormItem:
        if question.is_set("hidden"):
            return LeftOut(question.code, question.origin, why="a text that is never shown")
        note = FormNote(question.code, question.origin)
        note.label = self._read_label(question)
        note.help = self._read_help(question)
        return note

    def _read_equation(self, question: QuestionRecord) -> FormItem:
        """Return the value of an equation, which is an expression or a text with some."""
        column = self._words.calculation
        script = question.get_attribute("equation")
        if not script:
            column = self._words.label
            script = next(iter(question.texts.values()), "")
        origin = question.origin.at(column)
        if find_random_numbers(question):
            formula = Formula(script, origin, FunctionCall("random"))
            return FormCalculation(question.code, question.origin, formula=formula)

        context = self._scripts.make_context(question)
        trees: list[Expression] = []
        for part, is_expression in split_text(script.strip()):
            if is_expression:
                self._scripts.texts.note_columns(part)
                meaning = read_value(part, context)
                self._scripts.note_differences(meaning, origin, question.code)
                trees.append(meaning.tree)
            elif part.strip():
                trees.append(Constant(part))
        if len(trees) == 1:
            tree = trees[0]
        else:
            tree = FunctionCall("concat", tuple(trees))
        formula = Formula(script, origin, tree)
        return FormCalculation(question.code, question.origin, formula=formula)

    def _make_question(
        self,
        question: QuestionRecord,
        answer: AnswerKind,
        name: str = "",
        part: SubquestionRecord | None = None,
    ) -> FormQuestion:
        """Return a question, or one of its parts with the text of the part."""
        origin = question.origin if part is None else part.origin
        item = FormQuestion(name or question.code, origin, answer=answer, type=question.type)
        if part is None:
            item.label = self._read_label(question)
            item.help = self._read_help(question)
        else:
            item.label = self._scripts.read_text(
                part.texts, part.origin.at(self._words.label), item.name
            )
        if question.mandatory == "Y":
            item.required = "yes"
        elif question.mandatory == "S":
            item.note(self._words.required, "an answer is only asked for: it may be declined")
        return item

    def _read_label(self, question: QuestionRecord) -> Texts:
        return self._scripts.read_text(
            question.texts, question.origin.at(self._words.label), question.code
        )

    def _read_help(self, question: QuestionRecord) -> Texts:
        return self._scripts.read_text(question.help, question.origin.at("help"), question.code)

    def _read_single(self, question: QuestionRecord) -> FormQuestion:
        item = self._make_question(question, "code")
        item.choices = self._choices.read_choices(question, question.list_answers())
        item.is_scale = question.type == "5"
        item.order = self._choices.read_order(question, "answer_order", item)
        if question.default:
            item.default = self._read_default(question)
        self._choices.filter_choices(question, item)
        self._validation.add_validation(question, [item])
        return item

    def _read_with_comment(self, question: QuestionRecord) -> list[FormItem]:
        item = self._read_single(question)
        comment = FormQuestion(f"{question.code}_comment", question.origin, answer="text")
        comment.label = item.label
        comment.is_long = True
        comment.is_for_interviewer = True
        comment.note(self._words.type, "the comment on the answer is a question after it")
        return [item, comment]

    def _read_multiple(self, question: QuestionRecord) -> FormQuestion:
        item = self._make_question(question, "codes")
        exclusive = set(list_filter_sources(question.attributes.get("exclude_all_others", {})))
        choices: list[FormChoice] = []
        for part in question.list_parts():
            choice = FormChoice(
                part.code,
                part.origin,
                self._scripts.read_text(
                    part.texts, part.origin.at(self._words.label), question.code
                ),
                asks_for_words=question.type == "P",
                is_exclusive=part.code in exclusive,
            )
            choices.append(choice)
        if question.has_other:
            choices.append(self._choices.make_other(question, OTHER_IN_MULTIPLE))
        item.choices = ChoiceList(question.code, choices)
        item.order = self._choices.read_order(question, "subquestion_order", item)
        item.fewest_choices = self._validation.read_whole(question, "min_answers", item)
        item.most_choices = self._validation.read_whole(question, "max_answers", item)
        if question.default or question.has_default_of_parts:
            item.lose(self._words.default, "choices that are checked beforehand")
        self._choices.filter_choices(question, item)
        self._validation.add_validation(question, [item])
        return item

    def _read_ranking(self, question: QuestionRecord) -> FormQuestion:
        item = self._make_question(question, "codes")
        item.is_ranking = True
        answers = question.list_answers()
        if not answers:
            # Since version 6, the choices of a ranking are its subquestions.
            answers = [
                AnswerRecord(part.code, "0", part.origin, part.texts)
                for part in question.list_parts()
            ]
        item.choices = self._choices.read_choices(question, answers)
        item.order = self._choices.read_order(question, "answer_order", item)
        item.fewest_choices = self._validation.read_whole(question, "min_answers", item)
        most = self._validation.read_whole(question, "max_answers", item)
        item.most_choices = most or self._validation.read_whole(question, "max_subquestions", item)
        self._choices.filter_choices(question, item)
        self._validation.add_validation(question, [item])
        return item

    def _read_number(self, question: QuestionRecord) -> FormQuestion:
        item = self._make_question(question, "number")
        self._validation.add_number_limits(question, item)
        item.unit = self._scripts.read_attribute_text(question, "suffix")
        if question.default:
            item.default = self._read_default(question)
        self._validation.add_validation(question, [item])
        return item

    def _read_text_question(self, question: QuestionRecord) -> FormQuestion:
        if question.is_set("numbers_only"):
            return self._read_number(question)
        item = self._make_question(question, "text")
        item.is_long = question.type in LONG_TEXTS
        if question.default:
            item.default = self._read_default(question)
        self._validation.add_validation(question, [item])
        return item

    def _read_date(self, question: QuestionRecord) -> FormQuestion:
        written = question.get_attribute("date_format")
        has_day = not written or "d" in written.lower()
        has_time = "h" in written.lower()
        if has_time and not has_day:
            item = self._make_question(question, "time")
        else:
            item = self._make_question(question, "date")
        if has_day and has_time:
            note = "the date without the time: ask the time in an item of its own"
            item.note("date_format", note)
        if not has_day and not has_time:
            item.note("date_format", f"{written}: here the date has a day as well")

        limits: list[Expression] = []
        for name, sign in _DATE_LIMITS:
            limit = question.get_attribute(name)
            if not limit:
                continue
            if len(limit) == 10 and limit[4] == "-":
                limits.append(ValueComparison(SELF, sign, Constant(limit), if_blank=False))
            else:
                item.lose(name, f"{limit} is no date")

        if limits:
            origin = question.origin.at("date_min")
            item.constraint = Formula("date_min, date_max", origin, join_all(limits))
        self._validation.add_validation(question, [item])
        return item

    def _make_group(self, question: QuestionRecord, *, is_table: bool) -> FormGroup:
        group = FormGroup(question.code, question.origin, is_table=is_table)
        # The question is read aloud before its parts, and is no title for the screen.
        group.intro = self._read_label(question)
        group.help = self._read_help(question)
        return group

    def _finish_group(self, question: QuestionRecord, group: FormGroup) -> FormItem:
        if not group.items:
            return LeftOut(question.code, question.origin, why="it has no subquestions")
        only = group.items[0]
        if len(group.items) == 1 and isinstance(only, FormQuestion) and not only.label.by_language:
            # An array with one row that has no text is a question like any other.
            only.label = group.intro
            only.help = group.help
            return only
        return group

    def _read_table(self, question: QuestionRecord) -> FormItem:
        """Return an array whose rows have a code each: a battery."""
        group = self._make_group(question, is_table=True)
        group.order = self._choices.read_order(question, "subquestion_order", group)
        choices = self._choices.read_choices(question, question.list_answers())
        for part in question.list_parts():
            name = f"{question.code}_{part.code}"
            row = self._make_question(question, "code", name, part)
            row.choices = choices
            row.condition = self._choices.read_part_condition(question, part)
            group.add(row)
        self._validation.add_validation(question, list(_list_questions(group)))
        return self._finish_group(question, group)

    def _read_two_scales(self, question: QuestionRecord) -> FormItem:
        """Return an array with two scales as two batteries."""
        group = self._make_group(question, is_table=False)
        group.note(self._words.type, "two scales in a row are two batteries, one after the other")
        for scale, header in (("0", "dualscale_headerA"), ("1", "dualscale_headerB")):
            table = FormGroup(f"{question.code}_{scale}", question.origin, is_table=True)
            table.intro = self._scripts.read_attribute_text(question, header)
            table.order = self._choices.read_order(question, "subquestion_order", table)
            answers = question.list_answers(scale)
            choices = self._choices.read_choices(question, answers, f"{question.code}_{scale}")
            for part in question.list_parts():
                row = self._make_question(
                    question, "code", f"{question.code}_{part.code}_{scale}", part
                )
                row.choices = choices
                row.condition = self._choices.read_part_condition(question, part)
                table.add(row)
            if table.items:
                group.add(table)
        return self._finish_group(question, group)

    def _read_fields(self, question: QuestionRecord) -> FormItem:
        """Return several fields: a battery of numbers, or texts one after the other."""
        is_number = question.type == "K" or question.is_set("numbers_only")
        kind: AnswerKind = "number" if is_number else "text"
        group = self._make_group(question, is_table=is_number)
        group.order = self._choices.read_order(question, "subquestion_order", group)
        for part in question.list_parts():
            name = f"{question.code}_{part.code}"
            row = self._make_question(question, kind, name, part)
            row.condition = self._choices.read_part_condition(question, part)
            if is_number:
                self._validation.add_number_limits(question, row)
                row.unit = self._scripts.read_attribute_text(question, "suffix")
            group.add(row)
        rows = list(_list_questions(group))
        self._validation.add_total(question, group)
        self._validation.add_validation(question, rows)
        return self._finish_group(question, group)

    def _read_cells(self, question: QuestionRecord) -> FormItem:
        """Return an array of fields: a group for each row, with a question for each column."""
        columns = question.list_parts("1")
        group = self._make_group(question, is_table=False)
        is_checked = question.type == ":" and question.is_set("multiflexible_checkbox")
        is_number = question.type == ":" or question.is_set("numbers_only")
        kind: AnswerKind = "number" if is_number else "text"
        for part in question.list_parts():
            name = f"{question.code}_{part.code}"
            condition = self._choices.read_part_condition(question, part)
            if is_checked:
                row = self._make_question(question, "codes", name, part)
                row.choices = self._choices.share_columns(question, columns)
                row.condition = condition
                group.add(row)
                continue

            cells = FormGroup(name, part.origin, is_table=is_number)
            cells.intro = self._scripts.read_text(
                part.texts, part.origin.at(self._words.label), name
            )
            cells.condition = condition
            for column in columns:
                cell = self._make_question(question, kind, f"{name}_{column.code}", column)
                cell.origin = part.origin
                if is_number:
                    self._validation.add_cell_limits(question, cell)
                cells.add(cell)
            if cells.items:
                group.add(cells)
        return self._finish_group(question, group)

    def _read_default(self, question: QuestionRecord) -> Formula:
        origin = question.origin.at(self._words.default)
        return Formula(question.default, origin, self._read_default_tree(question))

    def _read_default_tree(self, question: QuestionRecord) -> Expression:
        """Return the value that a question begins with, which can be an expression in braces."""
        parts = split_text(question.default.strip())
        expressions = [part for part, is_expression in parts if is_expression]
        if expressions and len(parts) > 1:
            return Unsupported("a default of words and values has no counterpart")
        if expressions:
            self._scripts.texts.note_columns(expressions[0])
            return read_value(expressions[0], self._scripts.make_context(question)).tree

        if question.type == "N":
            try:
                return Constant(float(question.default))
            except ValueError:
                return Unsupported(f"{question.default} is no number")
        return Constant(question.default)

    def _remark_attributes(self, question: QuestionRecord, item: FormItem) -> None:
        """Report attributes that mean something, and have no counterpart."""
        is_number = question.type in ("N", "K") or question.is_set("numbers_only")
        for name, what in _LOST_ATTRIBUTES.items():
            value = question.get_attribute(name)
            if value in _OFF:
                continue
            if name == "maximum_chars" and is_number:
                continue  # the number has a limit instead
            if len(value) < 20:
                what = f"{what} ({value})"
            item.lose(name, what)


def _join_formulas(first: Formula | None, second: Formula | None) -> Formula | None:
    """Return the condition that both are true: of a question, and of its only row."""
    if first is None:
        return second
    if second is None:
        return first
    tree = join_all([first.tree, second.tree])
    return Formula(f"{first.text}; {second.text}", first.origin, tree)


def _list_questions(group: FormGroup) -> list[FormQuestion]:
    return [item for item in group.items if isinstance(item, FormQuestion)]
