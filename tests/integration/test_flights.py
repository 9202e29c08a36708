"""Twenty thousand real records by the command line: each consumed exactly once, in order of its key.

The records are data/flights-20k.json of the npm package vega-datasets 2.x: WAY_TEST_FLIGHTS names the file; without it
the package is fetched once into .cache of the repository.
"""
import collections
import json
import os
import pathlib
import shutil
import subprocess
import tarfile
import threading

import pytest

from test_produce import partition_of
from way import servers
from way.http import Way, data_of

PARTITIONS = 8


@pytest.fixture(scope="session")
def flights():
    given = os.environ.get("WAY_TEST_FLIGHTS")
    path = pathlib.Path(given) if given else fetched()
    records = json.loads(path.read_text())
    assert len(records) == 20_000
    return records


def fetched():
    folder = servers.ROOT / ".cache"
    path = folder / "flights-20k.json"
    if path.exists():
        return path
    if not shutil.which("npm"):
        pytest.skip("no npm to fetch vega-datasets with, and WAY_TEST_FLIGHTS is not set")
    folder.mkdir(exist_ok=True)
    packed = subprocess.run(["npm", "pack", "--silent", "vega-datasets@2"], cwd=folder, capture_output=True, text=True, timeout=120)
    if packed.returncode != 0:
        pytest.skip("vega-datasets cannot be fetched: " + packed.stderr[-300:])
    archive = folder / packed.stdout.strip().splitlines()[-1]
    with tarfile.open(archive) as tar:
        data = tar.extractfile("package/data/flights-20k.json").read()
    archive.unlink()
    path.write_bytes(data)
    return path


def command(daemon, way, *words, **kw):
    env = {**os.environ, "WAYSTATION_TOKEN": way.api.token}
    return subprocess.run([servers.BIN, *words], capture_output=True, text=True, timeout=120, env=env, **kw)


def test_flights(daemon, way, flights, name, tmp_path):
    way.station(name, partitions=PARTITIONS)
    way.group(name, "g")
    lines = [json.dumps(record, separators=(",", ":")) for record in flights]
    file = tmp_path / "flights.ndjson"
    file.write_text("\n".join(lines) + "\n")
    produced = produce_by_command_line(daemon, way, name, file)
    assert produced.returncode == 0, produced.stdout + produced.stderr

    want = collections.Counter(partition_of(record["origin"], PARTITIONS) for record in flights)
    shown = way.api.get(f"/v1/stations/{name}").json
    assert shown["messages"] == 20_000
    assert {p["partition"]: p["messages"] for p in shown["partition_list"] if p["messages"]} == want

    got = consume(daemon, name, 4)
    assert len(got) == 20_000 and {m["deliveries"] for m in got} == {1}
    assert len({(m["partition"], m["seq"]) for m in got}) == 20_000, "each exactly once"
    assert collections.Counter(data_of(m).decode() for m in got) == collections.Counter(lines)
    by_origin, by_file = collections.defaultdict(list), collections.defaultdict(list)
    for message in sorted(got, key=lambda m: m["seq"]):
        origin = json.loads(data_of(message))["origin"]
        assert message["key"] == origin and message["partition"] == partition_of(origin, PARTITIONS)
        by_origin[origin].append(data_of(message).decode())
    for line, record in zip(lines, flights):
        by_file[record["origin"]].append(line)
    assert by_origin == by_file, "order of each origin"
    left = way.api.get(f"/v1/stations/{name}/groups/g").json
    assert left["lag"] == 0 and left["unacked"] == 0


def consume(daemon, name, parallel):
    got, lock, problems = [], threading.Lock(), []

    def work():
        way = Way(daemon)
        try:
            quiet = 0
            while quiet < 3:
                messages = way.fetch(name, "g", 500, 1000)
                if messages:
                    way.ack(name, "g", messages)
                quiet = 0 if messages else quiet + 1
                with lock:
                    got.extend(messages)
                    if len(got) >= 20_000:
                        return
        except Exception as error:  # shown by the test
            problems.append(error)

    threads = [threading.Thread(target=work) for _ in range(parallel)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not problems, problems
    return got


def produce_by_command_line(daemon, way, name, file):
    with open(file) as lines:
        return command(daemon, way, "produce", name, "--lines", "data", "--key-from", "/origin", stdin=lines)
