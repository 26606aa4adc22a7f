import os
import signal
import socket
import ssl
import subprocess
import sys
import threading

import httpx
import pytest

from connector.sandbox.certificate import self_signed
from connector.sandbox.server import Sandbox

SERVE = """
import sys
from connector.sandbox.server import serve
serve(0, 0, seed=1, ready=lambda sandbox: print(sandbox.org_url, sandbox.providers_url, flush=True))
print("stopped", flush=True)
"""


def test_two_ports_answer_and_are_free_again_afterwards():
    """Org and providers are served while the sandbox is entered, and not after."""
    with Sandbox() as sandbox:
        for address in (sandbox.org_url, sandbox.providers_url):
            assert httpx.get(f"{address}/sandbox/health").json() == {"status": "ok"}
        before = threading.active_count()
        port = int(sandbox.org_url.rpartition(":")[2])
    assert threading.active_count() < before
    with Sandbox(org_port=port) as sandbox:
        assert sandbox.org_url.endswith(f":{port}")


def test_a_port_in_use_is_an_error():
    """Two sandboxes do not share a port, and one that cannot start keeps none."""
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.create_server(("127.0.0.1", 0)) as free:
        free_port = free.getsockname()[1]
        free.close()
        with pytest.raises(OSError, match="in use"):
            Sandbox(org_port=taken.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            Sandbox(org_port=free_port, providers_port=taken.getsockname()[1])
        with Sandbox(org_port=free_port) as sandbox:
            assert sandbox.org_url.endswith(f":{free_port}")


def test_the_org_can_be_served_by_https(tmp_path):
    """With a certificate of its own the org speaks TLS, and names itself https."""
    tls = self_signed(tmp_path)
    assert tls.key.stat().st_mode & 0o077 == 0
    form = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox"}
    trust = ssl.create_default_context(cafile=str(tls.certificate))
    with Sandbox(tls=tls) as sandbox, httpx.Client(verify=trust) as client:
        answer = client.post(f"{sandbox.org_url}/services/oauth2/token", data=form).json()
        assert answer["instance_url"] == sandbox.org_url
        assert sandbox.org_url.startswith("https://")


def test_it_is_seeded_and_counted_and_reset_by_the_control_api(client, sandbox):
    """Seeding queues messages, the ledger counts records, calls and repeated activities, and reset forgets all."""
    made = client.http.post("/sandbox/seed", json={"messages": 50, "bad": False})
    assert made.status_code == 201, made.text
    assert made.json()["SMS_Message__c"] == 50
    row = {"attributes": {"type": "Task"}, "Subject": "SMS", "Description": "same"}
    client("POST", "/composite/sobjects", {"records": [row, row]})
    ledger = client.http.get("/sandbox/ledger/org").json()
    assert ledger["records"]["SMS_Message__c"] == {"total": 50, "by_status": {"Queued": 50}}
    assert ledger["records"]["Contact"]["total"] == 50
    assert ledger["duplicate_activities"] == {"by_external_id": 0, "by_text": 1}
    assert ledger["calls"]["POST /composite/sobjects"] == 1
    assert ledger["total_calls"] == 1
    assert client.http.post("/sandbox/reset").status_code == 200
    ledger = client.http.get("/sandbox/ledger/org").json()
    assert (ledger["records"]["SMS_Message__c"]["total"], ledger["total_calls"]) == (0, 0)


@pytest.mark.parametrize("wishes", [{}, {"messages": 0}, {"messages": "5"}, {"messages": 5, "nothing": 1}, [5]])
def test_a_wish_that_cannot_be_read_is_refused(client, wishes):
    """400 with a sentence."""
    response = client.http.post("/sandbox/seed", json=wishes)
    assert response.status_code == 400
    assert response.json()["error"].endswith(".")


def test_the_python_side_reads_and_writes_like_a_user(sandbox):
    """insert, update, rows and query work without HTTP; a wrong row raises and writes nothing."""
    [one, _] = sandbox.org.insert(
        "Contact", [{"LastName": "A", "CreatedDate": "2020-01-01T00:00:00Z"}, {"LastName": "B"}]
    )
    sandbox.org.update("Contact", {one: {"DoNotCall": True}})
    row = sandbox.org.rows("Contact")[0]
    assert (row["Id"], row["DoNotCall"], row["CreatedDate"]) == (one, True, "2020-01-01T00:00:00.000+0000")
    with pytest.raises(Exception, match="Required fields are missing"):
        sandbox.org.insert("Contact", [{"LastName": "C"}, {}])
    assert sandbox.org.query("SELECT COUNT(Id) n FROM Contact")[0]["n"] == 2


def test_a_process_serves_until_it_is_told_to_stop():
    """serve() says when it is ready, and SIGTERM ends it with success."""
    process = subprocess.Popen([sys.executable, "-c", SERVE], stdout=subprocess.PIPE, text=True, env=os.environ)
    try:
        org_url, providers_url = process.stdout.readline().split()
        assert httpx.get(f"{org_url}/sandbox/health").status_code == 200
        assert httpx.get(f"{providers_url}/sandbox/health").status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=20)[0] == "stopped\n"
        assert process.returncode == 0
    finally:
        process.kill()
        process.wait()
