"""Parsing of telephone numbers: E.164 form, type of line, country and time zones. Nothing is dialed or stored here.

The numbering plans of `phonenumbers` don't know of ported numbers, whose type or place has changed, and they give
Detroit the zone of New York. So the sample's zone takes precedence, and a number's zones count only where the case
has none.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from survey_cli.entries import to_ascii_digits
from survey_cli.fieldwork.case.events import LineType

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber


class ParsedNumber(NamedTuple):
    """A number that can be dialed."""

    written: str
    """The text in the file, with its zeros and plus sign."""
    e164: str
    """The number without its extension, as it is dialed and compared: `+13125550100`."""
    national: str
    """The form used in its own country: `(312) 555-0100 ext. 7`."""
    international: str
    """The form used abroad: `+1 312-555-0100 ext. 7`."""
    extension: str = ""
    """Digits to ask for or key once somebody answers; empty where there are none."""
    line: LineType = "unknown"
    """Type of line; `unknown` where the plan does not tell, as everywhere in the United States and Canada."""
    zones: tuple[str, ...] = ()
    """IANA names of all zones where the number may be located; empty where the plan does not tell."""
    country: str = ""
    """Two letters (ISO 3166); empty where the plan has no such number."""
    service: str = ""
    """Kind of service where it is not an ordinary line: `toll-free`, `premium rate`, …"""
    doubts: tuple[str, ...] = ()
    """Reasons to check the number before it is dialed."""


class InvalidNumber(NamedTuple):
    """Reason why a text is not a number that may be dialed."""

    written: str
    why: str
    remedy: str


_FLOAT: Final = re.compile(r"(\+?\d{4,})[.,]0+\Z")
_ROUNDED: Final = re.compile(r"\d[.,]?\d*[eE]\+?\d+\Z")
_OPTIONAL_ZERO: Final = re.compile(r"\(\s*0\s*\)")
_DIGIT: Final = re.compile(r"\d")
_EXTENSION: Final = r"(?:ext|durchwahl|dw|nebenstelle|nst|ramal|interno|poste|toestel|内線|تحويلة)"
_SEVERAL: Final = re.compile(rf"\s*(?:[;,](?!\s*{_EXTENSION})|/|\n|\bor\b)\s*", re.IGNORECASE)
_CERTAINLY_SEVERAL: Final = re.compile(rf";(?!\s*{_EXTENSION})|\n", re.IGNORECASE)
_EXTENSION_WORD: Final = re.compile(rf"[,;]?\s*{_EXTENSION}[\s.:]*(?=\d{{1,7}}\Z)", re.IGNORECASE)
"""A word for an extension before its digits; `phonenumbers` only knows the English words."""
_LONGEST: Final = 250
_LINE_TYPES: Final[dict[str, LineType]] = {"MOBILE": "mobile", "FIXED_LINE": "fixed"}
_SERVICES: Final = {
    "TOLL_FREE": "toll-free", "PREMIUM_RATE": "premium rate", "SHARED_COST": "shared cost", "PAGER": "pager",
    "UAN": "company", "VOICEMAIL": "voicemail",
}  # fmt: skip


def read_number(text: str, country: str | None) -> ParsedNumber | InvalidNumber:
    """Parse one number, read as in a country (two letters) where it does not begin with `+`.

    A number of a possible length that is in no numbering plan is accepted with an entry in `doubts`, because plans lag
    behind new numbers and contain no fictional ones. Emergency and short numbers are never accepted.
    """
    written = text.strip()
    bare = written.lstrip(
        "'’`"
    ).strip()  # a spreadsheet writes an apostrophe before digits that are a text
    doubts: list[str] = []
    if not _DIGIT.search(bare):
        return InvalidNumber(
            written, "it contains no number", "leave the cell empty if there is no number"
        )
    if len(bare) > _LONGEST:
        return InvalidNumber(written, "it is too long to be a number", "write one number")
    if _ROUNDED.match(bare):
        remedy = "format the column as Text in the spreadsheet and enter the numbers again"
        return InvalidNumber(written, "a spreadsheet has rounded it", remedy)
    if decimal := _FLOAT.match(bare):
        bare = decimal[1]
        doubts.append(f"a spreadsheet has turned it into a decimal: read as {bare}")
    bare = _EXTENSION_WORD.sub(" ext. ", to_ascii_digits(bare.replace("＋", "+")))
    number = _parse(bare, country)
    if isinstance(number, str):
        return InvalidNumber(written, number, _suggest_remedy(bare, country))
    return _build_number(written, bare, country, number, doubts)


def _parse(bare: str, country: str | None) -> "PhoneNumber | str":
    """Return the number according to the numbering plans, or the reason why it is none."""
    from phonenumbers import NumberParseException, parse

    if country is None and not bare.startswith("+"):
        return "it does not say which country it is in"
    if country is not None and not is_known_country(country):
        return f"the program knows no country {country!r}"
    try:
        return _drop_trunk_zeros(parse(bare, country and country.upper()))
    except NumberParseException as error:
        reasons = {
            NumberParseException.INVALID_COUNTRY_CODE: "no country has this calling code",
            NumberParseException.TOO_LONG: "it has too many digits",
            NumberParseException.TOO_SHORT_NSN: "it has too few digits",
            NumberParseException.TOO_SHORT_AFTER_IDD: "it has too few digits",
        }
        return reasons.get(error.error_type, "it is not a telephone number")


def _drop_trunk_zeros(number: "PhoneNumber") -> "PhoneNumber":
    """Remove zeros that are only dialed inside a country but were written after its code (+49 0 212541).

    The result is the number that its own E.164 form means.
    """
    from phonenumbers import (
        NumberParseException,
        PhoneNumberFormat,
        PhoneNumberType,
        format_number,
        number_type,
        parse,
    )

    while number_type(number) == PhoneNumberType.UNKNOWN:
        try:
            reparsed = parse(format_number(number, PhoneNumberFormat.E164))
        except NumberParseException:
            return number
        reparsed.extension = number.extension
        if reparsed == number:
            return number
        number = reparsed
    return number


def _suggest_remedy(bare: str, country: str | None) -> str:
    if country is None:
        return "begin it with + and the country's calling code, or set the country under fieldwork: country:"
    if not is_known_country(country):
        return (
            "write GB for the United Kingdom"
            if country.upper() == "UK"
            else "write two letters, such as US"
        )
    if any(c.isalpha() for c in bare):
        return "put words in a separate column"
    return "correct the number, or leave the cell empty"


def _build_number(
    written: str, bare: str, country: str | None, number: "PhoneNumber", doubts: list[str]
) -> ParsedNumber | InvalidNumber:
    import phonenumbers
    from phonenumbers import (
        PhoneNumberFormat,
        PhoneNumberType,
        ValidationResult,
        format_number,
        number_type,
    )

    kind = number_type(number)
    if kind == PhoneNumberType.UNKNOWN:
        if reason := _describe_short_number(bare, country, number):
            return InvalidNumber(
                written, reason, "surveys never dial such numbers: give the respondent's own number"
            )
        if restored := _restore_zero(bare, country):
            number, kind = restored, number_type(restored)
    if kind == PhoneNumberType.UNKNOWN:
        match phonenumbers.is_possible_number_with_reason(number):
            case ValidationResult.IS_POSSIBLE:
                doubts.append("the numbering plan has no such number")
            case ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
                return InvalidNumber(
                    written, "the area code is missing", "write it with its area code"
                )
            case ValidationResult.TOO_SHORT:
                return InvalidNumber(
                    written, "it has too few digits", _suggest_remedy(bare, country)
                )
            case _:
                return InvalidNumber(
                    written, "it has too many digits", _suggest_remedy_if_too_long(bare, country)
                )
    kind_name = PhoneNumberType.to_string(kind)
    service = _SERVICES.get(kind_name, "")
    if service:
        doubts.append(f"it is a {service} number, not a personal line")
    national = format_number(number, PhoneNumberFormat.NATIONAL)
    first = _DIGIT.search(bare)
    lacks_zero = (
        national.lstrip("(").startswith("0") and "+" not in bare and first and first[0] != "0"
    )
    if lacks_zero and not _zero_is_optional(number):
        doubts.append(f"its leading 0 is missing: read as {national}")
    return ParsedNumber(
        written=written,
        e164=format_number(number, PhoneNumberFormat.E164),
        national=national,
        international=format_number(number, PhoneNumberFormat.INTERNATIONAL),
        extension=number.extension or "",
        line=_LINE_TYPES.get(kind_name, "unknown"),
        zones=() if service else _find_zones(number, kind),
        country=phonenumbers.region_code_for_number(number) or "",
        service=service,
        doubts=tuple(doubts),
    )


def _zero_is_optional(number: "PhoneNumber") -> bool:
    """Return whether such a number is also written without its leading zero, as Indian mobile numbers are."""
    from phonenumbers import (
        PhoneMetadata,
        national_significant_number,
        region_code_for_country_code,
    )

    metadata = PhoneMetadata.metadata_for_region(
        region_code_for_country_code(number.country_code or 0)
    )
    digits = national_significant_number(number)
    for form in metadata.number_format if metadata is not None else ():
        prefixes = form.leading_digits_pattern
        if re.fullmatch(form.pattern or "", digits) and (
            not prefixes or re.match(prefixes[-1], digits)
        ):
            return bool(form.national_prefix_optional_when_formatting)
    return False


def _restore_zero(bare: str, country: str | None) -> "PhoneNumber | None":
    """Return the number with the leading zero that a spreadsheet removed, where the plan has that number (Italy)."""
    from phonenumbers import PhoneNumberType, number_type

    if bare.startswith("+") or not country:
        return None
    number = _parse("0" + bare, country)
    return (
        None
        if isinstance(number, str) or number_type(number) == PhoneNumberType.UNKNOWN
        else number
    )


def _suggest_remedy_if_too_long(bare: str, country: str | None) -> str:
    """Return what to do about too many digits.

    A foreign number without its plus sign looks like a domestic number with too many digits, and the reverse, so it is
    never dialed on a guess.
    """
    from phonenumbers import is_valid_number

    abroad = "+" + bare
    number = None if bare.startswith("+") else _parse(abroad, country)
    if number is None or isinstance(number, str) or not is_valid_number(number):
        return _suggest_remedy(bare, country)
    return f"if its plus sign is missing, write {abroad}; otherwise correct it, or leave the cell empty"


def _describe_short_number(bare: str, country: str | None, number: "PhoneNumber") -> str:
    """Return which special number this is; empty for a subscriber's number.

    Only numbers that are in no plan are tested, because ordinary numbers may begin like an emergency number.
    """
    from phonenumbers.phonenumberutil import (
        national_significant_number,
        region_code_for_country_code,
    )
    from phonenumbers.shortnumberinfo import connects_to_emergency_number, is_valid_short_number

    home = region_code_for_country_code(number.country_code or 0)
    national = national_significant_number(number)
    for text, region in ((bare, (country or home).upper()), (national, home)):
        if connects_to_emergency_number(text, region):
            return "it is an emergency number"
    return "it is a short number" if is_valid_short_number(number) else ""


def _find_zones(number: "PhoneNumber", kind: int) -> tuple[str, ...]:
    """Return the number's zones; for a number that is in no plan, those of its prefix where that is known."""
    from phonenumbers import PhoneNumberType
    from phonenumbers.timezone import time_zones_for_geographical_number, time_zones_for_number

    geographical = (
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
        PhoneNumberType.UNKNOWN,
    )
    find_zones = (
        time_zones_for_geographical_number if kind in geographical else time_zones_for_number
    )
    return tuple(sorted(zone for zone in find_zones(number) if zone != "Etc/Unknown"))


@cache
def is_known_country(country: str) -> bool:
    """Return whether these two letters are a country whose numbers can be read."""
    from phonenumbers import SUPPORTED_REGIONS

    return country.upper() in SUPPORTED_REGIONS


def read_numbers(text: str, country: str | None) -> Sequence[ParsedNumber | InvalidNumber]:
    """Parse all numbers of a cell, separated by `;`, `/`, a comma, `or` or a line end.

    A slash may also be part of a number (030/1234567), so a cell that is one number as a whole is not split.
    """
    if not _DIGIT.search(text):
        return (read_number(text, country),) if text.strip() else ()
    whole = None
    if not _CERTAINLY_SEVERAL.search(text):
        whole = read_number(text, country)
        if isinstance(whole, ParsedNumber) and not whole.doubts:
            return (whole,)
    pieces = [piece for piece in _SEVERAL.split(text) if piece.strip()]
    if len(pieces) < 2:
        return (whole or read_number(text, country),)
    return [read_number(piece, country) for piece in pieces]


def extract_search_digits(text: str) -> str:
    """Return the digits by which stored numbers are searched for a number, or a part of one, that a caller gives.

    Digits of other scripts become ASCII digits; leading zeros, which are only dialed inside a country, are dropped.
    """
    digits = "".join(str(int(c)) for c in _OPTIONAL_ZERO.sub("", text) if c.isdecimal())
    return digits.lstrip("0")
