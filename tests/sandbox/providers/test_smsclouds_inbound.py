"""The pretend Smsclouds tells of texts that come in: keywords, whose answer is sent back, and answers to SMPP."""

from typing import Any

import httpx
import pytest

from tests.sandbox.providers.running import Providers, Receiver, until
from tests.sandbox.providers.test_smsclouds_news import send

KEYWORD = {"cellphone": "4499157710", "response": "mykeyword this is a response text", "keyword": "mykeyword"}
ANSWER = {"cellphone": "4499157710", "response": "This is a response text", "message_id": "158562"}


def text(providers: Providers, given: Any) -> httpx.Response:
    return providers.control.post("/sandbox/smsclouds/received", json=given)


def settled(providers: Providers, pushes: int) -> None:
    until(lambda: providers.ledger()["replies_pushed"] == pushes)


def test_a_keyword_is_told_and_its_answer_sent(providers: Providers, receiver: Receiver) -> None:
    """The GET has the guide's parameters; the body of the answer is sent as a message and counted in the ledger."""
    receiver.answers = [(200, b"This is a simple text to keyword request #000031")]
    providers.configure(smsclouds={"keyword_url": f"{receiver.url}?secret=1"})
    assert text(providers, KEYWORD).status_code == 202
    settled(providers, 1)
    (push,) = receiver.taken
    assert push.pop("secret") == "1"
    assert list(push) == ["response", "cellphone", "keyword", "date"]
    assert {name: push[name] for name in KEYWORD} == KEYWORD
    assert len(push["date"]) == len("YYYY-MM-DD HH:mm:ss")
    until(lambda: providers.app.world.ledger.received(31) == 1)
    assert (providers.ledger()["replies"], providers.ledger()["replies_acknowledged"]) == (1, 1)
    assert providers.control.get("/sandbox/ledger/fates").text == "smsclouds 000031 sent\n"


@pytest.mark.parametrize(
    "answer",
    [
        (200, b""),
        (200, b"  \n"),
        (200, b"a" * 161),
        (200, b"<?php print('x'); ?>"),
        (200, b"<html><body>x</body></html>"),
        (200, b"<script>print('x')</script>"),
        (500, b"This is a simple text"),
        (204, b""),
    ],
)
def test_an_answer_that_is_no_text_is_not_sent(
    providers: Providers, receiver: Receiver, answer: tuple[int, bytes]
) -> None:
    """Nothing, more than 160 characters, programming code or an error is not sent to anybody."""
    receiver.answers = [answer]
    providers.configure(smsclouds={"keyword_url": receiver.url})
    text(providers, KEYWORD)
    settled(providers, 1)
    assert providers.ledger()["received"] == 0
    assert providers.ledger()["replies_acknowledged"] == 0


def test_recipients_text_the_keyword(providers: Providers, receiver: Receiver) -> None:
    """With a share of keywords recipients text the account's keyword after their message, and get its answer."""
    receiver.answers = [(200, b"Gracias")]
    settings = {"keyword_url": receiver.url, "keyword": "PROMO", "shares": {"keywords": 1.0, "failed": 0, "replies": 0}}
    providers.configure(smsclouds=settings)
    send(providers, "4498987281", "4498987282")
    settled(providers, 2)
    assert {(push["cellphone"], push["keyword"]) for push in receiver.taken} == {
        ("4498987281", "PROMO"),
        ("4498987282", "PROMO"),
    }
    assert {push["response"].split()[0] for push in receiver.taken} == {"PROMO"}
    assert providers.ledger()["received"] == 4


def test_nobody_texts_a_keyword_by_itself(providers: Providers, receiver: Receiver) -> None:
    """Without a share of keywords, or without an address, none is texted."""
    providers.configure(smsclouds={"keyword_url": receiver.url, "shares": {"replies": 0}})
    send(providers)
    providers.configure(smsclouds={"keyword_url": None, "shares": {"keywords": 1.0}})
    send(providers)
    until(lambda: providers.app.world.timetable.pending() == 0)
    assert providers.ledger()["replies"] == 0


def test_an_smpp_accounts_answer_is_told(providers: Providers, receiver: Receiver) -> None:
    """The GET has the guide's parameters, with the id that the SMPP account was given; ok acknowledges it."""
    providers.configure(smsclouds={"smpp_responses_url": receiver.url})
    assert text(providers, ANSWER).status_code == 202
    settled(providers, 1)
    (push,) = receiver.taken
    assert set(push) == {"response", "cellphone", "message_id", "date"}
    assert {name: push[name] for name in ANSWER} == ANSWER
    until(lambda: providers.ledger()["replies_acknowledged"] == 1)
    assert providers.ledger()["received"] == 0


def test_an_smpp_push_without_ok_is_not_acknowledged(providers: Providers, receiver: Receiver) -> None:
    """The guide wants the text ok and promises no second try."""
    receiver.answers = [(200, b"thanks")]
    providers.configure(smsclouds={"smpp_responses_url": receiver.url})
    text(providers, ANSWER)
    settled(providers, 1)
    assert providers.ledger()["replies_acknowledged"] == 0
    assert providers.app.world.timetable.pending() == 0


@pytest.mark.parametrize(("url", "given"), [("keyword_url", KEYWORD), ("smpp_responses_url", ANSWER)])
def test_texts_meet_faults(providers: Providers, receiver: Receiver, url: str, given: dict[str, str]) -> None:
    """A text can be told twice; it was texted once."""
    providers.configure(smsclouds={url: receiver.url})
    providers.fault(target="smsclouds", operation="replies", kind="twice", times=1)
    text(providers, given)
    settled(providers, 2)
    assert receiver.taken[0] == receiver.taken[1]
    assert providers.ledger()["replies"] == 1


@pytest.mark.parametrize(
    "given",
    [
        [],
        {},
        {"cellphone": "4499157710", "response": "x"},
        {**KEYWORD, "message_id": "1"},
        {**KEYWORD, "keyword": ""},
        {**ANSWER, "message_id": 158562},
        ANSWER,
    ],
)
def test_a_text_that_nobody_can_be_told_of_is_refused(providers: Providers, receiver: Receiver, given: Any) -> None:
    """The control API says in words what is wrong with a text, or that nobody listens."""
    providers.configure(smsclouds={"keyword_url": receiver.url})
    answer = text(providers, given)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert providers.ledger()["replies"] == 0


@pytest.mark.parametrize("settings", [{"voice_status": "colour"}, {"keywords": 1}, {"shares": {"voices": 1}}])
def test_wrong_settings_are_refused(providers: Providers, settings: dict[str, Any]) -> None:
    """A setting that is not known or not understood is 400 with a sentence."""
    answer = providers.control.post("/sandbox/providers", json={"smsclouds": settings})
    assert answer.status_code == 400
    assert answer.json()["error"]
