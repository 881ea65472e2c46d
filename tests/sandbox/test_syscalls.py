"""The filter for system calls, run by an interpreter in this file, against a table written for this test."""

import errno
import re
import struct
from collections.abc import Mapping
from pathlib import Path

import pytest
from support.attacks import SYSTEM_CALLS

from inits.sandbox import syscalls

PID, OTHER = 4_242, 1
ALLOW, PERMISSION, MISSING, KILL = "allow", errno.EPERM, errno.ENOSYS, "kill"
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
HEADERS = {
    "x86_64": ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h"),
    "aarch64": ("/usr/include/asm-generic/unistd.h",),
}
JUMPS = {  # on a constant
    0x15: lambda accumulator, value: accumulator == value,
    0x25: lambda accumulator, value: accumulator > value,
    0x35: lambda accumulator, value: accumulator >= value,
    0x45: lambda accumulator, value: accumulator & value,
}
BIT32 = 1 << 32  # the kernel takes ints and flags from the low halves of registers

_ALWAYS = """
    read write readv writev pread64 pwrite64 close lseek fstat newfstatat stat lstat statx access faccessat
    faccessat2 readlink readlinkat getcwd getdents64 dup dup2 dup3 pipe pipe2 poll ppoll select pselect6 epoll_create1
    epoll_ctl epoll_wait epoll_pwait eventfd2
    munmap mprotect mremap madvise brk membarrier
    futex set_robust_list rseq set_tid_address sched_yield sched_getparam sched_getscheduler sched_getaffinity getcpu
    clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times
    getpid gettid getppid getuid geteuid getgid getegid getresuid getresgid getgroups getrusage getrlimit sysinfo uname
    getrandom rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack restart_syscall exit exit_group
"""
ALWAYS = frozenset(_ALWAYS.split())
AT = 2**64 - 100  # AT_FDCWD
OPENED = {  # flags -> verdict: O_RDONLY, O_CLOEXEC, O_DIRECTORY | O_CLOEXEC, O_PATH; then what writes, makes or empties
    **dict.fromkeys((0, 0o2000000, 0o2200000, 0o10000000, 0o4000), ALLOW),
    **dict.fromkeys((1, 2, 3, 0o100, 0o1000, 0o2001, 0o1101, 0o20200002, 0o2001000), PERMISSION),
}
SOMETIMES = {  # arguments -> verdict
    "mmap": {
        (0, 4096, 3, 0x22, -1 % 2**64): ALLOW,  # private and anonymous, as malloc
        (0, 4096, 5, 0x02, 3): ALLOW,  # a library
        (0, 4096, 1, 0x01, 3): ALLOW,  # a file that is shared
        (0, 4096, 3, 0x21, -1 % 2**64): PERMISSION,  # memory that no limit of a process counts
        (0, 4096, 3, 0x23, -1 % 2**64): PERMISSION,
        (0, 4096, 3, 0x4021, -1 % 2**64): PERMISSION,
    },
    "open": {(0, flags): verdict for flags, verdict in OPENED.items()},
    "openat": {(AT, 0, flags): verdict for flags, verdict in OPENED.items()},
    "clone": {
        (0x3D0F00,): ALLOW,  # as glibc starts a thread
        (0x10000,): ALLOW,
        (BIT32 | 0x10000,): ALLOW,
        (0x10000 * BIT32,): PERMISSION,
        (17,): PERMISSION,  # fork: SIGCHLD
        (0x4111,): PERMISSION,  # vfork
        (0x10000011 | 0x20000,): PERMISSION,  # new user and mount namespaces
        (0,): PERMISSION,
    },
    "clone3": {(0,): MISSING, (0x7FFF0000, 88): MISSING},
    "prctl": {
        (15, 0x7FFF0000): ALLOW,  # PR_SET_NAME
        (16, 0x7FFF0000): ALLOW,  # PR_GET_NAME
        (0x53564D41, 0, 4096): ALLOW,  # PR_SET_VMA
        **{(option, 1): PERMISSION for option in (0, 1, 4, 8, 14, 17, 22, 24, 26, 28, 35, 36, 38, 47, 59)},
        **{(option, 1): PERMISSION for option in (0x59616D61, 2**32 - 1, 15 * BIT32)},
    },
    "prlimit64": {
        (0, 7, 0, 0x7FFF0000): ALLOW,
        (0, 7, 0x7FFF0000): PERMISSION,  # a new limit
        (0, 7, 0x7FFF * BIT32): PERMISSION,
        (0, 7, 1): PERMISSION,
        (OTHER, 7, 0): PERMISSION,
        (OTHER, 7, 0x7FFF0000): PERMISSION,
        (PID, 7, 0): PERMISSION,
    },
    "ioctl": {
        (0, 0x5401): ALLOW,  # TCGETS
        (1, BIT32 | 0x5401): ALLOW,
        **{
            (0, command): PERMISSION
            for command in (0x5402, 0x5412, 0x541B, 0x541C, 0x5421, 0x5451, 0x8905, 0)
        },
        (0x5401, 0): PERMISSION,
    },
    "fcntl": {
        **{(3, command): ALLOW for command in (0, 1, 2, 3, 4, 1030)},
        **{
            (3, command): PERMISSION for command in (5, 6, 7, 8, 9, 10, 15, 1024, 1026, 1031, 1033, BIT32 + 8)
        },
        (0, 8): PERMISSION,
    },
    "tgkill": {
        (PID, PID, 6): ALLOW,  # abort()
        (PID, OTHER, 9): ALLOW,  # its own threads
        (OTHER, OTHER, 0): PERMISSION,
        (OTHER, PID, 9): PERMISSION,
        (0, 0, 0): PERMISSION,
        (2**32 - 1, 1, 9): PERMISSION,
        (PID * BIT32, PID, 6): PERMISSION,
    },
}
FORBIDDEN = {name: both for name, both in SYSTEM_CALLS.items() if name not in ALWAYS | set(SOMETIMES)}
MACHINES = ("x86_64", "aarch64")


def numbers_of(machine: str) -> dict[str, int]:
    """Name -> number, as the system's own headers have them."""
    found = [path for path in map(Path, HEADERS[machine]) if path.is_file()]
    if not found:
        pytest.skip(
            f"needs the headers of Linux for {machine}: none of {', '.join(HEADERS[machine])} is here"
        )
    text = found[0].read_text()
    numbers = {name: int(n) for name, n in re.findall(r"#define __NR_(\w+)\s+(\d+)\b", text)}
    wide = dict(re.findall(r"#define __NR3264_(\w+)\s+(\d+)\b", text))
    # Such a number has a name for 64 bits, and after it another for 32.
    aliases = dict(reversed([pair[::-1] for pair in re.findall(r"#define __NR_(\w+) __NR3264_(\w+)", text)]))
    numbers |= {aliases[name]: int(n) for name, n in wide.items()}
    return {name: n for name, n in numbers.items() if name not in ("syscalls", "arch_specific_syscall")}


@pytest.fixture(params=MACHINES)
def machine(request, monkeypatch) -> str:
    monkeypatch.setattr(syscalls.platform, "machine", lambda: request.param)
    return request.param


def decoded(program: bytes) -> list[tuple[int, int, int, int]]:
    return list(struct.iter_unpack("=HBBI", program))


def verdict(
    code: list[tuple[int, int, int, int]], number: int, arguments: tuple[int, ...], audit: int
) -> str | int:
    """Run a classic BPF program on a `struct seccomp_data`. Only loads, jumps and returns are implemented."""
    registers = [*arguments, *[0xAAAA_AAAA_AAAA_AAAA] * 6][:6]  # other registers can have any value
    data = struct.pack("<IIQ6Q", number, audit, 0xBAD_BAD, *registers)
    at = accumulator = 0
    while True:
        operation, true, false, value = code[at]
        at += 1
        if operation == 0x20:
            (accumulator,) = struct.unpack_from("<I", data, value)
        elif operation in JUMPS:
            at += true if JUMPS[operation](accumulator, value) else false
        elif operation == 0x06:
            return _meaning(value)
        else:
            raise ValueError(f"no such operation: {operation:#x}")


def _meaning(value: int) -> str | int:
    action, data = value & 0xFFFF_0000, value & 0xFFFF
    if action == 0x0005_0000:
        return data
    return {0x7FFF_0000: ALLOW, 0x8000_0000: KILL}[action]


SAMPLES = {(), (0, 0, 0), (PID, 0x5401, 0), (0x10000, 4, 1), (2**64 - 1,) * 6}
"""Arguments on which the verdict of some system call depends."""


@pytest.mark.parametrize("table", [syscalls.NUMBERS, SYSTEM_CALLS], ids=["allowed", "attacks"])
def test_numbers_agree_with_the_headers(machine, table):
    numbers, column = numbers_of(machine), MACHINES.index(machine)
    newest = max(numbers.values())  # older headers do not know all of the table
    expected = {name: both[column] for name, both in table.items() if (both[column] or 0) <= newest}
    assert {name: numbers.get(name) for name in expected} == expected


def test_every_system_call_gets_the_verdict_of_the_table(machine):
    """Every number from 0 to 600 and that of each dangerous call, with arguments that make a difference."""
    assert set(syscalls.NUMBERS) == ALWAYS | set(SOMETIMES)
    column = MACHINES.index(machine)
    names: Mapping[int | None, str] = {both[column]: name for name, both in syscalls.NUMBERS.items()}
    assert not [name for name, both in FORBIDDEN.items() if both[column] in names]
    code = decoded(syscalls.program(PID))
    for number in range(601):
        name = names.get(number, "")
        if name in SOMETIMES:
            found = {one: verdict(code, number, one, AUDIT[machine]) for one in SOMETIMES[name]}
            assert found == SOMETIMES[name], name
        else:
            found = {one: verdict(code, number, one, AUDIT[machine]) for one in SAMPLES}
            assert set(found.values()) == {ALLOW if name in ALWAYS else PERMISSION}, (number, name)


def test_tgkill_is_allowed_only_for_the_own_process(machine):
    number = syscalls.NUMBERS["tgkill"][MACHINES.index(machine)]
    for pid in (1, 2**22):
        code = decoded(syscalls.program(pid))
        assert verdict(code, number, (pid, pid, 6), AUDIT[machine]) == ALLOW
        assert verdict(code, number, (pid + 1, pid, 6), AUDIT[machine]) == PERMISSION


def test_other_architectures_and_numbers_of_x32_kill_the_process(machine):
    code = decoded(syscalls.program(PID))
    others = {0x40000003, 0x40000028, 0xC00000F3, 0x80000016, 0}  # i386, ARM, RISC-V, s390x
    others |= set(AUDIT.values()) - {AUDIT[machine]}
    assert {verdict(code, n, (0,), one) for n in range(601) for one in others} == {KILL}
    old = [0x40000000 | number for number in range(601)] + [0x40000200, 0x7FFFFFFF, 0x80000000, 2**32 - 1]
    assert {verdict(code, number, (0,), AUDIT[machine]) for number in old} == {KILL}
    assert verdict(code, 0x3FFFFFFF, (0,), AUDIT[machine]) == PERMISSION


def test_program_passes_the_checks_of_the_kernel(machine):
    """Its own checks: at most 4,096 instructions, jumps that end inside, a return at the end."""
    code = decoded(syscalls.program(PID))
    assert len(code) <= 4096
    assert code[-1][0] == 0x06
    for at, (operation, true, false, value) in enumerate(code):
        if operation & 0x07 == 0x05:
            assert at + 1 + max(true, false) < len(code)
        if operation == 0x20:
            assert value % 4 == 0
            assert value < 64


@pytest.mark.parametrize(
    ("system", "machines", "supported"),
    [
        ("Linux", ["x86_64", "aarch64"], True),
        ("Linux", ["riscv64", "i686"], False),
        ("Darwin", ["arm64", "x86_64"], False),
        ("Windows", ["AMD64"], False),
    ],
)
def test_supported_systems(monkeypatch, system, machines, supported):
    monkeypatch.setattr(syscalls.platform, "system", lambda: system)
    for name in machines:
        monkeypatch.setattr(syscalls.platform, "machine", lambda name=name: name)
        assert syscalls.supported() is supported
