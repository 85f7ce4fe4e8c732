"""`thalweg demo` without a terminal: one command, plain lines, and objects that anybody can read afterwards."""

import gzip
import json
import re
import signal
import subprocess
import threading

import pytest

from harness import eventually


# A row of a closed window names a core, its average and its maximum.
WINDOW = re.compile(r"^window \d\d:\d\d:\d\d - \d\d:\d\d:\d\d +cpu\d+ +average \d+\.\d % +maximum \d+\.\d %", re.M)


class Demo:
    """A running demo and the lines it has printed."""

    def __init__(self, binary, data_dir, *arguments):
        self.lines = []
        self.process = subprocess.Popen(
            [binary, "demo", "--data-dir", str(data_dir), *arguments], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
        self.reader = threading.Thread(target=lambda: self.lines.extend(self.process.stdout), daemon=True)
        self.reader.start()

    @property
    def text(self):
        return "".join(self.lines)

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(30)
        self.reader.join(5)
        return code


@pytest.fixture
def run_demo(binary, tmp_path):
    demos = []

    def run(*arguments):
        demos.append(Demo(binary, tmp_path / "demo", *arguments))
        return demos[-1]

    yield run
    for demo in demos:
        demo.process.kill()
        demo.process.wait()


def delivered(data_dir):
    """Every row of every object, as JSON."""
    paths = sorted(data_dir.rglob("*.gz"))
    assert paths, "objects were delivered"
    for path in paths:
        assert re.search(r"/\d{4}/\d{2}/\d{2}/\d{2}/[^/]+\.gz$", path.as_posix()), path
    return [json.loads(line) for path in paths for line in gzip.decompress(path.read_bytes()).splitlines()]


def test_the_demo_shows_windows_and_delivers(run_demo, tmp_path):
    demo = run_demo()
    eventually(lambda: WINDOW.search(demo.text), seconds=30)
    assert demo.interrupt() == 0, demo.text
    assert "\x1b[" not in demo.text, "plain lines when the output is not a terminal"
    assert "export AWS_ACCESS_KEY_ID=" in demo.text
    assert demo.text.count("aws kinesis ") >= 3
    assert str(tmp_path / "demo") in demo.text, "it prints where the files are"
    rows = delivered(tmp_path / "demo")
    assert len(rows) > 50
    assert all(isinstance(row, dict) for row in rows)
    assert re.search(r"duckdb|zcat|gunzip|jq", demo.text), "it prints how to query them"


def test_the_demo_takes_a_file(run_demo, tmp_path):
    source = tmp_path / "input.log"
    source.write_text("".join([json.dumps({"order": n}) + "\n" for n in range(50)] + ["plain text line\n"]))
    demo = run_demo("--input", str(source))
    eventually(lambda: WINDOW.search(demo.text), seconds=30)
    assert demo.interrupt() == 0, demo.text
    text = json.dumps(delivered(tmp_path / "demo"))
    assert all(f'"order": {n}' in text or f'\\"order\\": {n}' in text for n in range(50))
    assert "plain text line" in text


def test_the_demo_can_run_again(run_demo, tmp_path):
    for _ in range(2):
        demo = run_demo("--seconds", "4")
        assert demo.process.wait(40) == 0, demo.text
    assert delivered(tmp_path / "demo")
