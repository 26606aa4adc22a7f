"""Whether an org is one in which real work is done."""

from collections.abc import Callable

import pytest

from connector.crm.salesforce import Salesforce
from tests.crm.double import Answer, OrgDouble


@pytest.mark.parametrize(
    ("sandbox", "edition", "production"),
    [
        (False, "Enterprise Edition", True),
        (False, "Unlimited Edition", True),
        (True, "Enterprise Edition", False),
        (False, "Developer Edition", False),
    ],
)
def test_the_org_says_what_it_is(
    double: OrgDouble, connect: Callable[..., Salesforce], sandbox: bool, edition: str, production: bool
) -> None:
    """A sandbox and a Developer Edition are not; one query tells."""
    told = {"IsSandbox": sandbox, "OrganizationType": edition}
    double.answer = lambda _: Answer(200, {"records": [told], "done": True})
    assert connect().is_production() is production
    (asked,) = double.asked
    assert asked.query["q"] == "SELECT IsSandbox, OrganizationType FROM Organization LIMIT 1"
