"""The server under test as an object: start, stop in every way there is, clients for it, and its log.

Read next: `reading.py` for reading streams back, `raw.py` for requests that no SDK would send.
"""

import json
import os
import queue
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

import boto3
from botocore.config import Config

START_SECONDS_MAX = 30
STOP_SECONDS_MAX = 30
# No retries: a test wants to see the first answer.
CLIENT = {"retries": {"total_max_attempts": 1}, "connect_timeout": 5, "read_timeout": 60, "max_pool_connections": 64}


class Server:
    """One `thalweg serve` and its data directory; the directory outlives the process."""

    running = []

    def __init__(self, binary, data_dir, arguments=(), env=None, listen="127.0.0.1:0"):
        self.binary = binary
        self.data_dir = Path(data_dir)
        self.arguments = list(arguments)
        self.env = dict(env or {})
        self.listen = listen
        self.log_path = self.data_dir.parent / f"{self.data_dir.name}.log"
        self.process = None
        self.endpoint = None
        self.first_line = None
        self._credentials = None

    def command(self):
        listen = ["--listen", self.listen] if self.listen else []
        return [self.binary, "serve", *listen, "--data-dir", str(self.data_dir), *self.arguments]

    def start(self):
        """Start and wait until it listens; afterwards a restart takes the same port, as a real one would."""
        with open(self.log_path, "ab") as log:
            log.write(f"--- {' '.join(self.command())}\n".encode())
            self.process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **self.env},
                text=True,
            )
        Server.running.append(self)
        self.first_line = self._read_first_line()
        match = re.fullmatch(r"listening on (https?://(\S+:\d+))", self.first_line)
        assert match, f"the first line is {self.first_line!r}\n{self.log_tail()}"
        self.endpoint = match.group(1)
        if self.listen:
            self.listen = match.group(2)
        return self

    def _read_first_line(self):
        """The first line of standard output; later ones go to the log, so that the pipe never fills."""
        first = queue.Queue()
        process = self.process

        def drain():
            first.put(process.stdout.readline().rstrip("\n"))
            with open(self.log_path, "a") as log:
                for line in process.stdout:
                    log.write(line)

        threading.Thread(target=drain, daemon=True).start()
        try:
            return first.get(timeout=START_SECONDS_MAX)
        except queue.Empty:
            raise AssertionError(f"no line within {START_SECONDS_MAX} s\n{self.log_tail()}") from None

    def kill9(self):
        """Die as a process does when the power goes."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._ended()

    def sigterm(self, timeout=STOP_SECONDS_MAX):
        """Ask it to stop; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout)
        self._ended()
        return code

    def restart(self):
        self.start()
        return self

    def stop(self):
        """End it in whatever state it is."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._ended()

    def _ended(self):
        if self in Server.running:
            Server.running.remove(self)

    @property
    def credentials(self):
        """What `thalweg env` prints, as a dictionary."""
        if self._credentials is None:
            printed = subprocess.run(
                [self.binary, "env", "--data-dir", str(self.data_dir)], capture_output=True, text=True, timeout=30
            )
            assert printed.returncode == 0, printed.stderr
            lines = [line[len("export ") :] for line in printed.stdout.splitlines() if line.startswith("export ")]
            self._credentials = {name: value.strip("'\"") for name, value in (line.split("=", 1) for line in lines)}
        return self._credentials

    def client(self, service, secret=None, key=None, region=None, endpoint=None, **config):
        """A boto3 client with this server's credentials; any of them can be replaced by a wrong one."""
        return boto3.client(
            service,
            endpoint_url=endpoint or self.endpoint,
            region_name=region or self.credentials["AWS_REGION"],
            aws_access_key_id=key or self.credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=secret or self.credentials["AWS_SECRET_ACCESS_KEY"],
            config=Config(**{**CLIENT, **config}),
        )

    def aws(self, *arguments, check=True):
        """Runs the AWS CLI as a user would after pasting the export lines; its JSON, or the finished process."""
        program = os.environ.get("THALWEG_AWS_CLI", "aws")
        environment = {
            **os.environ,
            **self.credentials,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_PAGER": "",
        }
        done = subprocess.run(
            [program, *arguments, "--output", "json"], capture_output=True, text=True, env=environment, timeout=60
        )
        if not check:
            return done
        assert done.returncode == 0, f"aws {' '.join(arguments)}: {done.stderr}"
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def log_tail(self, lines=120):
        if not self.log_path.exists():
            return ""
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])


def eventually(check, seconds=20, every=0.1):
    """Waits until `check()` returns something true, and returns it; its last assertion error otherwise."""
    deadline = time.monotonic() + seconds
    failure = None
    while time.monotonic() < deadline:
        try:
            value = check()
            if value:
                return value
        except AssertionError as error:
            failure = error
        time.sleep(every)
    raise AssertionError(f"not within {seconds} s: {failure or check}")
