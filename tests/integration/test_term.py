"""Giving a message up: what is kept of it, and that it is kept before it goes."""
import base64
import json

from way.http import data_of


def last_record(nats, name, partition, group):
    """The newest term record of a group's partition, from the capture stream."""
    found = nats.api("STREAM.MSG.GET.$way_capture", {"last_by_subj": f"way.term.{name}.{partition}.{group}"})["message"]
    return json.loads(base64.b64decode(found["data"]))


def dead(nats, seq):
    message = nats.api("STREAM.MSG.GET.$way_dead", {"seq": seq})["message"]
    lines = base64.b64decode(message["hdrs"]).decode().split("\r\n")[1:-2]
    return message["subject"], base64.b64decode(message["data"]), dict(line.split(": ", 1) for line in lines)


def test_a_term_record_names_everything(way, nats, name):
    way.station(name)
    made = way.produced(name, "bad")
    station = way.group(name, "g")
    assert station["name"] == "g"
    message = way.fetch(name, "g", 1)[0]
    assert way.settle(name, "g", term=[message["receipt"]], reason='no "parser" é').json["ok"] == 1
    record = last_record(nats, name, 1, "g")
    assert record["stream"] == f"{name}$1" and record["seq"] == made["seq"] and record["group"] == "g"
    assert record["reason"] == 'no "parser" é' and record["user"] == "root" and record["deliveries"] == 1
    assert record["station_id"] > 0 and record["time"].endswith("Z")
    assert way.fetch(name, "g", 1, 500) == []


def test_a_term_sent_again_is_one_record(way, nats, name):
    way.station(name)
    way.produced(name, "bad")
    way.group(name, "g")
    receipt = way.fetch(name, "g", 1)[0]["receipt"]
    assert way.settle(name, "g", term=[receipt]).json["ok"] == 1
    subject = f"way.term.{name}.1.g"
    count = lambda: nats.api("STREAM.INFO.$way_capture", {"subjects_filter": subject})["state"]["subjects"][subject]
    assert count() == 1
    way.settle(name, "g", term=[receipt])
    assert count() == 1


def test_on_ack_based_stations_a_copy_stays(way, nats, name):
    way.station(name, partitions=2, retention_type="ack_based")
    way.group(name, "g")
    way.group(name, "h")
    sent = [way.produced(name, f"m{i}".encode() + b"\xff\x00", {"Way-Header-Trace": f"t{i}"}, key=f"k{i}", msg_id=f"id{i}") for i in range(4)]
    before = nats.stream("$way_dead")["state"]["last_seq"]
    messages = way.fetch(name, "g", 4)
    assert way.settle(name, "g", term=[m["receipt"] for m in messages]).json["ok"] == 4
    kept = [dead(nats, seq) for seq in range(before + 1, before + 5)]
    assert nats.stream("$way_dead")["state"]["last_seq"] == before + 4
    for subject, data, headers in kept:
        i = int(data[1:2])
        assert data == f"m{i}".encode() + b"\xff\x00" and subject == f"way.dead.{name}.{sent[i]['partition']}"
        assert headers["Trace"] == f"t{i}" and headers["Way-Key"] == f"k{i}"
        assert headers["Way-Original-Nats-Msg-Id"] == f"id{i}", "the id must not act on the copy"
        assert headers["Way-Original-Stream"] == f"{name}${sent[i]['partition']}"
        assert headers["Way-Original-Partition"] == str(sent[i]["partition"]) and headers["Way-Original-Sequence"] == str(sent[i]["seq"])
        assert headers["Way-Original-Time"].endswith("Z") and int(headers["Way-Original-Station-Id"]) > 0
    # the other group still gets all of it, and when it gives them up too nothing is copied twice
    others = way.fetch(name, "h", 4)
    assert sorted(data_of(m)[:2] for m in others) == [b"m0", b"m1", b"m2", b"m3"]
    assert way.settle(name, "h", term=[m["receipt"] for m in others]).json["ok"] == 4
    assert nats.stream("$way_dead")["state"]["last_seq"] == before + 4
    assert way.browse(name) == []


def test_a_term_that_cannot_be_recorded_does_not_happen(way, nats, name):
    way.station(name)
    way.produced(name, "x")
    way.group(name, "g", ack_wait_ms=60_000)
    receipt = way.fetch(name, "g", 1)[0]["receipt"]
    config = nats.stream("$way_capture")["config"]
    config.pop("metadata", None)
    subjects = config["subjects"]
    try:
        nats.api("STREAM.UPDATE.$way_capture", {**config, "subjects": [s for s in subjects if not s.startswith("way.term")]})
        answer = way.settle(name, "g", term=[receipt])
        assert answer.status == 503 and answer.json["results"][0]["result"] == "unconfirmed" and answer.json["retry"] is True
        assert nats.consumer(f"{name}$1", "g")["num_ack_pending"] == 1
    finally:
        nats.api("STREAM.UPDATE.$way_capture", {**config, "subjects": subjects})
    assert way.settle(name, "g", term=[receipt]).json["ok"] == 1
    assert nats.consumer(f"{name}$1", "g")["num_ack_pending"] == 0
