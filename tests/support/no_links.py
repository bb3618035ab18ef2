"""`build_script.py INDEX CORPUS ENCODER` where the kernel refuses hard links, as FAT and some network file systems
do."""

from __future__ import annotations

import ctypes
import errno
import struct
import sys

import build_script

LINK, LINKAT = 86, 265  # on x86_64
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, FILTER_MODE = 22, 38, 2
ALLOW, FAIL_WITH = 0x7FFF0000, 0x00050000


class Program(ctypes.Structure):
    """A filter in the form that prctl(2) expects."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def forbid_links() -> None:
    """Make link(2) and linkat(2) fail with EPERM in this process, permanently. Raises `OSError` if that is not
    possible."""
    program = b"".join(
        struct.pack("HBBI", *instruction)
        for instruction in [
            (0x20, 0, 0, 0),  # load the system call's number
            (0x15, 1, 0, LINK),
            (0x15, 0, 1, LINKAT),
            (0x06, 0, 0, FAIL_WITH | errno.EPERM),
            (0x06, 0, 0, ALLOW),
        ]
    )
    buffer = ctypes.create_string_buffer(program)
    libc = ctypes.CDLL(None, use_errno=True)
    whole = Program(len(program) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, FILTER_MODE, ctypes.byref(whole), 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp is not available")


if __name__ == "__main__":
    forbid_links()
    sys.exit(build_script.main())
