"""Makes Python believe that it runs on a machine for which there is no jail."""

import platform

platform.machine = lambda: "riscv64"
