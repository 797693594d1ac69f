"""The cases that a search begins with: the examples of the project, read once."""

from pathlib import Path

INSTRUMENTS = Path(__file__).parent.parent.parent / "instruments"

FILES = {
    path.relative_to(INSTRUMENTS).as_posix(): path.read_bytes()
    for path in sorted(INSTRUMENTS.rglob("*.yaml"))
}
"""Every example and module, by its path below `instruments`."""
EXAMPLES = tuple(name for name in FILES if "modules" not in name)
SMALL = tuple(name for name in EXAMPLES if len(FILES[name]) < 3_000)


def fetch(name: str) -> bytes:
    """A module of an example. Raises LookupError."""
    for folder in ("", "features/"):
        if folder + name in FILES:
            return FILES[folder + name]
    raise LookupError(name)
