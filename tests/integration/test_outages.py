"""A server that is stopped, paused or gone: what goes on, what fails fast, and that everything comes back."""
import contextlib
import os
import pathlib
import shutil
import signal
import tempfile
import threading
import time

import pytest

from way import servers, wait
from way.http import Client, Way, data_of

QUICK = {"request_timeout_ms": 2000, "control_timeout_ms": 4000}


class HealthWatch(threading.Thread):
    """Asks /healthz all the time; remembers the slowest answer."""

    def __init__(self, daemon):
        super().__init__(daemon=True)
        self.client = Client(daemon.rest_port, timeout=30)
        self.stopping = threading.Event()
        self.slowest, self.asked, self.wrong = 0.0, 0, []

    def run(self):
        while not self.stopping.is_set():
            begun = time.monotonic()
            try:
                answer = self.client.get("/healthz")
                if answer.status != 200:
                    self.wrong.append(answer)
            except OSError as error:
                self.wrong.append(error)
            self.slowest = max(self.slowest, time.monotonic() - begun)
            self.asked += 1
            self.stopping.wait(0.01)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.join(30)
        assert self.asked > 0 and not self.wrong, self.wrong
        assert self.slowest < 2.0, f"/healthz took {self.slowest:.1f} s"


@contextlib.contextmanager
def stopped(server):
    server.stop()
    try:
        yield
    finally:
        server.start()


@contextlib.contextmanager
def paused(server):
    server.pause()
    try:
        yield
    finally:
        server.resume()


@pytest.fixture(scope="module")
def one_postgres():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="waystation-own-pg-"))
    folder.chmod(0o711)
    server = servers.Postgres(folder / "cluster").start()
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def own_postgres(one_postgres):
    """A cluster that these tests may stop and pause; it runs when a test begins and when it ends."""
    yield one_postgres
    if not one_postgres.alive():
        one_postgres.start()


def timed(call):
    begun = time.monotonic()
    answer = call()
    return answer, time.monotonic() - begun


@pytest.mark.parametrize("how", ["stopped", "paused"])
def test_postgres_away(own_postgres, how, name):
    stack = servers.Stack(own_postgres, "pg-away", config=QUICK)
    try:
        daemon = stack.daemon()
        way = Way(daemon)
        way.station(name, partitions=2)
        way.group(name, "g")
        sent = [way.produced(name, f"{i}", msg_id=f"{i}") for i in range(10)]
        assert len(sent) == 10

        def away():
            if how == "stopped":
                return stopped(own_postgres)
            # every process of the cluster, so that its open connections are silent too
            return paused_group(own_postgres)

        with away(), HealthWatch(daemon):
            # the data path does not notice
            for i in range(10, 30):
                assert way.produce(name, f"{i}", msg_id=f"{i}").status == 201
            messages = way.fetch(name, "g", 15, 5000)
            assert messages
            way.ack(name, "g", messages)
            assert len(way.browse(name)) == 30
            # changes fail, retryable; after the daemon has found out, at once
            answer = way.api.post("/v1/stations", {"name": name + "-new"})
            assert answer.status == 503 and answer.code == "unavailable" and answer.json["retry"] is True, answer
            for path, body in (("/v1/stations", {"name": name + "-new"}), (f"/v1/stations/{name}/groups", {"name": "h"})):
                answer, took = timed(lambda p=path, b=body: way.api.post(p, b))
                assert answer.status == 503 and answer.code == "unavailable" and answer.headers["Retry-After"], answer
                assert took < 3, f"{took:.1f} s"
            wait.until(lambda: Client(daemon.api_port).get("/readyz").status == 503, "not ready", 10)
            assert way.produce(name, "30", msg_id="30").status == 201
        wait.until(lambda: Client(daemon.api_port).get("/readyz").status == 200, "ready again", 20)
        wait.until(lambda: way.api.post("/v1/stations", {"name": name + "-new"}).status in (201, 409), "changes again", 20)
        assert way.api.get(f"/v1/stations/{name}-new").json["state"] == "active"
        got = [data_of(m).decode() for m in messages + way.drain(name, "g", 31 - len(messages))]
        assert sorted(got, key=int) == [f"{i}" for i in range(31)]
    finally:
        stack.close()


@contextlib.contextmanager
def paused_group(server):
    """Postgres forks a process per connection: all of them, by pid."""
    def family(pid):
        pids = [pid]
        for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            pids += family(int(child))
        return pids

    server.pause()
    pids = family(server.pid)
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in reversed(pids):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


class Writers:
    """Produce with ids all the time, again and again until acked, as a client should."""

    def __init__(self, daemon, station, count=8):
        self.way, self.station = Way(daemon), station
        self.stopping = threading.Event()
        self.acked, self.codes, self.slowest, self.broken = [], set(), 0.0, []
        self.threads = [threading.Thread(target=self.work, args=(i,), daemon=True) for i in range(count)]
        for thread in self.threads:
            thread.start()

    def work(self, worker):
        number = 0
        while not self.stopping.is_set():
            text = f"{worker}-{number}"
            while True:
                begun = time.monotonic()
                answer = self.way.produce(self.station, text, msg_id=text)
                self.slowest = max(self.slowest, time.monotonic() - begun)
                if answer.status == 201:
                    self.acked.append(text)
                    break
                self.codes.add(answer.code)
                if not answer.json.get("retry"):
                    self.broken.append(answer)
                    return
                if self.stopping.wait(0.05):
                    return
            number += 1

    def more(self, n, timeout=30):
        want = len(self.acked) + n
        wait.until(lambda: self.broken or len(self.acked) >= want, f"{n} more acked messages", timeout)

    def finish(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(30)
        assert not self.broken, self.broken
        return self.acked


@pytest.mark.parametrize("how", ["paused", "stopped", "killed"])
def test_nats_server_away(postgres, how, name):
    stack = servers.Stack(postgres, "nats-away", config=QUICK)
    daemon = stack.daemon()
    way = Way(daemon)
    way.station(name, partitions=3)
    way.group(name, "g")
    writers = Writers(daemon, name)
    try:
        writers.more(100)
        with HealthWatch(daemon) as health:
            if how == "paused":
                stack.nats.pause()
            elif how == "stopped":
                stack.nats.stop()
            else:
                stack.nats.kill()
            # requests end by their deadline with a code that may be tried again
            for call in (lambda: way.produce(name, "x"),
                         lambda: way.rest.post(f"/v1/stations/{name}/groups/g/fetch", {"max": 1, "wait_ms": 1000}),
                         lambda: way.rest.get(f"/v1/stations/{name}/messages?limit=1"),
                         lambda: way.api.post("/v1/stations", {"name": name + "-new"})):
                answer, took = timed(call)
                if answer.status == 200:
                    assert answer.json["messages"] == [], answer  # a fetch that found nothing in its time
                else:
                    assert answer.code in ("timeout", "unavailable", "overloaded") and answer.json["retry"] is True, answer
                assert took < 15, f"{took:.1f} s"
            if how == "paused":
                stack.nats.resume()
            else:  # a server that is silent, not gone, is given up only after some pings
                wait.until(lambda: Client(daemon.rest_port).get("/readyz").status == 503, "not ready", 15)
                stack.nats.start()
            wait.until(lambda: Client(daemon.rest_port).get("/readyz").status == 200, "ready again", 30)
            assert health.asked > 0
        writers.more(100)
        acked = writers.finish()
        assert writers.codes <= {"timeout", "unavailable", "overloaded"}, writers.codes
        stored = [data_of(m).decode() for m in way.browse(name)]
        mine = [t for t in stored if t != "x"]
        assert len(mine) == len(set(mine)), "a message with an id was stored twice"
        lost = set(acked) - set(mine)
        assert not lost, f"{len(lost)} of {len(acked)} acked messages are gone"
        got = [data_of(m).decode() for m in way.drain(name, "g", len(stored), 60)]
        assert sorted(got) == sorted(stored)
        wait.until(lambda: way.api.post("/v1/stations", {"name": name + "-new"}).status in (201, 409), "changes again", 20)
    finally:
        writers.stopping.set()
        stack.nats.resume() if stack.nats.alive() else stack.nats.start()
        stack.close()


def test_the_daemon_starts_before_its_servers(own_postgres, name):
    """A daemon that comes up first waits for both, says so, and goes on by itself."""
    stack = servers.Stack(own_postgres, "late")
    try:
        own_postgres.stop()
        stack.nats.stop()
        daemon = stack.daemon(start=False)
        daemon.start(ready=False)
        wait.until(lambda: Client(daemon.api_port).get("/healthz").status == 200, "alive", 15)
        assert Client(daemon.api_port).get("/readyz").status == 503
        own_postgres.start()
        stack.nats.start()
        daemon.wait_ready(30)
        way = Way(daemon)
        way.station(name)
        way.produced(name, "x")
    finally:
        if not own_postgres.alive():
            own_postgres.start()
        if not stack.nats.alive():
            stack.nats.start()
        stack.close()


def test_a_kill_of_the_daemon_loses_nothing_acked(stack, name):
    """kill -9 under load; another daemon goes on, and ids keep retries harmless."""
    first, second = stack.daemon(), stack.daemon()
    way = Way(first)
    way.station(name, partitions=3)
    acked, stopping = [], threading.Event()

    def work(worker):
        client, number = way, 0
        while not stopping.is_set():
            text = f"{worker}-{number}"
            try:
                answer = client.produce(name, text, msg_id=text)
            except OSError:
                client = other
                continue
            if answer.status == 201:
                acked.append(text)
                number += 1

    other = Way(second)
    wait.until(lambda: other.api.get(f"/v1/stations/{name}").status == 200, "the station on the other daemon", 5)
    threads = [threading.Thread(target=work, args=(i,), daemon=True) for i in range(4)]
    for thread in threads:
        thread.start()
    wait.until(lambda: len(acked) > 200, "messages", 20)
    first.kill()
    count = len(acked)
    wait.until(lambda: len(acked) > count + 200, "messages over the other daemon", 20)
    stopping.set()
    for thread in threads:
        thread.join(20)
    stored = [data_of(m).decode() for m in other.browse(name)]
    assert len(stored) == len(set(stored)) and set(acked) <= set(stored)
    second.stop()
