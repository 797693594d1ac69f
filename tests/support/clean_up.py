"""What must not outlive the tests: cleaned up by a process of its own, also where the tests were killed."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

WAITING: list[subprocess.Popen[bytes]] = []


def clean_up_later(command: str, *arguments: str) -> subprocess.Popen[bytes]:
    """Run this shell command once its input is closed, which the end of this process does, however it comes."""
    process = subprocess.Popen(
        ["sh", "-c", f"cat >/dev/null\n{command}", "sh", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    WAITING.append(process)
    return process


@contextmanager
def mount_small_disk(folder: Path, size: str) -> Iterator[Path]:
    """Mount a disk of this size in the folder; the test is skipped where that can't be done."""
    disk = folder / "disk"
    disk.mkdir()
    unmount = clean_up_later('umount -l "$1"', str(disk))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)]
    mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        if not mounted:
            pytest.skip("no disk can be mounted here")
        yield disk
    finally:
        unmount.communicate()
        WAITING.remove(unmount)
