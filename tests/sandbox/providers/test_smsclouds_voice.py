"""The pretend Smsclouds' voice campaigns: sent, shown and cancelled, by the guide's words and limits."""

from typing import Any

import httpx

from tests.sandbox.providers.running import Providers, changed, until
from tests.sandbox.providers.test_smsclouds_campaign import mexico, refused

ONE, TWO = "4498752325", "4498752326"
SPOKEN: dict[str, Any] = {
    "type": 2,
    "campaign_name": "test api audio",
    "text": "hola, como estas <+B+> ? esta es una llamada blaster, tenemos tu nuevo id <+C+>",
    "recipients": [{"cellphone": ONE, "name": "Jack", "field1": "52452245"}],
    "remittent": "5570055780",
}
SAVED = {key: value for key, value in SPOKEN.items() if key != "text"} | {"type": 1, "audio": 1234}
HEAD = ["message", "voice_campaign", "name", "type", "country"]


def send(providers: Providers, body: dict[str, Any] = SPOKEN, /, **changes: Any) -> httpx.Response:
    return providers.clouds.post("/api/v3/voice", json=changed(body, **changes))


def path(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return f"/api/v3/voice/{answer.json()['voice_campaign']}"


def shown(providers: Providers, of: str) -> dict[str, Any]:
    answer = providers.clouds.get(of)
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    return body


def test_a_voice_campaign_is_answered_as_in_the_guide(providers: Providers) -> None:
    """The guide's request gets the guide's answer key by key; the text that is spoken is in the ledger."""
    before = providers.clouds.get("/api/v1/user").json()["data"]["credit"]
    answer = send(providers, text="hola <+B+> #000007")
    body = answer.json()
    assert list(body) == [*HEAD, "scheduled_date", "recipients_count", "status", "balance"]
    assert (body["message"], body["name"]) == ("Completado Correctamente", "test api audio")
    assert (body["type"], body["country"], body["recipients_count"]) == ("text", "Mexico", 1)
    assert body["status"] == "TO_SEND"
    assert body["scheduled_date"] <= mexico()
    assert 0 < before - body["balance"] < 1
    assert providers.app.world.ledger.received(7) == 1


def test_a_voice_campaign_is_shown_as_in_the_guide(providers: Providers) -> None:
    """The status has the guide's keys at both levels, and ends as COMPLETED with calls of status 2."""
    providers.configure(smsclouds={"shares": {"failed": 0.0}})
    of = path(send(providers))
    until(lambda: shown(providers, of)["status"] == "COMPLETED")
    body = shown(providers, of)
    assert list(body) == [
        *(*HEAD, "text", "audio", "scheduled_date", "recipients_count", "recipients_processed", "remittent"),
        *("transfer_num", "transfer_key", "status", "voice_messages"),
    ]
    assert (body["text"], body["audio"], body["remittent"]) == (SPOKEN["text"], None, "5570055780")
    assert (body["recipients_count"], body["recipients_processed"]) == (1, 1)
    assert (body["transfer_num"], body["transfer_key"]) == (None, None)
    (call,) = body["voice_messages"]
    assert list(call) == ["voice_message", "cellphone", "sent_date", "voice_message_status"]
    assert (call["cellphone"], call["voice_message_status"]) == (ONE, 2)
    assert call["sent_date"] >= body["scheduled_date"]


def test_a_saved_audio_is_sent_with_a_transfer(providers: Providers) -> None:
    """Type 1 plays an audio; the number and the key to be transferred are shown again."""
    answer = send(providers, SAVED, transfer_num="4499157710", transfer_key=1)
    assert answer.json()["type"] == "audio"
    body = shown(providers, path(answer))
    assert (body["type"], body["text"], body["audio"]) == ("audio", None, 1234)
    assert (body["transfer_num"], body["transfer_key"]) == ("4499157710", 1)


def test_calls_go_through_all_statuses_of_the_guide(providers: Providers) -> None:
    """A call is queued (0), in process (1), then sent (2) or failed (3); the campaign's word or number goes along."""
    providers.app.world.speed = 2.0
    recipients = [{"cellphone": str(4_498_000_000 + place)} for place in range(100)]
    of = path(send(providers, text="hola", recipients=recipients))
    seen: dict[str, set[int]] = {}

    def look() -> bool:
        body = shown(providers, of)
        statuses = {call["voice_message_status"] for call in body["voice_messages"]}
        seen.setdefault(body["status"], set()).update(statuses)
        return bool(body["status"] == "COMPLETED")

    until(look)
    assert seen["TO_SEND"] == {0}
    assert 1 in seen["PROCESS"]
    assert seen["COMPLETED"] == {2, 3}
    providers.configure(smsclouds={"voice_status": "number"})
    assert shown(providers, of)["status"] == 2
    words = {line.split()[2] for line in providers.control.get("/sandbox/ledger/fates").text.splitlines()}
    assert words == set()


def test_the_fates_of_calls_are_told(providers: Providers) -> None:
    """What each recipient hears is listed with the guide's word for the call."""
    providers.configure(smsclouds={"shares": {"failed": 0.0}})
    path(send(providers, text="hola #000009"))
    until(lambda: providers.control.get("/sandbox/ledger/fates").text == "smsclouds 000009 Sent\n")
    assert providers.ledger()["received"] == 1


def test_a_queued_campaign_can_be_cancelled(providers: Providers) -> None:
    """Cancelling answers the guide's keys; calls are 3 from then on, and a second time is refused."""
    date = mexico(minutes=2)
    of = path(send(providers, scheduledDate=date))
    assert shown(providers, of)["status"] == "TO_SEND"
    answer = providers.clouds.post(f"{of}/cancel")
    assert answer.status_code == 200
    body = answer.json()
    assert list(body) == ["message", "voice_campaign", "name", "status", "scheduled_date"]
    assert (body["message"], body["status"]) == ("Completado Correctamente", "CANCELLED")
    assert (body["scheduled_date"], f"/api/v3/voice/{body['voice_campaign']}") == (date, of)
    after = shown(providers, of)
    assert after["status"] == "CANCELLED"
    assert [call["voice_message_status"] for call in after["voice_messages"]] == [3]
    assert after["voice_messages"][0]["sent_date"] is None
    assert "Queued" in refused(providers.clouds.post(f"{of}/cancel"), 422)


def test_a_campaign_under_way_cannot_be_cancelled(providers: Providers) -> None:
    """In process or over, a campaign is refused and goes on; one that is not there is 404."""
    of = path(send(providers))
    until(lambda: shown(providers, of)["status"] != "TO_SEND")
    assert refused(providers.clouds.post(f"{of}/cancel"), 422)
    until(lambda: shown(providers, of)["status"] == "COMPLETED")
    assert refused(providers.clouds.post(f"{of}/cancel"), 422)
    assert refused(providers.clouds.post("/api/v3/voice/1/cancel"), 404)
    assert refused(providers.clouds.get("/api/v3/voice/1"), 404)
    assert refused(providers.clouds.get("/api/v3/voice/x"), 404)


def test_statuses_of_calls_can_be_late_and_early(providers: Providers) -> None:
    """A late call stays in process for the seconds of the rule; an early one is over at once."""
    providers.fault(target="smsclouds", operation="statuses", kind="late", seconds=30, times=1)
    of = path(send(providers, text="hola", recipients=[{"cellphone": ONE}, {"cellphone": TWO}]))
    until(lambda: shown(providers, of)["recipients_processed"] == 1)
    assert shown(providers, of)["voice_messages"][0]["voice_message_status"] == 1
    providers.control.delete("/sandbox/faults")
    providers.fault(target="smsclouds", operation="statuses", kind="early", times=1)
    providers.app.world.speed = 0.5
    early = path(send(providers))
    assert shown(providers, early)["status"] == "COMPLETED"
