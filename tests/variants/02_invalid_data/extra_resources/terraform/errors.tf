resource "aws_cloudwatch_log_group" "errors" {
  name              = "${var.prefix}rule_errors"
  retention_in_days = 7
}

resource "aws_iot_topic_rule" "frost" {
  name        = "${var.prefix}frost"
  enabled     = true
  sql         = "SELECT temperature FROM 'sensor/temperature/+' WHERE temperature < 0"
  sql_version = "2016-03-23"

  republish {
    role_arn = aws_iam_role.iot_role.arn
    topic    = "house/frost"
  }
}
