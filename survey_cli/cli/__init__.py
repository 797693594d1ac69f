"""How is the survey tool asked for? A command line in, one call to the office, its answer drawn, an exit code out.

It decides nothing about a survey. 0: done; 1: problems; 2: the command was not understood; 3: an interview was put aside.
"""

import sys


def main() -> None:
    """The command `survey`: never returns, exits with the code."""
    from survey_cli.cli.running import run

    sys.exit(run(sys.argv[1:]))
