"""Part 1: the house has an identity, and nobody without it gets in."""

from checker.checks import check, expect


@check("1.1", points=3)
def certificate_is_active_and_carries_the_policy(lab):
    """The certificate of the house is active, carries its policy and is handed on by the outputs."""
    lab.outputs("certificate_pem", "private_key")
    certificate = lab.certificate()
    expect(
        certificate.status == "ACTIVE" and certificate.policies,
        expected="a certificate that is ACTIVE, with a policy attached",
        got=certificate.description,
        because=lab.iot.describe_policies,
        fix="aws_iot_certificate (active) and aws_iot_policy_attachment in terraform/iot.tf",
    )


@check("1.2", points=2)
def device_connects(lab):
    """A device with this certificate connects over mutual TLS."""
    refusal = lab.try_to_connect()
    expect(
        not refusal,
        expected="a connection to the output iot_endpoint",
        got="no connection",
        because=refusal,
        fix=refusal.fix,
    )


@check("1.3", points=2, needs=device_connects)
def house_publishes_and_receives(lab):
    """The house may publish its readings and receives the commands for its air conditioners."""
    with lab.house_online() as house:
        expect(
            not house.problem and house.received_command,
            expected='a reading taken from sensor/temperature/temp_1, {"state": {"enabled": true}} received on AC/AC-1',
            got=house.problem or "the reading was taken, the subscription granted; no command arrived within 5 s",
            because="the policy must allow iot:Publish on the topics of the sensors, iot:Subscribe on the topicfilter "
            "of AC/… and iot:Receive on its topics",
            fix="aws_iot_policy from terraform/files/iot_policy.json, and its attachment, in terraform/iot.tf",
        )


@check("1.4", points=1, needs=device_connects)
def nobody_connects_without_the_certificate(lab):
    """Without a certificate, or with one that is not registered, nobody connects."""
    let_in = lab.connects_without_its_certificate()
    expect(
        not let_in,
        expected="no connection without a certificate, none with a stranger's",
        got="connected " + " and ".join(let_in),
        because="the endpoint does not ask for a registered certificate",
        fix="the output iot_endpoint: the endpoint of type iot:Data-ATS",
    )


@check("1.5", points=2)
def certificate_belongs_to_a_thing(lab):
    """The certificate is attached to the thing that stands for the house."""
    certificate = lab.certificate()
    expect(
        certificate.things,
        expected="a thing with the certificate as its principal",
        got="the certificate is attached to no thing",
        because="aws_iot_policy_attachment gives a certificate its policy; the thing is attached separately",
        fix="aws_iot_thing and aws_iot_thing_principal_attachment in terraform/iot.tf",
    )
