"""The advice of Choose, trained: 54 tasks on the stand-in's digits, each recommendation beside two runners-up."""

from benchmarks.report import Row
from benchmarks.workbench import Workbench
from inits.engine.engine import Engine
from inits.experiments.experiment import Experiment, Start
from inits.theory.options import OPTIMIZERS, Task
from inits.theory.recommendation import Recommendation, recommend

ACTIVATIONS = ("relu", "tanh", "sigmoid", "elu", "selu", "gelu", "silu", "softplus", "linear")
DEPTHS = (3, 10, 20)
MARGIN = 0.02  # of accuracy: 297 test images show no smaller difference
CHANCE = 0.2


def run(bench: Workbench) -> list[Row]:
    tasks = [Task(a, depth, 64, optimizer=o) for o in OPTIMIZERS for a in ACTIVATIONS for depth in DEPTHS]
    tasks = tasks[: bench.count(len(tasks))]
    with bench.engine() as engine:
        reached = [_trained(engine, task, recommend(task)) for task in tasks]
    good = sum(found[0] >= max(found) - MARGIN for found in reached)
    stuck = sum(found[0] <= CHANCE < max(found) for found in reached)
    worst = sum(found[0] < min(found[1:]) - MARGIN for found in reached)
    return [
        Row("tasks", len(tasks), ""),
        Row(f"best of the three, or within {MARGIN:.0%} of it", good, "tasks"),
        Row("worse than both runners-up", worst, "tasks"),
        Row("at chance or diverged although a runner-up learned", stuck, "tasks"),
    ]


def _trained(engine: Engine, task: Task, advice: Recommendation) -> list[float]:
    """Return the test accuracy after one epoch of each option; 0 for one that diverged."""
    starts = tuple(Start(one.kernel) for one in advice.options)
    plan = Experiment(starts, task.network, OPTIMIZERS[task.optimizer], 32, (0,), "digits")
    job = engine.run(plan)
    job.over.wait()
    if job.error:
        raise RuntimeError(job.error)
    return [record.test_accuracy or 0.0 for record in job.records]
