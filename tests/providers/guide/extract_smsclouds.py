"""Prints the names of every parameter of Smsclouds' guide, a section a time: ``extract_smsclouds.py GUIDE.txt``."""

import json
import re
import sys
from pathlib import Path
from typing import TypedDict

CONTENTS = re.compile(r"^Table of Contents$.*?^Glossary", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(.*?\S)\s*(?:\.{5})?\t\d+$", re.MULTILINE)
BULLET = re.compile(r"^- \*\*(.+)$")
NAME = re.compile(r"[A-Za-z]\w*(?:\.\*\.\w+|-\d)?")
REQUEST = re.compile(r"^(GET|POST|HEAD|PUT|DELETE)(?: (/?api/\S+))?$")
ROW = re.compile(r"^(\w[\w -]*)\t(?:string|array|integer|boolean|date)\t(required|optional)\b(.*)")
HEADERS = {"Authorization", "Content-Type", "Accept", "HTTP Request", "Contact"}
INSIDE_A_SECTION = {"Errors", "Java", "C#", "PHP (Curl)", "Configure URL (WSS) in the account"}
INSIDE_A_SECTION |= {"Send Responses (MO) by GET method", "Automatic response by GET method", "SMS Service"}
TWICE = {"SMS Service (SMS CLIC)": "Send Messages MT"}
"""Headings whose only sub-heading is also another section's."""


class Section(TypedDict):
    """One section's requests as printed, its parameters, and those that its table requires without a condition."""

    requests: list[str]
    parameters: list[str]
    required: list[str]


def plain(heading: str) -> str:
    """A heading without its quotation marks."""
    return re.sub('[“”"]', "", heading).strip()


def names(written: str) -> list[str]:
    """Names as the guide writes several: ``name and field1-4`` are five, ``recipients.*.email`` is ``email``."""
    found: list[str] = []
    for name in NAME.findall(written.replace(" and ", " ").replace("**", "")):
        first, _, last = name.partition("-")
        if last:
            found += [f"{first[:-1]}{number}" for number in range(int(first[-1]), int(last) + 1)]
        else:
            found.append(name.rpartition(".")[2])
    return found


def sections(guide: str) -> dict[str, Section]:
    """Every section of the guide that has a request."""
    contents = CONTENTS.search(guide)
    headings = {plain(title) for title in HEADING.findall(contents[0] if contents else "")} - INSIDE_A_SECTION
    read: dict[str, Section] = {}
    section = ""
    for line in guide.splitlines():
        heading = plain(line)
        if heading in headings and heading != TWICE.get(section):
            section = heading
        here = read.setdefault(section, Section(requests=[], parameters=[], required=[]))
        if request := REQUEST.match(line.strip()):
            here["requests"].append(" ".join(filter(None, request.groups())))
        row, bullet = ROW.match(line), BULLET.match(line)
        written = row[1] if row else bullet[1].partition(":")[0] if bullet and ":" in bullet[1] else ""
        named = [] if written.strip("*") in HEADERS else names(written)
        here["parameters"] += [name for name in named if name not in here["parameters"]]
        if row and row[2] == "required" and " if " not in row[3]:
            here["required"] += named
    return {name: found for name, found in read.items() if found["requests"]}


if __name__ == "__main__":
    print(json.dumps(sections(Path(sys.argv[1]).read_text("utf-8")), indent=1, ensure_ascii=False))  # noqa: T201
