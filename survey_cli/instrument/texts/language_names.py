"""English names of languages, from Babel."""


def get_language_name(language: str) -> str:
    """Return the English name of a language by its code; the code if it is unknown."""
    if language == "en":
        return "English"  # loading Babel takes 60 ms
    from babel.core import Locale

    names = Locale("en").languages
    return str(names.get(language.replace("-", "_")) or names.get(language.partition("-")[0], language))
