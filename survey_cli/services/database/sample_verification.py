"""Verification of the sample: whether what is stored of a case is what its import said.

An import stores a digest with each case. It covers all sample columns, also the personal ones.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.events import CaseSampled, HistoryEntry
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.samples.cases.columns import list_columns
from survey_cli.samples.cases.sample_file import compute_row_digest
from survey_cli.store import Store
from survey_cli.store.cases.case_records import CaseRow
from survey_cli.values import NOT_ASKED, Value


class ImportName(NamedTuple):
    """What tells one import of a sample from another."""

    at: datetime
    by: str


class SampleVerification:
    """One comparison of the stored cases with the digests of their imports."""

    def __init__(self, store: Store, instruments: Sequence[Instrument]) -> None:
        """Prepare a comparison with the samples of these instruments.

        They are the questionnaire and its stored versions: an import doesn't record its version.
        """
        self._store = store
        self._samples = [instrument.sample for instrument in instruments]
        self._equal: Counter[ImportName] = Counter()
        """How many cases of an import are as it said."""
        self._different: dict[ImportName, list[str]] = {}
        """The keys of the other cases."""

    def add(self, row: CaseRow, case: Case, history: Sequence[HistoryEntry]) -> None:
        """Compare one case."""
        imports = sum(isinstance(entry.event, CaseSampled) for entry in history)
        # Without an identity there is nothing to compare. A later import may have changed some
        # columns, and then the digest is of its row only.
        if not row.fingerprint or case.anonymized or imports != 1:
            return

        # A contact that is missing is a finding of its own. This account may be unable to read it.
        contact = self._store.cases.queries.find_contact(row.key)
        if contact is None:
            return

        name = ImportName(history[0].at, history[0].by)
        if self._is_as_imported(row.key, row.fingerprint, {**case.columns, **contact.columns}):
            self._equal[name] += 1
        else:
            self._different.setdefault(name, []).append(row.key)

    def _is_as_imported(self, key: str, digest: str, stored: Mapping[str, Value]) -> bool:
        """Return whether the digest is that of the stored values, in the columns of any version."""
        for sample in self._samples:
            values = {name: stored.get(name, NOT_ASKED) for name in sample}
            values |= dict.fromkeys(list_columns(sample, "key"), key)
            if compute_row_digest(values) == digest:
                return True
        return False

    def iterate_findings(self) -> Iterator[str]:
        """Yield one sentence for each case that isn't as its import said."""
        for name, keys in self._different.items():
            if self._equal[name]:
                for key in keys:
                    yield f"case {key}: what the sample says of it is not as it was imported"

    def count_uncompared(self) -> int:
        """Count the cases of imports of which no case is as imported.

        Their import had other sample columns than any version that is stored.
        """
        return sum(len(keys) for name, keys in self._different.items() if not self._equal[name])
