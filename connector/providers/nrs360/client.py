"""360NRS's operations by name: ``client.contacts.create(email="ana@example.com", groups_names=["Spring"])``."""

from connector.providers.nrs360.operations.account import Account, Coverage
from connector.providers.nrs360.operations.blacklist import Blacklist
from connector.providers.nrs360.operations.campaigns import Campaigns
from connector.providers.nrs360.operations.contacts import Contacts, Groups
from connector.providers.nrs360.operations.files import Certificates, Images, Shortener
from connector.providers.nrs360.operations.forms import Forms
from connector.providers.nrs360.operations.mailing import Mailing
from connector.providers.nrs360.operations.otp import OTP
from connector.providers.nrs360.operations.reports import Reports
from connector.providers.nrs360.operations.scheduled import Scheduled
from connector.providers.nrs360.operations.sms import SMS, Landing
from connector.providers.nrs360.operations.templates import Templates
from connector.providers.nrs360.operations.validation import Validation
from connector.providers.nrs360.operations.voice import Voice
from connector.providers.nrs360.operations.whatsapp import WhatsApp
from connector.providers.operation import Client


class NRS360Client(Client):
    """Every operation of 360NRS's guide, in its order."""

    sms: SMS
    mailing: Mailing
    voice: Voice
    landing: Landing
    whatsapp: WhatsApp
    scheduled: Scheduled
    campaigns: Campaigns
    contacts: Contacts
    groups: Groups
    validation: Validation
    blacklist: Blacklist
    templates: Templates
    forms: Forms
    shortener: Shortener
    images: Images
    certificates: Certificates
    reports: Reports
    otp: OTP
    account: Account
    coverage: Coverage
