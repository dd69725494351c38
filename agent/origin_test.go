package agent_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"hooksnare/agent/health"
	"hooksnare/collector/eslogger/synthetic"
	"hooksnare/pkg/alert"
)

// TestEveryDocumentHasItsOrigin has an agent write documents of every kind, before and after its labels
// change. Each names the agent and the Mac, and has the labels of its moment, also an update of an
// earlier alert.
func TestEveryDocumentHasItsOrigin(t *testing.T) {
	t.Parallel()
	labels := func(site string) string {
		return fmt.Sprintf(`<key>Labels</key><dict><key>site</key><string>room "%s" &#x202e;</string></dict>`, site)
	}
	c := newConfigured(t, plan{{{Do: "follow"}}, {{Do: "serve"}}}, labels("1"), `<key>HeartbeatInterval</key><real>1</real>`)
	o := c.load()
	o.Version = "1.2.3"
	c.start(t, o)
	n := 0
	set := func(value string) {
		n++
		c.command(t, n, "defaults", "write", "com.apple.loginwindow", "LoginHook", value)
	}
	set("/tmp/again")
	c.until(t, "the first alert of the command", func(list []*alert.Alert) bool {
		return slices.Contains(hooks(list), "/tmp/again")
	})
	c.write(t, settingsList(`<key>RepeatWindow</key><string>soon</string>`, toLog))
	c.awaitStatus(t, "the fault", func(st health.Status) bool { return len(st.Health.Conditions) > 0 })
	second := settingsList(labels("2"), `<key>HeartbeatInterval</key><real>1</real>`, toLog)
	c.write(t, second)
	c.awaitStatus(t, "other labels", func(st health.Status) bool {
		return st.Health.Configurations.InForce.SHA256 == digestOf(second) && len(st.Health.Conditions) == 0
	})
	set("/tmp/again")    // counted, and reported in an update as the agent ends
	for i := range 110 { // more than a user's share, of which a summary tells then
		n++
		c.run(t, n, ran{Spec: synthetic.Spec{Path: "/usr/bin/defaults", Args: []string{"defaults", "write", "com.apple.loginwindow", "LoginHook", fmt.Sprint("/tmp/", i)}}, User: true})
	}
	set("/tmp/last")
	c.until(t, "the last alert", func(list []*alert.Alert) bool {
		return slices.Contains(hooks(list), "/tmp/last")
	})
	c.stop(t)
	c.done = make(chan error, 1)
	o = c.load()
	o.Version = "1.2.3"
	c.start(t, o) // and delivers what a slow disk has left waiting
	want := []string{"alert 1", "alert 2", "update 2", "condition 1", "update of a condition 2", "heartbeat 1", "heartbeat 2", "last heartbeat 2", "summary 2"}
	c.until(t, fmt.Sprint(want), func([]*alert.Alert) bool {
		seen := c.countDocuments(t)
		return !slices.ContainsFunc(want, func(kind string) bool { return seen[kind] == 0 })
	})
}

// countDocuments checks the documents of the log, and counts them by what they are and by their label.
func (c *reconfigured) countDocuments(t *testing.T) map[string]int {
	t.Helper()
	b, err := os.ReadFile(c.log)
	if err != nil {
		t.Fatal(err)
	}
	b = b[:bytes.LastIndexByte(b, '\n')+1] // the last line may be half written
	seen := map[string]int{}
	latest := map[bool]string{} // of heartbeats, which come beside the others, and of these
	for line := range strings.Lines(string(b)) {
		kind, site := checkOrigin(t, line)
		isBeat := strings.HasSuffix(kind, "heartbeat")
		if site < latest[isBeat] {
			t.Errorf("labels: got those of configuration %s after %s: %.300s", site, latest[isBeat], line)
		}
		latest[isBeat] = site
		seen[kind+" "+site]++
	}
	return seen
}

// checkOrigin checks a document, and returns what it is and its label.
func checkOrigin(t *testing.T, line string) (kind, site string) {
	t.Helper()
	var d struct {
		Event     struct{ Kind, Action string }
		Hooksnare struct {
			Health   *struct{}
			HeldBack *struct{} `json:"held_back"`
		}
		alert.Origin
	}
	var sequence struct{ Event struct{ Sequence int } }
	if err := json.Unmarshal([]byte(line), &d); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(line), &sequence); err != nil {
		t.Fatal(err)
	}
	hostname, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if h := d.Host; d.Agent.Type != "hooksnare" || d.Agent.Version != "1.2.3" || h.Name != hostname || h.Hostname != hostname || h.Architecture == "" || h.OS.Type != "macos" || h.OS.Name != "macOS" {
		t.Errorf("got agent %+v, host %+v, want this version on this machine: %.300s", d.Agent, h, line)
	}
	if !strings.Contains(line, `"labels":{"site":"room \"`) || !strings.Contains(line, `\" \u202e"}`) {
		t.Errorf("got labels %q, want them, escaped: %.300s", d.Labels, line)
	}
	switch {
	case d.Event.Kind == "state":
		kind = map[string]string{"heartbeat": "heartbeat", "heartbeat-final": "last heartbeat"}[d.Event.Action]
	case d.Hooksnare.HeldBack != nil:
		kind = "summary"
	case d.Hooksnare.Health != nil && sequence.Event.Sequence > 1:
		kind = "update of a condition"
	case d.Hooksnare.Health != nil:
		kind = "condition"
	case sequence.Event.Sequence > 1:
		kind = "update"
	default:
		kind = "alert"
	}
	return kind, strings.TrimPrefix(strings.TrimSuffix(d.Labels["site"], "\" \u202e"), `room "`)
}
