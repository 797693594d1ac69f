"""The readers of computes: conditions, limits, texts, quotas and ends that depend on a value."""

from collections.abc import Set as AbstractSet
from typing import Final

from survey_cli.instrument.checks.sample_and_quotas import compile_quotas
from survey_cli.instrument.compiled.draft import InstrumentDraft, NameUse
from survey_cli.instrument.schema.items.unasked_items import EndItem
from survey_cli.wording import join_words

_MAX_READERS: Final = 6
"""How many readers a message names."""


class ComputeReaders:
    """What reads each compute, also through other computes."""

    def __init__(self, draft: InstrumentDraft) -> None:
        self._draft = draft
        self._direct: dict[str, list[NameUse]] = {}
        for use in draft.uses:
            for name in use.names & draft.computes.keys():
                self._direct.setdefault(name, []).append(use)

    def find(self, compute: str) -> tuple[list[NameUse], set[str]]:
        """Return the uses outside of computes, and the computes that depend on this one."""
        uses: list[NameUse] = []
        waiting = [compute]
        dependent = {compute}
        for name in waiting:
            for use in self._direct.get(name, ()):
                if use.key != "compute":
                    uses.append(use)
                elif use.owner not in dependent:
                    dependent.add(use.owner)
                    waiting.append(use.owner)
        return uses, dependent

    def describe(self, compute: str) -> str:
        """Name the texts, conditions, limits, quotas and ends that read a compute.

        It is empty if none does, so that its value is only in the data.
        """
        listed: dict[str, None] = {}
        uses, dependent = self.find(compute)
        for use in uses:
            listed[describe_reader(self._draft, use)] = None
        for name in list_quota_readers(self._draft, dependent):
            listed[f"the quota {name}"] = None
        return join_words(listed, most=_MAX_READERS)


def describe_reader(draft: InstrumentDraft, use: NameUse) -> str:
    """Name what a use belongs to: `ask_if of q5`, `the text of q5`, `the end stop`."""
    item = draft.items.get(use.owner)
    if item is not None and isinstance(item.question, EndItem):
        return f"the end {use.owner}"
    if use.condition is None:
        return f"the text of {use.owner}"
    return f"{use.key} of {use.owner}"


def list_quota_readers(draft: InstrumentDraft, names: AbstractSet[str]) -> list[str]:
    """List the quotas that depend on one of these names."""
    return [
        str(compiled.quota.id)
        for compiled in compile_quotas(draft)
        if not names.isdisjoint(compiled.list_names())
    ]
