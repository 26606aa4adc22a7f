"""The demonstration: the sandbox in a process of its own, the daemon beside it. Only this room knows both sides."""

from connector.demo.run import run

__all__ = ["run"]
