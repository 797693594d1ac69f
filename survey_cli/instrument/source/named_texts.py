"""Named texts: a `{who}` that `texts:`, or the `with:` of an include, defines is replaced by its words.

Every character keeps the position at which it is written.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from survey_cli.instrument.source.nodes import NOWHERE, YamlList, YamlMapping, YamlNode, YamlScalar, replace_spans

FILL: Final = re.compile(r"\{\{|\}\}|\{([^{}:|]*)([^{}]*)\}", re.DOTALL)
"""A fill, its name first; doubled braces are no fill."""


class TextInserter:
    """Inserts named texts into nodes, and records which were used."""

    def __init__(self, texts: Mapping[str, YamlNode], languages: Sequence[str]) -> None:
        self.languages = languages
        self.used: set[str] = set()
        self._texts: dict[str, YamlNode] = {}
        for name, node in texts.items():  # a text can use those written before it
            self._texts[str(name)] = self.insert(node)

    def insert(self, node: YamlNode) -> YamlNode:
        """Return the node with all named texts inserted: the same node if there are none."""
        if isinstance(node, YamlScalar):
            return self._insert_into_text(node)
        if isinstance(node, YamlList):
            entries = [self.insert(entry) for entry in node]
            is_same = all(new is old for new, old in zip(entries, node, strict=True))
            return node if is_same else YamlList(node.where, entries)
        is_by_language = bool(node) and all(key in self.languages for key in node)
        mapping = YamlMapping(node.where)
        for key, value in node.items():
            is_text = is_by_language and isinstance(value, YamlScalar)
            mapping[key] = self._replace(value, key) if is_text else self.insert(value)  # type: ignore[arg-type]
        return node if all(mapping[key] is value for key, value in node.items()) else mapping

    def _insert_into_text(self, text: YamlScalar) -> YamlNode:
        """Insert into a text; it becomes one for each language if a named text is."""
        names = {match[1].strip() for match in self._find_fills(text)}
        if not any(isinstance(self._texts[name], YamlMapping) for name in names):
            return self._replace(text, "")
        by_language = YamlMapping(text.where)
        for language in self.languages:
            by_language[YamlScalar(language, text.where)] = self._replace(text, language)
        return by_language

    def _find_fills(self, text: YamlScalar) -> Iterator[re.Match[str]]:
        for match in FILL.finditer(text) if "{" in text else ():
            if match[1] is not None and match[1].strip() in self._texts:
                yield match

    def _replace(self, text: YamlScalar, language: str) -> YamlScalar:
        spans = []
        for match in self._find_fills(text):
            name = match[1].strip()
            self.used.add(name)
            words = self._texts[name]
            if isinstance(words, YamlMapping):
                words = words.get(language) or next(iter(words.values()), YamlScalar("", NOWHERE))
            if isinstance(words, YamlScalar):
                spans.append((*match.span(), _change_case(words, match[2].strip())))
        return replace_spans(text, spans, text.where) if spans else text


def _change_case(words: YamlScalar, format_spec: str) -> YamlScalar:
    """Return the words in the case that a fill asks for: `{who:title}` begins a sentence."""
    match format_spec:
        case ":title":
            changed = words[:1].upper() + words[1:]
        case ":upper":
            changed = words.upper()
        case ":lower":
            changed = words.lower()
        case _:
            return words
    return YamlScalar(changed, words.where, plain=words.plain)
