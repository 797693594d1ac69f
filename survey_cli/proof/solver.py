"""Whether the solver is installed: some platforms have no wheel of it."""

from typing import Final

LIBRARY: Final = "python-sat"
"""The distribution that contains the solver."""


def has_solver() -> bool:
    """Return whether the solver can be imported."""
    try:
        import pysat.solvers  # noqa: F401 - only whether it can be
    except ImportError:
        return False
    return True
