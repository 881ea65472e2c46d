"""The HDF5 layout of Keras 1 and 2, which Keras 3 still writes as `.h5`: lists of layer names and of weight names."""

import re

from inits.errors import WeightFileError
from inits.weightfiles.formats import config
from inits.weightfiles.formats.hdf5 import Object, Reader
from inits.weightfiles.formats.keras_names import OLD, kind_of
from inits.weightfiles.formats.limits import Sketch, Stored, quoted, refusal

LAYERS, WEIGHTS, BELOW, OWN = "layer_names", "weight_names", "model_weights", "top_level_model_weights"


def root(reader: Reader) -> Object | None:
    """The group that lists the layers; None when the file has another layout. Raises WeightFileError."""
    below = reader.open(reader.root, BELOW) if reader.has(reader.root, BELOW) else None
    for group in (reader.root, below):
        if group and group.is_group and reader.strings(group, LAYERS) is not None:
            return group
    return None


def sketches(reader: Reader, group: Object) -> list[Sketch]:
    """The layers as they are listed, the model's own weights first as in `Model.weights`. Raises WeightFileError."""
    kinds = _kinds(reader)
    names = list(reader.strings(group, LAYERS) or [])
    if reader.has(group, OWN) and OWN not in names:
        names.insert(0, OWN)
    return [sketch for name in names for sketch in _layer(reader, group, name, kinds)]


def _kinds(reader: Reader) -> dict[str, str]:
    """Classes of layers by name, from the config where it can be read: nothing else hangs on it."""
    try:
        text = reader.text(reader.root, "model_config").encode(errors="replace")
        return {node.name: node.kind for node in config.model(text).walk()} if text else {}
    except WeightFileError:
        return {}


def _layer(reader: Reader, group: Object, layer: str, kinds: dict[str, str]) -> list[Sketch]:
    """One layer, or the layers of the model that it is."""
    inside = reader.open(group, layer)
    if not inside.is_group:
        raise refusal(f"has no group for the layer {quoted(layer)}")
    found: dict[str, dict[str, Stored]] = {}
    weights = reader.strings(inside, WEIGHTS) or []
    many = len({weight.rpartition("/")[0] for weight in weights}) > 1
    for weight in weights:
        owner, variable = _split(layer, weight, many)
        array = reader.array(reader.open(inside, weight), f"{layer}/{weight}")
        if variable in found.setdefault(owner, {}):
            raise refusal(f"lists the weight {quoted(weight)} of the layer {quoted(layer)} twice")
        found[owner][variable] = array
    return [
        Sketch(name, arrays, kinds.get(last := name.split("/")[-1]) or kind_of(last))
        for name, arrays in found.items()
    ]


def _split(layer: str, weight: str, many: bool) -> tuple[str, str]:
    """Whose a weight is, and what: 'model_1/dense/kernel:0' in 'model_1' is the kernel of 'model_1/dense'.

    Names may begin with the model's, or with another name that the layer had before: then, unless there are
    several, what is before the last part says nothing.
    """
    *steps, variable = re.sub(r":[0-9]+$", "", weight).split("/")
    if layer in steps:
        steps = steps[steps.index(layer) :]
    elif layer == OWN:
        steps = steps or [layer]
    else:
        steps = [layer, *steps] if many else [layer]
    if len(steps) > 1 and re.search(r"(^|_)cell(_[0-9]+)?$", steps[-1]):
        steps.pop()  # the weights of a recurrent layer are those of its cell
    variable = variable.removeprefix(f"{layer}_")
    return "/".join(steps), OLD.get(variable, variable)
