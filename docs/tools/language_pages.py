"""Writer of the reference pages on the questionnaire language, from the models, checks and functions that define it."""

import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

from json_schema import COMPANIONS, list_inner_models
from language_reference import (
    FILL_MEANINGS,
    FUNCTION_MEANINGS,
    describe_key,
    read_docstring,
)
from rule_reference import RULE_GROUPS

from survey_cli.engine.machine import InterviewClock
from survey_cli.instrument.editions import NEWEST_EDITION
from survey_cli.instrument.expressions.conditions import Scope, ValueType, compile_condition
from survey_cli.instrument.expressions.functions import FUNCTIONS
from survey_cli.instrument.expressions.known import Known, RosterTurns
from survey_cli.instrument.expressions.three_valued_logic import (
    logical_and,
    logical_not,
    logical_or,
)
from survey_cli.instrument.schema.document import Document
from survey_cli.instrument.schema.items.groups import ITEM_TYPES
from survey_cli.instrument.schema.items.question import ItemSpec, QuestionItem
from survey_cli.instrument.source.scalars import Text
from survey_cli.instrument.texts.templates import Template, compile_text
from survey_cli.outcomes import OUTCOMES, Outcome
from survey_cli.problems import Position, select_errors
from survey_cli.services.questionnaire.word_lookup import KeyReference
from survey_cli.values import DK, NOT_ASKED, REFUSED, Missing

MADE = "<!-- written by `make docs`; edit the docstrings it is made from -->"
MAX_RECIPES = 4
WORDS = {"dk": "don't know", "not_asked": "not asked", "not_reached": "not reached"}


def _table(*head: str, rows: list[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in row)} |"
    yield ""


def _code(anchor: str, text: str) -> str:
    """Return code that is an anchor, and that is not broken into two lines."""
    mark = f' id="{anchor}"' if anchor else ""
    return f'<code{mark} style="white-space: nowrap">{text}</code>'


# the questionnaire language


class _Parts:
    """The parts of a file, each of which is described once."""

    def __init__(self) -> None:
        self.anchors: dict[type[Any], str] = {}

    def reserve(
        self, model: type[Any], anchor: str, *, skip: frozenset[str] = frozenset()
    ) -> list[tuple[str, type]]:
        """Give an anchor to every model that is found under the model's keys, and return the new ones."""
        found = []
        for name, field in model.model_fields.items():
            key = field.alias or name
            for inner in list_inner_models(field):
                if (
                    key not in skip
                    and inner not in self.anchors
                    and inner not in ITEM_TYPES.values()
                ):
                    own = f"{anchor}-{key}" if anchor else key
                    if own in self.anchors.values():  # another form of the same key
                        own += "-" + next(
                            part.alias or name for name, part in inner.model_fields.items()
                        )
                    self.anchors[inner] = own
                    found.append((key, inner))
        return found

    def describe_keys(
        self,
        model: type[Any],
        keys: list[str],
        anchor: str,
        *,
        first_row: tuple[str, ...] | None = None,
    ) -> Iterator[str]:
        rows = [first_row] if first_row else []
        for name in keys:
            key = describe_key(model, name)
            if not key.meaning:
                continue
            models = list_inner_models(model.model_fields[name])
            links = [self.anchors[inner] for inner in models if inner in self.anchors]
            forms = [f", or with [{link.rpartition('-')[2]}](#{link})" for link in links[1:]]
            more = f" [Its keys](#{links[0]}){''.join(forms)}." if links else ""
            rows.append(self._make_row(key, more, anchor))
        if rows:
            yield from _table("Key", "Values", "Meaning", rows=rows)

    @staticmethod
    def _make_row(key: KeyReference, more: str, anchor: str) -> tuple[str, ...]:
        accepts = re.sub(r"(mappings?) with .*", r"\1", key.accepts)
        default = (
            " **Required.**"
            if key.required
            else f" *If left out:* {key.default}."
            if key.default
            else ""
        )
        return _code(f"{anchor}-{key.name}", key.name), accepts, f"{key.meaning}{more}{default}"

    def describe_part(self, key: str, model: type[Any], anchor: str, level: int) -> Iterator[str]:
        """Describe one part, and below it those that are found in it."""
        path = anchor.removesuffix(key).replace("-", ": ") + key
        yield f"{'#' * level} {path} {{#{anchor}}}\n"
        yield read_docstring(model) + "\n"
        inner = self.reserve(model, anchor)
        yield from self.describe_keys(model, list(model.model_fields), anchor)
        for name, part in inner:
            yield from self.describe_part(name, part, f"{anchor}-{name}", level + 1)


def language() -> Iterator[str]:
    """The file, the items by family, and the other parts of a file in the order of its keys."""
    parts = _Parts()
    yield "# Questionnaire language\n"
    yield MADE + "\n"
    yield (
        "This page lists every key of a questionnaire file, the values it takes, and what applies if it is left out. "
        "`survey explain WORD` shows the same in the terminal. [Writing questionnaires](../guides/questionnaires.md) "
        "introduces the language with examples, and [Recipes](../guides/recipes.md) has more than 60 of them. "
        "Conditions, functions and fills have [a page of their own](conditions.md).\n"
    )
    parts.anchors[ItemSpec] = "items"
    parts.reserve(QuestionItem, "items")
    for model in ITEM_TYPES.values():
        parts.reserve(model, "items")
    item_models = {
        model: anchor for model, anchor in parts.anchors.items() if model is not ItemSpec
    }
    found = parts.reserve(Document, "", skip=frozenset({"items"}))
    yield "## The file {#file}\n"
    yield "These keys are written at the left margin of the file.\n"
    yield from parts.describe_keys(Document, list(Document.model_fields), "file")
    yield from _items(parts)
    yield "## Parts of items {#parts}\n"
    for model, anchor in item_models.items():
        key = anchor.removeprefix("items-").replace("-", ": ")
        yield f"### {key} {{#{anchor}}}\n"
        yield read_docstring(model) + "\n"
        yield from parts.describe_keys(model, list(model.model_fields), anchor)
    for key, model in found:
        yield from parts.describe_part(key, model, key, 2)
    yield from _outcomes()


def files_beside() -> Iterator[str]:
    """The files that belong to a questionnaire, each with its parts."""
    parts = _Parts()
    yield "# Files beside a questionnaire\n"
    yield MADE + "\n"
    yield (
        "These files are YAML, as the [questionnaire](language.md) is, and their expressions are "
        "[conditions of the questionnaire](conditions.md). `survey check` checks them, except maps, which "
        "`survey import-answers --dry-run` checks, and `survey schema` writes the JSON Schema "
        "with which editors complete and check them. Guides show them in use: "
        "[scenarios](../guides/testing-a-questionnaire.md#write-scenarios), "
        "[analysis](../guides/data-and-reports.md#variables-filters-and-banners), "
        "[codes](../guides/coding-open-answers.md), [map](../guides/data-and-reports.md#answers-from-outside), "
        "[simulation](../guides/questionnaires.md#simulate-interviews).\n"
    )
    for kind, model in COMPANIONS.items():
        yield from parts.describe_part(kind, model, kind, 2)


def _items(parts: _Parts) -> Iterator[str]:
    yield "## Items {#items}\n"
    yield (
        "Every entry of `items` has a `type`, which decides its other keys. An entry can also be "
        "`include: modules/name.yaml`, which stands for the items of a module; with `prefix: b_` the same module can be "
        "included a second time, and `with: {who: your partner}` gives the words for `{who}` in its texts.\n"
    )
    rows = [(f"[`{name}`](#{name})", read_docstring(model)) for name, model in ITEM_TYPES.items()]
    yield from _table("Type", "What it is", rows=rows)
    yield "### Keys of every item {#every-item}\n"
    type_row = ("`type`", "an item type", "The type of the item, one of those above. **Required.**")
    yield from parts.describe_keys(
        ItemSpec, list(ItemSpec.model_fields), "item", first_row=type_row
    )
    yield "### Keys of every question {#every-question}\n"
    yield "All items except sections and rosters have these keys too.\n"
    own = [name for name in QuestionItem.model_fields if name not in ItemSpec.model_fields]
    yield from parts.describe_keys(QuestionItem, own, "question")
    families: dict[str, dict[str, type[ItemSpec]]] = {}
    answered_first = sorted(
        ITEM_TYPES.items(), key=lambda item: not getattr(item[1], "expects_answer", True)
    )
    for name, model in answered_first:
        families.setdefault(model.__module__, {})[name] = model
    for module, members in families.items():
        yield from _family(parts, sys.modules[module].__doc__ or "", members)


def _family(parts: _Parts, docstring: str, members: Mapping[str, type[ItemSpec]]) -> Iterator[str]:
    yield f"## {docstring.partition(':')[0]}\n"
    for name, model in members.items():
        yield f"### {name} {{#{name}}}\n"
        yield f"{read_docstring(model)}\n"
        base = QuestionItem if issubclass(model, QuestionItem) else ItemSpec
        classes = model.__mro__[: model.__mro__.index(base)]
        own = {key for cls in classes for key in inspect.get_annotations(cls)}
        yield from parts.describe_keys(
            model, [key for key in model.model_fields if key in own], name
        )
        every = (
            "[every question](#every-question)"
            if base is QuestionItem
            else "[every item](#every-item)"
        )
        recipes = [
            f"[{title}](../guides/recipes.md#{anchor})" for title, anchor in list_recipes(name)
        ]
        examples = f" Recipes: {', '.join(recipes[:MAX_RECIPES])}." if recipes else ""
        yield f"It also has the keys of {every}.{examples}\n"


def list_recipes(item_type: str) -> list[tuple[str, str]]:
    """List the recipes that use an item type, those in which it comes first before the others: title and anchor."""
    text = (Path(__file__).parents[1] / "guides" / "recipes.md").read_text(encoding="utf-8")
    found = []
    for title, anchor, body in re.findall(
        r"^### \d+\. (.+?) \{#([\w-]+)\}\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL
    ):
        types = re.findall(r"\btype: (\w+)", body)
        if item_type in types:
            found.append((types.index(item_type), title, anchor))
    return [(title, anchor) for _, title, anchor in sorted(found, key=lambda recipe: recipe[0])]


def _outcomes() -> Iterator[str]:
    yield "## The outcome table {#outcome-table}\n"
    yield (
        "An outcome says how a call or an interview ended. Interviewers enter it by its number. After a temporary "
        "outcome the case can be called again; a final outcome closes the case. `fieldwork: delays:` changes the time "
        "until the next call. Some AAPOR codes differ in a frame of random digits. `derived` and `pending` stand for "
        "codes that depend on the whole case, and `dead` closes the number, not the case.\n"
    )
    for moment, title in MOMENTS.items():
        yield f"**{title}:**\n"
        rows = [
            _describe_outcome(outcome) for outcome in OUTCOMES.values() if outcome.moment == moment
        ]
        yield from _table("Outcome", "No.", "Name", "Next call", "AAPOR code", rows=rows)


MOMENTS = {
    "before": "Before anybody is reached",
    "after": "When somebody is reached",
    "screened": "When the respondent is screened",
    "interrupted": "In the middle of an interview",
    "any": "At any time",
    "end": "By the program: at the end of the questionnaire, or if a station stops",
}


NEXT_CALLS = {
    "": "at once",
    "appointment": "at the appointment",
    "held": "when a supervisor decides",
}


def _describe_outcome(row: Outcome) -> tuple[str, ...]:
    return (
        _code(f"outcome-{row.id}", row.id),
        str(row.number or "–"),
        row.name,
        NEXT_CALLS.get(row.delay, f"after {row.delay}") if row.temporary else "none: final",
        row.listed if row.listed == row.rdd else f"{row.listed}; {row.rdd} with random digits",
    )


# conditions, functions and fills

TODAY = date(2026, 11, 24)
ANSWERS: dict[str, tuple[ValueType, Any]] = {
    "q1": (ValueType("code", frozenset({1, 2, 3})), 2),
    "media": (ValueType("codes", frozenset({"tv", "radio", "web"}), ordered=True), ("tv", "web")),
    "hours": (ValueType("number"), 38),
    "pay": (ValueType("number"), DK),
    "rent": (ValueType("number"), NOT_ASKED),
    "town": (ValueType("text"), "Springfield"),
    "born": (ValueType("date"), date(1985, 3, 3)),
    "start": (ValueType("time"), time(9, 30)),
}
AGES = (41, 38, 12)
OPERATORS = (
    ("`( )`", "brackets", "(hours + 2) * 10"),
    ("`person[1].age`", "a roster item of one turn", "person[1].age"),
    (
        "`interviewer.sex`",
        "a column of the [list of people](file-formats.md#list-of-people), for whoever began the interview; a text",
        "interviewer.sex == 'f'",
    ),
    ("`2 in person`", "whether a roster has a turn", "2 in person"),
    ("`-`", "sign", "-hours"),
    ("`*` `/`", "product, quotient", "hours * 52 / 12"),
    ("`//`", "quotient, rounded down", "hours // 7"),
    ("`%`", "remainder of a division; it has the sign of the divisor", "hours % 7"),
    ("`+` `-`", "sum, difference", "hours + 2"),
    ("`==` `!=`", "equal, not equal", "q1 == 2"),
    ("`<` `<=` `>` `>=`", "order", "20 < hours <= 40"),
    ("`in`, `not in`", "one of a list; chosen in a `multiple`", "'tv' in media"),
    ("`not`", "negation", "not q1 == 2"),
    ("`and`", "both are true", "q1 == 2 and hours > 40"),
    ("`or`", "at least one is true", "q1 == 2 or hours > 40"),
    (
        "`x if c else y`",
        "`x` if `c` is true, `y` if it is false; if it is unknown, the result is missing "
        "(in edition 1 it is `y`)",
        "'long' if hours > 40 else 'short'",
    ),
)
UNKNOWNS = (
    "pay > 1000",
    "pay + hours",
    "pay + rent",
    "pay > 1000 and hours > 40",
    "pay > 1000 or hours > 30",
    "pay in [1000, dk]",
    "'high' if pay > 1000 else 'not high'",
    "hours / 0",
)
FUNCTION_EXAMPLES = {
    "answered": "answered(pay)",
    "dk": "dk(pay)",
    "refused": "refused(pay)",
    "declined": "declined(pay)",
    "keyed": "keyed(hours)",
    "count": "count(person.age >= 18)",
    "sum": "sum(hours, pay)",
    "mean": "mean(person.age)",
    "sum_answered": "sum_answered(hours, pay)",
    "mean_answered": "mean_answered(hours, pay)",
    "min": "min(person.age)",
    "max": "max(hours, 40)",
    "min_answered": "min_answered(hours, pay)",
    "max_answered": "max_answered(hours, pay)",
    "first_answered": "first_answered(pay, hours)",
    "default": "default(rent, 0)",
    "round": "round(hours / 7, 1)",
    "length": "length(town)",
    "years_between": "years_between(born, today())",
    "contains": "contains(town, 'ville')",
    "first": "first(media)",
    "rank": "rank(media, 'web')",
    "elapsed": "elapsed() < 15",
    "months_between": "months_between('2026-01-31', today())",
    "days_between": "days_between('2026-01-31', today())",
    "today": "today() > born",
}
EFFECTS = (
    ("`ask_if` of an item, statement or option", "asked or offered", "left out", "left out"),
    ("`unless`", "skipped", "asked", "asked"),
    ("`expect` of a check", "accepted", "message", "accepted"),
    ("`if` of a `confirm`", "read back", "accepted", "accepted"),
    ("`where` of a draw", "can be drawn", "not drawn", "not drawn"),
    ("`where` of a quota", "counts", "does not count", "does not count"),
)


def _evaluate(expression: str) -> str:
    """Return the result of an expression with the answers of the page, in words."""
    scope = Scope(
        {name: kind for name, (kind, _) in ANSWERS.items()}
        | {"age": ValueType("number", roster="person")},
        has_clock=True,
        has_interviewer=True,
        rosters={"person"},
        edition=NEWEST_EDITION,
    )
    condition = None
    for expected in ("truth", "value"):
        condition, problems = compile_condition(
            expression, scope, where=Position(""), who="", expected=expected
        )
        if condition is not None:
            break
    assert condition is not None, (expression, [str(p) for p in select_errors(problems)])
    turns = range(1, len(AGES) + 1)
    known = Known(
        {name: value for name, (_, value) in ANSWERS.items()},
        {("age", turn): AGES[turn - 1] for turn in turns},
        rosters={"person": RosterTurns(tuple(turns))},
        attributes={"sex": "f"},
        clock=InterviewClock(time_spent=timedelta(minutes=12)),
        today=TODAY,
    )
    value = condition.evaluate(known)
    if isinstance(value, Missing):
        return (
            "unknown" if condition.result_type.type == "flag" else WORDS.get(value.kind, value.kind)
        )
    return _show(value)


def _show(value: Any) -> str:
    if isinstance(value, Missing):
        return WORDS.get(value.kind, value.kind)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(f"`{code}`" for code in value)
    if isinstance(value, float):
        return f"`{value:.10g}`"
    return f"`{value:%H:%M}`" if isinstance(value, time) else f"`{value}`"


def conditions() -> Iterator[str]:
    """Operators, unknown values, functions, fills and formats, with results that the program computes."""
    yield "# Conditions, functions and fills\n"
    yield MADE + "\n"
    yield (
        "A condition decides what is asked: `ask_if: q1 == 2 and hours > 40`. A calculation has any value: "
        "`compute: {year: hours * 52}`. Both are written in a small part of Python's syntax. They can use the ids of "
        "items that are asked earlier, the columns of the sample, and the names under `compute`. `survey check` reports "
        "every name, code and type that does not fit.\n"
    )
    yield "The program computed the results on this page. The examples use these answers:\n"
    rows = [(f"`{name}`", kind.type if kind.type != "codes" else "multiple", _show(value))
            for name, (kind, value) in ANSWERS.items()]  # fmt: skip
    rows.append(("`person.age`", "number, in a roster", ", ".join(f"`{age}`" for age in AGES)))
    rows.append(("`today()`", "date", f"`{TODAY}`"))
    yield from _table("Name", "Type", "Value", rows=rows)
    yield from _operators()
    yield from _unknowns()
    yield "## Functions {#functions}\n"
    rows = [
        (
            " or ".join(
                _code(f"function-{name}" if n == 0 else "", s)
                for n, s in enumerate(function.signature.split(" or "))
            ),
            FUNCTION_MEANINGS[name],
            f"`{FUNCTION_EXAMPLES[name]}` is {_evaluate(FUNCTION_EXAMPLES[name])}",
        )
        for name, function in FUNCTIONS.items()
    ]
    yield from _table("Function", "Result", "Example", rows=rows)
    yield from _rosters()
    yield from _fills()


def _operators() -> Iterator[str]:
    yield "## Operators {#operators}\n"
    yield (
        "The operators are listed in the order of precedence: an operator is applied before those below it. Write "
        "brackets where `and` and `or` are mixed; `survey check` warns if they are missing.\n"
    )
    rows = [
        (sign, meaning, f"`{example}`", _evaluate(example)) for sign, meaning, example in OPERATORS
    ]
    yield from _table("Operator", "Meaning", "Example", "Value", rows=rows)
    yield "Values are written as follows:\n"
    yield "- Numbers have digits and a decimal point: `1000`, `0.5`.\n- Codes are written as in the options: `q1 == 2`."
    yield (
        "- Texts, and codes that are words, have quotes: `town == 'Springfield'`, `'tv' in media`.\n"
        "- Dates and times are texts in quotes: `born < '1990-01-01'`, `start >= '09:00'`.\n"
        "- A list has square brackets: `q1 in [1, 2]`. It can contain declines: `q1 in [1, dk]`.\n"
        "- A condition under `compute` is used by its name: `ask_if: at_work`, `ask_if: not at_work`.\n"
    )
    yield (
        "There are no other operators and functions. `+` adds numbers and does not join texts; to join texts, use fills: "
        "`{first} {last}`.\n"
    )
    yield (
        "In YAML, put a condition in quotes if it begins with a quote or a bracket, or if it contains `: ` or ` #`: "
        "`ask_if: \"'tv' in media\"`. Inside braces, a condition with a list needs quotes: "
        '`{id: why, ask_if: "q1 in [1, 2]"}`.\n'
    )


def _unknowns() -> Iterator[str]:
    yield "## Unknown conditions {#unknown}\n"
    yield (
        "An item has an answer, or one of four reasons why it has none: *don't know*, *refused*, *not asked* (the route "
        "skipped it) and *not reached* (the interview ended before it). A comparison with such an item is neither true "
        "nor false. It is *unknown*. `and`, `or` and `not` treat unknown as follows:\n"
    )
    truths = {"**true**": True, "**false**": False, "**unknown**": DK}
    names = {True: "true", False: "false"}
    for sign, function in (("and", logical_and), ("or", logical_or)):
        rows = [
            (left, *(names.get(function(a, b), "unknown") if not isinstance(function(a, b), Missing) else "unknown"
                     for b in truths.values()))
            for left, a in truths.items()
        ]  # fmt: skip
        yield from _table(f"`{sign}`", "true", "false", "unknown", rows=rows)
    assert isinstance(logical_not(REFUSED), Missing)
    yield "`not` leaves unknown as it is. What an unknown condition does depends on its key:\n"
    yield from _table("Condition", "True", "False", "Unknown", rows=list(EFFECTS))
    yield (
        "Use `unless` for an `end`, so that a respondent who declines the question is not interviewed by mistake. "
        "`survey check` reports an `end` that a decline passes, and warns about `!=` and `not` with items that can be "
        "declined.\n"
    )
    yield from _table(
        "Example", "Value", rows=[(f"`{example}`", _evaluate(example)) for example in UNKNOWNS]
    )
    yield (
        "A calculation with several missing values has the first of these kinds: not reached, not asked, refused, don't "
        "know. An option with `missing: true` is an answer without an amount: `q1 == 5` and `answered(q1)` are true if "
        "it was chosen, and `q1 > 2` is unknown (in edition 1, 5 is a number like others).\n\n"
        "If the condition of `x if c else y` is unknown, the result is missing, too, with the kind of what made it "
        "unknown. Write `9 if not answered(pay) else …` for a value of its own, or `answered(pay) and pay > 1000` if "
        "`y` is meant. In edition 1 the result is `y`, and `survey check` warns.\n"
    )


def _rosters() -> Iterator[str]:
    yield "## Rosters {#rosters}\n"
    yield (
        "Inside a roster, the id of one of its items is the answer of the same turn. Outside, it is a list with one "
        "value per turn, which a function reduces to one value.\n"
    )
    examples = (
        "person[1].age",
        "max(person.age)",
        "count(person.age >= 18)",
        "count(person.age >= 18) >= 3",
    )
    yield from _table("Example", "Value", rows=[(f"`{e}`", _evaluate(e)) for e in examples])


def _compile(text: str) -> Template:
    return compile_text(Text.from_string(text), Scope({}), who="")[0]


FILLED: dict[str, tuple[ValueType, Any]] = {
    "kind": (ValueType("code", labels={1: _compile("Main Street")}), 1),
    "name": (ValueType("text"), "ana"),
    "seen": (
        ValueType("codes", labels={word: _compile(word) for word in ("fox", "hare")}),
        ("fox", "hare"),
    ),
    "children": (ValueType("number"), 3),
    "income": (ValueType("number"), 12345.6),
    "share": (ValueType("number"), 0.25),
    "visit": (ValueType("date"), date(2026, 11, 24)),
    "start": (ValueType("time"), time(17, 30)),
    "age": (ValueType("number"), DK),
}
PLAIN_FILLS = (
    ("{kind}", "the text of an option"),
    ("{seen}", "the options chosen in a `multiple`"),
    ("{income}", "a number"),
    ("{visit}", "a date"),
    ("{start}", "a time"),
    ("{age}", "an item without an answer"),
    ("{age|that age}", "the same, with words for this case"),
    ("{kind:lower|the} branch", "a format and words"),
    ("{{name}}", "braces that are read as they are"),
)
FORMATS = (
    ("codes, texts", "{name:title}"),
    ("", "{kind:lower}"),
    ("", "{kind:upper}"),
    ("codes", "{kind:code}"),
    ("numbers", "{children:words}"),
    ("", "{children:ordinal}"),
    ("", "{income:,}"),
    ("", "{income:,.0f}"),
    ("", "{income:.2f}"),
    ("", "{share:.0%}"),
    ("", "{income:EUR}"),
    ("dates", "{visit}"),
    ("", "{visit:%A %d %B}"),
    ("", "{visit:%-d %B %Y}"),
    ("", "{visit:%d/%m/%Y}"),
    ("times", "{start:%H:%M}"),
    ("", "{start:%I:%M %p}"),
)


def _fill(text: str, language: str) -> str:
    scope = Scope(
        {name: variable for name, (variable, _) in FILLED.items()}, languages=("en", "es")
    )
    template, problems = compile_text(Text.from_string(text), scope, who="")
    assert not select_errors(problems), (text, problems)
    known = Known({name: value for name, (_, value) in FILLED.items()})
    return "".join(span.text for span in template.fill(known, language))


def _fills() -> Iterator[str]:
    yield "## Fills {#fills}\n"
    yield (
        "A text contains answers, sample columns and calculations in braces: `How old is {name}?` A fill can have a "
        "format after a colon, and words after a bar that replace it if there is no answer: `{age:words|that many}`. A "
        "fill without such words is read as `…`; `survey check` warns if that can happen. `**two asterisks**` stress a "
        "word.\n"
    )
    rows = [(f"`{text}`", meaning, _fill(text, "en")) for text, meaning in PLAIN_FILLS]
    yield from _table("Written", "Contains", "Read aloud", rows=rows)
    yield "These names can be filled in without being defined:\n"
    rows = [
        (_code(f"fill-{name}", f"{{{name}}}"), meaning) for name, meaning in FILL_MEANINGS.items()
    ]
    yield from _table("Fill", "Meaning", rows=rows)
    yield "## Formats of fills {#formats}\n"
    rows = [
        (values, _code("", text), _fill(text, "en"), _fill(text, "es")) for values, text in FORMATS
    ]
    yield from _table("Values", "Format", "English", "Spanish", rows=rows)
    yield (
        "The parts of a date format are `%A` weekday, `%a` short weekday, `%d` day in two digits, `%-d` day, `%B` month, "
        "`%b` short month, `%m` month in digits, `%Y` year. Those of a time are `%H` hour from 00 to 23, `%I` hour from "
        "01 to 12, `%M` minute, `%p` AM or PM. Three capitals are a currency. Weekdays, months, numbers, amounts and the "
        "words that join lists are those of the language of the interview: 2,512,345 is 25,12,345 in Hindi. `lower` "
        "leaves a text as it is in German and the other languages whose nouns have capitals.\n"
    )


# problems


def problems() -> Iterator[str]:
    """Every problem that `survey check` can report, in groups."""
    yield "# Problems\n"
    yield MADE + "\n"
    yield (
        "`survey check` reports every problem of a questionnaire with its position and a remedy. An error stops the "
        "questionnaire from being used; a warning does not. Each heading on this page is the name of a rule, which "
        "`survey check FILE --format json` writes with every problem. `survey explain NAME` shows the same text in the "
        "terminal.\n"
    )
    for title, rules in RULE_GROUPS.items():
        yield f"**{title}:** " + ", ".join(f"[{rule}](#{rule})" for rule in sorted(rules)) + ".\n"
    for title, rules in RULE_GROUPS.items():
        yield f"## {title}\n"
        for rule, explanation in sorted(rules.items()):
            yield f"### {rule} {{#{rule}}}\n"
            yield explanation.strip() + "\n"
