"""CloudFormation resource types that moto 5.2.5 lacks, on moto's backends: topic rules, certificates, attachments,
delivery streams and log streams.
"""

from __future__ import annotations

from typing import Any

from moto.cloudformation.exceptions import UnformattedGetAttTemplateException, ValidationError
from moto.core.common_models import CloudFormationModel
from moto.firehose.models import firehose_backends
from moto.iot.models import iot_backends
from moto.logs.models import logs_backends

Properties = dict[str, Any]


class StackResource(CloudFormationModel):
    """What moto wants to know of a resource type; `physical_id` is what Ref gives, `attributes` what GetAtt gives."""

    TYPE = ""
    NAME = ""
    """The property with the physical name, if the type has one."""
    ATTRIBUTES: tuple[str, ...] = ()

    def __init__(self, physical_id: str, **attributes: str) -> None:
        self.physical_resource_id = physical_id
        self.attributes = attributes

    @classmethod
    def cloudformation_type(cls) -> str:  # type: ignore[override]
        """The name in templates."""
        return cls.TYPE

    @classmethod
    def cloudformation_name_type(cls) -> str:  # type: ignore[override]
        """The property with the name."""
        return cls.NAME

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        """Whether GetAtt knows the attribute."""
        return attr in cls.ATTRIBUTES

    def get_cfn_attribute(self, attribute_name: str) -> str:
        """GetAtt."""
        if attribute_name not in self.attributes:
            raise UnformattedGetAttTemplateException()
        return self.attributes[attribute_name]

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **named: Any
    ) -> StackResource:
        """moto's entry for creation."""
        return cls.create(resource_name, cloudformation_json["Properties"], account_id, region_name)

    @classmethod
    def update_from_cloudformation_json(
        cls, original_resource: Any, new_resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> StackResource:
        """moto's entry for an update: here always a replacement."""
        cls.remove(original_resource.physical_resource_id, account_id, region_name)
        return cls.create(new_resource_name, cloudformation_json["Properties"], account_id, region_name)

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> None:
        """moto's entry for deletion."""
        cls.remove(resource_name, account_id, region_name)

    @classmethod
    def create(cls, name: str, properties: Properties, account_id: str, region: str) -> StackResource:
        """Makes the resource."""
        raise TypeError(f"{cls.__name__} cannot be created")

    @classmethod
    def remove(cls, physical_id: str, account_id: str, region: str) -> None:
        """Removes the resource."""
        raise TypeError(f"{cls.__name__} cannot be deleted")


class TopicRule(StackResource):
    """AWS::IoT::TopicRule."""

    TYPE, NAME, ATTRIBUTES = "AWS::IoT::TopicRule", "RuleName", ("Arn",)

    @classmethod
    def create(cls, name: str, properties: Properties, account_id: str, region: str) -> StackResource:
        """Through the same checks as CreateTopicRule. A name made up from the stack's loses its hyphens."""
        backend, name = iot_backends[account_id][region], name.replace("-", "_")
        payload = api_names(properties["TopicRulePayload"])
        backend.create_topic_rule(
            name,
            payload["sql"],
            description=payload.get("description"),
            rule_disabled=_as_boolean(payload.get("ruleDisabled", False)),
            actions=payload.get("actions") or [],
            error_action=payload.get("errorAction"),
            aws_iot_sql_version=payload.get("awsIotSqlVersion"),
        )
        return cls(name, Arn=backend.rules[name].arn)

    @classmethod
    def remove(cls, physical_id: str, account_id: str, region: str) -> None:
        """Removes the rule."""
        iot_backends[account_id][region].delete_topic_rule(physical_id)


class Certificate(StackResource):
    """AWS::IoT::Certificate, from a signing request."""

    TYPE, ATTRIBUTES = "AWS::IoT::Certificate", ("Arn", "Id")

    @classmethod
    def create(cls, name: str, properties: Properties, account_id: str, region: str) -> StackResource:
        """Signed by the cloud's authority."""
        backend, request = iot_backends[account_id][region], properties.get("CertificateSigningRequest")
        active = properties["Status"] == "ACTIVE"
        if request:
            certificate = backend.create_certificate_from_csr(request, set_as_active=active)
        else:
            pem = properties.get("CertificatePem", "")
            certificate = backend.register_certificate_without_ca(pem, properties["Status"])
        return cls(certificate.certificate_id, Arn=certificate.arn, Id=certificate.certificate_id)

    @classmethod
    def remove(cls, physical_id: str, account_id: str, region: str) -> None:
        """CloudFormation deactivates it first."""
        backend = iot_backends[account_id][region]
        backend.update_certificate(physical_id, "INACTIVE")
        backend.delete_certificate(physical_id, force_delete=False)


class PolicyPrincipalAttachment(StackResource):
    """AWS::IoT::PolicyPrincipalAttachment."""

    TYPE = "AWS::IoT::PolicyPrincipalAttachment"

    @classmethod
    def create(cls, name: str, properties: Properties, account_id: str, region: str) -> StackResource:
        """Attaches."""
        policy, principal = properties["PolicyName"], properties["Principal"]
        iot_backends[account_id][region].attach_policy(policy, principal)
        return cls(f"{policy}|{principal}")

    @classmethod
    def remove(cls, physical_id: str, account_id: str, region: str) -> None:
        """Detaches."""
        iot_backends[account_id][region].detach_policy(*physical_id.split("|", 1))


class ThingPrincipalAttachment(StackResource):
    """AWS::IoT::ThingPrincipalAttachment."""

    TYPE = "AWS::IoT::ThingPrincipalAttachment"

    @classmethod
    def create(cls, name: str, properties: Properties, account_id: str, region: str) -> StackResource:
        """Attaches."""
        thing, principal = properties["ThingName"], properties["Principal"]
        iot_backends[account_id][region].attach_thing_principal(thing, principal)
        return cls(f"{thing}|{principal}")

    @classmethod
    def remove(cls, physical_id: str, account_id: str, region: str) -> None:
        """Detaches."""
        iot_backends[account_id][region].detach_thing_principal(*physical_id.split("|", 1))


class DeliveryStream(StackResource):
    """AWS::KinesisFirehose::DeliveryStream, to S3."""

    TYPE, NAME, ATTRIBUTES = "AWS::KinesisFirehose::DeliveryStream", "DeliveryStreamName", ("Arn",)
    SERVED = {
        "DeliveryStreamName",
        "DeliveryStreamType",
        "S3DestinationConfiguration",
        "ExtendedS3DestinationConfiguration",
        "KinesisStreamSourceConfiguration",
        "Tags",
    }

    @classmethod
    def create(cls, name: str, properties: Properties, account_id: str, region: str) -> StackResource:
        """Through the backend of CreateDeliveryStream."""
        if unknown := sorted(set(properties) - cls.SERVED):
            raise ValidationError(name, f"The local cloud does not serve {', '.join(unknown)} of {cls.TYPE}")
        arn = firehose_backends[account_id][region].create_delivery_stream(
            region=region,
            delivery_stream_name=name,
            delivery_stream_type=properties.get("DeliveryStreamType", "DirectPut"),
            kinesis_stream_source_configuration=properties.get("KinesisStreamSourceConfiguration", {}),
            delivery_stream_encryption_configuration_input={},
            s3_destination_configuration=properties.get("S3DestinationConfiguration", {}),
            extended_s3_destination_configuration=properties.get("ExtendedS3DestinationConfiguration", {}),
            redshift_destination_configuration={},
            elasticsearch_destination_configuration={},
            splunk_destination_configuration={},
            http_endpoint_destination_configuration={},
            snowflake_destination_configuration={},
            iceberg_destination_configuration={},
            tags=properties.get("Tags", []),
        )
        return cls(name, Arn=arn)

    @classmethod
    def remove(cls, physical_id: str, account_id: str, region: str) -> None:
        """Removes the stream."""
        firehose_backends[account_id][region].delete_delivery_stream(physical_id)


class LogStream(StackResource):
    """AWS::Logs::LogStream."""

    TYPE, NAME = "AWS::Logs::LogStream", "LogStreamName"

    @classmethod
    def create(cls, name: str, properties: Properties, account_id: str, region: str) -> StackResource:
        """In its group."""
        group = properties["LogGroupName"]
        logs_backends[account_id][region].create_log_stream(group, name)
        return cls(f"{group}|{name}")

    @classmethod
    def remove(cls, physical_id: str, account_id: str, region: str) -> None:
        """Removes the stream, unless it went with its group."""
        backend, (group, name) = logs_backends[account_id][region], physical_id.split("|", 1)
        if group in backend.groups:
            backend.delete_log_stream(group, name)


ADDED = (TopicRule, Certificate, PolicyPrincipalAttachment, ThingPrincipalAttachment, DeliveryStream, LogStream)


def api_names(value: Any) -> Any:
    """A template's property names as the API writes them: the first letter small."""
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: api_names(item) for key, item in value.items()}
    if isinstance(value, list):
        return [api_names(item) for item in value]
    return value


def _as_boolean(value: Any) -> bool:
    return str(value).lower() == "true"
