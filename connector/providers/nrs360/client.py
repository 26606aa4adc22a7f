"""360NRS's operations by name: ``client.contacts.create(email="ana@example.com", groups_names=["Spring"])``."""

from connector.providers.nrs360.operations.contacts import Contacts, Groups
from connector.providers.operation import Client


class NRS360Client(Client):
    """Every operation of 360NRS's guide."""

    contacts: Contacts
    groups: Groups
