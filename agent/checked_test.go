package agent_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hooksnare/agent/checkup"
	"hooksnare/agent/config"
	"hooksnare/agent/health"
	"hooksnare/detect/rules"
	"hooksnare/pkg/alert"
)

// TestRefusedShows holds that a configuration that check refuses, since it can't do its work, shows in
// the status of an agent that runs with it.
func TestRefusedShows(t *testing.T) {
	t.Parallel()
	everyRule := ""
	for _, s := range rules.Builtin() {
		r, err := rules.Load(s.Name, s.Text, nil)
		if err != nil {
			t.Fatal(err)
		}
		everyRule += "<string>" + r.ID + "</string>"
	}
	tests := []struct {
		settings string // members of the property list
		key      string // of the fault that check reports
		state    string // of the condition that the agent reports
	}{
		{"<key>CanaryInterval</key><real>0</real><key>HeartbeatInterval</key><real>0</real><key>SweepInterval</key><real>0</real>", "SweepInterval", "configuration"},
		{"<key>DisabledRules</key><array>" + everyRule + "</array>", "DisabledRules", "rules"},
		{"<key>EsloggerEvents</key><array><string>exec</string><string>exce</string></array>", "EsloggerEvents[1]", "configuration"},
		{"<key>Outputs</key><array><dict><key>Type</key><string>syslog</string><key>Enabled</key><false/></dict></array>", "Outputs", "configuration"},
	}
	for _, tt := range tests {
		t.Run(tt.key, func(t *testing.T) {
			t.Parallel()
			s, o := setUp(t, plan{{{Do: "serve"}}})
			file := filepath.Join(t.TempDir(), "c.plist")
			if err := os.WriteFile(file, []byte(`<plist version="1.0"><dict>`+tt.settings+`</dict></plist>`), 0o600); err != nil {
				t.Fatal(err)
			}
			c, sources, err := config.Load(config.Options{Root: s.root, File: file})
			_, faults := checkup.Check(c, sources, err, time.Now(), checkup.ThisMac)
			if !slices.ContainsFunc(config.Faults(faults), func(err error) bool { return strings.HasPrefix(err.Error(), file+":1: "+tt.key+": ") }) {
				t.Errorf("%s: got faults %v, want one of %s", tt.settings, faults, tt.key)
			}
			c.EsloggerPath, c.CanaryPath, c.CanaryInterval, c.Outputs = o.Config.EsloggerPath, o.Config.CanaryPath, 0, o.Config.Outputs
			o.Config, o.Sources, o.Faults = c, sources, err
			s.start(t, o)
			for limit := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
				status, err := health.ReadStatus(c.StateDir)
				if err == nil && slices.ContainsFunc(status.Health.Conditions, func(c alert.ConditionFacts) bool { return c.State == tt.state }) {
					break
				}
				if time.Now().After(limit) {
					t.Fatalf("%s: got %+v, %v, want the condition %s", tt.settings, status.Health.Conditions, err, tt.state)
				}
			}
			s.stop(t)
		})
	}
}
