"""What `doctor` asks of 360 SMS App. The guide has no question that costs nothing."""

from connector.model.errors import MayHaveLeft, Refused, Unreadable
from connector.providers.base import Conversation, Finding, Response
from connector.providers.sms360app.operations import Lookup, VerifiedPhone, VerifyPhone
from connector.providers.sms360app.options import SMS360AppOptions
from connector.providers.sms360app.sending import written


def findings(settings: SMS360AppOptions) -> Conversation[list[Finding]]:
    """Whether each client id is accepted, by verifying `check_number` (guide: "API Configuration for VTP"); without
    such a number nothing is asked, and the finding says so."""
    if settings.check_number is None:
        text = "not asked, for 360 SMS App may charge for each question; set check_number to have them tried"
        return [Finding("credentials", True, text)]
    found = []
    for place, client_id in enumerate(settings.client_ids, 1):
        asked = VerifyPhone(
            client_id=client_id.get_secret_value(), phone_number=written(settings, settings.check_number)
        )
        response = yield Lookup.phone.request(asked, path=settings.lookup_path)
        subject = "credentials" if len(settings.client_ids) == 1 else f"client id {place}"
        try:
            _read(response)
        except (Refused, MayHaveLeft, Unreadable) as error:
            found.append(Finding(subject, False, str(error), "check client_ids, base_url and lookup_path"))
        else:
            found.append(Finding(subject, True, "360 SMS App accepts it"))
    return found


def _read(response: Response | None) -> VerifiedPhone:
    if response is None:
        raise Unreadable("360 SMS App was asked and gave no answer")
    return Lookup.phone.read(response)
