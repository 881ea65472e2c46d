"""What the first visitors of each page would wait for, found out beforehand."""

import gc
import logging
import threading
from importlib import import_module
from time import sleep

from inits.compute import Engine

log = logging.getLogger(__name__)

PAGES = (
    "start_cards",
    "run_views",
    "sweep_views",
    "editor",
    "weight_views",
)  # what their first visit imports
YOUNG = 5000  # objects more than before: then Python looks for garbage among them


def warm_up(engine: Engine) -> None:
    """In the background, once the compute process has no need of the processors any more."""
    threading.Thread(target=_warm_up, args=(engine,), name="inits-warm-up", daemon=True).start()


def _warm_up(engine: Engine) -> None:
    while engine.status.phase not in ("ready", "failed"):
        sleep(0.5)
    try:
        for name in PAGES:
            import_module(f"pages.shared.{name}")
        from pages.shared.choose_views import by_activation
        from pages.shared.phase_views import plane_of

        by_activation()
        for activation in ("tanh", "relu"):
            plane_of(activation)
    except Exception:
        log.exception("A page could not be prepared")
    # What is here now stays. To look through it for garbage stopped everybody for 0.2 s, every 2 s in a class of 50.
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])
