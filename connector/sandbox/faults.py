"""What goes wrong in the pretend world, decided by a seed so that a failing run can be played again.

A rule is a JSON object: ``{"target": "nrs360", "operation": "POST /sms", "kind": "drop_after", "share": 0.05}``.
The org and the providers ask `Faults.take` at every request, and the providers once for every message (operation
``statuses``) and every reply (operation ``replies``).
"""

import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

Kind = Literal[
    "slow",
    "status",
    "garbage",
    "drop_before",
    "drop_after",
    "expire_tokens",
    "lock_rows",
    "limit",
    "late",
    "twice",
    "reorder",
    "early",
    "silent",
    "lost",
]
STATUSES = "statuses"
REPLIES = "replies"
_NEWS = frozenset({STATUSES, REPLIES})
_NEWS_KINDS = frozenset({"late", "twice", "reorder", "early", "lost"})
_OWN_KINDS = {"lock_rows": "org", "limit": "org", "silent": "smpp", "lost": "smpp"}
"""Kinds that one target alone knows: `silent` takes what is asked and never answers, `lost` never tells the news."""
_KEYS = frozenset({"target", "operation", "kind", "share", "times", "after", "seconds", "status", "body"})
_TARGETS = frozenset({"org", "bulk360", "nrs360", "optimum", "sms360app", "smpp", "smsclouds", "*"})


class FaultRuleError(ValueError):
    """A rule that cannot be understood; the message says which part and what is allowed."""


@dataclass
class Fault:
    """One fault that fired. Whoever acts on it adds to `destroyed` what was lost by it: serials, ids.

    `seconds` is how long to wait (slow), how late a status comes (late, twice) or Retry-After (status 429).
    `status` and `body` are the answer of a ``status`` fault. `share` is the share of rows that `lock_rows` locks.
    """

    kind: Kind
    seconds: float = 0.0
    status: int = 500
    body: str = ""
    share: float = 1.0
    target: str = ""
    operation: str = ""
    at: float = 0.0
    destroyed: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The entry of the log: time (seconds since 1970), target, operation, kind, what was destroyed, and the status
        of a ``status`` fault."""
        entry: dict[str, Any] = {
            "at": self.at,
            "target": self.target,
            "operation": self.operation,
            "kind": self.kind,
            "destroyed": list(self.destroyed),
        }
        return entry | ({"status": self.status} if self.kind == "status" else {})


@dataclass
class _Rule:
    target: str
    operation: str
    kind: Kind
    share: float
    times: int | None
    after: int
    seconds: float
    status: int
    body: str
    stream: random.Random
    given: dict[str, Any]
    seen: int = 0
    fired: int = 0

    def concerns(self, target: str, operation: str) -> bool:
        if (self.kind in _NEWS_KINDS) != (operation in _NEWS):
            return False
        if _OWN_KINDS.get(self.kind, target) != target:
            return False
        return self.target in ("*", target) and fnmatchcase(operation, self.operation)

    def strikes(self) -> bool:
        """Draw once, whatever comes of it: the stream stays in step with the calls."""
        draw = self.stream.random()
        self.seen += 1
        if self.seen <= self.after or (self.times is not None and self.fired >= self.times):
            return False
        # The share of lock_rows is a share of the rows in a call, not of the calls.
        return self.kind == "lock_rows" or draw < self.share

    def fault(self, target: str, operation: str) -> Fault:
        self.fired += 1
        return Fault(self.kind, self.seconds, self.status, self.body, self.share, target, operation, time.time())


class Faults:
    """The rules in force and the log of what fired. Safe to use from several threads.

    Each rule draws from a stream of its own, made of `seed`, its place in the list and its text: the same rules and
    the same order of calls give the same faults.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.log: list[Fault] = []
        self._rules: list[_Rule] = []
        self._lock = threading.Lock()

    def add(self, rule: Mapping[str, Any]) -> None:
        """Put a rule in force. Raises FaultRuleError when it cannot be understood."""
        _check(rule)
        with self._lock:
            given = dict(rule)
            stream = random.Random(f"{self.seed}/{len(self._rules)}/{sorted(given.items())}")
            times = given.get("times")
            self._rules.append(
                _Rule(
                    target=given.get("target", "*"),
                    operation=given.get("operation", "*"),
                    kind=given["kind"],
                    share=float(given.get("share", 1.0)),
                    times=None if times is None else int(times),
                    after=int(given.get("after", 0)),
                    seconds=float(given.get("seconds", 0.0)),
                    status=int(given.get("status", 500)),
                    body=given.get("body", ""),
                    stream=stream,
                    given=given,
                )
            )

    def clear(self) -> None:
        """Take every rule out of force; the log stays."""
        with self._lock:
            self._rules = []

    def reset(self) -> None:
        """Forget the rules and the log."""
        with self._lock:
            self._rules = []
            self.log = []

    def take(self, target: str, operation: str) -> Fault | None:
        """The fault that befalls this call of `operation` at `target`, or None. The first rule that strikes wins."""
        if not self._rules:
            return None
        with self._lock:
            struck = [rule for rule in self._rules if rule.concerns(target, operation) and rule.strikes()]
            if not struck:
                return None
            fault = struck[0].fault(target, operation)
            self.log.append(fault)
            return fault

    def as_json(self) -> dict[str, Any]:
        """The rules with how often each was looked at and fired, and the log."""
        with self._lock:
            rules = [{**rule.given, "seen": rule.seen, "fired": rule.fired} for rule in self._rules]
            return {"seed": self.seed, "rules": rules, "log": [fault.as_json() for fault in self.log]}


def _check(rule: Mapping[str, Any]) -> None:
    if not isinstance(rule, Mapping):
        raise FaultRuleError('A fault rule is a JSON object such as {"target": "nrs360", "kind": "slow"}.')
    unknown = sorted(set(rule) - _KEYS)
    if unknown:
        raise FaultRuleError(f"The fault rule has unknown keys {unknown}; known are {sorted(_KEYS)}.")
    if rule.get("kind") not in get_args(Kind):
        raise FaultRuleError(f"The fault rule's kind {rule.get('kind')!r} is not one of {', '.join(get_args(Kind))}.")
    if rule.get("target", "*") not in _TARGETS:
        raise FaultRuleError(f"The fault rule's target {rule['target']!r} is not one of {sorted(_TARGETS)}.")
    _check_numbers(rule)
    for key in ("operation", "body"):
        if not isinstance(rule.get(key, ""), str):
            raise FaultRuleError(f"The fault rule's {key} must be text.")


def _check_numbers(rule: Mapping[str, Any]) -> None:
    for key in ("times", "after", "status"):
        number = rule.get(key)
        if number is not None and (not isinstance(number, int) or isinstance(number, bool) or number < 0):
            raise FaultRuleError(f"The fault rule's {key} must be a whole number from 0 up, not {number!r}.")
    for key, most in (("share", 1.0), ("seconds", 86400.0)):
        number = rule.get(key, 0)
        if not isinstance(number, int | float) or isinstance(number, bool) or not 0 <= number <= most:
            raise FaultRuleError(f"The fault rule's {key} must be a number from 0 to {most:g}, not {number!r}.")
