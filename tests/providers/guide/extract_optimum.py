"""Prints the names of all that Optimum Measures' guide asks, tells and pushes, and its tables:
``extract_optimum.py GUIDE.txt``."""

import json
import re
import sys
from pathlib import Path
from typing import Any

SECTIONS = ("Send SMS", "Get Status", "Voice Call")
PARTS = {
    "Sample Request with Message": "asked with a message",
    "Sample Request with CampaignID:": "asked with a campaign",
    "Response": "told",
    "Call back": "pushed",
}
"""Lines after which another part of a section begins. Send SMS prints its request as a "Sample Response"."""
FIRST_PART = {"Send SMS": "asked", "Get Status": "told", "Voice Call": "asked"}
NAME = re.compile(r'"(\w[\w ]*)"\s*:')
ERROR = re.compile(r"^(\d+) (Received with error - .+)$")
REASONS_BEGIN = "Reasons"
TABLES_END = "Error Details (Platform Rejection)"


def guide_as_names(guide: str) -> dict[str, Any]:
    """``sections``: section to part to names, each once; ``statuses``, ``reasons`` and ``errors`` of calls."""
    read: dict[str, dict[str, list[str]]] = {}
    section, part = "", ""
    lines = [line.strip() for line in guide.splitlines()]
    for line in lines:
        if line in SECTIONS:
            section, part = line, FIRST_PART[line]
        part = PARTS.get(line, part)
        for name in NAME.findall(line) if section else ():
            names = read.setdefault(section, {}).setdefault(part, [])
            names.extend([name] if name not in names else [])
    statuses, reasons, end = lines.index("Call Status"), lines.index(REASONS_BEGIN), lines.index(TABLES_END)
    return {
        "sections": read,
        "statuses": lines[statuses + 1 : reasons - 1],
        "reasons": lines[reasons + 1 : end],
        "errors": [list(found.groups()) for line in lines if (found := ERROR.match(line))],
    }


if __name__ == "__main__":
    print(json.dumps(guide_as_names(Path(sys.argv[1]).read_text("utf-8")), indent=1, ensure_ascii=False))  # noqa: T201
