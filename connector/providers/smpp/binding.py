"""The first word of a session: bind_transceiver (SMPP 3.4, 4.1.5)."""

from collections.abc import Callable
from functools import partial

from connector.model.errors import ExchangeError, NeverLeft, Refused
from connector.model.failures import Failure, Fault, Retry
from connector.providers.smpp.connection import Connection
from connector.providers.smpp.options import SmppOptions
from connector.providers.smpp.pdus import header_of, status_words, written
from connector.providers.smpp.statuses import NOT_NOW, OK


def bind(link: Connection, options: SmppOptions, number: int) -> Callable[[], ExchangeError] | None:
    """Binds as a transceiver, to send and to hear; what makes the error of a bind that was not let in, else None.

    Raises:
        LinkLost: the connection broke.
    """
    asked = written(
        "bind_transceiver",
        number,
        system_id=options.system_id,
        password=options.password.get_secret_value(),
        system_type=options.system_type,
    )
    link.send(asked, options.connect_timeout)
    answer = link.receive(options.connect_timeout)
    if answer is None or not header_of(answer).is_answer:
        return partial(NeverLeft, "the SMSC does not answer to bind_transceiver")
    status = header_of(answer).status
    if status == OK:
        return None
    if status in NOT_NOW:
        return partial(NeverLeft, f"the SMSC does not let the account bind now: {status_words(status)}")
    reason = f"the SMSC does not let the account bind: {status_words(status)}; check its system_id and password"
    return partial(Refused, Failure(f"{status:#06x}", reason, Fault.ACCOUNT, Retry.WHEN_MENDED), status=status)
