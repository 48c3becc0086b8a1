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

resource "aws_dynamodb_table" "table" {
  name           = "Temperature"
  read_capacity  = 1
  write_capacity = 1
  hash_key       = "id"

  attribute {
    name = "id"
    type = "S"
  }
}

resource "aws_iam_role" "role" {
  name = "iot_role"

  assume_role_policy = <<-JSON
    {
      "Version": "2012-10-17",
      "Statement": [
        {"Effect": "Allow", "Principal": {"Service": ["iot.amazonaws.com"]}, "Action": ["sts:AssumeRole"]}
      ]
    }
  JSON
}

resource "aws_iam_role_policy" "policy" {
  role   = aws_iam_role.role.id
  policy = <<-JSON
    {
      "Version": "2012-10-17",
      "Statement": [
        {"Effect": "Allow", "Action": ["dynamodb:PutItem", "dynamodb:GetItem"], "Resource": ["${aws_dynamodb_table.table.arn}"]}
      ]
    }
  JSON
}

resource "aws_iot_topic_rule" "rule" {
  for_each    = toset(["hot"])
  name        = each.key
  enabled     = true
  sql         = "SELECT * FROM 'sensor/temperature/+' WHERE temperature >= 40.0"
  sql_version = "2016-03-23"

  dynamodbv2 {
    role_arn = aws_iam_role.role.arn

    put_item {
      table_name = aws_dynamodb_table.table.name
    }
  }
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
