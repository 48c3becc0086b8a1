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

# TODO 3.2: the rule for valid readings (resource: aws_iot_topic_rule). It
# selects everything and hands it to a timestream action with the dimensions
# sensor_id, temperature and zone_id. A value is taken from the message with a
# substitution template; Terraform wants its dollar doubled: "$${zone_id}".
# TODO 3.3: artefacts stay out.
# TODO 3.4: the timestamp of a row is the template timestamp(), in milliseconds.
