"""What a tape of a live account keeps: the shape of every answer, and of its words only those that a checked-in tape of
the same provider has already. All else that was said between the account and its provider is nobody's business."""

import json
import re
import secrets
from collections.abc import Collection, Iterator
from functools import cached_property
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

import yaml

from connector.providers.registry import PROVIDERS
from tests.providers.scrub import MEXICAN_EXAMPLES, NUMBER, REDACTED, SPANISH_EXAMPLES, scrub_request, scrub_response
from tests.providers.tapes import CASSETTES

KEPT_ROWS = 5
"""Lines of a CSV and items of a list that are kept: the others have the same shape."""
NO_ADDRESS = "https://example.com"
"""Where a guide gives no address."""
MONEY = frozenset({"balance", "cost", "credit", "credits", "debt", "price", "total_cost"})
_TIME = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|[+-]\d\d:?\d\d)?)?")
_FEW_DIGITS = re.compile(r"\d{1,4}")
_COLUMN = re.compile(r"[A-Za-z_]{1,30}")
_CELL = re.compile(r"[,;]")


class LiveScrubber:
    """Scrubs what is recorded of one provider; the same number becomes the same other one, for one run alone."""

    def __init__(self, provider: str, base_url: str) -> None:
        self._ours = urlsplit(base_url).path.rstrip("/")
        written = PROVIDERS[provider].options.model_fields["base_url"].default
        self._guides = urlsplit(written if isinstance(written, str) and written else NO_ADDRESS)
        self._taped = [
            taped
            for tape in sorted((CASSETTES / provider).glob("*.yaml"))
            for taped in yaml.safe_load(tape.read_text("utf-8"))["interactions"]
        ]
        self._salt = secrets.token_bytes(16)

    @cached_property
    def known(self) -> frozenset[str]:
        """The words of the checked-in tapes: texts of JSON, values of forms and queries, cells, parts of paths."""
        words: set[str] = {REDACTED, ""}
        for taped in self._taped:
            address = urlsplit(taped["request"]["uri"])
            words.update(address.path.split("/"), (value for _, value in parse_qsl(address.query)))
            words.update(_words(taped["request"]["body"]), _words(taped["response"]["body"]["string"]))
        return frozenset(words)

    def request(self, request: Any) -> Any:
        """A vcrpy request to the address that the guide gives, with no word that the checked-in tapes do not have."""
        request = scrub_request(request)
        address = urlsplit(request.uri)
        parts = address.path.removeprefix(self._ours).split("/")
        path = self._guides.path + "/".join(quote(self._word(unquote(part)), safe=",~") for part in parts)
        query = urlencode([(name, self._word(value)) for name, value in parse_qsl(address.query)])
        request.uri = urlunsplit((self._guides.scheme, self._guides.netloc, path, query, ""))
        if request.body:
            form = "urlencoded" in str(request.headers.get("content-type", ""))
            request.body = self._form(request.body) if form else self._body(request.body)
        return request

    def response(self, response: dict[str, Any]) -> dict[str, Any]:
        """A vcrpy response with no word that the checked-in tapes do not have."""
        clean = scrub_response(response)
        return {**clean, "body": {"string": self._body(clean["body"]["string"])}}

    def _body(self, body: bytes | str) -> bytes:
        text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
        try:
            return json.dumps(self._value(json.loads(text)), ensure_ascii=False).encode()
        except ValueError:
            pass
        if text.lstrip().startswith("<"):
            return REDACTED.encode()
        lines = text.splitlines()[: 1 + KEPT_ROWS]
        return "\n".join(self._cells(line, first=number == 0) for number, line in enumerate(lines)).encode()

    def _form(self, body: bytes | str) -> bytes:
        text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
        return urlencode([(self._name(name), self._word(value)) for name, value in parse_qsl(text)]).encode()

    def _cells(self, line: str, *, first: bool) -> str:
        """A line of a CSV. Of its first the columns' names are kept, where the first of them is known."""
        cut = _CELL.search(line)
        cells = [cell.strip('"') for cell in _CELL.split(line)]
        named = first and cut is not None and cells[0] in self.known
        return (cut[0] if cut else "").join(
            cell if named and _COLUMN.fullmatch(cell) else self._word(cell) for cell in cells
        )

    def _value(self, value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {self._name(key): self._value(held, key) for key, held in value.items()}
        if isinstance(value, list):
            return [self._value(held, name) for held in value[:KEPT_ROWS]]
        if isinstance(value, str):
            return self._word(value)
        if isinstance(value, bool) or value is None:
            return value
        if name.lower() in MONEY or isinstance(value, float):
            return type(value)(1)
        return int(self._word(str(abs(value))))

    def _name(self, name: str) -> str:
        return REDACTED if "@" in name or re.search(r"\d{5}", name) else name

    def _word(self, word: str) -> str:
        if word in self.known or _TIME.fullmatch(word) or _FEW_DIGITS.fullmatch(word):
            return word
        bare = word.removeprefix("+")
        if not (bare.isascii() and bare.isdecimal()):
            return REDACTED
        chosen = int.from_bytes(sha256(self._salt + bare.encode()).digest()[:8])
        if NUMBER.fullmatch(bare):
            examples = SPANISH_EXAMPLES if len(bare) == len(SPANISH_EXAMPLES[0]) else MEXICAN_EXAMPLES
            return examples[chosen % len(examples)]
        return str(10 ** (len(bare) - 1) + chosen % (9 * 10 ** (len(bare) - 1)))


def traces(text: str, private: Collection[str]) -> list[str]:
    """Those of the private words that stand in the text of a tape; shorter ones than four characters prove nothing."""
    return [word for word in private if len(word) > 3 and word in text]


def _words(body: str | bytes | None) -> Iterator[str]:
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body or ""
    try:
        yield from _texts(json.loads(text))
    except ValueError:
        yield from (value for _, value in parse_qsl(text))
        yield from (cell.strip('"') for line in text.splitlines() for cell in _CELL.split(line))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for held in value:
            yield from _texts(held)
    elif isinstance(value, str):
        yield value
