"""Credentials that end by a date are not found out by the first refusal."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from connector.sandbox.server import Sandbox
from connector.sync.token_watch import watch_token
from tests.sync.site import NRS, SMSCLOUDS, Site


def _ends(sandbox: Sandbox, days: int) -> None:
    at = datetime.now(UTC) + timedelta(days=days)
    local = at.astimezone(ZoneInfo("America/Mexico_City")).strftime("%Y-%m-%d %H:%M:%S")
    sandbox.providers.smsclouds.configure({"token_expires": local})


def test_a_token_that_ends_soon_sounds_an_alarm_until_there_is_a_new_one(site: Site, sandbox: Sandbox) -> None:
    """Twenty days before its end the alarm says when it ends and what to do; with a new token it is over."""
    _ends(sandbox, 20)
    assert watch_token(site.parts, SMSCLOUDS) is True
    said = site.alarms()[f"token of {SMSCLOUDS}"]
    assert "it ends on" in said
    assert "create a new token" in said
    _ends(sandbox, 300)
    assert watch_token(site.parts, SMSCLOUDS) is False
    assert f"token of {SMSCLOUDS}" not in site.alarms()


def test_credentials_that_never_end_are_not_asked_about(site: Site, sandbox: Sandbox) -> None:
    """360NRS's password has no date: no request is made for it."""
    before = site.app.lines.requests
    assert watch_token(site.parts, NRS) is False
    assert site.app.lines.requests == before
