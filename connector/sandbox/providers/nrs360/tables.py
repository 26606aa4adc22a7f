"""The tables of parameters of the sendings (guide, "Campaigns": SMS, Email, Voice, Landing SMS, WhatsApp)."""

from connector.sandbox.providers.gsm import GSM, GSM_PT, UTF_16
from connector.sandbox.providers.nrs360.parameters import (
    ADDRESS,
    ADDRESSES,
    ANY,
    BASE64,
    BIT,
    FLAG,
    LIST,
    MOMENT,
    OBJECT,
    OBJECTS,
    TEXT,
    TEXTS,
    URL,
    WHOLE,
    Kind,
    Parameter,
)

CODINGS = {"gsm": GSM, "gsm-pt": GSM_PT, "utf-16": UTF_16}
LANGUAGES = ("en_GB", "en_US", "es_ES", "es_US", "pt_PT", "pt_BR", "cmn_CN", "arb", "de_DE", "fr_FR", "it_IT", "hi_IN")
FEMALE_ONLY = ("cmn_CN", "arb", "hi_IN")
OTP = (
    Parameter("alpha", FLAG),
    Parameter("length", WHOLE, least=3, most=10),
    Parameter("maxAttempts", WHOLE, least=1, most=10),
    Parameter("maxSecondsValidity", WHOLE, least=30, most=600),
    Parameter("appId", TEXT),
)
_TO = Parameter("to", LIST, required=True, least=1, missing=102, wrong=102)
_MESSAGE = Parameter("message", TEXT, required=True, missing=104)
_SCHEDULE = Parameter("scheduleDate", MOMENT, wrong=108)
_EXPIRATION = Parameter("expirationDate", MOMENT, wrong=119)
_SUB = Parameter("sub", ANY)
_CERTIFIED = Parameter("certified", FLAG)
_OTP = Parameter("otpConfig", OBJECT, inside=OTP)
_CAMPAIGN = (Parameter("campaignName", TEXT), Parameter("tags", TEXTS))
_SHORT_TEXT = (
    _TO,
    _MESSAGE,
    Parameter("from", TEXT, required=True, missing=106),
    Parameter("encoding", TEXT, among=tuple(CODINGS), wrong=113),
    _SCHEDULE,
    _EXPIRATION,
    Parameter("trans", BIT),
    *_CAMPAIGN,
    _CERTIFIED,
    _SUB,
    Parameter("splitParts", FLAG),
    Parameter("flash", FLAG),
)
SMS = (
    *_SHORT_TEXT,
    Parameter("parts", WHOLE, least=1, most=15, wrong=110),
    Parameter("notificationUrl", ANY),
    Parameter("availableTimes", ANY),
    _OTP,
)
LANDING = (
    *_SHORT_TEXT,
    Parameter("parts", WHOLE, least=1, most=8, wrong=110),
    Parameter("notificationUrl", URL, wrong=109),
    Parameter("templateBody", TEXT),
    Parameter("templateId", WHOLE, wrong=140),
)
_ATTACHMENT = (
    Parameter("name", TEXT, required=True),
    Parameter("content", BASE64, required=True),
    Parameter("contentType", TEXT, required=True),
)
MAILING = (
    _TO,
    Parameter("body", TEXT),
    Parameter("templateId", WHOLE, wrong=140),
    Parameter("cc", ADDRESSES, wrong=102),
    Parameter("bcc", ADDRESSES, wrong=102),
    Parameter("fromEmail", ADDRESS, required=True, missing=106, wrong=115),
    Parameter("subject", TEXT, required=True, missing=114, wrong=114),
    Parameter("fromName", TEXT),
    Parameter("replyTo", ADDRESS, required=True, missing=116, wrong=116),
    _SCHEDULE,
    *_CAMPAIGN,
    _CERTIFIED,
    _SUB,
    Parameter("attachments", OBJECTS, inside=_ATTACHMENT),
    Parameter("trackOpens", FLAG),
    Parameter("trackClicks", FLAG),
    _OTP,
)
_CALL = (
    _TO,
    Parameter("callers", OBJECT, wrong=132),
    _SCHEDULE,
    Parameter("retries", WHOLE, least=0, most=5, wrong=176, beyond=177),
    _EXPIRATION,
    *_CAMPAIGN,
    Parameter("amd", FLAG),
)
VOICE = (
    *_CALL,
    _MESSAGE,
    Parameter("language", TEXT, required=True, among=LANGUAGES, missing=130, wrong=130),
    Parameter("gender", TEXT, required=True, among=("F", "M"), missing=131, wrong=131),
    _SUB,
)
VOICE_AUDIO = (*_CALL, Parameter("audioUrl", URL, required=True, missing=133, wrong=133))
WHATSAPP = (
    Parameter("templateId", WHOLE, required=True, missing=140, wrong=140),
    Parameter("from", TEXT, required=True, missing=106),
    Parameter("messages", LIST, required=True, least=1, missing=102, wrong=102),
    *_CAMPAIGN,
)
_LOCATION = (
    Parameter("lat", TEXT, required=True),
    Parameter("long", TEXT, required=True),
    Parameter("name", TEXT),
    Parameter("address", TEXT),
)
# The guide's table calls the default answer an array, its sample writes a text.
_ANSWER = Kind(lambda value: TEXT.fits(value) or TEXTS.fits(value), "must be a string or an array of strings")
WHATSAPP_MESSAGE = (
    Parameter("to", ANY),
    Parameter("headerFields", TEXTS),
    Parameter("bodyFields", TEXTS),
    Parameter("callToActionFields", TEXTS),
    Parameter("defaultAnswer", _ANSWER),
    Parameter("buttonAnswers", TEXTS),
    Parameter("location", OBJECT, inside=_LOCATION),
)
WHATSAPP_TEXT = (Parameter("content", TEXT, required=True),)
