"""What a query can be refused for."""


class QueryError(Exception):
    """A query that Salesforce refuses with 400: `code` is its errorCode, `message` its text."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def at(text: str, offset: int, complaint: str) -> str:
    """`complaint` below the piece of the query it means, with row and column counted from one, as Salesforce shows."""
    row = text.count("\n", 0, offset) + 1
    column = offset - (text.rfind("\n", 0, offset) + 1)
    line = text.splitlines()[row - 1] if text else ""
    start = max(0, column - 40)
    snippet = line[start : column + 20]
    return f"\n{snippet}\n{' ' * (column - start)}^\nERROR at Row:{row}:Column:{column + 1}\n{complaint}"
