"""Fixtures: one Postgres for the whole run; a nats-server and a daemon per module, shared by its tests."""
import itertools
import pathlib
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from way import servers  # noqa: E402
from way.http import Way  # noqa: E402
from way.nats import Nats  # noqa: E402

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="waystation-pg-"))
    folder.chmod(0o711)
    server = servers.Postgres(folder / "cluster").start()
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def stack(postgres, request):
    made = servers.Stack(postgres, request.module.__name__.split(".")[-1].replace("_", "-"),
                         config=getattr(request.module, "CONFIG", None))  # of every daemon of the module
    yield made
    made.close()


@pytest.fixture(scope="module")
def daemon(stack):
    return stack.daemon()


@pytest.fixture(scope="module")
def way(daemon):
    return Way(daemon)


@pytest.fixture
def nats(stack):
    with Nats(stack.nats.port) as client:
        yield client


@pytest.fixture
def name(request):
    """A station name of this test's own."""
    short = request.node.name.split("[")[0].removeprefix("test_").replace("_", "-")[:40].strip("-")
    return f"{short}-{next(_numbers)}"


@pytest.fixture
def own_stack(postgres, request):
    """For tests that break things: servers of their own."""
    made = servers.Stack(postgres, "own")
    yield made
    made.close()
