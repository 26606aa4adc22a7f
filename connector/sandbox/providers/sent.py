"""The messages that a provider accepted one by one, in columns, and what becomes of each, computed from the seed."""

from abc import ABC, abstractmethod
from array import array
from collections.abc import Iterator

from connector.sandbox.providers.webhook import Life, Told, Webhook, over
from connector.sandbox.providers.world import World


class Sent(ABC):
    """Numbers, texts and times of the accepted messages. A message is its place in the columns."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.numbers: list[str] = []
        self.texts: list[str] = []
        self.starts = array("d")
        # Two runs of the sandbox must not give one id twice to a store that outlives them.
        self.born = world.now()
        self._disturbed: dict[int, Life] = {}

    def add(self, number: str, text: str) -> int:
        """Write down a message accepted now."""
        self.starts.append(self.world.now())
        self.numbers.append(number)
        self.texts.append(text)  # last: another thread may be reading the fates
        return len(self.texts) - 1

    def chances(self, message: int) -> tuple[float, float, float, float]:
        """Four numbers in [0, 1) that decide what becomes of the message."""
        return self.world.chances(self.numbers[message] + self.texts[message])

    @abstractmethod
    def id_of(self, message: int) -> str:
        """The identifier that the caller was given."""

    @abstractmethod
    def life(self, message: int) -> Life:
        """The news of the message while no fault befalls it; empty for one that nobody tells of."""

    @abstractmethod
    def word(self, fields: dict[str, str]) -> str:
        """The guide's word for the status in a piece of news."""

    def news(self, message: int) -> Life:
        """The news of the message as a fault may have left it."""
        return self._disturbed.get(message) or self.life(message)

    async def tell(self, webhook: Webhook, messages: list[int]) -> None:
        """Plan the news of messages just accepted; returns when all that comes before the answer has been pushed."""
        early = []
        for message in messages:
            planned = self.life(message)
            life, first = webhook.expect(self.id_of(message), planned, self.teller(webhook, message))
            if life is not planned:
                self._disturbed[message] = life
            if first is not None:
                early.append(first)
        await over(early)

    def teller(self, webhook: Webhook, message: int) -> Told:
        """What writes each push of the message's news into the ledger."""

        def told(fields: dict[str, str], taken: bool) -> None:
            whose = webhook.provider, webhook.news, self.texts[message], self.id_of(message)
            self.world.ledger.tell(*whose, self.word(fields), taken=taken)

        return told

    def fates(self) -> Iterator[tuple[str, str]]:
        """The text of every message and the last word told of it by now, ``accepted`` before the first."""
        now = self.world.now()
        for message, text in enumerate(list(self.texts)):
            told = [self.word(fields) for due, fields in self.news(message) if due <= now]
            yield text, told[-1] if told else "accepted"
