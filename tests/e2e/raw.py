"""Requests that no SDK would send: signed by hand, so that any part of them can be wrong or late or slow."""

import datetime
import hashlib
import hmac
import json
import socket
from urllib.parse import urlsplit

JSON = "application/x-amz-json-1.1"
KINESIS = "Kinesis_20131202"


class Answer:
    """Status, headers (lower case) and body of one HTTP/1.1 answer."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        """The error's name, as SDKs find it."""
        return self.json()["__type"].split("#")[-1] if self.body[:1] == b"{" else self.body.decode(errors="replace")

    @property
    def message(self):
        body = self.json()
        return body.get("message", body.get("Message", ""))

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:500]}>"


def request_bytes(server, operation, body, *, now=None, service="kinesis", prefix=KINESIS, content_type=JSON, key=None,
                  secret=None, region=None, signed=True, tamper=None, method="POST", headers=()):
    """One whole request. `tamper` replaces the body after it was signed."""
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    now = now or datetime.datetime.now(datetime.timezone.utc)
    credentials = server.credentials
    fields = {
        "content-type": content_type,
        "host": urlsplit(server.endpoint).netloc,
        "x-amz-date": now.strftime("%Y%m%dT%H%M%SZ"),
        "x-amz-target": f"{prefix}.{operation}",
    }
    if signed:
        fields["authorization"] = _authorization(
            fields, body, now, service, region or credentials["AWS_REGION"],
            key or credentials["AWS_ACCESS_KEY_ID"], secret or credentials["AWS_SECRET_ACCESS_KEY"], method,
        )
    sent = body if tamper is None else tamper
    lines = [f"{method} / HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), *headers,
             f"content-length: {len(sent)}", "", ""]
    return "\r\n".join(lines).encode() + sent


def _authorization(fields, body, now, service, region, key, secret, method):
    names = ";".join(sorted(fields))
    canonical = "\n".join([
        method, "/", "", *(f"{name}:{fields[name]}" for name in sorted(fields)), "", names,
        hashlib.sha256(body).hexdigest(),
    ])
    scope = f"{now:%Y%m%d}/{region}/{service}/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", fields["x-amz-date"], scope, hashlib.sha256(canonical.encode()).hexdigest()])
    signing = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        signing = hmac.new(signing, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(signing, text.encode(), hashlib.sha256).hexdigest()
    return f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={names}, Signature={signature}"


def connect(server, timeout=30):
    address = urlsplit(server.endpoint)
    return socket.create_connection((address.hostname, address.port), timeout=timeout)


def read_answer(connection, reader=None):
    """Reads one answer; `None` when the server closed without one. A pipeline shares one `reader`, which buffers."""
    stream = reader or connection.makefile("rb")
    status_line = stream.readline()
    if not status_line:
        return None
    headers = {}
    while (line := stream.readline().strip()) != b"":
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    length = headers.get("content-length")
    body = stream.read(int(length)) if length is not None else stream.read()
    return Answer(int(status_line.split()[1]), headers, body)


def send(server, operation, body, **options):
    """One request on a connection of its own."""
    return send_bytes(server, request_bytes(server, operation, body, **options))


def send_bytes(server, data):
    with connect(server) as connection:
        try:
            connection.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            # A server that refuses a body by its length need not read it; the answer is there all the same.
            pass
        try:
            return read_answer(connection)
        except ConnectionResetError:
            return None
