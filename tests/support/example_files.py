"""The questionnaires under instruments/, without modules, scenario files and analysis files."""

from pathlib import Path

INSTRUMENTS = Path(__file__).parents[2] / "instruments"
QUESTIONNAIRES = sorted(
    path
    for path in INSTRUMENTS.rglob("*.yaml")
    if "modules" not in path.parts and not path.name.endswith((".scenarios.yaml", ".analysis.yaml"))
)
NAMES = [path.relative_to(INSTRUMENTS).as_posix() for path in QUESTIONNAIRES]
