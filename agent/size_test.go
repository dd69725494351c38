package agent

import (
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"hooksnare/agent/config"
	"hooksnare/agent/delivery"
	"hooksnare/agent/document"
	"hooksnare/agent/judge"
	"hooksnare/collector/eslogger"
	"hooksnare/collector/eslogger/synthetic"
	"hooksnare/pkg/alert"
)

// TestAlertSize fills everything that comes from outside with what takes most room.
func TestAlertSize(t *testing.T) {
	for _, fill := range []string{"\x01", `"`, "'", "é", "\u202e", "\U000e0001", " "} {
		for _, size := range []int{1000, 20_000} {
			testAlertSize(t, fill, size)
		}
	}
	testAlertSize(t, "\x01", 1<<20)
}

func testAlertSize(t *testing.T, fill string, size int) {
	t.Helper()
	c := config.Default()
	c.Exceptions[0].Where = `hooksnare.hook.key == "LoginHook"`
	c.Root = t.TempDir() // where no program is, so that the pin fails
	f := feedWith(t, c, func(o *judge.Options) { o.Host.Hostname = strings.Repeat("h", 255) })
	long := strings.Repeat(fill, size/len(fill))
	part := long[:min(len(long), 3996)] // more of a name or of a parent is not kept
	folders := "/" + strings.Repeat(long[:len(fill)*(240/len(fill))]+"/", 4)
	shell := f.Shell()
	for range document.MaxLineage + 1 {
		shell = f.Start(shell, synthetic.Spec{
			Path: folders + "other", SigningID: part, TeamID: part, CWD: "/" + part, Args: []string{part, part},
		})
	}
	commands := [][]string{
		{"write", "com.apple.loginwindow", "LoginHook", long, long, long},
		{"write", "/" + long + "/com.apple.loginwindow.plist", "LoginHook", long},
		{"rename", "com.apple.loginwindow", long, "LoginHook"},
		{"import", "com.apple.loginwindow", long},
	}
	for _, args := range commands {
		f.Run(shell, synthetic.Spec{
			Path: folders + "defaults", SigningID: "com.apple.defaults", TeamID: part, CWD: "/" + part, Args: append([]string{"defaults"}, args...),
		})
	}
	f.pipeline.HandleState(stateOf(long))
	f.pipeline.Close()
	if err := f.Err(); err != nil {
		t.Fatal(err)
	}
	if len(f.got) < len(commands)+1 {
		t.Errorf("%q, %d bytes: got %d alerts, want one for each command", fill, size, len(f.got))
	}
	for _, a := range f.got {
		checkSize(t, a, fill, size)
	}
}

// TestAlertMemory keeps many alerts about long commands, as the counting of repeats and the
// wait for their changes do.
func TestAlertMemory(t *testing.T) {
	f := newFeed(t, func(o *judge.Options) {
		o.Emit = func(*alert.Alert, []byte) {}
		o.Watching = &judge.Watching{
			Window: time.Hour, Watched: func(string) bool { return true }, Wake: func() {},
		}
	})
	const commands, size = 60, 1 << 20
	before := heap()
	for i := range commands {
		long := fmt.Sprintf("/%d/%s", i, strings.Repeat("x", size))
		f.defaults("write", "com.apple.loginwindow", "LoginHook", long)
	}
	f.Host, f.decoder = nil, nil
	if got, most := heap()-before, int64(commands*size/4); got > most {
		t.Errorf("after %d commands of %d bytes: %d bytes are kept, want at most %d", commands, size, got, most)
	}
	if got := f.pipeline.Counts().Alerts; got != commands {
		t.Errorf("got %d alerts, want %d", got, commands)
	}
}

// heap is how many bytes are in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func checkSize(t *testing.T, a *alert.Alert, fill string, size int) {
	t.Helper()
	line, err := a.Line()
	if err != nil {
		t.Fatal(err)
	}
	if len(line) > document.MaxDocument {
		t.Errorf("%q, %d bytes: %s is an alert of %d bytes, want at most %d", fill, size, a.Rule.ID, len(line), document.MaxDocument)
	}
	if !json.Valid(line) {
		t.Errorf("%q, %d bytes: %s is not JSON", fill, size, a.Rule.ID)
	}
	if text := delivery.SyslogText(a); len(text) > document.MaxDocument {
		t.Errorf("%q, %d bytes: a line of %d bytes for syslog", fill, size, len(text))
	}
	if a.Process == nil || size < 20_000 {
		return
	}
	for _, member := range document.TruncatedArgs {
		if !slices.Contains(a.Hooksnare.Truncated, member) {
			t.Errorf("%q, %d bytes: %s was cut, and truncated has only %q", fill, size, member, a.Hooksnare.Truncated)
		}
	}
	if h := a.Hooksnare.Hook; h.Value != nil && !slices.Contains(a.Hooksnare.Truncated, "hooksnare.hook.value") {
		t.Errorf("%q, %d bytes: the value was cut, and truncated has only %q", fill, size, a.Hooksnare.Truncated)
	}
}

func stateOf(detail string) eslogger.State {
	return eslogger.State{Name: eslogger.Exited, On: true, Since: time.Unix(1, 0), Detail: detail}
}
