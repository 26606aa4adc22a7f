"""The ledger tells what the providers accepted, and nothing else changes it."""

from connector.sandbox.ledger import Ledger, serial_of, serials_in
from tests.sandbox.providers.running import Providers, until

NUMBERS = ["34666555444", "34666555333"]


def campaign(text: str, *cellphones: str) -> dict[str, object]:
    return {"text": text, "recipients": [{"cellphone": number} for number in cellphones], "route": 87}


def test_a_serial_is_six_digits_or_more() -> None:
    """A serial is told from a hash sign with fewer digits behind it."""
    assert serial_of("Hi #000123.") == 123
    assert serial_of("Hi #12345") is None
    assert serial_of("plain") is None
    assert serials_in('["#000001", "#1234567", "#12"]') == ["000001", "1234567"]


def test_accepted_messages_are_counted_by_provider_and_serial(providers: Providers) -> None:
    """What both providers accept is counted once each, and a serial that came to both is a duplicate."""
    sub = [{"t": "a #000001"}, {"t": "b #000002"}]
    assert (
        providers.nrs.post("/sms", json={"to": NUMBERS, "from": "T", "message": "{t}", "sub": sub}).status_code == 202
    )
    assert providers.clouds.post("/api/v3/campaign", json=campaign("x #000002", "4498987281")).status_code == 200
    assert providers.clouds.post("/api/v3/campaign", json=campaign("none", "4498987281")).status_code == 200
    ledger = providers.ledger()
    assert ledger["received"] == 4
    assert ledger["distinct"] == 2
    assert ledger["duplicates"] == 1
    assert ledger["duplicated"] == ["000002"]
    assert ledger["unnumbered"] == 1
    assert ledger["by_provider"] == {"nrs360": 2, "smsclouds": 2}
    assert ledger["requests"] == {"nrs360": {"POST /sms": 1}, "smsclouds": {"POST /api/v3/campaign": 2}}
    assert providers.app.world.ledger.received(2) == 2


def test_what_is_refused_is_not_received(providers: Providers) -> None:
    """Only the accepted recipients of a request count, and a refused request counts as a request alone."""
    both = {"to": ["34666555444", "34"], "from": "T", "message": "x #000001"}
    assert providers.nrs.post("/sms", json=both).status_code == 207
    assert providers.nrs.post("/sms", json={"to": NUMBERS, "message": "x #000002"}).status_code == 400
    ledger = providers.ledger()
    assert (ledger["received"], ledger["distinct"]) == (1, 1)
    assert ledger["requests"] == {"nrs360": {"POST /sms": 2}}


def test_serials_are_streamed_for_comparison(providers: Providers) -> None:
    """Every serial is listed with its provider and count, sorted, for one provider or all."""
    for serial in ("#000009", "#000003", "#000009"):
        providers.nrs.post("/sms", json={"to": NUMBERS[:1], "from": "T", "message": serial})
    providers.clouds.post("/api/v3/campaign", json=campaign("#1000000", "4498987281"))
    everything = providers.control.get("/sandbox/ledger/serials").text
    assert everything.splitlines() == ["nrs360 000003 1", "nrs360 000009 2", "smsclouds 1000000 1"]
    one = providers.control.get("/sandbox/ledger/serials", params={"provider": "smsclouds"}).text
    assert one == "smsclouds 1000000 1\n"


def test_fates_tell_where_each_message_stands_at_its_provider(providers: Providers) -> None:
    """Each message accepted is listed with the provider's own last word, which is the end of its life in the end."""
    providers.configure(nrs360={"shares": {"delivered": 1.0}}, smsclouds={"shares": {"failed": 0.0, "retried": 0.0}})
    providers.nrs.post("/sms", json={"to": NUMBERS[:1], "from": "T", "message": "a #000004"})
    providers.clouds.post("/api/v3/campaign", json=campaign("b #000005", "4498987281"))

    def fates() -> list[str]:
        return providers.control.get("/sandbox/ledger/fates").text.splitlines()

    assert [line.split()[:2] for line in fates()] == [["nrs360", "000004"], ["smsclouds", "000005"]]
    until(lambda: fates() == ["nrs360 000004 delivered", "smsclouds 000005 sent"])


def test_the_list_of_duplicates_is_bounded() -> None:
    """A thousand duplicates are counted in full and listed up to a hundred."""
    ledger = Ledger()
    for _ in range(2):
        ledger.accept("nrs360", [f"#{serial:06d}" for serial in range(1000)])
    counts = ledger.as_json()
    assert counts["duplicates"] == 1000
    assert len(counts["duplicated"]) == 100


def test_reset_forgets_everything(providers: Providers) -> None:
    """After a reset there are no messages, counts, rules or settings."""
    providers.fault(target="*", kind="slow")
    providers.configure(nrs360={"balance": 0})
    providers.nrs.post("/sms", json={"to": NUMBERS, "from": "T", "message": "x"})
    assert providers.control.post("/sandbox/providers/reset").json() == {"status": "ok"}
    assert providers.ledger()["requests"] == {}
    assert providers.control.get("/sandbox/faults").json()["rules"] == []
    assert providers.nrs.get("/account").json()["data"]["balance"] == 100_000.0


def test_health(providers: Providers) -> None:
    """The control API says that it is there."""
    assert providers.control.get("/sandbox/health").json() == {"status": "ok"}
