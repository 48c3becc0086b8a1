# Region, credentials and endpoint come from the environment (AWS_REGION,
# AWS_PROFILE, …), so the same files deploy to the local cloud and to AWS.
provider "aws" {
  default_tags {
    tags = {
      Lab = "smart-house"
    }
  }
}
