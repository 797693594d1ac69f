"""Digests of stored rows that reveal damage and manual edits.

They do not protect against deliberate edits, as anybody can recompute them.
"""

from collections.abc import Sequence
from hashlib import sha256


def compute_digest(parts: Sequence[object]) -> str:
    """Return the digest of some columns in their order: 32 hexadecimal digits."""
    return sha256("\0".join(map(str, parts)).encode("utf-8", "surrogatepass")).hexdigest()[:32]
