"""Preparation at the start of the server, so that the first visit of a page does not wait for it."""

import gc
import logging
import threading
from importlib import import_module
from time import sleep

import streamlit as st
from streamlit.runtime import Runtime

from inits.engine.engine import Engine
from pages.parts.compute.engine_access import engine

log = logging.getLogger(__name__)

MODULES = (
    "experiment.start_cards",
    "train.run_views",
    "sweep.views",
    "widgets.editor",
    "weights.views",
)  # imported by the first visit of a page
MAX_YOUNG = 5000  # number of new objects after which Python collects garbage among them


@st.cache_resource(show_spinner=False)
def warm_up() -> None:
    """Start the engine, and prepare the pages once it is ready: once per server, in the background."""
    if Runtime.exists():
        threading.Thread(target=_warm_up, args=(engine(),), name="inits-warm-up", daemon=True).start()


def _warm_up(engine: Engine) -> None:
    while engine.status.phase not in ("ready", "failed"):
        sleep(0.5)
    try:
        for name in MODULES:
            import_module(f"pages.parts.{name}")
        from pages.parts.choose.views import by_activation
        from pages.parts.signal.phase_plane import plane_of

        by_activation()
        for activation in ("tanh", "relu"):
            plane_of(activation)
    except Exception:
        log.exception("A page could not be prepared")
    # The present objects stay. Collecting them blocked all sessions for 0.2 s, every 2 s with 50 users.
    gc.collect()
    gc.freeze()
    gc.set_threshold(MAX_YOUNG, *gc.get_threshold()[1:])
