"""Seeded edits of a questionnaire's tree: changes of each kind with what they are, and rewritings that change nothing."""

import ast
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, TypeAlias

Tree: TypeAlias = dict[str, Any]
Expected: TypeAlias = set[tuple[str, str]]
"""Kind of change and item."""


def walk(tree: Tree) -> Iterator[tuple[list[Tree], Tree]]:
    """Yield every item with the list it is in."""
    for item in tree["items"]:
        if "id" in item:
            yield tree["items"], item
        if "items" in item:
            yield from walk(item)


def pick(tree: Tree, rng: Random, holds: Callable[[Tree], Any]) -> Tree:
    """Pick an item."""
    return rng.choice([item for _, item in walk(tree) if holds(item)])


def change_text(text: Any, words: str) -> Any:
    """Append words to a text, in each language."""
    return (
        {lang: f"{t} {words}" for lang, t in text.items()}
        if isinstance(text, dict)
        else f"{text} {words}"
    )


def make_free(tree: Tree) -> Callable[[Tree], bool]:
    """Return whether nothing else in the questionnaire names an item."""
    import yaml

    text = yaml.safe_dump(tree)
    return lambda item: (
        len(text.split(item["id"])) == 2
        and item["type"] not in ("end", "section", "battery", "roster")
    )


# Changes


def edit_text(tree: Tree, rng: Random) -> Expected:
    item = pick(tree, rng, lambda i: "text" in i and i["type"] != "battery")
    item["text"] = change_text(item["text"], "Please.")
    return {("text", item["id"])}


def edit_intro(tree: Tree, rng: Random) -> Expected:
    item = pick(tree, rng, lambda i: i["type"] in ("section", "battery", "roster"))
    item["title"] = change_text(item.get("title", "Title"), "again")
    return {("text", item["id"])}


def edit_probe(tree: Tree, rng: Random) -> Expected:
    item = pick(tree, rng, lambda i: i["type"] in ("verbatim", "number", "single"))
    item["probe"] = "Could you say more?"
    return {("text", item["id"])}


def edit_voice(tree: Tree, rng: Random) -> Expected:
    item = pick(tree, rng, lambda i: i["type"] in ("single", "scale") and "read" not in i)
    item["read"] = False
    return {("text", item["id"])}


def move_item(tree: Tree, rng: Random) -> Expected:
    free = make_free(tree)
    places = [(siblings, item) for siblings, item in walk(tree) if free(item) and len(siblings) > 3]
    siblings, item = rng.choice(
        [place for place in places if "ask_if" not in place[1] and place[0] is not tree["items"]]
    )
    at = siblings.index(item)
    siblings.remove(item)
    siblings.insert((at + rng.randint(2, len(siblings) - 1)) % (len(siblings) + 1), item)
    return {("order", item["id"])}


def shuffle_items(tree: Tree, rng: Random) -> Expected:
    item = pick(tree, rng, lambda i: i["type"] in ("section", "battery") and "order" not in i)
    item["order"] = rng.choice(("random", "rotate", "flip"))
    return {("order", item["id"])}


def move_option(tree: Tree, rng: Random) -> Expected:
    item = pick(
        tree,
        rng,
        lambda i: (
            isinstance(i.get("options"), dict) and i["type"] in ("single", "scale", "multiple")
        ),
    )
    codes = list(item["options"])
    item["options"] = {code: item["options"][code] for code in (*codes[1:], codes[0])}
    return {("order", item["id"])}


def add_filter(tree: Tree, rng: Random) -> Expected:
    free = make_free(tree)
    item = pick(
        tree,
        rng,
        lambda i: (
            free(i)
            and "ask_if" not in i
            and "by" not in i
            and i["type"] in ("verbatim", "scale", "time", "date")
        ),
    )
    name = next(i["id"] for _, i in walk(tree) if i["type"] == "single")
    item["ask_if"] = f"{name} == 2"
    return {("route", item["id"])}


def drop_filter(tree: Tree, rng: Random) -> Expected:
    item = pick(
        tree, rng, lambda i: "ask_if" in i and i["type"] not in ("end", "roster", "handover")
    )
    del item["ask_if"]
    return {("route", item["id"])}


def negate_filter(tree: Tree, rng: Random) -> Expected:
    item = pick(
        tree, rng, lambda i: "ask_if" in i and i["type"] in ("verbatim", "single", "date", "number")
    )
    item["ask_if"] = f"not ({item['ask_if']})"
    return {("route", item["id"])}


def weaken_end(tree: Tree, rng: Random) -> Expected:
    """An end that no answer leads to any more."""
    item = pick(tree, rng, lambda i: "==" in i.get("unless", ""))
    item["unless"] = item["unless"].replace("== 1", "in [1, 2]")
    return {("route", item["id"])}


def offer_option(tree: Tree, rng: Random) -> Expected:
    item = pick(
        tree,
        rng,
        lambda i: (
            isinstance(i.get("options"), dict) and i["type"] in ("single", "scale", "multiple")
        ),
    )
    codes = list(item["options"])
    item["options"][99 if isinstance(codes[0], int) else "zz"] = "Another one"
    return {("widened", item["id"])}


def raise_limit(tree: Tree, rng: Random) -> Expected:
    item = pick(tree, rng, lambda i: i["type"] == "number")
    item["max"] += 10
    return {("widened", item["id"])}


def permit_declines(tree: Tree, rng: Random) -> Expected:
    item = pick(tree, rng, lambda i: i.get("declines") == [] or i.get("declines") == ["refused"])
    item["declines"] = ["dk", "refused"]
    return {("widened", item["id"])}


def drop_option(tree: Tree, rng: Random) -> Expected:
    item = pick(
        tree,
        rng,
        lambda i: isinstance(i.get("options"), dict) and i["type"] in ("single", "multiple"),
    )
    code = rng.choice(
        [
            code
            for code in item["options"]
            if not any(code in codes for codes in item.get("nets", {}).values())
        ]
    )
    del item["options"][code]
    return {("narrowed", item["id"])}


def lower_limit(tree: Tree, rng: Random) -> Expected:
    item = pick(tree, rng, lambda i: i["type"] == "number")
    item["max"] -= 1
    return {("narrowed", item["id"])}


def forbid_declines(tree: Tree, rng: Random) -> Expected:
    item = pick(
        tree,
        rng,
        lambda i: (
            "declines" not in i and "by" not in i and i["type"] in ("verbatim", "multiple", "date")
        ),
    )
    item["declines"] = ["refused"]
    return {("narrowed", item["id"])}


def harden_check(tree: Tree, rng: Random) -> Expected:
    item = pick(tree, rng, lambda i: any(check.get("soft") for check in i.get("checks", ())))
    del item["checks"][0]["soft"]
    return {("narrowed", item["id"])}


def reword_option(tree: Tree, rng: Random) -> Expected:
    item = pick(
        tree,
        rng,
        lambda i: (
            isinstance(i.get("options"), dict) and i["type"] in ("single", "scale", "multiple")
        ),
    )
    code = rng.choice(list(item["options"]))
    option = item["options"][code]
    if isinstance(option, dict) and "text" in option:
        option["text"] = change_text(option["text"], "or so")
    else:
        item["options"][code] = change_text(option, "or so")
    return {("recoded", item["id"])}


def change_unit(tree: Tree, rng: Random) -> Expected:
    item = pick(tree, rng, lambda i: "unit" in i)
    item["unit"] = change_text(item["unit"], "in tens")
    return {("recoded", item["id"])}


def swap_scale(tree: Tree, rng: Random) -> Expected:
    """Two texts of a list change places: everything that uses it is recoded."""
    name = rng.choice(sorted(tree["scales"]))
    options = tree["scales"][name].get("options", tree["scales"][name])
    first, second = list(options)[:2]
    options[first], options[second] = options[second], options[first]
    users = set()
    for _, item in walk(tree):
        if name in (item.get("scale"), item.get("options")):
            users |= set(item["statements"]) if item["type"] == "battery" else {item["id"]}
    return {("recoded", user) for user in users}


def change_type(tree: Tree, rng: Random) -> Expected:
    free = make_free(tree)
    item = pick(
        tree,
        rng,
        lambda i: (
            free(i) and i["type"] in ("verbatim", "time", "scale", "single") and "by" not in i
        ),
    )
    for key in ("options", "scale", "nets", "order", "from", "to", "labels", "read"):
        item.pop(key, None)
    item["type"] = "number"
    return {("type", item["id"])}


def add_decimals(tree: Tree, rng: Random) -> Expected:
    item = pick(tree, rng, lambda i: i["type"] == "number" and i["id"] != "hh_size")
    item["decimals"] = 2
    return {("type", item["id"])}


def take_several(tree: Tree, rng: Random) -> Expected:
    free = make_free(tree)
    item = pick(tree, rng, lambda i: free(i) and i["type"] == "single")
    item["type"] = "multiple"
    return {("type", item["id"])}


def remove_item(tree: Tree, rng: Random) -> Expected:
    free = make_free(tree)
    siblings, item = rng.choice(
        [place for place in walk(tree) if free(place[1]) and len(place[0]) > 1]
    )
    siblings.remove(item)
    return {("removed", item["id"])}


def add_item(tree: Tree, rng: Random) -> Expected:
    siblings, item = rng.choice(list(walk(tree)))
    siblings.insert(
        siblings.index(item) + 1, {"id": "brand_new", "type": "verbatim", "text": "And?"}
    )
    return {("added", "brand_new")}


def add_column(tree: Tree, rng: Random) -> Expected:
    tree["sample"]["tenure"] = {"type": "number"}
    return {("added", "tenure")}


def change_attempts(tree: Tree, rng: Random) -> Expected:
    tree["fieldwork"]["attempts"]["total"] += 1
    return {("fieldwork", "")}


def change_hours(tree: Tree, rng: Random) -> Expected:
    tree["fieldwork"]["hours"]["mon-fri"] = "10:00-16:00"
    return {("fieldwork", "")}


def change_outcome(tree: Tree, rng: Random) -> Expected:
    item = pick(tree, rng, lambda i: i["type"] == "end" and "refusal" in i["outcome"])
    item["outcome"] = "refusal_soft"
    return {("fieldwork", item["id"])}


CHANGES = (
    edit_text, edit_intro, edit_probe, edit_voice, move_item, shuffle_items, move_option, add_filter, drop_filter,
    negate_filter, weaken_end, offer_option, raise_limit, permit_declines, drop_option, lower_limit, forbid_declines,
    harden_check, reword_option, change_unit, swap_scale, change_type, add_decimals, take_several, remove_item, add_item,
    add_column, change_attempts, change_hours, change_outcome,
)  # fmt: skip


# Rewritings


def rewrite_condition(text: str, rng: Random) -> str:
    """Write a condition otherwise, so that it is true, false and unknown for the same answers."""
    tree = ast.parse(text, mode="eval").body
    for _ in range(rng.randint(1, 4)):
        tree = _rewrite(tree, rng)
    return ast.unparse(tree)


_OPPOSITE: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Eq: ast.NotEq(), ast.NotEq: ast.Eq(), ast.Lt: ast.GtE(), ast.GtE: ast.Lt(), ast.Gt: ast.LtE(), ast.LtE: ast.Gt(),
    ast.In: ast.NotIn(), ast.NotIn: ast.In(),
}  # fmt: skip
_MIRRORED: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Eq: ast.Eq(), ast.NotEq: ast.NotEq(), ast.Lt: ast.Gt(), ast.Gt: ast.Lt(), ast.LtE: ast.GtE(), ast.GtE: ast.LtE(),
}  # fmt: skip


def _negate(node: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), node)


def _rewrite(node: ast.expr, rng: Random) -> ast.expr:
    match node:
        case ast.BoolOp(op=op, values=values):
            values = [_rewrite(value, rng) if rng.random() < 0.6 else value for value in values]
            rng.shuffle(values)
            if rng.random() < 0.4:  # De Morgan
                other = ast.Or() if isinstance(op, ast.And) else ast.And()
                return _negate(ast.BoolOp(other, [_negate(value) for value in values]))
            return ast.BoolOp(op, values)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _negate(_rewrite(operand, rng))
        case ast.Compare(left=left, ops=[first, second], comparators=[middle, right]):
            return ast.BoolOp(
                ast.And(),
                [ast.Compare(left, [first], [middle]), ast.Compare(middle, [second], [right])],
            )
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            choices = [
                _negate(ast.Compare(left, [_OPPOSITE[type(op)]], [right])),
                _negate(_negate(node)),
            ]
            if type(op) in _MIRRORED:
                choices.append(ast.Compare(right, [_MIRRORED[type(op)]], [left]))
            if (
                isinstance(op, ast.Eq)
                and isinstance(right, ast.Constant)
                and not isinstance(right.value, bool)
            ):
                choices.append(ast.Compare(left, [ast.In()], [ast.List([right])]))
            if isinstance(op, ast.In) and isinstance(right, ast.List):
                elements = list(right.elts)
                rng.shuffle(elements)
                choices.append(ast.Compare(left, [op], [ast.List(elements)]))
                if all(isinstance(element, ast.Constant) for element in elements):
                    equal: list[ast.expr] = [
                        ast.Compare(left, [ast.Eq()], [element]) for element in elements
                    ]
                    choices.append(ast.BoolOp(ast.Or(), equal) if len(equal) > 1 else equal[0])
            return rng.choice(choices)
        case _:
            return rng.choice((_negate(_negate(node)), ast.BoolOp(ast.And(), [node, node])))


def rewrite_conditions(tree: Tree, rng: Random) -> None:
    """Write some of the conditions otherwise."""
    for _, item in walk(tree):
        options = item.get("options")
        parts = [item, *(options.values() if isinstance(options, dict) else ())]
        for part in parts:
            for key in ("ask_if", "unless"):
                if isinstance(part, dict) and key in part and rng.random() < 0.6:
                    part[key] = rewrite_condition(str(part[key]), rng)
        checks = item.get("checks", ())
        for check in [checks] if isinstance(checks, dict) else checks:
            if rng.random() < 0.6:
                check["expect"] = rewrite_condition(check["expect"], rng)


def inline_scales(tree: Tree, rng: Random) -> None:
    """Write the options of a list where they are used, or give the list another name."""
    for name in sorted(tree.get("scales", {})):
        scale = tree["scales"][name]
        ordered = isinstance(scale.get("options"), dict)
        if rng.random() < 0.5 or ordered:
            tree["scales"][f"{name}_2"] = tree["scales"].pop(name)
        for _, item in walk(tree):
            for key in ("options", "scale"):
                if item.get(key) == name:
                    del item[key]
                    if name in tree["scales"]:
                        item["options"] = scale
                    else:
                        item[key] = f"{name}_2"


def hoist_filter(old: Tree, new: Tree, rng: Random) -> None:
    """Give every item of a section a condition in one version, and the section in the other."""
    sections = [
        item["id"] for _, item in walk(old) if item["type"] == "section" and "ask_if" not in item
    ]
    first = next((i["id"] for _, i in walk(old) if i["type"] == "single"), None)
    if not sections or first is None or first in str(sections):
        return
    name = rng.choice(sections)
    olds, news = ([i for _, i in walk(tree) if i["id"] == name] for tree in (old, new))
    if any(item["id"] == first for _, item in walk(olds[0])):
        return
    news[0]["ask_if"] = f"{first} == 1"
    for item in olds[0]["items"]:
        item["ask_if"] = (
            f"({item['ask_if']}) and {first} == 1" if "ask_if" in item else f"{first} == 1"
        )
