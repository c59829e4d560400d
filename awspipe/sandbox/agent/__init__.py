"""The CodeDeploy agent: applies a revision to a host, one lifecycle event after the other.

It imports nothing of moto or boto3: it runs inside a host, and for `awspipe deploy` without any server.
Its ways are those of AWS's own agent (github.com/aws/aws-codedeploy-agent), its files lie where that one
keeps them.
"""
