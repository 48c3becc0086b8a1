#!/usr/bin/env bash
# Removes everything that this workspace made in the account, and nothing else.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export AWS_DEFAULT_REGION="${AWS_REGION:-${AWS_DEFAULT_REGION:-$(aws configure get region || true)}}"
if [[ -z "$AWS_DEFAULT_REGION" ]]; then
  echo "no region: set AWS_REGION to the one that Terraform deployed to" >&2
  exit 1
fi
# What was deployed knows its prefix; after a first teardown only the environment does.
prefix="$(terraform -chdir=terraform output -json | python3 -c '
import json, os, sys
output = json.load(sys.stdin).get("prefix", {})
print(output.get("value", os.environ.get("TF_VAR_prefix", os.environ.get("PREFIX", ""))))
')"
export TF_VAR_prefix="$prefix"
log_group="/aws/lambda/${prefix}ac_control_lambda"

echo "1/3 what Terraform made"
terraform -chdir=terraform destroy -auto-approve -input=false

echo "2/3 what was made beside Terraform"
python3 bin/create_quicksight_source.py --delete
if ! answer="$(aws logs delete-log-group --log-group-name "$log_group" 2>&1)" \
  && [[ "$answer" != *ResourceNotFoundException* ]]; then
  echo "$answer" >&2
  exit 1
fi
echo "log group $log_group is gone"

echo "3/3 keys on this machine"
rm -f certs/certificate.pem certs/private_key.pem certs/endpoint
rm -f "terraform/${TF_WORKSPACE:+terraform.tfstate.d/$TF_WORKSPACE/}terraform.tfstate.backup"
echo "done: nothing of this lab is left"
