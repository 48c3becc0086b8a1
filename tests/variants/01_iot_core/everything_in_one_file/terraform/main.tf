terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {}

locals {
  outputs = {
    certificate_pem = aws_iot_certificate.cert.certificate_pem
    private_key     = aws_iot_certificate.cert.private_key
  }
}

data "aws_iot_endpoint" "this" {
  endpoint_type = "iot:Data-ATS"
}

resource "aws_iot_certificate" "cert" {
  active = true
}

resource "aws_iot_policy" "pubsub" {
  name   = "PubSubToAnyTopic"
  policy = file("files/iot_policy.json")
}

resource "aws_iot_policy_attachment" "att" {
  policy = aws_iot_policy.pubsub.name
  target = aws_iot_certificate.cert.arn
}

resource "aws_iot_thing" "thing" {
  name = "thing"
}

resource "aws_iot_thing_principal_attachment" "att" {
  thing     = aws_iot_thing.thing.name
  principal = aws_iot_certificate.cert.arn
}

output "certificate_pem" {
  value     = local.outputs.certificate_pem
  sensitive = true
}

output "private_key" {
  value     = local.outputs.private_key
  sensitive = true
}

output "iot_endpoint" {
  value = data.aws_iot_endpoint.this.endpoint_address
}
