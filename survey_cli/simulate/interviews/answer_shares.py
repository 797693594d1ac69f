"""Shares of answers for simulated interviews, read from a file: `{consent: {1: 90%, refused: 2%}}`.

Codes and declines of each item are checked against the questionnaire. The remainder of an item is invented.
"""

from collections.abc import Mapping
from typing import Any

from survey_cli.fieldwork.rates.rates import parse_share
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.items.coded import MultipleItem, SearchItem
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.source.load import load_source
from survey_cli.problems import UserError, select_errors, suggest_nearest
from survey_cli.simulate.interviews.respondents import AnswerShares
from survey_cli.values import Code
from survey_cli.wording import MAX_LISTED, join_words


def read_shares(path: str, instrument: Instrument) -> AnswerShares:
    """Read the shares from a file; a UserError says where it is wrong."""
    source = load_source(path)
    if source.tree is None or select_errors(source.problems):
        remedy = "write item: {code: share}, such as consent: {1: 0.9, 2: 0.1}"
        raise UserError(path, "the shares can't be read", remedy, tuple(select_errors(source.problems)))
    shares_by_item: dict[str, Mapping[Code, float]] = {}
    for item_id, item_shares in source.tree.items():
        item = instrument.items.get(str(item_id))
        where = f"{path}: {item_id}"
        if item is None or not item.question.expects_answer:
            raise UserError(
                where,
                "there is no question with this id",
                suggest_nearest(str(item_id), instrument.items, otherwise=""),
            )
        if not isinstance(item_shares, Mapping):
            raise UserError(where, "a share for each code is required", "write {1: 0.9, 2: 0.1}")
        shares = _read_item_shares(where, item, item_shares)
        shares_by_item[item.id] = shares
    return shares_by_item


def _read_item_shares(where: str, item: CompiledItem, item_shares: Mapping[Any, Any]) -> dict[Code, float]:
    known: dict[str, Code] = {str(option.code): option.code for option in item.options}
    if isinstance(item.question, SearchItem):
        known |= {str(code): code for code in item.question.entries.rows}
    known |= {decline.id: decline.id for decline in item.declines}
    shares: dict[Code, float] = {}
    for code, text in item_shares.items():
        value = parse_share(str(text))
        if value is None:
            raise UserError(f"{where}: {code}", f"{str(text)!r} is not a share", "write 0.25, 25% or 1/4")
        if (item.options or isinstance(item.question, SearchItem)) and str(code) not in known:
            otherwise = f"its codes are {join_words(list(known), most=MAX_LISTED)}"
            raise UserError(
                where, f"the question has no code {code}", suggest_nearest(str(code), known, otherwise=otherwise)
            )
        shares[known.get(str(code), str(code))] = float(value)
    if not isinstance(item.question, MultipleItem) and sum(shares.values()) > 1 + 1e-9:
        raise UserError(where, f"the shares add up to {sum(shares.values()):.0%}", "lower them to at most 100%")
    return shares
