"""Untrusted code, run in a jail; docs/SECURITY.md says what is promised.

The web process uses `client`; `zygote`, `child`, `compat`, `picking` and `jail` run in processes of their own.
"""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inits.sandbox.client import Sandbox
    from inits.sandbox.results import Result


@cache
def _shared() -> "Sandbox":
    import atexit

    from inits.sandbox.client import Sandbox

    sandbox = Sandbox()
    atexit.register(sandbox.close)
    return sandbox


def run(code: str, shapes: Sequence[tuple[int, ...]], seed: int) -> "Result":
    """Run pasted code in the jail and draw one kernel for each shape.

    The first call starts the jail, which takes 6 to 8 s.

    Args:
        code: the pasted text.
        shapes: the shapes of the kernels of a network.
        seed: the seed from which each kernel's own seed is derived.

    Returns a result with `.arrays` (float32, one for each shape), `.output` (the printed text) and `.error` (None, or
    an error with `.line` and `.message`).

    Raises SpecError for code that is empty or too long, and for too many weights.
    """
    return _shared().run(code, shapes, seed)
