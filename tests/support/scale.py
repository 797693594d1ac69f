"""The size of tests that are as good as they are large: examples of a property, processes, crashes.

`make test` runs them small; `make test TEST_SCALE=4` has four times the examples, processes and
crashes. What costs seconds of a processor and has a smaller test beside it is marked `large`, and
runs from `TEST_SCALE=2` on. `make seats` runs those of the browser, `make servers` those that run on
a file and then on a PostgreSQL server, too.
"""

import os

import pytest

SCALE = int(os.environ.get("TEST_SCALE") or 1)
large = pytest.mark.skipif(
    SCALE < 2, reason="large: with TEST_SCALE=2; make seats has those of the browser"
)
on_server_too = pytest.mark.skipif(
    SCALE < 2, reason="the same on a PostgreSQL server: with make servers"
)
