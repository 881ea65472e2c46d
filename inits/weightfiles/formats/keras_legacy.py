"""Read the HDF5 layout of Keras 1 and 2, which Keras 3 still writes as `.h5`: lists of layer and weight names."""

import re

from inits.errors import WeightFileError
from inits.weightfiles.formats import config
from inits.weightfiles.formats.hdf5 import Object, Reader
from inits.weightfiles.formats.keras_names import OLD, kind_of
from inits.weightfiles.formats.limits import Stored, StoredLayer, quoted, refusal

LAYERS, WEIGHTS, BELOW, OWN = "layer_names", "weight_names", "model_weights", "top_level_model_weights"


def root(reader: Reader) -> Object | None:
    """Return the group that lists the layers; None if the file has another layout. Raises WeightFileError."""
    below = reader.open(reader.root, BELOW) if reader.has(reader.root, BELOW) else None
    for group in (reader.root, below):
        if group and group.is_group and reader.strings(group, LAYERS) is not None:
            return group
    return None


def stored_layers(reader: Reader, group: Object) -> list[StoredLayer]:
    """Return the layers as listed, the model's own weights first as in `Model.weights`. Raises WeightFileError."""
    kinds = _kinds(reader)
    names = list(reader.strings(group, LAYERS) or [])
    if reader.has(group, OWN) and OWN not in names:
        names.insert(0, OWN)
    return [stored_layer for name in names for stored_layer in _layer(reader, group, name, kinds)]


def _kinds(reader: Reader) -> dict[str, str]:
    """Return the classes of layers by name, if the config can be read; the config is used for nothing else."""
    try:
        text = reader.text(reader.root, "model_config").encode(errors="replace")
        return {node.name: node.kind for node in config.model(text).walk()} if text else {}
    except WeightFileError:
        return {}


def _layer(reader: Reader, group: Object, layer: str, kinds: dict[str, str]) -> list[StoredLayer]:
    """Return one layer, or the layers of a model."""
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
        StoredLayer(name, arrays, kinds.get(last := name.split("/")[-1]) or kind_of(last))
        for name, arrays in found.items()
    ]


def _split(layer: str, weight: str, many: bool) -> tuple[str, str]:
    """Return the owner and the name of a weight: 'model_1/dense/kernel:0' in 'model_1' is kernel of 'model_1/dense'.

    Names may begin with the name of the model, or with a former name of the layer. Then the parts before the last one
    mean nothing, unless there are several different ones (`many`).
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
