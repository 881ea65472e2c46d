"""Make Python believe that it runs on a machine for which there is no jail, and find out slowly."""

import platform
import sys
import time


def machine() -> str:
    if sys._getframe(1).f_globals.get("__name__") == "inits.sandbox.canary":
        time.sleep(0.4)  # the page has asked for the jail by then and waits
    return "riscv64"


platform.machine = machine
