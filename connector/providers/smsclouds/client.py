"""Smsclouds' operations, gathered."""

from connector.providers.operation import Client
from connector.providers.smsclouds.operations.account import User
from connector.providers.smsclouds.operations.campaigns import Campaigns, Clic
from connector.providers.smsclouds.operations.emails import Emails
from connector.providers.smsclouds.operations.lookups import Lookups
from connector.providers.smsclouds.operations.responses import Responses
from connector.providers.smsclouds.operations.voice import Voice


class SmscloudsClient(Client):
    """Every operation of Smsclouds' guide: ``client.user.routes()``."""

    user: User
    campaigns: Campaigns
    responses: Responses
    emails: Emails
    voice: Voice
    hlr: Lookups
    clic: Clic
