"""Keeps Terraform's AWS provider warm: started once, its schema read once, both kept between runs of Terraform.

A run without a Lambda function falls from about three seconds to half a second. Wherever the trick does not hold, a run is
plain Terraform: see obstacles.py for the files, WarmProvider for the rest. doc/warm-provider.md explains.
"""
