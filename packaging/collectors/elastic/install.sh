#!/bin/sh
# Installs policies, templates and the pipeline. Run it again after an update.
# usage: install.sh URL FILE
#   FILE holds a header line "Authorization: ApiKey ..." of an account that may manage
#   index templates, pipelines and ILM; it is a file so that no secret is an argument.
set -eu
[ $# = 2 ] || { sed -n '3,5s/^# *//p' "$0" >&2; exit 2; }
url=${1%/} header=$2
here=$(dirname "$0")

put() { # PATH FILE
	printf '%s: ' "$1"
	curl --fail-with-body --silent --show-error --request PUT --header "@$header" \
		--header 'Content-Type: application/json' --data-binary "@$here/$2" "$url/$1"
	echo
}

put _ilm/policy/hooksnare-alerts ilm-alerts.json
put _ilm/policy/hooksnare-heartbeat ilm-heartbeat.json
put _ingest/pipeline/hooksnare-route pipeline.json
put _component_template/hooksnare-mappings component-mappings.json
put _index_template/hooksnare-heartbeat template-heartbeat.json
put _index_template/hooksnare-alerts template-alerts.json
