"""Voice campaigns: a text that is spoken, or a saved audio (guide: "Send Blaster (RoboCall)").

What a message's content may name: `audio`, the ID of a saved audio that is played in the text's place; `transfer_num`
and `transfer_key`, the number that a key passes the call on to, which is read as people write numbers in Mexico. The
number that is shown is the message's sender where that is a number, read in the same way, else the account's
`remittent`.
"""

from collections.abc import Hashable
from typing import Any

from pydantic import ValidationError

from connector.model.errors import UnreadablePhone
from connector.model.failures import Failure, Fault, Retry
from connector.model.messages import Message
from connector.providers.base import Batch, campaign_with_reference
from connector.providers.exchange import Request, Response
from connector.providers.smsclouds.addressing import (
    authorization,
    national_of,
    number_refusal,
    read_national,
)
from connector.providers.smsclouds.codes import VOICE_BATCH
from connector.providers.smsclouds.dates import local
from connector.providers.smsclouds.merging import placeholder_refusal, template_of, text_refusal, values_of
from connector.providers.smsclouds.operations.campaigns import Recipient
from connector.providers.smsclouds.operations.voice import AUDIO, TEXT_TO_SPEECH, CreateVoiceCampaign, Voice
from connector.providers.smsclouds.options import SmscloudsOptions

_DIGITS_OF_A_NUMBER = 6
"""As many digits, or no letter beside them, and a sender was meant as a number: another must not be shown for it."""


def refusal(settings: SmscloudsOptions, message: Message) -> Failure | None:
    """Why the call cannot be made: not Mexican, nothing to say, nobody to show, or a content the guide has not."""
    refused = number_refusal(message)
    if refused is None and not _plays(message):
        refused = text_refusal(message.text)
        if refused is None and not settings.merge_values:
            refused = placeholder_refusal(message.text)
    return refused or _content_refusal(settings, message)


def group_of(settings: SmscloudsOptions, message: Message) -> Hashable:
    """What messages must share to travel in one request."""
    said = sorted((name, str(value)) for name, value in _said(settings, message).items())
    return message.campaign or settings.campaign, tuple(said)


def request(settings: SmscloudsOptions, batch: Batch) -> Request:
    """POST /api/v3/voice for a batch of one group; what comes from data travels in the recipients' fields."""
    return Voice.create.request(_asked(settings, batch), headers=authorization(settings))


def batch_in(response: Response) -> str:
    """The voice campaign's id, marked as one, for SMS campaigns have ids of their own."""
    return f"{VOICE_BATCH}{Voice.create.read(response).voice_campaign}"


def _content_refusal(settings: SmscloudsOptions, message: Message) -> Failure | None:
    try:
        shown = _remittent(settings, message)
    except UnreadablePhone as error:
        reason = f"the call cannot show the number that it is to come from (`sender`), which is wrong: {error}"
        return Failure("remittent", reason, Fault.MAPPING, Retry.WHEN_MENDED)
    if shown is None:
        reason = "a call shows a number, and there is none; set remittent in the account's settings, or a sender"
        return Failure("remittent", reason, Fault.MAPPING, Retry.WHEN_MENDED)
    try:
        _asked(settings, Batch("", (message,)))
    except UnreadablePhone as error:
        reason = f"the call cannot be passed on, for the number it is to be passed on to (`transfer`) is wrong: {error}"
        return Failure("content", reason, Fault.MAPPING, Retry.WHEN_MENDED)
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, wrong["loc"])) or "content"
        reason = f"Smsclouds does not take the call's {where}: {wrong['msg']}; mend the mapping"
        return Failure("content", reason, Fault.MAPPING, Retry.WHEN_MENDED)
    return None


def _asked(settings: SmscloudsOptions, batch: Batch) -> CreateVoiceCampaign:
    first = batch.messages[0]
    said = _said(settings, first)
    spoken = said["text"]
    recipients = [
        Recipient(national_of(message.to), *(() if spoken is None else values_of(settings, message, spoken)))
        for message in batch.messages
    ]
    name = campaign_with_reference(first.campaign or settings.campaign, batch.reference)
    begins = local(batch.scheduled_for, settings.zone) if batch.scheduled_for else None
    campaign = {**said, "campaign_name": name, "recipients": recipients, "scheduled_date": begins}
    return CreateVoiceCampaign.model_validate(campaign)


def _said(settings: SmscloudsOptions, message: Message) -> dict[str, Any]:
    """What all calls of one campaign share."""
    played = _plays(message)
    transfer = message.content.get("transfer_num")
    return {
        "type": AUDIO if played else TEXT_TO_SPEECH,
        "audio": message.content["audio"] if played else None,
        "text": None if played else template_of(settings, message),
        "remittent": _remittent(settings, message),
        "transfer_num": None if transfer is None else read_national(transfer),
        "transfer_key": message.content.get("transfer_key"),
    }


def _plays(message: Message) -> bool:
    return message.content.get("audio") is not None


def _remittent(settings: SmscloudsOptions, message: Message) -> str | None:
    """The sender where it is a number, as people write it; a name cannot be shown to who is called.

    Raises:
        UnreadablePhone: it was meant as a number, and is none of Mexico.
    """
    sender = (message.sender or "").strip()
    return read_national(sender) if _is_meant_as_number(sender) else settings.remittent


def _is_meant_as_number(sender: str) -> bool:
    digits = sum(character.isdigit() for character in sender)
    lettered = any(character.isalpha() for character in sender)
    return digits >= _DIGITS_OF_A_NUMBER or (digits > 0 and not lettered)
