# A simulator's messages: all of them into S3, temperatures into Timestream, alerts through a function into DynamoDB;
# what IoT Analytics did (channel, pipeline, data store, data set) on Firehose, S3 and Athena; alarms on the traffic.

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

# The simulator's identity.

resource "aws_iot_certificate" "simulator" {
  active = true
}

resource "aws_iot_thing" "simulator" {
  name       = "simulator"
  attributes = { edition = tostring(var.edition) }
}

resource "aws_iot_thing_principal_attachment" "simulator" {
  principal = aws_iot_certificate.simulator.arn
  thing     = aws_iot_thing.simulator.name
}

data "aws_iam_policy_document" "simulator" {
  statement {
    actions   = ["iot:Connect", "iot:Publish"]
    resources = ["*"]
  }
}

resource "aws_iot_policy" "simulator" {
  name   = "simulator"
  policy = data.aws_iam_policy_document.simulator.json
}

resource "aws_iot_policy_attachment" "simulator" {
  policy = aws_iot_policy.simulator.name
  target = aws_iot_certificate.simulator.arn
}

# The lake.

resource "aws_s3_bucket" "lake" {
  bucket        = "simulator-lake"
  force_destroy = true
}

data "aws_iam_policy_document" "trust" {
  for_each = toset(["iot", "firehose", "lambda"])
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["${each.key}.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "rules" {
  name               = "simulator_rules"
  assume_role_policy = data.aws_iam_policy_document.trust["iot"].json
}

data "aws_iam_policy_document" "rules" {
  statement {
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.lake.arn}/raw/*"]
  }
  statement {
    actions   = ["timestream:WriteRecords"]
    resources = [aws_timestreamwrite_table.readings.arn]
  }
  statement {
    actions   = ["timestream:DescribeEndpoints"]
    resources = ["*"]
  }
  statement {
    actions   = ["firehose:PutRecord"]
    resources = [aws_kinesis_firehose_delivery_stream.analytics.arn]
  }
}

resource "aws_iam_role_policy" "rules" {
  name   = "deliver"
  role   = aws_iam_role.rules.id
  policy = data.aws_iam_policy_document.rules.json
}

resource "aws_iot_topic_rule" "everything" {
  name        = "everything_to_s3"
  enabled     = true
  sql         = "SELECT *, topic() AS topic, timestamp() AS ts FROM '#'"
  sql_version = "2016-03-23"

  s3 {
    bucket_name = aws_s3_bucket.lake.bucket
    key         = "raw/$${topic()}/$${timestamp()}.json"
    role_arn    = aws_iam_role.rules.arn
  }
}

# Temperatures.

resource "aws_timestreamwrite_database" "simulator" {
  database_name = "simulator"
}

resource "aws_timestreamwrite_table" "readings" {
  database_name = aws_timestreamwrite_database.simulator.database_name
  table_name    = "readings"

  retention_properties {
    memory_store_retention_period_in_hours  = 24
    magnetic_store_retention_period_in_days = var.edition == 1 ? 30 : 60
  }
}

resource "aws_iot_topic_rule" "temperatures" {
  name        = "temperatures"
  enabled     = true
  sql         = "SELECT temperature FROM '#' WHERE NOT isUndefined(temperature)"
  sql_version = "2016-03-23"

  timestream {
    role_arn      = aws_iam_role.rules.arn
    database_name = aws_timestreamwrite_database.simulator.database_name
    table_name    = aws_timestreamwrite_table.readings.table_name

    dimension {
      name  = "device"
      value = "$${topic()}"
    }
    timestamp {
      unit  = "MILLISECONDS"
      value = "$${timestamp()}"
    }
  }
}

# Alerts.

resource "aws_dynamodb_table" "alerts" {
  name         = "iot_alerts"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "alert_id"
  range_key    = "timestamp"
  tags         = { edition = tostring(var.edition) }

  attribute {
    name = "alert_id"
    type = "S"
  }
  attribute {
    name = "timestamp"
    type = "N"
  }
}

resource "aws_iam_role" "alerts" {
  name               = "simulator_alerts"
  assume_role_policy = data.aws_iam_policy_document.trust["lambda"].json
}

data "aws_iam_policy_document" "alerts" {
  statement {
    actions   = ["dynamodb:PutItem"]
    resources = [aws_dynamodb_table.alerts.arn]
  }
}

resource "aws_iam_role_policy" "alerts" {
  name   = "store"
  role   = aws_iam_role.alerts.id
  policy = data.aws_iam_policy_document.alerts.json
}

resource "aws_lambda_function" "alerts" {
  function_name    = "alerts"
  role             = aws_iam_role.alerts.arn
  runtime          = "python3.11"
  handler          = "alerts.handle"
  filename         = "alerts.zip"
  source_code_hash = filebase64sha256("alerts.zip")
  timeout          = 10 * var.edition

  environment {
    variables = { TABLE = aws_dynamodb_table.alerts.name }
  }
}

resource "aws_iot_topic_rule" "alerts" {
  name        = "alerts"
  enabled     = true
  description = "Edition ${var.edition}."
  sql         = "SELECT *, topic() AS topic, timestamp() AS ts FROM 'air_quality' WHERE alert = true"
  sql_version = "2016-03-23"

  lambda {
    function_arn = aws_lambda_function.alerts.arn
  }
}

resource "aws_lambda_permission" "alerts" {
  statement_id  = "rule"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.alerts.function_name
  principal     = "iot.amazonaws.com"
  source_arn    = aws_iot_topic_rule.alerts.arn
}

# Analytics: the stream is the channel, its function the pipeline, the bucket the data store, the query the data set.

resource "aws_iam_role" "analytics" {
  name               = "simulator_analytics"
  assume_role_policy = data.aws_iam_policy_document.trust["firehose"].json
}

data "aws_iam_policy_document" "analytics" {
  statement {
    actions   = ["s3:PutObject", "s3:GetBucketLocation", "s3:ListBucket", "s3:AbortMultipartUpload", "s3:GetObject"]
    resources = [aws_s3_bucket.lake.arn, "${aws_s3_bucket.lake.arn}/*"]
  }
  statement {
    actions   = ["lambda:InvokeFunction", "lambda:GetFunctionConfiguration"]
    resources = ["${aws_lambda_function.cleaning.arn}*"]
  }
}

resource "aws_iam_role_policy" "analytics" {
  name   = "deliver"
  role   = aws_iam_role.analytics.id
  policy = data.aws_iam_policy_document.analytics.json
}

resource "aws_lambda_function" "cleaning" {
  function_name    = "cleaning"
  role             = aws_iam_role.alerts.arn
  runtime          = "python3.11"
  handler          = "cleaning.handle"
  filename         = "cleaning.zip"
  source_code_hash = filebase64sha256("cleaning.zip")
  timeout          = 60
}

resource "aws_kinesis_firehose_delivery_stream" "analytics" {
  name        = "analytics"
  destination = "extended_s3"

  extended_s3_configuration {
    role_arn            = aws_iam_role.analytics.arn
    bucket_arn          = aws_s3_bucket.lake.arn
    buffering_size      = 1
    buffering_interval  = var.edition == 1 ? 60 : 120
    compression_format  = "GZIP"
    prefix              = "clean/"
    error_output_prefix = "failed/"

    processing_configuration {
      enabled = true
      processors {
        type = "Lambda"
        parameters {
          parameter_name  = "LambdaArn"
          parameter_value = "${aws_lambda_function.cleaning.arn}:$LATEST"
        }
      }
    }
  }
}

resource "aws_iot_topic_rule" "analytics" {
  name        = "analytics"
  enabled     = true
  sql         = "SELECT *, topic() AS topic, timestamp() AS ts FROM '#'"
  sql_version = "2016-03-23"

  firehose {
    delivery_stream_name = aws_kinesis_firehose_delivery_stream.analytics.name
    role_arn             = aws_iam_role.rules.arn
    separator            = "\n"
  }
}

resource "aws_glue_catalog_database" "simulator" {
  name        = "simulator"
  description = "Edition ${var.edition}."
}

resource "aws_glue_catalog_table" "clean" {
  name          = "clean"
  database_name = aws_glue_catalog_database.simulator.name
  table_type    = "EXTERNAL_TABLE"
  description   = "Edition ${var.edition}."

  storage_descriptor {
    location = "s3://${aws_s3_bucket.lake.bucket}/clean/"

    columns {
      name = "topic"
      type = "string"
    }
    columns {
      name = "temperature"
      type = "double"
    }
    columns {
      name = "fahrenheit"
      type = "double"
    }

    ser_de_info {
      serialization_library = "org.openx.data.jsonserde.JsonSerDe"
    }
  }
}

resource "aws_athena_workgroup" "simulator" {
  name          = "simulator"
  description   = "Edition ${var.edition}."
  force_destroy = true

  configuration {
    result_configuration {
      output_location = "s3://${aws_s3_bucket.lake.bucket}/results/"
    }
  }
}

resource "aws_athena_named_query" "dataset" {
  name      = "dataset"
  database  = aws_glue_catalog_database.simulator.name
  workgroup = aws_athena_workgroup.simulator.name
  query     = "SELECT topic, temperature, fahrenheit FROM clean ORDER BY temperature"
}

# Alarms on the traffic.

resource "aws_sns_topic" "alarms" {
  name         = "alarms"
  display_name = "Edition ${var.edition}"
}

resource "aws_cloudwatch_metric_alarm" "traffic" {
  for_each            = { publishes = "PublishIn.Success", connections = "Connect.Success" }
  alarm_name          = "many-${each.key}"
  alarm_description   = "Edition ${var.edition}."
  namespace           = "AWS/IoT"
  metric_name         = each.value
  dimensions          = { Protocol = "MQTT" }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  threshold           = each.key == "publishes" ? 4 : 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
}

output "certificate_pem" {
  description = "The simulator's certificate."
  value       = aws_iot_certificate.simulator.certificate_pem
  sensitive   = true
}

output "private_key" {
  description = "The simulator's private key."
  value       = aws_iot_certificate.simulator.private_key
  sensitive   = true
}

output "topic_arn" {
  description = "Where alarms are told."
  value       = aws_sns_topic.alarms.arn
}
