# Machines that report to their shadows: into Timestream with an error action to CloudWatch Logs, a dashboard and an
# alarm over a threshold; beside it into S3, which Athena and QuickSight read.

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

locals {
  machines = toset(["machine_1", "machine_2", "machine_3"])
}

# The machines.

resource "aws_iot_thing_type" "machine" {
  name = "machine"
  tags = { edition = tostring(var.edition) }
}

resource "aws_iot_thing" "machine" {
  for_each        = local.machines
  name            = each.key
  thing_type_name = aws_iot_thing_type.machine.name
  attributes      = { edition = tostring(var.edition) }
}

resource "aws_iot_certificate" "machine" {
  for_each = local.machines
  active   = true
}

resource "aws_iot_thing_principal_attachment" "machine" {
  for_each  = local.machines
  principal = aws_iot_certificate.machine[each.key].arn
  thing     = aws_iot_thing.machine[each.key].name
}

data "aws_iam_policy_document" "machine" {
  statement {
    actions   = ["iot:Connect"]
    resources = ["arn:aws:iot:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:client/&{iot:Connection.Thing.ThingName}"]
  }
  statement {
    actions   = ["iot:Publish"]
    resources = ["arn:aws:iot:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:topic/$aws/things/&{iot:Connection.Thing.ThingName}/shadow/update"]
  }
}

resource "aws_iot_policy" "machine" {
  name   = "machine"
  policy = data.aws_iam_policy_document.machine.json
  tags   = { edition = tostring(var.edition) }
}

resource "aws_iot_policy_attachment" "machine" {
  for_each = local.machines
  policy   = aws_iot_policy.machine.name
  target   = aws_iot_certificate.machine[each.key].arn
}

# From the shadows to Timestream.

resource "aws_timestreamwrite_database" "monitor" {
  database_name = "monitor"
  tags          = { edition = tostring(var.edition) }
}

resource "aws_timestreamwrite_table" "metrics" {
  database_name = aws_timestreamwrite_database.monitor.database_name
  table_name    = "metrics"
  tags          = { edition = tostring(var.edition) }
}

resource "aws_cloudwatch_log_group" "errors" {
  name              = "/iot/monitor/errors"
  retention_in_days = var.edition == 1 ? 7 : 14
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["iot.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "rules" {
  name               = "monitor_rules"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

data "aws_iam_policy_document" "rules" {
  statement {
    actions   = ["timestream:WriteRecords"]
    resources = [aws_timestreamwrite_table.metrics.arn]
  }
  statement {
    actions   = ["timestream:DescribeEndpoints", "cloudwatch:PutMetricData"]
    resources = ["*"]
  }
  statement {
    actions   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.errors.arn}:*"]
  }
  statement {
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.metrics.arn}/*"]
  }
}

resource "aws_iam_role_policy" "rules" {
  name   = "deliver"
  role   = aws_iam_role.rules.id
  policy = data.aws_iam_policy_document.rules.json
}

resource "aws_iot_topic_rule" "metrics" {
  name        = "shadows_to_timestream"
  description = "Edition ${var.edition}."
  enabled     = true
  sql         = "SELECT state.reported.cpu_usage AS cpu_usage, state.reported.ram_usage AS ram_usage FROM '$aws/things/+/shadow/update' WHERE NOT isUndefined(state.reported.cpu_usage)"
  sql_version = "2016-03-23"

  timestream {
    role_arn      = aws_iam_role.rules.arn
    database_name = aws_timestreamwrite_database.monitor.database_name
    table_name    = aws_timestreamwrite_table.metrics.table_name

    dimension {
      name  = "machine"
      value = "$${topic(3)}"
    }
    dimension {
      name  = "client"
      value = "$${clientId()}"
    }
    timestamp {
      unit  = "MILLISECONDS"
      value = "$${timestamp()}"
    }
  }

  cloudwatch_metric {
    role_arn         = aws_iam_role.rules.arn
    metric_namespace = "Monitor"
    metric_name      = "CpuUsage"
    metric_unit      = "Percent"
    metric_value     = "$${state.reported.cpu_usage}"
  }

  error_action {
    cloudwatch_logs {
      log_group_name = aws_cloudwatch_log_group.errors.name
      role_arn       = aws_iam_role.rules.arn
    }
  }
}

resource "aws_cloudwatch_dashboard" "monitor" {
  dashboard_name = "monitor"
  dashboard_body = jsonencode({
    widgets = [{
      type       = "metric"
      x          = 0
      y          = 0
      width      = 12
      height     = 6
      properties = { metrics = [["Monitor", "CpuUsage"]], region = data.aws_region.current.name, title = "CPU ${var.edition}" }
    }]
  })
}

resource "aws_sns_topic" "alerts" {
  name         = "monitor-alerts"
  display_name = "Edition ${var.edition}"
}

resource "aws_cloudwatch_metric_alarm" "busy" {
  alarm_name          = "busy"
  alarm_description   = "Edition ${var.edition}."
  namespace           = "Monitor"
  metric_name         = "CpuUsage"
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 90
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# From the shadows to S3, Athena and QuickSight.

resource "aws_s3_bucket" "metrics" {
  bucket        = "monitor-metrics"
  force_destroy = true
  tags          = { edition = tostring(var.edition) }
}

resource "aws_iot_topic_rule" "files" {
  name        = "shadows_to_s3"
  description = "Edition ${var.edition}."
  enabled     = true
  sql         = "SELECT newuuid() AS id, topic(3) AS machine, state.reported.cpu_usage AS cpu_usage, timestamp() AS ts FROM '$aws/things/+/shadow/update'"
  sql_version = "2016-03-23"

  s3 {
    bucket_name = aws_s3_bucket.metrics.bucket
    key         = "metrics/$${topic(3)}/$${newuuid()}.json"
    role_arn    = aws_iam_role.rules.arn
  }
}

resource "aws_glue_catalog_database" "monitor" {
  name        = "monitor"
  description = "Edition ${var.edition}."
}

resource "aws_glue_catalog_table" "metrics" {
  name          = "metrics"
  database_name = aws_glue_catalog_database.monitor.name
  table_type    = "EXTERNAL_TABLE"
  description   = "Edition ${var.edition}."

  storage_descriptor {
    location = "s3://${aws_s3_bucket.metrics.bucket}/metrics/"

    columns {
      name = "id"
      type = "string"
    }
    columns {
      name = "machine"
      type = "string"
    }
    columns {
      name = "cpu_usage"
      type = "string"
    }

    ser_de_info {
      serialization_library = "org.openx.data.jsonserde.JsonSerDe"
    }
  }
}

resource "aws_athena_workgroup" "monitor" {
  name          = "monitor"
  description   = "Edition ${var.edition}."
  force_destroy = true

  configuration {
    result_configuration {
      output_location = "s3://${aws_s3_bucket.metrics.bucket}/results/"
    }
  }
}

resource "aws_quicksight_data_source" "athena" {
  data_source_id = "monitor"
  name           = "monitor ${var.edition}"
  type           = "ATHENA"

  parameters {
    athena {
      work_group = aws_athena_workgroup.monitor.name
    }
  }
}

output "certificates" {
  description = "By machine: certificate and private key."
  value       = { for name in local.machines : name => [aws_iot_certificate.machine[name].certificate_pem, aws_iot_certificate.machine[name].private_key] }
  sensitive   = true
}

output "topic_arn" {
  description = "Where alarms are told."
  value       = aws_sns_topic.alerts.arn
}
