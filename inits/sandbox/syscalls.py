"""The system calls that pasted code may make, as data, and the filter that refuses all others.

Numbers are those of Linux' `unistd.h`, for x86-64 and for AArch64. https://docs.kernel.org/userspace-api/seccomp_filter.html
"""

import errno
import platform
import struct
from collections.abc import Mapping

NUMBERS: Mapping[str, tuple[int | None, int | None]] = {
    # descriptors that are open, and files that Landlock lets it open
    "read": (0, 63),
    "write": (1, 64),
    "readv": (19, 65),
    "writev": (20, 66),
    "pread64": (17, 67),
    "pwrite64": (18, 68),
    "close": (3, 57),
    "lseek": (8, 62),
    "fstat": (5, 80),
    "newfstatat": (262, 79),
    "stat": (4, None),
    "lstat": (6, None),
    "statx": (332, 291),
    "open": (2, None),
    "openat": (257, 56),
    "access": (21, None),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "getcwd": (79, 17),
    "getdents64": (217, 61),
    "dup": (32, 23),
    "dup2": (33, None),
    "dup3": (292, 24),
    "pipe": (22, None),
    "pipe2": (293, 59),
    "poll": (7, None),
    "ppoll": (271, 73),
    "select": (23, None),
    "pselect6": (270, 72),
    "epoll_create1": (291, 20),
    "epoll_ctl": (233, 21),
    "epoll_wait": (232, None),
    "epoll_pwait": (281, 22),
    "eventfd2": (290, 19),
    # memory
    "mmap": (9, 222),
    "munmap": (11, 215),
    "mprotect": (10, 226),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "brk": (12, 214),
    "membarrier": (324, 283),
    # threads
    "futex": (202, 98),
    "set_robust_list": (273, 99),
    "rseq": (334, 293),
    "set_tid_address": (218, 96),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "sched_getparam": (143, 121),  # pthread_getschedparam: TensorFlow's locks complain on stderr without it
    "sched_getscheduler": (145, 120),
    "getcpu": (309, 168),
    # time
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101),
    "gettimeofday": (96, 169),
    "time": (201, None),
    "times": (100, 153),
    # itself
    "getpid": (39, 172),
    "gettid": (186, 178),
    "getppid": (110, 173),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "getresuid": (118, 148),
    "getresgid": (120, 150),
    "getgroups": (115, 158),
    "getrusage": (98, 165),
    "getrlimit": (97, 163),
    "sysinfo": (99, 179),
    "uname": (63, 160),
    "getrandom": (318, 278),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    "exit": (60, 93),
    "exit_group": (231, 94),
    # with conditions, below
    "clone": (56, 220),
    "clone3": (435, 435),
    "prctl": (157, 167),
    "prlimit64": (302, 261),
    "ioctl": (16, 29),
    "fcntl": (72, 25),
    "tgkill": (234, 131),
}
CLONE_THREAD = 0x10000
WRITING = (
    0o1 | 0o2 | 0o100 | 0o1000
)  # opening to write, create or empty a file is refused, whatever Landlock knows
SHARED, ANONYMOUS = 0x01, 0x20
PRCTLS = (15, 16, 0x53564D41)  # the name of a thread, and names of memory, by which glibc marks its arenas
IOCTLS = (0x5401,)  # TCGETS: is it a terminal?
FCNTLS = (0, 1, 2, 3, 4, 1030)  # copies and flags of a descriptor, but no owner and no signals
MACHINES: Mapping[str, tuple[int, int]] = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _MACHINE, _ARGUMENTS = 0, 4, 16  # offsets into struct seccomp_data
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_OLD_ABI = 0x40000000  # x32 on x86-64

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, value


def supported() -> bool:
    """Return True if the numbers of this machine's system calls are known."""
    return platform.system() == "Linux" and platform.machine() in MACHINES


def program(pid: int) -> bytes:
    """Return the filter for the process `pid`, as an array of `struct sock_filter`.

    A system call that is not allowed fails with EPERM; one of another architecture kills the process.
    """
    column, machine = MACHINES[platform.machine()]
    code: list[Instruction] = [
        (_LOAD, 0, 0, _MACHINE),
        (_EQUAL, 1, 0, machine),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _OLD_ABI),
        (_RETURN, 0, 0, _KILL),
    ]
    conditions = _conditions(pid)
    for name, numbers in NUMBERS.items():
        number = numbers[column]
        if number is not None:
            body = conditions.get(name, [(_RETURN, 0, 0, _ALLOW)])
            code += [(_EQUAL, 0, len(body), number), *body]
    code.append(_refuse(errno.EPERM))
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in code)


def _conditions(pid: int) -> dict[str, list[Instruction]]:
    return {
        "clone": [(_LOAD, 0, 0, _argument(0)), (_ANY_BIT, 0, 1, CLONE_THREAD), *_verdict()],
        "open": _without(1, WRITING),
        "openat": _without(2, WRITING),
        "mmap": [  # no limit of a process counts shared memory that it filled and put aside
            (_LOAD, 0, 0, _argument(3)),
            (_ANY_BIT, 0, 1, SHARED),
            (_ANY_BIT, 1, 0, ANONYMOUS),
            *_verdict(),
        ],
        "clone3": [_refuse(errno.ENOSYS)],  # its flags are in memory; libraries fall back to clone
        "prctl": _one_of(0, PRCTLS),
        "ioctl": _one_of(1, IOCTLS),
        "fcntl": _one_of(1, FCNTLS),
        "tgkill": _one_of(0, (pid,)),  # abort()
        "prlimit64": [  # its own limits, and only to read them
            (_LOAD, 0, 0, _argument(0)),
            (_EQUAL, 0, 5, 0),
            (_LOAD, 0, 0, _argument(2)),
            (_EQUAL, 0, 3, 0),
            (_LOAD, 0, 0, _argument(2) + 4),
            (_EQUAL, 0, 1, 0),
            *_verdict(),
        ],
    }


def _one_of(argument: int, values: tuple[int, ...]) -> list[Instruction]:
    """Allow the call if the low 32 bits of an argument are one of the values; the kernel ignores the others."""
    tests = [
        (_EQUAL, len(values) - 1 - i, 0 if i < len(values) - 1 else 1, value)
        for i, value in enumerate(values)
    ]
    return [(_LOAD, 0, 0, _argument(argument)), *tests, *_verdict()]


def _without(argument: int, bits: int) -> list[Instruction]:
    """Allow the call if an argument has none of the bits."""
    return [
        (_LOAD, 0, 0, _argument(argument)),
        (_ANY_BIT, 1, 0, bits),
        (_RETURN, 0, 0, _ALLOW),
        _refuse(errno.EPERM),
    ]


def _verdict() -> list[Instruction]:
    return [(_RETURN, 0, 0, _ALLOW), _refuse(errno.EPERM)]


def _refuse(number: int) -> Instruction:
    return (_RETURN, 0, 0, _ERRNO | number)


def _argument(index: int) -> int:
    """Return the offset of the low half of an argument; all supported machines are little-endian."""
    return _ARGUMENTS + 8 * index
