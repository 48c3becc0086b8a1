#!/usr/bin/env bash
# Deploys build/ac_control_lambda.zip as the code of the function, and waits until it is in use.
# Credentials, region and endpoint come from the environment; PREFIX is what goes before the name.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

package="build/ac_control_lambda.zip"
function_name="${PREFIX-${TF_VAR_prefix-}}ac_control_lambda"

if [[ ! -f "$package" ]]; then
  echo "$package is missing: run bin/package_lambda.sh first" >&2
  exit 1
fi

# The AWS CLI reads AWS_DEFAULT_REGION, Terraform and GitLab variables usually say AWS_REGION.
export AWS_DEFAULT_REGION="${AWS_REGION:-${AWS_DEFAULT_REGION:-$(aws configure get region || true)}}"
if [[ -z "$AWS_DEFAULT_REGION" ]]; then
  echo "no region: set AWS_REGION to the one that Terraform deploys to" >&2
  exit 1
fi

aws lambda update-function-code --function-name "$function_name" --zip-file "fileb://$package" \
  --query CodeSha256 --output text
aws lambda wait function-updated --function-name "$function_name"
echo "deployed $package to $function_name in $AWS_DEFAULT_REGION"
