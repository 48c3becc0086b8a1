"""CloudFormation stacks. Source: Service Authorization Reference, "AWS CloudFormation"."""

from __future__ import annotations

from labcloud.iam.permissions.table import Table

CLOUDFORMATION = Table(
    prefix="cloudformation",
    rows={
        "stack/{StackName}/*": (
            "CreateStack UpdateStack DeleteStack DescribeStacks DescribeStackEvents DescribeStackResource "
            "DescribeStackResources ListStackResources GetTemplate GetTemplateSummary CreateChangeSet "
            "DescribeChangeSet ExecuteChangeSet DeleteChangeSet ListChangeSets GetStackPolicy SetStackPolicy "
            "CancelUpdateStack ContinueUpdateRollback"
        ),
        "*": "ListStacks ListExports ListImports ValidateTemplate DescribeAccountLimits EstimateTemplateCost",
    },
)
