# Resources that the provider itself waits for (20 to 30 s each, side by side).

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {
  region                      = "eu-central-1"
  skip_credentials_validation = true
  s3_use_path_style           = true
}

variable "edition" {
  description = "1 when created, 2 for the update in place."
  type        = number
  default     = 1
}

locals {
  tags = { edition = tostring(var.edition) }
}

resource "aws_kinesis_stream" "readings" {
  name             = "readings"
  shard_count      = 1
  retention_period = 23 + var.edition
  tags             = local.tags
}

resource "aws_sqs_queue" "alerts" {
  name                       = "alerts"
  visibility_timeout_seconds = 30 + var.edition
  tags                       = local.tags
}

data "aws_iam_policy_document" "alerts" {
  statement {
    sid       = "edition${var.edition}"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.alerts.arn]
    principals {
      type        = "Service"
      identifiers = ["sns.amazonaws.com"]
    }
  }
}

resource "aws_sqs_queue_policy" "alerts" {
  queue_url = aws_sqs_queue.alerts.url
  policy    = data.aws_iam_policy_document.alerts.json
}
