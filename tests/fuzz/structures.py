"""Instruments built from the models of the language, with right and wrong kinds under every key: checked, and whatever
the checks accept is asked."""

import re
from random import Random
from types import NoneType
from typing import Annotated, Any, Literal, TypeAlias, get_args, get_origin

import yaml
from hypothesis import strategies as st
from json_schema import iterate_models

from fuzz import files_as_bytes
from fuzz.conducting import conducted
from fuzz.seeds import FILES, SMALL
from fuzz.words import HOSTILE
from support.random_instruments import instruments
from survey_cli.instrument.expressions.functions import FUNCTIONS
from survey_cli.instrument.schema.document import Document
from survey_cli.instrument.schema.items.groups import ITEM_TYPES
from survey_cli.instrument.schema.options import SpecModel
from survey_cli.instrument.source.scalars import Text

LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""Every scalar as its text."""
Tree: TypeAlias = "str | list[Tree] | dict[str, Tree]"

PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.]*\Z|-\d+\Z", re.ASCII)
CODES = (
    "1",
    "2",
    "3",
    "97",
    "-1",
    "a",
    "tv",
    "É",
    "0",
    "01",
    "=1",
    "1.0",
    "x y",
    "99999999999999999999",
    "A",
    "_",
)
IDS = (
    "q1",
    "v1",
    "v2",
    "v3",
    "v4",
    "own",
    "Q1",
    "person",
    "media",
    "a" * 32,
    "é",
    "class",
    "dk",
    "interview_id",
    "v1_1",
)
TEXTS = (
    "Why?",
    "Do you {v1}?",
    "{v1|so}",
    "{each}",
    "{options}",
    "{turn}",
    "**x",
    "=1+1",
    "{daypart}",
    "{interviewer}",
)
ABOVE = tuple(dict.fromkeys(m for _, m in iterate_models()))


def _yaml(tree: Tree) -> str:
    """The tree in YAML's flow style, plain where a designer would not quote."""
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{_yaml(k)}: {_yaml(v)}" for k, v in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(map(_yaml, tree)) + "]"
    if PLAIN.match(tree):
        return tree
    return (
        '"' + "".join(c if c.isprintable() and c not in '"\\' else _escaped(c) for c in tree) + '"'
    )


def _escaped(letter: str) -> str:
    return f"\\U{ord(letter):08x}" if ord(letter) > 0xFFFF else f"\\u{ord(letter):04x}"


def text_of(tree: dict[str, Tree]) -> str:
    """The file: a line for each key, and for each item, so that problems have places."""
    lines = []
    for key, value in tree.items():
        if key == "items" and isinstance(value, list):
            lines += ["items:", *(f"  - {_yaml(item)}" for item in value)]
        else:
            lines.append(f"{_yaml(key)}: {_yaml(value)}")
    return "\n".join(lines) + "\n"


class Writer:
    """Writes values for annotations of the models, mostly of the right kind."""

    def __init__(self, dice: Random, *, wrong: float, names: list[str]) -> None:
        self.dice, self.wrong, self.names = dice, wrong, names

    def model(self, model: type[Any], depth: int, *, often: float = 0.2) -> dict[str, Tree]:
        """A mapping with the required keys and some of the others."""
        made: dict[str, Tree] = {}
        for name, field in model.model_fields.items():
            if name == "type" and model in ITEM_TYPES.values():
                made["type"] = next(k for k, m in ITEM_TYPES.items() if m is model)
            elif self.dice.random() < (1 - self.wrong if field.is_required() else often):
                made[field.alias or name] = self.field(name, field, depth)
        return made

    def field(self, name: str, field: Any, depth: int) -> Tree:
        """A value for a field."""
        if self.dice.random() < self.wrong:
            return self.junk()
        if name == "id":
            self.names.append(f"w{len(self.names)}")
            return self.names[-1]
        if name == "items":
            return [self.item(depth + 1) for _ in range(self.dice.randint(1, 3))]
        annotation = (
            Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
        )
        return self.value(annotation, depth)

    def item(self, depth: int) -> Tree:
        """An item of any type."""
        kinds = [k for k in ITEM_TYPES if depth < 3 or k not in ("section", "roster", "battery")]
        return self.model(ITEM_TYPES[self.dice.choice(kinds)], depth)

    def value(self, annotation: Any, depth: int) -> Tree:
        """A value of this kind."""
        dice = self.dice
        origin, args = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            for meta in args[1:]:
                reader = getattr(meta, "func", None)
                if reader is not None and get_origin(args[0]) is not dict:
                    return self.scalar(getattr(reader, "__name__", ""))
            return self.value(args[0], depth)
        if origin is Literal:
            return str(dice.choice(args))
        if origin is list:
            return [self.value(args[0], depth + 1) for _ in range(dice.randint(0, 3))]
        if origin is dict:
            return {
                self._key(args[0]): self.value(args[1], depth + 1)
                for _ in range(dice.randint(1, 3))
            }
        if args:
            return self.value(dice.choice([a for a in args if a is not NoneType]), depth)
        if annotation is Text:
            if dice.random() < 0.1:
                return {"en": self.text(), "es": self.text()}
            return self.text()
        if isinstance(annotation, type) and issubclass(annotation, SpecModel):
            return self.model(annotation, depth + 1)
        return self.text()

    def _key(self, annotation: Any) -> str:
        value = self.value(annotation, 0)
        return value if isinstance(value, str) else "1"

    def scalar(self, reader: str) -> Tree:
        """A scalar that this reader takes."""
        dice = self.dice
        match reader:
            case "whole":
                return dice.choice(
                    ("0", "1", "2", "3", "5", "10", "97", "-9", "40", "100000", "9" * 18)
                )
            case "number":
                return dice.choice(
                    ("0", "1", "10", "-5", "0.5", "168", "1000000", "0.001", "9" * 25, "-1.5")
                )
            case "flag":
                return dice.choice(("true", "false"))
            case "code":
                return dice.choice(CODES)
            case "name":
                return (
                    dice.choice((*self.names, *IDS))
                    if dice.random() < 0.9
                    else dice.choice(HOSTILE)
                )
            case "expression":
                return self.expression()
            case "read":
                return dice.choice(("written", "random", "rotate", "flip", "interviewer"))
            case _:
                return self.text()

    def text(self) -> str:
        return self.dice.choice(TEXTS) if self.dice.random() < 0.9 else self.dice.choice(HOSTILE)

    def expression(self, depth: int = 0) -> str:
        """A condition over names that may be there."""
        dice = self.dice
        name = dice.choice((*self.names, *IDS[:5]))
        lot = dice.randint(0, 7 if depth < 2 else 3)
        if lot < 3:
            return f"{name} {dice.choice(('==', '!=', '<', '>=', '<='))} {dice.choice(('1', '2', 'dk', name))}"
        if lot == 3:
            return dice.choice(
                (name, f"{name} in [1, 2]", "true", "1", f"{name} * 2", f"1 if {name} == 1 else 2")
            )
        if lot < 6:
            return f"({self.expression(depth + 1)}) {dice.choice(('and', 'or'))} ({self.expression(depth + 1)})"
        if lot == 6:
            return f"{dice.choice(list(FUNCTIONS))}({name})"
        return f"not ({self.expression(depth + 1)})"

    def junk(self) -> Tree:
        """Something of a kind that is rarely wanted."""
        dice = self.dice
        lot = dice.randint(0, 5)
        if lot == 0:
            return [dice.choice(HOSTILE) for _ in range(dice.randint(0, 3))]
        if lot == 1:
            return {
                dice.choice((*CODES, "en", "text")): dice.choice(HOSTILE)
                for _ in range(dice.randint(0, 3))
            }
        if lot == 2:
            return self.model(dice.choice(ABOVE), 4)
        return dice.choice((*HOSTILE, *CODES, *IDS))


def _mappings(tree: Tree, found: list[dict[str, Tree]]) -> list[dict[str, Tree]]:
    if isinstance(tree, dict):
        found.append(tree)
        for value in tree.values():
            _mappings(value, found)
    elif isinstance(tree, list):
        for value in tree:
            _mappings(value, found)
    return found


def _model_of(mapping: dict[str, Tree], dice: Random) -> type[Any]:
    """The model of an item by its type; for others the one whose keys are most like."""
    kind = mapping.get("type")
    if isinstance(kind, str) and kind in ITEM_TYPES and "id" in mapping:
        return ITEM_TYPES[kind]
    if "items" in mapping and "title" in mapping and "instrument" in mapping:
        return Document
    likely = [
        m
        for m in ABOVE
        if mapping and set(mapping) <= {f.alias or n for n, f in m.model_fields.items()}
    ]
    return dice.choice(likely or list(ABOVE))


def grafted(text: str, changes: list[int]) -> str:
    """An instrument with values of the models put under keys that are there or were not."""
    loaded = yaml.load(text, Loader=LOADER)  # noqa: S506 - gives text only
    names = [str(m["id"]) for m in _mappings(loaded, []) if isinstance(m.get("id"), str)]
    for number in changes:
        dice = Random(number)
        writer = Writer(dice, wrong=0.0 if number % 3 else 0.15, names=names)
        mapping = dice.choice(_mappings(loaded, []))
        model = _model_of(mapping, dice)
        name, field = dice.choice(list(model.model_fields.items()))
        if name in ("instrument", "type", "id") and dice.random() < 0.8:
            continue
        if name == "items" and isinstance(mapping.get("items"), list):
            mapping["items"].insert(dice.randint(0, len(mapping["items"])), writer.item(2))  # type: ignore[union-attr]
        elif dice.random() < 0.05:
            mapping.pop(field.alias or name, None)
        else:
            mapping[field.alias or name] = writer.field(name, field, 2)
    return text_of(loaded)


def from_nothing(seed: int) -> str:
    """A whole file out of the models, with more or fewer values of a wrong kind."""
    dice = Random(seed)
    writer = Writer(dice, wrong=dice.choice((0.0, 0.0, 0.02, 0.1)), names=[])
    tree = writer.model(Document, 0, often=0.1)
    for key, value in (("instrument", "w"), ("title", "W")):
        tree[key] = value
    return text_of(tree)


changes = st.lists(st.integers(0, 2**32), max_size=6)
cases = st.tuples(
    st.one_of(
        st.builds(grafted, instruments(), changes),
        st.builds(
            lambda name, c: grafted(FILES[name].decode(), c), st.sampled_from(SMALL), changes
        ),
        st.builds(from_nothing, st.integers(0, 2**32)),
    ),
    st.integers(0, 2**16),
)


def check(case: tuple[str, int]) -> bool:
    """Check it, and conduct it where it is accepted; whether it was."""
    text, seed = case
    found = files_as_bytes.check(text.encode("utf-8", "surrogatepass"))
    if found.instrument is None:
        return False
    conducted(found.instrument, seed=seed)
    return True
