"""The one scrubber of tapes: no credential, cookie, person or real number is ever written to one.

Numbers become the guides' own example numbers, always the same one for the same number, so that a request scrubbed
again when it is replayed still matches its tape.
"""

import hashlib
import json
import re
from typing import Any

REDACTED = "REDACTED"
KEPT_REQUEST_HEADERS = frozenset({"accept", "content-type"})
KEPT_RESPONSE_HEADERS = frozenset({"content-type", "date", "retry-after"})
SECRET_FIELDS = frozenset(
    {"access_token", "api_password", "apipassword", "client_id", "client_secret", "clientid", "password"}
    | {"refresh_token", "secret", "token"}
)
SPANISH_EXAMPLES = ("34666555444", "34666555333", "34666666666")
MEXICAN_EXAMPLES = ("4498987281", "4498987282", "4498987283", "4498987284", "4498987285", "4499157710")
OTHER_EXAMPLES = ("1234567890", "3216549870", "19292968422", "447897027482", "447723471710", "0016175551212")
MALAYSIAN_EXAMPLES = ("60123240066", "60102200533", "60166600267", "60126660125")
EXAMPLES = frozenset(
    (
        *SPANISH_EXAMPLES,
        *MEXICAN_EXAMPLES,
        *MALAYSIAN_EXAMPLES,
        *OTHER_EXAMPLES,
        "900222222",
        "3466666666",
        "34666777555",
        "00919833111380",
    )
)
NUMBER = re.compile(r"(?<![\d.])(?:\d{9,13}|00\d{12,13})(?![\d.])")
EMAIL = re.compile(r"[\w.+-]+@(?!example\.com|test\.com)[\w-]+(?:\.[\w-]+)+")
SECRET_IN_FORM = re.compile(rf"\b({'|'.join(sorted(SECRET_FIELDS))})=[^&\s]+", re.IGNORECASE)
HOOK_SECRET = re.compile(r"(/hooks/[^/\"\s]+/)[^/\"\s]+(/)")


def scrub_request(request: Any) -> Any:
    """A vcrpy request without credentials and real numbers, in its headers, its address and its body."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    kept = {name: value for name, value in headers.items() if name in KEPT_REQUEST_HEADERS}
    request.headers = {**kept, **({"authorization": REDACTED} if "authorization" in headers else {})}
    request.uri = scrubbed(request.uri)
    if request.body is not None:
        request.body = scrubbed_body(request.body)
    return request


def scrub_response(response: dict[str, Any]) -> dict[str, Any]:
    """A vcrpy response without cookies, and without what a body may hold of people."""
    headers = {name.lower(): value for name, value in response["headers"].items()}
    kept = {name: value for name, value in headers.items() if name in KEPT_RESPONSE_HEADERS}
    return {**response, "headers": kept, "body": {"string": scrubbed_body(response["body"]["string"])}}


def scrubbed_body(body: bytes | str) -> bytes:
    """A body without secrets: JSON field by field, anything else as text, of which a form's secret fields are known."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    try:
        value = json.loads(text)
    except ValueError:
        return scrubbed(SECRET_IN_FORM.sub(rf"\1={REDACTED}", text)).encode()
    clean = _without_secrets(value)
    return (text if clean == value else json.dumps(clean, ensure_ascii=False)).encode()


def scrubbed(text: str) -> str:
    """Text whose numbers, e-mail addresses and webhook secrets are examples."""
    return HOOK_SECRET.sub(rf"\1{REDACTED}\2", EMAIL.sub("email@example.com", NUMBER.sub(_example, text)))


def _example(number: re.Match[str]) -> str:
    digits = number[0]
    if digits in EXAMPLES:
        return digits
    examples = SPANISH_EXAMPLES if len(digits) == len(SPANISH_EXAMPLES[0]) else MEXICAN_EXAMPLES
    return examples[hashlib.sha256(digits.encode()).digest()[0] % len(examples)]


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: REDACTED if name.lower() in SECRET_FIELDS else _without_secrets(held) for name, held in value.items()
        }
    if isinstance(value, list):
        return [_without_secrets(held) for held in value]
    if isinstance(value, str):
        return scrubbed(value)
    if isinstance(value, int) and not isinstance(value, bool) and NUMBER.fullmatch(str(value)):
        return int(scrubbed(str(value)))
    return value
