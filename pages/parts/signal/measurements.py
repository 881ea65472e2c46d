"""The signal through each start: predicted here, measured in the compute process, and shared by all sessions."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
import streamlit as st

from inits.data.datasets import DEFAULT
from inits.engine import worker
from inits.engine.engine import Engine
from inits.errors import EngineError, InitsError
from inits.experiments.experiment import Start
from inits.experiments.file_start import FileSpec
from inits.experiments.network import Network
from inits.experiments.pasted import PastedSpec
from inits.experiments.record import InitialArrays
from inits.measure.signal_measurement import Measurement
from inits.seeds import consecutive_seeds
from inits.theory.signal_theory import (
    TYPICAL_INPUTS,
    Gains,
    InputStatistics,
    Prediction,
    check_size,
    gains,
    predict,
)
from pages.parts.compute import pasted_code
from pages.parts.compute.engine_access import can_draw, engine, known_dataset
from pages.parts.experiment.choices import Choices
from pages.parts.page.gate import gate
from pages.parts.page.shared_cache import SharedCache

MAX_KEPT = 600  # predictions, and measurements of one start with one seed
MAX_OFFSET = 5.0  # standard errors of the mean weight from 0 up to which the theory applies


@dataclass(frozen=True)
class StartSignal:
    """The signal through one start; values are empty until they are known.

    Predictions and measurements are equal only if they are the same object: all sessions share them.

    Attributes:
        gains: σ_w² and σ_b² by layer.
        prediction: by theory.
        no_theory: why there is no prediction.
        measurements: one for each seed.
        problem: why there are no measurements.
    """

    gains: Gains | None = None
    prediction: Prediction | None = None
    no_theory: str = ""
    measurements: tuple[Measurement, ...] = ()
    problem: str = ""


def signals_of(choices: Choices, whole: bool = True) -> tuple[InputStatistics, list[StartSignal]]:
    """Return the statistics of the inputs, and the signal through each start.

    Args:
        choices: the settings of the page.
        whole: False to measure only the first seed of a start that has not been measured, so that it is shown sooner.

    Raises:
        SpecError: if the network is too large.
    """
    check_size(choices.network, choices.batch_size)
    known = known_dataset(choices.data)
    measured: list[tuple[Measurement, ...] | InitsError]
    if known is None or not can_draw():
        facts, measured = TYPICAL_INPUTS[known or DEFAULT], [() for _ in choices.cards]
    else:
        facts, measured = _measured(choices, known, whole)
    return facts, [
        _signal(card.start, choices.network, facts, one)
        for card, one in zip(choices.cards, measured, strict=True)
    ]


def _signal(
    start: Start, network: Network, facts: InputStatistics, found: Sequence[Measurement] | InitsError
) -> StartSignal:
    problem, measurements = (str(found), ()) if isinstance(found, InitsError) else ("", tuple(found))
    try:
        start_gains = gains(start, network) or as_drawn(start, network, measurements)
        prediction = predicted(network, start_gains, facts) if start_gains else None
        return StartSignal(start_gains, prediction, "", measurements, problem)
    except InitsError as error:
        return StartSignal(None, None, str(error), measurements, problem)


@lru_cache(maxsize=MAX_KEPT)
def predicted(network: Network, start_gains: Gains, facts: InputStatistics) -> Prediction:
    """Return the prediction for a network; see `inits.theory.signal_theory.predict`."""
    return predict(network, start_gains, facts)


def as_drawn(start: Start, network: Network, found: Sequence[Measurement]) -> Gains | None:
    """Return the gains of a start without a law, averaged over its measured seeds; None before the first.

    Raises:
        InitsError: if the weights come from a file, or if their mean is not 0.
    """
    if isinstance(start.kernel, FileSpec):
        raise InitsError(
            f"weights must be independent and random for mean-field theory, but got those of {start.kernel.label}: "
            "only the measured points are shown."
        )
    if not found:
        return None
    if max(one.offsets.max() for one in found) > MAX_OFFSET:
        raise InitsError(
            f"mean of the weights must be 0 for mean-field theory, but got another mean from {start.kernel.label}: "
            "only the measured points are shown."
        )
    laws = [start.bias.law(shape[1:]) for shape in network.kernel_shapes]
    biases = tuple(law.std**2 + law.mean**2 for law in laws if law is not None)
    weights = np.mean([one.gains for one in found], axis=0)
    return Gains(tuple(map(float, weights)), biases)


@st.cache_resource(show_spinner=False)
def _memory() -> SharedCache[Any]:
    return SharedCache(MAX_KEPT)


def _measured(
    choices: Choices, known: str, whole: bool
) -> tuple[InputStatistics, list[tuple[Measurement, ...] | InitsError]]:
    """Return the statistics of the batch and the measurements of each start, or why it has none.

    Missing measurements are requested in parallel, except for seeds whose weights pasted code still draws.
    """
    net, seeds, batch = choices.network, seeds_of(choices), (known, choices.batch_size, choices.seed)
    compute, memory, fingerprint = engine(), _memory(), engine().status.fingerprint
    requests = []
    for card in choices.cards:
        keys = {seed: (card.start, net, seed, batch, fingerprint) for seed in seeds}
        missing = [seed for seed, key in keys.items() if memory.get(key) is None]
        if not whole:
            missing = missing[:1] if seeds[0] in missing else []
        drawn: list[InitialArrays] | InitsError | None
        try:
            drawn = arrays_of(card.start, net, missing)
        except InitsError as error:
            drawn = error
        requests.append((keys, missing, drawn))
    with gate.aside(), ThreadPoolExecutor(len(requests) + 1) as pool:
        inputs = pool.submit(
            memory.get_or_make, (batch, fingerprint), lambda: compute.call(worker.signal_inputs, *batch)
        )
        found = pool.map(lambda one: _answer(compute, memory, *one), requests)
        try:
            facts = inputs.result()
        except EngineError:  # each start shows the error; theory is still available
            facts = TYPICAL_INPUTS[known]
        _prepare_theory(choices, facts)  # while the measurements run
        return facts, list(found)


def _answer(
    compute: Engine,
    memory: SharedCache[Any],
    keys: dict[int, Any],
    missing: list[int],
    drawn: list[InitialArrays] | InitsError | None,
) -> tuple[Measurement, ...] | InitsError:
    """Return all measurements of a start after requesting the missing ones, or why there are none."""
    if isinstance(drawn, InitsError):
        return drawn
    if missing and drawn is not None:
        start, network, _, batch, fingerprint = keys[missing[0]]
        with memory.exclusive((start, network, batch, fingerprint)):
            wanted = {s: m for s, m in zip(missing, drawn, strict=True) if memory.get(keys[s]) is None}
            try:
                seeds, arrays = list(wanted), list(wanted.values())
                call = partial(compute.call, worker.signal, timeout=worker.PASS_SECONDS)
                measured = call(start, network, seeds, arrays, batch) if wanted else []
            except InitsError as error:
                return error
            for seed, one in zip(wanted, measured, strict=True):
                memory.put(keys[seed], one)
    known = (memory.get(key) for key in keys.values())
    return tuple(one for one in known if one is not None)


def _prepare_theory(choices: Choices, facts: InputStatistics) -> None:
    """Compute the predictions that the page will show."""
    for card in choices.cards:
        try:
            if start_gains := gains(card.start, choices.network):
                predicted(choices.network, start_gains, facts)
        except InitsError:  # reported where it is shown
            continue


def arrays_of(start: Start, network: Network, seeds: Sequence[int]) -> list[InitialArrays] | None:
    """Return for each seed the arrays that Keras does not draw, see `ArraySources.request`.

    None while code still runs. Raises InitsError if the code failed or the file is gone.
    """
    futures = [pasted_code.request_arrays(start, network, seed) for seed in seeds]
    return [future.result() for future in futures] if pasted_code.wait_soon(futures) else None


def code_is_done(choices: Choices) -> bool:
    """Return True if no pasted code is running."""
    try:
        return all(
            pasted_code.request_arrays(card.start, choices.network, seed).done()
            for card in choices.cards
            if isinstance(card.start.kernel, PastedSpec)
            for seed in seeds_of(choices)
        )
    except InitsError:
        return True


def seeds_of(choices: Choices) -> tuple[int, ...]:
    """The seeds that every start is drawn with; the last ones wrap around."""
    return consecutive_seeds(choices.seed, choices.seeds)
