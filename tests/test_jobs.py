"""How runs are dealt to cores."""

from hypothesis import given
from hypothesis import strategies as st

from inits.experiment import Architecture, Experiment, Start
from inits.jobs import lanes
from inits.spec import InitializerSpec, OptimizerSpec

HE = Start(InitializerSpec("HeNormal"))


def runs_of(depth: int, starts: int, rate: float = 0.1) -> tuple:
    optimizer = OptimizerSpec("SGD", (("learning_rate", rate),))
    return Experiment((HE,) * starts, Architecture((8,) * depth), optimizer).runs


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 8)), max_size=6), st.integers(1, 5))
def test_every_run_is_dealt_once_with_runs_of_its_network(groups, cores):
    runs = list(enumerate(run for depth, starts in groups for run in runs_of(depth, starts)))
    dealt = lanes(runs, cores)
    assert sorted(number for lane in dealt for number, _ in lane) == [number for number, _ in runs]
    assert all(lane for lane in dealt)
    for lane in dealt:
        assert len({run.network for _, run in lane}) == 1
    networks = len({run.network for _, run in runs})
    if len(runs) >= cores and networks == 1:
        assert len(dealt) == cores
    if networks >= cores:
        assert len(dealt) == networks


def test_the_learning_rate_makes_no_other_network():
    runs = list(enumerate([*runs_of(1, 1, 0.1), *runs_of(1, 1, 0.2)]))
    assert lanes(runs, 1) == [runs]


def test_the_starts_of_a_seed_are_spread_over_the_cores():
    runs = list(enumerate(Experiment((HE,) * 3, seeds=(0, 1)).runs))
    assert [[number for number, _ in lane] for lane in lanes(runs, 2)] == [[0, 2, 4], [1, 3, 5]]


def test_the_longest_lanes_come_first():
    runs = list(enumerate(run for depth in (1, 4, 2) for run in runs_of(depth, 2)))
    assert [lane[0][0] for lane in lanes(runs, 2)] == [2, 4, 0]
