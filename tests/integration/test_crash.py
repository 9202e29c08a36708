"""A kill -9 at every fault point of the control plane: the next start repairs what is left.

The points are found in the sources, so that a new one is tested without a word here.  Needs a build with -DWAY_FAULTS=ON.
"""
import json
import pathlib
import re
import subprocess

import pytest

from way import servers, wait
from way.http import Way

ROOT = pathlib.Path(__file__).resolve().parents[2]
POINTS = sorted({m for f in (ROOT / "core" / "control").glob("*.c") for m in re.findall(r'WAY_FAULT\("([^"]+)"\)', f.read_text())})
FAST = {"reconcile_ms": 200, "lease_ms": 1000, "catalog_poll_ms": 100}


@pytest.fixture(scope="module")
def faults():
    if b"waystation: fault point" not in pathlib.Path(servers.BIN).read_bytes():
        pytest.skip("the daemon was built without -DWAY_FAULTS=ON")


class Script:
    """Every operation that changes something, on objects of its own; stops at the first that the daemon does not survive."""

    def __init__(self, daemon, tag, point):
        self.daemon, self.tag, self.point = daemon, tag, point
        self.way = Way(daemon)
        self.done = []

    def name(self, what):
        return f"{self.tag}-{what}"

    def steps(self):
        api, made, name = self.way.api, self.way.station, self.name
        limits, held, moved, doomed = name("limits"), name("held"), name("moved"), name("doomed")

        def produce(station):
            for i in range(6):
                self.way.produced(station, f"{i}", partition=1 + i % 3)

        def must(answer):
            assert answer.status in (200, 201, 204), answer

        def refused(answer):
            assert answer.status >= 400, answer

        big = {"retention": {"max_bytes": 40 << 30}}  # the second partition is more than the server has: half of it is undone
        # what: the step, the steps it needs, what it does
        return {
            "create limits": ("", lambda: made(limits, partitions=3, retention={"max_messages": 300}, description="old")),
            "produce limits": ("create limits", lambda: produce(limits)),
            "create held": ("", lambda: made(held, partitions=3, retention_type="ack_based")),
            "produce held": ("create held", lambda: produce(held)),
            "create moved": ("", lambda: made(moved, partitions=3, retention_type="ack_based")),
            "group moved a": ("create moved", lambda: self.way.group(moved, "a")),
            "group moved b": ("group moved a", lambda: self.way.group(moved, "b")),
            "produce moved": ("group moved b", lambda: produce(moved)),
            "edit limits": ("produce limits", lambda: must(api.patch(f"/v1/stations/{limits}", {"retention": {"max_messages": 600}, "description": "new"}))),
            "edit refused": ("produce limits", lambda: refused(api.patch(f"/v1/stations/{limits}", big))),
            "group held": ("produce held", lambda: self.way.group(held, "g")),
            "group limits": ("produce limits", lambda: self.way.group(limits, "g")),
            "edit group": ("group limits", lambda: must(api.patch(f"/v1/stations/{limits}/groups/g", {"ack_wait_ms": 9000, "max_deliver": 20}))),
            "seek limits": ("group limits", lambda: must(api.post(f"/v1/stations/{limits}/groups/g:seek", {"start": {"last": 2}}))),
            "seek held": ("group held", lambda: must(api.post(f"/v1/stations/{held}/groups/g:seek", {"start": "all"}))),
            "delete group": ("produce moved", lambda: must(api.delete(f"/v1/stations/{moved}/groups/b"))),
            "delete last group": ("group held", lambda: must(api.delete(f"/v1/stations/{held}/groups/g"))),
            "purge": ("produce moved", lambda: must(api.post(f"/v1/stations/{moved}/purge"))),
            "create doomed": ("", lambda: made(doomed, partitions=3, retention_type="ack_based")),
            "group doomed": ("create doomed", lambda: self.way.group(doomed, "g")),
            "delete doomed": ("group doomed", lambda: must(api.delete(f"/v1/stations/{doomed}"))),
        }

    def chosen(self):
        """The steps that come near the point, in order, with what they need; all of them for a point of another name."""
        near = {"station.create": ("create limits", "create held"), "station.edit": ("edit limits", "edit refused"),
                "station.delete": ("delete doomed",), "station.purge": ("purge",),
                "group.create": ("group held", "group limits"), "group.edit": ("edit group",),
                "group.delete": ("delete group", "delete last group"), "group.seek": ("seek limits", "seek held")}
        steps = self.steps()
        wanted = set(near.get(".".join(self.point.split(".")[:2]), steps))
        for _ in steps:
            wanted |= {steps[what][0] for what in wanted if steps[what][0]}
        return [(what, steps[what][1]) for what in steps if what in wanted]

    def run(self):
        """The step in which the daemon died; None if it survived all."""
        for what, step in self.chosen():
            try:
                step()
            except Exception as error:
                if not self.wait_dead():
                    raise AssertionError(f"{what}: {error}\n{self.daemon.tail()}") from error
                return what
            self.done.append(what)
        return None

    def wait_dead(self):
        try:
            self.daemon.child.wait(10)
            return True
        except subprocess.TimeoutExpired:
            return False


def rows(stack, sql):
    return json.loads(stack.postgres.sql(f"SELECT coalesce(json_agg(x), '[]') FROM ({sql}) x", stack.folder.name))


def unsettled(stack):
    return rows(stack, "SELECT 'station' AS kind, name, state, spec_version, applied_version, NULL AS seeking FROM stations"
                       " WHERE state IN ('creating', 'deleting') OR (state = 'active' AND spec_version <> applied_version)"
                       " UNION ALL SELECT 'group', name, state, spec_version, applied_version, seeking::text FROM groups"
                       " WHERE state IN ('creating', 'deleting') OR (state = 'active' AND (spec_version <> applied_version OR seeking IS NOT NULL))")


def check_streams_equal_rows(stack, nats, way, tag):
    """Streams and durables are exactly those of the rows, and carry what the rows say."""
    stations = rows(stack, f"SELECT id, name, internal, spec FROM stations WHERE state = 'active' AND name LIKE '{tag}-%'")
    groups = rows(stack, "SELECT station_id, internal, spec FROM groups WHERE state = 'active'")
    want = {f"{s['internal']}${p}" for s in stations for p in (1, 2, 3)}
    assert {n for n in nats.streams() if n.startswith(tag + "-")} == want
    for s in stations:
        shown = way.api.get(f"/v1/stations/{s['name']}").json
        assert shown["problems"] == [], shown
        mine = {g["internal"]: g for g in groups if g["station_id"] == s["id"]}
        held = shown["retention"]["ack_based"] and not mine
        for p in (1, 2, 3):
            stream = f"{s['internal']}${p}"
            config = nats.stream(stream)["config"]
            assert config["max_msgs"] == ((shown["retention"]["max_messages"] + 2) // 3 or -1)
            assert config["max_bytes"] == ((shown["retention"]["max_bytes"] + 2) // 3 or -1)
            assert set(nats.consumers(stream)) == set(mine) | ({"$way_hold"} if held else set()), (stream, shown)
            for group in mine:
                consumer = nats.consumer(stream, group)["config"]
                spec = way.api.get(f"/v1/stations/{s['name']}/groups/{group}").json
                assert consumer["ack_wait"] == spec["ack_wait_ms"] * 10**6 and consumer["max_deliver"] == spec["max_deliver"]
    return {s["name"] for s in stations}


def check_messages(way, script, died, alive):
    """What was acked before the kill is there, wherever no finished or interrupted step says otherwise."""
    for station, produced in ((script.name("limits"), "produce limits"), (script.name("held"), "produce held"), (script.name("moved"), "produce moved")):
        if produced not in script.done:
            continue
        assert station in alive, f"{station} is gone"
        count = way.api.get(f"/v1/stations/{station}").json["messages"]
        if station == script.name("moved") and (died == "purge" or "purge" in script.done):
            assert count in (0, 2, 4, 6)
        else:
            assert count == 6, f"{count} of 6 messages of {station} after the kill in '{died}'"


def check_usable(way, script, alive):
    for station in sorted(alive):
        assert way.produced(station, "after", partition=1)["seq"] >= 1
        for group in way.api.get(f"/v1/stations/{station}/groups").json["groups"]:
            messages = wait.until(lambda s=station, g=group["name"]: way.fetch(s, g, 100, 2000), "messages after the repair", 15)
            way.ack(station, group["name"], messages)
    # nothing stands in the way of a new object of the same name
    for what in ("limits", "held", "moved", "doomed"):
        if script.name(what) not in alive:
            way.station(script.name(what))
        assert way.api.delete(f"/v1/stations/{script.name(what)}").status in (200, 204)


def test_there_are_points():
    assert len(POINTS) >= 10, POINTS
    for verb in ("station.create", "station.delete", "group.create", "group.delete", "group.seek", "station.edit"):
        assert any(p.startswith(verb) for p in POINTS), (verb, POINTS)


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_is_repaired_by_the_next_start(faults, stack, nats, point):
    tag = re.sub(r"[^a-z0-9]+", "-", point)
    victim = stack.daemon(fault=f"{point}=kill", config=FAST, start=False)
    victim.start(ready=False)
    try:
        victim.wait_ready()
    except AssertionError:
        if victim.alive():
            raise
        died, script = "start", None  # a point of the start itself, or of the first reconcile
    else:
        script = Script(victim, tag, point)
        died = script.run()
    if died is None:
        victim.stop()
        assert point.startswith("reconcile"), f"{point} was never passed"

    repair = stack.daemon(config=FAST)
    try:
        wait.until(lambda: not unsettled(stack), "rows to be active or gone", 30)
    except AssertionError:
        raise AssertionError(f"left after {point} in '{died}': {unsettled(stack)}\n{repair.tail()}") from None
    way = Way(repair)
    wait.until(lambda: not any(s["problems"] for s in way.api.get("/v1/stations?limit=1000").json["stations"] if s["name"].startswith(tag)),
               "no problems", 10)
    alive = check_streams_equal_rows(stack, nats, way, tag)
    if script:
        check_messages(way, script, died, alive)
        check_usable(way, script, alive)
    repair.stop()
