data "aws_region" "here" {}

data "aws_caller_identity" "me" {}

locals {
  arn = "arn:aws:iot:${data.aws_region.here.name}:${data.aws_caller_identity.me.account_id}"
}

data "aws_iam_policy_document" "house" {
  statement {
    actions   = ["iot:Connect"]
    resources = ["*"]
  }

  statement {
    actions   = ["iot:Publish", "iot:Receive"]
    resources = ["${local.arn}:topic/sensor/temperature/*", "${local.arn}:topic/AC/*"]
  }

  statement {
    actions   = ["iot:Subscribe"]
    resources = ["${local.arn}:topicfilter/AC/*"]
  }
}
