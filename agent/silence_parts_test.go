package agent

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hooksnare/agent/checkup"
	"hooksnare/agent/config"
	"hooksnare/agent/document"
	"hooksnare/agent/judge"
	"hooksnare/agent/watch"
	"hooksnare/collector/eslogger"
	"hooksnare/collector/eslogger/synthetic"
	"hooksnare/collector/program"
	"hooksnare/detect"
	"hooksnare/pkg/logfile"
	"hooksnare/pkg/safefile"
	"hooksnare/pkg/spool"
)

// partCases are attempts on other parts than the judgement. What takes a whole agent is in
// TestSlowMount, TestFlood, TestFrozenDisk and TestAttacksState, too.
func partCases() []silenceCase {
	return []silenceCase{
		{name: "7 a user's disk that never answers holds up no examination of root's", hold: hungLane},
		{name: "7 what root's preferences lead to on a user's disk holds up nothing else of root's", hold: hungReach},
		{name: "7 a user's full lane is judged without an examination", hold: fullLane},
		{name: "8 a user's copies push out none of root's", hold: crowdedCopies},
		{name: "10 a dead output takes nothing from one that works", hold: deadOutput},
		{name: "10 a user's flood does not push root's alert out of the spool", hold: floodedSpool},
		{name: "11 execution by a link, in another case, by its last element alone", hold: spellings},
		{name: "13 a simulation on a disk that is merely looked at", hold: foreignSimulation},
		{name: "14 a state folder that others can write", hold: unsafeFolder},
		{name: "14 a log that is a hard link to another file", hold: hardLink},
		{name: "16 a member that stands twice in an audit token", hold: memberTwice},
	}
}

// lane is how many questions of one share may wait.
const lane = 256

// hanging answers all questions of one share, or that lead to one place, only at the end.
func hanging(t *testing.T, hangs func(judge.Question) bool) (*watch.Examiner, func(judge.Question) <-chan *document.Examination) {
	t.Helper()
	done := make(chan struct{})
	t.Cleanup(func() { close(done) })
	e := watch.NewExaminer(func(q judge.Question) *document.Examination {
		if hangs(q) {
			<-done
		}
		return &document.Examination{}
	})
	return e, func(q judge.Question) <-chan *document.Examination {
		judged := make(chan *document.Examination, 1)
		e.Ask(q, func(x *document.Examination, _ bool) { judged <- x })
		return judged
	}
}

func soon(judged <-chan *document.Examination) bool {
	select {
	case <-judged:
		return true
	case <-time.After(time.Minute):
		return false
	}
}

func hungLane(t *testing.T) string {
	_, ask := hanging(t, func(q judge.Question) bool { return q.Share == detect.UserShare(mallory) })
	for range 2 * lane {
		ask(judge.Question{Share: detect.UserShare(mallory)})
	}
	if !soon(ask(judge.Question{Share: detect.RootShare})) || !soon(ask(judge.Question{Share: detect.UserShare(ann)})) {
		return "the examinations of others wait for a user's disk"
	}
	return ""
}

func hungReach(t *testing.T) string {
	_, ask := hanging(t, func(q judge.Question) bool {
		return len(q.Values) > 0 && strings.HasPrefix(q.Values[0], "/Users/mallory/")
	})
	ask(judge.Question{Share: detect.RootShare, Values: []string{"/Users/mallory/mnt/hook"}})
	if !soon(ask(judge.Question{Share: detect.RootShare, Values: []string{evil}})) {
		return "root's examination waits for what a user serves"
	}
	return ""
}

func fullLane(t *testing.T) string {
	e, ask := hanging(t, func(judge.Question) bool { return true })
	var last <-chan *document.Examination
	for range lane + 2 {
		last = ask(judge.Question{Share: detect.UserShare(mallory)})
	}
	if !soon(last) || e.Skipped() == 0 {
		return "a question over the bound waits"
	}
	return ""
}

func crowdedCopies(t *testing.T) string {
	s, err := program.NewStore(filepath.Join(t.TempDir(), "scripts"), 16<<20, 1024, nil)
	must(t, err)
	roots, err := s.Keep(program.Root, []byte("#!/bin/sh\n# root's\n"))
	must(t, err)
	for i := range 300 {
		_, _ = s.Keep(malloryHome, fmt.Appendf(nil, "#!/bin/sh\n# %d\n%s", i, strings.Repeat("x", 8<<10)))
	}
	if _, err := os.Stat(roots); err != nil {
		return "root's copy is gone: " + err.Error()
	}
	return ""
}

// filled opens a spool of two outputs with room for a hundred alerts each, and puts alerts.
func filled(t *testing.T, entries ...spool.Entry) (ok, dead *spool.Queue) {
	t.Helper()
	s, err := spool.Open(spool.Options{
		Dir: filepath.Join(t.TempDir(), "spool"), MaxAlerts: 100, MaxBytes: 1 << 20, MaxAge: time.Hour,
		Outputs: []spool.Output{{Name: "ok"}, {Name: "dead"}},
	})
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	ok, dead = s.Queue("ok"), s.Queue("dead")
	for i, e := range entries {
		e.Document = fmt.Appendf(nil, `{"n":%d,"hooksnare":{"verdict":"observed"}}`, i)
		must(t, s.Put(e))
		if i%50 == 49 { // the output that works takes what there is
			for ok.Stats().Depth > 0 {
				items, err := ok.Next(context.Background(), 100, 1<<20)
				must(t, err)
				must(t, ok.Ack(items))
			}
		}
	}
	return ok, dead
}

func deadOutput(t *testing.T) string {
	entries := make([]spool.Entry, 400)
	for i := range entries {
		entries[i] = spool.Entry{Severity: 47, Time: time.Now(), Share: string(detect.RootShare)}
	}
	ok, dead := filled(t, entries...)
	if got := ok.Stats(); got.Lost != 0 || got.Delivered != 400 {
		return fmt.Sprintf("the output that works: got %+v, expected 400 delivered and none lost", got)
	}
	if got := dead.Stats(); got.Lost == 0 || got.Depth > 100 {
		return fmt.Sprintf("the dead output: got %+v, expected 100 at most and the others lost", got)
	}
	return ""
}

func floodedSpool(t *testing.T) string {
	entries := []spool.Entry{{Severity: 21, Time: time.Now(), Share: string(detect.RootShare)}}
	for range 300 {
		entries = append(entries, spool.Entry{Severity: 99, Time: time.Now(), Share: string(detect.UserShare(mallory))})
	}
	_, dead := filled(t, entries...)
	items, err := dead.Next(context.Background(), 1, 1<<20)
	must(t, err)
	if len(items) != 1 || !strings.Contains(string(items[0].Document), `"n":0,`) {
		return fmt.Sprintf("the oldest that waits is %s, expected root's", items[0].Document)
	}
	return ""
}

func spellings(t *testing.T) string {
	var missed []string
	for name, s := range map[string]synthetic.Spec{
		"by a link":              {Path: "/opt/real/hook", Args: []string{"hook"}},
		"in another case":        {Path: "/OPT/LINK/hook", Args: []string{"hook", "ann"}},
		"by its last element":    {Path: "/opt/real/hook", Args: []string{"-hook"}},
		"by a shell":             {Path: "/bin/sh", Args: []string{"/bin/sh", "-c", "/opt/link/hook ann"}},
		"as the seventh element": {Path: "/bin/sh", Args: []string{"sh", "-e", "-u", "-f", "-x", "-v", "/opt/link/hook"}},
		"as a script":            {Path: "/bin/bash", Args: []string{"/bin/bash", "/opt/link/hook"}, Script: "/opt/link/hook"},
	} {
		m := newPeopledMac(t, &silenceCase{look: func(q judge.Question) *document.Examination {
			x := goodProgram(q)
			for v, p := range x.Programs {
				p.Found.Path, p.Found.Resolved = "/opt/link/hook", "/opt/real/hook"
				x.Programs[v] = p
			}
			return x
		}})
		m.becomes(rootPrefs, "LoginHook", "", "/opt/link/hook")
		login := m.Adopt(m.Launchd(), 800, synthetic.Spec{Path: "/System/Library/CoreServices/loginwindow.app/Contents/MacOS/loginwindow"})
		m.Run(login, s)
		if last := m.got[len(m.got)-1]; last.Rule.ID != "hook-executed" {
			missed = append(missed, name)
		}
	}
	return strings.Join(missed, ", ")
}

func foreignSimulation(t *testing.T) string {
	c := config.Default()
	c.Root = t.TempDir()
	ran := filepath.Join(c.Root, "ran")
	must(t, os.MkdirAll(filepath.Join(c.Root, "usr/bin"), 0o755))
	must(t, os.WriteFile(filepath.Join(c.Root, "usr/bin/defaults"), []byte("#!/bin/sh\ntouch '"+ran+"'\n"), 0o755))
	_, err := checkup.Simulate(context.Background(), c, "")
	if _, stat := os.Stat(ran); err == nil || stat == nil {
		return fmt.Sprintf("got %v, and whether the disk's program ran: %v", err, stat == nil)
	}
	return ""
}

func unsafeFolder(t *testing.T) string {
	dir := filepath.Join(t.TempDir(), "state")
	must(t, os.Mkdir(dir, 0o700))
	must(t, os.Chmod(dir, 0o777))
	if err := (safefile.Disk{}).CheckFolder(dir); err == nil {
		return "a folder that everyone can write is taken"
	}
	return ""
}

func hardLink(t *testing.T) string {
	dir := t.TempDir()
	log, other := filepath.Join(dir, "alerts.jsonl"), filepath.Join(dir, "other")
	must(t, os.WriteFile(other, []byte("x"), 0o644))
	must(t, os.Link(other, log))
	if f, err := logfile.Open(log, logfile.Options{}); err == nil {
		f.Close()
		return "a log that is a link to another file is taken"
	}
	if info, err := os.Stat(other); err != nil || info.Mode().Perm() != 0o644 || info.Size() != 1 {
		return fmt.Sprintf("the other file: got %v, %v", info.Mode(), err)
	}
	return ""
}

func memberTwice(t *testing.T) string {
	var line []byte
	h := synthetic.New(lineWriter(func(b []byte) { line = append([]byte(nil), b...) }), synthetic.Options{Version: 10})
	h.Run(h.Shell(), synthetic.Spec{Path: "/usr/bin/true"})
	must(t, h.Err())
	i := strings.Index(string(line), `"euid":`)
	if i < 0 {
		return "the line has no audit token"
	}
	twice := string(line[:i]) + `"euid":0,` + string(line[i:])
	var m eslogger.Message
	d := new(eslogger.Decoder)
	must(t, d.Decode(line, &m))
	if err := d.Decode([]byte(twice), &m); err == nil {
		return "a token with two effective users is taken"
	}
	return ""
}

// lineWriter is a writer that is shown each line.
type lineWriter func([]byte)

func (w lineWriter) Write(b []byte) (int, error) { w(b); return len(b), nil }
