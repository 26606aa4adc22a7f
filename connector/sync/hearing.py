"""News of a session → inbox, and what a session must know of the messages that were sent before it began."""

from collections.abc import Callable, Sequence
from datetime import datetime

from connector.model.messages import NewsKind
from connector.providers.smpp.hearing import Heard
from connector.providers.smpp.long_messages import JOINT, LongMessages
from connector.providers.smpp.pdus import PDU
from connector.providers.smpp.speaking import SmppProvider
from connector.store import inbox, long_messages
from connector.store.db import Database
from connector.sync import joining


def heard_by(
    provider: SmppProvider, known: LongMessages, database: Callable[[], Database], clock: Callable[[], datetime]
) -> Heard:
    """What stores the news of an account's session; it returns when they are durable."""
    restored = False

    def heard(pdus: Sequence[PDU]) -> None:
        nonlocal restored
        if not restored:
            with database().read() as connection:
                wholes = long_messages.open_wholes(connection, provider.account, JOINT)
                known.restore(wholes, long_messages.delivered_parts(connection, provider.account, wholes))
            restored = True
        news = [provider.told(pdu, known) for pdu in pdus]
        now, parts = clock(), [item for item in news if item.kind == NewsKind.PART]
        with database().begin() as connection:
            joining.make_room(connection, provider.account, parts, now)
            inbox.keep(connection, provider.account, provider.name, news, now)
            joining.join(connection, {(provider.account, str(part.provider_id)) for part in parts}, now)

    return heard
