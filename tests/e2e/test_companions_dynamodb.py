"""The tables that KCL keeps its leases in, with the real client."""

import threading
from decimal import Decimal

import boto3
import pytest
from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import ClientError

from harness import eventually

INDEX = "LeaseOwnerToLeaseKeyIndex"


@pytest.fixture
def dynamodb(shared):
    return shared.client("dynamodb")


@pytest.fixture
def table(dynamodb, new_name):
    """A lease table as KCL 3 makes it."""
    name = new_name("app")
    make_table(dynamodb, name)
    yield name
    dynamodb.delete_table(TableName=name)


def make_table(dynamodb, name):
    made = dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "leaseKey", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "leaseKey", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        Tags=[{"Key": "made-by", "Value": "kcl"}],
    )
    assert made["TableDescription"]["TableStatus"] == "CREATING"


def lease(shard, owner="worker-1", counter=0):
    return {"leaseKey": {"S": shard}, "leaseOwner": {"S": owner}, "leaseCounter": {"N": str(counter)}}


def refused(code, call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["Error"]["Code"] == code, caught.value
    return caught.value.response


def test_a_table_is_described(dynamodb, table):
    again = refused(
        "ResourceInUseException",
        dynamodb.create_table,
        TableName=table,
        KeySchema=[{"AttributeName": "leaseKey", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "leaseKey", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    assert again["Error"]["Message"] == f"Table already exists: {table}"
    dynamodb.put_item(TableName=table, Item=lease("shardId-000000000000"))
    described = dynamodb.describe_table(TableName=table)["Table"]
    assert described["TableStatus"] == "ACTIVE"
    assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert described["TableArn"].endswith(f":table/{table}")
    assert (described["ItemCount"], described["TableSizeBytes"]) == (1, 8 + 20 + 10 + 8 + 12 + 2)
    assert table in dynamodb.list_tables()["TableNames"]
    gone = refused("ResourceNotFoundException", dynamodb.describe_table, TableName="nobodys")
    assert gone["Error"]["Message"] == "Requested resource not found: Table: nobodys not found"


def test_leases_as_kcl_writes_them(dynamodb, table):
    """KCL 1 to 3: the parameters from before the expression language."""
    key = {"leaseKey": {"S": "shardId-0"}}
    absent = {"leaseKey": {"Exists": False}}
    dynamodb.put_item(TableName=table, Item=lease("shardId-0"), Expected=absent)
    refused(
        "ConditionalCheckFailedException",
        dynamodb.put_item,
        TableName=table,
        Item=lease("shardId-0"),
        Expected=absent,
    )

    def renew(counter, **options):
        return dynamodb.update_item(
            TableName=table,
            Key=key,
            Expected={"leaseCounter": {"Value": {"N": str(counter)}}, "leaseOwner": {"Value": {"S": "worker-1"}}},
            AttributeUpdates={
                "leaseCounter": {"Action": "ADD", "Value": {"N": "1"}},
                "checkpoint": {"Action": "PUT", "Value": {"S": "TRIM_HORIZON"}},
                "parentShardId": {"Action": "PUT", "Value": {"SS": ["p1", "p0"]}},
                "pendingCheckpoint": {"Action": "DELETE"},
            },
            **options,
        )

    new = renew(0, ReturnValues="ALL_NEW")["Attributes"]
    assert new["leaseCounter"] == {"N": "1"} and set(new["parentShardId"]["SS"]) == {"p0", "p1"}
    wanted = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException) as caught:
        renew(0, **wanted)
    assert caught.value.response["Item"] == new
    assert caught.value.response["Error"]["Message"] == "The conditional request failed"
    assert dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"] == new
    assert "Item" not in dynamodb.get_item(TableName=table, Key={"leaseKey": {"S": "none"}})
    old = dynamodb.delete_item(TableName=table, Key=key, ReturnValues="ALL_OLD")
    assert old["Attributes"] == new


def test_the_leader_lock(dynamodb, table):
    """The conditions of the lock client."""
    key = {"leaseKey": {"S": "Leader"}}
    names = {"#pk": "leaseKey", "#rvn": "recordVersionNumber", "#ir": "isReleased", "#ld": "leaseDuration"}
    item = {**key, "recordVersionNumber": {"S": "v1"}, "leaseDuration": {"S": "20000"}}
    dynamodb.put_item(
        TableName=table,
        Item=item,
        ConditionExpression="attribute_not_exists(#pk)",
        ExpressionAttributeNames={"#pk": "leaseKey"},
    )
    dynamodb.update_item(
        TableName=table,
        Key=key,
        UpdateExpression="SET #ld = :ld, #rvn = :newRvn REMOVE #ir",
        ConditionExpression="attribute_exists(#pk) AND #rvn = :rvn AND (attribute_not_exists(#ir) OR #ir = :ir)",
        ExpressionAttributeNames=names,
        ExpressionAttributeValues={
            ":ld": {"S": "30000"},
            ":newRvn": {"S": "v2"},
            ":rvn": {"S": "v1"},
            ":ir": {"S": "1"},
        },
    )
    refused(
        "ConditionalCheckFailedException",
        dynamodb.delete_item,
        TableName=table,
        Key=key,
        ConditionExpression="attribute_exists(#pk) AND #rvn = :rvn",
        ExpressionAttributeNames={"#pk": "leaseKey", "#rvn": "recordVersionNumber"},
        ExpressionAttributeValues={":rvn": {"S": "v1"}},
    )
    assert dynamodb.get_item(TableName=table, Key=key)["Item"]["recordVersionNumber"] == {"S": "v2"}


def test_the_index_of_owners(dynamodb, table):
    for number in range(30):
        dynamodb.put_item(TableName=table, Item=lease(f"s{number:02}", owner=f"w{number % 3}"))
    updated = dynamodb.update_table(
        TableName=table,
        AttributeDefinitions=[
            {"AttributeName": "leaseOwner", "AttributeType": "S"},
            {"AttributeName": "leaseKey", "AttributeType": "S"},
        ],
        GlobalSecondaryIndexUpdates=[
            {
                "Create": {
                    "IndexName": INDEX,
                    "KeySchema": [
                        {"AttributeName": "leaseOwner", "KeyType": "HASH"},
                        {"AttributeName": "leaseKey", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
            }
        ],
    )
    index = updated["TableDescription"]["GlobalSecondaryIndexes"][0]
    assert (index["IndexName"], index["IndexStatus"]) == (INDEX, "CREATING")

    def is_active():
        indexes = dynamodb.describe_table(TableName=table)["Table"]["GlobalSecondaryIndexes"]
        return indexes[0]["IndexStatus"] == "ACTIVE"

    eventually(is_active)
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        IndexName=INDEX,
        KeyConditionExpression="leaseOwner = :leaseOwner",
        ExpressionAttributeValues={":leaseOwner": {"S": "w1"}},
        PaginationConfig={"PageSize": 4},
    )
    found = [item["leaseKey"]["S"] for page in pages for item in page["Items"]]
    assert found == [f"s{number:02}" for number in range(1, 30, 3)]


def test_scans_in_segments_and_with_filters(dynamodb, table):
    for number in range(40):
        kind = "LEASE" if number % 4 else "STREAM"
        dynamodb.put_item(TableName=table, Item={**lease(f"s{number}"), "entityType": {"S": kind}})
    found = []
    for segment in range(3):
        pages = dynamodb.get_paginator("scan").paginate(
            TableName=table, Segment=segment, TotalSegments=3, ConsistentRead=True, PaginationConfig={"PageSize": 5}
        )
        found += [item["leaseKey"]["S"] for page in pages for item in page["Items"]]
    assert sorted(found) == sorted(f"s{number}" for number in range(40))
    streams = dynamodb.scan(
        TableName=table,
        FilterExpression="entityType = :t",
        ExpressionAttributeValues={":t": {"S": "STREAM"}},
        Select="COUNT",
    )
    assert (streams["Count"], streams["ScannedCount"], "Items" in streams) == (10, 40, False)


def test_the_resource_interface(shared, table):
    resource = boto3.resource(
        "dynamodb",
        endpoint_url=shared.endpoint,
        region_name=shared.credentials["AWS_REGION"],
        aws_access_key_id=shared.credentials["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=shared.credentials["AWS_SECRET_ACCESS_KEY"],
    )
    leases = resource.Table(table)
    leases.wait_until_exists()
    item = {
        "leaseKey": "all",
        "n": Decimal("12345678901234567890.123456789012345678"),
        "flag": True,
        "none": None,
        "bytes": b"\x00\xff",
        "list": [Decimal(1), "two", {"three": Decimal("3.5")}],
        "sets": {"texts": {"a", "b"}, "numbers": {Decimal(1), Decimal(2)}},
    }
    leases.put_item(Item=item, ConditionExpression=Attr("leaseKey").not_exists())
    assert leases.get_item(Key={"leaseKey": "all"})["Item"] == item
    updated = leases.update_item(
        Key={"leaseKey": "all"},
        UpdateExpression="SET #n = #n + :one, #l[0] = :one, #s.fresh = if_not_exists(#s.fresh, :one)",
        ConditionExpression=Attr("flag").eq(True) & Attr("list[1]").begins_with("t"),
        ExpressionAttributeNames={"#n": "n", "#l": "list", "#s": "sets"},
        ExpressionAttributeValues={":one": Decimal(1)},
        ReturnValues="UPDATED_NEW",
    )["Attributes"]
    assert updated["n"] == Decimal("12345678901234567891.123456789012345678")
    assert updated["sets"] == {"fresh": Decimal(1)}
    assert leases.query(KeyConditionExpression=Key("leaseKey").eq("all"))["Count"] == 1
    assert leases.scan(FilterExpression=Attr("sets.texts").contains("a"))["Count"] == 1


def test_a_transaction_happens_whole_or_not(dynamodb, table):
    dynamodb.put_item(TableName=table, Item=lease("lock", owner="me"))

    def migrate(owner):
        check = {
            "TableName": table,
            "Key": {"leaseKey": {"S": "lock"}},
            "ConditionExpression": "leaseOwner = :o",
            "ExpressionAttributeValues": {":o": {"S": owner}},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        put = {"TableName": table, "Item": lease("new"), "ConditionExpression": "attribute_not_exists(leaseKey)"}
        return dynamodb.transact_write_items(TransactItems=[{"ConditionCheck": check}, {"Put": put}])

    with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as caught:
        migrate("other")
    reasons = caught.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["ConditionalCheckFailed", "None"]
    assert reasons[0]["Item"] == lease("lock", owner="me")
    assert "Item" not in dynamodb.get_item(TableName=table, Key={"leaseKey": {"S": "new"}})
    migrate("me")
    assert dynamodb.get_item(TableName=table, Key={"leaseKey": {"S": "new"}})["Item"] == lease("new")


def test_recovery_is_a_setting(dynamodb, table):
    missing = refused("TableNotFoundException", dynamodb.describe_continuous_backups, TableName="nobodys")
    assert missing["Error"]["Message"] == "Table not found: nobodys"
    described = dynamodb.update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )["ContinuousBackupsDescription"]
    assert described["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


def test_what_is_not_there_is_refused(dynamodb, table):
    message = refused(
        "ValidationException",
        dynamodb.update_table,
        TableName=table,
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["Error"]["Message"]
    assert message == "StreamSpecification is not supported."
    refused("UnknownOperationException", dynamodb.execute_statement, Statement="SELECT * FROM x")
    message = refused(
        "ValidationException",
        dynamodb.put_item,
        TableName=table,
        Item=lease("x"),
        ConditionExpression="leaseOwner = ",
    )["Error"]["Message"]
    assert message.startswith("Invalid ConditionExpression: Syntax error;")
    message = refused("ValidationException", dynamodb.put_item, TableName=table, Item={"a": {"S": "b"}})
    assert message["Error"]["Message"].endswith("Missing the key leaseKey in the item")


def test_counters_survive_kill_9(make_server):
    """Workers that take a counter up while the server dies: what was acknowledged is there, and nothing twice."""
    server = make_server()
    dynamodb = server.client("dynamodb")
    make_table(dynamodb, "my-app")
    workers = 4
    acknowledged = [0] * workers
    stop = threading.Event()

    def work(worker):
        client = server.client("dynamodb")
        while not stop.is_set():
            try:
                client.update_item(
                    TableName="my-app",
                    Key={"leaseKey": {"S": f"s{worker}"}},
                    UpdateExpression="ADD n :one",
                    ConditionExpression="attribute_not_exists(n) OR n = :seen",
                    ExpressionAttributeValues={":one": {"N": "1"}, ":seen": {"N": str(acknowledged[worker])}},
                )
            except Exception:
                return
            acknowledged[worker] += 1

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(workers)]
    for thread in threads:
        thread.start()
    eventually(lambda: min(acknowledged) > 10)
    server.kill9()
    stop.set()
    for thread in threads:
        thread.join()
    server.restart()
    dynamodb = server.client("dynamodb")
    for worker in range(workers):
        item = dynamodb.get_item(TableName="my-app", Key={"leaseKey": {"S": f"s{worker}"}})["Item"]
        # The one write that was under way may have happened without its answer.
        assert int(item["n"]["N"]) - acknowledged[worker] in (0, 1)
    described = dynamodb.describe_table(TableName="my-app")["Table"]
    assert (described["TableStatus"], described["ItemCount"]) == ("ACTIVE", workers)
