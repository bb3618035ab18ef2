"""Opens a regular file by its real path, and nothing else: no link on the way, no pipe or device that would block.

The walk resolves every path. If a part of it is a link when the file is opened, somebody has put the link there since,
and it may lead anywhere.
"""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

from ..errors import ReadError

# A directory on the way need not be readable, only searchable (Linux). On systems without that flag it must be
# readable.
DIRECTORY_FLAGS = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
FILE_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def open_regular(path: Path) -> BufferedReader:
    """Open the file at `path`, which holds no links. Raises `ReadError` for anything but a regular file, and
    `OSError`."""
    try:
        descriptor = _open_below(path) if os.open in os.supports_dir_fd else os.open(path, FILE_FLAGS)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise ReadError("a part of its path became a link or a file since the directories were listed: run the build again") from error
        if error.errno in (errno.ENXIO, errno.EOPNOTSUPP):  # a socket, or a device without a driver
            raise ReadError("is not a regular file") from error
        raise
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ReadError("is not a regular file")
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def _open_below(path: Path) -> int:
    """Open part by part, because the kernel checks only whether the last part of a path is a link."""
    *directories, name = path.parts[1:] if path.anchor else path.parts
    directory = os.open(path.anchor or ".", DIRECTORY_FLAGS)
    try:
        for part in directories:
            inner = os.open(part, DIRECTORY_FLAGS, dir_fd=directory)
            os.close(directory)
            directory = inner
        return os.open(name, FILE_FLAGS, dir_fd=directory)
    finally:
        os.close(directory)
