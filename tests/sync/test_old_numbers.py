"""People who are named by a number's old form are who they were."""

from connector.model.messages import News, NewsKind
from connector.model.states import State
from connector.sandbox.server import Sandbox
from tests.sync.site import SMSCLOUDS, plant, site_on
from tests.sync.test_news import tell


def test_a_stop_from_a_mexican_number_with_its_old_1_counts(sandbox: Sandbox, url: str) -> None:
    """WhatsApp and some networks write +521 where messages go to +52; who says stop so gets no further message, and
    the reply is the reply to theirs."""
    with site_on(sandbox, url) as site:
        plant(sandbox, 1, "MX")
        site.sweep()
        site.pull()
        site.dispatch(SMSCLOUDS)
        sent = site.message()
        old = "+521" + sent.to_number.removeprefix("+52")
        tell(site, News(NewsKind.REPLY, "n", site.clock(), phone=old, text="STOP"), account=SMSCLOUDS)
        site.note()
        plant(sandbox, 1, "MX")
        site.pull()
        site.dispatch(SMSCLOUDS)
        assert sorted(message.state for message in site.messages()) == [State.ACCEPTED, State.HELD]
