"""The size of tests that are as good as they are large: examples of a property, processes, crashes.

`make test` runs them small; `make test TEST_SCALE=4` has four times the examples, processes and crashes.
"""

import os

SCALE = int(os.environ.get("TEST_SCALE") or 1)
