# Every IoT resource of the courses, with tags and error actions; var.edition 2 changes whatever can change in place.

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
}

variable "edition" {
  description = "1 when created, 2 for the update in place."
  type        = number
  default     = 1
}

data "aws_iot_endpoint" "data" {
  endpoint_type = "iot:Data-ATS"
}

data "aws_caller_identity" "me" {}

resource "aws_iot_certificate" "device" {
  active = var.edition == 1
}

resource "aws_iot_policy" "device" {
  name = "device"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["iot:Connect", "iot:Publish"], Resource = var.edition == 1 ? "*" : "arn:aws:iot:eu-central-1:*:client/*" }]
  })
  tags = { edition = tostring(var.edition) }
}

resource "aws_iot_policy_attachment" "device" {
  policy = aws_iot_policy.device.name
  target = aws_iot_certificate.device.arn
}

resource "aws_iot_thing_type" "sensor" {
  name = "sensor"
  properties {
    description           = "A sensor"
    searchable_attributes = ["room"]
  }
  tags = { edition = tostring(var.edition) }
}

resource "aws_iot_thing" "device" {
  name            = "device"
  thing_type_name = aws_iot_thing_type.sensor.name
  attributes      = { room = "kitchen${var.edition}" }
}

resource "aws_iot_thing_principal_attachment" "device" {
  principal = aws_iot_certificate.device.arn
  thing     = aws_iot_thing.device.name
}

resource "aws_iot_thing_group" "house" {
  name = "house"
  properties {
    description = "edition ${var.edition}"
  }
  tags = { edition = tostring(var.edition) }
}

resource "aws_iot_thing_group_membership" "device" {
  thing_name       = aws_iot_thing.device.name
  thing_group_name = aws_iot_thing_group.house.name
}

resource "aws_iot_role_alias" "camera" {
  alias               = "camera"
  role_arn            = aws_iam_role.iot.arn
  credential_duration = var.edition == 1 ? 900 : 3600
  tags                = { edition = tostring(var.edition) }
}

resource "aws_iam_role" "iot" {
  name = "iot_role"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "iot.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iot_topic_rule" "invalid" {
  name        = "invalid"
  description = "Edition ${var.edition}"
  enabled     = var.edition == 1
  sql         = "SELECT * FROM 'sensor/temperature/+' WHERE temperature >= ${39 + var.edition}"
  sql_version = "2016-03-23"

  dynamodbv2 {
    role_arn = aws_iam_role.iot.arn
    put_item {
      table_name = "Temperature"
    }
  }

  error_action {
    republish {
      role_arn = aws_iam_role.iot.arn
      topic    = "errors/${var.edition}"
      qos      = 1
    }
  }

  tags = { edition = tostring(var.edition), mail = "a@b.example" }
}

resource "aws_iot_topic_rule" "valid" {
  name        = "valid"
  enabled     = true
  sql         = "SELECT * FROM 'sensor/temperature/+' WHERE temperature < 40"
  sql_version = "2016-03-23"

  timestream {
    role_arn      = aws_iam_role.iot.arn
    database_name = "iot"
    table_name    = "temperaturesensor"

    dimension {
      name  = "sensor_id"
      value = "$${sensor_id}"
    }
    dimension {
      name  = "zone_id"
      value = "$${zone_id}"
    }
    timestamp {
      unit  = "MILLISECONDS"
      value = "$${timestamp()}"
    }
  }
}

resource "aws_iot_topic_rule" "everything" {
  name        = "everything"
  enabled     = true
  sql         = "SELECT *, topic() AS topic FROM '#'"
  sql_version = "2016-03-23"

  cloudwatch_alarm {
    alarm_name   = "hot"
    role_arn     = aws_iam_role.iot.arn
    state_reason = "hot"
    state_value  = "ALARM"
  }
  cloudwatch_logs {
    log_group_name = "/iot/${var.edition}"
    role_arn       = aws_iam_role.iot.arn
  }
  cloudwatch_metric {
    metric_name      = "Temperature"
    metric_namespace = "House"
    metric_unit      = "None"
    metric_value     = "$${temperature}"
    role_arn         = aws_iam_role.iot.arn
  }
  dynamodb {
    hash_key_field  = "id"
    hash_key_type   = "STRING"
    hash_key_value  = "$${id}"
    range_key_field = "at"
    range_key_type  = "NUMBER"
    range_key_value = "$${timestamp()}"
    payload_field   = "payload"
    role_arn        = aws_iam_role.iot.arn
    table_name      = "Alerts"
  }
  firehose {
    delivery_stream_name = "lake"
    role_arn             = aws_iam_role.iot.arn
    separator            = "\n"
    batch_mode           = var.edition == 2
  }
  kinesis {
    partition_key = "$${topic(2)}"
    role_arn      = aws_iam_role.iot.arn
    stream_name   = "readings"
  }
  lambda {
    function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:alert"
  }
  republish {
    role_arn = aws_iam_role.iot.arn
    topic    = "copy/$${topic()}"
    qos      = 1
  }
  s3 {
    bucket_name = "raw"
    key         = "raw/$${topic()}/$${timestamp()}.json"
    canned_acl  = "private"
    role_arn    = aws_iam_role.iot.arn
  }
  sns {
    message_format = "RAW"
    role_arn       = aws_iam_role.iot.arn
    target_arn     = "arn:aws:sns:eu-central-1:123456789012:alerts"
  }
}

resource "aws_iot_topic_rule" "more" {
  name        = "more"
  enabled     = true
  sql         = "SELECT * FROM '$aws/things/+/shadow/update'"
  sql_version = "2015-10-08"

  sqs {
    queue_url  = "https://sqs.eu-central-1.amazonaws.com/123456789012/queue"
    role_arn   = aws_iam_role.iot.arn
    use_base64 = var.edition == 2
  }
  step_functions {
    execution_name_prefix = "run"
    role_arn              = aws_iam_role.iot.arn
    state_machine_name    = "machine"
  }
  http {
    url = "https://example.com/${var.edition}"
    http_header {
      key   = "X-Topic"
      value = "$${topic()}"
    }
  }
  error_action {
    cloudwatch_logs {
      log_group_name = "/iot/errors"
      role_arn       = aws_iam_role.iot.arn
    }
  }
}

output "endpoint" {
  description = "The host of the MQTT broker."
  value       = data.aws_iot_endpoint.data.endpoint_address
}

output "certificate_pem" {
  description = "The device certificate."
  value       = aws_iot_certificate.device.certificate_pem
  sensitive   = true
}
