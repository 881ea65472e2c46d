"""Read a QR code, written from the standard (ISO/IEC 18004) and independent of the app's library."""

from collections.abc import Iterator, Sequence

MASKS = (
    lambda y, x: (x + y) % 2,
    lambda y, x: y % 2,
    lambda y, x: x % 3,
    lambda y, x: (x + y) % 3,
    lambda y, x: (y // 2 + x // 3) % 2,
    lambda y, x: x * y % 2 + x * y % 3,
    lambda y, x: (x * y % 2 + x * y % 3) % 2,
    lambda y, x: ((x + y) % 2 + x * y % 3) % 2,
)
QUIET = 4  # modules around the code
LOW = 0b01  # the lowest level of error correction


def read(code: Sequence[Sequence[bool]]) -> str:
    """Return the text in a code of version 2 to 5 and level L, whose data are in one block."""
    size = len(code) - 2 * QUIET
    inner = [row[QUIET:-QUIET] for row in code[QUIET:-QUIET]]
    assert sum(map(sum, code)) == sum(map(sum, inner)), "the quiet zone is not empty"
    form = sum(int(inner[8][x]) << (14 - i) for i, x in enumerate((0, 1, 2, 3, 4, 5, 7))) ^ 0b101010000010010
    assert form >> 13 == LOW
    mask = MASKS[form >> 10 & 7]
    bits = "".join(str(int(inner[y][x] ^ (not mask(y, x)))) for y, x in _places(size))
    assert bits[:4] == "0100", "not in bytes"
    length = int(bits[4:12], 2)
    return bytes(int(bits[i : i + 8], 2) for i in range(12, 12 + 8 * length, 8)).decode()


def _places(size: int) -> Iterator[tuple[int, int]]:
    """Yield the places of the data: pairs of columns from the right, up and down in turn."""
    for turn, right in enumerate([*range(size - 1, 6, -2), *range(5, 0, -2)]):
        rows = range(size) if turn % 2 else range(size - 1, -1, -1)
        for y in rows:
            for x in (right, right - 1):
                if not _is_pattern(y, x, size):
                    yield y, x


def _is_pattern(y: int, x: int, size: int) -> bool:
    corner = (y < 9 and (x < 9 or x >= size - 8)) or (y >= size - 8 and x < 9)
    alignment = abs(y - (size - 7)) <= 2 and abs(x - (size - 7)) <= 2
    return corner or alignment or y == 6 or x == 6
