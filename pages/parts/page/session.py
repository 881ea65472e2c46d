"""What a browser session remembers, as typed slots: the only module that uses `st.session_state`."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, overload

import streamlit as st

from inits.engine.fetching import Fetch
from inits.engine.jobs import Job
from inits.experiments.pasted import PastedSpec
from inits.sandbox.request_queue import Request
from inits.weightfiles.store import Reading

T = TypeVar("T")

ALL_PAGES = ""
"""The scope of a slot that all pages share."""


class Slot(Generic[T]):
    """A value of the session for each scope: a page, a part of a page, or `ALL_PAGES`.

    Args:
        name: the name of the value, unique among all slots.
        with_controls: True if the value is dropped together with the controls of its page, see `forget`.
    """

    def __init__(self, name: str, *, with_controls: bool = False) -> None:
        self.name = name
        self._separator = "." if with_controls else ":"

    def _key(self, scope: str) -> str:
        return f"{scope}{self._separator}{self.name}" if scope else self.name

    def __getitem__(self, scope: str) -> T:
        value: T = st.session_state[self._key(scope)]
        return value

    def __setitem__(self, scope: str, value: T) -> None:
        st.session_state[self._key(scope)] = value

    def __delitem__(self, scope: str) -> None:
        del st.session_state[self._key(scope)]

    def __contains__(self, scope: str) -> bool:
        return self._key(scope) in st.session_state

    @overload
    def get(self, scope: str) -> T | None: ...
    @overload
    def get(self, scope: str, default: T) -> T: ...
    def get(self, scope: str, default: T | None = None) -> T | None:
        """Return the value, or the default if there is none."""
        found: T | None = st.session_state.get(self._key(scope), default)
        return found

    @overload
    def pop(self, scope: str) -> T | None: ...
    @overload
    def pop(self, scope: str, default: T) -> T: ...
    def pop(self, scope: str, default: T | None = None) -> T | None:
        """Remove the value and return it, or the default if there is none."""
        if scope not in self:
            return default
        value = self[scope]
        del self[scope]
        return value

    def setdefault(self, scope: str, default: T) -> T:
        """Return the value; store the default first if there is none."""
        if scope not in self:
            self[scope] = default
        return self[scope]


@dataclass
class PageState:
    """The state of one page for `page.state`. Addresses and values are texts by name.

    Attributes:
        values: the values that the page shows.
        defaults: the values of a page without an address.
        saved: the values that were saved last; None before the first save.
        address: the address that the page has read or written last; None before the first.
        replaced: the address in whose place another one was put, until the browser reports the new one.
        past: addresses that the page has replaced, each with the time in seconds.
        opened: True until the first save after the page was opened.
        problems: what was not understood, by name.
        controls: the values of the controls when the page was saved last.
    """

    values: dict[str, str]
    defaults: dict[str, str]
    saved: dict[str, str] | None = None
    address: dict[str, str] | None = None
    replaced: dict[str, str] | None = None
    past: list[tuple[float, dict[str, str]]] = field(default_factory=list)
    opened: bool = False
    problems: dict[str, str] = field(default_factory=dict)
    controls: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class EditorText:
    """The text of a code editor.

    Attributes:
        text: the text that Python knows.
        revision: what the page calls its last text.
        number: how many texts the page has put into the editor.
        received: how many texts the browser has sent when this one was written.
    """

    text: str
    revision: int | str
    number: int
    received: int = 0


# Of all pages
CURRENT_PAGE = Slot[str]("page")
OWN_RERUN = Slot[bool]("own_rerun")  # the next run was requested by the page, not by the browser
RUN_AGAIN = Slot[bool]("run_again")  # the next run of the page shows what has arrived
RAN_AGAIN = Slot[bool]("ran_again")  # the present run does
PASTED_CODE = Slot[dict[str, str]]("code:shelf")  # name -> text of pasted initializers that have run
OWN_CODE = Slot[set[str]]("code:own")  # source code that was run by hand in this session
OWNER = Slot[bool]("owner")  # opened with the address that only the terminal shows
AGREED = Slot[bool]("code:agreed")  # to run pasted code without a jail
WEIGHT_FILES = Slot[dict[str, str]]("file:shelf")  # digest -> text of weight files

WELCOME = Slot[bool]("welcome")  # the first page of the session was Explore without settings
LEFT_SETTINGS = Slot[dict[str, str]]("left_settings")  # of a page, by a lesson or step that was opened on it
OPEN_STEP = Slot[str]("open_step")  # the key of the lesson, or of the first step, that the visitor follows

# Of a page
GUESS_FIRST = Slot[bool]("guess_first")  # predictions are hidden until the user has guessed
REVEALED = Slot[set[str]]("revealed")  # the keys of experiments or lessons that are shown all the same
AWAITING_RUN = Slot[bool]("awaiting_run")  # results from before are hidden until the user presses Run
RAN = Slot[set[str]]("ran")  # the keys of experiments for which Run was pressed
STATE = Slot[PageState]("state")
DIALOG = Slot[int]("dialog")  # the place of the start whose dialog is open
REFUSAL = Slot[str]("refusal")  # why the last change was refused
REMARK = Slot[str]("remark")  # how the last text was understood
REFUSAL_SHOWN = Slot[bool]("refusal_shown")  # or the remark
JOB = Slot[Job]("job")  # the job that the page shows
LEFT_JOB = Slot[Job]("left_job")  # a job that runs on for others
RUN_REQUESTED = Slot[bool]("run_requested")  # Run was pressed and has not started a job yet
PRESETS_CLOSED = Slot[int]("presets_closed")  # how often the popover of presets was closed by a choice

# Of controls that show and change one text together
SPEC = Slot[str]("spec", with_controls=True)  # an initializer or an optimizer
STARTS = Slot[str]("starts", with_controls=True)  # start cards
TYPED = Slot[Any]("typed", with_controls=True)  # the value of a box for text; the scope is its key
SHAPE = Slot[tuple[int, ...]]("kernel_shape", with_controls=True)
NEW_SEED = Slot[int]("new_seed")  # takes the place of the seed in the next run

# Train
GUESSES = Slot[dict[int, str]](
    "guesses"
)  # by the place of the start; the scope is a part for each experiment
UNREAD_SETTINGS = Slot[tuple[str, ...]]("unread_settings")  # problems of an experiment that was opened
UNREAD_SETTINGS_OF = Slot[dict[str, str]]("unread_settings_of")  # the settings when it was opened

START_NAMES = Slot[dict[str, tuple[tuple[str, int], ...]]](
    "start_names"
)  # names and colours of the starts of each run, by the key of its experiment

# Signal
EDITING = Slot[bool]("editing")  # the start cards are shown
ALL_SEEDS = Slot[bool]("all_seeds")  # the seeds after the first are measured as well
PLAYING = Slot[str]("playing")  # the layers appear one by one: "first" step, or "on"

# Your code
CODE = Slot[str]("code")  # the text of the editor
CODE_REVISION = Slot[int]("code_revision")
EDITOR_TEXT = Slot[EditorText]("text", with_controls=True)
LINE_MARKS = Slot[dict[int, str]]("line_marks")
RUN_CODE = Slot[bool]("run_code")  # run the code in the editor now
SHOWN_CODE = Slot[tuple[PastedSpec, int]]("shown_code")  # the code whose result is shown, and its seed
CODE_REQUESTS = Slot[dict[Hashable, Request]](
    "code_requests"
)  # that a page waits for, or whose failure it shows
CODE_REQUEST = Slot[Request]("code_request")

# Lessons
OPENING_LESSON = Slot[str]("opening_lesson")  # the key of a lesson whose weights are being trained
LESSON_WEIGHTS = Slot[Reading]("lesson_weights")

# Weight files; the scope is a page with one of its two places
SHOWN_FILE = Slot[str]("shown", with_controls=True)
READING_FILE = Slot[tuple[str, Reading]]("reading_file")  # its name, and how far it is read
FILE_PROBLEM = Slot[str]("file_problem")
DOWNLOAD = Slot[Fetch]("download")
FILES_OPENED = Slot[int]("files_opened")  # how many files the page has opened


def part(page: str, name: str) -> str:
    """Return the scope of a part of a page, whose values are not dropped with the controls of the page."""
    return f"{page}:{name}"


def widget_key(*names: object) -> str:
    """Return the key of a widget: "train.seed" for the page and the name of the widget."""
    return ".".join(map(str, names))


def widget_value(key: str, default: Any = None) -> Any:
    """Return the value of a widget, or the default if there is no such widget."""
    return st.session_state.get(key, default)


def set_widget(key: str, value: Any) -> None:
    """Set the value of a widget that has not been drawn yet in this run."""
    st.session_state[key] = value


def seeded(key: str, value: Any) -> str:
    """Give a widget its first value, and return its key.

    The value is set in every run: a widget in a popover that was not opened yet does not exist in the browser,
    and would show its own default when it is opened later.
    """
    st.session_state[key] = st.session_state.get(key, value)
    return key


def control_values(page: str) -> dict[str, Any]:
    """Return the simple values of the controls of a page by key, and the texts of its editors."""
    simple = (str, int, float, tuple, list, type(None), EditorText)
    return {
        str(key): value
        for key, value in st.session_state.to_dict().items()
        if str(key).startswith(f"{page}.") and isinstance(value, simple)
    }


def forget(scope: str, keep: Iterable[str] = ()) -> None:
    """Drop the values of all controls of a page, except those to keep by name; they get their first values again.

    The text of an editor stays, because the browser has it too: a new revision replaces it in both.
    """
    texts = {key for key, value in control_values(scope).items() if isinstance(value, EditorText)}
    _drop(f"{scope}.", texts | {widget_key(scope, name) for name in keep})


def forget_all(scope: str) -> None:
    """Drop every value of a scope."""
    _drop(f"{scope}.")
    _drop(f"{scope}:")


def _drop(prefix: str, keep: Iterable[str] = ()) -> None:
    for key in [str(key) for key in st.session_state]:
        if key.startswith(prefix) and key not in keep:
            del st.session_state[key]
