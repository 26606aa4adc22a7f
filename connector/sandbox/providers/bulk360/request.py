"""What may stand in the body of ``POST /api/bulk360/v2.0`` (guide v2.0, "Sending Normal Text Messages", parameters)."""

import re
from dataclasses import dataclass

from connector.sandbox.providers.bulk360.codes import Refusal
from connector.sandbox.providers.bulk360.form import fields

_LONGEST_TO = 150
_SENDER = re.compile(r"[A-Za-z0-9]{1,11}")
_KNOWN = frozenset({"to", "from", "text", "detail"})


@dataclass(frozen=True)
class SmsRequest:
    """A request whose every parameter is in order; the entries of `to` are yet to be judged, one by one.

    The sender (`from`) is checked and forgotten: no answer and no notification names it.
    """

    to: list[str]
    text: str
    detail: bool


def read(body: bytes, content_type: str) -> SmsRequest:
    """The request in `body`. Raises Refusal(400) when a field is missing, too long, repeated, unknown or malformed."""
    given = fields(body, content_type)
    if given is None or set(given) - _KNOWN:
        raise Refusal(400)
    to, text, sender, detail = (given.get(name, "") for name in ("to", "text", "from", "detail"))
    if not to or len(to) > _LONGEST_TO or not text:
        raise Refusal(400)
    if sender and not _SENDER.fullmatch(sender):
        raise Refusal(400)
    if detail not in ("", "0", "1"):
        raise Refusal(400)
    return SmsRequest(to.split(","), text, detail == "1")
