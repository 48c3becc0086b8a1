# Every rule action that is served, with its target: applied, planned again, updated and destroyed by a test.

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

provider "aws" {
  region                      = "eu-west-1"
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_requesting_account_id  = true
}

variable "edition" {
  description = "Another number changes what can be updated in place."
  type        = number
  default     = 1
}

variable "receiver_url" {
  description = "Where the HTTP action posts to."
  type        = string
  default     = "https://localhost:9/in"
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["iot.amazonaws.com", "firehose.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "rules" {
  name               = "rules"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

data "aws_iam_policy_document" "rules" {
  statement {
    actions   = ["s3:PutObject", "s3:PutObjectAcl", "firehose:PutRecord", "sns:Publish", "sqs:SendMessage", "logs:*", "iot:Publish"]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "rules" {
  role   = aws_iam_role.rules.id
  policy = data.aws_iam_policy_document.rules.json
}

resource "aws_s3_bucket" "lake" {
  bucket        = "terraform-lake"
  force_destroy = true
}

resource "aws_kinesis_firehose_delivery_stream" "lake" {
  name        = "terraform-lake"
  destination = "extended_s3"

  extended_s3_configuration {
    role_arn            = aws_iam_role.rules.arn
    bucket_arn          = aws_s3_bucket.lake.arn
    prefix              = "readings/year=!{timestamp:yyyy}/"
    error_output_prefix = "errors/!{firehose:error-output-type}/"
    buffering_size      = var.edition
    buffering_interval  = 60
    compression_format  = "GZIP"

    processing_configuration {
      enabled = true
      processors {
        type = "AppendDelimiterToRecord"
        parameters {
          parameter_name  = "Delimiter"
          parameter_value = "\\n"
        }
      }
    }
  }
}

resource "aws_sns_topic" "news" {
  name = "news"
}

resource "aws_sqs_queue" "news" {
  name = "news"
}

data "aws_iam_policy_document" "news" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.news.arn]
    principals {
      type        = "Service"
      identifiers = ["sns.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_sns_topic.news.arn]
    }
  }
}

resource "aws_sqs_queue_policy" "news" {
  queue_url = aws_sqs_queue.news.id
  policy    = data.aws_iam_policy_document.news.json
}

resource "aws_sns_topic_subscription" "news" {
  topic_arn            = aws_sns_topic.news.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.news.arn
  raw_message_delivery = true
}

resource "aws_iam_role" "watcher" {
  name = "watcher"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}

resource "aws_lambda_function" "watcher" {
  function_name    = "watcher"
  role             = aws_iam_role.watcher.arn
  runtime          = "python3.11"
  handler          = "watcher.handle"
  filename         = "${path.module}/watcher.zip"
  source_code_hash = filebase64sha256("${path.module}/watcher.zip")
}

resource "aws_lambda_permission" "lake" {
  statement_id  = "lake"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.watcher.function_name
  principal     = "s3.amazonaws.com"
  source_arn    = aws_s3_bucket.lake.arn
}

resource "aws_s3_bucket_notification" "lake" {
  bucket = aws_s3_bucket.lake.id

  lambda_function {
    lambda_function_arn = aws_lambda_function.watcher.arn
    events              = ["s3:ObjectCreated:*"]
    filter_prefix       = "readings/"
  }

  depends_on = [aws_lambda_permission.lake]
}

resource "aws_cloudwatch_log_group" "devices" {
  name = "devices"
}

resource "aws_cloudwatch_metric_alarm" "hot" {
  alarm_name          = "hot"
  namespace           = "AWS/IoT"
  metric_name         = "PublishIn.Success"
  comparison_operator = "GreaterThanThreshold"
  statistic           = "Sum"
  threshold           = var.edition
  period              = 60
  evaluation_periods  = 1
  alarm_actions       = [aws_sns_topic.news.arn]
}

resource "aws_iot_logging_options" "all" {
  default_log_level = var.edition == 1 ? "ERROR" : "INFO"
  role_arn          = aws_iam_role.rules.arn
}

resource "aws_iot_topic_rule" "everything" {
  name        = "everything"
  description = "edition ${var.edition}"
  enabled     = true
  sql         = "SELECT * FROM 'terraform/#'"
  sql_version = "2016-03-23"

  s3 {
    bucket_name = aws_s3_bucket.lake.bucket
    key         = "readings/$${newuuid()}.json"
    role_arn    = aws_iam_role.rules.arn
    canned_acl  = "private"
  }
  firehose {
    delivery_stream_name = aws_kinesis_firehose_delivery_stream.lake.name
    role_arn             = aws_iam_role.rules.arn
    separator            = "\n"
  }
  sns {
    target_arn     = aws_sns_topic.news.arn
    role_arn       = aws_iam_role.rules.arn
    message_format = "RAW"
  }
  sqs {
    queue_url  = aws_sqs_queue.news.id
    role_arn   = aws_iam_role.rules.arn
    use_base64 = true
  }
  cloudwatch_logs {
    log_group_name = aws_cloudwatch_log_group.devices.name
    role_arn       = aws_iam_role.rules.arn
  }
  republish {
    topic    = "copies/$${topic()}"
    role_arn = aws_iam_role.rules.arn
    qos      = 1
  }
  http {
    url = var.receiver_url
    http_header {
      key   = "X-Topic"
      value = "$${topic()}"
    }
  }

  error_action {
    cloudwatch_logs {
      log_group_name = aws_cloudwatch_log_group.devices.name
      role_arn       = aws_iam_role.rules.arn
    }
  }
}

resource "aws_iot_topic_rule" "more" {
  name        = "more"
  enabled     = true
  sql         = "SELECT * FROM 'more/#'"
  sql_version = "2016-03-23"

  dynamodb {
    table_name      = "Readings"
    role_arn        = aws_iam_role.rules.arn
    hash_key_field  = "id"
    hash_key_value  = "$${id}"
    range_key_field = "at"
    range_key_type  = "NUMBER"
    range_key_value = "$${timestamp()}"
    payload_field   = "reading"
    operation       = "INSERT"
  }
  kinesis {
    stream_name   = "raw"
    partition_key = "$${topic()}"
    role_arn      = aws_iam_role.rules.arn
  }
  cloudwatch_metric {
    metric_name      = "Temperature"
    metric_namespace = "House"
    metric_unit      = "None"
    metric_value     = "$${temperature}"
    role_arn         = aws_iam_role.rules.arn
  }
  cloudwatch_alarm {
    alarm_name   = aws_cloudwatch_metric_alarm.hot.alarm_name
    state_reason = "edition ${var.edition}"
    state_value  = "ALARM"
    role_arn     = aws_iam_role.rules.arn
  }
}
