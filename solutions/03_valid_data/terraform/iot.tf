# AWS IoT Core: the identity of the house, and the rules that sort its readings.

data "aws_iot_endpoint" "devices" {
  endpoint_type = "iot:Data-ATS"
}

resource "aws_iot_certificate" "house" {
  active = true
}

resource "aws_iot_policy" "house" {
  name   = "${var.prefix}house"
  policy = file("${path.module}/files/iot_policy.json")
}

resource "aws_iot_policy_attachment" "house" {
  policy = aws_iot_policy.house.name
  target = aws_iot_certificate.house.arn
}

resource "aws_iot_thing" "house" {
  name = "${var.prefix}house"
}

resource "aws_iot_thing_principal_attachment" "house" {
  thing     = aws_iot_thing.house.name
  principal = aws_iot_certificate.house.arn
}

resource "aws_iot_topic_rule" "invalid_readings" {
  name        = "${var.prefix}invalid_readings"
  enabled     = true
  sql         = "SELECT * FROM 'sensor/temperature/+' WHERE temperature >= 40"
  sql_version = "2016-03-23"

  dynamodbv2 {
    role_arn = aws_iam_role.iot_role.arn

    put_item {
      table_name = aws_dynamodb_table.invalid_readings.name
    }
  }
}

resource "aws_iot_topic_rule" "valid_readings" {
  name        = "${var.prefix}valid_readings"
  enabled     = true
  sql         = "SELECT * FROM 'sensor/temperature/+' WHERE temperature < 40"
  sql_version = "2016-03-23"

  timestream {
    role_arn      = aws_iam_role.iot_role.arn
    database_name = aws_timestreamwrite_database.iot.database_name
    table_name    = aws_timestreamwrite_table.valid_readings.table_name

    dimension {
      name  = "sensor_id"
      value = "$${sensor_id}"
    }

    dimension {
      name  = "temperature"
      value = "$${temperature}"
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
