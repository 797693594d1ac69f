"""Conditions of the table `conditions`, as the expression that LimeSurvey makes of them.

Rows about the same question are alternatives, those about different ones must all be true, and a
question is shown if the rows of one scenario are.
"""

from collections.abc import Iterable

from survey_cli.conversion.limesurvey.records import OldCondition

_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")


def write_relevance(conditions: Iterable[OldCondition]) -> str:
    """Return the relevance that the conditions of one question mean; empty if it has none."""
    scenarios: dict[int, dict[str, list[str]]] = {}
    for condition in conditions:
        fields = scenarios.setdefault(condition.scenario, {})
        fields.setdefault(condition.field, []).append(_write_condition(condition))

    alternatives: list[str] = []
    for fields in scenarios.values():
        parts = [_enclose(" or ".join(comparisons)) for comparisons in fields.values()]
        alternatives.append(_enclose(" and ".join(parts)))
    return " or ".join(alternatives)


def _enclose(text: str) -> str:
    return f"({text})"


def _write_condition(condition: OldCondition) -> str:
    variable = condition.field
    if variable.startswith("{"):
        variable = variable.strip("{}")
    else:
        # A choice of a question with several answers has a sign in front.
        variable = f"{variable.removeprefix('+')}.NAOK"

    value = condition.value
    if condition.method == "RX":
        return f'regexMatch("{value}", {variable})'
    method = condition.method
    if method not in _COMPARISONS:
        method = "=="
    if value.startswith("@") and value.endswith("@"):
        return f"{variable} {method} {value.strip('@')}.NAOK"
    if value.startswith("{") and value.endswith("}"):
        return f"{variable} {method} {value.strip('{}')}"
    quoted = value.strip().replace('"', '\\"')
    return f'{variable} {method} "{quoted}"'
