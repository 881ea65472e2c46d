"""Check the kernels that pasted code drew for a network, with numbers instead of opinions."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from inits.initializers.shapes import Shape, compute_fans, times
from inits.measure.nearest import Nearest, nearest_for_all
from inits.measure.statistics import Summary
from inits.measure.symmetry import Check, FloatArray, Verdict, listed, symmetry
from inits.text import count, counted, number

MIN_COMPARED = 8  # weights that are not proportional by chance


@dataclass(frozen=True, eq=False)
class PastedKernel:
    """A kernel drawn by pasted code.

    Attributes:
        shape: the shape that was requested.
        array: float32 of that shape; None when the code returned another shape.
        dtype: of what the code returned, as "float64".
        received: the shape of what the code returned.
    """

    shape: Shape
    array: FloatArray | None
    dtype: str
    received: Shape


@dataclass(frozen=True)
class LayerNumbers:
    """Statistics of the finite weights of a kernel (NaN if there are none).

    `sigma_w2` is fan_in times the variance; `nearest` is None where `inits.measure.nearest` finds nothing.
    """

    name: str
    shape: Shape
    mean: float
    std: float
    sigma_w2: float
    min: float
    max: float
    nearest: Nearest | None


def numbers(layers: Sequence[PastedKernel], names: Sequence[str]) -> tuple[LayerNumbers, ...]:
    """Return the numbers of each layer that has an array."""
    return _rows(_arrays(layers, names))


def checks(
    layers: Sequence[PastedKernel],
    again: FloatArray | None,
    names: Sequence[str],
    *,
    one_object: bool = False,
) -> tuple[Check, ...]:
    """Return the checks of a network's kernels; a check without data is left out.

    Args:
        layers: kernels in order, the output last, each drawn with a different seed.
        again: the first kernel drawn once more with the same seed; None when it was not.
        names: of the layers, all different.
        one_object: True if one initializer object drew all of them, False for a class or a function.
    """
    arrays = _arrays(layers, names)
    finite = {name: array for name, array in arrays.items() if np.isfinite(array).all()}
    rows = _rows(finite)
    found: list[Check] = []
    if layers:
        found += [_shape(layers, names), _dtype(layers)]
    if arrays:
        found.append(_finite(arrays))
    if again is not None and names[0] in arrays:
        found.append(_seed(names[0], arrays[names[0]], again))
    drawn = [row.name for row in rows if not row.nearest or row.nearest.spec.random]
    if len(drawn) > 1:
        found.append(_layers({name: finite[name] for name in drawn}, one_object))
    if rows:
        found += [symmetry(finite, names), _scale(rows)]
    if any(row.nearest for row in rows):
        found.append(_law(rows))
    return tuple(found)


def _arrays(layers: Sequence[PastedKernel], names: Sequence[str]) -> dict[str, FloatArray]:
    pairs = zip(names, layers, strict=True)
    return {name: layer.array for name, layer in pairs if layer.array is not None}


def _rows(arrays: Mapping[str, FloatArray]) -> tuple[LayerNumbers, ...]:
    laws = nearest_for_all(list(arrays.values()))
    return tuple(_row(name, array, law) for (name, array), law in zip(arrays.items(), laws, strict=True))


def _row(name: str, array: FloatArray, law: Nearest | None) -> LayerNumbers:
    found, (fan_in, _) = Summary.of(array), compute_fans(array.shape)
    sigma_w2 = fan_in * found.std**2
    return LayerNumbers(name, array.shape, found.mean, found.std, sigma_w2, found.min, found.max, law)


def _of(part: int, whole: int, verb: str) -> str:
    """Return "3 of 3 kernels are" or "1 of 3 kernels is"."""
    single = {"are": "is", "have": "has"}
    return f"{count(part)} of {counted(whole, 'kernel')} {single[verb] if part == 1 else verb}"


def _size(shape: Shape) -> str:
    return times(shape) or "no dimensions"


def _shape(layers: Sequence[PastedKernel], names: Sequence[str]) -> Check:
    wrong = [
        f"{name} has {_size(layer.received)}, not {_size(layer.shape)}"
        for name, layer in zip(names, layers, strict=True)
        if layer.received != layer.shape
    ]
    part = _of(len(wrong) or len(layers), len(layers), "have")
    if not wrong:
        return Check("Shape", "good", f"{part} the requested shape.")
    advice = "return an array of the shape that the function is given"
    return Check("Shape", "bad", f"{part} another shape: {listed(wrong)}; {advice}.")


def _dtype(layers: Sequence[PastedKernel]) -> Check:
    """Return the check for the least suitable dtype."""
    dtypes = Counter(layer.dtype for layer in layers)
    order: Sequence[Verdict] = ("bad", "note", "good")
    dtype = min(dtypes, key=lambda dtype: order.index(_fitting(dtype)[0]))
    verdict, words = _fitting(dtype)
    return Check("Dtype", verdict, f"{_of(dtypes[dtype], len(layers), 'are')} {dtype}{words}.")


def _fitting(dtype: str) -> tuple[Verdict, str]:
    """Return the verdict on a dtype and what Keras does with it."""
    if dtype == "float32":
        return "good", ""
    if dtype == "float64":
        return "note", ": Keras casts them to float32"
    if dtype in ("float16", "bfloat16"):
        return "note", f" with {3 if dtype == 'float16' else 2} digits: Keras casts them to float32"
    if dtype.startswith(("int", "uint", "bool")):
        return "note", " without fractions: Keras casts them to float32"
    return "bad", ": return real numbers, as float32"


def _finite(arrays: Mapping[str, FloatArray]) -> Check:
    total = sum(array.size for array in arrays.values())
    lost = {name: _lost(array) for name, array in arrays.items() if not np.isfinite(array).all()}
    if not lost:
        return Check("Finite", "good", f"{count(total)} of {counted(total, 'weight')} are finite.")
    odd = sum(int(np.count_nonzero(~np.isfinite(array))) for array in arrays.values())
    where = listed([f"{words} in {name}" for name, words in lost.items()])
    advice = "look for a division by 0, or the root or logarithm of a negative number"
    words = f"{count(odd)} of {counted(total, 'weight')} are not finite: {where}; {advice}."
    return Check("Finite", "bad", words)


def _lost(array: FloatArray) -> str:
    kinds = ((np.isnan(array), "NaN"), (np.isinf(array), "infinite"))
    return " and ".join(f"{count(int(found.sum()))} {kind}" for found, kind in kinds if found.any())


def _seed(name: str, first: FloatArray, again: FloatArray) -> Check:
    """Return the check that the same seed gives the same kernel, bit by bit, so that NaN equals NaN."""
    advice = "draw with np.random or keras.random, which are seeded before every kernel"
    if again.shape != first.shape:
        words = f"{name} has {_size(again.shape)} when drawn again, not {_size(first.shape)}; {advice}."
        return Check("Same seed", "bad", words)
    bits = [np.ascontiguousarray(array, np.float32).view(np.uint32) for array in (first, again)]
    differ, total = int(np.count_nonzero(bits[0] != bits[1])), counted(first.size, "weight")
    if differ:
        words = f"{count(differ)} of {total} of {name} differ when drawn again with the same seed; {advice}."
        return Check("Same seed", "bad", words)
    words = f"{count(first.size)} of {total} of {name} are the same when drawn again with the same seed."
    return Check("Same seed", "good", words)


def _layers(drawn: Mapping[str, FloatArray], one_object: bool) -> Check:
    """Return the check for layers with equal first draws: a generator that is seeded again at every call.

    An initializer object of Keras 3 does so by design: only layers that share it are alike.
    """
    pairs = list(combinations(drawn, 2))
    alike = [f"{one} and {other}" for one, other in pairs if _begin_alike(drawn[one], drawn[other])]
    if not alike:
        return Check("Layers differ", "good", "No two kernels begin with the same draws.")
    words = f"{count(len(alike))} of {counted(len(pairs), 'pair')} of layers begin with the same draws"
    if one_object:
        why = "in Keras 3 one initializer object draws the same values at every call"
        advice = "use one object for each layer, or pass the name of the initializer as text"
        return Check("Layers differ", "note", f"{words}: {listed(alike)}; {why}: {advice}.")
    advice = "do not seed a generator inside the function"
    return Check("Layers differ", "bad", f"{words}: {listed(alike)}; {advice}.")


def _begin_alike(one: FloatArray, other: FloatArray) -> bool:
    """Return True if the smaller kernel's weights are proportional to the first ones of the larger.

    The same draws scaled by the fans differ by a factor. A few weights tell most pairs apart.
    """
    size = min(one.size, other.size)
    for end in (min(size, 64), size):
        a, b = (array.reshape(-1)[:end].astype(np.float64) for array in (one, other))
        if end < MIN_COMPARED or np.ptp(a) == 0.0 or np.ptp(b) == 0.0:
            return False
        if np.abs(b - (a @ b) / (a @ a) * a).max() > 1e-5 * np.abs(b).max():
            return False
    return True


def _scale(rows: Sequence[LayerNumbers]) -> Check:
    """Return the check with sigma_w^2, mean and std of every layer, and remarks on them."""
    each = [
        f"{number(row.sigma_w2, 3)} in {row.name} (mean {number(row.mean, 2)}, std {number(row.std, 3)})"
        for row in rows
    ]
    remarks = list(_remarks(rows))
    words = "; ".join([f"σ_w² is {listed(each)}", *remarks])
    return Check("Scale", "note" if remarks else "good", f"{words}.")


def _remarks(rows: Sequence[LayerNumbers]) -> Iterator[str]:
    gains, stds = [row.sigma_w2 for row in rows], [row.std for row in rows]
    if min(gains) == 0.0:
        yield "where it is 0, all weights of a layer are equal"
    elif max(gains) > 2.0 * min(gains):
        ratio = f"the largest is {number(max(gains) / min(gains), 2)} times the smallest"
        fans = [compute_fans(row.shape)[0] for row in rows]
        fixed = max(stds) < 1.25 * min(stds)
        yield (
            f"{ratio}, because the std does not depend on fan_in, {min(fans)} to {max(fans)}"
            if fixed
            else ratio
        )
    off = [row.name for row in rows if abs(row.mean) > _small_mean(row) > 0.0]
    if off:
        yield f"σ_w² excludes the mean, which is not 0 in {listed(off)}"


def _small_mean(row: LayerNumbers) -> float:
    """Return the largest mean that chance explains, or whose square is less than 1% of the variance."""
    return max(0.1, 5.0 / math.sqrt(math.prod(row.shape))) * row.std


def _law(rows: Sequence[LayerNumbers]) -> Check:
    """Return the check for the nearest initializer of Keras, with one name for all layers if possible."""
    known = [(row.name, row.nearest) for row in rows if row.nearest]
    within = sum(near.within_chance for _, near in known)
    specs = {str(near.spec) for _, near in known}
    alone = specs.pop() if len(specs) == 1 else ""
    if alone and not any(near.chance or near.distance for _, near in known):
        return Check(
            "Nearest distribution", "good", f"{_of(len(known), len(known), 'are')} {alone}, exactly."
        )
    each = [f"{name}{'' if alone else f' from {near.spec}'} at {_far(near)}" for name, near in known]
    fitted = ", fitted to them" if alone and known[0][1].fitted else ""
    what = f"consistent with {alone or 'an initializer of Keras'}{fitted}"
    if within == len(known):
        return Check("Nearest distribution", "good", f"{_of(within, within, 'are')} {what}: {listed(each)}.")
    words = f"{_of(within, len(known), 'are')} {what}, the nearest: {listed(each)}."
    return Check("Nearest distribution", "note", words)


def _far(near: Nearest) -> str:
    """Return Kolmogorov's distance in words, the distance that chance allows, and whether other statistics differ."""
    allowed = f" (by chance up to {number(near.chance, 2)})" if near.chance else ""
    unseen = near.distance <= near.chance and not near.within_chance
    other = ", but chance does not explain its mean, std or range" if unseen else ""
    return f"distance {number(near.distance, 2)}{allowed}{other}"
