"""How many sessions the server has room for: each needs open files, of which the system allows a number."""

import sys
from contextlib import suppress

if sys.platform != "win32":  # which has no such limit
    import resource

MAX_SESSIONS = 500
EACH = 4  # open files of a session
OTHERS = 500  # of everything else; Streamlit keeps three for each of the last 128 sessions that have left
WANTED = OTHERS + EACH * MAX_SESSIONS


def raise_limit() -> None:
    """Allow this process as many open files as the sessions need, or as many as the system permits."""
    if sys.platform != "win32":
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
        if soft != resource.RLIM_INFINITY and soft < most:
            with suppress(ValueError, OSError):  # some systems have a limit of their own
                resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def max_sessions() -> int:
    """Return the number of sessions for which this process may open files."""
    if sys.platform == "win32":
        return MAX_SESSIONS
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    room = WANTED if soft == resource.RLIM_INFINITY else soft
    return max(1, min(MAX_SESSIONS, (room - OTHERS) // EACH))
