"""Prints the names of all that 360 SMS App's guide asks, tells and pushes: ``extract_sms360app.py GUIDE.txt``."""

import json
import re
import sys
from pathlib import Path

SECTION = re.compile(r"^## (API [Cc]onfiguration for .+)$")
WEBHOOK = re.compile(r"^- \*\*(.+ URL):\*\*")
PART = re.compile(r"Request (Body|Response)")
NAME = re.compile(r'"([^"]+)"\s*:')


def sections(guide: str) -> dict[str, dict[str, list[str]]]:
    """Section to its ``asked`` and ``told`` names, or to those ``pushed``; the order is the guide's."""
    read: dict[str, dict[str, list[str]]] = {}
    section, part = "", "asked"
    for line in guide.splitlines():
        if found := SECTION.match(line) or WEBHOOK.match(line):
            section, part = found[1].strip(), "pushed" if WEBHOOK.match(line) else "asked"
        elif line.startswith("## "):
            section = ""
        elif found := PART.search(line):
            part = "asked" if found[1] == "Body" else "told"
        elif section:
            for name in NAME.findall(line):
                read.setdefault(section, {}).setdefault(part, []).append(name)
    return read


if __name__ == "__main__":
    print(json.dumps(sections(Path(sys.argv[1]).read_text("utf-8")), indent=1, ensure_ascii=False))  # noqa: T201
