"""Makes the bucket of CLAIMDESK_S3_BUCKET if it is not there yet: for stores that come empty, as the one in compose."""

import os
import sys
import time

import boto3
from botocore.exceptions import ClientError, EndpointConnectionError

PATIENCE = 60.0  # s


def main() -> int:
    client = boto3.client(
        "s3",
        endpoint_url=os.environ["CLAIMDESK_S3_ENDPOINT_URL"],
        aws_access_key_id=os.environ["CLAIMDESK_S3_ACCESS_KEY"],
        aws_secret_access_key=os.environ["CLAIMDESK_S3_SECRET_KEY"],
        region_name=os.environ.get("CLAIMDESK_S3_REGION") or "us-east-1",
    )
    bucket = os.environ["CLAIMDESK_S3_BUCKET"]
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            known = [each["Name"] for each in client.list_buckets()["Buckets"]]
            if bucket not in known:
                client.create_bucket(Bucket=bucket)
            return 0
        except (ClientError, EndpointConnectionError) as error:
            if time.monotonic() > deadline:
                sys.stderr.write(f"The bucket cannot be made: {error}\n")
                return 1
            time.sleep(1)


if __name__ == "__main__":
    sys.exit(main())
