"""The advice of the Choose page, trained: 54 tasks on the stand-in, each recommendation beside its two runners-up."""

from dataclasses import replace

from benchmarks.epoch import wait
from benchmarks.report import Row
from inits.engine.engine import Engine
from inits.experiments.experiment import Experiment, Start
from inits.settings import read
from inits.theory.recommendation import OPTIMIZERS, Recommendation, Task, recommend

ACTIVATIONS = ("relu", "tanh", "sigmoid", "elu", "selu", "gelu", "silu", "softplus", "linear")
DEPTHS = (3, 10, 20)
MARGIN = 0.02  # of accuracy: 297 test images tell no smaller difference
CHANCE = 0.2


def run() -> list[Row]:
    engine = Engine(replace(read(), cache_mb=0))
    wait(engine)
    tasks = [Task(a, depth, 64, optimizer=o) for o in OPTIMIZERS for a in ACTIVATIONS for depth in DEPTHS]
    advice = {task: recommend(task) for task in tasks}
    reached = {task: _trained(engine, task, found) for task, found in advice.items()}
    engine.close()
    good = sum(found[0] >= max(found) - MARGIN for found in reached.values())
    saved = [found for found in reached.values() if max(found) > CHANCE]
    stuck = sum(found[0] <= CHANCE for found in saved)
    worst = sum(found[0] < min(found[1:]) - MARGIN for found in reached.values())
    return [
        Row("tasks", len(tasks), ""),
        Row(f"first of the three, or within {MARGIN:.0%} of it", good, "tasks"),
        Row("worse than both runners-up", worst, "tasks"),
        Row("at chance or diverged though a runner-up learned", stuck, "tasks"),
    ]


def _trained(engine: Engine, task: Task, advice: Recommendation) -> list[float]:
    """Test accuracy after one epoch of each option; 0 for one that diverged."""
    starts = tuple(Start(one.kernel) for one in advice.options)
    plan = Experiment(starts, task.network, OPTIMIZERS[task.optimizer], 32, (0,), "digits")
    job = engine.run(plan)
    job.over.wait()
    if job.error:
        raise RuntimeError(job.error)
    return [record.test_accuracy or 0.0 for record in job.records]
