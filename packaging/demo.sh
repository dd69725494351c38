#!/bin/sh
# Plays a recorded attack to the agent on a disk made for it, and shows the alerts.
# Nothing of it touches this machine outside a temporary folder. usage: demo.sh BINDIR
set -eu
umask 022 # the agent uses no folder that others can write

bin=$1
root=$(mktemp -d "${TMPDIR:-/tmp}/hooksnare-demo.XXXXXX")
agent=
finish() {
	[ -z "$agent" ] || kill "$agent" 2>/dev/null || true
	rm -rf "$root"
}
trap finish EXIT
trap 'exit 130' INT TERM

"$bin/standin" root --speed 1 "$root" >/dev/null
mkdir -p "$root/Library/Preferences"
cat >"$root/Library/Preferences/com.hooksnare.agent.plist" <<'PLIST'
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>CanaryInterval</key>
	<real>2</real>
	<key>Outputs</key>
	<array>
		<dict>
			<key>Name</key>
			<string>local</string>
			<key>Type</key>
			<string>file</string>
			<key>Path</key>
			<string>/var/log/hooksnare/alerts.jsonl</string>
		</dict>
	</array>
</dict>
</plist>
PLIST
chmod 644 "$root/Library/Preferences/com.hooksnare.agent.plist"

echo "This is not a Mac: a stand-in for eslogger plays a synthetic recording of an attack"
echo "to the real agent, whose disk is $root."
echo
"$bin/hooksnare" run --show --root "$root" --eslogger "$root/usr/bin/eslogger" \
	--canary "$root/usr/bin/true" 2>"$root/agent.log" &
agent=$!

# The recording ends with the removal of the hook, which is the third alert.
log="$root/private/var/log/hooksnare/alerts.jsonl"
waited=0
alerts() { grep -c '"kind":"alert"' "$log" 2>/dev/null || true; } # nothing without a log
while count=$(alerts) && [ "${count:-0}" -lt 3 ]; do
	if [ "$waited" -ge 60 ] || ! kill -0 "$agent" 2>/dev/null; then
		echo "demo: the three alerts did not come; the agent's log:" >&2
		cat "$root/agent.log" >&2
		exit 1
	fi
	waited=$((waited + 1))
	sleep 1
done
kill -TERM "$agent"
wait "$agent"
agent=
echo "All three alerts stand in the local log as ECS documents, one a line; the first begins:"
echo
grep '"kind":"alert"' "$log" | head -n 1 | cut -c 1-600
echo "..."
echo
echo "The Jamf hook that was set in between is covered by the exception that comes with the"
echo "agent: its script is owned by root and writable by nobody else, and the disk showed before"
echo "that Jamf manages it. Its first use is reported once, as low; later ones are not."
