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
from way.http import data_of

PARTITIONS = 8


@pytest.fixture(scope="session")
def flights_file():
    given = os.environ.get("WAY_TEST_FLIGHTS")
    return pathlib.Path(given) if given else fetched()


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


def command(daemon, way, *words, stdout=subprocess.PIPE):
    env = {**os.environ, "WAYSTATION_TOKEN": way.api.token, "WAYSTATION_API_URL": f"http://127.0.0.1:{daemon.api_port}",
           "WAYSTATION_REST_URL": f"http://127.0.0.1:{daemon.rest_port}"}
    return subprocess.run([servers.BIN, *words], stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=120, env=env)


def test_flights(daemon, way, flights_file, name, tmp_path):
    flights = json.loads(flights_file.read_text())
    assert len(flights) == 20_000
    way.station(name, partitions=PARTITIONS)
    way.group(name, "g")
    done = command(daemon, way, "produce", name, "--file", str(flights_file), "--json-array", "--key-from", "/origin")
    assert done.returncode == 0, done.stdout + done.stderr

    want = collections.Counter(partition_of(record["origin"], PARTITIONS) for record in flights)
    shown = way.api.get(f"/v1/stations/{name}").json
    assert shown["messages"] == 20_000
    assert {p["partition"]: p["messages"] for p in shown["partition_list"] if p["messages"]} == want

    got = consume(daemon, way, name, 4, tmp_path)
    assert len(got) == 20_000 and {m["deliveries"] for m in got} == {1}
    assert len({(m["partition"], m["seq"]) for m in got}) == 20_000, "each exactly once"
    by_origin, by_file = collections.defaultdict(list), collections.defaultdict(list)
    for message in sorted(got, key=lambda m: m["seq"]):
        record = json.loads(data_of(message))
        assert message["key"] == record["origin"] and message["partition"] == partition_of(record["origin"], PARTITIONS)
        by_origin[record["origin"]].append(record)
    for record in flights:
        by_file[record["origin"]].append(record)
    assert by_origin == by_file, "every record, in file order of its origin"
    left = way.api.get(f"/v1/stations/{name}/groups/g").json
    assert left["lag"] == 0 and left["unacked"] == 0


def consume(daemon, way, name, parallel, folder):
    """The group by so many consumers at once, each a command of its own, until nothing is left."""
    outs = [folder / f"consumer{i}.ndjson" for i in range(parallel)]

    def work(out):
        with open(out, "w") as file:
            results.append(command(daemon, way, "consume", name, "--group", "g", "--json", "--timeout", "3s", stdout=file))

    results = []
    threads = [threading.Thread(target=work, args=(out,)) for out in outs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert [r.returncode for r in results] == [0] * parallel, results
    got = [[json.loads(line) for line in out.read_text().splitlines()] for out in outs]
    assert all(got), "every consumer had its part"
    return sum(got, [])
