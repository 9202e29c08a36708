"""Stations: create, list, show, edit, purge, delete, and what is refused."""
import threading

import pytest

from way import wait
from way.http import Client, Way


def config(nats, name, partition=1):
    return nats.stream(f"{name.replace('.', '#')}${partition}")["config"]


def test_defaults_and_their_streams(way, nats, stack, name):
    made = way.station(name)
    assert made["partitions"] == 1 and made["storage"] == "file" and made["replicas"] == 1
    assert made["retention_type"] == "message_age_sec" and made["retention_value"] == 3600
    assert made["retention"]["max_age_sec"] == 3600
    assert made["idempotency_window_ms"] == 120_000 and made["max_message_bytes"] == 8 << 20
    assert made["state"] == "active" and made["messages"] == 0 and made["problems"] == []
    stream = config(nats, name)
    assert stream["subjects"] == [f"{name}$1.>"] and stream["retention"] == "limits" and stream["storage"] == "file"
    assert stream["max_age"] == 3600 * 10**9 and stream["duplicate_window"] == 120 * 10**9
    assert stream["max_msg_size"] == 8 << 20 and stream["discard"] == "old" and stream["allow_direct"] is True
    feed = {"src": f"{name}$1.final", "dest": f"way.live.{name}.1"}
    assert stream.get("republish") == (feed if stack.nats.version < (2, 10, 0) else None)


def test_every_field(way, nats, name):
    made = way.station(name, partitions=3, storage="memory", replicas=1, idempotency_window_ms=5000,
                       retention={"max_age_sec": 60, "max_messages": 10, "max_bytes": 6_000_000}, max_message_bytes=1_000_000,
                       description="what it is for", tags={"team": "billing", "tier": "1"})
    assert made["partitions"] == 3 and made["storage"] == "memory" and made["description"] == "what it is for"
    assert made["tags"] == {"team": "billing", "tier": "1"}
    assert made["retention"] == {"max_age_sec": 60, "max_messages": 10, "max_bytes": 6_000_000, "ack_based": False}
    for partition in (1, 2, 3):
        stream = config(nats, name, partition)
        assert stream["storage"] == "memory" and stream["max_age"] == 60 * 10**9
        assert stream["max_msgs"] == 4 and stream["max_bytes"] == 2_000_000 and stream["max_msg_size"] == 1_000_000
    assert way.api.get(f"/v1/stations/{name}").json["tags"] == made["tags"]


@pytest.mark.parametrize("short,full", [
    (("message_age_sec", 600), {"max_age_sec": 600, "max_messages": 0, "max_bytes": 0, "ack_based": False}),
    (("messages", 1000), {"max_age_sec": 0, "max_messages": 1000, "max_bytes": 0, "ack_based": False}),
    (("bytes", 100_000_000), {"max_age_sec": 0, "max_messages": 0, "max_bytes": 100_000_000, "ack_based": False}),
    (("ack_based", 0), {"max_age_sec": 0, "max_messages": 0, "max_bytes": 0, "ack_based": True}),
])
def test_the_short_form_of_retention(way, name, short, full):
    made = way.station(name, retention_type=short[0], retention_value=short[1])
    assert made["retention"] == full and made["retention_type"] == short[0] and made["retention_value"] == short[1]


def test_names_are_lower_cased_and_dots_become_hashes(way, nats, name):
    made = way.station(f"My.{name}.Orders")
    assert made["name"] == f"my.{name}.orders"
    assert nats.stream(f"my#{name}#orders$1")
    assert way.api.get(f"/v1/stations/MY.{name}.orders").json["name"] == made["name"]
    assert way.api.post("/v1/stations", {"name": f"my.{name}.ORDERS"}).code == "exists"


@pytest.mark.parametrize("bad,says", [
    ({"name": ""}, ["name"]), ({"name": "a*"}, ["name", "a*"]), ({"name": "-a"}, ["name"]), ({"name": "a" * 129}, ["128"]),
    ({"name": "a$b"}, ["name"]), ({"name": "a b"}, ["name"]), ({"name": "a>"}, ["name"]), ({"name": "a\n"}, ["name"]),
    ({}, ["name"]), ({"name": 7}, ["name"]),
    ({"partitions": 0}, ["partitions", "0", "1", "4096"]), ({"partitions": 4097}, ["partitions", "4097", "4096"]),
    ({"partitions": 1.5}, ["partitions"]), ({"partitions": "3"}, ["partitions"]),
    ({"storage": "disk"}, ["storage", "disk", "file", "memory"]), ({"replicas": 2}, ["replicas", "2"]),
    ({"replicas": 3}, ["replicas", "3", "1"]),
    ({"retention_type": "forever", "retention_value": 1}, ["retention_type", "forever"]),
    ({"retention_type": "messages", "retention_value": -1}, ["retention_value", "-1"]),
    ({"retention_type": "messages", "retention_value": 5, "retention": {"max_messages": 5}}, ["retention"]),
    ({"retention": {"max_age_sec": -5}}, ["max_age_sec", "-5"]),
    ({"idempotency_window_ms": 99}, ["idempotency_window_ms", "99", "100"]),
    ({"idempotency_window_ms": 86_400_001}, ["idempotency_window_ms", "86400000"]),
    ({"retention": {"max_age_sec": 10}, "idempotency_window_ms": 20_000}, ["idempotency_window_ms", "20000", "10000"]),
    ({"max_message_bytes": 32 << 20}, ["max_message_bytes", str(32 << 20), str(31 << 20)]),
    ({"max_message_bytes": 64 << 20, "storage": "memory"}, ["max_message_bytes", str(63 << 20)]),
    ({"retention": {"max_bytes": 1000}}, ["max_bytes", "1000"]),
    ({"tags": [1]}, ["tags"]), ({"tags": {"a": 1}}, ["tags"]), ({"description": "x" * 1025}, ["description", "1024"]),
    ({"partitons": 3}, ["partitons"]),
])
def test_refusals_name_field_value_and_bound(way, nats, name, bad, says):
    body = {**({"name": name} if "partitons" in bad or "name" not in bad and bad else {}), **bad}
    before = nats.streams()
    answer = way.api.post("/v1/stations", body)
    assert answer.status == 400 and answer.code == "invalid", answer
    for word in says:
        assert word in answer.json["detail"], (word, answer.json["detail"])
    assert nats.streams() == before
    if "name" in body and body["name"] == name:
        assert way.api.get(f"/v1/stations/{name}").status == 404


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"name":"a","name":"b"}', b'{"name":"\xff"}', b"[" * 100_000,
                                  b'{"name":"a"} x'])
def test_broken_bodies(way, body):
    answer = way.api.request("POST", "/v1/stations", body, {"Content-Type": "application/json"})
    assert answer.status == 400 and answer.code == "invalid", answer


def test_the_same_name_twice(way, name):
    way.station(name)
    answer = way.api.post("/v1/stations", {"name": name})
    assert answer.status == 409 and answer.code == "exists" and name in answer.json["detail"]


def test_many_callers_of_two_daemons_create_one_station(stack, way, name):
    other = Way(stack.daemon())
    answers, gate = [], threading.Barrier(8)

    def create(api):
        client = Client(api.port, api.token)
        gate.wait()
        answers.append(client.post("/v1/stations", {"name": name, "partitions": 4}))

    threads = [threading.Thread(target=create, args=((way, other)[i % 2].api,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(a.status for a in answers) == [201] + [409] * 7, answers
    assert {a.code for a in answers if a.status == 409} == {"exists"}
    for w in (way, other):
        assert way.api.get(f"/v1/stations/{name}").json["state"] == "active"
    way.produced(name, "x")
    other.daemon.stop()


def test_another_daemon_sees_stations_and_their_end_within_a_second(stack, way, name):
    other = Way(stack.daemon())
    way.station(name)
    wait.until(lambda: any(s["name"] == name for s in other.api.get("/v1/stations?limit=1000").json["stations"]), "the station", 3)
    assert other.produce(name, "x").status == 201
    assert way.api.delete(f"/v1/stations/{name}").status in (200, 204)
    wait.until(lambda: other.produce(name, "x").status == 404, "the end of the station", 3)
    other.daemon.stop()


def test_list_pages_in_order(way, name):
    names = sorted(f"{name}-{i:02d}" for i in range(7))
    for n in names:
        way.station(n)
    seen, after = [], None
    while True:
        page = way.api.get("/v1/stations?limit=3" + (f"&after={after}" if after else "")).json
        assert len(page["stations"]) <= 3
        seen += [s["name"] for s in page["stations"] if s["name"].startswith(name)]
        after = page["next"]
        if not after:
            break
    assert seen == names


def test_an_edit_changes_what_it_names_and_keeps_the_rest(way, nats, name):
    way.station(name, partitions=2, retention={"max_age_sec": 60, "max_messages": 100}, description="old", tags={"a": "b"})
    # somebody else set a field that we know nothing about: it stays
    for partition in (1, 2):
        theirs = config(nats, name, partition)
        theirs["max_msgs_per_subject"] = 77
        nats.api(f"STREAM.UPDATE.{name}${partition}", theirs)
    answer = way.api.patch(f"/v1/stations/{name}", {"retention": {"max_messages": 50}, "description": "new"})
    assert answer.status == 200, answer
    assert answer.json["retention"] == {"max_age_sec": 60, "max_messages": 50, "max_bytes": 0, "ack_based": False}
    assert answer.json["description"] == "new" and answer.json["tags"] == {"a": "b"}
    for partition in (1, 2):
        stream = config(nats, name, partition)
        assert stream["max_msgs"] == 25 and stream["max_age"] == 60 * 10**9 and stream["max_msgs_per_subject"] == 77
    assert way.api.get(f"/v1/stations/{name}").json["description"] == "new"


@pytest.mark.parametrize("body,word", [({"storage": "memory"}, "storage"), ({"name": "other"}, "name"), ({"partitions": 9}, "partitions"),
                                       ({"description": "x", "storage": "memory"}, "storage")])
def test_what_cannot_change_is_refused_whole(way, nats, name, body, word):
    way.station(name, description="old")
    answer = way.api.patch(f"/v1/stations/{name}", body)
    assert answer.status == 409 and answer.code == "conflict" and word in answer.json["detail"], answer
    assert way.api.get(f"/v1/stations/{name}").json["description"] == "old"


@pytest.mark.parametrize("body", [{"retention": {"max_messages": -1}}, {"replicas": 3}, {"idempotency_window_ms": 1},
                                  {"max_message_bytes": 40 << 20}, {"unknown": 1}])
def test_a_bad_edit_changes_nothing(way, nats, name, body):
    way.station(name, retention_type="messages", retention_value=10)
    before = config(nats, name)
    assert way.api.patch(f"/v1/stations/{name}", body).code == "invalid"
    assert config(nats, name) == before


def test_purge(way, nats, name):
    way.station(name, partitions=3)
    for i in range(30):
        way.produced(name, f"{i}")
    answer = way.api.post(f"/v1/stations/{name}/purge")
    assert answer.status == 200 and answer.json == {"removed": 30}
    assert way.api.get(f"/v1/stations/{name}").json["messages"] == 0
    # sequences go on: nothing that was acked gets a second sequence
    assert way.produced(name, "x", partition=1)["seq"] > 1


def test_delete_and_create_again(way, nats, name):
    way.station(name, partitions=4)
    way.produced(name, "x")
    assert way.api.delete(f"/v1/stations/{name}").status in (200, 204)
    assert way.api.get(f"/v1/stations/{name}").status == 404
    assert way.produce(name, "x").status == 404
    assert way.api.delete(f"/v1/stations/{name}").status == 404
    made = way.station(name, partitions=2)
    assert made["messages"] == 0
    assert sorted(s for s in nats.streams() if s.startswith(name + "$")) == [f"{name}$1", f"{name}$2"]


def test_a_users_own_stream_in_the_way_is_named(way, nats, name):
    nats.api(f"STREAM.CREATE.mine-{name}", {"name": f"mine-{name}", "subjects": [f"{name}$2.>"]})
    answer = way.api.post("/v1/stations", {"name": name, "partitions": 3})
    assert answer.status == 409 and f"mine-{name}" in answer.json["detail"], answer
    assert [s for s in nats.streams() if s.startswith(name + "$")] == []
    assert nats.stream(f"mine-{name}")
    assert way.api.get(f"/v1/stations/{name}").status == 404
    nats.api(f"STREAM.DELETE.mine-{name}")
    way.station(name, partitions=3)


def test_a_stream_of_our_name_that_is_not_ours_stays(way, nats, name):
    nats.api(f"STREAM.CREATE.{name}$2", {"name": f"{name}$2", "subjects": [f"foreign.{name}"]})
    nats.request(f"foreign.{name}", b"precious")
    answer = way.api.post("/v1/stations", {"name": name, "partitions": 3})
    assert answer.status == 409 and f"{name}$2" in answer.json["detail"], answer
    assert nats.stream(f"{name}$2")["state"]["messages"] == 1
    assert [s for s in nats.streams() if s.startswith(name + "$")] == [f"{name}$2"]


def test_a_stream_that_disappears_is_a_problem_and_not_made_again(own_stack, name):
    stack = own_stack  # where no other daemon holds the lease of reconcile
    fast = stack.daemon(config={"reconcile_ms": 300})
    way = Way(fast)
    way.station(name, partitions=2)
    from way.nats import Nats
    with Nats(stack.nats.port) as nats:
        nats.api(f"STREAM.DELETE.{name}$2")
        problems = wait.until(lambda: way.api.get(f"/v1/stations/{name}").json["problems"], "the problem", 20)
        assert any(p["partition"] == 2 for p in problems), problems
        assert nats.stream(f"{name}$2") is None
        # changed behind our back: told as well
        theirs = config(nats, name, 1)
        theirs["max_age"] = 5 * 60 * 10**9
        nats.api(f"STREAM.UPDATE.{name}$1", theirs)
        wait.until(lambda: any(p["partition"] == 1 for p in way.api.get(f"/v1/stations/{name}").json["problems"]), "the drift", 20)
        assert config(nats, name, 1)["max_age"] == 5 * 60 * 10**9
    fast.stop()


def test_limits_and_ack_based_change_only_where_the_server_can(way, nats, stack, name):
    way.station(name)
    answer = way.api.patch(f"/v1/stations/{name}", {"retention": {"ack_based": True, "max_age_sec": 0}})
    if stack.nats.version < (2, 10, 0):
        assert answer.status == 501 and answer.code == "needs_newer_server" and "2.10" in answer.json["detail"], answer
        assert config(nats, name)["retention"] == "limits"
    else:
        assert answer.status == 200, answer
        assert config(nats, name)["retention"] == "interest"


def test_4096_partitions(way, nats, name):
    patient = Client(way.api.port, way.api.token, timeout=150)
    made = patient.post("/v1/stations", {"name": name, "partitions": 4096})
    assert made.status == 201 and made.json["partitions"] == 4096, made
    assert way.produced(name, "last", partition=4096)["seq"] == 1
    assert patient.delete(f"/v1/stations/{name}").status in (200, 204)
    wait.until(lambda: not [s for s in nats.streams() if s.startswith(name + "$")], "the streams to go", 60)
