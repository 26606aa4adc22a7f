"""Which hosts are this very machine: what is said to them nobody overhears, and no proxy reaches them."""

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Whether a host name or address certainly stays on this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
