"""The tree of a questionnaire, built from a form in the order in which a designer writes it."""

from collections.abc import Mapping
from typing import Any, Final, assert_never

from survey_cli.conversion.conversion_log import ConversionLog
from survey_cli.conversion.loss_report import ReportEntry
from survey_cli.conversion.markup import strip_markup
from survey_cli.conversion.model.expressions import (
    Answered,
    AnswerOf,
    Chosen,
    Constant,
    Expression,
    FunctionCall,
    Not,
    UnsupportedError,
    ValueComparison,
    find_names,
    join_all,
    list_conjuncts,
)
from survey_cli.conversion.model.forms import (
    ForeignForm,
    FormCalculation,
    FormColumn,
    FormEnd,
    FormGroup,
    FormItem,
    FormLoop,
    FormNote,
    FormQuestion,
    FormRoster,
    FormSplit,
    Formula,
    LeftOut,
    Origin,
    make_code,
)
from survey_cli.conversion.questionnaire.calculations import convert_calculations
from survey_cli.conversion.questionnaire.codes import FormCodes
from survey_cli.conversion.questionnaire.condition_parts import (
    DECLINES,
    NO,
    YES,
    Part,
    join_truths,
    negate,
)
from survey_cli.conversion.questionnaire.conditions import Translator, split_condition
from survey_cli.conversion.questionnaire.constraints import ConstraintConverter
from survey_cli.conversion.questionnaire.declined_filters import describe_declined_filter
from survey_cli.conversion.questionnaire.ids import name_items
from survey_cli.conversion.questionnaire.loop_modules import LoopNames
from survey_cli.conversion.questionnaire.names import Calculated
from survey_cli.conversion.questionnaire.options import OptionBuilder
from survey_cli.conversion.questionnaire.texts import FormText, TextConverter, write_at
from survey_cli.conversion.questionnaire.yaml_text import COMMENTS, OriginText
from survey_cli.instrument.editions import NEWEST_EDITION
from survey_cli.instrument.texts.invisible_characters import remove_invisible
from survey_cli.wording import join_words

_MAX_TURNS: Final = 20


class QuestionnaireBuilder:
    """Builds the tree of the questionnaire of one form, and logs what became of each item.

    `refused` has the places whose conversion the checks of the questionnaire rejected, with the
    reason.
    """

    def __init__(self, form: ForeignForm, refused: Mapping[Origin, str]) -> None:
        self.form = form
        self.words = form.words
        self.log = ConversionLog(form.words, refused)
        self.translator = Translator(form)
        self.texts = TextConverter(self.translator, self.log)
        self.codes = FormCodes(self.translator, self.texts, self.log)
        self.constraints = ConstraintConverter(self.translator, self.texts, self.codes, self.log)
        self.options = OptionBuilder(self.translator, self.texts, self.log)
        self.false_by_telephone: set[FormItem] = set()
        """Items that are left out because their condition asks for something that only a tablet
        has."""
        self.without_minimum: list[str] = []
        """Numbers that have no lower limit in the form."""
        self.lost_calculations: list[str] = []
        """The comments on calculations that are not carried over."""
        self.column_comments: list[str] = []
        """The comments on columns of the sample."""
        self.loops: dict[str, LoopNames] = {}
        """Loops that are written out, by their ids."""

    def build(self) -> dict[str, Any]:
        """Build the tree of the file."""
        form = self.form
        name_items(form, self.log)
        self.codes.map_all()
        computes = convert_calculations(self.translator, self.log.refused)

        tree: dict[str, Any] = {
            "instrument": make_code(form.name) or "form",
            "title": remove_invisible(form.title) or form.name,
            "version": form.version,
            "edition": NEWEST_EDITION,
            "languages": None if form.languages == ["en"] else form.languages,
            "declines": self.codes.build_declines(),
        }

        # The items come last in the file, but scales and sample columns are found in them.
        built = self._build_items(form.root)
        quotas = self._build_quotas()
        tree["scales"] = self.options.scales
        tree["sample"] = self._build_sample()
        tree["compute"] = self._build_compute(computes)
        tree["items"] = built
        if quotas:
            tree["fieldwork"] = self._build_quota_script()
        tree["quotas"] = quotas

        self._report_form()
        self.log.count_logic(form, self.false_by_telephone)
        return {key: value for key, value in tree.items() if value}

    def _build_sample(self) -> dict[str, Any]:
        columns = self.translator.sample
        if not columns:
            return {}
        sample: dict[str, Any] = {}
        if self.column_comments:
            sample[COMMENTS] = self.column_comments
        sample["case_key"] = {"type": "text", "role": "key"}
        for column, type_ in sorted(columns.items()):
            sample[column] = {"type": type_}
        return sample

    def _build_compute(self, computes: list[tuple[FormCalculation, str]]) -> dict[Any, Any]:
        compute: dict[Any, Any] = {}
        if self.lost_calculations and computes:
            compute[COMMENTS] = self.lost_calculations
        for item, text in computes:
            compute[write_at(item.formula.origin, item.id)] = text
        return compute

    def _build_quotas(self) -> list[dict[str, Any]]:
        quotas: list[dict[str, Any]] = []
        self.translator.item = None
        for quota in self.form.quotas:
            origin = quota.formula.origin
            if not quota.is_active:
                self._lose_at(origin, quota.name, "the quota isn't active")
                continue
            try:
                if origin in self.log.refused:
                    raise UnsupportedError(self.log.refused[origin])
                where = self.translator.is_true(quota.formula.get_tree()).text
            except UnsupportedError as error:
                self._lose_at(origin, quota.name, str(error))
                continue
            entry = ReportEntry(*origin, quota.name, "quota")
            self.log.report.carried[entry] = None
            id_ = make_code(quota.name, most=32).replace("-", "_") or f"quota_{len(quotas) + 1}"
            if not id_[0].isalpha():
                id_ = f"quota_{id_}"
            quotas.append({"id": id_, "where": write_at(origin, where), "target": quota.target})
        return quotas

    def _build_quota_script(self) -> dict[str, Any]:
        """Return the text that is read once a quota is full: one for all, the first."""
        scripts: dict[str, Any] = {}
        first = ""
        for quota in self.form.quotas:
            text = self.texts.convert(quota.message, quota.name) if quota.is_active else ""
            if not text:
                continue
            if not scripts:
                scripts["quota_full"] = {"text": text}
                first = quota.name
            elif text != scripts["quota_full"]["text"]:
                what = f"its text: the one of {first} is read for all quotas"
                self._lose_at(quota.message.origin, quota.name, what)
        return {"scripts": scripts} if scripts else {}

    def _lose_at(self, origin: Origin, name: str, text: str) -> None:
        self.log.report.lost[ReportEntry(*origin, name, text)] = None

    # ── items ─────────────────────────────────────────────────────────────────────────────────────

    def _build_items(self, group: FormGroup) -> list[dict[str, Any]]:
        entries = [self._build_item(item) for item in group.items]
        return [entry for entry in entries if entry]

    def _build_item(self, item: FormItem) -> dict[str, Any] | None:
        """Return an item with the comments on it; None if the questionnaire doesn't have it."""
        self.translator.item = item
        with self.log.collect_comments() as comments:
            self.log.log_remarks(item)
            entry = self._build_entry(item)

        is_empty_group = entry is not None and entry.get("items") == []
        if entry is None or is_empty_group:
            if isinstance(item, FormCalculation):
                self.lost_calculations += comments
            if isinstance(item, FormColumn):
                self.column_comments += comments
            return None

        filled = {key: value for key, value in entry.items() if value not in ("", None)}
        if comments:
            return {COMMENTS: comments, **filled}
        return filled

    def _build_entry(self, item: FormItem) -> dict[str, Any] | None:
        refusal = self.log.refused.get(item.origin.at(self.words.name))
        if refusal is not None:
            self._leave_out(item, refusal)
            return None

        match item:
            case LeftOut(is_stored_anyway=True):
                self.log.note(item, self.words.type, item.why)
                return None
            case LeftOut():
                self._leave_out(item, item.why)
                return None
            case FormCalculation():
                return self._build_calculation(item)
            case FormColumn():
                with self.log.catch_loss(item, ""):
                    self.translator.use_column(item.name)
                    self.log.carry(item, "column of the sample")
                return None
            case _:
                return self._build_conditional(item)

    def _leave_out(self, item: FormItem, reason: str) -> None:
        """Report an item that a questionnaire can't have, with all items in it."""
        for part in _list_with_parts(item):
            self.translator.dropped.add(part.name)
            self.log.lose_silently(part, "", reason)

    def _build_conditional(self, item: FormItem) -> dict[str, Any] | None:
        """Return an item with its condition; None if it is never asked."""
        if isinstance(item, FormEnd):
            return self._build_end(item)

        conditions = self._build_conditions(item)
        if conditions is None:
            self._drop(item)
            return None
        self.log.note_unknown_codes(item, self.words.condition, self.translator.unknown_codes)

        match item:
            case FormRoster():
                entry = self._build_roster(item, conditions)
            case FormGroup(is_table=True) if is_battery(item):
                entry = self._build_battery(item, conditions)
            case FormGroup():
                entry = self._build_section(item, conditions)
            case FormQuestion():
                entry = self._build_question(item, conditions)
            case FormNote():
                entry = self._build_note(item, conditions)
            case FormSplit():
                entry = {"type": "split", **conditions, "arms": item.arms}
            case _:
                raise TypeError(type(item).__name__)
        self.log.carry(item, str(entry["type"]))
        if item.is_fixed:
            entry["anchor"] = True
        return {"id": self._write_id(item), **entry}

    def _write_id(self, item: FormItem) -> OriginText | int:
        return write_at(item.origin.at(self.words.name), item.id)

    def _drop(self, item: FormItem) -> None:
        """Report an item whose condition is never true, with all items in it."""
        parts = _list_with_parts(item)
        mistakes = self.translator.unknown_codes
        if mistakes:
            why = f"its condition is never true: {'; '.join(mistakes)}"
        else:
            why = "its condition is false in every interview by telephone"
            self.false_by_telephone |= set(parts)

        self.log.lose(item, self.words.condition, f"left out: {why}")
        for part in parts[1:]:
            self.log.lose_silently(part, "", f"left out with {item.name}: {why}")
        self.translator.dropped |= {part.name for part in parts}

    def _build_conditions(
        self, item: FormItem, *, has_unless: bool = True
    ) -> dict[str, Any] | None:
        """Return `ask_if` and `unless`; None if the item is never asked.

        A statement of a battery has no `unless`.
        """
        self.translator.unknown_codes.clear()
        if item.condition is None:
            return {}

        ask_if = ""
        unless = ""
        origin = item.condition.origin
        with self.log.catch_loss(item, origin.column, "; without it the item is always asked"):
            self.log.check_accepted(item, origin.column)
            kept = self._keep_translatable(item, item.condition)
            if has_unless:
                ask_if, unless = split_condition(self.translator, kept)
            else:
                truth = self.translator.is_true(kept)
                ask_if = "" if truth == YES else truth.text

        if ask_if == "false":
            return None
        if ask_if or unless:
            declined = describe_declined_filter(self.form, item)
            if declined:
                self.log.note_filter(item, origin.column, declined)
        conditions: dict[str, Any] = {}
        if ask_if:
            conditions["ask_if"] = write_at(origin, ask_if)
        if unless:
            conditions["unless"] = write_at(origin, unless)
        return conditions

    def _keep_translatable(self, item: FormItem, condition: Formula) -> Expression:
        """Return the parts of a condition that can be carried over, and report the others.

        Returns the whole condition if there isn't such a part, so that its translation says why.
        """
        kept: list[Expression] = []
        reasons: list[str] = []
        for part in list_conjuncts(condition.tree):
            try:
                split_condition(self.translator, part)
            except UnsupportedError as error:
                reasons.append(str(error))
            else:
                kept.append(part)
        if not kept:
            return condition.tree

        for reason in reasons:
            consequence = "without this part the item is asked more often"
            text = f"a part of it: {reason}; {consequence}"
            self.log.lose(item, condition.origin.column, text)
        return join_all(kept)

    # ── groups ────────────────────────────────────────────────────────────────────────────────────

    def _build_section(self, item: FormGroup, conditions: dict[str, Any]) -> dict[str, Any]:
        if item.help.by_language:
            self.log.lose(item, item.help.origin.column, "a section has no help")
        entry = {
            "type": "section",
            **conditions,
            "title": self.texts.convert(item.label, item.name),
            "intro": self.texts.convert(item.intro, item.name),
        }
        if isinstance(item, FormLoop):
            self.loops[item.id] = self._read_loop(item)
        items = self._build_items(item)
        if item.order != "written":
            entry["order"] = item.order
        if item.pick is not None and item.pick < len(items):
            entry["pick"] = _build_pick(item.pick, evenly=item.picks_evenly)

        # The items come last: they may be hundreds of lines, and nobody would see what is below.
        entry["items"] = items
        return entry

    def _read_loop(self, item: FormLoop) -> LoopNames:
        """Return the words of a loop as they are in its texts, if they have one language."""
        words: dict[str, str] = {}
        for name, texts in item.words.items():
            text = self.texts.convert(texts, item.name)
            if isinstance(text, str) and text:
                words[name] = text
        return LoopNames(item.prefix, words)

    def _build_battery(self, item: FormGroup, conditions: dict[str, Any]) -> dict[str, Any]:
        rows = [row for row in item.items if isinstance(row, FormQuestion)]
        statements = self._build_statements(rows)
        first = rows[0]
        intro = item.intro if item.intro.by_language else item.label
        instruction: FormText = ""
        if all(row.instruction == first.instruction for row in rows):
            instruction = self.texts.convert(first.instruction, item.name)
        entry = {
            "type": "battery",
            **conditions,
            "intro": self.texts.convert(intro, item.name),
            "help": self.texts.convert(item.help, item.name),
            "instruction": instruction,
            "statements": statements,
        }
        if first.answer == "number":
            limits, _rest = self.constraints.read_limits(first)
            entry["answer"] = {"type": "number", **limits}
            if item.total is not None:
                entry["total"] = int(item.total) if item.total.is_integer() else item.total
        else:
            entry["options"] = self.options.build(first)
        entry |= self.codes.list_declines(first)
        if item.order != "written":
            entry["order"] = item.order
        if item.pick is not None and item.pick < len(statements):
            entry["pick"] = _build_pick(item.pick, evenly=item.picks_evenly)
        return entry

    def _build_statements(self, rows: list[FormQuestion]) -> dict[Any, Any]:
        """Return the questions of a table as the statements of a battery."""
        statements: dict[Any, Any] = {}
        for row in rows:
            self.translator.item = row
            self.log.log_remarks(row)
            text = self.texts.convert(row.label, row.name) or row.id
            conditions = self._build_conditions(row, has_unless=False)
            if conditions is None:
                self._drop(row)
                continue

            self.log.note_unknown_codes(row, self.words.condition, self.translator.unknown_codes)
            name = write_at(row.origin.at(self.words.name), row.id)
            marks: dict[str, Any] = {}
            if row.is_fixed:
                marks["anchor"] = True
            marks |= conditions
            if marks:
                statements[name] = {"text": text, **marks}
            else:
                statements[name] = text
            self.log.carry(row, "statement of a battery")
        return statements

    def _build_roster(self, item: FormRoster, conditions: dict[str, Any]) -> dict[str, Any]:
        entry = {
            "type": "roster",
            **self._build_turns(item),
            **conditions,
            "title": self.texts.convert(item.label, item.name),
            "intro": self.texts.convert(item.intro, item.name),
        }
        if item.pick is not None:
            entry["pick"] = _build_pick(item.pick, evenly=item.picks_evenly)
        entry["items"] = self._build_items(item)
        return entry

    def _build_turns(self, item: FormRoster) -> dict[str, Any]:
        """Return what decides how many turns a roster has."""
        turns = {"until": "Is there another one?", "max": item.most or _MAX_TURNS}
        if item.each:
            source = self.form.items.get(item.each)
            if isinstance(source, FormQuestion) and source.answer == "codes":
                most = item.most or len(self.translator.codes[source.id])
                return {"each": source.id, "max": most}
        if item.count is None:
            note = "there is no number of repeats: a question after each turn decides"
            self.log.note(item, self.words.turns, note)
            return turns

        count = ""
        limit = item.most
        origin = item.count.origin
        with self.log.catch_loss(item, origin.column, "; a question after each turn decides"):
            self.log.check_accepted(item, origin.column)
            tree = item.count.get_tree()
            count = self.translator.evaluate(tree).text
            limit = item.most or self._find_maximum(tree)
        if not count:
            return turns

        if limit is None:
            self.log.note(item, origin.column, f"at most {_MAX_TURNS} turns: adapt max")
        return {"count": write_at(origin, count), "max": limit or _MAX_TURNS}

    def _find_maximum(self, tree: Expression) -> int | None:
        """Return how many turns a number of repeats can cause; None if that is not known."""
        match tree:
            case Constant(float() as number):
                return int(number)
            case AnswerOf(name):
                item = self.form.items.get(name)
                if isinstance(item, FormQuestion) and item.answer == "number":
                    # What is lost of the constraint is a comment on the question, not here as well.
                    with self.log.collect_comments():
                        limits, _rest = self.constraints.read_limits(item)
                    return limits.get("max")
            case FunctionCall("count_chosen", (AnswerOf(name),)):
                item = self.form.items.get(name)
                if item is not None:
                    codes = self.translator.codes.get(item.id, {})
                    return len(codes) or None
        return None

    # ── calculations ──────────────────────────────────────────────────────────────────────────────

    def _build_calculation(self, item: FormCalculation) -> dict[str, Any] | None:
        """Report what became of a calculation; return a split if it is a random number."""
        column = item.formula.origin.column
        found: Calculated | str
        if self.form.items[item.name] is item:
            found = self.translator.calculations[item.name]
        else:
            found = "its name is used twice"

        arms = self.translator.arms.get(item.name)
        if item.name in self.translator.kept:
            note = "the program stores times, and calls with their outcomes, by itself"
            self.log.note(item, column, note)
        elif isinstance(found, str):
            self.log.lose(item, column, found)
        elif arms:
            note = f"a random number: a split with the arms {', '.join(arms)}"
            self.log.note(item, column, note)
            id_ = write_at(item.origin.at(self.words.name), item.id)
            return {"id": id_, "type": "split", "arms": arms}
        elif found.name:
            self.log.carry(item, "calculation")
            mistakes = dict.fromkeys(self.translator.mistakes.get(item.name, ()))
            self.log.note_unknown_codes(item, column, mistakes)
        else:
            what = "calculation; inserted where it is used, not a variable of the data"
            self.log.note_row(item, what)
        return None

    # ── questions ─────────────────────────────────────────────────────────────────────────────────

    def _build_question(self, item: FormQuestion, conditions: dict[str, Any]) -> dict[str, Any]:
        entry = {
            "type": get_question_type(item),
            **conditions,
            **self._build_texts(item),
        }
        if item.answer in ("code", "codes"):
            entry["options"] = self.options.build(item)
            if item.order != "written":
                entry["order"] = item.order
        if item.answer == "codes":
            entry["min"] = item.fewest_choices
            entry["max"] = item.most_choices
        if item.is_ranking:
            entry["mentions"] = "ordered"
        if item.answer == "number":
            entry["unit"] = self.texts.convert(item.unit, item.name)
        if item.answer == "text":
            entry["like"] = item.like
            entry["pattern"] = item.pattern
        if item.is_personal:
            entry["personal"] = True
        return entry | self._build_entering(item)

    def _build_texts(self, item: FormQuestion | FormNote) -> dict[str, Any]:
        """Return what is read aloud, and what is only for the interviewer."""
        text = self.texts.convert(item.label, item.name)
        if not text:
            self.log.note(item, self.words.label, "it has no text: its name stands for it")
        texts: dict[str, Any] = {
            "text": text or strip_markup(item.name) or item.id,
            "instruction": self.texts.convert(item.instruction, item.name),
            "help": self.texts.convert(item.help, item.name),
        }
        if item.is_for_interviewer:
            texts["by"] = "interviewer"
        return texts

    def _build_note(self, item: FormNote, conditions: dict[str, Any]) -> dict[str, Any]:
        return {"type": "read", **conditions, **self._build_texts(item)}

    def _build_end(self, item: FormEnd) -> dict[str, Any] | None:
        """Return an end; None if its condition can't be carried over, or is never true.

        An end that is asked too often would end interviews that the form goes on with, so no half
        of its condition is kept.
        """
        try:
            conditions = self._build_end_condition(item)
        except UnsupportedError as error:
            column = self.words.condition
            if item.condition is not None:
                column = item.condition.origin.column
            self.log.lose(item, column, f"{error}; without it nothing ends here")
            return None

        self.log.carry(item, "end")
        text = self.texts.convert(item.label, item.name)
        return {
            "id": self._write_id(item),
            "type": "end",
            **conditions,
            "outcome": item.outcome,
            "text": text,
        }

    def _build_end_condition(self, item: FormEnd) -> dict[str, Any]:
        """Return the `unless` of an end, if it has one. Raises UnsupportedError."""
        if item.condition is None:
            return {}
        origin = item.condition.origin
        self.log.check_accepted(item, origin.column)

        # An `ask_if` could be unknown after a decline, and nothing would end. An `unless` that is
        # unknown ends the interview, so it need only be true if the condition is false.
        tree = item.condition.get_tree()
        ended_if = self.translator.is_true(tree)
        skipped_if = negate(ended_if)
        opposite = self.translator.is_true(Not(tree))
        if len(opposite.text) < len(skipped_if.text):
            skipped_if = opposite
        known = self._make_end_known(tree, ended_if)
        if known is not None and len(known.text) < len(skipped_if.text):
            return {"ask_if": write_at(origin, known.text)}
        if skipped_if == YES:
            raise UnsupportedError("its condition is never true")
        if skipped_if == NO:
            return {}
        return {"unless": write_at(origin, skipped_if.text)}

    def _make_end_known(self, tree: Expression, condition: Part) -> Part | None:
        """Return the condition of an end, false instead of unknown; None if it can't be written."""
        if condition in (YES, NO):
            return None
        if self._is_always_known(tree):
            return condition
        match tree:
            case Chosen(AnswerOf() as value):
                answered = self.translator.is_true(Answered(value))
            case ValueComparison(AnswerOf() as value, _, Constant(), False):
                answered = self.translator.is_true(Answered(value))
            case _:
                return None
        return join_truths([answered, condition], "and")

    def _is_always_known(self, tree: Expression) -> bool:
        """Return whether everything that a condition uses has an answer in any interview."""
        for name in find_names(tree):
            item = self.form.items.get(name)
            if not isinstance(item, FormQuestion) or item.required != "yes":
                return False
            if not self.translator.is_always_put(item):
                return False
            codes = self.translator.codes.get(item.id, {})
            if any(code in DECLINES for code in codes.values()):
                return False
        return True

    def _build_entering(self, item: FormQuestion) -> dict[str, Any]:
        """Return what can be entered: limits, declines, the value to begin with, and checks."""
        limits, rest = self.constraints.read_limits(item)
        self.constraints.note_sentinels(item)
        if item.answer == "number" and "min" not in limits:
            self.without_minimum.append(item.name)
        self.constraints.report_excluded_codes(item, limits, rest)
        return {
            **limits,
            **self.codes.list_declines(item),
            **self._build_prefill(item),
            **self.constraints.build_checks(item, rest),
        }

    def _build_prefill(self, item: FormQuestion) -> dict[str, Any]:
        if item.default is None:
            return {}

        prefill: dict[str, Any] = {}
        origin = item.default.origin
        with self.log.catch_loss(item, origin.column):
            self.log.check_accepted(item, origin.column)
            tree = item.default.get_tree()
            code = None
            if item.answer == "code" and isinstance(tree, Constant):
                code = self.translator.codes[item.id].get(item.default.text)
            value = code or self.translator.evaluate(tree).text
            prefill["prefill"] = write_at(origin, value)
        return prefill

    # ── what has no counterpart ───────────────────────────────────────────────────────────────────

    def _report_form(self) -> None:
        """Report what concerns no item: the reader's remarks, and numbers without a lower limit."""
        report = self.log.report
        for remark in self.form.remarks:
            entry = ReportEntry(*remark.origin, remark.name, remark.text)
            if remark.is_loss:
                report.lost[entry] = None
            else:
                report.noted[entry] = None

        if self.without_minimum:
            numbers = join_words(self.without_minimum, most=12)
            note = f"numbers without a lower limit are 0 or more here, or need min: {numbers}"
            origin = Origin(self.words.items_part, 1, self.words.constraint)
            report.noted[ReportEntry(*origin, "", note)] = None


def get_question_type(item: FormQuestion) -> str:
    """Return the type that a question has in the questionnaire."""
    match item.answer:
        case "code" if item.is_scale and item.offered is None:
            return "scale"
        case "code":
            return "single"
        case "codes":
            return "multiple"
        case "text" if item.is_long:
            return "verbatim"
        case "text" | "number" | "date" | "time":
            return item.answer
        case _:
            assert_never(item.answer)


def _build_pick(count: int, *, evenly: bool) -> int | dict[str, Any]:
    return {"count": count, "by": "least_filled"} if evenly else count


def is_battery(group: FormGroup) -> bool:
    """Return whether the questions of a table have one code each of a list, or numbers alike."""
    kinds: set[tuple[object, ...]] = set()
    for item in group.items:
        if not isinstance(item, FormQuestion) or item.constraint or item.default:
            return False
        match item.answer:
            case "code" if item.choices is not None and item.offered is None:
                kinds.add((item.choices,))
            case "number":
                kinds.add((item.least, item.most, item.decimals))
            case _:
                return False
    return len(kinds) == 1


def _list_with_parts(item: FormItem) -> list[FormItem]:
    """Return an item and, if it is a group, everything in it."""
    if isinstance(item, FormGroup):
        return [item, *item.iterate_items()]
    return [item]
