#!/bin/sh
# The load balancer is started first.
exec sh "$(dirname "$0")/wso2server.sh" -Dloadbalancer.conf=file:repository/conf/loadbalancer.conf "$@"
