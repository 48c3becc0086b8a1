# Resources that the other configurations leave as they are, each changed in place by var.edition 2.

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
  s3_use_path_style           = true
  skip_credentials_validation = true
}

variable "edition" {
  description = "1 when created, 2 for the update in place."
  type        = number
  default     = 1
}

resource "aws_iam_user" "student" {
  name = "changing"
}

resource "aws_iam_access_key" "student" {
  user   = aws_iam_user.student.name
  status = var.edition == 1 ? "Active" : "Inactive"
}

data "aws_iam_policy_document" "student" {
  statement {
    actions   = var.edition == 1 ? ["s3:ListBucket"] : ["s3:ListBucket", "s3:GetObject"]
    resources = ["*"]
  }
}

resource "aws_iam_user_policy" "student" {
  name   = "read"
  user   = aws_iam_user.student.name
  policy = data.aws_iam_policy_document.student.json
}

resource "aws_iam_user" "others" {
  for_each = toset(["first", "second"])
  name     = each.key
}

resource "aws_iam_group" "students" {
  name = "changing"
  path = var.edition == 1 ? "/" : "/lab/"
}

resource "aws_iam_group_membership" "students" {
  name  = "changing"
  group = aws_iam_group.students.name
  users = var.edition == 1 ? ["first"] : ["first", "second"]

  depends_on = [aws_iam_user.others]
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["iot.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "rules" {
  name               = "changing"
  description        = "Edition ${var.edition}."
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_s3_bucket" "lake" {
  bucket = "changing-lake"
}

resource "aws_s3_bucket_versioning" "lake" {
  bucket = aws_s3_bucket.lake.id
  versioning_configuration {
    status = var.edition == 1 ? "Enabled" : "Suspended"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "lake" {
  bucket = aws_s3_bucket.lake.id
  rule {
    bucket_key_enabled = var.edition == 2
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_notification" "lake" {
  bucket = aws_s3_bucket.lake.id

  topic {
    topic_arn     = aws_sns_topic.news.arn
    events        = ["s3:ObjectCreated:*"]
    filter_prefix = "edition${var.edition}/"
  }

  depends_on = [aws_sns_topic_policy.news]
}

data "aws_iam_policy_document" "news" {
  statement {
    sid       = "edition${var.edition}"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.news.arn]
    principals {
      type        = "Service"
      identifiers = ["s3.amazonaws.com"]
    }
  }
}

resource "aws_sns_topic" "news" {
  name = "changing"
}

resource "aws_sns_topic_policy" "news" {
  arn    = aws_sns_topic.news.arn
  policy = data.aws_iam_policy_document.news.json
}

resource "aws_sns_topic_subscription" "news" {
  topic_arn            = aws_sns_topic.news.arn
  protocol             = "sqs"
  endpoint             = "arn:aws:sqs:eu-central-1:123456789012:news"
  raw_message_delivery = var.edition == 2
}

resource "aws_cloudwatch_event_bus" "house" {
  name = "changing"
  tags = { edition = tostring(var.edition) }
}

resource "aws_secretsmanager_secret" "token" {
  name                    = "changing"
  description             = "Edition ${var.edition}."
  recovery_window_in_days = 0
}

resource "aws_scheduler_schedule_group" "house" {
  name = "changing"
  tags = { edition = tostring(var.edition) }
}

resource "aws_secretsmanager_secret_version" "token" {
  secret_id      = aws_secretsmanager_secret.token.id
  secret_string  = "a secret"
  version_stages = var.edition == 1 ? ["AWSCURRENT"] : ["AWSCURRENT", "lab"]
}
