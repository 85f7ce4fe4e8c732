"""One failing system call at a time, in the real binary: `strace` answers the k-th call of a kind with an error.

Whatever fails, and wherever: nothing acknowledged is lost, nothing panics, nothing hangs. The process goes on, or says
why it ends: 70 when it listened already, 1 before. 64 runs by default, each pair of call and error at least once;
`TORTURE_SYSCALLS=all` makes every combination (over 1,200), a number makes so many.
"""

import json
import os
import shutil
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from harness import Server

from storm import Ledger, Storm, create_stream, read_all, thalweg_json

RUNS = os.environ.get("TORTURE_SYSCALLS", "64")
# Runs at the same time; most of a run is waiting.
PARALLEL = 4
SEGMENTS = {"THALWEG_TEST_SEGMENT_BYTES": str(64 << 10), "RUST_BACKTRACE": "0"}
# Calls that do the same, by one name, and what they may fail with. EINTR only where the kernel may answer it.
CALLS = {
    "pwrite64,pwritev,pwritev2": ["EIO", "ENOSPC", "EINTR"],
    "fdatasync": ["EIO", "ENOSPC"],
    "fsync": ["EIO", "ENOSPC"],
    "openat": ["EIO", "ENOSPC", "EMFILE", "EINTR"],
    "rename,renameat,renameat2": ["EIO", "ENOSPC"],
    "fallocate,ftruncate": ["EIO", "ENOSPC"],
    "unlink,unlinkat": ["EIO"],
    "statx,fstat,newfstatat": ["EIO"],
    "accept4": ["EMFILE", "ENFILE", "ECONNABORTED", "EINTR"],
    "read,pread64,preadv": ["EIO", "EINTR"],
}
# `K+` fails from the k-th call on, as a disk does that has died.
FROM_THEN_ON = {"pwrite64,pwritev,pwritev2", "fdatasync", "rename,renameat,renameat2", "fallocate,ftruncate"}
PLACES = [*range(1, 31), *range(32, 100, 3)]


def combinations():
    for calls, errors in CALLS.items():
        for error in errors:
            for place in PLACES:
                yield calls, error, str(place)
                if calls in FROM_THEN_ON and error != "EINTR" and place % 8 == 0:
                    yield calls, error, f"{place}+"


def chosen(rng):
    every = list(combinations())
    if RUNS == "all":
        return every
    groups = {}
    for calls, error, place in every:
        groups.setdefault((calls, error, "+" in place), []).append((calls, error, place))
    first = [rng.choice(group) for group in groups.values()]
    return first + [rng.choice(every) for _ in range(int(RUNS) - len(first))]


@pytest.fixture(scope="module")
def strace():
    """The program, installed when root may and it is missing."""
    if shutil.which("strace") is None and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "install", "-y", "-qq", "strace"], capture_output=True, timeout=120)
    program = shutil.which("strace")
    if program is None:
        pytest.skip("strace is not installed")
    probe = subprocess.run([program, "-f", "-qq", "-o", os.devnull, "-e", "inject=fsync:error=EIO", "true"],
                           capture_output=True, text=True)
    if probe.returncode != 0:
        pytest.skip(f"strace may not trace here: {probe.stderr.strip()}")
    return program


@pytest.fixture(scope="module")
def template(binary, tmp_path_factory):
    """A directory with a stream, so that a run's first calls are those of a recovery."""
    folder = tmp_path_factory.mktemp("template")
    server = Server(binary, folder / "data", env=SEGMENTS)
    server.start()
    create_stream(server, "s", 2)
    import random

    with Storm(server, "s", Ledger(folder / "ledger"), random.Random(3), writers=2, readers=0, size=2000):
        while len(list((server.data_dir / "log").glob("*.log"))) < 5:
            time.sleep(0.01)
    server.kill9()
    return server.data_dir, server.credentials


class Traced(Server):
    """A server of which `strace` lets one call fail."""

    inject = None

    def command(self):
        command = super().command()
        return [*self.inject, *command] if self.inject else command


def test_any_call_may_fail(binary, strace, template, tmp_path, rng, say):
    cases = [(n, case, rng.randrange(1 << 30)) for n, case in enumerate(chosen(rng))]
    outcomes, lock = {}, threading.Lock()
    data_dir, credentials = template

    def run(item):
        number, (calls, error, place), seed = item
        folder = tmp_path / str(number)
        try:
            outcome = one(binary, strace, data_dir, credentials, folder, (calls, error, place), seed)
        except Exception as failure:  # noqa: BLE001 - told with the case that it came from
            log = folder / "data.log"
            tail = log.read_text(errors="replace")[-2500:] if log.exists() else ""
            return f"{calls} {error} when={place}: {failure!r}\n{tail}"
        with lock:
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
        shutil.rmtree(folder)
        return None

    with ThreadPoolExecutor(PARALLEL) as pool:
        failures = [failure for failure in pool.map(run, cases) if failure]
    told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    say(f"{len(cases)} runs with a failing call: {told}; 0 lost" if not failures else f"{len(failures)} failures")
    assert not failures, "\n\n".join(failures[:5])


def one(binary, strace, template, credentials, folder, case, seed):
    """One run; what came of it."""
    import random

    calls, error, place = case
    rng = random.Random(seed)
    folder.mkdir()
    shutil.copytree(template, folder / "data")
    server = Traced(binary, folder / "data", env=SEGMENTS)
    server._credentials = credentials
    before = read_offline(server)
    # -D: the process that we see is the server, not strace.
    server.inject = [strace, "-D", "-f", "-qq", "-o", os.devnull, "--seccomp-bpf", "-e", f"trace={calls}", "-e",
                     f"inject={calls}:error={error}:when={place}"]
    ledger = Ledger(folder / "ledger")
    storm = Storm(server, "s", ledger, rng, writers=2, readers=1, size=2000, retries=True)
    try:
        outcome = endure(server, storm, rng)
    finally:
        server.stop()
    text = server.log_path.read_text(errors="replace")
    assert "panicked" not in text, "it panicked"
    assert not ledger.failures, ledger.failures[:3]
    server.inject = None
    server.start()
    kept = read_all(server, "s")
    server.kill9()
    places = {(shard, number) for shard, records in kept.items() for number, _ in records}
    lost = [data for data, at in ledger.acknowledged.items() if at not in places]
    assert not lost, f"{len(lost)} of {len(ledger.acknowledged)} acknowledged records are lost: {lost[:3]}"
    gone = [at for at in storm.seen if at not in places]
    assert not gone, f"{len(gone)} records were read and are gone"
    code, verified = thalweg_json(server, "verify", "--json")
    assert code == 0, json.dumps(verified, indent=1)
    assert verified["records"] >= before, "older records are gone"
    return outcome


def read_offline(server):
    return thalweg_json(server, "verify", "--json")[1]["records"]


def endure(server, storm, rng):
    """Starts, puts under load, ends; how it ended."""
    try:
        server.start()
    except AssertionError:
        code = server.process.wait(20)
        # 127: the loader's own calls failed, so the program never began.
        assert code in (1, 70, 127), f"it ended with {code} while starting"
        return "did not start"
    with storm:
        deadline = time.monotonic() + 0.6
        while time.monotonic() < deadline and server.process.poll() is None:
            time.sleep(0.02)
        storm.stopping.set()
    try:
        code = server.process.wait(3 if server.process.poll() is None and stopped(server) else 0)
    except subprocess.TimeoutExpired:
        code = None
    if code is not None:
        assert code == 70, f"it ended with {code}"
        return "ended with 70"
    if rng.random() < 0.5:
        server.kill9()
        return "went on, killed"
    code = server.sigterm(20)
    assert code in (0, 70), f"it ended with {code} when asked to"
    return f"went on, stopped with {code}"


def stopped(server):
    """Whether the log has stopped; the process then ends within a moment."""
    return "the log stops" in server.log_path.read_text(errors="replace")
