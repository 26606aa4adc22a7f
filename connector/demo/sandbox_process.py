"""What runs in the sandbox's own process: serves, tells its addresses, and ends when its parent does."""

import os
import signal
import sys
import threading

import orjson

from connector.sandbox.server import Sandbox, serve


def _end_with_parent() -> None:
    while os.read(0, 1):  # empty once the parent's end of the pipe is gone; unbuffered, so that no lock outlives us
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _tell(sandbox: Sandbox) -> None:
    addresses = {"org": sandbox.org_url, "providers": sandbox.providers_url, "smsc_port": sandbox.smsc_port}
    sys.stdout.buffer.write(orjson.dumps(addresses) + b"\n")
    sys.stdout.buffer.flush()
    threading.Thread(target=_end_with_parent, daemon=True).start()


if __name__ == "__main__":
    serve(0, 0, smsc_port=0, seed=int(sys.argv[1]), speed=float(sys.argv[2]), ready=_tell)
