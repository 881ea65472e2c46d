"""The verdict before training against what happened: all initializers, 5 activations, 4 depths, 2 learning rates."""

from dataclasses import replace

from benchmarks.epoch import wait
from benchmarks.report import Row
from inits.engine import worker
from inits.engine.engine import Engine
from inits.experiments.experiment import Experiment, Run, Start
from inits.experiments.network import Network
from inits.experiments.summary import CHANCE
from inits.initializers.spec import InitializerSpec, OptimizerSpec
from inits.settings import read
from inits.theory.trainability import classify

STARTS = (
    *("Zeros()", "Ones()", "Constant(value=0.1)", "Identity()", "Orthogonal()"),
    *("RandomNormal()", "RandomUniform()", "TruncatedNormal()", "VarianceScaling()"),
    *("GlorotNormal()", "GlorotUniform()", "HeNormal()", "HeUniform()", "LecunNormal()", "LecunUniform()"),
    *("RandomNormal(stddev=0.01)", "RandomNormal(stddev=0.25)", "VarianceScaling(scale=5.0)"),
)
ACTIVATIONS = ("relu", "tanh", "sigmoid", "selu", "gelu")
DEPTHS = (
    2,
    6,
    12,
    18,
)  # the rule was made looking at 1, 4, 10 and 20, width 64, batch 64, other seeds and rates
OPTIMIZERS = ("SGD(learning_rate=0.1)", "SGD(learning_rate=0.02)", "Adam(learning_rate=0.002)")
WIDTH, BATCH, SEED = 96, 96, 7
STEPS = -(-12_000 // BATCH)


def run() -> list[Row]:
    engine = Engine(replace(read(), cache_mb=0))
    wait(engine)
    rows = []
    for text in OPTIMIZERS:
        found = [
            one for activation in ACTIVATIONS for one in _grid(engine, activation, OptimizerSpec.parse(text))
        ]
        right = sum(foretold == learned for foretold, learned in found)
        failed = [foretold for foretold, learned in found if not learned]
        learned = [foretold for foretold, learned in found if learned]
        rows += [
            Row(f"{text}: experiments", len(found), ""),
            Row(f"{text}: verdict right", 100 * right / len(found), "%"),
            Row(f"{text}: failures missed, of {len(failed)}", sum(failed), ""),
            Row(f"{text}: false alarms, of {len(learned)}", len(learned) - sum(learned), ""),
        ]
    engine.close()
    return rows


def _grid(engine: Engine, activation: str, optimizer: OptimizerSpec) -> list[tuple[bool, bool]]:
    """Whether each run of an activation was foretold to train, and whether it left chance."""
    found = []
    for depth in DEPTHS:
        net = Network((WIDTH,) * depth, activation)
        for first in range(0, len(STARTS), 6):
            starts = tuple(Start(InitializerSpec.parse(text)) for text in STARTS[first : first + 6])
            found += _trained(engine, Experiment(starts, net, optimizer, BATCH, (SEED,), "digits"))
    return found


def _trained(engine: Engine, plan: Experiment) -> list[tuple[bool, bool]]:
    job = engine.run(plan)
    job.over.wait()
    if job.error:
        raise RuntimeError(job.error)
    foretold = [_foretold(engine, one) for one in plan.runs]
    return [
        (told, (record.test_accuracy or 0.0) > CHANCE)
        for told, record in zip(foretold, job.records, strict=True)
    ]


def _foretold(engine: Engine, run: Run) -> bool:
    return classify(run, STEPS, engine.call(worker.glimpse, run, timeout=worker.PASS_SECONDS)) == "trains"
