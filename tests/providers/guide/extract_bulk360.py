"""Prints what Bulk360's guide names: the parameters of each section, and the codes of each table, as JSON.

Usage: extract_bulk360.py GUIDE
"""

import json
import re
import sys
from pathlib import Path

TOKEN, SEND, DELIVERY = "Request Access Token", "Sending Normal Text Messages", "Delivery Notification (DN)"
ROW = re.compile(r"^\d+ \| ([\w-]+) \|", re.MULTILINE)
CODE = re.compile(r"^(\d+|[A-Z]+) \|", re.MULTILINE)
FORM = re.compile(r'CURLOPT_POSTFIELDS => "([^"]+)"')
ADDRESS = re.compile(r'CURLOPT_URL => "https://[^/"]+/([^"]+)"')


def extracted(guide: str) -> dict[str, dict[str, object]]:
    """Section to its path and parameters, table to its codes."""
    after = {title: guide[guide.rindex(f"\n{title}\n") :] for title in (TOKEN, SEND, DELIVERY)}
    before = {TOKEN: after[TOKEN].split(SEND)[0], SEND: after[SEND].split("$sms_data")[0]}
    form = FORM.search(before[TOKEN])
    token, send = ADDRESS.search(before[TOKEN]), ADDRESS.search(after[SEND])
    assert form
    assert token
    assert send
    responses, errors = guide.split("Response Code |")[1].split("{", maxsplit=1)[0], guide.split("Error Code |")[1]
    return {
        TOKEN: {"path": token[1], "parameters": [pair.split("=")[0] for pair in form[1].split("&")]},
        SEND: {"path": send[1], "parameters": ROW.findall(before[SEND])},
        DELIVERY: {"parameters": ROW.findall(after[DELIVERY])},
        "Response Code": {"codes": CODE.findall(responses)},
        "Error Code": {"codes": CODE.findall(errors)},
    }


if __name__ == "__main__":
    print(json.dumps(extracted(Path(sys.argv[1]).read_text("utf-8")), indent=1))  # noqa: T201  its output
