#!/bin/sh
# A worker is started after the manager.
exec sh "$(dirname "$0")/wso2server.sh" -DworkerNode=true "$@"
