#!/bin/bash
# The life of the agent's packages on a fake Mac: installation, an upgrade while hooks change, profiles, a
# version that does not start, removal; and all that packaging/DEPLOY.md tells an admin to type. The
# program is the darwin one, run by ../shared's machorun in a changed root with a launchd of its own; the
# scripts are those of the packages.
#
#   [MACHORUN=FOLDER] packaging/fakemac.sh [FOLDER [life | deploy]]
#
# One line a check; exit 0 when all pass, and when there is nothing to run them with. MACHORUN is
# where machorun is built, or is to be; FOLDER is for the disk, and must not be on an overlay file
# system. As root.
set -u
cd "$(dirname "$0")/.." || exit 2
tools=$PWD/../shared/tools/machorun
for needed in "$tools/fakemac.sh" /usr/bin/bsdtar /usr/bin/python3 /usr/bin/gcc; do
	[ -e "$needed" ] || { echo "SKIP  packages on a fake Mac: there is no $needed"; exit 0; }
done
[ "$(id -u)" = 0 ] || { echo 'SKIP  packages on a fake Mac: not root'; exit 0; }
umask 022
work=$(mktemp -d "${1:-${TMPDIR:-/tmp}}/hooksnare-fakemac.XXXXXX") || exit 2
export OUT=${MACHORUN:-$work/machorun}
# What is left of an agent when a check hangs ends with its disk.
end() {
	for disk in "$work"/*/disk; do
		rm -f "$disk/launchd/job"
		if pid=$(cat "$disk/launchd/pid" 2>/dev/null); then kill "$pid"; fi
	done
	rm -rf "$work"
}
trap end EXIT
fail() { echo "FAIL  $1"; exit 1; }

[ -x "$OUT/machorun" ] || "$tools/build.sh" "$OUT" || fail 'machorun builds'
export CGO_ENABLED=0
go build -trimpath -o "$work/standin" ./agent/cmd/standin || fail 'the stand-in builds'
go build -trimpath -o "$work/package" ./packaging/package || fail 'the packager builds'
for version in 1.0.0 1.1.0; do
	GOOS=darwin GOARCH=amd64 go build -trimpath -ldflags "-s -w -X main.version=$version" -o "$work/$version" ./agent/cmd/hooksnare || fail "version $version builds"
done
GOOS=darwin GOARCH=amd64 go build -trimpath -o "$work/1.2.0" ./packaging/package/broken || fail 'the broken version builds'
for version in 1.0.0 1.1.0 1.2.0; do
	"$work/package" -version "v$version" -program "$work/$version" -out "$work/dist-$version" build >/dev/null || fail "the package of $version builds"
done

export HOOKSNARE=$work/1.0.0 STANDIN=$work/standin
# play SCRIPT: a fake Mac of its own, in which it runs.
play() {
	local mac=$work/$1
	"$tools/fakemac.sh" "$mac" true || fail 'the fake Mac'
	"$tools/fake/install.sh" "$mac/upper"
	mkdir -p "$mac/upper/sbin" "$mac/disk/pkg" "$mac/disk/receipts"
	cp "$work"/dist-*/*.pkg "$mac/disk/pkg/"
	cp packaging/package/testdata/fakemac/{pkgutil,installer} "$mac/upper/sbin/"
	printf '#!/bin/sh\nexec "$@"\n' >"$mac/upper/bin/sudo"
	cp "$work/1.0.0" "$mac/upper/bin/hooksnare" # on an admin's own machine
	chmod 755 "$mac"/upper/sbin/{pkgutil,installer} "$mac"/upper/bin/{sudo,hooksnare}
	cp "packaging/package/testdata/fakemac/$1" packaging/DEPLOY.md "$mac/disk/"
	WRAP="$OUT/withbinfmt" timeout 570 "$tools/fakemac.sh" "$mac" /bin/bash "/$1"
}
[ -z "${2:-}" ] || { play "$2"; exit; }
play deploy >"$work/deployed" 2>&1 &
deploying=$!
play life
status=$?
wait "$deploying" || status=1
cat "$work/deployed"
exit $status
