"""The header of every request (guide: "Authentication")."""

import base64
from collections.abc import Mapping

from connector.providers.nrs360.options import NRS360Options


def authorization(settings: NRS360Options) -> Mapping[str, str]:
    """HTTP Basic of user name and API password."""
    pair = f"{settings.username}:{settings.api_password.get_secret_value()}"
    return {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}", "accept": "application/json"}
