"""Pasted code in a child process without a jail, where a person agreed to it. Same request, same reply."""

import os
import sys
import threading
import time

from inits.sandbox.zygote import READY


def main() -> None:
    """Import Keras, say so, then serve one request: standard input to standard output, prints to standard error."""
    result = os.dup(1)
    os.dup2(2, 1)  # whatever prints past Python's streams is output too
    from inits.sandbox import child

    child.prepare()
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    os.write(result, READY)
    child.serve(os.dup(0), result, 2)
    sys.stdout = sys.__stdout__
    os._exit(0)


def _end_with(parent: int) -> None:
    """End when the server is gone: only it keeps the time."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)
