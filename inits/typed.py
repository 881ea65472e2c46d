"""Numbers and lists from text, as people type and paste them."""

import math
import re

LONGEST_NUMBER = 60  # characters
_FROM_SUPERSCRIPT = str.maketrans("⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹", "-+0123456789")
_POWER = re.compile(r"\s*[×x*·]\s*10\s*(?:(?:\^|\*\*)\s*\(?([-+]?\d+)\)?|([⁻⁺]?[⁰¹²³⁴-⁹]+))$")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?")
_THOUSANDS = re.compile(r"([-+]?[1-9]\d{0,2}([ '’_,.])\d{3}(?:\2\d{3})*)(?!\2|\d)(.*)")
_BETWEEN = re.compile(r"\s*(?:→|⟶|➔|⇒|->|=>|>|\||/|;|,)\s*|(?<=\d)(?:\s*[-–—‒−]\s+|[-–—‒−])(?=\d)|\s+")


def read_number(text: str, *, whole: bool = False) -> int | float:
    """Return the number in a text as people write it: 0.05, 0,05, 1e-3, −2, 1.5 × 10⁻⁷ or 10 000.

    Args:
        text: what was typed or pasted.
        whole: True if only whole numbers are expected: then 1,024 is 1024, which can otherwise mean 1.024 as well.

    Raises:
        ValueError: for a text that is no finite number, or that can mean two; its message says which.
    """
    plain = " ".join(text.split()).translate(str.maketrans("−–", "--")) if len(text) <= LONGEST_NUMBER else ""
    plain = _POWER.sub(lambda found: f"e{(found[1] or found[2]).translate(_FROM_SUPERSCRIPT)}", plain)
    plain = _without_thousands(plain, whole=whole).replace(",", ".", 1).lower()
    value = float(plain) if _NUMBER.fullmatch(plain) else math.nan
    if not math.isfinite(value) or (whole and not value.is_integer()):
        raise ValueError
    return int(value) if value.is_integer() else value


def _without_thousands(text: str, *, whole: bool) -> str:
    """Return a number without thousands separators. Raises ValueError if the only one can be a decimal point."""
    found = _THOUSANDS.fullmatch(text)
    if not found:
        return text
    groups, separator, rest = found.groups()
    if separator in ",." and groups.count(separator) == 1 and not rest.startswith((",", ".")):
        if separator == "." and not whole:
            return text
        if separator == "." or not whole:
            raise ValueError(
                f"which can mean {groups.replace(separator, '')} or {groups.replace(separator, '.')}"
            )
    return groups.replace(separator, "") + rest


def split_list(text: str) -> list[str]:
    """Return the parts of a list as people write it: 512, 256 or [512, 256], 512-256, 784 → 128, 64 64."""
    plain = " ".join(re.sub(r"[][(){}]", " ", text).split())
    return [part for part in _BETWEEN.split(plain) if part]
