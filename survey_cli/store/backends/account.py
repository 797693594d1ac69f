"""Operating-system account of this process, independent of environment variables."""

import os
from functools import cache


@cache
def read_system_account() -> str:
    """Return the name of the account; `uid1000` where the system has no name for it."""
    try:
        from pwd import getpwuid
    except ImportError:  # Windows
        return os.getlogin()
    try:
        return getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid{os.getuid()}"
