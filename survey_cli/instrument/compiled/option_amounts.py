"""The amounts of options: how an item's amount is read from the code that was keyed."""

from collections.abc import Iterator, Mapping
from math import inf
from typing import Any

from survey_cli.instrument.amounts import Amount, AmountReading, Interval
from survey_cli.instrument.editions import AMOUNTS_EDITION
from survey_cli.instrument.schema.options import CodedAnswer
from survey_cli.problems import Problem
from survey_cli.values import NO_AMOUNT, Code


class AmountResolver:
    """Resolver of options to amounts, which reports what they can't mean."""

    def __init__(self, edition: int, problems: list[Problem]) -> None:
        self.edition = edition
        self.problems = problems
        """The problems so far, to which it adds."""
        self._readings: dict[int, AmountReading | None] = {}
        """By `id` of a list of options: items that use one named list share it, and its problems
        are reported once."""

    def resolve(self, options: Mapping[Any, CodedAnswer], who: str) -> AmountReading | None:
        """Return how the amount of these options is read; None if it is always the code."""
        if not options:
            return None
        key = id(options)
        if key not in self._readings:
            self._readings[key] = self._resolve(options, who)
        return self._readings[key]

    def refuse(self, options: Mapping[Any, CodedAnswer], who: str, what: str) -> None:
        """Report the keys of amounts at options that can't have any: those of a multiple, say."""
        for option in options.values():
            for key in option.list_amount_keys():
                where = option.find_position(key)
                problem = Problem(
                    "option-amount",
                    where,
                    who,
                    f"{key}: {what} has no amount",
                    "use a number, a scale or a single, or remove it",
                )
                self.problems.append(problem)
                # another item that uses this list reports nothing more
                self._readings[id(options)] = None

    def _resolve(self, options: Mapping[Any, CodedAnswer], who: str) -> AmountReading | None:
        """Return the reading of a list that has not been read before, or report its mistakes."""
        problems: list[Problem] = []
        for code, option in options.items():
            problems += self._iterate_mistakes(code, option, who)
        self.problems += problems
        if problems or self.edition < AMOUNTS_EDITION:
            return None

        by_code: dict[Code, Amount] = {}
        for code, option in options.items():
            amount = find_amount(option)
            if amount is not None:
                by_code[code] = amount
        if not by_code:
            return None
        return AmountReading(by_code)

    def _iterate_mistakes(self, code: Code, option: CodedAnswer, who: str) -> Iterator[Problem]:
        """Yield what is wrong with the keys of an option that say what its amount is."""
        keys = option.list_amount_keys()
        if not keys:
            return
        where = option.find_position(keys[0])
        if self.edition < AMOUNTS_EDITION:
            what = f"{keys[0]}: has a meaning from edition {AMOUNTS_EDITION} on"
            remedy = f"write edition: {AMOUNTS_EDITION} under instrument:, or remove it"
            yield Problem("needs-edition", where, who, what, remedy)
        elif isinstance(code, str):
            what = f"{keys[0]}: {code!r} is a word, and only a code that is a number has an amount"
            yield Problem("option-amount", where, who, what, "use numbers as codes, or remove it")
        elif option.missing:
            what = f"{keys[0]}: {code} has missing: true, and thus no amount"
            yield Problem("option-amount", where, who, what, "remove one of the two")
        elif "value" in keys and len(keys) > 1:
            what = f"value: {code} also has {keys[1]}:, so that it is a number and an interval"
            yield Problem("option-amount", where, who, what, "remove one of the two")
        # two keys without `value` are both limits, which mypy can't know
        elif len(keys) == 2 and option.at_least > option.at_most:  # type: ignore[operator]
            what = f"at_least: {option.at_least} is more than at_most: {option.at_most}"
            yield Problem("option-amount", where, who, what, "write the lower number at at_least:")


def find_amount(option: CodedAnswer) -> Amount | None:
    """Return the amount of an option; None if it is its code."""
    if option.missing:
        return NO_AMOUNT
    if option.value is not None:
        return option.value
    if option.at_least is None and option.at_most is None:
        return None

    low: float = -inf
    high: float = inf
    if option.at_least is not None:
        low = option.at_least
    if option.at_most is not None:
        high = option.at_most
    return Interval(low, high)
