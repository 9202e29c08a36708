"""Real servers for the tests: nats-server, Postgres and the daemon, each with its own folder and port.

Everything is ended by the object that started it, by pid.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from . import wait

ROOT = pathlib.Path(__file__).resolve().parents[3]
BIN = os.environ.get("WAY_TEST_BIN", str(ROOT / "build" / "waystation"))
NATS_BIN = os.environ.get("WAY_TEST_NATS") or shutil.which("nats-server") or "/usr/sbin/nats-server"
ROOT_PASSWORD = "correct-horse-9"
SANITIZED = bool(os.environ.get("WAY_TEST_SANITIZED"))  # such a daemon is several times slower


class Process:
    """A child with a log file; knows how to end, pause and kill it."""

    def __init__(self):
        self.child = None

    def spawn(self, command, log, env=None):
        self.log = pathlib.Path(log)
        with open(self.log, "ab") as out:
            self.child = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=env, start_new_session=True)

    @property
    def pid(self):
        return self.child.pid

    def alive(self):
        return self.child is not None and self.child.poll() is None

    def send(self, number):
        self.child.send_signal(number)

    def pause(self):
        """Returns when every thread has stopped: they do one after the other, and the last may still answer."""
        self.send(signal.SIGSTOP)
        tasks = pathlib.Path(f"/proc/{self.pid}/task")
        wait.until(lambda: all((t / "stat").read_text().rpartition(")")[2].split()[0] == "T" for t in tasks.iterdir()),
                   "all threads to stop")

    def resume(self):
        self.send(signal.SIGCONT)

    def kill(self):
        if self.alive():
            self.child.kill()
            self.child.wait()

    def stop(self, number=signal.SIGTERM, timeout=20):
        if self.alive():
            self.child.send_signal(signal.SIGCONT)
            self.child.send_signal(number)
            try:
                self.child.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"{self.child.args[0]} did not stop in {timeout} s")
        return self.child.returncode if self.child else None

    def tail(self, lines=30):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


class NatsServer(Process):
    def __init__(self, folder, binary=None):
        super().__init__()
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.binary = binary or NATS_BIN
        self.port, self.monitor = wait.free_port(), wait.free_port()
        self.config = self.folder / "nats.conf"
        self.config.write_text(
            f'listen: "127.0.0.1:{self.port}"\nhttp: "127.0.0.1:{self.monitor}"\n'
            f"max_payload: 64MB\nmax_pending: 256MB\n"
            f'jetstream {{ store_dir: "{self.folder / "data"}", max_mem: 2GB, max_file: 20GB }}\n'
        )

    @property
    def url(self):
        return f"nats://127.0.0.1:{self.port}"

    def start(self):
        self.spawn([self.binary, "-c", str(self.config)], self.folder / "nats.log")
        wait.until(lambda: self.alive() and wait.listens(self.port), f"nats-server on {self.port}", 20)
        return self

    @property
    def version(self):
        text = subprocess.run([self.binary, "--version"], capture_output=True, text=True, check=True).stdout
        return tuple(int(n) for n in text.strip().split("v")[-1].split("-")[0].split("."))


def pg_bin(name):
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name)


class Postgres(Process):
    """A throw-away cluster.  Postgres refuses to run as root, so root hands it to the user postgres."""

    PASSWORD = "test"

    def __init__(self, folder):
        super().__init__()
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = wait.free_port()
        self.as_user = []
        if os.geteuid() == 0:
            self.as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--reset-env"]
            shutil.chown(self.folder, "postgres", "postgres")

    def start(self):
        data = self.folder / "data"
        if not data.exists():
            subprocess.run(self.as_user + [pg_bin("initdb"), "-D", str(data), "-U", "test", "--auth=trust", "-E", "UTF8",
                                           "--locale=C.UTF-8", "--no-sync"], check=True, stdout=subprocess.DEVNULL)
        self.spawn(self.as_user + [pg_bin("postgres"), "-D", str(data), "-p", str(self.port), "-k", str(self.folder),
                                   "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200",
                                   "-c", "shared_buffers=32MB"],
                   self.folder.parent / "postgres.log")
        wait.until(lambda: self.alive() and self.sql("SELECT 1") == "1", "Postgres", 30)
        return self

    def stop(self, number=signal.SIGINT, timeout=20):
        return super().stop(number, timeout)

    def sql(self, statement, database="postgres"):
        done = subprocess.run([pg_bin("psql") or "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement, self.url(database)],
                              capture_output=True, text=True, timeout=20)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    def url(self, database):
        return f"postgres://test@127.0.0.1:{self.port}/{database}"

    def database(self, name):
        self.sql(f'CREATE DATABASE "{name}"')
        return self.url(name)


class Daemon(Process):
    def __init__(self, folder, nats_url, database_url, fault=None, config=None, env=None):
        super().__init__()
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.nats_url, self.database_url = nats_url, database_url
        self.rest_port, self.api_port = wait.free_port(), wait.free_port()
        self.config = dict(config or {})
        self.fault = fault
        self.extra_env = dict(env or {})

    def start(self, ready=True, timeout=30):
        env = {k: v for k, v in os.environ.items() if not k.startswith(("WAYSTATION_", "NATS_URL", "DATABASE_URL"))}
        env.update(NATS_URL=self.nats_url, DATABASE_URL=self.database_url, WAYSTATION_ROOT_PASSWORD=ROOT_PASSWORD,
                   ASAN_OPTIONS="abort_on_error=1:detect_leaks=1:quarantine_size_mb=32", UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1",
                   TSAN_OPTIONS="halt_on_error=0:exitcode=66")
        env.update(self.extra_env)
        if self.fault:
            env["WAYSTATION_FAULT"] = self.fault
        command = [BIN, "serve", "--rest-port", str(self.rest_port), "--api-port", str(self.api_port), "--metrics-port", "0"]
        for key, value in self.config.items():
            command += ["--" + key.replace("_", "-"), str(value)]
        self.spawn(command, self.folder / "daemon.log", env)
        if ready:
            self.wait_ready(timeout)
        return self

    def wait_ready(self, timeout=30):
        from .http import Client

        def ready():
            assert self.alive(), "the daemon ended:\n" + self.tail()
            return Client(self.api_port).get("/readyz").status == 200

        try:
            wait.until(ready, "the daemon to be ready", timeout)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.tail()}") from None

    def check_log(self):
        """A sanitizer's report fails whoever looks."""
        text = self.log.read_text(errors="replace") if self.child else ""
        for mark in ("ERROR: AddressSanitizer", "runtime error:", "ERROR: LeakSanitizer", "WARNING: ThreadSanitizer", "assertion"):
            if mark in text:
                raise AssertionError(f"{mark} in {self.log}:\n{text[max(0, text.index(mark) - 200):][:6000]}")

    def stop(self, number=signal.SIGTERM, timeout=20):
        code = super().stop(number, timeout)
        self.check_log()
        return code

    def memory_kib(self, what="VmRSS"):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(what + ":"):
                return int(line.split()[1])
        raise AssertionError(what)


class Stack:
    """One nats-server, one Postgres database and any number of daemons on them."""

    def __init__(self, postgres, name, nats_binary=None, config=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"waystation-{name}-"))
        self.folder.chmod(0o711)
        self.postgres = postgres
        self.database_url = postgres.database(self.folder.name)
        self.nats = NatsServer(self.folder / "nats", nats_binary).start()
        self.daemons = []
        self.config = config

    def daemon(self, start=True, fault=None, config=None, env=None):
        made = Daemon(self.folder / f"daemon{len(self.daemons) + 1}", self.nats.url, self.database_url, fault,
                      {**(self.config or {}), **(config or {})}, env)
        self.daemons.append(made)
        return made.start() if start else made

    def close(self):
        problems = []
        for daemon in self.daemons:
            try:
                daemon.stop()
                daemon.check_log()
            except AssertionError as error:
                problems.append(str(error))
        self.nats.stop()
        if problems:
            raise AssertionError("\n".join(problems))
        shutil.rmtree(self.folder, ignore_errors=True)


def dump(value):
    return json.dumps(value, indent=1)
