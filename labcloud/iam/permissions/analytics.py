"""Glue, Athena, SageMaker and QuickSight.

Athena reads the catalogue and S3 with the caller's own permissions: those are not of this request but of the query.
Source: their pages in the Service Authorization Reference.
"""

from __future__ import annotations

from labcloud.iam.permissions.table import Needed, Request, Table

_CATALOG = "catalog"
_DATABASE = "database/{DatabaseName|Name|DatabaseInput.Name}"
_TABLE = "table/{DatabaseName}/{TableName|Name|TableInput.Name}"
_OF_DATABASE = "GetDatabase CreateDatabase UpdateDatabase DeleteDatabase"
_OF_TABLES = (
    "GetTable CreateTable UpdateTable DeleteTable GetTableVersion GetTableVersions DeleteTableVersion "
    "GetPartition GetPartitions CreatePartition UpdatePartition DeletePartition BatchCreatePartition "
    "BatchDeletePartition BatchGetPartition BatchUpdatePartition GetPartitionIndexes CreatePartitionIndex "
    "DeletePartitionIndex"
)

GLUE = Table(
    prefix="glue",
    rows={
        _CATALOG: f"{_OF_DATABASE} {_OF_TABLES} GetDatabases GetTables SearchTables BatchDeleteTable",
        _DATABASE: _OF_DATABASE,
        "database/{DatabaseName}": f"{_OF_TABLES} GetTables BatchDeleteTable",
        _TABLE: _OF_TABLES,
        "table/{DatabaseName}/*": "GetTables",
        "table/{DatabaseName}/{TablesToDelete[]}": "BatchDeleteTable",
        "crawler/{Name|CrawlerName}": (
            "CreateCrawler GetCrawler UpdateCrawler DeleteCrawler StartCrawler StopCrawler "
            "StartCrawlerSchedule StopCrawlerSchedule"
        ),
        "job/{JobName|Name}": (
            "CreateJob GetJob UpdateJob DeleteJob StartJobRun GetJobRun GetJobRuns BatchStopJobRun GetJobBookmark "
            "ResetJobBookmark"
        ),
        "trigger/{Name}": "CreateTrigger GetTrigger UpdateTrigger DeleteTrigger StartTrigger StopTrigger",
        "workflow/{Name}": "CreateWorkflow GetWorkflow UpdateWorkflow DeleteWorkflow StartWorkflowRun",
        "{ResourceArn}": "TagResource UntagResource GetTags",
        "*": (
            "GetCrawlers ListCrawlers GetCrawlerMetrics GetJobs ListJobs GetTriggers ListTriggers ListWorkflows "
            "GetClassifiers GetClassifier CreateClassifier UpdateClassifier DeleteClassifier"
        ),
    },
    tag_action="glue:TagResource",
)


def _of_query(request: Request) -> list[Needed]:
    """A query belongs to the workgroup that it was started in."""
    query = request.text("QueryExecutionId") or request.text("NamedQueryId")
    group = request.text("WorkGroup") or request.resolve("workgroup of query", query) or "primary"
    return [Needed(f"athena:{request.operation}", request.arn("athena", f"workgroup/{group}"))]


ATHENA = Table(
    prefix="athena",
    rows={
        "workgroup/{WorkGroup=primary}": (
            "StartQueryExecution ListQueryExecutions GetWorkGroup UpdateWorkGroup DeleteWorkGroup ListNamedQueries "
            "CreateNamedQuery BatchGetQueryExecution BatchGetNamedQuery CreatePreparedStatement "
            "GetPreparedStatement UpdatePreparedStatement DeletePreparedStatement ListPreparedStatements"
        ),
        "workgroup/{Name}": "CreateWorkGroup",
        "datacatalog/{Name|CatalogName=AwsDataCatalog}": (
            "GetDataCatalog CreateDataCatalog UpdateDataCatalog DeleteDataCatalog GetDatabase ListDatabases "
            "GetTableMetadata ListTableMetadata"
        ),
        "{ResourceARN}": "TagResource UntagResource ListTagsForResource",
        "*": "ListWorkGroups ListDataCatalogs ListEngineVersions",
    },
    special=dict.fromkeys(
        (
            *("GetQueryExecution", "GetQueryResults", "StopQueryExecution", "GetQueryRuntimeStatistics"),
            *("GetNamedQuery", "DeleteNamedQuery", "UpdateNamedQuery"),
        ),
        _of_query,
    ),
    tag_action="athena:TagResource",
)


def _crud(kind: str, verbs: str = "Create Describe Update Delete") -> str:
    return " ".join(f"{verb}{kind}" for verb in verbs.split())


SAGEMAKER = Table(
    prefix="sagemaker",
    rows={
        "notebook-instance/{NotebookInstanceName:lower}": (
            _crud("NotebookInstance", "Create Describe Update Delete Start Stop")
            + " CreatePresignedNotebookInstanceUrl"
        ),
        "notebook-instance-lifecycle-config/{NotebookInstanceLifecycleConfigName:lower}": _crud(
            "NotebookInstanceLifecycleConfig"
        ),
        "code-repository/{CodeRepositoryName:lower}": _crud("CodeRepository"),
        "model/{ModelName:lower}": _crud("Model", "Create Describe Delete"),
        "endpoint-config/{EndpointConfigName:lower}": _crud("EndpointConfig", "Create Describe Delete")
        + " CreateEndpoint",
        "endpoint/{EndpointName:lower}": _crud("Endpoint") + " UpdateEndpointWeightsAndCapacities",
        "training-job/{TrainingJobName:lower}": _crud("TrainingJob", "Create Describe Update Stop"),
        "processing-job/{ProcessingJobName:lower}": _crud("ProcessingJob", "Create Describe Stop"),
        "{ResourceArn}": "AddTags DeleteTags ListTags",
        "*": (
            "ListNotebookInstances ListNotebookInstanceLifecycleConfigs ListCodeRepositories ListModels "
            "ListEndpoints ListEndpointConfigs ListTrainingJobs ListProcessingJobs"
        ),
    },
    tag_action="sagemaker:AddTags",
)

SAGEMAKER_RUNTIME = Table(
    prefix="sagemaker", rows={"endpoint/{EndpointName:lower}": "InvokeEndpoint InvokeEndpointAsync"}
)

_PERMISSIONS = "Describe{0}Permissions Update{0}Permissions"

QUICKSIGHT = Table(
    prefix="quicksight",
    rows={
        "datasource/{DataSourceId}": _crud("DataSource") + " " + _PERMISSIONS.format("DataSource"),
        "dataset/{DataSetId}": (
            _crud("DataSet") + " CreateIngestion DescribeIngestion CancelIngestion ListIngestions "
            "PutDataSetRefreshProperties DescribeDataSetRefreshProperties DeleteDataSetRefreshProperties "
            "CreateRefreshSchedule DescribeRefreshSchedule UpdateRefreshSchedule DeleteRefreshSchedule "
            "ListRefreshSchedules " + _PERMISSIONS.format("DataSet")
        ),
        "analysis/{AnalysisId}": (
            _crud("Analysis") + " RestoreAnalysis DescribeAnalysisDefinition " + _PERMISSIONS.format("Analysis")
        ),
        "dashboard/{DashboardId}": (
            _crud("Dashboard") + " DescribeDashboardDefinition ListDashboardVersions UpdateDashboardPublishedVersion "
            "UpdateDashboardLinks GetDashboardEmbedUrl " + _PERMISSIONS.format("Dashboard")
        ),
        "template/{TemplateId}": _crud("Template") + " DescribeTemplateDefinition ListTemplateVersions",
        "theme/{ThemeId}": _crud("Theme"),
        "folder/{FolderId}": _crud("Folder") + " ListFolderMembers CreateFolderMembership DeleteFolderMembership",
        "user/{Namespace}/{UserName}": _crud("User", "Describe Update Delete Register"),
        "group/{Namespace}/{GroupName}": (
            _crud("Group") + " CreateGroupMembership DeleteGroupMembership DescribeGroupMembership ListGroupMemberships"
        ),
        "namespace/{Namespace}": _crud("Namespace", "Create Describe Delete"),
        "{ResourceArn}": "TagResource UntagResource ListTagsForResource",
        "*": (
            "ListDataSources ListDataSets ListAnalyses ListDashboards ListTemplates ListThemes ListFolders ListUsers "
            "ListGroups ListNamespaces SearchAnalyses SearchDashboards SearchDataSets SearchDataSources "
            "DescribeAccountSettings UpdateAccountSettings DescribeAccountSubscription CreateAccountSubscription "
            "DeleteAccountSubscription"
        ),
    },
    tag_action="quicksight:TagResource",
)
