package agent

import (
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"hooksnare/agent/config"
	"hooksnare/collector/eslogger"
	"hooksnare/collector/eslogger/synthetic"
	"hooksnare/pkg/alert"
)

func TestClip(t *testing.T) {
	tests := []struct {
		text string
		n    int
		want string
	}{
		{"", 4, ""},
		{"abcd", 4, "abcd"},
		{"abcde", 4, "abcd…"},
		{"ab", 0, "…"},
		{"äöü", 4, "äö…"},
		{"äöü", 5, "äö…"},
		{"äöü", 6, "äöü"},
		{"a\x00b", 6, "a…"}, // a control character takes six
		{"a\x00b", 8, "a\x00b"},
		{"\"\\\"", 5, "\"\\…"},
		{"\xff\xff", 6, "\xff…"},
		{"\u202e\u202e", 7, "\u202e…"},
	}
	for _, tt := range tests {
		if got := clipTo(tt.text, tt.n); got != tt.want {
			t.Errorf("clipTo(%q, %d): got %q, want %q", tt.text, tt.n, got, tt.want)
		}
	}
}

func TestBounded(t *testing.T) {
	many := slices.Repeat([]string{""}, argsWords+1)
	tests := []struct {
		args []string
		room int
		want []string
		cut  bool
	}{
		{nil, 100, nil, false},
		{[]string{"a", "b"}, 100, []string{"a", "b"}, false},
		{[]string{"a", "b"}, 8, []string{"a", "b"}, false},
		{[]string{"a", "bc"}, 8, []string{"a", "b…"}, true},
		{[]string{"a", "b", "c"}, 8, []string{"a", "b"}, true},
		{[]string{"\x00\x00"}, 9, []string{"\x00…"}, true},
		{many, 1 << 20, many[:argsWords], true},
		{many[:argsWords], 1 << 20, many[:argsWords], false},
	}
	for _, tt := range tests {
		got, cut := bounded(tt.args, tt.room)
		if !slices.Equal(got, tt.want) || cut != tt.cut {
			t.Errorf("bounded(%d arguments %.40q, %d): got %.40q, cut %v; want %.40q, %v", len(tt.args), tt.args, tt.room, got, cut, tt.want, tt.cut)
		}
	}
}

// FuzzClip holds the promise of a bound against the JSON that is really written.
func FuzzClip(f *testing.F) {
	for _, s := range []string{"", "abc", "\x00\x1f\x7f\u0080", "\u2028\u202e\ufeff", "\U000e0001\U0001f600", "\xff\xfe", "\"\\/\n\r\t\b\f", "<&>"} {
		f.Add(s, 7)
	}
	f.Fuzz(func(t *testing.T, s string, n int) {
		n = max(n, 0)
		got := clipTo(s, n)
		line, err := (&alert.Alert{Message: got}).Line()
		if err != nil {
			t.Fatal(err)
		}
		empty, _ := (&alert.Alert{}).Line()
		if used := len(line) - len(empty); used > n+len(cutMark) {
			t.Errorf("clipTo(%q, %d): takes %d bytes as JSON", s, n, used)
		}
		if got != s && (!strings.HasPrefix(s, strings.TrimSuffix(got, cutMark)) || !strings.HasSuffix(got, cutMark)) {
			t.Errorf("clipTo(%q, %d): got %q, want a beginning of it and the mark", s, n, got)
		}
		if utf8.ValidString(s) && !utf8.ValidString(got) {
			t.Errorf("clipTo(%q, %d): got %q, which is cut amid a character", s, n, got)
		}
	})
}

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
	f := feedWith(t, c, nil)
	f.pipeline.compose.host.Hostname = strings.Repeat("h", 255)
	long := strings.Repeat(fill, size/len(fill))
	part := long[:min(len(long), 3996)] // more of a name or of a parent is not kept
	folders := "/" + strings.Repeat(long[:len(fill)*(240/len(fill))]+"/", 4)
	shell := f.Shell()
	for range maxLineage + 1 {
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
	f := newFeed(t, func(o *PipelineOptions) {
		o.Emit = func(*alert.Alert) {}
		o.Watching = &Watching{
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
	if len(line) > maxDocument {
		t.Errorf("%q, %d bytes: %s is an alert of %d bytes, want at most %d", fill, size, a.Rule.ID, len(line), maxDocument)
	}
	if !json.Valid(line) {
		t.Errorf("%q, %d bytes: %s is not JSON", fill, size, a.Rule.ID)
	}
	if text := syslogText(a); len(text) > maxDocument {
		t.Errorf("%q, %d bytes: a line of %d bytes for syslog", fill, size, len(text))
	}
	if a.Process == nil || size < 20_000 {
		return
	}
	for _, member := range truncatedArgs {
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
