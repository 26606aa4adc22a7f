"""What 360NRS's guide asks of each operation, as facts: section, path, names of parameters, which are required.

Run with the guide's text as the argument; it prints nrs360.json.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

ADDRESS = re.compile(r"^(GET|POST|PUT|DELETE) https://dashboard\.360nrs\.com/api/rest/(\S+)$")
ROW = re.compile(
    r"^([A-Za-z][\w.*\[\]]*)"
    r" (?:string\|array|integer, array|string|array|object|integer|boolean) (Yes|No\*?|Required)\b"
)
FILTER = re.compile(r"^([A-Za-z]\w*) [A-Z]")
ITEM = re.compile(r"^([A-Za-z]\w*): \w")
BODY = re.compile(r"^-d '(\{.*)$")
CHAPTERS = frozenset({"Scheduled messages", "Events report by sending", "Keystroke report", "Account"})
PART_OF_CHAPTER = frozenset({"List", "Update", "Delete"})
NAMED_BY_CHAPTER = frozenset({"Url", "Reporte de eventos"})
ELEMENTS, AFTER_ELEMENTS = "Form elements", "URL Shortener"


def operations(lines: list[str]) -> dict[str, Any]:
    """Section to its method, path, parameters and required ones."""
    found: dict[str, Any] = {}
    chapter = heading = ""
    starts = [at for at, line in enumerate(lines) if ADDRESS.match(line)]
    ends = [*starts[1:], len(lines)]
    before = 0
    for start, end in zip(starts, ends, strict=True):
        for line in lines[before:start]:
            chapter = line if line in CHAPTERS else chapter
            heading = line if line.strip() and not line.endswith(".") else heading
        section = heading
        if heading in PART_OF_CHAPTER:
            section = f"{chapter} / {heading}"
        elif heading in NAMED_BY_CHAPTER:
            section = chapter
        address = ADDRESS.match(lines[start])
        assert address is not None
        path = address[2].replace("<ID>", "{id}").replace("<", "{").replace(">", "}")
        names, required = parameters(lines[start + 1 : end])
        found[section] = {
            "method": address[1],
            "path": path,
            "parameters": sorted(names | in_example(lines[start + 1 : end])),
            "required": sorted(required),
        }
        before = start
    return found


def parameters(lines: list[str]) -> tuple[set[str], set[str]]:
    """The names in the tables of parameters and filters, and those that are mandatory."""
    names: set[str] = set()
    required: set[str] = set()
    last_line = parent = ""
    in_filters = False
    for line in lines:
        row, item = ROW.match(line), ITEM.match(line)
        if row:
            name = row[1].replace("[]", ".*.")
            names.add(name)
            required |= {name} if row[2] == "Yes" else set()
            parent = name if re.search(r" (array|object) ", line[: row.end()]) else ""
        elif item and parent:
            names.add(f"{parent}.{item[1]}")
        elif line == "Parameter Description":
            in_filters = last_line != "Response fields"
        elif not line.strip():
            in_filters = False
        elif in_filters and (told := FILTER.match(line)):
            names.add(told[1])
        last_line = line if line.strip() else last_line
    return names, required


def in_example(lines: list[str]) -> set[str]:
    """The names in the body of the example request, by their places."""
    for at, line in enumerate(lines):
        if body := BODY.match(line):
            text = "\n".join([body[1], *lines[at + 1 :]])
            return set(places(json.JSONDecoder().raw_decode(text)[0]))
    return set()


def places(value: Any, place: str = "") -> list[str]:
    """Every name in a value, under the names it stands below."""
    if isinstance(value, list):
        return [name for item in value for name in places(item, f"{place}*.")]
    if not isinstance(value, dict):
        return []
    return [name for key, held in value.items() for name in (f"{place}{key}", *places(held, f"{place}{key}."))]


def elements(lines: list[str]) -> dict[str, list[str]]:
    """Type of each form element to the names in its example."""
    text = "\n".join(lines[lines.index(ELEMENTS) : lines.index(AFTER_ELEMENTS)])
    text = re.sub(r",(\s*\})", r"\1", text)
    decoder, found, at = json.JSONDecoder(), {}, 0
    while (at := text.find("\n{", at)) >= 0:
        element, at = decoder.raw_decode(text, at + 1)
        found[element["type"]] = sorted(set(places(element)))
    return found


def main() -> None:
    """Prints the facts of the guide at the path given."""
    lines = Path(sys.argv[1]).read_text("utf-8").splitlines()
    facts = {"operations": operations(lines), "elements": elements(lines)}
    sys.stdout.write(json.dumps(facts, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
