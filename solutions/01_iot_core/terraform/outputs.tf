# The contract with the simulator and the checks: they read these outputs by
# name, so write the names exactly as the TODOs give them.

output "prefix" {
  description = "What goes before every name of this deployment."
  value       = var.prefix
}

output "certificate_pem" {
  description = "The certificate with which the house connects."
  value       = aws_iot_certificate.house.certificate_pem
  sensitive   = true
}

output "private_key" {
  description = "The private key of that certificate."
  value       = aws_iot_certificate.house.private_key
  sensitive   = true
}

output "iot_endpoint" {
  description = "The host that devices connect to."
  value       = data.aws_iot_endpoint.devices.endpoint_address
}
