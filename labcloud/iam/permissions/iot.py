"""AWS IoT: control plane, data plane and jobs. Source: Service Authorization Reference, "AWS IoT"."""

from __future__ import annotations

from labcloud.iam.permissions.table import Needed, Request, Table, expand

_THING = "thing/{thingName}"


def _publish(request: Request) -> list[Needed]:
    topic = request.arn("iot", f"topic/{request.text('topic', '*')}")
    needed = [Needed("iot:Publish", topic)]
    return [*needed, Needed("iot:RetainPublish", topic)] if request.parameters.get("retain") else needed


def _shadow(request: Request) -> list[Needed]:
    named = "/{shadowName}" if request.text("shadowName") else ""
    return [Needed(f"iot:{request.operation}", arn) for arn in expand(_THING + named, request, "iot")]


DATA = Table(
    prefix="iot",
    rows={
        "topic/{topic}": "GetRetainedMessage",
        _THING: "ListNamedShadowsForThing",
        "client/{clientId}": "DeleteConnection GetConnection",
        "*": "ListRetainedMessages",
    },
    special={
        "Publish": _publish,
        **dict.fromkeys(("GetThingShadow", "UpdateThingShadow", "DeleteThingShadow"), _shadow),
    },
)

JOBS_DATA = Table(
    prefix="iotjobsdata",
    rows={
        "arn:aws:iot:{@region}:{@account}:thing/{thingName}": "DescribeJobExecution GetPendingJobExecutions StartNextPendingJobExecution UpdateJobExecution",
    },
)

IOT = Table(
    prefix="iot",
    rows={
        _THING: (
            "CreateThing DescribeThing UpdateThing DeleteThing ListThingPrincipals ListThingPrincipalsV2 "
            "ListThingGroupsForThing ListJobExecutionsForThing CancelJobExecution DescribeJobExecution "
            "DeleteJobExecution AddThingToThingGroup RemoveThingFromThingGroup AddThingToBillingGroup "
            "RemoveThingFromBillingGroup UpdateThingGroupsForThing"
        ),
        "thingtype/{thingTypeName}": (
            "CreateThingType DescribeThingType UpdateThingType DeleteThingType DeprecateThingType"
        ),
        "thinggroup/{thingGroupName}": (
            "CreateThingGroup CreateDynamicThingGroup DescribeThingGroup UpdateThingGroup UpdateDynamicThingGroup "
            "DeleteThingGroup DeleteDynamicThingGroup ListThingsInThingGroup AddThingToThingGroup "
            "RemoveThingFromThingGroup"
        ),
        "billinggroup/{billingGroupName}": (
            "CreateBillingGroup DescribeBillingGroup UpdateBillingGroup DeleteBillingGroup ListThingsInBillingGroup "
            "AddThingToBillingGroup RemoveThingFromBillingGroup"
        ),
        "cert/{certificateId}": (
            "DescribeCertificate UpdateCertificate DeleteCertificate TransferCertificate AcceptCertificateTransfer "
            "RejectCertificateTransfer CancelCertificateTransfer"
        ),
        "cacert/{certificateId|caCertificateId}": (
            "DescribeCACertificate UpdateCACertificate DeleteCACertificate ListCertificatesByCA"
        ),
        "policy/{policyName}": (
            "CreatePolicy GetPolicy DeletePolicy CreatePolicyVersion GetPolicyVersion DeletePolicyVersion "
            "ListPolicyVersions SetDefaultPolicyVersion ListTargetsForPolicy ListPolicyPrincipals"
        ),
        "{target}": "AttachPolicy DetachPolicy ListAttachedPolicies",
        "{principal}": (
            "AttachPrincipalPolicy DetachPrincipalPolicy AttachThingPrincipal DetachThingPrincipal "
            "ListPrincipalThings ListPrincipalThingsV2 ListPrincipalPolicies GetEffectivePolicies TestAuthorization"
        ),
        "rule/{ruleName}": "CreateTopicRule GetTopicRule ReplaceTopicRule DeleteTopicRule EnableTopicRule DisableTopicRule",
        "{arn}": ("GetTopicRuleDestination UpdateTopicRuleDestination DeleteTopicRuleDestination"),
        "rolealias/{roleAlias}": "CreateRoleAlias DescribeRoleAlias UpdateRoleAlias DeleteRoleAlias",
        "authorizer/{authorizerName}": (
            "CreateAuthorizer DescribeAuthorizer UpdateAuthorizer DeleteAuthorizer SetDefaultAuthorizer "
            "TestInvokeAuthorizer"
        ),
        "job/{jobId}": (
            "CreateJob DescribeJob UpdateJob DeleteJob CancelJob GetJobDocument ListJobExecutionsForJob "
            "AssociateTargetsWithJob CancelJobExecution DescribeJobExecution DeleteJobExecution"
        ),
        "{targets[]}": "CreateJob AssociateTargetsWithJob",
        "jobtemplate/{jobTemplateId}": "CreateJobTemplate DescribeJobTemplate DeleteJobTemplate",
        "index/{indexName=AWS_Things}": (
            "SearchIndex DescribeIndex GetStatistics GetCardinality GetPercentiles GetBucketsAggregation"
        ),
        "domainconfiguration/{domainConfigurationName}/*": (
            "CreateDomainConfiguration DescribeDomainConfiguration UpdateDomainConfiguration DeleteDomainConfiguration"
        ),
        "provisioningtemplate/{templateName}": (
            "CreateProvisioningTemplate DescribeProvisioningTemplate UpdateProvisioningTemplate "
            "DeleteProvisioningTemplate CreateProvisioningTemplateVersion DeleteProvisioningTemplateVersion "
            "DescribeProvisioningTemplateVersion ListProvisioningTemplateVersions CreateProvisioningClaim"
        ),
        "stream/{streamId}": "CreateStream DescribeStream UpdateStream DeleteStream",
        "{resourceArn}": "TagResource UntagResource ListTagsForResource",
        "*": (
            "CreateKeysAndCertificate CreateCertificateFromCsr RegisterCertificate RegisterCertificateWithoutCA "
            "RegisterCACertificate RegisterThing DescribeEndpoint ListThings ListThingTypes ListThingGroups "
            "ListBillingGroups ListCertificates ListCACertificates ListPolicies ListTopicRules ListRoleAliases "
            "ListAuthorizers ListJobs ListJobTemplates ListIndices ListDomainConfigurations "
            "ListProvisioningTemplates ListStreams ListTopicRuleDestinations CreateTopicRuleDestination ConfirmTopicRuleDestination "
            "GetRegistrationCode DeleteRegistrationCode DescribeDefaultAuthorizer ClearDefaultAuthorizer "
            "GetIndexingConfiguration UpdateIndexingConfiguration GetLoggingOptions SetLoggingOptions "
            "GetV2LoggingOptions SetV2LoggingOptions SetV2LoggingLevel DeleteV2LoggingLevel ListV2LoggingLevels "
            "DescribeEventConfigurations UpdateEventConfigurations StartThingRegistrationTask "
            "StopThingRegistrationTask DescribeThingRegistrationTask ListThingRegistrationTasks "
            "ListOutgoingCertificates"
        ),
    },
    tag_action="iot:TagResource",
)
