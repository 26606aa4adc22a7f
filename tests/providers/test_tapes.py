"""The adapters against their tapes, over httpx, and the tapes against leaks."""

import json
import re
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from structlog.testing import capture_logs
from vcr.errors import CannotOverwriteExistingCassetteException
from vcr.request import Request as TapedRequest

from connector.model.errors import MayHaveLeft, Refused
from connector.model.messages import Message, News, OpenBatch, OpenMessage
from connector.model.states import State
from connector.providers.base import Batch
from connector.providers.nrs360.adapter import NRS360
from connector.providers.nrs360.options import NRS360Options
from connector.providers.registry import CLIENTS
from connector.providers.smsclouds.adapter import Smsclouds
from connector.providers.smsclouds.options import SmscloudsOptions
from connector.providers.talk import Line
from tests.providers.scrub import EXAMPLES, scrub_request, scrub_response
from tests.providers.tapes import CASSETTES, replayed

NRS = "https://dashboard.360nrs.com/api/rest"
CLOUDS = "https://smsclouds.cloud"
REFERENCE = "01JTAPE"
MEXICO = ZoneInfo("America/Mexico_City")


def nrs360(**options: Any) -> NRS360:
    """The account of the guide's examples."""
    account = {"username": "username", "api_password": "apiPassword", "sender": "TEST", "campaign": "My campaign"}
    return NRS360("main", NRS360Options.model_validate({**account, **options}))


def smsclouds(**options: Any) -> Smsclouds:
    """The account of the guide's examples."""
    account = {"token": "mytoken", "route": 87, "campaign": "my campaign"}
    return Smsclouds("main", SmscloudsOptions.model_validate({**account, **options}))


def batch(*messages: tuple[str, tuple[str, ...], tuple[str, ...]]) -> Batch:
    """A batch of (number, pieces, values)."""
    made = [Message(f"m{n}", to, "", pieces, values) for n, (to, pieces, values) in enumerate(messages)]
    return Batch(REFERENCE, tuple(made))


def opened(name: str | None, *numbers: str, ids: tuple[str | None, ...] = ()) -> OpenBatch:
    """An open batch of these numbers."""
    known = ids or (None,) * len(numbers)
    messages = [OpenMessage(f"m{n}", to, State.ACCEPTED, known[n]) for n, to in enumerate(numbers)]
    return OpenBatch(REFERENCE, datetime(2020, 5, 25, tzinfo=MEXICO), name, tuple(messages))


def heard(line: Line, conversation: Any) -> list[News]:
    """All news of a conversation over the line."""
    return [news for some in line.converse(conversation) for news in some]


HELLO = ("+34666555444", ("SMS text message",), ())


def test_nrs360_accepts_a_message() -> None:
    """The guide's 202."""
    one = batch(HELLO)
    with replayed("nrs360/send_accepted", NRS) as line:
        (outcome,) = nrs360().read_send(one, line.ask(nrs360().send(one)))
    assert (outcome.state, outcome.provider_id, outcome.provider_batch) == (State.ACCEPTED, "XXXXXXXXXXXXX", "100001")


def test_nrs360_accepts_some() -> None:
    """The guide's 207: one number is taken and one is not."""
    two = batch(HELLO, ("+34", *HELLO[1:]))
    with replayed("nrs360/send_multi_status", NRS) as line:
        outcomes = nrs360().read_send(two, line.ask(nrs360().send(two)))
    assert [outcome.state for outcome in outcomes] == [State.ACCEPTED, State.REJECTED]


def test_nrs360_merges_and_is_told_where_to_notify() -> None:
    """The guide's substitution variables and notification addresses, one a recipient."""
    two = batch(
        ("+34666555444", ("Hello ", ""), ("first contact name",)),
        ("+34666555333", ("Hello ", ""), ("second contact name",)),
    )
    told_where = nrs360(public_url="https://example.com", hook_secret="really-secret")
    with replayed("nrs360/send_merged", NRS) as line:
        outcomes = told_where.read_send(two, line.ask(told_where.send(two)))
    assert [outcome.provider_id for outcome in outcomes] == ["XXXXXXXXXXXXX", "YYYYYYYYYYYYY"]


def test_nrs360_refuses() -> None:
    """Each documented shape of an error on a send, in the order of the tape; HTTP 500 leaves doubt."""
    one = batch(HELLO)
    codes = []
    with replayed("nrs360/send_errors", NRS) as line:
        for _ in range(6):
            with pytest.raises(Refused) as refusal:
                nrs360().read_send(one, line.ask(nrs360().send(one)))
            codes.append(refusal.value.failure.code)
        with pytest.raises(MayHaveLeft):
            nrs360().read_send(one, line.ask(nrs360().send(one)))
    assert codes == ["102", "105", "103", "111", "112", "422"]


def test_nrs360_tells_of_a_message_by_its_id() -> None:
    """The guide's SMS information."""
    asked = opened("100001", "+34666555444", ids=("XXXXXXXXXXXXX",))
    with replayed("nrs360/sms_by_id", NRS) as line:
        news = heard(line, nrs360().statuses([asked]))
    assert [item.state for item in news] == [State.SENT, State.DELIVERED]


def test_nrs360_knows_neither_id_nor_sending() -> None:
    """404 twice is no news, and a warning."""
    asked = opened("100001", "+34666555444", ids=("XXXXXXXXXXXXX",))
    with replayed("nrs360/sms_by_id_absent", NRS) as line, capture_logs() as logs:
        news = heard(line, nrs360().statuses([asked]))
    assert news == []
    assert [log["event"] for log in logs] == ["sending_not_known"]


def test_nrs360_reports_a_sending() -> None:
    """The events report, streamed over httpx."""
    with replayed("nrs360/events_report", NRS) as line:
        news = heard(line, nrs360().statuses([opened("100001", "+34666555444", "+34666555333")]))
    assert [(item.phone, item.state) for item in news] == [
        ("+34666555444", State.SENT),
        ("+34666555444", State.DELIVERED),
        ("+34666555333", State.UNDELIVERED),
    ]


def test_nrs360_shows_a_lost_batch() -> None:
    """The campaign is found by our reference, and its sending's report shows the numbers."""
    with replayed("nrs360/campaign_by_reference", NRS) as line:
        news = heard(line, nrs360().resolve(opened(None, "+34666555444", "+34666555333")))
    assert {(item.phone, item.state, item.provider_batch) for item in news} == {
        ("+34666555444", State.DELIVERED, "1"),
        ("+34666555333", State.DELIVERED, "1"),
    }


def test_nrs360_is_checked() -> None:
    """The account's balance; then the same with credentials it does not take."""
    with replayed("nrs360/account", NRS) as line:
        good = line.hear(nrs360().check())
        bad = line.hear(nrs360().check())
    assert [finding.text for finding in good][1] == "10.5 EUR"
    assert [finding.ok for finding in bad] == [False]


JOSE = [(f"+52449898728{n}", ("hi mi name y jose",), ()) for n in (1, 2, 3)]


def test_smsclouds_accepts_a_campaign() -> None:
    """The guide's own request and answer."""
    three = batch(*JOSE)
    with replayed("smsclouds/send_plain", CLOUDS) as line:
        outcomes = smsclouds().read_send(three, line.ask(smsclouds().send(three)))
    assert [(outcome.state, outcome.provider_batch) for outcome in outcomes] == [(State.ACCEPTED, "11060007")] * 3


def test_smsclouds_merges() -> None:
    """The values travel in the recipients' fields."""
    named = zip((1, 2, 3), ("Alex", "Ana", "Jose"), strict=True)
    three = batch(*[(f"+52449898728{n}", ("hi mi name is ", ""), (name,)) for n, name in named])
    with replayed("smsclouds/send_merged", CLOUDS) as line:
        outcomes = smsclouds().read_send(three, line.ask(smsclouds().send(three)))
    assert len(outcomes) == 3


def test_smsclouds_takes_every_form() -> None:
    """A long message and the three encodes."""
    with replayed("smsclouds/send_forms", CLOUDS) as line:
        for text in ("a" * 161, "á" * 70, "á" * 128, "á" * 192):
            one = batch(("+524498987281", ("", ""), (text,)))
            (outcome,) = smsclouds().read_send(one, line.ask(smsclouds().send(one)))
            assert outcome.state is State.ACCEPTED


def test_smsclouds_refuses() -> None:
    """Each documented error, in the order of the tape; HTTP 500 leaves doubt."""
    three = batch(*JOSE)
    codes = []
    with replayed("smsclouds/send_errors", CLOUDS) as line:
        for _ in range(4):
            with pytest.raises(Refused) as refusal:
                smsclouds().read_send(three, line.ask(smsclouds().send(three)))
            codes.append(refusal.value.failure.code)
        with pytest.raises(MayHaveLeft):
            smsclouds().read_send(three, line.ask(smsclouds().send(three)))
    assert codes == ["400", "401", "404", "422"]


def test_smsclouds_tells_of_a_campaign() -> None:
    """Nothing while it is being inserted; then ids and statuses; a campaign it does not know is no news."""
    asked = [opened("8528381", *[number for number, _, _ in JOSE])]
    with replayed("smsclouds/campaign_messages", CLOUDS) as line:
        early = heard(line, smsclouds().statuses(asked))
        news = heard(line, smsclouds().statuses(asked))
        with capture_logs():
            gone = heard(line, smsclouds().statuses(asked))
    assert (early, gone) == ([], [])
    assert [(item.provider_id, item.state) for item in news] == [
        (str(46608336 + n), State.SENT) for n in range(len(JOSE))
    ]


def test_smsclouds_tells_of_replies() -> None:
    """By date, by campaign and by message it is the same reply, with one key; an error of the guide is a refusal."""
    since, until = datetime(2020, 5, 1, tzinfo=MEXICO), datetime(2020, 5, 25, 13, 25, 22, tzinfo=MEXICO)
    with replayed("smsclouds/responses", CLOUDS) as line:
        by_date = heard(line, smsclouds().replies(since, until))
        by_campaign = heard(line, smsclouds().replies_of(["8528381"]))
        by_message = heard(line, smsclouds().replies_to_messages(["46608336"]))
        with pytest.raises(Refused):
            heard(line, smsclouds().replies(since, until))
    assert [item.text for item in by_date] == ["Hi this is a mo"]
    assert len({item.key for item in (*by_date, *by_campaign, *by_message)}) == 1


def test_smsclouds_is_checked() -> None:
    """The credit, the token's end, the route and the country; then the same with a token it does not take."""
    with replayed("smsclouds/user_routes_countries", CLOUDS) as line:
        good = line.hear(smsclouds(route=77).check())
        bad = line.hear(smsclouds(route=77).check())
    assert [(finding.subject, finding.ok) for finding in good] == [
        ("credentials", True), ("balance", True), ("token", True), ("route", True), ("country", True)
    ]  # fmt: skip
    assert [finding.ok for finding in bad] == [False]


def test_what_no_tape_holds_is_never_sent() -> None:
    """A changed request fails at the tape instead of reaching the provider."""
    other = batch(("+34666555444", ("another text",), ()))
    with pytest.raises(CannotOverwriteExistingCassetteException), replayed("nrs360/send_accepted", NRS) as line:
        line.ask(nrs360().send(other))


# no tape leaks


TAPES = sorted(CASSETTES.glob("*/*.yaml"))
LIVE = sorted(CASSETTES.glob("*/live/*.yaml"))
LONG_NUMBER = re.compile(r"(?<![\d.])\+?(\d{9,13}|00\d{12,13})(?![\d.])")
CREDENTIAL = re.compile(r"Bearer |Basic |set-cookie|password\"?:|\"token\":|secret\"?:|eyJ[\w-]{10,}", re.IGNORECASE)
EMAIL = re.compile(r"[\w.+-]+@([\w-]+\.[\w.-]+)")


@pytest.mark.parametrize("tape", [*TAPES, *LIVE], ids=lambda tape: str(tape.relative_to(CASSETTES)))
def test_no_tape_holds_a_secret_or_a_real_number(tape: Path) -> None:
    """Every tape is free of credentials, cookies, people's addresses, and numbers that are not the guides' examples."""
    text = tape.read_text("utf-8")
    assert CREDENTIAL.search(text) is None
    assert set(LONG_NUMBER.findall(text)) <= EXAMPLES
    assert set(EMAIL.findall(text)) <= {"example.com", "test.com"}
    interactions = yaml.safe_load(text)["interactions"]
    assert 0 < len(interactions) < 50
    for taped in interactions:
        assert taped["request"]["headers"].get("authorization", ["REDACTED"]) == ["REDACTED"]
        assert set(taped["response"]["headers"]) <= {"content-type", "date", "retry-after"}


def test_every_tape_is_played_and_explained() -> None:
    """A tape no test plays proves nothing, and the README says of each where it comes from."""
    tests = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    readme = (CASSETTES / "README.md").read_text("utf-8")
    assert len(TAPES) >= 15
    for tape in TAPES:
        name = f"{tape.parent.name}/{tape.stem}"
        assert f'"{name}"' in tests, name
        assert f"`{name}`" in readme, name


@cache
def asked_of(provider: str) -> frozenset[tuple[str, str]]:
    """(method, address without its query) of every exchange on a provider's tapes."""
    return frozenset(
        (taped["request"]["method"], taped["request"]["uri"].partition("?")[0].rstrip("/"))
        for tape in TAPES
        if tape.parent.name == provider
        for taped in yaml.safe_load(tape.read_text("utf-8"))["interactions"]
    )


@pytest.mark.parametrize(
    ("provider", "name"), [(provider, name) for provider, client in CLIENTS.items() for name in client.operations()]
)
def test_every_operation_is_on_a_tape(provider: str, name: str) -> None:
    """No row of a guide is without an answer of its own on a tape of its provider."""
    row = CLIENTS[provider].operations()[name]
    path = "/".join("[^/]+" if "{" in part else re.escape(part) for part in row.path.strip("/").split("/"))
    assert any(method == row.method and re.search(f"/{path}$", uri) for method, uri in asked_of(provider))


def test_the_scrubber_leaves_nothing() -> None:
    """Credentials, cookies, numbers and people's addresses are taken out of the address, the headers and the body."""
    dirty = {"password": "hunter2", "to": ["34612345678", "34666555444"], "cellphone": 4491234567, "n": 12}
    request = TapedRequest(
        "POST",
        "https://example.com/hooks/main/s3cret/delivery?phone=34612345678",
        json.dumps(dirty).encode(),
        {"Authorization": "Basic c2VjcmV0", "Cookie": "a=b", "Content-Type": "application/json"},
    )
    clean = scrub_request(request)
    text = f"{clean.uri} {dict(clean.headers)} {clean.body!r}"
    assert not re.search("hunter2|s3cret|c2VjcmV0|a=b|34612345678|4491234567", text)
    assert "34666555444" in text
    assert json.loads(clean.body)["n"] == 12
    form = TapedRequest("POST", "https://example.com/token", "client_id=hunter2&secret=s3cret&to=34612345678", {})
    assert not re.search("hunter2|s3cret|34612345678", str(scrub_request(form).body))
    response = {
        "status": {"code": 200, "message": "OK"},
        "headers": {"Set-Cookie": ["session=1"], "Content-Type": ["text/html"]},
        "body": {"string": b"write to ana@real.org or 34612345678"},
    }
    assert not re.search("session|real.org|34612345678", str(scrub_response(response)))


def test_the_scrubber_tells_the_same_of_the_same() -> None:
    """A request scrubbed again on replay still matches its tape, and scrubbing twice changes nothing."""
    once = scrub_response({"status": {}, "headers": {}, "body": {"string": b"34612345678 and 4491234567"}})
    twice = scrub_response(once)
    assert once == twice
