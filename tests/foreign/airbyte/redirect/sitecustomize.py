"""Python reads this at its start: it sends Salesforce's login host to the port ORG_PORT of the loopback.

Names of the loopback stay as they are and no other name is found, so the client reaches nothing but the pretend org.
"""

import os
import socket

_ORG = ("127.0.0.1", int(os.environ["ORG_PORT"]))
_HOSTS = ("login.salesforce.com", "test.salesforce.com")
_LOOPBACK = ("localhost", "127.0.0.1")
_find = socket.getaddrinfo


def getaddrinfo(host, port, *more, **options):  # type: ignore[no-untyped-def]
    """Where `host` is; `socket.gaierror` for every host but the pretend ones and the loopback."""
    if host in _HOSTS:
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", _ORG)]
    if host in _LOOPBACK:
        return _find(host, port, *more, **options)
    raise socket.gaierror(socket.EAI_NONAME, f"{host} is outside the test.")


socket.getaddrinfo = getaddrinfo
