"""Seeds derived from seeds, so that no two layers or runs share one by accident."""

import hashlib
import json

from inits.errors import SpecError
from inits.text import plain, shown

SEED_COUNT = 2**31 - 2
"""Number of different seeds: Keras takes seeds modulo this number."""
MAX_SEED = SEED_COUNT - 1


def derive_seed(seed: int, *path: int | str) -> int:
    """Return a seed in [0, 2**31 - 2) that depends on `seed` and every step of `path`, the same on all platforms.

    1 and "1" are different steps. NumPy integers are accepted.

    Raises:
        SpecError: if `seed` is not a whole number or a step is neither a whole number nor a text.
    """
    steps = [plain(step) for step in (seed, *path)]
    for step in steps:
        if isinstance(step, bool) or not isinstance(step, int | str):
            raise SpecError(f"A seed must be derived from whole numbers and texts, but got {shown(step)}.")
    if isinstance(steps[0], str):
        raise SpecError(f"seed must be a whole number, but got {shown(seed)}.")
    digest = hashlib.sha256(json.dumps(steps, separators=(",", ":")).encode()).digest()
    return int.from_bytes(digest[:8], "big") % SEED_COUNT


def consecutive_seeds(first: int, count: int) -> tuple[int, ...]:
    """Return `first` and the seeds after it; they continue at 0 after `MAX_SEED`."""
    return tuple((first + i) % SEED_COUNT for i in range(count))
