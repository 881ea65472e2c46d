"""Restore what NumPy, TensorFlow and Keras have dropped since pasted code was written.

Imports Keras and changes shared modules: only for the zygote, once.
"""

import functools
import importlib
import inspect
import sys
import types
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.src import initializers as source

from inits.sandbox.calling import of_shape, passed

COMMON = """
    __future__ abc bisect cmath collections.abc contextlib copy csv datetime decimal enum fractions hashlib heapq io
    itertools json logging numbers operator os pathlib pickle pprint secrets statistics string time timeit traceback
    tracemalloc typing typing_extensions unicodedata warnings
    numpy.ctypeslib numpy.fft numpy.linalg numpy.ma numpy.polynomial numpy.random numpy.testing numpy.typing
    scipy.fft scipy.linalg scipy.optimize scipy.sparse scipy.special scipy.stats
    tensorflow.python.keras.backend tensorflow.python.keras.initializers tensorflow.python.keras.layers
    tensorflow.python.keras.models tensorflow.python.ops.init_ops tensorflow.python.ops.init_ops_v2
"""
"""Modules that pasted code imports. They are imported before the fork, after which files may be out of reach."""

OLD_MODULES = {  # module today: its former names
    "backend": "backend.tensorflow_backend",
    "initializers": "initializers.initializers_v1 initializers.initializers_v2",
    "layers": "engine engine.topology engine.base_layer layers.advanced_activations layers.convolutional layers.core",
    "models": "engine.training engine.sequential",
    "utils": "utils.generic_utils utils.np_utils",
}
OLD_NUMPY = {
    **{"float": float, "int": int, "object": object, "str": str, "complex": complex, "float_": np.float64},
    **{"product": np.prod, "cumproduct": np.cumprod, "alltrue": np.all, "sometrue": np.any, "in1d": np.isin},
    **{"NaN": np.nan, "Inf": np.inf, "infty": np.inf, "asfarray": np.asarray, "trapz": np.trapezoid},
}
OLD_ARGUMENTS = {  # the names of arguments in Keras 1
    "Dense": {"output_dim": "units", "init": "kernel_initializer", "bias": "use_bias"},
    "random_normal": {"std": "stddev"},
    "truncated_normal": {"std": "stddev"},
    "random_uniform": {"low": "minval", "high": "maxval"},
}


def prepare() -> None:
    """Import what pasted code imports, and restore what NumPy, TensorFlow and Keras dropped.

    Runs once, in the zygote, and runs no TensorFlow op: a process that has run one cannot be forked.
    """
    warnings.filterwarnings("ignore", category=UserWarning, module="keras|tensorflow")  # about old code
    tf.get_logger().setLevel("ERROR")
    for name in COMMON.split():
        with suppress(ModuleNotFoundError):
            importlib.import_module(name)
    for name, value in OLD_NUMPY.items():
        setattr(np, name, value)
    _old_tensorflow()
    _old_backend()
    _old_initializers()
    layer = keras.layers.Dense
    layer.__init__ = _renamed(layer.__init__, OLD_ARGUMENTS["Dense"])
    _old_modules()


def _old_tensorflow() -> None:
    """Restore the names of TensorFlow 1. Graphs stay off: weights are needed at once, and tracing writes files."""
    old = tf.compat.v1
    tf.config.run_functions_eagerly(True)
    for switch in ("disable_eager_execution", "disable_v2_behavior", "enable_eager_execution"):
        setattr(old, switch, lambda: None)
    for name in dir(old):
        if not name.startswith("_") and not hasattr(tf, name):
            setattr(tf, name, getattr(old, name))
    sys.modules |= {"tensorflow.compat": tf.compat, "tensorflow.compat.v1": old}


def _old_backend() -> None:
    """Restore the functions that `K` had before Keras 3, which `tf.keras` still has."""
    old = tf.keras.backend
    for name in ("random_normal", "truncated_normal", "random_uniform"):
        setattr(old, name, _renamed(getattr(old, name), OLD_ARGUMENTS[name]))
    old.image_dim_ordering, old.set_image_dim_ordering = lambda: "tf", lambda order: None
    for name in dir(old):
        if not hasattr(keras.backend, name):
            setattr(keras.backend, name, getattr(old, name))


def _renamed(function: Callable[..., Any], names: dict[str, str]) -> Callable[..., Any]:
    """Return the function with old names for its arguments as well."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **{names.get(name, name): value for name, value in kwargs.items()})

    call.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]  # Keras reads it
    return call


def _old_initializers() -> None:
    """Restore names and arguments of Keras 1 and 2, and let layers call initializers that take no dtype."""
    now, get = keras.initializers, source.get
    for old, new in {
        "normal": "RandomNormal",
        "uniform": "RandomUniform",
        "zero": "Zeros",
        "one": "Ones",
    }.items():
        setattr(now, old, getattr(now, new))
    now._compute_fans = lambda shape, *_, **__: source.random_initializers.compute_fans(shape)
    init = now.VarianceScaling.__init__

    @functools.wraps(init)
    def scaling(*args: Any, **kwargs: Any) -> None:
        given = inspect.signature(init).bind(*args, **kwargs)
        if given.arguments.get("distribution") == "normal":
            given.arguments["distribution"] = "truncated_normal"
        init(*given.args, **given.kwargs)

    def get_any(identifier: Any) -> Any:
        found = get(identifier)
        return found if found is None or "dtype" in passed(found)[1] else of_shape(found)

    now.VarianceScaling.__init__ = scaling
    now.get = source.get = get_any


def _old_modules() -> None:
    """Restore modules that were split, merged or renamed, and `tensorflow.keras` with the modules of `tf.keras`."""
    sys.modules["keras.initializations"] = keras.initializations = _keras1_initializations()
    for new, names in OLD_MODULES.items():
        for name in names.split():
            parent, _, last = f"keras.{name}".rpartition(".")
            sys.modules[f"keras.{name}"] = sys.modules[f"keras.{new}"]
            setattr(sys.modules[parent], last, sys.modules[f"keras.{new}"])
    tree = sys.modules["tensorflow.keras"] = sys.modules["keras._tf_keras.keras"]
    for name, module in vars(tree).items():
        if isinstance(module, types.ModuleType):
            # An import by its path would make a second copy without the old names.
            sys.modules |= {f"{tree.__name__}.{name}": module, f"tensorflow.keras.{name}": module}


def _keras1_initializations() -> types.ModuleType:
    """Return Keras 1's module of functions of (shape, [scale], name), whose normal laws were not truncated."""
    module, now = types.ModuleType("keras.initializations"), keras.initializers
    normal = functools.partial(now.VarianceScaling, distribution="untruncated_normal")
    scaled = {
        "uniform": (0.05, lambda scale: now.RandomUniform(-scale, scale)),
        "normal": (0.05, lambda scale: now.RandomNormal(0.0, scale)),
        "orthogonal": (1.1, now.Orthogonal),
        "identity": (1.0, now.Identity),
    }
    fixed = {
        name: getattr(now, name) for name in ("zero", "one", "lecun_uniform", "glorot_uniform", "he_uniform")
    }
    fixed |= {"glorot_normal": lambda: normal(1.0, "fan_avg"), "he_normal": lambda: normal(2.0, "fan_in")}
    for name, (usual, law) in scaled.items():
        setattr(module, name, lambda shape, scale=usual, *_, law=law, **__: law(scale)(shape))
    for name, law in fixed.items():
        setattr(module, name, lambda shape, *_, law=law, **__: law()(shape))
    vars(module).update(get_fans=now._compute_fans, get=now.get)
    return module
