"""What is known of a number (guide: "API Configuration for VTP(Verify the Phone)")."""

from pydantic import SecretStr

from connector.model.errors import Unreadable
from connector.model.lookups import LOOKUP_WORDS, LookedUp
from connector.providers.base import Conversation
from connector.providers.sms360app.operations import Lookup, VerifiedPhone, VerifyPhone
from connector.providers.sms360app.options import SMS360AppOptions
from connector.providers.sms360app.sending import written

_OWN_FIELDS = ("caller_name", "caller_type", "national_format", "error")
TELLS = frozenset({*LOOKUP_WORDS, *_OWN_FIELDS})


def look_up(settings: SMS360AppOptions, number: str) -> Conversation[LookedUp]:
    """As `verified`, in our words: a number that is not found is not valid; an empty text is no text."""
    told = yield from verified(settings, number)
    return LookedUp(
        valid=told.success,
        line_type=(told.type or "").strip().lower() or None,
        carrier=told.carrier_name or None,
        country=told.country_code or None,
        fields={name: getattr(told, name) or None for name in _OWN_FIELDS},
        raw=told.model_dump(mode="json"),
    )


def verified(
    settings: SMS360AppOptions, number: str, *, client_id: SecretStr | None = None
) -> Conversation[VerifiedPhone]:
    """One question about a number in E.164, asked by the account's first client id or another; it may cost money.

    Raises:
        Refused, MayHaveLeft, Unreadable: 360 SMS App said no, or something that no guide describes. A number that it
            does not find is no refusal: `success` is false then, and `error` says why.
    """
    named = client_id or settings.client_ids[0]
    asked = VerifyPhone(client_id=named.get_secret_value(), phone_number=written(settings, number))
    response = yield Lookup.phone.request(asked, path=settings.lookup_path)
    if response is None:
        raise Unreadable("360 SMS App was asked and gave no answer")
    return Lookup.phone.read(response)
