"""The versions, the list of resources, the limits and the user's own page."""

from typing import Any

from connector.sandbox.org.org import USERNAME, Org
from connector.sandbox.org.rest.exchange import Answer, Call
from connector.sandbox.org.rest.routing import NEWEST, OLDEST, Route

_SEASONS = ("Spring", "Summer", "Winter")


def versions() -> Answer:
    """`GET /services/data`: every version, oldest first. v31 was Summer '14."""
    listed = []
    for number in range(OLDEST, NEWEST + 1):
        season, later = (number - OLDEST + 1) % 3, (number - OLDEST + 1) // 3
        year = 14 + later + (1 if _SEASONS[season] == "Winter" else 0)
        label = f"{_SEASONS[season]} '{year}"
        listed.append({"label": label, "url": f"/services/data/v{number}.0", "version": f"{number}.0"})
    return Answer(content=listed)


def resources(_org: Org, call: Call) -> Answer:
    """`GET /services/data/vXX.X`: the resources there are."""
    names = ("sobjects", "query", "queryAll", "limits", "composite", "jobs")
    return Answer(content={name: f"{call.base}/{name}" for name in names})


def limits(org: Org, _call: Call) -> Answer:
    """`GET …/limits`: what is allowed a day, and what remains."""

    def limit(most: int, remaining: int | None = None) -> dict[str, int]:
        return {"Max": most, "Remaining": most if remaining is None else remaining}

    return Answer(
        content={
            "DailyApiRequests": limit(org.daily_requests, max(0, org.daily_requests - org.used_requests)),
            "DailyBulkApiBatches": limit(15_000),
            "DailyBulkV2QueryJobs": limit(10_000),
            "DailyBulkV2QueryFileStorageMB": limit(976_562),
            "ConcurrentAsyncGetReportInstances": limit(200),
            "DataStorageMB": limit(1024),
            "FileStorageMB": limit(1024),
        }
    )


def user_info(org: Org, origin: str) -> dict[str, Any]:
    """Who the session's user is (OpenID Connect userinfo)."""
    identity = f"{origin}/id/{org.organization}/{org.user}"
    urls = {
        "rest": f"{origin}/services/data/v{{version}}/",
        "sobjects": f"{origin}/services/data/v{{version}}/sobjects/",
        "query": f"{origin}/services/data/v{{version}}/query/",
    }
    return {
        "sub": identity,
        "id": identity,
        "user_id": org.user,
        "organization_id": org.organization,
        "preferred_username": USERNAME,
        "username": USERNAME,
        "nickname": "integration",
        "name": "Integration",
        "display_name": "Integration",
        "email": USERNAME,
        "email_verified": True,
        "given_name": None,
        "family_name": "Integration",
        "zoneinfo": "GMT",
        "locale": "en_US",
        "language": "en_US",
        "user_type": "STANDARD",
        "active": True,
        "urls": urls,
    }


ROUTES = [Route("GET", "", resources), Route("GET", "/limits", limits)]
