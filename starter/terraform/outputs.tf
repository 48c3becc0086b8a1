# The contract with the simulator and the checks: they read these outputs by
# name, so write the names exactly as the TODOs give them.

output "prefix" {
  description = "What goes before every name of this deployment."
  value       = var.prefix
}

# TODO 1.1: certificate_pem and private_key, the two halves of the house's
# identity. Both are sensitive.

# TODO 1.2: iot_endpoint, the bare host name that devices connect to.
