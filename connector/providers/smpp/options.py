"""What an account that speaks SMPP can be told."""

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from connector.model.loopback import is_loopback
from connector.providers.account import AccountOptions
from connector.providers.smpp.alphabets import Alphabet
from connector.providers.smpp.segments import Joining
from connector.providers.zone import Zone


class SmppOptions(AccountOptions):
    """Settings of one SMPP account (guide: "SMPP Connections": User_ID, Password, Sender_ID, IP and Port)."""

    protocol: Literal["smpp"] = Field(description="smpp: this account is a session with an SMSC")
    host: str = Field(min_length=1, description="the SMSC's IP or name")
    port: int = Field(default=2775, ge=1, le=65535, description="the SMSC's port")
    system_id: str = Field(min_length=1, max_length=15, description="the User_ID")
    password: SecretStr = Field(max_length=8, description="at most 8 characters, by SMPP 3.4")
    system_type: str = Field(default="", max_length=12, description="if the provider gives one")
    sender: str | None = Field(
        default=None, max_length=20, description="the Sender_ID, where the message's sender is none"
    )
    tls: bool = Field(default=True, description="false: what is sent can be read on the way; see plain_smpp")
    plain_smpp: bool = Field(
        default=False,
        description="true: without TLS to another machine all the same, for the way there is a VPN or private line",
    )
    batch_size: int = Field(default=1, ge=1, le=1, description="one message a time; `senders` of them side by side")
    senders: int = Field(default=10, ge=1, le=64, description="messages under way at once")
    window: int = Field(default=10, ge=1, le=1000, description="submit_sm without an answer at once")
    enquire_link: float = Field(default=30.0, gt=0, description="seconds of silence before the SMSC is asked for life")
    enquire_link_timeout: float = Field(default=10.0, gt=0, description="seconds it has to show some")
    reconnect_first: float = Field(default=1.0, gt=0, description="seconds before a lost session is bound again")
    reconnect_most: float = Field(
        default=60.0, gt=0, description="seconds between later tries; each waits twice as long"
    )
    throttle_pause: float = Field(default=1.0, gt=0, description="seconds to wait when the SMSC says it is too much")
    alphabet: Literal[Alphabet.GSM7, Alphabet.LATIN1] = Field(
        default=Alphabet.GSM7,
        description="the 8 bit texts: gsm-7 (160 characters, 153 a part) or iso-8859-1 (140, 134 a part)",
    )
    data_coding: int | None = Field(
        default=None, ge=0, le=255, description="of texts in `alphabet`; else 0 for gsm-7, 3 for iso-8859-1"
    )
    ucs2_data_coding: int = Field(default=8, ge=0, le=255, description="of all other texts")
    incoming_alphabet: Literal[Alphabet.GSM7, Alphabet.LATIN1] | None = Field(
        default=None, description="of texts that come with data_coding 0; else as `alphabet`"
    )
    long_texts: Joining = Field(
        default="udh", description="how parts are joined: udh, sar (sar_* parameters) or payload (message_payload)"
    )
    max_parts: int = Field(default=6, ge=1, le=20, description="parts a text may take")
    numbers: Literal["international", "national"] = Field(
        default="international", description="how numbers are written: 524491234567 or 4491234567"
    )
    sender_ton: int | None = Field(default=None, ge=0, le=255, description="else 5 for letters, 0 for digits")
    sender_npi: int = Field(default=0, ge=0, le=255, description="numbering plan of senders")
    recipient_ton: int | None = Field(default=None, ge=0, le=255, description="else 1 international, 2 national")
    recipient_npi: int = Field(default=1, ge=0, le=255, description="numbering plan of recipients; 1 is E.164")
    receipt_ids: Literal["same", "decimal", "hexadecimal"] = Field(
        default="same", description="how receipts write an id that submit_sm_resp writes in the other base"
    )
    zone: Zone = Field(default="America/Mexico_City", description="the zone of the receipts' dates, which bear none")

    @property
    def longest_answer(self) -> float:
        """Seconds a send may take: to be connected, bound, and answered."""
        return 2 * self.connect_timeout + self.read_timeout

    @property
    def coding(self) -> int:
        """The data_coding of texts in `alphabet` (SMPP 3.4, 5.2.19)."""
        if self.data_coding is not None:
            return self.data_coding
        return 3 if self.alphabet is Alphabet.LATIN1 else 0

    def id_of(self, answered: str) -> str:
        """A message's id from submit_sm_resp; in decimal where the SMSC's receipts are in another base."""
        return _decimal(answered, 16) if self.receipt_ids == "decimal" else answered

    def receipted_id(self, told: str) -> str:
        """The id in a receipt, as `id_of` would give it."""
        return _decimal(told, 16) if self.receipt_ids == "hexadecimal" else told

    @model_validator(mode="after")
    def _plain_only_on_purpose(self) -> Self:
        if not (self.tls or self.plain_smpp or is_loopback(self.host)):
            raise ValueError(
                "plain SMPP shows the password and every text to anybody on the way; set tls = true, or"
                " plain_smpp = true where the way to the SMSC is a VPN or a private line"
            )
        return self


def _decimal(written: str, base: int) -> str:
    try:
        return str(int(written, base))
    except ValueError:
        return written
