"""No size and no limit lets an acked message be unreadable: whatever is acked is read back by browse and by fetch."""
import hashlib
import os
import re

import pytest

from way.http import data_of

MIB = 1 << 20


def header_block(**headers):
    """Bytes that these message headers take of the limit."""
    return len(b"NATS/1.0\r\n" + b"".join(f"{k}: {v}\r\n".encode() for k, v in headers.items()) + b"\r\n")


def text(size):
    """That many bytes of ASCII, different every time."""
    return (os.urandom(500).hex() * (size // 1000 + 1))[:size].encode()


def digest(data):
    return hashlib.sha256(data).hexdigest()


def read_back(way, name, want, group="g"):
    """Both ways of reading give exactly what was acked: {(partition, seq): digest}."""
    seen = {}
    for message in way.browse(name, limit=1):
        seen[message["partition"], message["seq"]] = digest(data_of(message))
    assert seen == want
    way.group(name, group)
    got = {}
    while len(got) < len(want):
        messages = way.fetch(name, group, 1, 20_000)
        assert messages, f"{len(got)} of {len(want)} came"
        for message in messages:
            got[message["partition"], message["seq"]] = digest(data_of(message))
        way.ack(name, group, messages)
    assert got == want


@pytest.mark.parametrize("storage,limit", [("file", 31 * MIB), ("memory", 63 * MIB), ("file", 1000)])
def test_the_largest_message_fits_exactly_and_is_readable(way, nats, name, storage, limit):
    way.station(name, storage=storage, max_message_bytes=limit)
    acked = {}
    plain = text(limit)
    acked[1, way.produced(name, plain)["seq"]] = digest(plain)

    headers = {"Trace": "t" * 100}
    keyed = text(limit - header_block(**{"Way-Key": "a-key", **headers}))
    made = way.produced(name, keyed, {"Way-Header-Trace": "t" * 100}, key="a-key")
    acked[1, made["seq"]] = digest(keyed)
    stored = nats.stored(f"{name}$1", made["seq"])
    assert digest(stored.data) == digest(keyed), "read by somebody else"

    for body, more, query in ((plain + b"x", None, {}), (keyed + b"x", {"Way-Header-Trace": "t" * 100}, {"key": "a-key"})):
        answer = way.produce(name, body, more, **query)
        assert answer.status == 413 and answer.code == "too_large" and str(limit) in answer.json["detail"], answer
    assert nats.stream(f"{name}$1")["state"]["messages"] == 2
    read_back(way, name, acked)
    way.api.delete(f"/v1/stations/{name}")


def test_the_default_limit(way, name):
    way.station(name)
    body = text(8 * MIB)
    acked = {(1, way.produced(name, body)["seq"]): digest(body)}
    assert way.produce(name, body + b"x").status == 413
    read_back(way, name, acked)


@pytest.mark.parametrize("storage,partitions,limit", [("file", 1, 1000), ("file", 3, 100_000), ("memory", 2, 5 * MIB)])
def test_the_smallest_bytes_limit_keeps_the_largest_message(way, name, storage, partitions, limit):
    """A share of a bytes limit below one message would be acked and lost; the refusal says what is enough."""
    spec = {"name": name, "storage": storage, "partitions": partitions, "max_message_bytes": limit}
    answer = way.api.post("/v1/stations", {**spec, "retention": {"max_bytes": limit}})
    assert answer.status == 400 and "max_bytes" in answer.json["detail"], answer
    enough = [n for n in map(int, re.findall(r"\d+", answer.json["detail"])) if n > limit * partitions]
    assert enough, answer.json["detail"]
    least = min(enough)
    answer = way.api.post("/v1/stations", {**spec, "retention": {"max_bytes": least - partitions}})
    assert answer.status == 400, answer
    way.station(**spec, retention={"max_bytes": least})
    for partition in range(1, partitions + 1):
        for key in (None, "k" * 50):
            size = limit - (header_block(**{"Way-Key": key}) if key else 0)
            body = text(size)
            made = way.produced(name, body, partition=partition, **({"key": key} if key else {}))
            newest = way.browse(name, partition=partition, limit=1)[-1]
            assert newest["seq"] == made["seq"] and digest(data_of(newest)) == digest(body)
    # an edit that would make the share too small is refused as well
    answer = way.api.patch(f"/v1/stations/{name}", {"max_message_bytes": limit * 2})
    assert answer.status == 400, answer
    newest = {(m["partition"], m["seq"]): digest(data_of(m)) for m in way.browse(name, limit=1)}
    read_back(way, name, newest)


def test_limits_discard_the_oldest(way, nats, name):
    way.station(name, partitions=2, retention={"max_messages": 10})
    for i in range(40):
        way.produced(name, f"{i}", partition=1 + i % 2)
    assert [data_of(m).decode() for m in way.browse(name, partition=1)] == ["30", "32", "34", "36", "38"]
    assert [data_of(m).decode() for m in way.browse(name, partition=2)] == ["31", "33", "35", "37", "39"]
    assert way.api.get(f"/v1/stations/{name}").json["messages"] == 10


def test_many_sizes_around_the_limit(way, name):
    """Bodies, keys and headers that only just fit or only just do not: acked if and only if it can be read."""
    limit = 2000
    way.station(name, max_message_bytes=limit)
    acked = {}
    for key_size in (0, 1, 37):
        for header_size in (0, 1, 50):
            block = {}
            if key_size:
                block["Way-Key"] = "k" * key_size
            if header_size:
                block["H"] = "v" * header_size
            room = limit - (header_block(**block) if block else 0)
            for size in (room - 1, room, room + 1):
                body = text(size)
                answer = way.produce(name, body, {"Way-Header-H": "v" * header_size} if header_size else None,
                                     **({"key": "k" * key_size} if key_size else {}))
                assert answer.status == (413 if size > room else 201), (key_size, header_size, size - room, answer)
                if answer.status == 201:
                    acked[1, answer.json["seq"]] = digest(body)
    read_back(way, name, acked)


def test_one_batch_around_the_limit(way, name):
    way.station(name, partitions=2, max_message_bytes=1000)
    fits, too_long = text(1000).decode(), text(1001).decode()
    answer = way.ndjson(name, [{"data": fits, "partition": 1}, {"data": too_long, "partition": 2}, {"data": fits, "partition": 1}])
    assert answer.json["sent"] == 2 and answer.json["failed"] == 1, answer
    read_back(way, name, {(1, 1): digest(fits.encode()), (1, 2): digest(fits.encode())})
