"""Validation of email addresses (guide, "Email validation"): asked for, told of twice, read as CSV."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
from starlette.responses import StreamingResponse

from connector.sandbox.faults import STATUSES
from connector.sandbox.providers.nrs360.account import Cash
from connector.sandbox.providers.nrs360.asking import BASE, Answer, Asked, Operation, answered
from connector.sandbox.providers.nrs360.contacts import Contacts
from connector.sandbox.providers.nrs360.errors import Refusal
from connector.sandbox.providers.nrs360.parameters import FLAG, TEXTS, URL, WHOLES, Parameter, check, is_address
from connector.sandbox.providers.nrs360.records import Listing
from connector.sandbox.providers.nrs360.times import written
from connector.sandbox.providers.pushing import JSON, Push
from connector.sandbox.providers.world import World

_PRICE = 0.0035  # EUR an address
_VALIDATION = (
    Parameter("groupsIds", WHOLES),
    Parameter("emails", TEXTS),
    Parameter("force", FLAG),
    Parameter("notificationUrl", URL),
)
_RESULTS = (("deliverable", 0.7), ("risky", 0.15), ("undeliverable", 0.15))
_FAILURE = "Failed to process email validation"


@dataclass(frozen=True)
class Validation:
    """One validation. Times are seconds since 1970; `fresh` is how many addresses were not known before."""

    addresses: list[str]
    fresh: int
    created: float
    started: float
    finished: float
    fails: bool

    def status(self, now: float) -> str:
        """Where it stands: ``pending``, ``started``, and ``finished`` or ``failed``."""
        if now < self.started:
            return "pending"
        return "started" if now < self.finished else "failed" if self.fails else "finished"


class Validations(Listing[Validation]):
    """The account's validations. With `fails` those that are begun from now on fail."""

    path = "/validation/emails"

    def __init__(self, world: World, cash: Cash, contacts: Contacts) -> None:
        super().__init__()
        self.world = world
        self.cash = cash
        self.contacts = contacts
        self.fails = False
        self._known: set[str] = set()

    def operations(self) -> list[Operation]:
        """The five operations of the section."""
        return [
            *super().operations(),
            ("POST", self.path, self.start),
            ("GET", f"{self.one}/result", self.result),
        ]

    def show(self, number: int, thing: Validation, asked: Asked) -> dict[str, Any]:
        """One validation as it stands now."""
        return self._show(number, thing, self.world.now())

    def result(self, asked: Asked) -> Answer:
        """``GET /validation/emails/<ID>/result``: 404 before it has finished."""
        validation = self.shelf.find(asked.path["id"])
        if validation.status(self.world.now()) != "finished":
            raise Refusal(404)
        return Answer(StreamingResponse(self._rows(validation), media_type="text/csv"))

    def start(self, asked: Asked) -> Answer:
        """``POST /validation/emails``: pays for the addresses that are not known yet, or for all with `force`."""
        given = asked.fields()
        check(given, _VALIDATION)
        addresses = self._addresses(given)
        fresh = [address for address in addresses if given.get("force") or address not in self._known]
        self.cash.charge(len(fresh) * _PRICE)
        self._known.update(fresh)
        now = self.world.now()
        started, finished = now + 0.1 / self.world.speed, now + (0.2 + 0.0001 * len(fresh)) / self.world.speed
        validation = Validation(addresses, len(fresh), now, started, finished, self.fails)
        number = self.shelf.put(validation)
        if given.get("notificationUrl"):
            for due in (started, finished):
                tell = partial(self._tell, given["notificationUrl"], number, validation, due)
                self.world.timetable.at(due, tell)
        return answered({"data": self._show(number, validation, now)})

    def _addresses(self, given: dict[str, Any]) -> list[str]:
        groups, emails = given.get("groupsIds") or [], given.get("emails") or []
        if not groups and not emails:
            raise Refusal(422, "The emails field is required when groupsIds is not present.")
        return list(dict.fromkeys([*emails, *self.contacts.addresses(groups)]))

    def _show(self, number: int, validation: Validation, now: float) -> dict[str, Any]:
        status = validation.status(now)
        done = status == "finished"
        estimated = round(validation.fresh * _PRICE, 4)
        return {
            "id": number,
            "status": status,
            "total": len(validation.addresses),
            "processed": len(validation.addresses) if done else 0,
            "valid": sum(self._judge(address) == "deliverable" for address in validation.addresses) if done else 0,
            "estimatedCost": estimated,
            "cost": estimated if status in ("started", "finished") else 0,
            "currency": "EUR",
            "createdAt": written(validation.created),
            "updatedAt": written(_updated(validation, status)),
            "finishedAt": written(validation.finished) if done else None,
            "resultUrl": f"{BASE}{self.path}/{number}/result" if done else None,
        }

    def _rows(self, validation: Validation) -> Iterator[bytes]:
        yield b"email;result\n"
        for address in validation.addresses:
            yield f"{address};{self._judge(address)}\n".encode()

    def _judge(self, address: str) -> str:
        """The result for an address: the guide's word, by the seed; what is no address is undeliverable."""
        if not is_address(address):
            return "undeliverable"
        chance = self.world.chances(f"validation/{address}")[0]
        for result, share in _RESULTS:
            if chance < share:
                return result
            chance -= share
        return "deliverable"

    def _tell(self, url: str, number: int, validation: Validation, at: float) -> None:
        def settle(status: int, _: bytes) -> None:
            self.world.ledger.push(STATUSES)
            if status == 200:
                self.world.ledger.acknowledge(STATUSES)

        data = self._show(number, validation, at)
        told = {"data": {**data, "error": _FAILURE if data["status"] == "failed" else ""}}
        self.world.pushes.put(Push("POST", url, settle, orjson.dumps(told), JSON, about=f"validation/{number}"))


def _updated(validation: Validation, status: str) -> float:
    return {"pending": validation.created, "started": validation.started}.get(status, validation.finished)
