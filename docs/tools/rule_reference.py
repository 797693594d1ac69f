"""Explanations of every rule that `survey check` can report: the docstrings of the checks, and `rules.txt`."""

import sys
from collections.abc import Mapping
from inspect import cleandoc
from pathlib import Path

from survey_cli.instrument.checks.all_checks import CHECKS, WORDING_CHECKS, get_rule

LATER_GROUPS = ("File formats", "The proof", "Comparison of versions")
"""Groups of rules that need more than the text of a questionnaire: a format, the solver, a database."""


def name_group(module_docstring: str | None) -> str:
    """Return the group of the rules that a module checks: `Checks of ids and column names: …` names it."""
    subject = (module_docstring or "").removeprefix("Checks of ").partition(":")[0]
    return subject[:1].upper() + subject[1:]


def _group_rules() -> dict[str, dict[str, str]]:
    groups: dict[str, dict[str, str]] = {}
    title, *texts = Path(__file__).with_name("rules.txt").read_text(encoding="utf-8").split("\n# ")
    for text in texts:
        title, *rules = text.split("\n## ")
        parts = [rule.partition("\n") for rule in rules]
        groups[title.strip()] = {rule: explanation.strip() for rule, _, explanation in parts}
    later = {title: groups.pop(title) for title in LATER_GROUPS}
    for check in (*CHECKS, *WORDING_CHECKS):
        group = groups.setdefault(name_group(sys.modules[check.__module__].__doc__), {})
        group[get_rule(check)] = cleandoc(check.__doc__ or "")
    return groups | later


RULE_GROUPS: Mapping[str, Mapping[str, str]] = _group_rules()
"""The rules by subject. The module of a check, or a heading of `rules.txt`, determines the subject."""
RULES = {rule: explanation for rules in RULE_GROUPS.values() for rule, explanation in rules.items()}
"""Every rule that a problem can name, and what it means: what is wrong, an example, what to do."""
CHECKED_ALWAYS = {
    rule for title, rules in RULE_GROUPS.items() if title not in LATER_GROUPS for rule in rules
}
