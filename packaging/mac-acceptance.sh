#!/bin/bash
# Checks on a real Mac what no other system can show: launchd, Full Disk Access,
# eslogger, cfprefsd, the unified log.
#
#   sudo packaging/mac-acceptance.sh [--yes-really] [--keep] [PATH/TO/hooksnare]
#
# It installs the agent (default: the program beside this script, or ../bin/hooksnare), watches it work, kills it, and
# uninstalls it again, unless it was there before or --keep is given. State and logs
# stay. A hook is written to a scratch preference domain, which macOS never reads.
#
# Two checks are intrusive: setting and removing the Mac's real LoginHook (to a program
# that does nothing), and stopping eslogger for up to two minutes. On a terminal the
# script asks first; --yes-really is a yes to both; otherwise they are skipped. The
# former LoginHook is put back however the script ends.
#
# Output: one line a check, PASS, FAIL or SKIP, then the totals. Exit 0: no FAIL; 1: a
# FAIL; 2: can't start. Written for the bash 3.2 of macOS.

set -u
PATH=/usr/bin:/bin:/usr/sbin:/sbin
export PATH LC_ALL=C
umask 077

label=com.hooksnare.agent
program="/Library/Application Support/Hooksnare/hooksnare"
daemon=/Library/LaunchDaemons/$label.plist
state=/var/db/hooksnare
logs=/var/log/hooksnare
alerts=$logs/alerts.jsonl
agent_log=$logs/agent.log
token=hooksnare-acceptance-$(date +%s)-$$
scratch=com.hooksnare.acceptance.$$
loginwindow=com.apple.loginwindow

passed=0 failed=0 skipped=0
pass() { passed=$((passed + 1)); printf 'PASS  %s\n' "$1"; }
fail() { failed=$((failed + 1)); printf 'FAIL  %s: %s\n' "$1" "$2"; }
skip() { skipped=$((skipped + 1)); printf 'SKIP  %s: %s\n' "$1" "$2"; }
note() { printf '      %s\n' "$1"; }
stop() { printf '%s\n' "$1" >&2; exit 2; }

# check NAME WHY COMMAND...: one check that is the exit status of a command.
check() {
	local name=$1 why=$2
	shift 2
	if "$@"; then pass "$name"; else fail "$name" "$why"; fi
}

# within SECONDS COMMAND...: try again until it succeeds or the time is over.
within() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -le "$end" ] || return 1
		sleep 0.1
	done
}

not() { ! "$@"; }
quiet() { "$@" >/dev/null 2>&1; }
gone() { while [ $# -gt 0 ]; do [ ! -e "$1" ] || return 1; shift; done; }
there() { while [ $# -gt 0 ]; do [ -e "$1" ] || return 1; shift; done; }

# --- what the agent is doing -------------------------------------------------------

agent_pid() { launchctl print "system/$label" 2>/dev/null | awk '$1 == "pid" && $2 == "=" { print $3; exit }'; }
runs() { [ -n "$(agent_pid)" ]; }
runs_again() { local pid; pid=$(agent_pid); [ -n "$pid" ] && [ "$pid" != "$1" ]; }
alive() { kill -0 "$1" 2>/dev/null; }
loaded() { launchctl print "system/$label" >/dev/null 2>&1; }
sensor_pid() { local pid; pid=$(agent_pid); [ -n "$pid" ] && pgrep -P "$pid" -x eslogger; }
senses() { [ -n "$(sensor_pid)" ]; }
size() { if [ -f "$1" ]; then stat -f %z "$1"; else echo 0; fi; }

# since FILE OFFSET: what was written behind the offset; all of it after a rotation.
since() {
	[ -f "$1" ] || return 0
	if [ "$(size "$1")" -lt "$2" ]; then cat "$1"; else tail -c "+$(($2 + 1))" "$1"; fi
}
says() { since "$1" "$2" | grep -qF -- "$3"; }
# alerted OFFSET WORD...: one alert behind the offset holds all the words.
alerted() {
	local found word
	found=$(since "$alerts" "$1")
	shift
	for word in "$@"; do found=$(printf '%s\n' "$found" | grep -F -- "$word") || return 1; done
}
has_verb() { "$program" --help 2>/dev/null | grep -q "^  $1 "; }

# --- putting things back -----------------------------------------------------------

hook_touched='' hook_before='' hook_was_set=''
sensor_stopped=''
installed_here='' keep=''

hook_value() { defaults read "$loginwindow" LoginHook 2>/dev/null; }

restore_hook() {
	[ -n "$hook_touched" ] || return 0
	if [ -n "$hook_was_set" ]; then
		defaults write "$loginwindow" LoginHook -string "$hook_before"
		[ "$(hook_value)" = "$hook_before" ] || return 1
	else
		defaults delete "$loginwindow" LoginHook 2>/dev/null
		hook_value >/dev/null && return 1
	fi
	hook_touched=''
}

cleanup() {
	local status=$?
	trap - EXIT
	trap '' INT TERM HUP
	[ -z "$sensor_stopped" ] || kill -CONT "$sensor_stopped" 2>/dev/null
	defaults delete "$scratch" >/dev/null 2>&1
	if ! restore_hook; then
		printf 'LoginHook is NOT as it was. Put it back as root:\n' >&2
		print_restore >&2
		status=1
	fi
	if [ -n "$installed_here" ] && [ -z "$keep" ]; then "$program" uninstall >/dev/null 2>&1; fi
	exit "$status"
}

print_restore() {
	if [ -n "$hook_was_set" ]; then
		printf '  defaults write %s LoginHook -string %q\n' "$loginwindow" "$hook_before"
	else
		printf '  defaults delete %s LoginHook\n' "$loginwindow"
	fi
}

# consent WHAT: ask on a terminal, unless --yes-really has answered.
really=''
consent() {
	local answer=''
	[ -n "$really" ] && return 0
	[ -t 0 ] || return 1
	printf '      %s [y/N] ' "$1"
	read -r answer
	[ "$answer" = y ] || [ "$answer" = Y ]
}

# --- the checks --------------------------------------------------------------------

check_mode() { # FILE WANT
	local got
	got=$(stat -f '%HT %Su:%Sg %Lp' "$1" 2>&1)
	if [ "$got" = "$2" ]; then pass "$1 is $2"; else fail "$1 is $2" "it is $got"; fi
}

test_refusal() {
	local name='install without root says to use sudo' said
	if [ -z "${SUDO_USER:-}" ] || [ "$SUDO_USER" = root ]; then
		skip "$name" 'not started through sudo'
	elif ! sudo -u "$SUDO_USER" test -x "$binary"; then
		skip "$name" "$SUDO_USER can't run $binary"
	else
		if said=$(sudo -u "$SUDO_USER" "$binary" install 2>&1); then
			fail "$name" 'it succeeded'
		else
			check "$name" "it said: $said" grep -q sudo <<<"$said"
		fi
	fi
}

test_install() {
	local said
	if ! said=$("$binary" install 2>&1); then
		fail install "$said"
		return 1
	fi
	pass install
	check_mode "$(dirname "$program")" 'Directory root:wheel 755'
	check_mode "$program" 'Regular File root:wheel 755'
	check_mode "$daemon" 'Regular File root:wheel 644'
	check_mode "$state" 'Directory root:wheel 700'
	check_mode "$logs" 'Directory root:wheel 750'
	check 'property list is sound' "plutil -lint refuses $daemon" plutil -lint -s "$daemon"
	check 'the installed program runs' "$program version fails" quiet "$program" version
	check 'launchd runs the agent' 'no pid in launchctl print within 20 s' within 20 runs
	if said=$("$binary" install 2>&1); then pass 'second install'; else fail 'second install' "$said"; fi
	check 'launchd runs the agent after a second install' 'no pid within 20 s' within 20 runs
	check 'configuration and rules are sound' "$program check fails" quiet "$program" check
	check "the agent's own log has mode 600" "$agent_log: $(stat -f '%Su:%Sg %Lp' "$agent_log" 2>&1)" \
		test "$(stat -f '%Su:%Sg %Lp' "$agent_log" 2>/dev/null)" = 'root:wheel 600'
}

# test_sensor returns 1 when nothing can be seen: the rest would fail for one reason.
test_sensor() {
	if within 15 says "$agent_log" "$log_start" no_full_disk_access; then
		pass 'without Full Disk Access the log says so'
		check 'the log names Full Disk Access in words' "see $agent_log" says "$agent_log" "$log_start" 'Full Disk Access'
		skip 'eslogger runs' "grant Full Disk Access to $program, then run this again with --keep"
		return 1
	fi
	skip 'without Full Disk Access the log says so' 'the grant is there; take it away to see this'
	if ! within 30 senses; then
		fail 'eslogger runs' "no child of the agent within 30 s, see $agent_log"
		return 1
	fi
	pass 'eslogger runs'
	check 'eslogger leads its own session' 'it shares a process group with the agent' \
		not test "$(ps -o pgid= -p "$(sensor_pid)")" -eq "$(ps -o pgid= -p "$(agent_pid)")"
	note 'waiting 75 s for two canaries'
	sleep 75
	check 'canaries come back' "the log says blind, see $agent_log" not says "$agent_log" "$log_start" blind
	if has_verb status; then
		check 'status is well' "$program status exits other than 0" quiet "$program" status
	else
		skip 'status is well' 'this version has no status'
	fi
	if has_verb simulate; then
		check simulate "$program simulate exits other than 0" quiet "$program" simulate
	else
		skip simulate 'this version has no simulate'
	fi
}

test_scratch_hook() {
	local value=/var/empty/$token-scratch offset name='a hook in a scratch domain is an alert within 5 s'
	offset=$(size "$alerts")
	defaults write "$scratch" LoginHook "$value"
	if ! within 5 alerted "$offset" "$value" "$scratch"; then
		fail "$name" "no line in $alerts holds $value and $scratch"
		return
	fi
	pass "$name"
	note "latency: $(since "$alerts" "$offset" | grep -F -- "$value" | sed -n 's/.*"latency_ms":\([0-9.]*\).*/\1/p' | head -n 1) ms"
	check_mode "$alerts" 'Regular File root:wheel 600'
	check 'the alert is one JSON document' 'plutil refuses it' valid_json "$offset" "$value"
	check 'the alert is in the unified log within 30 s' 'log show has no such line of hooksnare' within 30 in_unified_log "$value"
	# The alert gets updates by itself until the correlation window has passed: only what the next
	# commands give counts.
	offset=$(size "$alerts")
	defaults write "$scratch" OtherKey "$token-other"
	defaults read "$scratch" >/dev/null
	sleep 3
	check 'another key is no alert' 'it is' not alerted "$offset" "$token-other"
	offset=$(size "$alerts")
	defaults delete "$scratch" LoginHook
	sleep 3
	check 'a removal outside of loginwindow is no alert' 'it is' not alerted "$offset" "$scratch" '"remove"'
}

valid_json() {
	since "$alerts" "$1" | grep -F -- "$2" | head -n 1 | plutil -convert xml1 -o /dev/null - >/dev/null 2>&1
}

# The severity's word starts the text; log's own "Filtering ..." line holds the value too.
in_unified_log() {
	log show --last 5m --style compact --predicate "process == \"hooksnare\" AND eventMessage CONTAINS \"$1\"" 2>/dev/null |
		grep -v '^Filtering' | grep -F -- "$1" | grep -Eq '(low|medium|high|critical): '
}

test_real_hook() {
	local value="/usr/bin/true $token-real" offset set='the real LoginHook set is an alert within 5 s'
	if ! consent "Set this Mac's LoginHook to '$value' and put it back at once?"; then
		skip "$set" 'not allowed (--yes-really)'
		return
	fi
	if hook_before=$(hook_value); then
		hook_was_set=yes
		if [ "$(defaults read-type "$loginwindow" LoginHook 2>/dev/null)" != 'Type is string' ]; then
			skip "$set" 'there is a LoginHook that is no string: not touching it'
			return
		fi
	fi
	note 'if this script is killed before it ends, put LoginHook back as root with'
	print_restore
	hook_touched=yes
	offset=$(size "$alerts")
	defaults write "$loginwindow" LoginHook "$value"
	check "$set" "no line in $alerts holds $token-real" within 5 alerted "$offset" "$token-real" '"set"'
	check 'scan finds it' "$program scan does not print $token-real" scan_finds "$token-real"
	offset=$(size "$alerts")
	defaults delete "$loginwindow" LoginHook
	check 'the real LoginHook removed is an alert within 5 s' "no line in $alerts" within 5 alerted "$offset" "$loginwindow" '"remove"'
	check 'the former LoginHook is back' 'it is not' restore_hook
}

scan_finds() { "$program" scan 2>/dev/null | grep -qF -- "$1"; }

test_blindness() {
	local name='a stopped eslogger is blindness within 2 minutes' offset
	if ! consent 'Stop eslogger for up to two minutes?'; then
		skip "$name" 'not allowed (--yes-really)'
		return
	fi
	offset=$(size "$agent_log")
	sensor_stopped=$(sensor_pid)
	kill -STOP "$sensor_stopped"
	check "$name" "$agent_log does not say so" within 120 says "$agent_log" "$offset" blind
	kill -CONT "$sensor_stopped" 2>/dev/null
	sensor_stopped=''
	check 'eslogger runs again' 'no child of the agent within 90 s' within 90 senses
}

test_sensor_killed() {
	local old
	old=$(sensor_pid)
	kill -KILL "$old"
	check 'a killed eslogger is replaced within 90 s' 'it is not' within 90 replaced "$old"
}
replaced() { local now; now=$(sensor_pid); [ -n "$now" ] && [ "$now" != "$1" ]; }

test_ends() { # SEES: not empty when eslogger is expected to run
	local sees=$1 old sensor
	old=$(agent_pid)
	sensor=$(sensor_pid)
	kill -TERM "$old"
	check 'SIGTERM ends the agent within 5 s' 'it still runs' within 5 not alive "$old"
	[ -z "$sensor" ] || check 'eslogger ends with it' "pid $sensor still runs" within 5 not alive "$sensor"
	check 'launchd brings it back within 30 s' 'no new pid' within 30 runs_again "$old"
	[ -z "$sees" ] || check 'and eslogger within 30 s' 'no child of the agent' within 30 senses
	old=$(agent_pid)
	sensor=$(sensor_pid)
	kill -KILL "$old"
	check 'after kill -9 launchd brings it back within 30 s' 'no new pid' within 30 runs_again "$old"
	[ -z "$sensor" ] || check 'kill -9 leaves no eslogger behind after 60 s' "pid $sensor still runs" within 60 not alive "$sensor"
}

test_verbs() {
	local old said
	old=$(agent_pid)
	check 'the chain of alerts is whole, also after kill -9' "$program alerts verify exits other than 0" quiet "$program" alerts verify
	# A watched folder takes one descriptor, and one for each file in it that can hold a hook.
	check 'fewer than 100 open files' "lsof shows $(lsof -p "$old" 2>/dev/null | wc -l)" \
		test "$(lsof -p "$old" 2>/dev/null | wc -l)" -lt 100
	if said=$("$program" restart 2>&1); then pass restart; else fail restart "$said"; fi
	check 'restart brings a new agent within 30 s' 'no new pid' within 30 runs_again "$old"
	if said=$("$program" stop 2>&1); then pass stop; else fail stop "$said"; fi
	check 'stop unloads the job' 'launchd still has it' not loaded
	if said=$("$program" start 2>&1); then pass start; else fail start "$said"; fi
	check 'start brings the agent within 20 s' 'no pid' within 20 runs
}

test_uninstall() {
	local said
	if [ -n "$was_installed" ] || [ -n "$keep" ]; then
		skip uninstall 'the agent was there before, or --keep'
		return
	fi
	installed_here=''
	if said=$("$program" uninstall 2>&1); then pass uninstall; else fail uninstall "$said"; fi
	check 'launchd forgot the agent' 'launchctl print still finds it' not loaded
	check 'program and property list are gone' 'one of them is left' gone "$program" "$daemon"
	check 'state and logs are kept' 'one of them is gone' there "$state" "$logs"
	if said=$("$binary" uninstall 2>&1); then pass 'second uninstall'; else fail 'second uninstall' "$said"; fi
}

# --- main --------------------------------------------------------------------------

binary=''
for argument in "$@"; do
	case $argument in
	--yes-really) really=yes ;;
	--keep) keep=yes ;;
	-*) stop "unknown option $argument; usage: sudo $0 [--yes-really] [--keep] [PATH/TO/hooksnare]" ;;
	*) binary=$argument ;;
	esac
done
if [ -z "$binary" ]; then
	for binary in "$(dirname "$0")/hooksnare" "$(dirname "$0")/../bin/hooksnare"; do
		[ ! -x "$binary" ] || break
	done
fi
[ "$(uname -s)" = Darwin ] || stop 'this is no Mac: nothing to check here'
[ "$(id -u)" -eq 0 ] || stop "needs root: sudo $0"
[ -x "$binary" ] || stop "$binary: no such program; make build first, or name one"
binary=$(cd "$(dirname "$binary")" && pwd)/$(basename "$binary")
[ "$(sw_vers -productVersion | cut -d. -f1)" -ge 13 ] || stop 'needs macOS 13 or later: eslogger(1) came with it'

was_installed=''
[ ! -e "$daemon" ] || was_installed=yes
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

note "macOS $(sw_vers -productVersion) ($(uname -m)), $("$binary" version 2>&1 | head -n 1)"
test_refusal
log_start=$(size "$agent_log")
[ -n "$was_installed" ] || installed_here=yes
if test_install; then
	if test_sensor; then
		test_scratch_hook
		test_real_hook
		test_sensor_killed
		test_blindness
		test_ends yes
	else
		skip 'alerts, unified log, real hook, blindness' 'the sensor sees nothing'
		test_ends ''
	fi
	test_verbs
	test_uninstall
fi

printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
