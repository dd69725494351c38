package agent_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"hooksnare/agent/config"
	"hooksnare/agent/exceptions"
	"hooksnare/agent/health"
	"hooksnare/pkg/alert"
)

// unpinned is an exception for a value that the stand-in sets.
func unpinned(id string, n int) *exceptions.Proposal {
	return &exceptions.Proposal{Exception: config.Exception{ID: id, Where: `hooksnare.hook.value == "` + hookValue(1, n) + `"`, Reason: "test"}}
}

func use(s health.Status, id string) *health.ExceptionStatus {
	i := slices.IndexFunc(s.Exceptions, func(x health.ExceptionStatus) bool { return x.ID == id })
	if i < 0 {
		return nil
	}
	return &s.Exceptions[i]
}

// TestExceptionsAreReadAnew changes the file of exceptions below a running agent: it goes by
// what is there, tells of each change, and of what is wrong as long as it is.
func TestExceptionsAreReadAnew(t *testing.T) {
	t.Parallel()
	s, o := setUp(t, plan{{{Do: "hooks", N: 2}, {Do: "await"}, {Do: "hooks", N: 3}, {Do: "serve"}}})
	must(t, os.Chmod(s.root, 0o755))
	var own journal
	o.Log = zerolog.New(&own)
	ctx, allow := context.Background(), exceptions.NewAllow(o.Config, exceptions.Whoever())
	must(t, allow.Add(ctx, unpinned("first", 1)))
	var err error
	o.Config, o.Sources, err = reread(o.Config)
	must(t, err)
	s.start(t, o)
	s.until(t, "the first alert", func(list []*alert.Alert) bool { return len(hooks(list)) == 1 })

	must(t, allow.Add(ctx, unpinned("fourth", 4)))
	own.await(t, `"added":["fourth"],"removed":[]`)
	s.letGo(t)
	list := s.until(t, "all alerts", func(list []*alert.Alert) bool { return slices.Contains(hooks(list), hookValue(1, 5)) })
	if got, want := hooks(list), []string{hookValue(1, 2), hookValue(1, 3), hookValue(1, 5)}; !slices.Equal(got, want) {
		t.Errorf("alerts: got %q, want %q", got, want)
	}

	path := config.ExceptionsPath(s.root)
	must(t, os.Chmod(path, 0o666)) // nobody's word any more
	own.await(t, `"added":[],"removed":["first","fourth"]`)
	must(t, os.Chmod(path, 0o644))
	own.await(t, `"added":["first","fourth"],"removed":[]`)
	must(t, allow.Remove(ctx, "first", nil))
	own.await(t, `"added":[],"removed":["first"]`)
	s.stop(t)

	changed := []string{"+exceptions_changed", "-exceptions_changed"}
	want := slices.Concat(changed, changed, []string{"+exceptions"}, changed, []string{"-exceptions"}, changed)
	if got := states(alerts(t, s.log)); !slices.Equal(got, want) {
		t.Errorf("states: got %q, want %q", got, want)
	}
	status, err := health.ReadStatus(o.Config.StateDir)
	must(t, err)
	if x := use(status, "fourth"); x == nil || x.Hits != 0 || x.Since.Before(status.Started) || use(status, "first") != nil {
		// It was gone and came back: what was counted before is of another time.
		t.Errorf("status: got %+v", status.Exceptions)
	}
	if x := use(status, "jamf-framework-scripts"); x == nil || x.Since.Sub(status.Started).Abs().Seconds() > patience.Seconds() {
		t.Errorf("status: got %+v, want the default too", status.Exceptions)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// reread reads the exceptions as a new start would.
func reread(c config.Config) (config.Config, config.Sources, error) {
	fresh, sources, err := config.Load(config.Options{Root: c.Root})
	c.Exceptions = fresh.Exceptions
	return c, sources, err
}

// TestExceptionsWrongAtStart has a file with faults when the agent starts, which someone mends.
func TestExceptionsWrongAtStart(t *testing.T) {
	s, o := setUp(t, plan{{{Do: "serve"}}})
	must(t, os.Chmod(s.root, 0o755))
	path := config.ExceptionsPath(s.root)
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	place(t, path, "no property list", 0o644)
	c, sources, faults := config.Load(config.Options{Root: s.root})
	if faults == nil || !strings.HasPrefix(faults.Error(), path+": ") {
		t.Errorf("got %v, want a fault of %s", faults, path)
	}
	var own journal
	o.Log, o.Faults, o.Sources, o.Config.Exceptions = zerolog.New(&own), faults, sources, c.Exceptions
	s.start(t, o)
	own.await(t, `"state":"exceptions","active":true`)
	must(t, os.Remove(path))
	own.await(t, `"state":"exceptions","active":false`)
	s.stop(t)
	if got, want := states(alerts(t, s.log)), []string{"+exceptions", "-exceptions"}; !slices.Equal(got, want) {
		t.Errorf("states: got %q, want %q", got, want)
	}
}
