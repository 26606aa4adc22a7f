"""Access tokens (guide: "Request Access Token")."""

from connector.model.errors import MayHaveLeft, Refused, Unreadable
from connector.providers.base import Conversation, Finding
from connector.providers.bulk360.answers import token_was_turned_away
from connector.providers.bulk360.codes import TITLE
from connector.providers.bulk360.operations import AskForToken, OAuth
from connector.providers.bulk360.options import Bulk360Options
from connector.providers.bulk360.sending import ACCEPTS_JSON
from connector.providers.exchange import Request, Response
from connector.providers.tokens import Token, TokenGrant


class ClientCredentials(TokenGrant):
    """OAuth 2.0's client credentials grant, as the guide has it."""

    def __init__(self, settings: Bulk360Options) -> None:
        self._settings = settings

    def request(self) -> Request:
        """POST of the credentials as a form."""
        asked = AskForToken(client_id=self._settings.app_key, client_secret=self._settings.app_secret)
        return OAuth.token.request(asked, path=self._settings.token_path, headers=ACCEPTS_JSON)

    def read(self, response: Response) -> Token:
        """The token, and the seconds it lives."""
        told = OAuth.token.read(response)
        return Token(told.access_token, told.expires_in)

    def turned_away(self, response: Response) -> bool:
        """See `answers.token_was_turned_away`: code 401 counts too, for the body's code decides."""
        return token_was_turned_away(response)


def findings(settings: Bulk360Options) -> Conversation[list[Finding]]:
    """Asks for a token: all that can be asked without sending, for the balance is told in answers to sends only."""
    grant = ClientCredentials(settings)
    response = yield grant.request()
    try:
        token = _read(grant, response)
    except (Refused, MayHaveLeft, Unreadable) as error:
        return [Finding("credentials", False, str(error), "check app_key, app_secret and base_url")]
    return [Finding("credentials", True, f"{TITLE} grants a token that lives {token.lives_for:g} s")]


def _read(grant: TokenGrant, response: Response | None) -> Token:
    if response is None:
        raise Unreadable(f"{TITLE} was asked and gave no answer")
    return grant.read(response)
