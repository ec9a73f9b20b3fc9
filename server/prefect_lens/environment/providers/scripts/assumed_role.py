"""Prints the credentials of an assumed role: `assumed_role.py ARGUMENTS`, by an interpreter that has `boto3`."""

import json
import sys
from importlib import import_module
from typing import Any


def main() -> None:
    """Print them as JSON."""
    boto3: Any = import_module("boto3")
    exceptions: Any = import_module("botocore.exceptions")
    given = json.loads(sys.argv[1])
    order = {"RoleArn": given["aws_role"], "RoleSessionName": "prefect-lens"}
    if "session" in given:
        order["DurationSeconds"] = int(given["session"])
    if "external_id" in given:
        order["ExternalId"] = given["external_id"]
    told: dict[str, Any]
    try:
        session = boto3.Session(profile_name=given.get("profile"), region_name=given.get("region"))
        # STS answers in each region; without one its global address does.
        sts = session.client("sts", region_name=session.region_name or "us-east-1")
        found = sts.assume_role(**order)["Credentials"]
    except exceptions.NoCredentialsError:
        told = {
            "error": "There are no AWS credentials to assume it with.",
            "cure": "Log in, as by: aws sso login",
        }
    except (exceptions.BotoCoreError, exceptions.ClientError) as error:
        told = {"error": f"{given['aws_role']} could not be assumed: {str(error).rstrip('.')}."}
    else:
        values = {
            "AWS_ACCESS_KEY_ID": found["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": found["SecretAccessKey"],
            "AWS_SESSION_TOKEN": found["SessionToken"],
        }
        told = {"values": values, "expires": found["Expiration"].timestamp()}
    sys.stdout.write(json.dumps(told))


main()
