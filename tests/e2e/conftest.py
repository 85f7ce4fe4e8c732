"""Fixtures of the end-to-end tests: the real binary, on a data directory of its own, with the clients users have.

Each test that only needs some stream shares one server; a test that kills, configures or floods makes its own.
"""

import itertools
import os
import resource

import pytest

from harness import Server

_names = itertools.count(1)


def pytest_configure(config):
    """Let this process and the servers that inherit from it hold as many connections as the system allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Show what the servers of a failed test wrote."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for server in Server.running:
            report.sections.append((f"log of thalweg in {server.data_dir}", server.log_tail()))


@pytest.fixture(scope="session")
def binary():
    path = os.environ.get("THALWEG_BIN")
    if not path or not os.path.exists(path):
        pytest.exit("THALWEG_BIN must name the thalweg binary; `cargo xtask test --only e2e` sets it", 2)
    return path


@pytest.fixture(scope="session")
def shared(binary, tmp_path_factory):
    """One server for all tests that do not disturb it."""
    server = Server(binary, tmp_path_factory.mktemp("shared"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def make_server(binary, tmp_path):
    """Makes servers, each with its own data directory; they end with the test."""
    made = []

    def make(name="data", start=True, **options):
        server = Server(binary, tmp_path / name, **options)
        made.append(server)
        if start:
            server.start()
        return server

    yield make
    for server in made:
        server.stop()


@pytest.fixture
def server(make_server):
    """A server of the test's own."""
    return make_server()


@pytest.fixture
def kinesis(shared):
    return shared.client("kinesis")


@pytest.fixture
def new_name(request):
    """A name that no other test uses."""

    def make(prefix="s"):
        return f"{prefix}-{next(_names)}"

    return make


@pytest.fixture
def stream(kinesis, new_name):
    """A stream of 4 shards on the shared server."""
    name = new_name("stream")
    kinesis.create_stream(StreamName=name, ShardCount=4)
    kinesis.get_waiter("stream_exists").wait(StreamName=name)
    yield name
    kinesis.delete_stream(StreamName=name)
