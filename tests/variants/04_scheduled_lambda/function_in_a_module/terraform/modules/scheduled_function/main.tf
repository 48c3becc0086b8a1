variable "name" {
  description = "Of the function."
  type        = string
}

variable "role_arn" {
  description = "Its role."
  type        = string
}

variable "environment" {
  description = "Its variables."
  type        = map(string)
}

resource "aws_lambda_function" "this" {
  function_name = var.name
  role          = var.role_arn
  filename      = "${path.root}/files/empty_package.zip"
  handler       = "ac_control_lambda.lambda_handler"
  runtime       = "python3.13"
  timeout       = 30

  environment {
    variables = var.environment
  }
}

resource "aws_cloudwatch_event_rule" "this" {
  name                = "${var.name}_tick"
  schedule_expression = "rate(1 minute)"
}

resource "aws_cloudwatch_event_target" "this" {
  rule = aws_cloudwatch_event_rule.this.name
  arn  = aws_lambda_function.this.arn
}

resource "aws_lambda_permission" "this" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this.function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.this.arn
}
