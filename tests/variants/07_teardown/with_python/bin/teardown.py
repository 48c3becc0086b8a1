"""Removes the lab."""

import os
import pathlib
import shutil
import subprocess
import sys

import boto3

root = pathlib.Path(__file__).resolve().parents[1]
subprocess.run(["terraform", "destroy", "-auto-approve"], cwd=root / "terraform", check=True)
subprocess.run([sys.executable, root / "bin" / "create_quicksight_source.py", "--delete"], check=True)
logs = boto3.client("logs", region_name=os.environ["AWS_REGION"])
try:
    logs.delete_log_group(logGroupName="/aws/lambda/ac_control_lambda")
except logs.exceptions.ResourceNotFoundException:
    print("no log group")
shutil.rmtree(root / "certs", ignore_errors=True)
for file in (root / "terraform").rglob("*.tfstate.backup"):
    file.unlink()
