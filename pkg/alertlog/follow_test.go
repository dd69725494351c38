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
	"testing/synctest"
	"time"

	"hooksnare/pkg/logfile"
)

// following is a log that is followed, step by step.
type following struct {
	t     *testing.T
	o     *Follow
	f     *follower
	shown []string
	notes []string
}

// followed begins to follow the log at a path.
func followed(t *testing.T, path string, want Filter) *following {
	t.Helper()
	f := &following{t: t}
	f.o = &Follow{
		Paths: []string{path}, Filter: want,
		Show: func(line []byte) error { f.shown = append(f.shown, named(t, line)); return nil },
		Note: func(text string) { f.notes = append(f.notes, text) },
	}
	f.f = &follower{Follow: f.o, path: path}
	t.Cleanup(f.f.closeFile)
	if err := f.f.poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	return f
}

// expect looks at the log and compares what was shown since the last time.
func (f *following) expect(when string, want ...string) {
	f.t.Helper()
	if err := f.f.poll(f.t.Context()); err != nil {
		f.t.Fatalf("%s: %v", when, err)
	}
	if !slices.Equal(f.shown, want) {
		f.t.Errorf("%s: got %q, want %q", when, f.shown, want)
	}
	f.shown = nil
}

// appendTo appends text to a file.
func appendTo(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// oneDoc is an alert of a usual kind.
func oneDoc(id string) string { return logDoc(id, 0, 1, 47, "x") }

func TestFollow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts.jsonl")
	f := followed(t, path, Filter{})
	f.expect("no log yet")
	appendTo(t, path, oneDoc("a")+oneDoc("b"))
	f.expect("the log is made", "a.1", "b.1")
	f.expect("nothing new")
	c := oneDoc("c")
	appendTo(t, path, c[:40])
	f.expect("half a line")
	appendTo(t, path, c[40:]+oneDoc("d")[:10])
	f.expect("the other half", "c.1")
	if err := os.Truncate(path, int64(len(oneDoc("a")+oneDoc("b")+c))); err != nil { // as pkg/logfile takes it back
		t.Fatal(err)
	}
	f.expect("half a line is taken back")
	appendTo(t, path, "damage\n"+oneDoc("e")+"more damage\n")
	f.expect("damage", "e.1")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	f.expect("the log is gone")
	appendTo(t, path, oneDoc("f"))
	f.expect("and there again", "f.1")
	want := []string{
		fmt.Sprintf("%s: 1 damaged line skipped: at byte %d: not a whole JSON document", path, 3*len(c)),
		fmt.Sprintf("%s: 2 damaged lines skipped: at byte %d: not a whole JSON document", path, 3*len(c)),
	}
	if !slices.Equal(f.notes, want) {
		t.Errorf("got notes %q, want %q", f.notes, want)
	}
}

// TestFollowBytes has a log that grows by one byte from poll to poll: each document is shown
// once, when its line is finished.
func TestFollowBytes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	f := followed(t, path, Filter{})
	text := oneDoc("a") + "damage\n\n" + oneDoc("b")
	for i := range len(text) {
		appendTo(t, path, text[i:i+1])
		switch i + 1 {
		case len(oneDoc("a")):
			f.expect("first", "a.1")
		case len(text):
			f.expect("second", "b.1")
		default:
			f.expect("within")
		}
	}
	if len(f.notes) != 1 {
		t.Errorf("got notes %q, want one of the damaged line", f.notes)
	}
}

// TestFollowExisting begins with logs that are there: what is in them is old, but for what
// is wanted since a time.
func TestFollowExisting(t *testing.T) {
	early, late := logDoc("early", 1, 1, 47, "x"), logDoc("late", 30, 1, 47, "x")
	for _, tc := range []struct {
		name, older, log string
		since            time.Time
		want             []string
	}{
		{name: "old", older: early, log: late, want: []string{"new.1"}},
		{name: "unfinished", older: early, log: late + oneDoc("half")[:20], want: []string{"new.1"}},
		{name: "only what was put aside", older: early, want: []string{"new.1"}},
		{name: "since", older: early + late, log: early + logDoc("later", 40, 1, 47, "x"), since: logTime.Add(20 * time.Minute), want: []string{"late.1", "later.1", "new.1"}},
		{name: "since, and put aside", older: early + late, since: logTime.Add(20 * time.Minute), want: []string{"late.1", "new.1"}},
	} {
		path := filepath.Join(t.TempDir(), "log")
		writeLog(t, path+".1", tc.older)
		if tc.log != "" {
			writeLog(t, path, tc.log)
		}
		f := followed(t, path, Filter{Since: tc.since})
		news := oneDoc("new") // older than since, but new
		if tc.name == "unfinished" {
			news = oneDoc("half")[20:] + news
			tc.want = append([]string{"half.1"}, tc.want...)
		}
		appendTo(t, path, news)
		f.expect(tc.name, tc.want...)
	}
}

func TestFollowFilter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	f := followed(t, path, Filter{Severity: 73, Rules: []string{"y"}})
	appendTo(t, path, logDoc("a", 0, 1, 99, "x")+logDoc("b", 0, 1, 47, "y")+logDoc("c", 0, 1, 73, "y")+`{"event":{"kind":"metric","id":"beat"}}`+"\n")
	f.expect("some", "c.1")
}

// TestFollowRotation writes by way of the log's own writer, which rotates between, once and
// several times, before the next look.
func TestFollowRotation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	l, err := logfile.Open(path, logfile.Options{MaxBytes: int64(2*len(oneDoc("n00")) + 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f := followed(t, path, Filter{})
	n := 0
	for _, burst := range []int{1, 1, 1, 2, 3, 5, 1, 4, 8, 1} {
		var want []string
		for range burst {
			id := fmt.Sprintf("n%02d", n)
			n++
			if err := l.Append([]byte(oneDoc(id))); err != nil {
				t.Fatal(err)
			}
			want = append(want, id+".1")
		}
		f.expect(fmt.Sprintf("%d more, %d in all", burst, n), want...)
	}
}

// TestFollowReplaced has rotations other than the agent's own.
func TestFollowReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	writeLog(t, path, oneDoc("old"))
	f := followed(t, path, Filter{})
	appendTo(t, path, oneDoc("a"))
	f.expect("begin", "a.1")

	appendTo(t, path, oneDoc("b")) // written, moved away, and begun again before the next poll
	must(t, os.Rename(path, path+".0"))
	appendTo(t, path, oneDoc("c"))
	f.expect("moved away", "b.1", "c.1")

	must(t, os.Rename(path, path+".0"))
	appendTo(t, path+".0", oneDoc("d")) // its writer does not know yet
	f.expect("moved away, not begun again", "d.1")
	appendTo(t, path, oneDoc("e"))
	f.expect("begun again", "e.1")

	appendTo(t, path, oneDoc("f"))
	f.expect("some more", "f.1")
	must(t, os.Truncate(path, 0))
	f.expect("emptied")
	appendTo(t, path, oneDoc("g"))
	f.expect("written again", "g.1")

	must(t, os.Truncate(path, 0))
	appendTo(t, path, oneDoc("h")+oneDoc("i")+oneDoc("j"))
	f.expect("emptied and longer than before", "h.1", "i.1", "j.1")
}

// TestFollowLong has a line over the bound that grows from look to look.
func TestFollowLong(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	f := followed(t, path, Filter{})
	appendTo(t, path, oneDoc("a"))
	f.expect("before", "a.1")
	for range 8 {
		appendTo(t, path, strings.Repeat("x", maxLine/3))
		f.expect("within")
	}
	appendTo(t, path, "\n"+oneDoc("b"))
	f.expect("behind", "b.1")
	if len(f.notes) != 1 || !strings.Contains(f.notes[0], errLongLine.Error()) {
		t.Errorf("got notes %q, want one of a line that is too long", f.notes)
	}
}

// TestFollowRun follows two logs, which hold the same alerts, until it is told to end.
func TestFollowRun(t *testing.T) {
	dir := t.TempDir()
	one, two := filepath.Join(dir, "one"), filepath.Join(dir, "two")
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var shown []string
		o := Follow{
			Paths: []string{one, two}, Note: func(text string) { t.Error(text) },
			Show: func(line []byte) error { shown = append(shown, named(t, line)); return nil },
		}
		ended := make(chan error)
		go func() { ended <- o.Run(ctx) }()
		time.Sleep(time.Second)
		appendTo(t, one, oneDoc("a")+oneDoc("b"))
		time.Sleep(time.Second)
		appendTo(t, two, oneDoc("a")+oneDoc("b")+logDoc("b", 0, 2, 47, "x"))
		time.Sleep(time.Second)
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("told to end: got %v, want no error", err)
		}
		if want := []string{"a.1", "b.1", "b.2"}; !slices.Equal(shown, want) {
			t.Errorf("got %q, want %q", shown, want)
		}
	})
	full := Follow{Paths: []string{one}, Filter: Filter{Since: time.Unix(0, 0)}, Show: func([]byte) error { return io.ErrShortWrite }}
	if err := full.Run(t.Context()); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("nobody reads: got %v, want %v", err, io.ErrShortWrite)
	}
	full.Paths = []string{dir}
	if err := full.Run(t.Context()); err == nil {
		t.Error("a folder: got no error, want one")
	}
}

func TestFollowStream(t *testing.T) {
	var shown, notes []string
	o := Follow{
		Filter: Filter{Severity: 47},
		Show:   func(line []byte) error { shown = append(shown, named(t, line)); return nil },
		Note:   func(text string) { notes = append(notes, text) },
	}
	text := oneDoc("a") + "\nx\n" + logDoc("low", 0, 1, 21, "x") + strings.Repeat("x", 3*maxLine) + "\n" + strings.TrimSuffix(oneDoc("b"), "\n")
	if err := o.Stream(t.Context(), "-", strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	if want := []string{"a.1", "b.1"}; !slices.Equal(shown, want) || len(notes) != 2 || !strings.HasPrefix(notes[1], "-: 2 damaged lines") {
		t.Errorf("got %q and notes %q, want %q and notes of two damaged lines", shown, notes, want)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, w := io.Pipe()
	defer w.Close()
	if err := o.Stream(ctx, "-", r); err != nil {
		t.Errorf("told to end: got %v, want no error", err)
	}
	o.Show = func([]byte) error { return io.ErrShortWrite }
	if err := o.Stream(t.Context(), "-", strings.NewReader(oneDoc("a"))); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("nobody reads: got %v, want %v", err, io.ErrShortWrite)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
