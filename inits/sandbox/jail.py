"""The jail: a process permanently drops its rights before it runs untrusted code. Linux only.

The child enters it after the fork. The order matters: each step needs what a later one takes away.
"""

import ctypes
import os
import resource
import signal
import struct
import sys
import sysconfig
from dataclasses import dataclass

from inits.sandbox import landlock, syscalls

_NO_DUMP, _DEATH_SIGNAL, _READ_BOUND, _DROP_BOUND, _SECCOMP, _NO_NEW_PRIVILEGES = 4, 1, 23, 24, 22, 38
_NEW_USER, _NEW_MOUNTS = 0x10000000, 0x00020000
_FILTER = 2
_READ_ONLY, _REMOUNT, _BIND, _RECURSIVE, _PRIVATE = 1, 32, 4096, 16384, 1 << 18
NOBODY, FIRST_UID, UIDS = 65534, 2_000_000_000, 1000
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
READABLE = ("/lib", "/lib64", "/usr/lib", "/usr/local/lib", *DEVICES)
READABLE_KERNEL = (
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/sys/vm/overcommit_memory",
    "/sys/devices/system/cpu",
)
THREADS, DESCRIPTORS = 64, 64
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Limits:
    """The limits of a child.

    Attributes:
        memory: bytes of memory beyond what it inherited.
        cpu: seconds of a processor.
        files: bytes up to which it may write to files that are already open.
    """

    memory: int = 1_000_000_000
    cpu: int = 8
    files: int = 0


class JailError(Exception):
    """The jail cannot be closed here; the message says why."""


def readable() -> list[str]:
    """Return the paths that can be read in the jail: the Python installation, shared libraries, a few devices."""
    paths = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    return [*sorted(paths), os.path.join(sys.base_prefix, "lib"), *READABLE, *READABLE_KERNEL]


def prepare(files: str) -> int | None:
    """Create once what all children share: the descriptor of Landlock's rules, or None for a chroot.

    `files` is "landlock", "chroot", or "best" for the first of them that this system has.
    Raises JailError if the jail cannot hold.
    """
    if not syscalls.supported():
        raise JailError("this system has no known filter for system calls")
    if files == "best":
        files = "landlock" if landlock.version() else "chroot"
    return landlock.ruleset(readable()) if files == "landlock" else None


def threads_of_user() -> int:
    """Return the number of threads of the user of this process, all of which count for its limit."""
    found, uid = 0, os.getuid()
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if os.stat(f"/proc/{name}").st_uid == uid:
                    found += len(os.listdir(f"/proc/{name}/task"))
            except OSError:
                continue
    return found


def enter(parent: int, rules: int | None, limits: Limits, number: int) -> None:
    """Close the jail around this process.

    Args:
        parent: the process that forked this one, and with which this one ends.
        rules: what `prepare` returned.
        limits: the limits of memory, time and files.
        number: the number of this child; under root each child becomes another user.

    Raises:
        OSError, JailError: if a layer does not hold. Then no code may run.
    """
    root = os.geteuid() == 0
    signal.alarm(0)
    for one in set(signal.valid_signals()) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(one, signal.SIG_DFL)
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")  # the first process to end when the machine runs out of memory
    _limit(limits, THREADS + (0 if root else threads_of_user()))
    if rules is None:
        _leave_the_file_system(root)
    if root:
        _drop_root(number)
    _prctl(_NO_DUMP, 0)
    _prctl(_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        raise JailError("the parent has ended")
    _prctl(_NO_NEW_PRIVILEGES, 1)
    if rules is not None:
        landlock.restrict(rules)
        os.close(rules)
    _filter(syscalls.program(os.getpid()))


def _limit(limits: Limits, threads: int) -> None:
    with open("/proc/self/statm", "rb") as file:
        pages = [int(number) * resource.getpagesize() for number in file.read().split()]
    for kind, wanted in (
        (resource.RLIMIT_AS, pages[0] + limits.memory),
        (
            resource.RLIMIT_DATA,
            pages[5] + limits.memory,
        ),  # libraries that it gives back make no room for data
        (resource.RLIMIT_CPU, limits.cpu),
        (resource.RLIMIT_FSIZE, limits.files),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, DESCRIPTORS),
        (resource.RLIMIT_NPROC, threads),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        allowed = resource.getrlimit(kind)[1]
        most = wanted if allowed == resource.RLIM_INFINITY else min(wanted, allowed)
        # The soft limit of processor time sends SIGXCPU, the hard one SIGKILL, as the system does without memory.
        soft = max(1, most - 1) if kind == resource.RLIMIT_CPU else most
        resource.setrlimit(kind, (soft, most))


def _drop_root(number: int) -> None:
    """Become another user without groups and without any capability to gain more."""
    os.setgroups([])
    capability = 0
    while _libc.prctl(_READ_BOUND, capability, 0, 0, 0) >= 0:  # the kernel knows no more
        _prctl(_DROP_BOUND, capability)
        capability += 1
    uid = FIRST_UID + number % UIDS
    try:
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    except OSError:  # a container with few users
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)


def _leave_the_file_system(root: bool) -> None:
    """Change to an empty, read-only file system with the devices that give random numbers.

    It is mounted in a namespace of this process and ends with it. An ordinary user also needs a user namespace.
    """
    uid, gid = os.getuid(), os.getgid()
    _check(_libc.unshare(_NEW_MOUNTS | (0 if root else _NEW_USER)), "unshare")
    if not root:
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{uid} {uid} 1"),
            ("gid_map", f"{gid} {gid} 1"),
        ):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    _mount(None, "/", None, _RECURSIVE | _PRIVATE)
    _mount("none", "/tmp", "tmpfs", 0)
    os.mkdir("/tmp/dev")
    for device in DEVICES:
        os.close(os.open(f"/tmp{device}", os.O_CREAT | os.O_WRONLY, 0o644))
        _mount(device, f"/tmp{device}", None, _BIND)
    _mount(None, "/tmp", None, _REMOUNT | _READ_ONLY)
    os.chroot("/tmp")
    os.chdir("/")
    if not root:
        _drop_capabilities()


def _mount(source: str | None, target: str, kind: str | None, flags: int) -> None:
    texts = [text.encode() if text else None for text in (source, target, kind)]
    _check(_libc.mount(*texts, ctypes.c_ulong(flags), None), f"mount {target}")


def _drop_capabilities() -> None:
    header, nothing = struct.pack("=Ii", 0x20080522, 0), bytes(24)
    _check(_libc.capset(header, nothing), "capset")


def _filter(program: bytes) -> None:
    code = ctypes.create_string_buffer(program, len(program))
    arguments = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    _prctl(_SECCOMP, _FILTER, arguments)


def _prctl(option: int, *values: object) -> None:
    padded = [ctypes.c_ulong(v) if isinstance(v, int) else v for v in (*values, 0, 0, 0, 0)[:4]]
    _check(_libc.prctl(option, *padded), f"prctl {option}")


def _check(result: int, what: str) -> None:
    if result:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
