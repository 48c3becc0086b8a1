"""Operations that moto would accept and not carry out: refused, so that nothing is accepted and dropped."""

from __future__ import annotations

from collections.abc import Mapping

_NOT_KEPT = "moto knows nothing of it"
S3_UNKNOWN = [
    "CreateBucketMetadataConfiguration",
    "CreateBucketMetadataTableConfiguration",
    "CreateSession",
    "DeleteBucketAnalyticsConfiguration",
    "DeleteBucketIntelligentTieringConfiguration",
    "DeleteBucketMetadataConfiguration",
    "DeleteBucketMetadataTableConfiguration",
    "DeleteBucketMetricsConfiguration",
    "DeleteObjectAnnotation",
    "GetBucketAbac",
    "GetBucketAnalyticsConfiguration",
    "GetBucketIntelligentTieringConfiguration",
    "GetBucketMetadataConfiguration",
    "GetBucketMetadataTableConfiguration",
    "GetBucketMetricsConfiguration",
    "GetObjectAnnotation",
    "GetObjectTorrent",
    "ListBucketAnalyticsConfigurations",
    "ListBucketIntelligentTieringConfigurations",
    "ListBucketMetricsConfigurations",
    "ListDirectoryBuckets",
    "ListObjectAnnotations",
    "PutBucketAbac",
    "PutBucketAnalyticsConfiguration",
    "PutBucketIntelligentTieringConfiguration",
    "PutBucketMetricsConfiguration",
    "PutObjectAnnotation",
    "RenameObject",
    "UpdateBucketMetadataAnnotationTableConfiguration",
    "UpdateBucketMetadataInventoryTableConfiguration",
    "UpdateBucketMetadataJournalTableConfiguration",
    "UpdateObjectEncryption",
    "WriteGetObjectResponse",
]
"""S3 operations that moto's hand-written dispatch takes for others: it would answer, and wrongly."""

_NO_POLICY = "it would not be evaluated"
_NO_DELIVERY = "no logs would be delivered"
_NO_PUSH = "no notification would be pushed"

NEVER_DONE: Mapping[str, Mapping[str, str]] = {
    "athena": {
        "CreateCapacityReservation": "there is no capacity to reserve",
        "CreateNotebook": "no session would start",
        "CreatePreparedStatement": "EXECUTE is not served",
        "StartSession": "no session would start",
    },
    "cloudwatch": {
        "EnableInsightRules": "no rule would be evaluated",
        "PutInsightRule": "no rule would be evaluated",
    },
    "dynamodb": {"PutResourcePolicy": _NO_POLICY},
    "events": {
        "CreateArchive": "nothing would be archived",
        "CreatePartnerEventSource": "nobody would send events",
        "PutPartnerEvents": "nothing would receive the events",
        "StartReplay": "nothing would be replayed",
        "UpdateArchive": "nothing would be archived",
    },
    "glue": {
        "CreateDevEndpoint": "nothing would answer",
        "CreateMLTransform": "nothing would be transformed",
        "CreateSession": "no session would start",
        "PutResourcePolicy": _NO_POLICY,
        "RunStatement": "no statement would run",
        "StartCrawler": "no crawler would run",
        "StartJobRun": "no job would run",
        "StartTrigger": "no trigger would fire",
        "StartWorkflowRun": "no workflow would run",
    },
    "iot": {
        "CreateDomainConfiguration": "there is one endpoint",
        "CreateJob": "devices could not get the job: job topics are not served",
        "CreateJobTemplate": "no job could be made of it: job topics are not served",
    },
    "kinesis": {
        "EnableEnhancedMonitoring": "no metrics of shards would be published",
        "PutResourcePolicy": _NO_POLICY,
        "RegisterStreamConsumer": "nobody could read as this consumer: SubscribeToShard is not served",
    },
    "lambda": {
        "CreateFunctionUrlConfig": "the URL would not be served",
        "InvokeAsync": "it is deprecated; Invoke with InvocationType Event is served",
    },
    "logs": {
        "CreateDelivery": _NO_DELIVERY,
        "CreateExportTask": "nothing would be exported",
        "PutDeliveryDestination": _NO_DELIVERY,
        "PutDeliverySource": _NO_DELIVERY,
        "PutDestination": _NO_DELIVERY,
        "PutMetricFilter": "no metric would be counted",
        "StartLiveTail": "the host that the lines would come from is not served",
        "StartQuery": "no query would be run",
    },
    "s3": {
        **dict.fromkeys(S3_UNKNOWN, _NOT_KEPT),
        "PutBucketInventoryConfiguration": "no inventory would be written",
        "PutBucketLifecycle": "PutBucketLifecycleConfiguration has taken its place",
        "PutBucketReplication": "nothing would be replicated",
        "PutBucketWebsite": "no website is served",
        "SelectObjectContent": "its SQL would be answered wrongly; Athena is served",
    },
    "sagemaker": {
        "CreateAutoMLJobV2": "nothing would be trained",
        "CreateCluster": "no instance would start",
        "CreateCompilationJob": "nothing would be compiled",
        "CreateDomain": "nothing would answer at its URL",
        "CreateEndpoint": "nothing would answer",
        "CreateFeatureGroup": "no record could be put into it",
        "CreateHyperParameterTuningJob": "nothing would be tuned",
        "CreateProcessingJob": "nothing would be processed",
        "CreateTrainingJob": "nothing would be trained",
        "CreateTransformJob": "nothing would be transformed",
        "StartPipelineExecution": "no pipeline would run",
    },
    "secretsmanager": {
        "PutResourcePolicy": _NO_POLICY,
        "RotateSecret": "nothing would be rotated",
    },
    "sns": {
        "CreatePlatformApplication": _NO_PUSH,
        "CreatePlatformEndpoint": _NO_PUSH,
    },
    "ssm": {
        "CreateMaintenanceWindow": "the window would never open",
        "RegisterTaskWithMaintenanceWindow": "no task would run",
        "SendCommand": "no command would run",
        "StartAutomationExecution": "nothing would run",
    },
    "sts": {
        "AssumeRoleWithSAML": "no identity provider is asked",
        "AssumeRoleWithWebIdentity": "no identity provider is asked",
        "GetFederationToken": "the credentials would be nobody's; AssumeRole is served",
        "GetSessionToken": "the credentials would be nobody's; AssumeRole is served",
    },
    "stepfunctions": {
        "CreateActivity": "no worker could get a task",
        "DescribeActivity": "there are no activities",
        "DeleteActivity": "there are no activities",
        "ListActivities": "there are no activities",
        "SendTaskSuccess": "no task waits for a token",
        "SendTaskFailure": "no task waits for a token",
        "SendTaskHeartbeat": "no task waits for a token",
        "DescribeMapRun": "there is no distributed Map",
        "ListMapRuns": "there is no distributed Map",
        "UpdateMapRun": "there is no distributed Map",
    },
}
