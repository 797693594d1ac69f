"""Command line interface: parse the command, make one call to a service, print the result, return an exit code.

It decides nothing about a survey. Exit codes: 0 done; 1 problems; 2 the command was not understood; 3 the interview
was suspended.
"""

import gc
import os
import sys


def main() -> None:
    """The command `survey`: never returns, exits with the code."""
    # What is imported and built at the start lasts: looking through it again and again costs a tenth of every start.
    gc.set_threshold(200_000, 20, 100)
    # Another program's plugins have no business in our models, and looking for some takes 15 ms.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from survey_cli.cli.run_command import run_command

    sys.exit(run_command(sys.argv[1:]))
