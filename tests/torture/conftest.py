"""The real binary under fire. Uses the fixtures and the `Server` of the end-to-end tests.

Knobs, all from the environment: `TORTURE_SEED` repeats a run, `TORTURE_KILLS`, `TORTURE_SYSCALLS=all`,
`TORTURE_FILLS`, `TORTURE_CLIENTS` make a long one. What a machine does not allow (ptrace, mounts) is skipped with its
reason. Read next: `storm.py`.
"""

import importlib.util
import os
import random
import resource
import sys
from pathlib import Path

import pytest

E2E = Path(__file__).resolve().parent.parent / "e2e"
sys.path.insert(0, str(E2E))

# The fixtures of the end-to-end tests, under a name that is not this file's.
_spec = importlib.util.spec_from_file_location("e2e_conftest", E2E / "conftest.py")
_e2e = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_e2e)
pytest_configure = _e2e.pytest_configure
pytest_runtest_makereport = _e2e.pytest_runtest_makereport
binary = _e2e.binary
make_server = _e2e.make_server
server = _e2e.server

SEED = int(os.environ.get("TORTURE_SEED", random.SystemRandom().randrange(1 << 32)))


def pytest_report_header():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return f"TORTURE_SEED={SEED}, {os.cpu_count()} cores, {soft} file descriptors"


@pytest.fixture
def rng(request):
    """Random numbers that `TORTURE_SEED` and the name of the test decide."""
    return random.Random(f"{SEED} {request.node.nodeid}")


@pytest.fixture
def say(capsys):
    """Prints a line that is seen although the test passes: figures, and reasons."""

    def line(text):
        with capsys.disabled():
            print(f"\n  {text}", flush=True)

    return line


@pytest.fixture(scope="session")
def dawdled(binary, tmp_path_factory):
    """A server of plain HTTP and one of TLS for thousands of slow clients, which live as long as the session."""
    from harness import Server
    from slow import Dawdlers
    from storm import create_stream

    folder = tmp_path_factory.mktemp("dawdled")
    servers = [Server(binary, folder / "plain"), Server(binary, folder / "tls", arguments=["--tls-self-signed"])]
    for server in servers:
        server.start()
    create_stream(servers[0], "s", 1)
    yield Dawdlers(*servers)
    for server in servers:
        server.stop()
