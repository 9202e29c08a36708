"""HTTP client of the tests: keep-alive, one connection per thread, answers parsed."""
import base64
import http.client
import json
import threading
import urllib.parse

from .servers import ROOT_PASSWORD


class Answer:
    def __init__(self, response, body):
        self.status, self.headers, self.body = response.status, response.headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """The stable error code of a problem+json answer; None for anything else."""
        if self.headers.get_content_type() != "application/problem+json":
            return None
        problem = self.json
        assert set(problem) >= {"type", "title", "status", "detail", "code", "retry"}, problem
        assert problem["status"] == self.status
        return problem["code"]

    def __repr__(self):
        return f"<{self.status} {self.body[:600]!r}>"


class Client:
    """Requests to one port.  `token` None: none is sent."""

    def __init__(self, port, token=None, timeout=60):
        self.port, self.token, self.timeout = port, token, timeout
        self.local = threading.local()

    def close(self):
        connection = getattr(self.local, "connection", None)
        if connection:
            connection.close()
            self.local.connection = None

    def request(self, method, path, body=None, headers=None, json_body=None):
        headers = dict(headers or {})
        if json_body is not None:
            body = json.dumps(json_body).encode()
            headers.setdefault("Content-Type", "application/json")
        if self.token and "Authorization" not in headers:
            headers["Authorization"] = "Bearer " + self.token
        for last in (False, True):
            connection = getattr(self.local, "connection", None)
            fresh = connection is None
            if fresh:
                connection = self.local.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)
            try:
                connection.request(method, path, body, headers)
                response = connection.getresponse()
                answer = Answer(response, response.read())
                if response.will_close:
                    self.close()
                return answer
            except (ConnectionError, http.client.HTTPException, OSError):
                self.close()
                # a kept-alive connection that the server closed meanwhile is tried once more; nothing else is
                if fresh or last or method != "GET":
                    raise

    def get(self, path, **kw):
        return self.request("GET", path, **kw)

    def post(self, path, json_body=None, **kw):
        return self.request("POST", path, json_body=json_body, **kw)

    def patch(self, path, json_body=None, **kw):
        return self.request("PATCH", path, json_body=json_body, **kw)

    def delete(self, path, **kw):
        return self.request("DELETE", path, **kw)


def sign_in(port, user="root", password=ROOT_PASSWORD):
    answer = Client(port).post("/v1/login", {"username": user, "password": password})
    assert answer.status == 200, answer
    return answer.json["token"]


class Way:
    """Both doors of a daemon, signed in as root, with the calls that tests make most."""

    def __init__(self, daemon):
        self.daemon = daemon
        token = sign_in(daemon.api_port)
        self.api = Client(daemon.api_port, token)
        self.rest = Client(daemon.rest_port, token)

    def station(self, name, **spec):
        answer = self.api.post("/v1/stations", {"name": name, **spec})
        assert answer.status == 201, answer
        return answer.json

    def group(self, station, name, **spec):
        answer = self.api.post(f"/v1/stations/{station}/groups", {"name": name, **spec})
        assert answer.status == 201, answer
        return answer.json

    def produce(self, station, data, headers=None, **query):
        if isinstance(data, str):
            data = data.encode()
        path = f"/v1/stations/{station}/messages"
        if query:
            path += "?" + urllib.parse.urlencode(query)
        return self.rest.request("POST", path, data, {"Content-Type": "application/octet-stream", **(headers or {})})

    def produced(self, station, data, headers=None, **query):
        answer = self.produce(station, data, headers, **query)
        assert answer.status == 201, answer
        return answer.json

    def ndjson(self, station, lines, /, **query):
        path = f"/v1/stations/{station}/messages:batch"
        if query:
            path += "?" + urllib.parse.urlencode(query)
        body = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines).encode()
        return self.rest.request("POST", path, body, {"Content-Type": "application/x-ndjson"})

    def fetch(self, station, group, max=100, wait_ms=2000, **more):
        answer = self.rest.post(f"/v1/stations/{station}/groups/{group}/fetch", {"max": max, "wait_ms": wait_ms, **more})
        assert answer.status == 200, answer
        return answer.json["messages"]

    def settle(self, station, group, **ops):
        return self.rest.post(f"/v1/stations/{station}/groups/{group}/settle", ops)

    def ack(self, station, group, messages):
        answer = self.settle(station, group, ack=[m["receipt"] for m in messages])
        assert answer.status == 200 and answer.json["failed"] == 0, answer
        return answer.json

    def drain(self, station, group, count, timeout=30.0):
        """Fetches and acks until `count` messages came."""
        import time

        got, end = [], time.monotonic() + timeout
        while len(got) < count:
            assert time.monotonic() < end, f"{len(got)} of {count} messages in {timeout} s"
            messages = self.fetch(station, group, min(1000, count - len(got)), 1000)
            if messages:
                self.ack(station, group, messages)
                got += messages
        return got

    def browse(self, station, **query):
        """Every message of the station, over all pages."""
        messages, after = [], None
        while True:
            asked = {"limit": 1000, **query, **({"after": after} if after else {})}
            answer = self.rest.get(f"/v1/stations/{station}/messages?" + urllib.parse.urlencode(asked))
            assert answer.status == 200, answer
            messages += answer.json["messages"]
            after = answer.json["next"]
            if not after:
                return messages


def data_of(message):
    return base64.b64decode(message["data_b64"]) if "data_b64" in message else message["data"].encode()
