# A device that is a scheduled function; what it publishes is buffered by Firehose into a lake in S3 with a folder a
# day, which a notebook reads and cannot change.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {
  s3_use_path_style           = true
  skip_credentials_validation = true
}

variable "edition" {
  description = "1 when created, 2 for the update in place."
  type        = number
  default     = 1
}

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

data "aws_iam_policy_document" "trust" {
  for_each = toset(["iot", "firehose", "lambda", "sagemaker"])
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["${each.key}.amazonaws.com"]
    }
    dynamic "principals" {
      for_each = each.key == "sagemaker" ? ["analysts of this account"] : []
      content {
        type        = "AWS"
        identifiers = ["arn:aws:iam::${data.aws_caller_identity.current.account_id}:root"]
      }
    }
  }
}

# The device.

resource "aws_iam_role" "device" {
  name               = "lake_device"
  assume_role_policy = data.aws_iam_policy_document.trust["lambda"].json
}

data "aws_iam_policy_document" "device" {
  statement {
    actions   = ["iot:Publish"]
    resources = ["arn:aws:iot:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:topic/devices/*"]
  }
}

resource "aws_iam_role_policy" "device" {
  name   = "publish"
  role   = aws_iam_role.device.id
  policy = data.aws_iam_policy_document.device.json
}

resource "aws_iam_role_policy_attachment" "device_logs" {
  role       = aws_iam_role.device.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_lambda_function" "device" {
  function_name    = "device"
  description      = "Edition ${var.edition}."
  role             = aws_iam_role.device.arn
  runtime          = "python3.11"
  handler          = "device.handle"
  filename         = "device.zip"
  source_code_hash = filebase64sha256("device.zip")
  timeout          = 30
}

resource "aws_cloudwatch_event_rule" "minute" {
  name                = "every-minute"
  description         = "Edition ${var.edition}."
  schedule_expression = "rate(1 minute)"
}

resource "aws_cloudwatch_event_target" "device" {
  rule  = aws_cloudwatch_event_rule.minute.name
  arn   = aws_lambda_function.device.arn
  input = jsonencode({ burst = 2 + var.edition })
}

resource "aws_lambda_permission" "minute" {
  statement_id  = "schedule"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.device.function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.minute.arn
}

# The lake.

resource "aws_s3_bucket" "lake" {
  bucket        = "device-lake"
  force_destroy = true
  tags          = { edition = tostring(var.edition) }
}

resource "aws_s3_bucket_public_access_block" "lake" {
  bucket                  = aws_s3_bucket.lake.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_iam_role" "delivery" {
  name               = "lake_delivery"
  assume_role_policy = data.aws_iam_policy_document.trust["firehose"].json
}

data "aws_iam_policy_document" "delivery" {
  statement {
    actions   = ["s3:PutObject", "s3:GetBucketLocation", "s3:ListBucket", "s3:AbortMultipartUpload", "s3:GetObject"]
    resources = [aws_s3_bucket.lake.arn, "${aws_s3_bucket.lake.arn}/*"]
  }
}

resource "aws_iam_role_policy" "delivery" {
  name   = "deliver"
  role   = aws_iam_role.delivery.id
  policy = data.aws_iam_policy_document.delivery.json
}

resource "aws_kinesis_firehose_delivery_stream" "lake" {
  name        = "lake"
  destination = "extended_s3"
  tags        = { edition = tostring(var.edition) }

  extended_s3_configuration {
    role_arn            = aws_iam_role.delivery.arn
    bucket_arn          = aws_s3_bucket.lake.arn
    buffering_size      = 5
    buffering_interval  = 60 * var.edition
    prefix              = "raw-data/year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/"
    error_output_prefix = "errors/!{firehose:error-output-type}/"
  }
}

resource "aws_iam_role" "rule" {
  name               = "lake_rule"
  assume_role_policy = data.aws_iam_policy_document.trust["iot"].json
}

data "aws_iam_policy_document" "rule" {
  statement {
    actions   = ["firehose:PutRecord"]
    resources = [aws_kinesis_firehose_delivery_stream.lake.arn]
  }
}

resource "aws_iam_role_policy" "rule" {
  name   = "put"
  role   = aws_iam_role.rule.id
  policy = data.aws_iam_policy_document.rule.json
}

resource "aws_iot_topic_rule" "lake" {
  name        = "devices_to_lake"
  description = "Edition ${var.edition}."
  enabled     = true
  sql         = "SELECT * FROM 'devices/+'"
  sql_version = "2016-03-23"

  firehose {
    delivery_stream_name = aws_kinesis_firehose_delivery_stream.lake.name
    role_arn             = aws_iam_role.rule.arn
    separator            = "\n"
  }
}

# The notebook.

resource "aws_iam_role" "notebook" {
  name               = "lake_notebook"
  assume_role_policy = data.aws_iam_policy_document.trust["sagemaker"].json
}

data "aws_iam_policy_document" "notebook" {
  statement {
    actions   = ["s3:GetObject", "s3:ListBucket"]
    resources = [aws_s3_bucket.lake.arn, "${aws_s3_bucket.lake.arn}/*"]
  }
}

resource "aws_iam_role_policy" "notebook" {
  name   = "read"
  role   = aws_iam_role.notebook.id
  policy = data.aws_iam_policy_document.notebook.json
}

resource "aws_sagemaker_notebook_instance" "analysis" {
  name          = "analysis"
  role_arn      = aws_iam_role.notebook.arn
  instance_type = "ml.t3.medium"
  tags          = { edition = tostring(var.edition) }
}

output "notebook_role" {
  description = "What the notebook's code runs as."
  value       = aws_iam_role.notebook.arn
}
