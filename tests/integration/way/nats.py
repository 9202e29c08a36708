"""A small NATS client over a plain socket: enough to look at streams and consumers from outside.

One thread; requests one at a time.  It is a second opinion about what the daemon did, so it shares no code with it.
"""
import json
import socket
import time


class JetStreamError(Exception):
    def __init__(self, error):
        super().__init__(error.get("description", str(error)))
        self.code = error.get("err_code", error.get("code"))


class Message:
    def __init__(self, subject, reply, headers, data):
        self.subject, self.reply, self.headers, self.data = subject, reply, headers, data

    @property
    def status(self):
        return self.headers.get(":status", 0)


class Nats:
    def __init__(self, port, timeout=5.0):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout)
        self.buffer = bytearray()
        self.info = json.loads(self._line()[5:])
        options = {"verbose": False, "pedantic": False, "headers": True, "no_responders": True, "name": "tests"}
        self.sock.sendall(b"CONNECT " + json.dumps(options).encode() + b"\r\n")
        self.sid = 0
        self.inbox = f"_INBOX.test{id(self)}{time.monotonic_ns()}"
        self.request_sid = self.subscribe(self.inbox + ".*")
        self.count = 0
        self.pending = []
        self.ping()

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _more(self):
        data = self.sock.recv(1 << 20)
        if not data:
            raise ConnectionError("nats-server closed the connection")
        self.buffer += data

    def _line(self):
        while (end := self.buffer.find(b"\r\n")) < 0:
            self._more()
        line = bytes(self.buffer[:end])
        del self.buffer[:end + 2]
        return line

    def _exactly(self, size):
        while len(self.buffer) < size:
            self._more()
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        return data

    def _read(self):
        """One protocol line: a Message, "PONG", or None for anything else."""
        line = self._line()
        verb, *words = line.decode().split(" ")
        if verb == "MSG":
            size = int(words[-1])
            data = self._exactly(size + 2)[:-2]
            return Message(words[0], words[2] if len(words) == 4 else None, {}, data)
        if verb == "HMSG":
            total, head = int(words[-1]), int(words[-2])
            body = self._exactly(total + 2)[:-2]
            return Message(words[0], words[2] if len(words) == 5 else None, self._headers(body[:head]), body[head:])
        if verb == "PING":
            self.sock.sendall(b"PONG\r\n")
            return None
        if verb == "-ERR":
            raise ConnectionError(line.decode())
        return verb

    @staticmethod
    def _headers(block):
        first, *lines = block.decode("utf-8", "surrogateescape").split("\r\n")
        headers = {}
        words = first.split(" ", 2)
        if len(words) > 1 and words[1].isdigit():
            headers[":status"] = int(words[1])
        for line in lines:
            if ":" in line:
                key, value = line.split(":", 1)
                headers[key] = value.strip()
        return headers

    def subscribe(self, subject):
        self.sid += 1
        self.sock.sendall(f"SUB {subject} {self.sid}\r\n".encode())
        return self.sid

    def ping(self):
        self.sock.sendall(b"PING\r\n")
        while True:
            got = self._read()
            if got == "PONG":
                return
            if isinstance(got, Message):
                self.pending.append(got)

    def publish(self, subject, data=b"", reply=None, headers=None):
        reply = f" {reply}" if reply else ""
        if headers:
            block = "NATS/1.0\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items()) + "\r\n"
            block = block.encode()
            line = f"HPUB {subject}{reply} {len(block)} {len(block) + len(data)}\r\n".encode()
            self.sock.sendall(line + block + data + b"\r\n")
        else:
            self.sock.sendall(f"PUB {subject}{reply} {len(data)}\r\n".encode() + data + b"\r\n")

    def next(self, timeout=5.0):
        if self.pending:
            return self.pending.pop(0)
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            self.sock.settimeout(max(0.01, end - time.monotonic()))
            got = self._read()
            if isinstance(got, Message):
                return got
        raise TimeoutError("no message")

    def request(self, subject, data=b"", timeout=5.0, headers=None):
        self.count += 1
        reply = f"{self.inbox}.{self.count}"
        self.publish(subject, data, reply, headers)
        end = time.monotonic() + timeout
        while True:
            self.sock.settimeout(max(0.01, end - time.monotonic()))
            got = self._read()
            if not isinstance(got, Message):
                continue
            if got.subject == reply or got.headers.get("Nats-Stream") or got.status:
                return got
            self.pending.append(got)

    # JetStream

    def api(self, subject, body=None, timeout=5.0):
        data = b"" if body is None else json.dumps(body).encode()
        message = self.request("$JS.API." + subject, data, timeout)
        if message.status == 503:
            raise JetStreamError({"description": "no responders", "code": 503})
        answer = json.loads(message.data)
        if "error" in answer:
            raise JetStreamError(answer["error"])
        return answer

    def streams(self):
        names, offset = [], 0
        while True:
            page = self.api("STREAM.NAMES", {"offset": offset})
            names += page.get("streams") or []
            offset = len(names)
            if offset >= page["total"]:
                return names

    def stream(self, name):
        """Stream info, or None when there is none."""
        try:
            return self.api(f"STREAM.INFO.{name}")
        except JetStreamError as error:
            if error.code == 10059:
                return None
            raise

    def consumers(self, stream):
        names, offset = [], 0
        while True:
            page = self.api(f"CONSUMER.NAMES.{stream}", {"offset": offset})
            names += page.get("consumers") or []
            offset = len(names)
            if offset >= page["total"]:
                return names

    def consumer(self, stream, name):
        try:
            return self.api(f"CONSUMER.INFO.{stream}.{name}")
        except JetStreamError as error:
            if error.code in (10014, 10059):
                return None
            raise

    def stored(self, stream, seq):
        """The message stored under seq as Message, or None."""
        message = self.request(f"$JS.API.DIRECT.GET.{stream}", json.dumps({"seq": seq}).encode())
        return None if message.status == 404 else message
