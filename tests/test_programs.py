"""A program that the tests fork ends as one that was started, although it doesn't clear its modules."""

import subprocess
import sys
from pathlib import Path

import pytest

from support.programs import Program

ENDS = {
    "at its last line": "print('done')",
    "with a code": "import sys; print('done'); sys.exit(3)",
    "with a code of more than a byte": "import sys; sys.exit(259)",
    "with a text": "import sys; sys.exit('it failed')",
    "with an error": "print('half'); raise ValueError('a bug')",
    "interrupted": "raise KeyboardInterrupt",
    "after its exit functions": "import atexit; atexit.register(print, 'at the end')",
    "after its threads": (
        "import threading, time\n"
        "threading.Thread(target=lambda: (time.sleep(0.2), print('of a thread'))).start()"
    ),
    "with output that goes nowhere": (
        "import os; os.dup2(os.open('/dev/full', os.O_WRONLY), 1); print('lost')"
    ),
    "with a closed output": "import sys; sys.stdout.close()",
}


@pytest.mark.parametrize("script", ENDS.values(), ids=ENDS)
def test_a_forked_program_ends_as_one_that_was_started(script: str) -> None:
    started = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    forked = Program("", script, [], cwd=Path.cwd())
    output, errors = forked.communicate()

    assert forked.wait() == started.returncode
    assert output == started.stdout
    # Only the lines of its traceback differ, which name the file of the script.
    assert errors.splitlines()[-1:] == started.stderr.splitlines()[-1:]
