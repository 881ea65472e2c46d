"""Names of this machine in the `Host` of a request."""

from ipaddress import ip_address
from urllib.parse import urlsplit


def host_name(host: str) -> str:
    """Return the name in a `Host` without the port and without the brackets of IPv6; "" if it is not valid."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port  # raises for a port that is not one
    except ValueError:
        return ""
    return parts.hostname or "" if parts.netloc == host and "@" not in host else ""


def is_address(name: str) -> bool:
    """Return True for an IP address."""
    try:
        return bool(ip_address(name))
    except ValueError:
        return False


def is_loopback(name: str) -> bool:
    """Return True for a name of the loopback interface: localhost, 127.0.0.1, ::1."""
    return name == "localhost" or (is_address(name) and ip_address(name).is_loopback)
