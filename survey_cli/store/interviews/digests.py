"""Digests by which derived rows are recognized as they were written.

They find damage and hand edits; whoever edits on purpose can compute them anew.
"""

from collections.abc import Sequence
from hashlib import sha256


def digest(parts: Sequence[object]) -> str:
    """The digest of some columns in their order."""
    return sha256("\0".join(map(str, parts)).encode("utf-8", "surrogatepass")).hexdigest()[:32]
