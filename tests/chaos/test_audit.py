"""The proof itself: it must name what is wrong, or its zeros would mean nothing."""

from collections.abc import Iterator
from typing import Any, cast

import pytest

from tests.chaos.audit import Audit, audit
from tests.chaos.words import Told, fits, told_of
from tests.chaos.world import ChaosWorld, ToldLine

CLEAN = "Delivered"


class PretendWorld:
    """A world with one message (serial 1) that 360NRS delivered and the org knows of, until a test spoils it."""

    def __init__(self) -> None:
        self.received = [("nrs360", 1, 1)]
        self.last_words = [("nrs360", 1, "delivered")]
        self.statuses = {1: CLEAN}
        self.tasks: list[dict[str, Any]] = [self.task("m-1", "SMS Delivered", "Hola #000001")]
        self.pushes: list[ToldLine] = []
        self.lost_answers: dict[int, str] = {}
        self.replies = 0

    @staticmethod
    def task(key: str, subject: str, words: str) -> dict[str, Any]:
        """A Task as the org answers it."""
        return {"SMS_External_Id__c": key, "WhoId": "003", "Subject": subject, "Description": words}

    def serials(self) -> Iterator[tuple[str, int, int]]:
        return iter(self.received)

    def fates(self) -> Iterator[tuple[str, int, str]]:
        return iter(self.last_words)

    def told(self) -> Iterator[ToldLine]:
        return iter(self.pushes)

    def destroyed(self) -> dict[int, str]:
        return self.lost_answers

    def providers_ledger(self) -> dict[str, Any]:
        return {"replies": self.replies}

    def records(self, soql: str) -> Iterator[dict[str, Any]]:
        if "FROM Task" in soql:
            return iter(self.tasks)
        return iter(
            {"External_Id__c": f"message-{serial:06d}", "Status__c": status} for serial, status in self.statuses.items()
        )

    def wrong(self, cut_off: tuple[int, ...] = ()) -> set[str]:
        """The names of what the audit finds wrong."""
        found: Audit = audit(cast("ChaosWorld", self), cut_off)[0]
        return {name for name, count in found.counts().items() if count}


@pytest.fixture
def world() -> PretendWorld:
    """A clean one."""
    return PretendWorld()


def test_a_clean_world_is_clean(world: PretendWorld) -> None:
    """What was received once, delivered and told has nothing wrong with it."""
    assert world.wrong() == set()


def test_a_second_copy_is_named(world: PretendWorld) -> None:
    """The same serial at two providers is received twice, as it is twice at one."""
    world.received.append(("smsclouds", 1, 1))
    assert world.wrong() == {"received_twice"}


@pytest.mark.parametrize("status", ["Queued", "Sending", "None"])
def test_a_record_at_no_end_is_left_behind(world: PretendWorld, status: str) -> None:
    """A record still queued or claimed is one that nobody will look at again."""
    world.statuses[2] = status
    assert world.wrong() == {"left_behind"}


def test_a_record_that_says_what_is_not_so_is_lost(world: PretendWorld) -> None:
    """Sent, with no provider that has it; or held, with one that has."""
    world.statuses[2] = "Sent"
    assert world.wrong() == {"lost"}
    world.statuses = {1: "Held"}
    assert world.wrong() == {"lost", "unmatched"}


def test_an_unknown_must_be_explained(world: PretendWorld) -> None:
    """A destroyed answer or a kill explains an unknown; nothing else does."""
    world.statuses[2] = "Unknown"
    assert world.wrong() == {"unexplained"}
    assert world.wrong(cut_off=(2,)) == set()
    world.lost_answers = {2: "drop_after"}
    assert world.wrong() == set()


def test_a_last_word_that_did_not_arrive_is_named(world: PretendWorld) -> None:
    """The provider says delivered and the record does not; unknown is no excuse where the provider tells by itself."""
    world.statuses = {1: "Failed"}
    assert world.wrong() == {"unmatched"}
    world.statuses = {1: "Unknown"}
    assert world.wrong(cut_off=(1,)) == {"unmatched"}


def test_activities_are_counted_by_what_they_say(world: PretendWorld) -> None:
    """Two activities of one text are one too many, whatever their keys; none is one too few."""
    world.tasks.append(world.task("m-2", "SMS Sent", "Hola #000001"))
    assert world.wrong() == {"activities_twice"}
    world.tasks = []
    assert world.wrong() == {"activities_missing"}


def test_replies_are_counted_by_person_and_words(world: PretendWorld) -> None:
    """One reply is one activity: none is missing, two are one too many."""
    world.replies = 1
    assert world.wrong() == {"replies_missing"}
    world.tasks.append(world.task("r-1", "SMS reply", "SI"))
    assert world.wrong() == set()
    world.tasks.append(world.task("r-2", "SMS reply", "SI"))
    assert world.wrong() == {"replies_twice"}


def test_a_reply_that_nobody_took_and_that_comes_once_is_not_missed(world: PretendWorld) -> None:
    """360 SMS App pushes a reply once: one that was not acknowledged is gone, one that was must be in the CRM."""
    world.replies = 1
    world.pushes = [("sms360app", "replies", 1, "a1", ["received?"])]
    assert world.wrong() == set()
    world.pushes = [("sms360app", "replies", 1, "a1", ["received?", "received"])]
    assert world.wrong() == {"replies_missing"}


def test_ids_that_nobody_can_match_are_those_of_unknown_messages_of_360_sms_app(world: PretendWorld) -> None:
    """News of a message whose answer was lost stays parked where it names the message by that answer's id alone."""
    world.received = [("sms360app", 1, 1), ("bulk360", 2, 1), ("sms360app", 3, 1)]
    world.last_words = [("sms360app", 1, "delivered"), ("bulk360", 2, "DELIVERED"), ("sms360app", 3, "delivered")]
    world.pushes = [
        ("sms360app", "statuses", 1, "a1", ["sent", "delivered"]),
        ("bulk360", "statuses", 2, "b1", ["DELIVERED?"]),
        ("sms360app", "statuses", 3, "a3", ["sent", "delivered"]),
    ]
    world.statuses = {1: "Unknown", 2: "Unknown", 3: "Delivered"}
    world.tasks = [world.task(f"m-{serial}", "SMS Sent", f"Hola #{serial:06d}") for serial in (1, 2, 3)]
    found, books = audit(cast("ChaosWorld", world), (1, 2))
    assert found.clean()
    assert books.nameless == {"a1"}


@pytest.mark.parametrize(
    ("provider", "word", "words", "may_say"),
    [
        ("bulk360", "DELIVERED", "", ""),
        ("bulk360", "DELIVERED", "DELIVERED", "Delivered"),
        ("bulk360", "DELIVERED", "UNDELIVERED DELIVERED", "Delivered"),
        ("bulk360", "DELIVERED", "UNDELIVERED DELIVERED?", "Delivered Failed"),
        ("bulk360", "DELIVERED", "UNDELIVERED? DELIVERED", "Delivered"),
        ("bulk360", "DELIVERED", "DELIVERED?", "Delivered Sent Unknown"),
        ("sms360app", "sent", "sent", ""),
        ("sms360app", "delivered", "sent delivered", "Delivered Unknown"),
        ("sms360app", "sent", "delivered sent", "Delivered Unknown"),
        ("sms360app", "failed", "sent failed?", "Failed Sent Unknown"),
        ("optimum", "Sent", "Sent", ""),
        ("optimum", "Failed", "Sent Failed", "Failed"),
        ("optimum", "Delivered", "Sent Delivered?", "Delivered"),
        ("optimum", "Delivered", "Sent? Delivered?", "Delivered Unknown"),
        ("optimum", "Sent", "Delivered? Sent", "Delivered Sent"),
        ("nrs360", "accepted", "", ""),
        ("nrs360", "delivered", "", "Delivered"),
        ("smsclouds", "failed", "", "Failed Unknown"),
    ],
)
def test_what_a_record_may_say_follows_from_what_was_acknowledged(
    provider: str, word: str, words: str, may_say: str
) -> None:
    """What was acknowledged or can be asked for must arrive, as each guide has it; the rest may be lost."""
    pushes = told_of(provider, words.split())
    statuses = ("Queued", "Sending", "Sent", "Delivered", "Failed", "Held", "Cancelled", "Unknown")
    assert {status for status in statuses if fits(status, provider, word, pushes)} == set(may_say.split())


def test_a_question_mark_means_that_nobody_acknowledged() -> None:
    """The ledger's words become what a record says when it hears them."""
    assert told_of("optimum", ["Sent?", "Failed"]) == [Told("Sent", False), Told("Failed", True)]
