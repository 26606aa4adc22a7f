"""What who sends a keyword is told: one text of at most 160 characters (Smsclouds, "Keyword: automatic response")."""

from collections.abc import Mapping

from connector.mapping.document import Document, Path
from connector.mapping.schema import MappingFile
from connector.mapping.texts import TextCompiler
from connector.model.capability import AccountCapability
from connector.model.messages import Encoding
from connector.model.text import measure

LONGEST = 160
_HOOK = "keyword"


def keyword_replies(texts: TextCompiler, document: Document, on_keyword: Mapping[str, str]) -> dict[str, str]:
    """The answers by keyword, in small letters; each fault is reported where it stands."""
    found: dict[str, str] = {}
    for written, answer in on_keyword.items():
        path: Path = ("on_keyword", written)
        word = written.strip().casefold()
        if not word:
            document.report(path, "a keyword stands here, and this one is empty", key=True)
        if word in found:
            document.report(path, f"`{written}` stands here twice; capitals make no other keyword", key=True)
        pieces, placeholders = texts.split(path, answer)
        found[word] = pieces[0]
        if placeholders:
            text = f"`{{{placeholders[0]}}}` is not known here: a keyword has one answer for all; write it out"
            document.report(path, text, near="{" + placeholders[0])
        elif fault := _fault(pieces[0]):
            document.report(path, fault)
    return found


def check_hearers(document: Document, file: MappingFile, accounts: list[AccountCapability]) -> None:
    """Reports answers that nobody could give, for no account of the routes is told of keywords."""
    heard = any(each.capability is None or _HOOK in each.capability.pushes for each in accounts)
    if file.on_keyword and not heard:
        text = "no account of the routes is told of keywords; name one whose provider has them, like Smsclouds"
        document.report(("on_keyword",), text, key=True)


def _fault(answer: str) -> str | None:
    if not answer.strip():
        return "a text stands here, and this one is empty"
    if answer.lstrip().startswith("<"):
        return "an answer that begins with `<` is read as program code and not sent; begin with a word"
    try:
        units = measure(answer, (Encoding.GSM7,)).units
    except ValueError as error:
        return f"this answer cannot be sent: {error}"
    return f"this answer has {units} characters; at most {LONGEST} are sent" if units > LONGEST else None
