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

data "aws_iam_policy_document" "store_valid_readings" {
  statement {
    actions   = ["timestream:WriteRecords"]
    resources = [aws_timestreamwrite_table.valid_readings.arn]
  }

  statement {
    actions   = ["timestream:DescribeEndpoints"]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "store_valid_readings" {
  name   = "store_valid_readings"
  role   = aws_iam_role.iot_role.name
  policy = data.aws_iam_policy_document.store_valid_readings.json
}

data "aws_iam_policy_document" "trust_lambda" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "lambda_role" {
  name               = "${var.prefix}lambda_role"
  assume_role_policy = data.aws_iam_policy_document.trust_lambda.json
}

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

data "aws_partition" "current" {}

data "aws_iam_policy_document" "read_valid_readings" {
  statement {
    actions   = ["timestream:Select"]
    resources = [aws_timestreamwrite_table.valid_readings.arn]
  }

  statement {
    actions   = ["timestream:DescribeEndpoints"]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "read_valid_readings" {
  name   = "read_valid_readings"
  role   = aws_iam_role.lambda_role.name
  policy = data.aws_iam_policy_document.read_valid_readings.json
}

data "aws_iam_policy_document" "send_commands" {
  statement {
    actions = ["iot:Publish"]
    resources = [
      "arn:${data.aws_partition.current.partition}:iot:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:topic/AC/AC-*",
    ]
  }
}

resource "aws_iam_role_policy" "send_commands" {
  name   = "send_commands"
  role   = aws_iam_role.lambda_role.name
  policy = data.aws_iam_policy_document.send_commands.json
}

data "aws_iam_policy_document" "write_log" {
  statement {
    actions = ["logs:CreateLogGroup"]
    resources = [
      "arn:${data.aws_partition.current.partition}:logs:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:*",
    ]
  }

  statement {
    actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [
      "arn:${data.aws_partition.current.partition}:logs:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:log-group:/aws/lambda/${var.prefix}ac_control_lambda:*",
    ]
  }
}

resource "aws_iam_role_policy" "write_log" {
  name   = "write_log"
  role   = aws_iam_role.lambda_role.name
  policy = data.aws_iam_policy_document.write_log.json
}
