# The neighbours of AWS IoT in the courses: IAM, Lambda, schedules, storage, streams, queries, notebooks, alarms.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {
  region                      = "eu-central-1"
  skip_credentials_validation = true
  s3_use_path_style           = true
}

variable "edition" {
  description = "1 when created, 2 for the update in place."
  type        = number
  default     = 1
}

locals {
  tags = { edition = tostring(var.edition) }
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com", "sagemaker.amazonaws.com", "scheduler.amazonaws.com", "firehose.amazonaws.com", "states.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "use" {
  statement {
    actions   = ["timestream:Select", "iot:Publish"]
    resources = ["arn:aws:iot:eu-central-1:*:topic/AC/*"]
  }
}

# IAM

resource "aws_iam_role" "service" {
  name               = "service_role"
  assume_role_policy = data.aws_iam_policy_document.trust.json
  description        = "Edition ${var.edition}"
  tags               = local.tags
}

resource "aws_iam_role_policy" "use" {
  name   = "use"
  role   = aws_iam_role.service.id
  policy = data.aws_iam_policy_document.use.json
}

resource "aws_iam_policy" "own" {
  name   = "own"
  policy = data.aws_iam_policy_document.use.json
  tags   = local.tags
}

resource "aws_iam_role_policy_attachment" "own" {
  role       = aws_iam_role.service.name
  policy_arn = aws_iam_policy.own.arn
}

resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.service.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

data "aws_iam_policy" "read" {
  name = "AmazonS3ReadOnlyAccess"
}

resource "aws_iam_role_policy_attachment" "read" {
  role       = aws_iam_role.service.name
  policy_arn = data.aws_iam_policy.read.arn
}

resource "aws_iam_user" "student" {
  name = "student"
  tags = local.tags
}

resource "aws_iam_access_key" "student" {
  user = aws_iam_user.student.name
}

resource "aws_iam_user_policy" "student" {
  name   = "use"
  user   = aws_iam_user.student.name
  policy = data.aws_iam_policy_document.use.json
}

resource "aws_iam_group" "students" {
  name = "students"
}

resource "aws_iam_group_membership" "students" {
  name  = "students"
  group = aws_iam_group.students.name
  users = [aws_iam_user.student.name]
}

# Storage

resource "aws_dynamodb_table" "invalid" {
  name         = "Temperature"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"
  attribute {
    name = "id"
    type = "S"
  }
  tags = local.tags
}

resource "aws_dynamodb_table" "alerts" {
  name           = "iot_alerts"
  billing_mode   = "PROVISIONED"
  read_capacity  = var.edition
  write_capacity = 1
  hash_key       = "alert_id"
  range_key      = "timestamp"
  attribute {
    name = "alert_id"
    type = "S"
  }
  attribute {
    name = "timestamp"
    type = "N"
  }
}

resource "aws_s3_bucket" "lake" {
  bucket        = "iot-lab-lake"
  force_destroy = true
  tags          = local.tags
}

resource "aws_s3_bucket_versioning" "lake" {
  bucket = aws_s3_bucket.lake.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_public_access_block" "lake" {
  bucket                  = aws_s3_bucket.lake.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = var.edition == 2
}

resource "aws_s3_bucket_server_side_encryption_configuration" "lake" {
  bucket = aws_s3_bucket.lake.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_notification" "lake" {
  bucket = aws_s3_bucket.lake.id
  lambda_function {
    lambda_function_arn = aws_lambda_function.control.arn
    events              = ["s3:ObjectCreated:*"]
    filter_prefix       = "raw/"
  }
  depends_on = [aws_lambda_permission.lake]
}

resource "aws_s3_object" "readme" {
  bucket  = aws_s3_bucket.lake.id
  key     = "readme.txt"
  content = "edition ${var.edition}"
}

# Lambda and schedules

resource "aws_lambda_function" "control" {
  function_name    = "ac_control_lambda"
  role             = aws_iam_role.service.arn
  handler          = "ac_control_lambda.lambda_handler"
  runtime          = "python3.13"
  filename         = "${path.module}/function.zip"
  source_code_hash = filebase64sha256("${path.module}/function.zip")
  timeout          = 29 + var.edition
  environment {
    variables = { EDITION = tostring(var.edition) }
  }
  tags = local.tags
}

resource "aws_lambda_permission" "lake" {
  statement_id  = "lake"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.control.function_name
  principal     = "s3.amazonaws.com"
  source_arn    = aws_s3_bucket.lake.arn
}

resource "aws_cloudwatch_event_rule" "minute" {
  name                = "every_minute"
  schedule_expression = "rate(${var.edition == 1 ? "1 minute" : "2 minutes"})"
  tags                = local.tags
}

resource "aws_cloudwatch_event_target" "minute" {
  rule = aws_cloudwatch_event_rule.minute.name
  arn  = aws_lambda_function.control.arn
}

resource "aws_lambda_permission" "minute" {
  statement_id  = "events"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.control.function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.minute.arn
}

resource "aws_scheduler_schedule_group" "house" {
  name = "house"
  tags = local.tags
}

# Logs, alarms, notifications

resource "aws_cloudwatch_log_group" "lambda" {
  name              = "/aws/lambda/ac_control_lambda"
  retention_in_days = var.edition == 1 ? 7 : 14
  tags              = local.tags
}

resource "aws_cloudwatch_log_stream" "firehose" {
  name           = "S3Delivery"
  log_group_name = aws_cloudwatch_log_group.lambda.name
}

resource "aws_sns_topic" "alarms" {
  name = "alarms"
  tags = local.tags
}

resource "aws_sns_topic_subscription" "mail" {
  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = "student@example.com"
}

resource "aws_cloudwatch_metric_alarm" "silent" {
  alarm_name          = "no_publish"
  comparison_operator = "LessThanThreshold"
  evaluation_periods  = var.edition
  metric_name         = "PublishIn.Success"
  namespace           = "AWS/IoT"
  period              = 300
  statistic           = "Sum"
  threshold           = 1
  treat_missing_data  = "breaching"
  dimensions          = { Protocol = "MQTT" }
  alarm_actions       = [aws_sns_topic.alarms.arn]
  tags                = local.tags
}

resource "aws_cloudwatch_dashboard" "house" {
  dashboard_name = "house"
  dashboard_body = jsonencode({ widgets = [{ type = "text", x = 0, y = 0, width = 6, height = 2, properties = { markdown = "edition ${var.edition}" } }] })
}

# Streams

resource "aws_kinesis_firehose_delivery_stream" "lake" {
  name        = "lake"
  destination = "extended_s3"
  extended_s3_configuration {
    role_arn            = aws_iam_role.service.arn
    bucket_arn          = aws_s3_bucket.lake.arn
    prefix              = "data/year=!{timestamp:yyyy}/"
    error_output_prefix = "errors/!{firehose:error-output-type}/"
    buffering_size      = var.edition
    buffering_interval  = 60
    compression_format  = "GZIP"
    cloudwatch_logging_options {
      enabled         = true
      log_group_name  = aws_cloudwatch_log_group.lambda.name
      log_stream_name = aws_cloudwatch_log_stream.firehose.name
    }
  }
  tags = local.tags
}

# Queries

resource "aws_glue_catalog_database" "lake" {
  name        = "lake"
  description = "Edition ${var.edition}"
}

resource "aws_glue_catalog_table" "readings" {
  name          = "readings"
  database_name = aws_glue_catalog_database.lake.name
  table_type    = "EXTERNAL_TABLE"
  parameters    = { classification = "json", edition = tostring(var.edition) }
  storage_descriptor {
    location      = "s3://iot-lab-lake/data/"
    input_format  = "org.apache.hadoop.mapred.TextInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
    ser_de_info {
      serialization_library = "org.openx.data.jsonserde.JsonSerDe"
    }
    columns {
      name = "temperature"
      type = "double"
    }
  }
  partition_keys {
    name = "year"
    type = "string"
  }
}

resource "aws_athena_workgroup" "lab" {
  name          = "lab"
  description   = "Edition ${var.edition}"
  force_destroy = true
  configuration {
    enforce_workgroup_configuration = var.edition == 1
    result_configuration {
      output_location = "s3://iot-lab-lake/results/"
    }
  }
  tags = local.tags
}

resource "aws_athena_named_query" "hot" {
  name      = "hot"
  workgroup = aws_athena_workgroup.lab.id
  database  = aws_glue_catalog_database.lake.name
  query     = "SELECT * FROM readings WHERE temperature > 35"
}

# Notebooks

resource "aws_sagemaker_notebook_instance_lifecycle_configuration" "install" {
  name     = "install"
  on_start = base64encode("echo ${var.edition}")
}

resource "aws_sagemaker_notebook_instance" "analysis" {
  name                  = "analysis"
  role_arn              = aws_iam_role.service.arn
  instance_type         = var.edition == 1 ? "ml.t3.medium" : "ml.t3.large"
  lifecycle_config_name = aws_sagemaker_notebook_instance_lifecycle_configuration.install.name
  tags                  = local.tags
}

# Secrets and parameters

resource "aws_secretsmanager_secret" "token" {
  name                    = "token"
  recovery_window_in_days = 0
  tags                    = local.tags
}

resource "aws_secretsmanager_secret_version" "token" {
  secret_id     = aws_secretsmanager_secret.token.id
  secret_string = jsonencode({ token = "abc" })
}

resource "aws_ssm_parameter" "threshold" {
  name  = "/house/threshold"
  type  = "String"
  value = tostring(34 + var.edition)
  tags  = local.tags
}
