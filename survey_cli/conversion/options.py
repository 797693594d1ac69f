"""Options of questions: which choices of a list they are, and when each is offered."""

import re
from typing import Any, Final

from survey_cli.conversion.conditions import Translator
from survey_cli.conversion.form import SheetChoice, SheetItem
from survey_cli.conversion.form_codes import USUAL_DECLINES
from survey_cli.conversion.form_texts import FormText, TextConverter, write_cell
from survey_cli.conversion.loss_report import ConversionLog
from survey_cli.conversion.xpath import Expression, UnsupportedError
from survey_cli.wording import join_words

_OTHER: Final = {"es": "Otro", "fr": "Autre", "pt": "Outro"}
"""The text of the option "other" by languages; in all others it is English."""


class OptionBuilder:
    """Builds the options of questions, and the scales that several questions share."""

    def __init__(self, translator: Translator, texts: TextConverter, log: ConversionLog) -> None:
        self.form = translator.form
        self.translator = translator
        self.texts = texts
        self.log = log
        self.scales: dict[str, dict[Any, Any]] = {}
        self.scale_names: dict[str, str] = {}
        """The names of scales by the names of the lists."""

    def build(self, item: SheetItem) -> dict[Any, Any] | str:
        """Return the options of a question, or the name of a scale that several questions use."""
        tree: Expression | None = None
        options: dict[Any, Any] = {}
        mistakes = self.translator.unknown_codes
        mistakes.clear()
        with self.log.catch_loss(item, "choice_filter", "; all options are offered"):
            self.log.check_accepted(item, "choice_filter")
            tree = item.parse("choice_filter")
            options = self._list_options(item, tree)
            if not options:
                raise UnsupportedError("no option is ever offered")
        if not options:
            options = self._list_options(item, None)
        self.log.note_unknown_codes(item, "choice_filter", mistakes)

        if tree is not None or item.or_other or not self._is_shared(item.list_name):
            return options
        name = self._name_scale(item.list_name)
        self.scales.setdefault(name, options)
        return name

    def _is_shared(self, list_name: str) -> bool:
        """Return whether several questions offer all choices of a list, and nothing else."""
        sharing = [
            item
            for item in self.form.items.values()
            if item.list_name == list_name
            and not item.row.get("choice_filter")
            and not item.or_other
        ]
        return len(sharing) > 1

    def _name_scale(self, list_name: str) -> str:
        """Return the name of the scale of a list: its own one, as a questionnaire may write it.

        Lists `a-b` and `a.b` would both be `a_b`: the second one gets a number.
        """
        if list_name in self.scale_names:
            return self.scale_names[list_name]

        name = re.sub(r"\W+", "_", list_name, flags=re.ASCII).strip("_")
        if not name[:1].isalpha():
            name = f"list_{name}"
        taken = set(self.scale_names.values())
        unique = name
        number = 2
        while unique in taken:
            unique = f"{name}_{number}"
            number += 1

        self.scale_names[list_name] = unique
        return unique

    def _list_options(self, item: SheetItem, tree: Expression | None) -> dict[Any, Any]:
        """Return the options of a question by their codes, with the conditions of a filter."""
        options: dict[Any, Any] = {}
        never_offered: list[str] = []
        for choice in self.form.lists[item.list_name]:
            code = self.translator.codes[item.id][choice.code]
            text = self._get_choice_text(choice)
            offered = self.translator.is_offered(choice, tree).text

            key = _read_code(code)
            used_before = options.get(key)
            condition_before = None
            if isinstance(used_before, dict):
                condition_before = used_before.get("ask_if")

            if code in USUAL_DECLINES:
                self.log.note_choice(choice, f"not an option: {code}")
            elif used_before is not None and condition_before is None:
                self.log.note_choice(choice, "not an option: its code is used before")
            elif offered == "true":
                options[key] = text
            elif offered == "false":
                never_offered.append(choice.code)
            else:
                if condition_before is not None:
                    offered = f"{condition_before} or {offered}"
                ask_if = write_cell(item, "choice_filter", offered)
                options[key] = {"text": text, "ask_if": ask_if}

        if never_offered and options:
            words = join_words(never_offered, most=12)
            self.log.note(item, "choice_filter", f"never offered, as in the form: {words}")
        if item.or_other:
            other = self.translator.codes[item.id]["other"]
            text = _OTHER.get(self.form.codes[0], "Other")
            options[_read_code(other)] = {"text": text, "specify": True}
        return options

    def _get_choice_text(self, choice: SheetChoice) -> FormText:
        text = self.texts.get_text(choice.row, "choices", "label")
        refusal = self.log.refused.get(("choices", choice.row.number, "label"))
        if refusal:
            self.log.note_choice(choice, f"its code stands for its text: {refusal}")
            return choice.code
        return text or choice.code


def _read_code(written: str) -> str | int:
    """Return a code as the key of an option: a text without quotes, or a number."""
    if written.startswith("'"):
        return written.strip("'")
    if written in USUAL_DECLINES:
        return written
    return int(written)
