"""The services that a trust policy can name: IAM refuses others when the role is made.

AWS publishes no list. This one holds the end points' and signing names of botocore 1.43's models and the principals
that the user guides of services name ("Service-linked roles", "Passing a role"). Rather too long than too short: a name
that is missing here would refuse a right answer.
"""

from __future__ import annotations

import re

_LISTED = """
access-analyzer account account-access account-access-runtime acm acm-pca aco-automation agent-registry
agent-registry-control agreement-marketplace aidevops aiops airflow airflow-env airflow-serverless amplify
amplifybackend amplifyuibuilder aoss apidestinations apigateway app-integrations appconfig appconfigdata appfabric
appflow application-autoscaling application-cost-profiler application-insights application-signals applicationinsights
appmesh appmesh-preview apprunner appstream appstream2 appsync aps arc-region-switch arc-zonal-shift artifact athena
auditmanager autoscaling autoscaling-plans aws-marketplace awsssoportal b2bi backup backup-gateway backup-search batch
batchoperations bcm-dashboards bcm-data-exports bcm-pricing-calculator bcm-recommended-actions bedrock bedrock-agent
bedrock-agent-runtime bedrock-agentcore bedrock-agentcore-control bedrock-data-automation
bedrock-data-automation-runtime bedrock-runtime billing billingconductor billingconsole braket budgets cases cassandra
cassandra-streams ce chatbot chime cleanrooms cleanrooms-ml cloud9 cloudcontrolapi clouddirectory cloudformation
cloudfront cloudfront-keyvaluestore cloudhsm cloudhsmv2 cloudsearch cloudsearchdomain cloudshell cloudtrail
cloudtrail-data cloudwatch cloudwatch-crossaccount cloudwatch-omni codeartifact codebuild codecatalyst codecommit
codeconnections codedeploy codeguru-profiler codeguru-reviewer codeguru-security codepipeline codestar
codestar-connections codestar-notifications cognito-identity cognito-idp cognito-sync comprehend comprehendmedical
compute-optimizer config config-conforms connect connect-campaigns contact-lens continuum controlcatalog controltower
cost-optimization-hub cur data-signer databrew dataexchange datapipeline datasync datazone dax deadline deepcomposer
deeplens deepracer delivery deployment-marketplace detective devicefarm devops-guru directconnect discovery
discovery-marketplace dlm dms dms-data-migrations docdb-elastic drs ds ds-data dsql dynamodb ebs ec2
ec2-instance-connect ec2fleet ecr ecr-public ecs ecs-tasks edgelambda eks eks-auth eks-fargate eks-fargate-pods
eks-nodegroup elasticache elasticbeanstalk elasticfilesystem elasticloadbalancing elasticmapreduce elastictranscoder
elemental-inference email emr-containers emr-serverless end-user-messaging entityresolution es events eventsv2
evidently evs execute-api firehose fis fms forecast forecastquery frauddetector freetier fsx gamelift gameliftstreams
geo geo-maps geo-places geo-routes glacier globalaccelerator glue grafana greengrass groundstation guardduty health
health-agent healthlake honeycode iam iam-toolbox identity-chime identitystore imagebuilder importexport inspector
inspector-scan inspector2 interconnect internetmonitor invoicing iot iot-jobs-data iotanalytics iotdata
iotdeviceadvisor iotevents iotfleetwise iotmanagedintegrations iotroborunner iotsecuredtunneling iotsitewise
iotthingsgraph iottwinmaker iotwireless ivs ivschat ivsrealtime kafka kafkaconnect kendra kendra-ranking kinesis
kinesisanalytics kinesisvideo kms lakeformation lambda lambda-edge launchwizard lex lex-v2 lexv2 license-manager
license-manager-linux-subscriptions license-manager-user-subscriptions lightsail location logs lookoutequipment
lookoutmetrics lookoutvision m2 machinelearning macie macie2 mail-manager managedblockchain managedblockchain-query
marketplacecommerceanalytics media-pipelines-chime mediaconnect mediaconvert medialive mediapackage mediapackage-vod
mediapackagev2 mediastore mediatailor medical-imaging meetings-chime memory-db memorydb messaging-chime mgh mgn
migrationhub-config migrationhub-orchestrator migrationhub-strategy mobileanalytics mobiletargeting models-v2-lex
monitoring monitron mpa mq mturk-requester mwaa neptune-db neptune-graph network-firewall network-security-manager
networkflowmonitor networkmanager networkmonitor nimble notifications notifications-contacts nova-act oam
observabilityadmin odb oidc omics opensearchservice ops opsworks opsworks-cm organizations osis osm outposts panorama
partnercentral partnercentral-account partnercentral-benefits partnercentral-channel partnercentral-prm
partnercentral-selling payment-cryptography pca-connector-ad pca-connector-scep pcs personalize personalize-events
personalize-runtime pi pinpoint pipes polly pricing pricingplanmanager private-networks profile proton qapps qbusiness
qldb quicksight ram rbin rds rds-data rds-proxy redshift redshift-data redshift-serverless refactor-spaces rekognition
replication replicator reporting-marketplace repostspace resiliencehub resource-explorer-2 resource-groups robomaker
rolesanywhere route53 route53-recovery-cluster route53-recovery-control-config route53-recovery-readiness
route53domains route53globalresolver route53profiles route53resolver rtbfabric rum runtime-v2-lex s3 s3-control
s3-outposts s3files s3tables s3vectors sagemaker sagemaker-geospatial savingsplans scheduler schemas scn sdb
secretsmanager security-ir securityagent securityhub securitylake serverlessrepo servicecatalog
servicecatalog-appregistry servicediscovery servicequotas ses shield signer signin simspaceweaver sms sms-voice
snow-device-management snowball sns social-messaging spot spotfleet sqs ssm ssm-contacts ssm-guiconnect ssm-incidents
ssm-quicksetup ssm-sap sso sso-oauth states storagegateway sts sumerian support supportapp supportauthz sustainability
swf synthetics tagging tax textract thinclient thinkbox timestream timestream-influxdb transcribe transfer
transitgateway translate trustedadvisor uxc verifiedpermissions vmie voice-chime voiceid vpc-flow-logs vpc-lattice
vpce waf waf-regional wafv2 wam wellarchitected wickr wisdom workdocs worklink workmail workmailmessageflow workspaces
workspaces-instances workspaces-web xray
access-grants.s3 apidestinations.events application-autoscaling.dynamodb batch.email batchoperations.s3
build.apprunner cognito-idp.email credentials.iot delivery.logs dynamodb.application-autoscaling
ec2-instance-connect.ec2 ecs.application-autoscaling events.workmail export.rds ingest.timestream invoke.mturk
logging.s3 malware-protection-plan.guardduty monitoring.rds networking-infrastructure.dax ops.apigateway
pod-identity.eks pods.eks query.timestream replicator.lambda reports.codebuild s3.storage-lens schemas.events spot.ec2
states.sync storage-lens.s3 streams.metrics.cloudwatch tasks.apprunner transitgateway.ec2
"""
NAMES = frozenset(_LISTED.split())
"""Without `.amazonaws.com`, and without a region."""

_PRINCIPAL = re.compile(r"([a-z0-9.-]+?)(?:\.[a-z]{2}(?:-[a-z]+)+-\d)?\.(?:amazonaws\.com(?:\.cn)?|aws\.internal)")


def is_known_service(principal: str) -> bool:
    """Whether there is such a service principal; one with a region, such as logs.eu-west-1.amazonaws.com, is one too."""
    found = _PRINCIPAL.fullmatch(principal)
    return found is not None and found[1] in NAMES
