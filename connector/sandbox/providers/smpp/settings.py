"""What the control API may set of the pretend SMPP account, and what support gives whoever has it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from connector.sandbox.providers.smpp.alphabets import Alphabet

Joining = Literal["udh", "sar", "payload"]


class Shares(BaseModel):
    """Shares of messages, each from 0 to 1: `buffered` ones are told to be ENROUTE before their last word, `replies`
    are answered, `long_replies` of these take more than one part, and `pushed` of the others go to the account's
    `responses_url` where it has one; all else goes over the session."""

    model_config = ConfigDict(extra="forbid")

    undelivered: float = Field(0.04, ge=0, le=1)
    expired: float = Field(0.01, ge=0, le=1)
    buffered: float = Field(0.1, ge=0, le=1)
    replies: float = Field(0.05, ge=0, le=1)
    long_replies: float = Field(0.2, ge=0, le=1)
    pushed: float = Field(0.5, ge=0, le=1)


class Settings(BaseModel):
    """Credentials are those of the guide: User_ID (`system_id`), Password, Sender_ID (`senders` may be several).

    `responses_url` is where replies are pushed (guide: "Configure URL (WSS) in the account"). `alphabet` is what
    data_coding 0 means. `receipt_ids` says how receipts write an id that submit_sm_resp writes in the other base.
    `sessions` may be bound at once, and `submits_a_second` are taken on each; null is no limit. `again` is how many
    seconds pass before news that was not acknowledged is told again, `patience` how many it has to be acknowledged in.
    A connection has `bind_within` seconds to bind and may then be silent for `idle` seconds. `whole_within` is how many
    seconds of the pretend world the parts of a long message may take to be all there.
    """

    model_config = ConfigDict(extra="forbid")

    system_id: str = Field("sandbox", min_length=1, max_length=15)
    password: str = Field("sandbox", max_length=8)
    system_type: str = Field("", max_length=12)
    senders: list[str] = Field(["Acme"], min_length=1)
    responses_url: str | None = None
    alphabet: Literal[Alphabet.GSM7, Alphabet.LATIN1] = Alphabet.GSM7
    receipt_ids: Literal["same", "decimal", "hexadecimal"] = "same"
    replies_joined_by: Joining = "udh"
    sessions: int = Field(1, ge=1)
    submits_a_second: int | None = Field(None, ge=1)
    again: float = Field(0.5, gt=0)
    patience: float = Field(30.0, gt=0)
    bind_within: float = Field(5.0, gt=0)
    idle: float = Field(120.0, gt=0)
    whole_within: float = Field(10.0, gt=0)
    shares: Shares = Shares()
