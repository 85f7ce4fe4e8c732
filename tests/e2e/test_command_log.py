"""The command log of a running server: many changes leave a snapshot, and a start from it knows them all."""

import re

POLICY_BYTES = 19_000


def hashes(server):
    """The state hashes that starts logged."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", server.log_path.read_text(errors="replace"))
    lines = [line for line in text.splitlines() if "the state of the command log" in line]
    return [re.search(r"hash=(\w+)", line).group(1) for line in lines], text


def test_a_start_from_a_snapshot_knows_every_change(make_server):
    server = make_server(arguments=["--log-level", "log=debug"])
    kinesis = server.client("kinesis")
    kinesis.create_stream(StreamName="s", ShardCount=1)
    arn = kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]["StreamARN"]
    # 8 MiB of commands, then a few that stand behind the snapshot.
    for number in range(8 * 2**20 // POLICY_BYTES + 20):
        policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"kinesis:*","Resource":"%s","Sid":"%s%d"}]}'
        policy = policy % (arn, "x" * POLICY_BYTES, number)
        kinesis.put_resource_policy(ResourceARN=arn, Policy=policy)
    server.kill9()
    server.restart()
    kinesis = server.client("kinesis")
    assert kinesis.get_resource_policy(ResourceARN=arn)["Policy"] == policy
    server.kill9()
    server.restart()
    states, text = hashes(server)
    assert "snapshot" in text and len(states) == 3, text[-2000:]
    assert states[1] == states[2] != states[0]
    kinesis = server.client("kinesis")
    kinesis.put_record(StreamName="s", Data=b"d", PartitionKey="k")
