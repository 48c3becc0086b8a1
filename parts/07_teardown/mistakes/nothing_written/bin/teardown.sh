#!/usr/bin/env bash
# Removes everything that this workspace made in the account, and nothing else.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# TODO 7.1: let Terraform destroy what it made, without asking.
# TODO 7.2: remove what Terraform does not own: the QuickSight data source and
# the subscription if this lab made it (bin/create_quicksight_source.py
# --delete), the log group of the function, the key files in certs/ and the
# state's backup, in which the private key still stands.
echo "bin/teardown.sh removes nothing yet: see TODO 7.1 and 7.2 in it" >&2
exit 1
