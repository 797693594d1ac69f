"""What must work on each Python from 3.11 on: every module can be imported.

mypy and ruff check the source against Python 3.11, but the standard library of another version: a class that has no type
parameters at run time, or a default that a dataclass refuses, shows only where the module is executed.
"""

import subprocess
import sys

IMPORT_EVERYTHING = """\
import importlib, pkgutil, survey_cli

broken = []
names = [module.name for module in pkgutil.walk_packages(survey_cli.__path__, "survey_cli.")]
for name in names:
    if name == "survey_cli.__main__":  # it runs the program
        continue
    try:
        importlib.import_module(name)
    except Exception as error:
        broken.append(f"{name}: {error!r}")
print(len(names), *broken, sep="\\n")
"""


def test_every_module_can_be_imported() -> None:
    command = [sys.executable, "-c", IMPORT_EVERYTHING]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    count, *broken = done.stdout.splitlines()

    assert broken == [], f"on Python {sys.version}"
    assert int(count) > 400, "packages without __init__.py are skipped"


DEFAULTS = """\
import dataclasses, importlib, pkgutil, survey_cli
from types import MappingProxyType

for module in pkgutil.walk_packages(survey_cli.__path__, "survey_cli."):
    if module.name == "survey_cli.__main__":  # it runs the program
        continue
    for value in vars(importlib.import_module(module.name)).values():
        if isinstance(value, type) and dataclasses.is_dataclass(value):
            for field in dataclasses.fields(value):
                if isinstance(field.default, MappingProxyType):
                    print(f"{value.__module__}.{value.__name__}.{field.name}")
"""


def test_no_default_is_refused_by_an_older_python() -> None:
    """Python 3.11 refuses a mapping proxy as the default of a dataclass, 3.12 and later don't."""
    command = [sys.executable, "-c", DEFAULTS]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    assert done.stdout.splitlines() == []
