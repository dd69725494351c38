package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hooksnare/agent/config"
	"hooksnare/agent/exceptions"
	"hooksnare/agent/host"
	"hooksnare/agent/judge"
	"hooksnare/agent/offline"
	"hooksnare/agent/ruleset"
	"hooksnare/collector/eslogger/synthetic"
	"hooksnare/detect/rules"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/shared"
)

// publishedEQL is the number of rules that Elastic publishes for macOS and that need process
// events alone.
const publishedEQL = 47

// publishedSet is all rules of a Mac: the built-in ones and the published ones, as they are.
type publishedSet struct {
	ruleset.Set
	files   map[string]string // names of files without .toml, by id
	process []string          // names of those that this test is about
}

func loadAllPublished(t testing.TB) *publishedSet {
	t.Helper()
	out := &publishedSet{Set: builtinRules(t), files: map[string]string{}}
	names, err := filepath.Glob(shared.Path(t, "eql", "rules", "macos", "*.toml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range out.Rules {
		out.files[r.ID] = r.ID
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		r, err := ruleset.LoadRule(rules.Source{Name: name, Text: text})
		if err != nil {
			t.Error(err)
			continue
		}
		file := strings.TrimSuffix(filepath.Base(name), ".toml")
		if r.Query != nil && slices.Equal(slices.Compact(r.Query.Categories()), []string{"process"}) {
			out.process = append(out.process, file)
			if r.NotRunnable != "" {
				t.Errorf("%s: not runnable: %s", file, r.NotRunnable)
			}
		}
		out.files[r.ID] = file
		out.Rules = append(out.Rules, r)
	}
	if len(out.process) != publishedEQL {
		t.Errorf("got %d rules about processes, want %d", len(out.process), publishedEQL)
	}
	return out
}

// onMac returns the alerts of a recording, as the agent gives them on the Mac itself: it
// knows the host and its users.
func (s *publishedSet) onMac(t testing.TB, recording []byte) []*alert.Alert {
	t.Helper()
	var out []*alert.Alert
	pipeline, err := judge.New(judge.Options{
		Rules: s.Rules, Exceptions: exceptions.ForEngine(config.Default().Exceptions),
		Host: host.Identity{ID: "5EED5EED-0000-4000-8000-000000000000", Hostname: "mac", Boot: "1", Users: macUsers()},
		Emit: func(a *alert.Alert, _ []byte) { out = append(out, a) }, RepeatWindow: config.Default().RepeatWindow,
	})
	must(t, err)
	r := offline.ReplayTo(pipeline)
	if err := r.Read(context.Background(), bytes.NewReader(recording)); err != nil {
		t.Fatal(err)
	}
	if s := r.Finish(); s.NotEvents+s.TooLong+s.Odd != 0 || s.Cut != 0 {
		t.Errorf("the recording was not read whole: %+v", s)
	}
	return out
}

// macUsers are the two users of a synthetic Mac.
func macUsers() *host.Users {
	names := map[string]string{"0": "root", "501": synthetic.User}
	u := host.UsersFrom(func(id string) (*user.User, error) {
		if names[id] == "" {
			return nil, errors.New("no such user")
		}
		return &user.User{Uid: id, Username: names[id]}, nil
	}, func(string) (*user.Group, error) { return nil, errors.New("no such group") })
	for u.Name(501) == "" { // it is asked for in the background
		time.Sleep(time.Millisecond)
	}
	return u
}

// told are alerts in short, but for updates: the rule, what it was about and its parent.
func (s *publishedSet) told(t testing.TB, list []*alert.Alert) []string {
	t.Helper()
	var out []string
	for _, a := range list {
		for _, f := range lineFaults(a) {
			t.Error(f)
		}
		if a.Event.Sequence > 1 {
			continue
		}
		executable, parent := "no process", "no parent"
		if p := a.Process; p != nil {
			executable = p.Executable
			if p.Parent != nil {
				parent = p.Parent.Name
			}
		}
		out = append(out, fmt.Sprintf("%s: %s < %s", s.files[a.Rule.ID], executable, parent))
	}
	slices.Sort(out)
	return out
}

// wants compares the alerts of a recording with those wanted, by number.
func (s *publishedSet) wants(t *testing.T, recording []byte, want map[string]int) {
	t.Helper()
	got := map[string]int{}
	for _, told := range s.told(t, s.onMac(t, recording)) {
		got[told]++
	}
	for told := range want {
		got[told] += 0 // to be looked at below
	}
	for _, told := range slices.Sorted(maps.Keys(got)) {
		if got[told] != want[told] {
			t.Errorf("got %d, want %d: %s", got[told], want[told], told)
		}
	}
}
