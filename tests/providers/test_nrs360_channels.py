"""360NRS beyond SMS: WhatsApp by templates and conversations, and calls."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given

from connector.model.errors import MayHaveLeft, Refused, Throttled, Unreadable
from connector.model.failures import Fault
from connector.model.messages import Channel, Message, NewsKind, OpenBatch, OpenMessage
from connector.model.states import State
from connector.providers.base import Batch
from connector.providers.exchange import Request, Response
from connector.providers.nrs360.operations.voice import MAX_TEXT
from tests.providers.contract import INHERITED, PIECES_AND_VALUES, REFERENCE, SINCE, answer, told
from tests.providers.test_nrs360 import TestNRS360 as Contract
from tests.providers.test_nrs360 import adapter, error

SENDER, PERSON = "34666777555", "34666555444"
VOICE_HEADER = "campaignName,campaignId,sendingId,contactId,event,phone,email,landline,countryIso,callDurationSeconds"
ABSENT = answer(404, {"error": {"code": 404, "description": "Resource not found"}})


def message(channel: Channel, place: int = 0, *, content: Mapping[str, Any] | None = None, **changes: Any) -> Message:
    """An ordinary message of a channel."""
    return Contract().message(place, channel=channel, content=content or {}, sender=None, **changes)


def whatsapp(place: int = 0, **changes: Any) -> Message:
    """A template with every kind of variable."""
    content = {"template": 123, "header": ["H"], "body": [f"Ana {place}", "10:00"], "buttons": ["x1"]}
    return message(Channel.WHATSAPP, place, **{"content": content, **changes})


def call(place: int = 0, **changes: Any) -> Message:
    """A text that is read in Spanish."""
    return message(Channel.VOICE, place, **{"content": {"language": "es-ES"}, **changes})


def opened(channel: Channel, *messages: tuple[str | None, State], sender: str | None = None) -> OpenBatch:
    """An open batch of (provider's id, state), all to the guide's number."""
    made = [
        OpenMessage(f"m{place}", f"+{PERSON}", state, known, channel, sender)
        for place, (known, state) in enumerate(messages)
    ]
    return OpenBatch(REFERENCE, SINCE, "100001", tuple(made))


def taken(**changes: Any) -> dict[str, Any]:
    """A message of a conversation, as the guide shows it."""
    return {
        "id": "a8249e62",
        "type": "template",
        "msisdn": SENDER,
        "content": "Template content",
        "reactions": [],
        "sentAt": "2024-01-01T10:00:00+00:00",
        "deliveredAt": None,
        "readAt": None,
        "failedAt": None,
        **changes,
    }


def page(*rows: dict[str, Any], pages: int = 1) -> Response:
    """A page of a list."""
    return answer(200, {"data": list(rows), "meta": {"pagination": {"current_page": 1, "total_pages": pages}}})


def asked(conversation: Any, *responses: Response) -> list[tuple[str, Mapping[str, str]]]:
    """What a conversation asks, as (path, query)."""
    requests, left = [], list(responses)
    try:
        step = next(conversation)
        while True:
            if isinstance(step, Request):
                requests.append((step.path, step.query))
                step = conversation.send(left.pop(0))
            else:
                step = conversation.send(None)
    except StopIteration:
        return requests


# WhatsApp out


def test_a_template_travels_with_its_values_by_position() -> None:
    """One request for all messages of a template, each with its own values; our reference in the campaign's name."""
    made = adapter(whatsapp_sender=f"+{SENDER}")
    bare = whatsapp(1, content={"template": 123})
    request = made.send(Batch(REFERENCE, (whatsapp(), bare)))
    assert (request.method, request.path, request.sends) == ("POST", "whatsapp", True)
    assert request.json == {
        "templateId": 123,
        "from": SENDER,
        "messages": [
            {
                "to": "34666555000",
                "headerFields": ["H"],
                "bodyFields": ["Ana 0", "10:00"],
                "callToActionFields": ["x1"],
            },
            {"to": "34666555001"},
        ],
        "campaignName": f"connector ~{REFERENCE}",
    }
    assert made.group(whatsapp()) == made.group(bare)
    assert made.group(whatsapp()) != made.group(whatsapp(content={"template": 124}))
    assert made.group(whatsapp()) != made.group(whatsapp(campaign="another"))
    assert made.group(whatsapp()) != made.group(replace(whatsapp(), sender="34999999999"))


@pytest.mark.parametrize(
    ("changes", "settings", "code"),
    [
        ({}, {"whatsapp_sender": SENDER}, None),
        ({}, {}, "no_sender"),
        ({"content": {}}, {"whatsapp_sender": SENDER}, "no_template"),
        ({"content": {"template": "123"}}, {"whatsapp_sender": SENDER}, "no_template"),
    ],
)
def test_a_whatsapp_needs_its_template_and_sender(
    changes: dict[str, Any], settings: dict[str, Any], code: str | None
) -> None:
    """Without either it is the mapping's fault; the sender of SMS is no sender of WhatsApp."""
    refusal = adapter(**settings).refuse(whatsapp(**changes))
    assert (refusal.code if refusal else None) == code
    assert refusal is None or refusal.fault is Fault.MAPPING


def test_each_recipient_of_a_template_has_its_own_word() -> None:
    """207: an id of the conversation's message, or the reason."""
    batch = Batch(REFERENCE, (whatsapp(), whatsapp(1)))
    said = {"code": 102, "description": "The messages.1.to field does not contain a valid phone number"}
    rows = [
        {"accepted": True, "to": "34666555000", "id": "8b4e5d35"},
        {"accepted": False, "to": "34666555001", "error": said},
    ]
    first, second = adapter().read_send(batch, answer(207, {"campaignId": 1, "sendingId": 2, "result": rows}))
    assert (first.state, first.provider_id) == (State.ACCEPTED, "8b4e5d35")
    assert (second.state, second.failure and second.failure.code) == (State.REJECTED, "102")


def free(place: int = 0, **changes: Any) -> Message:
    """A text into a conversation."""
    return message(Channel.WHATSAPP, place, **{"content": {"conversation": "true"}, **changes})


def test_a_text_goes_into_the_person_s_conversation() -> None:
    """By the two numbers that name it, alone in its request, the text as its person reads it."""
    made = adapter(whatsapp_sender=f"+{SENDER}")
    assert made.refuse(free()) is None
    request = made.send(Batch(REFERENCE, (free(),)))
    assert (request.method, request.sends) == ("POST", True)
    assert request.path == f"whatsapp/conversations/{SENDER}/34666555000/messages"
    assert request.json == {"content": free().text}
    assert len({made.group(free()), made.group(free(1)), made.group(whatsapp())}) == 3
    both = whatsapp(content={"template": 123, "conversation": "true"})
    assert made.send(Batch(REFERENCE, (both,))).json == {"content": both.text}


@pytest.mark.parametrize("closed", ["false", "False", "no", "0", " "])
def test_where_no_conversation_is_open_the_template_goes(closed: str) -> None:
    """The mapping says it, record by record; without a template nothing can go."""
    made = adapter(whatsapp_sender=SENDER)
    without = free(content={"conversation": closed})
    refusal = made.refuse(without)
    assert refusal is not None
    assert refusal.code == "no_template"
    template = whatsapp(content={"template": 123, "conversation": closed})
    assert made.refuse(template) is None
    assert made.send(Batch(REFERENCE, (template,))).path == "whatsapp"
    assert made.group(template) == made.group(whatsapp())


def test_a_text_for_a_conversation_needs_words_and_a_sender() -> None:
    """Which a template has of its own, or not."""
    empty = adapter(whatsapp_sender=SENDER).refuse(free(pieces=("",), values=()))
    assert empty is not None
    assert empty.code == "no_text"
    nobody = adapter().refuse(free())
    assert nobody is not None
    assert nobody.code == "no_sender"


@pytest.mark.parametrize(
    ("body", "known"),
    [(b"{}", None), (b"", None), (b'{"data": {"id": "a8249e62"}}', "a8249e62"), (b'{"id": "a8249e62"}', "a8249e62")],
)
def test_a_text_taken_is_accepted_whatever_is_answered(body: bytes, known: str | None) -> None:
    """The guide shows no answer: an id in it is kept, by which its conversation tells what became of it."""
    (outcome,) = adapter().read_send(Batch(REFERENCE, (free(),)), Response(201, {}, body))
    assert (outcome.state, outcome.provider_id) == (State.ACCEPTED, known)


def test_a_conversation_that_is_not_open_refuses_with_its_reason() -> None:
    """What 360NRS says is told, and a number that never wrote is told as that."""
    batch = Batch(REFERENCE, (free(),))
    said = {"error": {"code": 422, "description": "The session is not active."}}
    with pytest.raises(Refused, match="The session is not active") as caught:
        adapter().read_send(batch, answer(422, said))
    assert caught.value.failure.code == "422"
    with pytest.raises(Refused, match="no conversation with this number") as caught:
        adapter().read_send(batch, ABSENT)
    assert caught.value.failure.fault is Fault.RECIPIENT
    with pytest.raises(MayHaveLeft):
        adapter().read_send(batch, Response(503, {}, b""))


# WhatsApp in


def test_a_whatsapp_s_status_is_asked_of_its_conversation() -> None:
    """Sent, delivered and read, each with its time; `read` moves nothing, and what is known already is not told."""
    row = taken(deliveredAt="2024-01-01T10:00:05+00:00", readAt="2024-01-01T10:01:00+00:00")
    batch = opened(Channel.WHATSAPP, ("a8249e62", State.SENT))
    poll = adapter(whatsapp_sender=SENDER).statuses([batch])
    news = told(poll, page(taken(id="another"), row))
    assert [(item.word, item.state, item.provider_id, item.phone) for item in news] == [
        ("delivered", State.DELIVERED, "a8249e62", f"+{PERSON}"),
        ("read", None, "a8249e62", f"+{PERSON}"),
    ]
    assert news[0].at == datetime(2024, 1, 1, 10, 0, 5, tzinfo=UTC)
    assert all("content" not in item.raw for item in news)


def test_a_whatsapp_that_failed_is_undelivered() -> None:
    """With a failure that says what to look at."""
    poll = adapter(whatsapp_sender=SENDER).statuses([opened(Channel.WHATSAPP, ("a8249e62", State.SENT))])
    (news,) = told(poll, page(taken(failedAt="2024-01-01T10:00:05+00:00")))
    assert news.state is State.UNDELIVERED
    assert news.failure is not None
    assert news.failure.fault is Fault.RECIPIENT


def test_pages_of_a_conversation_are_read_up_to_the_message() -> None:
    """The conversation of the message's own sender, page by page, and no further than needed."""
    poll = adapter().statuses([opened(Channel.WHATSAPP, ("a8249e62", State.ACCEPTED), sender=f"+{SENDER}")])
    path = f"whatsapp/conversations/{SENDER}/{PERSON}/messages"
    assert asked(poll, page(taken(id="x"), pages=3), page(taken(), pages=3)) == [
        (path, {}),
        (path, {"page": "2"}),
    ]


def test_what_cannot_be_told_from_others_is_not_asked_for() -> None:
    """No id or no sender: no request; no conversation: no news; a lost batch is in no campaign and not looked for."""
    lost = opened(Channel.WHATSAPP, (None, State.UNKNOWN))
    assert asked(adapter(whatsapp_sender=SENDER).statuses([lost])) == []
    assert asked(adapter(whatsapp_sender=SENDER).resolve(lost)) == []
    assert asked(adapter().statuses([opened(Channel.WHATSAPP, ("a8249e62", State.SENT))])) == []
    known = opened(Channel.WHATSAPP, ("a8249e62", State.SENT))
    assert told(adapter(whatsapp_sender=SENDER).statuses([known]), ABSENT) == []


def test_one_conversation_s_trouble_does_not_keep_other_batches_waiting() -> None:
    """An answer that is none is raised at the end, after the next batch's news."""
    batches = [opened(Channel.WHATSAPP, (known, State.SENT)) for known in ("other", "a8249e62")]
    poll = adapter(whatsapp_sender=SENDER).statuses(batches)
    next(poll)
    step = poll.send(Response(200, {}, b"<html>"))
    assert isinstance(step, Request)
    step = poll.send(page(taken(deliveredAt="2024-01-01T10:00:05+00:00")))
    assert isinstance(step, list)
    assert step[0].state is State.DELIVERED
    with pytest.raises(Unreadable):
        poll.send(None)


def test_all_that_a_conversation_shows_is_compared() -> None:
    """A state that we know already is told too, so that a comparison misses nothing."""
    batch = opened(Channel.WHATSAPP, ("a8249e62", State.SENT))
    news = told(adapter(whatsapp_sender=SENDER).shown(batch), page(taken()))
    assert [item.state for item in news] == [State.SENT]


def conversation(**changes: Any) -> dict[str, Any]:
    """A conversation of the list."""
    return {"from": SENDER, "to": PERSON, "status": "OPEN", "sessionExpiresAt": "2026-11-02T10:00:00+00:00", **changes}


def test_what_people_write_on_whatsapp_is_a_reply() -> None:
    """Theirs within the time, once each; ours, older and later ones are none; a picture is told as what it is."""
    until = SINCE + timedelta(hours=1)
    at = (SINCE + timedelta(minutes=5)).isoformat()
    theirs = {"msisdn": PERSON, "type": "text", "sentAt": at}
    rows = [
        taken(id="1", content="Sí", **theirs),
        taken(id="2", sentAt=at),
        taken(id="3", **{**theirs, "sentAt": (SINCE - timedelta(seconds=1)).isoformat()}),
        taken(id="4", **{**theirs, "sentAt": until.isoformat()}),
        taken(id="5", **{**theirs, "type": "image", "content": None}),
    ]
    made = adapter(whatsapp_sender=f"+{SENDER}")
    news = told(made.replies(SINCE, until), page(conversation()), page(*rows))
    assert [(item.kind, item.phone, item.text) for item in news] == [
        (NewsKind.REPLY, f"+{PERSON}", "Sí"),
        (NewsKind.REPLY, f"+{PERSON}", "[image]"),
    ]
    assert [item.key for item in news] == [
        item.key for item in told(made.replies(SINCE, until), page(conversation()), page(*rows))
    ]
    assert len({item.key for item in news}) == 2


LOCATION = {"latitude": 40.4, "longitude": -3.7}
AN_HOUR = timedelta(hours=1)


def theirs(person: str, **changes: Any) -> dict[str, Any]:
    """A message that a person wrote within the hour that is asked for."""
    at = (SINCE + timedelta(minutes=5)).isoformat()
    return taken(**{"id": f"of {person}", "msisdn": person, "type": "text", "content": "STOP", "sentAt": at, **changes})


@pytest.mark.parametrize(
    ("odd", "text"),
    [
        ({"type": "location", "content": LOCATION}, "[location]"),
        ({"type": "sticker", "content": [LOCATION]}, "[sticker]"),
        ({"reactions": None}, "STOP"),
        ({"reactions": [{"emoji": "x"}]}, "STOP"),
        ({"type": {"of": "text"}}, "STOP"),
        ({"readAt": {}}, "STOP"),
        ({"id": None}, None),
        ({"id": {}}, None),
    ],
)
def test_an_odd_message_costs_neither_its_neighbours_nor_itself(odd: dict[str, Any], text: str | None) -> None:
    """It is told by what of it can be read; one without an id alone is left out. What is no text is kept as it came."""
    rows = page(theirs(PERSON, **odd), theirs(PERSON, id="next", content="BAJA"))
    replies = adapter(whatsapp_sender=SENDER).replies(SINCE, SINCE + AN_HOUR)
    news = told(replies, page(conversation()), rows)
    assert [item.text for item in news] == [*([] if text is None else [text]), "BAJA"]
    assert all(item.raw.get("content") in (None, odd.get("content")) for item in news)


def test_one_conversation_s_trouble_leaves_the_replies_of_the_others() -> None:
    """They are told, and then what went wrong is raised, so that the same time is asked for again."""
    people = [f"3466600000{place}" for place in range(5)]
    replies = adapter(whatsapp_sender=SENDER).replies(SINCE, SINCE + AN_HOUR)
    next(replies)
    replies.send(page(*[conversation(to=person) for person in people]))
    for trouble in (page({"nothing": 1}), Response(502, {}, b""), error(422)):
        assert isinstance(replies.send(trouble), Request), "the next conversation is asked for"
    assert isinstance(replies.throw(MayHaveLeft("no answer came")), Request)
    news = replies.send(page(theirs(people[4])))
    assert isinstance(news, list)
    assert [item.text for item in news] == ["STOP"]
    with pytest.raises(Unreadable):
        replies.send(None)


def test_a_page_is_told_before_the_next_is_asked_for() -> None:
    """So that an older page that cannot be read keeps nothing back of the newest."""
    replies = adapter(whatsapp_sender=SENDER).replies(SINCE, SINCE + AN_HOUR)
    next(replies)
    replies.send(page(conversation()))
    news = replies.send(page(theirs(PERSON), pages=2))
    assert isinstance(news, list)
    assert [item.text for item in news] == ["STOP"]
    assert isinstance(replies.send(None), Request)
    with pytest.raises(Unreadable):
        replies.send(Response(200, {}, b"<html>"))


def test_a_conversation_that_cannot_be_listed_costs_no_other() -> None:
    """One without its numbers is left out; one whose contact or session cannot be read is asked for all the same."""
    listed = page(
        {"from": SENDER},
        conversation(to=""),
        conversation(contact=[], sessionExpiresAt=None, isSessionActive={}),
        conversation(to="34666000002"),
    )
    news = told(
        adapter(whatsapp_sender=SENDER).replies(SINCE, SINCE + AN_HOUR),
        listed,
        page(theirs(PERSON)),
        page(theirs("34666000002")),
    )
    assert [item.phone for item in news] == [f"+{PERSON}", "+34666000002"]


def test_an_account_turned_away_is_told_so_at_once_while_replies_are_asked_for() -> None:
    """Every other conversation would be refused as well; and who is asked to wait, waits."""
    for answered, kind in ((error(103), Refused), (Response(429, {"retry-after": "5"}, b""), Throttled)):
        replies = adapter(whatsapp_sender=SENDER).replies(SINCE, SINCE + AN_HOUR)
        next(replies)
        replies.send(page(conversation(), conversation(to="34666000002")))
        with pytest.raises(kind):
            replies.send(answered)


def test_one_message_s_trouble_leaves_the_statuses_of_its_batch() -> None:
    """The conversations of the others are asked all the same."""
    batch = opened(Channel.WHATSAPP, ("1", State.SENT), ("2", State.SENT), ("a8249e62", State.SENT))
    poll = adapter(whatsapp_sender=SENDER).statuses([batch])
    next(poll)
    assert isinstance(poll.send(error(422)), Request)
    assert isinstance(poll.send(Response(200, {}, b"<html>")), Request)
    news = poll.send(page(taken(deliveredAt="2024-01-01T10:00:05+00:00", reactions=None, content=LOCATION)))
    assert isinstance(news, list)
    assert [item.state for item in news] == [State.DELIVERED]
    with pytest.raises(Refused):
        poll.send(None)


def test_only_conversations_that_may_hold_something_new_are_read() -> None:
    """A session ends a day after its person's last message: one that ended before holds nothing new."""
    ended = (SINCE - timedelta(seconds=1)).isoformat()
    silent = conversation(to="34666666666", sessionExpiresAt=None, isSessionActive=False)
    ended_before = conversation(to="34666555333", sessionExpiresAt=ended)
    listed = page(ended_before, silent, conversation(sessionExpiresAt=None))
    until = SINCE + timedelta(hours=1)
    assert asked(adapter(whatsapp_sender=SENDER).replies(SINCE, until), listed, page()) == [
        ("whatsapp/conversations", {"from": SENDER, "limit": "1000"}),
        (f"whatsapp/conversations/{SENDER}/{PERSON}/messages", {"limit": "1000"}),
    ]
    assert asked(adapter().replies(SINCE, until)) == [], "an account without WhatsApp is not asked"
    assert adapter(whatsapp_sender=SENDER).account_capability().polls_replies
    assert not adapter().account_capability().polls_replies


# calls


def test_a_call_reads_its_text_with_the_values_apart() -> None:
    """Message, language, voice and values as the guide has them; no sender is needed."""
    made = adapter(sender=None)
    batch = Batch(REFERENCE, (call(), call(1)))
    assert [made.refuse(each) for each in batch.messages] == [None, None]
    request = made.send(batch)
    assert (request.path, request.sends) == ("voice", True)
    assert request.json == {
        "to": ["34666555000", "34666555001"],
        "message": "Hola {v0}, nos vemos.",
        "sub": [{"v0": "Ana 0"}, {"v0": "Ana 1"}],
        "language": "es_ES",
        "gender": "F",
        "campaignName": f"connector ~{REFERENCE}",
    }
    assert made.group(call()) == made.group(call(1))
    for other in ({"language": "fr_FR"}, {"language": "es_ES", "gender": "M"}, {"audio": "https://example.com/a.mp3"}):
        assert made.group(call()) != made.group(call(content=other))


@INHERITED
@given(data=PIECES_AND_VALUES)
def test_a_call_reads_exactly_its_text(data: list[tuple[str, str]]) -> None:
    """Merged as the guide says, whatever the data holds."""
    texts = (*[piece for piece, _ in data], "")
    spoken = call(1, pieces=texts, values=tuple(value for _, value in data))
    if adapter().refuse(spoken) is None:
        request = adapter().send(Batch(REFERENCE, (spoken,)))
        assert Contract().merged(request) == [(spoken.to, spoken.text)]


@pytest.mark.parametrize("names", [("Al", "Bo"), ("A", "B"), ("Al-" * 20, "Bo-" * 20)])
@pytest.mark.parametrize("length", [MAX_TEXT, MAX_TEXT - 1, MAX_TEXT - 2])
def test_a_call_s_template_is_no_longer_than_the_guide_allows(length: int, names: tuple[str, str]) -> None:
    """A placeholder may be longer than what takes its place: then the whole text is the value."""
    made = adapter()
    both = [call(place, pieces=("", "x" * (length - len(name))), values=(name,)) for place, name in enumerate(names)]
    assert [made.refuse(each) for each in both] == [None, None]
    assert made.group(both[0]) == made.group(both[1])
    request = made.send(Batch(REFERENCE, tuple(both)))
    assert len(request.json["message"]) <= MAX_TEXT
    assert Contract().merged(request) == [(each.to, each.text) for each in both]


@pytest.mark.parametrize(
    ("changes", "settings", "code"),
    [
        ({"pieces": ("a" * 500,), "values": ()}, {}, None),
        ({"pieces": ("a" * 501,), "values": ()}, {}, "too_long"),
        ({"pieces": ("",), "values": ()}, {}, "no_text"),
        ({"pieces": ("\ud83d",), "values": ()}, {}, "unsendable_character"),
        ({"pieces": ("{x}",), "values": ()}, {"merge_values": False}, "placeholder"),
        ({"content": {}}, {}, "no_language"),
        ({"content": {"language": "xx_XX"}}, {}, "no_language"),
        ({"content": {}}, {"voice_language": "pt-BR"}, None),
        ({"content": {"audio": "https://example.com/a.mp3"}, "pieces": ("",), "values": ()}, {}, None),
    ],
)
def test_calls_are_held_to_the_guide(changes: dict[str, Any], settings: dict[str, Any], code: str | None) -> None:
    """500 characters in a language that is spoken; a file needs neither."""
    refusal = adapter(**settings).refuse(call(**changes))
    assert (refusal.code if refusal else None) == code


def test_a_language_without_a_man_s_voice_is_read_by_a_woman() -> None:
    """The guide has three; the account's voice counts for the others."""
    man = adapter(voice_gender="M")
    genders = [
        man.send(Batch(REFERENCE, (call(content={"language": language}),))).json["gender"]
        for language in ("arb", "es_ES")
    ]
    assert genders == ["F", "M"]


def test_a_file_is_played() -> None:
    """By its address, without text, language or voice."""
    request = adapter().send(Batch(REFERENCE, (call(content={"audio": "https://example.com/audio.mp3"}),)))
    assert (request.path, request.sends) == ("voiceAudio", True)
    assert request.json == {
        "to": ["34666555000"],
        "audioUrl": "https://example.com/audio.mp3",
        "campaignName": f"connector ~{REFERENCE}",
    }


def test_calls_are_told_of_by_the_report_and_found_among_calls() -> None:
    """The list of messages by id knows SMS only; a landline counts as a number; campaigns are of text2speech."""
    line = f"x ~{REFERENCE},1,100001,12,delivered,,,900222222,ES,31,2024-01-01T10:00:05+00:00"
    report = Response(200, {}, lines=iter([f"{VOICE_HEADER},createdAt", line]))
    landline = OpenMessage("m0", "+900222222", State.ACCEPTED, "known", Channel.VOICE)
    batch = OpenBatch(REFERENCE, SINCE, "100001", (landline,))
    (news,) = told(adapter().statuses([batch]), report, ABSENT)
    assert (news.state, news.phone) == (State.DELIVERED, "+900222222")
    lost = replace(batch, provider_batch=None)
    assert asked(adapter().resolve(lost), page()) == [
        ("campaigns", {"name": f"*~{REFERENCE}", "channel": "text2speech"})
    ]


def keys(*lines: str) -> Response:
    """A keystroke report."""
    return Response(200, {}, lines=iter(["phonenumber,key,message", *lines]))


def no_events() -> Response:
    """An events report that is empty still."""
    return Response(200, {}, lines=iter([f"{VOICE_HEADER},createdAt"]))


def test_keys_pressed_in_calls_are_replies() -> None:
    """Of the sending's report, by number; a key pressed twice is two, and the report asked for again tells the same."""
    lines = [f"{PERSON},1,Press 1", f"+{PERSON},1,Press 1", '34666555445,#,"Press 1, or #"']
    batch = opened(Channel.VOICE, ("known", State.ACCEPTED))
    polls = [told(adapter().statuses([batch]), no_events(), keys(*lines)) for _ in range(2)]
    assert [(item.kind, item.phone, item.text, item.provider_batch, item.state) for item in polls[0]] == [
        (NewsKind.REPLY, f"+{PERSON}", "1", "100001", None),
        (NewsKind.REPLY, f"+{PERSON}", "1", "100001", None),
        (NewsKind.REPLY, "+34666555445", "#", "100001", None),
    ]
    assert len({item.key for item in polls[0]}) == 3
    assert polls[0] == polls[1]
    elsewhere = told(adapter().statuses([replace(batch, provider_batch="2")]), no_events(), keys(*lines))
    assert not {item.key for item in elsewhere} & {item.key for item in polls[0]}
    assert [path for path, _ in asked(adapter().statuses([batch]), no_events(), keys())] == [
        "sendings/100001/reports/events",
        "sendings/100001/reports/keys",
    ]


def test_keys_of_a_lost_call_are_told_with_what_became_of_it() -> None:
    """Its sending is found by our reference, and both its reports are read: nobody asks about it afterwards."""
    lost = replace(opened(Channel.VOICE, (None, State.UNKNOWN)), provider_batch=None)
    campaign = {"id": 1, "name": f"x ~{REFERENCE}", "sendings": [{"id": 100001}]}
    (news,) = told(adapter().resolve(lost), page(campaign), no_events(), keys(f"{PERSON},5,Press 5"))
    assert (news.text, news.reference, news.provider_batch) == ("5", REFERENCE, "100001")


def test_keys_of_ended_calls_are_asked_for_without_their_events() -> None:
    """They are the same replies as before; a sending that nobody named is found by our reference."""
    ended = opened(Channel.VOICE, ("known", State.DELIVERED))
    row = f"{PERSON},1,Press 1"
    (reply,) = told(adapter().replies_to([ended]), keys(row))
    assert [reply] == told(adapter().statuses([ended]), no_events(), keys(row))
    assert [path for path, _ in asked(adapter().replies_to([ended]), keys())] == ["sendings/100001/reports/keys"]
    unnamed = replace(ended, provider_batch=None)
    campaign = {"id": 1, "name": f"x ~{REFERENCE}", "sendings": [{"id": 100001}]}
    assert told(adapter().replies_to([unnamed]), page(campaign), keys(row)) == [reply]


def test_trouble_with_the_keys_of_one_batch_keeps_no_other_waiting() -> None:
    """What the others tell is told, and then what went wrong, so that all of them are asked again."""
    batches = [opened(Channel.VOICE, ("known", State.DELIVERED))] * 2
    conversation = adapter().replies_to(batches)
    next(conversation)
    conversation.send(Response(502, {}, b"bad gateway"))
    news = conversation.send(keys(f"{PERSON},1,Press 1"))
    assert isinstance(news, list)
    assert [item.text for item in news] == ["1"]
    with pytest.raises(MayHaveLeft):
        next(conversation)


def test_a_broken_row_of_keys_costs_that_row() -> None:
    """Without a number, without a key, or with quotes that do not match: the others are told."""
    lines = ["nobody,1,x", f"{PERSON},,x", f"{PERSON},1", f"{PERSON},2,x"]
    batch = opened(Channel.VOICE, ("known", State.ACCEPTED))
    (news,) = told(adapter().statuses([batch]), no_events(), keys(*lines))
    assert news.text == "2"


def test_keys_of_a_text_with_several_lines_are_told() -> None:
    """The report repeats the text that was read; a quote that never ends costs its own row only."""
    rows = [f'{PERSON},1,"Press 1', "", 'or ""2"""', f'{PERSON},3,"stray', *[f"{PERSON},4,x"] * 60]
    batch = opened(Channel.VOICE, ("known", State.ACCEPTED))
    news = told(adapter().statuses([batch]), no_events(), keys(*rows))
    assert [item.text for item in news] == ["1", *["4"] * 60]


@pytest.mark.parametrize("refused", [ABSENT, error(422), error(160)])
def test_calls_without_a_menu_may_have_no_report_of_keys(refused: Response) -> None:
    """The guide has it for interactive sendings: that it is refused keeps no other batch waiting."""
    batches = [opened(Channel.VOICE, ("known", State.ACCEPTED))] * 2
    report = [f"x ~{REFERENCE},1,100001,12,delivered,{PERSON},,,ES,31,2024-01-01T10:00:05+00:00"]
    delivered = [Response(200, {}, lines=iter([f"{VOICE_HEADER},createdAt", *report])) for _ in batches]
    news = told(adapter().statuses(batches), delivered[0], refused, delivered[1], refused)
    assert [item.state for item in news] == [State.DELIVERED, State.DELIVERED]


def test_an_account_turned_away_is_told_so_while_keys_are_asked_for() -> None:
    """That is nothing of the report's."""
    poll = adapter().statuses([opened(Channel.VOICE, ("known", State.ACCEPTED))])
    with pytest.raises(Refused) as caught:
        told(poll, no_events(), error(103))
    assert caught.value.failure.fault is Fault.ACCOUNT


def test_not_now_is_no_report_without_keys() -> None:
    """The keys are there, and are asked for again."""
    poll = adapter().replies_to([opened(Channel.VOICE, ("known", State.DELIVERED))])
    with pytest.raises(Throttled):
        told(poll, Response(429, {"retry-after": "5"}, b""))


def test_a_refused_call_is_told_by_its_code() -> None:
    """The same table of errors counts for every channel."""
    with pytest.raises(Refused, match="Invalid voice language") as caught:
        adapter().read_send(Batch(REFERENCE, (call(),)), error(130))
    assert caught.value.failure.fault is Fault.MAPPING


# landing SMS


def landing(place: int = 0, **changes: Any) -> Message:
    """A text with a page of a template."""
    return replace(message(Channel.LANDING, place, **{"content": {"template": 7}, **changes}), sender="TEST")


def test_a_landing_sms_has_its_link_where_the_text_says_or_at_its_end() -> None:
    """The guide's placeholder stays what it is, values travel apart, and the page is the template's."""
    request = adapter().send(Batch(REFERENCE, (landing(), landing(1))))
    assert (request.path, request.sends) == ("landingsms", True)
    assert request.json == {
        "to": ["34666555000", "34666555001"],
        "from": "TEST",
        "message": "Hola {v0}, nos vemos. {LAND_URL}",
        "sub": [{"v0": "Ana 0"}, {"v0": "Ana 1"}],
        "encoding": "gsm",
        "parts": 8,
        "campaignName": f"connector ~{REFERENCE}",
        "templateId": 7,
    }
    placed = landing(pieces=("Mira {LAND_URL}, ", ""), values=("{LAND_URL}",))
    assert adapter().refuse(placed) is None
    sent = adapter().send(Batch(REFERENCE, (placed,))).json
    assert (sent["message"], sent["sub"]) == ("Mira {LAND_URL}, {v0}", [{"v0": "{LAND_URL}"}])


def test_a_page_is_a_template_or_html() -> None:
    """The message's own, else the account's; messages of two pages share no request."""
    by_html = landing(content={"html": "<p>Hi</p>"})
    body = adapter(landing_template=9).send(Batch(REFERENCE, (by_html,))).json
    assert (body["templateBody"], "templateId" in body) == ("<p>Hi</p>", False)
    assert adapter(landing_template=9).send(Batch(REFERENCE, (landing(content={}),))).json["templateId"] == 9
    assert adapter().group(landing()) == adapter().group(landing(1))
    assert adapter().group(landing()) != adapter().group(by_html)


@pytest.mark.parametrize(
    ("changes", "settings", "code"),
    [
        ({"content": {}}, {}, "no_page"),
        ({"pieces": ("",), "values": ()}, {}, "no_text"),
        ({"pieces": ("{name}",), "values": ()}, {}, "placeholder"),
        ({"pieces": ("", ""), "values": ("{name}",)}, {}, None),
        ({"pieces": ("", ""), "values": ("{LAND_URL}",)}, {"merge_values": False}, "placeholder"),
        ({"pieces": ("Mira {LAND_URL}",), "values": ()}, {"merge_values": False}, None),
        ({"pieces": ("\ud83d",), "values": ()}, {}, "unsendable_character"),
        ({"pieces": ("a" * (153 * 8 - 22),), "values": ()}, {}, None),
        ({"pieces": ("a" * (153 * 8 - 21),), "values": ()}, {}, "too_long"),
        ({"pieces": ("a" * (153 * 8 - 21),), "values": ()}, {"landing_link": 20}, None),
        ({"pieces": ("a" * (153 * 2 - 21),), "values": ()}, {"max_parts": 2}, "too_long"),
    ],
)
def test_landing_sms_are_held_to_the_guide(changes: dict[str, Any], settings: dict[str, Any], code: str | None) -> None:
    """Eight parts with the link, a page, and no other marks of a template in the text."""
    refusal = adapter(**settings).refuse(landing(**changes))
    assert (refusal.code if refusal else None) == code
    assert adapter(sender=None).refuse(replace(landing(), sender=None)) is not None


def test_a_landing_sms_is_told_of_by_the_report_and_found_among_its_kind() -> None:
    """It is not asked for by its id, and its campaign is of the channel `landing`."""
    batch = replace(opened(Channel.LANDING, ("known", State.SENT)), provider_batch=None)
    assert asked(adapter().statuses([batch])) == []
    assert asked(adapter().resolve(batch), page()) == [("campaigns", {"name": f"*~{REFERENCE}", "channel": "landing"})]
