"""Read the layout of Keras 3 in HDF5: layers/<class>_<n>/vars/<i>, also for models in models.

Classes and order come from the config of a `.keras` file if there is one, else from the names in the file.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from inits.weightfiles.formats.config import Node
from inits.weightfiles.formats.hdf5 import Object, Reader
from inits.weightfiles.formats.keras_names import VARIABLES, grouped, kind_of, snake, variable_names
from inits.weightfiles.formats.limits import Stored, StoredLayer, natural

VARS, CELL = "vars", "cell"
LAYERS = ("layers", "_layer_checkpoint_dependencies")  # the second in Keras 2.12 and 2.13
NAMELESS = "weights"


@dataclass(frozen=True)
class Place:
    """A place of the walk: the name of the layer, its class and its config as far as they are known."""

    path: str = ""
    kind: str = ""
    node: Node | None = None

    def below(self, name: str) -> str:
        """Return the path of an entry of this layer."""
        return f"{self.path}/{name}".lstrip("/")


def stored_layers(reader: Reader, model: Node | None = None) -> list[StoredLayer]:
    """Return the layers of a `.weights.h5`, or of any HDF5 file with arrays in groups. Raises WeightFileError."""
    return list(_walk(reader, reader.root, Place(kind=model.kind if model else "", node=model)))


def _walk(reader: Reader, group: Object, place: Place, depth: int = 0) -> Iterator[StoredLayer]:
    """Yield a layer's own variables, then the layers in it."""
    reader.enter(group, depth)
    arrays: list[tuple[str, Stored]] = []
    inner: list[tuple[str, Object]] = []
    for name in reader.names(group):
        if _left_out(name):
            continue
        found = reader.open(group, name)
        if not found.is_group:
            arrays.append((place.below(name), reader.array(found, place.below(name))))
        elif name == VARS:
            yield from _own(reader, found, place)
        else:
            inner.append((name, found))
    yield from grouped(arrays)
    for name, found in inner:
        if name in LAYERS:
            yield from _children(reader, found, place, depth + 1)
        else:
            node = place.node.parts.get(name) if place.node else None
            yield from _walk(reader, found, _place(reader, found, name, place, node), depth + 1)


def _left_out(name: str) -> bool:
    """Return True for states of optimizers and of random generators, which are no weights."""
    return "optimizer" in name or name.startswith("seed_generator")


def _own(reader: Reader, group: Object, place: Place) -> Iterator[StoredLayer]:
    names = sorted(reader.names(group), key=natural)
    arrays = [reader.array(reader.open(group, name), place.below(name)) for name in names]
    if all(name.isdecimal() for name in names):
        names = list(variable_names(place.kind, len(names), place.node.off if place.node else frozenset()))
    if arrays:
        path = place.path or reader.text(group, "name") or NAMELESS
        yield StoredLayer(path, dict(zip(names, arrays, strict=True)), place.kind.removesuffix("Cell"))


def _children(reader: Reader, group: Object, place: Place, depth: int) -> Iterator[StoredLayer]:
    """Yield the layers of a model in the order of its config, or else of the file."""
    reader.enter(group, depth)
    nodes = place.node.layers if place.node else ()
    numbered, named = _numbered(nodes), {node.name: node for node in nodes}
    ranks = {id(node): rank for rank, node in enumerate(nodes)}
    found = []
    for name in reader.names(group):
        child = reader.open(group, name)
        if child.is_group and not _left_out(name):
            node = named.get(_label(reader, child), numbered.get(name))
            found.append((ranks.get(id(node), len(nodes)), name, child, node))
    for _, name, child, node in sorted(found, key=lambda one: one[0]):
        yield from _walk(reader, child, _place(reader, child, name, place, node), depth + 1)


def _numbered(nodes: tuple[Node, ...]) -> dict[str, Node]:
    """Return layers by the names of their groups: the class, with a number from the second layer of a class on."""
    times: Counter[str] = Counter()
    found = {}
    for node in nodes:
        name = snake(node.kind)
        found[f"{name}_{times[name]}" if times[name] else name] = node
        times[name] += 1
    return found


def _label(reader: Reader, group: Object) -> str:
    """Return the layer's own name, which Keras stores since 3.8; else ""."""
    inner = reader.open(group, VARS) if reader.has(group, VARS) else None
    return reader.text(inner, "name") if inner and inner.is_group else ""


def _place(reader: Reader, group: Object, name: str, parent: Place, node: Node | None) -> Place:
    """Return what is known of a layer from its config, the name of its group and its own name."""
    label = _label(reader, group)
    kind = (node.kind if node else "") or kind_of(name) or kind_of(label)
    if name == CELL:  # the weights of a recurrent layer are those of its cell
        return Place(parent.path, parent.kind if parent.kind in VARIABLES else kind, parent.node)
    return Place(parent.below(label or (node.name if node else "") or name), kind, node)
