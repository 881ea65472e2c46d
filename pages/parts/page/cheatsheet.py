"""The cheat sheets of the pictures: what they show, what a good one looks like, what to change."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Sheet:
    """Three sentences about one kind of picture."""

    see: str
    good: str
    change: str

    @property
    def markdown(self) -> str:
        """Return the three sentences as Markdown."""
        return f"**You see** {self.see}\n\n**Good** {self.good}\n\n**Change** {self.change}"


SHEETS: Mapping[str, Sheet] = {
    "histogram": Sheet(
        "how often each size of weight was drawn, and the exact density as a line.",
        "bars that follow the line; their width, not their shape, decides how a network learns.",
        "the parameter that sets the standard deviation: σ_w² = fan_in × variance should be 2 for ReLU, 1 for tanh.",
    ),
    "qq": Sheet(
        "quantiles of the drawn weights against those of the expected distribution.",
        "points on the line; ends that bend away mean heavier or lighter tails than expected.",
        "nothing while points lie on the line; otherwise check the initializer's distribution or your code.",
    ),
    "spectrum": Sheet(
        "how much the kernel stretches each direction, beside the Marchenko-Pastur distribution of a random kernel.",
        "values within its edges at the start; all equal for Orthogonal; values beyond the edges after training.",
        "to Orthogonal when a deep network must keep the strength of every direction.",
    ),
    "pixels": Sheet(
        "the weights themselves: incoming weights of units as images, or a corner of the kernel.",
        "noise without a pattern at the start; strokes and edges after training.",
        "the initializer if rows, columns or whole units are equal: such units learn the same weights.",
    ),
    "network": Sheet(
        "the same initializer in every layer of a network, each layer with its own fans.",
        "a σ_w² that is the same in every layer: 2 for ReLU, 1 for tanh and linear.",
        "a fixed stddev to one that follows the fans, such as HeNormal: fixed ones shrink with depth.",
    ),
    "layers": Sheet(
        "the network from input to output, a row for each start; colour compares the signal's strength with the input.",
        "a colour that stays pale: the signal arrives at the output about as strong as it came in.",
        "the scale of the weights, the activation or the depth where the signal vanishes or explodes.",
    ),
    "gallery": Sheet(
        "the exact density of one weight for every initializer of Keras, on one scale.",
        "no shape is better than another: initializers of equal variance learn alike.",
        "the scale before the shape.",
    ),
    "loss": Sheet(
        "cross-entropy in nats over the images seen; points are for held-out images.",
        "a start at ln 10 = 2.30 or slightly above, and a steep fall within the first few thousand images.",
        "a smaller scale if it starts far above 2.3, a larger one if it stays there, or the learning rate.",
    ),
    "accuracy": Sheet(
        "the share of correct answers over the images seen; the dotted line is guessing, 10%.",
        "90% within the first 10,000 images of MNIST, about 97% at the end of an epoch.",
        "the start if a curve stays at 10%; use more seeds before you call a difference real.",
    ),
    "weights": Sheet(
        "histograms of each layer's weights, filled now, as a line at the start.",
        "small changes everywhere: a good start is close to where training ends.",
        "the scale if one layer changes its width much more than the others.",
    ),
    "gradients": Sheet(
        "how large the loss's gradient is in each layer, on a log scale.",
        "a level line within a decade or two: all layers learn at a similar speed.",
        "the scale upwards if gradients fade towards the first layer, downwards if they grow.",
    ),
    "dead": Sheet(
        "the share of units with the same output for every image of a batch.",
        "close to 0% in every layer; at the start it does not depend on the scale of the weights.",
        "biases or the learning rate if it grows while training; the activation if it stays.",
    ),
    "sweep": Sheet(
        "the accuracy after one epoch for each value of a parameter, by depth or activation.",
        "the highest accuracies lie along the critical line of theory; the band narrows with depth.",
        "to a value on the line; click a cell to open it as a start.",
    ),
    "columns": Sheet(
        "the value that did best in each column of the map, beside the one that theory names.",
        "both within a few grid steps of each other.",
        "the grid to a finer one around the best values, or the number of seeds.",
    ),
    "moments": Sheet(
        "the mean square of a quantity layer by layer, its strength: lines predict, points measure.",
        "a level line for the signal and for the gradients; points on their line.",
        "the scale: each factor of two in σ_w² adds up through all layers.",
    ),
    "phases": Sheet(
        "weight against bias variance: left of the line signals fade and inputs become alike; right of it they part.",
        "points on the line χ₁ = 1, where gradients keep their size; depth scales are longest there.",
        "click to set a start there.",
    ),
    "violins": Sheet(
        "how the values of each layer are spread.",
        "the same spread in every layer; not a needle at 0, not all mass at the ends of tanh or sigmoid.",
        "a larger scale against needles, a smaller one against saturation.",
    ),
    "saturated": Sheet(
        "the share of values where the activation is flat, so that hardly any gradient passes.",
        "below 10% for tanh and sigmoid at the start; for ReLU about 50% by nature: it is flat below 0.",
        "a smaller scale or a smaller bias.",
    ),
    "jacobian": Sheet(
        "the singular values of the map from pixels to logits: how much a small change of the input does.",
        "values near 1, close together: then gradients neither vanish nor explode.",
        "the scale to move them all, Orthogonal to bring them together.",
    ),
    "power": Sheet(
        "the strength of a signal after each layer, as theory predicts it.",
        "a level line; a line that falls loses the signal, one that rises explodes.",
        "to the initializer with the most level line.",
    ),
    "multiples": Sheet(
        "a small histogram of every kernel of the file, each on its own axis.",
        "after training: wider and rounder than the line; still like the line: not trained.",
        "pick one below to see it in depth.",
    ),
    "array": Sheet(
        "the values of one array, the nearest initializer's density, and Keras' default as a dotted line.",
        "a trained kernel is near a normal distribution with longer tails than its start.",
        "nothing in the file; start from it to see whether its values or only their scale help.",
    ),
}
