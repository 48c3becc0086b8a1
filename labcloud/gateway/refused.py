"""Operations that moto would accept and not carry out: refused, so that nothing is accepted and dropped."""

from __future__ import annotations

from collections.abc import Mapping

NEVER_DONE: Mapping[str, Mapping[str, str]] = {
    "athena": {"StartQueryExecution": "no query would be run"},
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
        "CreateRoleAlias": "the credential provider is not served",
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
    "ssm": {"SendCommand": "no command would run", "StartAutomationExecution": "nothing would run"},
}
