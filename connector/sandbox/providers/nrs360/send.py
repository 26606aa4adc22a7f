"""A sending accepted: judge each recipient, charge, write down, answer 202, 207 or an error."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.sandbox.providers.nrs360.account import Cash
from connector.sandbox.providers.nrs360.book import Book, Schedule, Sending
from connector.sandbox.providers.nrs360.channels import LANDING
from connector.sandbox.providers.nrs360.errors import Refusal
from connector.sandbox.providers.nrs360.merge import merge
from connector.sandbox.providers.nrs360.request import SendRequest
from connector.sandbox.providers.nrs360.times import opening, written

_FORM = re.compile(r"\[form_(\d+)\]|\{FORM_(\d+)\}")
# The text as a recipient will read it with its parts, or why the recipient is refused.
Verdict = tuple[str, int] | Refusal
Variables = Mapping[str, Mapping[str, Any]]
IssueCode = Callable[[str, Mapping[str, Any]], str]


@dataclass(frozen=True)
class Accepted:
    """What was accepted of a request: the answer to give, its HTTP code, and the messages' numbers in the book."""

    status: int
    answer: dict[str, Any]
    messages: range


def judge(request: SendRequest, issue_code: IssueCode, variables: Variables) -> list[Verdict]:
    """A verdict for each recipient, in the request's order. `issue_code` makes the code of ``{OTP_CODE}``; `variables`
    are the contacts' own."""
    return [_verdict(request, place, issue_code, variables) for place in range(len(request.to))]


def accept(book: Book, cash: Cash, request: SendRequest, verdicts: Sequence[Verdict]) -> Accepted:
    """Accept what can be accepted. Raises Refusal when no recipient can, or when the balance does not suffice."""
    good = [place for place, verdict in enumerate(verdicts) if not isinstance(verdict, Refusal)]
    if not good:
        raise next(verdict for verdict in verdicts if isinstance(verdict, Refusal))
    taken = [verdict for verdict in verdicts if not isinstance(verdict, Refusal)]
    parts = sum(count for _, count in taken)
    cash.charge(parts * request.channel.price)
    now = book.world.now()
    sending = book.open_sending(request.campaign, request.tags, now, request.channel)
    start = opening(max(now, request.schedule or 0), request.available)
    sending.parts += parts
    sending.schedule, sending.expires = request.schedule, request.expires
    texts = [text for text, _ in taken]
    messages = book.add(sending, request.sender, [request.to[place] for place in good], texts, start)
    _note_extras(book, request, messages, good, now)
    book.world.ledger.accept("nrs360", texts)
    return Accepted(
        202 if len(good) == len(verdicts) else 207, _answer(book, sending, request, verdicts, messages), messages
    )


def _verdict(request: SendRequest, place: int, issue_code: IssueCode, variables: Variables) -> Verdict:
    recipient = request.to[place]
    if not request.channel.reaches(recipient):
        return Refusal(102)
    values = request.sub[place] if request.sub else {}
    if recipient in variables:
        values = {**variables[recipient], **values}
    if "{OTP_CODE}" in request.text:
        values = {"OTP_CODE": issue_code(recipient, request.otp), **values}
    if request.channel is LANDING:
        values = {"LAND_URL": f"https://nrs.so/{place:06x}", **values}
    if "{FORM_" in request.text:
        links = {f"FORM_{found[2]}": f"https://nrs.so/f{found[2]}" for found in _FORM.finditer(request.text)}
        values = {**links, **values}
    try:
        return request.fit(merge(request.text, values))
    except Refusal as refusal:
        return refusal


def _note_extras(book: Book, request: SendRequest, messages: range, good: list[int], now: float) -> None:
    extras = book.extras
    if request.expires is not None:
        extras.deadlines.update(dict.fromkeys(messages, request.expires))
    if request.notifications:
        extras.notifications.update(zip(messages, (request.notifications[place] for place in good), strict=True))
    if request.schedule is not None and request.channel.listed is not None:
        schedule = Schedule(request.schedule, request.available, request.encoding, now, now)
        extras.schedules.update(dict.fromkeys(messages, schedule))
    form = _FORM.search(request.text) or _FORM.search(request.page)
    if form is not None:
        extras.forms.update(dict.fromkeys(messages, int(form[1] or form[2])))
    if request.untracked:
        extras.untracked.update(dict.fromkeys(messages, request.untracked))
    if request.certified:
        extras.certified.update(messages)


def _answer(
    book: Book, sending: Sending, request: SendRequest, verdicts: Sequence[Verdict], messages: range
) -> dict[str, Any]:
    given = iter(messages)
    told: dict[str, Any] = {"scheduledAt": written(request.schedule), "expiresAt": written(request.expires)}
    result: list[dict[str, Any]] = []
    for recipient, verdict in zip(request.to, verdicts, strict=True):
        if isinstance(verdict, Refusal):
            result.append({"accepted": False, "to": recipient, "error": verdict.error()})
            continue
        told["parts"] = verdict[1]
        result.append(
            {
                "accepted": True,
                "to": recipient,
                "id": book.id_of(next(given)),
                **{key: told[key] for key in request.channel.answered},
            }
        )
    return {"campaignId": sending.campaign_id, "sendingId": sending.id, "result": result}
