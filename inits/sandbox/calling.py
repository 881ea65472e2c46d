"""Call initializers with a shape, whatever other arguments they take."""

import inspect
from collections.abc import Callable
from typing import Any

PASSED = {"dtype": "float32", "name": None, "partition_info": None, "dim_ordering": "tf"}
"""The arguments that some version of Keras passes beside the shape; all but the dtype only if they are required."""

Parameters = list[inspect.Parameter]


def of_shape(initializer: Any) -> Callable[..., object]:
    """Return the initializer as a function of a shape, whatever other arguments it takes."""
    values, named = passed(initializer)
    return lambda shape, dtype=None: initializer(shape, *values, **named)


def passed(initializer: Any) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments for an initializer after the shape: by position, by name."""
    values, named = [], {}
    for one in parameters_of(initializer)[1:]:
        if one.kind is one.VAR_KEYWORD:
            named["dtype"] = PASSED["dtype"]
        elif one.name == "dtype" or (one.name in PASSED and required([one])):
            if one.kind is one.POSITIONAL_ONLY:
                values.append(PASSED[one.name])
            else:
                named[one.name] = PASSED[one.name]
    return values, named


def parameters_of(function: Any) -> Parameters:
    """Return the parameters of a function; one unnamed if code in C does not declare them."""
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return [inspect.Parameter("_", inspect.Parameter.POSITIONAL_ONLY)]


def call_parameters(value: Any) -> Parameters:
    """Return the parameters of an initializer's call, for a class those of its instances."""
    return parameters_of(value.__call__)[1:] if isinstance(value, type) else parameters_of(value)


def required(parameters: Parameters) -> list[str]:
    """Return the names of the parameters without a default value."""
    optional = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [one.name for one in parameters if one.default is one.empty and one.kind not in optional]
