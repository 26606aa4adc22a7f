"""The shape of a mapping's `lookup`: what is asked about the recipient before the message is sent."""

from datetime import timedelta
from typing import Literal

from pydantic import Field

from connector.mapping.notation import Duration, Setting, Text
from connector.mapping.section import Section


class LookupSection(Section):
    """The recipient is looked up before the message is sent; a result is kept for the next message."""

    account: Text = Field(description="who is asked, by its name in the settings")
    of: Literal["to"] = Field(default="to", description="the recipient: the number, or an e-mail's address")
    keep: Duration = Field(default=timedelta(days=30), description="a result is not asked for again within this time")
    wait: Duration = Field(default=timedelta(minutes=10), description="how long a message waits for its lookup")
    set: dict[str, Setting] = Field(default={}, description="what is written to the record, from `lookup.…`")
    stop: Text | None = Field(default=None, description="the message is rejected where this is true")
    on_failure: Literal["send", "hold"] = Field(default="send", description="what happens without a lookup")
