"""The typed client of Optimum Measures."""

from connector.providers.operation import Client
from connector.providers.optimum.operations import SMS, Voice


class OptimumClient(Client):
    """``client.sms.send(…)``, ``client.voice.call_with_message(…)``."""

    sms: SMS
    voice: Voice
