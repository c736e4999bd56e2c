"""Seccomp: system calls that Landlock does not cover and by which a process reaches others or outlives its end.

Refused with EPERM: limits, priorities and affinities of other processes; shared memory, queues and keys that stay when
a process has gone; extended attributes of files; a child that is made somebody else's (CLONE_PARENT), and grandchildren
that are (PR_SET_CHILD_SUBREAPER): whoever is not in the tree is not counted. A sealed process is refused modes, owners
and times of files and new sockets as well; one whose time counts, a handler of its children's end, by which the kernel
can be told to forget what they took (SA_NOCLDWAIT). Linux on x86-64 and 64-bit ARM.

Source: https://docs.kernel.org/userspace-api/seccomp_filter.html
"""

import ctypes
import platform
import struct
from collections.abc import Mapping, Sequence

from genbench.execution.machine import CHILD_SUBREAPER

ARCHITECTURES: Mapping[str, tuple[int, Mapping[str, int]]] = {  # machine → its audit number, its system calls'
    "x86_64": (
        0xC000003E,
        {
            "prlimit64": 302,
            "setpriority": 141,
            "sched_setaffinity": 203,
            "sched_setparam": 142,
            "sched_setscheduler": 144,
            "sched_setattr": 314,
            "ioprio_set": 251,
            "shmget": 29,
            "msgget": 68,
            "semget": 64,
            "add_key": 248,
            "request_key": 249,
            "keyctl": 250,
            "setxattr": 188,
            "lsetxattr": 189,
            "fsetxattr": 190,
            "setxattrat": 463,
            "chmod": 90,
            "fchmod": 91,
            "fchmodat": 268,
            "fchmodat2": 452,
            "chown": 92,
            "fchown": 93,
            "lchown": 94,
            "fchownat": 260,
            "utime": 132,
            "utimes": 235,
            "futimesat": 261,
            "utimensat": 280,
            "socket": 41,
            "clone": 56,
            "clone3": 435,
            "prctl": 157,
            "rt_sigaction": 13,
        },
    ),
    "aarch64": (
        0xC00000B7,
        {
            "prlimit64": 261,
            "setpriority": 140,
            "sched_setaffinity": 122,
            "sched_setparam": 118,
            "sched_setscheduler": 119,
            "sched_setattr": 274,
            "ioprio_set": 30,
            "shmget": 194,
            "msgget": 186,
            "semget": 190,
            "add_key": 217,
            "request_key": 218,
            "keyctl": 219,
            "setxattr": 5,
            "lsetxattr": 6,
            "fsetxattr": 7,
            "setxattrat": 463,
            "fchmod": 52,
            "fchmodat": 53,
            "fchmodat2": 452,
            "fchown": 55,
            "fchownat": 54,
            "utimensat": 88,
            "socket": 198,
            "clone": 220,
            "clone3": 435,
            "prctl": 167,
            "rt_sigaction": 134,
        },
    ),
}
OF_OTHERS = {  # refused unless that argument is 0: the caller itself
    "prlimit64": 0,
    "sched_setaffinity": 0,
    "sched_setparam": 0,
    "sched_setscheduler": 0,
    "sched_setattr": 0,
    "setpriority": 1,
    "ioprio_set": 1,
}
ATTRIBUTES = ("setxattr", "lsetxattr", "fsetxattr", "setxattrat")
NEVER = ("shmget", "msgget", "semget", "add_key", "request_key", "keyctl", *ATTRIBUTES)
OF_FILES = (  # what Landlock lets anybody do to his own files, and what stays when he has gone
    *("chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat"),
    *("utime", "utimes", "futimesat", "utimensat"),
)
SOCKETS = ("socket",)  # datagrams, and the sockets of the file system
CLONE_PARENT = 0x8000
SIGCHLD = 17
OTHER_WIDTH = 0x40000000  # marks calls of x86-64's 32-bit twin, which have numbers of their own

LOAD, EQUAL, ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06  # BPF: load a word, jump if equal, jump if a bit is set, return
ALLOW, REFUSE, UNKNOWN = 0x7FFF0000, 0x00050000 | 1, 0x00050000 | 38  # errno EPERM; ENOSYS: the C library asks again
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
SECCOMP, FILTER = 22, 2  # prctl's PR_SET_SECCOMP, SECCOMP_MODE_FILTER


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def enforce(*others: str, counted: bool = False) -> bool:
    """Refuse these calls, and others by name, to this process and all that it will start; whether the kernel can.

    Args:
        counted: whether handlers of SIGCHLD are refused as well.
    """
    if platform.machine() not in ARCHITECTURES:
        return False
    code = _compiled(*ARCHITECTURES[platform.machine()], (*NEVER, *others), counted)
    program = _Program(len(code) // 8, code)
    return bool(ctypes.CDLL(None).prctl(SECCOMP, FILTER, ctypes.byref(program), 0, 0) == 0)


def _compiled(architecture: int, numbers: Mapping[str, int], refused: Sequence[str], counted: bool) -> bytes:
    """The filter's instructions, each of eight bytes: code, jump if true, jump if false, operand."""
    lines = [(LOAD, 0, 0, ARCHITECTURE), (EQUAL, 1, 0, architecture), (RETURN, 0, 0, REFUSE), (LOAD, 0, 0, NUMBER)]
    lines += [(ANY_BIT, 0, 1, OTHER_WIDTH), (RETURN, 0, 0, REFUSE)]
    for name in (name for name in refused if name in numbers):
        lines += [(EQUAL, 0, 1, numbers[name]), (RETURN, 0, 0, REFUSE)]
    for name, place in OF_OTHERS.items():
        argument = (LOAD, 0, 0, ARGUMENTS + 8 * place)
        lines += [
            (EQUAL, 0, 4, numbers[name]),
            argument,
            (EQUAL, 1, 0, 0),
            (RETURN, 0, 0, REFUSE),
            (RETURN, 0, 0, ALLOW),
        ]
    if counted:  # looking at what handles it is no harm: the pointer to a new handler is null then, in both halves
        handler = [(LOAD, 0, 0, ARGUMENTS + 8), (EQUAL, 0, 2, 0), (LOAD, 0, 0, ARGUMENTS + 12), (EQUAL, 1, 0, 0)]
        lines += [(EQUAL, 0, 8, numbers["rt_sigaction"]), (LOAD, 0, 0, ARGUMENTS), (EQUAL, 0, 5, SIGCHLD), *handler]
        lines += [(RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW)]
    lines += [(EQUAL, 0, 4, numbers["prctl"]), (LOAD, 0, 0, ARGUMENTS), (EQUAL, 0, 1, CHILD_SUBREAPER)]
    lines += [(RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW)]
    # clone3 keeps its flags where a filter cannot look; without it the C library takes clone.
    lines += [(EQUAL, 0, 1, numbers["clone3"]), (RETURN, 0, 0, UNKNOWN)]
    lines += [(EQUAL, 0, 3, numbers["clone"]), (LOAD, 0, 0, ARGUMENTS), (ANY_BIT, 0, 1, CLONE_PARENT)]
    lines += [(RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW)]
    return b"".join(struct.pack("HBBI", *line) for line in lines)
