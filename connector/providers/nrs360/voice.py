"""Calls into the request that makes them (guide: "Send Voice message", "Send Voice message with an audio file")."""

from collections.abc import Hashable
from typing import cast, get_args

from connector.model.failures import Failure, Fault, Retry
from connector.model.messages import Message
from connector.providers.base import Batch, campaign_with_reference
from connector.providers.exchange import Request
from connector.providers.nrs360.credentials import authorization
from connector.providers.nrs360.merging import placeholder_refusal, substitutions, template_of
from connector.providers.nrs360.operations.voice import (
    FEMALE_ONLY,
    MAX_TEXT,
    Gender,
    Language,
    SendVoice,
    SendVoiceAudio,
    Voice,
)
from connector.providers.nrs360.options import NRS360Options
from connector.providers.refusals import text_refusal

LANGUAGES: tuple[str, ...] = get_args(Language)


def refusal(settings: NRS360Options, message: Message) -> Failure | None:
    """Why the call cannot be made: no text, too long a one, or no language that 360NRS speaks; a file needs none."""
    if audio_of(message):
        return None
    unsent = text_refusal(message.text, max_parts=None) or placeholder_refusal(settings, message.text)
    if unsent is None and len(message.text) > MAX_TEXT:
        reason = f"the text has {len(message.text)} characters, and a call takes {MAX_TEXT}; shorten it"
        unsent = Failure("too_long", reason, Fault.MESSAGE)
    if unsent is None and language_of(settings, message) not in LANGUAGES:
        reason = f"the call needs a language that 360NRS speaks; name one of {', '.join(LANGUAGES)}"
        unsent = Failure("no_language", reason, Fault.MAPPING, Retry.WHEN_MENDED)
    return unsent


def group_of(settings: NRS360Options, message: Message) -> Hashable:
    """What calls must share to be made by one request."""
    campaign = message.campaign or settings.campaign
    if audio := audio_of(message):
        return message.channel, campaign, audio
    template = _template(settings, message)
    return message.channel, campaign, template, language_of(settings, message), gender_of(settings, message)


def send_request(settings: NRS360Options, batch: Batch) -> Request:
    """The request for a batch of one group; what comes from data travels in `sub`, never in the template."""
    first, headers = batch.messages[0], authorization(settings)
    to = [message.to.removeprefix("+") for message in batch.messages]
    campaign = campaign_with_reference(first.campaign or settings.campaign, batch.reference)
    if audio := audio_of(first):
        played = SendVoiceAudio(to=to, audio_url=audio, campaign_name=campaign)
        return Voice.send_audio.request(played, headers=headers)
    template = _template(settings, first)
    read = SendVoice(
        to=to,
        message=template,
        language=cast("Language", language_of(settings, first)),
        gender=gender_of(settings, first),
        campaign_name=campaign,
        sub=substitutions(settings, batch, template),
    )
    return Voice.send.request(read, headers=headers)


def _template(settings: NRS360Options, message: Message) -> str:
    return template_of(settings, message, longest=MAX_TEXT)


def audio_of(message: Message) -> str:
    """The address of the file that is played (``content.audio``); empty where a text is read."""
    return str(message.content.get("audio") or "").strip()


def language_of(settings: NRS360Options, message: Message) -> str:
    """The language a text is read in (``content.language``, else the account's), es-ES written as es_ES."""
    return str(message.content.get("language") or settings.voice_language or "").strip().replace("-", "_")


def gender_of(settings: NRS360Options, message: Message) -> Gender:
    """The voice (``content.gender``, else the account's); a woman's where the language has no other."""
    if language_of(settings, message) in FEMALE_ONLY:
        return "F"
    wanted = str(message.content.get("gender") or settings.voice_gender).strip().upper()
    return "M" if wanted == "M" else "F"
