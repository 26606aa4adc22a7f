"""`connector sandbox` serves what it says, for anything to talk to."""

import json
import signal
import subprocess
import sys

from tests.sandbox.providers.smpp_line import Line


def test_the_sandbox_serves_a_message_centre_where_it_is_asked_to() -> None:
    """Whoever has an SMPP client of their own binds to the port that is printed; SIGTERM ends it with exit code 0."""
    words = ("sandbox", "--org-port", "0", "--providers-port", "0", "--smsc-port", "0", "--json")
    command = [sys.executable, "-c", "from connector.cli.entry import main; main()", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            host, port = told["smsc"].split(":")
            assert host == "127.0.0.1"
            line = Line(int(port))
            assert line.bind() == 0
            line.close()
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
