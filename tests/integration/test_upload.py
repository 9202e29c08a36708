"""An upload whose nats-server dies: what was acked stays, what is sent again is stored once, order holds."""
import json
import threading

import pytest

from way import wait
from way.http import Way


def stored(way, name):
    """Every message of a station, in order: (partition, seq, number, key)."""
    return [(m["partition"], m["seq"], int(m["data"][1:]), m["key"]) for m in way.browse(name, limit=1000)]


@pytest.mark.parametrize("acked", [1, 3000, 15000])
def test_nats_dies_in_the_middle_of_an_upload(own_stack, acked):
    daemon = own_stack.daemon()
    way, name, count = Way(daemon), "cut", 40_000
    way.station(name, partitions=4)
    lines = [{"data": f"m{i}", "key": f"k{i % 97}"} for i in range(count)]
    answers = []
    upload = threading.Thread(target=lambda: answers.append(way.ndjson(name, lines, msg_id_prefix="u")))
    upload.start()
    watcher = Way(daemon)
    wait.until(lambda: not upload.is_alive() or watcher.api.get(f"/v1/stations/{name}").json["messages"] >= acked, "a part of it", 20)
    own_stack.nats.kill()
    upload.join(30)
    answer = answers[0]
    if answer.status != 200:  # it may have been done before the kill
        assert answer.json["retry"] is True and answer.status in (503, 504), answer
        assert answer.json["sent"] + answer.json["failed"] == count and len(answer.json["failures"]) == min(1000, answer.json["failed"])
    own_stack.nats.start()
    wait.until(lambda: way.produce(name, "m0", key="k0", msg_id="u-1").status == 201, "nats-server again", 30)

    before = {p["partition"]: p["last_seq"] for p in answer.json["partitions"]}
    for message in stored(way, name):
        if before.get(message[0]) == message[1]:
            before.pop(message[0])
    assert not before, "acked, and not there"

    again = way.ndjson(name, lines, msg_id_prefix="u")
    assert again.status == 200 and again.json["sent"] == count, again
    messages = stored(way, name)
    assert sorted(n for _, _, n, _ in messages) == list(range(count)), "each once"
    last = {}
    for _, _, n, key in messages:
        assert last.get(key, -1) < n
        last[key] = n


def test_an_upload_of_a_client_that_goes_away_leaves_nothing_behind(way, daemon, name):
    import socket
    way.station(name)
    line = json.dumps({"data": "x" * 100}).encode() + b"\n"
    head = (f"POST /v1/stations/{name}/messages:batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {way.rest.token}\r\n"
            f"Content-Type: application/x-ndjson\r\nContent-Length: {len(line) * 100000}\r\n\r\n").encode()
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", daemon.rest_port), 10) as s:
            s.sendall(head + line * 500 + line[:50])
    wait.until(lambda: way.api.get(f"/v1/stations/{name}").json["messages"] > 0, "the first of them", 10)
    assert way.produced(name, "y")["partition"] == 1
