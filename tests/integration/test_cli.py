"""The command line against a daemon: every verb, its JSON, and the exit codes that scripts rely on."""
import json
import os
import subprocess

import pytest

from way import servers
from way.http import data_of

FAILED, USAGE, NOT_FOUND, CONFLICT, AUTH, RETRY = 1, 2, 3, 4, 5, 6


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def cli(daemon, home):
    env = {k: v for k, v in os.environ.items() if not k.startswith("WAYSTATION_")}
    env.update(HOME=str(home), WAYSTATION_API_URL=f"http://127.0.0.1:{daemon.api_port}",
               WAYSTATION_REST_URL=f"http://127.0.0.1:{daemon.rest_port}", ASAN_OPTIONS="abort_on_error=1:detect_leaks=1")
    env.pop("XDG_CONFIG_HOME", None)

    def run(*words, code=0, stdin=None, **more):
        if isinstance(stdin, str):
            stdin = stdin.encode()
        done = subprocess.run([servers.BIN, *words], input=stdin if stdin is not None else b"", capture_output=True, timeout=60,
                              env={**env, **more}, cwd=home)
        out, err = done.stdout.decode("utf-8", "surrogateescape"), done.stderr.decode()
        assert done.returncode == code, (words, done.returncode, out, err)
        done.out, done.err = out, err
        return done

    run("login", WAYSTATION_PASSWORD=servers.ROOT_PASSWORD)
    return run


def test_signing_in(cli, home, daemon):
    file = home / ".config/waystation/credentials.json"
    assert file.stat().st_mode & 0o777 == 0o600 and servers.ROOT_PASSWORD not in file.read_text()
    assert "Signed in" in cli("login", "--password-file", "-", stdin=servers.ROOT_PASSWORD + "\n").out
    assert "letmein-7" not in cli("login", WAYSTATION_PASSWORD="letmein-7", code=AUTH).err
    lost = cli("station", "ls", HOME="/nonexistent", code=AUTH)
    assert "waystation login" in lost.err
    away = cli("status", WAYSTATION_API_URL="http://127.0.0.1:1", WAYSTATION_TOKEN="x", code=RETRY)
    assert "cannot be reached" in away.err


def test_stations(cli, name):
    assert name in cli("station", "add", name, "--partitions", "3", "--retention-age", "7d", "--tag", "team=a", "-d", "why").out
    shown = json.loads(cli("station", "info", name, "--json").out)
    assert shown["partitions"] == 3 and shown["retention"]["max_age_sec"] == 7 * 86400
    assert shown["tags"] == {"team": "a"} and shown["description"] == "why"
    assert "7d" in cli("station", "info", name).out
    assert name in cli("station", "ls").out
    assert name in [s["name"] for s in json.loads(cli("station", "ls", "--json").out)["stations"]]
    edited = json.loads(cli("station", "edit", name, "--retention-messages", "500", "--json").out)
    assert edited["retention"] == {"max_age_sec": 7 * 86400, "max_messages": 500, "max_bytes": 0, "ack_based": False}
    cli("produce", name, "a", "b", "c")
    assert "--force" in cli("station", "purge", name, code=USAGE).err
    assert json.loads(cli("station", "purge", name, "--force", "--json").out) == {"removed": 3}
    cli("station", "rm", name, "--force")
    cli("station", "info", name, code=NOT_FOUND)


def test_refusals_have_their_exit_codes(cli, name):
    cli("station", "add", name)
    assert "exists" in cli("station", "add", name, code=CONFLICT).err
    assert "4096" in cli("station", "add", name + "x", "--partitions", "5000", code=FAILED).err
    assert "--partitions" in cli("station", "add", name, "--partitions", "x", code=USAGE).err
    assert "unknown flag --nope" in cli("station", "add", name, "--nope", code=USAGE).err
    cli("station", "add", code=USAGE)
    cli("station", "nope", code=USAGE)
    cli("nope", code=USAGE)
    cli("group", "info", name, "nope", code=NOT_FOUND)
    problem = json.loads(cli("station", "info", name + "x", "--json", code=NOT_FOUND).out)
    assert problem["code"] == "not_found"


def test_groups(cli, name):
    cli("station", "add", name, "--partitions", "2")
    cli("produce", name, *[str(i) for i in range(10)])
    made = json.loads(cli("group", "add", name, "g", "--ack-wait", "5s", "--max-deliver", "4", "--backoff", "1s", "--backoff", "2s", "--json").out)
    assert made["max_deliver"] == 4 and made["backoff_ms"] == [1000, 2000]
    assert json.loads(cli("group", "info", name, "g", "--json").out)["lag"] == 10
    assert "g" in cli("group", "ls", name).out and "PARTITION" in cli("group", "info", name, "g").out
    assert json.loads(cli("group", "edit", name, "g", "--max-deliver", "6", "--json").out)["max_deliver"] == 6
    assert len(cli("consume", name, "--group", "g", "--count", "10").out.splitlines()) == 10
    dry = json.loads(cli("group", "seek", name, "g", "--all", "--dry-run", "--json").out)
    assert dry["dry_run"] and dry["repeats"] == 10
    assert "10 repeated" in cli("group", "seek", name, "g", "--all").out
    assert len(cli("consume", name, "--group", "g", "--count", "10").out.splitlines()) == 10
    cli("group", "seek", name, "g", code=USAGE)
    cli("group", "rm", name, "g")
    cli("group", "info", name, "g", code=NOT_FOUND)
    cli("consume", name, "--group", "g", "--no-create", code=NOT_FOUND)


def test_producing(cli, way, home, name):
    cli("station", "add", name, "--partitions", "4")
    cli("produce", name, "one", "two", "--key", "k", "-H", "trace:abc")
    cli("produce", name, stdin="three\n\nfour\n")
    (home / "raw.bin").write_bytes(bytes(range(256)))
    cli("produce", name, "--raw", "--file", "raw.bin")
    cli("produce", name, "--ndjson", stdin='{"data":"five","key":"x"}\n{"data_b64":"/wA="}\n')
    cli("produce", name, "--key-from", "/user/id", stdin='{"user":{"id":"u1"}}\n')
    (home / "array.json").write_text('[\n {"a": 1},\n {"a": 2}\n]\n')
    cli("produce", name, "--json-array", "--file", "array.json", "--msg-id-prefix", "load")
    again = cli("produce", name, "--json-array", "--file", "array.json", "--msg-id-prefix", "load", "--json")
    assert json.loads(again.out)["failed"] == 0
    messages = way.browse(name)
    bodies = [data_of(m) for m in messages]
    for want in (b"one", b"two", b"three", b"four", bytes(range(256)), b"five", b"\xff\x00"):
        assert bodies.count(want) == 1, want
    assert len(messages) == 10
    keys = {data_of(m): m.get("key") for m in messages}
    assert keys[b"one"] == "k" and keys[b"five"] == "x" and "u1" in keys.values()
    bad = cli("produce", name, "--key-from", "/user/id", stdin="not json\n", code=FAILED)
    assert "line 1" in bad.err or "1:" in bad.err
    cli("produce", name + "x", "a", code=NOT_FOUND)


def test_consuming_and_looking(cli, name):
    cli("station", "add", name)
    cli("produce", name, "a", "b", "c", "--key", "k")
    seen = [json.loads(line) for line in cli("get", name, "--json").out.splitlines()]
    assert [m["data"] for m in seen] == ["a", "b", "c"] and seen[0]["key"] == "k"
    assert cli("get", name, "--from", "2", "--limit", "1").out == "b\n"
    assert cli("get", name, "--contains", "c").out == "c\n"
    assert cli("consume", name, "--group", "g", "--count", "1", "--no-ack").out == "a\n"
    assert cli("consume", name, "--group", "h", "--count", "2").out == "a\nb\n"
    rest = [json.loads(line) for line in cli("consume", name, "--group", "h", "--json", "--timeout", "1s").out.splitlines()]
    assert [(m["data"], m["partition"], m["seq"], m["key"]) for m in rest] == [("c", 1, 3, "k")] and "receipt" not in rest[0]
    cli("consume", name, "--group", "h", "--count", "1", "--timeout", "500ms", code=FAILED)


def test_status_and_config(cli):
    status = json.loads(cli("status", "--json").out)
    assert status["ready"] and status["nats"]["connected"] and status["postgres"]["connected"]
    assert "nats-server" in cli("status").out
    shown = json.loads(cli("config", "show", "--json", WAYSTATION_ROOT_PASSWORD="secret-9").out)
    assert shown["rest_port"] == 4444 and shown["root_password"] == "********"
    assert "secret-9" not in cli("config", "show", WAYSTATION_ROOT_PASSWORD="secret-9").out


@pytest.mark.parametrize("words", [["station"], ["station", "add"], ["group"], ["group", "seek"], ["produce"], ["consume"], ["get"],
                                   ["status"], ["login"], ["serve"], []])
def test_help_is_on_standard_output(cli, words):
    assert "Usage" in cli(*words, "--help").out or "usage" in cli(*words, "--help").out
