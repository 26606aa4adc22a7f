"""What may stand in the body of ``POST api/v3/voice`` (guide, "Send Blaster (RoboCall)").

The guide's list calls `remittent` optional and its table required: the table is followed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.sandbox.providers.smsclouds import fields
from connector.sandbox.providers.smsclouds.errors import Refusal

AUDIO, TEXT_TO_SPEECH = 1, 2
_KNOWN = frozenset(
    {"type", "audio", "text", "campaign_name", "recipients", "remittent", "scheduledDate", "transfer_num"}
    | {"transfer_key"}
)


@dataclass(frozen=True)
class VoiceRequest:
    """A voice campaign whose every parameter is in order. `text` has its merge fields, `spoken` is what each hears."""

    name: str
    cellphones: list[str]
    spoken: list[str]
    text: str | None
    audio: int | None
    remittent: str
    schedule: float | None
    transfer_num: str | None
    transfer_key: int | None


def read_voice(given: Mapping[str, Any], now: float) -> VoiceRequest:
    """The voice campaign in the JSON object `given`. Raises Refusal(422) for the first parameter that is wrong."""
    fields.refuse_unknown(given, _KNOWN)
    text, audio = _content(given)
    cellphones, items = fields.recipients(given, "cellphone")
    fields.required_text(given, "remittent")
    return VoiceRequest(
        name=fields.required_text(given, "campaign_name"),
        cellphones=cellphones,
        spoken=[fields.merged(text, item) if text is not None else f"audio {audio}" for item in items],
        text=text,
        audio=audio,
        remittent=fields.phone(given, "remittent") or "",
        schedule=fields.future(given, "scheduledDate", now),
        transfer_num=fields.phone(given, "transfer_num"),
        transfer_key=_transfer_key(given),
    )


def _content(given: Mapping[str, Any]) -> tuple[str | None, int | None]:
    """The text to speak or the id of the audio, whichever `type` asks for."""
    kind = fields.whole_number(given, "type", required=True)
    if kind not in (AUDIO, TEXT_TO_SPEECH):
        raise Refusal(422, "El campo type seleccionado no es valido.")
    wanted, other = ("audio", "text") if kind == AUDIO else ("text", "audio")
    if given.get(wanted) is None:
        raise Refusal(422, f"El campo {wanted} es obligatorio cuando type es {kind}.")
    if given.get(other) is not None:
        raise Refusal(422, f"El campo {other} no se admite cuando type es {kind}.")
    if kind == AUDIO:
        return None, fields.whole_number(given, "audio")
    return fields.required_text(given, "text"), None


def _transfer_key(given: Mapping[str, Any]) -> int | None:
    key = fields.whole_number(given, "transfer_key")
    if key is None and given.get("transfer_num") is not None:
        raise Refusal(422, "El campo transfer_key es obligatorio cuando transfer_num esta presente.")
    if key is not None and not 0 <= key <= 9:
        raise Refusal(422, "El campo transfer_key debe ser una tecla de 0 a 9.")
    return key
