"""Which of our names exist where: each section of a mapping knows what has happened by then, and no more."""

from connector.mapping.expression import FIELD_NAME, Scope, looks_like_field

_NEWS = frozenset({"at", "account", "provider.name", "text"})

_MOMENTS = frozenset({"at"})

CLAIM = Scope(frozenset({"claim.token", "claim.expires"}), moments=frozenset({"claim.expires"}))
MESSAGE = Scope(frozenset({"to.e164", "to.email", "to.country", "channel"}))
ROUTE = MESSAGE
STATUS = Scope(
    _NEWS
    | {"provider.id", "status", "state", "failure.code", "failure.reason", "reason", "channel", "to.e164", "to.email"},
    moments=_MOMENTS,
)
REPLY = Scope(_NEWS | {"match.id", "match.object", "reply.text", "reply.phone", "reply.email"}, moments=_MOMENTS)
OPT_OUT = Scope(frozenset({"match.id", "match.object"}), of_record=False)


def is_field(name: str) -> bool:
    """Whether a text can be the name of a field."""
    return bool(FIELD_NAME.match(name)) and looks_like_field(name)
