"""Words of other questionnaire languages and their counterparts in ours, for messages and `explain`."""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Synonym(NamedTuple):
    """The word of the language for a foreign one."""

    word: str
    remedy: str
    """What to write."""


def _list_synonyms(table: Mapping[str, str]) -> dict[str, Synonym]:
    """Make the mapping of a table whose entries are `word` or `word | remedy`, by words separated with blanks."""
    synonyms = {}
    for foreign_words, entry in table.items():
        word, _, remedy = entry.partition(" | ")
        for foreign in foreign_words.split():
            synonyms[foreign] = Synonym(word, remedy)
    return synonyms


TYPE_SYNONYMS: Final[Mapping[str, Synonym]] = _list_synonyms(
    {
        "radio select_one selectone choice single_choice dropdown categorical enum": "single",
        "boolean yesno yes_no bool": "single | write `type: single` with `options: {1: Yes, 2: No}`",
        "checkbox checkboxes select_multiple multi multi_select multiselect multiple_choice tickbox mark_all": "multiple",
        "integer int decimal float numeric numerical amount": "number",
        "string str char short_text email phone tel": "text",
        "open open_ended openended long_text textarea comment memo essay": "verbatim",
        "note info statement_text display message intro instruction static": "read",
        "group page screen block module": "section",
        "repeat loop repeating_group household_roster": "roster",
        "grid matrix likert table array rating_grid": "battery",
        "rating slider nps range stars": "scale",
        "rank ranking": "multiple | write `type: multiple`; the order of mention is not stored",
        "calculate calculation computed expression formula": "compute | write it under `compute:` at the top of the file,"
        " as NAME: expression",
        "hidden": "sample | write a column under `sample:`, or a value under `compute:`",
        "today start_date dob": "date",
        "datetime": "date | write one item of `type: date` and one of `type: time`",
        "terminate exit screenout stop": "end",
        "random randomize experiment": "split",
        "filter condition goto": "ask_if | there are no jumps: put `ask_if:` on what is asked or skipped",
    }
)
KEY_SYNONYMS: Final[Mapping[str, Synonym]] = _list_synonyms(
    {
        "choices answers responses categories values codes": "options",
        "relevant relevance show_if visible_if visibleif display_if enable_if only_if if when condition filter "
        "ask_when": "ask_if",
        "skip_if hide_if skip_when": "unless",
        "goto go_to skip_to jump jump_to next_question skip route": "ask_if | there are no jumps: put `ask_if:` on what"
        " is skipped",
        "constraint constraints validation validate valid_if check": "checks",
        "constraint_message error_message": "checks | write it as `say:` of the check",
        "required mandatory optional": "declines | write `declines: []` where an answer is required",
        "default default_value initial": "prefill",
        "hint note interviewer_note interviewer help_text": "instruction",
        "question wording prompt title_text question_text": "text",
        "name variable varname key code": "id",
        "question_type kind": "type",
        "randomize randomise shuffle random rotate rotation": "order | write `order: random`",
        "minimum from_value lower": "min",
        "maximum to_value upper": "max",
        "questions elements children content pages": "items",
        "survey_id id_string form form_id survey": "instrument",
        "lang locale default_language": "languages",
        "choice_lists lists answer_lists": "scales",
        "calculations computed variables calculate": "compute",
        "rows items_list attributes": "statements",
        "repeat_count loops": "count",
        "other other_option": "options | give the option its own text: `4: {text: Other, specify: true}`",
        "confirm_text readback": "confirm",
        "placeholder": "instruction",
    }
)
