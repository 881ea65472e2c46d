"""Numbers, values and names as text: few digits, a true minus sign, thousands separators, nothing invisible."""

import math
import re
import unicodedata

import numpy as np

REPLACEMENT = "\ufffd"
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# Invisible characters that Unicode counts among letters, marks and symbols: fillers and selectors of variants.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0d\uffa0\U000e0100-\U000e01ef]"
)
_SYMBOLS = {"σ_w²": ("w", "2"), "σ_b²": ("b", "2")}  # Unicode has no subscript w or b
MAX_MARKS = 4  # on one letter; a longer stack covers the lines above


def number(x: float, digits: int = 4) -> str:
    """Return `x` with at most `digits` significant digits: 0.0505, 2, −1,234, 1.5 × 10⁻⁷, ∞, "not a number"."""
    if math.isnan(x):
        return "not a number"
    if math.isinf(x):
        return "∞" if x > 0 else "−∞"
    if x == 0:
        return "0"
    mantissa, power = f"{x:.{digits - 1}e}".split("e")
    exponent = int(power)
    if -4 <= exponent < 7:
        text = bare(f"{float(f'{mantissa}e{power}'):,.{max(0, digits - 1 - exponent)}f}")
    else:
        text = f"{bare(mantissa)} × 10{str(exponent).translate(_SUPERSCRIPT)}"
    return text.replace("-", "−")


def bare(text: str) -> str:
    """Return a number's text without trailing zeros of its fraction."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def times(factor: float) -> str:
    """Return a factor with two decimals or two digits: ×1.00, ×0.0057, ×32, ×3.2·10⁸."""
    words = f"{factor:.2f}" if 0.095 <= factor < 9.95 else number(factor, 2)
    return "×" + words.replace(" × ", "·")


def html_symbols(text: str) -> str:
    """Return HTML, as Plotly also reads it, with σ_w² and σ_b² set with a subscript and a superscript."""
    for name, (below, above) in _SYMBOLS.items():
        text = text.replace(name, f"σ<sub>{below}</sub><sup>{above}</sup>")
    return text


def markdown_symbols(text: str) -> str:
    """Return Markdown with σ_w² and σ_b², escaped or not, set as formulas."""
    for name, (below, above) in _SYMBOLS.items():
        text = text.replace(name.replace("_", r"\_"), name).replace(name, rf"$\sigma_{below}^{above}$")
    return text


def plain_symbols(text: str) -> str:
    """Return plain text, for labels that are read aloud, with σw² for σ_w²."""
    for name in _SYMBOLS:
        text = text.replace(name, name.replace("_", ""))
    return text


def exact(x: float) -> str:
    """Return the shortest text that `float` reads back as `x`: 0.999, 128, 1e-7."""
    if float(x).is_integer() and abs(x) < 1e15:
        return str(int(x))
    return re.sub(r"e([-+]?)0*", lambda power: f"e{power[1].strip('+')}", repr(float(x)))


def count(n: int) -> str:
    """Return a whole number with thousands separators: 12,345."""
    return f"{n:,}".replace("-", "−")


def counted(n: int, thing: str, ending: str = "s") -> str:
    """Return a number with a noun: 1 layer, 2 layers, 3 batches."""
    return f"{count(n)} {thing}{'' if n == 1 else ending}"


def percent(share: float, digits: int = 1) -> str:
    """Return a share in percent: 97.5%."""
    return f"{100 * share:z.{digits}f}%".replace("-", "−")


def duration(seconds: float) -> str:
    """Return a duration: 0.4 s, 12 s, 3 min."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 99.5 else f"{seconds / 60:.0f} min"


_ROUND = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 90, 120, 150, 180, 240, 300, 360, 420, 480, 600,
          720, 900, 1200, 1500, 1800, 2400, 3000, 3600, 5400, 7200)  # fmt: skip


def roughly(seconds: float) -> str:
    """Return an expected duration, no more exact than an estimate is: about 2 s, about 40 s, about 1.5 min."""
    if seconds < 0.7:
        return "less than 1 s"
    if seconds > 1.2 * _ROUND[-1]:
        return f"about {seconds / 3600:.0f} h"
    near = min(_ROUND, key=lambda one: abs(math.log(one / seconds)))
    if near < 60:
        return f"about {near} s"
    return f"about {near / 60:g} min" if near < 3600 else f"about {near / 3600:g} h"


def megabytes(size: int) -> str:
    """Return a size in bytes as megabytes: 11.5 MB."""
    return f"{size / 1e6:.1f} MB"


def printable(text: str) -> str:
    """Return a text of other origin as one line in which every character can be seen, in the order of reading.

    U+FFFD replaces control and format characters (such as those that turn the direction of a text), line breaks,
    odd spaces, invisible letters, characters without a meaning, and marks beyond four on one letter.
    """
    if text.isascii() and text.isprintable():
        return text
    found, marks = [], 0
    for sign in _INVISIBLE.sub(REPLACEMENT, text):
        marks = marks + 1 if unicodedata.category(sign) in ("Mn", "Me") else 0
        if marks <= MAX_MARKS:
            found.append(sign if sign.isprintable() else REPLACEMENT)
        elif marks == MAX_MARKS + 1:
            found.append(REPLACEMENT)
    return "".join(found)


def one_line(text: str, limit: int) -> str:
    """Return a text of other origin as one printable line of at most `limit` characters."""
    found = printable(text[: limit + 1])
    return found if len(found) <= limit else f"{found[: limit - 1]}…"


def brief(text: str, limit: int) -> str:
    """Return a message as one printable line of at most `limit` characters: its middle is left out, not its advice."""
    half = limit // 2
    return printable(
        " ".join((text if len(text) <= limit else f"{text[: half - 1]}…{text[-half:]}").split("\n"))
    )


def paragraph(text: str, limit: int) -> str:
    """Return a text of other origin as printable lines, together at most `limit` characters."""
    found = "\n".join(printable(line.expandtabs(4)) for line in text[: limit + 1].split("\n"))
    return found if len(found) <= limit else f"{found[: limit - 1]}…"


def shown(value: object) -> str:
    """Return the repr of `value` for an error message, at most 60 characters; never raises."""
    try:
        text = repr(value)
    except Exception:
        text = f"a {type(value).__name__}"
    return text if len(text) <= 60 else text[:57] + "..."


def plain(value: object) -> object:
    """Return NumPy scalars as Python values, everything else unchanged."""
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, np.floating):
        return float(value)
    return value
