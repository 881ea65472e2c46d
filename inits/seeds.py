"""Seeds derived from seeds, so that no two layers or runs share one by accident."""

import hashlib
import json

from inits.errors import SpecError
from inits.text import plain, shown

SEEDS = 2**31 - 2
"""How many seeds TensorFlow tells apart: Keras takes them modulo this number."""


def derive_seed(seed: int, *path: int | str) -> int:
    """A seed in [0, 2**31 - 2) that depends on `seed` and on every step of `path`, on all platforms alike.

    1 and "1" are different steps. NumPy integers are accepted.

    Raises:
        SpecError: if `seed` is not a whole number or a step is neither a whole number nor a text.
    """
    steps = [plain(step) for step in (seed, *path)]
    for step in steps:
        if isinstance(step, bool) or not isinstance(step, int | str):
            raise SpecError(f"A seed must be derived from whole numbers and texts. Received {shown(step)}.")
    if isinstance(steps[0], str):
        raise SpecError(f"seed must be a whole number. Received {shown(seed)}.")
    digest = hashlib.sha256(json.dumps(steps, separators=(",", ":")).encode()).digest()
    return int.from_bytes(digest[:8], "big") % SEEDS
