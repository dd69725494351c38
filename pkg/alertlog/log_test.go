package alertlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hooksnare/pkg/alert"
)

// logTime is when the first alert of a test's log was raised.
var logTime = time.Date(2026, 3, 4, 5, 0, 0, 0, time.UTC)

// logDoc returns the line of a document: an alert raised in a minute of the hour, or its
// update, made a second later each.
func logDoc(id string, minute, sequence, severity int, rule string) string {
	at := logTime.Add(time.Duration(minute) * time.Minute)
	a := alert.Alert{
		Timestamp: alert.At(at), Message: "Rule " + rule + ": something happened",
		Event: alert.Event{
			Kind: "alert", ID: id, Sequence: sequence, Severity: severity,
			Created: alert.At(at.Add(time.Duration(sequence) * time.Second)),
		},
		Rule: alert.Rule{ID: rule, UUID: "uuid-" + rule, Name: "Rule " + rule},
	}
	line, err := a.Line()
	if err != nil {
		panic(err)
	}
	return string(line) + "\n"
}

func writeLog(t testing.TB, path string, docs ...string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(strings.Join(docs, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func openLogs(t testing.TB, paths ...string) *Log {
	t.Helper()
	l, _, err := Open(paths)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// named is a document in short: its id and sequence.
func named(t testing.TB, line []byte) string {
	t.Helper()
	a, err := alert.Parse(line)
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return fmt.Sprintf("%s.%d", a.Event.ID, a.Event.Sequence)
}

func listed(t testing.TB, l *Log, f Filter, limit int) (string, bool) {
	t.Helper()
	var got []string
	more, err := l.List(t.Context(), f, limit, func(line []byte) error {
		got = append(got, named(t, line))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(got, " "), more
}

func TestList(t *testing.T) {
	dir := t.TempDir()
	main := filepath.Join(dir, "alerts.jsonl")
	writeLog(t, main+".2", logDoc("a", 0, 1, 47, "x"), logDoc("b", 1, 1, 73, "y"))
	writeLog(t, main+".1", logDoc("c", 2, 1, 47, "x"), logDoc("a", 0, 2, 47, "x"), `{"event":{"kind":"metric","id":"beat"}}`+"\n")
	writeLog(t, main, logDoc("d", 3, 1, 21, "x"), logDoc("b", 1, 2, 73, "y"), logDoc("b", 1, 3, 73, "y"), logDoc("b", 1, 1, 73, "y"))
	other := writeLog(t, filepath.Join(dir, "other.jsonl"), logDoc("b", 1, 3, 73, "y"), logDoc("e", 9, 1, 99, "z"))
	for _, tc := range []struct {
		name  string
		paths []string
		f     Filter
		limit int
		want  string
		more  bool
	}{
		{name: "all", paths: []string{main}, want: "a.2 b.3 c.1 d.1"},
		{name: "limit", paths: []string{main}, limit: 2, want: "b.3 d.1", more: true},
		{name: "limit over files", paths: []string{main}, limit: 3, want: "a.2 b.3 d.1", more: true},
		{name: "limit of as many as there are", paths: []string{main}, limit: 4, want: "a.2 b.3 c.1 d.1"},
		{name: "severity", paths: []string{main}, f: Filter{Severity: 47}, want: "a.2 b.3 c.1"},
		{name: "severity and limit", paths: []string{main}, f: Filter{Severity: 47}, limit: 2, want: "a.2 b.3", more: true},
		{name: "rule", paths: []string{main}, f: Filter{Rules: []string{"y"}}, want: "b.3"},
		{name: "rule by uuid", paths: []string{main}, f: Filter{Rules: []string{"no", "UUID-y"}}, want: "b.3"},
		{name: "no such rule", paths: []string{main}, f: Filter{Rules: []string{"no"}}},
		{name: "since", paths: []string{main}, f: Filter{Since: logTime.Add(2 * time.Minute)}, want: "c.1 d.1"},
		{name: "since an update", paths: []string{main}, f: Filter{Since: logTime.Add(time.Minute + 3*time.Second)}, want: "b.3 c.1 d.1"},
		{name: "two logs", paths: []string{main, other}, want: "a.2 b.3 c.1 d.1 e.1"},
		{name: "two logs and a limit", paths: []string{main, other}, limit: 2, want: "d.1 e.1", more: true},
		{name: "no log", paths: []string{filepath.Join(dir, "none")}},
	} {
		got, more := listed(t, openLogs(t, tc.paths...), tc.f, tc.limit)
		if got != tc.want || more != tc.more {
			t.Errorf("%s: got %q, more %v; want %q, more %v", tc.name, got, more, tc.want, tc.more)
		}
	}
}

// TestListWrongClock has a clock that was wrong for a while: a list since a time has every
// alert from then on, wherever it is in the log.
func TestListWrongClock(t *testing.T) {
	docs := []string{logDoc("first", 50, 1, 47, "x")}
	for i := range 1000 {
		docs = append(docs, logDoc(fmt.Sprint("old", i), 0, 1, 47, "x"))
	}
	docs = append(docs, logDoc("before", 40, 1, 47, "x"), logDoc("wrong-clock", 0, 1, 47, "x"), logDoc("after", 41, 1, 47, "x"))
	l := openLogs(t, writeLog(t, filepath.Join(t.TempDir(), "log"), docs...))
	if got, _ := listed(t, l, Filter{Since: logTime.Add(30 * time.Minute)}, 0); got != "before.1 after.1 first.1" {
		t.Errorf("got %q, want %q", got, "before.1 after.1 first.1")
	}
}

func TestDamage(t *testing.T) {
	doc, bad := logDoc("a", 0, 1, 47, "x"), logDoc("bad", 0, 1, 47, "x")
	for _, tc := range []struct {
		name string
		text string
		why  string
		at   int64
		n    int
	}{
		{"none", doc, "", 0, 0},
		{"no line break at the end", strings.TrimSuffix(doc, "\n"), "", 0, 0},
		{"empty lines", "\n\n" + doc + "\n", "", 0, 0},
		{"half a line at the end", doc + bad[:30], errCutLine.Error(), int64(len(doc)), 1},
		{"half a line within", bad[:len(bad)-9] + "\n" + doc, "not a whole JSON document", 0, 1},
		{"half a line before another", doc + bad[:len(bad)-9] + doc, "not a whole JSON document", int64(len(doc)), 1},
		{"no alert", `{"event":{"kind":"alert"}}` + "\n" + doc, "not an alert: it has no event.id", 0, 1},
		{"not JSON", "x\n\x00\n" + doc, "not a whole JSON document", 0, 2},
		{"control characters", strings.Replace(bad, "something", "some\x1bthing", 1) + doc, "not a whole JSON document", 0, 1},
		{"not UTF-8", strings.Replace(bad, "something", "some\x9bthing", 1) + doc, "not a whole JSON document", 0, 1},
		{"too long", strings.Repeat("x", maxLine+1) + "\n" + doc, errLongLine.Error(), 0, 1},
		{"far too long", doc + strings.Repeat("x", 3*maxLine) + "\n", errLongLine.Error(), int64(len(doc)), 1},
		{"far too long, without an end", doc + strings.Repeat("x", 3*maxLine), errLongLine.Error(), int64(len(doc)), 1},
	} {
		path := writeLog(t, filepath.Join(t.TempDir(), "log"), tc.text)
		l := openLogs(t, path)
		if got, _ := listed(t, l, Filter{}, 0); got != "a.1" {
			t.Errorf("%s: got %q, want the alert", tc.name, got)
		}
		var want []Damage
		if tc.n > 0 {
			want = []Damage{{path, tc.n, tc.at, tc.why}}
		}
		if got := l.Damage(); !slices.Equal(got, want) {
			t.Errorf("%s: got %+v, want %+v", tc.name, got, want)
		}
	}
}

// TestListCut cuts the last of two documents of an alert after every byte: the alert is
// there as the whole ones tell.
func TestListCut(t *testing.T) {
	first, second := logDoc("a", 0, 1, 47, "x"), logDoc("a", 0, 2, 47, "x")
	for n := range len(second) + 1 {
		l := openLogs(t, writeLog(t, filepath.Join(t.TempDir(), "log"), first, second[:n]))
		want := "a.1"
		if n >= len(second)-1 { // all but the line break
			want = "a.2"
		}
		if got, _ := listed(t, l, Filter{}, 0); got != want {
			t.Errorf("cut to %q: got %s, want %s", second[:n], got, want)
		}
	}
}

func foundIn(t testing.TB, l *Log, id string) string {
	t.Helper()
	matches, err := l.Find(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range matches {
		var docs []string
		for _, d := range m.Documents {
			docs = append(docs, named(t, d.Line))
		}
		got = append(got, strings.Join(docs, " "))
	}
	return strings.Join(got, ", ")
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	main := filepath.Join(dir, "alerts.jsonl")
	writeLog(t, main+".1", logDoc("abc1", 0, 1, 47, "x"), logDoc("abd2", 1, 1, 47, "x"), logDoc("ab", 1, 1, 47, "x"))
	half := logDoc("half", 1, 1, 47, "x")
	writeLog(t, main, logDoc("abc1", 0, 3, 47, "x"), logDoc("abc1", 0, 2, 47, "x"), logDoc("other", 0, 1, 47, `"abe`),
		`{"event":{"kind":"metric","id":"beat"}}`+"\n", half[:len(half)-20])
	other := writeLog(t, filepath.Join(dir, "other.jsonl"), logDoc("abc1", 0, 3, 47, "x"), strings.TrimSuffix(logDoc("last", 0, 1, 47, "x"), "\n"))
	for _, tc := range []struct{ id, want string }{
		{"abc1", "abc1.1 abc1.2 abc1.3"}, {"abc", "abc1.1 abc1.2 abc1.3"}, {"abd", "abd2.1"},
		{"ab", "ab.1"}, // not one that begins with it
		{"a", "abc1.1 abc1.2 abc1.3, abd2.1, ab.1"}, {"last", "last.1"},
		{"", ""}, {"x", ""}, {"abe", ""}, {"bc1", ""}, {"beat", ""}, {"half", ""}, {"abc1\x00", ""}, {`"`, ""}, {strings.Repeat("a", 300), ""},
	} {
		l := openLogs(t, main, other)
		if got := foundIn(t, l, tc.id); got != tc.want {
			t.Errorf("%q: got %q, want %q", tc.id, got, tc.want)
		}
		if d := l.Damage(); tc.id == "half" && (len(d) != 1 || d[0].Why != errCutLine.Error()) {
			t.Errorf("half a line: got %+v", d)
		}
	}
}

// TestFindMany has more alerts, and more documents of one, than are held.
func TestFindMany(t *testing.T) {
	var docs []string
	for i := range 3 * maxMatches {
		docs = append(docs, logDoc(fmt.Sprintf("id-%03d", i), 0, 1, 47, "x"))
	}
	for i := range maxDocuments + 50 {
		docs = append(docs, logDoc("id-", 0, i+1, 47, "x"))
	}
	l := openLogs(t, writeLog(t, filepath.Join(t.TempDir(), "log"), docs...))
	if got, err := l.Find(t.Context(), "id"); err != nil || len(got) != maxMatches {
		t.Errorf("got %d alerts, error %v; want %d", len(got), err, maxMatches)
	}
	got, err := l.Find(t.Context(), "id-")
	if err != nil || len(got) != 1 || len(got[0].Documents) != maxDocuments || got[0].Omitted != 50 {
		t.Fatalf("got %+v, error %v; want one alert with %d documents", got, err, maxDocuments)
	}
	if first, last := got[0].Documents[0], got[0].Documents[maxDocuments-1]; named(t, first.Line) != "id-.1" || named(t, last.Line) != "id-.1050" {
		t.Errorf("got sequences %d to %d, want the first and the last", first.Sequence, last.Sequence)
	}
}

// TestFindLarge has more bytes than are held, in documents of two alerts.
func TestFindLarge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const size = 200_000
	for i := range maxBytes/size + 20 {
		doc := logDoc(fmt.Sprint("id-", i%2), 0, 1+i/2, 47, "x")
		fmt.Fprint(f, strings.Replace(doc, "something", strings.Repeat("x", size), 1))
	}
	found, err := openLogs(t, path).Find(t.Context(), "id")
	if err != nil || len(found) != 2 {
		t.Fatalf("got %d alerts, error %v; want 2", len(found), err)
	}
	held := 0
	for _, m := range found {
		for _, d := range m.Documents {
			held += len(d.Line)
		}
		if m.Documents[0].Sequence != 1 || m.Omitted == 0 || len(m.Documents)+m.Omitted != m.Documents[len(m.Documents)-1].Sequence {
			t.Errorf("%s: got %d documents, %d omitted", m.ID, len(m.Documents), m.Omitted)
		}
	}
	if held > maxBytes {
		t.Errorf("%d bytes are held, want at most %d", held, maxBytes)
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	path := writeLog(t, filepath.Join(dir, "log"), logDoc("a", 0, 1, 47, "x"))
	if err := os.Link(path, path+".1"); err != nil { // as one that is put aside at this moment
		t.Fatal(err)
	}
	l, missing, err := Open([]string{path, filepath.Join(dir, "none")})
	if err != nil || !slices.Equal(missing, []string{filepath.Join(dir, "none")}) || len(l.logs[0]) != 1 {
		t.Errorf("got %+v, missing %q, error %v; want one file", l, missing, err)
	}
	l.Close()
	if err := os.Symlink(path, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"link", "."} {
		if _, _, err := Open([]string{path, filepath.Join(dir, name)}); err == nil {
			t.Errorf("%s: got no error, want one: it is no log", name)
		}
	}
	if _, err := OpenFiles(t.Context(), []string{path, dir}); err == nil || !strings.Contains(err.Error(), "is a folder") {
		t.Errorf("a folder: got %v", err)
	}
	if os.Geteuid() != 0 {
		if err := os.Chmod(path, 0); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Open([]string{path}); err == nil || !strings.Contains(err.Error(), "sudo") {
			t.Errorf("a log of root: got %v, want a word about sudo", err)
		}
	}
}

func TestExplainPermission(t *testing.T) {
	err := explainPermission(&os.PathError{Op: "open", Path: "/log", Err: os.ErrPermission})
	if told := strings.Contains(err.Error(), "sudo"); told != (os.Geteuid() != 0) || !errors.Is(err, os.ErrPermission) {
		t.Errorf("got %v", err)
	}
}

// TestOpenFilesPipe reads a log that can be read once only.
func TestOpenFilesPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	text := logDoc("a", 0, 1, 47, "x") + logDoc("a", 0, 2, 47, "x")
	go func() {
		io.WriteString(w, text)
		w.Close()
	}()
	f, err := copyPipe(t.Context(), "pipe", r)
	if err != nil {
		t.Fatal(err)
	}
	l := &Log{logs: [][]*file{{f}}}
	defer l.Close()
	if got, _ := listed(t, l, Filter{}, 1); got != "a.2" {
		t.Errorf("got %q, want a.2", got)
	}
}

// TestOpenFilesInterrupted waits for a pipe that gives nothing.
func TestOpenFilesInterrupted(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if f, err := copyPipe(ctx, "pipe", r); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, error %v; want %v", f, err, context.Canceled)
	}
}

// TestListTruncated has a file that is cut, and one that is written again, while it is listed:
// only documents that are what they were are shown.
func TestListTruncated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	for name, again := range map[string]string{"cut": "", "written again": strings.Repeat("x", 4096)} {
		l := openLogs(t, writeLog(t, path, logDoc("a", 0, 1, 47, "x"), logDoc("b", 1, 1, 47, "x"), logDoc("c", 2, 1, 47, "x")))
		var got []string
		_, err := l.List(t.Context(), Filter{}, 0, func(line []byte) error {
			got = append(got, named(t, line))
			writeLog(t, path, again)
			return nil
		})
		if d := l.Damage(); err != nil || !slices.Equal(got, []string{"a.1"}) || len(d) != 1 || d[0].Lines != 2 {
			t.Errorf("%s: got %q, damage %+v, error %v; want the first, and two damaged lines", name, got, d, err)
		}
	}
}
