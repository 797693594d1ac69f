"""Whether processes that are forked from this one share the memory of its objects.

A garbage collection writes to all objects that it looks at, and their memory is then no longer
shared. Frozen objects are left out of collections.
"""

import gc

# Known from here, since `gc.get_freeze_count` counts the frozen objects one by one.
_is_shared = False


def share_objects() -> None:
    """Freeze all objects, so that processes that are forked from this one share their memory."""
    global _is_shared
    _is_shared = True
    gc.collect()
    gc.freeze()


def are_objects_shared() -> bool:
    """Return whether the frozen objects of this process must stay frozen."""
    return _is_shared
