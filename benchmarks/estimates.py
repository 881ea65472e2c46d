"""Expected against measured durations of trainings of many kinds, before and while they run."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from statistics import median
from time import perf_counter

from benchmarks.report import Row
from benchmarks.workbench import Workbench
from inits.engine.engine import Engine
from inits.engine.jobs import Plan
from inits.experiments.experiment import Experiment, Start
from inits.experiments.network import Network
from inits.experiments.sweep import Sweep, depths, grid
from inits.initializers.spec import InitializerSpec, OptimizerSpec

STARTS = tuple(
    Start(InitializerSpec(name)) for name in ("HeNormal", "GlorotUniform", "LecunNormal", "Orthogonal")
)
KINDS = (  # depth, width, starts, seeds, batch size, optimizer
    (1, 128, 1, 1, 32, "SGD"),
    (6, 128, 4, 1, 32, "SGD"),
    (50, 32, 3, 1, 32, "SGD"),
    (2, 512, 2, 1, 64, "SGD"),
    (10, 64, 1, 1, 128, "Adam"),
    (1, 32, 1, 20, 256, "SGD"),
    (3, 256, 8, 1, 128, "SGD"),
    (20, 64, 2, 3, 64, "SGD"),
    (5, 128, 2, 1, 16, "SGD"),
    (30, 32, 1, 1, 256, "SGD"),
    (2, 64, 4, 5, 64, "RMSprop"),
)
EVERY = 0.1  # seconds between two looks at the time left
EARLY = 0.2  # of a training: the time left counts from then on


@dataclass(frozen=True)
class Comparison:
    """Expected and measured seconds of a training. `left`: pairs of expected and true time left, after EARLY."""

    name: str
    expected: float
    measured: float
    left: tuple[tuple[float, float], ...]

    @property
    def factor(self) -> float:
        """The larger of expected and measured, divided by the other."""
        return exp(abs(log(self.expected / self.measured)))


def run(bench: Workbench) -> list[Row]:
    rows = []
    with bench.engine() as engine:
        for place, title in enumerate(("at first", "later", "at last")[: bench.count(3)]):
            found = [compare(engine, name, plan) for name, plan in plans(bench, seed=1000 * (1 + place))]
            rows += _rows(title, found)
    return rows


def plans(bench: Workbench, seed: int) -> list[tuple[str, Plan]]:
    """Return experiments and a sweep, with their names. No two seeds have results in common."""
    found: list[tuple[str, Plan]] = []
    for depth, width, starts, seeds, batch, optimizer in KINDS[: bench.count(len(KINDS))]:
        spec = OptimizerSpec.parse(f"{optimizer}(learning_rate=0.01)")
        plan = Experiment(
            STARTS[:1] if starts == 1 else tuple(STARTS[place % 4] for place in range(starts)),
            Network((width,) * depth), spec, batch, tuple(range(seed, seed + seeds)), bench.dataset,
        )  # fmt: skip
        found.append((f"{depth} x {width}, {starts} x {seeds} runs, batch {batch}, {optimizer}", plan))
    if not bench.small:
        sweep = Sweep("stddev", grid(0.02, 0.5, 6), "depth", depths(8), seed=seed, dataset=bench.dataset)
        found.append(("sweep of 6 x 8 cells", sweep))
    return found


def compare(engine: Engine, name: str, plan: Plan) -> Comparison:
    """Train a plan and note its expected durations. Raises RuntimeError if it fails."""
    expected = engine.scheduler.expected(plan.runs, plan.live).seconds
    began, looks = perf_counter(), []
    job = engine.run(plan)
    while not job.over.wait(EVERY):
        looks.append((perf_counter() - began, engine.scheduler.left(job)))
    measured = perf_counter() - began
    if job.error:
        raise RuntimeError(job.error)
    print(f"{name}: expected {expected:.1f} s, measured {measured:.1f} s", flush=True)
    left = tuple((left, measured - at) for at, left in looks if at > EARLY * measured)
    return Comparison(name, expected, measured, left)


def _rows(title: str, found: Sequence[Comparison]) -> list[Row]:
    rows = [
        Row(f"{title}: {one.name}, expected", one.expected, "s", None, one.measured, "measured")
        for one in found
    ]
    close = sum(one.factor <= 1.5 for one in found)
    # What is left is a few seconds at the end: the error is that of the whole.
    errors = [abs(expected - true) / one.measured for one in found for expected, true in one.left] or [0.0]
    return [
        *rows,
        Row(f"{title}: within a factor of 1.5", close, f"of {len(found)}"),
        Row(f"{title}: worst factor", max(one.factor for one in found), "x", 3.0),
        Row(f"{title}: error of the time left, share of the whole, median", 100 * median(errors), "%"),
        Row(
            f"{title}: error of the time left, share of the whole, worst tenth",
            100 * sorted(errors)[int(0.9 * len(errors))],
            "%",
            30.0,
        ),
    ]
