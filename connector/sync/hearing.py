"""News of a session → inbox, and what a session must know of the messages that were sent before it began."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime

from connector.model.messages import News, NewsKind
from connector.providers.smpp.hearing import Heard
from connector.providers.smpp.long_messages import JOINT, LongMessages
from connector.providers.smpp.pdus import PDU
from connector.providers.smpp.speaking import SmppProvider
from connector.store import inbox, long_messages
from connector.store.db import Database
from connector.sync import joining

_KEPT = 10_000
"""Parts of which it is known that they were acknowledged; the oldest are forgotten first."""


class _Acknowledged:
    """The keys of the parts that the newest session has acknowledged, which it does as soon as they are durable. Of a
    session that is over nobody knows which of its last acknowledgements arrived."""

    def __init__(self) -> None:
        self._session = 0
        self._keys: OrderedDict[str, None] = OrderedDict()

    def among(self, parts: Sequence[tuple[PDU, News]]) -> frozenset[str]:
        """Those of the parts that the session by which they came has acknowledged before."""
        return frozenset(
            part.key for pdu, part in parts if pdu.session == self._session != 0 and part.key in self._keys
        )

    def add(self, parts: Sequence[tuple[PDU, News]]) -> None:
        """These are durable now."""
        for pdu, part in parts:
            if pdu.session > self._session:
                self._session, self._keys = pdu.session, OrderedDict()
            if pdu.session == self._session:
                self._keys[part.key] = None
        while len(self._keys) > _KEPT:
            self._keys.popitem(last=False)


def heard_by(
    provider: SmppProvider, known: LongMessages, database: Callable[[], Database], clock: Callable[[], datetime]
) -> Heard:
    """What stores the news of an account's session; it returns when they are durable."""
    restored, acknowledged = False, _Acknowledged()

    def heard(pdus: Sequence[PDU]) -> None:
        nonlocal restored
        if not restored:
            with database().read() as connection:
                wholes = long_messages.open_wholes(connection, provider.account, JOINT)
                known.restore(wholes, long_messages.delivered_parts(connection, provider.account, wholes))
            restored = True
        told = [(pdu, provider.told(pdu, known)) for pdu in pdus]
        now, of_parts = clock(), [(pdu, news) for pdu, news in told if news.kind == NewsKind.PART]
        parts = [part for _, part in of_parts]
        with database().begin() as connection:
            joining.make_room(connection, provider.account, parts, acknowledged.among(of_parts), now)
            inbox.keep(connection, provider.account, provider.name, [news for _, news in told], now)
            joining.join(connection, {(provider.account, str(part.provider_id)) for part in parts}, now)
        acknowledged.add(of_parts)

    return heard
