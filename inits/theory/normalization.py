"""Mean-field theory of normalization between a Dense layer and its activation.

The normalized pre-activations have variance 1, so neither the scale of the kernel nor the depth changes the strength of
the signal. The squared gradient grows by the same factor in every layer, also whatever the scale of the kernel:
- layer normalization divides by the mean square over the units, so the factor is E[phi'(z)^2] / E[phi(z)^2];
- batch normalization divides by the variance over the batch, and in a deep network the images of a batch are
  uncorrelated, so it is E[phi'(z)^2] / Var(phi(z)), at least 1: ReLU pi / (pi - 1).
z is standard normal. Yang et al. 2019, A Mean Field Theory of Batch Normalization, arXiv:1902.08129.
"""

from functools import lru_cache

from inits.errors import SpecError
from inits.text import shown
from inits.theory.meanfield import chi, correlation_map, variance_map


@lru_cache(maxsize=128)
def gradient_growth(activation: str, normalization: str) -> float:
    """Return the growth of the squared gradient per layer, for batch or layer normalization before the activation.

    Raises:
        SpecError: for an unknown activation or normalization.
    """
    if normalization not in ("batch", "layer"):
        raise SpecError(f"normalization must be batch or layer, but got {shown(normalization)}.")
    spread = float(variance_map(activation, 1.0, 1.0, 0.0))
    if normalization == "batch":
        spread *= 1.0 - float(correlation_map(activation, 0.0, 1.0, 1.0, 0.0))
    return float(chi(activation, 1.0, 1.0)) / spread
