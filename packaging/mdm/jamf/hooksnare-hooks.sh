#!/bin/sh
# Jamf Pro extension attribute: how many login and logout hooks are set,
# -1 when that is not known.
program='/Library/Application Support/Hooksnare/hooksnare'
limit=30 # seconds

# ask prints the first line of what the program says, which may be so many blocks long. One that hangs is
# killed and not waited for: what the kernel holds does not die, and the inventory must go on.
ask() {
	answer=$(mktemp "${TMPDIR:-/tmp}/hooksnare.XXXXXX") || return
	(ulimit -f 64 && exec "$program" status --only "$1" >"$answer" 2>/dev/null </dev/null) &
	asked=$!
	left=$((limit * 10))
	while kill -0 "$asked" && [ "$left" -gt 0 ]; do
		left=$((left - 1))
		sleep 0.1
	done 2>/dev/null
	[ "$left" -gt 0 ] || kill -KILL "$asked"
	head -n 1 "$answer"
	rm -f "$answer"
}

hooks=$(ask hooks 2>/dev/null)
case $hooks in
'' | *[!0-9]*) hooks=-1 ;;
esac

echo "<result>$hooks</result>"
