"""Messages about what people type, links and files: short, on one line and printable, whatever they received."""

import json
import os
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from support import ROOT

from inits.data.datasets import load
from inits.errors import LONGEST_MESSAGE, InitsError, SpecError, unexpected
from inits.experiments.experiment import Experiment, Start
from inits.experiments.file_start import FileSpec
from inits.experiments.network import Network, parse_hidden
from inits.experiments.pasted import PastedSpec
from inits.experiments.sweep import activations
from inits.experiments.weight_source import parse_kernel
from inits.export.experiment_json import WHAT, read
from inits.initializers.activations import elementwise
from inits.initializers.shapes import checked
from inits.initializers.spec import InitializerSpec, OptimizerSpec
from inits.sandbox.client import Sandbox
from inits.sandbox.processes import without_folders
from inits.settings import read as read_settings
from inits.theory.recommendation import Task
from inits.weightfiles.applications import find
from pages.parts.choose.questions import CHOOSE
from pages.parts.experiment.cards import parse_cards
from pages.parts.experiment.choices import TRAIN
from pages.parts.signal.builder import SIGNAL
from pages.parts.sweep.builder import SWEEP
from pages.parts.widgets.shape import parse_shape

LONG = 20_000
SIGNS = [
    "a",
    "7",
    "-7",
    " ",
    "6x128,",
    "1x",
    "(",
    "[",
    "HeNormal(",
    '"',
    ";",
    "|",
    ":",
    "\\",
    "{",
    "é",
    "😀",
    ".",
    "HeNormal|",
]
ODD = ["\u202e", "\x1b[31m", "\0", "\n", "\t", "\u2028", "\ud800", "a\u0301"]
TEXTS = [sign * (LONG // len(sign)) for sign in [*SIGNS, *ODD]]
TEXTS += [f"{sign}x{sign}" for sign in ODD] + [
    "HeNormal(" + "9" * LONG + ")",
    f"HeNormal({'x' * LONG}=1)",
    f"RandomNormal(stddev='{'x' * LONG}')",
]
TEXTS += [
    f"{'z' * LONG}()",
    f"code:{'n' * LONG}:AAAA",
    f"file:{'n' * LONG}:{'0' * LONG}:{'h' * LONG}:{'r' * LONG}",
]
JSON = json.dumps(
    {"what": WHAT, "format": 1, "settings": {"seed": "\u202eTEXT", "TEXT": "1", "hidden": "TEXT"}}
)


def in_file(text: str) -> object:
    """Read an experiment file whose settings are a text."""
    opened = read(JSON.replace("TEXT", json.dumps(text)[1:-1]).encode(), TRAIN.readers)
    return [SpecError(words) for words in opened.problems if len(words) > LONGEST_MESSAGE]


SETTINGS = ("INITS_CODE", "INITS_WEIGHTS_MB", "INITS_SCHEDULER", "INITS_LOG")
PARSERS: dict[str, Callable[[str], object]] = {
    "initializer": InitializerSpec.parse,
    "optimizer": OptimizerSpec.parse,
    "kernel": parse_kernel,
    "code": PastedSpec.parse,
    "name of code": partial(PastedSpec, source=""),
    "file": FileSpec.parse,
    "network": Network.parse,
    "hidden layers": parse_hidden,
    "activation": partial(Network, (128,)),
    "activation in theory": elementwise,
    "activations": lambda text: activations([text]),
    "experiment": Experiment.from_json,
    "experiment with odd keys": lambda text: Experiment.from_json(json.dumps({text: 1})),
    "dataset of an experiment": lambda text: Experiment((Start(InitializerSpec("Zeros")),), dataset=text),
    "experiment file": in_file,
    "shape": lambda text: checked([text]),
    "typed shape": parse_shape,
    "cards": parse_cards,
    "dataset": load,
    "application": find,
    "task": lambda text: Task("relu", 3, text),
    "code to run": lambda text: Sandbox(allowed=False).submit(text, []),
    **{f"setting {name}": (lambda text, name=name: read_settings({name: text})) for name in SETTINGS},
    **{f"{one.page} {name}": reader for one in (TRAIN, SWEEP, SIGNAL, CHOOSE) for name, reader in one.readers.items()},
}  # fmt: skip


def refusal(parse: Callable[[str], object], text: str) -> str | None:
    """Return the message about a text; None if it is read."""
    try:
        parse(text)
    except InitsError as error:
        return str(error)
    return None


@pytest.mark.parametrize("name", PARSERS)
def test_message_about_any_text_is_short_and_printable(name):
    found = [words for text in TEXTS if (words := refusal(PARSERS[name], text)) is not None]
    assert found
    assert max(map(len, found)) <= LONGEST_MESSAGE < 500
    assert all(words.isprintable() for words in found)


def test_long_message_keeps_its_beginning_and_its_advice():
    words = str(SpecError(f"name must be short, but got {'x' * LONG}. Use at most 40 characters."))
    assert words.startswith("name must be short, but got xxx")
    assert words.endswith("xxx. Use at most 40 characters.")
    assert len(words) == LONGEST_MESSAGE
    assert str(SpecError("As it is.")) == "As it is."


def test_error_that_is_not_ours_is_named_without_its_text():
    assert unexpected(OSError(28, "No space left", "/srv/somewhere")) == "OSError, see the log of the server"
    assert unexpected(SpecError("As it is.")) == "As it is."


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f'File "{np.__file__}", line 3', f'File "numpy{os.sep}__init__.py", line 3'),
        (f"[{str(ROOT)!r}, '{ROOT}/inits', 'file://{ROOT}/x']", "['', 'inits', 'file://x']"),
        (f"{ROOT}-other/x, {ROOT}.old, /data{ROOT}/x", f"{ROOT}-other/x, {ROOT}.old, /data{ROOT}/x"),
        ("#!/usr/bin/env python /usr/local/share /", "#!/usr/bin/env python /usr/local/share /"),
    ],
)
def test_only_the_folders_of_the_installation_are_removed(text, left):
    assert without_folders(text) == left


def test_odd_parts_of_a_link_are_shown_shortened_and_literally():
    def page() -> None:
        from pages.parts.page import state

        state.load("some", {"known": ""})

    app = AppTest.from_function(page, default_timeout=30)
    for number in range(40):
        app.query_params[f"{number}![x](http://127.0.0.1:1/)\u202e" + "y" * 5_000] = "1"
    app.run()
    assert not app.exception
    shown = [one.value for one in app.warning]
    assert 0 < len(shown) <= 5
    assert all(len(words) < 200 and words.isprintable() and r"\!" not in words for words in shown)
    assert all(r"\[x\](http\://127.0.0.1\:1/)" in words for words in shown)
