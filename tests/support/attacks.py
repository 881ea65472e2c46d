"""The table of attacks on the jail (over 300 lines since it is data: one snippet of code for each attack).

Every snippet aims at things that the tests own: their files, listeners and processes, the zygote among them. Its
effects are limited in case the jail does not hold. Snippets report nothing that counts: `detectors` look from outside.

A snippet begins with a line `## name`. After -> follow the detectors that see it without a jail; in brackets, the
seconds that it may run, or the class of error with which it ends on purpose.
"""

import platform
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from inits.sandbox.results import Result

MEMORY = 1_000_000_000  # bytes: more than a request may have, less than a machine has
ENDLESS = 0.4  # seconds for code that never ends
X86 = platform.machine() == "x86_64"

_NUMBERS = """
    socket 41 198, connect 42 203, sendto 44 206, openat 257 56, openat2 437 437,
    name_to_handle_at 303 264, open_by_handle_at 304 265, truncate 76 45, io_uring_setup 425 425,
    io_uring_enter 426 426, ptrace 101 117, kcmp 312 272, process_vm_readv 310 270,
    process_vm_writev 311 271, memfd_create 319 279, unshare 272 97, setns 308 268, mount 165 40,
    chroot 161 51, pivot_root 155 41, bpf 321 280, add_key 248 217, keyctl 250 219,
    perf_event_open 298 241, userfaultfd 323 282, personality 135 92, execve 59 221, execveat 322 281,
    exit 60 93, kill 62 129, tkill 200 130, tgkill 234 131, rt_sigqueueinfo 129 138, rt_tgsigqueueinfo 297 240,
    pidfd_open 434 434, pidfd_send_signal 424 424, pidfd_getfd 438 438, setuid 105 146, setresuid 117 147,
    setresgid 119 149, capset 126 91, prlimit64 302 261, setrlimit 160 164, prctl 157 167,
    landlock_create_ruleset 444 444, landlock_add_rule 445 445, landlock_restrict_self 446 446,
    seccomp 317 277, clone 56 220, clone3 435 435, timer_create 222 107, shmget 29 194, msgget 68 186,
    semget 64 190, mknodat 259 33, setxattr 188 5
"""
SYSTEM_CALLS = {name: (int(x86), int(arm)) for name, x86, arm in (row.split() for row in _NUMBERS.split(","))}
"""System calls with their numbers on x86-64 and AArch64, from `unistd.h` of Linux."""

_BEFORE = """
import ctypes, gc, glob, mmap, os, shutil, signal, socket, stat, struct, subprocess, sys, tempfile, threading, time
from types import SimpleNamespace
from inits.sandbox import wire
T = SimpleNamespace(**{targets!r})
N = {numbers!r}
taken = []
libc = ctypes.CDLL(None, use_errno=True)
def attempt(action, *arguments):
    try:
        got = action(*arguments)
    except (OSError, MemoryError, RuntimeError, ValueError, EOFError, ImportError) as problem:
        print(type(problem).__name__, str(problem)[:200])
        return None
    text = repr(got) if isinstance(got, (list, tuple, dict)) else got
    data = text.encode() if isinstance(text, str) else text
    if isinstance(data, bytes):
        print("took", data[:300])
        taken.append(data[:300])
    return got
def call(name, *arguments):
    passed = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    result = libc.syscall(ctypes.c_long(N[name]), *passed)
    if result < 0:
        raise OSError(ctypes.get_errno(), name)
    return result
def read(path):
    with open(path, "rb") as file:
        return file.read(2000)
def write(path, text="written"):
    with open(path, "w") as file:
        file.write(text)
def knock(address, family=socket.AF_INET, kind=socket.SOCK_STREAM):
    with socket.socket(family, kind) as one:
        one.settimeout(2)
        one.connect(address)
        one.send(b"hello")
def reach():
    attempt(read, T.secret)
    attempt(write, f"{{T.folder}}/{{T.tag}}")
    attempt(knock, ("127.0.0.1", T.tcp))
    attempt(os.kill, T.victim, signal.SIGTERM)
class Library(ctypes.Structure):
    _fields_ = [("address", ctypes.c_void_p), ("name", ctypes.c_char_p), ("parts", ctypes.c_void_p),
                ("count", ctypes.c_uint16)]
def give_back():
    found = []
    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Library), ctypes.c_size_t, ctypes.c_void_p)
    def look(library, size, data):
        one = library[0]
        for number in range(one.count if b"tensorflow" in (one.name or b"") else 0):
            part = ctypes.string_at(one.parts + 56 * number, 56)
            kind, _, _, start, _, _, length, _ = struct.unpack("IIQQQQQQ", part)
            if kind == 1 and length > 1 << 20:
                found.append((one.address + start & ~4095, length & ~4095))
        return 0
    libc.dl_iterate_phdr(look, None)
    for address, length in found:
        libc.munmap(ctypes.c_void_p(address), ctypes.c_size_t(length))
pages = []
def fill(flags=mmap.MAP_PRIVATE, afterwards=None):
    for _ in range(T.take // 20_000_000):
        pages.append(mmap.mmap(-1, 20_000_000, flags=flags | mmap.MAP_ANONYMOUS))
        np.frombuffer(pages[-1], np.uint8)[::4096] = 1
        if afterwards:
            afterwards(pages[-1])
def stay(pid):
    if pid == 0:
        attempt(os.setsid)
        os.closerange(0, 100)
        time.sleep(20)
        os._exit(0)
good = wire.MAGIC + wire.picked("f", "function", []) + wire.array((32, 32), np.zeros((32, 32), "f4")) + wire.end()
def say(data):
    view = memoryview(data)
    while view:
        view = view[os.write(4, view):]
    os._exit(0)
"""
_AFTER = """
def initializer(shape):
    data = b"".join(taken)[:1024].ljust(1024, b"!")
    return np.frombuffer(data, np.uint8).reshape(shape).astype("float32")
"""
_PROGRAMMING_ERRORS = {
    "NameError",
    "SyntaxError",
    "IndentationError",
    "AttributeError",
    "TypeError",
    "CodeProblem",
}


@dataclass(frozen=True)
class Attack:
    """A piece of code and the seconds that it may run. `seen` names the detectors that see it without a jail."""

    category: str
    name: str
    code: str
    seen: tuple[str, ...] = ()
    wall: float = 20.0
    error: str = ""

    def text(self, targets: Mapping[str, object]) -> str:
        """Return the code to run: with the targets, some tools, and an initializer unless it has one."""
        numbers = {name: both[not X86] for name, both in SYSTEM_CALLS.items()}
        before = _BEFORE.format(targets={**targets, "take": MEMORY, "x86": X86}, numbers=numbers)
        return before + self.code + ("" if "def initializer" in self.code else _AFTER)

    def mistakes(self, result: Result) -> list[str]:
        """Return the programming errors of the attack itself, which would prove nothing."""
        kind = result.error.kind if result.error is not None else ""
        return [f"mistake: {result.error}"] if kind in _PROGRAMMING_ERRORS and kind != self.error else []


_HEAD = re.compile(
    r"(?P<name>[^\[>\n]+?)( -> (?P<seen>[a-z0-9 ]+))?( \[((?P<wall>[\d.]+)|(?P<endless>endless)|(?P<error>\w+))\])?"
)


def _attacks(category: str, text: str) -> Iterator[Attack]:
    """Yield the attacks in a text."""
    for part in text.strip().removeprefix("## ").split("\n\n## "):
        line, _, code = part.partition("\n")
        head = _HEAD.fullmatch(line)
        assert head, line
        seen = tuple((head["seen"] or "").split())
        wall = ENDLESS if head["endless"] else float(head["wall"] or 20)
        yield Attack(category, head["name"], code, seen, wall, head["error"] or "")


_FILES = r"""
## read what the system has
for path in ("/etc/passwd", "/etc/shadow", "/etc/hostname", "/etc/ssl/private", "/etc/group"):
    attempt(read, path)

## read a secret, the repository, the server's own code -> secret
for path in (T.secret, T.root + "/README.md", T.root + "/inits/errors.py", T.root + "/.git/config"):
    attempt(read, path)

## list folders -> secret
attempt(os.listdir, T.folder)
attempt(lambda: [one.name for one in os.scandir(T.folder)])
attempt(glob.glob, T.folder + "/*")
attempt(lambda: list(os.walk(T.folder)))
attempt(os.listdir, "/")
attempt(os.listdir, T.root)

## read through links -> secret
for number, link in enumerate((os.symlink, os.link)):
    for folder in ("/tmp", T.folder, T.readable, "/dev/shm", "."):
        name = f"{folder}/{T.tag}-{number}"
        attempt(link, T.secret, name)
        attempt(read, name)
        attempt(os.unlink, name)

## write wherever one writes
for folder in ("/tmp", "/dev/shm", "/var/tmp", "/run", ".", T.folder, T.readable, T.site, T.root):
    attempt(write, f"{folder}/{T.tag}")
attempt(tempfile.mkstemp, "", T.tag)
attempt(tempfile.TemporaryFile)
attempt(os.mkdir, f"{T.folder}/{T.tag}-folder")

## create a file -> files
attempt(write, f"{T.folder}/{T.tag}")

## change, rename and delete a file -> files
attempt(write, T.kept)
attempt(os.truncate, T.kept, 0)
attempt(call, "truncate", T.kept.encode(), 0)
attempt(os.chmod, T.kept, 0o4777)
attempt(os.utime, T.kept, (0, 0))
attempt(os.setxattr, T.kept, "user.x", b"x")
attempt(os.chown, T.kept, os.getuid(), os.getgid())
attempt(os.rename, T.kept, T.kept + T.tag)
attempt(os.remove, T.kept)
attempt(shutil.rmtree, T.folder, True)

## change what may be read -> files
for path in (T.library, ctypes.__file__, np.__file__):
    attempt(os.open, path, os.O_RDWR)
    attempt(os.open, path, os.O_WRONLY | os.O_APPEND)
    for place in (os.path.dirname(path), T.readable):
        attempt(os.rename, T.library, f"{place}/{T.tag}")
        attempt(os.link, T.library, f"{place}/{T.tag}")
attempt(os.chmod, T.library, 0o600)
attempt(os.utime, T.library, (0, 0))
attempt(os.remove, T.library)

## empty a file by opening it for reading -> files
attempt(os.open, T.library, os.O_RDONLY | os.O_TRUNC)
attempt(os.open, T.kept, os.O_RDONLY | os.O_TRUNC)
attempt(call, "openat", -100, T.library.encode(), os.O_TRUNC, 0)

## a file without a name -> files
for folder in (T.folder, "/tmp", T.readable):
    one = attempt(os.open, folder, os.O_TMPFILE | os.O_RDWR, 0o666)
    if one is not None:
        attempt(os.write, one, b"written")
        attempt(lambda: os.link(f"/proc/self/fd/{one}", f"{T.folder}/{T.tag}", src_dir_fd=one))

## by descriptors of folders -> secret
up = "../" * 30
for folder in ("/", "/usr/lib", os.path.dirname(np.__file__), T.readable, T.folder):
    for flags in (os.O_RDONLY, os.O_PATH):
        one = attempt(os.open, folder, flags | os.O_DIRECTORY)
        if one is not None:
            inside = attempt(lambda: os.open(up[:-1] + T.secret, os.O_RDONLY, dir_fd=one))
            if inside is not None:
                attempt(os.read, inside, 100)
            attempt(lambda: os.listdir(one))
            attempt(lambda: os.open(T.tag, os.O_CREAT | os.O_WRONLY, dir_fd=one))
            attempt(os.fchdir, one)
            attempt(read, "." + T.secret)
            attempt(os.close, one)

## a file as memory -> secret files
def mapped(flags, access):
    with open(T.kept if access == mmap.ACCESS_WRITE else T.secret, flags) as file:
        with mmap.mmap(file.fileno(), 0, access=access) as view:
            if access == mmap.ACCESS_WRITE:
                view[:5] = b"mapme"
            return bytes(view[:100])
attempt(mapped, "rb", mmap.ACCESS_READ)
attempt(mapped, "r+b", mmap.ACCESS_WRITE)
attempt(lambda: np.memmap(T.secret, np.uint8, "r").tobytes())
attempt(lambda: np.fromfile(T.secret, np.uint8).tobytes())

## by TensorFlow's own files -> secret files
def caught(action):
    try:
        return action()
    except tf.errors.OpError as problem:
        print(type(problem).__name__)
attempt(caught, lambda: tf.io.read_file(T.secret).numpy())
attempt(caught, lambda: tf.io.gfile.listdir(T.folder))
attempt(caught, lambda: tf.io.write_file(f"{T.folder}/{T.tag}", "written"))
attempt(caught, lambda: tf.io.gfile.remove(T.kept))
attempt(lambda: np.save(f"{T.folder}/{T.tag}.npy", np.zeros(3)))

## import a module -> secret
sys.path.insert(0, T.folder)
attempt(lambda: __import__(f"stolen_{T.tag}").TEXT)
attempt(lambda: ctypes.CDLL(f"{T.folder}/{T.tag}.so"))

## open by raw system calls -> secret
path = ctypes.create_string_buffer(T.secret.encode())
one = attempt(call, "openat", -100, path, 0, 0)
two = attempt(call, "openat2", -100, path, struct.pack("QQQ", 0, 0, 0), 24)
for descriptor in (one, two):
    if descriptor is not None:
        attempt(os.read, descriptor, 100)

## open by a handle
handle = ctypes.create_string_buffer(struct.pack("Ii", 128, 0), 136)
mount = ctypes.create_string_buffer(8)
attempt(call, "name_to_handle_at", -100, T.secret.encode(), handle, mount, 0)
for folder in (T.folder, T.readable, "/", None):
    place = -100 if folder is None else attempt(os.open, folder, os.O_RDONLY)
    if place is not None:
        one = attempt(call, "open_by_handle_at", place, handle, 0)
        if one is not None:
            attempt(os.read, one, 100)

## fifos, devices and attributes -> files
attempt(os.mkfifo, f"{T.folder}/{T.tag}")
attempt(os.mknod, f"{T.folder}/{T.tag}-null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
attempt(call, "mknodat", -100, f"{T.folder}/{T.tag}-disk".encode(), 0o666 | stat.S_IFIFO, 0)
attempt(call, "setxattr", T.kept.encode(), b"user.x", b"x", 1, 0)

## out of a changed root
attempt(os.mkdir, f"{T.folder}/{T.tag}")
attempt(os.chroot, f"{T.folder}/{T.tag}")
for _ in range(20):
    attempt(os.chdir, "..")
attempt(os.chroot, ".")
reach()
"""

_PROC = r"""
## its own entries -> secret
for name in ("environ", "maps", "mem", "cmdline", "root" + T.secret, "cwd" + T.secret, "auxv", "stack", "syscall"):
    attempt(read, f"/proc/self/{name}")
    attempt(read, f"/proc/thread-self/{name}")
attempt(read, "/proc/1/root" + T.secret)
attempt(lambda: os.open("/proc/self/mem", os.O_RDWR))
attempt(os.listdir, "/proc")

## its parent and the server -> secret
for pid in (os.getppid(), T.server):
    for name in ("environ", "maps", "cmdline", "root" + T.secret, "cwd" + T.secret, "fdinfo/0", "fd/0"):
        attempt(read, f"/proc/{pid}/{name}")
    attempt(lambda: [os.readlink(f"/proc/{pid}/fd/{one}") for one in os.listdir(f"/proc/{pid}/fd")])
    attempt(lambda: os.open(f"/proc/{pid}/mem", os.O_RDWR))

## the secret of another process -> secret
attempt(read, f"/proc/{T.victim}/environ")
def memory():
    one = os.open(f"/proc/{T.victim}/mem", os.O_RDWR)
    os.pwrite(one, b"written", T.address + 200)
    return os.pread(one, 60, T.address)
attempt(memory)

## its descriptors anew
for one in range(10):
    for place in ("/proc/self/fd", "/dev/fd"):
        again = attempt(os.open, f"{place}/{one}", os.O_RDWR)
        if again is not None:
            attempt(os.write, again, b"written")
for name in ("/dev/stdin", "/dev/stdout", "/dev/tty", "/dev/ptmx", "/dev/mem", "/dev/kmsg", "/dev/fuse"):
    attempt(os.open, name, os.O_RDWR)

## how another process is treated -> victim
for pid in ("self", T.victim, os.getppid()):
    for name in ("oom_score_adj", "coredump_filter", "comm", "timerslack_ns", "clear_refs"):
        attempt(write, f"/proc/{pid}/{name}", "500")
"""

_ENVIRONMENT = r"""
## the server's variables -> secret
attempt(os.getenv, "INITS_SECRET")
attempt(dict, os.environ)
array = ctypes.POINTER(ctypes.c_char_p).in_dll(libc, "environ")
count = next(i for i in range(1000) if not array[i])
attempt(lambda: b" ".join(array[i] for i in range(count)))

## what the stack began with
where = ctypes.c_void_p.in_dll(libc, "program_invocation_name").value
attempt(ctypes.string_at, where, 4096 - where % 4096)
known = [one for one in gc.get_objects() if isinstance(one, dict) and "INITS_SECRET" in map(str, one)]
attempt(repr, known)

## change it for the next
os.environ["PATH"] = os.environ["PYTHONSTARTUP"] = T.folder
os.putenv("LD_PRELOAD", f"{T.folder}/{T.tag}.so")
libc.clearenv()
attempt(os.chdir, T.folder)
attempt(os.umask, 0)
"""

_NETWORK = r"""
## TCP -> tcp
attempt(knock, ("127.0.0.1", T.tcp))
attempt(knock, ("localhost", T.tcp))

## TCP over IPv6 -> tcp
attempt(knock, ("::1", T.tcp6), socket.AF_INET6)
attempt(knock, ("::ffff:127.0.0.1", T.tcp), socket.AF_INET6)

## UDP -> udp
attempt(knock, ("127.0.0.1", T.udp), socket.AF_INET, socket.SOCK_DGRAM)
attempt(lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"hello", ("127.0.0.1", T.udp)))

## a socket in a folder -> unix
attempt(knock, T.unix, socket.AF_UNIX)

## an abstract socket -> abstract
attempt(knock, T.abstract, socket.AF_UNIX)

## raw packets
data = struct.pack("!HHHH", 4000, T.udp, 13, 0) + b"hello"
for family, kind, protocol in ((2, 3, 17), (2, 3, 255), (17, 3, 768), (16, 3, 0), (40, 1, 0), (38, 5, 0)):
    one = attempt(socket.socket, family, kind, protocol)
    if one is not None:
        attempt(lambda: one.sendto(data, ("127.0.0.1", 0)) if protocol == 17 else None)
        one.close()

## descriptors that were left open
for number in range(256):
    try:
        kind = stat.S_IFMT(os.fstat(number).st_mode)
    except OSError:
        continue
    print(number, oct(kind))
    for data in (b"ready", b"{}", bytes(13)):
        attempt(lambda: socket.socket(fileno=os.dup(number)).send(data) if stat.S_ISSOCK(kind) else None)

## raw system calls -> tcp udp
address = struct.pack("=H", 2) + struct.pack("!H4s8x", T.tcp, bytes([127, 0, 0, 1]))
one = attempt(call, "socket", 2, 1, 0)
attempt(call, "connect", 9 if one is None else one, address, 16)
datagram = attempt(call, "socket", 2, 2, 0)
address = struct.pack("=H", 2) + struct.pack("!H4s8x", T.udp, bytes([127, 0, 0, 1]))
attempt(call, "sendto", 9 if datagram is None else datagram, b"hello", 5, 0, address, 16)
"""

_PROCESSES = r"""
## fork -> processes survivor
stay(attempt(os.fork))
time.sleep(0.3)  # long enough for the two to be seen beside each other

## a daemon -> files survivor
def daemon():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            write(f"{T.folder}/{T.tag}")
            stay(0)
        os._exit(0)
    time.sleep(0.3)
attempt(daemon)

## clone, clone3 and vfork
for flags in (signal.SIGCHLD, 0x8000, 0x10000000 | signal.SIGCHLD):
    stay(attempt(call, "clone", flags, 0, 0, 0, 0))
    stay(attempt(call, "clone3", struct.pack("8Q", flags & ~255, 0, 0, 0, flags & 255, 0, 0, 0), 64))
if T.x86 and libc.syscall(58) == 0:
    os._exit(0)

## spawn a program -> files
command = ["/bin/sh", "-c", f"echo > {T.folder}/{T.tag}"]
attempt(lambda: os.waitpid(os.posix_spawn(command[0], command, {}), 0) and None)
attempt(subprocess.run, command)
attempt(os.system, " ".join(command))
attempt(lambda: os.popen(f"echo > {T.folder}/{T.tag}").read())

## become a program -> files
command = ["/bin/sh", "-c", f"echo > {T.folder}/{T.tag}"]
attempt(os.execv, command[0], command)
attempt(os.execvp, "sh", command)
attempt(os.execve, command[0], command, {})

## a program in memory -> files
one = attempt(call, "memfd_create", b"program", 0)
if one is not None:
    os.write(one, f"#!/bin/sh\necho > {T.folder}/{T.tag}\n".encode())
empty = (ctypes.c_char_p * 2)(b"program", None)
attempt(call, "execveat", 9 if one is None else one, b"", empty, None, 0x1000)
attempt(call, "execve", b"/bin/true", empty, None)
"""

_MEMORY = r"""
## an array -> memory
block = attempt(np.ones, T.take // 8)
time.sleep(0.1)

## pages of the system
attempt(fill, mmap.MAP_PRIVATE)
attempt(fill, mmap.MAP_SHARED)

## a tensor
def tensor():
    try:
        return tf.ones([T.take // 4])
    except tf.errors.OpError as problem:
        print(type(problem).__name__)
block = tensor()

## calls without end [2.0]
sys.setrecursionlimit(5_000_000)
def initializer(shape):
    return initializer(shape)

## a list in a list without end
one = []
for _ in range(100_000):
    one = [one]
attempt(repr, one)

## a weight for every star
def initializer(shape):
    return np.broadcast_to(np.float32(1), (10**9, 10**9))

## what the kernel keeps for it
pipes = []
def fill():
    for _ in range(500):
        pipes.append(os.pipe())
        os.set_blocking(pipes[-1][1], False)
        libc.fcntl(pipes[-1][1], 1031, 1 << 20)
        os.write(pipes[-1][1], bytes(1 << 20))
attempt(fill)
print(len(pipes), "pipes")

## what it inherited, given back and taken anew -> memory
give_back()
attempt(fill, mmap.MAP_SHARED, lambda page: page.madvise(mmap.MADV_DONTNEED))  # it is kept, and counted no more
time.sleep(0.1)
attempt(fill)
time.sleep(0.1)
os._exit(0)

## what it has filled, made read-only -> memory
def protect(page):
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    libc.mprotect(ctypes.c_void_p(address), ctypes.c_size_t(len(page)), 1)
give_back()
attempt(fill, mmap.MAP_PRIVATE, protect)
time.sleep(0.1)
os._exit(0)
"""

_TIME = r"""
## all signals ignored [endless]
for one in signal.valid_signals():
    try:
        signal.signal(one, signal.SIG_IGN)
    except OSError:
        pass
signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals())
attempt(call, "prctl", 1, 0, 0, 0, 0)
while True:
    pass

## asleep with the lock held [endless]
ctypes.PyDLL(None).sleep(1000)

## it stops itself [endless]
signal.raise_signal(signal.SIGSTOP)
while True:
    pass

## threads that go on [endless]
def spin():
    while True:
        pass
for _ in range(8):
    threading.Thread(target=spin).start()
def initializer(shape):
    sys.exit()

## an array that never comes [endless]
class Never:
    def __array__(self, *_, **__):
        while True:
            pass
def initializer(shape):
    return Never()
"""

_THREADS = r"""
## two thousand -> threads
def bomb():
    for _ in range(2000):
        threading.Thread(target=time.sleep, args=(0.5,), daemon=True).start()
attempt(bomb)
time.sleep(0.3)

## of the C library -> threads
thread = ctypes.c_ulong()
main = ctypes.cast(libc.sleep, ctypes.c_void_p)
made = sum(libc.pthread_create(ctypes.byref(thread), None, main, ctypes.c_void_p(1)) == 0 for _ in range(2000))
print(made, "threads")
time.sleep(0.3)

## its main thread ends alone, and another one goes on
def hoard():
    give_back()
    attempt(fill)
    time.sleep(0.3)
    os._exit(0)
threading.Thread(target=hoard).start()
libc.syscall(ctypes.c_long(N["exit"]), ctypes.c_long(0))

## that outlive the answer
def go_on():
    while True:
        for one in (1, 2, 4):
            try:
                os.write(one, b"more")
            except OSError:
                pass
        time.sleep(0.001)
for _ in range(4):
    threading.Thread(target=go_on).start()
"""

_OUTPUT = r"""
## print [endless]
while True:
    print("x" * 1000)

## past Python's streams [endless]
while True:
    os.write(1, bytes(1 << 20))
    os.write(2, bytes(1 << 20))

## every descriptor
for _ in range(20):
    for number in range(256):
        try:
            os.set_blocking(number, False)
            os.write(number, b"inits1\n\0" * 100)
        except OSError:
            pass
"""

_SIGNALS = r"""
## to its parent
for one in (0, signal.SIGSTOP, signal.SIGTERM, signal.SIGINT, signal.SIGKILL, signal.SIGSEGV):
    attempt(os.kill, os.getppid(), one)
    attempt(os.killpg, os.getppid(), one)

## to the server and another process -> signal victim
attempt(os.kill, T.server, signal.SIGUSR1)
attempt(os.kill, T.victim, signal.SIGTERM)

## to everybody
for pid in (0, -1, -T.group, -os.getppid(), -T.server):
    attempt(os.kill, pid, signal.SIGURG)
attempt(os.killpg, T.group, signal.SIGURG)

## to threads, with values -> signal victim
info = struct.pack("iii", signal.SIGUSR1, 0, -1).ljust(128, b"\0")
attempt(call, "tkill", T.server, signal.SIGUSR1)
attempt(call, "tgkill", T.server, T.server, signal.SIGUSR1)
attempt(call, "tgkill", T.victim, T.victim, signal.SIGTERM)
attempt(call, "tgkill", os.getpid() + (1 << 32), T.server, signal.SIGUSR1)
attempt(call, "rt_sigqueueinfo", T.server, signal.SIGUSR1, info)
attempt(call, "rt_tgsigqueueinfo", T.server, T.server, signal.SIGUSR1, info)
attempt(call, "kill", T.server, signal.SIGUSR1)
attempt(call, "tkill", T.victim, signal.SIGTERM)

## by a process' descriptor -> signal victim
for pid, number in ((T.server, signal.SIGUSR1), (T.victim, signal.SIGTERM), (os.getppid(), signal.SIGTERM)):
    one = attempt(call, "pidfd_open", pid, 0)
    place = 9 if one is None else one
    if pid != os.getppid() or one is None:
        attempt(call, "pidfd_getfd", place, 0, 0)
        attempt(call, "pidfd_send_signal", place, number, None, 0)

## by timers
event = struct.pack("Qiii", 0, signal.SIGUSR1, 4, T.server).ljust(64, b"\0")
attempt(call, "timer_create", 1, event, ctypes.create_string_buffer(8))
attempt(signal.setitimer, signal.ITIMER_REAL, 0.01, 0.01)
attempt(signal.alarm, 1)
attempt(call, "prctl", 1, signal.SIGUSR1, 0, 0, 0)
time.sleep(0.1)

## by a descriptor that changes
import fcntl
def owned(one, owner):
    libc.fcntl(one, 10, signal.SIGUSR1)
    fcntl.fcntl(one, fcntl.F_SETOWN, owner)
    fcntl.fcntl(one, fcntl.F_SETFL, fcntl.fcntl(one, fcntl.F_GETFL) | os.O_ASYNC | os.O_NONBLOCK)
    fcntl.ioctl(one, 0x8901, struct.pack("i", owner))
    fcntl.ioctl(one, 0x5452, struct.pack("i", 1))
ends = os.pipe()
for owner in (T.server, -T.group, os.getppid()):
    for one in (*ends, 1, 3, 4):
        attempt(owned, one, owner)
        attempt(lambda: fcntl.fcntl(one, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK))
os.write(ends[1], b"x")
os.read(ends[0], 1)

## how others are scheduled -> victim
for pid in (T.victim, os.getppid()):
    attempt(os.setpriority, os.PRIO_PROCESS, pid, 19)
    attempt(os.sched_setaffinity, pid, [0])
    attempt(os.sched_setscheduler, pid, os.SCHED_IDLE, os.sched_param(0))

## it kills itself
signal.raise_signal(signal.SIGKILL)
"""

_REPLY = r"""
## a complete one
say(good)

## zeros without end
say(bytes(1 << 28))

## a pickle
import pickle
class Evil:
    def __reduce__(self):
        return (open, (f"{T.folder}/{T.tag}", "w"))
say(pickle.dumps(Evil()))

## names that are no names
bad = "\x1b[2J\u202e\x00\n<script>alert(1)</script>![x](http://127.0.0.1:1/)" * 100
print(bad)
os.write(1, bytes(range(256)))
say(wire.MAGIC + wire.picked(bad, bad, [bad] * 3) + wire.problem(bad, bad, [(-1, bad), (2**31, bad)]) + wire.end())

## its channel closed
for one in (4, 1, 2):
    os.close(one)

## its channels changed over
for old, new in ((1, 60), (4, 1), (60, 4)):
    os.dup2(old, new)
print("x" * 9000)

## an exception without a text
class Silent(Exception):
    def __str__(self):
        raise SystemExit(0)
    __repr__ = __str__
raise Silent

## an exception that never ends [endless]
class Long(Exception):
    def __str__(self):
        while True:
            pass
raise Long

## an exception of signs
raise type("\x1b[31m\n", (Exception,), {})("\x1b]0;x\x07\x00\u202e\ud800" * 10000)

## an endless chain of exceptions
one = Exception()
one.__context__ = one.__cause__ = one
raise one

## an array that lies about itself
class Liar(np.ndarray):
    shape = property(lambda self: (32, 32))
    def tobytes(self, *_):
        return bytes(10**7)
def initializer(shape):
    return np.zeros(3, "f4").view(Liar)
"""

_SYSTEM_CALLS = r"""
## new namespaces
for flags in (0x10000000, 0x20000, 0x40000000, 0x20000000, 0x10020000, 0x50000000, 0x4000000, 0x8000000, 0x400):
    attempt(call, "unshare", flags)
reach()

## the namespaces of others
for pid in (1, T.server, T.victim):
    for kind in ("mnt", "net", "pid", "user"):
        one = attempt(os.open, f"/proc/{pid}/ns/{kind}", os.O_RDONLY)
        attempt(call, "setns", 9 if one is None else one, 0)
reach()

## mounts and roots
for kind in (b"proc", b"tmpfs", b"sysfs"):
    attempt(call, "mount", b"none", f"{T.folder}/{T.tag}".encode(), kind, 0, None)
attempt(call, "mount", T.folder.encode(), T.readable.encode(), None, 4096, None)
attempt(call, "pivot_root", b".", b".")
for place in (T.folder.encode(), b"/proc/1/root", b".", b".."):
    attempt(call, "chroot", place)
reach()

## another user
for uid in (0, 65534, 1000):
    attempt(call, "setuid", uid)
    attempt(call, "setresuid", uid, uid, uid)
    attempt(call, "setresgid", uid, uid, uid)
    attempt(os.setgroups, [uid])
attempt(call, "capset", struct.pack("Ii", 0x20080522, 0), b"\xff" * 24)
reach()

## higher limits for itself
import resource
unlimited = struct.pack("QQ", 2**64 - 1, 2**64 - 1)
for kind in range(16):
    attempt(resource.setrlimit, kind, (-1, -1))
    attempt(call, "setrlimit", kind, unlimited)
    attempt(call, "prlimit64", 0, kind, unlimited, None)
    attempt(call, "prlimit64", 1 << 32, kind, unlimited, None)
    attempt(call, "prlimit64", os.getpid(), kind, unlimited, None)
block = attempt(np.ones, T.take // 8)
reach()

## other limits for others -> victim
import resource
for pid in (T.victim, os.getppid()):
    attempt(resource.prlimit, pid, resource.RLIMIT_NOFILE, (200, 200))
    attempt(call, "prlimit64", pid, resource.RLIMIT_CPU, struct.pack("QQ", 10**6, 10**6), None)

## what it may be asked for
for option, value in ((4, 1), (1, 0), (38, 0), (36, 1), (8, 1), (28, 0), (24, 0), (47, 2), (35, 0), (59, 0)):
    attempt(call, "prctl", option, value, 0, 0, 0)
attempt(call, "prctl", (1 << 32) | 4, 1, 0, 0, 0)
attempt(read, "/proc/self/environ")
attempt(read, "/proc/self/maps")
reach()

## its own filters and rules
allow = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0x7FFF0000))
program = struct.pack("HxxxxxxP", 1, ctypes.addressof(allow))
attempt(call, "seccomp", 1, 0, program)
attempt(call, "seccomp", 1, 8, program)
attempt(call, "prctl", 22, 2, program, 0, 0)
attempt(call, "prctl", 22, 0, None, 0, 0)
rules = attempt(call, "landlock_create_ruleset", struct.pack("Q", 0x1FFF), 8, 0)
place = attempt(os.open, "/", os.O_PATH)
for number in {rules, 5, 6, 7} - {None}:
    attempt(call, "landlock_add_rule", number, 1, struct.pack("=Qi", 0x1FFF, -1 if place is None else place), 0)
    attempt(call, "landlock_restrict_self", number, 0)
reach()

## a look into another process -> secret
local = ctypes.create_string_buffer(60)
here = struct.pack("PQ", ctypes.addressof(local), 60)
attempt(call, "process_vm_readv", T.victim, here, 1, struct.pack("PQ", T.address, 60), 1, 0)
attempt(lambda: local.raw)
attempt(call, "kcmp", T.victim, T.server, 0, 0, 0)

## a hand in another process -> victim
words = ctypes.create_string_buffer(b"written")
here = struct.pack("PQ", ctypes.addressof(words), 7)
attempt(call, "process_vm_writev", T.victim, here, 1, struct.pack("PQ", T.address, 7), 1, 0)

## a debugger
for pid in (T.victim, os.getppid()):
    attempt(call, "ptrace", 16, pid, 0, 0)
    attempt(call, "ptrace", 0x4206, pid, 0, 0)
    if pid == T.victim:
        time.sleep(0.1)
        attempt(call, "ptrace", 5, pid, T.address, 0x41414141)
    attempt(call, "ptrace", 17, pid, 0, 0)
attempt(call, "ptrace", 0, 0, 0, 0)

## a ring of requests
def ring():
    parameters = (ctypes.c_uint32 * 30)()
    one = call("io_uring_setup", 4, parameters)
    queue = mmap.mmap(one, 4096, flags=mmap.MAP_SHARED, offset=0)
    entries = mmap.mmap(one, 4096, flags=mmap.MAP_SHARED, offset=0x10000000)
    path = ctypes.create_string_buffer(f"{T.folder}/{T.tag}".encode())
    flags = os.O_CREAT | os.O_WRONLY
    request = struct.pack("<BBHiQQII", 18, 0, 0, -100, 0, ctypes.addressof(path), 0o666, flags)
    entries[:64] = request.ljust(64, b"\0")
    struct.pack_into("I", queue, parameters[16], 0)
    struct.pack_into("I", queue, parameters[11], 1)
    call("io_uring_enter", one, 1, 1, 1, None, 0)
attempt(ring)

## programs and probes of the kernel
attempt(call, "bpf", 0, struct.pack("IIII", 2, 4, 8, 1).ljust(72, b"\0"), 72)
attributes = struct.pack("IIQ", 1, 128, 0).ljust(128, b"\0")
for pid in (-1, 0, T.victim):
    attempt(call, "perf_event_open", attributes, pid, 0 if pid == -1 else -1, -1, 0)
attempt(call, "userfaultfd", 0)
attempt(call, "userfaultfd", 1)
attempt(call, "personality", 0x0040000 | 0x0400000)
reach()

## keys
for ring in (-4, -3, -5, -1):
    attempt(call, "add_key", b"user", T.tag.encode(), b"written", 7, ring)
attempt(call, "keyctl", 0, -4, 1)

## what stays in the kernel -> leftover
for name, arguments in (("shmget", (4096, 0o1666)), ("msgget", (0o1666,)), ("semget", (1, 0o1666))):
    attempt(call, name, T.key, *arguments)

## numbers of the old 32-bit x86-64
address = struct.pack("=H", 2) + struct.pack("!H4s8x", T.tcp, bytes([127, 0, 0, 1]))
one = libc.syscall(ctypes.c_long(0x40000000 | N["socket"]), 2, 1, 0)
libc.syscall(ctypes.c_long(0x40000000 | N["connect"]), one, address, 16)

## 32-bit system calls by machine code
libc.mmap.restype = ctypes.c_void_p
page = libc.mmap(None, ctypes.c_size_t(4096), 7, 0x62, -1, 0) if T.x86 else 2**64 - 1
code = bytes.fromhex("53 89f8 89f3 4189c8 89d1 4489c2 cd80 4898 5b c3")
if page != 2**64 - 1:
    ctypes.memmove(page, code, len(code))
    ctypes.memmove(page + 512, T.secret.encode() + b"\0", len(T.secret) + 1)
    old = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_uint, ctypes.c_uint, ctypes.c_uint, ctypes.c_uint)(page)
    one = old(5, page + 512, 0, 0)
    attempt(os.read, one, 100)
    write_at = f"{T.folder}/{T.tag}".encode() + b"\0"
    ctypes.memmove(page + 512, write_at, len(write_at))
    old(5, page + 512, os.O_CREAT | os.O_WRONLY, 0o666)
"""

_TAMPERING = r"""
## the way an answer is written
from inits.sandbox import child, compat, wire
wire.array = lambda shape, values: b"a" * 500
wire.end = lambda: b"." * 3
wire.problem = lambda *_: b"e" * 9
compat.to_array = lambda value: np.zeros((1, 1))
child.Output.write = lambda self, text: os.write(4, text.encode())

## what Python itself is made of [TypeError]
import builtins
for name in ("open", "print", "len", "isinstance", "bytes", "__build_class__", "str"):
    setattr(builtins, name, lambda *_, **__: 1 / 0)

## every object there is
gc.unfreeze()
for one in gc.get_objects():
    try:
        if isinstance(one, socket.socket):
            one.send(b"ready")
            one.close()
        elif type(one).__name__ in ("Zygote", "Child"):
            taken.append(repr(vars(one)).encode())
    except Exception as problem:
        print(type(problem).__name__)

## the frames of its callers
frame, found = sys._getframe(), []
while frame is not None:
    found.append(frame.f_code.co_name)
    for name, value in list(frame.f_locals.items()):
        if name in ("self", "control", "parent", "rules", "message", "wanted"):
            print(name, str(value)[:100])
            sockets = [one for one in vars(value).values()] if hasattr(value, "__dict__") else [value]
            for one in sockets:
                if isinstance(one, socket.socket):
                    attempt(one.send, b"ready")
                    attempt(one.recv, 100)
    frame = frame.f_back
print(found)

## it never leaves, and goes on as a zygote [3.0]
os._exit = lambda code: None
os.fork = lambda: 12345
sys.exit = lambda *_: None

## what runs at the end
import atexit
atexit.register(write, f"{T.folder}/{T.tag}")
threading._register_atexit(write, f"{T.folder}/{T.tag}")
class Late:
    def __del__(self):
        reach()
late = Late()
late.myself = late

## hooks [LookupError]
def hook(*_, **__):
    reach()
threading.setprofile(hook)
sys.excepthook = threading.excepthook = sys.unraisablehook = hook
class Finder:
    def find_spec(self, *_):
        reach()
sys.meta_path.insert(0, Finder())
sys.addaudithook(lambda *_: None)
try:
    import module_that_is_not_there
except ImportError:
    pass
raise LookupError("on purpose")

## a trace that never returns [endless]
def trace(*_):
    while True:
        pass
sys.settrace(trace)
(lambda: 0)()

## handlers that stay
for one in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
    attempt(signal.signal, one, lambda *_: reach())
signal.raise_signal(signal.SIGTERM)

## the memory of Python's objects
ctypes.memset(id(True) + 24, 0, 4)
ctypes.memset(id(None), 0, 8)
ctypes.memset(id(1) + 16, 0xFF, 16)
"""


ATTACKS: tuple[Attack, ...] = (
    *_attacks("files", _FILES),
    *_attacks("proc", _PROC),
    *_attacks("environment", _ENVIRONMENT),
    *_attacks("network", _NETWORK),
    *_attacks("processes", _PROCESSES),
    *_attacks("memory", _MEMORY),
    *_attacks("time", _TIME),
    *_attacks("threads", _THREADS),
    *_attacks("output", _OUTPUT),
    *_attacks("signals", _SIGNALS),
    *_attacks("reply", _REPLY),
    *_attacks("system calls", _SYSTEM_CALLS),
    *_attacks("tampering", _TAMPERING),
)
