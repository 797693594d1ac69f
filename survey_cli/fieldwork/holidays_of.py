"""Which days are public holidays in a country? The nation's only: those of a state or region go into `closed:`."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache


@lru_cache(maxsize=64)
def holidays_of(country: str, year: int) -> Mapping[date, str]:
    """Names by day, in English where the library has them, days on which a holiday is observed included; empty for a
    country (ISO 3166, two letters) or a year that the library does not know."""
    import holidays

    try:
        known = holidays.country_holidays(country, years=year)
    except NotImplementedError:
        return {}
    english = [language for language in known.supported_languages if language.startswith("en")]
    if english and known.default_language not in english:
        known = holidays.country_holidays(country, years=year, language=english[0])
    return {day: name for day, name in known.items() if day.year == year}
