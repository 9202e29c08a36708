"""ack_based stations: nothing that was acked is lost before the first group, between groups, or in a seek."""
import json
import threading
import time

import pytest

from way.http import Way, data_of

CONFIG = {"catalog_poll_ms": 100}  # a seek waits until every daemon has heard of it: two polls


class Producers(threading.Thread):
    """Sends numbered messages, with ids, until told to stop; remembers what was acked and on which partition."""

    def __init__(self, daemon, station, partitions, workers=2):
        super().__init__(daemon=True)
        self.way, self.station, self.partitions = Way(daemon), station, partitions
        self.stopping = threading.Event()
        self.acked, self.problems, self.lock = [], [], threading.Lock()
        self.threads = [threading.Thread(target=self.work, args=(i,), daemon=True) for i in range(workers)]

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    def work(self, worker):
        number = 0
        while not self.stopping.is_set():
            text = f"{worker}-{number}"
            for attempt in range(50):
                answer = self.way.produce(self.station, text, msg_id=text)
                if answer.status == 201:
                    break
                if not (answer.code and answer.json["retry"]):
                    self.problems.append(answer)
                    return
                time.sleep(0.02)
            else:
                self.problems.append(answer)
                return
            with self.lock:
                self.acked.append(text)
            number += 1

    def count(self):
        return len(self.acked)

    def more(self, n, timeout=20):
        """Waits until n more were acked."""
        want, end = self.count() + n, time.monotonic() + timeout
        while self.count() < want:
            assert not self.problems, self.problems
            assert time.monotonic() < end, "producers are stuck"
            time.sleep(0.005)

    def finish(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(30)
        assert not self.problems, self.problems
        return list(self.acked)


class Consumer(threading.Thread):
    """Fetches and acks from one group all the time; remembers what it acked."""

    def __init__(self, daemon, station, group):
        super().__init__(daemon=True)
        self.way, self.station, self.group = Way(daemon), station, group
        self.stopping = threading.Event()
        self.got = []

    def run(self):
        while not self.stopping.is_set():
            answer = self.way.rest.post(f"/v1/stations/{self.station}/groups/{self.group}/fetch", {"max": 200, "wait_ms": 200})
            if answer.status != 200:
                continue
            messages = answer.json["messages"]
            if messages:
                self.way.settle(self.station, self.group, ack=[m["receipt"] for m in messages])
                self.got += [data_of(m).decode() for m in messages]

    def finish(self):
        self.stopping.set()
        self.join(30)
        return self.got


def ack_based(way, name, **spec):
    return way.station(name, retention_type="ack_based", **spec)


def streams_hold(nats, name, partitions):
    return all("$way_hold" in nats.consumers(f"{name}${p}") for p in range(1, partitions + 1))


def everything(way, name, group, timeout=30):
    """All that a group still gets."""
    got, quiet, end = [], 0, time.monotonic() + timeout
    while quiet < 2:
        assert time.monotonic() < end
        messages = way.fetch(name, group, 1000, 400)
        if messages:
            way.ack(name, group, messages)
            got += [data_of(m).decode() for m in messages]
        quiet = 0 if messages else quiet + 1
    return got


def test_nothing_is_lost_before_the_first_group(way, nats, name):
    ack_based(way, name, partitions=3)
    assert streams_hold(nats, name, 3)
    sent = [f"{i}" for i in range(60)]
    for text in sent:
        assert not way.produced(name, text, msg_id=text)["duplicate"]
    # a retry finds the first one, not a remembered id of a message that was dropped
    assert way.produced(name, "0", msg_id="0")["duplicate"] is True
    shown = way.api.get(f"/v1/stations/{name}").json
    assert shown["messages"] == 60
    way.group(name, "first")
    assert not streams_hold(nats, name, 1), "the hold goes when the first group is there"
    assert sorted(everything(way, name, "first"), key=int) == sent
    assert way.api.get(f"/v1/stations/{name}").json["messages"] == 0, "acked by every group: gone"


def test_a_first_group_that_starts_later_says_what_it_drops(way, nats, name):
    ack_based(way, name)
    for i in range(10):
        way.produced(name, f"{i}")
    answer = way.api.post(f"/v1/stations/{name}/groups", {"name": "g", "start": {"seq": 8}})
    assert answer.status == 201, answer
    assert answer.json["dropped_messages"] == 7, answer
    assert everything(way, name, "g") == ["7", "8", "9"]


def test_groups_come_and_go_under_producers(way, daemon, nats, name):
    """First group, change-over to another, deletion of the last one: every acked message reaches a group."""
    ack_based(way, name, partitions=2)
    producers = Producers(daemon, name, 2).start()
    got = {}
    producers.more(30)
    way.group(name, "a")
    producers.more(30)
    got["a"] = everything_now(way, name, "a")
    # the last group goes while messages arrive; then another comes
    assert way.api.delete(f"/v1/stations/{name}/groups/a").status in (200, 204)
    assert streams_hold(nats, name, 2)
    producers.more(30)
    way.group(name, "b")
    producers.more(30)
    # change-over: c before b goes
    way.group(name, "c")
    assert way.api.delete(f"/v1/stations/{name}/groups/b").status in (200, 204)
    producers.more(30)
    acked = producers.finish()
    got["c"] = everything(way, name, "c")
    lost = set(acked) - set(got["a"]) - set(got["c"])
    # what b could have had and c not: nothing, since c began at the beginning of what is there
    assert not lost, f"{len(lost)} of {len(acked)} lost, e.g. {sorted(lost)[:5]}"
    assert len(acked) == len(set(acked))


def everything_now(way, name, group):
    """One round of what is there now (more keeps coming)."""
    messages = way.fetch(name, group, 1000, 500)
    way.ack(name, group, messages)
    return [data_of(m).decode() for m in messages]


def test_deleting_the_last_group_keeps_what_it_had_not_acked(way, nats, name):
    ack_based(way, name, partitions=2)
    way.group(name, "a")
    way.group(name, "b")
    for i in range(20):
        way.produced(name, f"{i}", partition=1 + i % 2)
    for group in ("a", "b"):
        first = way.fetch(name, group, 20, 2000)
        assert len(first) == 20
        way.ack(name, group, [m for m in first if int(data_of(m)) < 10] if group == "a" else first)
    # b acked all, a half of it: a's half must outlive a, since nobody else holds it
    assert way.api.delete(f"/v1/stations/{name}/groups/b").status in (200, 204)
    assert way.api.delete(f"/v1/stations/{name}/groups/a").status in (200, 204)
    assert streams_hold(nats, name, 2)
    assert sorted(int(data_of(m)) for m in way.browse(name)) == list(range(10, 20))
    way.group(name, "c")
    assert sorted(map(int, everything(way, name, "c"))) == list(range(10, 20))


def seek(way, name, group, start, **more):
    return way.api.post(f"/v1/stations/{name}/groups/{group}:seek", {"start": start, **more})


def test_a_seek_of_the_only_group_loses_nothing(way, daemon, nats, name):
    ack_based(way, name, partitions=2)
    way.group(name, "g")
    producers = Producers(daemon, name, 2).start()
    producers.more(40)
    got = everything_now(way, name, "g")
    for _ in range(3):
        answer = seek(way, name, "g", "all")
        assert answer.status == 200, answer
        producers.more(20)
        got += everything_now(way, name, "g")
    acked = producers.finish()
    got += everything(way, name, "g")
    lost = set(acked) - set(got)
    assert not lost, f"{len(lost)} of {len(acked)} lost, e.g. {sorted(lost)[:5]}"
    assert not streams_hold(nats, name, 1)
    assert way.api.get(f"/v1/stations/{name}").json["messages"] == 0


def test_a_seek_leaves_other_groups_alone(way, daemon, nats, name):
    """Another group consumes all the time while one is sought back and forth: it gets everything, once."""
    ack_based(way, name, partitions=2)
    way.group(name, "steady")
    way.group(name, "moved")
    steady = Consumer(daemon, name, "steady")
    steady.start()
    producers = Producers(daemon, name, 2).start()
    for start in ("all", "new", {"seq": 5}, "all"):
        producers.more(25)
        answer = seek(way, name, "moved", start)
        assert answer.status == 200, answer
    acked = producers.finish()
    end = time.monotonic() + 30
    while set(acked) - set(steady.got) and time.monotonic() < end:
        time.sleep(0.05)
    got = steady.finish()
    assert sorted(got) == sorted(acked), f"{len(acked)} acked, {len(got)} came, {len(set(got))} different"
    everything(way, name, "moved")
    assert way.api.get(f"/v1/stations/{name}").json["messages"] == 0


@pytest.mark.parametrize("how", ["term", "max_deliver"])
def test_a_message_given_up_is_copied_first(way, nats, name, how):
    """A term deletes the message from an interest stream at once: the copy has to be there before."""
    ack_based(way, name)
    way.group(name, "g", max_deliver=2, ack_wait_ms=500)
    way.produced(name, "precious", key="k")
    if how == "term":
        message = way.fetch(name, "g", 1, 5000)[0]
        result = way.settle(name, "g", term=[message["receipt"]], reason="broken")
        assert result.status == 200 and result.json["ok"] == 1, result
        dead = nats.stream("$way_dead")
        assert dead and dead["state"]["messages"] >= 1
        last = nats.api("STREAM.MSG.GET.$way_dead", {"last_by_subj": f"way.dead.{name}.1"})
        assert "cHJlY2lvdXM=" in json.dumps(last)
    else:
        deliveries = []
        end = time.monotonic() + 20
        while len(deliveries) < 2 and time.monotonic() < end:
            deliveries += way.fetch(name, "g", 1, 1000)
        assert [m["deliveries"] for m in deliveries] == [1, 2]
        # out of deliveries: it stays readable, and looking does not delete it
        for _ in range(3):
            assert [data_of(m) for m in way.browse(name)] == [b"precious"]
