"""Applications of Keras whose weight files come from a server on loopback."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from types import MappingProxyType

import numpy as np

from inits.engine import Engine
from inits.weightfiles import applications
from inits.weightfiles.applications import APPLICATIONS
from support import PATIENCE, weight_corpus
from support.loopback import Answer, Server, send

KEPT = weight_corpus.hdf5(lambda file: weight_corpus.keras2(file).create_dataset("more", data=np.arange(1e6)))


def whole(to: BaseHTTPRequestHandler) -> None:
    """Answer with the complete file."""
    send(to, KEPT)


def set_table(folder: str, home: str, prefix: str) -> None:
    """In the compute process: let applications come from a folder of a server, into a Keras cache of their own."""
    os.makedirs(home, exist_ok=True)
    os.environ["KERAS_HOME"], os.environ["no_proxy"] = home, "*"
    if "keras" in sys.modules:  # else Keras reads the variable when it is imported
        from keras.src.backend import config

        config._KERAS_DIR = home
    applications.APPLICATIONS = MappingProxyType(
        {
            name: replace(
                one, folder=folder, file=f"{prefix}-{name}.h5", served=name, md5=None, size=len(KEPT)
            )
            for name, one in APPLICATIONS.items()
        }
    )


@contextmanager
def served(engine: Engine, answer: Answer, prefix: str) -> Iterator[Server]:
    """Serve the applications to the compute process; names with a new `prefix` are in no cache yet."""
    client, home = engine.connection.client(PATIENCE), str(engine.settings.cache / "keras")
    client.wait_for_workers(1, PATIENCE)
    with Server(answer) as server:
        client.run(set_table, server.address, home, prefix)
        yield server
