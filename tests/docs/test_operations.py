"""Every operation of the five guides, written down once more by hand, has its row or its webhook."""

from collections.abc import Mapping

import pytest

from connector.providers.registry import CLIENTS, PROVIDERS
from docs.generate import rendered

GUIDES: Mapping[str, Mapping[str, str]] = {
    "sms360app": {"send message": "messages.send", "verify the phone": "lookup.phone"},
    "bulk360": {"token": "oauth.token", "send SMS, send WhatsApp, detail": "messages.send"},
    "smsclouds": {
        "user": "user.show user.head",
        "countries": "user.countries",
        "routes": "user.routes",
        "SMS campaign": "campaigns.create",
        "responses by date": "responses.by_date",
        "responses by message ids": "responses.by_messages",
        "responses by cellphone": "responses.by_cellphone",
        "responses by campaign ids": "responses.by_campaigns",
        "campaign messages": "campaigns.messages",
        "email campaign": "emails.create",
        "voice campaign": "voice.create",
        "voice campaign status": "voice.show",
        "voice campaign cancel": "voice.cancel",
        "HLR lookup": "hlr.show",
        "SMS CLIC campaign": "clic.create",
    },
    "nrs360": {
        "SMS": "sms.send",
        "SMS by message id": "sms.show",
        "email": "mailing.send",
        "voice": "voice.send",
        "voice with audio file": "voice.send_audio",
        "landing SMS": "landing.send",
        "WhatsApp template": "whatsapp.send_template",
        "WhatsApp conversations": (
            "whatsapp.conversations whatsapp.conversation whatsapp.messages whatsapp.send_message"
        ),
        "scheduled": "scheduled.list scheduled.update scheduled.delete",
        "campaigns list": "campaigns.list",
        "contacts": "contacts.list contacts.show contacts.create contacts.update contacts.delete",
        "groups": "groups.list groups.show groups.create groups.update groups.delete",
        "email validation": "validation.list validation.show validation.result validation.start validation.delete",
        "blacklist v2": "blacklist.list blacklist.add blacklist.remove",
        "templates": (
            "templates.list templates.show templates.create templates.update templates.delete templates.preview"
        ),
        "forms": "forms.create forms.update forms.list forms.show forms.delete forms.preview",
        "URL shortener": "shortener.shorten",
        "image generator": "images.generate",
        "certificates": "certificates.sms certificates.mailing",
        "events report by sending": "reports.events",
        "keystroke report": "reports.keys",
        "OTP generate and check": "otp.generate otp.check",
        "account": "account.show",
        "coverage": "coverage.by_network",
        "coverage by country": "coverage.by_country",
    },
    "optimum": {
        "SMS send": "sms.send",
        "SMS get status": "sms.status sms.status_by_post",
        "voice call with message": "voice.call_with_message",
        "voice call with campaign": "voice.call_with_campaign",
    },
}
"""Provider to what its guide calls an operation, and the names of its rows."""

PUSHED: Mapping[str, Mapping[str, str]] = {
    "sms360app": {"incoming message": "incoming", "delivery callback": "delivery"},
    "bulk360": {"delivery notification": "delivery"},
    "smsclouds": {
        "response push": "responses",
        "SMPP-account response push": "smpp_responses",
        "keyword automatic reply": "keyword",
    },
    "nrs360": {
        "event notifications": "events",
        "delivery notification": "delivery",
        "notifications of an email validation": "validation",
    },
    "optimum": {"SMS status callback": "statuses", "voice CDR callback": "calls"},
}
"""Provider to what its guide pushes, and the name of the webhook that hears it."""

named = pytest.mark.parametrize("provider", CLIENTS)


@named
def test_every_operation_of_a_guide_has_its_row(provider: str) -> None:
    """What is missing is named by the guide's word for it, and no row stands there that no guide has."""
    rows = CLIENTS[provider].operations()
    wanted = {row: word for word, names in GUIDES[provider].items() for row in names.split()}
    missing = [f"{word}: {row}" for row, word in wanted.items() if row not in rows]
    assert missing == []
    assert sorted(set(rows) - set(wanted)) == []


@named
def test_all_that_a_guide_pushes_has_its_webhook(provider: str) -> None:
    """What is missing is named by the guide's word for it, and no webhook stands there that no guide has."""
    heard = {webhook.name for webhook in PROVIDERS[provider].webhooks}
    assert [word for word, name in PUSHED[provider].items() if name not in heard] == []
    assert sorted(heard - set(PUSHED[provider].values())) == []


@named
def test_every_row_stands_in_the_generated_table(provider: str) -> None:
    """The table of a provider has a line for each of its rows, with its request."""
    page = rendered("operations.md")
    table = page.partition(f"## `{provider}`")[2].partition("\n## ")[0]
    for name, row in CLIENTS[provider].operations().items():
        assert f"| `{name}` | `{row.method} /{row.path}` | {row.section} |" in table, name
