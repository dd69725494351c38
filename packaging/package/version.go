package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// source is what is built: a version that tools can compare, and where it comes from.
type source struct {
	Version string // numbers with dots between them
	Commit  string // short, "" outside a git repository
	Time    time.Time
}

// ldflags are those of every build of the agent. team is who signs it, "" for nobody.
func (s *source) ldflags(team string) string {
	flags := "-s -w -X main.version=" + s.Version + " -X main.commit=" + s.Commit
	if team != "" {
		flags += " -X main.team=" + team
	}
	return flags
}

// findSource asks git about the working copy. named replaces what git describe says, "" for nothing.
func findSource(ctx context.Context, named string) (source, error) {
	s := source{Version: "0.0.0", Time: time.Unix(0, 0)}
	if commit, err := git(ctx, "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"); err == nil {
		s.Commit = commit
		described, err := git(ctx, "describe", "--tags", "--match=v[0-9]*", "--always")
		if err != nil {
			return s, err
		}
		count, err := git(ctx, "rev-list", "--count", "HEAD")
		if err != nil {
			return s, err
		}
		if s.Version, err = number(cmp.Or(named, described), count); err != nil {
			return s, err
		}
	} else if named != "" {
		if s.Version, err = number(named, "0"); err != nil {
			return s, err
		}
	}
	seconds := os.Getenv("SOURCE_DATE_EPOCH")
	if seconds == "" && s.Commit != "" {
		var err error
		if seconds, err = git(ctx, "log", "-1", "--format=%ct"); err != nil {
			return s, err
		}
	}
	if seconds != "" {
		n, err := strconv.ParseInt(seconds, 10, 64)
		if err != nil || n < 0 || n >= 1<<32 { // a Bom has 32 bits
			return s, fmt.Errorf("SOURCE_DATE_EPOCH %q: expected seconds since 1970", seconds)
		}
		s.Time = time.Unix(n, 0)
	}
	s.Time = s.Time.UTC()
	return s, nil
}

func git(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "git", args...).Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w", args[0], err)
	}
	return strings.TrimSpace(string(out)), nil
}

var (
	tagged   = regexp.MustCompile(`^v?((?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))?)(?:-([1-9][0-9]*)-g[0-9a-f]+)?(?:-dirty)?$`)
	untagged = regexp.MustCompile(`^[0-9a-f]{4,64}(?:-dirty)?$`)
)

// number returns a version of numbers alone, which Munki, Jamf and Installer compare part by part:
// v1.2.3 is 1.2.3; four commits later, 1.2.3.4; without a tag 0.0.COUNT, with the count of commits.
// It rises with every commit, and every tag is above what came before it.
func number(described, count string) (string, error) {
	if m := tagged.FindStringSubmatch(described); m != nil {
		if m[2] == "" {
			return m[1], nil
		}
		if strings.Count(m[1], ".") == 2 {
			return m[1] + "." + m[2], nil
		}
	} else if untagged.MatchString(described) {
		return "0.0." + count, nil
	}
	return "", fmt.Errorf("version %q: expected a tag of three numbers, as v1.2.3: tools that install packages compare numbers alone", described)
}
