"""Numbers, texts and secrets never reach the log: not by a rule that slips, and not in a real run."""

import contextlib
import io
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import orjson
import pytest
import structlog
from hypothesis import assume, example, given
from hypothesis import strategies as st
from sqlalchemy import text

from connector import log
from connector.model.errors import StoreError
from connector.sandbox.server import Sandbox
from connector.web.hooks import hook_server
from tests.sync.site import NRS, SMSCLOUDS, new_store, plant, settings_for, site_on

SECRET = "the-secret-of-the-path-7d1f"


@pytest.fixture(autouse=True)
def _log_as_it_was() -> Iterator[None]:
    """Each test leaves the process's log as it found it."""
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    yield
    structlog.reset_defaults()
    root.handlers[:], root.level = before[0], before[1]


@contextmanager
def written(form: str = "json", level: str = "DEBUG") -> Iterator[io.StringIO]:
    """What the log writes while this is open."""
    sheet, real = io.StringIO(), sys.stderr
    sys.stderr = sheet
    try:
        log.set_up(form, level)  # type: ignore[arg-type]  # the two forms
        yield sheet
    finally:
        sys.stderr = real


numbers = st.builds(
    lambda plus, digits: plus + digits, st.sampled_from(["+", ""]), st.text("0123456789", min_size=8, max_size=15)
)
"""E.164 numbers, with and without their plus."""


@given(numbers, st.sampled_from(["to {}", "{}", "({})", "it is {}, they say", "to={}&x", '{{"to": "{}"}}']))
@example("+34611223344", "{}")
def test_a_number_is_cut_to_its_last_digits_wherever_it_stands(number: str, sentence: str) -> None:
    """Of eight digits or more the log shows three."""
    text = log.masked(sentence.format(number))
    digits = number.lstrip("+")
    assert digits not in text
    assert digits[:-3] not in text
    assert digits[-3:] in text


@given(st.lists(st.text("0123456789", min_size=2, max_size=4), min_size=4, max_size=5), st.sampled_from(" -."))
def test_a_number_in_groups_is_cut_too(groups: list[str], between: str) -> None:
    """Spaces, hyphens and dots do not hide a number, unless it could as well be an IP address."""
    with contextlib.suppress(ValueError):
        assume(not IPv4Address(between.join(groups)))
    text = log.masked(f"call {between.join(groups)} now")
    assert "".join(groups) not in text
    assert between.join(groups[:-1]) not in text


@given(
    name=st.from_regex(r"[A-Za-z0-9._+'-]{1,30}", fullmatch=True),
    domain=st.from_regex(r"[a-z0-9-]{2,12}(\.[a-z0-9-]{2,12})?", fullmatch=True),
    sentence=st.sampled_from(["{}", "to <{}>, refused", "{{'to': '{}'}}", "mailto:{}?x=1", "[{}] and {}"]),
)
def test_an_address_is_cut_to_its_last_word_wherever_it_stands(name: str, domain: str, sentence: str) -> None:
    """Neither the name nor the domain of an e-mail address is shown."""
    text = log.masked(sentence.format(f"{name}@{domain}.com", f"{name}@{domain}.com"))
    assert f"{name}@" not in text
    assert f"@{domain}" not in text
    assert "…@….com" in text


@pytest.mark.parametrize("harmless", ["01M7YAD80AD96486516HF7ERHJ", "2026-11-21T05:00:00+00:00", "HTTP 503", "#000123"])
def test_ids_dates_and_codes_stay_whole(harmless: str) -> None:
    """What is no number can still be searched for."""
    assert log.masked(harmless) == harmless


@given(
    st.recursive(
        st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=8,
    ),
    st.sampled_from(["token", "api_password", "hook_secret", "Authorization", "client_id", "text", "body", "raw"]),
)
def test_no_value_of_a_secret_or_text_key_is_shown(value: Any, key: str) -> None:
    """However deep it lies: a key that names a secret or a text shows nothing of its value."""
    marked = {"outer": [{key: ["MARK-9f3", value]}]}
    assert "MARK-9f3" not in str(log.mask(None, "info", {"event": "e", **marked}))


def test_an_error_is_shown_without_its_numbers() -> None:
    """An exception's own words and its traceback are masked like all else."""
    with written() as sheet:
        try:
            int("cannot send to +34611223344")
        except ValueError as error:
            structlog.get_logger().exception("job_failed", reason=error)
            structlog.get_logger().warning("told +34611223344")
    assert "611223344" not in sheet.getvalue()
    assert sheet.getvalue().count("\\u2026344") >= 3


def test_other_libraries_lines_are_masked_and_json_too() -> None:
    """What a library logs by the standard way goes through the same chain."""
    with written() as sheet:
        logging.getLogger("some.library").warning("sending to %s", "+34611223344")
    (line,) = sheet.getvalue().splitlines()
    assert orjson.loads(line)["event"] == "sending to …344"


def test_the_level_is_kept_to() -> None:
    """Below the level nothing is written."""
    with written(level="WARNING") as sheet:
        structlog.get_logger().info("quiet")
        structlog.get_logger().warning("loud")
    assert "quiet" not in sheet.getvalue()
    assert "loud" in sheet.getvalue()


def test_a_real_run_at_debug_shows_no_number_no_text_and_no_secret(sqlite_template: Path, tmp_path: Path) -> None:
    """A daemon's work, its errors included, logged as JSON at DEBUG and searched for all that must not be there."""
    from connector import settings
    from connector.app import build
    from jobs.runner import Daemon
    from tests.web.hooked import until

    with Sandbox(seed=11, speed=20.0) as sandbox:
        sandbox.seed({"messages": 40, "bad": True})
        plant(sandbox, 10, first=900)
        sandbox.faults.add({"target": "nrs360", "operation": "POST /sms", "kind": "drop_after", "times": 1})
        sandbox.faults.add({"target": "nrs360", "operation": "POST /sms", "kind": "garbage", "times": 1})
        sandbox.faults.add({"target": "smsclouds", "operation": "POST *", "kind": "status", "status": 500, "times": 1})
        sandbox.faults.add({"target": "org", "operation": "* /composite/sobjects*", "kind": "lock_rows", "times": 2})
        sandbox.providers.smsclouds.configure({"shares": {"replies": 0.5}})
        url = new_store(sqlite_template, tmp_path)
        hook = {"hook_secret": SECRET, "public_url": "http://127.0.0.1:1"}
        given = settings_for(sandbox, url, accounts={NRS: hook, SMSCLOUDS: hook})
        with written() as sheet:
            app = build(settings.of(given))
            daemon = Daemon(app, app.parts())
            receiver = hook_server(app)
            receiver.start()
            sandbox.providers.nrs360.configure(
                {"events_url": f"http://127.0.0.1:{receiver.port}/hooks/{NRS}/wrong/events"}
            )
            daemon.start()
            until(lambda: "Queued" not in _statuses(sandbox) and "Sending" not in _statuses(sandbox), 40)
            daemon.stop()
            receiver.stop()
            app.close()
        lines = sheet.getvalue()
        events = {orjson.loads(line)["event"] for line in lines.splitlines()}
        texts = [row["Body__c"] for row in sandbox.org.rows("SMS_Message__c") if row["Body__c"]]
        phones = {row["MobilePhone"] for row in sandbox.org.rows("Contact")}
    assert {"started", "stopped", "job_done", "send_ended"} <= events, "the run showed its work"
    found = [text for text in texts if text in lines or text[:20] in lines]
    assert found == []
    digits = {"".join(filter(str.isdigit, phone)) for phone in phones}
    assert [number for number in digits if len(number) >= 8 and number in lines] == []
    assert [phone for phone in phones if len(phone) >= 8 and any(map(str.isdigit, phone)) and phone in lines] == []
    assert SECRET not in lines
    assert "Basic " not in lines
    assert "Bearer " not in lines


def _statuses(sandbox: Sandbox) -> set[str]:
    return {row["Status__c"] for row in sandbox.org.rows("SMS_Message__c")}


def test_a_database_error_shows_no_value_of_its_statement(sqlite_template: Path, tmp_path: Path) -> None:
    """The traceback of a failed statement holds the statement, and none of the texts and numbers it carried."""
    with Sandbox(seed=3, speed=20.0) as sandbox, site_on(sandbox, new_store(sqlite_template, tmp_path)) as site:
        carried = " ".join(("Hola", "secreta"))  # put together here, for a traceback shows lines of source
        with written() as sheet:
            try:
                with site.parts.database.begin() as connection:
                    connection.execute(text("INSERT INTO nowhere VALUES (:text)"), {"text": carried})
            except StoreError:
                structlog.get_logger().exception("job_failed")
    assert "nowhere" in sheet.getvalue()
    assert carried not in sheet.getvalue()
