# AWS Lambda and Amazon EventBridge: every minute a function looks at the house.

resource "aws_lambda_function" "ac_control_lambda" {
  function_name = "${var.prefix}ac_control_lambda"
  role          = aws_iam_role.lambda_role.arn
  filename      = "${path.module}/files/empty_package.zip"
  handler       = "ac_control_lambda.lambda_handler"
  runtime       = "python3.13"
  timeout       = 30

  environment {
    variables = {
      DATABASE_NAME = aws_timestreamwrite_database.iot.database_name
      TABLE_NAME    = aws_timestreamwrite_table.valid_readings.table_name
    }
  }

  # The code is deployed by bin/deploy_lambda.sh, not by Terraform.
  lifecycle {
    ignore_changes = [filename, source_code_hash]
  }
}

resource "aws_cloudwatch_event_rule" "every_minute" {
  name                = "${var.prefix}every_minute"
  description         = "Lets the air conditioners be controlled once a minute."
  schedule_expression = "rate(1 minute)"
}

resource "aws_cloudwatch_event_target" "ac_control_lambda" {
  rule      = aws_cloudwatch_event_rule.every_minute.name
  target_id = "lambda"
  arn       = aws_lambda_function.ac_control_lambda.arn
}

resource "aws_lambda_permission" "every_minute" {
  statement_id  = "AllowExecutionFromEventBridge"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.ac_control_lambda.function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.every_minute.arn
}
