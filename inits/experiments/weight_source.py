"""What can fill a kernel: an initializer of Keras, pasted code, weights from a file, or LSUV."""

from dataclasses import dataclass

from inits.experiments import file_start
from inits.experiments.file_start import FileSpec
from inits.experiments.opaque import WithoutLaw
from inits.experiments.pasted import MARK, PastedSpec
from inits.initializers.spec import InitializerSpec

LSUV = "LSUV()"


@dataclass(frozen=True)
class LsuvSpec(WithoutLaw):
    """Orthonormal kernels, each scaled until the pre-activations of the first batch have variance 1."""

    name: str = "LSUV"

    what = "scaled to the first batch"
    about = (
        "Orthonormal, then scaled layer by layer until the pre-activations of the first batch have variance 1: "
        "the data decide the scale. Mishkin & Matas 2016."
    )

    def __str__(self) -> str:
        return LSUV


Kernel = InitializerSpec | PastedSpec | FileSpec | LsuvSpec


def parse_kernel(text: object) -> Kernel:
    """Return the source of kernels that a text names. Raises SpecError."""
    if isinstance(text, str):
        if text.startswith(MARK):
            return PastedSpec.parse(text)
        if text.startswith(file_start.MARK):
            return FileSpec.parse(text)
        if text.strip().lower() in ("lsuv", "lsuv()"):
            return LsuvSpec()
    return InitializerSpec.parse(text)
