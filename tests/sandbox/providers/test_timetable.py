"""Things happen at their time, and pushes survive connections that the other side has closed."""

import socketserver
import threading
import time
from functools import partial

from connector.sandbox.providers.pushing import Push, Pushes
from connector.sandbox.providers.timetable import Timetable
from tests.sandbox.providers.running import until


def test_tasks_run_in_the_order_of_their_times() -> None:
    """Tasks run when due and not before, whatever the order in which they were given."""
    timetable = Timetable()
    ran: list[tuple[float, float]] = []
    start = time.time()

    def note(delay: float) -> None:
        ran.append((delay, time.time() - start))

    for delay in (0.15, 0.05, 0.1, 0.0):
        timetable.at(start + delay, partial(note, delay))
    until(lambda: len(ran) == 4)
    timetable.close()
    assert [delay for delay, _ in ran] == [0.0, 0.05, 0.1, 0.15]
    assert all(delay <= at < delay + 0.1 for delay, at in ran)


def test_what_is_cleared_or_closed_does_not_happen() -> None:
    """After clear and after close no task runs that had not run before, and the thread ends."""
    timetable, ran = Timetable(), []
    timetable.at(time.time() + 0.05, lambda: ran.append("cleared"))
    timetable.clear()
    timetable.at(time.time() + 0.1, lambda: ran.append("closed"))
    timetable.close()
    timetable.at(time.time(), lambda: ran.append("too late"))
    time.sleep(0.15)
    assert ran == []
    assert "sandbox-timetable" not in {thread.name for thread in threading.enumerate()}


class OneAnswer(socketserver.StreamRequestHandler):
    """Promises to keep the connection open and closes it after one answer."""

    def handle(self) -> None:
        while self.rfile.readline() not in (b"\r\n", b""):
            pass
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


def test_a_stale_connection_is_replaced() -> None:
    """A kept connection that the other side has closed costs no push: it is made again on a fresh one."""
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), OneAnswer)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    pushes, answers = Pushes(threads=1), []
    for _ in range(3):
        done = threading.Event()

        def settle(*answer: object, done: threading.Event = done) -> None:
            answers.append(answer)
            done.set()

        pushes.put(Push("GET", f"http://127.0.0.1:{server.server_address[1]}/", settle))
        assert done.wait(5)
    pushes.close()
    server.shutdown()
    server.server_close()
    assert answers == [(200, b"ok")] * 3


def test_an_address_that_is_none_is_a_failed_push() -> None:
    """A push to nonsense is settled with no status, and the next one is made."""
    pushes, answers = Pushes(threads=1), []
    for url in ("http://127.0.0.1:notaport/", "http://", "http://127.0.0.1:1/a b"):
        pushes.put(Push("GET", url, lambda *answer: answers.append(answer)))
    until(lambda: len(answers) == 3)
    pushes.close()
    assert answers == [(0, b"")] * 3
