"""The log: structlog, JSON for machines or coloured lines for people. Numbers, addresses, texts and secrets never reach
it."""

import contextlib
import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Literal, TextIO, cast

import structlog

_ADDRESS = re.compile(r"[^\s@<>()\[\]{},;:\"|/]{1,64}@[^\s@<>()\[\]{},;:'\"|/=?&]{0,255}\w")
"""What could be an e-mail address, however odd."""
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_NUMBER = re.compile(
    r"(?<![A-Za-z0-9])(?!\d{4}-\d\d-\d\d(?!-?\d))"
    rf"(?!{_OCTET}(?:\.{_OCTET}){{3}}(?![\d.]))"
    r"\+?\d[\d .\-()]{6,}\d(?![A-Za-z0-9])"
)
"""What could be a phone number: neither a date, nor an IP address, nor part of an id."""
_SECRET_KEYS = re.compile(r"secret|password|token|authorization|api_key|private_key|client_id", re.IGNORECASE)
_TEXT_KEYS = frozenset({"text", "body", "message_text", "reply", "description", "raw"})
_UNMASKED_KEYS = frozenset({"timestamp", "seconds", "count", "size", "line", "port", "pid", "fence", "level", "event"})
_KEPT_DIGITS = 3


def masked(text: str) -> str:
    """The text with every phone-like run of digits cut to its last three, and every e-mail address to its last dot."""
    without_addresses = _ADDRESS.sub(_mask_address, text) if "@" in text else text
    return _NUMBER.sub(_mask_number, without_addresses)


def _mask_address(found: re.Match[str]) -> str:
    _, dot, end = found.group().rpartition(".")
    return f"…@….{end}" if dot and end.isalpha() else "…@…"


def _mask_number(found: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", found.group())
    return f"…{digits[-_KEPT_DIGITS:]}" if len(digits) >= 8 else found.group()


def mask(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: no text, no token, no whole number, however deep it lies."""
    for key in list(entry):
        entry[key] = _masked_value(key, entry[key])
    return entry


def _masked_value(key: str, value: Any) -> Any:
    if _SECRET_KEYS.search(key):
        return "***"
    if key in _TEXT_KEYS:
        return f"<{len(value)} characters>" if isinstance(value, str) else "<left out>"
    if isinstance(value, dict):
        return {inner: _masked_value(str(inner), item) for inner, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked_value("", item) for item in value]
    if isinstance(value, BaseException):
        value = f"{type(value).__name__}: {value}"
    if isinstance(value, str) and key not in _UNMASKED_KEYS:
        return masked(value)
    return value


def _mask_event(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    entry["event"] = masked(str(entry["event"]))
    if "exception" in entry:
        entry["exception"] = masked(str(entry["exception"]))
    return entry


class _StandardError:
    """Standard error as it is when a line is written, for it may have been replaced since the log was set up.

    A line that cannot be written (the disk is full, the pipe's reader is gone) is given up: a job or a watch that broke
    off for it would never run again, and nobody would be told.
    """

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            sys.stderr.flush()


def set_up(form: Literal["console", "json"] = "console", level: str = "INFO") -> None:
    """Sets the log up for the process: everything goes to standard error, other libraries' lines included."""
    chain: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        mask,
        structlog.processors.format_exc_info,
        _mask_event,
    ]
    last: Any = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*chain, last],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _StandardError())),
        cache_logger_on_first_use=False,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=chain, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last]
    )
    handler = logging.StreamHandler(cast("TextIO", _StandardError()))
    handler.setFormatter(formatter)
    # a run that comes due while the last one is under way is left out by plan; jobs that hang are watched over by us
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
