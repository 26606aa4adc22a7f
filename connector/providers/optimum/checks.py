"""What `doctor` asks of Optimum Measures. The guide has no account to look at; a status costs nothing to ask for."""

from connector.model.errors import MayHaveLeft, Refused, Unreadable
from connector.providers.base import Conversation, Finding
from connector.providers.exchange import Response
from connector.providers.optimum.codes import TITLE
from connector.providers.optimum.options import OptimumOptions
from connector.providers.optimum.statuses import asking, read

NO_SEND = "0"
ADVICE = "check base_url, status_path and authentication"


def findings(settings: OptimumOptions) -> Conversation[list[Finding]]:
    """GetStatus of an ID that no send has. The guide does not show its answer, so any JSON under HTTP 2xx, refusal or
    not, shows that the address is right and the account is let in."""
    response = yield asking(settings, NO_SEND)
    try:
        read(response)
    except Refused as refusal:
        if not 200 <= refusal.status < 300:
            return [Finding("credentials", False, str(refusal), ADVICE)]
    except Unreadable as error:
        if not _is_json(response):
            return [Finding("credentials", False, str(error), ADVICE)]
    except MayHaveLeft as error:
        return [Finding("credentials", False, str(error), ADVICE)]
    return [Finding("credentials", True, f"{TITLE} answers this account")]


def _is_json(response: Response | None) -> bool:
    try:
        return response is not None and isinstance(response.json(), dict)
    except Unreadable:
        return False
