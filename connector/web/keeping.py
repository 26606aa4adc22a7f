"""Where the receiver's news goes: the store's inbox."""

from collections.abc import Sequence

from connector.store import inbox
from connector.store.db import Database
from connector.web.commit import Keep, Kept


def kept_in(database: Database) -> Keep:
    """Stores many webhooks' news in one transaction, one statement an account, in the order they came.

    What it gives back raises StoreError when the database cannot keep the news.
    """

    def keep(together: Sequence[Kept]) -> None:
        by_account: dict[tuple[str, str], list[Kept]] = {}
        for kept in together:
            by_account.setdefault((kept.account, kept.provider), []).append(kept)
        with database.begin() as connection:
            for (account, provider), told in sorted(by_account.items()):
                news = [item for kept in told for item in kept.news]
                inbox.keep(connection, account, provider, news, told[0].received_at)

    return keep
