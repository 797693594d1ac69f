"""Compiling what is written at one spot: a condition, a text, a list of options, the checks and declines of an item.

Everything that names variables is noted in the draft as a `Use`; what is wrong is collected as problems.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from survey_cli.instrument.compiled.draft import Draft, Use
from survey_cli.instrument.compiled.model import Check, DeclineOffered, Option
from survey_cli.instrument.compiled.symbols import Step, declines_of
from survey_cli.instrument.expressions.conditions import Condition, Scope, Wants, compile_condition
from survey_cli.instrument.schema.items.question import Question
from survey_cli.instrument.schema.options import DeclineHere, DeclineWritten, OptionWritten
from survey_cli.instrument.source.nodes import Written
from survey_cli.instrument.source.scalars import NOWHERE, Text
from survey_cli.instrument.texts.templates import Template, TextScope, compile_text
from survey_cli.problems import Position, Problem, did_you_mean, limited_nearest
from survey_cli.values import Code

LAST: Final = 10**9
"""After everything: where a text may name any variable."""


class Spot(NamedTuple):
    """Where something is written: whose it is, and what is settled when it is evaluated."""

    owner: str
    before: int = LAST
    """Everything it names must have been settled before this index (see `Named.index`)."""
    roster: str | None = None
    path: tuple[Step, ...] = ()


class Compiler:
    """Compiles into one draft."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.problems: list[Problem] = []
        self.declines = declines_of(draft.document)
        self.known = {name: n.known for name, n in draft.named.items()}
        self.said = {name: n.said for name, n in draft.named.items()}
        self._nearest = limited_nearest()
        self._scopes: dict[str | None, Scope] = {}
        self._text_scopes: dict[tuple[str | None, bool], TextScope] = {}
        self._lists: dict[tuple[int, str | None], tuple[Option, ...]] = {}
        self._declined: dict[int, tuple[DeclineOffered, ...]] = {}

    def learn(self, name: str) -> None:
        """A name was added to the draft: from here on it can be referred to."""
        named = self.draft.named[name]
        self.known[name], self.said[name] = named.known, named.said

    def _scope(self, inside: str | None) -> Scope:
        scope = self._scopes.get(inside)
        if scope is None:
            rosters = {
                r: frozenset(n for n, named in self.draft.named.items() if named.known.roster == r)
                for r in self.draft.walk.rosters
            }
            scope = Scope(
                names=self.known,
                rosters=rosters,
                declines=tuple(self.declines),
                inside=inside,
                groups=self.draft.walk.groups.keys(),
                nearest=self._nearest,
            )
            self._scopes[inside] = scope
        return scope

    def condition(
        self,
        written: Written | None,
        spot: Spot,
        key: str,
        wants: Wants = "truth",
        answered: frozenset[str] = frozenset(),
    ) -> Condition | None:
        """Compile one, or note why it cannot be."""
        if written is None:
            return None
        where = getattr(written, "where", NOWHERE)
        scope = self._scope(spot.roster)
        condition, problems = compile_condition(
            written, scope, where=where, who=spot.owner, wants=wants, answered=answered
        )
        if problems:
            self._tell(problems, key)
        if condition is not None:
            self.draft.uses.append(
                Use(
                    owner=spot.owner,
                    key=key,
                    where=where,
                    names=condition.names,
                    before=spot.before,
                    path=spot.path,
                    condition=condition,
                    length=len(written),
                )
            )
        return condition

    def _tell(self, problems: Sequence[Problem], key: str) -> None:
        """Say which key a problem is of; keep silent about names that were lost with a broken item."""
        for p in problems:
            if p.rule in ("unknown-name", "unknown-fill") and any(
                f"'{name}'" in p.what for name in self.draft.lost
            ):
                continue
            what = p.what if p.rule.endswith(("fill", "format")) else f"{key}: {p.what}"
            self.problems.append(replace(p, what=what))

    def text(self, text: Text | None, spot: Spot, key: str, *, options: bool = False) -> Template | None:
        """Compile one text, if there is one."""
        return None if text is None else self.template(text, spot, key, options=options)

    def template(self, text: Text, spot: Spot, key: str, *, options: bool = False) -> Template:
        """Compile one text."""
        scope = self._text_scopes.get((spot.roster, options))
        if scope is None:
            roster = self.draft.walk.rosters.get(spot.roster) if spot.roster is not None else None
            each = roster is not None and roster.each is not None
            languages = [str(language) for language in self.draft.document.languages]
            scope = TextScope(self.said, spot.roster, options, each, self._nearest, languages)
            self._text_scopes[spot.roster, options] = scope
        template, problems = compile_text(text, scope, who=spot.owner)
        if problems:
            self._tell(problems, key)
        if len(template.still) < len(template.runs):
            names = frozenset(template.names()) & self.known.keys()
            if names:
                self.note(spot, key, text.where, names)
        self.draft.templates.append((spot.owner, template))
        return template

    def note(self, spot: Spot, key: str, where: Position, names: frozenset[str]) -> None:
        """Something written here names these."""
        self.draft.uses.append(
            Use(owner=spot.owner, key=key, where=where, names=names, before=spot.before, path=spot.path)
        )

    def checks(self, item: Question, spot: Spot) -> tuple[Check, ...]:
        """The item's checks and its `confirm`, which may name the item itself."""
        if not item.checks and item.confirm is None:
            return ()
        after = spot._replace(before=spot.before + 1)
        made, answered = [], frozenset((spot.owner,))  # a check is made of answers alone
        for check in item.checks:
            condition = self.condition(check.expect, after, "expect", answered=answered)
            say = self.template(check.say, after, "say")
            if condition is not None:
                made.append(Check(condition=condition, say=say, soft=check.soft))
        if item.confirm is not None:
            condition = self.condition(item.confirm.if_, after, "confirm", answered=answered)
            say = self.template(item.confirm.text, after, "confirm")
            if condition is not None:
                made.append(Check(condition=condition, say=say, soft=True, aloud=True))
        return tuple(made)

    def options(
        self, options: Mapping[Code, OptionWritten], spot: Spot, scale: str | None
    ) -> tuple[Option, ...]:
        """The options of an item; those of a named list are compiled once."""
        if not options:
            return ()
        key = (id(options), None if scale is not None else spot.roster)
        ready = self._lists.get(key)
        if ready is not None:
            return ready
        if scale is not None:
            spot = spot._replace(owner=scale)
        made = tuple(
            Option(
                code=code,
                text=self.template(option.text, spot, "options"),
                label=option.label or option.text,
                read=option.read,
                specify=option.specify,
                exclusive=option.exclusive,
                missing=option.missing,
                anchor=option.anchor,
                note=self.text(option.note, spot, "note"),
                ask_if=self.condition(option.ask_if, spot, "ask_if"),
            )
            for code, option in options.items()
        )
        self._lists[key] = made
        labels = self.draft.walk.labels.get(id(options))
        if labels is not None and not labels:
            labels.update({option.code: option.text for option in made})
        return made

    def number_labels(self, options: Mapping[int, Text], spot: Spot) -> Mapping[Code, Template]:
        """The words of those numbers that have a meaning of their own."""
        labels = self.draft.walk.labels.setdefault(id(options), {})
        labels.update({code: self.template(text, spot, "options") for code, text in options.items()})
        return labels

    def declines_at(self, item: Question, who: str) -> tuple[DeclineOffered, ...]:
        """The declines permitted at an item: the study's, or its own."""
        if not item.asks:
            return ()
        here = item.declines
        if here is None:
            return () if item.by else self.offered()
        ready = self._declined.get(id(here))
        if ready is not None:
            return ready
        own: Mapping[str, DeclineHere] = here if isinstance(here, dict) else {}  # type: ignore[assignment]
        wanted = {}
        for name in here:
            if str(name) in self.declines:
                wanted[str(name)] = self.declines[str(name)]
                continue
            near = did_you_mean(str(name), self.declines, otherwise="define it under declines:")
            what = f"there is no decline {str(name)!r}"
            where = getattr(name, "where", NOWHERE)
            self.problems.append(Problem("unknown-decline", where, who, what, near, length=len(name)))
        self._declined[id(here)] = _offered(wanted, own)
        return self._declined[id(here)]

    def offered(self) -> tuple[DeclineOffered, ...]:
        """The study's declines."""
        ready = self._declined.get(id(self.declines))
        if ready is None:
            ready = self._declined[id(self.declines)] = _offered(self.declines, {})
        return ready


def _offered(
    declines: Mapping[str, DeclineWritten], own: Mapping[str, DeclineHere]
) -> tuple[DeclineOffered, ...]:
    return tuple(
        DeclineOffered(
            id=str(name),
            code=own[name].code if name in own else d.code,
            text=(own[name].text if name in own else None) or d.text,
            key=d.key,
        )
        for name, d in declines.items()
    )
