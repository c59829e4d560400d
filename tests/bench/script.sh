#!/bin/sh
# The same resources as concurrent_boto3.py makes, as a shell script: one `aws` call after the other.
# sh script.sh up|read|status|down REGION NAME
set -eu
verb=$1 region=$2 name=$3 account=123456789012
artifacts=$name-artifacts-$account-$region-an site=$name-site-$account-$region-an
group=/aws/codebuild/$name-build
role() { echo "arn:aws:iam::$account:role/$name-$1"; }
allow() { echo '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", '"$1"'}]}'; }
act() { # category, provider, configuration, more
    echo '{"name": "'"$1"'", "actionTypeId": {"category": "'"$1"'", "owner": "AWS", "provider": "'"$2"'", "version": "1"}, "configuration": {'"$3"'}'"$4"'}'
}

up() {
    aws codecommit create-repository --repository-name "$name" --tags owner="$name"
    for bucket in "$artifacts" "$site"; do
        aws s3api create-bucket --bucket "$bucket" --bucket-namespace account-regional \
            --create-bucket-configuration "LocationConstraint=$region,Tags=[{Key=owner,Value=$name}]"
    done
    tls='{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::'$artifacts'", "arn:aws:s3:::'$artifacts'/*"], "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}'
    aws s3api put-bucket-policy --bucket "$artifacts" --policy "$tls"
    aws s3api put-bucket-lifecycle-configuration --bucket "$artifacts" --lifecycle-configuration \
        '{"Rules": [{"ID": "expire", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 30}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}]}'
    aws s3api put-public-access-block --bucket "$site" \
        --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true
    aws s3api put-bucket-policy --bucket "$site" --policy \
        "$(allow '"Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::'"$site"'/*"')"
    aws s3api put-bucket-website --bucket "$site" --website-configuration '{"IndexDocument": {"Suffix": "index.html"}}'
    for service in codepipeline codebuild events; do
        aws iam create-role --role-name "$name-$service" --tags Key=owner,Value="$name" --assume-role-policy-document \
            "$(allow '"Principal": {"Service": "'$service'.amazonaws.com"}, "Action": "sts:AssumeRole"')"
        aws iam put-role-policy --role-name "$name-$service" --policy-name p --policy-document \
            "$(allow '"Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::'"$artifacts"'/*"')"
    done
    aws logs create-log-group --log-group-name "$group" --tags owner="$name"
    aws logs put-retention-policy --log-group-name "$group" --retention-in-days 14
    aws codebuild create-project --name "$name-build" --source type=CODEPIPELINE --artifacts type=CODEPIPELINE \
        --environment type=LINUX_CONTAINER,image=aws/codebuild/standard:7.0,computeType=BUILD_GENERAL1_SMALL \
        --service-role "$(role codebuild)" --tags key=owner,value="$name"
    aws events put-rule --name "$name" --tags Key=owner,Value="$name" \
        --event-pattern '{"source": ["aws.codecommit"], "detail": {"referenceName": ["main"]}}'
    aws events put-targets --rule "$name" --targets \
        "Id=1,Arn=arn:aws:codepipeline:$region:$account:$name,RoleArn=$(role events)"
    source=$(act Source CodeCommit '"RepositoryName": "'"$name"'", "BranchName": "main", "PollForSourceChanges": "false"' ', "outputArtifacts": [{"name": "S"}]')
    build=$(act Build CodeBuild '"ProjectName": "'"$name-build"'"' ', "inputArtifacts": [{"name": "S"}], "outputArtifacts": [{"name": "B"}]')
    deploy=$(act Deploy S3 '"BucketName": "'"$site"'", "Extract": "true"' ', "inputArtifacts": [{"name": "B"}]')
    aws codepipeline create-pipeline --tags key=owner,value="$name" --pipeline \
        '{"name": "'"$name"'", "roleArn": "'"$(role codepipeline)"'", "pipelineType": "V2", "artifactStore": {"type": "S3", "location": "'"$artifacts"'"}, "stages": [{"name": "Source", "actions": ['"$source"']}, {"name": "Build", "actions": ['"$build"']}, {"name": "Deploy", "actions": ['"$deploy"']}]}'
}

read_() {
    aws codecommit get-repository --repository-name "$name"
    for bucket in "$artifacts" "$site"; do
        aws s3api get-public-access-block --bucket "$bucket"
        aws s3api get-bucket-policy --bucket "$bucket"
        aws s3api get-bucket-tagging --bucket "$bucket"
    done
    aws s3api get-bucket-lifecycle-configuration --bucket "$artifacts"
    aws s3api get-bucket-website --bucket "$site"
    for service in codepipeline codebuild events; do
        aws iam get-role --role-name "$name-$service"
        aws iam get-role-policy --role-name "$name-$service" --policy-name p
    done
    aws codebuild batch-get-projects --names "$name-build"
    aws logs describe-log-groups --log-group-name-prefix "$group"
    aws events describe-rule --name "$name"
    aws events list-targets-by-rule --rule "$name"
    aws codepipeline get-pipeline --name "$name"
}

status() {
    aws codepipeline get-pipeline-state --name "$name"
    aws codepipeline list-pipeline-executions --pipeline-name "$name"
}

down() {
    aws codepipeline delete-pipeline --name "$name"
    aws events remove-targets --rule "$name" --ids 1
    aws events delete-rule --name "$name"
    aws codebuild delete-project --name "$name-build"
    aws logs delete-log-group --log-group-name "$group"
    for bucket in "$artifacts" "$site"; do aws s3api delete-bucket --bucket "$bucket"; done
    aws codecommit delete-repository --repository-name "$name"
    for service in codepipeline codebuild events; do
        aws iam delete-role-policy --role-name "$name-$service" --policy-name p
        aws iam delete-role --role-name "$name-$service"
    done
}

case $verb in
    up | status | down) "$verb" ;;
    read) read_ ;;
    *) exit 2 ;;
esac
