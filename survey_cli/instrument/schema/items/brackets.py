"""The item `bracket`: an amount that is found by unfolding brackets."""

# An interview never comes to the bracket itself. `compiled/bracket_expansion.py` makes a section of
# it: steps with yes and no, the amount if the respondent names one, and results that are computed.

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import ceil, inf
from random import Random
from typing import Annotated, ClassVar, Final, Literal, TypeAlias

from survey_cli.entries import Reply
from survey_cli.instrument.amounts import Amount, AmountReading, Interval
from survey_cli.instrument.expressions.expression_checker import LimitNames
from survey_cli.instrument.number_ranges import count_decimals
from survey_cli.instrument.schema.items import coded, question, typed, unasked_items
from survey_cli.instrument.source.scalars import (
    Flag,
    Number,
    ParseWith,
    Text,
    parse_bracket_start,
)
from survey_cli.instrument.texts.languages import get_base
from survey_cli.instrument.texts.number_text import format_money, format_number, is_currency
from survey_cli.instrument.texts.templates import Template
from survey_cli.values import Cell, Code, Measure, Missing, Storage, Value, Variable, get_missing
from survey_cli.wording import join_words

LESS: Final = 1
"""The code of a step: the amount is less than the one that was read."""
NOT_LESS: Final = 2
"""The code of a step: the amount is the one that was read, or more."""
NAMED: Final = 3
"""The code of a step: the respondent names the amount."""
STEP_WORDS: Final[Mapping[str, tuple[str, str, str]]] = {
    "en": ("Yes", "No", "Names an amount"),
    "es": ("Sí", "No", "Dice una cantidad"),
    "fr": ("Oui", "Non", "Indique un montant"),
    "de": ("Ja", "Nein", "Nennt einen Betrag"),
    "pt": ("Sim", "Não", "Diz um valor"),
    "it": ("Sì", "No", "Indica un importo"),
    "nl": ("Ja", "Nee", "Noemt een bedrag"),
}
"""The answers of a step, by language."""
AMOUNT_WORDS: Final[Mapping[str, str]] = {
    "en": "About how much is it?",
    "es": "¿Cuánto es, más o menos?",
    "fr": "C'est environ combien ?",
    "de": "Wie viel ist es ungefähr?",
    "pt": "Quanto é, mais ou menos?",
    "it": "Quanto è, più o meno?",
    "nl": "Hoeveel is het ongeveer?",
}
"""What is read if the respondent names an amount, by language."""

DOUBT_WORDS: Final[Mapping[str, str]] = {
    "en": "I understood another amount before. Is {amount} right?",
    "es": "Antes entendí otra cantidad. ¿Es correcto {amount}?",
    "fr": "J'avais compris un autre montant. Est-ce bien {amount} ?",
    "de": "Vorhin hatte ich etwas anderes verstanden. Ist {amount} richtig?",
    "pt": "Antes entendi outro valor. {amount} está certo?",
    "it": "Prima avevo capito un altro importo. È giusto {amount}?",
    "nl": "Ik had eerder een ander bedrag begrepen. Klopt {amount}?",
}
"""What is read if the amount is not in what the steps have left, by language."""

INTERVAL_WORDS: Final[Mapping[str, tuple[str, str, str]]] = {
    "en": ("Less than {high}", "{low} to less than {high}", "{low} or more"),
    "es": ("Menos de {high}", "De {low} a menos de {high}", "{low} o más"),
    "fr": ("Moins de {high}", "De {low} à moins de {high}", "{low} ou plus"),
    "de": ("Weniger als {high}", "{low} bis unter {high}", "{low} oder mehr"),
    "pt": ("Menos de {high}", "De {low} a menos de {high}", "{low} ou mais"),
    "it": ("Meno di {high}", "Da {low} a meno di {high}", "{low} o più"),
    "nl": ("Minder dan {high}", "{low} tot minder dan {high}", "{low} of meer"),
}
"""The lowest interval, one between two amounts, and the highest, by language."""

START_LABEL: Final[Mapping[str, str]] = {
    "en": "first amount",
    "es": "primera cantidad",
    "fr": "premier montant",
    "de": "erster Betrag",
    "pt": "primeiro valor",
    "it": "primo importo",
    "nl": "eerste bedrag",
}
"""What the label of the drawn first amount adds to that of the bracket, by language."""

EXACT_LABEL: Final[Mapping[str, str]] = {
    "en": "amount named",
    "es": "cantidad indicada",
    "fr": "montant indiqué",
    "de": "genannter Betrag",
    "pt": "valor indicado",
    "it": "importo indicato",
    "nl": "genoemd bedrag",
}
"""The same for the amount that was named."""

LOW_LABEL: Final[Mapping[str, str]] = {
    "en": "lowest amount",
    "es": "cantidad mínima",
    "fr": "montant minimal",
    "de": "niedrigster Betrag",
    "pt": "valor mínimo",
    "it": "importo minimo",
    "nl": "laagste bedrag",
}
"""The same for the lower limit, which belongs to the interval."""

HIGH_LABEL: Final[Mapping[str, str]] = {
    "en": "less than this amount",
    "es": "menos de esta cantidad",
    "fr": "moins de ce montant",
    "de": "weniger als dieser Betrag",
    "pt": "menos do que este valor",
    "it": "meno di questo importo",
    "nl": "minder dan dit bedrag",
}
"""The same for the upper limit, which doesn't belong to it."""

STOP_LABEL: Final[Mapping[str, str]] = {
    "en": "what ended the steps",
    "es": "qué terminó las preguntas",
    "fr": "ce qui a mis fin aux questions",
    "de": "was die Fragen beendet hat",
    "pt": "o que terminou as perguntas",
    "it": "che cosa ha concluso le domande",
    "nl": "wat de vragen beëindigde",
}
"""The same for what ended the steps."""

NO_LIMIT_LABEL: Final[Mapping[str, str]] = {
    "en": "No upper limit",
    "es": "Sin límite superior",
    "fr": "Sans limite supérieure",
    "de": "Keine Obergrenze",
    "pt": "Sem limite superior",
    "it": "Senza limite superiore",
    "nl": "Geen bovengrens",
}
"""The label of the missing upper limit of the highest interval, by language."""

INTERVAL_LEFT_LABEL: Final[Mapping[str, str]] = {
    "en": "One interval is left",
    "es": "Queda un intervalo",
    "fr": "Il reste un intervalle",
    "de": "Ein Intervall bleibt übrig",
    "pt": "Resta um intervalo",
    "it": "Resta un intervallo",
    "nl": "Er blijft één interval over",
}
"""The label of `interval` as what ended the steps, by language."""

AMOUNT_NAMED_LABEL: Final[Mapping[str, str]] = {
    "en": "An amount was named",
    "es": "Se indicó una cantidad",
    "fr": "Un montant a été indiqué",
    "de": "Ein Betrag wurde genannt",
    "pt": "Foi indicado um valor",
    "it": "È stato indicato un importo",
    "nl": "Er is een bedrag genoemd",
}
"""The label of `amount` as what ended the steps, by language."""

RANDOM_START: Final = "random"
NO_LIMIT: Final = get_missing("no_limit")
"""The upper end of the highest interval."""
NO_LIMIT_CODE: Final = -10
"""Its code, unless that is an amount or a decline."""
STOPPED_AT_INTERVAL: Final = "interval"
"""The steps left one interval."""
STOPPED_AT_AMOUNT: Final = "amount"
"""The respondent named the amount."""

BracketStart: TypeAlias = Annotated[
    int | float | Literal["random"],
    ParseWith(parse_bracket_start, {"type": ["number", "string"]}),
    "an amount, or random",
]


class BracketItem(question.QuestionItem):
    """An amount that is found by unfolding brackets, as in "Is it less than $25,000?".

    Each answer, yes or no, leads to the next amount, until one interval is left. A don't know or a
    refusal ends the steps, and what is known by then is kept. If the respondent names an amount, it
    is entered, and nothing more is asked.

    In the data, `ID` is the number of the interval, from 1; it is missing if more than one is left.
    `ID_low` (which belongs to the interval) and `ID_high` (which doesn't) are its limits, or those
    of what is left. `ID_exact` is the amount that was named, and `ID_stop` says what ended the
    steps. A condition such as `ID < 25000` is known if it is the same for all amounts that are
    left.
    """

    type: Literal["bracket"]
    steps: list[Number]
    """The amounts that can be read, in rising order: `[10000, 25000, 50000]`."""
    start: BracketStart | None = None
    """The amount that is read first: one of `steps`, or `random`, so that the answers can't depend
    on it; it is then stored in `ID_start`. If left out: the one in the middle."""
    walk: Literal["step", "halve"] = "step"
    """How the next amount is found. `step`: it is the next lower or higher one. `halve`: it is the
    one in the middle of those that are left."""
    unit: Text | None = None
    """The unit of the amounts, for labels: `USD`, `hours`. If left out: none."""
    min: Number = 0
    """The lowest possible amount."""
    named: Flag = True
    """Whether a respondent may name the amount instead of answering yes or no. With `named: false`
    the data have no `ID_exact`."""
    exact: Text | None = None
    """What is read if the respondent names an amount. If left out: `About how much is it?`"""

    is_group: ClassVar[bool] = True

    @property
    def amounts(self) -> list[int | float]:
        """The steps in rising order and above the lowest amount.

        It is an error if they are written otherwise.
        """
        amounts = {step for step in self.steps if step > self.min}
        return sorted(amounts) or [self.min + 1]

    def format_amount(self, amount: float, language: str) -> str:
        """Format an amount with its unit, as a language writes it: `$25,000`, `40 hours`."""
        if self.unit is None:
            return format_number(amount, language)
        unit = str(self.unit.get(language))
        if is_currency(unit):
            return format_money(amount, unit, language)
        return f"{format_number(amount, language)} {unit}"

    def label_interval(self, code: int, language: str) -> str:
        """Return the words of an interval: `$10,000 to less than $15,000`."""
        lowest, between, highest = INTERVAL_WORDS.get(get_base(language), INTERVAL_WORDS["en"])
        if code == 1:
            return lowest.format(high=self.format_amount(self.amounts[0], language))
        low = self.format_amount(self.amounts[code - 2], language)
        if code > len(self.amounts):
            return highest.format(low=low)
        high = self.format_amount(self.amounts[code - 1], language)
        return between.format(low=low, high=high)

    def describe_steps(self, language: str) -> str:
        """Describe the amounts, and in which order they are read."""
        amounts = [self.format_amount(step, language) for step in self.steps]
        start = self.start
        if start is None:
            start = self.amounts[(len(self.amounts) - 1) // 2]
        first = "an amount drawn by chance"
        if not isinstance(start, str):
            first = self.format_amount(start, language)
        following = "the next lower or higher one"
        if self.walk == "halve":
            following = "the one in the middle of those that are left"
        return f"{join_words(amounts)}; first {first}, then {following}"

    def find_limits(self, code: int) -> tuple[float, float | None]:
        """Return the limits of an interval; the second, which isn't in it, is None at the top."""
        low = self.min if code == 1 else self.amounts[code - 2]
        high = None if code > len(self.amounts) else self.amounts[code - 1]
        return low, high

    def build_reading(self) -> AmountReading:
        """Build how an amount is read from the code of an interval."""
        intervals: dict[Code, Amount] = {}
        for code in self.codes:
            low, high = self.find_limits(code)
            if high is None:
                high = inf
            intervals[code] = Interval(low, high, includes_high=False)
        return AmountReading(intervals)

    @property
    def limit_names(self) -> LimitNames:
        """The names of the items that say the amount more exactly."""
        exact = f"{self.id}_exact" if self.named else None
        return LimitNames(exact, f"{self.id}_low", f"{self.id}_high")

    def may_be_amount(self, code: int) -> bool:
        """Return whether the code of a decline can also be an amount."""
        return code >= self.min

    @property
    def codes(self) -> tuple[int, ...]:
        """The codes of the intervals, from the lowest."""
        return tuple(range(1, len(self.amounts) + 2))

    @property
    def decimals(self) -> int:
        """The most decimals of an amount."""
        return max(count_decimals(amount) for amount in (*self.steps, self.min))


@dataclass(frozen=True, slots=True, eq=False)
class IntervalLabels(Mapping[Code, Template]):
    """The words of a bracket's intervals as labels, each made when it is needed.

    Money is written by Babel, which is imported only then.
    """

    bracket: BracketItem
    languages: tuple[str, ...]

    def __getitem__(self, code: Code) -> Template:
        if code not in self.bracket.codes:
            raise KeyError(code)
        words = {}
        for language in self.languages:
            words[language] = self.bracket.label_interval(int(code), language)
        return Template.from_words(words)

    def __iter__(self) -> Iterator[Code]:
        return iter(self.bracket.codes)

    def __len__(self) -> int:
        return len(self.bracket.codes)


@dataclass(frozen=True, slots=True)
class LabelTranslation:
    """The choice of the words that the program adds to the labels of a bracket's columns."""

    is_translated: bool
    """Whether they are in the language of the data. If not, they are in English."""

    def choose(self, words: Mapping[str, str], language: str) -> str:
        """Choose the words in a language; in English if they aren't translated into it."""
        if not self.is_translated:
            return words["en"]
        return words.get(get_base(language), words["en"])


class BracketStepItem(coded.SingleItem):
    """One amount of a bracket. It is made for the bracket, and is not written in a file.

    Its answers are in the journal and in no column: the results say all of them.
    """

    spec: BracketItem
    amount: float
    """The amount that is read."""

    @property
    def bracket(self) -> str:
        """The bracket that it was made for."""
        return str(self.spec.id)

    def describe(self, language: str) -> str:
        """Describe what is asked: `less than $25,000?`."""
        lowest, _, _ = INTERVAL_WORDS.get(get_base(language), INTERVAL_WORDS["en"])
        amount = self.spec.format_amount(self.amount, language)
        words = lowest.format(high=amount)
        return f"{words[:1].lower()}{words[1:]}?"

    def find_answer(self, code: int) -> int:
        """Return the answer of a respondent whose amount is in this interval."""
        low, _ = self.spec.find_limits(code)
        return LESS if low < self.amount else NOT_LESS

    def build_variables(self, item: question.CompiledItem, language: str) -> tuple[Variable, ...]:
        return ()

    def build_cells(
        self, item: question.CompiledItem, value: Value | None, words: question.Words
    ) -> tuple[Cell, ...]:
        return ()

    def build_missing_cells(self, item: question.CompiledItem, why: Missing) -> tuple[Cell, ...]:
        return ()

    def invent(self, context: question.ItemContext, rng: Random) -> Reply:
        if not self.spec.named:
            return str(rng.choice((LESS, NOT_LESS)))
        # few respondents name an amount once they are asked whether it is less than another
        return str(rng.choices((LESS, NOT_LESS, NAMED), (9, 9, 2))[0])


class BracketAmountItem(typed.NumberItem):
    """The amount that a respondent names. It is made for a bracket, and is not written."""

    spec: BracketItem
    label_translation: LabelTranslation
    amounts_by_step: dict[str, float]
    """The amount that each step asks about, by the id of the step."""

    @property
    def bracket(self) -> str:
        """The bracket that it was made for."""
        return str(self.spec.id)

    def invent(self, context: question.ItemContext, rng: Random) -> Reply:
        low = self.spec.min
        high = 2 * self.spec.amounts[-1]
        turn = context.known.turn if context.item.roster is not None else None
        for step, amount in self.amounts_by_step.items():
            match context.known.value(step, turn):
                case int(answer) if answer == LESS:
                    high = min(high, amount)
                case int(answer) if answer == NOT_LESS:
                    low = max(low, amount)
        return str(rng.randrange(ceil(low), max(ceil(low) + 1, ceil(high))))

    def build_variables(self, item: question.CompiledItem, language: str) -> tuple[Variable, ...]:
        (column,) = super().build_variables(item, language)
        words = self.label_translation.choose(EXACT_LABEL, language)
        return (replace(column, label=f"{column.label} ({words})"),)


ResultPart: TypeAlias = Literal["", "low", "high", "stop"]
"""What a result says: the interval, one of its limits, or what ended the steps."""


class BracketResultItem(unasked_items.ComputedItem):
    """What the steps of a bracket have found. It is made for the bracket, and is not written.

    `CompiledItem.cases` says which value it has, depending on the answers.
    """

    type: Literal["bracket"]
    spec: BracketItem
    label_translation: LabelTranslation
    part: ResultPart

    condition_type: ClassVar[str] = "code"

    @property
    def bracket(self) -> str:
        """The bracket that it was made for."""
        return str(self.spec.id)

    def build_variables(self, item: question.CompiledItem, language: str) -> tuple[Variable, ...]:
        label = str(item.label.get(language))
        added: Mapping[str, str] | None = None
        storage: Storage = "decimal" if self.spec.decimals else "integer"
        measure: Measure = "scale"
        labels: dict[Code, str] = {}
        match self.part:
            case "":
                storage = "integer"
                measure = "ordinal"
                labels = {
                    code: self.spec.label_interval(code, language) for code in self.spec.codes
                }
            case "low":
                added = LOW_LABEL
            case "high":
                added = HIGH_LABEL
            case "stop":
                added = STOP_LABEL
                storage = "text"
                measure = "nominal"
                labels = self._label_stops(item, language)
        if added is not None:
            label = f"{label} ({self.label_translation.choose(added, language)})"

        column = question.build_variable(
            item,
            language,
            label=label,
            storage=storage,
            measure=measure,
            decimals=self.spec.decimals if storage == "decimal" else 0,
            labels=labels,
        )
        if self.part == "stop":
            # A decline is what ended the steps: a value, and no missing value.
            column = replace(column, declines={})
        if self.part == "high":
            code = self._choose_no_limit_code(column)
            no_limit = self.label_translation.choose(NO_LIMIT_LABEL, language)
            declines = {NO_LIMIT.kind: (code, no_limit), **column.declines}
            column = replace(column, declines=declines)
        return (replace(column, wording=str(self.spec.text.get(language))),)

    def _choose_no_limit_code(self, column: Variable) -> int:
        """Choose a code that the column has for nothing else."""
        declined = {code for code, _ in column.declines.values()}
        code = NO_LIMIT_CODE
        while code in declined or code in self.spec.amounts:
            code -= 1
        return code

    def _label_stops(self, item: question.CompiledItem, language: str) -> dict[Code, str]:
        choose = self.label_translation.choose
        labels: dict[Code, str] = {STOPPED_AT_INTERVAL: choose(INTERVAL_LEFT_LABEL, language)}
        if self.spec.named:
            labels[STOPPED_AT_AMOUNT] = choose(AMOUNT_NAMED_LABEL, language)
        for decline in item.declines:
            labels[decline.id] = str(decline.text.get(language))
        return labels
