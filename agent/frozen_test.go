package agent_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"hooksnare/agent/config"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/chain"
	"hooksnare/pkg/forward/receivers"
)

// reachesWithin is how long a document may take to another machine while the disk of the state
// folder hangs, and endsWithin how long the agent may take to end.
const (
	reachesWithin = 10 * time.Second
	endsWithin    = 5 * time.Second
)

// receiver is another machine that takes documents.
type receiver struct {
	server *httptest.Server
	mu     sync.Mutex
	got    [][]byte
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	s := receivers.NewFake("https")
	s.Item = func(d receivers.Document) int {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.got = append(r.got, bytes.Clone(d.Body))
		return 0
	}
	r.server = httptest.NewServer(s)
	t.Cleanup(r.server.Close)
	return r
}

func (r *receiver) documents() [][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// alerts are the documents that are no heartbeats.
func (r *receiver) alerts(t *testing.T) []*alert.Alert {
	t.Helper()
	return parse(t, append(bytes.Join(r.documents(), []byte("\n")), '\n'))
}

// until waits until the receiver has what is wanted.
func (r *receiver) until(t *testing.T, what string, done func(list []*alert.Alert) bool) {
	t.Helper()
	for limit := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if len(r.documents()) > 0 && done(r.alerts(t)) {
			return
		}
		if time.Now().After(limit) {
			t.Fatalf("waited %v for %s; the receiver has\n%s", patience, what, told(r.alerts(t)))
		}
	}
}

func hasHooks(values ...string) func([]*alert.Alert) bool {
	return func(list []*alert.Alert) bool {
		got := hooks(list)
		return !slices.ContainsFunc(values, func(v string) bool { return !slices.Contains(got, v) })
	}
}

// frozen is the real agent whose state folder and local log are on disks that can be stopped.
type frozen struct {
	*daemon
	disk   *stalledFolder // of the state folder
	logs   *stalledFolder
	remote *receiver
}

func newFrozen(t *testing.T, program string, p plan) *frozen {
	t.Helper()
	f := &frozen{disk: mountStalled(t, t.TempDir()), remote: newReceiver(t)}
	f.daemon = newDaemon(t, program, p)
	f.logs = mountStalledAt(t, t.TempDir(), filepath.Dir(f.log))
	place(t, filepath.Join(f.root, config.LocalFile), `<?xml version="1.0" encoding="UTF-8"?>
<plist version="1.0"><dict>
<key>CanaryInterval</key><real>0</real>
<key>HeartbeatInterval</key><real>5</real>
<key>Outputs</key><array>
<dict><key>Type</key><string>https</string><key>URL</key><string>`+f.remote.server.URL+`</string></dict>
<dict><key>Type</key><string>file</string><key>Path</key><string>/`+alertLog+`</string></dict>
</array>
</dict></plist>
`, 0o600)
	return f
}

func (f *frozen) resume() {
	f.disk.Resume()
	f.logs.Resume()
}

func (f *frozen) start(t *testing.T) {
	t.Helper()
	f.run(t, "--state-dir", filepath.Join(f.disk.Dir, "state"))
}

// terminate sends SIGTERM and checks that the agent ends in time.
func (d *daemon) terminate(t *testing.T, what string) {
	t.Helper()
	begin := time.Now()
	d.signal(t, syscall.SIGTERM)
	ended := make(chan error, 1)
	go func() { ended <- d.cmd.Wait() }()
	select {
	case err := <-ended:
		if took := time.Since(begin); took > endsWithin {
			t.Errorf("%s: SIGTERM ended the agent after %v, want %v at most", what, took, endsWithin)
		} else {
			t.Logf("%s: SIGTERM ended the agent after %v with %v", what, took.Round(10*time.Millisecond), err)
		}
	case <-time.After(patience):
		d.cmd.Process.Kill()
		t.Fatalf("%s: SIGTERM did not end the agent in %v", what, patience)
	}
}

// whole checks the chain of documents, and that each of the hooks is among them.
func whole(t *testing.T, where string, documents [][]byte, values ...string) {
	t.Helper()
	var v chain.Verifier
	var list []*alert.Alert
	for _, b := range documents {
		var d struct {
			Hooksnare struct{ Delivery chain.Link }
		}
		if err := json.Unmarshal(b, &d); err != nil {
			t.Fatalf("%s: %.200q: %v", where, b, err)
		}
		at := d.Hooksnare.Delivery
		if !v.Add(at, b) {
			t.Errorf("%s: got the place %+v in a chain, which can't be one", where, at)
		}
		list = append(list, parse(t, append(bytes.Clone(b), '\n'))...)
	}
	if verdict := v.Verdict(); !verdict.OK() {
		t.Errorf("%s: got the chains %+v, want them whole", where, verdict)
	}
	if !hasHooks(values...)(list) {
		t.Errorf("%s: got the hooks %q, want %q among them", where, hooks(list), values)
	}
}

// testFrozen stops the disk of the state folder. What happens then reaches another machine, and
// in the agent's own log is a line; the agent is ended, killed, or goes on when the disk does.
func testFrozen(t *testing.T, program string) {
	for _, then := range []string{"ended", "killed", "resumed"} {
		t.Run(then, func(t *testing.T) {
			t.Parallel()
			f := newFrozen(t, program, plan{{{Do: "hooks", N: 2}, {Do: "await"}, {Do: "hooks", N: 2}, {Do: "serve"}}})
			f.start(t)
			f.remote.until(t, "the first alerts", hasHooks(upTo(1, 2)...))
			f.disk.Stall()
			f.logs.Stall()
			begin := time.Now()
			f.letGo(t)
			f.remote.until(t, "the alerts of commands while the disk hangs, and that it does", func(list []*alert.Alert) bool {
				return hasHooks(upTo(1, 4)...)(list) && slices.Contains(states(list), "+disk_hangs")
			})
			if took := time.Since(begin); took > reachesWithin {
				t.Errorf("the alerts took %v to another machine, want %v at most", took, reachesWithin)
			} else {
				t.Logf("the alerts took %v to another machine", took.Round(10*time.Millisecond))
			}
			f.err.await(t, "disk_hangs")
			switch then {
			case "ended":
				f.terminate(t, "the disk hangs")
				f.resume()
			case "killed":
				f.signal(t, syscall.SIGKILL)
				f.cmd.Wait()
				f.resume()
			case "resumed":
				f.resume()
				f.until(t, "the alerts in the local log", hasHooks(upTo(1, 4)...))
				f.terminate(t, "the disk hung")
			}
			f.start(t)
			f.remote.until(t, "the alerts of the second start", hasHooks(upTo(2, 4)...))
			f.until(t, "the same in the local log", hasHooks(upTo(2, 4)...))
			f.terminate(t, "nothing hangs")
			whole(t, "another machine", f.remote.documents(), append(upTo(1, 4), upTo(2, 4)...)...)
			inLog := append(upTo(1, 2), upTo(2, 4)...)
			if then == "resumed" {
				inLog = append(inLog, upTo(1, 4)...) // what was held became durable
			}
			b, err := os.ReadFile(f.log)
			if err != nil {
				t.Fatal(err)
			}
			whole(t, "the local log", bytes.Split(bytes.TrimSuffix(b, []byte("\n")), []byte("\n")), inLog...)
			if out, err := exec.Command(program, "alerts", "verify", "--file", f.log).CombinedOutput(); err != nil {
				t.Errorf("alerts verify: %v\n%s", err, out)
			}
		})
	}
}

// testEnd sends SIGTERM while something hangs, and right after the start.
func testEnd(t *testing.T, program string) {
	t.Run("eslogger hangs", func(t *testing.T) {
		d := newDaemon(t, program, plan{{{Do: "hooks", N: 2}, {Do: "stop"}}})
		d.run(t)
		d.until(t, "the first alerts", hasHooks(upTo(1, 2)...))
		d.terminate(t, "eslogger hangs")
	})
	t.Run("an output hangs", func(t *testing.T) {
		d := newDaemon(t, program, plan{{{Do: "hooks", N: 2}, {Do: "serve"}}})
		letGo, asked := make(chan struct{}), make(chan struct{}, 100)
		server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			asked <- struct{}{}
			<-letGo
		}))
		defer server.Close()
		defer close(letGo)
		place(t, filepath.Join(d.root, config.LocalFile), strings.Replace(onlyFile, "<key>Outputs</key><array>",
			"<key>Outputs</key><array><dict><key>Type</key><string>https</string><key>URL</key><string>"+server.URL+"</string></dict>", 1), 0o600)
		d.run(t)
		<-asked
		d.terminate(t, "an output hangs")
	})
	for _, folder := range []string{"Users/sam", "tmp"} { // of preferences, and of hooks' programs
		t.Run("a look at "+folder+" hangs", func(t *testing.T) {
			d := newDaemon(t, program, plan{{{Do: "hooks", N: 1}, {Do: "await"}, {Do: "hooks", N: 1}, {Do: "serve"}}})
			disk := mountStalledAt(t, t.TempDir(), filepath.Join(d.root, folder))
			d.run(t)
			d.until(t, "the first alert", hasHooks(upTo(1, 1)...))
			disk.Stall()
			d.letGo(t)
			for limit := time.Now().Add(patience); disk.Waiting() == 0; time.Sleep(10 * time.Millisecond) {
				if time.Now().After(limit) {
					t.Fatalf("waited %v for the agent to look at %s", patience, folder)
				}
			}
			d.terminate(t, "a look at "+folder+" hangs")
		})
	}
	t.Run("right after the start", func(t *testing.T) {
		d := newDaemon(t, program, plan{{{Do: "serve"}}})
		d.run(t)
		d.err.await(t, "\n") // before it has said anything, the system ends it
		d.terminate(t, "right after the start")
		if !d.cmd.ProcessState.Success() {
			t.Errorf("right after the start: got %v, want status 0", d.cmd.ProcessState)
		}
	})
}
