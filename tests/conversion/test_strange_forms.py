"""Forms put together at random from strange parts: each is converted without errors, or it is said what is wrong."""

import random
from contextlib import suppress
from pathlib import Path

import pytest

from support.odk_client.random_forms import write_form
from support.scale import SCALE
from survey_cli.conversion.convert import convert_form
from survey_cli.problems import UserError

TYPES = """text|integer|decimal|select_one yn|select_multiple yn|select_one none|note|calculate|begin group|end group
begin repeat|end repeat|date|time|datetime|range|rank yn|geopoint|start|caseid|weird|select_one yn or_other|hidden"""
NAMES = "a|b|c|name|if|today|x-y|é|1st|aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa||A|in|dk|min|q 1|turn|case"
LABELS = """Hello|- x|: y|# z|a: b
'q' "r"|{brace} ${a}|${nobody}|line1<br>line2|<b>x|&amp; & <p>t</p>|~|null|yes|1.5
${a} ${b} ${c}|[list]|%x|@y|*z|`t`||**|** **|\x07bell|…|😀 ok|<span style="color: red">now</span>
${ ${a} ${}|a\u200bb|\u200b|\u202ea|one\u2028two|&#8203;|&#x2028;x|{turn} {|}"""
EXPRESSIONS = """${a} = 1|${b} != ''|${c} > 3|selected(${a}, '1')|not(${a})|${a}|1|'x'|${b} + ${c}|if(${a} = 1, 'x', '')
once(random())|sum(${a})|count(${b})|indexed-repeat(${a}, ${b}, 1)|(((|${a} = |position(..)|${x-y} = '1'|regex(., 'a')
. > 1 and . < 5|. = -99|coalesce(${a}, ${b}, 'z')|today() - ${a}|${a} = "it's"|concat(${a}, 'x')|true()|false()
pulldata('f', 'a', 'k', ${case})|int(${a})|-${a} < 3|${a} * 2 = ${b}|count-selected(${b}) != 1|string-length(${a}) < 5
9999999999999999999 = ${a}|not(not(${a} = 1))|${a}=1 and (${b}=2 or not(${c}=3))
relevant(${b})|jr:choice-name(${a}, '')|regex(., '^007$')|regex(., '[0-9]{99}[0-9]{99}')|. > 5 and . < 2
pulldata('f', 'class', 'k', ${case})"""
CODES = "1|0|-99|01|a b|x|é|1.5|other|{x}|\u200b|'|\"|yes"


def draw(rng: random.Random, words: str, share: float = 1.0) -> str:
    return rng.choice(words.replace("\n", "|").split("|")) if rng.random() < share else ""


def write_strange_form(seed: int) -> str:
    rng = random.Random(seed)
    lines = [
        "| survey |",
        "| | type | name | label::English (en) | label::Klingon | relevant | constraint | calculation |",
    ]
    lines[1] += (
        " repeat_count | choice_filter | required | default | appearance | constraint_message |"
    )
    for _ in range(rng.randint(1, 14)):
        cells = [
            draw(rng, TYPES),
            draw(rng, NAMES),
            draw(rng, LABELS),
            draw(rng, LABELS, 0.3),
            draw(rng, EXPRESSIONS, 0.5),
        ]
        cells += [
            draw(rng, EXPRESSIONS, 0.3),
            draw(rng, EXPRESSIONS, 0.5),
            draw(rng, EXPRESSIONS, 0.5),
        ]
        cells += [
            draw(rng, "k = ${a}|k=1||"),
            draw(rng, "yes|${a}=1|"),
            draw(rng, "1|x|2020-01-01|today()|${a}", 0.4),
        ]
        cells += [draw(rng, "likert|table-list|multiline|"), draw(rng, LABELS, 0.2)]
        lines.append(f"| | {' | '.join(cells)} |")
    lines += ["| choices |", "| | list_name | name | label::English (en) | k |"]
    for _ in range(rng.randint(0, 6)):
        lines.append(
            f"| | {draw(rng, 'yn|yn|none')} | {draw(rng, CODES)} | {draw(rng, LABELS)} | {draw(rng, '1|2|')} |"
        )
    return "\n".join(lines)


@pytest.mark.parametrize("seed", range(20 * SCALE))
def test_a_strange_form_is_converted_or_refused(tmp_path: Path, seed: int) -> None:
    file = tmp_path / "strange.md"
    file.write_text(write_strange_form(seed), encoding="utf-8")
    with suppress(UserError):  # nothing in it can be asked
        assert not convert_form(file).errors


@pytest.mark.parametrize("seed", range(100, 100 + 8 * SCALE))
def test_expressions_over_earlier_questions_are_carried_over(tmp_path: Path, seed: int) -> None:
    file = tmp_path / "form.md"
    file.write_text(write_form(seed), encoding="utf-8")
    converted = convert_form(file)
    assert not converted.errors
    assert sum(total - carried for carried, total in converted.report.logic.values()) <= 2
