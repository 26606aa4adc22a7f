"""What `doctor` asks of 360 SMS App. The guide has no question that costs nothing."""

from connector.model.errors import MayHaveLeft, Refused, Unreadable
from connector.providers.base import Conversation, Finding
from connector.providers.sms360app.lookups import verified
from connector.providers.sms360app.options import SMS360AppOptions


def findings(settings: SMS360AppOptions) -> Conversation[list[Finding]]:
    """Whether each client id is accepted, by looking `check_number` up; without such a number nothing is asked, and the
    finding says so."""
    if settings.check_number is None:
        text = "not asked, for 360 SMS App may charge for each question; set check_number to have them tried"
        return [Finding("credentials", True, text)]
    found = []
    for place, client_id in enumerate(settings.client_ids, 1):
        subject = "credentials" if len(settings.client_ids) == 1 else f"client id {place}"
        try:
            yield from verified(settings, settings.check_number, client_id=client_id)
        except (Refused, MayHaveLeft, Unreadable) as error:
            found.append(Finding(subject, False, str(error), "check client_ids, base_url and lookup_path"))
        else:
            found.append(Finding(subject, True, "360 SMS App accepts it"))
    return found
