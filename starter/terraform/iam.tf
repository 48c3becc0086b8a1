# AWS IAM: who may do what. Every role gets what it needs and nothing else;
# write policies with the data source aws_iam_policy_document, and give the
# inline policies of one role different names.

# TODO 2.2: the role iot_role, which iot.amazonaws.com may assume
# (resource: aws_iam_role; the prefix goes before its name).

# TODO 2.6: iot_role may put items into your DynamoDB table
# (resource: aws_iam_role_policy; action: dynamodb:PutItem).

# TODO 3.2: iot_role may write records into your Timestream table
# (timestream:WriteRecords) and ask where Timestream is
# (timestream:DescribeEndpoints, which has no resource but "*").

# TODO 4.2: the role lambda_role, which lambda.amazonaws.com may assume.

# TODO 4.3: lambda_role may query your Timestream table (timestream:Select),
# ask where Timestream is (timestream:DescribeEndpoints on "*") and publish
# commands (iot:Publish). The account and the region of an ARN are in the data
# sources aws_caller_identity and aws_region.

# TODO 4.9: lambda_role may create its log group and write into it
# (logs:CreateLogGroup, logs:CreateLogStream, logs:PutLogEvents).
