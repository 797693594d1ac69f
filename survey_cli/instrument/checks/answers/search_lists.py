"""Checks of search lists: the file's columns, codes and texts, and the options besides it."""

from collections.abc import Iterator
from dataclasses import replace

from survey_cli.instrument.checks.source_items import find_options_node, iterate_items
from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.schema.items.search import SearchItem
from survey_cli.instrument.source.nodes import locate_key
from survey_cli.instrument.source.search_lists import TEXT_PREFIX
from survey_cli.problems import Problem, suggest_nearest


def search_list(draft: InstrumentDraft) -> Iterator[Problem]:
    """The file of a search list can't be used as it is: a column, a code or a text is missing or occurs twice.

        code,text,also
        2341,Primary school teachers,grade school
        2342,Early childhood educators,kindergarten

    Each line needs a code of its own and a text. The codes of `options:` must not be in the list, and are numbers if
    all codes of the list are.
    """
    languages = [str(language) for language in draft.document.languages]
    for item in iterate_items(draft, SearchItem):
        who, file = str(item.id), item.file
        yield from (replace(problem, who=who) for problem in file.problems)
        for language, where in file.languages.items():
            if language not in languages:
                what = f"the column {TEXT_PREFIX}{language} is for a language that the questionnaire does not have"
                remedy = suggest_nearest(language, languages, otherwise=f"its languages are {', '.join(languages)}")
                yield Problem("search-list", where, who, what, remedy)
        kinds = set(map(type, file.list.rows))
        options = draft.symbols[who].options if who in draft.symbols else {}
        for code in options:
            if code in file.list.rows:
                what, remedy = f"the code {code} is also in the list", "use another code"
            elif kinds and type(code) not in kinds:
                kind, remedy = ("a text", "write a number") if isinstance(code, str) else ("a number", "quote it")
                what = f"the code {code} is {kind}, and the codes of the list are not"
            else:
                continue
            yield Problem(
                "search-list", locate_key(find_options_node(item), code), who, what, remedy, length=len(str(code))
            )
