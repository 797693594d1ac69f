"""Random instruments: a strategy of small ones as YAML text, for properties of any instrument."""

from hypothesis import strategies as st

CODES = (1, 2, 3)
KINDS = ("single", "single", "number", "number", "multiple", "scale", "text", "read", "split")


@st.composite
def instruments(draw: st.DrawFn) -> str:
    """A small instrument as YAML text: items, sections, batteries, rosters, draws, ends, checks and computes, with
    conditions over what comes before."""
    return _Writer(draw).text()


class _Writer:
    """One instrument being written down."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.named: list[tuple[str, str]] = []
        """Earlier items and their kinds, as conditions may use them here."""
        self.rosters: list[str] = []
        self.computes: list[str] = []
        self.lines: list[str] = []
        self.count = 0
        self.inside = ""
        """The roster being written."""

    def text(self) -> str:
        self.items("  ", self.draw(st.integers(3, 9)), depth=0)
        head = ["instrument: made_up", "title: Made up"]
        if self.computes:
            head += ["compute:", *self.computes]
        return "\n".join([*head, "items:", *self.lines, ""])

    def chance(self, one_in: int) -> bool:
        return self.draw(st.integers(1, one_in)) == one_in

    def name(self) -> str:
        self.count += 1
        return f"v{self.count}"

    def items(self, indent: str, how_many: int, *, depth: int) -> None:
        for _ in range(how_many):
            lot = self.draw(st.integers(0, 11))
            if lot == 0 and depth < 2:
                self.section(indent, depth)
            elif (lot == 1 or (lot == 5 and self.rosters)) and not self.inside and depth < 2:
                self.roster(indent)
            elif lot == 2 and not self.inside and self.rosters:
                self.drawn(indent)
            elif lot == 3 and not self.inside and self.named and self.chance(2):
                parts = [
                    f"id: {self.name()}",
                    "type: end",
                    f'ask_if: "{self.condition()}"',
                    "outcome: not_eligible",
                ]
                self.lines.append(f"{indent}- {{{', '.join(parts)}}}")
            elif lot == 4 and depth < 2:
                self.battery(indent)
            else:
                self.item(indent, self.draw(st.sampled_from(KINDS)))

    def item(self, indent: str, kind: str) -> str:
        name = self.name()
        parts = [f"id: {name}", f"type: {kind}", f"text: 'Question {name}{self.fill()}'"]
        match kind:
            case "single" | "multiple" if source := self.source():
                parts += (
                    [f"options: {source}", "min: 0"]
                    if kind == "multiple"
                    else [f"options: {source}"]
                )
            case "single" | "multiple":
                options = ", ".join(self.option(c, kind) for c in CODES)
                parts.append(f"options: {{{options}}}")
                if self.chance(4):
                    parts.append("order: random")
            case "scale":
                parts += ["from: 1", "to: 4"]
            case "number":
                others = [n for n, k in self.named if k in ("number", "compute")]
                parts.append(
                    f"max: {self.draw(st.sampled_from(others)) if others and self.chance(4) else 4}"
                )
            case "split":
                parts = [f"id: {name}", "type: split", "arms: {a: 1, b: 1}"]
        parts += self.shown()
        if kind in ("number", "scale") and self.chance(2):
            parts += self.checks(name)
        elif kind not in ("read", "split") and self.chance(4):
            parts.append("declines: []")
        self.lines.append(f"{indent}- {{{', '.join(parts)}}}")
        if kind not in ("read", "text"):
            self.named.append((name, kind))
            if kind == "number" and not self.inside and self.chance(3):
                self.compute(name)
        return name

    def option(self, code: int, kind: str) -> str:
        if code == 3 and self.named and self.chance(3):
            return f'3: {{text: three, ask_if: "{self.condition()}"}}'
        if code == 2 and self.chance(6):
            return "2: {text: other, specify: true}"
        return (
            "3: {text: none, exclusive: true}"
            if code == 3 and kind == "multiple"
            else f"{code}: option {code}"
        )

    def source(self) -> str:
        """A source of options now and then: a multiple, or a roster that is finished."""
        several = [name for name, kind in self.named if kind == "multiple"]
        if several and self.chance(3):
            name, chosen = (
                self.draw(st.sampled_from(several)),
                self.draw(st.sampled_from(("true", "false"))),
            )
            return f"{{from: {name}, chosen: {chosen}}}"
        if not self.rosters or not self.chance(3):
            return ""
        roster, number = self.draw(st.sampled_from(self.rosters)).split()
        where = f", where: {number} >= 2" if self.chance(2) else ""
        return f"{{from: {roster}, label: {number}{where}}}"

    def fill(self) -> str:
        names = [name for name, kind in self.named if kind != "list"]
        return (
            f" after {{{self.draw(st.sampled_from(names))}|nothing}}"
            if names and self.chance(5)
            else ""
        )

    def shown(self) -> list[str]:
        if not self.named or self.chance(2):
            return []
        return [f'{self.draw(st.sampled_from(("ask_if", "unless")))}: "{self.condition()}"']

    def checks(self, name: str) -> list[str]:
        other = [n for n, kind in self.named if kind in ("number", "scale", "compute")]
        against = self.draw(st.sampled_from([*other, "2"]))
        soft = self.draw(st.booleans())
        sign = self.draw(st.sampled_from(("<=", "!=", ">=")))
        check = f'checks: [{{expect: "{name} {sign} {against}", say: Is that so, soft: {str(soft).lower()}}}]'
        # a hard check that no number can meet must leave a way on: a don't know
        return [check] if soft else [check, "declines: [dk]"]

    def condition(self, depth: int = 0) -> str:
        if depth < 2 and self.chance(4):
            joint = self.draw(st.sampled_from(("and", "or")))
            return f"({self.condition(depth + 1)}) {joint} ({self.condition(depth + 1)})"
        if depth < 2 and self.chance(6):
            return f"not ({self.condition(depth + 1)})"
        name, kind = self.draw(st.sampled_from(self.named))
        match kind:
            case "multiple":
                return self.draw(
                    st.sampled_from((f"1 in {name}", f"count({name}) >= 2", f"answered({name})"))
                )
            case "split":
                return f"{name} == 'a'"
            case "compute" | "number" | "scale":
                other = self.draw(
                    st.sampled_from(
                        ["1", "2", *(n for n, k in self.named if k in ("number", "compute"))]
                    )
                )
                return f"{name} {self.draw(st.sampled_from(('<', '>=', '==')))} {other}"
            case "list":
                return f"count({name} >= 2) >= 1"
            case "drawn":
                return f"answered({name})"
        return self.draw(
            st.sampled_from(
                (f"{name} == 1", f"{name} in [2, dk]", f"dk({name})", f"answered({name})")
            )
        )

    def compute(self, name: str) -> None:
        computed = self.name()
        form = self.draw(
            st.sampled_from(
                (
                    f"{name} * 2",
                    f"1 if {name} == 2 else 3",
                    f"sum_answered({name}, 1)",
                    f"default({name}, 2)",
                    f"default({name}, 2, dk)",
                    f"first_answered({name}, 3)",
                    f"{name} % 2 + {name} // 2",
                )
            )
        )
        self.computes.append(f"  {computed}: {form}")
        self.named.append((computed, "compute"))

    def section(self, indent: str, depth: int) -> None:
        name = self.name()
        order = self.draw(st.sampled_from(("written", "written", "random", "rotate")))
        pick = [f"pick: {self.pick()}"] if self.chance(3) else []
        head = [
            f"id: {name}",
            "type: section",
            f"order: {order}",
            f"intro: Intro {name}",
            *pick,
            *self.shown(),
        ]
        self.lines += [
            f"{indent}- {head[0]}",
            *(f"{indent}  {part}" for part in head[1:]),
            f"{indent}  items:",
        ]
        before = list(self.named)
        count = self.draw(st.integers(2 if pick else 1, 3))
        if order == "written" and not pick:
            self.items(indent + "    ", count, depth=depth + 1)
            return
        # siblings under an order or a pick may not refer to one another: each sees what came before the section
        added: list[tuple[str, str]] = []
        for _ in range(count):
            self.named = list(before)
            self.item(indent + "    ", self.draw(st.sampled_from(("single", "number", "text"))))
            added += self.named[len(before) :]
        self.named = before + added

    def pick(self) -> str:
        return self.draw(st.sampled_from(("1", "2", "{count: 1, by: least_filled}")))

    def battery(self, indent: str) -> None:
        name = self.name()
        order = self.draw(st.sampled_from(("written", "random")))
        statements = [self.name() for _ in range(self.draw(st.integers(1, 3)))]
        written = []
        for statement in statements:
            condition = f', ask_if: "{self.condition()}"' if self.named and self.chance(3) else ""
            written.append(f"{statement}: {{text: Statement {statement}{condition}}}")
        kind = self.draw(st.sampled_from(("scale", "scale", "number")))
        answers = ["from: 1", "to: 4"]
        if kind == "number":
            answers = ["answer: {type: number, max: 4}", "next: 'And {statement}?'"]
            answers += ["total: 4"] if self.chance(2) else []
        parts = [f"id: {name}", "type: battery", *answers, f"order: {order}"]
        if len(statements) > 1 and self.chance(3):
            parts.append(f"pick: {self.pick()}")
        parts.append(f"statements: {{{', '.join(written)}}}")
        self.lines.append(f"{indent}- {{{', '.join([*parts, *self.shown()])}}}")
        self.named += [(statement, kind) for statement in statements]

    def roster(self, indent: str) -> None:
        name = self.name()
        numbers = [n for n, k in self.named if k in ("number", "compute") and "[" not in n]
        several = [n for n, k in self.named if k == "multiple"]
        ways = (
            ["until: Another one?"]
            + [f"count: {n}" for n in numbers]
            + [f"each: {n}" for n in several]
        )
        for base, base_number in (other.split() for other in self.rosters):
            ways += [f"each: {base}", f"each: {base}\n{indent}  where: {base_number} >= 2"]
        way = self.draw(st.sampled_from(ways))
        self.lines += [
            f"{indent}- id: {name}",
            f"{indent}  type: roster",
            f"{indent}  {way}",
            *([f"{indent}  max: 3"] if not way.startswith("each: ") or way[6:] in several else []),
        ]
        if not way.startswith("until") and self.chance(3):
            self.lines.append(f"{indent}  pick: {self.draw(st.integers(1, 2))}")
        self.lines += [f"{indent}  {part}" for part in self.shown()]
        self.lines.append(f"{indent}  items:")
        before, self.inside = list(self.named), name
        for base, base_number in (other.split() for other in self.rosters):
            if way.partition("\n")[0] == f"each: {base}":
                self.named.append((base_number, "number"))
        number = self.item(indent + "    ", "number")
        self.items(indent + "    ", self.draw(st.integers(0, 2)), depth=2)
        self.inside = ""
        self.named = [*before, (f"{name}.{number}", "list")]
        self.rosters.append(f"{name} {number}")

    def drawn(self, indent: str) -> None:
        roster, number = self.draw(st.sampled_from(self.rosters)).split()
        name = self.name()
        highest = [n for n, k in self.named if k in ("number", "compute") and "[" not in n]
        if highest and self.chance(3):
            numbers = f"1 to {self.draw(st.sampled_from(highest))}"
            self.lines.append(f"{indent}- {{id: {name}, type: draw, numbers: {numbers}}}")
            self.named.append((name, "drawn"))
            return
        by = self.draw(st.sampled_from(("random", f"youngest, using: {number}")))
        where = f", where: {number} >= 2" if self.chance(2) else ""
        self.lines.append(f"{indent}- {{id: {name}, type: draw, from: {roster}, by: {by}{where}}}")
        self.named.append((name, "drawn"))
