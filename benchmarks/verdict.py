"""The verdict before training against the result: all initializers, 5 activations, 4 depths, 3 optimizers."""

from benchmarks.report import Row
from benchmarks.workbench import Workbench
from inits.engine import worker
from inits.engine.engine import Engine
from inits.experiments.experiment import Experiment, Run, Start
from inits.experiments.network import Network
from inits.experiments.summary import CHANCE
from inits.initializers.spec import InitializerSpec, OptimizerSpec
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
)  # the rule was fitted to depths 1, 4, 10, 20 with other widths, batches, seeds and rates
OPTIMIZERS = ("SGD(learning_rate=0.1)", "SGD(learning_rate=0.02)", "Adam(learning_rate=0.002)")
WIDTH, BATCH, SEED = 96, 96, 7
STEPS = -(-12_000 // BATCH)
AT_ONCE = 6  # starts in one experiment


def run(bench: Workbench) -> list[Row]:
    rows = []
    with bench.engine() as engine:
        for text in OPTIMIZERS[: bench.count(3)]:
            found = [
                outcome
                for activation in ACTIVATIONS[: bench.count(5)]
                for depth in DEPTHS[: bench.count(4)]
                for first in range(0, bench.count(len(STARTS)), AT_ONCE)
                for outcome in _trained(engine, _experiment(first, depth, activation, text))
            ]
            right = sum(predicted == learned for predicted, learned in found)
            failed = [predicted for predicted, learned in found if not learned]
            learned = [predicted for predicted, learned in found if learned]
            rows += [
                Row(f"{text}: experiments", len(found), ""),
                Row(f"{text}: verdict right", 100 * right / len(found), "%"),
                Row(f"{text}: failures missed, of {len(failed)}", sum(failed), ""),
                Row(f"{text}: false alarms, of {len(learned)}", len(learned) - sum(learned), ""),
            ]
    return rows


def _experiment(first: int, depth: int, activation: str, optimizer: str) -> Experiment:
    starts = tuple(Start(InitializerSpec.parse(text)) for text in STARTS[first : first + AT_ONCE])
    network = Network((WIDTH,) * depth, activation)
    return Experiment(starts, network, OptimizerSpec.parse(optimizer), BATCH, (SEED,), "digits")


def _trained(engine: Engine, plan: Experiment) -> list[tuple[bool, bool]]:
    """Return for each run whether it was predicted to train, and whether it left chance."""
    job = engine.run(plan)
    job.over.wait()
    if job.error:
        raise RuntimeError(job.error)
    predicted = [_predicted(engine, one) for one in plan.runs]
    learned = [(record.test_accuracy or 0.0) > CHANCE for record in job.records]
    return list(zip(predicted, learned, strict=True))


def _predicted(engine: Engine, run: Run) -> bool:
    return classify(run, STEPS, engine.call(worker.first_pass, run, timeout=worker.PASS_SECONDS)) == "trains"
