"""bind_transceiver, bind_transmitter and bind_receiver (4.1), which have the same fields."""

from dataclasses import dataclass

from connector.sandbox.providers.smpp.codes import Refusal, Status, Tag
from connector.sandbox.providers.smpp.pdus import Body, c_octets, parameter
from connector.sandbox.providers.smpp.settings import Settings

_VERSION = 0x34
"""Guide, "Indispensable Requirements: SMPP 3.4 version"."""
_MOST_TON, _MOST_NPI = 6, 18


@dataclass(frozen=True, slots=True)
class Bind:
    """Who wants to bind, with what password and which version of SMPP."""

    system_id: str
    password: str
    system_type: str
    version: int


def read(octets: bytes) -> Bind:
    """The fields of a bind. Raises Refusal."""
    body = Body(octets)
    system_id = body.text(16, Status.RINVSYSID)
    password = body.text(9, Status.RINVPASWD)
    system_type = body.text(13, Status.RINVSYSTYP)
    version, ton, npi = body.number(), body.number(), body.number()
    body.text(41)
    body.end()
    if ton > _MOST_TON or npi > _MOST_NPI:
        raise Refusal(Status.RBINDFAIL)
    return Bind(system_id, password, system_type, version)


def let_in(bind: Bind, settings: Settings) -> bytes:
    """The body of the answer to one that may bind. Raises Refusal."""
    if bind.system_id != settings.system_id:
        raise Refusal(Status.RINVSYSID)
    if bind.password != settings.password:
        raise Refusal(Status.RINVPASWD)
    if bind.system_type != settings.system_type:
        raise Refusal(Status.RINVSYSTYP)
    if bind.version != _VERSION:
        raise Refusal(Status.RBINDFAIL)
    return c_octets("SMSCLOUDS") + parameter(Tag.SC_INTERFACE_VERSION, bytes([_VERSION]))
