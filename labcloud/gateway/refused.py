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

NEVER_DONE: Mapping[str, Mapping[str, str]] = {
    "athena": {
        "CreatePreparedStatement": "EXECUTE is not served",
        "CreateNotebook": "no session would start",
        "StartSession": "no session would start",
    },
    "events": {"StartReplay": "nothing would be replayed", "CreateArchive": "nothing would be archived"},
    "glue": {
        "StartCrawler": "no crawler would run",
        "StartJobRun": "no job would run",
        "CreateSession": "no session would start",
        "RunStatement": "no statement would run",
        "StartTrigger": "no trigger would fire",
        "StartWorkflowRun": "no workflow would run",
    },
    "iot": {
        "CreateJob": "devices could not get the job: job topics are not served",
        "CreateDomainConfiguration": "there is one endpoint",
    },
    "lambda": {
        "CreateFunctionUrlConfig": "the URL would not be served",
    },
    "logs": {
        "PutMetricFilter": "no metric would be counted",
        "StartQuery": "no query would be run",
        "CreateExportTask": "nothing would be exported",
    },
    "s3": dict.fromkeys(S3_UNKNOWN, _NOT_KEPT),
    "sagemaker": {
        "CreateTrainingJob": "nothing would be trained",
        "CreateProcessingJob": "nothing would be processed",
        "CreateTransformJob": "nothing would be transformed",
        "CreateHyperParameterTuningJob": "nothing would be tuned",
        "CreateAutoMLJobV2": "nothing would be trained",
        "CreateEndpoint": "nothing would answer",
        "StartPipelineExecution": "no pipeline would run",
    },
    "secretsmanager": {"RotateSecret": "nothing would be rotated"},
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
    "ssm": {"SendCommand": "no command would run", "StartAutomationExecution": "nothing would run"},
}
