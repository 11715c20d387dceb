#!/bin/sh
# -Dsetup creates the tables of the central database at the first start; leave it out afterwards.
exec sh "$(dirname "$0")/wso2server.sh" -Dsetup "$@"
