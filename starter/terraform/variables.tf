variable "prefix" {
  description = "Goes before every name, so that several learners can share one AWS account."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^[a-z0-9_]{0,20}$", var.prefix))
    error_message = "The prefix may hold at most 20 lower-case letters, digits and underscores."
  }
}
