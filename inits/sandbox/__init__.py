"""A stranger's code, run in a jail: see docs/SECURITY.md for what is promised.

`client` is what the web process uses; `zygote`, `child`, `compat` and the jail itself live in processes of their own.
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
    """Run pasted code in the jail and ask it for one kernel per shape, each with a seed of its own derived from `seed`.

    Returns a result with `.arrays` (float32, one per shape), `.output` (what it printed) and `.error` (None, or with
    `.line` and `.message`). The first call starts the jail, 6 to 8 s. Raises SpecError for code that is empty or too
    long, and for too many weights.
    """
    return _shared().run(code, shapes, seed)
