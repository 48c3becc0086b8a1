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

# TODO 2.2: the rule for invalid readings (resource: aws_iot_topic_rule). It
# selects everything and hands it to a dynamodbv2 action, which writes into
# your table with the role iot_role.
# TODO 2.3: its WHERE keeps a reading of exactly 40 °C …
# TODO 2.4: … and leaves one of 39.9 °C.
# TODO 2.5: its FROM matches sensor/temperature/<any sensor> and no other topic.

# TODO 3.2: the rule for valid readings (resource: aws_iot_topic_rule). It
# selects everything and hands it to a timestream action with the dimensions
# sensor_id, temperature and zone_id. A value is taken from the message with a
# substitution template; Terraform wants its dollar doubled: "$${zone_id}".
# TODO 3.3: artefacts stay out.
# TODO 3.4: the timestamp of a row is the template timestamp(), in milliseconds.
