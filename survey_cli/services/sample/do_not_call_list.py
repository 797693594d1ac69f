"""The do-not-call list as supervisors maintain it.

All studies share it, so its functions need no instrument.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from survey_cli.permissions import Action
from survey_cli.problems import Problem, UserError
from survey_cli.samples.cases.columns import clean_text
from survey_cli.samples.cases.phone_numbers import ParsedNumber, is_known_country, read_number
from survey_cli.samples.lists.do_not_call_file import read_do_not_call_file
from survey_cli.store.backends.address import (
    is_server_address,
    is_unknown_address,
    parse_server_address,
)
from survey_cli.store.database_location import find_study_folder, format_path, make_address_error
from survey_cli.store.do_not_call import FILE_NAME, DoNotCallEntry, DoNotCallList
from survey_cli.study.open_study import check_account_may

LIST_SCHEMA = "never_call"


@dataclass(frozen=True, slots=True, kw_only=True)
class DoNotCallRequest:
    """The list that is used, by whom and when."""

    at: datetime
    by: str = ""
    """A login name; empty for the account."""
    db: str | None = None
    """A server whose studies share a list, or the database of a study that uses the list."""
    country: str = ""
    """The country of numbers without +, in two letters."""


class DoNotCallAddition(NamedTuple):
    """The numbers that were added to the list."""

    where: str
    read: int
    """Number of different numbers given."""
    new: int
    """Number of them that were not listed before."""
    problems: tuple[Problem, ...]
    """Warnings about numbers that could not be read and were not added."""


class DoNotCallLookup(NamedTuple):
    """Whether a number is on the list."""

    where: str
    number: str
    since: datetime | None
    """None if it isn't on the list."""
    reason: str
    by: str
    removal: DoNotCallEntry | None = None
    """When, why and by whom it was last removed; None if it never was."""


def add_numbers(
    request: DoNotCallRequest, numbers_or_files: Sequence[str], *, reason: str
) -> DoNotCallAddition | list[Problem]:
    """Add numbers, and the numbers in files, to the list.

    From then on they aren't called, not even if their case is on a screen. If a file can't be read,
    returns its problems, and adds nothing. Raises UserError.
    """
    _check_country(request)
    numbers: dict[str, tuple[str, datetime]] = {}
    problems: list[Problem] = []
    today = request.at.astimezone().date()

    for text in numbers_or_files:
        if not Path(text).is_file():
            numbers[_parse_number(text, request)] = (reason, request.at)
            continue

        content = read_do_not_call_file(text, country=request.country or None, today=today)
        if isinstance(content, list):
            return content
        problems += content.problems
        for row in content.numbers:
            since = request.at
            if row.since is not None:
                # Midnight in UTC may still be in the future here.
                since = min(datetime.combine(row.since, time(), UTC), request.at)
            entry = (row.reason or reason, since)
            earlier = numbers.get(row.number.e164, entry)
            numbers[row.number.e164] = min(entry, earlier, key=itemgetter(1))

    where, dnc_list = _open_list(request)
    with dnc_list:
        _check_may(where, dnc_list, Action.CHANGE_DO_NOT_CALL)
        by = request.by.strip() or dnc_list.account
        by_entry: dict[tuple[str, datetime], list[str]] = {}
        for number, entry in numbers.items():
            by_entry.setdefault(entry, []).append(number)

        new = 0
        for (why, since), group in sorted(by_entry.items()):
            new += dnc_list.add(group, at=since, reason=why, by=by)
    return DoNotCallAddition(where, len(numbers), new, tuple(problems))


def look_up_number(request: DoNotCallRequest, text: str) -> DoNotCallLookup:
    """Look up whether a number is on the list, since when and why."""
    _check_country(request)
    number = _parse_number(text, request)
    where, dnc_list = _open_list(request)
    with dnc_list:
        _check_may(where, dnc_list, Action.LOOK_UP_NUMBER)
        entry = dnc_list.find_entry(number)
        removal = dnc_list.find_removal(number)

    if entry is None:
        return DoNotCallLookup(where, number, None, reason="", by="", removal=removal)
    since, reason, by = entry
    return DoNotCallLookup(where, number, since, reason, by, removal)


def remove_numbers(
    request: DoNotCallRequest, texts: Sequence[str], *, reason: str
) -> tuple[str, int]:
    """Remove numbers from the list: all of them, or none if one of them isn't on it.

    Returns the location of the list, and how many numbers were removed.
    """
    _check_country(request)
    numbers = [_parse_number(text, request) for text in texts]
    where, dnc_list = _open_list(request)
    with dnc_list:
        _check_may(where, dnc_list, Action.CHANGE_DO_NOT_CALL)
        listed = dnc_list.select_listed(numbers)
        for number in numbers:
            if number not in listed:
                what = f"{number} is not on the list"
                raise UserError(where, what, "check the number; nothing was changed")

        by = request.by.strip() or dnc_list.account
        dnc_list.remove(listed, at=request.at, reason=reason, by=by)
    return where, len(set(numbers))


def _check_may(where: str, dnc_list: DoNotCallList, action: Action) -> None:
    """Check that the account may do this, if the list's folder has a list of people.

    Raises UserError.
    """
    if not is_server_address(where):
        check_account_may(where, where, dnc_list.account, action)


def count_numbers(request: DoNotCallRequest) -> tuple[str, int]:
    """Return the location of the list, and its number of entries."""
    where, dnc_list = _open_list(request)
    with dnc_list:
        _check_may(where, dnc_list, Action.LOOK_UP_NUMBER)
        return where, dnc_list.count()


def _check_country(request: DoNotCallRequest) -> None:
    if not request.country or is_known_country(request.country):
        return

    remedy = "write two letters, such as US"
    if request.country.upper() == "UK":  # common, but not its code in ISO 3166
        remedy = "write GB for the United Kingdom"
    raise UserError("--country", f"{request.country!r} is not a known country", remedy)


def _parse_number(text: str, request: DoNotCallRequest) -> str:
    number = read_number(clean_text(text), request.country or None)
    if isinstance(number, ParsedNumber):
        return number.e164

    has_digits = any(character.isdecimal() for character in text)
    looks_like_path = "." in text or "/" in text
    if looks_like_path or not has_digits:
        raise UserError(text, "this is neither a file nor a number", "check the name")

    # The list belongs to no instrument that could name the country.
    remedy = number.remedy.replace(", or set the country under fieldwork: country:", "")
    if not request.country:
        remedy += ", or specify the country: --country US"
    raise UserError(text, number.why, remedy)


def _open_list(request: DoNotCallRequest) -> tuple[str, DoNotCallList]:
    try:
        if request.db and is_server_address(request.db):
            where = parse_server_address(request.db, study=LIST_SCHEMA)
            return str(where), DoNotCallList.open_beside(where)
        if request.db and is_unknown_address(request.db):
            raise make_address_error()

        if request.db:
            beside = Path(request.db)
        else:
            beside = find_study_folder(Path.cwd() / "study.yaml") / "responses" / "study.db"
        beside.parent.mkdir(parents=True, exist_ok=True)
        return format_path(beside.with_name(FILE_NAME)), DoNotCallList.open_beside(beside)
    except OSError as error:
        what = f"it cannot be opened ({error.strerror})"
        raise UserError(str(request.db or FILE_NAME), what, "fix the cause first") from error
