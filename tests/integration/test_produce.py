"""Producing over REST: one, a batch, NDJSON; keys, ids, headers; and what is refused."""
import base64
import collections
import json
import os

import pytest

from way.http import data_of


def murmur3(data, seed=31):
    """murmur3 x86 32 bit, written from its public description."""
    def rotl(x, r):
        return ((x << r) | (x >> (32 - r))) & 0xFFFFFFFF

    h = seed
    blocks = len(data) // 4
    for i in range(blocks):
        k = int.from_bytes(data[4 * i:4 * i + 4], "little") * 0xCC9E2D51 & 0xFFFFFFFF
        h = (rotl(h ^ rotl(k, 15) * 0x1B873593 & 0xFFFFFFFF, 13) * 5 + 0xE6546B64) & 0xFFFFFFFF
    tail = data[4 * blocks:]
    if tail:
        k = int.from_bytes(tail, "little") * 0xCC9E2D51 & 0xFFFFFFFF
        h ^= rotl(k, 15) * 0x1B873593 & 0xFFFFFFFF
    h ^= len(data)
    h = (h ^ h >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    h = (h ^ h >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return h ^ h >> 16


def partition_of(key, partitions):
    return 1 + murmur3(key.encode()) % partitions


def test_murmur_is_the_sdks():
    assert murmur3(b"user-1") == 3441879530 and murmur3("日本".encode()) == 1566398813 and murmur3(b"") == 1257683291


def test_one_message_is_stored_as_it_was_sent(way, nats, name):
    way.station(name)
    body = os.urandom(1000)
    made = way.produced(name, body)
    assert made == {"partition": 1, "seq": 1, "duplicate": False}
    stored = nats.stored(f"{name}$1", 1)
    assert stored.data == body and stored.headers["Nats-Subject"] == f"{name}$1.final"
    assert not [h for h in stored.headers if h.lower() == "authorization" or h.lower() == "content-type"]


def test_an_empty_message(way, nats, name):
    way.station(name)
    assert way.produced(name, b"")["seq"] == 1
    assert nats.stored(f"{name}$1", 1).data == b""


def test_key_partition_and_round_robin(way, nats, name):
    way.station(name, partitions=5)
    for key in ("user-1", "a", "memphis", "é", "日本", "x y"):
        assert way.produced(name, "x", key=key)["partition"] == partition_of(key, 5)
    assert way.produced(name, "x", partition=4)["partition"] == 4
    assert way.produced(name, "x", partition=4, key="user-1")["partition"] == 4
    seen = [way.produced(name, "x")["partition"] for _ in range(10)]
    assert collections.Counter(seen) == {p: 2 for p in range(1, 6)}
    keyed = [m for m in way.browse(name) if m.get("key") == "日本"]
    assert len(keyed) == 1


def test_message_headers(way, nats, name):
    way.station(name)
    way.produced(name, "x", headers={"Way-Header-Trace": "abc", "X-Other": "no", "Cookie": "no"}, key="k")
    stored = nats.stored(f"{name}$1", 1)
    ours = {k: v for k, v in stored.headers.items() if not k.startswith("Nats-")}
    assert ours == {"Trace": "abc", "Way-Key": "k"} or ours == {"trace": "abc", "Way-Key": "k"}, ours
    message = way.browse(name)[0]
    assert message["key"] == "k" and {k.lower(): v for k, v in message["headers"].items()} == {"trace": "abc"}


@pytest.mark.parametrize("query", [{"partition": 9}, {"partition": 0}, {"partition": "x"}, {"partition": -1}, {"key": "a\r\nb: c"}, {"key": "a\0b"},
                                   {"msg_id": ""}, {"msg_id": "a\nb"}, {"msg_id": "x" * 300}])
def test_bad_parameters_store_nothing(way, nats, name, query):
    way.station(name, partitions=8)
    answer = way.produce(name, "x", **query)
    assert answer.status == 400 and answer.code == "invalid", answer
    assert way.api.get(f"/v1/stations/{name}").json["messages"] == 0


@pytest.mark.parametrize("header", ["Nats-Msg-Id", "Nats-Expected-Stream", "Way-Key", "Nats-Rollup"])
def test_reserved_headers_are_refused(way, name, header):
    way.station(name)
    answer = way.produce(name, "x", headers={"Way-Header-" + header: "1"})
    assert answer.status == 400 and header.lower() in answer.json["detail"].lower(), answer


def test_a_retry_with_its_id_is_no_second_message(way, nats, name):
    way.station(name, partitions=5)
    first = way.produced(name, "x", msg_id="order-1")
    again = way.produced(name, "x", msg_id="order-1")
    assert not first["duplicate"] and again == {**first, "duplicate": True}
    assert way.api.get(f"/v1/stations/{name}").json["messages"] == 1


def test_unknown_station(way, name):
    answer = way.produce(name, "x")
    assert answer.status == 404 and answer.code == "not_found" and name in answer.json["detail"]


def test_too_large(way, name):
    way.station(name, max_message_bytes=1000)
    assert way.produced(name, b"x" * 1000)["seq"] == 1
    answer = way.produce(name, b"x" * 1001)
    assert answer.status == 413 and answer.code == "too_large" and "1000" in answer.json["detail"], answer
    answer = way.produce(name, b"x" * 1000, key="k")  # headers count
    assert answer.status == 413, answer
    assert way.produced(name, "still works")["seq"] == 2


def test_chunked_bodies_are_refused(way, name):
    way.station(name)
    answer = way.rest.request("POST", f"/v1/stations/{name}/messages", iter([b"x"]), {"Transfer-Encoding": "chunked"})
    assert answer.status == 411 and answer.code == "length_required"


def test_json_batch(way, nats, name):
    way.station(name, partitions=4)
    answer = way.rest.post(f"/v1/stations/{name}/messages:batch", {"messages": [
        {"data": "a", "key": "user-1"}, {"data_b64": base64.b64encode(b"\xff\x00").decode(), "partition": 2},
        {"data": "é", "headers": {"H": "v"}}, {"data": "d", "msg_id": "one"}, {"data": "d", "msg_id": "one"}]})
    assert answer.status == 200, answer
    result = answer.json
    assert result["sent"] == 5 and result["failed"] == 0
    assert result["results"][0]["partition"] == partition_of("user-1", 4) and result["results"][1]["partition"] == 2
    assert result["results"][4] == {**result["results"][3], "duplicate": True}
    messages = way.browse(name)
    assert sorted(data_of(m) for m in messages) == sorted([b"a", b"\xff\x00", "é".encode(), b"d"])


def test_a_batch_with_a_bad_message_says_which(way, name):
    way.station(name, max_message_bytes=100)
    answer = way.rest.post(f"/v1/stations/{name}/messages:batch", {"messages": [{"data": "ok"}, {"data": "x" * 200}, {"data": "later"}]})
    assert answer.status == 413, answer
    results = answer.json["results"]
    assert results[0]["seq"] == 1 and results[1]["error"]["code"] == "too_large" and "error" in results[2]
    assert [data_of(m) for m in way.browse(name)] == [b"ok"]


@pytest.mark.parametrize("body", [{"messages": [{}]}, {"messages": [{"data": 1}]}, {"messages": "x"}, {}, {"messages": [{"data": "x", "data_b64": "eA=="}]},
                                  {"messages": [{"data_b64": "%%"}]}, {"messages": [{"data": "x", "partition": 99}]}, {"messages": [{"data": "x", "wat": 1}]}])
def test_bad_batches(way, name, body):
    way.station(name)
    answer = way.rest.post(f"/v1/stations/{name}/messages:batch", body)
    assert answer.status == 400, answer
    assert way.api.get(f"/v1/stations/{name}").json["messages"] == 0


def test_ndjson_of_objects(way, name):
    way.station(name, partitions=8)
    lines = [{"data": json.dumps({"n": i}), "key": f"k{i % 50}"} for i in range(5000)]
    answer = way.ndjson(name, lines)
    assert answer.status == 200, answer
    result = answer.json
    assert result["sent"] == 5000 and result["failed"] == 0 and result["failures"] == []
    want = collections.Counter(partition_of(f"k{i % 50}", 8) for i in range(5000))
    assert {p["partition"]: p["count"] for p in result["partitions"]} == want
    for p in result["partitions"]:
        assert p["first_seq"] == 1 and p["last_seq"] == p["count"]
    seen = collections.defaultdict(list)
    for message in way.browse(name):
        seen[message["key"]].append(json.loads(data_of(message))["n"])
    assert {k: v for k, v in seen.items()} == {f"k{k}": list(range(k, 5000, 50)) for k in range(50)}


def test_ndjson_lines_that_are_the_data(way, name):
    way.station(name, partitions=4)
    lines = [json.dumps({"origin": f"A{i % 7}", "n": i, "text": 'say "hi" \u00e9'}) for i in range(500)]
    answer = way.ndjson(name, lines, lines="data", key_from="/origin")
    assert answer.status == 200, answer
    assert answer.json["sent"] == 500
    messages = way.browse(name)
    assert sorted(data_of(m).decode() for m in messages) == sorted(lines)
    assert all(m["partition"] == partition_of(m["key"], 4) and json.loads(data_of(m))["origin"] == m["key"] for m in messages)


def test_ndjson_ids_make_a_retry_harmless(way, name):
    way.station(name, partitions=3)
    lines = [{"data": f"{i}"} for i in range(300)]
    assert way.ndjson(name, lines, msg_id_prefix="load-7").json["sent"] == 300
    assert way.ndjson(name, lines, msg_id_prefix="load-7").json["sent"] == 300
    assert way.api.get(f"/v1/stations/{name}").json["messages"] == 300
    assert way.ndjson(name, lines[:10], msg_id_prefix="load-7", first_line=301).json["sent"] == 10
    assert way.api.get(f"/v1/stations/{name}").json["messages"] == 310


def test_ndjson_failures_are_told_by_line(way, name):
    way.station(name, max_message_bytes=100)
    answer = way.ndjson(name, [{"data": "ok"}, "", "{not json", {"data": "later"}])
    result = answer.json
    assert answer.status == 400 and result["failures"][0]["line"] == 3 and result["failures"][0]["code"] == "invalid", answer
    assert result["sent"] + result["failed"] == 3 and result["retry"] is False


def test_after_a_failure_nothing_later_of_that_partition_is_sent(way, name):
    way.station(name, partitions=2, max_message_bytes=100)
    lines = [{"data": "1a", "partition": 1}, {"data": "x" * 200, "partition": 1}, {"data": "1b", "partition": 1}, {"data": "2a", "partition": 2}]
    result = way.ndjson(name, lines).json
    assert result["sent"] == 2 and result["failed"] == 2
    assert sorted((m["partition"], data_of(m)) for m in way.browse(name)) == [(1, b"1a"), (2, b"2a")]


def test_a_long_upload_takes_bounded_memory(way, daemon, name):
    way.station(name, partitions=8, storage="memory")
    before = daemon.memory_kib()
    line = json.dumps({"data": "x" * 480, "key": "k"}) + "\n"
    body = line.encode() * 200_000  # 100 MB
    answer = way.rest.request("POST", f"/v1/stations/{name}/messages:batch", body, {"Content-Type": "application/x-ndjson"})
    assert answer.status == 200 and answer.json["sent"] == 200_000, answer
    assert daemon.memory_kib("VmHWM") - before < 64 * 1024 * (4 if os.environ.get("WAY_TEST_SANITIZED") else 1)
    way.api.delete(f"/v1/stations/{name}")


def test_keep_alive_and_pipelining(way, daemon, name):
    import socket
    way.station(name)
    head = f"POST /v1/stations/{name}/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {way.rest.token}\r\nContent-Length: 2\r\n\r\n"
    with socket.create_connection(("127.0.0.1", daemon.rest_port), 10) as s:
        s.sendall("".join(head + f"{i:02d}" for i in range(20)).encode())
        text = b""
        while text.count(b'"seq"') < 20:
            more = s.recv(65536)
            assert more, text
            text += more
    assert text.count(b"HTTP/1.1 201") == 20
    assert [data_of(m) for m in way.browse(name)] == [f"{i:02d}".encode() for i in range(20)]
