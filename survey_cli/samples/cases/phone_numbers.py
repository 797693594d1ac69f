"""Parsing of telephone numbers: E.164 form, type of line, country and time zones. Nothing is dialed or stored here.

The numbering plans are those of `phonenumbers`. They know nothing of porting: a line that moved from a mobile to a
fixed network, or a person who took a number across the country, is not seen; and they give Detroit as New York. So
the sample's zone wins, and a number's own zones count only where the case has none.
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
    """As it stood in the file, zeros and plus sign included."""
    e164: str
    """`+13125550100`: what is dialed and compared; without the extension."""
    national: str
    """As it is written in its own country: `(312) 555-0100 ext. 7`."""
    international: str
    """As it is written abroad: `+1 312-555-0100 ext. 7`."""
    extension: str
    """Digits to be asked for or keyed once somebody answers; empty where there are none."""
    line: LineType
    """`unknown` where the plan does not tell, as everywhere in the United States and Canada."""
    zones: tuple[str, ...]
    """IANA names of all zones where the number may be at home; empty where the plan does not say."""
    country: str
    """Two letters (ISO 3166); empty where the plan has no such number."""
    service: str = ""
    """What it is where it is nobody's ordinary line: `toll-free`, `premium rate`, …"""
    doubts: tuple[str, ...] = ()
    """What a person should look at before it is dialed."""


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
"""A word for an extension, before its digits: the numbering plans know the English ones only."""
_LONGEST: Final = 250


def read_number(text: str, country: str | None) -> ParsedNumber | InvalidNumber:
    """The number a text means, read as in a country (two letters) where it does not begin with `+`.

    A number of a possible length is accepted though the plan has no such number (plans are younger than numbers, and
    fictional ones are in none): its `doubts` say so. Emergency and short numbers never are.
    """
    written = text.strip()
    bare = written.lstrip("'’`").strip()  # an apostrophe keeps a spreadsheet from counting with it
    doubts: list[str] = []
    if not _DIGIT.search(bare):
        return InvalidNumber(written, "there is no number in it", "leave the cell empty where there is none")
    if len(bare) > _LONGEST:
        return InvalidNumber(written, "it is too long to be a number", "write one number")
    if _ROUNDED.match(bare):
        remedy = "give the column the format Text in the spreadsheet and enter the numbers again"
        return InvalidNumber(written, "a spreadsheet has rounded it", remedy)
    if floating := _FLOAT.match(bare):
        bare = floating[1]
        doubts.append(f"a spreadsheet has made a decimal of it: read as {bare}")
    bare = _EXTENSION_WORD.sub(" ext. ", to_ascii_digits(bare.replace("＋", "+")))
    found = _parse(bare, country)
    if isinstance(found, str):
        return InvalidNumber(written, found, _suggest_remedy(bare, country))
    return _build_number(written, bare, country, found, doubts)


def _parse(bare: str, country: str | None) -> "PhoneNumber | str":
    """What the numbering plans make of it, or why nothing."""
    from phonenumbers import NumberParseException, parse

    if country is None and not bare.startswith("+"):
        return "it does not say which country it is of"
    if country is not None and not is_known_country(country):
        return f"the numbers of a country {country!r} are not known"
    try:
        return _drop_trunk_zeros(parse(bare, country and country.upper()))
    except NumberParseException as refused:
        match refused.error_type:
            case NumberParseException.INVALID_COUNTRY_CODE:
                return "no country has this code"
            case NumberParseException.TOO_LONG:
                return "it has too many digits"
            case NumberParseException.TOO_SHORT_NSN | NumberParseException.TOO_SHORT_AFTER_IDD:
                return "it has too few digits"
            case _:
                return "it is no telephone number"


def _drop_trunk_zeros(found: "PhoneNumber") -> "PhoneNumber":
    """Without zeros that are used inside a country only and were written after its code (+49 0 212541): so that a number
    is the one its own E.164 form means.
    """
    from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType, format_number, number_type, parse

    while number_type(found) == PhoneNumberType.UNKNOWN:
        try:
            again = parse(format_number(found, PhoneNumberFormat.E164))
        except NumberParseException:
            return found
        again.extension = found.extension
        if again == found:
            return found
        found = again
    return found


def _suggest_remedy(bare: str, country: str | None) -> str:
    if country is None:
        return "write + and the country's code first, or name the country under fieldwork: country:"
    if not is_known_country(country):
        return "write GB for the United Kingdom" if country.upper() == "UK" else "write two letters, as US"
    if any(c.isalpha() for c in bare):
        return "keep words in a column of their own"
    return "correct the number, or leave the cell empty"


def _build_number(
    written: str, bare: str, country: str | None, found: "PhoneNumber", doubts: list[str]
) -> ParsedNumber | InvalidNumber:
    from phonenumbers import (
        PhoneNumberFormat,
        PhoneNumberType,
        ValidationResult,
        format_number,
        is_possible_number_with_reason,
        number_type,
        region_code_for_number,
    )

    kind = number_type(found)
    if kind == PhoneNumberType.UNKNOWN:
        short = _describe_short_number(bare, country, found)
        if short:
            return InvalidNumber(written, short, "no survey dials it: give the respondent's own number")
        if mended := _restore_zero(bare, country):
            found, kind = mended, number_type(mended)
    if kind == PhoneNumberType.UNKNOWN:
        match is_possible_number_with_reason(found):
            case ValidationResult.IS_POSSIBLE:
                doubts.append("the numbering plan has no such number")
            case ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
                return InvalidNumber(written, "the area code is missing", "write it with its area code")
            case ValidationResult.TOO_SHORT:
                return InvalidNumber(written, "it has too few digits", _suggest_remedy(bare, country))
            case _:
                return InvalidNumber(written, "it has too many digits", _suggest_remedy_if_too_long(bare, country))
    service = _get_services().get(kind, "")
    if service:
        doubts.append(f"it is a {service} number, nobody's own line")
    national = format_number(found, PhoneNumberFormat.NATIONAL)
    first = _DIGIT.search(bare)
    lost = national.lstrip("(").startswith("0") and "+" not in bare and first and first[0] != "0"
    if lost and not _zero_is_optional(found):
        doubts.append(f"its leading 0 is missing: read as {national}")
    return ParsedNumber(
        written=written,
        e164=format_number(found, PhoneNumberFormat.E164),
        national=national,
        international=format_number(found, PhoneNumberFormat.INTERNATIONAL),
        extension=found.extension or "",
        line=_get_line_types().get(kind, "unknown"),
        zones=() if service else _find_zones(found, kind),
        country=region_code_for_number(found) or "",
        service=service,
        doubts=tuple(doubts),
    )


def _zero_is_optional(found: "PhoneNumber") -> bool:
    """Whether people write such a number without its leading zero too, as Indian mobile numbers."""
    from phonenumbers import PhoneMetadata, national_significant_number, region_code_for_country_code

    metadata = PhoneMetadata.metadata_for_region(region_code_for_country_code(found.country_code or 0))
    digits = national_significant_number(found)
    for form in metadata.number_format if metadata is not None else ():
        begins = form.leading_digits_pattern
        if re.fullmatch(form.pattern or "", digits) and (not begins or re.match(begins[-1], digits)):
            return bool(form.national_prefix_optional_when_formatting)
    return False


def _restore_zero(bare: str, country: str | None) -> "PhoneNumber | None":
    """The number that a spreadsheet took a leading zero from, where the plan has it and it is lost otherwise (Italy)."""
    from phonenumbers import PhoneNumberType, number_type

    if bare.startswith("+") or not country:
        return None
    mended = _parse("0" + bare, country)
    return None if isinstance(mended, str) or number_type(mended) == PhoneNumberType.UNKNOWN else mended


def _suggest_remedy_if_too_long(bare: str, country: str | None) -> str:
    """What to do about too many digits. A number abroad without its plus sign looks like one digit too many at home, and
    the other way round, so it is never dialed on a guess.
    """
    from phonenumbers import is_valid_number

    abroad = "+" + bare
    found = None if bare.startswith("+") else _parse(abroad, country)
    if found is None or isinstance(found, str) or not is_valid_number(found):
        return _suggest_remedy(bare, country)
    return f"if it has lost its plus sign, write {abroad}; else correct it, or leave the cell empty"


def _describe_short_number(bare: str, country: str | None, found: "PhoneNumber") -> str:
    """What it is if the network would not take it for a subscriber's number. Asked of unknown numbers only: it goes by
    how a number begins, and many an ordinary one begins like an emergency number of its country.
    """
    from phonenumbers.phonenumberutil import national_significant_number, region_code_for_country_code
    from phonenumbers.shortnumberinfo import connects_to_emergency_number, is_valid_short_number

    home = region_code_for_country_code(found.country_code or 0)
    national = national_significant_number(found)
    for text, region in ((bare, (country or home).upper()), (national, home)):
        if connects_to_emergency_number(text, region):
            return "it is an emergency number"
    return "it is a short number" if is_valid_short_number(found) else ""


def _find_zones(found: "PhoneNumber", kind: int) -> tuple[str, ...]:
    """Of a number that is in no plan, those of its beginning, where that is known."""
    from phonenumbers import PhoneNumberType
    from phonenumbers.timezone import time_zones_for_geographical_number, time_zones_for_number

    placed = (PhoneNumberType.FIXED_LINE, PhoneNumberType.FIXED_LINE_OR_MOBILE, PhoneNumberType.UNKNOWN)
    asked = time_zones_for_geographical_number if kind in placed else time_zones_for_number
    return tuple(sorted(zone for zone in asked(found) if zone != "Etc/Unknown"))


@cache
def _get_line_types() -> dict[int, LineType]:
    from phonenumbers import PhoneNumberType

    return {PhoneNumberType.MOBILE: "mobile", PhoneNumberType.FIXED_LINE: "fixed"}


@cache
def _get_services() -> dict[int, str]:
    from phonenumbers import PhoneNumberType

    return {
        PhoneNumberType.TOLL_FREE: "toll-free",
        PhoneNumberType.PREMIUM_RATE: "premium rate",
        PhoneNumberType.SHARED_COST: "shared cost",
        PhoneNumberType.PAGER: "pager",
        PhoneNumberType.UAN: "company",
        PhoneNumberType.VOICEMAIL: "voicemail",
    }


@cache
def is_known_country(country: str) -> bool:
    """Whether two letters name a country whose numbers can be read."""
    from phonenumbers import SUPPORTED_REGIONS

    return country.upper() in SUPPORTED_REGIONS


def read_numbers(text: str, country: str | None) -> Sequence[ParsedNumber | InvalidNumber]:
    """All numbers of a cell: several stand with `;`, `/`, a comma, `or` or a line end between them. A stroke may also
    be part of one number (030/1234567), so what is one number as a whole stays one.
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
    """What to look for in the digits of kept numbers when somebody rings back and gives a number, or a part of one:
    its digits, in their plain form, without the zeros that stand before them inside a country only.
    """
    plain = "".join(str(int(c)) for c in _OPTIONAL_ZERO.sub("", text) if c.isdecimal())
    return plain.lstrip("0")
