"""Can what is written be reached, along the whole route? Walks the items in order with all that must hold where each
stands: the conditions around it, and the ends before it that have not ended the interview.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final, NamedTuple, cast

from survey_cli.instrument.checks.code_positions import spoken_list
from survey_cli.instrument.checks.reachability.facts import ANYHOW, Facts, Knowing
from survey_cli.instrument.checks.reachability.variables import EITHER, FALSE, NOT_TRUE, TRUE, Needed, needed
from survey_cli.instrument.checks.route.references import always_last
from survey_cli.instrument.compiled.draft import InstrumentDraft, NameUse
from survey_cli.instrument.compiled.model import CompiledNode, Roster
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.parsing import shortened
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.unasked_items import EndItem
from survey_cli.problems import Problem

MOST_REASONS: Final = (0, 30, 8)
"""Of so many reasons it is tried whether one, or two, are enough to say why something can't be."""
KEPT: Final = 100
"""Reasons that are kept while walking: the latest."""


class Reason(NamedTuple):
    """One thing that must hold for a place to be reached."""

    needs: tuple[Needed, ...]
    ends: bool = False
    """It is an `end` that has not ended the interview: not all of its needs were met."""


class Here(NamedTuple):
    """What must hold at one place."""

    facts: Facts = ANYHOW
    reasons: tuple[Reason, ...] = ()


class Finding(NamedTuple):
    """A condition that can't be worth what it would have to be, and why."""

    rule: str
    condition: Condition
    key: str
    what: str
    remedy: str
    never: int
    """What it is never worth where it stands."""
    reasons: tuple[Reason, ...]
    """Without any, the condition alone is enough to see it."""


@dataclass(slots=True)
class _Walk:
    """The walk over one draft."""

    draft: InstrumentDraft
    knowing: Knowing
    found: list[Finding] = field(default_factory=list)
    optionless: list[CompiledItem] = field(default_factory=list)
    """Where it may be that no option is offered."""

    def group(
        self, nodes: Sequence[CompiledNode], here: Here, *, shuffled: bool, roster: bool
    ) -> list[Reason]:
        """Walk what stands in a group. Gives the ends in it that were passed, as its own end sees them."""
        passed: list[Reason] = []
        for node in nodes:
            if not here.facts:
                break  # nobody comes here, which has been said
            behind = self._node(node, here, roster)
            passed += behind
            if not shuffled:
                for reason in behind:
                    here = self._after(reason, here)
        return passed

    def _after(self, reason: Reason, here: Here) -> Here:
        facts = self.knowing.unless_all(reason.needs, here.facts)
        return Here(facts, (*here.reasons, reason)[-KEPT:])

    def _node(self, node: CompiledNode, here: Here, roster: bool) -> list[Reason]:
        needs = needed(node)
        if isinstance(node, CompiledItem) and not self._matters(node, needs, here):
            return []
        inner = self._entered(node, needs, here)
        if inner is None:
            self.knowing.unreached.update(
                [node.id] if isinstance(node, CompiledItem) else [n.id for n in node.leaves]
            )
            return []
        if isinstance(node, CompiledItem):
            self._in_item(node, inner)
            return [] if roster else self._ended(node, needs)
        inside = isinstance(node, Roster)
        shuffled = node.order != "written"
        passed = self.group(node.children, inner, shuffled=shuffled, roster=roster or inside)
        if inside or _broken(node):
            return []
        return [reason._replace(needs=(*needs, *reason.needs)) for reason in passed]

    def _matters(self, leaf: CompiledItem, needs: tuple[Needed, ...], here: Here) -> bool:
        """Whether there is anything to be found at an item, or anything to be learned from it."""
        if leaf.checks or (leaf.options_vary and leaf.scale is None) or leaf.options_conditional:
            return True
        if isinstance(leaf.question, EndItem):
            return True
        if not needs:
            return False
        return len(needs) > 1 or self.knowing.settles(needs[0].condition, here.facts)

    def _ended(self, leaf: CompiledItem, needs: tuple[Needed, ...]) -> list[Reason]:
        """An `end` that was passed: its conditions were not all met."""
        if not isinstance(leaf.question, EndItem) or _broken(leaf) or leaf.id not in self.draft.symbols:
            return []
        return [Reason(needs, ends=True)] if always_last(self.draft, self.draft.symbols[leaf.id].path) else []

    def _entered(self, node: CompiledNode, needs: tuple[Needed, ...], here: Here) -> Here | None:
        """What holds inside; None where nobody comes in."""
        for need in needs:
            condition, worth = need.condition, need.worth
            facts = self.knowing.assumed(condition, worth, here.facts)
            if not facts:
                self._impossible(node, need, here)
                return None
            if not self._possible(condition, EITHER ^ worth, here):
                self._needless(node, need, here)
            here = Here(facts, (*here.reasons, Reason((need,)))[-KEPT:])
        return here

    def _possible(self, condition: Condition, worth: int, here: Here) -> bool:
        knowing = self.knowing
        return not knowing.settles(condition, here.facts) or bool(
            knowing.assumed(condition, worth, here.facts)
        )

    def _impossible(self, node: CompiledNode, need: Needed, here: Here) -> None:
        what = (
            "so it is never reached" if isinstance(node, CompiledItem) else "so nothing in it is ever reached"
        )
        holds = "can't hold" if need.key == "ask_if" else "always holds"
        remedy = f"change one of the conditions, or take {node.id} out"
        self.warn(
            "never-reached", need.condition, need.key, f"{holds} here, {what}", remedy, need.worth, here
        )

    def _needless(self, node: CompiledNode, need: Needed, here: Here) -> None:
        what = "always holds here" if need.key == "ask_if" else "can't hold here"
        remedy = "take it out, or change one of the conditions"
        if isinstance(node, CompiledItem) and isinstance(node.question, EndItem) and len(needed(node)) == 1:
            what += ", so nobody gets beyond this end"
            remedy = "take it out if that is meant, or change one of the conditions"
        self.warn("needless-condition", need.condition, need.key, what, remedy, EITHER ^ need.worth, here)

    def _in_item(self, leaf: CompiledItem, here: Here) -> None:
        """The conditions of its options, and of its checks once it is answered."""
        for option in leaf.options if leaf.scale is None else ():
            condition = option.ask_if
            if condition is None:
                continue
            if not self._possible(condition, TRUE, here):
                what = f"can't hold here, so the option {option.code} is never offered"
                remedy = "change one of the conditions, or take the option out"
                self.warn("never-reached", condition, "ask_if", what, remedy, TRUE, here)
            elif not self._possible(condition, NOT_TRUE, here):
                remedy = "take it out, or change one of the conditions"
                self.warn(
                    "needless-condition", condition, "ask_if", "always holds here", remedy, NOT_TRUE, here
                )
        facts = here.facts
        for option in leaf.options if leaf.options_conditional else ():
            facts = self.knowing.assumed(cast(Condition, option.ask_if), NOT_TRUE, facts)
        if leaf.options_conditional and facts:
            self.optionless.append(leaf)
        if not leaf.checks:
            return
        here = here._replace(facts=self.knowing.answered(leaf.id, here.facts))
        for check in leaf.checks:
            condition, remedy = check.condition, "change the condition, or take it out"
            if check.aloud and not self._possible(condition, TRUE, here):
                what = "can't hold here, so it is never read"
                self.warn("never-reached", condition, "confirm", what, remedy, TRUE, here)
            elif not check.aloud and not self._possible(condition, FALSE, here):
                self.warn(
                    "needless-condition", condition, "expect", "is never false here", remedy, FALSE, here
                )

    def warn(
        self, rule: str, condition: Condition, key: str, what: str, remedy: str, never: int, here: Here
    ) -> None:
        reasons = self._reasons(condition, never, here)
        self.found.append(
            Finding(
                rule=rule,
                condition=condition,
                key=key,
                what=what,
                remedy=remedy,
                never=never,
                reasons=reasons,
            )
        )

    def _reasons(self, condition: Condition, worth: int, here: Here) -> tuple[Reason, ...]:
        """The fewest, and the first of these, that are enough; all of those that stand around it where no two are."""
        knowing = self.knowing
        candidates = list(here.reasons)
        names = set(condition.names)
        for _ in range(2):
            for name in sorted(names):
                subject = knowing.subject(name)
                if subject is not None and subject.asked:
                    candidates += [Reason((need,)) for need in knowing.subject.way_to(name)]
            names |= {n for reason in candidates for need in reason.needs for n in need.condition.names}
        about = condition.names
        candidates = sorted(
            dict.fromkeys(candidates), key=lambda r: about.isdisjoint(r.needs[-1].condition.names)
        )
        with knowing.without_following():
            for count in (0, 1, 2):
                for some in combinations(candidates[: MOST_REASONS[count]], count):
                    facts = knowing.assumed(condition, worth, ANYHOW)
                    for reason in some:
                        facts = _held(knowing, reason, facts)
                    if not facts:
                        return some
        return here.reasons[-3:]


def _held(knowing: Knowing, reason: Reason, facts: Facts) -> Facts:
    return knowing.unless_all(reason.needs, facts) if reason.ends else knowing.given(reason.needs, facts)


def _broken(node: CompiledNode) -> bool:
    """Whether a condition is written that could not be understood."""
    written = node.question if isinstance(node, CompiledItem) else node.spec
    return written is not None and (
        (written.ask_if is not None and node.ask_if is None)
        or (written.unless is not None and node.unless is None)
    )


def findings(draft: InstrumentDraft) -> Sequence[Finding]:
    """What the walk along the route comes to."""
    found: list[Finding] | None = draft.check_cache.get("along the route")
    if found is None:
        walk = _Walk(draft, Knowing(draft))
        if draft.root is not None:
            walk.group(draft.root.children, Here(), shuffled=False, roster=False)
        found = draft.check_cache["along the route"] = walk.found
        draft.check_cache["optionless"] = walk.optionless
    return found


def never_reached(draft: InstrumentDraft) -> Iterator[Problem]:
    """A condition can't hold where it stands, since others must hold for anybody to come there: those of the sections
    around it, those of the items it names, and those of the ends that came before.

        - {id: b, type: section, ask_if: "q2 in [2, 3]", items: [{id: q7, ask_if: q2 == 1, …}]}
        - {id: stop, type: end, unless: consent == 1}
          {id: why, type: verbatim, ask_if: consent == 2, …}     behind the end: it is never asked

    Move the item, or change one of the conditions; all of them are named.
    """
    yield from _told(draft, "never-reached")


def needless_condition(draft: InstrumentDraft) -> Iterator[Problem]:
    """A condition always holds where it stands, since others have made sure of it: it decides nothing.

        - {id: stop, type: end, unless: consent == 1}
          {id: age, type: number, ask_if: consent == 1, …}     nobody else comes here

    Take it out, or correct it if something else was meant.
    """
    yield from _told(draft, "needless-condition")


def no_option(draft: InstrumentDraft) -> Iterator[Problem]:
    """Every option of a question has an `ask_if`: where none of them holds, the question is passed over as not asked.

        options:
          1: {text: By car, ask_if: car == 1}
          2: {text: By train, ask_if: station == 1}

    If that is meant, give the item an `ask_if` that says so; else add an option that is always offered.
    """
    findings(draft)
    for leaf in draft.check_cache["optionless"]:
        named = draft.symbols.get(leaf.id)
        where = named.where if named is not None else leaf.question.at("id")
        what = "every option has an ask_if: where none of them holds, this is not asked"
        remedy = (
            "add an option without ask_if (as None of these), or an ask_if to the item that makes sure of one"
        )
        yield Problem("no-option", where, leaf.id, what, remedy, "warning", len(leaf.id))


def _told(draft: InstrumentDraft, rule: str) -> Iterator[Problem]:
    found = [f for f in findings(draft) if f.rule == rule]
    if not found:
        return
    uses = {id(use.condition): use for use in draft.uses if use.condition is not None}
    said = draft.check_cache.get("never true", set())
    for finding in found:
        use = uses.get(id(finding.condition))
        if use is None or (not finding.reasons and id(finding.condition) in said):
            continue
        why = [_because(reason, uses) for reason in finding.reasons]
        because = f": {spoken_list(why)}" if why else ", whatever is answered"
        what = f"{finding.key}: {shortened(finding.condition.text)} {finding.what}{because}"
        yield Problem(rule, use.where, use.owner, what, finding.remedy, "warning", max(1, use.length))


def _because(reason: Reason, uses: Mapping[int, NameUse]) -> str:
    """One reason in words, with the place of its condition."""
    need = reason.needs[-1]
    use = uses.get(id(need.condition))
    text = shortened(need.condition.text) + (f" (at {use.where})" if use is not None else "")
    if reason.ends:
        return f"{need.owner} ends the interview {'if' if need.key == 'ask_if' else 'unless'} {text}"
    return (
        f"{need.owner} is asked only if {text}"
        if need.key == "ask_if"
        else f"{need.owner} is not asked if {text}"
    )
