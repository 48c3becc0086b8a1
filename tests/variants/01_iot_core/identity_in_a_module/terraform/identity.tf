module "identity" {
  source = "./modules/identity"
  name   = "${var.prefix}house"
  policy = file("files/iot_policy.json")
}
