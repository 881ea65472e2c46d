"""Initializers and optimizers as values: one canonical text, the Keras call itself.

A spec that exists is valid: its arguments are complete, checked and in the order of Keras' constructor.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from inits.errors import SpecError
from inits.initializers.catalog import CATALOG, NAMES, InitializerEntry
from inits.initializers.formulas import axes
from inits.initializers.keras_call import Call, read_call
from inits.initializers.laws import Law
from inits.initializers.optimizers import OPTIMIZERS, OptimizerEntry
from inits.initializers.parameters import Entry, Value, literal, nearest
from inits.initializers.shapes import Shape, compute_fans
from inits.text import shown

_PACKAGES = frozenset({"keras", "tf", "tensorflow", "api", "src", "_tf_keras", "python"})

# Names of initializers in other libraries, and the Keras call to write instead.
_OTHER_NAMES = {
    "xavier": "GlorotUniform()",
    "xavieruniform": "GlorotUniform()",
    "xaviernormal": "GlorotNormal()",
    "glorot": "GlorotUniform()",
    "kaiming": "HeNormal()",
    "kaiminguniform": "HeUniform()",
    "kaimingnormal": "HeNormal()",
    "msra": "HeNormal()",
    "he": "HeNormal()",
    "lecun": "LecunNormal()",
    "gaussian": "RandomNormal()",
    "random": "RandomNormal()",
    "randn": "RandomNormal(stddev=1.0)",
    "rand": "RandomUniform(minval=0.0, maxval=1.0)",
    "truncnorm": "TruncatedNormal()",
    "truncnormal": "TruncatedNormal()",
    "delta": "Identity()",
    "dirac": "Identity()",
    "eye": "Identity()",
    "ortho": "Orthogonal()",
    "full": "Constant(value=0.0)",
    "fill": "Constant(value=0.0)",
}


@dataclass(frozen=True)
class _Spec:
    """A name and its complete arguments; `arguments` may be given incomplete and is completed."""

    name: str
    arguments: tuple[tuple[str, Value], ...] = ()

    entries: ClassVar[Mapping[str, Entry]]
    module: ClassVar[str]
    noun: ClassVar[str]

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or self.name not in self.entries:
            raise self._unknown(self.name)
        object.__setattr__(self, "arguments", self.entry.complete(dict(self.arguments)))

    @classmethod
    def parse(cls, source: object) -> Self:
        """Read a Keras call or name as text, or a Keras config as text or dict. Nothing is evaluated.

        A `seed` is checked and left out: it belongs to the experiment.

        Raises:
            SpecError: if it names nothing known (with the nearest right name) or an argument is refused.
        """
        if isinstance(source, cls):
            return source
        call = read_call(source)
        prefix = call.prefix.split(".") if call.prefix else [cls.module]
        name = (
            cls._resolve(call.name)
            if prefix[-1] == cls.module and _PACKAGES.issuperset(prefix[:-1])
            else None
        )
        if name is None:
            raise cls._unknown(f"{call.prefix}.{call.name}" if call.prefix else call.name)
        cls._check_bare(name, call)
        given = cls.entries[name].named(call.positional)
        for argument, value in call.named.items():
            if argument in given:
                raise SpecError(f"{argument} must be given once, but got two values.")
            given[argument] = value
        return cls(name, tuple(given.items()))  # type: ignore[arg-type]  # checked by __post_init__

    @classmethod
    def _resolve(cls, name: str) -> str | None:
        """Return the class name that Keras resolves `name` to, or None."""
        raise NotImplementedError

    @classmethod
    def _check_bare(cls, name: str, call: Call) -> None:
        """Raise SpecError if Keras refuses this name without arguments."""

    @classmethod
    def _suggest(cls, name: str) -> str | None:
        """Return the call that `name` most likely stands for, or None."""
        found = nearest(name, cls.entries)
        return f"{found}()" if found else None

    @classmethod
    def _unknown(cls, name: object) -> SpecError:
        guess = cls._suggest(name.rpartition(".")[2]) if isinstance(name, str) else None
        advice = f"Did you mean {guess}?" if guess else f"Use one of {', '.join(cls.entries)}."
        return SpecError(f"{shown(name)} is not a Keras {cls.noun}. {advice}")

    @property
    def entry(self) -> Entry:
        """Its entry in the catalog."""
        return self.entries[self.name]

    def get(self, name: str) -> Value:
        """Return the argument `name`. Raises SpecError if it has none."""
        arguments = dict(self.arguments)
        if name not in arguments:
            raise SpecError(f"{self.name} has no argument {shown(name)}.")
        return arguments[name]

    def replace(self, **arguments: object) -> Self:
        """Return a copy with some arguments changed. Raises SpecError as `parse` does."""
        return type(self)(self.name, ({**dict(self.arguments), **arguments}).items())  # type: ignore[arg-type]

    def __str__(self) -> str:
        return f"{self.name}({', '.join(self._written())})"

    def _written(self) -> list[str]:
        """Return name=value of all arguments except those left at None."""
        defaults = {parameter.name: parameter.default for parameter in self.entry.parameters}
        return [
            f"{name}={literal(value)}"
            for name, value in self.arguments
            if value is not None or defaults[name] is not None
        ]

    @property
    def label(self) -> str:
        """Short text for a legend: the class name."""
        return self.name

    @property
    def summary(self) -> str:
        """The arguments that differ from the defaults: "stddev 0.01, mean 1.0"; else that there are none."""
        changed = [
            f"{name} {value if isinstance(value, str) else literal(value)}"
            for (name, value), parameter in zip(self.arguments, self.entry.parameters, strict=True)
            if value != parameter.default
        ]
        return ", ".join(changed) or ("default parameters" if self._written() else "no parameters")

    def _code(self, extra: Iterable[str], multiline: bool) -> str:
        call, arguments = f"keras.{self.module}.{self.name}", [*self._written(), *extra]
        if multiline and len(arguments) > 1:
            return f"{call}(\n" + "".join(f"    {argument},\n" for argument in arguments) + ")"
        return f"{call}({', '.join(arguments)})"


class InitializerSpec(_Spec):
    """An initializer with all its arguments except the seed."""

    entries = CATALOG
    module = "initializers"
    noun = "initializer"

    @classmethod
    def _resolve(cls, name: str) -> str | None:
        return NAMES.get(name)

    @classmethod
    def _check_bare(cls, name: str, call: Call) -> None:
        if call.bare and not CATALOG[name].bare:
            raise SpecError(f"Keras refuses {shown(call.name)} without a value. Write {cls(name)}.")

    @classmethod
    def _suggest(cls, name: str) -> str | None:
        plain = name.lower().replace("_", "").replace("-", "").removesuffix("initializer")
        aliases = {alias.replace("_", ""): known for alias, known in NAMES.items()}
        if plain in aliases:
            return str(cls(aliases[plain])) if not CATALOG[aliases[plain]].bare else f"{aliases[plain]}()"
        return _OTHER_NAMES.get(plain) or super()._suggest(name)

    @property
    def entry(self) -> InitializerEntry:
        """Its entry in the catalog."""
        return CATALOG[self.name]

    @property
    def family(self) -> str:
        """With the same seed and shape, weights of one family are proportional about their means."""
        return self.entry.family(dict(self.arguments))

    @property
    def random(self) -> bool:
        """True if the initializer draws random numbers."""
        return self.entry.random

    def check_shape(self, shape: object) -> Shape:
        """Return `shape` as a tuple of ints. Raises ShapeError if the initializer cannot fill it."""
        return self.entry.check_shape(dict(self.arguments), shape)

    def law(self, shape: object) -> Law | None:
        """Return the law of one weight; None if it has none (STFT). Raises ShapeError."""
        return self.entry.law(dict(self.arguments), self.check_shape(shape))

    def formula(self, shape: object) -> str:
        """Return the law in words, in Markdown, with the numbers for `shape`. Raises ShapeError."""
        return self.entry.formula(dict(self.arguments), self.check_shape(shape))

    def fans(self, shape: object) -> tuple[int, int]:
        """Return (fan_in, fan_out) by Keras' rule, with its own axes if it has some. Raises ShapeError."""
        arguments, dimensions = dict(self.arguments), self.check_shape(shape)
        return compute_fans(dimensions, axes(arguments, "input_axes"), axes(arguments, "output_axes"))

    def code(self, seed: int | str | None = None, multiline: bool = True) -> str:
        """Return Keras code to copy, one argument a line if there are two or more.

        `seed` is a number or a variable name; it is left out if the initializer draws nothing.
        """
        return self._code([f"seed={seed}"] if self.random and seed is not None else [], multiline)


class OptimizerSpec(_Spec):
    """An optimizer with the arguments that matter for a small Dense network."""

    entries = OPTIMIZERS
    module = "optimizers"
    noun = "optimizer"

    @classmethod
    def _resolve(cls, name: str) -> str | None:
        return {known.lower(): known for known in OPTIMIZERS}.get(name.lower())

    @property
    def entry(self) -> OptimizerEntry:
        """Its entry in the catalog."""
        return OPTIMIZERS[self.name]

    @property
    def divisor(self) -> float:
        """The number that a small gradient is divided by, see `OptimizerEntry`."""
        return self.entry.divisor(dict(self.arguments))

    @property
    def adaptive(self) -> bool:
        """True if the size of a step does not depend on that of the gradient, see `OptimizerEntry`."""
        return self.entry.adaptive or not self.divisor

    @property
    def learning_rate(self) -> float:
        """Its learning rate, to float32's precision."""
        value = self.get("learning_rate")
        assert isinstance(value, float)
        return value

    def code(self, multiline: bool = True) -> str:
        """Return Keras code to copy, one argument a line if there are two or more."""
        return self._code([], multiline)
