package agent

import (
	"strconv"
	"strings"
	"testing"

	"hooksnare/agent/delivery"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/syslog"
)

func TestSyslogText(t *testing.T) {
	f := newFeed(t, nil)
	f.set("/tmp/a\nb\x1b[31m")
	f.pipeline.Condition("blind", "why", true, f.Now(), f.Now())
	hook, health := f.got[0], f.got[1]
	tests := []struct {
		alert *alert.Alert
		want  string
	}{
		{hook, "event.id=" + hook.Event.ID + " event.sequence=1 rule.id=hook-set verdict=attempted user.id=501 process.pid=" +
			"PID Login or logout hook set by a command: defaults sets LoginHook to \"/tmp/a\\nb\\x1b[31m\" in \"/Users/sam/Library/Preferences/com.apple.loginwindow.plist\""},
		{health, "event.id=" + health.Event.ID + " event.sequence=1 rule.id=sensor-degraded verdict=observed Sensor blind or degraded: blind: why"},
	}
	for _, tt := range tests {
		want := tt.want
		if p := tt.alert.Process; p != nil {
			want = strings.Replace(want, "PID", strconv.Itoa(int(p.PID)), 1)
		}
		got := delivery.SyslogText(tt.alert)
		if got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
		if clean := syslog.Clean(got); clean != got {
			t.Errorf("got %s, which the log would show as %s", got, clean)
		}
	}
}
