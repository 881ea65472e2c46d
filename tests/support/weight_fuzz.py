"""Read randomly changed weight files: `python tests/support/weight_fuzz.py FOLDER EXAMPLES` reads that many.

The file that is being read is FOLDER/current: after a crash of the process, that file was the cause.
"""

import json
import resource
import sys
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inits.errors import WeightFileError
from inits.weightfiles import read
from support.weight_corpus import GOOD, peak

FILES = {name: build() for name, build in sorted(GOOD.items())}
MAX_ADDRESSES = 4 << 30  # bytes of address space; the memory that is used is asserted below
MAX_GROWTH = 200_000_000
NUMBERS = (0, 1, 2, 4, 8, 255, 256, 65_535, 2**31 - 1, 2**32 - 1, 2**40, 2**63 - 1, 2**64 - 1)

places = st.floats(0, 1, exclude_max=True)
edits = st.one_of(
    st.tuples(st.just("bytes"), places, st.binary(min_size=1, max_size=8)),
    st.tuples(
        st.just("bytes"),
        places,
        st.builds(int.to_bytes, st.sampled_from(NUMBERS), st.just(8), st.just("little")),
    ),
    st.tuples(st.just("bit"), places, st.integers(0, 7)),
    st.tuples(st.just("copy"), places, places),
    st.tuples(st.just("cut"), places, st.integers(1, 64)),
    st.tuples(st.just("end"), places, st.none()),
    st.tuples(st.just("splice"), places, st.sampled_from(sorted(FILES))),
)


def edited(content: bytes, edit: tuple) -> bytes:
    """Return the file with one change."""
    what, where, how = edit
    at = int(where * len(content))
    match what:
        case "bytes":
            return content[:at] + how + content[at + len(how) :]
        case "bit":
            return content[:at] + bytes(byte ^ 1 << how for byte in content[at : at + 1]) + content[at + 1 :]
        case "copy":  # of 8 bytes, as addresses are
            at, other = at // 8 * 8, int(how * len(content)) // 8 * 8
            return content[:at] + content[other : other + 8] + content[at + 8 :]
        case "cut":
            return content[:at] + content[at + how :]
        case "end":
            return content[:at]
    return content[:at] + FILES[how][int(where * len(FILES[how])) :]


def main(folder: Path, examples: int) -> None:
    """Read damaged files, and print how many were refused and how many were read all the same."""
    current, outcomes = folder / "current", Counter[str]()

    @settings(max_examples=examples, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(sorted(FILES)), st.lists(edits, min_size=1, max_size=8))
    def is_read_or_refused(name: str, todo: list[tuple]) -> None:
        content = FILES[name]
        for edit in todo:
            content = edited(content, edit)
        current.write_bytes(content)
        try:
            layers = read(current)
        except WeightFileError as error:
            text = str(error)
            assert text.startswith("The file ")
            assert text.endswith(".")
            assert text.isprintable()
            outcomes["refused"] += 1
        else:
            assert all(layer.arrays for layer in layers)
            outcomes["read"] += 1

    before = peak()
    is_read_or_refused()
    assert peak() - before < MAX_GROWTH
    print(json.dumps(outcomes))


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MAX_ADDRESSES, MAX_ADDRESSES))
    main(Path(sys.argv[1]), int(sys.argv[2]))
