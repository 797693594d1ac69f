"""Small questionnaires made at random: filters, declines, checks, sections and rosters, as text."""

from random import Random


class QuestionnaireWriter:
    """Writer of one questionnaire. Its conditions speak of what was asked before them.

    With `amounts`, it is in edition 2, and options have values, intervals or no amount.
    """

    def __init__(self, rng: Random, *, amounts: bool = False) -> None:
        self.rng = rng
        self.amounts = amounts
        self.lines: list[str] = []
        self.asked: list[tuple[str, str, str | None]] = []
        """Name, type and roster of what conditions can name."""
        self.rosters: list[str] = []
        """Those that are finished."""
        self.picks = False
        """Only some of the group being written are asked, so that nothing can end in it."""
        self.bases: dict[str, str] = {}
        """The roster over whose turns another one runs."""
        self.count = 0

    def write(self) -> str:
        """Return the text of the questionnaire."""
        rng = self.rng
        head = ["instrument: t", "title: T"]
        if self.amounts:
            head.append("edition: 2")
        if rng.random() < 0.3:
            head.append(
                "sample:\n  k: {type: text, role: key}\n  s: {type: single, options: {1: A, 2: B}}"
            )
            self.asked.append(("s", "single", None))
        length = rng.randint(3, 7)
        while self.count < length:
            self.add_item("  ", None)
        if self.asked and rng.random() < 0.3 and (condition := self.make_condition(None)):
            head.append(f'compute:\n  z: "{condition}"')
            self.lines.append("  - {id: last, type: read, ask_if: z, text: T.}")
            if self.amounts and (name := self._find_amount()):
                head[-1] += f'\n  y: "{name}"'
                self.lines.append("  - {id: end_y, type: read, ask_if: y >= 1, text: T.}")
                self.lines.append("  - {id: end_a, type: read, ask_if: answered(y), text: T.}")
        return "\n".join([*head, "items:", *self.lines]) + "\n"

    def make_condition(self, roster: str | None) -> str:
        """Return a condition at a place in this roster; empty where nothing was asked before."""
        rng = self.rng
        parts = [part for _ in range(rng.choice((1, 1, 2, 3))) if (part := self._make_part(roster))]
        if not parts:
            return ""
        joined = f" {rng.choice(('and', 'or'))} ".join(
            f"({part})" if rng.random() < 0.8 else f"(not ({part}))" for part in parts
        )
        return (
            f"({parts[0]}) if ({joined}) else (not ({parts[-1]}))" if rng.random() < 0.1 else joined
        )

    def _list_same_turns(self, roster: str | None) -> list[str | None]:
        """Return the rosters whose items a condition in this roster names for its own turn, None first."""
        same: list[str | None] = [None]
        while roster is not None:
            same.append(roster)
            roster = self.bases.get(roster)
        return same

    def _make_part(self, roster: str | None) -> str:
        rng = self.rng
        same_turns = self._list_same_turns(roster)
        in_other_rosters = [each for each in self.asked if each[2] not in same_turns]
        if in_other_rosters and rng.random() < 0.3:
            name, kind, other = rng.choice(in_other_rosters)
            count = f"{rng.choice(('>=', '==', '<'))} {rng.randint(1, 2)}"
            if kind == "single":
                return f"count({other}.{name} == {rng.randint(1, 2)}) {count}"
            return (
                f"sum({other}.{name}) {count}"
                if kind in ("number", "amount", "scale", "quantity")
                else f"count(answered({other}.{name})) >= 1"
            )
        known = [each for each in self.asked if each[2] in same_turns]
        if not known:
            return ""
        name, kind, _ = rng.choice(known)
        if self.rosters and roster is None and rng.random() < 0.1:
            return f"{rng.randint(1, 2)} in {rng.choice(self.rosters)}"
        if name != "s" and rng.random() < 0.2:
            return f"{rng.choice(('answered', 'dk'))}({name})"
        others = [other for other, its_kind, _ in known if its_kind == kind and other != name]
        match kind:
            case "amount" | "scale" | "quantity":
                return self._compare_amount(name, kind, others)
            case "single" if others and rng.random() < 0.15:
                return f"{name} {rng.choice(('==', '!='))} {rng.choice(others)}"
            case "single":
                listed = "in [1, dk]" if name != "s" else "in [1]"
                equal = f"== {rng.randint(1, 2)}"
                unequal = f"!= {rng.randint(1, 2)}"
                comparison = rng.choice((equal, unequal, listed, "not in [2]"))
                return f"{name} {comparison}"
            case "number" if others and rng.random() < 0.3:
                other = rng.choice(others)
                if rng.random() < 0.5:
                    return f"{name} {rng.choice(('<', '>=', '=='))} {other}"
                return f"{name} + {other} {rng.choice(('>', '=='))} {rng.randint(1, 4)}"
            case "number":
                return (
                    f"{name} {rng.choice(('<', '<=', '==', '>', '>=', '!='))} {rng.randint(0, 3)}"
                )
            case _:
                return rng.choice(
                    (f"{rng.randint(1, 2)} in {name}", f"count({name}) >= {rng.randint(1, 3)}")
                )

    def _find_amount(self) -> str:
        names = [name for name, kind, roster in self.asked if kind == "amount" and roster is None]
        return self.rng.choice(names) if names else ""

    def _compare_amount(self, name: str, kind: str, others: list[str]) -> str:
        """Return a comparison of an item with amounts; the 7 of an amount counts as 0."""
        rng = self.rng
        other = rng.choice([*others, "1"])
        order = rng.choice(("<", "<=", ">", ">="))
        constants: tuple[float, ...] = (0, 1, 2, 3, 8, 9)
        if kind == "scale":
            constants = (1, 2, 9)
        elif kind == "quantity":
            constants = (0, 0.5, 1, 1.5, 2, 8)
        constant = rng.choice(constants)
        return rng.choice(
            (
                f"{name} {order} {constant}",
                f"{name} {order} {constant}",
                f"{name} {rng.choice(('==', '!='))} {constant}",
                f"{name} in [{constant}, {rng.choice(constants)}, dk]",
                f"keyed({name}) {order} {rng.choice((2, 7, 8))}",
                f"keyed({name}) == {rng.choice((1, 8, 9) if kind == 'amount' else (1, 9))}",
                f"answered({name})",
                f"{name} {rng.choice((order, '=='))} {other}",
                f"{name} + {other} {order} {constant}",
                f"({name} if answered({name}) else {other}) {rng.choice((order, '=='))} {constant}",
                f"first_answered({name}, {other}) {order} {constant}",
                f"default({name}, 1{rng.choice(('', ', no_amount'))}) {order} 2",
                f"count({name} {order} {constant}, {name} != 9) == 1",
            )
        )

    def _add_amount_item(self, indent: str, name: str, more: str, roster: str | None) -> None:
        """Add a number, a single or a scale, some options of which aren't their own amounts."""
        rng = self.rng
        declines = rng.choice((", declines: [dk]", ", declines: []"))
        amounts = [
            "7: {text: C, value: 0}",
            "8: {text: D, missing: true}",
            f"9: {{text: E, {rng.choice(('at_least: 2', 'at_most: 1', 'at_least: 9'))}}}",
        ]
        options = ", ".join(rng.sample(amounts, rng.randint(1, 3)))
        kind = "amount"
        match rng.randint(1, 3):
            case 1 if self.count % 2 == 0:
                # not drawn, so that all other questionnaires stay the same
                kind = "quantity"
                units = "w: {key: 1, range: 1 to 2}, m: {key: 2, times: 1/2, range: 0 to 3}"
                own = ", ".join(amounts[: self.count % 3])
                keys = f"type: quantity, main_unit: w, in: {{{units}}}, options: {{{own}}}"
            case 1:
                keys = f"type: number, max: {rng.randint(1, 2)}, options: {{{options}}}"
            case 2:
                keys = f"type: single, options: {{1: A, 2: B, {amounts[0]}, {options}}}"
                keys = keys.replace(f", {amounts[0]}", "", keys.count(amounts[0]) - 1)
            case _:
                kind = "scale"
                keys = "type: scale, options: {1: A, 2: B, 9: {text: C, missing: true}}"
        self.lines.append(f"{indent}- {{id: {name}, {keys}{more}, text: T?{declines}}}")
        self.asked.append((name, kind, roster))

    def add_item(self, indent: str, roster: str | None, *, nested: bool = False) -> None:
        """Add an item, or a group with items."""
        rng = self.rng
        self.count += 1
        name = f"q{self.count}"
        condition = self.make_condition(roster) if rng.random() < 0.6 else ""
        key = f'{rng.choice(("ask_if", "ask_if", "unless"))}: "{condition}"' if condition else ""
        more = f", {key}" if key else ""
        declines = rng.choice((", declines: [dk]", ", declines: []"))
        known = [each for each, _, its_roster in self.asked if its_roster in (None, roster)]
        text = f'"T {{{rng.choice(known)}}}?"' if known and rng.random() < 0.3 else "T?"
        kind = rng.random()
        if self.amounts and rng.random() < 0.6:
            self._add_amount_item(indent, name, more, roster)
        elif self.rosters and not nested and roster is None and rng.random() < 0.3:
            base = self.bases[name] = rng.choice(self.rosters)
            where = self.make_condition(base) if rng.random() < 0.6 else ""
            turns = ["type: roster", f"each: {base}", *([f'where: "{where}"'] if where else [])]
            self._add_group(indent, name, key, turns, name)
        elif kind < 0.42:
            only_if = self.make_condition(roster) if rng.random() < 0.15 else ""
            second = f'{{text: B, ask_if: "{only_if}"}}' if only_if else "B"
            options = f"options: {self._make_source(roster) or f'{{1: A, 2: {second}}}'}"
            self.lines.append(
                f"{indent}- {{id: {name}, type: single{more}, text: {text}, {options}{declines}}}"
            )
            self.asked.append((name, "single", roster))
        elif kind < 0.62:
            checks = self._make_check(name, roster)
            numeric = ("number", "amount", "scale") if self.amounts else ("number",)
            others = [n for n, t, r in self.asked if t in numeric and r in (None, roster)]
            top = rng.choice(others) if others and rng.random() < 0.3 else rng.randint(1, 2)
            low = rng.choice(others) if others and rng.random() < 0.2 else 0
            if isinstance(low, str) and rng.random() < 0.5:
                low = f"{low} + 1"
            limits = f"min: {low}, max: {top}"
            if low == 0 and self.count % 3 == 0:
                # not drawn, so that all other questionnaires stay the same
                limits = "range: [0 to 1, 3 to 4]"
                if isinstance(top, str):
                    limits += f", max: {top}"
            self.lines.append(
                f"{indent}- {{id: {name}, type: number, {limits}{more}, text: {text}{declines}{checks}}}"
            )
            self.asked.append((name, "number", roster))
        elif kind < 0.74:
            options = (
                f"options: {{1: A, 2: {{text: B, exclusive: {rng.choice(('true', 'false'))}}}}}"
            )
            self.lines.append(
                f"{indent}- {{id: {name}, type: multiple{more}, text: {text}, {options}{declines}}}"
            )
            self.asked.append((name, "multiple", roster))
        elif kind < 0.84 and roster is None and key and not self.picks:
            self.lines.append(f"{indent}- {{id: {name}, type: end, outcome: not_eligible, {key}}}")
        elif kind < 0.92 and not nested:
            self._add_group(indent, name, key, ["type: section", "title: S"], roster)
        elif (
            not nested
            and roster is None
            and (
                numbers := [
                    n for n, t, r in self.asked if t in ("number", "amount", "scale") and r is None
                ]
            )
        ):
            turns = ["type: roster", f"count: {rng.choice(numbers)}", "max: 2"]
            self._add_group(indent, name, key, turns, name)
        else:
            self.lines.append(f"{indent}- {{id: {name}, type: read{more}, text: {text}}}")

    def _make_source(self, roster: str | None) -> str:
        """Return a source of options now and then: a multiple that is asked here, or a roster."""
        rng = self.rng
        sources = [
            name
            for name, kind, other in self.asked
            if kind == "multiple" and other in self._list_same_turns(roster)
        ]
        sources += self.rosters
        if not sources or rng.random() < 0.5:
            return ""
        source = rng.choice(sources)
        if source not in self.rosters:
            return f"{{from: {source}, chosen: {rng.choice(('true', 'false'))}}}"
        inside = [each for each in self.asked if each[2] in self._list_same_turns(source)[1:]]
        if not inside or rng.random() < 0.3:
            return f"{{from: {source}}}"
        name, kind, _ = rng.choice(inside)
        where = {"single": f"{name} == 1", "multiple": f"1 in {name}"}.get(kind, f"{name} >= 1")
        return f'{{from: {source}, where: "{where} or dk({name})"}}'

    def _make_check(self, name: str, roster: str | None) -> str:
        if self.rng.random() >= 0.4:
            return ""
        self.asked.append((name, "number", roster))
        condition = self.make_condition(roster)
        self.asked.pop()
        return f', checks: [{{expect: "{condition}", say: No, soft: {self.rng.choice(("true", "false"))}}}]'

    def _add_group(
        self, indent: str, name: str, key: str, keys: list[str], roster: str | None
    ) -> None:
        self.lines.append(f"{indent}- id: {name}")
        self.picks = self.rng.random() < 0.3
        pick = [f"pick: {self.rng.randint(1, 2)}"] if self.picks else []
        self.lines += [
            f"{indent}  {each}" for each in [*keys, *([key] if key else []), *pick, "items:"]
        ]
        before, added = list(self.asked), list[tuple[str, str, str | None]]()
        for _ in range(self.rng.randint(2, 3) if self.picks else self.rng.randint(1, 3)):
            if (
                self.picks and roster != name
            ):  # siblings of which some are picked can't name one another
                self.asked = list(before)
            self.add_item(f"{indent}    ", roster, nested=True)
            added += self.asked[
                len(before) + (len(added) if roster == name or not self.picks else 0) :
            ]
        self.asked, self.picks = before + added, False
        if roster == name:
            self.rosters.append(name)
