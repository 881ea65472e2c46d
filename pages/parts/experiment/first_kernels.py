"""The first kernel of each start, for the small histogram on its card."""

from dataclasses import replace

import numpy as np
import streamlit as st

from inits.engine import worker
from inits.errors import InitsError
from inits.experiments.experiment import Run, Start
from inits.experiments.file_start import FileSpec
from inits.experiments.network import Network
from inits.experiments.pasted import PastedSpec
from inits.experiments.weight_source import LsuvSpec
from inits.initializers.spec import InitializerSpec
from inits.measure.examination import SmallHistogram, small_histogram
from inits.seeds import derive_seed
from inits.training.draw import draw_small_histogram
from pages.parts.compute import pasted_code
from pages.parts.compute.engine_access import can_draw, engine, known_dataset, wait_for
from pages.parts.experiment.cards import Card
from pages.parts.experiment.choices import Choices
from pages.parts.page.gate import gate


def first_kernel(start: Start, choices: Choices) -> SmallHistogram | None:
    """Return the first kernel of a run, as it will be; None until Keras is loaded, or if it cannot be shown."""
    spec, shape, seed = start.kernel, choices.network.kernel_shapes[0], choices.seed
    try:
        if isinstance(spec, PastedSpec):
            return _pasted(start, choices.network, seed)
        if isinstance(spec, LsuvSpec):
            return _scaled(start, choices)
        if isinstance(spec, FileSpec):
            if (found := _from_file(str(spec), choices.network, seed)) is not None:
                return found
            spec = spec.rest
        return _drawn(str(spec), shape, derive_seed(seed, "kernel", 0)) if can_draw() else None
    except InitsError:
        return None


def _scaled(start: Start, choices: Choices) -> SmallHistogram | None:
    """Return the first kernel of LSUV, which needs the first batch, and so the data set."""
    dataset = known_dataset(choices.data)
    if not (can_draw() and dataset):
        return None
    (run,) = replace(choices, cards=(Card(start),), seeds=1).experiment(dataset).runs
    return _scaled_for(run)


@st.cache_data(max_entries=100, show_spinner=False, hash_funcs={Run: lambda run: run.key})
def _scaled_for(run: Run) -> SmallHistogram:
    return engine().call(worker.first_kernel, run)


@st.cache_data(max_entries=100, show_spinner=False)
def _from_file(text: str, net: Network, seed: int) -> SmallHistogram | None:
    """Return the first kernel of a network; None if no layer of the file fits."""
    (kernel, _) = engine().sources.request(Start(FileSpec.parse(text)), net, seed, layers=1).result()
    return None if kernel is None else small_histogram(kernel)


@st.cache_data(max_entries=500, show_spinner=False)
def _drawn(text: str, shape: tuple[int, int], seed: int) -> SmallHistogram:
    with gate.aside():
        return engine().call(draw_small_histogram, InitializerSpec.parse(text), shape, seed)


def _pasted(start: Start, net: Network, seed: int) -> SmallHistogram | None:
    """Return the first kernel that pasted code draws; None while it runs, and if it is not finite."""
    future = pasted_code.request_arrays(start, net, seed, layers=1)
    if not pasted_code.wait_soon([future]):
        wait_for(future.done, lambda: "Running your code...")
        return None
    kernel, _ = future.result()
    return small_histogram(kernel) if kernel is not None and np.isfinite(kernel).all() else None
