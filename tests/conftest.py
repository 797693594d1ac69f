"""What every test runs under: properties take their time, and on a build machine always fall the same way."""

import os

from hypothesis import settings

settings.register_profile("house", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("house")
