"""What trainings cost: a model of compiling and training, corrected by what this server has measured."""

import math
from collections import OrderedDict
from typing import NamedTuple

from inits.experiments.experiment import Experiment, Run, Start
from inits.experiments.weight_source import LsuvSpec
from inits.initializers.optimizers import OPTIMIZERS
from inits.initializers.spec import InitializerSpec

MAX_NETWORKS = 1000  # whose own speed is remembered
SHARE_OF_SERVER, SHARE_OF_KIND = 0.5, 0.15  # of a deviation; mostly the load of the server has changed
ENOUGH = 0.5  # seconds: a measurement that took so long counts half
LARGEST = math.log(100.0)  # correction, up or down

Kind = tuple[object, ...]
"""Network, optimizer and batch size: runs of one kind share a compiled network."""


class Cost(NamedTuple):
    """Seconds of one core of the machine in docs/BENCHMARKS.md: to compile a network, and for an epoch with it."""

    compiling: float
    epoch: float


def kind_of(run: Run) -> Kind:
    """Return the kind of a run."""
    return run.slot_key[:3]


DEFAULT_KIND = kind_of(Experiment((Start(InitializerSpec("GlorotUniform")),)).runs[0])
"""The kind that workers compile when they start."""


def cost(run: Run, images: int) -> Cost:
    """Return what a run costs. The numbers are fitted to 27 networks of 0 to 50 layers and 32 to 1,024 units."""
    net, layers = run.network, len(run.network.kernel_shapes)
    adaptive = OPTIMIZERS[run.optimizer.name].adaptive
    inputs, units = net.kernel_shapes[0]
    # Forward, back to the weights and back to the inputs, which the first layer omits: two operations for each weight.
    operations = 6 * net.parameters - (2 * inputs * units if layers > 1 else 0)
    step = 3.4e-5 + 3.9e-6 * layers + 9.3e-10 * net.parameters * adaptive
    once = 0.08 + 0.0026 * layers + 4.6e-7 * net.parameters + _decompositions(run)  # draws, checkpoints, test
    epoch = once + -(-images // run.batch_size) * step + images * operations * 1.02e-11
    return Cost(0.86 + (0.052 + 0.064 * adaptive) * layers, epoch)


def _decompositions(run: Run) -> float:
    """Return the seconds of the QR decompositions of an orthogonal start."""
    kernel = run.start.kernel
    if not (isinstance(kernel, LsuvSpec) or getattr(kernel, "name", "") == "Orthogonal"):
        return 0.0
    return sum(2e-10 * a * b * min(a, b) for a, b in run.network.kernel_shapes)


class Correction:
    """Factors from costs to seconds: that of the server, times that of each kind that was measured before.

    New measurements count more than old ones, because the load of a machine changes.
    """

    def __init__(self, server: float = 0.0):
        self.server = server  # the logarithm of the factor
        self._measurements = 0
        self._kinds: OrderedDict[Kind, float] = OrderedDict()

    def factor(self, kind: Kind) -> float:
        """Return the factor of a kind."""
        return math.exp(self.server + self._kinds.get(kind, 0.0))

    def learn(self, kind: Kind, seconds: float, expected: float) -> None:
        """Adjust to a measurement of what costs `expected`."""
        if seconds <= 0 or expected <= 0:
            return
        own = self._kinds.pop(kind, 0.0)
        measured = min(max(math.log(seconds / expected), -LARGEST), LARGEST)
        deviation = (measured - self.server - own) * seconds / (seconds + ENOUGH)
        self._measurements += 1
        self.server += max(SHARE_OF_SERVER, 1 / (0.3 + self._measurements)) * deviation
        self._kinds[kind] = own + SHARE_OF_KIND * deviation
        if len(self._kinds) > MAX_NETWORKS:
            self._kinds.popitem(last=False)
