variable "name" {
  description = "Of thing and policy."
  type        = string
}

variable "policy" {
  description = "The policy of the certificate, as JSON."
  type        = string
}

data "aws_iot_endpoint" "this" {
  endpoint_type = "iot:Data-ATS"
}

resource "aws_iot_certificate" "this" {
  active = true
}

resource "aws_iot_policy" "this" {
  name   = var.name
  policy = var.policy
}

resource "aws_iot_policy_attachment" "this" {
  policy = aws_iot_policy.this.name
  target = aws_iot_certificate.this.arn
}

resource "aws_iot_thing" "this" {
  name = var.name
}

resource "aws_iot_thing_principal_attachment" "this" {
  thing     = aws_iot_thing.this.name
  principal = aws_iot_certificate.this.arn
}

output "certificate_pem" {
  description = "The certificate."
  value       = aws_iot_certificate.this.certificate_pem
  sensitive   = true
}

output "private_key" {
  description = "Its key."
  value       = aws_iot_certificate.this.private_key
  sensitive   = true
}

output "endpoint" {
  description = "The host."
  value       = data.aws_iot_endpoint.this.endpoint_address
}
