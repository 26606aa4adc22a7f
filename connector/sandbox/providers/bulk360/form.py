"""The body of every request to Bulk360: form-encoded, each field once (guide v2.0, the samples' ``POSTFIELDS``)."""

from urllib.parse import parse_qsl

from connector.sandbox.providers.pushing import FORM


def fields(body: bytes, content_type: str) -> dict[str, str] | None:
    """The fields of a form; None for another content type, bytes that are not UTF-8 or a field that comes twice."""
    if content_type.partition(";")[0].strip().lower() != FORM:
        return None
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError:
        return None
    given = dict(pairs)
    return given if len(given) == len(pairs) else None
