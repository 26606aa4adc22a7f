"""A session as the rest of the connector asks an account: a request in, an answer out.

An SMPP account's adapter asks for three things by a request's method. Octets travel as text of ISO-8859-1, an octet a
character, so that a request can be hashed and shown like any other.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from connector.model.errors import Refused
from connector.model.failures import Failure, Fault, Retry
from connector.providers.exchange import Request, Response
from connector.providers.smpp.session import Session
from connector.providers.talk import Talker

SUBMIT = "SUBMIT"
"""Submits one message, which `query` names by our `reference` and `to` (E.164). `json` is a list of parts, each the
fields of a submit_sm; the answer has `ids`, `status` (the command_status of the part that was not taken, else null) and
`silent` (whether a part got no answer)."""
LISTEN = "LISTEN"
"""Binds, if the session is not bound, so that the SMSC can tell what it has to tell."""
REACH = "REACH"
"""Makes a connection and does not bind."""
OCTETS = ("short_message", "message_payload")


class SessionLine(Talker):
    """One thread's way to the session of an account, which all of its threads share."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.requests = 0

    def ask(self, request: Request) -> Response:
        """Submits, listens or reaches out.

        Raises:
            NeverLeft: the session is not bound, and nothing of the message left.
            Refused: the SMSC does not let the account bind, or the request is one over HTTP.
        """
        if request.method == SUBMIT:
            self.requests += 1
            said = self._session.submit([_fields(part) for part in request.json], **request.query)
            answer = {"ids": said.ids, "status": said.status, "silent": said.silent}
            return Response(200, {"content-type": "application/json"}, orjson.dumps(answer))
        if request.method == LISTEN:
            self._session.bound()
        elif request.method == REACH:
            self._session.reach()
        else:
            raise Refused(
                Failure(
                    "protocol",
                    "this account speaks SMPP, and that is an operation over HTTP; use an account with a token",
                    Fault.ACCOUNT,
                    Retry.WHEN_MENDED,
                )
            )
        return Response(200, {})

    def close(self) -> None:
        """Leaves the session to its other threads; whoever made it closes it."""


def _fields(part: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.encode("latin-1") if name in OCTETS else value for name, value in part.items()}
