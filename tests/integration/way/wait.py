"""Waiting on conditions: every wait has a deadline and says what it waited for."""
import socket
import time


def until(condition, what, timeout=10.0, every=0.02):
    """Calls condition until it gives something true, which is returned; an exception counts as not yet."""
    end = time.monotonic() + timeout
    last = None
    while True:
        try:
            value = condition()
            if value:
                return value
            last = value
        except Exception as error:  # noqa: BLE001 - the last one is shown
            last = error
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout} s for {what}; last: {last!r}")
        time.sleep(every)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def listens(port):
    with socket.socket() as s:
        s.settimeout(0.5)
        return s.connect_ex(("127.0.0.1", port)) == 0
