"""`thalweg serve` as an operator meets it: starting, stopping, configuring, and what it refuses."""

import os
import subprocess
import threading
import time

import pytest
from botocore.exceptions import BotoCoreError

from raw import connect, read_answer, request_bytes, send


def thalweg(binary, *arguments, env=None, timeout=30):
    return subprocess.run([binary, *arguments], capture_output=True, text=True, timeout=timeout,
                          env={**os.environ, **(env or {})})


def test_a_second_process_is_refused(server, binary):
    started = time.monotonic()
    second = thalweg(binary, "serve", "--listen", "127.0.0.1:0", "--data-dir", str(server.data_dir))
    assert second.returncode != 0
    assert time.monotonic() - started < 10
    assert "listening" not in second.stdout
    assert str(server.data_dir) in second.stderr, "the message names the directory"
    assert "panicked" not in second.stderr
    assert send(server, "ListStreams", {}).status == 200


def test_a_port_in_use_is_refused(server, binary, tmp_path):
    second = thalweg(binary, "serve", "--listen", server.listen, "--data-dir", str(tmp_path / "other"))
    assert second.returncode != 0
    assert server.listen in second.stderr and "panicked" not in second.stderr


def test_sigterm_answers_what_was_asked_and_exits_0(server):
    kinesis = server.client("kinesis")
    kinesis.create_stream(StreamName="s", ShardCount=1)
    body = b'{"StreamName":"s","Data":"YQ==","PartitionKey":"k"}'
    whole = request_bytes(server, "PutRecord", body)
    with connect(server) as half_sent, connect(server) as idle:
        half_sent.sendall(whole[:-20])
        time.sleep(0.3)
        stopped = {}
        stopper = threading.Thread(target=lambda: stopped.update(code=server.sigterm()))
        stopper.start()
        time.sleep(0.3)
        with pytest.raises(OSError):
            connect(server, timeout=2).close()
            # A listener's backlog may still take a connection; then nobody answers on it.
            with connect(server, timeout=2) as late:
                late.sendall(request_bytes(server, "ListStreams", {}))
                if read_answer(late) is None:
                    raise OSError
        half_sent.sendall(whole[-20:])
        answer = read_answer(half_sent)
        assert answer.status == 200
        idle.settimeout(10)
        assert idle.recv(1) == b"", "an idle connection does not hold up the end"
        stopper.join(30)
    assert stopped["code"] == 0
    server.restart()
    token = kinesis.get_shard_iterator(StreamName="s", ShardId="shardId-000000000000",
                                       ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    record, = kinesis.get_records(ShardIterator=token)["Records"]
    assert record["SequenceNumber"] == answer.json()["SequenceNumber"]


def test_sigterm_under_load_loses_no_answer(server):
    kinesis = server.client("kinesis")
    kinesis.create_stream(StreamName="s", ShardCount=2)
    acknowledged, odd = [], []

    def write():
        client = server.client("kinesis")
        while True:
            try:
                put = client.put_record(StreamName="s", Data=b"x", PartitionKey=str(time.monotonic()))
                acknowledged.append((put["ShardId"], put["SequenceNumber"]))
            except BotoCoreError:
                return
            except Exception as error:  # noqa: BLE001 - an error answer is what this test looks for
                odd.append(error)
                return

    writers = [threading.Thread(target=write) for _ in range(8)]
    for writer in writers:
        writer.start()
    time.sleep(0.5)
    assert server.sigterm() == 0
    for writer in writers:
        writer.join()
    assert not odd
    server.restart()
    kept = set()
    for shard in {shard for shard, _ in acknowledged}:
        token = kinesis.get_shard_iterator(StreamName="s", ShardId=shard,
                                           ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        kept |= {(shard, record["SequenceNumber"]) for record in kinesis.get_records(ShardIterator=token)["Records"]}
    assert set(acknowledged) <= kept
    assert len(acknowledged) > 20


def test_sigint_stops_it_too(server):
    import signal

    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(20) == 0


def test_check_config_checks_and_exits(binary, tmp_path):
    good = tmp_path / "good.toml"
    good.write_text('listen = "127.0.0.1:9999"\n')
    checked = thalweg(binary, "serve", "--config", str(good), "--data-dir", str(tmp_path / "d"), "--check-config")
    assert checked.returncode == 0, checked.stderr
    assert "9999" in checked.stdout
    assert not (tmp_path / "d").exists(), "a check leaves nothing behind"
    for name, text in (("unknown key", 'listne = "x"\n'), ("bad address", 'listen = "nonsense"\n'),
                       ("bad toml", "listen = \n"), ("bad type", "dev = 7\n")):
        bad = tmp_path / "bad.toml"
        bad.write_text(text)
        checked = thalweg(binary, "serve", "--config", str(bad), "--check-config")
        assert checked.returncode != 0, name
        assert "bad.toml" in checked.stderr or "listen" in checked.stderr, checked.stderr
        assert "panicked" not in checked.stderr
    absent = thalweg(binary, "serve", "--config", str(tmp_path / "absent.toml"), "--check-config")
    assert absent.returncode != 0 and "absent.toml" in absent.stderr


def test_flag_beats_environment_beats_file(binary, tmp_path):
    file = tmp_path / "thalweg.toml"
    file.write_text('listen = "127.0.0.1:1111"\naccount = "111111111111"\nregion = "eu-west-1"\n')
    checked = thalweg(
        binary, "serve", "--config", str(file), "--listen", "127.0.0.1:3333", "--check-config",
        env={"THALWEG_LISTEN": "127.0.0.1:2222", "THALWEG_ACCOUNT": "222222222222",
             "THALWEG_DATA_DIR": str(tmp_path / "d")},
    )
    assert checked.returncode == 0, checked.stderr
    assert "127.0.0.1:3333" in checked.stdout
    assert "222222222222" in checked.stdout and "111111111111" not in checked.stdout
    assert "eu-west-1" in checked.stdout
    assert str(tmp_path / "d") in checked.stdout


def test_a_secret_is_not_shown(binary, tmp_path):
    file = tmp_path / "thalweg.toml"
    file.write_text('[buckets]\nkind = "s3"\nendpoint = "http://127.0.0.1:1"\nallow_http = true\n'
                    'access_key_id = "AKID"\nsecret_access_key = "hunter2hunter2"\n')
    checked = thalweg(binary, "serve", "--config", str(file), "--data-dir", str(tmp_path / "d"), "--check-config")
    assert checked.returncode == 0, checked.stderr
    assert "hunter2" not in checked.stdout + checked.stderr


def test_dev_accepts_anybody_and_only_on_loopback(make_server, binary, tmp_path):
    server = make_server(arguments=["--dev"])
    stranger = server.client("kinesis", key="anything", secret="at all")
    stranger.create_stream(StreamName="s", ShardCount=1)
    assert stranger.list_streams()["StreamNames"] == ["s"]
    for address in ("0.0.0.0:0", "[::]:0"):
        refused = thalweg(binary, "serve", "--dev", "--listen", address, "--data-dir", str(tmp_path / "d"))
        assert refused.returncode != 0
        assert "loopback" in refused.stderr and "panicked" not in refused.stderr


def test_a_public_address_without_tls_needs_a_word(binary, tmp_path):
    refused = thalweg(binary, "serve", "--listen", "0.0.0.0:0", "--data-dir", str(tmp_path / "d"))
    assert refused.returncode != 0
    assert "allow-plaintext" in refused.stderr


def test_env_prints_lines_for_a_shell(server, binary):
    printed = thalweg(binary, "env", "--data-dir", str(server.data_dir))
    assert printed.returncode == 0
    names = [line[len("export "):].split("=")[0] for line in printed.stdout.splitlines()
             if line.startswith("export ")]
    # Version 1 of the CLI and boto3 know the region only as AWS_DEFAULT_REGION.
    assert set(names) >= {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION",
                          "AWS_ENDPOINT_URL"}
    shell = subprocess.run(["sh", "-c", 'eval "$1"; echo "$AWS_ENDPOINT_URL"', "sh", printed.stdout],
                           capture_output=True, text=True)
    assert shell.stdout.strip() == server.endpoint


def test_the_first_line_tells_where(server):
    assert server.first_line == f"listening on {server.endpoint}"


def test_help_and_version(binary):
    assert thalweg(binary, "--help").returncode == 0
    assert thalweg(binary, "--version").stdout.startswith("thalweg ")
    assert thalweg(binary, "nonsense").returncode != 0
