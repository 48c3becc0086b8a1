terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {
  region                      = "eu-west-1"
  skip_credentials_validation = true
  s3_use_path_style           = true
}

variable "edition" {
  description = "1 when created, 2 for the update in place."
  type        = number
  default     = 1
}

resource "aws_s3_bucket" "house" {
  bucket        = "lifecycle-house"
  force_destroy = true
}

resource "aws_s3_bucket_versioning" "house" {
  bucket = aws_s3_bucket.house.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "house" {
  bucket     = aws_s3_bucket_versioning.house.bucket
  depends_on = [aws_s3_bucket_versioning.house]

  rule {
    id     = "readings"
    status = "Enabled"

    filter {
      and {
        prefix                   = "readings/"
        object_size_greater_than = 1000

        tags = {
          kind = "raw"
        }
      }
    }

    transition {
      days          = 30
      storage_class = "STANDARD_IA"
    }

    expiration {
      days = var.edition == 1 ? 50 : 60
    }

    noncurrent_version_expiration {
      noncurrent_days           = 7
      newer_noncurrent_versions = 3
    }
  }

  rule {
    id     = "everything"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }

    expiration {
      expired_object_delete_marker = true
    }
  }

  rule {
    id     = "old"
    status = "Disabled"

    filter {
      prefix = "old/"
    }

    expiration {
      date = "2040-01-01T00:00:00Z"
    }
  }
}
