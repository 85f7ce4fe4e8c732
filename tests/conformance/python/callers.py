"""Two ways of calling an operation by its name: boto3, and the AWS CLI in this process (a process each takes a second).

Both answer with a dictionary; blobs may be given as bytes, and come back through `data`.
"""

import base64
import contextlib
import datetime
import io
import json
import os

import awscli
import boto3
from awscli.clidriver import create_clidriver
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

QUICK = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30)


class Boto:
    name, version = "boto3", boto3.__version__

    def __init__(self):
        self.kinesis = boto3.client("kinesis", endpoint_url=os.environ["THALWEG_ENDPOINT"], config=QUICK)

    def call(self, operation, **parameters):
        return getattr(self.kinesis, xform_name(operation))(**parameters)

    @staticmethod
    def data(blob):
        return blob


class Cli:
    name, version = "AWS CLI", awscli.__version__

    def __init__(self):
        os.environ["AWS_ENDPOINT_URL"] = os.environ["THALWEG_ENDPOINT"]
        os.environ["AWS_PAGER"] = ""
        self.driver = create_clidriver()

    def call(self, operation, **parameters):
        text = json.dumps(parameters, default=plain)
        output, errors = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
            code = self.driver.main(
                ["kinesis", xform_name(operation, "-"), "--cli-input-json", text, "--output", "json", "--no-paginate"]
            )
        if code != 0:
            raise RuntimeError(f"aws kinesis {xform_name(operation, '-')} ended with {code}: {errors.getvalue().strip()}")
        return json.loads(output.getvalue()) if output.getvalue().strip() else {}

    @staticmethod
    def data(blob):
        return base64.b64decode(blob)


def plain(value):
    """What JSON has no word for, as the CLI takes it on its command line."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    raise TypeError(type(value))


def fails(caller, codes, operation, parameters):
    """The operation must answer one of `codes` (names of errors, `A|B`)."""
    try:
        answer = caller.call(operation, **parameters)
    except ClientError as error:
        seen = error.response["Error"]["Code"]
        assert seen in codes.split("|"), f"{operation} {shown(parameters)}: {codes} expected, {seen} seen: {error}"
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        assert status in (400, 500), f"{operation}: HTTP {status} for {seen}"
    else:
        answer.pop("ResponseMetadata", None)
        raise AssertionError(f"{operation} {shown(parameters)}: {codes} expected, an answer seen: {shown(answer)}")


def shown(parameters):
    text = str(parameters)
    return text if len(text) < 160 else text[:160] + "..."


