package exceptions

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hooksnare/agent/config"
	"hooksnare/agent/health"
)

// tells writes what an agent tells of its exceptions.
func tells(t *testing.T, dir string, s health.Status) {
	t.Helper()
	b, err := json.Marshal(s)
	must(t, err)
	must(t, os.MkdirAll(dir, 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "status.json"), b, 0o600))
}

// noProcess is a number that no process has: they end far below.
const noProcess = 1<<31 - 2

// TestIdle has exceptions of all ages and uses.
func TestIdle(t *testing.T) {
	root, now := newDisk(t), time.Date(2027, 1, 10, 0, 0, 0, 0, time.UTC)
	state := filepath.Join(root, "state")
	c := config.Config{Root: root, StateDir: state}
	var status health.Status
	for _, x := range []struct {
		id, key string
		age     time.Duration
		hits    uint64
		broken  uint64
	}{
		{"jamf", "", 900 * time.Hour, 0, 0},
		{"used", "Exceptions[0]", 900 * time.Hour, 1, 0},
		{"young", "Exceptions[1]", idleAfter - 1, 0, 0},
		{"idle", "Exceptions[2]", idleAfter, 0, 0},
		{"broken", "Exceptions[3]", 48 * time.Hour, 0, 3},
	} {
		c.Exceptions = append(c.Exceptions, config.Exception{ID: x.id, Key: x.key, Own: x.key != ""})
		status.Exceptions = append(status.Exceptions, health.ExceptionStatus{ID: x.id, Since: now.Add(-x.age), Hits: x.hits, Broken: x.broken})
	}
	c.Exceptions = append(c.Exceptions, config.Exception{ID: "new", Key: "Exceptions[4]"})
	tests := []struct {
		name string
		pid  int
		want []string
	}{
		{"an agent runs", os.Getpid(), []string{
			"exception idle has covered nothing since 2027-01-09 00:00:00Z: remove it unless it is needed",
			"exception broken has covered nothing since 2027-01-08 00:00:00Z, since what it asks of the program did not hold",
		}},
		{"none runs any more", noProcess, nil},
		{"none that could", 0, nil},
	}
	if got, err := Idle(c, nil, now); len(got) > 0 || err != nil {
		t.Errorf("before the first start: got %q, %v; want nothing", got, err)
	}
	for _, tt := range tests {
		status.PID = tt.pid
		tells(t, state, status)
		got, err := Idle(c, nil, now)
		var texts []string
		for _, e := range got {
			texts = append(texts, e.Error()[strings.Index(e.Error(), "exception "):])
		}
		if !slices.Equal(texts, tt.want) || err != nil {
			t.Errorf("%s: got %q, %v; want %q", tt.name, texts, err, tt.want)
		}
	}
	must(t, os.WriteFile(filepath.Join(state, "status.json"), []byte("{"), 0o600))
	if got, err := Idle(c, nil, now); len(got) > 0 || err == nil {
		t.Errorf("a damaged status: got %q, %v; want an error", got, err)
	}
}

// TestListExceptions lists exceptions with their history.
func TestListExceptions(t *testing.T) {
	root, ctx, now := newDisk(t), context.Background(), time.Now()
	must(t, allowOn(root).Add(ctx, bare("added")))
	p := bare("edited")
	p.Alert = "a1"
	must(t, allowOn(root).Add(ctx, p))
	path := config.ExceptionsPath(root)
	b, err := os.ReadFile(path)
	must(t, err)
	text := strings.Replace(string(b), "/edited&#34;", "/edited2&#34;", 1)
	byHand := `<dict><key>ID</key><string>by-hand</string><key>Reason</key><string>r</string><key>Where</key><string>false</string><key>Expires</key><date>2020-01-01T00:00:00Z</date></dict>`
	text = strings.Replace(text, "</array>", byHand+"</array>", 1)
	must(t, os.WriteFile(path, []byte(text), 0o644))

	c, sources, err := config.Load(config.Options{Root: root})
	must(t, err)
	tells(t, c.StateDir, health.Status{PID: os.Getpid(), Exceptions: []health.ExceptionStatus{{ID: "added", Since: now, Hits: 2, Broken: 1}}})
	list, err := ListExceptions(c, sources, now)
	must(t, err)
	got := map[string]AllowedHook{}
	for _, x := range list {
		got[x.ID] = x
	}
	if x := got["jamf-framework-scripts"]; x.Source != "default" || x.Added != nil || x.Use != nil || x.Require.IsZero() {
		t.Errorf("default: got %+v", x)
	}
	if x := got["added"]; x.Source != "exceptions" || x.File != path || x.Added == nil || x.Added.Edited || x.Added.By.UID != 501 || x.Use == nil || x.Use.Hits != 2 || x.Use.Broken != 1 || x.Expired {
		t.Errorf("added: got %+v, %+v, %+v", x, x.Added, x.Use)
	}
	if x := got["edited"]; x.Added == nil || !x.Added.Edited || x.Added.Alert != "a1" {
		t.Errorf("edited: got %+v, %+v", x, x.Added)
	}
	if x := got["by-hand"]; x.Added != nil || !x.Expired {
		t.Errorf("by hand: got %+v, %+v", x, x.Added)
	}

	// Without the right to read history, or with a damaged one, the list is there.
	must(t, os.Chmod(AuditPath(root), 0o666))
	must(t, os.WriteFile(filepath.Join(c.StateDir, "status.json"), []byte("{"), 0o600))
	list, err = ListExceptions(c, sources, now)
	if len(list) != 4 || len(config.Faults(err)) != 2 || list[1].Added != nil || list[1].Use != nil {
		t.Errorf("without history: got %d, %v; want 4 and two faults", len(list), err)
	}
}

// TestReadAudit reads logs that others wrote, or that were cut.
func TestReadAudit(t *testing.T) {
	const add = `{"time":"2026-01-01T00:00:00Z","verb":"add","id":"x","by":{"uid":1}}` + "\n"
	tests := []struct {
		name, log string
		want      int // uid, 0 for nobody
	}{
		{"once", add, 1},
		{"again", add + strings.Replace(add, `:1}`, `:2}`, 1), 2},
		{"failed", strings.Replace(add, `:1}`, `:1},"error":"e"`, 1), 0},
		{"added and failed", add + `{"verb":"add","id":"x","error":"e"}`, 0},
		{"removed", add + `{"verb":"remove","id":"x"}`, 1}, // it is asked only of what is there
		{"cut", add + add[:30], 1},
		{"garbage", "\x00\xff\n[]\nnull\n" + add + `{"verb":1}`, 1},
		{"of another", `{"verb":"add","id":"y","by":{"uid":1}}`, 0},
	}
	for _, tt := range tests {
		root := newDisk(t)
		must(t, os.MkdirAll(filepath.Dir(AuditPath(root)), 0o750))
		must(t, os.WriteFile(AuditPath(root), []byte(tt.log), 0o600))
		got, err := readAudit(root)
		if e, found := got["x"]; err != nil || found != (tt.want != 0) || e.By.UID != tt.want {
			t.Errorf("%s: got %+v, %v; want user %d", tt.name, got, err, tt.want)
		}
	}
}
