"""Open zip files, of which all members are checked before any is read."""

import re
import stat
import struct
import zipfile
from collections import Counter

from inits.weightfiles.formats.deflated import Deflated
from inits.weightfiles.formats.limits import AGAIN, BLOCK, CLEANER, MAX_ENTRIES, check_ratio, quoted, refusal
from inits.weightfiles.formats.sources import Window
from inits.weightfiles.formats.work import UNFOLD

MAX_DIRECTORY = 5_000_000  # bytes of the list of members
_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")
_ENCRYPTED = 0x1
_OUTSIDE = re.compile(r"^/|^[A-Za-z]:|\\|(^|/)\.\.(/|$)|\0")


def is_zip(file: Window) -> bool:
    """Return True for a file that begins as a zip does."""
    return file.head(4) in _SIGNATURES


def opened(file: Window) -> zipfile.ZipFile:
    """Open a zip and check its members, once for each window. Raises WeightFileError."""
    if file.archive is None:
        file.archive = _checked(file)
    return file.archive


def _checked(file: Window) -> zipfile.ZipFile:
    window = Window(file, limit=MAX_DIRECTORY)
    try:
        archive = zipfile.ZipFile(window)
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError):
        raise refusal("is a zip that is cut off or damaged") from None
    window.limit = None  # members have limits of their own
    members = archive.infolist()
    if len(members) > MAX_ENTRIES:
        raise refusal(f"is a zip of {len(members):,} members, and at most {MAX_ENTRIES:,} are read", CLEANER)
    twice = [name for name, times in Counter(archive.namelist()).items() if times > 1 or not name]
    if twice:
        raise refusal(f"is a zip with the member {quoted(twice[0])} more than once", CLEANER)
    for member in members:
        _check(member)
    return archive


def _check(member: zipfile.ZipInfo) -> None:
    """Raise WeightFileError for a member that Keras and NumPy never write."""
    mode, name = member.external_attr >> 16, f"the member {quoted(member.orig_filename)}"
    if _OUTSIDE.search(member.orig_filename):
        raise refusal(f"is a zip with {name}, a path that leads elsewhere", CLEANER)
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise refusal(f"is a zip with {name}, a link instead of data", CLEANER)
    if member.flag_bits & _ENCRYPTED:
        raise refusal(f"is a zip with {name} under a password", "save it without one")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise refusal(f"is a zip with {name} in an unusual compression", CLEANER)
    if member.compress_type == zipfile.ZIP_STORED and member.compress_size != member.file_size:
        raise refusal(f"is a zip that gives two sizes for {name}", AGAIN)
    check_ratio(member.file_size, member.compress_size, f"is a zip with {name} that expands to")


def text(file: Window, archive: zipfile.ZipFile, member: zipfile.ZipInfo, limit: int) -> bytes:
    """Read a small member. Raises WeightFileError."""
    if member.file_size > limit:
        raise refusal(
            f"has {member.file_size:,} bytes in {quoted(member.filename)}, and at most {limit:,} are read"
        )
    file.work.spend(UNFOLD * member.file_size)
    return archive.read(member)


def seekable(file: Window, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Window:
    """Return a large member as a file, after a check of its checksum, without keeping it in memory."""
    archive.open(member).close()  # checks the head of the member
    head = file.at(member.header_offset, 30)
    start = member.header_offset + 30 + sum(struct.unpack_from("<HH", head, 26))
    raw = Window(file, start, member.compress_size)
    if member.compress_type == zipfile.ZIP_DEFLATED:
        return Window(Deflated(raw, member.file_size, member.CRC))
    with archive.open(member) as stream:
        while stream.read(BLOCK):
            pass
    return raw
