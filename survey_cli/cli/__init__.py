"""Command line interface: parse a command, call a service, print its result, return an exit code.

It decides nothing about a survey. Exit codes: 0 done; 1 problems; 2 the command was not understood;
3 the interview was suspended.
"""

import gc
import os
import sys


def main() -> None:
    """Run the command `survey` and exit with its code; never returns."""
    # Objects made at the start live on. Collecting them again and again takes a tenth of it.
    gc.set_threshold(200_000, 20, 100)
    # Pydantic plugins of other programs are not used, and looking for them takes 15 ms.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from survey_cli.cli.run_command import run_command

    code = run_command(sys.argv[1:])
    # The interpreter's last collections would go through all objects once more, which takes a tenth
    # of a short command.
    gc.freeze()
    sys.exit(code)
