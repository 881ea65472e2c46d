"""Count the work of reading a file as it is spent, so that a few bytes cannot keep a reader busy.

What a file declares says little about it: an array of one number may lie in a compressed piece of 16 MB, and one
header may be reached under ten thousand names. The unit is a nanosecond, estimated, so that a file is refused or read
on all machines alike. Trained weights need about a tenth of what is allowed.
"""

from inits.weightfiles.formats.limits import CLEANER, refusal

ALWAYS_ALLOWED = 10_000_000_000  # for a file of any size: 10 s
PER_BYTE = 100  # of the file, beyond that
CALL, READ = 3_000, 4  # a read from the file, and bytes of it in a nanosecond
UNFOLD = 4  # a byte that is decompressed
STEP = 40_000  # from a group to an array, or to an attribute
MESSAGE = 1_500  # an entry of a list in the file
TEXT = 10  # a byte of a name
MEMBER = 100_000  # of a zip


class Work:
    """The work that is left for reading one file."""

    def __init__(self, allowed: int):
        self.allowed = self.left = allowed

    @classmethod
    def of(cls, size: int) -> "Work":
        """Return what is allowed for a file of that many bytes."""
        return cls(ALWAYS_ALLOWED + PER_BYTE * size)

    @property
    def is_spent(self) -> bool:
        """True if more was needed than is allowed."""
        return self.left < 0

    def spend(self, cost: int) -> None:
        """Count some work. Raises WeightFileError when more is needed than is allowed."""
        self.left -= cost
        if self.is_spent:
            self.refuse()

    def refuse(self) -> None:
        """Raise WeightFileError for too much work."""
        raise refusal("takes far more work to read than weights of its size", CLEANER)
