"""Whether an e-mail address exists (guide: "Email validation"): begun, told of or asked after, read as CSV."""

from collections.abc import Mapping
from urllib.parse import quote

from connector.model.errors import Refused, Unreadable
from connector.model.failures import Failure, Fault
from connector.model.lookups import LookedUp
from connector.providers.base import Conversation
from connector.providers.exchange import Response
from connector.providers.nrs360.credentials import authorization
from connector.providers.nrs360.operations.shapes import ById
from connector.providers.nrs360.operations.validation import ShownValidation, StartValidation, Validation
from connector.providers.nrs360.options import NRS360Options
from connector.providers.nrs360.report import BrokenRow

TELLS = frozenset({"valid", "result"})
"""``result`` is the guide's own word."""

HOOK = "validation"
"""The webhook that a validation's progress is told to."""

_VALID: Mapping[str, bool] = {"deliverable": True, "undeliverable": False}
"""The words of the results (guide: "Validation results (CSV)"); of a risky address nobody knows."""
_FINISHED, _FAILED = "finished", "failed"


def look_up(account: str, settings: NRS360Options, address: str) -> Conversation[LookedUp]:
    """Begins a validation of one address; it costs, unless 360NRS has validated the address before.

    Raises:
        Refused, Throttled, MayHaveLeft, Unreadable: as the guide's "Errors" say, or no validation was shown.
    """
    asked = StartValidation(emails=[address], notification_url=_notification_url(account, settings))
    response = yield Validation.start.request(asked, headers=authorization(settings))
    begun = Validation.start.read(_answer(response))
    return LookedUp(under_way=str(begun.id), raw=_shown(begun))


def looked_up(settings: NRS360Options, address: str, under_way: str) -> Conversation[LookedUp]:
    """Shows a validation, and reads its result once it has finished.

    Raises:
        Refused: it has failed, or 360NRS no longer knows it.
        Throttled, MayHaveLeft, Unreadable: it could not be asked for now.
    """
    asked = ById(id=int(under_way))
    shown = Validation.show.read(_answer((yield Validation.show.request(asked, headers=authorization(settings)))))
    if shown.status == _FAILED:
        reason = shown.error or "360NRS could not validate the address"
        raise Refused(Failure(_FAILED, reason, Fault.PROVIDER))
    if shown.status != _FINISHED:
        return LookedUp(under_way=under_way, raw=_shown(shown))
    response = yield Validation.result.request(asked, headers=authorization(settings))
    for row in Validation.result.read(_answer(response)):
        if not isinstance(row, BrokenRow) and row.email.strip().casefold() == address.casefold():
            result = row.result.strip().lower()
            return LookedUp(valid=_VALID.get(result), fields={"result": result}, raw=_shown(shown))
    raise Unreadable("360NRS finished a validation whose result does not name the address")


def _notification_url(account: str, settings: NRS360Options) -> str | None:
    if settings.public_url is None or settings.hook_secret is None:
        return None
    secret = quote(settings.hook_secret.get_secret_value(), safe="")
    return f"{settings.public_url.rstrip('/')}/hooks/{quote(account, safe='')}/{secret}/{HOOK}"


def _answer(response: Response | None) -> Response:
    if response is None:
        raise Unreadable("360NRS was asked about a validation and gave no answer")
    return response


def _shown(validation: ShownValidation) -> dict[str, object]:
    return validation.model_dump(mode="json", by_alias=True, exclude_unset=True)
