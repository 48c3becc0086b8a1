"""Which submissions share code: normalised Terraform and Python, winnowed fingerprints, pairs ranked. Works offline."""
