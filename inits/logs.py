"""Logging of the app: one line for each event, with its name and `key=value` pairs.

Below the level `debug` the log contains no text that a user wrote: neither the values that libraries log, such as the
id of a request, nor the messages of exceptions. Every line that continues an event is indented, so none can be forged.
"""

from __future__ import annotations

import logging
import sys
import time
import traceback
from collections import deque
from collections.abc import Mapping

LEVELS = ("debug", "info", "warning", "error")
OWN = ("inits", "pages")  # loggers whose events contain only numbers and our own words


def begin(level: str) -> None:
    """Write what this app logs at `level` and above to the standard error stream. Later calls only set the level."""
    root = logging.getLogger("inits")
    root.setLevel(level.upper())
    if level != "debug":
        hide_texts()
        _limit_libraries()
    if not root.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
        root.addHandler(handler)
        root.propagate = False


def hide_texts() -> None:
    """Leave the texts of users out of the log of this process."""
    logging.setLogRecordFactory(Record)


def _limit_libraries() -> None:
    """Limit how often the loggers that libraries have by now write the same event."""
    logging.getLogger("python_multipart").setLevel(
        logging.ERROR
    )  # its warnings name bytes of what users send
    seldom = Seldom()
    for logger in [logging.getLogger(), *logging.Logger.manager.loggerDict.values()]:
        if isinstance(logger, logging.Logger) and logger.name.split(".")[0] not in OWN:
            for handler in logger.handlers:
                handler.addFilter(seldom)
    if logging.lastResort:
        logging.lastResort.addFilter(seldom)


class Seldom(logging.Filter):
    """Drops an event that came from the same line of code too often: anyone could fill the disk with it."""

    def __init__(self, most: int = 20, seconds: float = 60.0) -> None:
        super().__init__()
        self._most, self._seconds = most, seconds
        self._times: dict[tuple[str, int], deque[float]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return False if the event came `most` times within the last `seconds`."""
        now = time.monotonic()
        times = self._times.setdefault((record.pathname, record.lineno), deque(maxlen=self._most))
        if len(times) == self._most and now - times[0] < self._seconds:
            return False
        times.append(now)
        return True


class Record(logging.LogRecord):
    """An event of any library without the texts of users: their place is marked by "…"."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        if self.exc_info and self.exc_info[1]:
            self.exc_text = outline(self.exc_info[1])
        if self.name.split(".")[0] in OWN:
            return
        if isinstance(self.args, Mapping):
            self.args = {name: _number(value) for name, value in self.args.items()}
        elif self.args:
            self.args = tuple(map(_number, self.args))

    def getMessage(self) -> str:
        """Return the message in one line."""
        return "".join(one if one.isprintable() else " " for one in super().getMessage())


def _number(value: object) -> object:
    return value if isinstance(value, int | float) else "…"


def outline(error: BaseException) -> str:
    """Return the traceback of an exception and of those that caused it, without their messages."""
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    before = f"{outline(cause)}\n" if cause else ""
    frames = "".join(traceback.format_tb(error.__traceback__)).rstrip()
    return f"{before}{frames}\n  {type(error).__name__}"
