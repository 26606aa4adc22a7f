"""Compiles the texts, conditions and written fields of a file, each fault reported where it stands."""

import re
from collections.abc import Mapping
from typing import Any

from connector.mapping import scopes
from connector.mapping.document import Document, Path
from connector.mapping.expression import LONGEST_RESULT, Expression, ExpressionFault, Scope, compile_expression
from connector.mapping.org import Org
from connector.mapping.parts import Assignment
from connector.mapping.template import LONGEST_MARKUP, LONGEST_TEXT, Template, split

_OF_ONES_OWN = re.compile(r"(?:[A-Za-z]\w*\.)*[A-Za-z]\w*__p?c\Z|[A-Za-z]\w*__p?r(?:\.[A-Za-z]\w*)+\Z", re.ASCII)
"""The name of a field of one's own, or of one behind a relationship of one's own: no text reads like that."""

MOST_EXPRESSIONS = 400
"""In one file: compiling one costs half a millisecond."""


class TextCompiler:
    """Compiles what stands in one document. What cannot be compiled becomes an empty text, and a problem."""

    def __init__(self, document: Document, org: Org | None) -> None:
        self.document = document
        self.org = org
        self.expressions = 0
        self.objects: frozenset[str] = frozenset()

    def split(self, path: Path, text: str, longest: int = LONGEST_TEXT) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The literal pieces of a text and what stands in its braces, not compiled."""
        self._no_comment(path)
        try:
            return split(text, longest)
        except ExpressionFault as fault:
            self.document.report(path, str(fault), near=fault.near)
            return ("",), ()

    def template(self, path: Path, text: str, scope: Scope) -> Template:
        """A text with its expressions."""
        pieces, sources = self.split(path, text)
        return self._compiled(path, pieces, sources, scope)

    def markup(self, path: Path, text: str, scope: Scope) -> Template:
        """HTML with its expressions; a field alone is HTML itself, and as long as that may be."""
        pieces, sources = self.split(path, text, LONGEST_MARKUP)
        lone = len(sources) == 1 and not any(pieces)
        return self._compiled(path, pieces, sources, scope, LONGEST_MARKUP if lone else LONGEST_RESULT)

    def _compiled(
        self, path: Path, pieces: tuple[str, ...], sources: tuple[str, ...], scope: Scope, longest: int = LONGEST_RESULT
    ) -> Template:
        if not sources:
            self._no_name(path, pieces[0].strip(), scope)
        compiled = [self._expression(path, source, scope, longest) for source in sources]
        expressions = tuple(each for each in compiled if each is not None)
        return Template(pieces, expressions) if len(expressions) == len(sources) else Template(("",), ())

    def optional(self, path: Path, text: str | None) -> Template | None:
        """A text of the message that may be left out."""
        return None if text is None else self.template(path, text, scopes.MESSAGE)

    def condition(self, path: Path, source: str, scope: Scope = scopes.ROUTE) -> Expression | None:
        """The `when` of a route, or the `stop` of a lookup; None when it is at fault."""
        self._no_comment(path)
        if source.lstrip().startswith("{"):
            self.document.report(path, f"`{path[-1]}` is an expression already; write it without braces")
            return None
        expression = self._expression(path, source, scope)
        if expression is not None and not expression.gives_bool:
            self.document.report(path, f"`{source}` gives a value; write what is true or false, like channel == 'sms'")
        return expression

    def set(self, path: Path, settings: Mapping[str, Any], object_name: str, scope: Scope) -> tuple[Assignment, ...]:
        """The fields of one object and what is written to them."""
        for name in settings:
            if not scopes.is_field(name) or "." in name:
                text = f"`{name}` is not the name of a field of {object_name}, and only its own fields can be written"
                self.document.report((*path, name), text, key=True)
        return tuple(self.assignment((*path, name), name, each, object_name, scope) for name, each in settings.items())

    def assignment(self, path: Path, field: str, setting: Any, object_name: str, scope: Scope) -> Assignment:
        """One field and what is written to it."""
        if not isinstance(setting, str):
            return Assignment(field, None, setting)
        length = self.org.length(object_name, field) if self.org is not None else 0
        return Assignment(field, self.template(path, setting, scope), None, length)

    def _expression(self, path: Path, source: str, scope: Scope, longest: int = LONGEST_RESULT) -> Expression | None:
        self.expressions += 1
        if self.expressions > MOST_EXPRESSIONS:
            if self.expressions == MOST_EXPRESSIONS + 1:
                self.document.report(path, f"the file has more than {MOST_EXPRESSIONS} expressions; split it in two")
            return None
        try:
            return compile_expression(source, scope, longest=longest)
        except ExpressionFault as fault:
            self.document.report(path, str(fault), near=fault.near or source)
            return None

    def _no_name(self, path: Path, text: str, scope: Scope) -> None:
        """Reports a text that is the name of a field, or one of ours with a point in it; an object's may be meant."""
        field = _OF_ONES_OWN.match(text) and text not in self.objects
        if field or ("." in text and text in scope.words):
            done, what = "sent" if path[0] == "message" else "written", "the field" if field else "its value"
            text = f'`{text}` is {done} as these letters; for {what} write "{{{text}}}"'
            self.document.report(path, text)

    def _no_comment(self, path: Path) -> None:
        if self.document.mark(path).comment_follows:
            self.document.report(path, "a comment follows this text and is cut off from it; put quotes around the text")
