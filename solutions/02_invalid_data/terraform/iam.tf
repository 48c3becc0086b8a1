# AWS IAM: who may do what. Every role gets what it needs and nothing else;
# write policies with the data source aws_iam_policy_document, and give the
# inline policies of one role different names.

data "aws_iam_policy_document" "trust_iot" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["iot.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "iot_role" {
  name               = "${var.prefix}iot_role"
  assume_role_policy = data.aws_iam_policy_document.trust_iot.json
}

data "aws_iam_policy_document" "store_invalid_readings" {
  statement {
    actions   = ["dynamodb:PutItem"]
    resources = [aws_dynamodb_table.invalid_readings.arn]
  }
}

resource "aws_iam_role_policy" "store_invalid_readings" {
  name   = "store_invalid_readings"
  role   = aws_iam_role.iot_role.name
  policy = data.aws_iam_policy_document.store_invalid_readings.json
}

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
