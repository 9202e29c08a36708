"""The daemon behind PgBouncer in transaction mode, with fewer server connections than it has threads."""
import os
import pathlib
import shutil

import pytest

from way import servers, wait
from way.http import Way

CONFIG = {"catalog_poll_ms": 100}
PGBOUNCER = os.environ.get("WAY_TEST_PGBOUNCER") or shutil.which("pgbouncer", path=os.environ["PATH"] + ":/usr/sbin")


class PgBouncer(servers.Process):
    def __init__(self, folder, postgres):
        super().__init__()
        self.folder, self.port = pathlib.Path(folder), wait.free_port()
        self.folder.mkdir(parents=True)
        self.config = self.folder / "pgbouncer.ini"
        self.config.write_text(
            f"[databases]\n* = host=127.0.0.1 port={postgres.port} user=test\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {self.port}\nunix_socket_dir =\n"
            "auth_type = any\npool_mode = transaction\ndefault_pool_size = 8\n"
        )
        self.as_user = postgres.as_user  # it refuses to run as root, as Postgres does
        if self.as_user:
            shutil.chown(self.folder, "postgres", "postgres")

    def start(self):
        self.spawn([*self.as_user, PGBOUNCER, str(self.config)], self.folder / "pgbouncer.log")
        wait.until(lambda: self.alive() and wait.listens(self.port), "pgbouncer", 15)
        return self


@pytest.fixture(scope="module")
def bouncer(stack):
    if not PGBOUNCER:
        pytest.skip("no pgbouncer here")
    server = PgBouncer(stack.folder / "pgbouncer", stack.postgres).start()
    stack.database_url = f"postgres://test@127.0.0.1:{server.port}/{stack.folder.name}"
    yield server
    for made in stack.daemons:
        made.stop()
    server.stop()


def test_everything_works_through_a_pooler(bouncer, stack, nats, name):
    first, second = Way(stack.daemon()), Way(stack.daemon())
    names = [f"{name}-{i}" for i in range(10)]
    for i, station in enumerate(names):
        (first, second)[i % 2].station(station, partitions=2)
    for way in (first, second):
        wait.until(lambda w=way: len([s for s in w.api.get("/v1/stations?limit=1000").json["stations"] if s["name"] in names]) == 10,
                   "all stations on both", 5)
    for station in names:
        first.group(station, "g")
        second.produced(station, "x")
        assert second.api.patch(f"/v1/stations/{station}", {"description": "changed"}).status == 200
        assert first.api.post(f"/v1/stations/{station}/groups/g:seek", {"start": "all"}).status == 200
        assert len(first.drain(station, "g", 1)) == 1
        assert first.api.delete(f"/v1/stations/{station}").status in (200, 204)
    assert not [s for s in nats.streams() if s.startswith(name)]
    # the schema says that it is whole: a third daemon starts on it
    stack.daemon()


def test_a_pooler_that_comes_back(bouncer, stack, name):
    way = Way(stack.daemon())
    bouncer.stop()
    answer = way.api.post("/v1/stations", {"name": name})
    assert answer.status == 503 and answer.code == "unavailable", answer
    bouncer.start()
    wait.until(lambda: way.api.post("/v1/stations", {"name": name}).status in (201, 409), "changes again", 15)
