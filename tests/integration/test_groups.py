"""Consumer groups: create, list, show, edit, delete, seek."""
import threading
import time

import pytest

from way import wait
from way.http import Client, Way, data_of

CONFIG = {"catalog_poll_ms": 100}  # a seek waits until every daemon has heard of it: two polls


def path(station, group=""):
    return f"/v1/stations/{station}/groups" + (f"/{group}" if group else "")


def seek(way, station, group, start, **more):
    answer = way.api.post(path(station, group) + ":seek", {"start": start, **more})
    assert answer.status == 200, answer
    return answer.json


def numbers(messages):
    return [int(data_of(m)) for m in messages]


def filled(way, name, per_partition=10, partitions=1, **spec):
    """Partition p holds p*1000 + 0, 1, …"""
    way.station(name, partitions=partitions, **spec)
    for p in range(1, partitions + 1):
        for i in range(per_partition):
            way.produced(name, f"{p * 1000 + i}", partition=p)


def test_defaults_and_their_consumers(way, nats, name):
    way.station(name, partitions=3)
    made = way.group(name, "My.Group")
    assert made["name"] == "my.group" and made["state"] == "active" and made["generation"] == 1
    assert made["ack_wait_ms"] == 30_000 and made["max_deliver"] == 10 and made["backoff_ms"] == [] and made["max_ack_pending"] == -1
    assert made["start"] == "all" and made["lag"] == 0 and made["unacked"] == 0 and made["oldest_pending_ms"] is None
    assert [p["partition"] for p in made["partitions"]] == [1, 2, 3]
    for p in (1, 2, 3):
        consumer = nats.consumer(f"{name}${p}", "my#group")["config"]
        assert consumer["durable_name"] == "my#group" and consumer["filter_subject"] == f"{name}${p}.final"
        assert consumer["ack_policy"] == "explicit" and consumer["ack_wait"] == 30 * 10**9 and consumer["max_deliver"] == 10
        assert consumer["deliver_policy"] == "all" and consumer.get("num_replicas", 0) == 0


def test_every_setting(way, nats, name):
    way.station(name, partitions=2)
    made = way.group(name, "g", ack_wait_ms=5000, max_deliver=4, backoff_ms=[1000, 2000, 3000], max_ack_pending=50)
    assert made["backoff_ms"] == [1000, 2000, 3000] and made["max_deliver"] == 4 and made["max_ack_pending"] == 50
    for p in (1, 2):
        consumer = nats.consumer(f"{name}${p}", "g")["config"]
        assert consumer["backoff"] == [10**9, 2 * 10**9, 3 * 10**9] and consumer["max_deliver"] == 4 and consumer["max_ack_pending"] == 50
    ordered = way.group(name, "h", ordered=True)
    assert ordered["max_ack_pending"] == 1
    assert nats.consumer(f"{name}$1", "h")["config"]["max_ack_pending"] == 1


@pytest.mark.parametrize("bad,says", [
    ({"name": ""}, ["name"]), ({"name": "a*b"}, ["name", "a*b"]), ({}, ["name"]), ({"name": "g", "ack_wait_ms": 99}, ["ack_wait_ms", "99", "100"]),
    ({"name": "g", "ack_wait_ms": 86_400_001}, ["ack_wait_ms", "86400000"]), ({"name": "g", "max_deliver": 0}, ["max_deliver", "0", "1"]),
    ({"name": "g", "max_deliver": 1001}, ["max_deliver", "1001", "1000"]), ({"name": "g", "max_deliver": 2, "backoff_ms": [1000, 1000]}, ["backoff_ms", "max_deliver"]),
    ({"name": "g", "backoff_ms": [1] * 3}, ["backoff_ms"]), ({"name": "g", "backoff_ms": "x"}, ["backoff_ms"]),
    ({"name": "g", "max_ack_pending": 0}, ["max_ack_pending", "0"]), ({"name": "g", "start": "sometime"}, ["start"]),
    ({"name": "g", "start": {"seq": 0}}, ["start"]), ({"name": "g", "start": {"seq": {"9": 1}}}, ["start", "9"]),
    ({"name": "g", "start": {"last": 10_001}}, ["start.last", "10000"]), ({"name": "g", "start": {"time": "yesterday"}}, ["start.time"]),
    ({"name": "g", "start": {"seq": 1, "last": 1}}, ["start"]), ({"name": "g", "wat": 1}, ["wat"]), ({"name": "g", "lag": 1}, ["lag"]),
])
def test_refusals_name_field_value_and_bound(way, nats, name, bad, says):
    way.station(name, partitions=2)
    answer = way.api.post(path(name), bad)
    assert answer.status == 400 and answer.code == "invalid", answer
    for word in says:
        assert word in answer.json["detail"], (word, answer.json["detail"])
    assert nats.consumers(f"{name}$1") == []


def test_list_show_and_delete(way, nats, name):
    way.station(name, partitions=2)
    for group in ("c", "a", "b"):
        way.group(name, group)
    assert [g["name"] for g in way.api.get(path(name)).json["groups"]] == ["a", "b", "c"]
    answer = way.api.post(path(name), {"name": "A"})
    assert answer.status == 409 and answer.code == "exists" and "'a'" in answer.json["detail"], answer
    assert way.api.delete(path(name, "b")).status in (200, 204)
    assert way.api.get(path(name, "b")).code == "not_found"
    assert way.api.delete(path(name, "b")).code == "not_found"
    assert way.api.patch(path(name, "b"), {"max_deliver": 3}).code == "not_found"
    assert [g["name"] for g in way.api.get(path(name)).json["groups"]] == ["a", "c"]
    assert sorted(nats.consumers(f"{name}$2")) == ["a", "c"]
    assert way.api.post(path("no-such-station"), {"name": "g"}).code == "not_found"


def test_many_callers_of_two_daemons_create_one_group(stack, way, nats, name):
    other = Way(stack.daemon())
    way.station(name, partitions=2)
    wait.until(lambda: other.api.get(f"/v1/stations/{name}").status == 200, "the station on the other daemon", 5)
    answers, gate = [], threading.Barrier(6)

    def create(api):
        client = Client(api.port, api.token)
        gate.wait()
        answers.append(client.post(path(name), {"name": "g"}))

    threads = [threading.Thread(target=create, args=((way, other)[i % 2].api,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(a.status for a in answers) == [201] + [409] * 5, answers
    assert {a.code for a in answers if a.status == 409} == {"exists"}
    other.daemon.stop()


def test_lag_unacked_and_age(way, name):
    filled(way, name, 10, 2)
    way.group(name, "g")
    shown = way.api.get(path(name, "g")).json
    assert shown["lag"] == 20 and shown["unacked"] == 0 and shown["oldest_pending_ms"] >= 0
    assert [p["lag"] for p in shown["partitions"]] == [10, 10]
    got = way.fetch(name, "g", 6)
    shown = way.api.get(path(name, "g")).json
    assert shown["unacked"] == 6 and shown["lag"] == 14
    assert sum(p["unacked"] for p in shown["partitions"]) == 6
    way.ack(name, "g", got)
    shown = way.api.get(path(name, "g")).json
    assert shown["unacked"] == 0 and shown["lag"] == 14
    rest = way.drain(name, "g", 14)
    assert len(rest) == 14
    shown = way.api.get(path(name, "g")).json
    assert shown["lag"] == 0 and shown["oldest_pending_ms"] is None
    time_of = min(m["time"] for m in got)
    assert time_of.endswith("Z")


def test_the_age_is_of_the_oldest_message_not_acked(way, name):
    way.station(name)
    way.group(name, "g")
    way.produced(name, "old")
    start = time.monotonic()
    wait.until(lambda: time.monotonic() - start > 1.0, "a second to pass", 5)
    way.produced(name, "new")
    age = way.api.get(path(name, "g")).json["oldest_pending_ms"]
    assert 900 <= age < 60_000
    way.ack(name, "g", way.fetch(name, "g", 1))
    younger = way.api.get(path(name, "g")).json["oldest_pending_ms"]
    assert younger < age


def test_an_edit_changes_what_it_names_and_keeps_the_rest(way, nats, name):
    filled(way, name, 3, 2)
    way.group(name, "g", ack_wait_ms=5000, max_deliver=6, max_ack_pending=9)
    for p in (1, 2):  # somebody else set a field that we know nothing about
        theirs = nats.consumer(f"{name}${p}", "g")["config"]
        theirs["max_batch"] = 500
        nats.api(f"CONSUMER.DURABLE.CREATE.{name}${p}.g", {"stream_name": f"{name}${p}", "config": theirs})
    taken = way.fetch(name, "g", 2)
    answer = way.api.patch(path(name, "g"), {"ack_wait_ms": 7000, "max_deliver": 8})
    assert answer.status == 200, answer
    assert answer.json["ack_wait_ms"] == 7000 and answer.json["max_deliver"] == 8 and answer.json["max_ack_pending"] == 9
    for p in (1, 2):
        consumer = nats.consumer(f"{name}${p}", "g")["config"]
        assert consumer["ack_wait"] == 7 * 10**9 and consumer["max_deliver"] == 8 and consumer["max_ack_pending"] == 9
        assert consumer["max_batch"] == 500
    # a live change: what is leased stays leased and its receipts stay good
    way.ack(name, "g", taken)
    assert way.api.get(path(name, "g")).json["lag"] == 4


@pytest.mark.parametrize("body,status,word", [
    ({"name": "other"}, 409, "name"), ({"start": "new"}, (400, 409), "start"), ({"max_deliver": 0}, 400, "max_deliver"),
    ({"backoff_ms": [1000] * 12}, 400, "backoff_ms"), ({"wat": 1}, 400, "wat"), ({"generation": 7}, 400, "generation"),
])
def test_a_bad_edit_changes_nothing(way, nats, name, body, status, word):
    way.station(name)
    way.group(name, "g")
    before = nats.consumer(f"{name}$1", "g")["config"]
    answer = way.api.patch(path(name, "g"), {"ack_wait_ms": 1000, **body})
    assert answer.status in (status if isinstance(status, tuple) else (status,)) and word in answer.json["detail"], answer
    assert nats.consumer(f"{name}$1", "g")["config"] == before


def test_lowering_max_deliver_under_redeliveries_needs_force(way, name):
    filled(way, name, 2)
    way.group(name, "g", max_deliver=10, ack_wait_ms=60_000)
    for _ in range(3):
        taken = wait.until(lambda: way.fetch(name, "g", 2, 1000), "messages", 10)
        way.settle(name, "g", nak=[m["receipt"] for m in taken])
    answer = way.api.patch(path(name, "g"), {"max_deliver": 2})
    assert answer.status == 409 and "max_deliver" in answer.json["detail"] and "force" in answer.json["detail"], answer
    assert way.api.get(path(name, "g")).json["max_deliver"] == 10
    answer = way.api.patch(path(name, "g") + "?force=true", {"max_deliver": 2})
    assert answer.status == 200 and answer.json["max_deliver"] == 2 and answer.json["note"], answer
    # raising it needs nothing
    assert way.api.patch(path(name, "g"), {"max_deliver": 20}).status == 200


# where a group starts

def starts(name):
    """start -> what is delivered of two partitions with 1000…1009 and 2000…2009"""
    everything = list(range(1000, 1010)) + list(range(2000, 2010))
    return [
        ("all", everything), ("new", []), ({"seq": 8}, [1007, 1008, 1009, 2007, 2008, 2009]),
        ({"seq": {"1": 9, "2": 10}}, [1008, 1009, 2009]), ({"seq": {"2": 10}}, list(range(1000, 1010)) + [2009]),
        ({"last": 3}, [2007, 2008, 2009]), ({"last": 12}, [1008, 1009] + list(range(2000, 2010))), ({"last": 10_000}, everything),
        ({"seq": 100}, []),
    ]


def drain(way, name, group, count):
    got = numbers(way.drain(name, group, count)) if count else []
    assert way.fetch(name, group, 100, 300) == []
    return sorted(got)


def test_where_a_new_group_starts(way, name):
    filled(way, name, 10, 2)
    for i, (start, want) in enumerate(starts(name)):
        way.group(name, f"g{i}", start=start)
        assert drain(way, name, f"g{i}", len(want)) == want, start


def test_a_group_from_a_time(way, name):
    way.station(name, partitions=2)
    for i in range(4):
        way.produced(name, f"{i}", partition=1 + i % 2)
    cut = way.browse(name, partition=1)[1]["time"]  # of message 2
    way.group(name, "g", start={"time": cut})
    assert drain(way, name, "g", 2) == [2, 3]


def test_seek_everywhere(way, name):
    filled(way, name, 10, 2)
    way.group(name, "g")
    assert len(way.drain(name, "g", 20)) == 20
    for start, want in starts(name):
        seek(way, name, "g", start)
        assert drain(way, name, "g", len(want)) == want, start
    cut = [m["time"] for m in way.browse(name, partition=2)][5]
    seek(way, name, "g", {"time": cut})
    assert drain(way, name, "g", 5) == list(range(2005, 2010))


def test_a_group_that_was_sought_to_new_gets_what_comes(way, name):
    filled(way, name, 5, 2)
    way.group(name, "g")
    seek(way, name, "g", "new")
    way.produced(name, "7", partition=1)
    way.produced(name, "8", partition=2)
    assert drain(way, name, "g", 2) == [7, 8]


def test_a_dry_run_says_what_a_seek_would_do_and_does_nothing(way, nats, name):
    filled(way, name, 10, 2)
    way.group(name, "g", ack_wait_ms=600_000)
    # 6 of each partition are done
    done = way.fetch(name, "g", 20)
    way.ack(name, "g", [m for m in done if m["seq"] <= 6])
    before = [nats.consumer(f"{name}${p}", "g") for p in (1, 2)]
    generation = way.api.get(path(name, "g")).json["generation"]

    result = seek(way, name, "g", {"seq": {"1": 3, "2": 9}}, dry_run=True)
    assert result["dry_run"] is True and result["repeats"] >= 4 and result["generation"] >= generation
    first, second = result["partitions"]
    assert (first["partition"], first["to"]) == (1, 3) and (second["partition"], second["to"]) == (2, 9)
    assert first["skips"] == 0 and second["repeats"] == 0
    # partition 2: 7 and 8 were delivered, not acked, and would not come any more
    assert second["skips"] == 2 and first["repeats"] == 4, result
    assert result["skips"] == 2

    after = [nats.consumer(f"{name}${p}", "g") for p in (1, 2)]
    assert [c["created"] for c in after] == [c["created"] for c in before]
    assert way.api.get(path(name, "g")).json["generation"] == generation
    way.ack(name, "g", [m for m in done if m["seq"] > 6])  # its receipts are still good

    done = seek(way, name, "g", {"seq": {"1": 3, "2": 9}})
    assert done["dry_run"] is False and done["generation"] == generation + 1
    assert drain(way, name, "g", 10) == list(range(1002, 1010)) + [2008, 2009]


def test_a_partition_without_messages_is_neither_skipped_nor_repeated(way, name):
    way.station(name, partitions=2)
    way.produced(name, "1", partition=1)
    way.group(name, "g")
    assert drain(way, name, "g", 1) == [1]
    result = seek(way, name, "g", "all", dry_run=True)
    first, second = ({k: p[k] for k in ("from", "to", "skips", "repeats")} for p in result["partitions"])
    assert first == {"from": 2, "to": 1, "skips": 0, "repeats": 1} and second == {"from": 1, "to": 1, "skips": 0, "repeats": 0}


def test_receipts_from_before_a_seek_are_refused(way, nats, name):
    filled(way, name, 5)
    way.group(name, "g")
    old = way.fetch(name, "g", 5)
    seek(way, name, "g", "all")
    result = way.settle(name, "g", ack=[m["receipt"] for m in old])
    assert result.json["ok"] == 0 and {r["result"] for r in result.json["results"]} == {"invalid"}, result
    assert nats.consumer(f"{name}$1", "g")["ack_floor"]["stream_seq"] == 0
    assert drain(way, name, "g", 5) == [1000, 1001, 1002, 1003, 1004]


def test_receipts_from_before_a_seek_are_refused_on_another_daemon_too(stack, way, name):
    other = Way(stack.daemon())
    filled(way, name, 5)
    way.group(name, "g")
    old = way.fetch(name, "g", 5)
    seek(way, name, "g", "all")
    wait.until(lambda: other.api.get(path(name, "g")).json["generation"] == 2, "the seek on the other daemon", 5)
    result = other.settle(name, "g", ack=[m["receipt"] for m in old])
    assert {r["result"] for r in result.json["results"]} == {"invalid"}, result
    fresh = way.fetch(name, "g", 5)
    other.ack(name, "g", fresh)  # and a receipt of one daemon works on the other
    other.daemon.stop()


def test_two_seeks_at_once(way, name):
    filled(way, name, 5, 2)
    way.group(name, "g")
    answers, gate = [], threading.Barrier(4)

    def go(start):
        client = Client(way.api.port, way.api.token)
        gate.wait()
        answers.append(client.post(path(name, "g") + ":seek", {"start": start}))

    threads = [threading.Thread(target=go, args=(s,)) for s in ("all", "new", {"seq": 3}, "all")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = [a for a in answers if a.status == 200]
    assert done and all(a.status == 200 or a.code in ("conflict", "timeout") for a in answers), answers
    generations = [a.json["generation"] for a in done]
    assert len(set(generations)) == len(generations)
    shown = way.api.get(path(name, "g")).json
    assert shown["state"] == "active" and shown["generation"] == max(generations)


@pytest.mark.parametrize("start", ["never", {"seq": {"3": 1}}, {"last": 0}, {"seq": -1}, 7, None])
def test_bad_seeks_do_nothing(way, name, start):
    filled(way, name, 3, 2)
    way.group(name, "g")
    old = way.fetch(name, "g", 6)
    answer = way.api.post(path(name, "g") + ":seek", {"start": start})
    assert answer.status == 400 and "start" in answer.json["detail"], answer
    way.ack(name, "g", old)


def test_a_fetch_under_way_ends_when_its_group_goes(way, nats, name):
    way.station(name, partitions=2)
    way.group(name, "g")
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(
        Client(way.rest.port, way.rest.token).post(f"/v1/stations/{name}/groups/g/fetch", {"max": 1, "wait_ms": 30_000})))
    waiting.start()
    wait.until(lambda: nats.consumer(f"{name}$1", "g")["num_waiting"], "the pull", 10)
    way.api.delete(path(name, "g"))
    waiting.join(15)
    assert answers, "the fetch hung on"
    assert answers[0].status in (200, 404, 410), answers
    if answers[0].status == 200:
        assert answers[0].json["messages"] == []
