"""Every door asks who you are."""
import pytest

from way.http import Client, Way, sign_in

GUARDED = [
    ("GET", "/v1/stations"), ("POST", "/v1/stations"), ("GET", "/v1/stations/x"), ("PATCH", "/v1/stations/x"),
    ("DELETE", "/v1/stations/x"), ("POST", "/v1/stations/x/purge"), ("GET", "/v1/stations/x/partitions"),
    ("GET", "/v1/stations/x/groups"), ("POST", "/v1/stations/x/groups"), ("GET", "/v1/stations/x/groups/g"),
    ("PATCH", "/v1/stations/x/groups/g"), ("DELETE", "/v1/stations/x/groups/g"),
    ("POST", "/v1/stations/x/groups/g:seek"), ("GET", "/v1/status"),
]
GUARDED_DATA = [
    ("POST", "/v1/stations/x/messages"), ("POST", "/v1/stations/x/messages:batch"), ("GET", "/v1/stations/x/messages"),
    ("POST", "/v1/stations/x/groups/g/fetch"), ("POST", "/v1/stations/x/groups/g/settle"),
]


def test_signing_in_gives_a_token_that_works(daemon):
    answer = Client(daemon.api_port).post("/v1/login", {"username": "root", "password": "correct-horse-9"})
    assert answer.status == 200
    assert set(answer.json) == {"token", "expires_in", "refresh_token", "refresh_expires_in"}
    assert answer.json["expires_in"] > 0
    assert Client(daemon.api_port, answer.json["token"]).get("/v1/stations").status == 200


def test_a_refresh_token_gives_new_tokens_but_opens_nothing(daemon):
    tokens = Client(daemon.api_port).post("/v1/login", {"username": "root", "password": "correct-horse-9"}).json
    fresh = Client(daemon.api_port).post("/v1/refresh", {"refresh_token": tokens["refresh_token"]})
    assert fresh.status == 200
    assert Client(daemon.api_port, fresh.json["token"]).get("/v1/stations").status == 200
    assert Client(daemon.api_port, tokens["refresh_token"]).get("/v1/stations").status == 401
    assert Client(daemon.api_port).post("/v1/refresh", {"refresh_token": tokens["token"]}).status == 401


@pytest.mark.parametrize("body", [
    {"username": "root", "password": "wrong"}, {"username": "nobody", "password": "correct-horse-9"},
    {"username": "ROOT' OR 1=1 --", "password": "x"},
])
def test_wrong_credentials_are_refused_alike(daemon, body):
    answer = Client(daemon.api_port).post("/v1/login", body)
    assert answer.status == 401 and answer.code == "unauthenticated"
    assert "correct" not in answer.body.decode()


@pytest.mark.parametrize("body", [{}, {"username": "root"}, {"username": 1, "password": "x"}, {"username": "root", "password": None}])
def test_a_login_without_its_fields_is_invalid(daemon, body):
    assert Client(daemon.api_port).post("/v1/login", body).code == "invalid"


@pytest.mark.parametrize("token", [None, "", "x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJ1c2VyIjoicm9vdCJ9."])
def test_nothing_answers_without_a_token(daemon, token):
    for port, routes in ((daemon.api_port, GUARDED), (daemon.rest_port, GUARDED + GUARDED_DATA)):
        client = Client(port, token)
        for method, path in routes:
            answer = client.request(method, path, b"{}" if method in ("POST", "PATCH") else None)
            assert answer.status == 401 and answer.code == "unauthenticated", (port, method, path, answer)
            assert answer.headers["WWW-Authenticate"]


def test_an_altered_token_is_refused(daemon):
    token = sign_in(daemon.api_port)
    head, claims, mac = token.split(".")
    for bad in (f"{head}.{claims}.{mac[:-2]}AA", f"{head}.{claims[:-2]}AA.{mac}", f"{head}.{claims}", token + "x"):
        assert Client(daemon.api_port, bad).get("/v1/stations").status == 401


def test_health_and_readiness_need_no_token(daemon):
    for port in (daemon.api_port, daemon.rest_port):
        assert Client(port).get("/healthz").json == {"status": "ok"}
        assert Client(port).get("/readyz").status == 200


def test_unknown_routes_and_methods(way):
    answer = way.api.get("/v1/nothing")
    assert answer.status == 404 and answer.code == "not_found"
    answer = way.api.request("PUT", "/v1/stations")
    assert answer.status == 405 and answer.code == "method"
    assert {m.strip() for m in answer.headers["Allow"].split(",")} >= {"GET", "POST"}


def test_a_token_of_one_daemon_works_on_another(stack, way):
    other = stack.daemon()
    assert Client(other.api_port, way.api.token).get("/v1/stations").status == 200
    other.stop()


def test_secrets_are_not_logged(daemon, way):
    text = daemon.log.read_text()
    assert "correct-horse-9" not in text and way.api.token not in text
