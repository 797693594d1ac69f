"""The account of the operating system that runs this process, whatever its environment variables say."""

import os
from functools import cache


@cache
def system_account() -> str:
    """The name of the account; `uid1000` where the system has no name for it."""
    try:
        from pwd import getpwuid
    except ImportError:  # Windows
        return os.getlogin()
    try:
        return getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid{os.getuid()}"
