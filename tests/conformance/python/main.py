"""boto3 and the AWS CLI: every operation of the service's model, by its happy path and (boto3) by its errors.

Read next: `happy.py`, `queues.py`, `errors.py`.
"""

from botocore.session import get_session

import errors
import happy
import queues
import report
from callers import Boto, Cli, fails
from world import World

# The AWS CLI leaves out the one operation that answers with an event stream.
NOT_IN_CLI = {"SubscribeToShard"}


def happy_path(operation):
    return getattr(happy, operation, None) or getattr(queues, operation)


def with_errors(operation, world):
    happy_path(operation)(world)
    rows = errors.of(operation)
    for codes, parameters in rows:
        if callable(parameters):
            parameters = parameters(world, *world.stream())
        fails(world.caller, codes, operation, parameters)
    return "errors tried: " + ", ".join(sorted({codes for codes, _ in rows})) if rows else ""


def main():
    operations = get_session().get_service_model("kinesis").operation_names
    boto = World(Boto(), "boto")
    report.client(boto.caller.name, boto.caller.version)
    for operation in operations:
        report.feature(operation, lambda: with_errors(operation, boto))
    cli = World(Cli(), "cli")
    report.client(cli.caller.name, cli.caller.version)
    for operation in operations:
        if operation not in NOT_IN_CLI:
            report.feature(operation, lambda: happy_path(operation)(cli))


if __name__ == "__main__":
    main()
