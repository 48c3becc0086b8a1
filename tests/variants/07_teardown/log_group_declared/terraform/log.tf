resource "aws_cloudwatch_log_group" "function" {
  name = "/aws/lambda/${var.prefix}ac_control_lambda"
}
