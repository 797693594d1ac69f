"""Random XLSForms: questions of all types whose conditions are random expressions over earlier questions."""

import random

CODES = {"yn": ["1", "0"], "yn_dk": ["1", "0", "-99", "-98"], "word": ["a", "b", "c"]}


def write_form(seed: int, questions: int = 14) -> str:
    """Write a form as Markdown."""
    rng = random.Random(seed)
    asked: list[tuple[str, str, str]] = []  # kind, name, list
    rows: list[list[str]] = []
    open_groups = 0
    for number in range(questions):
        name = f"q{number}"
        relevant = draw_condition(rng, asked, 2) if asked and rng.random() < 0.8 else ""
        required = "yes" if rng.random() < 0.5 else ""
        if rng.random() < 0.12 and open_groups == 0:
            rows.append(["begin group", f"g{number}", f"Group {number}", relevant, "", ""])
            open_groups, relevant = open_groups + 1, ""
        elif open_groups and rng.random() < 0.3:
            rows.append(["end group", "", "", "", "", ""])
            open_groups -= 1
        kind = rng.choice(["number", "number", "code", "code", "codes", "text", "calculate"])
        listed = rng.choice(["yn", "word"] if kind == "codes" else list(CODES))
        if kind == "calculate" and asked:
            rows.append(["calculate", name, "", relevant, "", draw_calculation(rng, asked)])
            asked.append(("number", name, ""))
            continue
        types = {
            "number": "integer",
            "code": f"select_one {listed}",
            "codes": f"select_multiple {listed}",
        }
        rows.append([types.get(kind, "text"), name, f"Question {number}?", relevant, required, ""])
        asked.append((kind if kind in types else "text", name, listed))
    rows += [["end group", "", "", "", "", ""]] * open_groups
    lines = ["| survey |", "| | type | name | label | relevant | required | calculation |"]
    lines += [f"| | {' | '.join(row)} |" for row in rows]
    lines += ["| choices |", "| | list_name | name | label |"]
    texts = {"-99": "Don't know", "-98": "Refused"}
    lines += [
        f"| | {name} | {code} | {texts.get(code, f'Answer {code}')} |"
        for name, codes in CODES.items()
        for code in codes
    ]
    return (
        "\n".join(
            [
                *lines,
                "| settings |",
                "| | form_title | form_id |",
                f"| | Random {seed} | random_{seed} |",
            ]
        )
        + "\n"
    )


def draw_condition(rng: random.Random, asked: list[tuple[str, str, str]], depth: int) -> str:
    """Draw an expression that is true or false."""
    if depth and rng.random() < 0.5:
        left, right = draw_condition(rng, asked, depth - 1), draw_condition(rng, asked, depth - 1)
        return rng.choice([f"({left}) and ({right})", f"({left}) or ({right})", f"not({left})"])
    kind, name, listed = rng.choice(asked)
    value = f"${{{name}}}"
    if rng.random() < 0.15:
        return f"{value} {rng.choice(['=', '!='])} ''"
    match kind:
        case "number":
            numbers = [other for kind, other, _ in asked if kind == "number"]
            right = (
                f"${{{rng.choice(numbers)}}}"
                if rng.random() < 0.25
                else str(rng.choice([0, 5, 20]))
            )
            left = f"{value} + 2" if rng.random() < 0.15 else value
            return f"{left} {rng.choice(['=', '!=', '<', '<=', '>', '>='])} {right}"
        case "code":
            code = rng.choice(CODES[listed])
            if rng.random() < 0.3:
                return f"selected({value}, '{code}')"
            sign = rng.choice(["=", "!="] if listed == "word" else ["=", "!=", "<", ">="])
            return (
                f"{value} {sign} {code if listed != 'word' and rng.random() < 0.5 else repr(code)}"
            )
        case "codes":
            code = rng.choice(CODES[listed])
            drawn = [
                f"selected({value}, '{code}')",
                f"not(selected({value}, '{code}'))",
                f"{value} = '{code}'",
            ]
            return rng.choice(
                [
                    *drawn,
                    f"count-selected({value}) {rng.choice(['=', '>', '<='])} {rng.choice([0, 1, 2])}",
                ]
            )
        case _:
            return rng.choice(
                [
                    f"{value} = 'Ana'",
                    f"{value} != 'Ana'",
                    f"string-length({value}) > 3",
                    f"'x y' = {value}",
                ]
            )


def draw_calculation(rng: random.Random, asked: list[tuple[str, str, str]]) -> str:
    """Draw a calculation of a number."""
    numbers = [f"${{{name}}}" for kind, name, _ in asked if kind == "number"] or ["3"]
    condition = draw_condition(rng, asked, 1)
    first, second = rng.choice(numbers), rng.choice(numbers)
    choices = [
        f"{first} * 2",
        f"{first} - {second}",
        f"if({condition}, 1, 0)",
        f"if({condition}, {first}, '')",
    ]
    return rng.choice([*choices, f"coalesce({first}, {second})"])
