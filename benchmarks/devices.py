"""Devices and rules on a system, through the AWS API as a learner makes them; certificates for mosquitto."""

from __future__ import annotations

import datetime as dt
import io
import json
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from benchmarks.systems import REGION, System

SQL = "SELECT id, temperature, room, topic(2) AS place FROM 'bench/+/temperature' WHERE temperature > 40"
ACCOUNTS = {"labcloud": "123456789012", "ministack": "000000000000"}


def client(system: System, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=system.url,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=30),
    )


def make_device(system: System, folder: Path) -> list[str]:
    """A certificate with a policy for the benchmark's topics: the files (CA, certificate, key)."""
    iot = client(system, "iot")
    made = iot.create_keys_and_certificate(setAsActive=True)
    arn = f"arn:aws:iot:{REGION}:{ACCOUNTS[system.name]}"
    statements = [
        {"Effect": "Allow", "Action": "iot:Connect", "Resource": f"{arn}:client/bench-*"},
        {"Effect": "Allow", "Action": ["iot:Publish", "iot:Receive"], "Resource": f"{arn}:topic/bench/*"},
        {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": f"{arn}:topicfilter/bench/*"},
    ]
    iot.create_policy(policyName="bench", policyDocument=policy(*statements))
    iot.attach_policy(policyName="bench", target=made["certificateArn"])
    certificate, key, ca = folder / "device.pem", folder / "device.key", system.ca_file or folder / "ca.pem"
    certificate.write_text(made["certificatePem"])
    key.write_text(made["keyPair"]["PrivateKey"])
    if system.ca_file is None:
        with urllib.request.urlopen(f"{system.url}/_ministack/iot/ca.pem") as response:
            ca.write_bytes(response.read())
    return [str(ca), str(certificate), str(key)]


def make_table(system: System) -> None:
    client(system, "dynamodb").create_table(
        TableName="hot",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def make_role(system: System, service: str, *actions: str) -> str:
    iam = client(system, "iam")
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    name = service.split(".")[0]
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))
    allowed = policy({"Effect": "Allow", "Action": list(actions), "Resource": "*"})
    iam.put_role_policy(RoleName=name, PolicyName="allowed", PolicyDocument=allowed)
    return str(made["Role"]["Arn"])


def make_rule(system: System, action: dict[str, Any]) -> str:
    """The rule's ARN."""
    iot = client(system, "iot")
    payload = {"sql": SQL, "awsIotSqlVersion": "2016-03-23", "ruleDisabled": False, "actions": [action]}
    iot.create_topic_rule(ruleName="bench", topicRulePayload=payload)
    return str(iot.get_topic_rule(ruleName="bench")["ruleArn"])


def make_function(system: System, seen: Path) -> str:
    """A function that appends its reading's id to a file."""
    code = f"def handle(event, context):\n    with open({str(seen)!r}, 'a') as file:\n        file.write(event['id'] + '\\n')\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("code.py", code)
    made = client(system, "lambda").create_function(
        FunctionName="bench",
        Runtime="python3.11",
        Handler="code.handle",
        Role=make_role(system, "lambda.amazonaws.com", "logs:*"),
        Code={"ZipFile": packed.getvalue()},
    )
    return str(made["FunctionArn"])


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def own_authority(folder: Path) -> tuple[Path, Path, Path]:
    """A CA and a certificate of it that serves mosquitto and its clients: the files (CA, certificate, key)."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name, name = _name("benchmark CA"), _name("localhost")
    basic = x509.BasicConstraints(ca=True, path_length=None)
    ca = _builder(ca_name, ca_name, ca_key).add_extension(basic, critical=True).sign(ca_key, hashes.SHA256())
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    certificate = _builder(name, ca_name, key).add_extension(names, critical=False).sign(ca_key, hashes.SHA256())
    files = folder / "own-ca.pem", folder / "own.pem", folder / "own.key"
    files[0].write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.TraditionalOpenSSL
    files[2].write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return files


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    made = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
    return made.not_valid_before(now - dt.timedelta(hours=1)).not_valid_after(now + dt.timedelta(days=2))
