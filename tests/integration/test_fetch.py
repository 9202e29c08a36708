"""Fetching and settling: leases, receipts, and looking without touching."""
import base64
import time

import pytest

from way import wait
from way.http import data_of


def filled(way, name, count=10, **spec):
    way.station(name, **spec)
    for i in range(count):
        way.produced(name, f"{i}")


def test_fetch_and_ack(way, nats, name):
    filled(way, name)
    way.group(name, "g")
    messages = way.fetch(name, "g", 4)
    assert [data_of(m) for m in messages] == [b"0", b"1", b"2", b"3"]
    assert [m["seq"] for m in messages] == [1, 2, 3, 4] and {m["deliveries"] for m in messages} == {1}
    assert all(m["receipt"] and m["partition"] == 1 and m["time"].endswith("Z") for m in messages)
    result = way.settle(name, "g", ack=[m["receipt"] for m in messages])
    assert result.status == 200 and result.json["ok"] == 4 and result.json["failed"] == 0
    assert [r["result"] for r in result.json["results"]] == ["ok"] * 4
    assert nats.consumer(f"{name}$1", "g")["ack_floor"]["stream_seq"] == 4
    assert [data_of(m) for m in way.fetch(name, "g")] == [b"4", b"5", b"6", b"7", b"8", b"9"]


def test_an_empty_group_answers_after_its_wait(way, name):
    way.station(name)
    way.group(name, "g")
    start = time.monotonic()
    assert way.fetch(name, "g", 10, 700) == []
    assert time.monotonic() - start >= 0.6


def test_a_fetch_is_answered_when_a_message_comes(way, name):
    import threading
    way.station(name, partitions=4)
    way.group(name, "g")
    got = []
    waiting = threading.Thread(target=lambda: got.extend(way.fetch(name, "g", 10, 20_000)))
    waiting.start()
    wait.until(lambda: True, "a moment")
    way.produced(name, "late")
    waiting.join(15)
    assert [data_of(m) for m in got] == [b"late"]


def test_nak_term_and_progress(way, nats, name):
    filled(way, name, 3)
    way.group(name, "g", ack_wait_ms=60_000)
    a, b, c = way.fetch(name, "g", 3)
    assert way.settle(name, "g", nak=[a["receipt"]], term=[b["receipt"]], reason="cannot parse", progress=[c["receipt"]]).json["ok"] == 3
    again = way.fetch(name, "g", 3, 3000)
    assert [(data_of(m), m["deliveries"]) for m in again] == [(b"0", 2)]
    # the term record was kept, with its reason, before the message was given up
    capture = nats.stream("$way_capture")
    assert capture["state"]["messages"] >= 1
    record = nats.request("$JS.API.DIRECT.GET.$way_capture" if capture["config"].get("allow_direct") else "$JS.API.STREAM.MSG.GET.$way_capture",
                          b'{"last_by_subj":"way.term.%s.1.g"}' % name.encode())
    text = record.data if b"cannot parse" in record.data else base64.b64decode(__import__("json").loads(record.data)["message"]["data"])
    assert b"cannot parse" in text and b'"seq":2' in text.replace(b" ", b"")


def test_nak_with_a_delay(way, name):
    filled(way, name, 1)
    way.group(name, "g")
    first = way.fetch(name, "g", 1)
    assert way.settle(name, "g", nak=[first[0]["receipt"]], delay_ms=1500).json["ok"] == 1
    start = time.monotonic()
    again = wait.until(lambda: way.fetch(name, "g", 1, 500), "the message again", 10)
    assert again[0]["deliveries"] == 2 and time.monotonic() - start > 0.9


def test_what_is_not_acked_comes_again_after_the_ack_wait(way, name):
    filled(way, name, 2)
    way.group(name, "g", ack_wait_ms=1000)
    assert len(way.fetch(name, "g", 2)) == 2
    again = []
    wait.until(lambda: again.extend(way.fetch(name, "g", 2, 500)) or len(again) >= 2, "both again", 15)
    assert {m["deliveries"] for m in again} == {2} and sorted(m["seq"] for m in again) == [1, 2]


def test_receipts_cannot_be_forged(way, nats, name):
    filled(way, name, 5)
    way.group(name, "g")
    way.group(name, "h")
    receipt = way.fetch(name, "g", 1)[0]["receipt"]
    raw = bytearray(base64.urlsafe_b64decode(receipt + "=" * (-len(receipt) % 4)))
    forged = []
    for i in range(len(raw)):
        changed = bytearray(raw)
        changed[i] ^= 1
        forged.append(base64.urlsafe_b64encode(bytes(changed)).decode().rstrip("="))
    forged += ["", "x", receipt[:-1], receipt + "A", "A" * 2000]
    result = way.settle(name, "g", ack=forged).json
    assert result["ok"] == 0 and {r["result"] for r in result["results"]} == {"invalid"}
    # of another group, of another station
    other = name + "-other"
    way.station(other)
    way.group(other, "g")
    assert way.settle(name, "h", ack=[receipt]).json["results"][0]["result"] == "invalid"
    assert way.settle(other, "g", ack=[receipt]).json["results"][0]["result"] == "invalid"
    assert nats.consumer(f"{name}$1", "g")["ack_floor"]["stream_seq"] == 0
    assert nats.consumer(f"{name}$1", "h")["ack_floor"]["stream_seq"] == 0
    assert way.settle(name, "g", ack=[receipt]).json["ok"] == 1


def test_a_receipt_of_a_deleted_group_is_refused(way, name):
    filled(way, name, 3)
    way.group(name, "g")
    receipt = way.fetch(name, "g", 1)[0]["receipt"]
    assert way.api.delete(f"/v1/stations/{name}/groups/g").status in (200, 204)
    way.group(name, "g")
    assert way.settle(name, "g", ack=[receipt]).json["results"][0]["result"] == "invalid"
    assert len(way.fetch(name, "g", 3)) == 3


def test_an_unknown_group_says_how_to_make_it(way, name):
    way.station(name)
    answer = way.rest.post(f"/v1/stations/{name}/groups/nope/fetch", {})
    assert answer.status == 404 and answer.code == "not_found" and "nope" in answer.json["detail"]


@pytest.mark.parametrize("body", [{"max": 0}, {"max": 10_001}, {"max": "x"}, {"wait_ms": -1}, {"wait_ms": 10**9}, {"payload": "x"}, {"what": 1}])
def test_bad_fetches(way, name, body):
    way.station(name)
    way.group(name, "g")
    assert way.rest.post(f"/v1/stations/{name}/groups/g/fetch", body).code == "invalid"


@pytest.mark.parametrize("body", [{"ack": "x"}, {"ack": [1]}, {"nak": ["x"], "delay_ms": -1}, {"wat": []}, {"ack": ["x"] * 10_001}])
def test_bad_settles(way, name, body):
    way.station(name)
    way.group(name, "g")
    assert way.rest.post(f"/v1/stations/{name}/groups/g/settle", body).code == "invalid"


def test_payload_forms(way, name):
    way.station(name)
    way.produced(name, "text é")
    way.produced(name, b"\xff\xfe")
    way.group(name, "g")
    text, binary = way.fetch(name, "g", 2)
    assert text["data"] == "text é" and "data_b64" not in text
    assert "data" not in binary and base64.b64decode(binary["data_b64"]) == b"\xff\xfe"
    way.settle(name, "g", nak=[text["receipt"]])
    again = way.fetch(name, "g", 1, payload="base64")
    assert base64.b64decode(again[0]["data_b64"]) == "text é".encode()


def test_fetchers_of_one_group_share_its_messages(way, name):
    import threading
    way.station(name, partitions=4)
    way.group(name, "g")
    assert way.ndjson(name, [{"data": f"{i}"} for i in range(2000)]).json["sent"] == 2000
    got, lock = [], threading.Lock()

    def consume():
        while len(got) < 2000:
            messages = way.fetch(name, "g", 100, 300)
            if messages:
                way.ack(name, "g", messages)
            with lock:
                got.extend(messages)
            if not messages and len(got) >= 2000:
                return

    threads = [threading.Thread(target=consume) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(int(data_of(m)) for m in got) == list(range(2000))


def test_a_client_that_goes_away_does_not_cost_a_message(way, daemon, name):
    import socket
    way.station(name)
    way.group(name, "g", max_deliver=2, ack_wait_ms=3000)  # what is not given back comes again after that
    body = b'{"max":10,"wait_ms":30000}'
    head = (f"POST /v1/stations/{name}/groups/g/fetch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {way.rest.token}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode()
    for _ in range(5):
        s = socket.create_connection(("127.0.0.1", daemon.rest_port), 5)
        s.sendall(head + body)
        s.close()
    way.produced(name, "x")
    got = wait.until(lambda: way.fetch(name, "g", 10, 1000), "the message", 30)
    assert [data_of(m) for m in got] == [b"x"]
    way.ack(name, "g", got)


def test_browsing_touches_no_consumer_and_deletes_nothing(way, nats, name):
    way.station(name, partitions=3, retention_type="ack_based")
    way.group(name, "g")
    sent = [way.produced(name, f"{i}") for i in range(30)]
    assert len(sent) == 30
    before = {p: nats.stream(f"{name}${p}")["state"] for p in (1, 2, 3)}
    messages = way.browse(name, limit=7)
    assert sorted(int(data_of(m)) for m in messages) == list(range(30))
    assert [m["seq"] for m in way.browse(name, partition=2)] == list(range(1, 11))
    assert [m["seq"] for m in way.browse(name, partition=2, **{"from": 8})] == [8, 9, 10]
    for p in (1, 2, 3):
        assert nats.stream(f"{name}${p}")["state"] == before[p]
        assert nats.consumers(f"{name}${p}") == ["g"]
    assert len(way.drain(name, "g", 30)) == 30


def test_browse_filters_and_holes(way, nats, name):
    way.station(name)
    for i in range(50):
        way.produced(name, f"word{i}", headers={"Way-Header-Kind": "odd" if i % 2 else "even"})
    for seq in (2, 3, 4, 10):
        nats.api(f"STREAM.MSG.DELETE.{name}$1", {"seq": seq})
    assert [m["seq"] for m in way.browse(name, limit=3)] == [s for s in range(1, 51) if s not in (2, 3, 4, 10)]
    found = [data_of(m) for m in way.browse(name, contains="word4")]
    assert found == [b"word4"] + [f"word{i}".encode() for i in range(40, 50)]
    assert all(m["headers"].get("Kind", m["headers"].get("kind")) == "odd" for m in way.browse(name, header="Kind:odd"))
