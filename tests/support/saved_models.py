"""Models that Keras saves in every format and loads again.

`python tests/support/saved_models.py FOLDER` writes the files, values.npz, expected.json: for every file a list of
[layer, variable, dtype, name of the value in values.npz] in the order of `model.layers`; groups.json: the names that
Keras gives to the groups of layers by their class; and dense.json: the shapes of the kernels of Dense layers.
"""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import ml_dtypes
import numpy as np
from keras import layers
from keras.src.utils import naming

Build = Callable[[], keras.Model]


def sequential() -> keras.Model:
    """Return more than ten layers of a class, trained with Adam, whose state is in the files as well."""
    model = keras.Sequential([layers.Input((6,)), *(layers.Dense(3 + i % 4) for i in range(13))])
    model.compile("adam", "mse", metrics=["mae"], run_eagerly=True)  # compiling takes seconds
    model.fit(np.ones((4, 6)), np.ones((4, 3)), verbose=0)
    return model


def functional() -> keras.Model:
    """Return models in models, a layer used twice, unsorted names, no bias, and part of a normalization."""
    first = keras.Sequential(
        [layers.Input((5,)), layers.Dense(4, name="b"), layers.BatchNormalization()], name="inner"
    )
    second = keras.Sequential(
        [layers.Input((5,)), first, layers.Dense(5, name="a"), layers.Dropout(0.5)], name="outer"
    )
    shared = layers.Dense(5, name="shared")
    x = layers.Input((6,))
    y = shared(shared(layers.Dense(5, name="zero", activation="relu")(x)))
    y = layers.BatchNormalization(scale=False)(layers.Dense(5, use_bias=False)(second(y)))
    return keras.Model(x, layers.Dense(2, name="head")(y), name="net")


def images() -> keras.Model:
    return keras.Sequential(
        [
            layers.Input((8, 8, 3)),
            layers.Normalization(),
            layers.Conv2D(4, 3),
            layers.BatchNormalization(),
            layers.DepthwiseConv2D(3),
            layers.SeparableConv2D(4, 2),
            layers.Flatten(),
            layers.Dense(2),
            layers.LayerNormalization(),
            layers.PReLU(),
        ]
    )


def sequences() -> keras.Model:
    return keras.Sequential(
        [
            layers.Input((5,)),
            layers.Embedding(10, 4),
            layers.LSTM(3, return_sequences=True, dropout=0.1),
            layers.GRU(3, return_sequences=True),
            layers.TimeDistributed(layers.Dense(3)),
            layers.Bidirectional(layers.LSTM(2)),
            layers.Dense(2),
        ]
    )


def attention() -> keras.Model:
    x = layers.Input((5, 4))
    return keras.Model(x, layers.MultiHeadAttention(2, 3, dropout=0.1)(x, x))


@keras.saving.register_keras_serializable()
class Own(keras.Model):
    """A subclass with layers in attributes and in a list, and one additional weight."""

    def __init__(self, **options):
        super().__init__(**options)
        self.last, self.first = layers.Dense(4), layers.Dense(3, name="entry")
        self.blocks = [layers.Dense(4), layers.BatchNormalization()]
        self.scale = self.add_weight(shape=(4,), name="factor")

    def call(self, x):
        x = self.first(x)
        for block in self.blocks:
            x = block(x)
        return self.last(x) * self.scale


def subclassed() -> keras.Model:
    model = Own(name="own")
    model(np.zeros((1, 6)))
    return model


def typed(dtype: str) -> Build:
    return lambda: keras.Sequential(
        [layers.Input((6,)), layers.Dense(3, dtype=dtype), layers.Dense(2, dtype=dtype)]
    )


MODELS: dict[str, Build] = {
    "sequential": sequential,
    "functional": functional,
    "images": images,
    "sequences": sequences,
    "attention": attention,
    "subclassed": subclassed,
    "float16": typed("float16"),
    "bfloat16": typed("bfloat16"),
    "float64": typed("float64"),
}


SUFFIXES = (".keras", ".weights.h5", ".h5")


def randomize(model: keras.Model, rng: np.random.Generator) -> None:
    """Set values that differ from each other, also in biases and normalizations."""
    model.set_weights([rng.normal(size=weight.shape).astype(weight.dtype) for weight in model.get_weights()])


def inside(model: keras.Model, path: str = "") -> Iterator[tuple[int, str, str]]:
    """Yield identity, layer and variable of the weights in a model, in the order of `model.layers`."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from inside(layer, f"{path}{layer.name}/")
            continue
        for weight in layer.weights:
            *steps, variable = weight.path.split("/")
            steps = [step for step in steps[steps.index(layer.name) :] if not step.endswith("_cell")]
            yield id(weight), path + "/".join(steps), variable


def described(model: keras.Model) -> list[tuple[int, str, str]]:
    """Return all weights, each once, the model's own first."""
    found = {key: (layer, variable) for key, layer, variable in inside(model)}
    own = {id(weight): (model.name, weight.name) for weight in model.weights if id(weight) not in found}
    return [(key, *names) for key, names in (own | found).items()]


def expected(
    model: keras.Model, loaded: keras.Model, file: str, values: dict[str, np.ndarray]
) -> list[list[str]]:
    """Return the content of a file: names from the model that was saved, values from the one that was loaded."""
    place = {id(weight): number for number, weight in enumerate(model.weights)}
    rows = []
    for key, layer, variable in described(model):
        value = np.asarray(loaded.weights[place[key]])
        name = f"{file}/{len(rows)}"
        values[name] = value.astype(np.float32) if value.dtype == ml_dtypes.bfloat16 else value
        rows.append([layer, variable, str(values[name].dtype), name])
    return rows


def dense_shapes(model: keras.Model) -> list[list[int]]:
    """Return the shapes of the kernels of all Dense layers, sorted."""
    flat = {one for one in model._flatten_layers(include_self=False) if isinstance(one, layers.Dense)}
    return sorted(list(one.kernel.shape) for one in flat)


def main(folder: Path) -> None:
    rng, values, found, dense = np.random.default_rng(0), {}, {}, {}
    for name, build in MODELS.items():
        model = build()
        randomize(model, rng)
        dense[name] = dense_shapes(model)
        for suffix in SUFFIXES:
            path = folder / f"{name}{suffix}"
            if (name, suffix) == ("bfloat16", ".h5"):
                continue  # Keras cannot load it either: the old layout has no mark for that type
            if suffix == ".weights.h5":
                model.save_weights(path)
            else:
                model.save(path)
            loaded = keras.saving.load_model(path, compile=False) if suffix == ".keras" else build()
            if suffix != ".keras":
                loaded.load_weights(path)
            found[path.name] = expected(model, loaded, path.name, values)
    model.save_weights(folder / "shards.weights.json", max_shard_size=2e-7)
    np.savez(folder / "values.npz", **values)
    (folder / "expected.json").write_text(json.dumps(found))
    (folder / "dense.json").write_text(json.dumps(dense))
    kinds = [name for name, value in vars(layers).items() if isinstance(value, type)]
    (folder / "groups.json").write_text(json.dumps({kind: naming.to_snake_case(kind) for kind in kinds}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
