"""Faults strike by rule and seed, and a run can be played again."""

import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.sandbox.faults import REPLIES, STATUSES, FaultRuleError, Faults

CALLS = [("nrs360", "POST /sms"), ("smsclouds", "POST /api/v3/campaign"), ("org", "GET /query"), ("nrs360", STATUSES)]


def struck(faults: Faults, calls: list[tuple[str, str]]) -> list[str | None]:
    return [fault.kind if (fault := faults.take(*call)) else None for call in calls]


def with_rules(seed: int, *rules: dict[str, Any]) -> Faults:
    faults = Faults(seed)
    for rule in rules:
        faults.add(rule)
    return faults


@given(st.integers(0, 2**32), st.lists(st.sampled_from(CALLS), max_size=60), st.floats(0, 1))
def test_the_same_seed_and_calls_give_the_same_faults(seed: int, calls: list[tuple[str, str]], share: float) -> None:
    """Whatever the order of calls is, playing it again from the seed gives the same faults."""
    rules = ({"kind": "slow", "share": share}, {"target": "nrs360", "kind": "late", "share": share})
    assert struck(with_rules(seed, *rules), calls) == struck(with_rules(seed, *rules), calls)


def test_another_seed_gives_other_faults() -> None:
    """The seed decides which calls are struck."""
    calls = [("nrs360", "POST /sms")] * 100
    rule = {"kind": "slow", "share": 0.5}
    assert struck(with_rules(1, rule), calls) != struck(with_rules(2, rule), calls)


def test_a_share_is_kept() -> None:
    """A share of a tenth strikes about a tenth of the calls."""
    hits = struck(with_rules(3, {"kind": "slow", "share": 0.1}), [("org", "GET /x")] * 2000)
    assert 140 < hits.count("slow") < 260


def test_times_and_after_bound_a_rule() -> None:
    """`after` lets the first calls pass, `times` ends the rule after so many faults."""
    faults = with_rules(1, {"kind": "drop_after", "after": 2, "times": 3})
    assert struck(faults, [("org", "POST /x")] * 7) == [
        None,
        None,
        "drop_after",
        "drop_after",
        "drop_after",
        None,
        None,
    ]


def test_one_rule_does_not_disturb_another() -> None:
    """A rule for one target draws from a stream of its own, so calls of others leave its faults as they were."""
    rules = ({"target": "org", "kind": "slow", "share": 0.5}, {"target": "nrs360", "kind": "slow", "share": 0.5})
    alone = struck(with_rules(9, *rules), [("org", "GET /x")] * 50)
    mixed = with_rules(9, *rules)
    beside = [struck(mixed, [("nrs360", "POST /sms"), ("org", "GET /x")])[1] for _ in range(50)]
    assert alone == beside


def test_rules_do_not_strike_in_step() -> None:
    """Two rules for the same calls draw apart: the second strikes some calls that the first lets pass."""
    faults = with_rules(4, {"kind": "slow", "share": 0.5}, {"kind": "garbage", "share": 0.5})
    hits = struck(faults, [("org", "GET /x")] * 400)
    assert 60 < hits.count("garbage") < 140


def test_target_and_operation_choose_the_calls() -> None:
    """A rule strikes its own target and the operations its pattern matches, and no others."""
    faults = with_rules(1, {"target": "smsclouds", "operation": "POST /api/v3/*", "kind": "garbage"})
    assert faults.take("smsclouds", "POST /api/v3/campaign") is not None
    assert faults.take("smsclouds", "GET /api/v3/user/routes") is None
    assert faults.take("nrs360", "POST /api/v3/campaign") is None


def test_kinds_strike_only_what_they_can() -> None:
    """What befalls news never befalls a request, nor the other way round, and rows are locked in the org alone."""
    news = with_rules(1, *({"kind": kind} for kind in ("late", "twice", "reorder", "early")))
    assert news.take("nrs360", "POST /sms") is None
    assert news.take("nrs360", STATUSES) is not None
    assert news.take("smsclouds", REPLIES) is not None
    requests = with_rules(1, {"kind": "lock_rows"}, {"kind": "limit"}, {"kind": "slow"})
    assert requests.take("nrs360", STATUSES) is None
    assert struck(requests, [("nrs360", "POST /sms"), ("org", "PATCH /x")]) == ["slow", "lock_rows"]


def test_lock_rows_strikes_every_call_and_hands_its_share_on() -> None:
    """The share of lock_rows is one of rows, for the org to use; the rule strikes each call."""
    faults = with_rules(1, {"kind": "lock_rows", "share": 0.2})
    fault = faults.take("org", "PATCH /composite/sobjects")
    assert fault is not None
    assert fault.share == 0.2
    assert faults.take("org", "PATCH /composite/sobjects") is not None


def test_the_log_lists_what_fired_and_what_it_destroyed() -> None:
    """Each fault is logged with time, target, operation and kind, and with what its victim adds later."""
    faults = with_rules(1, {"target": "org", "kind": "status", "status": 503, "body": "no", "seconds": 2, "times": 1})
    fault = faults.take("org", "GET /query")
    faults.take("org", "GET /query")
    assert fault is not None
    assert (fault.status, fault.body, fault.seconds) == (503, "no", 2.0)
    fault.destroyed.append("000007")
    (entry,) = faults.as_json()["log"]
    assert entry.pop("at") > 1_700_000_000
    assert entry == {
        "target": "org",
        "operation": "GET /query",
        "kind": "status",
        "status": 503,
        "destroyed": ["000007"],
    }
    assert faults.as_json()["rules"][0]["seen"] == 2
    faults.clear()
    assert faults.take("org", "GET /query") is None
    assert len(faults.log) == 1
    faults.reset()
    assert faults.log == []


@pytest.mark.parametrize(
    ("rule", "word"),
    [
        ({"kind": "explode"}, "explode"),
        ({}, "kind"),
        ({"kind": "slow", "target": "moon"}, "moon"),
        ({"kind": "slow", "share": 2}, "share"),
        ({"kind": "slow", "share": True}, "share"),
        ({"kind": "slow", "seconds": -1}, "seconds"),
        ({"kind": "slow", "times": 1.5}, "times"),
        ({"kind": "slow", "after": -1}, "after"),
        ({"kind": "status", "status": "500"}, "status"),
        ({"kind": "slow", "operation": 1}, "operation"),
        ({"kind": "slow", "body": 1}, "body"),
        ({"kind": "slow", "when": "now"}, "when"),
        ("slow", "JSON object"),
    ],
)
def test_a_wrong_rule_is_refused_in_words(rule: Any, word: str) -> None:
    """A rule with an unknown key, kind or target or an impossible number is refused by name and not put in force."""
    faults = Faults(1)
    with pytest.raises(FaultRuleError, match=word):
        faults.add(rule)
    assert faults.as_json()["rules"] == []


def test_threads_share_the_rules() -> None:
    """Many threads at once never strike more often than a rule allows."""
    faults = with_rules(1, {"kind": "slow", "times": 50})
    hits: list[object] = []

    def call() -> None:
        hits.extend(filter(None, (faults.take("org", "GET /x") for _ in range(200))))

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(hits) == len(faults.log) == 50
