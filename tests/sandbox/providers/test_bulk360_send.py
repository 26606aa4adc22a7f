"""The pretend Bulk360 takes what its guide allows and refuses the rest with the guide's codes."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.sandbox.providers.bulk360.codes import DESCRIPTIONS, FAILURES
from tests.sandbox.providers.bulk360_account import SEND, signed_in
from tests.sandbox.providers.running import Providers

MALAYSIAN, OTHER, MEXICAN = "60123240066", "60126660125", "524498987281"
SMS = {"to": MALAYSIAN, "text": "Hi from Bulk360 SMS API V2.0"}
MISSING = {"code": 400, "desc": "Missing parameters or invalid field type"}


@pytest.fixture
def bulk(providers: Providers) -> Iterator[httpx.Client]:
    """A client of the account, with a token."""
    with signed_in(providers) as client:
        yield client


def rows(answer: httpx.Response) -> dict[str, dict[str, Any]]:
    """The rows of an answer for several recipients, by number."""
    assert answer.status_code == 200
    return {row["to"]: row for row in answer.json()["messages"]}


def test_one_recipient_is_answered_flat(bulk: httpx.Client) -> None:
    """The guide's sample gets the guide's answer, key by key, with a reference of the guide's length."""
    body = bulk.post(SEND, data={"from": "68068", **SMS}).json()
    assert list(body) == ["code", "desc", "to", "ref"]
    assert (body["code"], body["desc"], body["to"]) == (200, "OK", MALAYSIAN)
    assert len(body["ref"]) == len("E210446dBNyMYd7")
    assert body["ref"].startswith("E")


def test_one_recipient_with_detail(bulk: httpx.Client) -> None:
    """`detail=1` adds currency and the balance before the send, as text with four decimals, and no rate."""
    bodies = [bulk.post(SEND, data={**SMS, "detail": "1"}).json() for _ in range(2)]
    assert list(bodies[0]) == ["code", "desc", "to", "ref", "currency", "balance"]
    assert [body["balance"] for body in bodies] == ["100000.0000", "99999.7500"]
    assert bodies[0]["currency"] == "MYR"


def test_several_recipients_are_answered_in_messages(bulk: httpx.Client) -> None:
    """Each recipient has a row with the guide's keys and a longer reference of its own."""
    answer = bulk.post(SEND, data={**SMS, "to": f"{MALAYSIAN},{OTHER}"})
    assert list(answer.json()) == ["messages"]
    found = rows(answer)
    assert set(found) == {MALAYSIAN, OTHER}
    for row in found.values():
        assert list(row) == ["code", "desc", "to", "ref"]
        assert len(row["ref"]) == len("E2104yMYer2weOB-X46dBlYa79")
        assert row["ref"][15] == "-"
    assert len({row["ref"] for row in found.values()}) == 2


def test_several_recipients_with_detail(bulk: httpx.Client) -> None:
    """`detail=1` adds currency and rate to each row, currency and balance once; rates come as number and as text."""
    answer = bulk.post(SEND, data={**SMS, "to": f"{MALAYSIAN},whatsapp:{OTHER}", "detail": "1"})
    body = answer.json()
    assert list(body) == ["messages", "currency", "balance"]
    assert (body["currency"], body["balance"]) == ("MYR", "100000.0000")
    found = rows(answer)
    assert list(found[OTHER]) == ["code", "desc", "to", "ref", "currency", "rate"]
    assert (found[OTHER]["rate"], found[MALAYSIAN]["rate"]) == (0.11, "0.2500")
    assert bulk.post(SEND, data={**SMS, "detail": "1"}).json()["balance"] == "99999.6400"


def test_rows_come_in_an_order_of_their_own(bulk: httpx.Client) -> None:
    """The rows are shuffled, alike for one request sent twice."""
    numbers = [f"6012324006{digit}" for digit in range(10)]
    asked = {**SMS, "to": ",".join(numbers)}
    first, second = ([row["to"] for row in bulk.post(SEND, data=asked).json()["messages"]] for _ in range(2))
    assert first == second
    assert first != numbers
    assert sorted(first) == numbers


@pytest.mark.parametrize(
    "wrong",
    [
        {"to": None},
        {"text": None},
        {"to": ""},
        {"text": ""},
        {"to": "6" * 151},
        {"to": "+60123240066"},
        {"to": "0123240066"},
        {"to": "60 123240066"},
        {"to": "6012"},
        {"to": "6012324006612345"},
        {"from": "ACompanyName"},
        {"from": "Ana & Co"},
        {"from": "Ñandú"},
        {"detail": "yes"},
        {"detail": "2"},
        {"type": "sms"},
        {"text": ["one", "two"]},
    ],
)
def test_missing_and_malformed_fields_are_400(
    providers: Providers, bulk: httpx.Client, wrong: dict[str, str | None]
) -> None:
    """A required field that is missing or empty, one too long, malformed, repeated or unknown is the guide's 400."""
    fields = {name: value for name, value in {**SMS, **wrong}.items() if value is not None}
    answer = bulk.post(SEND, data=fields)
    assert answer.status_code == 400
    assert {name: answer.json()[name] for name in MISSING} == MISSING
    assert set(answer.json()) <= {"code", "desc", "to"}
    assert providers.ledger()["received"] == 0


def test_only_a_posted_form_is_read(providers: Providers, bulk: httpx.Client) -> None:
    """JSON, bytes outside ASCII, percent-encoded bytes that are not UTF-8, and an empty body are 400; GET is 405."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert bulk.post(SEND, json=SMS).json() == MISSING
    for body in ("", f"to={MALAYSIAN}&text=%FF", f"to={MALAYSIAN}&text=ñ", "nothing"):
        assert bulk.post(SEND, content=body.encode(), headers=form).json() == MISSING
    assert bulk.get(SEND, params=SMS).status_code == 405
    assert providers.ledger()["received"] == 0


def test_the_limits_themselves_are_allowed(providers: Providers, bulk: httpx.Client) -> None:
    """150 characters of recipients, 11 of a sender, `detail=0` and an empty optional field pass."""
    to = ",".join(f"6012324{place:04d}" for place in range(12)) + ",6012345"
    assert len(to) == 151
    answer = bulk.post(SEND, data={**SMS, "to": to[:-1], "from": "AEONSales11", "detail": "0"})
    assert sum(row["code"] == 200 for row in rows(answer).values()) == 12
    assert bulk.post(SEND, data={**SMS, "to": to}).json() == MISSING
    assert bulk.post(SEND, data={**SMS, "from": "", "detail": ""}).json()["code"] == 200


def test_each_recipient_has_its_own_code(providers: Providers, bulk: httpx.Client) -> None:
    """In a request for several, a malformed number is 400 and an unknown prefix 405, and the others are sent to."""
    found = rows(bulk.post(SEND, data={**SMS, "to": f"{MALAYSIAN},12,viber:{OTHER},"}))
    assert {number: row["code"] for number, row in found.items()} == {MALAYSIAN: 200, "12": 400, OTHER: 405, "": 400}
    assert found[OTHER] == {"code": 405, "desc": "Invalid Message Type", "to": OTHER}
    assert providers.ledger()["received"] == 1


def test_sms_and_whatsapp_may_be_mixed(providers: Providers, bulk: httpx.Client) -> None:
    """`whatsapp:` chooses the channel of its entry alone, and is no part of the number in the answer."""
    found = rows(bulk.post(SEND, data={"text": "Hi #000001", "to": f"{MALAYSIAN},whatsapp:{OTHER}"}))
    assert {row["code"] for row in found.values()} == {200}
    assert sorted(providers.app.bulk360.book.texts) == ["Hi #000001", "RM0 Hi #000001"]


@pytest.mark.parametrize(
    ("to", "text", "charge"),
    [
        (MALAYSIAN, "x" * 156, 0.25),
        (MALAYSIAN, "x" * 157, 0.5),
        (MEXICAN, "x" * 160, 0.25),
        (MEXICAN, "x" * 161, 0.5),
        (MALAYSIAN, "您" * 66, 0.25),
        (MALAYSIAN, "您" * 67, 0.5),
        (MEXICAN, "您" * 70, 0.25),
        (MEXICAN, "您" * 71, 0.5),
        (MEXICAN, "€" * 80, 0.25),
        (f"whatsapp:{MALAYSIAN}", "x" * 500, 0.11),
    ],
)
def test_malaysian_texts_are_charged_with_their_prefix(bulk: httpx.Client, to: str, text: str, charge: float) -> None:
    """`RM0 ` takes four characters of a Malaysian SMS, in both alphabets; no other message has it."""
    bulk.post(SEND, data={"to": to, "text": text})
    balance = bulk.post(SEND, data={**SMS, "detail": "1"}).json()["balance"]
    assert float(balance) == pytest.approx(100_000 - charge)


def test_the_ledger_holds_the_text_as_it_is_read(providers: Providers, bulk: httpx.Client) -> None:
    """What is accepted is counted by its serial, once for each recipient."""
    bulk.post(SEND, data={"to": f"{MALAYSIAN},{MEXICAN}", "text": "您好 #000001"})
    bulk.post(SEND, data={"to": MEXICAN, "text": "Hi #000002"})
    ledger = providers.ledger()
    assert ledger["by_provider"] == {"bulk360": 3}
    assert (ledger["distinct"], ledger["duplicates"]) == (2, 1)
    assert providers.app.bulk360.book.texts == ["RM0 您好 #000001", "您好 #000001", "Hi #000002"]


def test_an_empty_account_is_402(providers: Providers, bulk: httpx.Client) -> None:
    """Recipients are charged in turn; the first that the balance does not cover is 402, alone or among others."""
    providers.configure(bulk360={"balance": 0.3})
    found = rows(bulk.post(SEND, data={**SMS, "to": f"{MALAYSIAN},{OTHER}"}))
    assert (found[MALAYSIAN]["code"], found[OTHER]["code"]) == (200, 402)
    flat = bulk.post(SEND, data={**SMS, "detail": "1"})
    assert flat.status_code == 402
    expected = {"code": 402, "desc": "Insufficient Account credit", "to": MALAYSIAN}
    assert flat.json() == {**expected, "currency": "MYR", "balance": "0.0500"}
    assert providers.ledger()["received"] == 1


@pytest.mark.parametrize(("standing", "code"), [("unverified", 403), ("suspended", 412), ("observed", 413)])
def test_an_account_that_may_not_send(providers: Providers, bulk: httpx.Client, standing: str, code: int) -> None:
    """The account's state is the guide's code for the whole request, until it is active again."""
    providers.configure(bulk360={"standing": standing})
    answer = bulk.post(SEND, data=SMS)
    assert answer.json() == {"code": code, "desc": DESCRIPTIONS[code]}
    assert answer.status_code == code
    providers.configure(bulk360={"standing": "active"})
    assert bulk.post(SEND, data=SMS).json()["code"] == 200


def test_content_not_approved_is_406(providers: Providers, bulk: httpx.Client) -> None:
    """A text with words that are not approved is refused for each recipient; others pass."""
    providers.configure(bulk360={"unapproved": ["loan"]})
    flat = bulk.post(SEND, data={"to": f"whatsapp:{MALAYSIAN}", "text": "A loan for you"}).json()
    assert flat == {"code": 406, "desc": "Message content is not approved", "to": MALAYSIAN}
    found = rows(bulk.post(SEND, data={"to": f"{MALAYSIAN},{OTHER}", "text": "A loan for you"}))
    assert {row["code"] for row in found.values()} == {406}
    assert bulk.post(SEND, data=SMS).json()["code"] == 200
    assert providers.ledger()["received"] == 1


def test_banned_content_suspends_the_account(providers: Providers, bulk: httpx.Client) -> None:
    """407 once, and then 412 for every text."""
    providers.configure(bulk360={"banned": ["casino"]})
    codes = [bulk.post(SEND, data={**SMS, "text": text}).json()["code"] for text in ("My casino", "Hi", "Hi")]
    assert codes == [407, 412, 412]
    assert providers.ledger()["received"] == 0


def test_server_errors_are_the_guides_own(providers: Providers, bulk: httpx.Client) -> None:
    """500 is the guide's row; 429, which the guide lacks, has the same shape and says when to come back."""
    providers.fault(target="bulk360", operation=f"POST {SEND}", kind="status", times=1)
    assert bulk.post(SEND, data=SMS).json() == {"code": 500, "desc": "Internal server error"}
    providers.fault(target="bulk360", operation=f"POST {SEND}", kind="status", status=429, seconds=3, times=1)
    limited = bulk.post(SEND, data=SMS)
    assert (limited.status_code, limited.headers["Retry-After"], limited.json()["code"]) == (429, "3", 429)
    providers.fault(target="bulk360", operation=f"POST {SEND}", kind="status", status=520, times=1)
    assert bulk.post(SEND, data=SMS).json() == {"code": 520, "desc": "error"}
    assert providers.ledger()["requests"]["bulk360"] == {"POST /oauth/token": 1, f"POST {SEND}": 3}  # type: ignore[index]


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_what_is_accepted_is_counted_before_the_answer_is_lost(
    providers: Providers, bulk: httpx.Client, kind: str
) -> None:
    """A connection dropped after acting leaves the message in the ledger, one dropped before does not."""
    providers.fault(target="bulk360", operation=f"POST {SEND}", kind=kind, times=1)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        bulk.post(SEND, data={**SMS, "text": "x #000007"})
    assert providers.app.world.ledger.received(7) == (kind == "drop_after")


def test_refusals_may_come_with_200(providers: Providers, bulk: httpx.Client) -> None:
    """With `always_200` the body alone tells a refusal, whole or of one recipient; a wrong token stays 401."""
    providers.configure(bulk360={"always_200": True})
    for wrong, code in (({"text": ""}, 400), ({"to": f"viber:{MALAYSIAN}"}, 405)):
        answer = bulk.post(SEND, data={**SMS, **wrong})
        assert (answer.status_code, answer.json()["code"]) == (200, code)
    assert bulk.post(SEND, data=SMS, headers={"Authorization": "Bearer x"}).status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"events_url": "x"},
        {"dn_transport": "fax"},
        {"shares": {"lost": 1}},
        {"shares": {"silent": 2}},
        {"balance": -1},
        {"token_seconds": 0},
        {"standing": "new"},
    ],
)
def test_wrong_settings_are_refused_in_words(providers: Providers, wrong: dict[str, Any]) -> None:
    """A setting that is not known or not understood is 400 with a sentence that names it, and nothing is set."""
    answer = providers.control.post("/sandbox/providers", json={"bulk360": {"banned": ["x"], **wrong}})
    assert answer.status_code == 400
    assert next(iter(wrong)) in answer.json()["error"]
    assert providers.app.bulk360.settings.banned == []


def test_reset_forgets_all(providers: Providers, bulk: httpx.Client) -> None:
    """After a reset there is no message, no setting and no token."""
    providers.configure(bulk360={"balance": 5, "dn_url": "http://127.0.0.1:9/x"})
    bulk.post(SEND, data=SMS)
    providers.control.post("/sandbox/providers/reset")
    assert bulk.post(SEND, data=SMS).status_code == 401
    assert providers.app.bulk360.book.texts == []
    assert (providers.app.bulk360.book.balance, providers.app.bulk360.notifications.url) == (100_000.0, None)


def test_the_tables_are_the_guides() -> None:
    """Eleven response codes that are numbers, and thirty-seven error codes of notifications beside `000`."""
    assert len(DESCRIPTIONS) == 11
    assert len(set(FAILURES)) == len(FAILURES) == 37


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from([MALAYSIAN, OTHER, f"whatsapp:{MEXICAN}", "12", f"line:{OTHER}"]), min_size=2, max_size=6)
)
def test_every_entry_has_one_row(providers: Providers, bulk: httpx.Client, entries: list[str]) -> None:
    """Whatever stands in `to`, each entry has one row, with a reference if and only if it was accepted."""
    before = providers.ledger()["received"]
    answered = bulk.post(SEND, data={"to": ",".join(entries), "text": "Hi"}).json()["messages"]
    assert sorted(row["to"] for row in answered) == sorted(entry.rpartition(":")[2] for entry in entries)
    assert all(("ref" in row) == (row["code"] == 200) for row in answered)
    accepted = sum(row["code"] == 200 for row in answered)
    assert providers.ledger()["received"] == before + accepted
