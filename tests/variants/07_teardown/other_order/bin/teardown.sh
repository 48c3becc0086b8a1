#!/bin/bash
set -e
cd "$(dirname "$0")/.."
export AWS_DEFAULT_REGION="${AWS_REGION:-$AWS_DEFAULT_REGION}"
rm -rf certs build
python3 bin/create_quicksight_source.py --delete
terraform -chdir=terraform destroy -auto-approve
aws logs delete-log-group --log-group-name /aws/lambda/ac_control_lambda || echo "no log group"
find terraform -name '*.backup' -delete
